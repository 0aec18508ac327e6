//! Lists a folder as a tree: `cargo run --example ls -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;

use dingtalk_files::{DentryType, WalkEntry};
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
    let (mut rows, mut folders, mut failure) = (Vec::new(), HashMap::new(), None);
    for entry in session.client.storage().walk(space, folder, session.person()).max_depth(depth) {
        match entry {
            Ok(WalkEntry { path, dentry, .. }) => {
                let name = dentry.name.as_ref().or(dentry.id.as_ref()).cloned().unwrap_or_default();
                // Not by cutting the path, for a name may have a `/` in it.
                let above = path.strip_suffix(&name).and_then(|above| above.strip_suffix('/'));
                let mut names: Vec<String> =
                    above.and_then(|path| folders.get(path)).cloned().unwrap_or_default();
                names.push(name);
                folders.insert(path, names.clone());
                rows.push((names, dentry));
            }
            Err(e) => {
                shared::say(shared::printable(&e.to_string()));
                failure = failure.or(Some(Failure::from(e.error)));
            }
        }
    }
    // A walk ends one folder before it goes into those below; a tree shows each where it is.
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut out = io::stdout().lock();
    for (names, dentry) in &rows {
        let slash = if dentry.kind == Some(DentryType::Folder) { "/" } else { "" };
        let size = dentry.size.map_or("-".to_owned(), |bytes| HumanBytes(bytes).to_string());
        let (id, indent) = (dentry.id.as_deref().unwrap_or("?"), 2 * (names.len() - 1));
        let name = names.last().map_or(String::new(), |name| shared::printable(name));
        writeln!(out, "{size:>11}  {id:<12}  {:indent$}{name}{slash}", "")?;
    }
    let text = "not everything could be listed".to_owned();
    failure.map_or(Ok(()), |first| Err(Failure { text, ..first }))
}
