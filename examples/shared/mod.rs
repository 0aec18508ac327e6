//! What `get`, `put`, `send` and `ls` share: exit codes, whom they talk to, a progress bar, other people's names.

#![allow(dead_code, reason = "each of the four uses a part of it")]

pub(crate) mod output;

use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use dingtalk_files::testing::{Content, FakeDingTalk};
use dingtalk_files::{Client, Error, GetDentry, Phase, Progress, UnionId};
use indicatif::{HumanBytes, ProgressBar, ProgressFinish, ProgressStyle};

/// What `--demo` uploads when nothing is named.
pub(crate) const DEMO_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// The end of each `--help`.
const COMMON: &str = "
  --demo   talk to a fake of DingTalk on this machine: no account and no arguments are needed
  --help   show this

Environment:
  DINGTALK_APP_KEY, DINGTALK_APP_SECRET (or DINGTALK_ACCESS_TOKEN)   who is calling
  DINGTALK_UNION_ID   the person in whose name it is done
  DINGTALK_BASE_URL   another API host

Exit codes:
  0  done
  1  failed, in part at least: the text tells what was done
  2  wrong use, or a setting is missing or wrong
  3  failed for now: the same command may succeed later, and does no harm
  4  it is not there, or this app or person may not do this
  5  no answer came, and it may have been done: look before you repeat it (put, send)";

/// Why a program ends without success.
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) exit_code: u8,
}

impl Failure {
    pub(crate) fn usage(text: &str) -> Self {
        Self { text: format!("{text} (see --help)"), exit_code: 2 }
    }

    /// Of a send, of which nobody may know whether it happened.
    pub(crate) fn of_send(e: Error) -> Self {
        if !e.may_have_run() {
            return e.into();
        }
        Self { text: format!("{e}. It may have been sent: look before you send it again"), exit_code: 5 }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        // What has arrived is of use to this process alone, which ends.
        let e = if let Error::UploadInterrupted(e) = e { e.cause } else { e };
        let exit_code = match &e {
            Error::Config(_) | Error::InvalidArgument(_) => 2,
            Error::CommitOutcomeUnknown(_) => 5,
            Error::NotSent(_) if e.may_have_run() => 5,
            // The file is stored: the same command would store it once more.
            Error::NotSent(_) => 1,
            Error::TargetBusy { .. } => 3,
            _ if e.is_not_found() || e.is_permission_denied() || e.is_authentication() => 4,
            _ if e.is_transient() || e.retry_after().is_some() || e.code() == Some("fileArchived") => 3,
            _ => 1,
        };
        Self { text: e.to_string(), exit_code }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(e: lexopt::Error) -> Self {
        Self::usage(&e.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self { text: e.to_string(), exit_code: 1 }
    }
}

/// Runs a program, and makes an exit code of what came of it.
pub(crate) fn main(help: &str, run: impl FnOnce(lexopt::Parser) -> Result<(), Failure>) -> ExitCode {
    if env::args_os().any(|arg| arg == "--help" || arg == "-h") {
        // Who has read enough of it has closed the pipe.
        let _ = writeln!(io::stdout(), "{help}{COMMON}");
        return ExitCode::SUCCESS;
    }
    let Err(failure) = run(lexopt::Parser::from_env()) else { return ExitCode::SUCCESS };
    // It may have words of the server in it.
    say(format_args!("error: {}", printable(&failure.text)));
    ExitCode::from(failure.exit_code)
}

/// Prints what a script reads. Where nobody takes it, whoever reads stderr learns what was `done`, and need not repeat it.
pub(crate) fn print(line: &str, done: &str) -> Result<(), Failure> {
    let failed = |e| Failure { text: format!("{done} {line}, but stdout takes nothing: {e}"), exit_code: 1 };
    writeln!(io::stdout(), "{line}").map_err(failed)
}

/// On stderr. `eprintln!` would end the program where nobody takes it.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whom a program talks to, and in whose name.
pub(crate) struct Session {
    pub(crate) client: Client,
    union_id: String,
    /// Gone with the session.
    _fake: Option<FakeDingTalk>,
}

impl Session {
    pub(crate) fn person(&self) -> UnionId<'_> {
        UnionId(&self.union_id)
    }

    /// What a file is called, for a file in the current folder.
    pub(crate) fn name_of(&self, space: &str, dentry: &str) -> Result<String, Failure> {
        let told = self.client.storage().get_dentry(space, dentry, self.person(), &GetDentry::new())?;
        Ok(file_name(told.name.as_deref().unwrap_or(dentry)))
    }
}

pub(crate) fn connect(demo: bool) -> Result<Session, Failure> {
    if demo {
        return demo_session();
    }
    // First, because it says what is missing altogether.
    let client = Client::from_env().map_err(|e| {
        let failure = Failure::from(e);
        Failure { text: format!("{} (--demo needs none)", failure.text), ..failure }
    })?;
    let union_id = env::var("DINGTALK_UNION_ID").ok().filter(|id| !id.trim().is_empty());
    let union_id = union_id.ok_or_else(|| Failure::usage("DINGTALK_UNION_ID is not set"))?;
    Ok(Session { client, union_id, _fake: None })
}

/// A small DingTalk with two files.
fn demo_session() -> Result<Session, Failure> {
    let fake = FakeDingTalk::start()?;
    fake.add_folder("space-1", "folder-1", "报告");
    fake.add_folder("space-1", "folder-2", "2024");
    fake.move_into_folder("space-1", "folder-2", "folder-1");
    fake.put_file("space-1", "dentry-1", "季度报告.xlsx", Content::pattern(8_000_000));
    fake.move_into_folder("space-1", "dentry-1", "folder-2");
    fake.put_file("space-1", "dentry-2", "notes.txt", "Hello!\n");
    let url = fake.base_url();
    say(format_args!("demo: this is a fake of DingTalk at {url}; it ends with this program"));
    let client = fake.client().build()?;
    Ok(Session { client, union_id: "operator-1".to_owned(), _fake: Some(fake) })
}

/// Shows a transfer on stderr, where that is a terminal.
pub(crate) fn progress() -> impl FnMut(Progress) + Send {
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::no_length().with_style(style).with_finish(ProgressFinish::AndClear);
    move |now| {
        if let Some(total) = now.total {
            bar.set_length(total);
        }
        bar.set_message(match now.phase {
            Phase::Transferring => "",
            Phase::Checking => "checking what is here already",
            Phase::Retrying => "the line broke; trying again",
            _ => "one moment",
        });
        bar.set_position(now.bytes);
    }
}

/// What came of a transfer, on stderr.
pub(crate) fn tell(bytes: u64, verified: bool) {
    let checksum = if verified { "checksum verified" } else { "no checksum to compare" };
    say(format_args!("{}, {checksum}", HumanBytes(bytes)));
}

/// A name that somebody else chose, for a terminal: nothing in it can move the cursor or turn the text round.
pub(crate) fn printable(name: &str) -> String {
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|c| if c.is_control() || turns(c) { '_' } else { c }).collect()
}

/// Such a name for a file in the current folder: it cannot be a path, and is not hidden.
pub(crate) fn file_name(name: &str) -> String {
    let name = printable(name).replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], "_");
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}
