//! Sends a file to a person or a conversation: `cargo run --example send -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod shared;

use std::process::ExitCode;

use dingtalk_files::UnionId;
use lexopt::prelude::*;
use shared::{Failure, usage};

const HELP: &str = "\
Sends a file to a person or a conversation, and prints the dentry id of the stored file.

  send --to UNION_ID FILE SPACE_ID [FOLDER_ID]       uploads FILE into the folder, then sends it
  send --to UNION_ID --stored SPACE_ID DENTRY_ID     sends a stored file

Without FOLDER_ID, the folder is the root of the space. If the upload succeeds and the send fails, the error names the
dentry id: send it with --stored, because another upload would store the file twice.

Words (README.md, section Ids, lists where each id comes from):
  space id              id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  dentry id             id of a file or folder in its space; the program `ls` prints it
  folder id             dentry id of a folder; 0 is the root of the space
  union id              id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it
  open conversation id  id of a group or another conversation, from a robot's callback

Options (--to or --to-conversation is required):
  --to UNION_ID        union id of the recipient; the app is the sender
  --to-conversation ID open conversation id of the recipient; the sender is DINGTALK_UNION_ID
  --stored             send a stored file. Default: upload a local file first";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut stored, mut operands) = (false, false, Vec::new());
    let (mut person, mut conversation) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("to") => person = Some(usage::value(&mut args, "--to", usage::text)?),
            Long("to-conversation") => {
                conversation = Some(usage::value(&mut args, "--to-conversation", usage::text)?);
            }
            Long("stored") => stored = true,
            Long("demo") => demo = true,
            Value(operand) => operands.push(operand.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    usage::at_most(if stored { 2 } else { 3 }, &operands)?;
    let mut operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    if demo {
        let defaults = if stored { ["space-1", "dentry-2"] } else { [shared::DEMO_FILE, "space-1"] };
        operands.extend(defaults.iter().skip(operands.len()));
        if conversation.is_none() {
            person = person.or(Some("recipient-1".to_owned()));
        }
    }
    if person.is_some() == conversation.is_some() {
        return Err(Failure::usage("either --to or --to-conversation is needed"));
    }
    let [first, second, rest @ ..] = operands.as_slice() else {
        let needed = if stored { "SPACE_ID and DENTRY_ID" } else { "FILE and SPACE_ID" };
        return Err(Failure::usage(&format!("{needed} are needed")));
    };
    // Used only if the recipient is a person.
    let receiver = UnionId(person.as_deref().unwrap_or_default());
    let session = shared::connect(demo)?;
    let id = if stored {
        let (space, dentry, conv_file) = (first, second, session.client.conv_file());
        let sent = match &conversation {
            Some(id) => conv_file.send(space, dentry, id, session.person()),
            None => conv_file.send_by_app(space, dentry, receiver),
        };
        sent.map_err(Failure::of_send)?;
        Some((*dentry).to_owned())
    } else {
        let (file, space, folder) = (first, second, rest.first().copied().unwrap_or("0"));
        let upload = session.client.send_file(file).into_folder(*space, folder, session.person());
        let upload = upload.with(|upload| upload.progress(shared::progress()));
        let sent = match &conversation {
            Some(id) => upload.to_conversation(id),
            None => upload.to_user(receiver),
        };
        sent?.uploaded.dentry.id
    };
    shared::say("sent");
    shared::print(&id.unwrap_or_default(), "sent, stored as dentry")
}
