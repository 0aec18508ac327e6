//! What is read: every documented field, and nothing that a vendor may do to an answer makes it fail.

use dingtalk_files::{Error, Problem};
use serde_json::{Map, Value, json};

use super::exceptions::{RENAMED, Sort, is_needed};
use super::facts::{Fact, Kind, facts};
use super::fake::Stand;
use super::sample::{Sample, at, below, inside, is_errcode, places, with, without};
use super::{Finding, Row, rows_with_facts, settle};

/// Answers of which every value has to be seen again.
fn samples(fact: &Fact) -> Vec<Sample> {
    let mut all = vec![Sample::of_facts(fact)];
    all.extend(Sample::of_example(fact));
    // The vendor's tables have a map of owners, its examples a bare list.
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

/// The name under which `Debug` shows a value, when it is not the field's: then two fields were mixed up, or one was
/// given a better name.
fn other_name<'s>(place: &str, before: &'s str) -> Option<&'s str> {
    let name = place.rsplit('.').next().unwrap_or_default();
    let (label, _) = before.rsplit_once(": ")?;
    let label = label.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let same =
        RENAMED.contains(&(name, label)) || label.replace('_', "") == name.replace('_', "").to_lowercase();
    // What is in a map has a key and no name; what an answer has by itself has none either.
    (!same && !label.is_empty() && !["*", "#"].contains(&name)).then_some(label)
}

#[test]
fn no_documented_field_is_lost() {
    let stand = Stand::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let mut find = |sort, place: &str, text: &str| findings.push(Finding::new(fact, sort, place, text));
        for sample in samples(fact) {
            let shown = match stand.shown(row.bare, &sample.answer) {
                Ok(shown) => shown,
                Err(error) => {
                    find(Sort::Refused, "", &format!("{error}: {}", sample.answer));
                    continue;
                }
            };
            for leaf in &sample.leaves {
                match (is_withheld(row, &leaf.place), leaf.before(&shown)) {
                    (false, None) => find(Sort::NotRead, &leaf.place, "lost"),
                    (false, Some(before)) => {
                        if let Some(other) = other_name(&leaf.place, before) {
                            find(Sort::OtherName, &leaf.place, &format!("shown as `{other}`"));
                        }
                    }
                    // The keys of a map that is withheld may be shown or not.
                    (true, Some(_)) if !leaf.place.ends_with('#') => find(Sort::Shown, &leaf.place, "shown"),
                    (true, _) => {}
                }
            }
        }
        // Which of two values a flag has is seen by the change that it makes.
        let sample = Sample::of_facts(fact).answer;
        let shown = |answer: &Value| stand.shown(row.bare, answer).map_err(|e| e.to_string());
        for (place, field) in places("", &fact.answer) {
            if field.kind == Kind::Flag
                && !is_withheld(row, &place)
                && shown(&with(&sample, &place, &json!(false))) == shown(&sample)
            {
                find(Sort::NotRead, &place, "lost: true and false look the same");
            }
            // A field that is known, and not shown, shows that it is there.
            if is_withheld(row, &place)
                && field.kind != Kind::Object
                && shown(&without(&sample, &place)) == shown(&sample)
            {
                find(Sort::NotRead, &place, "withheld, but not read either");
            }
        }
        for place in row.withheld {
            if !places("", &fact.answer).iter().any(|(known, _)| known == place) {
                find(Sort::Shown, place, "withheld, but not documented");
            }
        }
    }
    findings.sort_by(|a, b| (&a.operation, &a.place).cmp(&(&b.operation, &b.place)));
    findings.dedup_by(|a, b| (&a.operation, &a.place, a.sort) == (&b.operation, &b.place, b.sort));
    settle(&[Sort::NotRead, Sort::OtherName, Sort::Shown, Sort::Refused], &findings);
}

/// Nobody shall have to look at a flag, or take an answer without anything in it for a success.
#[test]
fn a_success_that_is_denied_is_an_error() {
    let stand = Stand::new();
    let mut count = 0;
    for (row, fact) in rows_with_facts() {
        let denied = json!({"success": false});
        let only_success =
            matches!(&fact.answer[..], [field] if field.name == "success" && field.kind == Kind::Flag);
        for call in [row.full, row.bare] {
            let operation = fact.operation();
            let (result, requests) = stand.call(call, &denied);
            let not_done =
                matches!(&result, Err(Error::Answer(answer)) if answer.problem == Problem::NotDone);
            assert!(not_done, "{operation}: {result:?}");
            let Err(Error::Answer(answer)) = result else { unreachable!() };
            assert_eq!((answer.operation, answer.status), (fact.route().as_str(), 200));
            assert_eq!(requests.len(), 1, "{operation}: an answer is not asked for again");
            if !only_success {
                continue;
            }
            for answer in [json!({"success": true}), json!({"success": null}), json!({})] {
                let shown = stand.shown(call, &answer);
                assert_eq!(shown.ok().as_deref(), Some("()"), "{operation}: {answer}");
            }
        }
        count += usize::from(only_success);
    }
    // A check of nothing would pass too.
    assert_eq!(count, 18);
}

#[test]
fn the_documented_examples_are_read() {
    let stand = Stand::new();
    for (row, fact) in rows_with_facts() {
        if let Some(example) = &fact.example {
            for call in [row.full, row.bare] {
                let read = stand.shown(call, example);
                assert!(read.is_ok(), "{}: {read:?} of {example}", fact.operation());
            }
        }
    }
}

#[test]
fn no_answer_fails_for_what_it_has_not() {
    let stand = Stand::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let sample = Sample::of_facts(fact).answer;
        let mut fails = |place: &str, how: &str, answer: &Value| {
            let is_empty = |e: &Error| matches!(e, Error::Answer(e) if matches!(e.problem, Problem::Empty(_) | Problem::Missing(_)));
            if let Err(error) = stand.shown(row.bare, answer) {
                // That one is `odd.rs`'s matter.
                if is_empty(&error) && has_nothing(answer, fact) {
                    return;
                }
                let text = format!("{how}, the answer fails: {error}");
                findings.push(Finding::new(fact, Sort::Needed, place, text));
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
        fails("", "without all that it can do without", &least);
    }
    settle(&[Sort::Needed], &findings);
}

/// It holds no value that is read: only nulls, and objects without values. Words on success are no values.
fn has_nothing(answer: &Value, fact: &Fact) -> bool {
    match answer {
        Value::Null => true,
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            let words: &[&str] =
                if fact.host == "oapi" { &["errcode", "errmsg", "request_id"] } else { &["success"] };
            let is_said = words.contains(&name.as_str());
            is_said || has_nothing(value, fact)
        }),
        _ => false,
    }
}

#[test]
fn no_answer_fails_for_a_new_field() {
    let stand = Stand::new();
    for (row, fact) in rows_with_facts() {
        let mut answer = Sample::of_facts(fact).answer;
        let before = stand.shown(row.bare, &answer);
        let new = json!({"of": ["tomorrow", {"any": null}], "kind": 1.5});
        answer.as_object_mut().unwrap().insert("fieldOfTomorrow".to_owned(), new.clone());
        for (place, field) in places("", &fact.answer) {
            if let Some(first) = field.fields.first() {
                let beside = below(&inside(&place, &field.kind), &first.name);
                at(&mut answer, &beside, &mut |object, _| {
                    object.insert("fieldOfTomorrow".to_owned(), new.clone());
                });
            }
        }
        let after = stand.shown(row.bare, &answer);
        let same = matches!((&before, &after), (Ok(before), Ok(after)) if before == after);
        assert!(same, "{}: {before:?} and then {after:?}", fact.operation());
    }
}

#[test]
fn no_documented_word_is_unknown() {
    let stand = Stand::new();
    let mut findings = Vec::new();
    for (row, fact) in rows_with_facts() {
        let sample = Sample::of_facts(fact).answer;
        let worded = places("", &fact.answer).into_iter().filter(|(_, field)| !field.words.is_empty());
        for (place, field) in worded {
            for word in &field.words {
                let word_there = match field.kind {
                    Kind::List(_) => json!([word]),
                    _ => json!(word),
                };
                match stand.shown(row.bare, &with(&sample, &place, &word_there)) {
                    Ok(shown) if !shown.contains(&format!("Other(\"{word}\")")) => {}
                    Ok(_) => findings.push(Finding::new(fact, Sort::UnknownWord, &place, word)),
                    Err(error) => {
                        let text = format!("{word}: {error}");
                        findings.push(Finding::new(fact, Sort::UnknownWord, &place, text));
                    }
                }
            }
        }
    }
    settle(&[Sort::UnknownWord], &findings);
}

#[test]
fn an_empty_token_is_no_further_page() {
    let stand = Stand::new();
    for (row, fact) in rows_with_facts() {
        if let Some(place) = &fact.next_token {
            let sample = Sample::of_facts(fact).answer;
            let empty = stand.shown(row.bare, &with(&sample, place, &json!("")));
            let absent = stand.shown(row.bare, &without(&sample, place));
            let same = matches!((&empty, &absent), (Ok(empty), Ok(absent)) if empty == absent);
            assert!(same, "{}: `{place}`: {empty:?} and {absent:?}", fact.operation());
        }
    }
    // The places above are those of fields, or the test would compare an answer with itself.
    for fact in facts() {
        let known = |place: &String| places("", &fact.answer).iter().any(|(known, _)| known == place);
        assert!(fact.next_token.as_ref().is_none_or(known), "{}", fact.operation());
    }
}
