//! A line between two tun devices that delays every packet and drops some.
//!
//! `relay NEAR FAR DELAY_MS LOSS MBIT SEED` creates the two devices, prints `ready`, and carries packets until it is
//! killed. In each direction, packets leave one after the other at `MBIT` megabits per second, and arrive after the
//! one-way delay `DELAY_MS`. Packets wait in a queue that holds one round trip. A packet that finds the queue full is
//! dropped, and other packets are dropped with the probability `LOSS`.

#![expect(clippy::cast_precision_loss, reason = "lengths of packets, and 53 bits of chance")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Larger than any packet, because the devices have an MTU of 1500.
const ROOM: usize = 2048;

/// A tun device for packets without additional headers.
#[expect(clippy::cast_possible_truncation, reason = "the flags have 16 bits")]
const FLAGS: libc::c_short = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;

/// The time at which a packet is due, and its bytes.
type Packet = (Instant, Box<[u8]>);

#[derive(Clone, Copy)]
struct Line {
    delay: Duration,
    loss: f64,
    bytes_per_second: f64,
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [near, far, delay, loss, mbit, seed] = args.as_slice() else {
        return Err(io::Error::other("usage: relay NEAR FAR DELAY_MS LOSS MBIT SEED"));
    };
    let number = |text: &str| text.parse::<f64>().map_err(|e| io::Error::other(format!("{text}: {e}")));
    let line = Line {
        delay: Duration::from_secs_f64(number(delay)? / 1e3),
        loss: number(loss)?,
        bytes_per_second: number(mbit)? * 1e6 / 8.0,
    };
    let seed: u64 = seed.parse().map_err(|e| io::Error::other(format!("{seed}: {e}")))?;
    let (near, far) = (open_tun(near)?, open_tun(far)?);
    println!("ready");
    thread::scope(|scope| {
        for (from, to, seed) in [(&near, &far, seed), (&far, &near, !seed)] {
            let (entrance, exit) = channel();
            scope.spawn(move || take(from, &entrance, line, seed));
            scope.spawn(move || give(to, &exit));
        }
    });
    Ok(())
}

/// Reads packets from a device, drops some, and determines when the others are due.
fn take(mut from: &File, entrance: &Sender<Packet>, line: Line, mut random: u64) {
    let mut room = [0; ROOM];
    // The time at which the last packet has left.
    let mut left = Instant::now();
    loop {
        let Ok(length) = from.read(&mut room) else {
            // The device is not up yet, or is being moved to its namespace.
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let now = Instant::now();
        if chance(&mut random) < line.loss || left.saturating_duration_since(now) > 2 * line.delay {
            continue;
        }
        left = left.max(now) + Duration::from_secs_f64(length as f64 / line.bytes_per_second);
        if entrance.send((left + line.delay, room[..length].into())).is_err() {
            return;
        }
    }
}

/// Writes packets to a device when they are due. Each packet is due later than the previous packet.
fn give(mut to: &File, exit: &Receiver<Packet>) {
    for (due, packet) in exit {
        let wait = due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        let _ = to.write_all(&packet);
    }
}

/// Returns a random number from 0 to 1 (splitmix64).
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn open_tun(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).open("/dev/net/tun")?;
    if name.len() >= libc::IFNAMSIZ {
        return Err(io::Error::other("the name of a device may have at most 15 characters"));
    }
    // SAFETY: all zeros are a valid `ifreq`; the call reads it and writes the name into it.
    let result = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *place = libc::c_char::from_ne_bytes([byte]);
        }
        request.ifr_ifru.ifru_flags = FLAGS;
        libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &mut request)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(file) }
}
