//! Another 1xx response before the `100 Continue`: with headers, the body is never sent; without, it is sent too early.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let interims = [
        ("103 with a header", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"),
        ("102 without headers", "HTTP/1.1 102 Processing\r\n\r\n"),
    ];
    for (name, interim) in interims {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || serve(&listener, name, interim));

        let config = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_await_100(Some(Duration::from_secs(5)))
            .timeout_per_read(Some(Duration::from_secs(3)));
        let agent = config.build().new_agent();
        let begin = Instant::now();
        let result = agent.put(&url).header("expect", "100-continue").send("hello");
        let result = result.map(|response| response.status());
        println!("client, {name}: {result:?} after {:.1} s", begin.elapsed().as_secs_f32());
        drop(agent);
        server.join().unwrap();
    }
}

fn serve(listener: &TcpListener, name: &str, interim: &str) {
    let (mut stream, _) = listener.accept().unwrap();
    read_head(&mut stream);
    stream.write_all(interim.as_bytes()).unwrap();

    // The client has to wait for the `100 Continue`, which comes after half a second.
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut body = [0; 5];
    let is_early = stream.read_exact(&mut body).is_ok();
    println!(
        "server, {name}: before `100 Continue` the body {}",
        if is_early { "came" } else { "did not come" }
    );
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    if !is_early {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let came = stream.read_exact(&mut body).is_ok();
        println!(
            "server, {name}: after `100 Continue` the body {}",
            if came { "came" } else { "did not come" }
        );
        if !came {
            return;
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
}

fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
}
