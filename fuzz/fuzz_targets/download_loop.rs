//! The download loop against arbitrary servers, which cut answers, lie, change the object, refuse, or fall silent.
//!
//! In every case the writer holds a prefix of the requested bytes of one version of the object, `Ok` means all of them,
//! an error reports how many were written, and the download ends. If a retry cures every failure, the result is `Ok`.
#![no_main]

use std::io::{self, Write};
use std::ops::Range;

use dingtalk_files::fuzzing::{Done, Request, download, resolve};
use dingtalk_files::{Error, Problem, Result};
use dingtalk_files_fuzz::AnyRange;
use dingtalk_files_fuzz::world::{MOST, Script, Version, World};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    call: Call,
    script: Script,
}

/// The options of the caller.
#[derive(Debug, Arbitrary)]
struct Call {
    range: AnyRange,
    urls: u8,
    lapsed: bool,
    retries: u8,
    part_of_known: bool,
    or_whole: bool,
    max_bytes: Option<u16>,
    gulp: Option<u16>,
    fails_behind: Option<u16>,
}

/// A writer that accepts a limited number of bytes at a time, fails after a limit, and is interrupted at times.
struct Writer {
    bytes: Vec<u8>,
    gulp: usize,
    fails_behind: Option<usize>,
    calls: usize,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let room = self.fails_behind.map_or(usize::MAX, |most| most - self.bytes.len());
        let count = bytes.len().min(self.gulp).min(room);
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|input: Input| {
    let Input { call, script } = input;
    let (steps, urls) = (script.steps.len(), 1 + usize::from(call.urls % 3));
    let mut world = World::new(script, urls);
    let first = &world.versions[0];
    let object = (Some(first.size()), Some(world.etag()), Some(first.crc64));
    world.has_failures |= call.part_of_known;
    let request = Request {
        range: call.range.0,
        object: call.part_of_known.then_some(object),
        or_whole: call.or_whole && !call.part_of_known,
        max_bytes: call.max_bytes.map(u64::from),
        retries: u32::from(call.retries % 8),
        urls,
        lapsed: call.lapsed,
    };
    let mut writer = Writer {
        bytes: Vec::new(),
        // A smaller limit takes long for a large object and finds nothing new.
        gulp: call.gulp.map_or(usize::MAX, |gulp| usize::from(gulp).max(MOST / 1000)),
        fails_behind: call.fails_behind.map(usize::from),
        calls: 0,
    };
    let done = download(&mut world, request.clone(), &mut writer);
    check(&request, &world, &writer, done, steps);
});

fn check(request: &Request, world: &World, writer: &Writer, done: Result<Done>, steps: usize) {
    let Ok(_) = resolve(request.range, 0) else {
        assert!(done.is_err() && world.requests == 0, "an invalid range was requested");
        return;
    };
    let written = &writer.bytes;
    // A part of a known object must come from that object. A first part may turn out to be the whole object.
    let known = &world.versions[..if request.object.is_some() { 1 } else { 2 }];
    let candidates = || {
        known.iter().flat_map(|version| {
            let part = resolve(request.range, version.size()).expect("checked above");
            let whole = request.or_whole.then(|| 0..version.size());
            [part, whole].into_iter().flatten().map(move |range| (version, range))
        })
    };
    let bytes = |version: &Version, range: &Range<u64>| {
        let place = |n: u64| usize::try_from(n).expect("inside");
        &version.bytes[place(range.start)..place(range.end)]
    };
    let is_prefix = candidates().any(|(version, range)| bytes(version, &range).starts_with(written));
    assert!(is_prefix || written.is_empty(), "{} bytes that were not requested: {done:?}", written.len());

    match done {
        Ok(done) => {
            let all = candidates()
                .find(|(version, range)| *range == done.range && bytes(version, range) == written);
            let (version, _) =
                all.unwrap_or_else(|| panic!("Ok without all bytes: {done:?}, {} bytes", written.len()));
            assert!(done.total.is_none_or(|total| total == version.size()), "{done:?}");
            assert!(!done.verified || done.range == (0..version.size()), "{done:?}");
        }
        Err(error) => {
            let untold = match &error {
                // Bytes that were changed on the way are not trusted, and the size of an object that is too large has
                // its own error.
                Error::Answer(e) => matches!(e.problem, Problem::WrongLength { .. }),
                Error::TooLarge { limit, .. } => {
                    assert!(written.len() as u64 <= *limit, "more bytes were written than allowed");
                    true
                }
                Error::ChecksumMismatch { .. } => {
                    assert!(world.lied, "the checksum is correct: {error}");
                    false
                }
                Error::RangeNotSatisfiable { .. } => {
                    assert!(written.is_empty(), "{error}");
                    false
                }
                _ => false,
            };
            assert!(
                untold || error.bytes_written() == written.len() as u64,
                "{error}: {} written",
                written.len()
            );
            let is_callers = matches!(&error, Error::Write { .. } | Error::TooLarge { .. })
                || matches!(&error, Error::RangeNotSatisfiable { .. } if candidates().next().is_none() || !world.has_failures);
            // Each step uses up at most one attempt.
            assert!(
                is_callers || world.has_failures || steps > request.retries as usize,
                "gave up too early: {error}"
            );
        }
    }
}
