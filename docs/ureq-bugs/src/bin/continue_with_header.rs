//! A `100 Continue` with a header: the body of the request is never sent, and a request that did not ask for it fails.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));

    let per_read = Some(Duration::from_secs(3));
    let config = ureq::Agent::config_builder().proxy(None).timeout_per_read(per_read);
    let agent = config.build().new_agent();
    for connection in ["new", "kept"] {
        if connection == "kept" {
            agent.get(&url).call().unwrap().into_body().read_to_string().unwrap();
        }
        let begin = Instant::now();
        let result = agent.put(&url).header("expect", "100-continue").send("hello");
        let result = result.map(|response| response.status());
        println!("client, {connection} connection: {result:?} after {:.1} s", begin.elapsed().as_secs_f32());
        thread::sleep(Duration::from_millis(100)); // for the server's line
    }
    let result = agent.get(format!("{url}interim")).call().map(|response| response.status());
    println!("client, without `Expect`: {result:?}");
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\nDate: Thu, 26 Nov 2026 00:00:00 GMT\r\n\r\n";

fn serve(mut stream: TcpStream) {
    while let Some(head) = read_head(&mut stream) {
        if head.starts_with("PUT") {
            stream.write_all(CONTINUE).unwrap();
            let mut body = [0; 5];
            if stream.read_exact(&mut body).is_err() {
                println!("server: the connection ended without the body");
                return;
            }
            println!("server: the body came");
        } else if head.starts_with("GET /interim") {
            stream.write_all(CONTINUE).unwrap();
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
