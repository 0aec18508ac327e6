//! The resources of this process. They are read on Linux only; elsewhere all figures are zero, so the assertions pass.

use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Memory for two copies of the largest file, which are compared.
const SLACK_KIB: u64 = 6 * 1024;
/// Idle connections kept for the next request, at both ends.
const SLACK_FILES: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    resident_kib: u64,
    files: usize,
    threads: usize,
}

pub(crate) fn usage() -> Usage {
    let count = |folder| fs::read_dir(folder).map_or(0, Iterator::count);
    Usage {
        resident_kib: resident_kib().unwrap_or(0),
        files: count("/proc/self/fd"),
        threads: count("/proc/self/task"),
    }
}

fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Returns the usage after the fake's threads have noticed, a moment later, that their client was dropped.
pub(crate) fn settled(before: Usage) -> Usage {
    let begun = Instant::now();
    loop {
        let now = usage();
        let is_settled = now.files <= before.files && now.threads <= before.threads;
        if is_settled || begun.elapsed() > Duration::from_secs(20) {
            return now;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Usage {
    #[track_caller]
    pub(crate) fn assert_flat(warm: Self, end: Self) {
        assert!(end.resident_kib <= warm.resident_kib + SLACK_KIB, "memory grew from {warm} to {end}");
        assert!(end.files <= warm.files + SLACK_FILES, "open files grew from {warm} to {end}");
    }

    #[track_caller]
    pub(crate) fn assert_nothing_left(before: Self, left: Self) {
        assert!(
            left.files <= before.files && left.threads <= before.threads,
            "resources were not released: {before} before, {left} at the end"
        );
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident_kib, files, threads } = self;
        write!(f, "{resident_kib} KiB resident, {files} open files, {threads} threads")
    }
}
