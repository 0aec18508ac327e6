//! What a callback is told, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dingtalk_files::testing::Clock;
use dingtalk_files::{Phase, Progress};

use super::folder::{Folder, NAME};
use super::*;

type Told = (u64, Option<u64>, Phase);

const GOING: Phase = Phase::Transferring;

fn told(now: Progress) -> Told {
    (now.bytes, now.total, now.phase)
}

impl Setup {
    fn reports(&self, folder: &Folder, parallel: usize) -> (Vec<Told>, Result<Downloaded, Error>) {
        let reports = Mutex::new(Vec::new());
        let note = |now| reports.lock().unwrap().push(told(now));
        let download = self.file().download().resume(true).parallel(parallel).progress(note);
        let result = download.to_file(folder.target());
        (reports.into_inner().unwrap(), result)
    }
}

#[track_caller]
fn assert_grows(reports: &[Told]) {
    assert!(reports.windows(2).all(|two| two[0].0 <= two[1].0), "{reports:?}");
}

#[test]
fn while_the_clock_stands_still_there_is_a_first_and_a_last_report() {
    for parallel in [1, 4] {
        for size in [1, 5 * MIB] {
            let (s, folder) = (Setup::new(size), Folder::new());
            let (reports, result) = s.reports(&folder, parallel);
            result.unwrap();
            assert_eq!(reports, [(0, Some(size), GOING), (size, Some(size), GOING)]);
        }
    }
    let (s, folder) = (Setup::new(0), Folder::new());
    assert_eq!(s.reports(&folder, 2).0, [(0, Some(0), GOING), (0, Some(0), GOING)]);
}

#[test]
fn a_writer_is_told_of_its_range() {
    let s = Setup::new(MIB);
    let mut reports = Vec::new();
    let note = |now| reports.push(told(now));
    s.file().download().progress(note).to_writer(&mut Vec::new(), 1000..5000).unwrap();
    assert_eq!(reports, [(0, Some(4000), GOING), (4000, Some(4000), GOING)]);
}

#[test]
fn what_has_no_known_size_has_one_at_the_end() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    s.fault(Fault::Chunked);
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    assert_eq!(reports, [(0, None, GOING), (MIB, Some(MIB), GOING)]);
}

#[test]
fn a_retry_shows_and_takes_nothing_back() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    s.fault(Fault::CutAfter(300_000));
    s.fault(Fault::object_error(503, "ServiceUnavailable"));
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    let all = Some(MIB);
    let [first, begun @ .., going, last] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((*first, *last), ((0, all, GOING), (MIB, all, GOING)));
    // Two failures in a row are one change of what is going on.
    assert_eq!(begun.iter().filter(|told| told.2 == Phase::Retrying).count(), 1, "{reports:?}");
    assert!(begun.contains(&(300_000, all, Phase::Retrying)), "{reports:?}");
    assert!(going.0 > 300_000 && going.2 == GOING, "{reports:?}");
    assert_grows(&reports);
}

#[test]
fn a_failure_before_the_first_answer_shows_too() {
    let (s, folder) = (Setup::new(100), Folder::new());
    s.fault(Fault::CloseWithoutAnswer);
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    assert_eq!(reports, [(0, None, Phase::Retrying), (0, Some(100), GOING), (100, Some(100), GOING)]);
}

#[test]
fn a_resumed_download_checks_and_then_counts_what_was_there() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(300_000));
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap_err();
    assert_eq!(reports, [(0, Some(MIB), GOING)], "no last report after an error");
    for parallel in [1, 3] {
        s.fault(Fault::CutAfter(0));
        let (reports, result) = s.reports(&folder, parallel);
        if parallel == 1 {
            result.unwrap_err();
        }
        assert_eq!(reports[..2], [(0, None, Phase::Checking), (300_000, Some(MIB), GOING)]);
    }
    folder.assert_only(NAME, &s.content);
}

/// Every look at this clock takes 20 ms of it.
#[derive(Debug, Default, Clone)]
pub(super) struct Restless(Arc<AtomicU64>);

impl Clock for Restless {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(20, Ordering::Relaxed))
    }

    fn sleep(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

#[test]
fn while_the_clock_moves_reports_come_at_most_ten_times_a_second() {
    for parallel in [1, 4] {
        let (s, folder, clock) = (Setup::new(20 * MIB), Folder::new(), Restless::default());
        let client = s.fake.client().clock(clock.clone()).build().unwrap();
        let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
        let (mut reports, mut times) = (Vec::new(), Vec::new());
        let note = |now| {
            times.push(clock.0.load(Ordering::Relaxed));
            reports.push(told(now));
        };
        file.download().parallel(parallel).progress(note).to_file(folder.target()).unwrap();
        assert_eq!(reports[0], (0, Some(20 * MIB), GOING));
        assert_eq!(reports.last(), Some(&(20 * MIB, Some(20 * MIB), GOING)));
        assert_grows(&reports);
        // 80 blocks, and for each a look at the clock at least.
        assert!(reports.len() >= 2 + 80 * 20 / 200, "{times:?}");
        if parallel == 1 {
            let gaps = times.windows(2).map(|two| two[1] - two[0]);
            // The last report comes when it is due, which is at the end.
            assert!(gaps.rev().skip(1).all(|gap| gap >= 100), "{times:?}");
        }
    }
}

#[test]
fn bytes_grow_over_several_connections_that_fail() {
    let (s, folder) = (Setup::new(6 * MIB), Folder::new());
    for fault in [Fault::CutAfter(100_000), Fault::ResetAfter(200_000), Fault::CutAfter(0)] {
        s.fault(Fault::Several(Vec::new()));
        s.fault(fault);
    }
    let (reports, result) = s.reports(&folder, 3);
    assert!(result.unwrap().verified);
    assert!(reports.iter().any(|told| told.2 == Phase::Retrying), "{reports:?}");
    assert_eq!(reports.last(), Some(&(6 * MIB, Some(6 * MIB), GOING)));
    assert_grows(&reports);
}

#[test]
fn an_archived_file_is_waited_for_at_the_pace_one_asked_for() {
    let (s, folder) = (Setup::new(100), Folder::new());
    for _ in 0..3 {
        s.fake.fault(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    }
    let every = Duration::from_secs(30);
    let mut reports = Vec::new();
    let note = |now| reports.push(told(now));
    let file = s.file().wait_for_restore(every, Duration::from_secs(3600));
    file.download().progress(note).to_file(folder.target()).unwrap();
    assert_eq!(s.clock.sleeps(), [every; 3]);
    assert_eq!(s.infos(), 4);
    assert_eq!(reports, [(0, None, Phase::Restoring), (0, Some(100), GOING), (100, Some(100), GOING)]);
    folder.assert_only(NAME, &s.content);
}

#[test]
fn the_wait_for_an_archived_file_has_an_end() {
    let every = Duration::from_secs(30);
    // (at most, overall, waits): a wait that would end too late is not begun.
    let table = [(100, None, 3), (90, None, 3), (89, None, 2), (3600, Some(65), 2), (29, None, 0)];
    for (at_most, overall, waits) in table {
        let (s, folder) = (
            Setup::with(100, |builder| match overall {
                Some(limit) => builder.overall_timeout(Duration::from_secs(limit)),
                None => builder,
            }),
            Folder::new(),
        );
        s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
        let file = s.file().wait_for_restore(every, Duration::from_secs(at_most));
        let error = file.download().resume(true).to_file(folder.target()).unwrap_err();
        assert_eq!(error.code(), Some("fileArchived"));
        assert_eq!(s.clock.sleeps(), vec![every; waits], "{at_most} {overall:?}");
        assert_eq!(s.infos(), waits + 1);
        assert!(folder.names().is_empty() && s.objects().is_empty());
    }
    // Other errors are not waited for, nor is this one unasked.
    let s = Setup::new(100);
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    assert_eq!(s.get(..).1.unwrap_err().code(), Some("fileArchived"));
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "permissionDenied"));
    let file = s.file().wait_for_restore(every, Duration::from_secs(3600));
    assert!(file.download_to(&mut Vec::new(), ..).unwrap_err().is_permission_denied());
    assert!(s.clock.sleeps().is_empty());
}

#[test]
fn a_new_object_on_the_server_does_not_take_back_what_was_reported() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::with(4 * MIB, no_retries), Folder::new());
        s.fault(Fault::CutAfter(300_000));
        s.reports(&folder, 1).1.unwrap_err();
        s.fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern_with_seed(2 * MIB, 1));
        let (reports, result) = s.reports(&folder, parallel);
        assert_eq!(result.unwrap().reused, 0);
        let all = Some(2 * MIB);
        assert_eq!(reports, [(0, None, Phase::Checking), (0, all, GOING), (2 * MIB, all, GOING)]);
    }
}
