//! The lock that permits one download to a target at a time.

use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::Progress;

use super::child::{Job, child_report};
use super::folder::{Folder, NAME};
use super::*;

/// Upper bound for waits, generous enough for a slow machine; exceeding it is a bug.
const HANG_LIMIT: Duration = Duration::from_secs(60);

#[track_caller]
fn assert_busy(result: Result<Downloaded, Error>, folder: &Folder) {
    let error = result.unwrap_err();
    let Error::TargetBusy { path } = &error else { panic!("{error}") };
    assert_eq!(**path, folder.target());
    assert!(error.to_string().contains(NAME), "{error}");
}

#[test]
fn a_second_download_to_the_same_target_is_refused() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(3 * MIB), Folder::new());
        let mut tries = 0;
        let intrude = |now: Progress| {
            // At the last report the target is published, so another download may start.
            if now.bytes == 3 * MIB {
                return;
            }
            // The second download leaves the first one's part alone, with and without `resume`.
            for resume in [false, true] {
                let download = s.file().download().resume(resume);
                assert_busy(download.to_file(folder.target()), &folder);
                tries += 1;
            }
        };
        let done = s.file().download().parallel(parallel).progress(intrude).to_file(folder.target()).unwrap();
        assert!(done.verified && tries >= 2, "the second download ran at the first report");
        folder.assert_only(NAME, &s.content);
        assert_eq!(s.infos(), 1, "the second download sent no request");
        s.file().download().to_file(folder.target()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_lock_holds_for_every_path_to_the_target() {
    use std::fs;
    let (s, folder) = (Setup::new(1000), Folder::new());
    fs::create_dir(folder.join("sub")).unwrap();
    std::os::unix::fs::symlink(".", folder.join("sub/up")).unwrap();
    std::os::unix::fs::symlink("sub", folder.join("way")).unwrap();
    let busy = |path: &str| {
        let result = s.file().download().to_file(folder.join(path));
        assert!(matches!(result, Err(Error::TargetBusy { .. })), "{path}: {result:?}");
    };
    let intrude = |now: Progress| {
        if now.bytes == 1000 {
            return;
        }
        for path in ["sub/file.bin", "way/file.bin", "sub/up/file.bin", "./way/../sub/file.bin"] {
            busy(path);
        }
    };
    let done = s.file().download().progress(intrude).to_file(folder.join("sub/file.bin"));
    assert!(done.unwrap().verified);
}

#[test]
fn different_targets_in_one_folder_do_not_conflict() {
    let (s, folder) = (Setup::new(1000), Folder::new());
    let other = |_| drop(s.file().download().to_file(folder.join("other")).unwrap());
    s.file().download().progress(other).to_file(folder.target()).unwrap();
    assert_eq!(folder.names(), [NAME, "other"]);
}

#[test]
fn a_download_in_another_process_is_refused() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let target = folder.target();
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel: 1, resume: true };
    let mut answers = Vec::new();
    let intrude = |now: Progress| {
        if now.bytes < MIB {
            answers.push(child_report(&job.command().output().unwrap()));
        }
    };
    s.file().download().progress(intrude).to_file(&target).unwrap();
    let busy = format!("busy {}", target.display());
    assert_eq!(answers, [busy.as_str()]);
    folder.assert_only(NAME, &s.content);
    assert_eq!(s.infos(), 1);
    assert_eq!(child_report(&job.command().output().unwrap()), format!("reused 0 of {MIB}"));
}

#[test]
fn a_killed_process_releases_its_lock() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let target = folder.target();
    s.fault(Fault::StallAfter(300_000));
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel: 1, resume: false };
    let mut child = job.command().spawn().unwrap();
    let begun = Instant::now();
    while s.objects().iter().all(|r| r.answered_status.is_none()) {
        assert!(begun.elapsed() < HANG_LIMIT, "the child did not start its download");
        thread::sleep(Duration::from_millis(2));
    }
    assert_busy(s.file().download().to_file(&target), &folder);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "the child was killed");
    assert!(!folder.names().is_empty(), "the part of the killed child still exists");
    let done = s.file().download().to_file(&target).unwrap();
    assert_eq!(done.reused, 0);
    folder.assert_only(NAME, &s.content);
}
