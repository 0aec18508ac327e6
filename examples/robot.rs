//! A robot that receives a file and answers with one.
//!
//! `cargo run --example robot` needs no account: it uses a fake of DingTalk on this machine. The same code uses the real
//! DingTalk if these variables are set. All values except the credentials come with the robot's callback:
//!
//! - `DINGTALK_APP_KEY` and `DINGTALK_APP_SECRET`, or `DINGTALK_ACCESS_TOKEN`: credentials of the robot's app
//! - `DINGTALK_ROBOT_CODE`: `robotCode`
//! - `DINGTALK_DOWNLOAD_CODE`: `content.downloadCode` of a message with a file
//! - `DINGTALK_USER_ID`: `senderStaffId`, the recipient of the answer
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

Downloads a file that a person sent to a robot, counts its lines, and sends the counts to that person as a file. Without
these variables, uses a fake of DingTalk on this machine:

  DINGTALK_APP_KEY, DINGTALK_APP_SECRET   credentials of the robot's app; or DINGTALK_ACCESS_TOKEN
  DINGTALK_ROBOT_CODE                     `robotCode` of the robot's callback
  DINGTALK_DOWNLOAD_CODE                  `content.downloadCode` of the callback, which identifies the received file
  DINGTALK_USER_ID                        `senderStaffId` of the callback, the recipient of the answer

Exit codes: 0 done, 1 failed, 2 wrong usage or a missing variable";

/// Largest file to receive, because it is kept in memory.
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

/// Answers one message. The code is the same for DingTalk and the fake.
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
        return Err(format!("the answer did not reach {user}: no such person, or throttled").into());
    }
    writeln!(out, "answered {user} with report.csv, {} bytes", report.len())?;
    Ok(())
}

/// Answers a message of the fake.
fn demo() -> Result<(), Box<dyn Error>> {
    let fake = FakeDingTalk::start()?;
    fake.put_robot_file("download-code-1", "notes.txt", "first line\n第二行\n");
    let mut out = io::stdout();
    writeln!(out, "No DINGTALK_* variable is set: using a fake at {}.\n", fake.base_url())?;
    answer(&fake.client().build()?, "robot-1", "download-code-1", "user-1")?;
    let media = fake.media();
    let report = media.first().map(|media| String::from_utf8_lossy(&media.bytes).into_owned());
    write!(out, "\nContent of the sent file:\n{}", report.unwrap_or_default())?;
    Ok(())
}

fn value(name: &str) -> Option<String> {
    env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}
