//! A 1xx response, the final response and the beginning of its body in one read: a `LargeResponseHeader` for small heads.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let interim =
                if head.starts_with(b"GET /interim") { "HTTP/1.1 102 Processing\r\n\r\n" } else { "" };
            let (length, body) = (10_000, "x".repeat(10_000));
            let response = format!("{interim}HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            // One write, and on loopback one read.
            stream.write_all(response.as_bytes()).unwrap();
        }
    });

    // The default is 64 KiB, with an input buffer of 128 KiB: there it takes a larger body, and a client that reads late.
    let config =
        ureq::Agent::config_builder().proxy(None).max_response_header_size(4096).max_idle_connections(0);
    let agent = config.build().new_agent();
    for path in ["plain", "interim"] {
        let result = agent.get(format!("{url}{path}")).call();
        let result = result.and_then(|response| response.into_body().read_to_vec());
        println!("client, /{path}: {:?}", result.map(|body| format!("{} bytes", body.len())));
    }
}
