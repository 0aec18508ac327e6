//! `examples/mirror/`: bytes on disk, calls and exit codes of one run after the other.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dingtalk_files::UnionId;
use dingtalk_files::testing::{Content, Fault, Recorded, Target};
use serde_json::json;

use super::{Finished, Folder, Running, Stage, run_without_settings};

const SPACE: &str = "space-1";
const STATE_FILE: &str = "copy/.dingtalk-mirror/state.json";

/// A stage with a small tree. The bytes of its files differ.
fn stage() -> Stage {
    let stage = Stage::new();
    for (id, name, above) in [("f-1", "2024", "0"), ("f-2", "Q1", "f-1"), ("f-3", "empty", "0")] {
        add_folder(&stage, id, name, above);
    }
    for (id, name, above) in [("d-2", "a.txt", "f-1"), ("d-3", "b.txt", "f-1"), ("d-4", "a.txt", "f-2")] {
        add_file(&stage, id, name, above);
    }
    stage
}

fn add_folder(stage: &Stage, id: &str, name: &str, above: &str) {
    stage.fake.add_folder(SPACE, id, name);
    stage.fake.move_into_folder(SPACE, id, above);
}

fn add_file(stage: &Stage, id: &str, name: &str, above: &str) {
    stage.fake.put_file(SPACE, id, name, format!("{id}: some bytes"));
    stage.fake.move_into_folder(SPACE, id, above);
}

fn mirror(stage: &Stage, options: &[&str]) -> Finished {
    stage.fake.forget();
    stage.run("mirror", &[options, &[SPACE, "copy"]].concat())
}

/// Runs the program, and compares the summary: downloaded, moved, unchanged, deleted, skipped, failed.
#[track_caller]
fn assert_mirrored(stage: &Stage, options: &[&str], expected: [u64; 6]) -> Finished {
    let ended = mirror(stage, options);
    assert_eq!((ended.code, counts(&ended)), (0, expected), "{ended:?}");
    ended
}

#[track_caller]
fn counts(ended: &Finished) -> [u64; 6] {
    let summary = ended.text().lines().last().unwrap_or_else(|| panic!("{ended:?}"));
    ["downloaded ", "moved ", "unchanged ", "deleted ", "skipped ", "failed "].map(|word| {
        let (_, rest) = summary.split_once(word).unwrap();
        rest.split([' ', ',']).next().unwrap().parse().unwrap()
    })
}

/// Calls of the last run: lists, download infos, objects.
fn calls(stage: &Stage) -> [usize; 3] {
    [Target::ListDentries, Target::DownloadInfo, Target::Object]
        .map(|target| stage.fake.requests_to(target).len())
}

/// Files with their bytes, and folders, without the mirror's own.
fn on_disk(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            if name == ".dingtalk-mirror" {
                continue;
            }
            let is_folder = fs::symlink_metadata(&path).unwrap().is_dir();
            found.insert(name, if is_folder { None } else { Some(fs::read(&path).unwrap()) });
            waiting.extend(is_folder.then_some(path));
        }
    }
    found
}

/// The same of the fake.
fn at_dingtalk(stage: &Stage) -> BTreeMap<String, Option<Vec<u8>>> {
    let client = stage.fake.client().build().unwrap();
    let walk = client.storage().walk(SPACE, "0", UnionId("person-1"));
    let entries = walk.map(|entry| {
        let entry = entry.unwrap();
        let content = stage.fake.content(SPACE, entry.dentry.id.as_deref().unwrap());
        let bytes = content.map(|content| content.bytes(0..content.len()));
        (entry.safe_path().to_str().unwrap().replace('\\', "/"), bytes)
    });
    entries.collect()
}

#[track_caller]
fn assert_same(stage: &Stage) {
    let (found, expected) = (on_disk(&stage.folder.join("copy")), at_dingtalk(stage));
    assert!(found.keys().eq(expected.keys()), "{:?}\n{:?}", found.keys(), expected.keys());
    for (name, bytes) in expected {
        assert!(found[&name] == bytes, "other bytes in {name}");
    }
}

/// Waits until something has happened in another process.
#[track_caller]
fn wait_until(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing happened");
        thread::sleep(Duration::from_millis(5));
    }
}

fn start(stage: &Stage, options: &[&str]) -> Running {
    let mut command = stage.command("mirror", &[options, &[SPACE, "copy"]].concat());
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn is_of(id: &'static str) -> impl FnMut(&Recorded) -> bool + Send + 'static {
    move |request| request.path.contains(&format!("/{id}/")) || request.query_value("parentId") == Some(id)
}

#[test]
fn a_second_run_only_lists() {
    let stage = stage();
    stage.fake.set_modified_time(SPACE, "d-2", "2024-02-03T04:05+0800");
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    assert_eq!(calls(&stage), [4, 4, 4]);
    assert_same(&stage);
    let modified = fs::metadata(stage.folder.join("copy/2024/a.txt")).unwrap().modified().unwrap();
    assert_eq!(modified, SystemTime::UNIX_EPOCH + Duration::from_secs(1_706_904_300));

    assert_mirrored(&stage, &["--delete"], [0, 0, 4, 0, 0, 0]);
    assert_eq!((calls(&stage), stage.fake.requests().len()), ([4, 0, 0], 5));
    // Part of the tree, into another target.
    let part = stage.run("mirror", &[SPACE, "f-2", "part"]);
    assert_eq!(counts(&part), [1, 0, 0, 0, 0, 0]);
    assert!(on_disk(&stage.folder.join("part")).keys().eq(["a.txt"]));
}

#[test]
fn changes_on_either_side_are_fetched() {
    let stage = stage();
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    add_file(&stage, "d-5", "new.txt", "f-3");
    stage.fake.put_file(SPACE, "d-2", "a.txt", "d-2: other data"); // the version run_without_settings tells
    stage.fake.set_modified_time(SPACE, "d-3", "2024-01-01T10:00Z");
    fs::remove_file(stage.folder.join("copy/报告.txt")).unwrap();
    assert_mirrored(&stage, &[], [4, 0, 1, 0, 0, 0]);
    assert_same(&stage);
    // Changes of somebody else on this disk are not lost.
    stage.write("copy/报告.txt", "mine");
    let ended = assert_mirrored(&stage, &[], [1, 0, 4, 0, 0, 0]);
    assert!(ended.err.contains("报告.txt.local"), "{ended:?}");
    assert_eq!(stage.read("copy/报告.txt.local"), "mine");
    stage.write("copy/报告.txt", "9876543210"); // the size is the same
    assert_mirrored(&stage, &[], [0, 0, 5, 0, 0, 0]);
    stage.fake.put_file(SPACE, "dentry-1", "报告.txt", "second");
    assert_mirrored(&stage, &[], [1, 0, 4, 0, 0, 0]);
    assert_eq!(stage.read("copy/报告.txt.local-2"), "9876543210");
}

#[test]
fn files_in_the_way_are_kept() {
    let stage = stage();
    fs::create_dir_all(stage.folder.join("copy/报告.txt")).unwrap();
    for name in ["copy/2024", "copy/报告.txt/inside", "copy/mine"] {
        stage.write(name, "mine");
    }
    assert_mirrored(&stage, &["--delete"], [4, 0, 0, 0, 0, 0]);
    for name in ["copy/2024.local", "copy/报告.txt.local/inside", "copy/mine"] {
        assert_eq!(stage.read(name), "mine");
    }
    assert_eq!(stage.read("copy/2024/a.txt"), "d-2: some bytes");
}

#[test]
fn moves_are_renames() {
    let stage = stage();
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    let moves = |expected: u64| {
        assert_mirrored(&stage, &[], [0, expected, 4 - expected, 0, 0, 0]);
        assert_eq!(calls(&stage)[1..], [0, 0]);
        assert_same(&stage);
        assert_mirrored(&stage, &[], [0, 0, 4, 0, 0, 0]);
    };
    stage.fake.move_into_folder(SPACE, "dentry-1", "f-3");
    moves(1);
    // Two files of one name and size change places.
    stage.fake.move_into_folder(SPACE, "d-2", "f-2");
    stage.fake.move_into_folder(SPACE, "d-4", "f-1");
    moves(2);
    // A folder is renamed, with another one in it.
    stage.fake.add_folder(SPACE, "f-1", "2025");
    moves(3);
    // Two folders change their names, and one of them goes into the other.
    add_folder(&stage, "f-1", "empty", "0");
    add_folder(&stage, "f-3", "2025", "f-1");
    moves(4);
    // Upside down.
    add_folder(&stage, "f-2", "empty", "0");
    add_folder(&stage, "f-1", "Q1", "f-2");
    moves(4);
    // A file takes the name of a folder.
    add_folder(&stage, "f-3", "files", "0");
    stage.fake.put_file(SPACE, "d-3", "2025", "d-3: some bytes");
    assert_mirrored(&stage, &[], [1, 2, 2, 0, 0, 0]);
    assert_same(&stage);
}

#[test]
fn names_are_safe_on_every_disk() {
    let stage = stage();
    for (id, name) in [
        ("d-5", "../../up"),
        ("d-6", ".."),
        ("d-7", "A.txt"),
        ("d-8", "a.txt"),
        ("d-9", "nul"),
        ("d-10", "x.dingtalk-part"),
        ("D-10", "a:b\\c\u{202e}"),
    ] {
        add_file(&stage, id, name, "f-3");
    }
    add_file(&stage, "d-11", "state.json", "0");
    add_folder(&stage, "f-4", ".DingTalk-Mirror", "0");
    stage.fake.move_into_folder(SPACE, "d-11", "f-4");
    assert_mirrored(&stage, &[], [12, 0, 0, 0, 0, 0]);
    assert_eq!(stage.read("copy/%2EDingTalk-Mirror/state.json"), "d-11: some bytes");
    let names = on_disk(&stage.folder.join("copy/empty"));
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(names.contains_key("..%2F..%2Fup") && names.contains_key(".%2E"), "{names:?}");
    assert_eq!(stage.folder.names(), ["copy"]);
    assert_mirrored(&stage, &["--delete"], [0, 0, 12, 0, 0, 0]);
    // The mark goes over to the file that is left.
    stage.fake.remove_file(SPACE, "d-7");
    assert_mirrored(&stage, &["--delete"], [0, 1, 10, 1, 0, 0]);
    assert_eq!(stage.read("copy/empty/a.txt"), "d-8: some bytes");
}

#[test]
fn only_delete_deletes_and_only_after_a_complete_walk() {
    let stage = stage();
    add_file(&stage, "d-5", "c.txt", "f-1");
    assert_mirrored(&stage, &[], [5, 0, 0, 0, 0, 0]);
    stage.write("copy/2024/c.txt", "d-5: mine here!"); // of the same size
    for id in ["dentry-1", "d-4", "d-5"] {
        stage.fake.remove_file(SPACE, id);
    }
    stage.fake.move_into_folder(SPACE, "f-2", "nowhere"); // deleted, with the file in it
    let before = on_disk(&stage.folder.join("copy"));
    assert_mirrored(&stage, &[], [0, 0, 2, 0, 0, 0]);
    assert_eq!(on_disk(&stage.folder.join("copy")), before);

    stage.fake.fault_when(Target::ListDentries, is_of("f-3"), Fault::api_error(403, "permissionDenied"));
    let partly = mirror(&stage, &["--delete"]);
    assert_eq!((partly.code, counts(&partly)), (1, [0, 0, 2, 0, 0, 1]));
    assert!(partly.err.contains("`empty`") && partly.err.contains("nothing is deleted"), "{partly:?}");
    assert_eq!(on_disk(&stage.folder.join("copy")), before);

    stage.fake.clear_faults();
    let ended = assert_mirrored(&stage, &["--delete"], [0, 0, 2, 2, 0, 0]);
    assert!(ended.err.contains("2024/c.txt: kept"), "{ended:?}");
    let left = ["2024", "2024/a.txt", "2024/b.txt", "2024/c.txt", "empty"];
    assert!(on_disk(&stage.folder.join("copy")).keys().eq(left));
    assert_mirrored(&stage, &["--delete"], [0, 0, 2, 0, 0, 0]);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let stage = stage();
    stage.fake.fault_when(Target::DownloadInfo, is_of("d-3"), Fault::api_error(404, "dentryNotExist"));
    stage.fake.fault_when(Target::DownloadInfo, is_of("d-4"), Fault::api_error(403, "permissionDenied"));
    let partly = mirror(&stage, &["--parallel-files", "1"]);
    assert_eq!((partly.code, counts(&partly)), (1, [2, 0, 0, 0, 0, 2]));
    assert!(partly.err.contains("2024/b.txt: ") && partly.err.contains("2024/Q1/a.txt: "), "{partly:?}");
    stage.fake.clear_faults();
    assert_mirrored(&stage, &[], [2, 0, 2, 0, 0, 0]);
    assert_same(&stage);
}

#[test]
fn errors_of_every_call_end_the_run() {
    let stage = stage();
    for number in 10..30 {
        add_file(&stage, &format!("d-{number}"), &format!("{number}.txt"), "0");
    }
    let limit = "Forbidden.AccessDenied.ApiCountLimitForOrg";
    for (fault, code) in [
        (Fault::api_error(403, limit), 1),
        (Fault::missing_scope("Storage.DownloadInfo.Read"), 4),
        (Fault::json(200, json!({"status": 1111, "wait": 5})), 3),
    ] {
        stage.fake.fault_always(Target::DownloadInfo, fault);
        let ended = mirror(&stage, &["--parallel-files", "2"]);
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(calls(&stage)[1] <= 4, "{:?}", calls(&stage));
        stage.fake.clear_faults();
    }
    stage.fake.fault_when(Target::ListDentries, is_of("f-1"), Fault::api_error(403, limit));
    mirror(&stage, &[]).assert_failed(1, limit);
    stage.fake.clear_faults();
    let wrong = stage.command("mirror", &[SPACE, "copy"]).env("DINGTALK_APP_SECRET", "wrong").output();
    Finished::of(wrong.unwrap()).assert_failed(4, "app secret");
    stage.run("mirror", &["space-2", "other"]).assert_failed(4, "spaceNotExist");
    assert_mirrored(&stage, &[], [24, 0, 0, 0, 0, 0]);
}

#[test]
fn online_documents_are_skipped() {
    let stage = Stage::new();
    let dentry = |id: &str, category: &str| {
        let (name, kind) = (format!("{id}.x"), if id == "odd" { "LINK" } else { "FILE" });
        json!({"id": id, "type": kind, "name": name, "size": 1, "version": 1, "category": category})
    };
    let listed = json!({"dentries": [dentry("adoc", "ALI_DOC"), dentry("link", "SHORTCUT")]});
    stage.fake.fault_always(Target::ListDentries, Fault::json(200, listed));
    let refusal = Fault::api_error(400, "dentryDownloadProtocolNotSupport");
    stage.fake.fault_always(Target::DownloadInfo, refusal);
    assert_mirrored(&stage, &[], [0, 0, 0, 0, 2, 0]);
    assert_eq!(calls(&stage), [1, 1, 0]);
    assert_mirrored(&stage, &["--delete"], [0, 0, 0, 0, 2, 0]);
    assert_eq!(calls(&stage), [1, 0, 0], "the refusal is recorded");
    let listed = json!({"dentries": [dentry("odd", "OTHER"), {"type": "FILE", "name": "nameless"}]});
    stage.fake.fault_always(Target::ListDentries, Fault::json(200, listed));
    let odd = mirror(&stage, &[]);
    assert_eq!((odd.code, counts(&odd)), (1, [0, 0, 0, 0, 0, 2]), "{odd:?}");
}

#[test]
fn a_killed_run_is_continued() {
    let stage = stage();
    let content = Content::pattern(40_000_000);
    stage.fake.put_file(SPACE, "large", "zz.bin", content.clone());
    stage.fake.fault_when(
        Target::Object,
        |request| request.path.contains("large"),
        Fault::StallAfter(30_000_000),
    );
    let running = start(&stage, &[]);
    let checkpoint = stage.folder.join("copy/.dingtalk-mirror/parts/large.dingtalk-checkpoint");
    let is_recorded = || {
        let recorded = fs::read_to_string(stage.folder.join(STATE_FILE));
        recorded.is_ok_and(|text| text.contains("d-4"))
    };
    // The small files are recorded after some seconds, the checkpoint is there before.
    wait_until(|| checkpoint.exists() && is_recorded());
    // Nobody else may write into the target meanwhile.
    mirror(&stage, &[]).assert_failed(3, "another mirror is running");
    drop(running);
    assert!(!stage.folder.join("copy/zz.bin").exists());
    stage.fake.clear_faults();
    // Somebody renames it meanwhile.
    stage.fake.move_into_folder(SPACE, "large", "f-3");
    assert_mirrored(&stage, &[], [1, 0, 4, 0, 0, 0]);
    let range = stage.fake.requests_to(Target::Object)[0].header("range").unwrap().to_owned();
    assert!(range.ends_with("-39999999") && !range.starts_with("bytes=0-"), "{range}");
    assert_same(&stage);
    assert!(fs::read_dir(stage.folder.join("copy/.dingtalk-mirror/parts")).unwrap().next().is_none());
}

/// A kill at any moment leaves nothing that the next run takes for something else.
#[test]
fn a_run_that_is_killed_again_and_again_ends_well() {
    let stage = Stage::new();
    add_folder(&stage, "f-0", "zero", "0");
    add_folder(&stage, "f-1", "one", "0");
    for number in 0..60 {
        add_file(
            &stage,
            &format!("d-{number}"),
            &format!("{}.txt", number / 2),
            &format!("f-{}", number % 2),
        );
    }
    for round in 0..12_u64 {
        let running = start(&stage, &["--delete", "--parallel-files", "16"]);
        thread::sleep(Duration::from_millis(15 + 12 * round));
        drop(running);
        // All files change places.
        for number in 0..60 {
            let folder = format!("f-{}", (number + round + 1) % 2);
            stage.fake.move_into_folder(SPACE, &format!("d-{number}"), &folder);
        }
    }
    assert_eq!(mirror(&stage, &["--delete"]).code, 0);
    assert_same(&stage);
    assert_mirrored(&stage, &["--delete"], [0, 0, 61, 0, 0, 0]);
}

#[test]
fn any_sequence_of_changes_ends_in_the_same_tree() {
    let stage = Stage::new();
    let mut seed = 1_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % below).unwrap()
    };
    // An id is never used again.
    let mut removed = [0; 12];
    for round in 0..40 {
        for _ in 0..=random(12) {
            let number = random(12);
            let (file, folder) = (format!("d-{number}-{}", removed[number]), format!("f-{}", random(4)));
            let above = format!("f-{}", random(4));
            let (name, id) = (["a", "A", "b", "c.txt"][random(4)], random(1000));
            match random(7) {
                0 => stage.fake.put_file(SPACE, &file, name, format!("{file} {id}")),
                1 if stage.fake.remove_file(SPACE, &file) => removed[number] += 1,
                2 => stage.fake.add_folder(SPACE, &folder, name),
                // Deleted, with everything in it, until it is moved again.
                4 => stage.fake.move_into_folder(SPACE, &folder, "nowhere"),
                // Never a circle.
                3 if above < folder => stage.fake.move_into_folder(SPACE, &folder, &above),
                _ => stage.fake.move_into_folder(SPACE, &file, &folder),
            }
        }
        let ended = mirror(&stage, &["--delete"]);
        assert_eq!(ended.code, 0, "round {round}: {ended:?}");
        assert!(!ended.err.contains("in the way"), "round {round}: {ended:?}");
        assert_same(&stage);
        let again = counts(&mirror(&stage, &["--delete"]));
        assert_eq!([again[0], again[1], again[3]], [0; 3], "round {round}");
    }
}

#[test]
fn a_damaged_state_file_costs_downloads_and_nothing_else() {
    let stage = stage();
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    let good = stage.read(STATE_FILE);
    for damaged in ["", "{}", good.split_at(good.len() / 2).0, &good.replace("2024/", "../2024/")] {
        stage.write(STATE_FILE, damaged);
        let ended = assert_mirrored(&stage, &["--delete"], [4, 0, 0, 0, 0, 0]);
        assert!(ended.err.contains("is damaged"), "{ended:?}");
        assert_same(&stage);
    }
    fs::remove_dir_all(stage.folder.join("copy/.dingtalk-mirror")).unwrap();
    assert_mirrored(&stage, &["--delete"], [4, 0, 0, 0, 0, 0]);
    assert_same(&stage);
}

#[test]
fn a_dry_run_writes_nothing() {
    let stage = stage();
    let first = assert_mirrored(&stage, &["--dry-run"], [4, 0, 0, 0, 0, 0]);
    assert!(
        first.text().contains("create 2024/Q1/\n")
            && first.text().contains("download 2024/Q1/a.txt (15 B)\n")
    );
    assert!(stage.folder.names().is_empty() && calls(&stage) == [4, 0, 0]);
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    stage.fake.remove_file(SPACE, "d-3");
    stage.fake.move_into_folder(SPACE, "dentry-1", "f-3");
    stage.fake.put_file(SPACE, "d-4", "a.txt", "longer than before");
    let found = || (on_disk(&stage.folder.join("copy")), stage.read(STATE_FILE));
    let before = found();
    let plan = assert_mirrored(&stage, &["--dry-run", "--delete"], [1, 1, 1, 1, 0, 0]);
    let expected =
        "delete 2024/b.txt\nmove 报告.txt to empty/报告.txt\ndownload 2024/Q1/a.txt (18 B)\ndry run: ";
    assert!(plan.text().starts_with(expected), "{plan:?}");
    assert_eq!(found(), before);
    assert_mirrored(&stage, &["--delete"], [1, 1, 1, 1, 0, 0]);
}

#[test]
fn wrong_use_ends_with_2() {
    let stage = stage();
    for (args, words) in [
        (&[][..], "TARGET_FOLDER"),
        (&["a"], "TARGET_FOLDER"),
        (&["a", ""], "TARGET_FOLDER"),
        (&["a", "b", "c", "d"], "FOLDER_ID"),
        (&["--wrong", "a", "b"], "--wrong"),
        (&["--parallel-files", "0", "a", "b"], "--parallel-files: cannot read \"0\""),
        (&["--parallel-files", "17", "a", "b"], "from 1 to 16"),
    ] {
        stage.run("mirror", args).assert_failed(2, words);
    }
    stage.write("file", "mine");
    stage.run("mirror", &[SPACE, "file"]).assert_failed(2, "is not a folder");
    assert!(stage.fake.requests().is_empty());
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    stage.run("mirror", &[SPACE, "f-1", "copy"]).assert_failed(2, "mirror of another folder: 0");
    assert_same(&stage);
    assert_eq!(stage.folder.names(), ["copy", "file"]);
}

#[test]
fn help_and_demo_need_no_account() {
    let folder = Folder::new();
    let help = run_without_settings(&folder, "mirror", &["--help"]);
    let words = [
        "\n  space id ",
        "\n  dentry id ",
        "\n  folder id ",
        "\n  union id ",
        "--delete ",
        "DINGTALK_UNION_ID",
        "\n  3  ",
    ];
    assert!(words.iter().all(|word| help.printed().contains(word)) && help.err.is_empty(), "{help:?}");
    run_without_settings(&folder, "mirror", &["a", "b"]).assert_failed(2, "DINGTALK_APP_KEY");
    assert!(folder.names().is_empty());
    for expected in [[2, 0, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0]] {
        let demo = run_without_settings(&folder, "mirror", &["--demo"]);
        assert!(demo.err.contains("fake") && counts(&demo) == expected, "{demo:?}");
    }
    let demo = run_without_settings(&folder, "mirror", &["--demo", "mine"]);
    assert_eq!((demo.code, counts(&demo)), (0, [2, 0, 0, 0, 0, 0]), "{demo:?}");
    assert_eq!(folder.names(), ["mine", "mirror-demo"]);
    let content = Content::pattern(8_000_000).bytes(0..8_000_000);
    for target in ["mirror-demo", "mine"] {
        let file = folder.join(target).join("报告/2024/季度报告.xlsx");
        assert!(fs::read(file).unwrap() == content, "the bytes in {target} differ");
    }
}

#[cfg(unix)]
#[test]
fn links_in_the_target_are_not_followed() {
    use std::os::unix::fs::symlink;
    let stage = stage();
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    let (outside, inside) = (stage.folder.join("outside"), stage.folder.join("copy/2024"));
    // The same files, but elsewhere.
    fs::rename(&inside, &outside).unwrap();
    symlink(&outside, &inside).unwrap();
    fs::remove_file(stage.folder.join("copy/报告.txt")).unwrap();
    symlink(stage.folder.join("outside/a.txt"), stage.folder.join("copy/报告.txt")).unwrap();
    let before = on_disk(&outside);
    stage.fake.remove_file(SPACE, "d-3");
    stage.fake.put_file(SPACE, "d-2", "a.txt", "changed");
    stage.fake.move_into_folder(SPACE, "d-4", "0");
    assert_mirrored(&stage, &["--delete"], [3, 0, 0, 0, 0, 0]);
    assert_eq!(on_disk(&outside), before);
    for name in ["copy/2024.local", "copy/报告.txt.local"] {
        assert!(fs::symlink_metadata(stage.folder.join(name)).unwrap().is_symlink());
        fs::remove_file(stage.folder.join(name)).unwrap();
    }
    assert_same(&stage);
}

/// Each file that the disk refuses is reported, and fetched by a later run.
#[cfg(unix)]
#[test]
fn failures_of_the_disk_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let stage = stage();
    assert_mirrored(&stage, &[], [4, 0, 0, 0, 0, 0]);
    let folder = stage.folder.join("copy/empty");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(folder.join("probe")).is_ok() {
        return; // The superuser may write everywhere.
    }
    add_file(&stage, "d-5", "new.txt", "f-3");
    stage.fake.move_into_folder(SPACE, "d-2", "f-3");
    let partly = mirror(&stage, &[]);
    assert_eq!((partly.code, counts(&partly)), (1, [0, 0, 3, 0, 0, 2]), "{partly:?}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(mirror(&stage, &[]).code, 0);
    assert_same(&stage);
}
