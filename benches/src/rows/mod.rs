//! The rows: the contestants of each row, and their task.

pub mod builds;
pub mod calls;
pub mod memory;
pub mod ranges;
pub mod small_files;
pub mod transfers;

use crate::Result;
use crate::lab::Lab;
use crate::places::tool;
use crate::rounds::Contestant;

/// Creates a contestant from a program in `programs/` and its arguments.
fn program(lab: &Lab, label: &str, (package, features): (&str, &str), args: &[&str]) -> Result<Contestant> {
    let path = lab.program(package, features)?;
    Ok(Contestant::new(label, path, args).trusts(&lab.origin()?.root))
}

/// Creates a contestant from a tool of the system. If the tool is missing, the contestant reports that.
fn system_tool(label: &str, name: &'static str, package: &str, args: &[&str]) -> Contestant {
    let contestant = Contestant::new(label, name, args);
    match tool(name, package) {
        Ok(_) => contestant,
        Err(e) => contestant.missing(e.to_string()),
    }
}

/// Creates a contestant from a script in `python/`. If Python is missing, the contestant reports that.
fn script(lab: &Lab, label: &str, name: &str, args: &[&str]) -> Result<Contestant> {
    let contestant = match lab.python() {
        Ok(python) => python.script(label, name, args),
        Err(e) => Contestant::new(label, "python3", args).missing(e.to_string()),
    };
    Ok(contestant.trusts(&lab.origin()?.root))
}

/// The packages in `programs/`, and the features with which they are built.
const OURS: (&str, &str) = ("ours", "");
const OURS_NO_TRACE: (&str, &str) = ("ours", "no-trace");
const UREQ: (&str, &str) = ("plain-ureq", "");
const UREQ_NO_TRACE: (&str, &str) = ("plain-ureq", "no-trace");
const REQWEST: (&str, &str) = ("plain-reqwest", "");
const RAW: (&str, &str) = ("raw", "");
