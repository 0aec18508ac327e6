use std::collections::BTreeMap;

use serde::Deserialize;

use super::fields::{Field, PageOf};
use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    items: Vec<Item>,
    next_token: Option<String>,
    total: Option<u64>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    id: Option<String>,
    size: Option<u64>,
    small: Option<u8>,
    offset: Option<i64>,
    ratio: Option<f64>,
    is_open: Option<bool>,
    inner: Option<Inner>,
    names: Vec<String>,
    by_owner: BTreeMap<String, String>,
}

/// An object that requires its field.
#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    name: String,
}

fn item(text: &str) -> Item {
    read(text.as_bytes(), Vital::Nothing).unwrap_or_else(|e| panic!("{text}: {e:?}")).answer
}

/// Checks that the text is read as `expected`, alone and between other fields.
#[track_caller]
fn assert_reads(text: &str, expected: Item) {
    // The fields around it are read as well.
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    let beside = format!(r#"{{"isOpen":true,{inner},"names":["x"]}}"#);
    assert_eq!(item(text), expected, "{text}");
    if expected.is_open.is_none()
        && expected.names.is_empty()
        && !text.contains("names")
        && !text.contains("isOpen")
    {
        let names = vec!["x".to_owned()];
        assert_eq!(item(&beside), Item { is_open: Some(true), names, ..expected }, "{beside}");
    }
}

#[test]
fn numbers_are_read_as_meant() {
    for text in ["7", "7.0", "7e0", "\"7\"", "\" 7 \"", "\"7.0\"", "\"+7\""] {
        assert_reads(&format!(r#"{{"size":{text}}}"#), Item { size: Some(7), ..Item::default() });
        assert_reads(&format!(r#"{{"small":{text}}}"#), Item { small: Some(7), ..Item::default() });
        assert_reads(&format!(r#"{{"offset":{text}}}"#), Item { offset: Some(7), ..Item::default() });
        assert_reads(&format!(r#"{{"ratio":{text}}}"#), Item { ratio: Some(7.0), ..Item::default() });
    }
    let largest = u64::MAX.to_string();
    for text in [largest.clone(), format!("\"{largest}\"")] {
        assert_reads(&format!(r#"{{"size":{text}}}"#), Item { size: Some(u64::MAX), ..Item::default() });
    }
    assert_reads(r#"{"offset":"-7"}"#, Item { offset: Some(-7), ..Item::default() });
}

#[test]
fn values_that_are_not_numbers_are_left_out() {
    for text in [
        "null",
        "true",
        "\"\"",
        "\"seven\"",
        "7.5",
        "\"7.5\"",
        "-1",
        "\"-1\"",
        "1e400",
        "99999999999999999999",
        "[]",
        "[7]",
        "{}",
        r#"{"n":7}"#,
        r#""\ud83d""#,
    ] {
        assert_reads(&format!(r#"{{"size":{text}}}"#), Item::default());
        assert_reads(&format!(r#"{{"small":{text}}}"#), Item::default());
    }
    assert_reads(r#"{"small":256}"#, Item::default());
}

#[test]
fn texts_are_read_as_meant_or_left_out() {
    let id = |id: &str| Item { id: Some(id.to_owned()), ..Item::default() };
    for (text, expected) in [
        ("7", id("7")),
        ("-7", id("-7")),
        ("18446744073709551615", id("18446744073709551615")),
        ("7.0", id("7")),
        ("7.5", id("7.5")),
        ("true", id("true")),
        ("\"\"", id("")),
        ("null", Item::default()),
        // The number loses digits, and a wrong id is worse than none.
        ("18446744073709551616", Item::default()),
        ("1e400", Item::default()),
        (r#""\ud83d""#, Item::default()),
        ("[]", Item::default()),
        ("{}", Item::default()),
    ] {
        assert_reads(&format!(r#"{{"id":{text}}}"#), expected);
    }
}

#[test]
fn flags_are_read_as_meant_or_left_out() {
    for (text, expected) in [
        ("true", Some(true)),
        ("\"true\"", Some(true)),
        ("\"True\"", Some(true)),
        ("1", Some(true)),
        ("1.0", Some(true)),
        ("\"1\"", Some(true)),
        ("false", Some(false)),
        ("\"FALSE\"", Some(false)),
        ("0", Some(false)),
        ("\"0\"", Some(false)),
        ("2", None),
        ("-1", None),
        ("\"\"", None),
        ("\"yes\"", None),
        ("null", None),
        ("[true]", None),
    ] {
        assert_reads(&format!(r#"{{"isOpen":{text}}}"#), Item { is_open: expected, ..Item::default() });
    }
}

#[test]
fn objects_lists_and_maps_lose_only_odd_values() {
    let names =
        |names: &[&str]| Item { names: names.iter().map(|n| (*n).to_owned()).collect(), ..Item::default() };
    for (text, expected) in [
        ("null", names(&[])),
        ("\"a\"", names(&[])),
        (r#"{"0":"a"}"#, names(&[])),
        (r#"[null,"a",7,null,{"b":1},[],"c",null]"#, names(&["a", "7", "c"])),
    ] {
        assert_reads(&format!(r#"{{"names":{text}}}"#), expected);
    }
    let owners = |all: &[(&str, &str)]| Item {
        by_owner: all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Item::default()
    };
    for (text, expected) in [
        ("null", owners(&[])),
        ("[]", owners(&[])),
        (r#"{"a":null,"b":"x","c":7,"d":{},"e":"y"}"#, owners(&[("b", "x"), ("c", "7"), ("e", "y")])),
    ] {
        assert_reads(&format!(r#"{{"byOwner":{text}}}"#), expected);
    }
    for text in ["null", "7", "\"x\"", "[]", "{}", r#"{"name":null}"#, r#"{"name":{}}"#, r#"{"nam":"x"}"#] {
        assert_reads(&format!(r#"{{"inner":{text}}}"#), Item::default());
    }
    let inner = Some(Inner { name: "7".to_owned() });
    assert_reads(r#"{"inner":{"odd":[{}],"name":7}}"#, Item { inner, ..Item::default() });
}

#[test]
fn a_repeated_key_keeps_its_first_value() {
    assert_reads(r#"{"size":7,"size":8,"size":9}"#, Item { size: Some(7), ..Item::default() });
    let inner = Some(Inner { name: "a".to_owned() });
    assert_reads(r#"{"inner":{"name":"a","name":"b"}}"#, Item { inner, ..Item::default() });
}

#[test]
fn one_odd_value_does_not_fail_a_page() {
    let text = r#"{"items":[{"id":1,"size":"odd"},null,{"id":"2","small":-1,"size":2},{"inner":7,"id":"3"}],
        "total":{},"nextToken":5}"#;
    let page: Page = read(text.as_bytes(), Vital::ListsAndCursor).unwrap().answer;
    let ids: Vec<_> = page.items.iter().map(|item| (item.id.as_deref().unwrap(), item.size)).collect();
    assert_eq!(ids, [("1", None), ("2", Some(2)), ("3", None)]);
    assert_eq!((page.next_token.as_deref(), page.total), (Some("5"), None));
}

/// An answer without them would look like a shorter list.
#[test]
fn the_lists_and_the_cursor_of_a_query_cannot_be_left_out() {
    for (text, field) in [
        (r#"{"nextToken":"","items":"none"}"#, "items"),
        (r#"{"total":-1,"items":{"0":{}},"nextToken":""}"#, "items"),
        (r#"{"items":[{"id":"1"},"odd"]}"#, "items"),
        (r#"{"items":[[]]}"#, "items"),
        (r#"{"items":[],"nextToken":{}}"#, "nextToken"),
        (r#"{"items":[],"nextToken":["t"]}"#, "nextToken"),
    ] {
        let strict = read::<Page>(text.as_bytes(), Vital::ListsAndCursor).map(|reading| reading.answer);
        assert_eq!(strict, Err(Unreadable::Field(field.to_owned())), "{text}");
        assert!(read::<Page>(text.as_bytes(), Vital::Nothing).is_ok(), "{text}");
    }
}

#[test]
fn an_answer_without_any_of_its_fields_has_no_content() {
    let holds = |text: &str| {
        let reading = read::<Item>(text.as_bytes(), Vital::ListsAndCursor).unwrap();
        assert_eq!(reading.fields.len(), 9);
        reading.has_something
    };
    for text in ["", "  ", "{}", r#"{"other":[1]}"#, r#"{"size":-1}"#, r#"{"size":"odd"}"#] {
        assert!(!holds(text), "{text}");
    }
    assert!(!holds(r#"{"isOpen":null}"#));
    for text in [r#"{"isOpen":false}"#, r#"{"names":[]}"#, r#"{"byOwner":{}}"#, r#"{"inner":{"name":""}}"#] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn one_field_is_read_without_a_type_for_the_rest() {
    let field = |text: &str| {
        let reading = read_seed(text.as_bytes(), Vital::ListsAndCursor, Field::<Item>::new("item"));
        reading.map(|reading| (reading.answer, reading.has_something))
    };
    let item = Item { size: Some(7), ..Item::default() };
    assert_eq!(field(r#"{"x":{"size":1},"item":{"size":"7","id":[]},"y":2}"#), Ok((item, true)));
    for nothing in ["{}", r#"{"item":null}"#, r#"{"item":{}}"#, r#"{"items":{"size":7}}"#] {
        assert_eq!(field(nothing), Ok((Item::default(), false)), "{nothing}");
    }
    assert_eq!(field(r#"{"item":[7]}"#), Err(Unreadable::Field("item".to_owned())));
}

#[test]
fn a_page_has_its_list_and_its_cursor() {
    let page = |text: &str| {
        let reading = read_seed(text.as_bytes(), Vital::ListsAndCursor, PageOf::<u64>::new("items"));
        reading.map(|reading| (reading.answer.items, reading.answer.next_token, reading.answer.total_count))
    };
    let token = || Some("t".to_owned());
    for (text, expected) in [
        (r#"{"items":[1,"2",null,3.0],"nextToken":"t","totalCount":"9"}"#, (vec![1, 2, 3], token(), Some(9))),
        (r#"{"nextToken":"t","hasMore":true,"items":[]}"#, (vec![], token(), None)),
        (r#"{"nextToken":"t","hasMore":"false","items":[1]}"#, (vec![1], None, None)),
        (
            r#"{"nextToken":"","items":null,"hasMore":{},"totalCount":-1}"#,
            (vec![], Some(String::new()), None),
        ),
    ] {
        assert_eq!(page(text), Ok(expected), "{text}");
    }
    assert_eq!(page(r#"{"items":{},"nextToken":""}"#), Err(Unreadable::Field("items".to_owned())));
    assert_eq!(page(r#"{"items":[],"nextToken":{}}"#), Err(Unreadable::Field("nextToken".to_owned())));
}

#[test]
fn another_charset_and_a_byte_order_mark_do_not_matter() {
    let gbk = [br#"{"id":""#.as_slice(), b"\xbf\xd5", br#"","size":7}"#].concat();
    let read_gbk: Item = read(&gbk, Vital::Nothing).unwrap().answer;
    assert_eq!(read_gbk.size, Some(7));
    assert_eq!(item("\u{feff} {\"size\":7}").size, Some(7));
}

#[test]
fn a_text_that_is_not_an_object_is_malformed() {
    for text in
        ["[]", "7", "\"x\"", "null", "{", r#"{"size":7"#, r#"{"size":7}}"#, r#"{"names":["a""#, "nonsense"]
    {
        for vital in [Vital::Nothing, Vital::ListsAndCursor] {
            let read = read::<Item>(text.as_bytes(), vital).map(|reading| reading.answer);
            assert!(matches!(read, Err(Unreadable::Malformed { line: 1, .. })), "{text}: {read:?}");
        }
    }
}

#[test]
fn a_missing_required_field_is_named() {
    for text in ["{}", r#"{"name":null}"#, r#"{"name":[]}"#, r#"{"other":"x"}"#] {
        let failed = read::<Inner>(text.as_bytes(), Vital::ListsAndCursor).map(|reading| reading.answer);
        assert_eq!(failed, Err(Unreadable::Field("name".to_owned())), "{text}");
    }
}

/// Each odd value costs another reading of the whole body, up to a limit.
#[test]
fn readings_because_of_odd_values_are_limited() {
    let many = |count: usize| format!(r#"{{"items":[{}]}}"#, vec![r#"{"size":"odd"}"#; count].join(","));
    let page: Page = read(many(2_000).as_bytes(), Vital::ListsAndCursor).unwrap().answer;
    assert_eq!(page.items.len(), 2_000);
    let failed = read::<Page>(many(20_000).as_bytes(), Vital::ListsAndCursor).map(|reading| reading.answer);
    assert_eq!(failed, Err(Unreadable::Field("items".to_owned())));
}
