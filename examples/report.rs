//! Sends a report to people and groups, once to each, even if it is killed: `cargo run --example report -- --help`.
//!
//! A journal records each step before it begins and after it ends, so that the next run knows what was done. The journal
//! needs a hook around each send, so this program makes the upload and the sends itself. Without a journal, one call does
//! both: `client.send_bytes(name, bytes).into_folder(..).to_all(&recipients)`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, process};

use dingtalk_files::{ConflictStrategy, Error, UnionId};
use lexopt::prelude::*;
use shared::journal::{Entry, Journal, Receiver, State};
use shared::{Failure, Session, usage};

const HELP: &str = "\
Sends a report to people and groups, once to each, and prints the state of each recipient.

  report [OPTIONS] --space SPACE_ID --to-user UNION_ID.. --to-group OPEN_CONVERSATION_ID..

The report is a CSV file, made in memory and stored once in a folder. After a failure, a kill or a crash, run the same
command again: it continues, stores nothing twice and sends nothing twice. Prints one line for each recipient: a state,
`user` or `group`, and the id.

Words (README.md, section Ids, lists where each id comes from):
  space id              id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  folder id             dentry id of a folder, which the program `ls` prints; 0 is the root of the space
  folder uuid           another id of a folder, unique in all spaces: Client::storage().get_dentry(..) returns it as `uuid`
  union id              id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it
  open conversation id  id of a group, from a robot's callback
  journal               file that records each step of one report; keep it until all recipients are `sent`
  sent                  state: the report was sent
  failed, pending       states: the send failed, or has not been tried; the next run sends
  unknown               state: the send began, and no result is known; check the conversation, see --repeat-unknown

Options (--space and at least one recipient are required):
  --space SPACE_ID     space that stores the report
  --folder FOLDER_ID   folder that stores the report. Default: 0
  --folder-uuid UUID   folder uuid of the same folder; required for apps created after August 2023
  --name NAME          name of the stored file, not taken in the folder. Default: report.csv
  --to-user UNION_ID   union id of a recipient; the app is the sender. May be repeated
  --to-group ID        open conversation id of a recipient; the sender is DINGTALK_UNION_ID. May be repeated
  --journal FILE       path of the journal; a new report needs a new journal. Default: NAME.journal, in the current folder
  --repeat-unknown     also send to recipients whose state is unknown; they may get the report twice";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

/// Makes the report. Replace it with your own.
fn make_csv() -> String {
    let mut csv = String::from("\u{feff}city,orders\r\n"); // Excel reads UTF-8 only after this mark
    for (city, orders) in [("Hangzhou", 1250), ("北京", 980), ("Shenzhen", 1410)] {
        let _ = write!(csv, "{city},{orders}\r\n");
    }
    csv
}

/// The place of the report.
struct Job {
    space: String,
    folder: String,
    folder_uuid: Option<String>,
    name: String,
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut repeat_unknown, mut extra) = (false, false, Vec::new());
    let (mut space, mut folder, mut folder_uuid) = (None, "0".to_owned(), None);
    let (mut name, mut journal, mut receivers) = ("report.csv".to_owned(), None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("space") => space = Some(usage::value(&mut args, "--space", usage::text)?),
            Long("folder") => folder = usage::value(&mut args, "--folder", usage::text)?,
            Long("folder-uuid") => folder_uuid = Some(usage::value(&mut args, "--folder-uuid", usage::text)?),
            Long("name") => name = usage::value(&mut args, "--name", usage::text)?,
            Long("journal") => journal = Some(usage::value(&mut args, "--journal", usage::text)?),
            Long("to-user") => {
                receivers.push(Receiver::User(usage::value(&mut args, "--to-user", usage::text)?));
            }
            Long("to-group") => {
                receivers.push(Receiver::Group(usage::value(&mut args, "--to-group", usage::text)?));
            }
            Long("repeat-unknown") => repeat_unknown = true,
            Long("demo") => demo = true,
            Value(argument) => extra.push(argument.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    usage::at_most(0, &extra)?;
    let mut seen = HashSet::new();
    receivers.retain(|to: &Receiver| seen.insert(to.clone()));
    if demo && receivers.is_empty() {
        receivers = ["person-1", "person-2", "person-3"].map(|id| Receiver::User(id.to_owned())).into();
        receivers.push(Receiver::Group("group-1".to_owned()));
    }
    if receivers.is_empty() {
        return Err(Failure::usage("--to-user or --to-group is needed"));
    }
    let space = space.or_else(|| demo.then(|| "space-1".to_owned()));
    let space = space.ok_or_else(|| Failure::usage("--space is needed"))?;
    // The files of the demo do not outlive it, so its journal must not either.
    let temporary = env::temp_dir().join(format!("dingtalk-report-{}.journal", process::id()));
    let is_temporary = demo && journal.is_none();
    let journal = journal.unwrap_or_else(|| format!("{}.journal", shared::file_name(&name)));
    let journal = if is_temporary { &temporary } else { Path::new(&journal) };
    let result =
        deliver(demo, repeat_unknown, &Job { space, folder, folder_uuid, name }, journal, &receivers);
    if is_temporary {
        for line in fs::read_to_string(&temporary).unwrap_or_default().lines() {
            shared::say(format_args!("demo: journal: {line}"));
        }
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn deliver(
    demo: bool,
    repeat_unknown: bool,
    job: &Job,
    path: &Path,
    receivers: &[Receiver],
) -> Result<(), Failure> {
    let mut journal = Journal::open(path)?;
    journal.check(&job.space, &job.folder, &job.name)?;
    let mut todo = receivers.to_vec();
    todo.retain(|to| match journal.state(to) {
        State::Sent => false,
        State::Unknown => repeat_unknown,
        State::Failed | State::Pending => true,
    });
    let mut failure = None;
    if !todo.is_empty() {
        let session = shared::connect(demo)?;
        let dentry = match journal.stored() {
            Some(dentry) => dentry,
            None => store(&session, job, &mut journal)?,
        };
        failure = send(&session, (&job.space, &dentry), &todo, &mut journal)?;
    }
    for to in receivers {
        writeln!(io::stdout(), "{} {to}", journal.state(to).word())?;
    }
    let count = |state| receivers.iter().filter(|to| journal.state(to) == state).count();
    let (all, unknown) = (receivers.len(), count(State::Unknown));
    let open = count(State::Failed) + count(State::Pending);
    let mut texts = Vec::new();
    if open > 0 {
        texts.push(format!("{open} of {all} recipients did not get the report: run the same command again"));
    }
    if unknown > 0 {
        texts.push(format!(
            "{unknown} of {all} recipients may have the report: check, and send it again with --repeat-unknown"
        ));
    }
    let exit_code = if unknown > 0 { 5 } else { failure.map_or(1, |failure: Failure| failure.exit_code) };
    if texts.is_empty() { Ok(()) } else { Err(Failure { text: texts.join("; "), exit_code }) }
}

/// Stores the report, and returns its dentry id.
fn store(session: &Session, job: &Job, journal: &mut Journal) -> Result<String, Failure> {
    let begun = journal.csv();
    let is_first = begun.is_none();
    // The journal holds the bytes too, because a later run could make other bytes.
    let csv = begun.unwrap_or_else(make_csv);
    if is_first {
        journal.append(Entry::begin(&job.space, &job.folder, &job.name, &csv))?;
    }
    let upload = |strategy| {
        let mut upload = session.client.upload(&*job.space, &*job.folder, session.person());
        if let Some(uuid) = &job.folder_uuid {
            upload = upload.commit_into(uuid);
        }
        upload.name(&*job.name).conflict_strategy(strategy).from_bytes(&csv)
    };
    // After a commit without a response, the folder may have the file, and the next upload returns that file. Unlike a
    // search in the folder, this is one step, and it needs no permission to list files.
    let first = is_first.then(|| upload(ConflictStrategy::ReturnErrorIfExists));
    let result = match first {
        None | Some(Err(Error::CommitOutcomeUnknown(_))) => upload(ConflictStrategy::ReturnDentryIfExists),
        Some(Ok(done)) => Ok(done),
        Some(Err(error)) => {
            // Certainly not stored, so the next run may make another report.
            journal.clear()?;
            Err(error)
        }
    };
    let done = result.map_err(|error| match error {
        Error::CommitOutcomeUnknown(unknown) => {
            retry_later(&format!("no result of the upload: {}", unknown.cause))
        }
        error if error.code() == Some("dentryNameConflict") => taken(job),
        error => error.into(),
    })?;
    let dentry = done.dentry.id.ok_or_else(|| retry_later("the response to the upload has no dentry id"))?;
    if !done.stored {
        check_content(session, job, &dentry, csv.as_bytes())?;
    }
    journal.append(Entry::Stored(dentry.clone()))?;
    Ok(dentry)
}

/// Refuses a file that somebody else stored under the name of the report.
fn check_content(session: &Session, job: &Job, dentry: &str, csv: &[u8]) -> Result<(), Failure> {
    let mut stored = Vec::new();
    let file = session.client.file(&*job.space, dentry, session.person());
    match file.download().max_bytes(csv.len() as u64).to_writer(&mut stored, ..) {
        Ok(_) if stored == csv => Ok(()),
        Ok(_) | Err(Error::TooLarge { .. }) => Err(taken(job)),
        Err(error) => Err(error.into()),
    }
}

fn taken(job: &Job) -> Failure {
    let Job { folder, name, .. } = job;
    let text =
        format!("--name: folder {folder} has another file {name:?}; choose another name, and a new journal");
    Failure { text, exit_code: 1 }
}

fn retry_later(problem: &str) -> Failure {
    Failure {
        text: format!("{problem}; run the same command again, which stores nothing twice"),
        exit_code: 3,
    }
}

/// Sends the stored report. Returns the first failure.
fn send(
    session: &Session,
    (space, dentry): (&str, &str),
    todo: &[Receiver],
    journal: &mut Journal,
) -> Result<Option<Failure>, Failure> {
    let mut first = None;
    for to in todo {
        journal.append(Entry::Sending(to.clone()))?;
        let conv_file = session.client.conv_file();
        let result = match to {
            Receiver::User(id) => conv_file.send_by_app(space, dentry, UnionId(id)),
            Receiver::Group(id) => conv_file.send(space, dentry, id, session.person()),
        };
        let Err(error) = result else {
            journal.append(Entry::Sent(to.clone()))?;
            continue;
        };
        shared::say(shared::printable(&format!("{to}: {error}")));
        // Without an entry after it, `Sending` stands for an unknown result.
        if !error.may_have_run() {
            journal.append(Entry::Failed(to.clone()))?;
        }
        // Another call could prolong a ban.
        let concerns_every_call = error.concerns_every_call();
        first = first.or(Some(Failure::from(error)));
        if concerns_every_call {
            break;
        }
    }
    Ok(first)
}
