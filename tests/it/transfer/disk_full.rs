//! Real write failures, caused by a limit on the process's file size.

use super::child::{Job, child_report};
use super::folder::{CHECKPOINT, Folder, NAME, PART};
use super::*;

const LIMIT: u64 = 2000 * 512;

fn download(s: &Setup, folder: &Folder, parallel: usize, resume: bool, blocks: Option<u32>) -> String {
    let target = folder.target();
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel, resume };
    let mut command = blocks.map_or_else(|| job.command(), |blocks| job.command_with_file_limit(blocks));
    child_report(&command.output().unwrap())
}

/// Parses `cannot write PATH: KIND, BYTES kept KEPT` into the number of bytes and whether they were kept.
#[track_caller]
fn parse_write_error(report: &str, folder: &Folder) -> (u64, bool) {
    let begin = format!("cannot write {}: FileTooLarge, ", folder.part().display());
    let rest = report.strip_prefix(&begin).unwrap_or_else(|| panic!("{report}"));
    let (bytes, kept) = rest.split_once(" kept ").unwrap_or_else(|| panic!("{report}"));
    (bytes.parse().unwrap(), kept.parse().unwrap())
}

#[test]
fn a_full_disk_leaves_resumable_bytes_or_no_files() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(4 * MIB), Folder::new());
        // Several connections may begin with a write beyond the limit.
        let least = u64::from(parallel == 1);
        let report = download(&s, &folder, parallel, false, Some(2000));
        let (bytes, kept) = parse_write_error(&report, &folder);
        assert!((least..4 * MIB).contains(&bytes) && !kept, "{report}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());

        let report = download(&s, &folder, parallel, true, Some(2000));
        let (bytes, kept) = parse_write_error(&report, &folder);
        assert!((least..=LIMIT).contains(&bytes), "{report}");
        assert_eq!(kept, bytes > 0, "{report}");
        assert_eq!(folder.names(), if kept { vec![CHECKPOINT, PART] } else { Vec::new() });
        // Another attempt with a full disk keeps at least as many bytes.
        let report = download(&s, &folder, parallel, true, Some(2000));
        assert!(parse_write_error(&report, &folder).0 >= bytes, "{report}");
        let report = download(&s, &folder, parallel, true, None);
        let reused: u64 = report.strip_prefix("reused ").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(reused >= bytes, "{report} after {bytes}");
        folder.assert_only(NAME, &s.content);
    }
}
