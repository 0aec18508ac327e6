//! Many small files, each with its own download info, one after another: the cost of a transfer apart from its bytes.

use std::fmt::Write;
use std::path::Path;

use super::{OURS, UREQ, program};
use crate::Result;
use crate::callgrind;
use crate::child::Sample;
use crate::lab::Lab;
use crate::origin::Origin;
use crate::places::{is_memory, tool};
use crate::report::{Outcome, Reach};
use crate::rounds::{self, Contestant, Samples, Spread};

const ROUNDS: usize = 7;
/// Numbers of files under callgrind, where a file takes fifty times as long. The start of a process cancels out in the
/// difference.
const FEW: u32 = 50;
const MANY: u32 = 150;

/// Labels, programs, and the arguments after the number of files.
const CONTESTANTS: [(&str, (&str, &str), &[&str]); 7] = [
    ("ureq with the time limits of ours", UREQ, &["limits", "sync"]),
    ("ureq without time limits", UREQ, &["default", "sync"]),
    ("ours, `to_file`", OURS, &["plain"]),
    ("ours, with `cancel`", OURS, &["cancel"]),
    ("ours, with `cancel` and `progress`", OURS, &["progress"]),
    ("ureq with the time limits of ours, no sync", UREQ, &["limits", "no-sync"]),
    ("ureq without time limits, no sync", UREQ, &["default", "no-sync"]),
];
const LIMITS: usize = 0;
const NO_LIMITS: usize = 1;
const OURS_ALL: [usize; 3] = [2, 3, 4];

pub fn run(lab: &Lab) -> Result<Outcome> {
    let rounds = lab.rounds(ROUNDS);
    let mut outcome = Outcome::default();
    let disk = lab.scratch("files");
    let samples = measure(lab, &disk, lab.files)?;
    outcome.table.push_str("To disk:\n\n");
    outcome.table.push_str(&table(lab.files, &samples, None));
    for (peer, limits) in [(LIMITS, "with the same time limits"), (NO_LIMITS, "without time limits")] {
        for who in OURS_ALL {
            let what = format!("wall time, {}, relative to ureq {limits}", CONTESTANTS[who].0);
            outcome.reaches.push(Reach::ratio(what, 1.15, samples.ratio(who, peer, |s| s.wall)));
        }
    }
    if disk.parent().is_some_and(is_memory) {
        outcome
            .notes
            .push("The folder for temporary files is in memory: set TMPDIR to one on a disk.".to_owned());
    }

    match lab.scratch_in_memory("files") {
        Some(memory) => {
            let samples = measure(lab, &memory, lab.files)?;
            let counted = count(lab, &memory);
            outcome.table.push_str("\nTo memory (tmpfs), where `fsync` is nearly free:\n\n");
            outcome.table.push_str(&table(lab.files, &samples, counted.as_deref().ok()));
            outcome.notes.extend(counted.err().map(|e| format!("Instructions not measured: {e}")));
        }
        None => outcome.notes.push("Not measured in memory: /dev/shm is too small.".to_owned()),
    }
    outcome.notes.push(format!(
        "{} files of {} KiB, TLS 1.3 to a name (`localhost`), {rounds} rounds after a warm-up; wall and CPU time of the \
         whole process per file. All programs request the download info of each file, write to a temporary name in the target \
         folder, and rename; all except the last two sync the file and its folder. Ours also verifies the checksum and takes a \
         lock. The objects are on a different port than the API, because with DingTalk they are on a different host. Nothing is \
         deleted on the disk between the rounds. ureq looks up the name before each request; with a limit for lookups, it uses \
         a separate thread. A new connection of ours needs two handshakes until the client knows that the host needs the \
         private root. Instructions are counted by `valgrind --tool=callgrind` without the kernel, as the difference between \
         {MANY} and {FEW} files.",
        lab.files,
        lab.origin()?.tiny.size / 1024,
    ));
    Ok(outcome)
}

fn contestants(lab: &Lab, folder: &Path, count: u32) -> Result<Vec<Contestant>> {
    let origin = lab.origin()?;
    let (base, tiny) = (Origin::by_name(&origin.tls), &origin.tiny);
    let (to, number) = (folder.display().to_string(), count.to_string());
    let made = CONTESTANTS.iter().map(|(label, which, rest)| {
        let args = [&["files", &base, tiny.name, &to, &number], *rest].concat();
        Ok(program(lab, label, *which, &args)?.writes_files(folder, count, tiny.size))
    });
    made.collect()
}

fn measure(lab: &Lab, folder: &Path, count: u32) -> Result<Samples> {
    rounds::run(&contestants(lab, folder, count)?, lab.rounds(ROUNDS), true)
}

/// Returns the instructions per file of each contestant.
fn count(lab: &Lab, folder: &Path) -> Result<Vec<f64>> {
    tool("valgrind", "valgrind")?;
    let (few, many) = (contestants(lab, folder, FEW)?, contestants(lab, folder, MANY)?);
    let trace = lab.scratch("callgrind");
    few.iter().zip(&many).map(|(few, many)| callgrind::difference(few, many, MANY - FEW, &trace)).collect()
}

fn table(files: u32, samples: &Samples, counted: Option<&[f64]>) -> String {
    let mut table = "| | wall, µs | vs. limits | vs. none | CPU, µs | vs. limits | vs. none |".to_owned();
    table.push_str(if counted.is_some() { " instructions | vs. limits |\n" } else { "\n" });
    table.push_str(&"| --- ".repeat(if counted.is_some() { 9 } else { 7 }));
    table.push_str("|\n");
    for (who, (label, ..)) in CONTESTANTS.iter().enumerate() {
        let _ = write!(table, "| {label} |");
        for figure in [(|s| s.wall) as fn(&Sample) -> f64, |s| s.cpu] {
            let own = samples.of(who, |s| figure(s) * 1e6 / f64::from(files));
            let ratio = |peer| samples.ratio(who, peer, figure).unwrap_or(f64::NAN);
            let own = own.map_or_else(String::new, |own: Spread| own.text(0));
            let _ = write!(table, " {own} | {:.2} | {:.2} |", ratio(LIMITS), ratio(NO_LIMITS));
        }
        if let Some(counted) = counted {
            let _ = write!(table, " {:.0} k | {:.2} |", counted[who] / 1e3, counted[who] / counted[LIMITS]);
        }
        table.push('\n');
    }
    table
}
