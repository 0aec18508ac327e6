//! `Duration::MAX` as a limit: a panic in the addition to the present moment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

type Set = fn(ConfigBuilder<AgentScope>, Option<Duration>) -> ConfigBuilder<AgentScope>;

const LIMITS: [(&str, Set); 11] = [
    ("timeout_global", ConfigBuilder::timeout_global),
    ("timeout_per_call", ConfigBuilder::timeout_per_call),
    ("timeout_resolve", ConfigBuilder::timeout_resolve),
    ("timeout_connect", ConfigBuilder::timeout_connect),
    ("timeout_send_request", ConfigBuilder::timeout_send_request),
    ("timeout_await_100", ConfigBuilder::timeout_await_100),
    ("timeout_send_body", ConfigBuilder::timeout_send_body),
    ("timeout_recv_response", ConfigBuilder::timeout_recv_response),
    ("timeout_recv_body", ConfigBuilder::timeout_recv_body),
    ("timeout_per_read", ConfigBuilder::timeout_per_read),
    ("timeout_per_write", ConfigBuilder::timeout_per_write),
];

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap()));
        }
    });

    panic::set_hook(Box::new(|_| {}));
    for (name, set) in LIMITS {
        let config = set(ureq::Agent::config_builder().proxy(None), Some(Duration::MAX));
        let agent = config.build().new_agent();
        let call = || {
            let request = agent.put(&url).header("expect", "100-continue");
            request.send("hello").and_then(|response| response.into_body().read_to_string())
        };
        match panic::catch_unwind(AssertUnwindSafe(call)) {
            Ok(result) => println!("{name}: {result:?}"),
            Err(panic) => println!("{name}: panic: {}", text(&*panic)),
        }
    }
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

fn serve(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    if stream.read_exact(&mut [0; 5]).is_ok() {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").unwrap();
        thread::sleep(Duration::from_millis(100));
        let _ = stream.write_all(b"ok"); // the client may have panicked
    }
}
