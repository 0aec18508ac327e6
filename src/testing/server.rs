//! The TCP server: one thread takes connections, each connection has a thread of its own.

use super::Target;
use super::answer::{Answer, Delivery, Next, Outlet};
use super::fault::{Plan, Silence, UploadStop};
use super::http::{Incoming, Trouble};
use super::state::Shared;
use super::{oss, routes};
use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a reset waits, so that the client can take what was sent before: a reset discards the rest.
const BEFORE_RESET: Duration = Duration::from_millis(50);
/// How long a refused client may go on sending before the connection is closed under it.
const LINGER: Duration = Duration::from_millis(500);
/// How much of a refused request is thrown away at most, in reads of 64 KiB: a large upload is cut off.
const LINGER_READS: usize = 128;
/// How long a refused client is listened to at most, however slowly it sends.
const LONGEST_LINGER: Duration = Duration::from_secs(5);

/// Takes connections until the fake is dropped.
pub(super) fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        if shared.is_stopped() {
            return;
        }
        match accepted {
            Ok((stream, _)) => start(shared, stream),
            // Out of file descriptors, most likely: without a pause this would be a busy loop.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn start(shared: &Arc<Shared>, stream: TcpStream) {
    let stream = Arc::new(stream);
    let Some(number) = shared.register(&stream) else {
        return;
    };
    let shared = Arc::clone(shared);
    let name = format!("fake-dingtalk-{number}");
    // Without a thread the connection is closed, which is all that can be done about it.
    let _ = thread::Builder::new().name(name).spawn(move || serve(&shared, &stream, number));
}

/// Answers the requests of one connection, one after the other.
fn serve(shared: &Shared, stream: &TcpStream, connection: usize) {
    // Without this, the small last piece of an answer may wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    loop {
        match exchange(shared, stream, connection) {
            Ok(Next::KeepOpen) => {}
            Ok(Next::Close) | Err(Trouble::Gone) => return,
            Ok(Next::Reset) => {
                thread::sleep(BEFORE_RESET);
                return;
            }
            Err(Trouble::Refused(status)) => {
                refuse(shared, stream, &Answer::new(status, ""));
                return;
            }
        }
    }
}

/// Reads one request and answers it.
fn exchange(shared: &Shared, stream: &TcpStream, connection: usize) -> Result<Next, Trouble> {
    let Some(mut incoming) = Incoming::read_head(stream, connection)? else {
        return Ok(Next::Close);
    };
    let target = routes::target(shared, &incoming.request);
    incoming.request.target = target;
    let plan = take_plan(shared, target);
    if plan.silence == Silence::Refuse {
        shared.record(incoming.request);
        return Ok(Next::Reset);
    }
    if let Some(answer) = early_answer(shared, &incoming, &plan) {
        return Ok(refuse_request(shared, stream, incoming, &with_extra_headers(answer, &plan)));
    }
    if target == Some(Target::Put) {
        return take_upload(shared, stream, incoming, &plan);
    }
    incoming.read_body()?;
    respond(shared, stream, &incoming, &plan)
}

/// What can be said before the body is read: of an upload whatever is wrong with its head, and of others a made-up
/// answer where the client waits for a word before it sends.
fn early_answer(shared: &Shared, incoming: &Incoming<'_>, plan: &Plan) -> Option<Answer> {
    match &plan.answer {
        Some(answer) => incoming.expects_continue.then(|| answer.clone()),
        None if incoming.request.target == Some(Target::Put) => {
            oss::check_put(shared, &incoming.request).err()
        }
        None => None,
    }
}

/// Reads the body of an upload, as well or as badly as the plan has it, and answers.
fn take_upload(
    shared: &Shared,
    stream: &TcpStream,
    mut incoming: Incoming<'_>,
    plan: &Plan,
) -> Result<Next, Trouble> {
    let outlet = Outlet { stream, stop: &shared.stop, head_only: false, close: true };
    if let Err(trouble) = incoming.read_upload(&plan.upload, &outlet) {
        // What came of an upload that broke off is worth to be known.
        shared.record(incoming.request);
        return Err(trouble);
    }
    match &plan.upload.stop {
        None => respond(shared, stream, &incoming, plan),
        Some((_, UploadStop::Reset)) => {
            shared.record(incoming.request);
            Ok(Next::Reset)
        }
        Some((_, UploadStop::Stall)) => {
            shared.record(incoming.request);
            outlet.wait_without_reading();
            Ok(Next::Close)
        }
        Some((_, UploadStop::Refuse(answer))) => {
            Ok(refuse_request(shared, stream, incoming, &with_extra_headers(answer.clone(), plan)))
        }
    }
}

/// Writes a request down and answers it, though it has not been read to its end.
fn refuse_request(shared: &Shared, stream: &TcpStream, incoming: Incoming<'_>, answer: &Answer) -> Next {
    let place = shared.record(incoming.request);
    shared.record_status(place, answer.status);
    refuse(shared, stream, answer);
    Next::Close
}

/// Carries the request out and answers it, the body having been read.
fn respond(
    shared: &Shared,
    stream: &TcpStream,
    incoming: &Incoming<'_>,
    plan: &Plan,
) -> Result<Next, Trouble> {
    let request = &incoming.request;
    let place = shared.record(request.clone());
    let outlet =
        Outlet { stream, stop: &shared.stop, head_only: request.method == "HEAD", close: incoming.close };
    let arrived = incoming.arrived.as_ref();
    let answer = plan.answer.clone().unwrap_or_else(|| routes::answer(shared, request, plan, arrived));
    if !plan.delivery.ends_in_reset() {
        incoming.finish()?;
    }
    match plan.silence {
        Silence::No => {}
        Silence::Stall => {
            outlet.wait_until_client_leaves();
            return Ok(Next::Close);
        }
        Silence::Close | Silence::Refuse => return Ok(Next::Close),
    }
    shared.record_status(place, answer.status);
    let answer = with_extra_headers(answer, plan);
    Ok(outlet.send(&answer, &plan.delivery)?)
}

fn take_plan(shared: &Shared, target: Option<Target>) -> Plan {
    Plan::new(target.and_then(|target| shared.take_fault(target)))
}

fn with_extra_headers(mut answer: Answer, plan: &Plan) -> Answer {
    answer.headers.extend(plan.extra_headers.iter().cloned());
    answer
}

/// Answers before the request was read to its end, and throws the rest away: closing at once would reset
/// the connection, and the client might never see the answer.
fn refuse(shared: &Shared, mut stream: &TcpStream, answer: &Answer) {
    let outlet = Outlet { stream, stop: &shared.stop, head_only: false, close: true };
    if outlet.send(answer, &Delivery::default()).is_err() {
        return;
    }
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(LINGER));
    let mut ignored = vec![0; 64 * 1024];
    let start = Instant::now();
    for _ in 0..LINGER_READS {
        if start.elapsed() > LONGEST_LINGER || !matches!(stream.read(&mut ignored), Ok(1..)) {
            return;
        }
    }
}
