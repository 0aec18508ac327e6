//! Common code of the programs: exit codes, the client, a progress bar, and safe file names.

#![allow(dead_code, reason = "each program uses a part of this module")]

pub(crate) mod journal;
pub(crate) mod output;
pub(crate) mod usage;

use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use console::Term;
use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};
use dingtalk_files::{Client, Error, GetDentry, Phase, Progress, UnionId};
use indicatif::{HumanBytes, ProgressBar, ProgressFinish, ProgressStyle};

/// File that `--demo` uploads by default.
pub(crate) const DEMO_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// Reason why a program ends without success.
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) exit_code: u8,
}

impl Failure {
    pub(crate) fn usage(text: &str) -> Self {
        Self { text: format!("{text} (see --help)"), exit_code: 2 }
    }

    /// Converts the error of a send, whose outcome may be unknown.
    pub(crate) fn of_send(e: Error) -> Self {
        if e.may_have_run() {
            // Names only the place to look at: the error itself advises to check before a repetition.
            return Self {
                text: format!("{e}; the conversation shows whether the file was sent"),
                exit_code: 5,
            };
        }
        e.into()
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        // Only the same process could resume the upload, and this process ends.
        let e = if let Error::UploadInterrupted(e) = e { e.cause } else { e };
        let exit_code = match &e {
            Error::Config(_) | Error::InvalidArgument(_) => 2,
            Error::CommitOutcomeUnknown(_) => 5,
            Error::NotSent(_) if e.may_have_run() => 5,
            // The file is stored, and the same command would store it again.
            Error::NotSent(_) => 1,
            Error::TargetBusy { .. } => 3,
            _ if e.is_not_found() || e.is_permission_denied() || e.is_authentication() => 4,
            _ if e.is_transient() || e.retry_after().is_some() || e.code() == Some("fileArchived") => 3,
            _ => 1,
        };
        Self { text: e.to_string(), exit_code }
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self { text: e.to_string(), exit_code: 1 }
    }
}

/// Runs a program and converts its result into an exit code.
pub(crate) fn main(help: &str, run: impl FnOnce(lexopt::Parser) -> Result<(), Failure>) -> ExitCode {
    if env::args_os().any(|arg| arg == "--help" || arg == "-h") {
        // The reader, such as `head`, may have closed the pipe.
        let _ = writeln!(io::stdout(), "{help}{}", usage::COMMON);
        return ExitCode::SUCCESS;
    }
    let Err(failure) = run(lexopt::Parser::from_env()) else { return ExitCode::SUCCESS };
    // The text may contain a message from the server.
    say(format_args!("error: {}", printable(&failure.text)));
    ExitCode::from(failure.exit_code)
}

/// Prints the result for a script. If stdout is closed, the error reports what was `done`, so that nobody repeats it.
pub(crate) fn print(line: &str, done: &str) -> Result<(), Failure> {
    let failed =
        |e| Failure { text: format!("{done} {line}, but cannot write to stdout: {e}"), exit_code: 1 };
    writeln!(io::stdout(), "{line}").map_err(failed)
}

/// Prints a line to stderr. `eprintln!` would panic if stderr is closed.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The client, and the person who acts.
pub(crate) struct Session {
    pub(crate) client: Client,
    union_id: String,
    /// Stops when the session is dropped.
    _fake: Option<FakeDingTalk>,
}

impl Session {
    pub(crate) fn person(&self) -> UnionId<'_> {
        UnionId(&self.union_id)
    }

    /// Returns the name of a stored file, as a safe name for the current folder.
    pub(crate) fn name_of(&self, space: &str, dentry: &str) -> Result<String, Failure> {
        let found = self.client.storage().get_dentry(space, dentry, self.person(), &GetDentry::new())?;
        Ok(file_name(found.name.as_deref().unwrap_or(dentry)))
    }
}

pub(crate) fn connect(demo: bool) -> Result<Session, Failure> {
    if demo {
        return demo_session();
    }
    // Before the union id, because this error lists everything that is missing.
    let client = Client::from_env().map_err(|e| {
        let failure = Failure::from(e);
        Failure { text: format!("{} (--demo needs no account)", failure.text), ..failure }
    })?;
    let union_id = env::var("DINGTALK_UNION_ID").ok().filter(|id| !id.trim().is_empty());
    let union_id = union_id.ok_or_else(|| Failure::usage("DINGTALK_UNION_ID is not set"))?;
    Ok(Session { client, union_id, _fake: None })
}

/// Starts a fake with two files.
fn demo_session() -> Result<Session, Failure> {
    let fake = FakeDingTalk::start()?;
    fake.add_folder("space-1", "folder-1", "报告");
    fake.add_folder("space-1", "folder-2", "2024");
    fake.move_into_folder("space-1", "folder-2", "folder-1");
    fake.put_file("space-1", "dentry-1", "季度报告.xlsx", Content::pattern(8_000_000));
    fake.move_into_folder("space-1", "dentry-1", "folder-2");
    fake.put_file("space-1", "dentry-2", "notes.txt", "Hello!\n");
    // A line of about 8 MB/s, so that the progress bar is visible.
    fake.fault_always(Target::Object, Fault::Slow { bytes: 160_000, pause: Duration::from_millis(20) });
    let url = fake.base_url();
    say(format_args!("demo: a fake DingTalk at {url}, which stops with this program"));
    let client = fake.client().build()?;
    Ok(Session { client, union_id: "operator-1".to_owned(), _fake: Some(fake) })
}

/// Shows the progress of a transfer on stderr, if that is a terminal.
pub(crate) fn progress() -> impl FnMut(Progress) + Send {
    let columns = Term::stderr().size_checked().map_or(80, |(_, columns)| columns);
    let style =
        ProgressStyle::with_template(template(columns)).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::no_length().with_style(style).with_finish(ProgressFinish::AndClear);
    move |now| {
        if let Some(total) = now.total {
            bar.set_length(total);
        }
        bar.set_message(match now.phase {
            Phase::Transferring => "",
            Phase::Checking => "checking local bytes",
            Phase::Retrying => "connection lost, retrying",
            Phase::Restoring => "restoring the archived file",
            _ => "please wait",
        });
        bar.set_position(now.bytes);
    }
}

/// Returns the template of the progress bar for a terminal with this many columns. The narrow template takes up to 28.
fn template(columns: u16) -> &'static str {
    if columns < 60 {
        "{percent:>3}% {bytes}/{total_bytes}"
    } else {
        "{wide_bar} {percent:>3}% {bytes}/{total_bytes} {bytes_per_sec} {eta} left {msg}"
    }
}

/// Prints the size of a transfer to stderr, and whether its checksum was verified.
pub(crate) fn tell(bytes: u64, verified: bool) {
    let checksum = if verified { "checksum verified" } else { "no checksum available" };
    say(format_args!("{}, {checksum}", HumanBytes(bytes)));
}

/// Makes a text from elsewhere safe for a terminal: without characters that move the cursor or reverse the text.
pub(crate) fn printable(name: &str) -> String {
    let reverses = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|c| if c.is_control() || reverses(c) { '_' } else { c }).collect()
}

/// Makes a name from elsewhere safe for a file in the current folder: not a path, and not hidden.
pub(crate) fn file_name(name: &str) -> String {
    let name = printable(name).replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], "_");
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}
