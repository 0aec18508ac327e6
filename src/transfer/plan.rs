//! The ranges in which an object is fetched. No I/O.

use std::ops::Range;

use super::checkpoint::CompletedRange;

pub(crate) const MIB: u64 = 1024 * 1024;

/// Length of the first range, if there are several connections and the size is unknown. The connection that fetches
/// this range joins the others later, so the range is small.
pub(crate) const FIRST_PART: u64 = MIB / 4;
/// Smaller parts cost more round trips than they save.
const SMALLEST_PART: u64 = MIB;
/// Larger parts leave the other connections idle at the end, and lose more if the process is killed.
const LARGEST_PART: u64 = 64 * MIB;
/// Limit of the number of parts. A server may report a file of any size, and each part takes memory. Parts of files of
/// 640 GB or more exceed [`LARGEST_PART`] instead.
const MOST_PARTS: u64 = 10_000;
/// Measured on a lossy line: four parts for each connection are faster than one.
const PARTS_PER_CONNECTION: u64 = 4;

/// Splits `0..total` into `parts` ranges of about equal length, or fewer if there are fewer bytes.
///
/// For programs that spread a file over several threads or machines and fetch each range with
/// [`download_to`](crate::RemoteFile::download_to). In one process, [`Download::parallel`](crate::Download::parallel)
/// does all of this.
///
/// ```
/// assert_eq!(dingtalk_files::plan(10, 4), [0..3, 3..6, 6..8, 8..10]);
/// assert_eq!(dingtalk_files::plan(2, 4), [0..1, 1..2]);
/// assert!(dingtalk_files::plan(0, 4).is_empty() && dingtalk_files::plan(10, 0).is_empty());
/// ```
pub fn plan(total: u64, parts: usize) -> Vec<Range<u64>> {
    let parts = (parts as u64).min(total);
    let (Some(length), Some(longer)) = (total.checked_div(parts), total.checked_rem(parts)) else {
        return Vec::new();
    };
    let begin = |part: u64| part * length + part.min(longer);
    (0..parts).map(|part| begin(part)..begin(part + 1)).collect()
}

/// Splits a range into parts of a good size for this number of connections.
#[inline]
pub(crate) fn cut(range: &Range<u64>, connections: usize) -> Vec<Range<u64>> {
    let length = range.end.saturating_sub(range.start);
    let wished = (length / (PARTS_PER_CONNECTION * connections as u64)).clamp(SMALLEST_PART, LARGEST_PART);
    let wished = wished.max(length.div_ceil(MOST_PARTS));
    let count = if connections == 1 { 1 } else { length.div_ceil(wished) };
    let start = range.start;
    let parts = plan(length, usize::try_from(count).unwrap_or(usize::MAX)).into_iter();
    parts.map(|part| start + part.start..start + part.end).collect()
}

/// Returns the missing ranges between completed ranges, which must be sorted.
#[inline]
pub(crate) fn gaps(ranges: &[CompletedRange], total: u64) -> Vec<Range<u64>> {
    let starts = ranges.iter().map(|range| range.start).chain([total]);
    let ends = [0].into_iter().chain(ranges.iter().map(|range| range.end));
    ends.zip(starts).map(|(end, start)| end..start).filter(|gap| !gap.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: an impossible size exhausted the memory and killed the process.
    #[test]
    fn a_file_of_any_size_has_a_bounded_number_of_parts() {
        for length in [0, 1, MIB, 100 * MIB, 640_000 * MIB, 1 << 50, u64::MAX] {
            for connections in [1, 2, 64] {
                let parts = cut(&(0..length), connections);
                assert!(parts.len() as u64 <= MOST_PARTS, "{length} over {connections}");
                assert_eq!(parts.iter().map(|part| part.end - part.start).sum::<u64>(), length);
            }
        }
        let largest = cut(&(0..600_000 * MIB), 4).iter().map(|part| part.end - part.start).max();
        assert_eq!(largest, Some(LARGEST_PART), "as long as the number of parts is within the limit");
    }
}
