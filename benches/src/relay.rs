//! A server that limits each connection, made of one that does not: a relay on loopback that passes the answers on at a
//! given pace. nginx's own `limit_rate` gives each request the first second's worth at once, and so would not limit small
//! parts at all.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

const BLOCK: usize = 16 * 1024;
const SLACK: Duration = Duration::from_millis(20);

pub struct Relay {
    pub address: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl Relay {
    /// `bytes_per_second` for each connection, towards the client.
    pub fn start(origin: &str, bytes_per_second: u64) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (is_over, origin) = (Arc::clone(&ended), origin.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().map_while(io::Result::ok) {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(&origin) else { return };
                connect(&client, &server, bytes_per_second);
            }
        });
        Ok(Self { address, ended })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn connect(client: &TcpStream, server: &TcpStream, rate: u64) {
    for (from, to, rate) in [(client, server, None), (server, client, Some(rate))] {
        let _ = to.set_nodelay(true);
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        thread::spawn(move || {
            let _ = pass(&mut from, &mut to, rate);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
}

fn pass(from: &mut TcpStream, to: &mut TcpStream, rate: Option<u64>) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    // When what has been passed on should have been.
    let mut due = Instant::now();
    loop {
        let n = from.read(&mut block)?;
        if n == 0 {
            return Ok(());
        }
        if let Some(rate) = rate {
            let now = Instant::now();
            // A sleep that was too long is made up for; an idle time earns nothing.
            due = due.max(now - SLACK) + Duration::from_secs_f64(n as f64 / rate as f64);
            thread::sleep(due.saturating_duration_since(now));
        }
        to.write_all(&block[..n])?;
    }
}
