//! `examples/report.rs`: sent once to each recipient, whenever the program is killed.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::{Fault, Recorded, Target};

use super::{Finished, Running, Stage};

const ARGS: [&str; 10] =
    ["--space", "space-1", "--to-user", "ann", "--to-user", "bob", "--to-user", "cid", "--to-group", "team"];
const ALL_SENT: &str = "sent user ann\nsent user bob\nsent user cid\nsent group team\n";
const JOURNAL: &str = "report.csv.journal";

fn report(stage: &Stage, more: &[&str]) -> Finished {
    stage.run("report", &[&ARGS, more].concat())
}

/// Runs the program until the condition is true, and kills it.
fn report_killed_when(stage: &Stage, condition: impl Fn() -> bool) {
    let mut command = stage.command("report", &ARGS);
    let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the program did not get there");
        thread::sleep(Duration::from_millis(5));
    }
    drop(running);
}

/// Recipients in the order of the sends.
fn sent(stage: &Stage) -> Vec<String> {
    let sent = stage.fake.sent().into_iter();
    sent.map(|sent| sent.conversation_id.unwrap_or(sent.union_id)).collect()
}

/// Number of stored files with the name of the report.
fn stored(stage: &Stage) -> usize {
    stage.fake.files().iter().filter(|file| file.name.starts_with("report")).count()
}

fn is_to_bob(request: &Recorded) -> bool {
    request.query_value("unionId") == Some("bob")
}

#[track_caller]
fn assert_finished(stage: &Stage) {
    assert_eq!(report(stage, &[]).printed(), ALL_SENT);
    assert_eq!((sent(stage), stored(stage)), (["ann", "bob", "cid", "team"].map(str::to_owned).to_vec(), 1));
}

#[test]
fn a_finished_report_is_not_sent_again() {
    let stage = Stage::new();
    assert_finished(&stage);
    let file = stage.fake.files().into_iter().find(|file| file.name == "report.csv").unwrap();
    let content = stage.fake.content("space-1", &file.dentry_id).unwrap();
    assert!(content.bytes(0..content.len()).starts_with("\u{feff}city,orders\r\n".as_bytes()));
    let requests = stage.fake.requests().len();
    assert_eq!(requests, 8, "token, upload info, PUT, commit, four sends");

    let again = report(&stage, &[]);
    assert_eq!((again.printed(), again.err.as_str()), (ALL_SENT, ""));
    let twice = report(&stage, &["--to-user", "ann", "--repeat-unknown"]);
    assert_eq!(twice.printed(), ALL_SENT);
    assert_eq!(stage.fake.requests().len(), requests);
    // A new recipient gets the stored file.
    let more = report(&stage, &["--to-user", "dan", "--to-user", "dan"]);
    assert_eq!(more.printed(), format!("{ALL_SENT}sent user dan\n"));
    assert_eq!((sent(&stage).len(), stored(&stage)), (5, 1));
}

#[test]
fn a_failed_send_is_repeated_alone() {
    let stage = Stage::new();
    stage.fake.fault_when(Target::Send, is_to_bob, Fault::api_error(403, "permissionDenied"));
    let partly = report(&stage, &[]);
    assert_eq!(
        (partly.code, partly.text()),
        (4, ALL_SENT.replace("sent user bob", "failed user bob").as_str())
    );
    assert!(partly.err.contains("user bob: ") && partly.err.contains("permissionDenied"), "{partly:?}");
    assert!(
        partly.err.contains("error: 1 of 4 recipients did not get the report: run the same command again\n")
    );
    assert_eq!(sent(&stage), ["ann", "cid", "team"]);

    stage.fake.clear_faults();
    assert_eq!(report(&stage, &[]).printed(), ALL_SENT);
    assert_eq!(
        (sent(&stage), stored(&stage)),
        (["ann", "cid", "team", "bob"].map(str::to_owned).to_vec(), 1)
    );
}

/// A ban or a missing permission of the app concerns all recipients, and more calls would prolong a ban.
#[test]
fn an_error_that_concerns_every_call_ends_the_run() {
    for (fault, code) in
        [(Fault::json(200, r#"{"status": 1111, "wait": 5}"#), 3), (Fault::missing_scope("ConvFile.Send"), 4)]
    {
        let stage = Stage::new();
        stage.fake.fault_when(Target::Send, is_to_bob, fault);
        let ended = report(&stage, &[]);
        let states = "sent user ann\nfailed user bob\npending user cid\npending group team\n";
        assert_eq!((ended.code, ended.text()), (code, states), "{ended:?}");
        assert!(ended.err.contains("3 of 4 recipients did not get the report"), "{ended:?}");
        stage.fake.clear_faults();
        assert_eq!(report(&stage, &[]).printed(), ALL_SENT);
        assert_eq!(sent(&stage), ["ann", "bob", "cid", "team"]);
    }
}

/// A kill before the commit, and during the commit: the file is stored once.
#[test]
fn a_report_killed_during_the_upload_is_stored_once() {
    for target in [Target::UploadInfo, Target::Put, Target::Commit] {
        let stage = Stage::new();
        stage.fake.fault(target, Fault::StallBeforeAnswer);
        report_killed_when(&stage, || match target {
            Target::Commit => stored(&stage) == 1,
            _ => !stage.fake.requests_to(target).is_empty(),
        });
        assert_finished(&stage);
        // Only the content of a file that was there before the upload is compared.
        assert_eq!(!stage.fake.requests_to(Target::Object).is_empty(), target == Target::Commit);
    }
}

/// Between the upload and the first send, the journal ends with the stored dentry id.
#[test]
fn a_report_killed_before_the_first_send_is_not_uploaded_again() {
    let stage = Stage::new();
    stage.fake.fault_always(Target::Send, Fault::api_error(403, "permissionDenied"));
    stage.fake.fault_always(Target::SendToConversation, Fault::api_error(403, "permissionDenied"));
    assert_eq!(report(&stage, &[]).code, 4);
    assert!(sent(&stage).is_empty());
    stage.fake.clear_faults();
    let journal = stage.read(JOURNAL);
    let lines: Vec<&str> = journal.lines().take(2).collect();
    assert!(lines[0].starts_with("{\"begin\":") && lines[1].starts_with("{\"stored\":"), "{journal}");
    // The kill may also cut a line.
    for end in ["", "{\"sen", "{\"sending\":{\"user\":\"an\u{fffd}"] {
        stage.write(JOURNAL, &format!("{}\n{end}", lines.join("\n")));
        stage.fake.forget();
        let before = sent(&stage).len();
        assert_eq!(report(&stage, &[]).printed(), ALL_SENT);
        assert_eq!((sent(&stage).len() - before, stored(&stage)), (4, 1));
        assert!(stage.fake.requests_to(Target::UploadInfo).is_empty());
        assert_eq!(stage.read(JOURNAL).lines().count(), 10);
    }
}

#[test]
fn a_report_killed_during_a_send_is_not_sent_twice() {
    let stage = Stage::new();
    stage.fake.fault_on_call(Target::Send, 2, Fault::StallBeforeAnswer);
    report_killed_when(&stage, || stage.fake.sent().len() == 2);

    let states = ALL_SENT.replace("sent user bob", "unknown user bob");
    for _ in 0..2 {
        let unknown = report(&stage, &[]);
        assert_eq!((unknown.code, unknown.text()), (5, states.as_str()), "{unknown:?}");
        let text =
            "error: 1 of 4 recipients may have the report: check, and send it again with --repeat-unknown\n";
        assert!(unknown.err.ends_with(text), "{unknown:?}");
        assert_eq!(
            (sent(&stage), stored(&stage)),
            (["ann", "bob", "cid", "team"].map(str::to_owned).to_vec(), 1)
        );
    }
    assert_eq!(report(&stage, &["--repeat-unknown"]).printed(), ALL_SENT);
    assert_eq!(sent(&stage), ["ann", "bob", "cid", "team", "bob"]);
    assert_eq!(report(&stage, &["--repeat-unknown"]).printed(), ALL_SENT);
    assert_eq!(sent(&stage).len(), 5);
}

#[test]
fn a_send_without_a_response_is_unknown() {
    let stage = Stage::new();
    stage.fake.fault(Target::SendToConversation, Fault::CloseWithoutAnswer);
    stage.fake.fault_when(Target::Send, is_to_bob, Fault::api_error(403, "permissionDenied"));
    let unknown = report(&stage, &[]);
    let states = "sent user ann\nfailed user bob\nsent user cid\nunknown group team\n";
    assert_eq!((unknown.code, unknown.text()), (5, states), "{unknown:?}");
    assert!(
        unknown.err.contains("1 of 4 recipients did not get")
            && unknown.err.contains("1 of 4 recipients may")
    );
    assert_eq!(sent(&stage), ["ann", "cid", "team"]);
}

#[test]
fn a_commit_without_a_response_is_found() {
    let stage = Stage::new();
    // The first commit runs.
    stage.fake.fault(Target::Commit, Fault::CloseWithoutAnswer);
    assert_finished(&stage);
    // The second upload has to find out that the name is taken before it gets the file.
    assert_eq!(stage.fake.requests_to(Target::Commit).len(), 3);
    assert_eq!(stage.fake.requests_to(Target::Object).len(), 1, "its content is compared");

    // Neither commit has a response. The first one runs, the second returns its file.
    let stage = Stage::new();
    stage.fake.fault_always(Target::Commit, Fault::CloseWithoutAnswer);
    report(&stage, &[]).assert_failed(3, "run the same command again");
    stage.fake.clear_faults();
    assert_finished(&stage);
}

#[test]
fn a_refused_upload_may_begin_anew() {
    let stage = Stage::new();
    stage.fake.fault(Target::Commit, Fault::api_error(403, "permissionDenied"));
    report(&stage, &[]).assert_failed(4, "permissionDenied");
    assert_eq!(stage.read(JOURNAL), "");
    assert_finished(&stage);
}

/// A file of somebody else is neither sent nor replaced.
#[test]
fn a_taken_name_is_refused() {
    let stage = Stage::new();
    stage.fake.put_file("space-1", "dentry-2", "report.csv", "another report");
    let text =
        "error: --name: folder 0 has another file \"report.csv\"; choose another name, and a new journal\n";
    report(&stage, &[]).assert_failed(1, text);
    assert_eq!(report(&stage, &["--name", "report-2.csv"]).printed(), ALL_SENT);

    // The name is taken between two runs.
    for content in ["short".to_owned(), "x".repeat(61), "x".repeat(1_000)] {
        let stage = Stage::new();
        stage.fake.fault(Target::Put, Fault::StallBeforeAnswer);
        report_killed_when(&stage, || !stage.fake.requests_to(Target::Put).is_empty());
        stage.fake.put_file("space-1", "dentry-2", "report.csv", content);
        report(&stage, &[]).assert_failed(1, text);
        assert!(sent(&stage).is_empty());
    }
}

#[test]
fn a_wrong_journal_is_refused_and_kept() {
    let stage = Stage::new();
    for content in ["a note", "a note\n", "{\"a\":1}", "{\"sent\":{\"user\":\"ann\"}}\n"] {
        stage.write("notes", content);
        report(&stage, &["--journal", "notes"]).assert_failed(2, "notes is not a journal of this program");
        assert_eq!(stage.read("notes"), content);
    }
    report(&stage, &["--journal", "."]).assert_failed(1, "--journal: cannot use .");
    assert_finished(&stage);
    let other = report(&stage, &["--name", "b.csv", "--journal", JOURNAL]);
    other.assert_failed(
        2,
        "--journal: report.csv.journal belongs to \"report.csv\" in folder 0 of space space-1",
    );
    assert_eq!(stored(&stage), 1);
}

#[test]
fn two_runs_do_not_share_a_journal() {
    let stage = Stage::new();
    let journal = File::create(stage.folder.join(JOURNAL)).unwrap();
    journal.lock().unwrap();
    report(&stage, &[]).assert_failed(3, "--journal: another run is using report.csv.journal");
    assert!(stage.fake.requests().is_empty());
    assert_eq!(fs::metadata(stage.folder.join(JOURNAL)).unwrap().len(), 0);
}

#[test]
fn a_folder_is_named_by_its_uuid() {
    let stage = Stage::new();
    stage.fake.add_folder("space-1", "folder-1", "Reports");
    let uuid = stage.fake.folder_uuid("space-1", "folder-1");
    let args = ["--folder", "folder-1", "--folder-uuid", &uuid];
    assert_eq!(report(&stage, &args).printed(), ALL_SENT);
    assert!(stage.fake.files().iter().any(|file| file.parent_id == "folder-1"));
}
