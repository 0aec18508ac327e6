//! SIGKILL at any moment: what is on disk is a file or the beginning of one, never something else.

use std::fs;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use super::child::{Job, said};
use super::folder::{CHECKPOINT, Folder, NAME, PART, assert_content};
use super::*;

const SIZE: u64 = 24 * MIB;
const KILLS: u32 = 26;

/// Marsaglia's xorshift: the same moments in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// And did not end by itself, which has other codes on Windows.
fn was_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    #[cfg(not(unix))]
    return status.code() == Some(1);
}

/// Files are downloaded, and their downloads killed, until so many kills were counted; says how it went.
fn survive(parallel: usize, seed: u64) -> String {
    let fake = FakeDingTalk::start().unwrap();
    let content = Content::pattern(SIZE);
    fake.put_file("space-1", "dentry-1", "file.bin", content.clone());
    // 48 pieces: about 600 ms over one connection. Over four it would be a fourth of that, so they have longer pauses.
    let pause = Duration::from_millis(if parallel == 1 { 12 } else { 48 });
    fake.fault_always(Target::Object, Fault::Slow { bytes: 512 * 1024, pause });
    let mut chance = Chance(seed);
    let (mut kills, mut files, mut reused) = (0, 0, 0);
    while kills < KILLS {
        let folder = Folder::new();
        let target = folder.target();
        let job = Job { fake: &fake, dentry: "dentry-1", target: &target, parallel, resume: true };
        loop {
            let mut child = job.command().spawn().unwrap();
            if kills < KILLS {
                thread::sleep(Duration::from_millis(chance.below(600)));
                // It may have ended by itself, which is no kill.
                let _ = child.kill();
            }
            let output = child.wait_with_output().unwrap();
            if was_killed(output.status) {
                kills += 1;
                let names = folder.names();
                let own =
                    [NAME, PART, CHECKPOINT, "file.bin.dingtalk-checkpoint-new", "file.bin.dingtalk-lock"];
                assert!(names.iter().all(|name| own.contains(&name.as_str())), "{names:?}");
                // The name is there only with the whole file.
                if names.contains(&NAME.to_owned()) {
                    assert_content(&target, &content);
                }
                continue;
            }
            let report = said(&output);
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
        "{parallel} at once, seed {seed:#x}: {kills} kills, {files} files, last tries reused {reused} bytes"
    )
}

#[test]
fn a_download_over_one_connection_survives_kill_9() {
    println!("{}", survive(1, 0x9E37_79B9_7F4A_7C15));
}

#[test]
fn a_download_over_four_connections_survives_kill_9() {
    println!("{}", survive(4, 0xD1B5_4A32_D192_ED03));
}
