//! Copies a folder tree to disk, incrementally: `cargo run --example mirror -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod apply;
mod plan;
mod screen;
#[path = "../shared/mod.rs"]
mod shared;
mod state;
mod target;
mod transfer;

use std::path::PathBuf;
use std::process::ExitCode;

use apply::Mirror;
use lexopt::prelude::*;
use plan::Plan;
use screen::{Screen, Summary};
use shared::Failure;
use state::State;
use target::Target;
use transfer::Downloads;

const HELP: &str = "\
Copies a folder of DingTalk, with everything below it, to disk. Later runs fetch only the changes.

  mirror [OPTIONS] SPACE_ID [FOLDER_ID] TARGET_FOLDER

Words (README.md, section Ids, lists where each id comes from):
  space id    id of a space, a drive that holds files: Client::drive().list_spaces(..) lists them
  dentry id   id of a file or folder in its space, which stays when the entry is moved or renamed
  folder id   dentry id of a folder, which the program `ls` prints; 0 is the root of the space
  union id    id of a person, the same in all apps of an organisation: Client::topapi().user_get(..) returns it

The copy has what the person with DINGTALK_UNION_ID may see. FOLDER_ID is 0 by default. TARGET_FOLDER is a local folder,
which is created if it does not exist.

Names that a disk may not allow are escaped: `a:b` becomes `a%3Ab`. A local file that this program did not write, or that
you changed, is renamed to NAME.local when a file of DingTalk needs its place. Symbolic links in TARGET_FOLDER are not
followed.

A file that fails is reported, and the program continues with the next file. An error that concerns every call
(credentials, monthly limit, full disk) ends the run. The program may be killed at any time, by Ctrl-C too: the next run
continues. The list of downloaded files is in TARGET_FOLDER/.dingtalk-mirror; without this list, every file is downloaded
again.

Online documents have no bytes and are skipped. To keep one, export it: see `Client::export` in the crate's documentation.

A run makes one call per folder, one more for every further 50 entries of a folder, and one per downloaded file. DingTalk
limits the calls per month.

Options:
  --delete             remove local files that DingTalk no longer has, or no longer shows to this person. Only files that
                       this program wrote and that did not change since; only if every folder could be listed.
                       Without --delete, no file is removed
  --dry-run            print the changes, and change nothing
  --parallel-files N   number of files to download at the same time, from 1 to 16. Default: 4";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

struct Options {
    space: String,
    folder: String,
    target: PathBuf,
    delete: bool,
    dry_run: bool,
    threads: usize,
    demo: bool,
}

impl Options {
    fn read(mut args: lexopt::Parser) -> Result<Self, Failure> {
        let (mut delete, mut dry_run, mut demo, mut threads) = (false, false, false, 4);
        let mut operands = Vec::new();
        while let Some(arg) = args.next()? {
            match arg {
                Long("delete") => delete = true,
                Long("dry-run") => dry_run = true,
                Long("parallel-files") => threads = parse_threads(&args.value()?.string()?)?,
                Long("demo") => demo = true,
                Value(operand) => operands.push(operand),
                other => return Err(other.unexpected().into()),
            }
        }
        if demo && operands.is_empty() {
            operands.push("mirror-demo".into());
        }
        if demo && operands.len() == 1 {
            operands.insert(0, "space-1".into());
        }
        let target = operands.pop().filter(|target| !target.is_empty()).map(PathBuf::from);
        let mut ids = operands.into_iter().map(ValueExt::string);
        let (space, folder) = (ids.next().transpose()?, ids.next().transpose()?);
        let (Some(space), Some(target), None) = (space, target, ids.next()) else {
            return Err(Failure::usage("SPACE_ID, TARGET_FOLDER and nothing else but FOLDER_ID are needed"));
        };
        let folder = folder.unwrap_or_else(|| "0".to_owned());
        Ok(Self { space, folder, target, delete, dry_run, threads, demo })
    }
}

fn parse_threads(text: &str) -> Result<usize, Failure> {
    let threads = text.parse().ok().filter(|threads| (1..=16).contains(threads));
    let wrong =
        || Failure::usage(&format!("--parallel-files: cannot read {text:?}: not a number from 1 to 16"));
    threads.ok_or_else(wrong)
}

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let Options { space, folder, target, delete, dry_run, threads, demo } = Options::read(args)?;
    let session = shared::connect(demo)?;
    let screen = Screen::new();
    let target = Target::new(target, &screen)?;
    let _lock = if dry_run { None } else { Some(target.lock()?) };
    let state = State::load(&target.state_file(), &space, &folder)?;
    let mut mirror = Mirror { state, target, screen: screen.clone(), summary: Summary::default() };
    if !dry_run {
        mirror.finish_moves();
    }

    let walk = session.client.storage().walk(&space, &folder, session.person());
    let listed = plan::list(walk, &screen, &mut mirror.summary);
    screen.clear();
    let plan = Plan::new(listed?, &mirror.state, &mirror.target, delete, &mut mirror.summary);
    if delete && !plan.is_complete {
        screen.say("nothing is deleted, because not everything could be listed");
    }
    if dry_run {
        plan.print(&mirror.target, &mut mirror.summary)?;
        return end(&format!("dry run: {}", mirror.summary), mirror.summary.failed);
    }
    mirror.delete(&plan.deletions);
    mirror.rearrange(&plan)?;
    if plan.is_complete {
        mirror.target.remove_parts(plan.downloads.iter().map(|file| file.id.as_str()));
    }
    let downloads = Downloads { client: &session.client, person: session.person(), space: &space, threads };
    let downloaded = downloads.run(plan.downloads, &mut mirror);
    screen.clear();
    let saved = mirror.save();
    let ended = end(&mirror.summary.to_string(), mirror.summary.failed);
    downloaded?;
    saved?;
    ended
}

fn end(summary: &str, failed: u64) -> Result<(), Failure> {
    shared::print(summary, "ended:")?;
    if failed == 0 {
        return Ok(());
    }
    let text = format!("files and folders that failed: {failed}. The same command tries them again");
    Err(Failure { text, exit_code: 1 })
}
