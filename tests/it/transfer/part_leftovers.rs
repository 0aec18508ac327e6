//! Unusable entries at the paths of the partial file and its checkpoint: never used, never waited for, and replaced if
//! the folder permits it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::folder::{CHECKPOINT, Folder, NAME, PART, assert_content, crc};
use super::process::{AS_SOMEBODY, Job, NOBODY, SOMEBODY, lacks, lacks_root};
use super::*;

const SIZE: u64 = 3 * MIB;

/// Memory limit; the test binary itself needs a fifth of it.
const MEMORY_KIB: u64 = 400 * 1024;

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn make_sparse(path: &Path) {
    File::create(path).unwrap().set_len(2 << 30).unwrap();
}

fn make_unreadable(path: &Path) {
    fs::write(path, "unreadable").unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

fn make_socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
}

fn make_link(path: &Path) {
    fs::write(path.with_file_name("victim"), "precious").unwrap();
    symlink("victim", path).unwrap();
}

fn make_dangling_link(path: &Path) {
    symlink("nowhere", path).unwrap();
}

fn make_hard_link(path: &Path) {
    fs::write(path.with_file_name("victim"), "precious").unwrap();
    fs::hard_link(path.with_file_name("victim"), path).unwrap();
}

type Make = (&'static str, fn(&Path));

const JUNK: [Make; 7] = [
    ("a FIFO", make_fifo),
    ("a sparse file of 2 GiB", make_sparse),
    ("an unreadable file", make_unreadable),
    ("a socket", make_socket),
    ("a link", make_link),
    ("a dangling link", make_dangling_link),
    ("a hard link", make_hard_link),
];

/// Asserts that a download replaces the entry that `make` creates.
///
/// The download runs in a child process, so that a hang can be ended and the memory can be measured.
#[track_caller]
fn assert_replaced(name: &str, (what, make): Make) {
    for (parallel, resume) in [(1, false), (1, true), (3, true)] {
        let folder = Folder::new();
        make(&folder.join(name));
        let job = Job::with_own_fake(&folder.target(), SIZE).parallel(parallel).resume(resume);
        let report = job.run(&[]);
        assert!(report.kind() == "ok", "{what} as {name}, resume {resume}: {report:?}");
        report.assert_ok();
        assert_eq!(report.number("reused"), 0, "{what}");
        assert!(report.number("peak_kib") < MEMORY_KIB, "{what}, resume {resume}: {report:?}");
        assert_content(&folder.target(), &Job::own_content(SIZE));
        assert!(fs::symlink_metadata(folder.target()).unwrap().is_file(), "{what}");
        let mut names = folder.names();
        names.retain(|name| name != "victim");
        assert_eq!(names, [NAME], "{what}");
        if let Ok(victim) = fs::read(folder.join("victim")) {
            assert_eq!(victim, b"precious", "{what}");
        }
        assert!(!folder.join("nowhere").exists(), "{what}");
    }
}

/// Regression: opening a FIFO blocked forever, beyond any cancel flag and even without `resume`. A sparse file of 2 GiB
/// was read into memory.
#[test]
fn junk_at_the_checkpoint_path_is_replaced() {
    for junk in JUNK {
        assert_replaced(CHECKPOINT, junk);
    }
}

/// The same for the temporary name under which a new checkpoint is written.
#[test]
fn junk_at_the_path_of_the_next_checkpoint_is_replaced() {
    for junk in JUNK {
        assert_replaced("file.bin.dingtalk-checkpoint-new", junk);
    }
}

/// Regression: a link or a FIFO was an error until somebody removed it by hand.
#[test]
fn junk_at_the_part_path_is_replaced() {
    for junk in JUNK {
        assert_replaced(PART, junk);
    }
}

/// A folder with content is never emptied: the download succeeds without that path, or the error names the folder.
#[test]
fn a_folder_at_the_part_or_checkpoint_path_is_left_alone() {
    for name in [PART, CHECKPOINT] {
        for resume in [false, true] {
            let folder = Folder::new();
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("precious"), "precious").unwrap();
            let report = Job::with_own_fake(&folder.target(), SIZE).resume(resume).run(&[]);
            if report.kind() == "ok" {
                report.assert_ok();
            } else {
                assert_eq!(report.kind(), "file", "{report:?}");
                assert!(report.text().contains(folder.join(name).to_str().unwrap()), "{report:?}");
                assert!(!folder.target().exists());
            }
            assert_eq!(fs::read(folder.join(name).join("precious")).unwrap(), b"precious");
        }
    }
}

/// A sparse part is not read just to determine its length, and a checkpoint of 4 MiB or more is not read.
#[test]
fn a_huge_checkpoint_is_ignored() {
    for length in [4 << 20, (4 << 20) + 1, 100 << 20] {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        File::create(folder.checkpoint()).unwrap().set_len(length).unwrap();
        fs::write(folder.part(), "left").unwrap();
        let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
        assert_eq!(done.reused, 0);
        folder.assert_only(NAME, &s.content);
    }
}

/// Forges the files of another user's attempt: a part with half the object, whose beginning is wrong, and a checkpoint
/// that matches it. The server reports no checksum that could reveal the forgery.
fn forge(s: &Setup, folder: &Folder) {
    const HALF: usize = 1_500_000;
    s.fault(Fault::Several(vec![Fault::CutAfter(HALF as u64), Fault::Crc(None)]));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    s.fake.fault_always(Target::Object, Fault::Crc(None));
    let mut bytes = fs::read(folder.part()).unwrap();
    assert_eq!(bytes.len(), HALF);
    let mut checkpoint = folder.read_checkpoint();
    let honest = crc(&bytes).to_string();
    bytes[..8].copy_from_slice(b"planted!");
    let forged = crc(&bytes).to_string();
    let text = checkpoint.to_string();
    assert!(text.contains(&honest), "{text} does not name {honest}");
    checkpoint = serde_json::from_str(&text.replace(&honest, &forged)).unwrap();
    fs::write(folder.part(), bytes).unwrap();
    folder.write_checkpoint(&checkpoint);
}

/// Regression: they were adopted, so the planted bytes were published in a file that still belonged to the other user.
#[test]
fn leftovers_of_another_user_are_never_used() {
    if lacks_root() {
        return;
    }
    for (part, checkpoint) in [(true, true), (true, false), (false, true)] {
        for mode in [0o600, 0o666] {
            for resume in [true, false] {
                for shared in [0o777, 0o1777] {
                    let (s, folder) = (Setup::with(SIZE, no_retries), Folder::new());
                    fs::set_permissions(folder.path(), Permissions::from_mode(shared)).unwrap();
                    forge(&s, &folder);
                    let theirs = [(folder.part(), part), (folder.checkpoint(), checkpoint)];
                    for (path, _) in theirs.iter().filter(|(_, is_theirs)| *is_theirs) {
                        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
                        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
                    }
                    let left = fs::metadata(folder.part()).unwrap().ino();
                    let held = File::open(folder.part()).unwrap();
                    let done = s.file().download().resume(resume).to_file(folder.target()).unwrap();
                    drop(held);
                    assert_eq!(done.reused, 0, "part {part}, checkpoint {checkpoint}, {mode:o}");
                    folder.assert_only(NAME, &s.content);
                    let published = fs::metadata(folder.target()).unwrap();
                    assert_eq!((published.uid(), published.gid()), (0, 0));
                    // A process that has the old file open could still write to it.
                    assert!(
                        !part || published.ino() != left,
                        "the other user's file was published under a new owner"
                    );
                }
            }
        }
    }
}

/// Counterpart of the test above: files that belong to this user are adopted.
#[test]
fn our_own_leftovers_are_used() {
    let (s, folder) = (Setup::with(SIZE, no_retries), Folder::new());
    forge(&s, &folder);
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, 1_500_000);
}

/// In a sticky folder like `/tmp`, users cannot remove each other's files. Regression: the error was a bare
/// `Operation not permitted`.
#[test]
fn a_leftover_that_cannot_be_replaced_is_named_with_its_owner() {
    if lacks_root() || lacks(AS_SOMEBODY) {
        return;
    }
    for (mode, resume, parallel) in [(0o600, false, 1), (0o666, true, 1), (0o644, true, 3), (0o666, false, 3)]
    {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
        fs::write(folder.part(), "theirs").unwrap();
        fs::set_permissions(folder.part(), Permissions::from_mode(mode)).unwrap();
        chown(folder.part(), Some(NOBODY), Some(NOBODY)).unwrap();
        let job = Job::of(&s.fake, &folder.target(), SIZE).resume(resume).parallel(parallel);
        let report = job.run(AS_SOMEBODY);
        assert_eq!(report.kind(), "file", "{mode:o}: {report:?}");
        for word in [folder.part().to_str().unwrap(), &NOBODY.to_string()] {
            assert!(report.text().contains(word), "{word} is missing: {report:?}");
        }
        assert!(s.fake.requests().is_empty(), "the error occurs before any request");
        assert_eq!(fs::read(folder.part()).unwrap(), b"theirs");
        assert_eq!(folder.names(), [PART]);
        // Without the sticky bit, every user may remove the file.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        job.run(AS_SOMEBODY).assert_ok();
        folder.assert_only(NAME, &s.content);
        assert_eq!(fs::metadata(folder.target()).unwrap().uid(), SOMEBODY);
    }
}

/// The same for a checkpoint that cannot be replaced: it is not used, and the download succeeds without it or names it
/// in the error.
#[test]
fn a_checkpoint_that_cannot_be_replaced_is_not_used() {
    if lacks_root() || lacks(AS_SOMEBODY) {
        return;
    }
    for mode in [0o600, 0o666] {
        for resume in [false, true] {
            let (s, folder) = (Setup::with(SIZE, no_retries), Folder::new());
            fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
            forge(&s, &folder);
            chown(folder.part(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            fs::set_permissions(folder.checkpoint(), Permissions::from_mode(mode)).unwrap();
            chown(folder.checkpoint(), Some(NOBODY), Some(NOBODY)).unwrap();
            let theirs = fs::read(folder.checkpoint()).unwrap();
            let report = Job::of(&s.fake, &folder.target(), SIZE).resume(resume).run(AS_SOMEBODY);
            if report.kind() == "ok" {
                report.assert_ok();
                assert_eq!(report.number("reused"), 0, "{mode:o} {resume}");
            } else {
                assert_eq!(report.kind(), "file", "{report:?}");
                for word in [folder.checkpoint().to_str().unwrap(), &NOBODY.to_string()] {
                    assert!(report.text().contains(word), "{word} is missing: {report:?}");
                }
                assert!(!folder.target().exists());
            }
            assert!(
                fs::read(folder.checkpoint()).unwrap() == theirs,
                "another user's file was changed, {mode:o}"
            );
        }
    }
}
