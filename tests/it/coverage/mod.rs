//! Compares every operation with the vendor's catalog: requests, answers, and repetition.
//!
//! An operation is a line of `facts.json`, a function under `src/api/` and a [`Row`] here. Intended differences from
//! the facts are listed in `exceptions.rs`, each with its reason.

mod answers;
mod around;
mod dentries;
mod docs;
mod exceptions;
mod facts;
mod fake;
mod odd;
mod requests;
mod sample;
mod sdk;
mod spaces;
mod transfers;
mod v2;

use std::collections::BTreeMap;
use std::fmt::Debug;

use dingtalk_files::{Client, Result};

use self::exceptions::{Category, EXCEPTIONS};
use self::facts::{Fact, facts};

/// An operation and its calls.
pub(crate) struct Row {
    /// The catalog's group, such as `storage`.
    pub(crate) group: &'static str,
    /// The catalog's name of the function.
    pub(crate) name: &'static str,
    /// Calls the operation with every option set, and returns the `Debug` text of the answer.
    pub(crate) full: fn(&Client) -> Result<String>,
    /// Calls the operation with no option set, and returns the `Debug` text of the answer.
    pub(crate) bare: fn(&Client) -> Result<String>,
    /// Dotted places of the answer fields that `Debug` omits on purpose.
    pub(crate) withheld: &'static [&'static str],
}

/// Returns all rows.
fn rows() -> impl Iterator<Item = &'static Row> {
    [around::ROWS, dentries::ROWS, spaces::ROWS, transfers::ROWS, v2::ROWS].into_iter().flatten()
}

/// Returns all rows with their facts. Rows without facts are left to `every_operation_has_one_row`.
fn rows_with_facts() -> Vec<(&'static Row, &'static Fact)> {
    rows().filter_map(|row| Some((row, facts().iter().find(|fact| fact.is(row))?))).collect()
}

/// Returns the `Debug` text of an answer, for [`Row`]s.
fn shown<T: Debug>(answer: Result<T>) -> Result<String> {
    answer.map(|answer| format!("{answer:?}"))
}

/// A difference from the facts.
struct Finding {
    /// `group.name`.
    operation: String,
    category: Category,
    /// The dotted place of the field, or empty if the finding concerns the whole operation.
    place: String,
    text: String,
}

impl Finding {
    fn new(fact: &Fact, category: Category, place: &str, text: impl Into<String>) -> Self {
        Self { operation: fact.operation(), category, place: place.to_owned(), text: text.into() }
    }
}

/// Asserts that all findings are exceptions, and that all exceptions of these categories are needed.
#[track_caller]
fn assert_only_exceptions(categories: &[Category], findings: &[Finding]) {
    let mut wrong = Vec::new();
    for finding in findings {
        let Finding { operation, category, place, text } = finding;
        assert!(categories.contains(category), "{operation}: this test does not check {category:?}");
        if !EXCEPTIONS.iter().any(|e| e.covers(finding)) {
            let place = if place.is_empty() { String::new() } else { format!(" `{place}`:") };
            wrong.push(format!("{operation}:{place} {text} ({category:?})"));
        }
    }
    for exception in EXCEPTIONS.iter().filter(|e| categories.contains(&e.category)) {
        let called = rows().any(|row| exception.is_about(row));
        if called && !findings.iter().any(|finding| exception.covers(finding)) {
            wrong.push(format!("exceptions.rs: unused exception {exception:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_operation_has_one_row() {
    let mut count: BTreeMap<String, usize> = facts().iter().map(|fact| (fact.operation(), 0)).collect();
    let mut wrong = Vec::new();
    for row in rows() {
        let operation = format!("{}.{}", row.group, row.name);
        match count.get_mut(&operation) {
            Some(count) => *count += 1,
            None => wrong.push(format!("{operation} has a row and no facts")),
        }
    }
    for (operation, count) in &count {
        if *count != 1 {
            wrong.push(format!("{operation} has {count} rows"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
