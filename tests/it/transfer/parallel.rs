//! Downloads over several connections: every byte is requested once, from one object, even if some connections fail.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::folder::{Folder, NAME};
use super::*;

/// Length of the first request, which is sent before the size is known.
const FIRST_PART: u64 = 256 * 1024;

/// Returns the requested range as a half-open range.
fn requested_range(request: &Recorded) -> Range<u64> {
    let (first, last) =
        request.header("range").unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<u64>().unwrap() + 1
}

/// Asserts that the requested ranges, once sorted, cover `0..size` without gaps or overlaps.
#[track_caller]
fn assert_cover_once(requests: &[Recorded], size: u64) {
    let mut ranges: Vec<_> = requests.iter().map(requested_range).collect();
    ranges.sort_by_key(|range| range.start);
    let mut next = 0;
    for range in &ranges {
        assert_eq!(range.start, next, "{ranges:?}");
        next = range.end;
    }
    assert_eq!(next, size, "{ranges:?}");
}

fn connections(requests: &[Recorded]) -> usize {
    requests.iter().map(|request| request.connection).collect::<HashSet<_>>().len()
}

impl Setup {
    #[track_caller]
    fn assert_parallel(&self, connections: usize) -> Downloaded {
        let folder = Folder::new();
        let done = self.file().download().parallel(connections).to_file(folder.target()).unwrap();
        let size = self.content.len();
        assert_eq!((done.bytes, &done.range, done.size, done.reused), (size, &(0..size), Some(size), 0));
        folder.assert_only(NAME, &self.content);
        done
    }
}

/// Returns the fault that leaves an answer correct, for a queue with other faults.
fn no_fault() -> Fault {
    Fault::Several(Vec::new())
}

#[test]
fn every_byte_is_requested_once_over_the_given_connections() {
    for size in [0, 1, FIRST_PART - 1, FIRST_PART, FIRST_PART + 1, 5 * MIB + 123, 40 * MIB] {
        let s = Setup::new(size);
        for n in [2, 3, 8] {
            let (before, all_before) = (s.objects().len(), s.fake.connections());
            let done = s.assert_parallel(n);
            assert!(done.verified);
            let objects = &s.objects()[before..];
            assert_eq!(objects[0].header("range"), Some("bytes=0-262143"));
            assert_eq!(objects[0].header("if-match"), None);
            for part in &objects[1..] {
                assert_eq!(part.header("if-match"), done.etag.as_deref());
            }
            if size < FIRST_PART {
                // The range extends beyond the object, so the answer is the whole object.
                assert_eq!(objects.len(), 1);
            } else {
                assert_cover_once(objects, size);
            }
            assert!(connections(objects) <= n, "{} for {n}", connections(objects));
            // One more for the download info and, at first, one for the token.
            assert!(s.fake.connections() - all_before <= n + 2);
        }
    }
}

#[test]
fn a_connection_fetches_several_parts_in_turn() {
    let s = Setup::new(12 * MIB);
    s.assert_parallel(2);
    let objects = s.objects();
    assert_eq!(objects.len(), 1 + 8, "the first part, then four for each connection");
    assert!(connections(&objects) <= 2);
}

#[test]
fn sixty_four_connections_are_supported() {
    let s = Setup::new(5 * MIB);
    assert!(s.assert_parallel(64).verified);
    assert_cover_once(&s.objects(), 5 * MIB);
}

#[test]
fn invalid_connection_counts_and_file_options_for_writers_are_refused() {
    let (s, folder) = (Setup::new(100), Folder::new());
    for n in [0, 65, usize::MAX] {
        let error = s.file().download().parallel(n).to_file(folder.target()).unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument(text) if text.contains(&n.to_string())), "{error}");
    }
    let downloads = [
        s.file().download().parallel(2),
        s.file().download().parallel(0),
        s.file().download().resume(true),
        s.file().download().no_clobber(true),
    ];
    let mut bytes = Vec::new();
    for download in downloads {
        let error = download.to_writer(&mut bytes, ..).unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("to_file")), "{error}");
    }
    assert!(bytes.is_empty() && folder.names().is_empty() && s.fake.requests().is_empty());
}

#[test]
fn a_server_without_ranges_gets_one_request() {
    for fault in [Fault::IgnoreRange, Fault::Several(vec![Fault::IgnoreRange, Fault::Chunked])] {
        for size in [1, 3 * MIB] {
            let s = Setup::new(size);
            s.fake.fault_always(Target::Object, fault.clone());
            assert!(s.assert_parallel(4).verified);
            assert_eq!(s.ranges(), [range("bytes=0-262143")]);
        }
    }
}

#[test]
fn a_server_that_refuses_ranges_beyond_the_object_is_supported() {
    for size in [0, 1, FIRST_PART - 1, FIRST_PART, 3 * MIB] {
        let s = Setup::new(size);
        s.fake.fault_always(Target::Object, Fault::StrictRanges);
        assert!(s.assert_parallel(3).verified);
    }
}

#[test]
fn a_server_that_returns_short_ranges_is_supported() {
    let s = Setup::new(3 * MIB + 5);
    s.fake.fault_always(Target::Object, Fault::ShortRange(200_000));
    assert!(s.assert_parallel(3).verified);
}

#[test]
fn a_server_that_allows_fewer_connections_gets_fewer() {
    let s = Setup::with(20 * MIB, no_retries);
    s.fault(no_fault());
    s.fault(Fault::object_error(503, "SlowDown"));
    s.fault(Fault::object_error(503, "SlowDown"));
    s.fault(Fault::CloseWithoutAnswer);
    assert!(s.assert_parallel(4).verified);
    // Only the refused ranges were requested again.
    let served: Vec<_> = s.objects().into_iter().filter(|r| r.answered_status == Some(206)).collect();
    assert_cover_once(&served, 20 * MIB);
    assert_eq!(s.objects().len(), served.len() + 3);
}

#[test]
fn a_download_fails_if_all_connections_fail() {
    let (s, folder) = (Setup::with(20 * MIB, no_retries), Folder::new());
    s.fault(no_fault());
    for _ in 0..4 {
        s.fault(Fault::object_error(503, "SlowDown"));
    }
    let error = s.file().download().parallel(4).to_file(folder.target()).unwrap_err();
    assert!(error.is_transient() && error.code() == Some("SlowDown"), "{error}");
    assert!(folder.names().is_empty());
}

#[test]
fn interrupted_parts_are_resumed() {
    let faults = [
        Fault::CutAfter(200_000),
        Fault::ResetAfter(200_000),
        Fault::StallAfter(200_000),
        Fault::StallBeforeAnswer,
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
        Fault::object_error(500, "InternalError"),
        Fault::CutAfter(0),
    ];
    for fault in faults {
        for place in 0..3 {
            let s = Setup::with(6 * MIB, |builder| builder.stall_timeout(Duration::from_secs(1)));
            (0..place).for_each(|_| s.fault(no_fault()));
            s.fault(fault.clone());
            let done = s.assert_parallel(3);
            assert!(done.verified, "{fault:?}");
            assert!(s.objects().len() > 6, "{fault:?}: the faulty request was repeated");
        }
    }
}

#[test]
fn all_connections_abandon_a_dead_url() {
    let s = Setup::new(8 * MIB);
    s.fake.set_resource_urls(vec![format!("{}/dead", crate::support::REFUSED), "{good}".into()]);
    assert!(s.assert_parallel(3).verified);
    assert_cover_once(&s.objects(), 8 * MIB);
}

#[test]
fn a_first_part_without_a_size_is_extended_to_the_whole_object() {
    // Without the size no further part can be planned, and the first part alone is not the file.
    let s = Setup::new(5 * MIB);
    s.fault(Fault::ContentRange(Some("bytes 0-262143/*".into())));
    assert!(s.assert_parallel(3).verified);
}

#[test]
fn a_part_resumed_with_a_whole_object_keeps_only_its_own_bytes() {
    // The first answer was a range, so other parts are already in flight when the server stops honouring ranges.
    for crc in [Fault::Several(Vec::new()), Fault::Crc(None)] {
        let s = Setup::new(2 * MIB);
        s.fault(Fault::Several(vec![Fault::CutAfter(200_000), crc.clone()]));
        s.fake.fault_always(Target::Object, Fault::Several(vec![Fault::IgnoreRange, crc]));
        s.assert_parallel(2);
    }
}

#[test]
fn a_dead_url_is_not_tried_for_every_part() {
    let silent = crate::support::Scripted::start(|_| String::new());
    let s = Setup::new(12 * MIB);
    s.fake.set_resource_urls(vec![silent.url(), "{good}".into()]);
    assert!(s.assert_parallel(2).verified);
    assert!(s.objects().len() >= 8, "{}", s.objects().len());
    // Each connection may try the dead URL itself; the first one does so before the second connection starts.
    let tried = silent.closed.try_iter().count();
    assert!((1..=2).contains(&tried), "{tried}");
}

#[test]
fn one_new_signature_serves_all_connections() {
    // The first report comes with the first answer, and every later request is refused. The first refused connection
    // requests a new signature, and the others wait for it.
    let (s, folder) = (Setup::new(12 * MIB), Folder::new());
    let mut has_lapsed = false;
    let lapse = |_| {
        if !std::mem::replace(&mut has_lapsed, true) {
            s.fake.lapse_signatures();
        }
    };
    let done = s.file().download().parallel(4).progress(lapse).to_file(folder.target()).unwrap();
    assert!(done.verified);
    folder.assert_only(NAME, &s.content);
    assert_eq!(s.infos(), 2);
    let refused = s.objects().iter().filter(|r| r.answered_status == Some(403)).count();
    assert!((1..=4).contains(&refused), "at most once for each connection: {refused}");
}

#[test]
fn a_signature_about_to_lapse_is_renewed_once_for_all_connections() {
    let (s, folder) = (Setup::new(12 * MIB), Folder::new());
    let mut has_passed = false;
    let wait = |_| {
        if !std::mem::replace(&mut has_passed, true) {
            s.clock.advance(Duration::from_secs(850));
        }
    };
    s.file().download().parallel(4).progress(wait).to_file(folder.target()).unwrap();
    assert_eq!(s.infos(), 2);
    assert!(s.objects().iter().all(|r| r.answered_status == Some(206)));
    folder.assert_only(NAME, &s.content);
}

#[test]
fn an_object_that_changes_between_the_parts_is_an_error() {
    let new = || Content::pattern_with_seed(8 * MIB, 1);
    for resume in [false, true] {
        for fault in [Fault::ReplaceObject(new()), Fault::Several(vec![Fault::ETag(Some("\"x\"".into()))])] {
            let (s, folder) = (Setup::new(8 * MIB), Folder::new());
            s.fault(no_fault());
            s.fault(fault);
            let error = s.file().download().resume(resume).parallel(3).to_file(folder.target()).unwrap_err();
            assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
    }
}

#[test]
fn a_wrong_byte_in_any_part_is_detected() {
    for place in [5, 3 * MIB, 8 * MIB - 1] {
        let (s, folder) = (Setup::new(8 * MIB), Folder::new());
        s.fake.fault_always(Target::Object, Fault::CorruptByte(place));
        let error = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap_err();
        assert!(matches!(error, Error::ChecksumMismatch { written, .. } if written == 8 * MIB), "{error}");
        assert!(folder.names().is_empty());
    }
}

#[test]
fn a_parallel_download_can_be_resumed_with_any_number_of_connections() {
    for n in [1, 2, 8] {
        let (s, folder) = (Setup::with(12 * MIB, no_retries), Folder::new());
        (0..3).for_each(|_| s.fault(no_fault()));
        s.fault(Fault::CutAfter(200_000));
        s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
        let error = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap_err();
        assert!(error.is_not_found() && error.bytes_written() > 0, "{error}");
        s.fake.clear_faults();

        // Another user agent: late requests of the first download may still arrive.
        let second = s.fake.client().clock(s.clock.clone()).user_agent("second").build().unwrap();
        let file = second.file("space-1", "dentry-1", UnionId("operator-1"));
        let done = file.download().resume(true).parallel(n).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.verified), (error.bytes_written(), true));
        folder.assert_only(NAME, &s.content);
        let mut rest = s.objects();
        rest.retain(|r| r.header("user-agent") == Some("second"));
        assert!(rest.iter().all(|r| r.header("if-match") == done.etag.as_deref()));
        let fetched: u64 = rest.iter().map(|r| requested_range(r).end - requested_range(r).start).sum();
        assert_eq!(fetched, 12 * MIB - done.reused);
        assert!(connections(&rest) <= n);
    }
}

#[test]
fn a_restarted_first_part_is_not_taken_from_a_changed_object() {
    // The first body breaks off before its first byte while the second part arrives. Then the object changes. No byte
    // of the first part is written yet, but the part must belong to the same object as the second part.
    let (s, folder) = (Setup::new(2 * MIB), Folder::new());
    s.fake.fault_always(Target::Object, Fault::Crc(None));
    s.fault(Fault::Several(vec![Fault::CutAfter(0), Fault::Crc(None)]));
    let new = Content::pattern_with_seed(2 * MIB, 1);
    let mut is_ordered = false;
    let change = |now: dingtalk_files::Progress| {
        if now.phase == dingtalk_files::Phase::Retrying && !is_ordered {
            is_ordered = true;
            let limit = Instant::now() + Duration::from_secs(30);
            while s.objects().iter().filter(|r| r.answered_status.is_some()).count() < 2 {
                assert!(Instant::now() < limit, "the second part was never requested");
                thread::sleep(Duration::from_millis(1));
            }
            s.fault(Fault::Several(vec![Fault::ReplaceObject(new.clone()), Fault::Crc(None)]));
        }
    };
    let result = s.file().download().parallel(2).progress(change).to_file(folder.target());
    // Without a checksum, nothing else would detect the mixture.
    let error = result.unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert!(folder.names().is_empty());
}

proptest! {
    #[test]
    fn plan_is_contiguous_complete_and_even(total in prop_oneof![0..50_u64, any::<u64>()], parts in 0..200_usize) {
        let plan = dingtalk_files::plan(total, parts);
        prop_assert_eq!(plan.len() as u64, (parts as u64).min(total));
        let mut next = 0;
        for range in &plan {
            prop_assert_eq!(range.start, next);
            prop_assert!(range.end > range.start);
            next = range.end;
        }
        prop_assert_eq!(next, if parts == 0 { 0 } else { total });
        let lengths = plan.iter().map(|range| range.end - range.start);
        let (shortest, longest) = (lengths.clone().min(), lengths.max());
        prop_assert!(longest.unwrap_or(0) - shortest.unwrap_or(0) <= 1);
    }
}

/// Faults that leave the bytes correct.
fn harmless() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(no_fault()),
        2 => (0..2 * MIB).prop_map(Fault::CutAfter),
        1 => (0..2 * MIB).prop_map(Fault::ResetAfter),
        1 => Just(Fault::CloseWithoutAnswer),
        1 => Just(Fault::RefuseBeforeReading),
        1 => Just(Fault::object_error(503, "ServiceUnavailable")),
        1 => (20_000..MIB).prop_map(Fault::ShortRange),
        1 => Just(Fault::StrictRanges),
        1 => Just(Fault::object_error(404, "NoSuchKey")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 30, ..ProptestConfig::default() })]
    /// The last attempt yields the file, whatever the outcomes and connection counts of the earlier attempts.
    #[test]
    fn interrupted_attempts_together_yield_the_file(
        size in 0..4 * MIB,
        attempts in prop::collection::vec((1..6_usize, prop::collection::vec(harmless(), 0..5)), 1..5),
    ) {
        let (s, folder) = (Setup::with(size, no_retries), Folder::new());
        let mut kept = 0;
        for (n, faults) in attempts {
            for fault in faults {
                s.fault(fault);
            }
            let result = s.file().download().resume(true).parallel(n).to_file(folder.target());
            s.fake.clear_faults();
            if let Err(error) = result {
                prop_assert!(error.bytes_written() >= kept, "{} of {kept}", error);
                kept = error.bytes_written();
                prop_assert!(!folder.names().contains(&NAME.to_owned()));
            } else {
                kept = 0;
                folder.assert_only(NAME, &s.content);
                fs::remove_file(folder.target()).unwrap();
            }
        }
        let done = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap();
        prop_assert_eq!(done.reused, kept);
        prop_assert!(done.verified);
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn the_overall_timeout_ends_all_connections_and_keeps_the_received_bytes() {
    let limit = Duration::from_secs(1);
    let (s, folder) = (Setup::with(12 * MIB, |builder| builder.overall_timeout(limit)), Folder::new());
    s.fault(no_fault());
    s.fake.fault_always(Target::Object, Fault::StallAfter(200_000));
    let begun = Instant::now();
    let error = s.file().download().resume(true).parallel(4).to_file(folder.target()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "the stall timeout is 30 s");
    assert!(matches!(&error, Error::Interrupted { .. }) && error.is_transient(), "{error}");
    s.fake.clear_faults();
    let patient = s.fake.client().build().unwrap().file("space-1", "dentry-1", UnionId("operator-1"));
    let done = patient.download().resume(true).parallel(4).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, error.bytes_written());
    folder.assert_only(NAME, &s.content);
}

#[test]
fn missing_etag_or_checksum_is_reported_and_not_sent_as_if_match() {
    let nothing = || Fault::Several(vec![Fault::Crc(None), Fault::ETag(None)]);
    let weak = || Fault::ETag(Some("W/\"x\"".into()));
    for (fault, etag, verified) in [
        (Fault::Crc(None), true, false),
        (Fault::ETag(None), false, true),
        (nothing(), false, false),
        (weak(), true, true),
    ] {
        let (s, folder) = (Setup::with(6 * MIB, no_retries), Folder::new());
        s.fake.fault_always(Target::Object, fault.clone());
        let done = s.assert_parallel(3);
        assert_eq!((done.etag.is_some(), done.verified), (etag, verified), "{fault:?}");
        // A first attempt that breaks off, and a second one that resumes.
        s.fault(Fault::Several(vec![Fault::CutAfter(MIB), fault.clone()]));
        s.file().download().resume(true).to_file(folder.target()).unwrap_err();
        let before = s.objects().len();
        let done = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.etag.is_some(), done.verified), (MIB, etag, verified), "{fault:?}");
        // A weak or missing ETag cannot pin the object.
        let is_strong = matches!(fault, Fault::Crc(None));
        assert!(s.objects()[before..].iter().all(|r| r.header("if-match").is_some() == is_strong));
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn a_panicking_callback_ends_the_download() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(8 * MIB), Folder::new());
        let (file, target) = (s.file(), folder.target());
        let running = thread::spawn(move || {
            let panicking = |_| panic!("the caller's own mistake");
            drop(file.download().parallel(parallel).progress(panicking).to_file(target));
        });
        let begun = Instant::now();
        while !running.is_finished() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the other connections wait for a part that none of them fetches"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert!(running.join().is_err(), "the panic reaches the caller");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
        // The lock is released too.
        s.file().download().to_file(folder.target()).unwrap();
    }
}

#[test]
fn a_final_failure_of_one_part_stops_the_other_parts() {
    let (s, folder) = (Setup::with(3 * MIB, no_retries), Folder::new());
    s.fault(no_fault());
    // One mebibyte takes more than five seconds.
    s.fault(Fault::Slow { bytes: 1024, pause: Duration::from_millis(5) });
    s.fault(Fault::object_error(404, "NoSuchKey"));
    let error = s.file().download().resume(true).parallel(2).to_file(folder.target()).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!((FIRST_PART..2 * MIB).contains(&error.bytes_written()), "{}", error.bytes_written());
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, error.bytes_written());
    folder.assert_only(NAME, &s.content);
}
