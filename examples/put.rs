//! Uploads a file: `cargo run --example put -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::process::ExitCode;

use dingtalk_files::ConflictStrategy;
use lexopt::prelude::*;
use shared::Failure;

const HELP: &str = "\
Uploads a file into a folder of DingTalk, and prints its dentryId.

  put [OPTIONS] FILE SPACE_ID [FOLDER_ID]

Without FOLDER_ID it is the root of the space.

  --name NAME          what it is called there. Default: as here
  --if-exists WHAT     when the name is taken: rename (the default: `name(1)`), overwrite (a new version),
                       keep (the old one stays and is printed) or fail
  --folder-uuid UUID   the dentryUuid of the same folder, which apps made after August 2023 need
  --parallel N         N parts at once, above 64 MiB";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut connections, mut operands) = (false, 1, Vec::new());
    let (mut name, mut strategy, mut uuid) = (None, ConflictStrategy::AutoRename, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("name") => name = Some(args.value()?.string()?),
            Long("if-exists") => strategy = args.value()?.parse_with(parse_strategy)?,
            Long("folder-uuid") => uuid = Some(args.value()?.string()?),
            Long("parallel") => connections = args.value()?.parse()?,
            Long("demo") => demo = true,
            Value(operand) => operands.push(operand.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
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
        _ => Err("it is none of rename, overwrite, keep and fail"),
    }
}
