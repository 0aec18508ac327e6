//! Sends a file to a person or a conversation: `cargo run --example send -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::process::ExitCode;

use dingtalk_files::UnionId;
use lexopt::prelude::*;
use shared::Failure;

const HELP: &str = "\
Sends a file to a person or a conversation, and prints the dentryId under which it is stored.

  send --to UNION_ID FILE SPACE_ID [FOLDER_ID]       uploads FILE into that folder, then sends it
  send --to UNION_ID --stored SPACE_ID DENTRY_ID     sends what is stored

Without FOLDER_ID it is the root of the space. When the upload worked and the send did not, the error names the
dentryId: send that with --stored, or the file is stored twice.

  --to UNION_ID        a person, in the name of the app
  --to-conversation ID a conversation, by its openConversationId, in the name of DINGTALK_UNION_ID
  --stored             nothing is uploaded";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut stored, mut operands) = (false, false, Vec::new());
    let (mut person, mut conversation) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("to") => person = Some(args.value()?.string()?),
            Long("to-conversation") => conversation = Some(args.value()?.string()?),
            Long("stored") => stored = true,
            Long("demo") => demo = true,
            Value(operand) => operands.push(operand.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    if demo {
        // What is not said.
        let all = if stored { ["space-1", "dentry-2"] } else { [shared::DEMO_FILE, "space-1"] };
        operands.extend(all.iter().skip(operands.len()));
        if conversation.is_none() {
            person = person.or(Some("recipient-1".to_owned()));
        }
    }
    if person.is_some() == conversation.is_some() {
        return Err(Failure::usage("one of --to and --to-conversation is needed"));
    }
    // A person is the other case.
    let receiver = UnionId(person.as_deref().unwrap_or_default());
    let session = shared::connect(demo)?;
    let id = match operands.as_slice() {
        [space, dentry] if stored => {
            let conv_file = session.client.conv_file();
            let sent = match &conversation {
                Some(id) => conv_file.send(space, dentry, id, session.person()),
                None => conv_file.send_by_app(space, dentry, receiver),
            };
            sent.map_err(Failure::of_send)?;
            Some((*dentry).to_owned())
        }
        [file, space, rest @ ..] if !stored && rest.len() < 2 => {
            let folder = rest.first().copied().unwrap_or("0");
            let upload = session.client.send_file(file).into_folder(*space, folder, session.person());
            let upload = upload.with(|upload| upload.progress(shared::progress()));
            let sent = match &conversation {
                Some(id) => upload.to_conversation(id),
                None => upload.to_user(receiver),
            };
            sent?.uploaded.dentry.id
        }
        _ => return Err(Failure::usage("FILE SPACE_ID, or --stored SPACE_ID DENTRY_ID, is needed")),
    };
    shared::say("sent");
    shared::print(&id.unwrap_or_default(), "sent, and stored as dentry")
}
