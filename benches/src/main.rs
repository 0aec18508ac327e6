//! Measures dingtalk-files beside its peers, and writes `docs/performance.md`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml                       # everything, about 25 minutes
//! cargo run --release --manifest-path benches/Cargo.toml -- download-tls call  # these rows only
//! cargo run --release --manifest-path benches/Cargo.toml -- --quick            # small files, few rounds; writes nothing
//! cargo run --release --manifest-path benches/Cargo.toml -- --serve            # the origin alone, for perf or callgrind
//! ```
//!
//! What is measured is a process of its own, from its start to its end (`child.rs`). The contestants of a row take turns,
//! round by round (`rounds.rs`), against an nginx that is started here (`origin.rs`). A row is a function in `rows/`; a tool
//! that is not there is named in the row's result, and the rest goes on.

mod child;
mod lab;
mod machine;
mod origin;
mod python;
mod relay;
mod report;
mod rounds;
mod rows;

use std::error::Error;
use std::process::ExitCode;

use lab::Lab;
use report::Outcome;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Something to measure: its name on the command line and in the page, and how it is done.
struct Row {
    name: &'static str,
    title: &'static str,
    run: fn(&Lab) -> Result<Outcome>,
}

/// In the order of the page. A lossy line goes between `ranges` and `upload`.
const ROWS: [Row; 8] = [
    Row { name: "download-tls", title: "Download over TLS, to disk", run: rows::transfers::download_tls },
    Row {
        name: "download-plain",
        title: "Download over plain HTTP, to nowhere",
        run: rows::transfers::download_plain,
    },
    Row { name: "memory", title: "Peak memory", run: rows::memory::run },
    Row { name: "ranges", title: "8 connections where each is limited", run: rows::ranges::run },
    Row { name: "upload", title: "Upload from a file", run: rows::transfers::upload },
    Row { name: "call", title: "One API call on a kept connection", run: rows::calls::call },
    Row { name: "first-call", title: "First call of a cold process, over TLS", run: rows::calls::first_call },
    Row { name: "build", title: "Build cost and size", run: rows::builds::run },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &[String]) -> Result<()> {
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let is_quick = has("--quick");
    if has("--serve") {
        return serve(&Lab::open(is_quick)?);
    }
    let names: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--quick").collect();
    if let Some(stranger) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(format!(
            "there is no row {stranger}; there are: {}, and --quick, --serve",
            known.join(" ")
        )
        .into());
    }
    let lab = Lab::open(is_quick)?;
    let machine = machine::describe();
    println!("{machine}");
    let mut page = report::Page::read()?;
    page.machine(&machine);
    for row in ROWS.iter().filter(|row| names.is_empty() || names.contains(&row.name)) {
        println!("## {} ({})\n", row.title, row.name);
        let outcome = (row.run)(&lab).unwrap_or_else(|error| Outcome::not_measured(&error.to_string()));
        println!("{}", outcome.text());
        page.row(row, &outcome);
        // After each row: an hour's work is not lost by the last one.
        if !is_quick {
            page.write()?;
        }
    }
    Ok(())
}

/// For measuring by hand: what `programs/` are given as URL, BASE and `$BENCH_ROOT`.
fn serve(lab: &Lab) -> Result<()> {
    let origin = lab.origin()?;
    println!(
        "BENCH_ROOT={} {} {}; objects big, small and tiny",
        origin.root.display(),
        origin.plain,
        origin.tls
    );
    println!("ends with the standard input");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
