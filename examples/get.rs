//! Downloads a file: `cargo run --example get -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::io;
use std::process::ExitCode;

use dingtalk_files::ByteRange;
use lexopt::prelude::*;
use shared::{Failure, output, usage};

const HELP: &str = "\
Downloads a file from DingTalk, and prints the path of the result.

  get [OPTIONS] SPACE_ID DENTRY_ID

FILE is always complete, or unchanged. A download of the whole file may be killed at any time, also by Ctrl-C: the next
run continues it. A download of a range starts again, and a kill leaves FILE.dingtalk-range-PID behind.

Words (README.md, section Ids, lists where each id comes from):
  space id      id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  dentry id     id of a file or folder in its space; the program `ls` prints it
  union id      id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it
  file version  number of one content of the file, from 1; each upload over the file adds a version
  part          the bytes of an unfinished download, in FILE.dingtalk-part; the next run continues them
  verified      the received bytes match the checksum of the object store, a CRC-64; a range has no checksum

Options:
  -o, --output FILE    path of the result; `-` is stdout. Default: the name of the file, in the current folder, if no
                       such file exists; to look up the name takes the permission Storage.File.Read
  --range FIRST-LAST   only these bytes, counted from 0; `500-` is the rest from byte 500, `-500` the last 500 bytes.
                       Needs --output. Default: the whole file
  --file-version N     this version. Default: the latest
  --parallel N         number of connections, 1 to 64, for a server that limits each connection. Only for a whole file,
                       not to stdout. Default: 1
  --no-resume          start again, and keep no part after a failure";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut resume, mut connections, mut ids) = (false, true, 1, Vec::new());
    let whole = ByteRange::from(..);
    let (mut path, mut range, mut version) = (None, whole, None);
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') | Long("output") => path = Some(usage::value(&mut args, "--output", output::target)?),
            Long("range") => range = usage::value(&mut args, "--range", output::range)?,
            Long("file-version") => version = Some(usage::value(&mut args, "--file-version", usage::count)?),
            Long("parallel") => connections = usage::value(&mut args, "--parallel", usage::connections)?,
            Long("no-resume") => resume = false,
            Long("demo") => demo = true,
            Value(id) => ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    usage::at_most(2, &ids)?;
    let (space, dentry) = match ids.as_slice() {
        [space, dentry] => (space.as_str(), dentry.as_str()),
        [] if demo => ("space-1", "dentry-1"),
        _ => return Err(Failure::usage("SPACE_ID and DENTRY_ID are needed")),
    };
    let (to_stdout, is_named) = (path.as_deref() == Some("-"), path.is_some());
    if range != whole && !is_named {
        return Err(Failure::usage("--range: needs --output"));
    }
    if connections != 1 && (range != whole || to_stdout) {
        return Err(Failure::usage(
            "--parallel: works only for a whole file, not with --range or `--output -`",
        ));
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
