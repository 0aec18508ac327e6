//! The partial file while the download runs: whatever others do to it, the bytes that are published are those that were
//! checked, or nothing is published.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::folder::{Folder, NAME, PART, assert_content, names_in};
use super::process::{Job, OTHER_NETWORK, lacks};
use super::*;

/// More than one block, and several parts for each of three connections.
const SIZE: u64 = 3 * MIB;

/// A download over an old file, with a neighbour named `victim`. `action` comes once, after some of the bytes.
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
        // Otherwise the next report would come too soon to be made.
        s.clock.advance(Duration::from_millis(100));
        if now.bytes > 0
            && now.bytes < SIZE
            && let Some(action) = action.take()
        {
            action(folder);
        }
    };
    let result = s.file().download().parallel(parallel).resume(resume).progress(act).to_file(folder.target());
    assert!(action.is_none(), "the moment never came");
    assert_precious(folder);
    assert!(fs::symlink_metadata(folder.target()).unwrap().is_file(), "no link took the target's place");
    result
}

#[track_caller]
fn assert_precious(folder: &Folder) {
    assert!(fs::read(folder.join("victim")).unwrap() == b"precious", "the victim was written to");
}

/// One connection or several, with or without `resume`.
const WAYS: [(usize, bool); 4] = [(1, false), (1, true), (3, false), (3, true)];

/// The download must fail for its partial file and leave the old target, and the next one must be right.
#[track_caller]
fn assert_spoiled(action: impl Fn(&Folder) + Send + Sync) {
    for way in WAYS {
        let (s, folder) = (Setup::new(SIZE), Folder::new());
        // No checksum of the whole: nothing but the identity of the file says that it is another one.
        s.fake.fault_always(Target::Object, Fault::Crc(None));
        let error = interfere(&s, &folder, way, &action).expect_err("wrong bytes, published");
        assert!(matches!(&error, Error::File(e) if e.path == folder.part()), "{way:?}: {error}");
        assert_content(&folder.target(), &Content::from("old"));
        s.file().download().parallel(way.0).resume(way.1).to_file(folder.target()).unwrap();
        assert_content(&folder.target(), &s.content);
        assert_precious(&folder);
        assert_eq!(folder.names(), [NAME, "victim"], "{way:?}");
    }
}

/// The part was looked up by name again: for its length, which made zeros, and for the renaming.
#[test]
fn a_part_that_is_removed_is_not_published() {
    assert_spoiled(|folder| fs::remove_file(folder.part()).unwrap());
}

/// An empty file in the part's place was extended with zeros, published, and called verified.
#[test]
fn a_part_that_is_made_anew_is_not_published() {
    assert_spoiled(|folder| {
        fs::remove_file(folder.part()).unwrap();
        File::create(folder.part()).unwrap();
    });
}

/// As is, another file of the right length.
#[test]
fn a_part_that_is_replaced_by_another_file_is_not_published() {
    assert_spoiled(|folder| {
        fs::write(folder.join("other"), vec![7; usize::try_from(SIZE).unwrap()]).unwrap();
        fs::rename(folder.join("other"), folder.part()).unwrap();
    });
}

/// The victim was written to, extended and renamed.
#[test]
fn a_part_that_is_replaced_by_a_link_is_not_followed() {
    assert_spoiled(|folder| {
        fs::remove_file(folder.part()).unwrap();
        symlink("victim", folder.part()).unwrap();
    });
}

/// The same with a second name for the victim, which no flag of `open` refuses.
#[test]
fn a_part_that_is_replaced_by_a_hard_link_is_not_written_to() {
    assert_spoiled(|folder| {
        fs::remove_file(folder.part()).unwrap();
        fs::hard_link(folder.join("victim"), folder.part()).unwrap();
    });
}

/// The part keeps its identity, but somebody changes its length: never wrong bytes under the target's name.
#[track_caller]
fn assert_right_or_old(action: impl Fn(&Folder) + Send + Sync) {
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

/// The hole that this leaves was published as zeros.
#[test]
fn a_part_that_is_truncated_is_not_published_with_a_hole() {
    assert_right_or_old(|folder| {
        File::options().write(true).open(folder.part()).unwrap().set_len(0).unwrap();
    });
}

#[test]
fn a_part_that_is_extended_has_no_more_than_the_object() {
    assert_right_or_old(|folder| {
        File::options().write(true).open(folder.part()).unwrap().set_len(SIZE + 1000).unwrap();
    });
}

/// The lock was the name of a socket, which processes in other network namespaces (containers) do not see: both
/// returned `Ok`, and one published the other's bytes as verified.
#[test]
fn a_process_in_another_network_namespace_is_turned_away() {
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
        // The end of the first is the end of its lock.
        job.run(OTHER_NETWORK).assert_ok();
        assert_content(&folder.target(), &Job::own_content(2 * MIB));
        assert_eq!(folder.names(), [NAME, "victim"]);
    }
}

/// A lock on a file that is removed or renamed in the end can be taken on a file that has lost its name.
#[test]
fn of_many_at_once_each_is_right_or_turned_away() {
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
                // It is whole, by whichever thread it was published.
                let found = fs::read(folder.target()).unwrap_or_default();
                let is_one = |seed| found == content(seed).bytes(0..u64::MAX);
                assert!(found.is_empty() || (0..THREADS).any(is_one), "{} bytes of nothing", found.len());
            }
            done
        };
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || run(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(done > 0);
    assert_eq!(folder.names(), [NAME]);
}

/// The part of a folder entered in mid-download was renamed to that folder's target.
#[test]
fn a_relative_path_means_the_folder_at_the_beginning() {
    for way in WAYS {
        let (meant, entered) = (Folder::new(), Folder::new());
        fs::write(entered.target(), "good").unwrap();
        fs::write(entered.part(), "somebody's").unwrap();
        fs::write(entered.checkpoint(), "somebody's too").unwrap();
        let before = entered.names();
        let job = Job::with_own_fake(Path::new(NAME), SIZE).parallel(way.0).resume(way.1);
        let job = job.entering(entered.path());
        let report = job.run_in(meant.path());
        assert_eq!(entered.names(), before, "{way:?}: {report:?}");
        assert_eq!(fs::read(entered.target()).unwrap(), b"good", "{way:?}: {report:?}");
        assert_eq!(fs::read(entered.part()).unwrap(), b"somebody's");
        assert_eq!(fs::read(entered.checkpoint()).unwrap(), b"somebody's too");
        report.assert_ok();
        meant.assert_only(NAME, &Job::own_content(SIZE));
    }
}

/// And so does an error: it names and keeps what is there.
#[test]
fn a_relative_path_that_fails_is_kept_in_the_folder_at_the_beginning() {
    let (meant, entered) = (Folder::new(), Folder::new());
    let job = Job::with_own_fake(Path::new("./file.bin"), SIZE).resume(true);
    let cut = Job::with_own_fake(Path::new("./file.bin"), SIZE).resume(true).cut_after(MIB);
    let report = cut.entering(entered.path()).run_in(meant.path());
    assert!(report.kind() == "interrupted" && report.is_kept(), "{report:?}");
    assert!(entered.names().is_empty(), "{:?}", entered.names());
    assert!(names_in(meant.path()).contains(&PART.to_owned()));
    let report = job.run_in(meant.path());
    report.assert_ok();
    assert_eq!(report.number("reused"), MIB);
    meant.assert_only(NAME, &Job::own_content(SIZE));
}

/// systemd's `RestrictAddressFamilies` and seccomp profiles forbid them, and `to_file` never worked there.
#[test]
fn no_socket_of_the_unix_domain_is_needed() {
    for parallel in [1, 3] {
        let folder = Folder::new();
        let job = Job::with_own_fake(&folder.target(), SIZE).parallel(parallel).counting_sockets();
        let report = job.run(&[]);
        report.assert_ok();
        assert_eq!(report.number("unix_sockets"), 0, "{report:?}");
    }
}
