//! A relay on loopback that limits the rate of each connection to a server.
//!
//! nginx's own `limit_rate` sends the first second's worth of each request immediately, so it would not limit small
//! parts.

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
    /// Starts a relay that sends `bytes_per_second` to the client on each connection.
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
    // The time at which the bytes so far should have been passed on.
    let mut due = Instant::now();
    loop {
        let n = from.read(&mut block)?;
        if n == 0 {
            return Ok(());
        }
        if let Some(rate) = rate {
            let now = Instant::now();
            // A sleep that was too long is compensated. Idle time is not.
            due = due.max(now - SLACK) + Duration::from_secs_f64(n as f64 / rate as f64);
            thread::sleep(due.saturating_duration_since(now));
        }
        to.write_all(&block[..n])?;
    }
}
