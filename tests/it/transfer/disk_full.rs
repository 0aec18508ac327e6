//! Writes that fail, for once really: behind the limit that a process has for the size of its files.

use super::child::{Job, said};
use super::folder::{CHECKPOINT, Folder, NAME, PART};
use super::*;

const LIMIT: u64 = 2000 * 512;

fn download(s: &Setup, folder: &Folder, parallel: usize, resume: bool, blocks: Option<u32>) -> String {
    let target = folder.target();
    let job = Job { fake: &s.fake, dentry: "dentry-1", target: &target, parallel, resume };
    let mut command = blocks.map_or_else(|| job.command(), |blocks| job.command_with_file_limit(blocks));
    said(&command.output().unwrap())
}

/// The number of bytes in `cannot write PATH: KIND, BYTES kept KEPT`, and whether they were kept.
#[track_caller]
fn written(report: &str, folder: &Folder) -> (u64, bool) {
    let begin = format!("cannot write {}: FileTooLarge, ", folder.part().display());
    let rest = report.strip_prefix(&begin).unwrap_or_else(|| panic!("{report}"));
    let (bytes, kept) = rest.split_once(" kept ").unwrap_or_else(|| panic!("{report}"));
    (bytes.parse().unwrap(), kept.parse().unwrap())
}

#[test]
fn a_full_disk_leaves_nothing_or_what_can_be_resumed() {
    for parallel in [1, 3] {
        let (s, folder) = (Setup::new(4 * MIB), Folder::new());
        // Of several connections the one that writes behind the limit may be the first to write at all.
        let least = u64::from(parallel == 1);
        let report = download(&s, &folder, parallel, false, Some(2000));
        let (bytes, kept) = written(&report, &folder);
        assert!((least..4 * MIB).contains(&bytes) && !kept, "{report}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());

        let report = download(&s, &folder, parallel, true, Some(2000));
        let (bytes, kept) = written(&report, &folder);
        assert!((least..=LIMIT).contains(&bytes), "{report}");
        assert_eq!(kept, bytes > 0, "{report}");
        assert_eq!(folder.names(), if kept { vec![CHECKPOINT, PART] } else { Vec::new() });
        // While the disk is full, another attempt loses nothing.
        let report = download(&s, &folder, parallel, true, Some(2000));
        assert!(written(&report, &folder).0 >= bytes, "{report}");
        let report = download(&s, &folder, parallel, true, None);
        let reused: u64 = report.strip_prefix("reused ").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(reused >= bytes, "{report} after {bytes}");
        folder.assert_only(NAME, &s.content);
    }
}
