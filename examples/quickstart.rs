//! The whole job: a token, where a file is, its bytes, a part of them, and a send to a person.
//!
//! `cargo run --example quickstart` needs no account: it starts a fake of DingTalk and its object store on this
//! machine, and talks to that over real HTTP. The same code talks to the real DingTalk when these are set:
//!
//! - `DINGTALK_APP_KEY` and `DINGTALK_APP_SECRET`, or `DINGTALK_ACCESS_TOKEN`: who is calling
//! - `DINGTALK_SPACE_ID` and `DINGTALK_DENTRY_ID`: the file
//! - `DINGTALK_UNION_ID`: the person in whose name it is read
//! - `DINGTALK_RECIPIENT_UNION_ID`: the person it is sent to; without it nothing is sent
//! - `DINGTALK_BASE_URL`: when the API is not at `https://api.dingtalk.com`
//!
//! `cargo run --example quickstart -- report.xls` keeps what it downloads in that file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, error::Error, fs::File, time::Instant};

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};
use dingtalk_files::{Client, UnionId};

const APP: [&str; 2] = ["DINGTALK_APP_KEY", "DINGTALK_APP_SECRET"];
const TOKEN: &str = "DINGTALK_ACCESS_TOKEN";
const FILE: [&str; 3] = ["DINGTALK_SPACE_ID", "DINGTALK_DENTRY_ID", "DINGTALK_UNION_ID"];
const RECIPIENT: &str = "DINGTALK_RECIPIENT_UNION_ID";

const USAGE: &str = "\
usage: quickstart [FILE]

Downloads a file of DingTalk into FILE, or only to show that it can, and sends it to a person. Without any DINGTALK_*
variable it talks to a fake on this machine; which to set for the real one stands at the top of its source.";

type Settings = HashMap<&'static str, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        let _ = writeln!(io::stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    if arguments.len() > 1 || arguments.iter().any(|argument| argument.starts_with('-')) {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let names = APP.into_iter().chain(FILE).chain([TOKEN, RECIPIENT, "DINGTALK_BASE_URL"]);
    let settings: Settings = names.filter_map(|name| Some((name, value(name)?))).collect();

    let app = if settings.contains_key(TOKEN) { &[] } else { &APP[..] };
    let mut missing: Vec<&str> = app.iter().chain(&FILE).copied().collect();
    missing.retain(|name| !settings.contains_key(name));

    let result = if settings.is_empty() {
        demo()
    } else if missing.is_empty() {
        Client::from_env().map_err(Into::into).and_then(|client| run(&client, &settings))
    } else {
        eprintln!("error: for your own file, also set {}", missing.join(", "));
        eprintln!("(an access token in {TOKEN} does for app key and secret;");
        eprintln!(" for the demo, unset every DINGTALK_* variable)");
        return ExitCode::from(2);
    };
    if let Err(e) = result {
        eprintln!("error: {e}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The job. Every call blocks until it is done, and none of them knows whether this is the demo.
fn run(client: &Client, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let [space, dentry, operator] = FILE.map(|name| settings[name].as_str());

    // The client fetches, keeps and renews a token by itself; this one is fetched only to be shown.
    if settings.contains_key(TOKEN) {
        writeln!(out, "1 token          the one in {TOKEN}")?;
    } else {
        let [key, secret] = APP.map(|name| settings[name].as_str());
        let token = client.oauth2().get_access_token(key, secret)?;
        writeln!(out, "1 token          good for {} s", token.expire_in)?;
    }

    // Where the file is, and the headers that open it. Only to be shown, too: `download_to` asks by itself.
    let file = client.file(space, dentry, UnionId(operator));
    let signed = file.download_info()?.header_signature_info.unwrap_or_default();
    let (urls, life) = (signed.resource_urls.len(), signed.expiration_seconds.unwrap_or(0));
    writeln!(out, "2 download info  {urls} URL(s), signed for {life} s")?;

    // The whole file, into any writer.
    let mut target: Box<dyn Write> = match env::args().nth(1) {
        Some(path) => Box::new(File::create_new(&path).map_err(|e| format!("cannot create {path}: {e}"))?),
        None => Box::new(io::sink()),
    };
    let start = Instant::now();
    let done = file.download_to(&mut target, ..)?;
    let checksum = if done.verified { "CRC-64 verified" } else { "the server gave no CRC-64" };
    writeln!(out, "3 whole file     {} bytes in {:.0?}, {checksum}", grouped(done.bytes), start.elapsed())?;

    // A part of it: any range of Rust. An end behind the end of the file is cut.
    let mut head = Vec::new();
    let part = file.download_to(&mut head, 0..500)?;
    writeln!(out, "4 a range        bytes {:?} of {}", part.range, part.size.map_or("?".into(), grouped))?;

    // To a person. A send that may have happened is never repeated.
    if let Some(recipient) = settings.get(RECIPIENT) {
        let sent = client.conv_file().send_by_app(space, dentry, UnionId(recipient))?;
        writeln!(out, "5 send           {} to {recipient}", sent.name.as_deref().unwrap_or("the file"))?;
    } else {
        writeln!(out, "5 send           skipped: {RECIPIENT} is not set")?;
    }
    Ok(())
}

/// The job against the fake, which cuts the first download half-way.
fn demo() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let fake = FakeDingTalk::start()?;
    fake.put_file("space-1", "dentry-1", "季度报告.xlsx", Content::pattern(8_000_000));
    fake.fault(Target::Object, Fault::CutAfter(4_000_000));
    writeln!(out, "No DINGTALK_* variable is set: this is a fake at {}.\n", fake.base_url())?;

    let app = APP.into_iter().zip([FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET]);
    let file = FILE.into_iter().zip(["space-1", "dentry-1", "operator-1"]);
    let settings = app.chain(file).chain([(RECIPIENT, "recipient-1")]);
    run(&fake.client().build()?, &settings.map(|(name, value)| (name, value.to_owned())).collect())?;

    writeln!(out, "\nIn step 3 the fake cut the connection half-way, once. What it was asked for:")?;
    for request in fake.requests_to(Target::Object) {
        let pin = request.header("if-match").map_or("", |_| ", if the file is still the same");
        writeln!(out, "  {} {}{pin}", request.method, request.header("range").unwrap_or("everything"))?;
    }
    writeln!(out, "\nFor your own file, set the variables at the top of examples/quickstart.rs.")?;
    Ok(())
}

fn value(name: &str) -> Option<String> {
    env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}

/// 8000000 as `8,000,000`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}
