//! `fleet demo`: four workers against a fake of DingTalk and a private Redis; one of the workers is killed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io, process, thread};

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};

use crate::failure::Failure;
use crate::private_redis::PrivateRedis;

const SIZE: u64 = 16_000_000;

/// Ends with the demo.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn run() -> Result<(), Failure> {
    let redis = PrivateRedis::start().map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(2, "demo: needs `redis-server`; on Debian: apt-get install redis-server")
        }
        _ => failed(e),
    })?;
    let fake = FakeDingTalk::start().map_err(failed)?;
    fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern(SIZE));
    // Each connection gets about 1 MB a second.
    let slow = Fault::Slow { bytes: 50_000, pause: Duration::from_millis(50) };
    fake.fault_always(Target::Object, slow);
    let folder = env::temp_dir().join(format!("fleet-demo-{}", process::id()));
    fs::create_dir(&folder).map_err(failed)?;
    let shown = show(&redis, &fake, &folder.join("large.iso").display().to_string());
    let _ = fs::remove_dir_all(&folder);
    shown
}

fn show(redis: &PrivateRedis, fake: &FakeDingTalk, target: &str) -> Result<(), Failure> {
    let program = env::current_exe().map_err(failed)?;
    let fleet = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.args(args).envs(fake.environment()).env("DINGTALK_UNION_ID", "operator-1");
        command.env("REDIS_URL", redis.url()).stdin(Stdio::null());
        println!("$ fleet {}", args.join(" "));
        command
    };
    let printed = |args: &[&str]| {
        let output = fleet(args).stderr(Stdio::inherit()).output().map_err(failed)?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        println!("{text}");
        if output.status.success() {
            Ok(text)
        } else {
            Err(Failure::new(1, format!("demo: {} failed", args[0])))
        }
    };
    let job = printed(&["plan", "--ranges", "40", "space-1", "dentry-1", target])?;
    let work = || fleet(&["work", "--lease", "2", &job]).spawn().map(Worker).map_err(failed);
    let mut workers = vec![work()?, work()?, work()?, work()?];
    thread::sleep(Duration::from_millis(1200));
    printed(&["status", &job])?;
    println!("(killing a worker)");
    drop(workers.pop());
    for worker in &mut workers {
        worker.0.wait().map_err(failed)?;
    }
    printed(&["status", &job])?;
    if fs::read(target).map_err(failed)? != Content::pattern(SIZE).bytes(0..SIZE) {
        return Err(Failure::new(1, "demo: the file differs"));
    }
    let count = |kind| fake.requests_to(kind).len();
    let (tokens, infos, ranges) = (count(Target::Token), count(Target::DownloadInfo), count(Target::Object));
    println!(
        "The fake received {tokens} token call, {infos} download-info calls and {ranges} object requests."
    );
    Ok(())
}

fn failed(e: io::Error) -> Failure {
    Failure::new(1, format!("demo: {e}"))
}
