//! A name is looked up before every request, also where a kept connection then serves it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

#[derive(Debug, Default)]
struct Counting(DefaultResolver, Arc<AtomicU32>);

impl Resolver for Counting {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.resolve(uri, config, timeout)
    }
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    let (connections, lookups) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
                    }
                }
            });
        }
    });

    let resolver = Counting(DefaultResolver::default(), Arc::clone(&lookups));
    let config = ureq::Agent::config_builder().proxy(None).build();
    let agent = ureq::Agent::with_parts(config, DefaultConnector::new(), resolver);
    for _ in 0..10 {
        agent.get(&url).call().unwrap().into_body().read_to_string().unwrap();
    }
    let (connections, lookups) = (connections.load(Ordering::Relaxed), lookups.load(Ordering::Relaxed));
    println!("10 requests: {connections} connections, {lookups} lookups");
}
