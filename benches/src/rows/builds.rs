//! The cost of building a program that downloads and sends a file, from an empty target folder, and the size of the
//! program.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::child::{self, Sample};
use crate::lab::Lab;
use crate::places::HOME;
use crate::report::{Outcome, Reach};
use crate::rounds::Spread;

const ROUNDS: usize = 5;

/// Labels and packages.
const PROGRAMS: [(&str, &str); 3] = [
    ("ureq, rustls, serde, serde_json by hand", "two-bare"),
    ("ours", "two-ours"),
    ("reqwest, blocking", "two-reqwest"),
];

pub fn run(lab: &Lab) -> Result<Outcome> {
    child::run(Command::new(env!("CARGO")).args(["fetch", "--locked"]).current_dir(HOME))?;
    let target = lab.scratch("target");
    let mut samples: [Vec<(Sample, f64)>; 3] = Default::default();
    let rounds = if lab.is_quick { 1 } else { ROUNDS };
    for round in 0..rounds {
        for turn in 0..PROGRAMS.len() {
            let who = (round + turn) % PROGRAMS.len();
            samples[who].push(build(&target, PROGRAMS[who].1)?);
        }
    }
    let cpu = |who: usize| Spread::of(samples[who].iter().map(|(s, _)| s.cpu).collect());
    let wall = |who: usize| Spread::of(samples[who].iter().map(|(s, _)| s.wall).collect());
    let size = |who: usize| samples[who].first().map_or(f64::NAN, |(_, size)| *size);
    let ratio = |who: usize| {
        let pairs = samples[who].iter().zip(&samples[0]);
        Spread::of(pairs.map(|((own, _), (base, _))| own.cpu / base.cpu).collect())
            .map(|ratios| ratios.median)
    };
    let mut table =
        "| | CPU, s | ratio | wall, s | stripped, MB | ratio |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (who, (label, _)) in PROGRAMS.iter().enumerate() {
        let text = |spread: Option<Spread>| spread.map_or_else(String::new, |spread| spread.text(1));
        table.push_str(&format!(
            "| {label} | {} | {:.2} | {} | {:.2} | {:.2} |\n",
            text(cpu(who)),
            ratio(who).unwrap_or(f64::NAN),
            text(wall(who)),
            size(who) / 1e6,
            size(who) / size(0),
        ));
    }
    Ok(Outcome {
        reaches: vec![
            Reach::ratio("CPU time, relative to the bare program", 1.20, ratio(1)),
            Reach::ratio("size, relative to the bare program", 1.25, Some(size(1) / size(0))),
        ],
        table,
        notes: vec![format!(
            "`cargo build --release` from an empty target folder, dependencies fetched, {rounds} rounds."
        )],
    })
}

/// Builds a package, and returns the cost of the build and the size of the program in bytes.
fn build(target: &Path, package: &str) -> Result<(Sample, f64)> {
    let _ = fs::remove_dir_all(target);
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--release", "--locked", "--offline", "--package", package]);
    command.current_dir(HOME).env("CARGO_TARGET_DIR", target);
    // The settings of an ordinary program. This workspace keeps line numbers for callgrind.
    command.env("CARGO_PROFILE_RELEASE_DEBUG", "false").env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    command.env("CARGO_INCREMENTAL", "0");
    let sample = child::run(&mut command)?;
    let size = fs::metadata(target.join("release").join(package))?.len();
    let _ = fs::remove_dir_all(target);
    Ok((sample, size as f64))
}
