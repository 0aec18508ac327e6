//! Any number of 1xx responses is skipped: no setting limits their number, and the caller cannot count them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let counter = Arc::clone(&counter);
            thread::spawn(move || serve(stream.unwrap(), &counter));
        }
    });

    // One second for a read, 1 KiB for heads: neither ends it. The global limit is there to end the demonstration.
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_per_read(Some(Duration::from_secs(1)))
        .max_response_header_size(1024)
        .timeout_global(Some(Duration::from_secs(5)));
    let begin = Instant::now();
    let result = config.build().new_agent().get(&url).call().map(|response| response.status());
    let number = sent.load(Ordering::Relaxed);
    println!("client: {result:?} after {:.1} s and {number} responses", begin.elapsed().as_secs_f32());
}

fn serve(mut stream: TcpStream, counter: &AtomicU64) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let interim = format!("HTTP/1.1 102 Processing\r\nX-Filling: {}\r\n\r\n", "x".repeat(500));
    while stream.write_all(interim.as_bytes()).is_ok() {
        counter.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(10)); // one response for each read
    }
}
