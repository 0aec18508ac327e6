//! Checks the layers of `docs/architecture.md` against the imports of `src/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom. A folder imports only from its own layer and the layers below.
const LAYERS: [&str; 6] = ["transfer", "api", "client", "http", "object", "base"];

/// Modules, each with the modules whose items it names.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !["tests.rs", "lib.rs", "cookbook.rs", "fuzzing.rs"].contains(&name)
        {
            into.push(path);
        }
    }
}

/// Returns the module of a file: `src/http/mod.rs` is `http`, `src/http/tls.rs` is `http::tls`.
fn module(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let parts: Vec<_> =
        path.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != "mod").collect();
    parts.join("::")
}

/// Returns the paths that a source names outside its tests.
///
/// `super` counts only at the top level of the file, because the `super` of an inner module is the file itself.
fn paths(text: &str, module: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut paths = Vec::new();
    for line in lines {
        paths.extend(line.split("crate::").skip(1).map(str::to_owned));
        let import = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        if let Some(path) = import.strip_prefix("use ") {
            // The path may start at a child of this module.
            paths.push(format!("{module}::{path}"));
        }
        if let Some(path) = import.strip_prefix("use super::") {
            let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
            paths.push(format!("{parent}::{path}"));
        } else if let Some(path) = import.strip_prefix("use self::") {
            paths.push(format!("{module}::{path}"));
        }
    }
    paths
}

fn imports() -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let modules: BTreeSet<String> = files.iter().map(|file| module(&root, file)).collect();
    let mut imports = Imports::new();
    for file in files {
        let (name, text) = (module(&root, &file), fs::read_to_string(&file).unwrap());
        let named = imports.entry(name.clone()).or_default();
        for path in paths(&text, &name) {
            let mut words = path
                .split("::")
                .map(|word| word.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
            let mut longest = String::new();
            let mut prefix = String::new();
            for word in words.by_ref() {
                prefix = if prefix.is_empty() { word.to_owned() } else { format!("{prefix}::{word}") };
                if modules.contains(&prefix) {
                    longest.clone_from(&prefix);
                }
            }
            if !longest.is_empty() && longest != name {
                named.insert(longest);
            } else if path.starts_with(char::is_uppercase) {
                // An item imported by its public name, from the file that re-exports everything.
                named.insert("lib".to_owned());
            }
        }
    }
    imports
}

#[test]
fn imports_go_down_only() {
    let layer = |module: &str| {
        let folder = module.split("::").next().unwrap();
        LAYERS.iter().position(|layer| *layer == folder)
    };
    let imports = imports();
    let mut wrong = Vec::new();
    for (module, named) in &imports {
        for other in named {
            if let (Some(from), Some(to)) = (layer(module), layer(other))
                && from > to
            {
                wrong.push(format!("{module} imports {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Ensures that the test has found the modules and their imports.
    assert!(imports["transfer::download"].contains("client") && imports.len() > 80, "{imports:#?}");
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let mut left = imports();
    left.insert("lib".to_owned(), left.keys().cloned().collect());
    loop {
        // A file that imports none of the remaining files, or that none of them imports, is not part of a circle.
        let names: BTreeSet<String> = left.keys().cloned().collect();
        for named in left.values_mut() {
            named.retain(|other| names.contains(other));
        }
        let imported: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|name, named| !named.is_empty() && imported.contains(name));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "{left:#?}");
}
