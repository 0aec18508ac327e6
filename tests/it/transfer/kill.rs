//! SIGKILL at any moment: the target is a complete file or missing, and a kept part can be resumed.

use std::fs;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use super::child::{Job, child_report};
use super::folder::{CHECKPOINT, Folder, NAME, PART, assert_content};
use super::*;

const SIZE: u64 = 24 * MIB;
const KILLS: u32 = 26;

/// Marsaglia's xorshift, seeded: every run kills at the same moments.
struct XorShift(u64);

impl XorShift {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Returns whether the child was killed. On Windows, a child that ends normally has other exit codes.
fn was_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    #[cfg(not(unix))]
    return status.code() == Some(1);
}

/// Downloads files and kills the downloads until [`KILLS`] kills were counted. Returns a summary.
fn download_with_kills(parallel: usize, seed: u64) -> String {
    let fake = FakeDingTalk::start().unwrap();
    let content = Content::pattern(SIZE);
    fake.put_file("space-1", "dentry-1", "file.bin", content.clone());
    // 48 blocks take about 600 ms over one connection. Four connections would need a quarter of that, so they
    // pause longer.
    let pause = Duration::from_millis(if parallel == 1 { 12 } else { 48 });
    fake.fault_always(Target::Object, Fault::Slow { bytes: 512 * 1024, pause });
    let mut random = XorShift(seed);
    let (mut kills, mut files, mut reused) = (0, 0, 0);
    while kills < KILLS {
        let folder = Folder::new();
        let target = folder.target();
        let job = Job { fake: &fake, dentry: "dentry-1", target: &target, parallel, resume: true };
        loop {
            let mut child = job.command().spawn().unwrap();
            if kills < KILLS {
                thread::sleep(Duration::from_millis(random.below(600)));
                // A child that has already ended does not count as a kill.
                let _ = child.kill();
            }
            let output = child.wait_with_output().unwrap();
            if was_killed(output.status) {
                kills += 1;
                let names = folder.names();
                let own =
                    [NAME, PART, CHECKPOINT, "file.bin.dingtalk-checkpoint-new", "file.bin.dingtalk-lock"];
                assert!(names.iter().all(|name| own.contains(&name.as_str())), "{names:?}");
                // The target exists only with the whole content.
                if names.contains(&NAME.to_owned()) {
                    assert_content(&target, &content);
                }
                continue;
            }
            let report = child_report(&output);
            let rest = report.strip_prefix("reused ").unwrap_or_else(|| panic!("{report}"));
            let (kept, all) = rest.split_once(" of ").unwrap();
            assert_eq!(all, SIZE.to_string());
            reused += kept.parse::<u64>().unwrap();
            break;
        }
        files += 1;
        folder.assert_only(NAME, &content);
        fs::remove_file(&target).unwrap();
    }
    format!(
        "{parallel} connections, seed {seed:#x}: {kills} kills, {files} files, last attempts reused {reused} bytes"
    )
}

#[test]
fn a_download_over_one_connection_survives_kill_9() {
    println!("{}", download_with_kills(1, 0x9E37_79B9_7F4A_7C15));
}

#[test]
fn a_download_over_four_connections_survives_kill_9() {
    println!("{}", download_with_kills(4, 0xD1B5_4A32_D192_ED03));
}
