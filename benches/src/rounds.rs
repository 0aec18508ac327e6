//! Contestants that take turns, and what comes of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::child::{self, Sample};
use crate::lab::remove;

/// One of those that are compared.
pub struct Contestant {
    pub name: String,
    /// Why it does not take part.
    pub missing: Option<String>,
    program: PathBuf,
    args: Vec<String>,
    /// The certificate that our own programs trust.
    root: Option<PathBuf>,
    /// What it writes, and how long that has to be. Removed before and after each run.
    output: Option<(PathBuf, u64)>,
}

impl Contestant {
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { name: name.into(), missing: None, program: program.into(), args, root: None, output: None }
    }

    /// It does not take part, and `why` says so.
    pub fn missing(mut self, why: String) -> Self {
        self.missing = Some(why);
        self
    }

    pub fn trusts(mut self, root: &Path) -> Self {
        self.root = Some(root.to_owned());
        self
    }

    pub fn writes(mut self, path: impl Into<PathBuf>, size: u64) -> Self {
        self.output = Some((path.into(), size));
        self
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.root.as_ref().map(|root| ("BENCH_ROOT", root)));
        // Everything here is on loopback.
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self) -> Result<Sample> {
        if let Some((path, _)) = &self.output {
            remove(path);
        }
        let sample = child::run(&mut self.command()).map_err(|e| format!("{}: {e}", self.name))?;
        if let Some((path, size)) = &self.output {
            let written = std::fs::metadata(path).map(|found| found.len()).unwrap_or_default();
            remove(path);
            // So that the disk is at rest when the next one begins.
            // SAFETY: it takes nothing and cannot fail.
            unsafe { libc::sync() };
            if written != *size {
                return Err(format!("{}: {written} bytes in place of {size}", self.name).into());
            }
        }
        Ok(sample)
    }
}

/// The samples of each contestant, in the order of the rounds.
pub struct Samples(Vec<Vec<Sample>>);

/// A warm-up, then so many rounds. In each one everybody has a turn, and somebody else begins.
pub fn run(contestants: &[Contestant], rounds: usize, warm_up: bool) -> Result<Samples> {
    let mut samples = vec![Vec::new(); contestants.len()];
    for round in 0..rounds + usize::from(warm_up) {
        for turn in 0..contestants.len() {
            let who = (round + turn) % contestants.len();
            if contestants[who].missing.is_some() {
                continue;
            }
            let sample = contestants[who].run()?;
            if round > 0 || !warm_up {
                samples[who].push(sample);
            }
        }
    }
    Ok(Samples(samples))
}

impl Samples {
    /// One figure of a contestant in all rounds; nothing for one that did not take part.
    pub fn of(&self, who: usize, figure: impl Fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.0[who].iter().map(figure).collect())
    }

    /// The median of the ratios within the rounds, so that what slows a whole round slows both.
    pub fn ratio(&self, who: usize, base: usize, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        let ratios = self.pairs(who, base).map(|(own, base)| figure(own) / figure(base));
        Spread::of(ratios.collect()).map(|ratios| ratios.median)
    }

    /// Two contestants, round by round.
    pub fn pairs(&self, one: usize, other: usize) -> impl Iterator<Item = (&Sample, &Sample)> {
        self.0[one].iter().zip(&self.0[other])
    }
}

/// A figure over all rounds.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Self { median, min, max })
    }

    /// `median (min..max)`.
    pub fn text(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$}..{:.digits$})", self.median, self.min, self.max)
    }
}
