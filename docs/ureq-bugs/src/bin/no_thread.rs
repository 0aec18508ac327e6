//! A process that can start no thread: with a limit for the lookup of a name, a request is a panic and not an error.

use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

type Builder = ConfigBuilder<AgentScope>;
type Set = fn(Builder) -> Builder;

const LIMIT: Option<Duration> = Some(Duration::from_secs(5));
const LIMITS: [(&str, Set); 4] = [
    ("no limit", |config| config),
    ("timeout_resolve", |config| config.timeout_resolve(LIMIT)),
    ("timeout_global", |config| config.timeout_global(LIMIT)),
    ("timeout_per_call", |config| config.timeout_per_call(LIMIT)),
];

/// The standard library's: the size of a new thread's stack. With this one no thread can be had.
const STACK: &str = "RUST_MIN_STACK";

fn main() {
    if std::env::var(STACK).is_err() {
        let program = std::env::current_exe().unwrap();
        let status = Command::new(program).env(STACK, (1_u64 << 50).to_string()).status().unwrap();
        println!("the process ended with {status}");
        return;
    }
    // Nobody accepts: the kernel does, and the read has a limit.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    panic::set_hook(Box::new(|_| {}));
    for (name, set) in LIMITS {
        let config = ureq::Agent::config_builder().proxy(None).timeout_per_read(Some(Duration::from_secs(1)));
        let agent = set(config).build().new_agent();
        match panic::catch_unwind(AssertUnwindSafe(|| agent.get(&url).call())) {
            Ok(result) => println!("{name}: {:?}", result.map(|response| response.status())),
            Err(panic) => {
                println!("{name}: panic: {}", panic.downcast_ref::<String>().map_or("", String::as_str))
            }
        }
    }
}
