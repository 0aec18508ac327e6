//! The partial file while a download runs: whatever other processes do to the file, either the checked bytes are
//! published or nothing is.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::folder::{Folder, NAME, PART, assert_content, names_in};
use super::process::{Job, OTHER_NETWORK, lacks};
use super::*;

/// Large enough for more than one block, and for several parts on each of three connections.
const SIZE: u64 = 3 * MIB;

/// Downloads over an old file beside a file named `victim`. `action` runs once, after some of the bytes.
#[track_caller]
fn interfere(
    s: &Setup,
    folder: &Folder,
    (parallel, resume): (usize, bool),
    action: impl FnOnce(&Folder) + Send,
) -> Result<Downloaded, Error> {
    fs::write(folder.target(), "old").unwrap();
    fs::write(folder.join("victim"), "precious").unwrap();
    let mut action = Some(action);
    let act = |now: dingtalk_files::Progress| {
        // Otherwise the next report would be suppressed as too early.
        s.clock.advance(Duration::from_millis(100));
        if now.bytes > 0
            && now.bytes < SIZE
            && let Some(action) = action.take()
        {
            action(folder);
        }
    };
    let result = s.file().download().parallel(parallel).resume(resume).progress(act).to_file(folder.target());
    assert!(action.is_none(), "the action never ran");
    assert_victim_unchanged(folder);
    assert!(fs::symlink_metadata(folder.target()).unwrap().is_file(), "the target is still a regular file");
    result
}

#[track_caller]
fn assert_victim_unchanged(folder: &Folder) {
    assert!(fs::read(folder.join("victim")).unwrap() == b"precious", "the victim file was modified");
}

/// Number of connections, and whether to `resume`.
const WAYS: [(usize, bool); 4] = [(1, false), (1, true), (3, false), (3, true)];

/// Asserts that the download fails for its partial file, leaves the old target, and that the next download succeeds.
#[track_caller]
fn assert_not_published(action: impl Fn(&Folder) + Send + Sync) {
    for way in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        // Without a checksum of the whole, only the identity of the file reveals a replacement.
        s.fake.fault_always(Target::Object, Fault::Crc(None));
        let error = interfere(&s, &folder, way, &action).expect_err("wrong bytes were published");
        assert!(matches!(&error, Error::File(e) if e.path == folder.part()), "{way:?}: {error}");
        assert_content(&folder.target(), &Content::from("old"));
        s.file().download().parallel(way.0).resume(way.1).to_file(folder.target()).unwrap();
        assert_content(&folder.target(), &s.content);
        assert_victim_unchanged(&folder);
        assert_eq!(folder.names(), [NAME, "victim"], "{way:?}");
    }
}

/// Regression: the part was opened by name again to set its length, which filled it with zeros, and for the rename.
#[test]
fn a_removed_part_is_not_published() {
    assert_not_published(|folder| fs::remove_file(folder.part()).unwrap());
}

/// Regression: an empty file in place of the part was extended with zeros and published as verified.
#[test]
fn a_recreated_part_is_not_published() {
    assert_not_published(|folder| {
        fs::remove_file(folder.part()).unwrap();
        File::create(folder.part()).unwrap();
    });
}

/// The replacement is another file of the right length.
#[test]
fn a_part_replaced_by_another_file_is_not_published() {
    assert_not_published(|folder| {
        fs::write(folder.join("other"), vec![7; usize::try_from(SIZE).unwrap()]).unwrap();
        fs::rename(folder.join("other"), folder.part()).unwrap();
    });
}

/// Regression: the link's target was written to, extended and renamed.
#[test]
fn a_part_replaced_by_a_symlink_is_not_followed() {
    assert_not_published(|folder| {
        fs::remove_file(folder.part()).unwrap();
        symlink("victim", folder.part()).unwrap();
    });
}

/// The same with a hard link to the victim, which no flag of `open` refuses.
#[test]
fn a_part_replaced_by_a_hard_link_is_not_written_to() {
    assert_not_published(|folder| {
        fs::remove_file(folder.part()).unwrap();
        fs::hard_link(folder.join("victim"), folder.part()).unwrap();
    });
}

/// Asserts that the target has the new or the old content after another process has changed the part's length.
#[track_caller]
fn assert_new_or_old_content(action: impl Fn(&Folder) + Send + Sync) {
    for way in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        s.fake.fault_always(Target::Object, Fault::Crc(None));
        match interfere(&s, &folder, way, &action) {
            Ok(_) => assert_content(&folder.target(), &s.content),
            Err(error) => {
                assert!(matches!(&error, Error::File(e) if e.path == folder.part()), "{way:?}: {error}");
                assert_content(&folder.target(), &Content::from("old"));
            }
        }
    }
}

/// Regression: the resulting hole was published as zeros.
#[test]
fn a_truncated_part_is_not_published_with_a_hole() {
    assert_new_or_old_content(|folder| {
        File::options().write(true).open(folder.part()).unwrap().set_len(0).unwrap();
    });
}

#[test]
fn an_extended_part_is_not_published_with_extra_bytes() {
    assert_new_or_old_content(|folder| {
        File::options().write(true).open(folder.part()).unwrap().set_len(SIZE + 1000).unwrap();
    });
}

/// Regression: the lock was a socket name, which processes in other network namespaces (containers) do not see. Both
/// downloads returned `Ok`, and one published the other's bytes as verified.
#[test]
fn a_download_in_another_network_namespace_is_refused() {
    if lacks(OTHER_NETWORK) {
        return;
    }
    for way in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        let job = Job::with_own_fake(&folder.target(), 2 * MIB).parallel(way.0).resume(way.1);
        let mut first = None;
        let result = interfere(&s, &folder, way, |_| first = Some(job.run(OTHER_NETWORK)));
        let second = first.unwrap();
        assert_eq!(second.kind(), "busy", "{way:?}: {second:?}");
        assert!(second.text().contains(NAME), "{second:?}");
        assert!(result.unwrap().verified);
        assert_content(&folder.target(), &s.content);
        assert_eq!(folder.names(), [NAME, "victim"]);
        // The first download has released its lock.
        job.run(OTHER_NETWORK).assert_ok();
        assert_content(&folder.target(), &Job::own_content(2 * MIB));
        assert_eq!(folder.names(), [NAME, "victim"]);
    }
}

/// The locked file is removed or renamed at the end, so a waiter could lock a file that has lost its name.
#[test]
fn concurrent_downloads_to_one_target_succeed_or_are_refused() {
    const THREADS: u64 = 4;
    const ROUNDS: usize = 25;
    let (fake, folder) = (FakeDingTalk::start().unwrap(), Folder::new());
    let content = |seed| Content::pattern_with_seed(100_000 + seed, seed);
    for seed in 0..THREADS {
        fake.put_file("space-1", &format!("dentry-{seed}"), "file.bin", content(seed));
    }
    let client = fake.client().build().unwrap();
    let done: usize = thread::scope(|scope| {
        let run = |seed: u64| {
            let file = client.file("space-1", format!("dentry-{seed}"), UnionId("operator-1"));
            let download = || file.download().resume(seed.is_multiple_of(2)).to_file(folder.target());
            let mut done = 0;
            for _ in 0..ROUNDS {
                match download() {
                    Ok(answer) => {
                        assert!(answer.verified && answer.bytes == 100_000 + seed, "{answer:?}");
                        done += 1;
                    }
                    Err(Error::TargetBusy { .. }) => thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
                // The target is complete, whichever thread published it.
                let found = fs::read(folder.target()).unwrap_or_default();
                let is_one = |seed| found == content(seed).bytes(0..u64::MAX);
                assert!(
                    found.is_empty() || (0..THREADS).any(is_one),
                    "{} bytes that match no content",
                    found.len()
                );
            }
            done
        };
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || run(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(done > 0);
    assert_eq!(folder.names(), [NAME]);
}

/// Regression: after a change of directory during the download, the new directory's part was renamed to its target.
#[test]
fn a_relative_path_refers_to_the_initial_directory() {
    for way in WAYS {
        let (initial, entered) = (Folder::new(), Folder::new());
        fs::write(entered.target(), "good").unwrap();
        fs::write(entered.part(), "somebody's").unwrap();
        fs::write(entered.checkpoint(), "somebody's too").unwrap();
        let before = entered.names();
        let job = Job::with_own_fake(Path::new(NAME), SIZE).parallel(way.0).resume(way.1);
        let job = job.entering(entered.path());
        let report = job.run_in(initial.path());
        assert_eq!(entered.names(), before, "{way:?}: {report:?}");
        assert_eq!(fs::read(entered.target()).unwrap(), b"good", "{way:?}: {report:?}");
        assert_eq!(fs::read(entered.part()).unwrap(), b"somebody's");
        assert_eq!(fs::read(entered.checkpoint()).unwrap(), b"somebody's too");
        report.assert_ok();
        initial.assert_only(NAME, &Job::own_content(SIZE));
    }
}

/// A failed download also keeps its part in the initial directory.
#[test]
fn a_failed_download_to_a_relative_path_keeps_its_part_in_the_initial_directory() {
    let (initial, entered) = (Folder::new(), Folder::new());
    let job = Job::with_own_fake(Path::new("./file.bin"), SIZE).resume(true);
    let cut = Job::with_own_fake(Path::new("./file.bin"), SIZE).resume(true).cut_after(MIB);
    let report = cut.entering(entered.path()).run_in(initial.path());
    assert!(report.kind() == "interrupted" && report.is_kept(), "{report:?}");
    assert!(entered.names().is_empty(), "{:?}", entered.names());
    assert!(names_in(initial.path()).contains(&PART.to_owned()));
    let report = job.run_in(initial.path());
    report.assert_ok();
    assert_eq!(report.number("reused"), MIB);
    initial.assert_only(NAME, &Job::own_content(SIZE));
}

/// Regression: systemd's `RestrictAddressFamilies` and seccomp profiles forbid Unix sockets, and `to_file` always
/// failed under them.
#[test]
fn a_download_opens_no_unix_socket() {
    for parallel in [1, 3] {
        let folder = Folder::new();
        let job = Job::with_own_fake(&folder.target(), SIZE).parallel(parallel).counting_sockets();
        let report = job.run(&[]);
        report.assert_ok();
        assert_eq!(report.number("unix_sockets"), 0, "{report:?}");
    }
}
