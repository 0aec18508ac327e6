//! Measures one process from its start to its end.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// The cost of a process.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Wall time from before the start to the end, in seconds.
    pub wall: f64,
    /// User and system time in seconds, including child processes.
    pub cpu: f64,
    /// The largest resident set in MiB. It is at least that of this program, from which the process was forked: see
    /// [`floor`].
    pub rss: f64,
}

/// A limit for hanging processes. No measurement takes this long.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs a command. An exit code other than 0 is an error with the text of stderr.
pub fn run(command: &mut Command) -> Result<Sample> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let pid = libc::pid_t::try_from(child.id())?;
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            // SAFETY: the child is not reaped before `ended` is dropped, so its pid is still valid.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    });
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    // Waits, but leaves the child unreaped for `wait4` below.
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

/// Returns the smallest resident set that can be measured, in MiB.
pub fn floor() -> Result<f64> {
    Ok(run(&mut Command::new("true"))?.rss)
}

/// Returns the output of a tool, or an error with its text.
pub fn output(program: &str, args: &[&str]) -> Result<String> {
    let ended = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    let mut text = String::from_utf8_lossy(&ended.stdout).into_owned();
    // nginx prints its version to stderr.
    text.push_str(&String::from_utf8_lossy(&ended.stderr));
    if ended.status.success() { Ok(text) } else { Err(text.into()) }
}
