//! Downloads a file: `cargo run --example get -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::fs::File;
use std::io;
use std::process::ExitCode;

use dingtalk_files::{ByteRange, GetDentry};
use lexopt::prelude::*;
use shared::Failure;

const HELP: &str = "\
Downloads a file of DingTalk, and prints where it is.

  get [OPTIONS] SPACE_ID DENTRY_ID

It may be killed at any time, by Ctrl-C too: started again, it goes on from where it was.

  -o, --output FILE    where to; `-` is stdout. Default: the file's name, in this folder, if that is free;
                       to ask for the name takes the permission Storage.File.Read
  --range FIRST-LAST   these bytes alone, counted from 0, both included; `500-` is the rest. Needs -o
  --last N             the last N bytes alone. Needs -o
  --file-version N     this version, not the latest
  --parallel N         over N connections, which pays where each one is limited. For a whole file, not to stdout
  --no-resume          begin anew, and keep nothing when it fails";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut resume, mut connections, mut ids) = (false, true, 1, Vec::new());
    let (mut output, mut range, mut version) = (None, None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') | Long("output") => output = Some(args.value()?.string()?),
            Long("range") => range = Some(args.value()?.parse_with(parse_range)?),
            Long("last") => range = Some(ByteRange::last(args.value()?.parse()?)),
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
    let session = shared::connect(demo)?;
    let person = session.person();
    let mut file = session.client.file(space, dentry, person);
    if let Some(version) = version {
        file = file.version(version);
    }
    let (to_stdout, is_named) = (output.as_deref() == Some("-"), output.is_some());
    let target = match output {
        Some(path) => path,
        None if range.is_some() => return Err(Failure::usage("a part of a file needs -o")),
        None => {
            let told = session.client.storage().get_dentry(space, dentry, person, &GetDentry::new())?;
            shared::file_name(told.name.as_deref().unwrap_or(dentry))
        }
    };
    let download = file.download().parallel(connections).progress(shared::progress());
    let done = match range {
        range if to_stdout => download.to_writer(&mut io::stdout().lock(), range.unwrap_or((..).into()))?,
        Some(range) => download.to_writer(&mut File::create(&target)?, range)?,
        None => download.resume(resume).no_clobber(!is_named).to_file(&target)?,
    };
    shared::tell(done.bytes, done.verified);
    if !to_stdout {
        println!("{target}");
    }
    Ok(())
}

fn parse_range(text: &str) -> Result<ByteRange, &'static str> {
    let wrong = "it is not FIRST-LAST";
    let (first, last) = text.split_once('-').ok_or(wrong)?;
    let first: u64 = first.parse().map_err(|_| wrong)?;
    if last.is_empty() {
        return Ok((first..).into());
    }
    let last: u64 = last.parse().map_err(|_| wrong)?;
    Ok((first..=last).into())
}
