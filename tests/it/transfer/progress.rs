//! Contents and timing of progress reports.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dingtalk_files::testing::Clock;
use dingtalk_files::{FileStat, Phase, Progress};

use super::folder::{Folder, NAME};
use super::*;

type Report = (u64, Option<u64>, Phase);

const TRANSFERRING: Phase = Phase::Transferring;

fn report(now: Progress) -> Report {
    (now.bytes, now.total, now.phase)
}

impl Setup {
    fn reports(&self, folder: &Folder, parallel: usize) -> (Vec<Report>, Result<Downloaded, Error>) {
        let reports = Mutex::new(Vec::new());
        let record = |now| reports.lock().unwrap().push(report(now));
        let download = self.file().download().resume(true).parallel(parallel).progress(record);
        let result = download.to_file(folder.target());
        (reports.into_inner().unwrap(), result)
    }
}

#[track_caller]
fn assert_grows(reports: &[Report]) {
    assert!(reports.windows(2).all(|two| two[0].0 <= two[1].0), "{reports:?}");
}

#[test]
fn only_the_first_and_last_reports_are_made_if_no_time_passes() {
    for parallel in [1, 4] {
        for size in [1, 5 * MIB] {
            let (s, folder) = (Setup::new(size), Folder::new());
            let (reports, result) = s.reports(&folder, parallel);
            result.unwrap();
            assert_eq!(reports, [(0, Some(size), TRANSFERRING), (size, Some(size), TRANSFERRING)]);
        }
    }
    let (s, folder) = (Setup::new(0), Folder::new());
    assert_eq!(s.reports(&folder, 2).0, [(0, Some(0), TRANSFERRING), (0, Some(0), TRANSFERRING)]);
}

#[test]
fn progress_of_a_range_counts_the_bytes_of_the_range() {
    let s = Setup::new(MIB);
    let mut reports = Vec::new();
    let record = |now| reports.push(report(now));
    s.file().download().progress(record).to_writer(&mut Vec::new(), 1000..5000).unwrap();
    assert_eq!(reports, [(0, Some(4000), TRANSFERRING), (4000, Some(4000), TRANSFERRING)]);
}

#[test]
fn an_unknown_total_is_reported_at_the_end() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    s.fault(Fault::Chunked);
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    assert_eq!(reports, [(0, None, TRANSFERRING), (MIB, Some(MIB), TRANSFERRING)]);
}

#[test]
fn a_retry_is_reported_without_reducing_the_bytes() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    s.fault(Fault::CutAfter(300_000));
    s.fault(Fault::object_error(503, "ServiceUnavailable"));
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    let all = Some(MIB);
    let [first, retries @ .., resumed, last] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((*first, *last), ((0, all, TRANSFERRING), (MIB, all, TRANSFERRING)));
    // Two consecutive failures are reported as one change of phase.
    assert_eq!(retries.iter().filter(|report| report.2 == Phase::Retrying).count(), 1, "{reports:?}");
    assert!(retries.contains(&(300_000, all, Phase::Retrying)), "{reports:?}");
    assert!(resumed.0 > 300_000 && resumed.2 == TRANSFERRING, "{reports:?}");
    assert_grows(&reports);
}

#[test]
fn a_failure_before_the_first_answer_is_reported() {
    let (s, folder) = (Setup::new(100), Folder::new());
    s.fault(Fault::CloseWithoutAnswer);
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap();
    assert_eq!(
        reports,
        [(0, None, Phase::Retrying), (0, Some(100), TRANSFERRING), (100, Some(100), TRANSFERRING)]
    );
}

#[test]
fn a_resumed_download_reports_checking_and_then_counts_the_kept_bytes() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(300_000));
    let (reports, result) = s.reports(&folder, 1);
    result.unwrap_err();
    assert_eq!(reports, [(0, Some(MIB), TRANSFERRING)], "an error is not followed by a last report");
    for parallel in [1, 3] {
        s.fault(Fault::CutAfter(0));
        let (reports, result) = s.reports(&folder, parallel);
        if parallel == 1 {
            result.unwrap_err();
        }
        assert_eq!(reports[..2], [(0, None, Phase::Checking), (300_000, Some(MIB), TRANSFERRING)]);
    }
    folder.assert_only(NAME, &s.content);
}

/// A clock that advances by 20 ms each time it is read.
#[derive(Debug, Default, Clone)]
pub(super) struct AdvancingClock(Arc<AtomicU64>);

impl Clock for AdvancingClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(20, Ordering::Relaxed))
    }

    fn sleep(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

#[test]
fn reports_are_made_at_most_ten_times_a_second() {
    for parallel in [1, 4] {
        let (s, folder, clock) = (Setup::new(20 * MIB), Folder::new(), AdvancingClock::default());
        let client = s.fake.client().clock(clock.clone()).build().unwrap();
        let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
        let (mut reports, mut times) = (Vec::new(), Vec::new());
        let record = |now| {
            times.push(clock.0.load(Ordering::Relaxed));
            reports.push(report(now));
        };
        file.download().parallel(parallel).progress(record).to_file(folder.target()).unwrap();
        assert_eq!(reports[0], (0, Some(20 * MIB), TRANSFERRING));
        assert_eq!(reports.last(), Some(&(20 * MIB, Some(20 * MIB), TRANSFERRING)));
        assert_grows(&reports);
        // There are 80 blocks, and the clock is read at least once for each.
        assert!(reports.len() >= 2 + 80 * 20 / 200, "{times:?}");
        if parallel == 1 {
            let gaps = times.windows(2).map(|two| two[1] - two[0]);
            // The last report is made at the end, however soon that is.
            assert!(gaps.rev().skip(1).all(|gap| gap >= 100), "{times:?}");
        }
    }
}

#[test]
fn reported_bytes_grow_although_connections_fail() {
    let (s, folder) = (Setup::new(6 * MIB), Folder::new());
    for fault in [Fault::CutAfter(100_000), Fault::ResetAfter(200_000), Fault::CutAfter(0)] {
        s.fault(Fault::Several(Vec::new()));
        s.fault(fault);
    }
    let (reports, result) = s.reports(&folder, 3);
    assert!(result.unwrap().verified);
    assert!(reports.iter().any(|report| report.2 == Phase::Retrying), "{reports:?}");
    assert_eq!(reports.last(), Some(&(6 * MIB, Some(6 * MIB), TRANSFERRING)));
    assert_grows(&reports);
}

#[test]
fn an_archived_file_is_polled_at_the_configured_interval() {
    let (s, folder) = (Setup::new(100), Folder::new());
    for _ in 0..3 {
        s.fake.fault(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    }
    let interval = Duration::from_secs(30);
    let mut reports = Vec::new();
    let record = |now| reports.push(report(now));
    let file = s.file().wait_for_restore(interval, Duration::from_secs(3600));
    file.download().progress(record).to_file(folder.target()).unwrap();
    assert_eq!(s.clock.sleeps(), [interval; 3]);
    assert_eq!(s.infos(), 4);
    assert_eq!(
        reports,
        [(0, None, Phase::Restoring), (0, Some(100), TRANSFERRING), (100, Some(100), TRANSFERRING)]
    );
    folder.assert_only(NAME, &s.content);
}

#[test]
fn the_wait_for_an_archived_file_is_limited() {
    let interval = Duration::from_secs(30);
    // (at most, overall, waits): a wait that would exceed a limit is not started.
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
        let file = s.file().wait_for_restore(interval, Duration::from_secs(at_most));
        let error = file.download().resume(true).to_file(folder.target()).unwrap_err();
        assert_eq!(error.code(), Some("fileArchived"));
        assert_eq!(s.clock.sleeps(), vec![interval; waits], "{at_most} {overall:?}");
        assert_eq!(s.infos(), waits + 1);
        assert!(folder.names().is_empty() && s.objects().is_empty());
    }
    // Other errors are returned immediately, and so is this one without `wait_for_restore`.
    let s = Setup::new(100);
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "fileArchived"));
    assert_eq!(s.get(..).1.unwrap_err().code(), Some("fileArchived"));
    s.fake.fault_always(Target::DownloadInfo, Fault::api_error(400, "permissionDenied"));
    let file = s.file().wait_for_restore(interval, Duration::from_secs(3600));
    assert!(file.download_to(&mut Vec::new(), ..).unwrap_err().is_permission_denied());
    assert!(s.clock.sleeps().is_empty());
}

#[test]
fn a_restart_for_a_new_object_does_not_reduce_the_reported_bytes() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::with(4 * MIB, no_retries), Folder::new());
        s.fault(Fault::CutAfter(300_000));
        s.reports(&folder, 1).1.unwrap_err();
        s.fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern_with_seed(2 * MIB, 1));
        let (reports, result) = s.reports(&folder, parallel);
        assert_eq!(result.unwrap().reused, 0);
        let all = Some(2 * MIB);
        assert_eq!(
            reports,
            [(0, None, Phase::Checking), (0, all, TRANSFERRING), (2 * MIB, all, TRANSFERRING)]
        );
    }
}

#[test]
fn the_object_is_reported_once_before_the_first_byte() {
    let s = Setup::new(MIB);
    let expected = s.file().stat().unwrap();
    let order = Mutex::new(Vec::new());
    let mut writer = AtFirstWrite(Some(|| order.lock().unwrap().push("write".to_owned())), Vec::new());
    s.fault(Fault::CutAfter(300_000));
    let report = |object: &FileStat| {
        assert_eq!(*object, expected);
        order.lock().unwrap().push("object".to_owned());
    };
    s.file().download().on_object(report).to_writer(&mut writer, 100..).unwrap();
    assert!(writer.1 == s.content.bytes(100..MIB));
    assert_eq!(*order.lock().unwrap(), ["object", "write"]);

    // An object that is replaced before the first byte is not reported. An empty one is reported at the end.
    let s = Setup::new(1000);
    s.fault(Fault::CutAfter(0));
    s.fault(Fault::ReplaceObject("goodbye!".into()));
    let mut sizes = Vec::new();
    let mut bytes = Vec::new();
    s.file().download().on_object(|object| sizes.push(object.size)).to_writer(&mut bytes, ..).unwrap();
    assert_eq!((bytes.as_slice(), &sizes), (&b"goodbye!"[..], &vec![Some(8)]));
    s.fake.put_file("space-1", "empty", "empty.bin", "");
    let empty = s.client.file("space-1", "empty", UnionId("operator-1"));
    empty.download().on_object(|object| sizes.push(object.size)).to_writer(&mut Vec::new(), ..).unwrap();
    assert_eq!(sizes, [Some(8), Some(0)]);

    // Errors before the first byte report no object.
    let never = |_: &FileStat| panic!("no object");
    s.file().download().on_object(never).to_writer(&mut Vec::new(), 2 * MIB..).unwrap_err();
    let error = s.file().download().on_object(never).to_file("unused").unwrap_err();
    assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("`on_object`")), "{error}");
}
