//! A body that has fewer bytes than its `Content-Length`: ureq asks the reader for more without end.

use std::io::{self, Read};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// Five bytes, then the end. After two seconds an error, which ends the demonstration.
struct Short {
    rest: &'static [u8],
    reads_at_end: u64,
    begin: Instant,
}

impl Read for Short {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.reads_at_end += 1;
            if self.begin.elapsed() > Duration::from_secs(2) {
                return Err(io::Error::other("the demonstration is over"));
            }
        }
        self.rest.read(buf)
    }
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        // Takes everything, and responds with nothing.
        for stream in listener.incoming() {
            thread::spawn(move || io::copy(&mut stream.unwrap(), &mut io::sink()));
        }
    });

    for (name, limit) in [("no limit", None), ("timeout_send_body of 1 s", Some(Duration::from_secs(1)))] {
        let config = ureq::Agent::config_builder().proxy(None).timeout_send_body(limit);
        let agent = config.build().new_agent();
        let mut body = Short { rest: b"hello", reads_at_end: 0, begin: Instant::now() };
        let request = agent.put(&url).header("content-length", "10");
        let result = request.send(ureq::SendBody::from_reader(&mut body)).map(|response| response.status());
        println!("client, {name}: {result:?}; {} reads after the end of the body", body.reads_at_end);
    }
}
