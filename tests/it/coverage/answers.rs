//! Reading answers: every documented field is read, and null, missing or new fields cause no error.

use dingtalk_files::{Error, Problem};
use serde_json::{Map, Value, json};

use super::exceptions::{Category, RENAMED, is_needed};
use super::facts::{Fact, Kind, facts};
use super::fake::RecordingServer;
use super::sample::{Sample, at, below, inside, is_errcode, places, with, without};
use super::{Finding, Row, assert_only_exceptions, rows_with_facts};

/// Returns answers whose every value must appear in the result.
fn samples(fact: &Fact) -> Vec<Sample> {
    let mut all = vec![Sample::of_facts(fact)];
    all.extend(Sample::of_example(fact));
    // The vendor's tables document a map by owner, but its examples have a plain list.
    let mut bare_lists = Sample::of_facts(fact);
    let maps = places("", &fact.answer).into_iter().filter(|(_, field)| field.name == "appProperties");
    let maps: Vec<String> = maps.map(|(place, _)| place).collect();
    for place in &maps {
        at(&mut bare_lists.answer, place, &mut |object, name| {
            let owners = object.get(name).and_then(Value::as_object);
            let list = owners.into_iter().flat_map(Map::values).flat_map(|list| list.as_array().unwrap());
            let list = list.cloned().collect();
            object.insert(name.to_owned(), list);
        });
        bare_lists.leaves.retain(|leaf| leaf.place != format!("{place}.#"));
    }
    if !maps.is_empty() {
        all.push(bare_lists);
    }
    all
}

fn is_withheld(row: &Row, place: &str) -> bool {
    row.withheld
        .iter()
        .any(|w| place.strip_prefix(w).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Returns the name under which `Debug` shows a value, if that name differs from the field's.
///
/// A different name means that two fields were confused, or that a field was renamed on purpose.
fn other_name<'s>(place: &str, before: &'s str) -> Option<&'s str> {
    let name = place.rsplit('.').next().unwrap_or_default();
    let (label, _) = before.rsplit_once(": ")?;
    let label = label.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let same =
        RENAMED.contains(&(name, label)) || label.replace('_', "") == name.replace('_', "").to_lowercase();
    // Values of a map have a key instead of a name, and a plain answer has no name either.
    (!same && !label.is_empty() && !["*", "#"].contains(&name)).then_some(label)
}

#[test]
fn no_documented_field_is_lost() {
    let server = RecordingServer::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let mut find =
            |category, place: &str, text: &str| findings.push(Finding::new(fact, category, place, text));
        for sample in samples(fact) {
            let shown = match server.shown(row.bare, &sample.answer) {
                Ok(shown) => shown,
                Err(error) => {
                    find(Category::Refused, "", &format!("{error}: {}", sample.answer));
                    continue;
                }
            };
            for leaf in &sample.leaves {
                match (is_withheld(row, &leaf.place), leaf.before(&shown)) {
                    (false, None) => find(Category::NotRead, &leaf.place, "lost"),
                    (false, Some(before)) => {
                        if let Some(other) = other_name(&leaf.place, before) {
                            find(Category::OtherName, &leaf.place, &format!("shown as `{other}`"));
                        }
                    }
                    // The keys of a withheld map may be shown or not.
                    (true, Some(_)) if !leaf.place.ends_with('#') => {
                        find(Category::Shown, &leaf.place, "shown");
                    }
                    (true, _) => {}
                }
            }
        }
        // A flag is read if changing its value changes the output.
        let sample = Sample::of_facts(fact).answer;
        let shown = |answer: &Value| server.shown(row.bare, answer).map_err(|e| e.to_string());
        for (place, field) in places("", &fact.answer) {
            if field.kind == Kind::Flag
                && !is_withheld(row, &place)
                && shown(&with(&sample, &place, &json!(false))) == shown(&sample)
            {
                find(Category::NotRead, &place, "lost: true and false look the same");
            }
            // A withheld field is read if the output reveals its presence.
            if is_withheld(row, &place)
                && field.kind != Kind::Object
                && shown(&without(&sample, &place)) == shown(&sample)
            {
                find(Category::NotRead, &place, "withheld, but not read either");
            }
        }
        for place in row.withheld {
            if !places("", &fact.answer).iter().any(|(known, _)| known == place) {
                find(Category::Shown, place, "withheld, but not documented");
            }
        }
    }
    findings.sort_by(|a, b| (&a.operation, &a.place).cmp(&(&b.operation, &b.place)));
    findings.dedup_by(|a, b| (&a.operation, &a.place, a.category) == (&b.operation, &b.place, b.category));
    assert_only_exceptions(
        &[Category::NotRead, Category::OtherName, Category::Shown, Category::Refused],
        &findings,
    );
}

/// Callers need not check a success flag themselves.
#[test]
fn a_false_success_flag_is_an_error() {
    let server = RecordingServer::new();
    let mut count = 0;
    for (row, fact) in rows_with_facts() {
        let denied = json!({"success": false});
        let only_success =
            matches!(&fact.answer[..], [field] if field.name == "success" && field.kind == Kind::Flag);
        for call in [row.full, row.bare] {
            let operation = fact.operation();
            let (result, requests) = server.call(call, &denied);
            let not_done =
                matches!(&result, Err(Error::Answer(answer)) if answer.problem == Problem::NotDone);
            assert!(not_done, "{operation}: {result:?}");
            let Err(Error::Answer(answer)) = result else { unreachable!() };
            assert_eq!((answer.operation, answer.status), (fact.route().as_str(), 200));
            assert_eq!(requests.len(), 1, "{operation}: a call that was answered is not repeated");
            if !only_success {
                continue;
            }
            for answer in [json!({"success": true}), json!({"success": null}), json!({})] {
                let shown = server.shown(call, &answer);
                assert_eq!(shown.ok().as_deref(), Some("()"), "{operation}: {answer}");
            }
        }
        count += usize::from(only_success);
    }
    // Ensures that the check above was not vacuous.
    assert_eq!(count, 18);
}

#[test]
fn the_documented_examples_are_read() {
    let server = RecordingServer::new();
    for (row, fact) in rows_with_facts() {
        if let Some(example) = &fact.example {
            for call in [row.full, row.bare] {
                let read = server.shown(call, example);
                assert!(read.is_ok(), "{}: {read:?} of {example}", fact.operation());
            }
        }
    }
}

#[test]
fn null_or_missing_fields_cause_no_error() {
    let server = RecordingServer::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let sample = Sample::of_facts(fact).answer;
        let mut fails = |place: &str, how: &str, answer: &Value| {
            let is_empty = |e: &Error| matches!(e, Error::Answer(e) if matches!(e.problem, Problem::Empty(_) | Problem::Missing(_)));
            if let Err(error) = server.shown(row.bare, answer) {
                // Empty answers are tested in `odd.rs`.
                if is_empty(&error) && has_nothing(answer, fact) {
                    return;
                }
                let text = format!("{how}, the answer fails: {error}");
                findings.push(Finding::new(fact, Category::Needed, place, text));
            }
        };
        let operation = fact.operation();
        let mut least = sample.clone();
        for (place, field) in places("", &fact.answer) {
            if is_errcode(fact, &place) {
                continue;
            }
            fails(&place, "null", &with(&sample, &place, &Value::Null));
            fails(&place, "absent", &without(&sample, &place));
            if field.fields.is_empty() && !is_needed(&operation, &place) {
                least = without(&least, &place);
            }
        }
        fails("", "without all optional fields", &least);
    }
    assert_only_exceptions(&[Category::Needed], &findings);
}

/// Returns whether the answer contains no value that is read, but only nulls and empty objects.
///
/// Fields that only report success do not count as values.
fn has_nothing(answer: &Value, fact: &Fact) -> bool {
    match answer {
        Value::Null => true,
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            let names: &[&str] =
                if fact.host == "oapi" { &["errcode", "errmsg", "request_id"] } else { &["success"] };
            let is_status = names.contains(&name.as_str());
            is_status || has_nothing(value, fact)
        }),
        _ => false,
    }
}

#[test]
fn new_fields_cause_no_error() {
    let server = RecordingServer::new();
    for (row, fact) in rows_with_facts() {
        let mut answer = Sample::of_facts(fact).answer;
        let before = server.shown(row.bare, &answer);
        let new = json!({"of": ["tomorrow", {"any": null}], "kind": 1.5});
        answer.as_object_mut().unwrap().insert("fieldOfTomorrow".to_owned(), new.clone());
        for (place, field) in places("", &fact.answer) {
            if let Some(first) = field.fields.first() {
                let sibling = below(&inside(&place, &field.kind), &first.name);
                at(&mut answer, &sibling, &mut |object, _| {
                    object.insert("fieldOfTomorrow".to_owned(), new.clone());
                });
            }
        }
        let after = server.shown(row.bare, &answer);
        let same = matches!((&before, &after), (Ok(before), Ok(after)) if before == after);
        assert!(same, "{}: {before:?} and then {after:?}", fact.operation());
    }
}

#[test]
fn every_documented_word_is_known() {
    let server = RecordingServer::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let sample = Sample::of_facts(fact).answer;
        let worded = places("", &fact.answer).into_iter().filter(|(_, field)| !field.words.is_empty());
        for (place, field) in worded {
            for word in &field.words {
                let value = match field.kind {
                    Kind::List(_) => json!([word]),
                    _ => json!(word),
                };
                match server.shown(row.bare, &with(&sample, &place, &value)) {
                    Ok(shown) if !shown.contains(&format!("Other(\"{word}\")")) => {}
                    Ok(_) => findings.push(Finding::new(fact, Category::UnknownWord, &place, word)),
                    Err(error) => {
                        let text = format!("{word}: {error}");
                        findings.push(Finding::new(fact, Category::UnknownWord, &place, text));
                    }
                }
            }
        }
    }
    assert_only_exceptions(&[Category::UnknownWord], &findings);
}

#[test]
fn an_empty_token_means_no_further_page() {
    let server = RecordingServer::new();
    for (row, fact) in rows_with_facts() {
        if let Some(place) = &fact.next_token {
            let sample = Sample::of_facts(fact).answer;
            let empty = server.shown(row.bare, &with(&sample, place, &json!("")));
            let absent = server.shown(row.bare, &without(&sample, place));
            let same = matches!((&empty, &absent), (Ok(empty), Ok(absent)) if empty == absent);
            assert!(same, "{}: `{place}`: {empty:?} and {absent:?}", fact.operation());
        }
    }
    // Each place above must exist, or the test would compare an answer with itself.
    for fact in facts() {
        let known = |place: &String| places("", &fact.answer).iter().any(|(known, _)| known == place);
        assert!(fact.next_token.as_ref().is_none_or(known), "{}", fact.operation());
    }
}
