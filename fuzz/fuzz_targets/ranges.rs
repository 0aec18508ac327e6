//! Arithmetic of ranges, compared with numbers that cannot overflow: requested ranges, the division of a file into
//! parts, missing ranges, and the checksum of consecutive parts.
#![no_main]

use std::ops::Range;

use dingtalk_files::fuzzing::{CompletedRange, combine_crc, cut, gaps, join, range_header, resolve};
use dingtalk_files::{ByteRange, plan};
use dingtalk_files_fuzz::{any_range, number};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut u = Unstructured::new(input);
    // The checks stop when the input runs out of numbers.
    let _ = check(&mut u);
});

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match u.arbitrary::<u8>()? % 4 {
        0 => check_range(u),
        1 => check_plan(u),
        2 => check_parts(u),
        _ => check_crc(u),
    }
}

fn check_range(u: &mut Unstructured<'_>) -> Result<()> {
    let (range, wanted) = any_range(u)?;
    let total = number(u)?;
    let Some(start) = wanted.start.map(i128::from) else {
        check_last(range, total);
        return Ok(());
    };
    let end = wanted.end.map_or(i128::from(u64::MAX) + 1, i128::from);
    let Ok(header) = range_header(range) else {
        assert!(start >= end, "{range:?} is refused");
        return Ok(());
    };
    // `..=u64::MAX` has an open end, so it cannot be a backwards range.
    assert!(start < end, "{range:?} is not refused");
    let expected = match wanted.end {
        None if start == 0 => None,
        None => Some(format!("bytes={start}-")),
        Some(_) => Some(format!("bytes={start}-{}", end - 1)),
    };
    assert_eq!(header, expected, "{range:?}");
    let (first, last) = (start, end.min(total.into()));
    let inside = (first < last || (start == 0 && wanted.end.is_none())).then_some(first..last);
    let resolved = resolve(range, total).expect("checked");
    assert_eq!(resolved.map(|r| r.start.into()..r.end.into()), inside, "{range:?} of {total}");
    Ok(())
}

/// Checks a range from the end, whose count is only visible in the header.
fn check_last(range: ByteRange, total: u64) {
    let Ok(header) = range_header(range) else { return };
    let header = header.expect("not the whole object");
    let count: u64 = header.strip_prefix("bytes=-").expect("a suffix").parse().expect("a number");
    assert!(count > 0);
    assert_eq!(resolve(range, total).expect("checked"), Some(total.saturating_sub(count)..total));
}

fn check_plan(u: &mut Unstructured<'_>) -> Result<()> {
    let (total, parts) = (number(u)?, usize::from(u.arbitrary::<u8>()?));
    let rows = plan(total, parts);
    assert_eq!(rows.len() as u64, total.min(parts as u64));
    if !rows.is_empty() {
        assert_cover(&rows, &(0..total));
        let lengths = || rows.iter().map(|row| row.end - row.start);
        assert!(
            lengths().max().zip(lengths().min()).is_some_and(|(most, least)| most - least <= 1),
            "{rows:?}"
        );
    }
    Ok(())
}

/// The maximum number of parts of a download, which also limits their memory.
const MOST_PARTS: usize = 10_000;

fn check_parts(u: &mut Unstructured<'_>) -> Result<()> {
    let total = number(u)?;
    let mut edges = (0..u.arbitrary::<u8>()? % 16).map(|_| number(u)).collect::<Result<Vec<u64>>>()?;
    edges.retain(|edge| *edge <= total);
    edges.sort_unstable();
    edges.dedup();
    // Every second interval between the edges is completed.
    let ranges: Vec<CompletedRange> =
        edges.chunks_exact(2).map(|pair| (pair[0]..pair[1], pair[0] ^ pair[1])).collect();
    let missing = gaps(&ranges, total);
    let mut all: Vec<Range<u64>> =
        ranges.iter().map(|(range, _)| range.clone()).chain(missing.clone()).collect();
    all.sort_unstable_by_key(|range| range.start);
    assert!(all.is_empty() && total == 0 || !all.is_empty());
    if !all.is_empty() {
        assert_cover(&all, &(0..total));
    }
    let connections = usize::from(u.int_in_range(1..=64u8)?);
    for gap in missing {
        let rows = cut(&gap, connections);
        assert!(rows.len() <= MOST_PARTS, "{} parts", rows.len());
        assert_cover(&rows, &gap);
        assert!(connections > 1 || rows.len() == 1, "one connection must get one part");
    }
    // Order and repetition of the ranges must not matter.
    let mut mixed = ranges.clone();
    mixed.reverse();
    assert_eq!(join(&mixed), ranges, "ranges that do not touch must not be joined");
    Ok(())
}

fn assert_cover(rows: &[Range<u64>], whole: &Range<u64>) {
    assert_eq!(rows.first().map(|row| row.start), Some(whole.start), "{whole:?}");
    assert_eq!(rows.last().map(|row| row.end), Some(whole.end), "{whole:?}");
    assert!(rows.iter().all(|row| row.start < row.end), "an empty row in {whole:?}");
    assert!(rows.windows(2).all(|two| two[0].end == two[1].start), "a gap in {whole:?}");
}

fn crc(bytes: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64()
}

fn check_crc(u: &mut Unstructured<'_>) -> Result<()> {
    let (first, second, zeros) = (u.arbitrary::<u8>()?, u.arbitrary::<u8>()?, number(u)?);
    let bytes = u.bytes(u.len())?;
    let (a, b) = (usize::from(first) % (bytes.len() + 1), usize::from(second) % (bytes.len() + 1));
    let (a, b) = (a.min(b), a.max(b));
    let ranges: Vec<CompletedRange> = [b..bytes.len(), 0..a, a..b]
        .map(|range| (range.start as u64..range.end as u64, crc(&bytes[range])))
        .to_vec();
    let whole: Vec<CompletedRange> =
        if bytes.is_empty() { Vec::new() } else { vec![(0..bytes.len() as u64, crc(bytes))] };
    assert_eq!(join(&ranges), whole);
    // There are too many zeros to read. Two steps must give the same result as one.
    let (sum, half) = (crc(bytes), zeros / 2);
    let two_steps = combine_crc(combine_crc(sum, 0, half), 0, zeros - half);
    assert_eq!(two_steps, combine_crc(sum, 0, zeros));
    Ok(())
}
