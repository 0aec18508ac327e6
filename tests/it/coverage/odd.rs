//! Answers that differ from the documentation: numbers as text, text as numbers, nulls, nonsense. An odd value causes
//! no error, and the other values are still read.

use dingtalk_files::{Error, Problem};
use serde_json::{Value, json};

use super::exceptions::is_needed;
use super::facts::{Fact, Field, Kind};
use super::fake::RecordingServer;
use super::sample::{Sample, at, is_errcode, places, with, without};
use super::{Row, rows_with_facts};

/// Applies `change` to every value of a field, including the items of a list or map.
fn vary(answer: &Value, place: &str, change: &dyn Fn(&Value) -> Value) -> Value {
    let mut answer = answer.clone();
    at(&mut answer, place, &mut |object, name| {
        if let Some(value) = object.get_mut(name) {
            match value {
                Value::Array(items) => items.iter_mut().for_each(|item| *item = change(item)),
                Value::Object(map) => map.values_mut().for_each(|value| *value = change(value)),
                plain => *plain = change(plain),
            }
        }
    });
    answer
}

/// Returns the kind of a field's values, if they have no nested fields.
fn plain(field: &Field) -> Option<&Kind> {
    match &field.kind {
        Kind::List(item) | Kind::Map(item) => matches!(**item, Kind::Text | Kind::Number).then_some(&**item),
        kind @ (Kind::Text | Kind::Number | Kind::Flag) => Some(kind),
        Kind::Object => None,
    }
}

fn as_text(value: &Value) -> Value {
    json!(value.to_string())
}

fn as_float(value: &Value) -> Value {
    serde_json::from_str(&format!("{value}.0")).unwrap()
}

/// Returns the digits of a sample's text as a number.
fn as_number(value: &Value) -> Value {
    let digits: String = value.as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
    serde_json::from_str(&digits).unwrap()
}

/// Returns the sample with the text at `place` reduced to its digits, for comparison with a number.
fn digits_only(answer: &Value, place: &str) -> Value {
    vary(answer, place, &|value| json!(as_number(value).to_string()))
}

struct Tally {
    server: RecordingServer,
    wrong: Vec<String>,
    fields: [usize; 3],
    variations: usize,
}

impl Tally {
    /// Records a failure unless both answers are read as the same value.
    fn check_same(&mut self, (row, fact): (&Row, &Fact), place: &str, changed: &Value, meant: &Value) {
        self.variations += 1;
        let (got, expected) = (self.server.shown(row.bare, changed), self.server.shown(row.bare, meant));
        if !matches!((&got, &expected), (Ok(got), Ok(expected)) if got == expected) {
            self.wrong
                .push(format!("{} `{place}`: {got:?} instead of {expected:?}: {changed}", fact.operation()));
        }
    }
}

#[test]
fn every_plain_field_is_read_correctly_or_left_out() {
    let mut tally =
        Tally { server: RecordingServer::new(), wrong: Vec::new(), fields: [0; 3], variations: 0 };
    for (row, fact) in rows_with_facts() {
        let operation = (row, fact);
        let sample = Sample::of_facts(fact).answer;
        for (place, field) in places("", &fact.answer) {
            let Some(kind) = plain(field).filter(|_| !is_errcode(fact, &place)) else { continue };
            let varied = |change: &dyn Fn(&Value) -> Value| vary(&sample, &place, change);
            match kind {
                Kind::Number => {
                    tally.fields[0] += 1;
                    tally.check_same(operation, &place, &varied(&as_text), &sample);
                    tally.check_same(operation, &place, &varied(&as_float), &sample);
                }
                Kind::Flag => {
                    tally.fields[1] += 1;
                    for (odd, meant) in
                        [(json!("true"), true), (json!(1), true), (json!("false"), false), (json!(0), false)]
                    {
                        let meant = with(&sample, &place, &json!(meant));
                        // A false `success` is an error in every spelling, so the results are compared as text.
                        let (got, expected) = (
                            tally.server.shown(row.bare, &with(&sample, &place, &odd)),
                            tally.server.shown(row.bare, &meant),
                        );
                        tally.variations += 1;
                        if format!("{got:?}") != format!("{expected:?}") {
                            tally.wrong.push(format!(
                                "{} `{place}`: {got:?} instead of {expected:?}",
                                fact.operation()
                            ));
                        }
                    }
                }
                _ => {
                    tally.fields[2] += 1;
                    tally.check_same(operation, &place, &varied(&as_number), &digits_only(&sample, &place));
                }
            }
            if is_needed(&fact.operation(), &place) {
                continue;
            }
            // An unreadable value is left out without losing other values.
            let gone = match field.kind {
                Kind::List(_) => with(&sample, &place, &json!([])),
                Kind::Map(_) => with(&sample, &place, &json!({})),
                _ => without(&sample, &place),
            };
            let mut odd = vec![json!(null), json!([[]]), json!({"of": {}})];
            match kind {
                Kind::Number => odd.extend([json!("seven"), json!(7.5), json!(1e300), json!(true)]),
                Kind::Flag => odd.extend([json!("perhaps"), json!(7), json!(-1)]),
                _ => odd.push(json!(1e300)),
            }
            let is_cursor = fact.next_token.as_deref() == Some(&place);
            for odd in odd {
                let changed = varied(&|_| odd.clone());
                if is_cursor && (odd.is_array() || odd.is_object() || odd.is_f64()) {
                    let failed = tally.server.shown(row.bare, &changed);
                    let names_it = matches!(&failed, Err(Error::Answer(e)) if e.problem == Problem::Unreadable(place.clone()));
                    if !names_it {
                        tally.wrong.push(format!("{} `{place}`: {failed:?} for {odd}", fact.operation()));
                    }
                    continue;
                }
                // Without its only field an answer is empty, which is an error for a query.
                if !only(&sample, &place) {
                    tally.check_same(operation, &place, &changed, &gone);
                }
            }
        }
    }
    assert!(
        tally.wrong.is_empty(),
        "{} of {}:\n{}",
        tally.wrong.len(),
        tally.variations,
        tally.wrong.join("\n")
    );
    // Ensures that the checks above were not vacuous.
    assert_eq!((tally.fields, tally.variations), ([96, 62, 564], 4092));
}

/// Returns whether the answer has only this field.
fn only(sample: &Value, place: &str) -> bool {
    let rest = without(sample, place);
    // `success` is not part of the requested data.
    let is_nothing = |(name, value): (&String, &Value)| name == "success" || *value == json!({});
    rest.as_object().is_some_and(|fields| fields.iter().all(is_nothing))
}

/// Number of read-only operations. Includes the two that fetch a token, and excludes the one whose answer may name no
/// user.
const QUERIES: usize = 51;

/// A change has run even if its answer cannot be read; a query without an answer has failed.
#[test]
fn an_empty_answer_is_an_error_for_queries_only() {
    let server = RecordingServer::new();
    let mut failed = Vec::new();
    for (row, fact) in rows_with_facts() {
        for answer in [json!({}), json!({"of": "tomorrow"})] {
            match server.shown(row.bare, &answer) {
                Ok(_) => {}
                Err(Error::Answer(e)) => {
                    let names_one = match &e.problem {
                        Problem::Empty(fields) => fields
                            .iter()
                            .any(|field| places("", &fact.answer).iter().any(|(place, _)| place == field)),
                        Problem::Missing(field) => {
                            places("", &fact.answer).iter().any(|(place, _)| place == field)
                        }
                        Problem::Unreadable(field) => {
                            fact.group == "oauth2"
                                && ["accessToken", "access_token"].contains(&field.as_str())
                        }
                        _ => false,
                    };
                    assert!(names_one, "{}: {e}", fact.operation());
                    failed.push(fact.operation());
                }
                Err(other) => panic!("{}: {other}", fact.operation()),
            }
        }
    }
    failed.dedup();
    assert_eq!(failed.len(), QUERIES, "{failed:#?}");
}
