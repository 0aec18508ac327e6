//! A checkpoint that may come from another program. It is accepted only if nothing in it can mislead a download, and an
//! accepted checkpoint is written back unchanged.
//!
//! The input is a checkpoint, or the JSON of a checkpoint, to which the target adds the correct checksum.
#![no_main]

use std::iter;

use dingtalk_files::fuzzing::{Checkpoint, checkpoint, gaps, join};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    check(input);
    let mut digest = crc64fast::Digest::new();
    digest.write(input);
    let head = format!("dingtalk-files checkpoint 1 {:016x}\n", digest.sum64());
    let whole = [head.as_bytes(), input].concat();
    if check(&whole) {
        // A single wrong bit anywhere must cause a fresh start. The input determines which bit.
        let place = usize::try_from(digest.sum64() >> 32).unwrap_or_default() % whole.len();
        let mut damaged = whole;
        damaged[place] ^= 1 << (digest.sum64() >> 61);
        // A checksum with an upper-case letter is the same checksum.
        let in_checksum = (head.len() - 17..head.len() - 1).contains(&place);
        assert!(in_checksum || checkpoint(&damaged).is_none(), "damaged at {place}");
    }
});

fn check(bytes: &[u8]) -> bool {
    let Some(Checkpoint { size, ranges, encoded }) = checkpoint(bytes) else { return false };
    let mut end = 0;
    for (range, _) in &ranges {
        assert!(end <= range.start && range.start < range.end && range.end <= size, "{ranges:?} of {size}");
        end = range.end;
    }
    // Completed and missing ranges together cover each byte of the object once.
    let mut all: Vec<_> = ranges.iter().map(|(range, _)| range.clone()).chain(gaps(&ranges, size)).collect();
    all.sort_unstable_by_key(|range| range.start);
    let ends = iter::once(0).chain(all.iter().map(|range| range.end));
    assert!(all.iter().map(|range| range.start).chain([size]).eq(ends), "{all:?} of {size}");
    assert_eq!(
        join(&ranges).iter().map(|(range, _)| range.end - range.start).sum::<u64>(),
        ranges.iter().map(|(range, _)| range.end - range.start).sum::<u64>()
    );
    let again = checkpoint(&encoded).expect("a written checkpoint can be read");
    assert!(again.size == size && again.ranges == ranges && again.encoded == encoded);
    true
}
