//! A robot that receives a file and answers with one.
//!
//! `cargo run --example robot` needs no account: it talks to a fake of DingTalk on this machine. The same code talks to the
//! real DingTalk when these are set; all but the credentials come with the robot's callback:
//!
//! - `DINGTALK_APP_KEY` and `DINGTALK_APP_SECRET`, or `DINGTALK_ACCESS_TOKEN`: the app of the robot
//! - `DINGTALK_ROBOT_CODE`: `robotCode`
//! - `DINGTALK_DOWNLOAD_CODE`: `content.downloadCode` of a message with a file
//! - `DINGTALK_USER_ID`: `senderStaffId`, the person to answer
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, fmt::Write as _};

use dingtalk_files::testing::FakeDingTalk;
use dingtalk_files::{Client, MediaType, RobotMessage, UserId};

const MESSAGE: [&str; 3] = ["DINGTALK_ROBOT_CODE", "DINGTALK_DOWNLOAD_CODE", "DINGTALK_USER_ID"];

const USAGE: &str = "\
usage: robot

Downloads a file that a person has sent to a robot, counts its lines, and answers that person with a file. Without any
DINGTALK_* variable it talks to a fake on this machine; the top of its source says which to set for the real one.";

/// A received file is read into memory here, so it may not be larger.
const MAX_BYTES: u64 = 10_000_000;

fn main() -> ExitCode {
    if let Some(argument) = env::args().nth(1) {
        let is_help = argument == "--help" || argument == "-h";
        return if is_help {
            let _ = writeln!(io::stdout(), "{USAGE}");
            ExitCode::SUCCESS
        } else {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        };
    }
    let missing: Vec<&str> = MESSAGE.into_iter().filter(|name| value(name).is_none()).collect();
    let result = if missing.len() == MESSAGE.len() {
        demo()
    } else if missing.is_empty() {
        let [robot, code, user] = MESSAGE.map(|name| value(name).unwrap_or_default());
        Client::from_env().map_err(Into::into).and_then(|client| answer(&client, &robot, &code, &user))
    } else {
        eprintln!("error: also set {}", missing.join(", "));
        return ExitCode::from(2);
    };
    if let Err(e) = result {
        eprintln!("error: {e}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The job. It does not know whether this is the demo.
fn answer(client: &Client, robot: &str, download_code: &str, user: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let mut bytes = Vec::new();
    let received = client.robot_file(download_code, robot);
    let done = received.download().max_bytes(MAX_BYTES).to_writer(&mut bytes, ..)?;
    writeln!(out, "received {} bytes, checksum verified: {}", done.bytes, done.verified)?;

    let text = String::from_utf8_lossy(&bytes);
    let mut report = String::from("line;characters\n");
    for (number, line) in text.lines().enumerate() {
        writeln!(report, "{};{}", number + 1, line.chars().count())?;
    }
    let media = client.media().upload(&MediaType::File, "report.csv", report.as_bytes())?;
    let message = RobotMessage::file(&media.media_id, "report.csv", "csv");
    let sent = client.robot().batch_send_oto(&message, robot, &[UserId(user)])?;
    if let Some(user) = sent.not_reached().next() {
        return Err(
            format!("the answer did not reach {user}: the person does not exist, or is throttled").into()
        );
    }
    writeln!(out, "answered {user} with report.csv, {} bytes", report.len())?;
    Ok(())
}

/// The job against the fake.
fn demo() -> Result<(), Box<dyn Error>> {
    let fake = FakeDingTalk::start()?;
    fake.put_robot_file("download-code-1", "notes.txt", "first line\n第二行\n");
    let mut out = io::stdout();
    writeln!(out, "No message is set: this is a fake at {}.\n", fake.base_url())?;
    answer(&fake.client().build()?, "robot-1", "download-code-1", "user-1")?;
    let media = fake.media();
    let report = media.first().map(|media| String::from_utf8_lossy(&media.bytes).into_owned());
    write!(out, "\nThe file that was sent:\n{}", report.unwrap_or_default())?;
    Ok(())
}

fn value(name: &str) -> Option<String> {
    env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}
