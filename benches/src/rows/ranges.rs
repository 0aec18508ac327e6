//! Several connections to a server that limits the rate of each connection.

use super::{OURS, UREQ, program, system_tool};
use crate::Result;
use crate::lab::Lab;
use crate::places::MIB;
use crate::relay::Relay;
use crate::report::{Outcome, Reach, table};
use crate::rounds;

const ROUNDS: usize = 5;
const RATE: u64 = 8 * MIB;

pub fn run(lab: &Lab) -> Result<Outcome> {
    let origin = lab.origin()?;
    let relay = Relay::start(origin.address(), RATE)?;
    let (small, out) = (&origin.small, lab.scratch("download"));
    let base = format!("http://{}", relay.address);
    let (url, path) = (format!("{base}/{}", small.name), out.display().to_string());
    let (folder, file) = path.rsplit_once('/').ok_or("no folder")?;
    let aria2c =
        ["-q", "--no-conf", "-x8", "-s8", "-k1M", "--allow-overwrite=true", "-d", folder, "-o", file, &url];
    let contestants = [
        program(lab, "ours, 1 connection", OURS, &["to-file", &base, small.name, &path, "1"])?,
        program(lab, "ours, `parallel(8)`, verified", OURS, &["to-file", &base, small.name, &path, "8"])?,
        program(lab, "ureq, 8 threads", UREQ, &["ranges", &url, &path, "8"])?,
        system_tool("aria2c -x8 -s8", "aria2c", "aria2", &aria2c),
    ]
    .map(|contestant| contestant.writes(&out, small.size));
    let samples = rounds::run(&contestants, lab.rounds(ROUNDS), true)?;
    Ok(Outcome {
        reaches: vec![Reach::ratio(
            "wall time, relative to one connection",
            0.13,
            samples.ratio(1, 0, |s| s.wall),
        )],
        table: table(&contestants, &samples, 0),
        notes: vec![format!(
            "{} MiB, plain HTTP, {} MiB/s for each connection, {} rounds after a warm-up. A relay in front of nginx \
             sets the limit, because nginx's own limit sends the first second's worth of each request immediately.",
            small.size / MIB,
            RATE / MIB,
            lab.rounds(ROUNDS)
        )],
    })
}
