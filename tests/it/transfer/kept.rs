//! The download info that a file keeps from one download to the next.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::folder::Folder;
use super::*;

#[test]
fn several_downloads_and_a_stat_share_one_info() {
    let s = Setup::new(MIB);
    let file = s.file();
    for start in 0..5 {
        let mut bytes = Vec::new();
        file.download_to(&mut bytes, start * 1000..(start + 1) * 1000).unwrap();
        assert!(bytes == s.content.bytes(start * 1000..(start + 1) * 1000));
    }
    assert_eq!(file.stat().unwrap().size, Some(MIB));
    let folder = Folder::new();
    file.clone().download().parallel(3).to_file(folder.target()).unwrap();
    assert_eq!(s.infos(), 1);
    // A new value for the same file requests its own info, and so does another version.
    s.assert_gets(..10, 0..10);
    file.version(1).download_to(&mut Vec::new(), ..).unwrap();
    assert_eq!(s.infos(), 3);
}

#[test]
fn an_info_that_expires_soon_is_replaced() {
    let s = Setup::new(1000);
    let file = s.file();
    for (wait, infos) in [(0, 1), (800, 1), (60, 2), (100, 2), (3600, 3)] {
        s.clock.advance(Duration::from_secs(wait));
        file.download_to(&mut Vec::new(), ..).unwrap();
        assert_eq!(s.infos(), infos, "after {wait} more seconds");
    }
}

#[test]
fn a_refused_signature_is_replaced_for_the_downloads_that_follow() {
    let s = Setup::new(1000);
    let file = s.file();
    file.download_to(&mut Vec::new(), ..).unwrap();
    s.fake.lapse_signatures();
    for _ in 0..3 {
        file.download_to(&mut Vec::new(), ..).unwrap();
    }
    assert_eq!((s.infos(), s.objects().len()), (2, 5));
}

#[test]
fn the_kept_info_names_one_version_and_download_info_requests_another() {
    let s = Setup::new(1000);
    let file = s.file();
    file.download_to(&mut Vec::new(), ..).unwrap();
    let newer = Content::pattern_with_seed(500, 9);
    s.fake.put_file("space-1", "dentry-1", "file.bin", newer.clone());
    assert_eq!(file.stat().unwrap().size, Some(1000));
    file.download_info().unwrap();
    let mut bytes = Vec::new();
    file.download_to(&mut bytes, ..).unwrap();
    assert!(bytes == newer.bytes(0..500));
    assert_eq!(s.infos(), 2);
}

#[test]
fn a_kept_url_whose_object_is_gone_is_replaced() {
    let s = Setup::new(1000);
    let file = s.file();
    file.download_to(&mut Vec::new(), ..).unwrap();
    s.fake.put_file("space-1", "dentry-1", "file.bin", "newer");
    let is_old = |request: &Recorded| request.path.ends_with("/1");
    s.fake.fault_when(Target::Object, is_old, Fault::object_error(404, "NoSuchKey"));
    let mut bytes = Vec::new();
    assert!(file.download_to(&mut bytes, ..).unwrap().verified);
    assert_eq!((bytes.as_slice(), s.infos()), (&b"newer"[..], 2));

    // A fresh URL whose object is gone is an error, without another call.
    s.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    let error = s.file().download_to(&mut Vec::new(), ..).unwrap_err();
    assert_eq!((error.code(), s.infos()), (Some("NoSuchKey"), 3));
}

#[test]
fn a_failed_download_discards_the_kept_info_but_a_local_failure_does_not() {
    let s = Setup::new(MIB);
    let file = s.file();
    let changed = s.content.clone();
    s.fault(Fault::CutAfter(300_000));
    let mut writer = AtFirstWrite(
        Some(|| s.fake.fault(Target::Object, Fault::ReplaceObject(Content::pattern_with_seed(MIB, 3)))),
        Vec::new(),
    );
    let error = file.download_to(&mut writer, ..).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { .. }), "{error}");
    assert!(writer.1 == changed.bytes(0..writer.1.len() as u64));
    assert_eq!(s.infos(), 1);
    file.download_to(&mut Vec::new(), ..).unwrap();
    assert_eq!(s.infos(), 2);

    file.download_to(&mut LimitedWriter(1000), ..).unwrap_err();
    file.download().max_bytes(10).to_writer(&mut Vec::new(), ..).unwrap_err();
    file.download_to(&mut Vec::new(), ..).unwrap();
    assert_eq!(s.infos(), 2);

    // The file may have grown: a range past its end is worth another call, but not more than one each minute.
    for _ in 0..10 {
        file.download_to(&mut Vec::new(), 2 * MIB..).unwrap_err();
        file.download().if_match("\"other\"").to_writer(&mut Vec::new(), ..).unwrap_err();
    }
    file.download_to(&mut Vec::new(), ..).unwrap();
    assert_eq!(s.infos(), 2);
    s.clock.advance(Duration::from_secs(61));
    file.download_to(&mut Vec::new(), 2 * MIB..).unwrap_err();
    s.fake.put_file("space-1", "dentry-1", "file.bin", Content::pattern(3 * MIB));
    assert_eq!(file.download_to(&mut Vec::new(), 2 * MIB..).unwrap().bytes, MIB);
    assert_eq!(s.infos(), 3);
}

#[test]
fn the_next_download_starts_with_the_url_that_worked() {
    let s = Setup::new(1000);
    s.fake.set_resource_urls(vec!["http://127.0.0.1:1/gone".to_owned(), "{good}".to_owned()]);
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&attempts);
    let client = s.fake.client().clock(s.clock.clone()).observer(move |event| {
        if event.operation == "GET object" && event.kind == dingtalk_files::EventKind::Attempt {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let file = client.build().unwrap().file("space-1", "dentry-1", UnionId("operator-1"));
    for expected in [2, 3, 4] {
        file.download_to(&mut Vec::new(), ..).unwrap();
        assert_eq!(attempts.load(Ordering::Relaxed), expected);
    }
}

#[test]
fn a_resumed_download_after_a_failure_uses_a_fresh_info() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let file = s.file();
    s.fault(Fault::CutAfter(400_000));
    s.fault(Fault::object_error(404, "NoSuchKey"));
    file.download().resume(true).to_file(folder.target()).unwrap_err();
    let done = file.download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!((done.reused, done.verified, s.infos()), (400_000, true, 2));
    assert!(fs::read(folder.target()).unwrap() == s.content.bytes(0..MIB));
}

#[test]
fn threads_that_share_a_file_request_one_info() {
    let s = Setup::new(1000);
    let file = s.file();
    let download_all = || {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| file.download_to(&mut Vec::new(), ..).unwrap())).collect();
            for thread in threads {
                assert!(thread.join().unwrap().verified);
            }
        });
    };
    download_all();
    assert_eq!(s.infos(), 1);
    s.fake.lapse_signatures();
    download_all();
    assert_eq!(s.infos(), 2);
    // A request that fails is the failure of its own download. The others make their own requests.
    s.clock.advance(Duration::from_secs(900));
    s.fake.fault(Target::DownloadInfo, Fault::api_error(403, "permissionDenied"));
    let failed = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| file.download_to(&mut Vec::new(), ..).is_err())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|is_error| *is_error).count()
    });
    assert_eq!(failed, 1);
}

#[test]
fn a_cancel_flag_ends_the_wait_for_the_info_of_another_thread() {
    let s = Setup::new(1000);
    let file = s.file();
    s.fake.fault(Target::DownloadInfo, Fault::StallBeforeAnswer);
    let flags = [AtomicBool::new(false), AtomicBool::new(false)];
    let download = |flag| file.download().cancel(flag).to_writer(&mut Vec::new(), ..).unwrap_err();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| download(&flags[0]));
        while s.infos() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let second = scope.spawn(|| download(&flags[1]));
        flags[1].store(true, Ordering::Relaxed);
        let error = second.join().unwrap();
        assert!(matches!(error, Error::Cancelled { done: 0 }), "{error}");
        assert!(!first.is_finished());
        flags[0].store(true, Ordering::Relaxed);
        first.join().unwrap();
    });
    assert_eq!(s.infos(), 1);
}

/// The writer gets the bytes that have arrived, although the server sends no more.
#[test]
fn a_stalled_server_holds_no_bytes_back() {
    let s = Setup::new(MIB);
    for count in [1, 1000, 10_000, 200_000] {
        s.fault(Fault::StallAfter(count));
        let flag = AtomicBool::new(false);
        let mut writer = Until { count, flag: &flag, written: 0 };
        let result = s.file().download().cancel(&flag).to_writer(&mut writer, ..);
        assert!(matches!(result, Err(Error::Cancelled { done }) if done == count), "{result:?}");
    }
}

/// Sets the flag when it has this many bytes.
struct Until<'a> {
    count: u64,
    flag: &'a AtomicBool,
    written: u64,
}

impl Write for Until<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.written += buf.len() as u64;
        self.flag.store(self.written >= self.count, Ordering::Relaxed);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
