//! Lists a folder as a tree: `cargo run --example ls -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::io::{self, Write};
use std::process::ExitCode;

use dingtalk_files::DentryType;
use indicatif::HumanBytes;
use lexopt::prelude::*;
use shared::Failure;

const HELP: &str = "\
Lists a folder of DingTalk as a tree: size, dentryId, name.

  ls [OPTIONS] SPACE_ID [FOLDER_ID]

Without FOLDER_ID it is the root of the space. Each folder costs a call, and calls are counted by the month. A folder
that cannot be listed is told of on stderr, the rest is shown, and the exit code is not 0.

  --depth N   go down N levels only; 1 is the folder alone";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut depth, mut ids) = (false, usize::MAX, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("depth") => depth = args.value()?.parse()?,
            Long("demo") => demo = true,
            Value(id) => ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (space, folder) = match ids.as_slice() {
        [space, folder] => (space.as_str(), folder.as_str()),
        [space] => (space.as_str(), "0"),
        [] if demo => ("space-1", "0"),
        _ => return Err(Failure::usage("SPACE_ID is needed")),
    };
    let session = shared::connect(demo)?;
    let (mut entries, mut failure) = (Vec::new(), None);
    for entry in session.client.storage().walk(space, folder, session.person()).max_depth(depth) {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(e) => {
                shared::say(shared::printable(&e.to_string()));
                failure = failure.or(Some(Failure::from(e.error)));
            }
        }
    }
    // A walk ends one folder before it goes into those below; a tree shows each where it is.
    entries.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    let mut out = io::stdout().lock();
    for entry in &entries {
        let (above, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let level = if above.is_empty() { 0 } else { above.split('/').count() };
        let slash = if entry.dentry.kind == Some(DentryType::Folder) { "/" } else { "" };
        let size = entry.dentry.size.map_or("-".to_owned(), |bytes| HumanBytes(bytes).to_string());
        let (id, indent) = (entry.dentry.id.as_deref().unwrap_or("?"), level * 2);
        writeln!(out, "{size:>11}  {id:<12}  {:indent$}{}{slash}", "", shared::printable(name))?;
    }
    let text = "not everything could be listed".to_owned();
    failure.map_or(Ok(()), |first| Err(Failure { text, ..first }))
}
