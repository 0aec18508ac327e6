//! The bytes that an answer claims to contain, and whether they are the requested bytes.
//!
//! The input is a header as text, followed by the numbers for the verdict.
#![no_main]

use std::ops::Range;

use dingtalk_files::fuzzing::{ResponseHead, Verdict, content_range, resolve, unsatisfied_range, verdict};
use dingtalk_files_fuzz::{any_range, number};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input) {
        check_text(text);
    }
    let _ = check_verdict(&mut Unstructured::new(input));
});

/// Checks that a parsed header is formatted the same, except for spaces, leading zeros and the case of the unit.
fn check_text(text: &str) {
    let plain = |text: &str| -> String {
        let text = text.to_ascii_lowercase();
        let ranges = text.split_inclusive(|c: char| !c.is_ascii_digit());
        let no_zeros = ranges.map(|p| {
            let cut = p.trim_start_matches('0');
            if cut.starts_with(|c: char| c.is_ascii_digit()) || cut.len() == p.len() {
                cut.to_owned()
            } else {
                format!("0{cut}")
            }
        });
        no_zeros.collect::<String>().split_whitespace().collect()
    };
    if let Some((range, total)) = content_range(text) {
        assert!(
            range.start < range.end && total.is_none_or(|total| range.end <= total),
            "{text:?}: {range:?}"
        );
        let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        let again = format!("bytes {}-{}/{total}", range.start, range.end - 1);
        assert_eq!(content_range(&again).map(|(range, _)| range), Some(range), "{again}");
        assert_eq!(plain(text), plain(&again), "{text:?}");
    }
    if let Some(size) = unsatisfied_range(text) {
        assert_eq!(plain(text), plain(&format!("bytes */{size}")), "{text:?}");
        assert!(content_range(text).is_none(), "a header cannot be both: {text:?}");
    }
}

fn check_verdict(u: &mut Unstructured<'_>) -> Result<()> {
    let (asked, wanted) = any_range(u)?;
    let known = if u.arbitrary()? { Some(number(u)?) } else { None };
    let (first, last, total) = (number(u)?, number(u)?, number(u)?);
    let told = if u.arbitrary()? { Some(total) } else { None };
    let total = told.map_or_else(|| "*".to_owned(), |total| total.to_string());
    let head = ResponseHead {
        status: *u.choose(&[200, 206])?,
        content_range: if u.arbitrary()? { Some(format!("bytes {first}-{last}/{total}")) } else { None },
        length: match u.arbitrary::<u8>()? % 3 {
            0 => None,
            1 => Some(last.wrapping_sub(first).wrapping_add(1)),
            _ => Some(number(u)?),
        },
        chunked: false,
        etag: None,
        crc64: u.arbitrary()?,
        encoding: None,
    };
    let Ok(verdict) = verdict(asked, head.clone(), known) else { return Ok(()) };
    let inside = |total: u64| resolve(asked, total).ok().flatten();
    let context = || format!("requested {asked:?} of {known:?}, got {head:?}: {verdict:?}");
    match verdict {
        Verdict::Take { skip, start, end, total } => {
            // The total never contradicts the known size.
            assert!(known.is_none_or(|known| total.is_none_or(|total| total == known)), "{}", context());
            match total.or(known) {
                Some(total) => {
                    let Range { start: first, end: last } = inside(total).expect("the range begins inside");
                    assert_eq!(start, first, "{}", context());
                    assert!(end.is_some_and(|end| end <= last), "{}", context());
                }
                // A whole object of unknown size, or a part that covers everything that was requested.
                None => assert!(wanted.start == Some(start), "{}", context()),
            }
            if head.status == 206 {
                let said = head.content_range.as_deref().and_then(content_range).expect("a Content-Range");
                assert_eq!(
                    (skip, Some(said.0.end), said.0.start, said.1),
                    (0, end, start, total),
                    "{}",
                    context()
                );
                assert!(head.length.is_none_or(|n| n == said.0.end - said.0.start), "{}", context());
            } else {
                assert_eq!((skip, total), (start, head.length), "{}", context());
            }
            assert!(
                end.is_none_or(|end| start <= end && (wanted.end.is_none() || Some(end) <= wanted.end)),
                "{}",
                context()
            );
        }
        Verdict::AskInside { total } => {
            let inside = inside(total).expect("the range begins inside");
            assert!(inside.start < inside.end, "{}", context());
        }
        Verdict::NotSatisfiable { size } => assert_eq!(inside(size), None, "{}", context()),
        Verdict::Changed => assert!(known.is_some(), "{}", context()),
        Verdict::Wrong => {}
    }
    Ok(())
}
