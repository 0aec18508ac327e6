//! One access token for all machines, in Redis.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::{Client, Secret, TokenSource};
use redis::{Commands, Connection, Script};

use crate::queue::{connect, random};

/// DingTalk's guide: renew a token 10 minutes before it expires.
const EARLY: u64 = 600;
/// Lifetime of the lock. The machine that holds the lock may die; another machine fetches the token after this time.
const LOCK: Duration = Duration::from_secs(10);
/// Time limit for one fetch. Shorter than the lock, so that only one machine fetches at a time.
const FETCH: Duration = Duration::from_secs(8);
/// The longest wait for another machine. Longer than the lock, to survive the death of its holder.
const WAIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// Deletes a key only if it still has this value: another machine may have replaced it.
const COMPARE_AND_DELETE: &str = "
    if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
    return 0";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A [`TokenSource`] that keeps the token in Redis. When it is missing, one machine fetches it under a lock, and the
/// others wait.
///
/// Each use opens a connection. The client asks before each API call, which is a few times an hour for a worker; a
/// program with many calls would keep a pool.
pub struct RedisToken {
    redis: redis::Client,
    app: Client,
    app_key: String,
    app_secret: Secret,
}

impl RedisToken {
    /// `app` only fetches tokens.
    pub fn new(redis: redis::Client, app: Client, app_key: String, app_secret: impl Into<Secret>) -> Self {
        Self { redis, app, app_key, app_secret: app_secret.into() }
    }

    fn connect(&self) -> Result<Connection> {
        connect(&self.redis).map_err(|failure| failure.text.into())
    }

    fn key(&self) -> String {
        format!("fleet:token:{}", self.app_key)
    }

    fn lock(&self) -> String {
        format!("fleet:token-lock:{}", self.app_key)
    }

    /// Fetches a token and stores it until shortly before it expires.
    fn fetch(&self, redis: &mut Connection) -> Result<Secret> {
        let fresh = self
            .app
            .with_deadline(FETCH)
            .oauth2()
            .get_access_token(&self.app_key, self.app_secret.expose())?;
        let seconds = fresh.expire_in.saturating_sub(EARLY).max(fresh.expire_in / 2).max(1);
        redis.set_ex::<_, _, ()>(self.key(), fresh.access_token.expose(), seconds)?;
        Ok(fresh.access_token)
    }
}

impl TokenSource for RedisToken {
    fn access_token(&self) -> Result<Secret> {
        let mut redis = self.connect()?;
        let begun = Instant::now();
        let holder = format!("{:016x}", random());
        loop {
            if let Some(token) = redis.get::<_, Option<String>>(self.key())? {
                return Ok(token.into());
            }
            let mut lock = redis::cmd("SET");
            lock.arg(self.lock()).arg(&holder).arg("NX").arg("PX").arg(LOCK.as_millis() as u64);
            if lock.query::<Option<String>>(&mut redis)?.is_some() {
                // The holder before this one may have stored a token after the look above.
                let stored = redis.get::<_, Option<String>>(self.key())?.map(Secret::from);
                let token = stored.map_or_else(|| self.fetch(&mut redis), Ok);
                delete_if(&mut redis, &self.lock(), &holder)?;
                return token;
            }
            if begun.elapsed() > WAIT {
                return Err(format!("other machines have not fetched a token within {WAIT:?}").into());
            }
            thread::sleep(POLL);
        }
    }

    fn rejected(&self, token: &Secret) {
        // If Redis is away, the next call reports that.
        let _ = self.connect().and_then(|mut redis| delete_if(&mut redis, &self.key(), token.expose()));
    }
}

fn delete_if(redis: &mut Connection, key: &str, value: &str) -> Result<()> {
    Ok(Script::new(COMPARE_AND_DELETE).key(key).arg(value).invoke(redis)?)
}
