//! Repetition depends on whether a request was sent: unsent requests are repeated, requests that may have run are not.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Error, GetFileUploadInfo, NetworkStage, Result, RetryPolicy, UnionId};
use serde_json::json;
use ureq::http::{Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, SendBody};

use crate::support::{fake, good_token, own_agent, query_info, send};

/// The point at which the first request fails.
#[derive(Debug, Clone, Copy)]
enum BreakPoint {
    /// The connection breaks before the body is read.
    BeforeBody,
    /// The connection breaks while the body is read, so its delivery is unknown.
    DuringBody,
    /// The server has received and run the request.
    AfterAnswer,
}

/// A middleware that fails once with this kind of error. In real networks, most of these errors can occur both while
/// connecting and on an established connection.
struct FailingOnce {
    when: BreakPoint,
    kind: io::ErrorKind,
    requests: Arc<AtomicUsize>,
    is_broken: Mutex<bool>,
}

impl Middleware for FailingOnce {
    fn handle(
        &self,
        request: Request<SendBody>,
        next: MiddlewareNext,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if std::mem::replace(&mut *self.is_broken.lock().unwrap(), true) {
            return next.handle(request);
        }
        match self.when {
            BreakPoint::BeforeBody => {}
            BreakPoint::DuringBody => {
                assert_eq!(request.into_body().into_reader().read(&mut [0]).unwrap(), 1);
            }
            BreakPoint::AfterAnswer => drop(next.handle(request)?),
        }
        Err(ureq::Error::Io(self.kind.into()))
    }
}

/// Returns a client whose first request fails, the clock of its waits, and the number of its requests.
fn client_failing_once(
    fake: &FakeDingTalk,
    when: BreakPoint,
    kind: io::ErrorKind,
) -> (Client, ManualClock, Arc<AtomicUsize>) {
    let (clock, requests) = (ManualClock::new(), Arc::default());
    let middleware =
        FailingOnce { when, kind, requests: Arc::clone(&requests), is_broken: Mutex::new(false) };
    let agent = own_agent().middleware(middleware).build().new_agent();
    let builder = Client::builder().access_token(good_token(fake)).base_url(fake.base_url());
    (builder.agent(agent).clock(clock.clone()).build().unwrap(), clock, requests)
}

const KINDS: [io::ErrorKind; 11] = [
    io::ErrorKind::HostUnreachable,
    io::ErrorKind::NetworkUnreachable,
    io::ErrorKind::NetworkDown,
    io::ErrorKind::AddrNotAvailable,
    io::ErrorKind::NotConnected,
    io::ErrorKind::ConnectionRefused,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::TimedOut,
];

/// Regression: an established connection failed with `HostUnreachable`, and the send ran twice and returned `Ok`.
#[test]
fn a_send_whose_body_was_read_is_never_repeated() {
    for (kind, when) in
        KINDS.into_iter().flat_map(|k| [(k, BreakPoint::AfterAnswer), (k, BreakPoint::DuringBody)])
    {
        let fake = fake();
        let (client, clock, requests) = client_failing_once(&fake, when, kind);
        let error = send(&client).unwrap_err();
        assert!(error.may_have_run() && error.is_transient(), "{kind:?} {when:?}: {error}");
        let Error::Network(e) = &error else { panic!("{error}") };
        assert_eq!(e.stage, NetworkStage::Answer, "{kind:?} {when:?}");
        assert_eq!(
            fake.sent().len(),
            usize::from(matches!(when, BreakPoint::AfterAnswer)),
            "{kind:?} {when:?}"
        );
        assert_eq!((requests.load(Ordering::Relaxed), clock.sleeps()), (1, vec![]), "{kind:?} {when:?}");
    }
}

#[test]
fn a_send_whose_body_was_not_read_is_always_repeated() {
    for kind in KINDS {
        let fake = fake();
        let (client, clock, requests) = client_failing_once(&fake, BreakPoint::BeforeBody, kind);
        send(&client).unwrap();
        assert_eq!(fake.sent().len(), 1, "{kind:?}");
        assert_eq!((requests.load(Ordering::Relaxed), clock.sleeps().len()), (2, 1), "{kind:?}");
    }
}

#[test]
fn an_unsent_request_has_not_run_after_all_retries() {
    for kind in KINDS {
        let fake = fake();
        let builder = Client::builder().access_token(good_token(&fake)).base_url(fake.base_url());
        let is_broken = Mutex::new(false);
        let middleware =
            FailingOnce { when: BreakPoint::BeforeBody, kind, requests: Arc::default(), is_broken };
        let agent = own_agent().middleware(middleware).build().new_agent();
        let error = send(&builder.agent(agent).retry(RetryPolicy::none()).build().unwrap()).unwrap_err();
        assert!(!error.may_have_run() && error.is_transient(), "{kind:?}: {error}");
        assert!(fake.sent().is_empty());
    }
}

/// For a request without a body, only the error kind shows whether it was sent, and only a connect can be refused.
#[test]
fn a_bodyless_change_is_repeated_only_after_a_refused_connection() {
    for kind in KINDS {
        let fake = fake();
        let route = "POST /v1.0/storage/recycleBins/{recycleBinId}/clear";
        fake.answer(route, serde_json::json!({"success": true}));
        let (client, _, requests) = client_failing_once(&fake, BreakPoint::BeforeBody, kind);
        let result = client.storage().clear_recycle_bin("bin-1", UnionId("union-1"));
        let is_refused = kind == io::ErrorKind::ConnectionRefused;
        assert_eq!(result.is_ok(), is_refused, "{kind:?}: {result:?}");
        assert_eq!(requests.load(Ordering::Relaxed), 1 + usize::from(is_refused), "{kind:?}");
        assert!(result.err().is_none_or(|e| e.may_have_run()), "{kind:?}");
    }
}

type Run<'a> = &'a dyn Fn(&Client) -> Result<()>;

/// A query changes nothing, so a lost answer never counts as "may have run".
#[test]
fn a_failed_query_never_may_have_run() {
    let faults = || {
        [
            Fault::CloseWithoutAnswer,
            Fault::RefuseBeforeReading,
            Fault::CutAfter(10),
            Fault::ResetAfter(10),
            Fault::status(500),
            Fault::api_error(500, "systemError"),
            Fault::api_error(200, "unknownError"),
            Fault::html(502, "<html>Bad Gateway</html>"),
            Fault::json(200, serde_json::json!([])),
        ]
    };
    let upload_info = |client: &Client| -> Result<()> {
        let options = GetFileUploadInfo::new();
        client.storage().get_file_upload_info("space-1", false, UnionId("union-1"), &options).map(drop)
    };
    let download = |client: &Client| -> Result<()> {
        let file = client.file("space-1", "dentry-1", UnionId("union-1"));
        file.download_to(&mut Vec::new(), ..).map(drop)
    };
    let table: [(Target, Run<'_>); 4] = [
        (Target::DownloadInfo, &|client| query_info(client).map(drop)),
        (Target::UploadInfo, &upload_info),
        (Target::DownloadInfo, &download),
        (Target::Object, &download),
    ];
    for (target, run) in table {
        for fault in faults() {
            let fake = fake();
            fake.add_space("space-1");
            let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
            fake.fault_always(target, fault.clone());
            match run(&client) {
                Err(error) => assert!(!error.may_have_run(), "{target:?} {fault:?}: {error}"),
                // A page instead of an API answer may be the right bytes of an object.
                Ok(()) => assert_eq!(target, Target::Object, "{fault:?}"),
            }
        }
    }
}

/// Counterpart of the test above: an operation that changes something.
#[test]
fn a_failed_change_may_have_run() {
    for fault in [
        Fault::CloseWithoutAnswer,
        Fault::CutAfter(10),
        Fault::status(500),
        Fault::api_error(200, "unknownError"),
        Fault::html(502, "<html>Bad Gateway</html>"),
        Fault::json(200, serde_json::json!([])),
    ] {
        let fake = fake();
        let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
        fake.fault_always(Target::Send, fault.clone());
        let error = send(&client).unwrap_err();
        assert!(error.may_have_run(), "{fault:?}: {error}");
    }
}

/// An operator follows the text, so it must not suggest a second message.
#[test]
fn the_text_of_a_send_that_may_have_run_says_to_check_first() {
    let faults = [
        Fault::status(502),
        Fault::status(503),
        Fault::html(502, "<html>"),
        Fault::json(200, json!("text")),
        Fault::api_error(500, "systemError"),
        Fault::api_error(400, "unknownError"),
        Fault::api_error(503, "operationTimeout"),
        Fault::CloseWithoutAnswer,
        Fault::CutAfter(3),
        Fault::api_error(403, "permissionDenied"),
        Fault::api_error(400, "paramError"),
        Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"),
        Fault::html(403, "<html>"),
    ];
    for fault in faults {
        let fake = fake();
        let client = fake.client().retry(RetryPolicy::none()).build().unwrap();
        let shown = format!("{fault:?}");
        fake.fault_always(Target::Send, fault);
        let Err(error) = send(&client) else { continue };
        let text = error.to_string();
        let warns = text.contains("It may have taken effect: check before you repeat it");
        assert_eq!(warns, error.may_have_run(), "{shown}: {text}");
        assert!(!(warns && text.contains("try again later")), "{text}");
        let folder = client.send_bytes("a.txt", b"a").into_folder("space-1", "0", UnionId("union-1"));
        let text = folder.to_user(UnionId("receiver-1")).unwrap_err().to_string();
        assert_eq!(text.contains("If the receiver does not have it, send that dentry"), warns, "{text}");
    }
}
