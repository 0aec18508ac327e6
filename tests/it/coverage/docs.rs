//! `docs/endpoints.md`, generated from the facts and the sources: a route's occurrence in `src/` identifies its function.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::facts::facts;
use super::rows;

const HEAD: &str = "# Endpoints

All operations that this crate knows, with the vendor's route and page. Made by a test; to make it anew:
`UPDATE_DOCS=1 cargo test --test it coverage::docs`.
";

/// Returns the text of every file under `src/`, with its path.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                all.push((path, text));
            }
        }
    }
    all
}

/// Returns the occurrences of a complete route: the file, and the text before the route.
fn hits<'s>(sources: &'s [(PathBuf, String)], route: &str) -> Vec<(&'s Path, &'s str)> {
    let mut all = Vec::new();
    for (path, text) in sources {
        for (at, _) in text.match_indices(route) {
            let (before, rest) = text.split_at(at);
            let next = rest.chars().nth(route.len());
            if !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '/') {
                all.push((path.as_path(), before));
            }
        }
    }
    all
}

/// Returns the identifier after the last `start` in a source.
fn last_name<'s>(before: &'s str, start: &str) -> Option<&'s str> {
    let (_, rest) = before.rsplit_once(start)?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Returns the call of the function that contains the route after `before`.
fn function(sources: &[(PathBuf, String)], before: &str) -> Option<String> {
    let Some((_, group)) = before.rsplit_once("\nimpl") else { return token_function(before) };
    let Some(name) = last_name(before, "\n    pub fn ") else { return token_function(before) };
    // The impl may declare a lifetime or not: `<'c> Storage<'c> {`, ` Storage<'_> {`.
    let group = group.trim_start_matches("<'c>").trim_start_matches("<'a>").trim_start().split('<').next()?;
    let getter = format!("(&self) -> {group}<'_>");
    let (before_getter, _) = sources.iter().find_map(|(_, text)| text.split_once(&getter))?;
    Some(format!("client.{}().{name}", last_name(before_getter, "pub fn ")?))
}

/// Returns the `oauth2` function for a token call, which is in `client/token.rs` because the client itself needs it.
fn token_function(before: &str) -> Option<String> {
    Some(format!("client.oauth2().{}", last_name(before, "\npub(crate) fn ")?))
}

#[test]
fn every_route_occurs_once_in_the_sources_and_in_its_function() {
    let sources = sources();
    let mut wrong = Vec::new();
    for row in rows() {
        let Some(fact) = facts().iter().find(|fact| fact.is(row)) else { continue };
        let hits = hits(&sources, &fact.route());
        let [(path, before)] = hits[..] else {
            let files: Vec<_> = hits.iter().map(|(path, _)| path).collect();
            wrong.push(format!("{}: `{}` is in {files:?}", fact.operation(), fact.route()));
            continue;
        };
        let function = function(&sources, before);
        if !function.as_ref().is_some_and(|f| f.ends_with(&format!(".{}", fact.name))) {
            let path = path.display();
            wrong.push(format!("{}: `{}` is in {function:?} of {path}", fact.operation(), fact.route()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_endpoints_is_up_to_date() {
    let sources = sources();
    let mut groups: BTreeMap<&str, String> = BTreeMap::new();
    for fact in facts() {
        let [(_, before)] = hits(&sources, &fact.route())[..] else {
            panic!("{}: the route is not in exactly one function", fact.operation());
        };
        let function = function(&sources, before).unwrap();
        let action = match &fact.doc {
            Some(page) => format!("[{}](https://open.dingtalk.com/document/orgapp/{page})", fact.action),
            None => fact.action.clone(),
        };
        let rows = groups.entry(&fact.group).or_insert_with(|| {
            let head = "| operation | route | function |\n| --- | --- | --- |";
            format!("\n## {}\n\n{head}\n", fact.group)
        });
        writeln!(rows, "| {action} | `{}` | `{function}` |", fact.route()).unwrap();
    }
    let new = format!("{HEAD}{}", groups.into_values().collect::<String>());
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/endpoints.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &new).unwrap();
    }
    let old = fs::read_to_string(&file).unwrap_or_default();
    let line = new.lines().zip(old.lines()).find(|(new, old)| new != old);
    assert!(
        old == new,
        "docs/endpoints.md is out of date: run with UPDATE_DOCS=1. First difference (new, old): {line:#?}"
    );
}
