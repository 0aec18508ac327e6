//! Instructions, which do not depend on what else the machine does.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::child;
use crate::rounds::Contestant;

/// Instructions of a whole process, the kernel's not included. `trace` is written over.
pub fn count(contestant: &Contestant, trace: &Path) -> Result<f64> {
    contestant.prepare()?;
    let plain = contestant.command();
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", trace.display()));
    command.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    child::run(&mut command)?;
    contestant.clean_up()?;
    let text = fs::read_to_string(trace)?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind gave no total")?;
    Ok(total.trim().parse()?)
}

/// Instructions for one unit of work: the difference of two contestants that differ by `more` units. The start of a process cancels out.
pub fn difference(few: &Contestant, many: &Contestant, more: u32, trace: &Path) -> Result<f64> {
    Ok((count(many, trace)? - count(few, trace)?) / f64::from(more))
}
