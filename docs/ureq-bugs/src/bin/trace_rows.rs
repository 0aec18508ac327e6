//! Without a logger, every byte of a body is walked in rows of 16 for a trace log.
//!
//! Run it with `--release`, and once more with `--release --features no-trace`: the difference is the walk.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;
use std::{fs, thread};

const LENGTH: u64 = 4 << 30;

fn main() {
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
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").unwrap();
        let block = vec![b'x'; 256 * 1024];
        for _ in 0..LENGTH / block.len() as u64 {
            stream.write_all(&block).unwrap();
        }
    });

    let config = ureq::Agent::config_builder().proxy(None).input_buffer_size(512 * 1024);
    let mut body = config.build().new_agent().get(&url).call().unwrap().into_body().into_reader();
    let mut block = vec![0; 256 * 1024];
    let (begin, cpu) = (Instant::now(), thread_cpu());
    let mut total = 0;
    loop {
        match body.read(&mut block).unwrap() {
            0 => break,
            read => total += read as u64,
        }
    }
    let trace = if cfg!(feature = "no-trace") { "out" } else { "in" };
    print!("trace compiled {trace}: {total} bytes in {:.2} s", begin.elapsed().as_secs_f32());
    match thread_cpu().zip(cpu) {
        Some((after, before)) => println!(", {:.2} s of CPU in the reading thread", after - before),
        None => println!(),
    }
}

/// Seconds of CPU of this thread, on Linux.
fn thread_cpu() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}
