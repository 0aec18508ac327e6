//! Conversion of DingTalk names to safe file names. Pure: no I/O.

use std::collections::HashSet;

/// Most file systems allow 255 bytes. The rest is for the suffix that a running download appends to the name.
const MAX_BYTES: usize = 200;
/// Extensions up to this length are kept when a name is shortened.
const MAX_EXTENSION: usize = 16;
/// Suffixes of the files that a download keeps next to its target.
const OWN_ENDINGS: [&str; 2] = [".dingtalk-part", ".dingtalk-checkpoint"];
/// Windows opens a device by these names, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Returns the name as one component of a path, valid on Linux, macOS and Windows.
///
/// Characters that one of these systems does not allow become `%XX`, as in a URL. The result has 1 to 200 bytes; a longer
/// name is shortened and marked with a checksum. Two different names never become the same, except for the marks of long
/// names, but they may differ in case alone. For the entries of a folder tree use
/// [`WalkEntry::safe_path`](crate::WalkEntry::safe_path), which also keeps these apart.
///
/// ```
/// use dingtalk_files::safe_name;
///
/// assert_eq!(safe_name("季度报告.xlsx"), "季度报告.xlsx");
/// assert_eq!(safe_name("../Q1: plan?.xls"), "..%2FQ1%3A plan%3F.xls");
/// assert_eq!(safe_name(".."), ".%2E");
/// ```
#[inline]
#[must_use]
pub fn safe_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    let last = name.char_indices().next_back().map_or(0, |(place, _)| place);
    let dot_of_ending = OWN_ENDINGS.iter().find_map(|ending| {
        let start = name.len().checked_sub(ending.len())?;
        name.get(start..)?.eq_ignore_ascii_case(ending).then_some(start)
    });
    let is_device = is_device(name);
    for (place, c) in name.char_indices() {
        let rest = name.get(place..).unwrap_or_default();
        let is_escape = c == '%' && rest.bytes().skip(1).take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        let is_end = place == last && matches!(c, '.' | ' ');
        let is_masked = (is_device && place == 0) || dot_of_ending == Some(place);
        if is_forbidden(c) || is_escape || is_end || is_masked {
            escape(c, &mut safe);
        } else {
            safe.push(c);
        }
    }
    if safe.is_empty() {
        return "_".to_owned();
    }
    if safe.len() > MAX_BYTES { with_mark(&safe, name) } else { safe }
}

/// Returns a safe name for an entry that is not in `taken`, and adds it to `taken`.
///
/// The comparison ignores case, because many file systems do. `id` distinguishes entries with the same name.
#[inline]
pub(crate) fn free_name(name: &str, id: &str, taken: &mut HashSet<String>) -> String {
    let safe = safe_name(name);
    let mut free = safe.clone();
    let mut seed = id.to_owned();
    while !taken.insert(free.to_lowercase()) {
        free = with_mark(&safe, &seed);
        seed.push('+');
    }
    free
}

#[inline]
fn is_forbidden(c: char) -> bool {
    let is_direction =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_direction || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

#[inline]
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_numbered = numbered.is_some_and(|number| {
        let mut digits = number.chars();
        let is_number = digits.next().is_some_and(|c| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³'));
        is_number && digits.next().is_none()
    });
    is_numbered || DEVICES.contains(&stem.as_str())
}

#[inline]
fn escape(c: char, to: &mut String) {
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default().to_ascii_uppercase();
        to.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Inserts a checksum of `seed` before the extension, and shortens the name to make room.
#[inline]
fn with_mark(safe: &str, seed: &str) -> String {
    let mut digest = crc64fast::Digest::new();
    digest.write(seed.as_bytes());
    let mark = format!("~{:016x}", digest.sum64());
    let (stem, extension) = match safe.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= MAX_EXTENSION => {
            (stem, format!(".{extension}"))
        }
        _ => (safe, String::new()),
    };
    let room = MAX_BYTES - mark.len() - extension.len();
    let cut = (0..=room.min(stem.len())).rev().find(|place| stem.is_char_boundary(*place));
    let stem = stem.get(..cut.unwrap_or_default()).unwrap_or_default();
    format!("{stem}{mark}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_unchanged() {
        for name in [
            "report.xls",
            "季度报告（终稿）.docx",
            ".gitignore",
            "a b",
            "100%.txt",
            "50%25",
            "a~1",
            "console",
        ] {
            let expected = if name == "50%25" { "50%2525" } else { name };
            assert_eq!(safe_name(name), expected);
        }
    }

    #[test]
    fn unsafe_characters_and_names_are_escaped() {
        let table = [
            ("", "_"),
            (".", "%2E"),
            ("..", ".%2E"),
            ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
            ("C:\\Windows", "C%3A%5CWindows"),
            ("a\0b\n", "a%00b%0A"),
            ("what?*\"<>|", "what%3F%2A%22%3C%3E%7C"),
            ("dot.", "dot%2E"),
            ("space ", "space%20"),
            ("CON", "%43ON"),
            ("nul.txt", "%6Eul.txt"),
            ("com1 .log", "%63om1 .log"),
            ("LPT³", "%4CPT³"),
            ("com10", "com10"),
            ("a.dingtalk-part", "a%2Edingtalk-part"),
            ("a.DingTalk-Checkpoint", "a%2EDingTalk-Checkpoint"),
            ("gpj.\u{202e}exe", "gpj.%E2%80%AEexe"),
            ("\u{85}", "%C2%85"),
        ];
        for (name, expected) in table {
            assert_eq!(safe_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_are_shortened_and_keep_their_extension() {
        let long = "文".repeat(100);
        let (one, two) = (safe_name(&format!("{long}.pdf")), safe_name(&format!("{long}!.pdf")));
        assert!(one.len() <= MAX_BYTES && one.len() > MAX_BYTES - 3, "{one}");
        assert_eq!(one.rsplit_once('.').map(|(_, extension)| extension), Some("pdf"));
        assert_ne!(one, two);
        let endless = safe_name(&format!("a.{}", "b".repeat(1000)));
        assert_eq!(endless.len(), MAX_BYTES);
        assert_eq!(safe_name(&"a".repeat(MAX_BYTES)).len(), MAX_BYTES);
        assert!(!safe_name(&"a".repeat(MAX_BYTES)).contains('~'));
    }

    #[test]
    fn names_that_differ_only_in_case_become_distinct() {
        let mut taken = HashSet::new();
        let names = [("Report.xls", "1"), ("report.xls", "2"), ("REPORT.XLS", "3"), ("report.xls", "2")];
        let free = names.map(|(name, id)| free_name(name, id, &mut taken));
        assert_eq!(free[0], "Report.xls");
        let folded: HashSet<_> = free.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(folded.len(), 4, "{free:?}");
        assert!(free.iter().all(|name| name.to_lowercase().ends_with(".xls")), "{free:?}");
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_one_component_and_different_names_stay_different(a: String, b: String) {
            let (x, y) = (safe_name(&a), safe_name(&b));
            for safe in [&x, &y] {
                let mut components = std::path::Path::new(safe).components();
                let first = components.next();
                proptest::prop_assert!(matches!(first, Some(std::path::Component::Normal(_))), "{safe}");
                proptest::prop_assert!(components.next().is_none() && safe.len() <= MAX_BYTES);
            }
            proptest::prop_assert!(a == b || x != y || a.is_empty() || b.is_empty());
        }
    }
}
