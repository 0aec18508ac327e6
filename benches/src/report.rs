//! Results of the rows, and the page that they are written to.
//!
//! The page is hand-written text around blocks between markers. A run replaces the blocks of the rows that it measured,
//! and leaves everything else unchanged.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::child::Sample;
use crate::places::HOME;
use crate::rounds::{Contestant, Samples};

/// A figure and its goal, which is a maximum.
pub struct Reach {
    pub what: String,
    pub goal: f64,
    pub got: Option<f64>,
    /// `MiB`, `k instructions`; empty for a ratio.
    pub unit: &'static str,
    pub digits: usize,
}

impl Reach {
    pub fn ratio(what: impl Into<String>, goal: f64, got: Option<f64>) -> Self {
        Self { what: what.into(), goal, got, unit: "", digits: 2 }
    }

    /// Formats a figure as shown, so that rounding differences do not miss a goal.
    fn shown(&self, figure: f64) -> String {
        format!("{figure:.*} {}", self.digits, self.unit).trim().to_owned()
    }

    fn verdict(&self) -> (String, &'static str) {
        let Some(got) = self.got else { return ("not measured".to_owned(), "") };
        let scale = 10_f64.powi(i32::try_from(self.digits).unwrap_or_default());
        let is_met = (got * scale).round() <= (self.goal * scale).round();
        (self.shown(got), if is_met { "yes" } else { "**no**" })
    }
}

/// The results of a row.
#[derive(Default)]
pub struct Outcome {
    pub reaches: Vec<Reach>,
    /// A table in Markdown.
    pub table: String,
    pub notes: Vec<String>,
}

impl Outcome {
    pub fn not_measured(why: &str) -> Self {
        Self { notes: vec![format!("not measured: {why}")], ..Self::default() }
    }

    pub fn text(&self) -> String {
        let mut text = self.table.clone();
        for note in &self.notes {
            text.push_str(&format!("\n{note}\n"));
        }
        for reach in &self.reaches {
            let (got, is_met) = reach.verdict();
            text.push_str(&format!(
                "\n{}: {got}; goal: at most {}: {is_met}\n",
                reach.what,
                reach.shown(reach.goal)
            ));
        }
        text
    }
}

/// Returns a table with the wall time, CPU time and memory of each contestant. Ratios are relative to the contestant at
/// `base`.
pub fn table(contestants: &[Contestant], samples: &Samples, base: usize) -> String {
    let mut table =
        "| | wall, s | ratio | CPU, s | ratio | peak, MiB |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (who, contestant) in contestants.iter().enumerate() {
        let name = &contestant.name;
        let line = match (samples.of(who, |s| s.wall), samples.of(who, |s| s.cpu), samples.of(who, |s| s.rss))
        {
            (Some(wall), Some(cpu), Some(rss)) => {
                let ratio = |figure: fn(&Sample) -> f64| {
                    samples.ratio(who, base, figure).map_or_else(String::new, |ratio| format!("{ratio:.2}"))
                };
                let (walls, cpus) = (ratio(|s| s.wall), ratio(|s| s.cpu));
                let digits = if wall.median < 0.1 { 4 } else { 2 };
                let (wall, cpu) = (wall.text(digits), cpu.text(digits));
                format!("| {name} | {wall} | {walls} | {cpu} | {cpus} | {:.1} |\n", rss.median)
            }
            _ => format!("| {name} | {} | | | | |\n", not_measured(contestant)),
        };
        table.push_str(&line);
    }
    table
}

pub fn not_measured(contestant: &Contestant) -> String {
    format!("not measured: {}", contestant.missing.as_deref().unwrap_or("no rounds"))
}

/// The page `docs/performance.md`.
pub struct Page {
    /// The names of all rows, in the order of the page.
    rows: Vec<&'static str>,
    path: PathBuf,
    text: String,
}

const SUMMARY_HEAD: &str =
    "| row | figure | goal, at most | measured | met |\n| --- | --- | --- | --- | --- |\n";

impl Page {
    pub fn read(rows: Vec<&'static str>) -> Result<Self> {
        let path = PathBuf::from(HOME).join("../docs/performance.md");
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { rows, path, text })
    }

    pub fn machine(&mut self, machine: &str) {
        self.put("machine", machine);
    }

    pub fn row(&mut self, name: &str, outcome: &Outcome) {
        let mut text = outcome.table.clone();
        for note in &outcome.notes {
            text.push_str(&format!("\n{note}\n"));
        }
        self.put(name, &text);
        let mut lines = String::new();
        for reach in &outcome.reaches {
            let (got, is_met) = reach.verdict();
            let (what, goal) = (&reach.what, reach.shown(reach.goal));
            lines.push_str(&format!("| {name} | {what} | {goal} | {got} | {is_met} |\n"));
        }
        let summary = self.block("summary").unwrap_or_default();
        let mut merged = SUMMARY_HEAD.to_owned();
        for each in &self.rows {
            if *each == name {
                merged.push_str(&lines);
            } else {
                let old = summary.lines().filter(|line| line.starts_with(&format!("| {each} |")));
                old.for_each(|line| merged.push_str(&format!("{line}\n")));
            }
        }
        self.put("summary", &merged);
    }

    pub fn write(&self) -> Result<()> {
        Ok(fs::write(&self.path, &self.text)?)
    }

    /// Returns the range of the text between the markers with this name.
    fn place(&self, name: &str) -> Option<std::ops::Range<usize>> {
        let begin = format!("<!-- measured: {name} -->\n");
        let start = self.text.find(&begin)? + begin.len();
        let end = start + self.text[start..].find("<!-- end -->")?;
        Some(start..end)
    }

    fn block(&self, name: &str) -> Option<String> {
        self.place(name).map(|place| self.text[place].to_owned())
    }

    fn put(&mut self, name: &str, text: &str) {
        match self.place(name) {
            Some(place) => self.text.replace_range(place, text),
            None => eprintln!("docs/performance.md has no block for {name}"),
        }
    }
}
