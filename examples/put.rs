//! Uploads a file: `cargo run --example put -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::process::ExitCode;

use dingtalk_files::ConflictStrategy;
use lexopt::prelude::*;
use shared::{Failure, usage};

const HELP: &str = "\
Uploads a file into a folder in DingTalk, and prints its dentry id.

  put [OPTIONS] FILE SPACE_ID [FOLDER_ID]

Without FOLDER_ID, the folder is the root of the space.

Words (README.md, section Ids, lists where each id comes from):
  space id     id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  dentry id    id of a file or folder in its space; the program `ls` prints it
  folder id    dentry id of a folder; 0 is the root of the space
  folder uuid  another id of a folder, unique in all spaces: Client::storage().get_dentry(..) returns it as `uuid`
  union id     id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it
  part         a piece of a file above 64 MiB, sent on its own, so that a broken connection costs one part
  verified     the object store reports the same checksum, a CRC-64, for the bytes that were sent

Options:
  --name NAME          name in the folder. Default: the name of FILE
  --if-exists ACTION   action if the folder has a file with this name: rename (the new file becomes `name(1)`),
                       overwrite (adds a version), keep (prints the old file's id, and changes nothing) or fail.
                       Default: rename
  --folder-uuid UUID   folder uuid of the same folder; required for apps created after August 2023
  --parallel N         number of parts sent at the same time, 1 to 64. Default: 1";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut connections, mut operands) = (false, 1, Vec::new());
    let (mut name, mut strategy, mut uuid) = (None, ConflictStrategy::AutoRename, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("name") => name = Some(usage::value(&mut args, "--name", usage::text)?),
            Long("if-exists") => strategy = usage::value(&mut args, "--if-exists", parse_strategy)?,
            Long("folder-uuid") => uuid = Some(usage::value(&mut args, "--folder-uuid", usage::text)?),
            Long("parallel") => connections = usage::value(&mut args, "--parallel", usage::connections)?,
            Long("demo") => demo = true,
            Value(operand) => operands.push(operand.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    usage::at_most(3, &operands)?;
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let (file, space, folder) = match *operands.as_slice() {
        [file, space, folder] => (file, space, folder),
        [file, space] => (file, space, "0"),
        [file] if demo => (file, "space-1", "0"),
        [] if demo => (shared::DEMO_FILE, "space-1", "0"),
        _ => return Err(Failure::usage("FILE and SPACE_ID are needed")),
    };
    let session = shared::connect(demo)?;
    let mut upload = session.client.upload(space, folder, session.person());
    upload = upload.conflict_strategy(strategy).parallel(connections).progress(shared::progress());
    if let Some(name) = name {
        upload = upload.name(name);
    }
    if let Some(uuid) = uuid {
        upload = upload.commit_into(uuid);
    }
    let done = upload.from_file(file)?;
    shared::tell(done.bytes, done.verified);
    shared::print(&done.dentry.id.unwrap_or_default(), "uploaded as dentry")
}

fn parse_strategy(word: &str) -> Result<ConflictStrategy, &'static str> {
    match word {
        "rename" => Ok(ConflictStrategy::AutoRename),
        "overwrite" => Ok(ConflictStrategy::Overwrite),
        "keep" => Ok(ConflictStrategy::ReturnDentryIfExists),
        "fail" => Ok(ConflictStrategy::ReturnErrorIfExists),
        _ => Err("it is not rename, overwrite, keep or fail"),
    }
}
