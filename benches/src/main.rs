//! Compares dingtalk-files with its peers, and writes `docs/performance.md`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml                       # everything, about 25 minutes
//! cargo run --release --manifest-path benches/Cargo.toml -- download-tls call  # only these rows
//! cargo run --release --manifest-path benches/Cargo.toml -- --files 500 small-files   # instead of 2000
//! cargo run --release --manifest-path benches/Cargo.toml -- --quick            # little data, few rounds; writes nothing
//! cargo run --release --manifest-path benches/Cargo.toml -- --serve            # only the origin, for perf or callgrind
//! ```
//!
//! Each measurement is a process, measured from its start to its end (`child.rs`). The contestants of a row take turns,
//! round by round (`rounds.rs`), against an nginx that this program starts (`origin.rs`). Each row is a function in
//! `rows/`. If a tool is missing, the row's result names it, and the run continues.

mod callgrind;
mod child;
mod lab;
mod machine;
mod origin;
mod places;
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

/// A measurement: its name on the command line and in the page, its title, and its function.
struct Row {
    name: &'static str,
    title: &'static str,
    run: fn(&Lab) -> Result<Outcome>,
}

/// All rows, in the order of the page. The section on a lossy line in the page is measured by `benches/line/run`.
const ROWS: [Row; 9] = [
    Row { name: "download-tls", title: "Download over TLS, to disk", run: rows::transfers::download_tls },
    Row {
        name: "download-plain",
        title: "Download over plain HTTP, to nowhere",
        run: rows::transfers::download_plain,
    },
    Row { name: "memory", title: "Peak memory", run: rows::memory::run },
    Row { name: "ranges", title: "8 connections where each is limited", run: rows::ranges::run },
    Row { name: "upload", title: "Upload from a file", run: rows::transfers::upload },
    Row { name: "small-files", title: "Many small files", run: rows::small_files::run },
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

/// The command line.
struct Options {
    rows: Vec<String>,
    is_quick: bool,
    serves: bool,
    /// The number of files in the row `small-files`.
    files: u32,
}

impl Options {
    fn read(args: &[String]) -> Result<Self> {
        let mut options = Self { rows: Vec::new(), is_quick: false, serves: false, files: 0 };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.is_quick = true,
                "--serve" => options.serves = true,
                "--files" => options.files = args.next().ok_or("--files needs a number")?.parse()?,
                row if ROWS.iter().any(|known| known.name == row) => options.rows.push(row.to_owned()),
                stranger => {
                    let known = ROWS.map(|row| row.name).join(" ");
                    let flags = "--quick, --serve, --files NUMBER";
                    return Err(format!("unknown row {stranger}; known rows: {known}; flags: {flags}").into());
                }
            }
        }
        if options.files == 0 {
            options.files = if options.is_quick { 50 } else { 2000 };
        }
        Ok(options)
    }
}

fn measure(args: &[String]) -> Result<()> {
    let options = Options::read(args)?;
    let lab = Lab::open(options.is_quick, options.files)?;
    if options.serves {
        return serve(&lab);
    }
    let machine = machine::describe();
    println!("{machine}");
    let mut page = report::Page::read(ROWS.map(|row| row.name).to_vec())?;
    page.machine(&machine);
    let is_wanted = |row: &&Row| options.rows.is_empty() || options.rows.iter().any(|name| name == row.name);
    for row in ROWS.iter().filter(is_wanted) {
        println!("## {} ({})\n", row.title, row.name);
        let outcome = (row.run)(&lab).unwrap_or_else(|error| Outcome::not_measured(&error.to_string()));
        println!("{}", outcome.text());
        page.row(row.name, &outcome);
        // Written after each row, so that an error in a later row does not discard earlier results.
        if !options.is_quick {
            page.write()?;
        }
    }
    Ok(())
}

/// Prints the arguments URL, BASE and `$BENCH_ROOT` for `programs/`, for manual measurements.
fn serve(lab: &Lab) -> Result<()> {
    let origin = lab.origin()?;
    println!(
        "BENCH_ROOT={} {} {}; objects big, small and tiny",
        origin.root.display(),
        origin.plain,
        origin.tls
    );
    println!("stops at the end of standard input");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
