//! The largest resident set of a transfer.

use super::{OURS, UREQ, program, script, system_tool};
use crate::Result;
use crate::child;
use crate::lab::Lab;
use crate::places::MIB;
use crate::report::{Outcome, Reach, not_measured};
use crate::rounds;

const ROUNDS: usize = 3;

pub fn run(lab: &Lab) -> Result<Outcome> {
    let origin = lab.origin()?;
    let (big, out) = (&origin.big, lab.scratch("download"));
    let base = &origin.tls;
    let (url, put) = (format!("{base}/{}", big.name), format!("{base}/put/{}", big.name));
    let (root, path) = (origin.root.display().to_string(), out.display().to_string());
    let source = big.path.display().to_string();
    let to_file = |connections| ["to-file", base, big.name, &path, connections];
    let downloads = [
        program(lab, "download: ours, to a file", OURS, &to_file("1"))?,
        program(lab, "download: ours, 8 ranges", OURS, &to_file("8"))?,
        program(lab, "download: ureq, `io::copy`", UREQ, &["copy", &url, &path])?,
        program(lab, "download: ureq, 8 threads", UREQ, &["ranges", &url, &path, "8"])?,
        system_tool("download: curl", "curl", "curl", &["-sSf", "--cacert", &root, "-o", &path, &url]),
        script(lab, "download: Python requests", "transfer.py", &["download", &url, &path])?,
    ]
    .map(|contestant| contestant.writes(&out, big.size));
    let uploads = [
        program(lab, "upload: ours", OURS, &["upload", base, &source])?,
        program(lab, "upload: ureq", UREQ, &["upload", &put, &source])?,
        system_tool("upload: curl", "curl", "curl", &["-sSf", "--cacert", &root, "-T", &source, &put]),
        script(lab, "upload: Python requests", "transfer.py", &["upload", &put, &source])?,
    ];
    let contestants: Vec<_> = downloads.into_iter().chain(uploads).collect();
    let samples = rounds::run(&contestants, lab.rounds(ROUNDS), false)?;
    let mut table = "| | peak, MiB |\n| --- | --- |\n".to_owned();
    for (who, contestant) in contestants.iter().enumerate() {
        let peak = samples.of(who, |s| s.rss).map_or_else(|| not_measured(contestant), |rss| rss.text(1));
        table.push_str(&format!("| {} | {peak} |\n", contestant.name));
    }
    let reach = |what: &str, goal, who| {
        let got = samples.of(who, |s| s.rss).map(|rss| rss.median);
        Reach { unit: "MiB", digits: 1, ..Reach::ratio(what, goal, got) }
    };
    Ok(Outcome {
        reaches: vec![
            reach("download over TLS", 6.0, 0),
            reach("upload over TLS", 6.0, 6),
            reach("download over TLS with 8 ranges", 10.0, 1),
        ],
        table,
        notes: vec![format!(
            "{} MiB over TLS 1.3, {} rounds; resident set, shared pages of the program included. The smallest peak that can \
             be measured is {:.1} MiB.",
            big.size / MIB,
            lab.rounds(ROUNDS),
            child::floor()?
        )],
    })
}
