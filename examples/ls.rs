//! Lists a folder as a tree: `cargo run --example ls -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;

use dingtalk_files::{DentryType, WalkEntry};
use indicatif::HumanBytes;
use lexopt::prelude::*;
use shared::{Failure, usage};

const HELP: &str = "\
Lists a folder in DingTalk as a tree: size, dentry id, name.

  ls [OPTIONS] SPACE_ID [FOLDER_ID]

Without FOLDER_ID, the folder is the root of the space. Each folder costs a call, or more if it has over 50 entries, and
calls count against a monthly quota. If a folder cannot be listed, an error on stderr names it, the rest is printed, and
the exit code is not 0.

Words (README.md, section Ids, lists where each id comes from):
  space id   id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  dentry id  id of a file or folder in its space; printed in the second column
  folder id  dentry id of a folder; 0 is the root of the space
  union id   id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it

Options:
  --depth N            number of levels to list; 1 lists only the folder itself. Default: all";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut depth, mut ids) = (false, usize::MAX, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("depth") => depth = usage::value(&mut args, "--depth", usage::count)?,
            Long("demo") => demo = true,
            Value(id) => ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    usage::at_most(2, &ids)?;
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
                // Not split at each `/`, because a name may contain one.
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
    // A walk lists all entries of a folder before those of its subfolders. A tree shows each folder above its entries.
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut out = io::stdout().lock();
    for (names, dentry) in &rows {
        let slash = if dentry.kind == Some(DentryType::Folder) { "/" } else { "" };
        let size = dentry.size.map_or("-".to_owned(), |bytes| HumanBytes(bytes).to_string());
        let (id, indent) = (dentry.id.as_deref().unwrap_or("?"), 2 * (names.len() - 1));
        let name = names.last().map_or(String::new(), |name| shared::printable(name));
        writeln!(out, "{size:>11}  {id:<12}  {:indent$}{name}{slash}", "")?;
    }
    let text = "some folders could not be listed".to_owned();
    failure.map_or(Ok(()), |first| Err(Failure { text, ..first }))
}
