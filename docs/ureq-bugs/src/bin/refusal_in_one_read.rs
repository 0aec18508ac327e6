//! The response to `Expect: 100-continue` is a refusal that arrives whole: on a new connection it is seen only when the
//! server closes the connection, or not at all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The server keeps the connection open for so long after a refusal, as nginx does with `lingering_timeout`.
const LINGER: Duration = Duration::from_secs(4);

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap()));
        }
    });

    let agent = |per_read: u64| {
        let per_read = Some(Duration::from_secs(per_read));
        ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_per_read(per_read)
            .build()
            .new_agent()
    };
    put(&agent(10), &url, "new connection, 10 s for a read");
    put(&agent(2), &url, "new connection, 2 s for a read");
    let used = agent(10);
    used.get(&url).call().unwrap().into_body().read_to_string().unwrap();
    put(&used, &url, "kept connection, 10 s for a read");
}

fn put(agent: &ureq::Agent, url: &str, name: &str) {
    let begin = Instant::now();
    let result = agent.put(url).header("expect", "100-continue").send("hello");
    let result = result.map(|response| response.status());
    println!("client, {name}: {result:?} after {:.1} s", begin.elapsed().as_secs_f32());
}

fn serve(mut stream: TcpStream) {
    while let Some(head) = read_head(&mut stream) {
        if head.starts_with("PUT") {
            // One write, and on loopback one read.
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
            thread::sleep(LINGER);
            return;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    }
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}
