//! Downloads a file: `cargo run --example get -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::io;
use std::process::ExitCode;

use dingtalk_files::ByteRange;
use lexopt::prelude::*;
use shared::{Failure, output};

const HELP: &str = "\
Downloads a file of DingTalk, and prints where it is.

  get [OPTIONS] SPACE_ID DENTRY_ID

FILE is complete, or what it was before. A whole file may be killed at any time, by Ctrl-C too: started again, it goes on
from where it was. With --range it begins anew, and a kill leaves FILE.dingtalk-range-PID behind.

  -o, --output FILE    where to; `-` is stdout. Default: the file's name, in this folder, if that is free;
                       to ask for the name takes the permission Storage.File.Read
  --range FIRST-LAST   these bytes alone, counted from 0; also `500-`, and `-500` for the last 500. Needs -o
  --file-version N     this version, not the latest
  --parallel N         over N connections, which pays where each one is limited. For a whole file, not to stdout
  --no-resume          begin anew, and keep nothing when it fails";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut resume, mut connections, mut ids) = (false, true, 1, Vec::new());
    let whole = ByteRange::from(..);
    let (mut path, mut range, mut version) = (None, whole, None);
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') | Long("output") => path = Some(args.value()?.parse_with(output::target)?),
            Long("range") => range = args.value()?.parse_with(output::range)?,
            Long("file-version") => version = Some(args.value()?.parse()?),
            Long("parallel") => connections = args.value()?.parse()?,
            Long("no-resume") => resume = false,
            Long("demo") => demo = true,
            Value(id) => ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (space, dentry) = match ids.as_slice() {
        [space, dentry] => (space.as_str(), dentry.as_str()),
        [] if demo => ("space-1", "dentry-1"),
        _ => return Err(Failure::usage("SPACE_ID and DENTRY_ID are needed")),
    };
    let (to_stdout, is_named) = (path.as_deref() == Some("-"), path.is_some());
    if range != whole && !is_named {
        return Err(Failure::usage("--range needs -o"));
    }
    if connections != 1 && (range != whole || to_stdout) {
        return Err(Failure::usage("--parallel needs a file, and the whole of it"));
    }
    let session = shared::connect(demo)?;
    let mut file = session.client.file(space, dentry, session.person());
    if let Some(version) = version {
        file = file.version(version);
    }
    let target = path.map_or_else(|| session.name_of(space, dentry), Ok)?;
    let download = file.download().parallel(connections).progress(shared::progress());
    let done = if to_stdout {
        download.to_writer(&mut io::stdout().lock(), range)?
    } else if range == whole {
        download.resume(resume).no_clobber(!is_named).to_file(&target)?
    } else {
        output::replace(&target, |part| download.to_writer(part, range))?
    };
    shared::tell(done.bytes, done.verified);
    if to_stdout { Ok(()) } else { shared::print(&target, "downloaded to") }
}
