//! Describes the machine and the versions of the measured software.

use std::fs;

use crate::child::output;
use crate::places::HOME;

pub fn describe() -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, |n| n.get());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    let kernel = first_line(output("uname", &["-sr"]));
    let date = first_line(output("date", &["-u", "+%F %H:%M UTC"]));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let nginx = ["nginx", "/usr/sbin/nginx"].iter().find_map(|program| output(program, &["-v"]).ok());
    let tools = [
        first_line(output("rustc", &["--version"])),
        nginx.map_or_else(
            || "no nginx".to_owned(),
            |text| text.trim().replace("nginx version: nginx/", "nginx "),
        ),
        first_words(output("curl", &["--version"]), 4, "no curl"),
        first_words(output("aria2c", &["--version"]), 3, "no aria2c"),
        first_words(output("valgrind", &["--version"]), 1, "no valgrind"),
    ];
    let crates = ["ureq", "ureq-proto", "rustls", "ring", "reqwest", "serde_json"];
    let lock = fs::read_to_string(format!("{HOME}/Cargo.lock")).unwrap_or_default();
    let crates: Vec<String> =
        crates.iter().filter_map(|name| Some(format!("{name} {}", locked(&lock, name)?))).collect();
    format!(
        "- {cores} cores of {cpu}, {} GiB of memory, {kernel}; load {load} at the start\n- {}\n- {}\n- {date}\n",
        memory.div_ceil(1024 * 1024),
        tools.join(", "),
        crates.join(", "),
    )
}

/// Returns the value of `name : value` in one of the kernel's files.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(after.split_once('"')?.0.to_owned())
}

fn first_line(text: crate::Result<String>) -> String {
    text.ok().and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or_default()
}

fn first_words(text: crate::Result<String>, count: usize, otherwise: &str) -> String {
    match text {
        Ok(text) => text.split_whitespace().take(count).collect::<Vec<_>>().join(" "),
        Err(_) => otherwise.to_owned(),
    }
}
