//! Contestants that take turns, and their samples.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::Result;
use crate::child::{self, Sample};
use crate::places::{is_memory, remove};

/// Moves a folder aside until the lab is removed.
///
/// For a minute, ext4 without a journal does not reuse what was deleted. After thousands of deletions, creating a file
/// then takes up to 0.3 ms longer for any program.
fn set_aside(folder: &Path) -> Result<()> {
    let beside = folder.parent().ok_or("a folder in the lab's")?;
    let place = tempfile::Builder::new().prefix("done-").tempdir_in(beside)?.keep();
    Ok(fs::rename(folder, place)?)
}

/// A program that takes part in a comparison.
pub struct Contestant {
    pub name: String,
    /// The reason why the contestant does not take part.
    pub missing: Option<String>,
    program: PathBuf,
    args: Vec<String>,
    /// The root certificate that our own programs trust.
    root: Option<PathBuf>,
    output: Option<Output>,
}

/// The files that a contestant writes, and their size in bytes. They are removed before and after each run.
enum Output {
    File(PathBuf, u64),
    /// A folder with this number of files of the same size, and nothing else.
    Files(PathBuf, u32, u64),
}

impl Output {
    /// Removes the files. The folder stays.
    fn remove(&self) -> Result<()> {
        match self {
            Self::File(path, _) => remove(path),
            Self::Files(folder, ..) => {
                if is_memory(folder) {
                    fs::remove_dir_all(folder)?;
                } else if folder.exists() {
                    set_aside(folder)?;
                }
                fs::create_dir_all(folder)?;
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::File(path, size) => {
                let written = fs::metadata(path).map(|found| found.len()).unwrap_or_default();
                if written != *size {
                    return Err(format!("{written} bytes instead of {size}").into());
                }
            }
            Self::Files(folder, count, size) => {
                let found = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
                let good =
                    found.iter().filter(|file| file.metadata().is_ok_and(|f| f.len() == *size)).count();
                if (found.len(), good) != (*count as usize, *count as usize) {
                    let all = found.len();
                    return Err(format!("{all} files, {good} of the correct size, instead of {count}").into());
                }
            }
        }
        Ok(())
    }
}

impl Contestant {
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { name: name.into(), missing: None, program: program.into(), args, root: None, output: None }
    }

    /// Excludes the contestant, with the reason.
    pub fn missing(mut self, why: String) -> Self {
        self.missing = Some(why);
        self
    }

    pub fn trusts(mut self, root: &Path) -> Self {
        self.root = Some(root.to_owned());
        self
    }

    pub fn writes(mut self, path: impl Into<PathBuf>, size: u64) -> Self {
        self.output = Some(Output::File(path.into(), size));
        self
    }

    pub fn writes_files(mut self, folder: impl Into<PathBuf>, count: u32, size: u64) -> Self {
        self.output = Some(Output::Files(folder.into(), count, size));
        self
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.root.as_ref().map(|root| ("BENCH_ROOT", root)));
        // All servers are on loopback.
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
        command
    }

    /// Must be called before the contestant runs.
    pub fn prepare(&self) -> Result<()> {
        self.output.as_ref().map_or(Ok(()), Output::remove)
    }

    /// Must be called after the contestant has run. Checks and removes its files.
    pub fn clean_up(&self) -> Result<()> {
        let Some(output) = &self.output else { return Ok(()) };
        let checked = output.check().map_err(|e| format!("{}: {e}", self.name));
        output.remove()?;
        // Flushes the disk, so that it is idle when the next contestant begins.
        // SAFETY: the call has no arguments and cannot fail.
        unsafe { libc::sync() };
        Ok(checked?)
    }

    pub fn run(&self) -> Result<Sample> {
        self.prepare()?;
        let sample = child::run(&mut self.command()).map_err(|e| format!("{}: {e}", self.name))?;
        self.clean_up()?;
        Ok(sample)
    }
}

/// The samples of each contestant, in the order of the rounds.
pub struct Samples(Vec<Vec<Sample>>);

/// Runs a warm-up and then `rounds` rounds. Every contestant runs once per round, and each round begins with a
/// different contestant.
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
    /// Returns one figure of a contestant over all rounds, or `None` if the contestant did not take part.
    pub fn of(&self, who: usize, figure: impl Fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.0[who].iter().map(figure).collect())
    }

    /// Returns the median of the ratios within each round, so that a slow round affects both contestants.
    pub fn ratio(&self, who: usize, base: usize, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        let ratios = self.pairs(who, base).map(|(own, base)| figure(own) / figure(base));
        Spread::of(ratios.collect()).map(|ratios| ratios.median)
    }

    /// Returns the samples of two contestants, round by round.
    pub fn pairs(&self, one: usize, other: usize) -> impl Iterator<Item = (&Sample, &Sample)> {
        self.0[one].iter().zip(&self.0[other])
    }
}

/// The distribution of a figure over all rounds.
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

    /// Formats the spread as `median (min..max)`.
    pub fn text(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$}..{:.digits$})", self.median, self.min, self.max)
    }
}
