//! A fake of DingTalk that runs until Ctrl-C, for trying the other examples: `cargo run --example fake -- FILE...`.
//!
//! It stores the files at the root of `space-1`, as `dentry-1`, `dentry-2` and so on. It prints the environment variables
//! to set, and then every request. Ctrl-C ends it, and its content is lost.
//!
//! ```sh
//! cargo run --example fake -- README.md    # paste the printed lines into another terminal, and run there:
//! cargo run --example put -- Cargo.toml space-1
//! cargo run --example ls -- space-1
//! cargo run --example get -- space-1 dentry-1 -o -
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

use dingtalk_files::testing::FakeDingTalk;

fn main() -> Result<(), Box<dyn Error>> {
    let fake = FakeDingTalk::start()?;
    fake.add_space("space-1");
    for (number, path) in (1..).zip(env::args().skip(1)) {
        let name = Path::new(&path).file_name().ok_or_else(|| format!("{path} has no file name"))?;
        let bytes = fs::read(&path).map_err(|e| format!("{path}: {e}"))?;
        fake.put_file("space-1", &format!("dentry-{number}"), &name.to_string_lossy(), bytes);
    }
    for (name, value) in fake.environment() {
        println!("export {name}={value}");
    }
    println!("export DINGTALK_UNION_ID=anyone");

    let mut shown = 0;
    loop {
        for request in fake.requests().iter().skip(shown) {
            let status =
                request.answered_status.map_or("no response yet".to_owned(), |status| status.to_string());
            eprintln!("{} {}: {status}", request.method, request.path);
            shown += 1;
        }
        thread::sleep(Duration::from_millis(200));
    }
}
