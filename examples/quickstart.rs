//! All steps for one file: token, download info, whole file, a range of it, and a send to a person.
//!
//! `cargo run --example quickstart` needs no account: it starts a fake of DingTalk and its object store on this
//! machine, and uses them over real HTTP. The same code uses the real DingTalk if these variables are set:
//!
//! - `DINGTALK_APP_KEY` and `DINGTALK_APP_SECRET`, or `DINGTALK_ACCESS_TOKEN`: credentials of the app
//! - `DINGTALK_SPACE_ID` and `DINGTALK_DENTRY_ID`: the file
//! - `DINGTALK_UNION_ID`: the person in whose name the file is read
//! - `DINGTALK_RECIPIENT_UNION_ID`: the recipient; optional, without it nothing is sent
//! - `DINGTALK_BASE_URL`: host of the API; optional, by default `https://api.dingtalk.com`
//!
//! `cargo run --example quickstart -- report.xls` stores the downloaded bytes in that file.
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

Downloads a file from DingTalk, into FILE if it is given, and sends it to a person. Without any DINGTALK_* variable, uses
a fake of DingTalk on this machine. For the real one:

  DINGTALK_APP_KEY, DINGTALK_APP_SECRET   credentials of the app; or DINGTALK_ACCESS_TOKEN
  DINGTALK_SPACE_ID                       id of the space, a drive that holds files
  DINGTALK_DENTRY_ID                      id of the file in its space
  DINGTALK_UNION_ID                       union id of the person who reads: one id of a person in all apps
  DINGTALK_RECIPIENT_UNION_ID             union id of the recipient. Default: nothing is sent
  DINGTALK_BASE_URL                       host of the API. Default: https://api.dingtalk.com

README.md, section Ids, lists where each id comes from. Exit codes: 0 done, 1 failed, 2 wrong usage or a missing variable";

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
        eprintln!("({TOKEN} replaces app key and secret;");
        eprintln!(" for the demo, unset every DINGTALK_* variable)");
        return ExitCode::from(2);
    };
    if let Err(e) = result {
        eprintln!("error: {e}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs all steps. Every call blocks until it is done. The code is the same for DingTalk and the fake.
fn run(client: &Client, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let [space, dentry, operator] = FILE.map(|name| settings[name].as_str());

    // The client fetches, caches and renews its token. This call only shows how long a token is valid.
    if settings.contains_key(TOKEN) {
        writeln!(out, "1 token          from {TOKEN}")?;
    } else {
        let [key, secret] = APP.map(|name| settings[name].as_str());
        let token = client.oauth2().get_access_token(key, secret)?;
        writeln!(out, "1 token          valid for {} s", token.expire_in)?;
    }

    // The download info holds the URLs of the file, and signed headers. Only shown, because `download_to` requests it too.
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
    let checksum = if done.verified { "CRC-64 verified" } else { "the server reported no CRC-64" };
    writeln!(out, "3 whole file     {} bytes in {:.0?}, {checksum}", grouped(done.bytes), start.elapsed())?;

    // A range of the file: any Rust range. A range that extends past the end is shortened.
    let mut head = Vec::new();
    let part = file.download_to(&mut head, 0..500)?;
    writeln!(out, "4 a range        bytes {:?} of {}", part.range, part.size.map_or("?".into(), grouped))?;

    // A send to a person. The client never repeats a send that may have succeeded.
    if let Some(recipient) = settings.get(RECIPIENT) {
        let sent = client.conv_file().send_by_app(space, dentry, UnionId(recipient))?;
        writeln!(out, "5 send           {} to {recipient}", sent.name.as_deref().unwrap_or("the file"))?;
    } else {
        writeln!(out, "5 send           skipped: {RECIPIENT} is not set")?;
    }
    Ok(())
}

/// Runs all steps against the fake, which breaks the connection of the first download.
fn demo() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let fake = FakeDingTalk::start()?;
    fake.put_file("space-1", "dentry-1", "季度报告.xlsx", Content::pattern(8_000_000));
    fake.fault(Target::Object, Fault::CutAfter(4_000_000));
    writeln!(out, "No DINGTALK_* variable is set: using a fake at {}.\n", fake.base_url())?;

    let app = APP.into_iter().zip([FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET]);
    let file = FILE.into_iter().zip(["space-1", "dentry-1", "operator-1"]);
    let settings = app.chain(file).chain([(RECIPIENT, "recipient-1")]);
    run(&fake.client().build()?, &settings.map(|(name, value)| (name, value.to_owned())).collect())?;

    writeln!(
        out,
        "\nIn step 3, the fake closed the connection once, after half of the bytes. Requests to the object store:"
    )?;
    for request in fake.requests_to(Target::Object) {
        let pin = request.header("if-match").map_or("", |_| ", only if the file is unchanged");
        writeln!(out, "  {} {}{pin}", request.method, request.header("range").unwrap_or("whole file"))?;
    }
    writeln!(out, "\nFor your own file, set the variables of `quickstart --help`.")?;
    Ok(())
}

fn value(name: &str) -> Option<String> {
    env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}

/// Formats 8000000 as `8,000,000`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}
