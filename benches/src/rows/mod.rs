//! The rows: who is compared in each, and at what.

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

/// One of `programs/`, with its arguments.
fn program(lab: &Lab, label: &str, (package, features): (&str, &str), args: &[&str]) -> Result<Contestant> {
    let path = lab.program(package, features)?;
    Ok(Contestant::new(label, path, args).trusts(&lab.origin()?.root))
}

/// A tool of the system; without it, a contestant that says so.
fn system_tool(label: &str, name: &'static str, package: &str, args: &[&str]) -> Contestant {
    let contestant = Contestant::new(label, name, args);
    match tool(name, package) {
        Ok(_) => contestant,
        Err(e) => contestant.missing(e.to_string()),
    }
}

/// One of `python`; without Python, a contestant that says so.
fn script(lab: &Lab, label: &str, name: &str, args: &[&str]) -> Result<Contestant> {
    let contestant = match lab.python() {
        Ok(python) => python.script(label, name, args),
        Err(e) => Contestant::new(label, "python3", args).missing(e.to_string()),
    };
    Ok(contestant.trusts(&lab.origin()?.root))
}

/// The programs of `programs/`, and the features they are built with.
const OURS: (&str, &str) = ("ours", "");
const OURS_NO_TRACE: (&str, &str) = ("ours", "no-trace");
const UREQ: (&str, &str) = ("plain-ureq", "");
const UREQ_NO_TRACE: (&str, &str) = ("plain-ureq", "no-trace");
const REQWEST: (&str, &str) = ("plain-reqwest", "");
const RAW: (&str, &str) = ("raw", "");
