//! Several connections: every byte asked for once, of one object, whatever happens to some of them.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::folder::{Folder, NAME};
use super::*;

/// So much is asked for before the size is known.
const FIRST_PART: u64 = 256 * 1024;

/// The half-open range that a request asked for.
fn asked(request: &Recorded) -> Range<u64> {
    let (first, last) =
        request.header("range").unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<u64>().unwrap() + 1
}

/// They lie one after the other, from 0 to `size`, once they are sorted.
#[track_caller]
fn assert_cover_once(requests: &[Recorded], size: u64) {
    let mut ranges: Vec<_> = requests.iter().map(asked).collect();
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

/// The right answer, where others in the queue are not.
fn right() -> Fault {
    Fault::Several(Vec::new())
}

#[test]
fn every_byte_is_asked_for_once_over_so_many_connections() {
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
                // The range leaves the object, and the answer is all of it.
                assert_eq!(objects.len(), 1);
            } else {
                assert_cover_once(objects, size);
            }
            assert!(connections(objects) <= n, "{} for {n}", connections(objects));
            // Beside them one for the download info, and at first one for the token.
            assert!(s.fake.connections() - all_before <= n + 2);
        }
    }
}

#[test]
fn a_connection_fetches_one_part_after_the_other() {
    let s = Setup::new(12 * MIB);
    s.assert_parallel(2);
    let objects = s.objects();
    assert_eq!(objects.len(), 1 + 8, "the first part, and four for each connection");
    assert!(connections(&objects) <= 2);
}

#[test]
fn the_largest_number_of_connections() {
    let s = Setup::new(5 * MIB);
    assert!(s.assert_parallel(64).verified);
    assert_cover_once(&s.objects(), 5 * MIB);
}

#[test]
fn numbers_and_targets_that_cannot_be() {
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
fn a_server_without_ranges_is_asked_once() {
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
fn a_server_that_refuses_what_leaves_the_object() {
    for size in [0, 1, FIRST_PART - 1, FIRST_PART, 3 * MIB] {
        let s = Setup::new(size);
        s.fake.fault_always(Target::Object, Fault::StrictRanges);
        assert!(s.assert_parallel(3).verified);
    }
}

#[test]
fn a_server_that_gives_less_than_asked() {
    let s = Setup::new(3 * MIB + 5);
    s.fake.fault_always(Target::Object, Fault::ShortRange(200_000));
    assert!(s.assert_parallel(3).verified);
}

#[test]
fn a_server_that_allows_fewer_connections_gets_fewer() {
    let s = Setup::with(20 * MIB, no_retries);
    s.fault(right());
    s.fault(Fault::object_error(503, "SlowDown"));
    s.fault(Fault::object_error(503, "SlowDown"));
    s.fault(Fault::CloseWithoutAnswer);
    assert!(s.assert_parallel(4).verified);
    // What was refused was asked for once more, and nothing else.
    let served: Vec<_> = s.objects().into_iter().filter(|r| r.answered_status == Some(206)).collect();
    assert_cover_once(&served, 20 * MIB);
    assert_eq!(s.objects().len(), served.len() + 3);
}

#[test]
fn when_all_connections_fail_so_does_the_download() {
    let (s, folder) = (Setup::with(20 * MIB, no_retries), Folder::new());
    s.fault(right());
    for _ in 0..4 {
        s.fault(Fault::object_error(503, "SlowDown"));
    }
    let error = s.file().download().parallel(4).to_file(folder.target()).unwrap_err();
    assert!(error.is_transient() && error.code() == Some("SlowDown"), "{error}");
    assert!(folder.names().is_empty());
}

#[test]
fn parts_break_off_and_go_on() {
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
            (0..place).for_each(|_| s.fault(right()));
            s.fault(fault.clone());
            let done = s.assert_parallel(3);
            assert!(done.verified, "{fault:?}");
            assert!(s.objects().len() > 6, "{fault:?}: something was asked for again");
        }
    }
}

#[test]
fn all_connections_leave_a_dead_url() {
    let s = Setup::new(8 * MIB);
    s.fake.set_resource_urls(vec![format!("{}/dead", crate::support::REFUSED), "{good}".into()]);
    assert!(s.assert_parallel(3).verified);
    assert_cover_once(&s.objects(), 8 * MIB);
}

#[test]
fn a_first_part_without_the_size_becomes_the_whole() {
    // Without the size nothing else can be planned; the part alone is not the file.
    let s = Setup::new(5 * MIB);
    s.fault(Fault::ContentRange(Some("bytes 0-262143/*".into())));
    assert!(s.assert_parallel(3).verified);
}

#[test]
fn a_part_that_is_resumed_with_the_whole_takes_its_own_bytes() {
    // The first answer was a part, so the others are on their way when a server that does no ranges takes over.
    for crc in [Fault::Several(Vec::new()), Fault::Crc(None)] {
        let s = Setup::new(2 * MIB);
        s.fault(Fault::Several(vec![Fault::CutAfter(200_000), crc.clone()]));
        s.fake.fault_always(Target::Object, Fault::Several(vec![Fault::IgnoreRange, crc]));
        s.assert_parallel(2);
    }
}

#[test]
fn not_each_part_tries_a_dead_url_anew() {
    let silent = crate::support::Scripted::start(|_| String::new());
    let s = Setup::new(12 * MIB);
    s.fake.set_resource_urls(vec![silent.url(), "{good}".into()]);
    assert!(s.assert_parallel(2).verified);
    assert!(s.objects().len() >= 8, "{}", s.objects().len());
    // Each connection may find it out for itself, and the first one does so before the other begins.
    let tried = silent.closed.try_iter().count();
    assert!((1..=2).contains(&tried), "{tried}");
}

#[test]
fn one_new_signature_serves_all_connections() {
    // The first report comes with the first answer; all that is asked for later is refused. Whoever is refused first
    // asks for a new signature, and the others wait for it.
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
    assert!((1..=4).contains(&refused), "once for each connection at the most: {refused}");
}

#[test]
fn a_signature_about_to_lapse_is_replaced_once_for_all() {
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
            s.fault(right());
            s.fault(fault);
            let error = s.file().download().resume(resume).parallel(3).to_file(folder.target()).unwrap_err();
            assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
    }
}

#[test]
fn a_wrong_byte_in_any_part_is_noticed() {
    for place in [5, 3 * MIB, 8 * MIB - 1] {
        let (s, folder) = (Setup::new(8 * MIB), Folder::new());
        s.fake.fault_always(Target::Object, Fault::CorruptByte(place));
        let error = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap_err();
        assert!(matches!(error, Error::ChecksumMismatch { written, .. } if written == 8 * MIB), "{error}");
        assert!(folder.names().is_empty());
    }
}

#[test]
fn what_several_connections_left_any_number_can_finish() {
    for n in [1, 2, 8] {
        let (s, folder) = (Setup::with(12 * MIB, no_retries), Folder::new());
        (0..3).for_each(|_| s.fault(right()));
        s.fault(Fault::CutAfter(200_000));
        s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
        let error = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap_err();
        assert!(error.is_not_found() && error.bytes_written() > 0, "{error}");
        s.fake.clear_faults();

        // Under a name of its own: what the first one was just asking for may come in only now.
        let second = s.fake.client().clock(s.clock.clone()).user_agent("second").build().unwrap();
        let file = second.file("space-1", "dentry-1", UnionId("operator-1"));
        let done = file.download().resume(true).parallel(n).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.verified), (error.bytes_written(), true));
        folder.assert_only(NAME, &s.content);
        let mut rest = s.objects();
        rest.retain(|r| r.header("user-agent") == Some("second"));
        assert!(rest.iter().all(|r| r.header("if-match") == done.etag.as_deref()));
        let fetched: u64 = rest.iter().map(|r| asked(r).end - asked(r).start).sum();
        assert_eq!(fetched, 12 * MIB - done.reused);
        assert!(connections(&rest) <= n);
    }
}

#[test]
fn a_first_part_that_begins_again_is_not_of_another_object() {
    // The first body breaks before its first byte; meanwhile the second part comes. Then the object changes. Nothing of
    // the first part is written, but it belongs to what is.
    let (s, folder) = (Setup::new(2 * MIB), Folder::new());
    s.fake.fault_always(Target::Object, Fault::Crc(None));
    s.fault(Fault::Several(vec![Fault::CutAfter(0), Fault::Crc(None)]));
    let new = Content::pattern_with_seed(2 * MIB, 1);
    let mut is_ordered = false;
    let change = |now: dingtalk_files::Progress| {
        if now.phase == dingtalk_files::Phase::Retrying && !is_ordered {
            is_ordered = true;
            let patience = Instant::now() + Duration::from_secs(30);
            while s.objects().iter().filter(|r| r.answered_status.is_some()).count() < 2 {
                assert!(Instant::now() < patience, "the second part was never asked for");
                thread::sleep(Duration::from_millis(1));
            }
            s.fault(Fault::Several(vec![Fault::ReplaceObject(new.clone()), Fault::Crc(None)]));
        }
    };
    let result = s.file().download().parallel(2).progress(change).to_file(folder.target());
    // Without a checksum on record nothing else would notice the mixture.
    let error = result.unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert!(folder.names().is_empty());
}

proptest! {
    #[test]
    fn a_plan_is_contiguous_complete_and_even(total in prop_oneof![0..50_u64, any::<u64>()], parts in 0..200_usize) {
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

/// Faults that leave the bytes right.
fn harmless() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(right()),
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
    /// However the tries end, and with however many connections each is made: the last one has the file.
    #[test]
    fn whatever_breaks_the_tries_together_are_right(
        size in 0..4 * MIB,
        tries in prop::collection::vec((1..6_usize, prop::collection::vec(harmless(), 0..5)), 1..5),
    ) {
        let (s, folder) = (Setup::with(size, no_retries), Folder::new());
        let mut had = 0;
        for (n, faults) in tries {
            for fault in faults {
                s.fault(fault);
            }
            let result = s.file().download().resume(true).parallel(n).to_file(folder.target());
            s.fake.clear_faults();
            if let Err(error) = result {
                prop_assert!(error.bytes_written() >= had, "{} of {had}", error);
                had = error.bytes_written();
                prop_assert!(!folder.names().contains(&NAME.to_owned()));
            } else {
                had = 0;
                folder.assert_only(NAME, &s.content);
                fs::remove_file(folder.target()).unwrap();
            }
        }
        let done = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap();
        prop_assert_eq!(done.reused, had);
        prop_assert!(done.verified);
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn the_overall_limit_ends_all_connections_and_keeps_what_came() {
    let limit = Duration::from_secs(1);
    let (s, folder) = (Setup::with(12 * MIB, |builder| builder.overall_timeout(limit)), Folder::new());
    s.fault(right());
    s.fake.fault_always(Target::Object, Fault::StallAfter(200_000));
    let begun = Instant::now();
    let error = s.file().download().resume(true).parallel(4).to_file(folder.target()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "a silent server is given 30 s");
    assert!(matches!(&error, Error::Interrupted { .. }) && error.is_transient(), "{error}");
    s.fake.clear_faults();
    let patient = s.fake.client().build().unwrap().file("space-1", "dentry-1", UnionId("operator-1"));
    let done = patient.download().resume(true).parallel(4).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, error.bytes_written());
    folder.assert_only(NAME, &s.content);
}

#[test]
fn a_store_that_tells_less_is_trusted_less() {
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
        // A first try that breaks off, and a second one.
        s.fault(Fault::Several(vec![Fault::CutAfter(MIB), fault.clone()]));
        s.file().download().resume(true).to_file(folder.target()).unwrap_err();
        let before = s.objects().len();
        let done = s.file().download().resume(true).parallel(3).to_file(folder.target()).unwrap();
        assert_eq!((done.reused, done.etag.is_some(), done.verified), (MIB, etag, verified), "{fault:?}");
        // What is weak is no pin, and what is not known neither.
        let is_strong = matches!(fault, Fault::Crc(None));
        assert!(s.objects()[before..].iter().all(|r| r.header("if-match").is_some() == is_strong));
        folder.assert_only(NAME, &s.content);
    }
}

#[test]
fn a_callback_that_panics_ends_the_download() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(8 * MIB), Folder::new());
        let (file, target) = (s.file(), folder.target());
        let running = thread::spawn(move || {
            let panics = |_| panic!("the caller's own mistake");
            drop(file.download().parallel(parallel).progress(panics).to_file(target));
        });
        let begun = Instant::now();
        while !running.is_finished() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the others wait for a part that nobody fetches"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert!(running.join().is_err(), "the panic is the caller's to see");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
        // The lock is free, too.
        s.file().download().to_file(folder.target()).unwrap();
    }
}

#[test]
fn when_one_part_cannot_be_had_the_others_are_not_fetched_to_their_end() {
    let (s, folder) = (Setup::with(3 * MIB, no_retries), Folder::new());
    s.fault(right());
    // More than five seconds for a megabyte.
    s.fault(Fault::Slow { bytes: 1024, pause: Duration::from_millis(5) });
    s.fault(Fault::object_error(404, "NoSuchKey"));
    let error = s.file().download().resume(true).parallel(2).to_file(folder.target()).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!((FIRST_PART..2 * MIB).contains(&error.bytes_written()), "{}", error.bytes_written());
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, error.bytes_written());
    folder.assert_only(NAME, &s.content);
}
