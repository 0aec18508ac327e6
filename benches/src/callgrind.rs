//! Instruction counts, which do not depend on other load on the machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::child;
use crate::rounds::Contestant;

/// Counts the instructions of a whole process, excluding the kernel. The file `trace` is overwritten.
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

/// Returns the instructions per unit of work, from two contestants that differ by `more` units. The start of the
/// process cancels out.
pub fn difference(few: &Contestant, many: &Contestant, more: u32, trace: &Path) -> Result<f64> {
    Ok((count(many, trace)? - count(few, trace)?) / f64::from(more))
}
