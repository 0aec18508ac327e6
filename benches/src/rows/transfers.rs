//! Transfers over one connection, compared with curl.

use super::{OURS, OURS_NO_TRACE, RAW, UREQ, UREQ_NO_TRACE, program, script, system_tool};
use crate::Result;
use crate::lab::Lab;
use crate::places::MIB;
use crate::report::{Outcome, Reach, table};
use crate::rounds::{self, Contestant};

const ROUNDS: usize = 7;
/// nginx is the slower side and not steady: with 7 rounds, two runs gave 0.83 and 0.97.
const UPLOAD_ROUNDS: usize = 15;

pub fn download_tls(lab: &Lab) -> Result<Outcome> {
    let origin = lab.origin()?;
    let (big, out) = (&origin.big, lab.scratch("download"));
    let url = format!("{}/{}", origin.tls, big.name);
    let (base, root, path) = (&origin.tls, origin.root.display().to_string(), out.display().to_string());
    let contestants = [
        system_tool("curl -o", "curl", "curl", &["-sSf", "--cacert", &root, "-o", &path, &url]),
        program(lab, "ours, `download_to(&mut File)`, verified", OURS, &["download", &url, &path])?,
        program(
            lab,
            "ours, `to_file`: verified, `fsync`, rename",
            OURS,
            &["to-file", base, big.name, &path, "1"],
        )?,
        program(lab, "ureq, `io::copy`", UREQ, &["copy", &url, &path])?,
        program(lab, "ureq, blocks of 256 KiB", UREQ, &["blocks", &url, &path])?,
        program(lab, "rustls by hand, blocks of 256 KiB", RAW, &["download", &url, &path])?,
    ]
    .map(|contestant| contestant.writes(&out, big.size));
    let samples = rounds::run(&contestants, lab.rounds(ROUNDS), true)?;
    Ok(Outcome {
        reaches: vec![
            Reach::ratio("wall time, relative to curl", 0.85, samples.ratio(1, 0, |s| s.wall)),
            Reach::ratio("CPU time, relative to curl", 0.75, samples.ratio(1, 0, |s| s.cpu)),
        ],
        table: table(&contestants, &samples, 0),
        notes: vec![about(lab, big.size, ROUNDS, "TLS 1.3. Only `to_file` waits for the disk (`fsync`).")],
    })
}

pub fn download_plain(lab: &Lab) -> Result<Outcome> {
    let origin = lab.origin()?;
    let big = &origin.big;
    let url = format!("{}/{}", origin.plain, big.name);
    let contestants = [
        system_tool("curl -o /dev/null", "curl", "curl", &["-sSf", "-o", "/dev/null", &url]),
        program(lab, "ours, trace log compiled out, verified", OURS_NO_TRACE, &["download", &url, "-"])?,
        program(lab, "ours, verified", OURS, &["download", &url, "-"])?,
        program(
            lab,
            "ureq, blocks of 256 KiB, trace log compiled out",
            UREQ_NO_TRACE,
            &["blocks", &url, "-"],
        )?,
        program(lab, "ureq, blocks of 256 KiB", UREQ, &["blocks", &url, "-"])?,
        program(lab, "ureq, `io::copy`", UREQ, &["copy", &url, "-"])?,
        program(lab, "a socket by hand, blocks of 256 KiB", RAW, &["download", &url, "-"])?,
    ];
    let samples = rounds::run(&contestants, lab.rounds(ROUNDS), true)?;
    Ok(Outcome {
        reaches: vec![
            Reach::ratio(
                "wall time, relative to curl, trace log compiled out",
                1.0,
                samples.ratio(1, 0, |s| s.wall),
            ),
            Reach::ratio("wall time, relative to curl", 1.25, samples.ratio(2, 0, |s| s.wall)),
        ],
        table: table(&contestants, &samples, 0),
        notes: vec![about(
            lab,
            big.size,
            ROUNDS,
            "ureq-proto scans every body for a trace log, even if no logger is set. An application compiles that out \
             with `log = { version = \"0.4\", features = [\"release_max_level_debug\"] }`.",
        )],
    })
}

/// Uploads the same bytes with `PUT`, once plain and once over TLS. Ours also requests the upload info and commits.
pub fn upload(lab: &Lab) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (name, scheme) in [("plain HTTP", false), ("TLS 1.3", true)] {
        let contestants = uploads(lab, scheme)?;
        let samples = rounds::run(&contestants, lab.rounds(UPLOAD_ROUNDS), true)?;
        outcome.reaches.push(Reach::ratio(
            format!("wall time, relative to curl, {name}"),
            0.95,
            samples.ratio(1, 0, |s| s.wall),
        ));
        outcome.table.push_str(&format!("{name}:\n\n{}\n", table(&contestants, &samples, 0)));
    }
    let size = lab.origin()?.big.size;
    outcome.notes.push(about(
        lab,
        size,
        UPLOAD_ROUNDS,
        "One `PUT`. Ours also verifies the file, requests the upload info, and commits.",
    ));
    Ok(outcome)
}

fn uploads(lab: &Lab, over_tls: bool) -> Result<[Contestant; 4]> {
    let origin = lab.origin()?;
    let base = if over_tls { &origin.tls } else { &origin.plain };
    let url = format!("{base}/put/{}", origin.big.name);
    let (root, path) = (origin.root.display().to_string(), origin.big.path.display().to_string());
    Ok([
        system_tool("curl -T", "curl", "curl", &["-sSf", "--cacert", &root, "-T", &path, &url]),
        program(lab, "ours, `from_file`, verified", OURS, &["upload", base, &path])?,
        program(lab, "ureq, `send(File)`", UREQ, &["upload", &url, &path])?,
        script(lab, "Python requests", "transfer.py", &["upload", &url, &path])?,
    ])
}

fn about(lab: &Lab, size: u64, rounds: usize, what: &str) -> String {
    format!("{} MiB, {} rounds after a warm-up. {what}", size / MIB, lab.rounds(rounds))
}
