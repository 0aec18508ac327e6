//! Publishing the partial file as the target: owner, permissions, mounts, and paths that cannot be a target.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::Mode;

use super::folder::{CHECKPOINT, Folder, NAME, PART, assert_content, names_in};
use super::process::{Job, NOBODY, lacks, lacks_root};
use super::*;

const SIZE: u64 = MIB;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Downloads over a file with the given owner, group and mode, and returns the mode of the result.
///
/// The result must belong to this user.
#[track_caller]
fn published_over(old: u32, (uid, gid): (u32, u32), way: (usize, bool)) -> u32 {
    let (s, folder) = (Setup::new(SIZE), Folder::new());
    let me = fs::metadata(folder.path()).unwrap();
    fs::write(folder.target(), "old").unwrap();
    chown(folder.target(), Some(uid), Some(gid)).unwrap();
    // Set the mode after the owner: changing the owner clears the special bits.
    fs::set_permissions(folder.target(), Permissions::from_mode(old)).unwrap();
    let mut inspections = 0;
    let inspect = |_| {
        if let Ok(part) = fs::symlink_metadata(folder.part()) {
            inspections += 1;
            let part = part.permissions().mode() & 0o7777;
            assert_eq!(part & !0o777, 0, "{part:o} beside {old:o}");
            assert!(uid == me.uid() || matches!(part & 0o077, 0), "{part:o} beside {old:o} of another user");
        }
    };
    let download = s.file().download().parallel(way.0).resume(way.1).progress(inspect);
    download.to_file(folder.target()).unwrap();
    assert!(inspections > 0);
    folder.assert_only(NAME, &s.content);
    let new = fs::metadata(folder.target()).unwrap();
    assert_eq!((new.uid(), new.gid()), (me.uid(), me.gid()), "over {old:o} of {uid}:{gid}");
    mode(&folder.target())
}

const WAYS: [(usize, bool); 3] = [(1, false), (1, true), (3, true)];

/// Regression: a download by root over another user's set-uid file created a set-uid file of root.
#[test]
fn replacing_another_users_file_grants_access_to_this_user_only() {
    if lacks_root() {
        return;
    }
    for way in WAYS {
        for (old, new) in [(0o6755, 0o700), (0o4777, 0o700), (0o2644, 0o600), (0o644, 0o600), (0o600, 0o600)]
        {
            let published = published_over(old, (NOBODY, NOBODY), way);
            assert_eq!(published, new, "{published:o} over {old:o}");
            let published = published_over(old, (NOBODY, 0), way);
            assert_eq!(published, new, "{published:o} over {old:o} of our group");
        }
    }
}

/// Set-uid permission was granted for the old content, and must not extend to the new content.
#[test]
fn special_permission_bits_are_not_kept() {
    let folder = Folder::new();
    let me = fs::metadata(folder.path()).unwrap();
    for way in WAYS {
        for (old, new) in [
            (0o6755, 0o755),
            (0o2750, 0o750),
            (0o1644, 0o644),
            (0o4700, 0o700),
            (0o640, 0o640),
            (0o444, 0o444),
        ] {
            let published = published_over(old, (me.uid(), me.gid()), way);
            assert_eq!(published, new, "{published:o} over {old:o}");
        }
    }
}

/// Members of the old group would become "others" of the new file.
#[test]
fn replacing_a_file_of_another_group_grants_no_new_access() {
    if lacks_root() {
        return;
    }
    for (old, new) in [(0o640, 0o600), (0o604, 0o600), (0o2660, 0o600)] {
        let published = published_over(old, (0, NOBODY), (1, false));
        assert_eq!(published, new, "{published:o} over {old:o}");
    }
}

/// A set-group-ID folder passes its group on to new files.
#[test]
fn the_group_of_a_setgid_folder_gains_no_access() {
    if lacks_root() {
        return;
    }
    let (s, folder) = (Setup::new(SIZE), Folder::new());
    fs::write(folder.target(), "old").unwrap();
    fs::set_permissions(folder.target(), Permissions::from_mode(0o660)).unwrap();
    chown(folder.path(), Some(0), Some(NOBODY)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o2775)).unwrap();
    s.file().download().to_file(folder.target()).unwrap();
    folder.assert_only(NAME, &s.content);
    let new = fs::metadata(folder.target()).unwrap();
    let group_may_read = new.permissions().mode() & 0o070 != 0;
    assert!(new.gid() != NOBODY || !group_may_read, "{:o} for group {}", new.mode(), new.gid());
}

/// Runs in a child process, because the umask belongs to the process and other tests share it.
#[test]
fn a_new_file_has_the_permissions_of_the_current_umask() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let name = "transfer::part_publish::new_files_follow_several_umasks";
    let output = child.args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output_text.contains("1 passed"), "{output_text}");
}

#[test]
#[ignore = "runs in a child process of another test"]
fn new_files_follow_several_umasks() {
    let (s, folders) = (Setup::new(SIZE), [Folder::new(), Folder::new()]);
    for folder in &folders {
        for (number, mask) in [0o022, 0o077, 0o077, 0o002, 0o022, 0o027].into_iter().enumerate() {
            rustix::process::umask(Mode::from_raw_mode(mask));
            let target = folder.join(&number.to_string());
            s.file().download().to_file(&target).unwrap();
            assert_eq!(mode(&target), 0o666 & !mask, "under {mask:o}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6, "the folder contains only the targets");
    }
}

/// Regression: `/dev/stdout` is a link to the file that a shell has redirected it to, and that file was replaced.
#[test]
fn a_standard_stream_is_refused_as_a_target() {
    let links = Folder::new();
    symlink("/dev/stdout", links.join("link")).unwrap();
    symlink("link", links.join("link-to-link")).unwrap();
    symlink("/proc/self/fd", links.join("fd")).unwrap();
    let mut paths = vec![links.join("link"), links.join("link-to-link"), links.join("fd/1")];
    let known = [
        "/dev/stdout",
        "/dev/stderr",
        "/dev/fd/1",
        "/dev/../dev/stdout",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
        "/proc/thread-self/fd/1",
    ];
    paths.extend(known.map(PathBuf::from));
    for path in paths {
        for resume in [false, true] {
            let (s, folder) = (Setup::new(SIZE), Folder::new());
            fs::write(folder.join("log"), "precious\n").unwrap();
            let before = fs::metadata(folder.join("log")).unwrap().ino();
            let log = File::options().append(true).open(folder.join("log")).unwrap();
            let report = Job::of(&s.fake, &path, SIZE).resume(resume).run_with(&[], |command| {
                command.stdout(log.try_clone().unwrap()).stderr(log);
            });
            assert_eq!(report.kind(), "argument", "{}: {report:?}", path.display());
            assert!(report.text().contains("to_writer"), "{}: {report:?}", path.display());
            assert!(s.fake.requests().is_empty(), "{}", path.display());
            assert_eq!(folder.names(), ["log"], "{}", path.display());
            assert_eq!(fs::metadata(folder.join("log")).unwrap().ino(), before, "{}", path.display());
            // The test harness has appended its own output.
            let log = fs::read(folder.join("log")).unwrap();
            assert!(log.starts_with(b"precious\n") && log.len() < 10_000, "{}", path.display());
        }
    }
    assert_eq!(links.names(), ["fd", "link", "link-to-link"]);
}

/// The same for a pipe and for a null device.
#[test]
fn devices_and_pipes_are_refused_with_advice() {
    let folder = Folder::new();
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    symlink("pipe", folder.join("link")).unwrap();
    for path in [folder.join("pipe"), folder.join("link"), "/dev/null".into(), "/dev/stdout".into()] {
        let report = Job::with_own_fake(&path, SIZE).run_with(&[], |command| {
            command.stdout(Stdio::null());
        });
        assert_eq!(report.kind(), "argument", "{}: {report:?}", path.display());
        assert!(report.text().contains("to_writer"), "{}: {report:?}", path.display());
    }
    let report = Job::with_own_fake(folder.path(), SIZE).run(&[]);
    assert_eq!(report.kind(), "argument", "{report:?}");
    assert_eq!(folder.names(), ["link", "pipe"]);
}

/// Regression: a mount point cannot be replaced by a rename, which was reported only after the last byte.
#[test]
fn a_mounted_file_is_refused_before_the_download_or_overwritten() {
    let mounts = &["unshare", "-m", "sh", "-c", "exec \"$0\" \"$@\""];
    if lacks_root() || lacks(mounts) {
        return;
    }
    for way in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        fs::write(folder.target(), "below").unwrap();
        fs::write(folder.join("mounted"), vec![7; 3_000_000]).unwrap();
        let (from, to) = (folder.join("mounted"), folder.target());
        let script = format!("mount --bind '{}' '{}' && exec \"$0\" \"$@\"", from.display(), to.display());
        let job = Job::of(&s.fake, &folder.target(), SIZE).parallel(way.0).resume(way.1);
        let report = job.run(&["unshare", "-m", "sh", "-c", &script]);
        if report.kind() == "ok" {
            report.assert_ok();
            assert_content(&from, &s.content);
        } else {
            assert!(
                s.fake.requests().is_empty(),
                "{way:?}: reported only after requests were sent: {report:?}"
            );
            assert!(["argument", "file"].contains(&report.kind()), "{report:?}");
            assert!(report.text().contains(to.to_str().unwrap()), "{report:?}");
            assert_content(&from, &Content::from(vec![7; 3_000_000]));
        }
        assert_content(&to, &Content::from("below"));
        assert_eq!(folder.names(), [NAME, "mounted"]);
    }
}

/// Downloads to another file system than that of `/tmp`.
#[test]
fn downloads_to_another_file_system_succeed() {
    let name = format!("/dev/shm/dingtalk-files-it-{}", std::process::id());
    if fs::create_dir(&name).is_err() {
        println!("skipped: no /dev/shm");
        return;
    }
    let target = Path::new(&name).join(NAME);
    let outcomes = WAYS.map(|way| {
        let s = Setup::new(SIZE);
        let result = s.file().download().parallel(way.0).resume(way.1).to_file(&target);
        (result, fs::read(&target).is_ok_and(|found| found == s.content.bytes(0..SIZE)))
    });
    let names = names_in(Path::new(&name));
    fs::remove_dir_all(&name).unwrap();
    for (result, is_right) in outcomes {
        assert!(result.unwrap().verified && is_right);
    }
    assert_eq!(names, [NAME]);
}

/// Returns a script that runs the process twice: on a disk of 41 MiB, and after the disk was enlarged.
fn full_disk_script(folder: &Path) -> String {
    format!(
        "mount -t tmpfs -o size=41m none '{0}' || exit 1\n\"$0\" \"$@\"\n\
         mount -o remount,size=200m none '{0}' && exec \"$0\" \"$@\"",
        folder.display()
    )
}

/// Regression: the error reported 41 910 272 bytes, but the next call resumed at 33 554 432. The last bytes had no
/// checkpoint, because the disk had no room for one either.
#[test]
fn a_full_disk_error_reports_the_resumable_bytes() {
    let mounts = &["unshare", "-m", "sh", "-c", "exec \"$0\" \"$@\""];
    if lacks_root() || lacks(mounts) {
        return;
    }
    let (size, folder) = (48 * MIB, Folder::new());
    let s = Setup::new(size);
    let script = full_disk_script(folder.path());
    for (parallel, resume) in [(1, true), (3, true), (1, false), (3, false)] {
        let job = Job::of(&s.fake, &folder.target(), size).parallel(parallel).resume(resume);
        let [full, after] = &job.run_all(&["unshare", "-m", "sh", "-c", &script], |_| {})[..] else {
            panic!("the process did not run twice");
        };
        assert_eq!(full.kind(), "file", "{full:?}");
        after.assert_ok();
        let promised = if full.is_kept() { full.number("written") } else { 0 };
        assert_eq!(after.number("reused"), promised, "{parallel} {resume}: {full:?}");
        assert_eq!(full.text().contains("kept"), full.is_kept(), "{full:?}");
        if full.is_kept() {
            assert!(full.text().contains(&promised.to_string()), "{full:?}");
        }
        // A checkpoint covers at least 16 MiB by then.
        assert_eq!(promised >= 16 * MIB, resume, "{parallel} {resume}: {full:?}");
    }
}

/// NFS repeats a request whose answer was lost: the link was created, but the answer is that it already exists.
#[test]
fn no_clobber_recognizes_its_own_link() {
    for (parallel, resume) in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        let mut is_linked = false;
        let link = |_| {
            is_linked |= folder.part().exists() && fs::hard_link(folder.part(), folder.target()).is_ok();
        };
        let download = s.file().download().parallel(parallel).resume(resume).no_clobber(true).progress(link);
        download.to_file(folder.target()).unwrap();
        assert!(is_linked);
        folder.assert_only(NAME, &s.content);
    }
}

/// Entries of others are not mistaken for the own link.
#[test]
fn no_clobber_keeps_entries_created_meanwhile() {
    let ways: [fn(&Path); 4] = [
        |target| fs::write(target, "somebody's").unwrap(),
        |target| fs::write(target, "").unwrap(),
        |target| symlink("nowhere", target).unwrap(),
        |target| fs::create_dir(target).unwrap(),
    ];
    for make in ways {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        let mut is_made = false;
        let intrude = |_| {
            if !std::mem::replace(&mut is_made, true) {
                make(&folder.target());
            }
        };
        let error = s
            .file()
            .download()
            .resume(true)
            .no_clobber(true)
            .progress(intrude)
            .to_file(folder.target())
            .unwrap_err();
        assert!(matches!(error, Error::TargetExists { .. }), "{error}");
        let found = fs::symlink_metadata(folder.target()).unwrap();
        assert!(found.is_symlink() || found.is_dir() || found.len() < 100, "the entry is unchanged");
        assert_eq!(folder.names(), [NAME, CHECKPOINT, PART], "the part and the checkpoint are kept");
    }
}
