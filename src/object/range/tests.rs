use proptest::prelude::*;

use super::*;

const MIB: u64 = 1024 * 1024;

fn span(start: u64, end: u64) -> RequestedRange {
    RequestedRange::Span { start, end: Some(end) }
}

fn from(start: u64) -> RequestedRange {
    RequestedRange::Span { start, end: None }
}

fn part(content_range: &str) -> ResponseHead {
    ResponseHead { status: 206, content_range: Some(content_range.to_owned()), ..ResponseHead::default() }
}

fn all(length: u64) -> ResponseHead {
    ResponseHead { status: 200, length: Some(length), ..ResponseHead::default() }
}

fn take(skip: u64, range: Range<u64>, total: u64) -> Verdict {
    Verdict::Take { skip, start: range.start, end: Some(range.end), total: Some(total) }
}

#[test]
fn rust_ranges_become_headers() {
    let table: [(ByteRange, Option<&str>); 9] = [
        ((..).into(), None),
        ((0..).into(), None),
        ((0..500).into(), Some("bytes=0-499")),
        ((0..=499).into(), Some("bytes=0-499")),
        ((500..).into(), Some("bytes=500-")),
        ((..500).into(), Some("bytes=0-499")),
        ((..=499).into(), Some("bytes=0-499")),
        (ByteRange::last(500), Some("bytes=-500")),
        ((Bound::Excluded(9), Bound::Unbounded).into(), Some("bytes=10-")),
    ];
    for (range, header) in table {
        assert_eq!(range.check().unwrap().header().as_deref(), header, "{range:?}");
    }
    assert_eq!(ByteRange::from(0..=u64::MAX), ByteRange::from(..));
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
fn empty_and_backwards_ranges_are_refused() {
    let table: [ByteRange; 6] = [
        (5..5).into(),
        (9..5).into(),
        (..0).into(),
        (6..=5).into(),
        ByteRange::last(0),
        (Bound::Excluded(u64::MAX), Bound::Unbounded).into(),
    ];
    for range in table {
        assert!(matches!(range.check(), Err(Error::InvalidArgument(_))), "{range:?}");
    }
}

#[test]
fn a_part_is_taken_only_if_it_matches_the_request() {
    let good = [
        (span(0, 500), "bytes 0-499/1000", None, take(0, 0..500, 1000)),
        (span(0, 500), "Bytes 0-499/1000", Some(1000), take(0, 0..500, 1000)),
        (span(0, 500), "bytes 0-99/1000", None, take(0, 0..100, 1000)),
        (span(0, 5000), "bytes 0-999/1000", None, take(0, 0..1000, 1000)),
        (from(500), "bytes 500-999/1000", None, take(0, 500..1000, 1000)),
        (RequestedRange::Last(100), "bytes 900-999/1000", None, take(0, 900..1000, 1000)),
        (RequestedRange::Last(5000), "bytes 0-999/1000", None, take(0, 0..1000, 1000)),
        (RequestedRange::WHOLE, "bytes 0-999/1000", None, take(0, 0..1000, 1000)),
    ];
    for (asked, text, known, expected) in good {
        assert_eq!(verdict(asked, &part(text), known), expected, "{asked:?} {text}");
    }
    let sizeless = |asked, known| {
        let expected = Verdict::Take { skip: 0, start: 500, end: Some(600), total: None };
        assert_eq!(verdict(asked, &part("bytes 500-599/*"), known), expected);
    };
    sizeless(span(500, 600), None);
    sizeless(span(500, 700), Some(1000));
    sizeless(from(500), Some(1000));

    let bad = [
        (span(0, 500), "bytes 0-500/1000"),
        (span(0, 500), "bytes 1-499/1000"),
        (from(500), "bytes 0-999/1000"),
        (span(0, 500), "bytes 499-0/1000"),
        (span(0, 500), "bytes 0-499/400"),
        (span(0, 500), "bytes 0-499"),
        (span(0, 500), "bytes 0-/1000"),
        (span(0, 500), "bytes +0-499/1000"),
        (span(0, 500), "items 0-499/1000"),
        (span(0, 500), "bytes 0-18446744073709551615/*"),
        (span(0, 500), ""),
        (RequestedRange::Last(100), "bytes 900-999/*"),
        (from(500), "bytes 500-599/*"),
        (span(500, 700), "bytes 500-599/*"),
        (RequestedRange::Last(100), "bytes 899-999/1000"),
        (span(2000, 2500), "bytes 500-999/1000"),
    ];
    for (asked, text) in bad {
        let seen = verdict(asked, &part(text), None);
        assert!(matches!(seen, Verdict::Wrong(_)), "{asked:?} {text}: {seen:?}");
    }
    let unlabelled = ResponseHead { status: 206, ..ResponseHead::default() };
    assert!(matches!(verdict(from(0), &unlabelled, None), Verdict::Wrong(_)));
    let mislabelled = ResponseHead { length: Some(499), ..part("bytes 0-499/1000") };
    assert!(matches!(verdict(span(0, 500), &mislabelled, None), Verdict::Wrong(_)));
    assert_eq!(verdict(span(0, 500), &part("bytes 0-499/1001"), Some(1000)), Verdict::Changed);
}

#[test]
fn a_whole_object_is_cut_to_the_requested_range() {
    let table = [
        (RequestedRange::WHOLE, 1000, take(0, 0..1000, 1000)),
        (RequestedRange::WHOLE, 0, take(0, 0..0, 0)),
        (span(0, 1001), 1000, take(0, 0..1000, 1000)),
        (span(500, 1001), 1000, take(500, 500..1000, 1000)),
        (span(10, 20), 1000, take(10, 10..20, 1000)),
        (span(1000, 1001), 1000, Verdict::NotSatisfiable { size: 1000 }),
        (from(1000), 1000, Verdict::NotSatisfiable { size: 1000 }),
        (span(0, 500), 0, Verdict::NotSatisfiable { size: 0 }),
        (RequestedRange::Last(500), 0, take(0, 0..0, 0)),
        (RequestedRange::Last(1001), 1000, take(0, 0..1000, 1000)),
        (RequestedRange::Last(100), 1000, take(900, 900..1000, 1000)),
        (span(MIB, 9 * MIB), 8 * MIB, take(MIB, MIB..8 * MIB, 8 * MIB)),
        (span(MIB + 1, 9 * MIB), 8 * MIB, Verdict::AskInside { total: 8 * MIB }),
        (RequestedRange::Last(MIB), 8 * MIB, Verdict::AskInside { total: 8 * MIB }),
        // The range is inside the object, but the server sent everything: it does not support ranges, so the prefix is
        // dropped.
        (span(5 * MIB, 6 * MIB), 8 * MIB, take(5 * MIB, 5 * MIB..6 * MIB, 8 * MIB)),
        (from(5 * MIB), 8 * MIB, take(5 * MIB, 5 * MIB..8 * MIB, 8 * MIB)),
    ];
    for (asked, length, expected) in table {
        assert_eq!(verdict(asked, &all(length), None), expected, "{asked:?} of {length}");
    }
    assert_eq!(verdict(from(10), &all(1001), Some(1000)), Verdict::Changed);
}

#[test]
fn a_body_of_unknown_size_needs_a_checksum() {
    let bare = ResponseHead { status: 200, ..ResponseHead::default() };
    let chunked = ResponseHead { chunked: true, ..bare.clone() };
    let checked = ResponseHead { crc64: Some(1), ..chunked.clone() };
    let open = Verdict::Take { skip: 0, start: 0, end: None, total: None };
    assert_eq!(verdict(RequestedRange::WHOLE, &checked, None), open);
    let known = Verdict::Take { skip: 0, start: 0, end: Some(10), total: None };
    assert_eq!(verdict(RequestedRange::WHOLE, &bare, Some(10)), known);
    for (asked, head) in [
        (RequestedRange::WHOLE, &bare),
        (RequestedRange::WHOLE, &chunked),
        (from(5), &checked),
        (RequestedRange::Last(5), &checked),
    ] {
        assert!(matches!(verdict(asked, head, None), Verdict::Wrong(_)), "{asked:?}");
    }
}

#[test]
fn sizes_are_read_from_416_answers() {
    let table = [
        ("bytes */1000", Some(1000)),
        ("bytes */*", None),
        ("bytes 0-1/5", None),
        ("*/5", None),
        ("bytes */+5", None),
    ];
    for (text, size) in table {
        assert_eq!(parse_unsatisfied_range(text), size, "{text}");
    }
}

/// A simple model: the bytes of the object are numbered, and a range selects numbers.
fn model(range: RequestedRange, total: u64) -> Vec<u64> {
    (0..total)
        .filter(|i| match range {
            RequestedRange::Span { start, end } => *i >= start && end.is_none_or(|e| *i < e),
            RequestedRange::Last(count) => total - *i <= count,
        })
        .collect()
}

fn any_range() -> impl Strategy<Value = RequestedRange> {
    prop_oneof![
        (0u64..60, 1u64..60).prop_map(|(start, n)| span(start, start + n)),
        (0u64..60).prop_map(from),
        (1u64..60).prop_map(RequestedRange::Last),
    ]
}

proptest! {
    #[test]
    fn resolve_agrees_with_the_model(range in any_range(), total in 0u64..50) {
        let picked: Vec<u64> = range.resolve(total).map(Iterator::collect).unwrap_or_default();
        prop_assert_eq!(picked, model(range, total));
    }

    /// The bytes taken from any answer are requested bytes, in order, from the first byte on.
    #[test]
    fn taken_bytes_are_a_prefix_of_the_requested_bytes(
        range in any_range(),
        total in 0u64..50,
        partial in any::<bool>(),
        first in 0u64..60,
        count in 1u64..60,
        known in proptest::option::of(0u64..50),
    ) {
        let head = if partial {
            part(&format!("bytes {first}-{}/{total}", first + count - 1))
        } else {
            all(total)
        };
        let body: Vec<u64> = if partial { (first..first + count).collect() } else { (0..total).collect() };
        if let Verdict::Take { skip, start, end, total: stated } = verdict(range, &head, known) {
            let end = end.unwrap();
            let skip = usize::try_from(skip).unwrap();
            let used = &body[skip..skip + usize::try_from(end - start).unwrap()];
            let wanted = model(range, total);
            prop_assert_eq!(used, &wanted[..used.len()]);
            prop_assert!(!used.is_empty() || wanted.is_empty());
            prop_assert_eq!(stated, Some(total));
        }
    }

    #[test]
    fn content_range_survives_a_round_trip(first in 0u64..u64::MAX / 2, count in 1u64..1 << 40, rest in 0u64..1 << 40) {
        let (end, total) = (first + count, first + count + rest);
        let text = format!("bytes {first}-{}/{total}", end - 1);
        prop_assert_eq!(parse_content_range(&text), Some((first..end, Some(total))));
    }

    #[test]
    fn the_parsers_never_panic(text in ".{0,40}") {
        let _ = parse_content_range(&text);
        let _ = parse_unsatisfied_range(&text);
    }
}
