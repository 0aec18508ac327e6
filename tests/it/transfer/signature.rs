//! Downloads with signatures that lapse or are refused.

use std::time::Duration;

use super::*;

#[test]
fn a_refused_signature_is_renewed() {
    for code in ["AccessDenied", "RequestTimeTooSkewed", "SignatureDoesNotMatch"] {
        let s = Setup::new(1000);
        s.fault(Fault::object_error(403, code));
        s.assert_gets(100.., 100..1000);
        assert_eq!((s.infos(), s.objects().len()), (2, 2), "{code}");
        let [first, second] = &s.objects()[..] else { panic!() };
        assert_ne!(first.header("authorization"), second.header("authorization"));
    }
}

#[test]
fn a_signature_that_lapses_during_a_download_is_renewed_and_the_download_continues() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    let mut writer = AtFirstWrite(Some(|| s.fake.lapse_signatures()), Vec::new());
    let done = s.file().download_to(&mut writer, ..).unwrap();
    assert!(done.verified && writer.1 == s.content.bytes(0..MIB));
    let resumed = range(&format!("bytes=300000-{}", MIB - 1));
    assert_eq!(s.ranges(), [None, resumed.clone(), resumed]);
    assert_eq!(s.infos(), 2);
}

#[test]
fn a_signature_is_renewed_before_it_lapses() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    // One second after the start of the one-minute margin before the end of 900 seconds.
    let clock = s.clock.clone();
    let mut writer = AtFirstWrite(Some(|| clock.advance(Duration::from_secs(841))), Vec::new());
    s.file().download_to(&mut writer, ..).unwrap();
    assert!(writer.1 == s.content.bytes(0..MIB));
    assert_eq!((s.infos(), s.objects().len()), (2, 2), "no request was sent with a lapsed signature");
}

#[test]
fn a_valid_signature_is_not_renewed() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    let clock = s.clock.clone();
    let mut writer = AtFirstWrite(Some(|| clock.advance(Duration::from_secs(838))), Vec::new());
    s.file().download_to(&mut writer, ..).unwrap();
    assert_eq!(s.infos(), 1);
}

#[test]
fn a_renewal_requests_the_same_version() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    let mut writer = AtFirstWrite(
        Some(|| {
            s.fake.put_file("space-1", "dentry-1", "file.bin", "a second version");
            s.fake.lapse_signatures();
        }),
        Vec::new(),
    );
    s.file().version(1).download_to(&mut writer, ..).unwrap();
    assert!(writer.1 == s.content.bytes(0..MIB));
    for request in s.fake.requests_to(Target::DownloadInfo) {
        assert_eq!(request.json().unwrap()["option"]["version"], 1);
    }
}

#[test]
fn a_new_version_after_a_renewal_is_reported_as_a_change() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(300_000));
    let mut writer = AtFirstWrite(
        Some(|| {
            s.fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern_with_seed(MIB, 2));
            s.fake.lapse_signatures();
        }),
        Vec::new(),
    );
    let error = s.file().download_to(&mut writer, ..).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { written: 300_000 }), "{error}");
}

#[test]
fn download_fails_after_three_refused_renewals() {
    let s = Setup::new(10);
    s.fake.fault_always(Target::Object, Fault::object_error(403, "AccessDenied"));
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("AccessDenied"), "{error}");
    assert_eq!((s.objects().len(), s.infos()), (4, 4), "three renewed signatures");
}

#[test]
fn other_refusals_do_not_renew_the_signature() {
    let s = Setup::new(10);
    s.fake.fault_always(Target::Object, Fault::object_error(403, "InvalidObjectState"));
    let error = s.assert_fails(.., 0);
    assert!(error.to_string().contains("archived"), "{error}");
    assert_eq!(s.infos(), 1);
}

#[test]
fn a_given_download_info_is_not_renewed_and_the_error_explains_it() {
    let s = Setup::new(10);
    let info = s.file().download_info().unwrap();
    let mut bytes = Vec::new();
    assert!(s.client.download_to(&info, &mut bytes, ..).unwrap().verified);
    assert_eq!(bytes, s.content.bytes(0..10));

    s.fake.lapse_signatures();
    let error = s.client.download_to(&info, &mut bytes, ..).unwrap_err();
    assert!(matches!(&error, Error::Storage(e) if e.status == 403), "{error}");
    assert_eq!(error.code(), Some("RequestTimeTooSkewed"), "{error}");
    assert!(error.to_string().contains("too old"), "{error}");
    assert_eq!(s.infos(), 1);
}

#[test]
fn a_signature_refused_by_one_host_is_tried_at_the_next() {
    let s = Setup::new(10);
    s.fake.set_resource_urls(vec!["{good}?mirror=1".to_owned(), "{good}?mirror=2".to_owned()]);
    let info = s.file().download_info().unwrap();
    s.fault(Fault::object_error(403, "AccessDenied"));
    let mut bytes = Vec::new();
    assert!(s.client.download_to(&info, &mut bytes, ..).unwrap().verified);
    assert_eq!(bytes, s.content.bytes(0..10));
}

#[test]
fn a_failed_renewal_is_returned_as_the_error() {
    let s = Setup::new(10);
    s.fault(Fault::object_error(403, "AccessDenied"));
    // The first info request succeeds.
    s.fake.fault(Target::DownloadInfo, Fault::Several(vec![]));
    s.fake.fault(Target::DownloadInfo, Fault::api_error(403, "permissionDenied"));
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("permissionDenied"), "{error}");
}

#[test]
fn the_overall_timeout_covers_the_renewal() {
    let s = Setup::with(10, |b| b.overall_timeout(Duration::from_secs(10)));
    s.fault(Fault::object_error(503, "SlowDown").header("Retry-After", "9"));
    s.fault(Fault::object_error(403, "AccessDenied"));
    s.fake.fault(Target::DownloadInfo, Fault::Several(vec![]));
    let busy = Fault::api_error(500, "systemError").header("Retry-After", "7");
    s.fake.fault_always(Target::DownloadInfo, busy);
    let error = s.assert_fails(.., 0);
    assert_eq!(error.code(), Some("systemError"), "{error}");
    assert_eq!(s.clock.sleeps(), [Duration::from_secs(9)]);
}

#[test]
fn a_client_with_an_https_host_refuses_http_urls() {
    let s = Setup::new(10);
    let info = s.file().download_info().unwrap();
    // A client with an https host must not be redirected to plain http.
    let built = Client::builder().access_token("t").base_url("https://api.dingtalk.com").build();
    // Without TLS such a client cannot be built.
    let Ok(strict) = built else { return assert!(matches!(built, Err(Error::Config(_)))) };
    let error = strict.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    assert!(error.to_string().contains("http"), "{error}");
    assert!(s.objects().is_empty());
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn an_https_url_without_tls_names_the_feature() {
    let s = Setup::new(10);
    // The port accepts connections, so only TLS is missing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    s.fake.set_resource_urls(vec![format!("https://{}/object", listener.local_addr().unwrap())]);
    let error = s.assert_fails(.., 0);
    assert!(matches!(&error, Error::Network(e) if e.tls), "{error}");
    assert!(error.to_string().contains("feature `rustls`"), "{error}");
}

#[test]
fn the_next_url_is_used_if_a_url_refuses_every_signature() {
    let s = Setup::new(1000);
    // The signature is for the other path.
    let refusing = format!("{}/oss/space-1/dentry-1/7", s.fake.base_url());
    s.fake.set_resource_urls(vec![refusing, "{good}".into()]);
    assert!(s.assert_gets(.., 0..1000).verified);
}

/// Every signature has lapsed when it arrives, and its first URL does not exist.
#[test]
fn signatures_with_zero_lifetime_do_not_cause_endless_renewals() {
    let s = Setup::new(MIB);
    s.fake.set_expiration_seconds(0);
    s.fake.set_resource_urls(vec![format!("{}/nothing/1", s.fake.base_url()), "{good}".to_owned()]);
    let error = s.file().download_to(&mut io::sink(), ..).unwrap_err();
    assert_eq!(error.code(), Some("RequestTimeTooSkewed"), "the error is from the second URL: {error}");
    assert_eq!(s.infos(), 4);
}

/// The limit for unsuccessful renewals does not apply to a download that makes progress with each signature.
#[test]
fn a_long_download_renews_its_signature_as_often_as_needed() {
    struct Slow<'a>(&'a ManualClock, Vec<u8>);
    impl Write for Slow<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.advance(Duration::from_secs(300));
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let s = Setup::new(MIB);
    s.fake.fault_always(Target::Object, Fault::CutAfter(100_000));
    let mut writer = Slow(&s.clock, Vec::new());
    assert!(s.file().download_to(&mut writer, ..).unwrap().verified);
    assert!(writer.1 == s.content.bytes(0..MIB));
    assert_eq!((s.infos(), s.objects().len()), (11, 11), "one for each of eleven requests");
}
