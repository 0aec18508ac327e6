//! API calls: `POST …/downloadInfos/query`, a typed answer.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{OURS, REQWEST, UREQ, program, script, system_tool};
use crate::Result;
use crate::child;
use crate::lab::{Lab, tool};
use crate::report::{Outcome, Reach, not_measured, table};
use crate::rounds::{self, Contestant, Spread};

const ROUNDS: usize = 5;
const FIRST_CALL_ROUNDS: usize = 20;
/// What the start of a process costs falls out of the difference. A clock needs more calls than a counter.
const FEW: u32 = 1000;
const MANY: u32 = 2000;
const VERY_MANY: u32 = 10_000;

pub fn call(lab: &Lab) -> Result<Outcome> {
    let names = [
        "ours",
        "ureq and serde_json by hand",
        "reqwest, blocking",
        "ours, to a name",
        "ureq, to a name",
        "the official Python SDK",
    ];
    let (few, many) = (callers(lab, names, FEW)?, callers(lab, names, MANY)?);
    let valgrind = tool("valgrind", "valgrind");
    let mut instructions = Vec::new();
    // Python under callgrind would take an hour.
    for who in 0..names.len() - 1 {
        let counted = valgrind.as_ref().ok().map(|_| {
            let trace = lab.scratch("callgrind");
            let difference = count(&many[who], &trace)? - count(&few[who], &trace)?;
            Ok::<_, Box<dyn std::error::Error>>(difference / f64::from(MANY - FEW))
        });
        instructions.push(counted.transpose()?);
    }
    instructions.push(None);

    let both: Vec<Contestant> = few.into_iter().chain(callers(lab, names, VERY_MANY)?).collect();
    let samples = rounds::run(&both, lab.rounds(ROUNDS), true)?;
    let per_call = |who: usize| {
        let micros = 1e6 / f64::from(VERY_MANY - FEW);
        let walls = samples.pairs(who, who + names.len()).map(|(few, many)| (many.wall - few.wall) * micros);
        Spread::of(walls.collect())
    };
    let base = per_call(1);
    let mut table =
        "| | instructions | ratio | wall, µs | ratio |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for who in 0..names.len() {
        let (counted, share) = match (instructions[who], instructions[1]) {
            (Some(own), Some(base)) => (format!("{:.1} k", own / 1e3), format!("{:.2}", own / base)),
            _ => (String::new(), String::new()),
        };
        let (wall, ratio) = match (per_call(who), base) {
            (Some(own), Some(base)) => (own.text(0), format!("{:.2}", own.median / base.median)),
            _ => (not_measured(&both[who]), String::new()),
        };
        table.push_str(&format!("| {} | {counted} | {share} | {wall} | {ratio} |\n", names[who]));
    }
    let mut notes = vec![format!(
        "Plain HTTP on a kept connection. Instructions of the process by `valgrind --tool=callgrind`, exact, kernel not \
         included; the difference between {MANY} calls and {FEW}. Wall time from {} rounds after a warm-up, {VERY_MANY} calls against {FEW}. \
         \"To a name\" is `localhost` in place of 127.0.0.1.",
        lab.rounds(ROUNDS)
    )];
    notes.extend(valgrind.err().map(|e| format!("Instructions not measured: {e}")));
    notes.extend(lab.python().and_then(|python| python.versions()).ok());
    let got = instructions[0].map(|n| n / 1e3);
    Ok(Outcome {
        reaches: vec![Reach { unit: "k", digits: 1, ..Reach::ratio("instructions", 65.0, got) }],
        table,
        notes,
    })
}

fn callers(lab: &Lab, names: [&str; 6], count: u32) -> Result<[Contestant; 6]> {
    let (base, count) = (&lab.origin()?.plain, count.to_string());
    let by_name = &base.replace("127.0.0.1", "localhost");
    Ok([
        program(lab, names[0], OURS, &["call", base, &count])?,
        program(lab, names[1], UREQ, &["call", base, &count])?,
        program(lab, names[2], REQWEST, &["call", base, &count])?,
        program(lab, names[3], OURS, &["call", by_name, &count])?,
        program(lab, names[4], UREQ, &["call", by_name, &count])?,
        script(lab, names[5], "sdk.py", &[base, &count])?,
    ])
}

/// Instructions of a whole process.
fn count(contestant: &Contestant, trace: &Path) -> Result<f64> {
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
    let text = fs::read_to_string(trace)?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind gave no total")?;
    Ok(total.trim().parse()?)
}

pub fn first_call(lab: &Lab) -> Result<Outcome> {
    let origin = lab.origin()?;
    let (base, root) = (&origin.tls, origin.root.display().to_string());
    let url = format!("{base}/v1.0/storage/spaces/s/dentries/d/downloadInfos/query?unionId=u");
    let curl = [
        "-sSf",
        "--cacert",
        &root,
        "-H",
        "content-type: application/json",
        "-d",
        "{}",
        "-o",
        "/dev/null",
        &url,
    ];
    let contestants = [
        program(lab, "ureq and serde_json by hand", UREQ, &["first", base])?,
        program(lab, "ours", OURS, &["first", base])?,
        program(lab, "ours, with a private root beside the built-in ones", OURS, &["call", base, "1"])?,
        system_tool("curl", "curl", "curl", &curl),
        program(lab, "reqwest, blocking", REQWEST, &["first", base])?,
        script(lab, "the official Python SDK", "sdk.py", &[base, "1"])?,
    ];
    let rounds = lab.rounds(FIRST_CALL_ROUNDS);
    let samples = rounds::run(&contestants, rounds, true)?;
    Ok(Outcome {
        reaches: vec![Reach::ratio("wall, of ureq's", 1.3, samples.ratio(1, 0, |s| s.wall))],
        table: table(&contestants, &samples, 0),
        notes: vec![format!(
            "From the start of the process to its end, TLS 1.3, {rounds} rounds after a warm-up. With `root_certificates` \
             the built-in roots are tried first, so the first call to a private host has one handshake more."
        )],
    })
}
