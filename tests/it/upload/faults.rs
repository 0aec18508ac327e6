//! Faults while the bytes of an upload are sent, and the recovery from them.

use dingtalk_files::{Phase, Problem};

use super::*;
use crate::support::{REFUSED, Scripted, UntouchedServer, http_answer};

/// Returns a transient server error.
fn busy() -> Fault {
    Fault::object_error(503, "ServiceUnavailable")
}

fn denied() -> Fault {
    Fault::object_error(403, "AccessDenied")
}

#[test]
fn a_failed_put_is_repeated() {
    for fault in [busy(), Fault::object_error(500, "InternalError"), Fault::html(502, "<p>bad gateway")] {
        let (setup, bytes) = (Setup::new(), pattern(1000));
        setup.fault(Target::Put, fault);
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        assert_eq!((setup.puts().len(), setup.count(Target::UploadInfo)), (2, 1));
        assert_eq!(setup.clock.sleeps().len(), 1);
    }
}

#[test]
fn a_put_without_an_answer_is_repeated_unchanged() {
    for fault in [
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
        Fault::ResetUploadAfter(0),
        Fault::ResetUploadAfter(500),
        Fault::ResetUploadAfter(999),
    ] {
        let (setup, bytes) = (Setup::new(), pattern(1000));
        setup.fault(Target::Put, fault);
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        let puts = setup.puts();
        assert_eq!((puts.len(), setup.count(Target::UploadInfo)), (2, 1));
        assert_eq!((&puts[0].path, &puts[0].headers), (&puts[1].path, &puts[1].headers));
    }
}

#[test]
fn an_interrupted_large_put_is_repeated() {
    for from in SourceKind::ALL {
        let (setup, bytes) = (Setup::new(), pattern(5 * MIB));
        setup.fault(Target::Put, Fault::ResetUploadAfter(2 * MIB));
        setup.assert_done(from.run(setup.upload(), &bytes), &bytes);
        let puts = setup.puts();
        assert_eq!((puts.len(), puts[0].body_length, puts[1].body_length), (2, 2 * MIB, 5 * MIB));
    }
}

#[test]
fn a_silent_store_is_given_up_after_the_stall_timeout() {
    // One body fits into the system's buffers, the other does not.
    for size in [1000, 16 * MIB] {
        let setup = Setup::with(|builder| builder.stall_timeout(Duration::from_secs(1)));
        let bytes = pattern(size);
        setup.fault(Target::Put, Fault::StallUploadAfter(10));
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        assert_eq!(setup.puts()[0].answered_status, None);
        assert_eq!(setup.puts().last().unwrap().answered_status, Some(200));
    }
    let setup = Setup::with(|builder| no_retries(builder).stall_timeout(Duration::from_secs(1)));
    setup.fault(Target::Put, Fault::StallBeforeAnswer);
    let error = setup.upload().from_bytes(b"hello").unwrap_err();
    assert!(matches!(&error, Error::Network(e) if e.timed_out), "{error}");
    setup.assert_uncommitted();
}

/// Every upload info has a new upload key, and the commit must use the key that belongs to the stored bytes.
#[test]
fn a_refused_signature_is_renewed() {
    for code in ["AccessDenied", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "SecurityTokenExpired"] {
        let (setup, bytes) = (Setup::new(), pattern(1000));
        setup.fault(Target::Put, Fault::object_error(403, code));
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        assert_commits_the_last_put(&setup);
        assert_eq!((setup.puts().len(), setup.count(Target::UploadInfo)), (2, 2));
        assert!(setup.clock.sleeps().is_empty(), "a renewal needs no wait");
    }
}

/// Asserts that the commit's upload key names the object of the last PUT.
#[track_caller]
fn assert_commits_the_last_put(setup: &Setup) {
    let put = setup.puts().pop().unwrap();
    let object = put.path.rsplit('/').next().unwrap().to_owned();
    let key = setup.bodies(Target::Commit)[0]["uploadKey"].as_str().unwrap().to_owned();
    assert!(key.ends_with(&object), "{key} {object}");
}

#[test]
fn a_signature_that_lapses_during_a_put_is_renewed_for_the_next_attempt() {
    let (setup, bytes) = (Setup::new(), pattern(2 * MIB));
    setup.fault(Target::Put, Fault::ResetUploadAfter(MIB));
    // A body of this size is read only after the store has answered `100 Continue`.
    let source = Trap::new(&bytes, 0, || setup.fake.lapse_signatures());
    setup.assert_done(setup.upload().from_seekable(source), &bytes);
    assert_eq!(setup.put_statuses(), [None, Some(403), Some(200)]);
    assert_eq!(setup.count(Target::UploadInfo), 2);
    assert_commits_the_last_put(&setup);
}

#[test]
fn a_signature_about_to_lapse_is_renewed_before_the_put() {
    let setup = Setup::with(|builder| builder.retry(RetryPolicy::new().max_delay(Duration::from_secs(3600))));
    let bytes = pattern(1000);
    // The signature is valid for 900 seconds, and is not used in its last minute.
    setup.fault(Target::Put, busy().header("Retry-After", "839"));
    setup.fault(Target::Put, busy().header("Retry-After", "1"));
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    let puts = setup.puts();
    assert_eq!((puts.len(), setup.count(Target::UploadInfo)), (3, 2));
    assert_eq!(puts[0].path, puts[1].path);
    assert_ne!(puts[1].path, puts[2].path);
    assert_commits_the_last_put(&setup);
}

#[test]
fn an_upload_fails_after_three_refused_renewals() {
    let setup = Setup::new();
    setup.fake.fault_always(Target::Put, denied());
    let error = setup.upload().from_bytes(b"hello").unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    assert_eq!((setup.puts().len(), setup.count(Target::UploadInfo)), (4, 4));
    setup.assert_uncommitted();
    // Signatures with zero lifetime are also renewed before use.
    let setup = Setup::new();
    setup.fake.set_expiration_seconds(0);
    let error = setup.in_parts().from_bytes(b"hello").unwrap_err();
    assert_eq!(error.code(), Some("RequestTimeTooSkewed"));
    assert_eq!(setup.puts().len(), 2);
    assert!(setup.count(Target::PartInfos) <= 4);
    setup.assert_uncommitted();
}

#[test]
fn a_large_body_is_not_sent_to_a_server_that_refuses_the_put() {
    for (fault, infos) in [(denied(), 2), (busy(), 1)] {
        let (setup, bytes) = (Setup::new(), pattern(4 * MIB));
        setup.fault(Target::Put, fault);
        setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
        let lengths: Vec<u64> = setup.puts().iter().map(|put| put.body_length).collect();
        assert_eq!(lengths, [0, 4 * MIB]);
        assert_eq!(setup.count(Target::UploadInfo), infos);
    }
}

/// The upload succeeds whether the early answer is read or is lost with the connection.
#[test]
fn an_upload_recovers_from_a_refusal_during_the_body() {
    for (size, read) in [(1000, 10), (512 * KIB, 100 * KIB), (16 * MIB, MIB)] {
        for status in [403, 503] {
            let (setup, bytes) = (Setup::new(), pattern(size));
            let code = "AccessDenied".to_owned();
            setup.fault(Target::Put, Fault::RefuseUploadAfter { bytes: read, status, code });
            setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
            assert_commits_the_last_put(&setup);
            let statuses = setup.put_statuses();
            assert_eq!((statuses.first(), statuses.last()), (Some(&Some(status)), Some(&Some(200))));
            if size == 1000 {
                assert_eq!(
                    (statuses.len(), setup.count(Target::UploadInfo)),
                    (2, 1 + usize::from(status == 403))
                );
            }
        }
    }
}

#[test]
fn a_damaged_put_is_repeated() {
    for upload in [Setup::upload, Setup::in_parts] {
        let (setup, bytes) = (Setup::new(), pattern(1000));
        setup.fault(Target::Put, Fault::CorruptUpload(5));
        setup.assert_done(upload(&setup).from_bytes(&bytes), &bytes);
        assert_eq!(setup.put_statuses(), [Some(200); 2]);
    }
}

#[test]
fn an_always_damaged_upload_is_not_committed() {
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.fake.fault_always(Target::Put, Fault::CorruptUpload(5));
    let error = setup.upload().from_bytes(&bytes).unwrap_err();
    let Error::ChecksumMismatch { written, expected, actual } = error else { panic!("{error}") };
    // As for downloads, `expected` is the store's checksum and `actual` is the client's.
    let stored = setup.puts()[0].body_crc64.unwrap();
    assert_eq!((written, expected, actual), (1000, stored, crc64(&bytes)));
    assert_eq!(setup.puts().len(), 6);
    setup.assert_uncommitted();
}

#[test]
fn an_upload_without_a_checksum_from_the_store_is_unverified() {
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.fault(Target::Put, Fault::Crc(None));
    let done = setup.upload().from_bytes(&bytes).unwrap();
    assert!(!done.verified);
    setup.assert_stored(&done, &bytes);
    // One part without a checksum is enough.
    let (setup, bytes) = (Setup::new(), pattern(3 * PART));
    setup.fault_nth_put(2, Fault::Crc(None));
    let done = setup.in_parts().from_bytes(&bytes).unwrap();
    assert!(!done.verified);
    setup.assert_stored(&done, &bytes);
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for size in [1000, 2 * MIB] {
            let (setup, other_server) = (Setup::new(), UntouchedServer::new());
            let location = format!("http://{}/upload?signature=secret", other_server.host());
            setup.fake.fault_always(Target::Put, Fault::Redirect { status, location });
            let error = setup.upload().from_bytes(pattern(size)).unwrap_err();
            let Error::Answer(e) = &error else { panic!("{error}") };
            assert_eq!((e.operation, e.status), ("PUT object", status));
            assert_eq!(e.problem, Problem::Redirect { host: Some(other_server.host()) });
            assert_eq!((setup.puts().len(), setup.count(Target::Object)), (1, 0));
            other_server.assert_untouched();
            setup.assert_uncommitted();
        }
    }
}

#[test]
fn an_upload_fails_after_all_retries() {
    for fault in [busy(), Fault::CloseWithoutAnswer, Fault::RefuseBeforeReading] {
        let setup = Setup::new();
        setup.fake.fault_always(Target::Put, fault);
        let error = setup.upload().from_bytes(b"hello").unwrap_err();
        assert!(matches!(error, Error::Storage(_) | Error::Network(_)) && error.is_transient(), "{error}");
        assert_eq!((setup.puts().len(), setup.clock.sleeps().len()), (6, 5));
        setup.assert_uncommitted();
    }
}

#[test]
fn the_first_failure_is_returned_if_retries_are_disabled() {
    for fault in [busy(), Fault::CloseWithoutAnswer, Fault::CorruptUpload(0)] {
        let setup = Setup::with(no_retries);
        setup.fault(Target::Put, fault);
        let error = setup.upload().from_bytes(b"hello").unwrap_err();
        assert!(!matches!(error, Error::UploadInterrupted(_)), "no bytes can be resumed: {error}");
        assert_eq!((setup.puts().len(), setup.clock.sleeps().len()), (1, 0));
        setup.assert_uncommitted();
    }
}

#[test]
fn a_final_refusal_is_not_repeated() {
    for (status, code) in [(400, "EntityTooLarge"), (404, "NoSuchUpload"), (403, "UserDisable")] {
        let setup = Setup::new();
        setup.fault(Target::Put, Fault::object_error(status, code));
        let error = setup.upload().from_bytes(b"hello").unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(setup.puts().len(), 1);
        setup.assert_uncommitted();
    }
}

#[test]
fn the_next_url_is_used_if_a_url_is_dead() {
    let missing = Scripted::start(|_| http_answer("404 Not Found", ""));
    let failing = Scripted::start(|_| http_answer("503 Busy", ""));
    let silent = Scripted::start(|_| String::new());
    for dead in [format!("{REFUSED}/gone"), missing.url(), failing.url(), silent.url()] {
        for upload in [Setup::upload, Setup::in_parts] {
            // Switching to the next URL needs no retry.
            let (setup, bytes) = (Setup::with(no_retries), pattern(2 * PART));
            setup.fake.set_upload_urls(vec![dead.clone(), "{good}".to_owned()]);
            setup.assert_done(upload(&setup).from_bytes(&bytes), &bytes);
            assert!(setup.clock.sleeps().is_empty(), "{dead}");
        }
    }
}

#[test]
fn a_dead_url_is_not_tried_for_every_part() {
    let silent = Scripted::start(|_| String::new());
    let (setup, bytes) = (Setup::new(), pattern(5 * PART));
    setup.fake.set_upload_urls(vec![silent.url(), "{good}".to_owned()]);
    setup.assert_done(setup.in_parts().from_bytes(&bytes), &bytes);
    assert_eq!(silent.closed.try_iter().count(), 1);
}

#[test]
fn the_next_url_is_used_if_a_url_refuses_every_signature() {
    // The signature is for the other path.
    for upload in [Setup::upload, Setup::in_parts] {
        let (setup, bytes) = (Setup::new(), pattern(2 * PART));
        let refusing = format!("{}/oss-upload/another", setup.fake.base_url());
        setup.fake.set_upload_urls(vec![refusing, "{good}".to_owned()]);
        setup.assert_done(upload(&setup).from_bytes(&bytes), &bytes);
    }
}

#[test]
fn an_upload_fails_if_all_urls_are_dead() {
    let setup = Setup::new();
    setup.fake.set_upload_urls(vec![format!("{REFUSED}/1"), format!("{REFUSED}/2")]);
    let error = setup.upload().from_bytes(b"hello").unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error}");
    assert_eq!(setup.clock.sleeps().len(), 5);
    setup.assert_uncommitted();
}

#[test]
fn an_unusable_upload_info_is_an_error() {
    let info = |json: Value| Fault::json(200, json);
    let signed = |url: &str, header: &str| serde_json::json!({"uploadKey": "k", "headerSignatureInfo": {"resourceUrls": [url], "headers": {header: "v"}}});
    let mut no_urls = signed("http://h/", "a");
    no_urls["headerSignatureInfo"]["resourceUrls"] = serde_json::json!([]);
    let mut no_key = signed("http://h/", "a");
    no_key["uploadKey"] = Value::Null;
    for (json, problem) in [
        (serde_json::json!({"uploadKey": "k"}), Problem::Missing("headerSignatureInfo")),
        (no_urls, Problem::Missing("headerSignatureInfo.resourceUrls")),
        (no_key, Problem::Missing("uploadKey")),
        (signed("ftp://h/", "a"), Problem::ForbiddenUrl("it is not https")),
        (signed("http://h/", "Host"), Problem::ForbiddenHeader("Host".to_owned())),
        (signed("http://h/", "Content-Length"), Problem::ForbiddenHeader("Content-Length".to_owned())),
    ] {
        let setup = Setup::new();
        setup.fault(Target::UploadInfo, info(json));
        let error = setup.upload().from_bytes(b"hello").unwrap_err();
        let Error::Answer(e) = &error else { panic!("{error}") };
        assert_eq!((e.operation, &e.problem), ("upload info", &problem));
        setup.assert_uncommitted();
    }
    // The returned list lacks the requested part.
    let setup = Setup::new();
    setup
        .fake
        .fault_always(Target::PartInfos, info(serde_json::json!({"multipartHeaderSignatureInfos": []})));
    let error = setup.in_parts().from_bytes(b"hello").unwrap_err();
    assert!(error.to_string().contains("multipartHeaderSignatureInfos"), "{error}");
    assert_eq!(setup.count(Target::PartInfos), 1);
}

#[test]
fn only_the_failed_part_is_sent_again() {
    for (fault, requests) in
        [(busy(), 1), (Fault::CloseWithoutAnswer, 1), (Fault::ResetUploadAfter(7), 1), (denied(), 2)]
    {
        let (setup, bytes) = (Setup::new(), pattern(5 * PART));
        setup.fault_nth_put(3, fault);
        setup.assert_done(setup.in_parts().from_bytes(&bytes), &bytes);
        assert_eq!(setup.put_numbers(), [1, 2, 3, 3, 4, 5]);
        let all: Vec<Vec<u64>> = vec![vec![1, 2, 3, 4, 5], vec![3, 4, 5]];
        assert_eq!(setup.requested_numbers(), all[..requests]);
    }
}

#[test]
fn a_signature_that_lapses_between_parts_is_renewed_for_the_missing_parts() {
    let (setup, bytes) = (Setup::new(), pattern(8 * PART));
    let source = Trap::new(&bytes, 3 * PART, || setup.clock.advance(Duration::from_secs(841)));
    setup.assert_done(setup.in_parts().from_seekable(source), &bytes);
    assert_eq!(setup.put_numbers(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(setup.requested_numbers(), [vec![1, 2, 3, 4, 5, 6, 7, 8], vec![5, 6, 7, 8]]);
    assert_eq!(setup.count(Target::InitMultipart), 1);
}

#[test]
fn parallel_parts_recover_from_faults_independently() {
    let (setup, bytes) = (Setup::new(), pattern(40 * PART + 1));
    for n in 0..12 {
        let fault = match n % 4 {
            0 => busy(),
            1 => Fault::CloseWithoutAnswer,
            2 => Fault::CorruptUpload(n),
            _ => denied(),
        };
        // Each fault hits the first attempt of a different part. Queued faults could all hit the same part.
        let (number, mut is_first) = ((3 * n + 1).to_string(), true);
        let is_hit = move |request: &Recorded| {
            request.query_value("partNumber") == Some(&number) && std::mem::take(&mut is_first)
        };
        setup.fake.fault_when(Target::Put, is_hit, fault);
    }
    setup.assert_done(setup.in_parts().parallel(6).from_bytes(&bytes), &bytes);
    assert_eq!(setup.puts().len(), 41 + 12);
}

#[test]
fn progress_reports_a_retry() {
    let (setup, bytes) = (Setup::new(), pattern(1000));
    setup.fault(Target::Put, busy());
    let mut reports = Vec::new();
    let done = setup.upload().progress(|now| reports.push((now.bytes, now.phase))).from_bytes(&bytes);
    setup.assert_done(done, &bytes);
    let (transferring, retrying) = (Phase::Transferring, Phase::Retrying);
    assert_eq!((reports.first(), reports.last()), (Some(&(0, transferring)), Some(&(1000, transferring))));
    // Bytes of the failed attempt are not counted.
    assert!(reports.contains(&(0, retrying)), "{reports:?}");
}

#[test]
fn the_overall_timeout_ends_the_retries() {
    let setup = Setup::with(|builder| builder.overall_timeout(Duration::from_secs(60)));
    setup.fake.fault_always(Target::Put, busy().header("Retry-After", "15"));
    let error = setup.upload().from_bytes(b"hello").unwrap_err();
    assert!(matches!(error, Error::Storage(_)), "{error}");
    assert_eq!(setup.puts().len(), 4, "at 0, 15, 30 and 45 seconds");
}

#[test]
fn a_put_that_the_store_timed_out_is_repeated() {
    for fault in [Fault::object_error(400, "RequestTimeout"), Fault::status(408)] {
        let setup = Setup::new();
        setup.fault(Target::Put, fault);
        setup.assert_done(setup.upload().from_bytes(b"hello"), b"hello");
        assert_eq!(setup.puts().len(), 2);
    }
}

/// The server answers 200 after the head, like a proxy in place of the store.
#[test]
fn a_success_without_reading_the_body_is_an_error() {
    for crc in ["", "x-oss-hash-crc64ecma: 0\r\n"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                    head.push(byte[0]);
                }
                let answer = format!("HTTP/1.1 200 OK\r\n{crc}Content-Length: 0\r\n\r\n");
                io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
            }
        });
        let setup = Setup::new();
        setup.fake.set_upload_urls(vec![url.clone()]);
        let error = setup.upload().from_bytes(pattern(2 * MIB)).unwrap_err();
        let Error::Answer(answer) = &error else { panic!("{error}") };
        assert_eq!(answer.problem, Problem::NotTaken { sent: 0, length: 2 * MIB });
        setup.assert_uncommitted();
        // If there is another URL, the upload goes there.
        setup.fake.set_upload_urls(vec![url, "{good}".to_owned()]);
        assert!(setup.upload().from_bytes(pattern(2 * MIB)).unwrap().verified);
    }
}

#[test]
fn signatures_with_zero_lifetime_do_not_cause_endless_renewals() {
    let setup = Setup::with(no_retries);
    setup.fake.set_expiration_seconds(0);
    setup.fake.set_upload_urls(vec![format!("{REFUSED}/1"), format!("{REFUSED}/2")]);
    let error = setup.upload().from_bytes(b"hello").unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error}");
    assert!(setup.count(Target::UploadInfo) <= 4, "{}", setup.count(Target::UploadInfo));
}

#[test]
fn an_upload_above_the_size_limit_is_refused_without_a_request() {
    let setup = Setup::new();
    let error = setup.upload().from_reader(io::empty(), u64::MAX).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
    setup.assert_untouched();
}

/// The first PUT fails while its signature is about to lapse, and the renewed upload info is unusable.
#[test]
fn an_unusable_renewal_does_not_change_the_committed_key() {
    let (setup, bytes) = (Setup::new(), pattern(100));
    setup.fault(Target::Put, Fault::CloseWithoutAnswer);
    let source = Trap::new(&bytes, 0, || {
        setup.clock.advance(Duration::from_secs(850));
        setup.fake.set_upload_urls(vec!["ftp://nowhere/1".to_owned()]);
    });
    setup.assert_done(setup.upload().from_seekable(source), &bytes);
    assert_eq!(setup.count(Target::UploadInfo), 2);
}
