//! Races that the processes in `tests/fleet.rs` meet too rarely. Without `redis-server`, these tests do nothing.

use std::time::Duration;

use dingtalk_files::testing::{FakeDingTalk, Target};
use dingtalk_files::{Secret, TokenSource};
use redis::{Commands, Connection};

use crate::private_redis::PrivateRedis;
use crate::queue::{Item, Job, Outcome, Queue, connect};
use crate::token::RedisToken;

fn redis() -> Option<(PrivateRedis, redis::Client, Connection)> {
    let server = PrivateRedis::start().ok()?;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = connect(&client).unwrap();
    Some((server, client, connection))
}

#[test]
fn a_range_that_is_done_twice_is_harmless() {
    let Some((server, _, mut redis)) = redis() else { return };
    let open = || Queue::open(&server.url(), "job-1", Duration::from_secs(1)).unwrap();
    let text = String::new;
    let (space_id, dentry_id, operator, target) = (text(), text(), text(), text());
    let (version, etag, crc64) = Default::default();
    let job = Job { space_id, dentry_id, operator, version, target, size: 10, etag, crc64, ranges: 2 };
    open().create(&job).unwrap();
    let (mut slow, mut other) = (open(), open());
    assert!(matches!(slow.next().unwrap(), Item::Range(range) if range == (0..5)));
    assert!(matches!(other.next().unwrap(), Item::Range(range) if range == (5..10)));
    other.done(&(5..10), 1, 2).unwrap();
    std::thread::sleep(Duration::from_millis(1100)); // the lease of `slow` ends
    assert!(matches!(other.next().unwrap(), Item::Range(range) if range == (0..5)));
    slow.done(&(0..5), 1, 2).unwrap();
    other.done(&(0..5), 1, 2).unwrap();
    assert!(matches!(other.next().unwrap(), Item::Publish));
    assert_eq!(redis.llen::<_, usize>("fleet:job-1:queue").unwrap(), 0, "published once");

    let failed = |why: &str| Outcome::Failed { why: why.to_owned() };
    assert!(other.end(&failed("first")).unwrap());
    assert!(!slow.end(&failed("second")).unwrap());
    slow.done(&(0..5), 1, 2).unwrap();
    slow.leave().unwrap();
    assert!(matches!(slow.next().unwrap(), Item::Over(Outcome::Failed { why }) if why == "first"));
    assert_eq!(redis.keys::<_, Vec<String>>("*").unwrap(), ["fleet:job-1:result"]);
}

#[test]
fn a_late_rejection_spares_the_new_token() {
    let Some((_server, client, mut redis)) = redis() else { return };
    let fake = FakeDingTalk::start().unwrap();
    let machine = || {
        let (key, secret) = (FakeDingTalk::APP_KEY.to_owned(), FakeDingTalk::APP_SECRET);
        RedisToken::new(client.clone(), fake.client().build().unwrap(), key, secret)
    };
    let (one, two) = (machine(), machine());
    let old = one.access_token().unwrap();
    assert!(two.access_token().unwrap() == old);
    let seconds: u64 = redis.ttl("fleet:token:fake-app-key").unwrap();
    assert!((6590..=6600).contains(&seconds), "{seconds}");
    fake.revoke_tokens();
    one.rejected(&old);
    let new = one.access_token().unwrap();
    two.rejected(&old);
    assert!(two.access_token().unwrap() == new && new != old);
    two.rejected(&Secret::new("unknown"));
    assert!(two.access_token().unwrap() == new);
    assert_eq!(fake.requests_to(Target::Token).len(), 2);

    fake.set_token_lifetime(60);
    one.rejected(&new);
    one.access_token().unwrap();
    let seconds: u64 = redis.ttl("fleet:token:fake-app-key").unwrap();
    assert!((20..=30).contains(&seconds), "{seconds}");
    assert_eq!(redis.keys::<_, Vec<String>>("*").unwrap(), ["fleet:token:fake-app-key"]);
}
