//! Events of calls and transfers, for the caller's observer and the `log` facade.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, ClientBuilder, Event, EventKind, UnionId};
use log::{Level, LevelFilter, Log, Metadata, Record};

const SIZE: u64 = 300_000;
const OPERATOR: UnionId<'_> = UnionId("operator-1");

/// The parts of an event that a test compares, and its text.
#[derive(Debug, Clone)]
struct ObservedEvent {
    kind: EventKind,
    operation: &'static str,
    status: Option<u16>,
    bytes: u64,
    duration: Duration,
    failed: bool,
    host: String,
    request_id: Option<String>,
    text: String,
}

impl ObservedEvent {
    fn of(event: &Event<'_>) -> Self {
        Self {
            kind: event.kind,
            operation: event.operation,
            status: event.status,
            bytes: event.bytes,
            duration: event.duration,
            failed: event.error.is_some(),
            host: event.host.to_owned(),
            request_id: event.request_id.map(str::to_owned),
            text: format!("{event} {event:?}"),
        }
    }
}

type Events = Arc<Mutex<Vec<ObservedEvent>>>;

struct Observed {
    fake: FakeDingTalk,
    client: Client,
    events: Events,
}

impl Observed {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern(SIZE));
        let events = Events::default();
        let seen = Arc::clone(&events);
        let builder = fake.client().clock(ManualClock::new());
        let builder = builder.observer(move |event| seen.lock().unwrap().push(ObservedEvent::of(event)));
        let client = configure(builder).build().unwrap();
        Self { fake, client, events }
    }

    fn download(&self) {
        let mut bytes = Vec::new();
        self.client.file("space-1", "dentry-1", OPERATOR).download_to(&mut bytes, ..).unwrap();
        assert!(bytes == Content::pattern(SIZE).bytes(0..SIZE));
    }

    fn take(&self) -> Vec<ObservedEvent> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    fn kinds(&self) -> Vec<EventKind> {
        self.take().iter().map(|seen| seen.kind).collect()
    }
}

#[test]
fn each_attempt_has_operation_host_status_id_and_bytes() {
    let o = Observed::new();
    o.download();
    let host = o.fake.base_url().replace("http://", "");
    let events = o.take();
    let facts: Vec<_> = events.iter().map(|e| (e.kind, e.operation, e.status)).collect();
    let token = "POST /v1.0/oauth2/accessToken";
    let info = "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/downloadInfos/query";
    assert_eq!(
        facts,
        [
            (EventKind::Attempt, token, Some(200)),
            (EventKind::TokenFetched, token, None),
            (EventKind::Attempt, info, Some(200)),
            (EventKind::Attempt, "GET object", Some(200)),
        ]
    );
    assert_eq!(events[3].bytes, SIZE);
    assert!(events.iter().all(|e| e.host == host && !e.failed), "{events:?}");
    assert!(events.iter().all(|e| e.request_id.is_some() == (e.kind == EventKind::Attempt)), "{events:?}");
    let text = &events[3].text;
    assert!(text.starts_with(&format!("GET object at {host}: status 200, 300000 bytes in ")), "{text}");
}

#[test]
fn a_retried_call_emits_the_failure_and_the_wait() {
    let o = Observed::new();
    o.fake.fault(Target::DownloadInfo, Fault::api_error(500, "systemError").header("Retry-After", "3"));
    o.download();
    let events = o.take();
    assert_eq!((events[2].kind, events[2].status, events[2].failed), (EventKind::Attempt, Some(500), true));
    assert_eq!((events[3].kind, events[3].duration), (EventKind::Wait, Duration::from_secs(3)));
    assert!(events[3].failed && events[3].text.contains("retry in 3.0s"), "{}", events[3].text);
    assert!(events[3].text.contains("systemError"), "{}", events[3].text);
}

#[test]
fn a_transfer_emits_each_range_wait_failover_and_signature() {
    use EventKind::{Attempt, Failover, SignatureRenewed, Wait};

    let cut = Observed::new();
    cut.fake.fault(Target::Object, Fault::CutAfter(100_000));
    cut.download();
    let events = cut.take().split_off(3);
    let facts: Vec<_> = events.iter().map(|e| (e.kind, e.status, e.bytes, e.failed)).collect();
    let expected = [
        (Attempt, Some(200), 100_000, true),
        (Wait, None, 0, true),
        (Attempt, Some(206), SIZE - 100_000, false),
    ];
    assert_eq!(facts, expected);

    let dead = Observed::new();
    dead.fake.set_resource_urls(vec!["http://127.0.0.1:1/gone".to_owned(), "{good}".to_owned()]);
    dead.download();
    let events = dead.take().split_off(3);
    let facts: Vec<_> = events.iter().map(|e| (e.kind, e.status, e.failed)).collect();
    assert_eq!(facts, [(Attempt, None, true), (Failover, None, true), (Attempt, Some(200), false)]);
    assert_eq!((events[0].host.as_str(), &events[1].host), ("127.0.0.1:1", &events[2].host));

    let refused = Observed::new();
    refused.fake.fault(Target::Object, Fault::object_error(403, "AccessDenied"));
    refused.download();
    assert_eq!(refused.kinds().split_off(3), [Attempt, Attempt, SignatureRenewed, Attempt]);
}

#[test]
fn an_upload_emits_each_put() {
    let o = Observed::new();
    o.fake.fault(Target::Put, Fault::object_error(503, "SlowDown"));
    let upload = o.client.upload("space-1", "0", OPERATOR).name("a.bin");
    upload.from_bytes(vec![1; 5000]).unwrap();
    let puts: Vec<_> = o.take().into_iter().filter(|e| e.operation == "PUT object").collect();
    let facts: Vec<_> = puts.iter().map(|e| (e.kind, e.status, e.bytes)).collect();
    let expected = [
        (EventKind::Attempt, Some(503), 5000),
        (EventKind::Wait, Some(503), 0),
        (EventKind::Attempt, Some(200), 5000),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn a_panicking_observer_ends_only_its_own_call() {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "file.bin", "hello");
    let armed = Arc::new(Mutex::new(true));
    let fuse = Arc::clone(&armed);
    let client = fake.client().observer(move |event| {
        let is_armed = std::mem::take(&mut *fuse.lock().unwrap());
        assert!(!(is_armed && event.kind == EventKind::TokenFetched), "on purpose");
        *fuse.lock().unwrap() = is_armed && event.kind != EventKind::TokenFetched;
    });
    let client = client.build().unwrap();
    let file = client.file("space-1", "dentry-1", OPERATOR);
    let panicked = catch_unwind(AssertUnwindSafe(|| file.download_to(&mut Vec::new(), ..)));
    assert!(panicked.is_err());
    assert!(file.download_to(&mut Vec::new(), ..).unwrap().verified);
}

thread_local! {
    /// Records of this thread, while a test collects them.
    static RECORDS: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

struct Collector;

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dingtalk_files" && RECORDS.with_borrow(Option::is_some)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            RECORDS.with_borrow_mut(|records| {
                records.as_mut().unwrap().push((record.level(), record.args().to_string()));
            });
        }
    }

    fn flush(&self) {}
}

fn logged(run: impl FnOnce()) -> Vec<(Level, String)> {
    static SET: Once = Once::new();
    SET.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
    RECORDS.set(Some(Vec::new()));
    run();
    RECORDS.take().unwrap()
}

#[test]
fn the_log_has_the_same_events_with_retries_as_warnings() {
    let o = Observed::new();
    o.fake.fault(Target::Object, Fault::CutAfter(100_000));
    let records = logged(|| o.download());
    let events = o.take();
    assert_eq!(records.len(), events.len());
    for ((level, text), event) in records.iter().zip(&events) {
        assert!(event.text.starts_with(text), "{text}");
        let expected = if event.kind == EventKind::Wait { Level::Warn } else { Level::Debug };
        assert_eq!(*level, expected, "{text}");
    }
    // A client without an observer logs as well.
    let client = o.fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", OPERATOR);
    assert_eq!(logged(|| drop(file.download_to(&mut Vec::new(), ..).unwrap())).len(), 4);
}

#[test]
fn events_and_log_records_contain_no_secret() {
    let o = Observed::new();
    for target in [Target::Token, Target::DownloadInfo, Target::Object, Target::Put, Target::Send] {
        o.fake.fault(target, Fault::status(500));
        o.fake.fault(target, Fault::api_error(400, "InvalidAuthentication"));
        o.fake.fault(target, Fault::object_error(403, "SignatureDoesNotMatch"));
    }
    o.fake.put_robot_file("planted-code", "file.bin", Content::pattern(SIZE));
    let records = logged(|| {
        for _ in 0..4 {
            let _ = o.client.file("space-1", "dentry-1", OPERATOR).download_to(&mut Vec::new(), ..);
            let _ = o.client.upload("space-1", "0", OPERATOR).name("a.bin").from_bytes(b"a");
            let _ = o.client.conv_file().send_by_app("space-1", "dentry-1", OPERATOR);
            let _ = o.client.robot_file("planted-code", "robot-1").download_to(&mut Vec::new(), ..);
            let _ =
                o.client.topapi().user_get(dingtalk_files::UserId("user-1"), &dingtalk_files::UserGet::new());
        }
    });
    let requests = o.fake.requests();
    let header = |name| requests.iter().filter_map(move |r| r.header(name));
    let mut secrets: Vec<&str> = vec![FakeDingTalk::APP_SECRET, "planted-code"];
    secrets.extend(header("authorization"));
    secrets.extend(header("x-acs-dingtalk-access-token"));
    secrets.extend(requests.iter().filter_map(|r| r.query_value("Signature")));
    secrets.extend(requests.iter().filter_map(|r| r.query_value("access_token")));
    assert!(secrets.len() > 20, "{}", secrets.len());
    let events = o.take();
    let texts = events.iter().map(|event| &event.text).chain(records.iter().map(|(_, text)| text));
    for text in texts {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    assert!(events.len() > 40, "{}", events.len());
}
