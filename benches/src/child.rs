//! One process, measured from its start to its end.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// What a process cost.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// In seconds, from before it was started to its end.
    pub wall: f64,
    /// User and system, its own children included, in seconds.
    pub cpu: f64,
    /// The largest resident set, in MiB. Never less than that of this program, from which it was forked: see [`floor`].
    pub rss: f64,
}

/// Nothing here takes as long, unless it hangs.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs it. Anything but exit code 0 is an error with what it said.
pub fn run(command: &mut Command) -> Result<Sample> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let pid = libc::pid_t::try_from(child.id())?;
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            // SAFETY: the child is not waited for before `ended` is dropped, so the number is still its own.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    });
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    // Waits, but leaves the child to be reaped below.
    // SAFETY: both structures are plain data, and the kernel fills them.
    let (status, usage, wall) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, child.id(), &raw mut info, libc::WEXITED | libc::WNOWAIT);
        let wall = start.elapsed().as_secs_f64();
        drop(ended);
        let _ = watchdog.join();
        let (mut status, mut usage) = (0, std::mem::zeroed::<libc::rusage>());
        if libc::wait4(pid, &raw mut status, 0, &raw mut usage) != pid {
            return Err(std::io::Error::last_os_error().into());
        }
        (status, usage, wall)
    };
    if status != 0 {
        return Err(format!("{command:?} ended with status {status:#x}: {}", said.trim()).into());
    }
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    Ok(Sample {
        wall,
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        rss: usage.ru_maxrss as f64 / 1024.0,
    })
}

/// The smallest resident set that can be told, in MiB.
pub fn floor() -> Result<f64> {
    Ok(run(&mut Command::new("true"))?.rss)
}

/// What a tool prints, or why it prints nothing.
pub fn output(program: &str, args: &[&str]) -> Result<String> {
    let ended = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    let mut text = String::from_utf8_lossy(&ended.stdout).into_owned();
    // nginx tells its version there.
    text.push_str(&String::from_utf8_lossy(&ended.stderr));
    if ended.status.success() { Ok(text) } else { Err(text.into()) }
}
