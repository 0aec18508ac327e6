//! One download to a target at a time.

use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::Progress;

use super::child::{Job, said};
use super::folder::{Folder, NAME};
use super::*;

/// Longer than any machine needs; who waits this long has found a bug.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn assert_busy(result: Result<Downloaded, Error>, folder: &Folder) {
    let error = result.unwrap_err();
    let Error::TargetBusy { path } = &error else { panic!("{error}") };
    assert_eq!(**path, folder.target());
    assert!(error.to_string().contains(NAME), "{error}");
}

#[test]
fn a_second_download_to_the_same_target_is_turned_away() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(3 * MIB), Folder::new());
        let mut tries = 0;
        let intrude = |now: Progress| {
            // When all is reported, the target has its name, and the next may come.
            if now.bytes == 3 * MIB {
                return;
            }
            // Not even the part of the first is touched by the second, whatever it wants.
            for resume in [false, true] {
                let download = s.file().download().resume(resume);
                assert_busy(download.to_file(folder.target()), &folder);
                tries += 1;
            }
        };
        let done = s.file().download().parallel(parallel).progress(intrude).to_file(folder.target()).unwrap();
        assert!(done.verified && tries >= 2, "at the first report");
        folder.assert_only(NAME, &s.content);
        assert_eq!(s.infos(), 1, "the second sent nothing");
        s.file().download().to_file(folder.target()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn by_whatever_path_it_comes() {
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
fn two_targets_in_one_folder_are_two_downloads() {
    let (s, folder) = (Setup::new(1000), Folder::new());
    let other = |_| drop(s.file().download().to_file(folder.join("other")).unwrap());
    s.file().download().progress(other).to_file(folder.target()).unwrap();
    assert_eq!(folder.names(), [NAME, "other"]);
}

#[test]
fn another_process_is_turned_away_too() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let target = folder.target();
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel: 1, resume: true };
    let mut answers = Vec::new();
    let intrude = |now: Progress| {
        if now.bytes < MIB {
            answers.push(said(&job.command().output().unwrap()));
        }
    };
    s.file().download().progress(intrude).to_file(&target).unwrap();
    let busy = format!("busy {}", target.display());
    assert_eq!(answers, [busy.as_str()]);
    folder.assert_only(NAME, &s.content);
    assert_eq!(s.infos(), 1);
    assert_eq!(said(&job.command().output().unwrap()), format!("reused 0 of {MIB}"));
}

#[test]
fn a_dead_process_is_in_nobodys_way() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let target = folder.target();
    s.fault(Fault::StallAfter(300_000));
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel: 1, resume: false };
    let mut child = job.command().spawn().unwrap();
    let begun = Instant::now();
    while s.objects().iter().all(|r| r.answered_status.is_none()) {
        assert!(begun.elapsed() < PATIENCE, "the child never came so far");
        thread::sleep(Duration::from_millis(2));
    }
    assert_busy(s.file().download().to_file(&target), &folder);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it was killed");
    assert!(!folder.names().is_empty(), "its part is there still");
    let done = s.file().download().to_file(&target).unwrap();
    assert_eq!(done.reused, 0);
    folder.assert_only(NAME, &s.content);
}
