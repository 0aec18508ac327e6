//! Serves the files of a space to browsers: `cargo run --example serve -- --help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[path = "serve/demo.rs"]
mod demo;
#[path = "serve/files.rs"]
mod files;
#[path = "serve/http.rs"]
mod http;
#[path = "serve/reply.rs"]
mod reply;
mod shared;

use std::fmt::Write as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, thread};

use dingtalk_files::testing::FakeDingTalk;
use dingtalk_files::{ClientBuilder, DentryType, RetryPolicy};
use files::{Files, MOST_ENTRIES};
use http::{Refusal, Wanted, header, request_header};
use lexopt::prelude::*;
use reply::{Body, Reply};
use shared::Failure;
use tiny_http::{Method, Request, Server};

const HELP: &str = "\
Serves the files of a DingTalk space to browsers on this machine, with ranges, so that players can seek.

  serve [OPTIONS] SPACE_ID

SPACE_ID is the id of a space, a drive that holds files and folders. A dentry is a file or a folder in a space, and has a
dentry id. A folder id is the dentry id of a folder, and `0` is the root of the space. A union id identifies a person in
all organisations.

  GET /                        the entries of the folder as a page
  GET /files/DENTRY_ID/NAME    the file with that id, or the range of it that the request names

Every user of this machine can read every file of the space that the person can read. The address of the page is the only
line on stdout; stderr gets a line for each request. Ctrl-C breaks off the running responses, and readers notice that
they are incomplete.

  --listen ADDRESS     loopback address and port; port 0 is any free one. Default: 127.0.0.1:8080
  --folder FOLDER_ID   the folder on the page. Default: 0
  --threads N          requests that are served at the same time, 1 to 256. Others wait. Default: 8
  --deadline SECONDS   limit for everything before the first byte of a file, and for a page; after it, the status is 504.
                       It does not limit a stream, because a film takes as long as it takes. Default: 60
  --stall SECONDS      once a stream runs, a connection to the object store that is silent for this long is replaced,
                       twice at most; then the stream ends. Default: 30
  --idle SECONDS       a reader that takes no byte for this long is disconnected, so that a paused player does not occupy
                       a thread forever; players then ask for the rest. Not on Windows. Default: 120
  --fresh SECONDS      a replaced file is served in its new version after this time at the latest. Until then, all
                       requests get the same version, and after it, the first one costs a call. Default: 300";

fn main() -> ExitCode {
    shared::main(HELP, run)
}

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    let (mut demo, mut threads, mut folder, mut ids) = (false, 8, "0".to_owned(), Vec::new());
    let mut address = SocketAddr::from(([127, 0, 0, 1], 8080));
    let [mut deadline, mut stall, mut idle, mut fresh] = [60, 30, 120, 300].map(Duration::from_secs);
    while let Some(arg) = args.next()? {
        match arg {
            Long("threads") => threads = number(&mut args, "--threads", 1..=256)?,
            Long("deadline") => deadline = seconds(&mut args, "--deadline", 1)?,
            Long("stall") => stall = seconds(&mut args, "--stall", 1)?,
            Long("idle") => idle = seconds(&mut args, "--idle", 1)?,
            Long("fresh") => fresh = seconds(&mut args, "--fresh", 0)?,
            Long("listen") => address = loopback(&args.value()?.string()?)?,
            Long("folder") => folder = args.value()?.string()?,
            Long("demo") => demo = true,
            Value(id) => ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let space = match ids.as_slice() {
        [space] => space.clone(),
        [] if demo => "space-1".to_owned(),
        _ => return Err(Failure::usage("one SPACE_ID is needed")),
    };
    let fake = if demo { Some(FakeDingTalk::start()?) } else { None };
    let (client, person) = match &fake {
        Some(fake) => {
            demo::fill(fake);
            (fake.client(), "operator-1".to_owned())
        }
        None => (ClientBuilder::from_env()?, person()?),
    };
    // A reader waits for each retry.
    let client = client.stall_timeout(stall).retry(RetryPolicy::new().max_retries(2)).build()?;
    let site = Site { files: Files::new(client, [space, folder, person], fresh), deadline };

    let failed = |e| Failure { text: format!("--listen {address}: {e}"), exit_code: 1 };
    let listener = TcpListener::bind(address).map_err(failed)?;
    #[cfg(unix)]
    limit_writes(&listener, idle).map_err(failed)?;
    #[cfg(not(unix))]
    let _ = idle;
    let address = listener.local_addr().map_err(failed)?;
    let server = Server::from_listener(listener, None).map_err(|e| failed(io::Error::other(e)))?;
    shared::print(&format!("http://{address}/"), "serving")?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| site.work(&server));
        }
    });
    Err(Failure { text: "the server accepts no connections any more".to_owned(), exit_code: 1 })
}

/// Limits the time for which a connection takes no byte. `tiny_http` has no option for that, but its connections inherit it
/// from the listener (on Linux and macOS).
#[cfg(unix)]
fn limit_writes(listener: &TcpListener, idle: Duration) -> io::Result<()> {
    use rustix::net::sockopt::{Timeout, set_socket_send_buffer_size, set_socket_timeout};
    set_socket_timeout(listener, Timeout::Send, Some(idle))?;
    // A larger buffer would take bytes less often, and a slow reader would look like one that has stopped.
    Ok(set_socket_send_buffer_size(listener, 128 * 1024)?)
}

fn number(
    args: &mut lexopt::Parser,
    option: &str,
    limits: std::ops::RangeInclusive<u64>,
) -> Result<u64, Failure> {
    let text = args.value()?.string()?;
    let number = text.parse().ok().filter(|number| limits.contains(number));
    let (first, last) = (limits.start(), limits.end());
    number
        .ok_or_else(|| Failure::usage(&format!("{option}: {text:?} is not a number from {first} to {last}")))
}

fn seconds(args: &mut lexopt::Parser, option: &str, least: u64) -> Result<Duration, Failure> {
    number(args, option, least..=86_400).map(Duration::from_secs)
}

fn loopback(text: &str) -> Result<SocketAddr, Failure> {
    let address = text.parse::<SocketAddr>();
    let address = address.map_err(|_| Failure::usage(&format!("--listen: {text:?} is not ADDRESS:PORT")))?;
    if !address.ip().is_loopback() {
        let why = "is not a loopback address; everybody in the network could read the files";
        return Err(Failure::usage(&format!("--listen: {address} {why}")));
    }
    Ok(address)
}

fn person() -> Result<String, Failure> {
    let person = env::var("DINGTALK_UNION_ID").ok().filter(|id| !id.trim().is_empty());
    person.ok_or_else(|| Failure::usage("DINGTALK_UNION_ID is not set"))
}

/// The folder as a web site.
struct Site {
    files: Files,
    deadline: Duration,
}

impl Site {
    /// Serves requests until the server fails.
    fn work(&self, server: &Server) {
        loop {
            match server.recv() {
                Ok(request) => self.serve(request),
                // Only one thread gets the error, so each wakes the next one.
                Err(_) => return server.unblock(),
            }
        }
    }

    /// Answers one request and logs it.
    fn serve(&self, request: Request) {
        let begun = Instant::now();
        let deadline = begun + self.deadline;
        let reader = request.remote_addr().map(ToString::to_string).unwrap_or_default();
        let range = request_header(&request, "Range").map(|range| format!(" [{range}]")).unwrap_or_default();
        let line = format!("{reader} {} {}{range}", request.method(), request.url());
        let reply = self.reply(&request, deadline).unwrap_or_else(Reply::from);
        let version = request.http_version().clone();
        let (status, bytes, note) = reply.send(&version, request.into_writer(), &self.files, deadline);
        let time = begun.elapsed().as_secs_f64();
        let line = format!("{line}: {status}, {bytes} bytes in {time:.3} s{note}");
        shared::say(shared::printable(&line));
    }

    fn reply(&self, request: &Request, deadline: Instant) -> Result<Reply, Refusal> {
        let is_head = *request.method() == Method::Head;
        if !http::is_this_machine(request_header(request, "Host")) {
            return Err(Refusal::new(421, "another host name"));
        }
        if !is_head && *request.method() != Method::Get {
            return Err(Refusal::new(405, "only GET and HEAD"));
        }
        let mut reply = if let Some(id) = http::dentry_id(request.url()) {
            self.file(request, id, deadline)?
        } else if request.url() == "/" {
            self.page(deadline)?
        } else {
            return Err(Refusal::new(404, "no such page"));
        };
        if is_head {
            reply.body = Body::Text(String::new());
        }
        Ok(reply)
    }

    fn page(&self, deadline: Instant) -> Result<Reply, Refusal> {
        let (dentries, is_cut) = self.files.list(deadline)?;
        let mut rows = String::new();
        for dentry in dentries {
            let (id, name) = (dentry.id.unwrap_or_default(), dentry.name.unwrap_or_default());
            let shown = http::escape(&name);
            // Writing into a `String` cannot fail.
            let _ = if dentry.kind == Some(DentryType::Folder) {
                writeln!(rows, "<li>{shown}/")
            } else {
                let (id, name, size) =
                    (http::encode(&id), http::encode(&name), dentry.size.unwrap_or_default());
                writeln!(rows, "<li><a href=\"/files/{id}/{name}\">{shown}</a> ({size} bytes)")
            };
        }
        if is_cut {
            let _ = writeln!(rows, "<li>and others: only {MOST_ENTRIES} are shown");
        }
        let title = http::escape(&self.files.space);
        let text =
            format!("<!DOCTYPE html>\n<meta charset=utf-8>\n<title>{title}</title>\n<ul>\n{rows}</ul>\n");
        let headers = vec![
            header("Content-Type", "text/html; charset=utf-8"),
            header("Content-Security-Policy", "default-src 'none'"),
        ];
        Ok(Reply {
            status: 200,
            headers,
            length: text.len() as u64,
            body: Body::Text(text),
            note: String::new(),
        })
    }

    fn file(&self, request: &Request, id: String, deadline: Instant) -> Result<Reply, Refusal> {
        let file = self.files.open(&id, deadline)?;
        let (etag, size) = (file.etag(), file.size);
        let (kind, is_shown) = http::content_type(&file.name);
        let mut headers = vec![
            header("Content-Type", kind),
            header("Content-Disposition", &http::disposition(&file.name, is_shown)),
            header("Accept-Ranges", "bytes"),
            // A browser asks each time. That costs no call while the file is fresh, and no bytes if it is unchanged.
            header("Cache-Control", "private, no-cache"),
        ];
        headers.extend(etag.as_deref().map(|etag| header("ETag", etag)));
        let reply =
            |status, headers, length, body| Reply { status, headers, length, body, note: String::new() };
        let nothing = || Body::Text(String::new());
        if http::is_known(request_header(request, "If-None-Match"), etag.as_deref()) {
            return Ok(reply(304, headers, size, nothing()));
        }
        let range = request_header(request, "Range").filter(|_| {
            let is_current = http::range_is_current(request_header(request, "If-Range"), etag.as_deref());
            is_current && *request.method() == Method::Get
        });
        match http::wanted(range, size) {
            Wanted::NotSatisfiable => {
                headers.push(header("Content-Range", &format!("bytes */{size}")));
                Ok(reply(416, headers, 0, nothing()))
            }
            Wanted::Part(part) => {
                let text = format!("bytes {}-{}/{size}", part.start, part.end - 1);
                headers.push(header("Content-Range", &text));
                let (length, range) = (part.end - part.start, part.into());
                Ok(reply(206, headers, length, Body::File { id, file: Box::new(file), range }))
            }
            Wanted::Whole if size == 0 => Ok(reply(200, headers, 0, nothing())),
            // `..` and not `0..size`: only a whole file has a checksum.
            Wanted::Whole => {
                Ok(reply(200, headers, size, Body::File { id, file: Box::new(file), range: (..).into() }))
            }
        }
    }
}
