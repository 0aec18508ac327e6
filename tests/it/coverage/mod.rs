//! Every operation of the vendor's catalog against its facts: what is sent, what is read, what is repeated.
//!
//! An operation is a line of `facts.json`, a function under `src/api/` and a [`Row`] here. What is meant to differ
//! from the facts stands in `exceptions.rs`, each with its reason.

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

use self::exceptions::{EXCEPTIONS, Sort};
use self::facts::{Fact, facts};

/// One operation: how it is called.
pub(crate) struct Row {
    /// The catalog's group, such as `storage`.
    pub(crate) group: &'static str,
    /// The catalog's name of the function.
    pub(crate) name: &'static str,
    /// Calls it with every option set, and shows what came.
    pub(crate) full: fn(&Client) -> Result<String>,
    /// Calls it with no option set, and shows what came.
    pub(crate) bare: fn(&Client) -> Result<String>,
    /// Fields of the answer that `Debug` does not show on purpose, as dotted places.
    pub(crate) withheld: &'static [&'static str],
}

/// All rows.
fn rows() -> impl Iterator<Item = &'static Row> {
    [around::ROWS, dentries::ROWS, spaces::ROWS, transfers::ROWS, v2::ROWS].into_iter().flatten()
}

/// All rows, each with its facts. A row without facts is another test's matter.
fn rows_with_facts() -> Vec<(&'static Row, &'static Fact)> {
    rows().filter_map(|row| Some((row, facts().iter().find(|fact| fact.is(row))?))).collect()
}

/// What came, for [`Row`]s.
fn shown<T: Debug>(answer: Result<T>) -> Result<String> {
    answer.map(|answer| format!("{answer:?}"))
}

/// Something that is not as the facts say.
struct Finding {
    /// `group.name`.
    operation: String,
    sort: Sort,
    /// The dotted place of the field, or nothing when it is about the whole.
    place: String,
    text: String,
}

impl Finding {
    fn new(fact: &Fact, sort: Sort, place: &str, text: impl Into<String>) -> Self {
        Self { operation: fact.operation(), sort, place: place.to_owned(), text: text.into() }
    }
}

/// Fails with all findings that are no exceptions, and with all exceptions of these sorts that nothing needs.
#[track_caller]
fn settle(sorts: &[Sort], findings: &[Finding]) {
    let mut wrong = Vec::new();
    for finding in findings {
        let Finding { operation, sort, place, text } = finding;
        assert!(sorts.contains(sort), "{operation}: {sort:?} is not of this test");
        if !EXCEPTIONS.iter().any(|e| e.covers(finding)) {
            let place = if place.is_empty() { String::new() } else { format!(" `{place}`:") };
            wrong.push(format!("{operation}:{place} {text} ({sort:?})"));
        }
    }
    for exception in EXCEPTIONS.iter().filter(|e| sorts.contains(&e.sort)) {
        let called = rows().any(|row| exception.is_about(row));
        if called && !findings.iter().any(|finding| exception.covers(finding)) {
            wrong.push(format!("exceptions.rs: nothing needs {exception:?}"));
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
