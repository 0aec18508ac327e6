//! Downloads to a file: the file is published completely, or nothing changes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::child::{Job, child_report};
#[cfg(unix)]
use super::folder::{CHECKPOINT, assert_content};
use super::folder::{Folder, NAME, names_in};
use super::*;

#[test]
fn the_target_is_complete_verified_and_alone_in_the_folder() {
    for size in [0, 1, 5 * MIB + 123] {
        let (s, folder) = (Setup::new(size), Folder::new());
        let done = s.file().download().to_file(folder.target()).unwrap();
        assert_eq!((done.bytes, &done.range, done.size, done.reused), (size, &(0..size), Some(size), 0));
        assert!(done.verified && done.etag.is_some());
        folder.assert_only(NAME, &s.content);
        assert_eq!(s.ranges(), [None], "one request for the whole file");
    }
}

#[test]
fn a_longer_old_file_is_replaced_completely() {
    let (s, folder) = (Setup::new(1000), Folder::new());
    fs::write(folder.target(), vec![7; 5000]).unwrap();
    s.file().download().to_file(folder.target()).unwrap();
    folder.assert_only(NAME, &s.content);
}

#[cfg(unix)]
#[test]
fn the_permissions_of_the_old_file_are_kept_and_never_exceeded() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for old in [0o600, 0o640, 0o400, 0o666] {
        for resume in [false, true] {
            let (s, folder) = (Setup::new(MIB), Folder::new());
            fs::write(folder.target(), "old").unwrap();
            fs::set_permissions(folder.target(), fs::Permissions::from_mode(old)).unwrap();
            let mut inspections = 0;
            let inspect = |_| {
                // At the last report the part has already become the target.
                if let Ok(part) = fs::metadata(folder.part()) {
                    inspections += 1;
                    let part = part.permissions().mode() & 0o077;
                    assert_eq!(part & !old, 0, "{part:o} beside {old:o}");
                }
            };
            s.file().download().resume(resume).progress(inspect).to_file(folder.target()).unwrap();
            assert!(inspections > 0);
            assert_eq!(mode(&folder.target()), old);
            folder.assert_only(NAME, &s.content);
        }
    }
    // Without an old file, the target has the default permissions.
    let (s, folder, other) = (Setup::new(10), Folder::new(), Folder::new());
    fs::write(other.target(), "").unwrap();
    s.file().download().to_file(folder.target()).unwrap();
    assert_eq!(mode(&folder.target()), mode(&other.target()));
}

#[cfg(unix)]
#[test]
fn a_symlink_target_is_replaced_at_its_destination() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    fs::create_dir(folder.join("there")).unwrap();
    fs::write(folder.join("there/real.bin"), "old").unwrap();
    std::os::unix::fs::symlink("there/real.bin", folder.join("link")).unwrap();
    let inspect =
        |_| assert_eq!(folder.names(), ["link", "there"], "the part is in the folder of the real file");
    s.file().download().progress(inspect).to_file(folder.join("link")).unwrap();
    assert_eq!(fs::read_link(folder.join("link")).unwrap(), Path::new("there/real.bin"));
    assert_content(&folder.join("there/real.bin"), &s.content);
    assert_eq!(names_in(&folder.join("there")), ["real.bin"]);
}

/// Asserts that an invalid target is refused without a request, and that the error names it.
#[track_caller]
fn assert_refused(target: &Path, named: &Path, is_right: impl Fn(&Error) -> bool) {
    for resume in [false, true] {
        let s = Setup::new(100);
        let error = s.file().download().resume(resume).to_file(target).unwrap_err();
        assert!(is_right(&error), "{error}");
        assert!(
            error.to_string().contains(named.to_str().unwrap()),
            "{error} does not name {}",
            named.display()
        );
        assert!(s.fake.requests().is_empty(), "{error}");
    }
}

fn is_argument(error: &Error) -> bool {
    matches!(error, Error::InvalidArgument(_))
}

fn is_file(kind: ErrorKind) -> impl Fn(&Error) -> bool {
    move |error| matches!(error, Error::File(e) if e.cause.kind() == kind && e.written == 0 && !e.kept)
}

#[test]
fn invalid_targets_are_refused_without_a_request() {
    let folder = Folder::new();
    fs::write(folder.join("plain"), "old").unwrap();
    fs::create_dir(folder.join("sub")).unwrap();
    let refuse = |name: &str, is_right: &dyn Fn(&Error) -> bool| {
        let target = folder.join(name);
        assert_refused(&target, &target, is_right);
    };
    refuse("sub", &is_argument);
    refuse("sub/..", &is_argument);
    refuse("no-folder/file.bin", &is_file(ErrorKind::NotFound));
    // These names denote folders, existing or not.
    for name in ["nothing/", "nothing/.", "plain/", "sub/"] {
        refuse(name, &is_argument);
    }
    #[cfg(unix)]
    {
        // The target's name is too long, although the part's name would be shorter.
        refuse(&"x".repeat(256), &|error| matches!(error, Error::File(_)));
        // Fails for root too, who may write to every folder.
        refuse("plain/file.bin", &is_file(ErrorKind::NotADirectory));
        std::os::unix::fs::symlink("nowhere", folder.join("dangling")).unwrap();
        refuse("dangling", &is_file(ErrorKind::NotFound));
        std::os::unix::fs::symlink("sub", folder.join("to-folder")).unwrap();
        refuse("to-folder", &is_argument);
        assert_refused(Path::new("/dev/null"), Path::new("/dev/null"), is_argument);
        assert_eq!(folder.names(), ["dangling", "plain", "sub", "to-folder"]);
    }
    assert_refused(Path::new(""), Path::new(""), is_argument);
    assert_eq!(fs::read(folder.join("plain")).unwrap(), b"old");
    assert!(names_in(&folder.join("sub")).is_empty());
}

#[cfg(unix)]
#[test]
fn a_symlink_at_the_part_path_is_not_written_through() {
    for resume in [false, true] {
        let (s, folder) = (Setup::new(100), Folder::new());
        fs::write(folder.join("victim"), "precious").unwrap();
        std::os::unix::fs::symlink("victim", folder.part()).unwrap();
        s.file().download().resume(resume).to_file(folder.target()).unwrap();
        assert_eq!(fs::read(folder.join("victim")).unwrap(), b"precious");
        assert_eq!(folder.names(), [NAME, "victim"]);
    }
}

#[cfg(unix)]
#[test]
fn a_symlink_at_the_checkpoint_path_is_not_written_through() {
    for name in [CHECKPOINT, "file.bin.dingtalk-checkpoint-new"] {
        let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
        fs::write(folder.join("victim"), "precious").unwrap();
        std::os::unix::fs::symlink("victim", folder.join(name)).unwrap();
        s.fault(Fault::CutAfter(1000));
        s.file().download().resume(true).to_file(folder.target()).unwrap_err();
        assert_eq!(fs::read(folder.join("victim")).unwrap(), b"precious", "{name}");
        let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!(done.reused, 1000);
        assert_eq!(folder.names(), [NAME, "victim"]);
    }
}

#[test]
fn no_clobber_refuses_an_existing_target() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    fs::write(folder.target(), "old").unwrap();
    let error = s.file().download().no_clobber(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(&error, Error::TargetExists { path } if **path == folder.target()), "{error}");
    assert!(s.fake.requests().is_empty());
    folder.assert_only(NAME, &Content::from("old"));

    fs::remove_file(folder.target()).unwrap();
    s.file().download().no_clobber(true).to_file(folder.target()).unwrap();
    folder.assert_only(NAME, &s.content);
}

#[test]
fn no_clobber_keeps_a_file_created_during_the_download() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(3 * MIB), Folder::new());
        let intrude = |_| fs::write(folder.target(), "somebody else's").unwrap();
        let download = s.file().download().parallel(parallel).no_clobber(true).progress(intrude);
        let error = download.to_file(folder.target()).unwrap_err();
        assert!(matches!(&error, Error::TargetExists { path } if **path == folder.target()), "{error}");
        folder.assert_only(NAME, &Content::from("somebody else's"));
    }
}

#[test]
fn a_file_larger_than_max_bytes_is_refused_before_the_first_write() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    for parallel in [1, 2] {
        let download = s.file().download().parallel(parallel).max_bytes(MIB - 1);
        let error = download.to_file(folder.target()).unwrap_err();
        let known = matches!(error, Error::TooLarge { size, limit } if (size, limit) == (MIB, MIB - 1));
        assert!(known && error.bytes_written() == 0, "{error}");
        assert!(folder.names().is_empty());
        let download = s.file().download().parallel(parallel).max_bytes(MIB);
        download.to_file(folder.target()).unwrap();
        folder.assert_only(NAME, &s.content);
        fs::remove_file(folder.target()).unwrap();
    }
}

#[test]
fn a_body_of_unknown_size_beyond_max_bytes_leaves_no_files() {
    let (s, folder) = (Setup::new(2 * MIB), Folder::new());
    s.fault(Fault::Chunked);
    let error = s.file().download().max_bytes(MIB).to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size, limit: MIB } if size > MIB), "{error}");
    assert!(folder.names().is_empty());
    // The same body within the limit.
    s.fault(Fault::Chunked);
    let done = s.file().download().max_bytes(2 * MIB).to_file(folder.target()).unwrap();
    assert!(done.verified);
    assert_eq!((done.bytes, done.size), (2 * MIB, Some(2 * MIB)));
    folder.assert_only(NAME, &s.content);
}

#[test]
fn long_and_unusual_names_are_supported() {
    let long = "x".repeat(250);
    let chinese = "文件".repeat(40);
    // Windows strips trailing blanks from a name, and refuses double quotes.
    let blanks = if cfg!(windows) { " two  spaces" } else { " two  spaces " };
    let quoted = if cfg!(windows) { "it's 'quoted' & 100%.bin" } else { "it's \"quoted\" & 100%.bin" };
    for name in [long.as_str(), &chinese, blanks, quoted, ".hidden"] {
        let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
        s.fault(Fault::CutAfter(400_000));
        s.file().download().resume(true).to_file(folder.join(name)).unwrap_err();
        assert_eq!(folder.names().len(), 2, "part and checkpoint");
        let done = s.file().download().resume(true).to_file(folder.join(name)).unwrap();
        assert_eq!(done.reused, 400_000);
        folder.assert_only(name, &s.content);
    }
}

#[test]
fn long_names_with_a_common_prefix_do_not_share_a_part() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    let name = |last: &str| format!("{}{last}", "x".repeat(249));
    s.fault(Fault::CutAfter(1000));
    s.file().download().resume(true).to_file(folder.join(&name("a"))).unwrap_err();
    let done = s.file().download().resume(true).to_file(folder.join(&name("b"))).unwrap();
    assert_eq!(done.reused, 0);
    let done = s.file().download().resume(true).to_file(folder.join(&name("a"))).unwrap();
    assert_eq!(done.reused, 1000);
    assert_eq!(folder.names(), [name("a"), name("b")]);
}

#[test]
fn a_bare_name_refers_to_the_current_directory() {
    // Runs in a child process, because the current directory belongs to the whole process.
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let target = PathBuf::from(NAME);
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel: 1, resume: true };
    let output = job.command().current_dir(folder.path()).output().unwrap();
    assert_eq!(child_report(&output), format!("reused 0 of {MIB}"));
    folder.assert_only(NAME, &s.content);
}

#[test]
fn the_target_is_never_visible_incomplete() {
    for old in [None, Some("old")] {
        for parallel in [1, 3] {
            let (s, folder) = (Setup::new(2 * MIB), Folder::new());
            let new = s.content.bytes(0..2 * MIB);
            let target = folder.target();
            if let Some(old) = old {
                fs::write(&target, old).unwrap();
            }
            let is_old = |found: &Option<Vec<u8>>| found.as_deref() == old.map(str::as_bytes);
            s.fake.fault_always(
                Target::Object,
                Fault::Slow { bytes: 128 * 1024, pause: Duration::from_millis(5) },
            );
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                let watcher = scope.spawn(|| {
                    let mut inspections = 0;
                    while !is_over.load(Ordering::Acquire) {
                        let found = fs::read(&target).ok();
                        assert!(is_old(&found) || found.as_ref() == Some(&new), "the target is incomplete");
                        inspections += 1;
                        // Windows cannot replace a file while the file is open.
                        if cfg!(windows) {
                            thread::sleep(Duration::from_millis(5));
                        }
                    }
                    inspections
                });
                // Before the last report the target is unchanged.
                let inspect = |now: dingtalk_files::Progress| {
                    assert!(now.bytes == 2 * MIB || is_old(&fs::read(&target).ok()));
                };
                let result = s.file().download().parallel(parallel).progress(inspect).to_file(&target);
                is_over.store(true, Ordering::Release);
                result.unwrap();
                assert!(watcher.join().unwrap() > 0);
            });
            folder.assert_only(NAME, &s.content);
        }
    }
}

#[test]
fn a_failed_download_leaves_the_folder_unchanged() {
    type IsRight = fn(&Error) -> bool;
    let faults: [(Fault, IsRight); 4] = [
        (Fault::CutAfter(300_000), |e| matches!(e, Error::Interrupted { written: 300_000, kept: false, .. })),
        (Fault::object_error(404, "NoSuchKey"), Error::is_not_found),
        (Fault::CorruptByte(5), |e| matches!(e, Error::ChecksumMismatch { .. })),
        (Fault::CloseWithoutAnswer, Error::is_transient),
    ];
    for (fault, is_right) in faults {
        for old in [false, true] {
            let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
            if old {
                fs::write(folder.target(), "old").unwrap();
            }
            s.fault(fault.clone());
            let error = s.file().download().to_file(folder.target()).unwrap_err();
            assert!(is_right(&error), "{error}");
            if old {
                folder.assert_only(NAME, &Content::from("old"));
            } else {
                assert!(folder.names().is_empty(), "{:?} after {error}", folder.names());
            }
        }
    }
}

#[test]
fn a_failed_rename_is_a_file_error() {
    for resume in [false, true] {
        let (s, folder) = (Setup::new(MIB), Folder::new());
        let target = folder.target();
        // A folder with the target's name is created during the download.
        let intrude = |_| fs::create_dir_all(&target).unwrap();
        let error = s.file().download().resume(resume).progress(intrude).to_file(&target).unwrap_err();
        let Error::File(failed) = &error else { panic!("{error}") };
        assert_eq!((&failed.path, failed.written, failed.kept), (&target, MIB, resume), "{error}");
        fs::remove_dir(&target).unwrap();
        if resume {
            let done = s.file().download().resume(true).to_file(&target).unwrap();
            assert_eq!(done.reused, MIB - 1);
            folder.assert_only(NAME, &s.content);
        } else {
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
    }
}

/// Not on Windows, which does not remove a folder that contains an open file.
#[cfg(unix)]
#[test]
fn a_folder_removed_during_the_download_is_a_file_error() {
    let (s, folder) = (Setup::new(3 * MIB), Folder::new());
    fs::create_dir(folder.join("sub")).unwrap();
    let vanish = |_| drop(fs::remove_dir_all(folder.join("sub")));
    for parallel in [1, 2] {
        let _ = fs::create_dir(folder.join("sub"));
        let download = s.file().download().resume(true).parallel(parallel).progress(vanish);
        let error = download.to_file(folder.join("sub/file.bin")).unwrap_err();
        assert!(
            matches!(&error, Error::File(e) if e.path.starts_with(folder.join("sub")) && !e.kept),
            "{error}"
        );
        assert!(folder.names().is_empty());
    }
}

/// Virus scanners and viewers keep files open like this.
#[cfg(windows)]
#[test]
fn a_target_open_in_another_program_is_awaited_for_a_limited_time() {
    use std::os::windows::fs::OpenOptionsExt;
    let open = |path: &Path| fs::OpenOptions::new().read(true).share_mode(1).open(path).unwrap();
    let (s, folder) = (Setup::new(MIB), Folder::new());
    fs::write(folder.target(), "old").unwrap();
    let held = open(&folder.target());
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(&error, Error::File(e) if e.kept), "{error}");
    assert_eq!(fs::read(folder.target()).unwrap(), b"old");
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_secs(1));
            drop(held);
        });
        let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!(done.reused, MIB);
    });
    folder.assert_only(NAME, &s.content);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_supported() {
    use std::os::unix::ffi::OsStrExt;
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    let target = folder.path().join(std::ffi::OsStr::from_bytes(b"\xFF\n\x80"));
    s.fault(Fault::CutAfter(1000));
    s.file().download().resume(true).to_file(&target).unwrap_err();
    assert_eq!(s.file().download().resume(true).to_file(&target).unwrap().reused, 1000);
    assert_content(&target, &s.content);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
