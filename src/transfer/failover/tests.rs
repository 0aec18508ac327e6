use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::base::clock::Clock;
use crate::base::error::StorageError;
use crate::client::retry::RetryPolicy;
use crate::testing::ManualClock;
use crate::transfer::signer::Generation;

/// Signs the URLs that `urls` returns for each generation. Without `life`, signatures never expire.
struct Scripted<F> {
    urls: F,
    life: Option<u64>,
    clock: ManualClock,
    asked: Mutex<u64>,
}

impl<F: Fn(u64) -> Vec<&'static str> + Sync> Scripted<F> {
    fn new(life: Option<u64>, urls: F) -> Self {
        Self { urls, life, clock: ManualClock::new(), asked: Mutex::new(0) }
    }

    fn sign(&self, generation: u64) -> Signature {
        let urls = SignedUrls {
            urls: (self.urls)(generation).into_iter().map(str::to_owned).collect(),
            headers: Vec::new(),
            life: self.life.map(Duration::from_secs),
            signed_at: self.clock.now(),
        };
        Signature { urls: Arc::new(urls), generation: Generation(generation), first: 0, is_kept: false }
    }

    fn start(&self) -> Failover<'_> {
        Failover::start("GET object", self, self.sign(0))
    }

    fn asked(&self) -> u64 {
        *self.asked.lock().unwrap()
    }
}

impl<F: Fn(u64) -> Vec<&'static str> + Sync> Signer for Scripted<F> {
    fn signature(&self, _: Need) -> Result<Option<Signature>> {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        Ok(Some(self.sign(*asked)))
    }

    fn worked(&self, _: usize) {}
}

fn status(status: u16) -> Error {
    StorageError::read("GET object", (status, "h"), None, b"", &[]).into()
}

/// Returns the URLs that are requested if each attempt fails with `error`, until recovery gives up.
fn asked_urls(
    failover: &mut Failover<'_>,
    clock: &dyn Clock,
    retries: u32,
    error: impl Fn() -> Error,
) -> String {
    let policy = RetryPolicy::new().max_retries(retries);
    let context = TransferContext::new(clock, &policy);
    let mut seen = String::new();
    loop {
        assert!(seen.len() < 1000, "the attempts never end");
        failover.renew_if_expiring(&context).unwrap();
        seen.push_str(failover.url());
        if failover.recover(error(), &context).is_err() {
            return seen;
        }
    }
}

#[test]
fn all_urls_are_tried_before_a_wait() {
    let signer = Scripted::new(None, |_| vec!["a", "b", "c"]);
    assert_eq!(asked_urls(&mut signer.start(), &signer.clock, 1, || status(503)), "abcabc");
    assert_eq!(signer.clock.sleeps().len(), 1);
}

#[test]
fn a_dead_url_is_requested_once() {
    let signer = Scripted::new(None, |_| vec!["a", "b"]);
    assert_eq!(asked_urls(&mut signer.start(), &signer.clock, 5, || status(404)), "ab");
    let (signer, first) = (Scripted::new(None, |_| vec!["a", "b", "c"]), Cell::new(true));
    let error = || if first.replace(false) { status(404) } else { status(503) };
    assert_eq!(asked_urls(&mut signer.start(), &signer.clock, 1, error), "abcbc");
}

#[test]
fn a_dead_url_stays_dead_under_a_new_signature() {
    let signer = Scripted::new(None, |generation| match generation {
        0 => vec!["a?0", "b?0"],
        _ => vec!["a?1", "b?1", "c?1"],
    });
    // The first URL is dead, and the second needs a new signature. The first of the new URLs is still dead.
    let codes = Cell::new([404, 403].as_slice());
    let error = || {
        let (code, rest) = codes.get().split_first().unwrap_or((&404, &[]));
        codes.set(rest);
        status(*code)
    };
    let seen = asked_urls(&mut signer.start(), &signer.clock, 0, error);
    assert_eq!(seen, "a?0b?0b?1c?1");
}

/// Earlier, a URL that broke off after 1000 bytes each time was requested until the budget was used up.
#[test]
fn a_url_that_keeps_breaking_off_early_is_replaced_by_the_next() {
    let policy = RetryPolicy::none();
    for (bytes, next) in [(1000, "b"), (PROGRESS - 1, "b"), (PROGRESS, "a")] {
        let signer = Scripted::new(None, |_| vec!["a", "b"]);
        let context = TransferContext::new(&signer.clock, &policy);
        let mut failover = signer.start();
        failover.record_progress(bytes);
        let ended = failover.recover(status(500), &context);
        assert_eq!((failover.url(), ended.is_ok()), (next, next == "b"), "{bytes}");
    }
}

/// Earlier, each new signature had a different number of URLs, which was treated as a reason to start again.
#[test]
fn attempts_end_even_if_signatures_expire_and_urls_change() {
    for code in [401, 403, 404, 410, 503] {
        for life in [None, Some(0), Some(1)] {
            let signer = Scripted::new(
                life,
                |generation| if generation % 2 == 0 { vec!["a", "b"] } else { vec!["c"] },
            );
            let error = || {
                signer.clock.advance(Duration::from_secs(2));
                status(code)
            };
            let seen = asked_urls(&mut signer.start(), &signer.clock, 5, error);
            assert!(
                seen.len() <= 14 && signer.asked() <= 14,
                "{code} {life:?}: {seen}, {} renewals",
                signer.asked()
            );
        }
    }
}

/// Returns the number of new signatures in twenty attempts of 850 s each, without progress.
fn renewals(life: u64) -> u64 {
    let (signer, policy) = (Scripted::new(Some(life), |_| vec!["a"]), RetryPolicy::none());
    let context = TransferContext::new(&signer.clock, &policy);
    let mut failover = signer.start();
    for _ in 0..20 {
        signer.clock.advance(Duration::from_secs(850));
        failover.renew_if_expiring(&context).unwrap();
    }
    signer.asked()
}

#[test]
fn renewals_stop_only_if_new_signatures_expire_immediately() {
    assert_eq!(renewals(900), 20);
    assert_eq!(renewals(0), 3);
}

#[test]
fn error_codes_select_the_recovery_action() {
    let read = |status, code: &str| {
        let xml = format!("<Error><Code>{code}</Code></Error>");
        Error::from(StorageError::read("GET object", (status, "h"), None, xml.as_bytes(), &[]))
    };
    for (status, code) in [
        (403, "AccessDenied"),
        (403, "SignatureDoesNotMatch"),
        (403, "NeverSeenBefore"),
        (401, "Unauthorized"),
        (410, "Gone"),
        (400, "InvalidSecurityToken"),
        (400, "SecurityTokenExpired"),
        (400, "SignatureExpired"),
        (400, "AccessDenied"),
    ] {
        assert_eq!(recovery_action(&read(status, code)), RecoveryAction::RenewSignature, "{status} {code}");
    }
    for (status, code) in
        [(403, "UserDisable"), (403, "InvalidObjectState"), (400, "InvalidArgument"), (404, "NoSuchKey")]
    {
        assert_eq!(recovery_action(&read(status, code)), RecoveryAction::AbandonUrl, "{status} {code}");
    }
    for (code, text) in
        [(503, "ServiceUnavailable"), (500, "InternalError"), (429, "TooManyRequests"), (509, "")]
    {
        assert_eq!(recovery_action(&read(code, text)), RecoveryAction::Retry, "{code}");
    }
}
