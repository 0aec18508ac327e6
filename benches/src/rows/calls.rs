//! API calls: `POST …/downloadInfos/query` with a typed answer.

use super::{OURS, REQWEST, UREQ, program, script, system_tool};
use crate::Result;
use crate::callgrind;
use crate::child::Sample;
use crate::lab::Lab;
use crate::origin::Origin;
use crate::places::tool;
use crate::report::{Outcome, Reach, not_measured, table};
use crate::rounds::{self, Contestant, Spread};

const ROUNDS: usize = 5;
const FIRST_CALL_ROUNDS: usize = 20;
/// Numbers of calls. The start of a process cancels out in the difference. Timing needs more calls than counting.
const FEW: u32 = 1000;
const MANY: u32 = 2000;
const VERY_MANY: u32 = 10_000;

/// Labels, and the caller that each is compared with. That caller has the same limits, and the same kind of host.
const CALLERS: [(&str, usize); 8] = [
    ("ours, to a name", 1),
    ("ureq with the same limits, to a name", 1),
    ("ureq without limits, to a name", 1),
    ("ours, to an address", 4),
    ("ureq with the same limits, to an address", 4),
    ("ureq without limits, to an address", 4),
    ("reqwest, blocking, to a name", 1),
    ("the official Python SDK, to a name", 1),
];
/// Python is not counted, because it would take an hour under callgrind.
const COUNTED: usize = CALLERS.len() - 1;

pub fn call(lab: &Lab) -> Result<Outcome> {
    let (few, many) = (callers(lab, FEW)?, callers(lab, MANY)?);
    let valgrind = tool("valgrind", "valgrind");
    let mut instructions = [None; CALLERS.len()];
    if valgrind.is_ok() {
        let trace = lab.scratch("callgrind");
        for who in 0..COUNTED {
            instructions[who] = Some(callgrind::difference(&few[who], &many[who], MANY - FEW, &trace)?);
        }
    }
    let counted_ratio = |who: usize| Some(instructions[who]? / instructions[CALLERS[who].1]?);

    let both: Vec<Contestant> = few.into_iter().chain(callers(lab, VERY_MANY)?).collect();
    let samples = rounds::run(&both, lab.rounds(ROUNDS), true)?;
    let micros = |who: usize, figure: fn(&Sample) -> f64| {
        let pairs = samples.pairs(who, who + CALLERS.len());
        let each =
            pairs.map(move |(few, many)| (figure(many) - figure(few)) * 1e6 / f64::from(VERY_MANY - FEW));
        each.collect::<Vec<f64>>()
    };
    let ratio = |who: usize, figure: fn(&Sample) -> f64| {
        let pairs = micros(who, figure).into_iter().zip(micros(CALLERS[who].1, figure));
        Spread::of(pairs.map(|(own, peer)| own / peer).collect()).map(|ratios| ratios.median)
    };
    let mut table = "| | instructions | ratio | wall, µs | ratio | CPU, µs | ratio |
| --- | --- | --- | --- | --- | --- | --- |
"
    .to_owned();
    let shown = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    for (who, (label, _)) in CALLERS.iter().enumerate() {
        let counted = instructions[who].map_or_else(String::new, |n| format!("{:.1} k", n / 1e3));
        table.push_str(&format!("| {label} | {counted} | {} |", shown(counted_ratio(who))));
        for figure in [(|s| s.wall) as fn(&Sample) -> f64, |s| s.cpu] {
            let own = Spread::of(micros(who, figure));
            let own = own.map_or_else(|| not_measured(&both[who]), |own| own.text(0));
            table.push_str(&format!(" {own} | {} |", shown(ratio(who, figure))));
        }
        table.push('\n');
    }
    let mut notes = vec![format!(
        "Plain HTTP on a kept connection. A name is `localhost`, an address is 127.0.0.1. Ratios are relative to ureq \
         with the default limits of ours and the same kind of host. ureq looks up the name before each request; with a limit \
         for lookups, it uses a separate thread. Instructions of the process are counted by `valgrind --tool=callgrind` \
         without the kernel, as the difference between {MANY} and {FEW} calls. They are exact without threads, and within \
         2 % with threads. Times are from {} rounds after a warm-up, as the difference between {VERY_MANY} and {FEW} calls.",
        lab.rounds(ROUNDS)
    )];
    notes.extend(valgrind.err().map(|e| format!("Instructions not measured: {e}")));
    notes.extend(lab.python().and_then(|python| python.versions()).ok());
    Ok(Outcome {
        reaches: vec![
            Reach::ratio(
                "instructions, to a name, relative to ureq with the same limits",
                1.15,
                counted_ratio(0),
            ),
            Reach::ratio(
                "wall time, to a name, relative to ureq with the same limits",
                1.15,
                ratio(0, |s| s.wall),
            ),
        ],
        table,
        notes,
    })
}

fn callers(lab: &Lab, count: u32) -> Result<[Contestant; CALLERS.len()]> {
    let (address, count) = (&lab.origin()?.plain, count.to_string());
    let name = &Origin::by_name(address);
    let label = |who: usize| CALLERS[who].0;
    Ok([
        program(lab, label(0), OURS, &["call", name, &count])?,
        program(lab, label(1), UREQ, &["call", name, &count, "limits"])?,
        program(lab, label(2), UREQ, &["call", name, &count, "default"])?,
        program(lab, label(3), OURS, &["call", address, &count])?,
        program(lab, label(4), UREQ, &["call", address, &count, "limits"])?,
        program(lab, label(5), UREQ, &["call", address, &count, "default"])?,
        program(lab, label(6), REQWEST, &["call", name, &count])?,
        script(lab, label(7), "sdk.py", &[name, &count])?,
    ])
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
        reaches: vec![Reach::ratio("wall time, relative to ureq", 1.3, samples.ratio(1, 0, |s| s.wall))],
        table: table(&contestants, &samples, 0),
        notes: vec![format!(
            "From the start of the process to its end, TLS 1.3, {rounds} rounds after a warm-up. With `root_certificates` \
             the built-in roots are tried first, so the first call to a private host has one handshake more."
        )],
    })
}
