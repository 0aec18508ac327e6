//! A SOCKS proxy in a build without the feature `socks-proxy`: with the environment's the request goes around the proxy, with
//! one that the program names it panics.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::thread;

const VARIABLE: &str = "ALL_PROXY";

fn main() {
    let Ok(url) = std::env::var(VARIABLE) else {
        // A port that nobody listens on: through the proxy nothing can be reached.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.env(VARIABLE, format!("socks5://127.0.0.1:{port}"));
        child.env_remove("NO_PROXY").env_remove("no_proxy");
        assert!(child.status().unwrap().success());
        return;
    };
    panic::set_hook(Box::new(|_| {}));
    ask("of the environment", ureq::Proxy::try_from_env());
    ask("of the program", ureq::Proxy::new(&url).ok());
}

fn ask(which: &str, proxy: Option<ureq::Proxy>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    let agent = ureq::Agent::config_builder().proxy(proxy).build().new_agent();
    match panic::catch_unwind(AssertUnwindSafe(|| agent.get(&url).call())) {
        Ok(result) => println!("a SOCKS proxy {which}: {:?}", result.map(|response| response.status())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            println!(
                "a SOCKS proxy {which}: panic: {}",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
    }
}
