//! The TCP server. One thread accepts connections, and each connection has its own thread.

use super::data::effects::{FaultEffects, Silence, UploadStop};
use super::data::fault::Fault;
use super::data::response::{Delivery, FakeResponse};
use super::data::target::Target;
use super::routes;
use super::state::Shared;
use super::wire::incoming::{BodyLength, Incoming, IncomingError};
use super::wire::response_writer::{ConnectionAction, ResponseWriter};
use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The delay before a reset, which gives the client time to read earlier bytes. A reset discards the rest.
const BEFORE_RESET: Duration = Duration::from_millis(50);
/// The time for which a refused client may be silent before the connection is closed.
const LINGER: Duration = Duration::from_millis(500);
/// The maximum number of 64 KiB reads from a refused client. A larger upload is cut off.
const LINGER_READS: usize = 128;
/// The maximum time for which a refused client may continue to send, however slowly.
const LONGEST_LINGER: Duration = Duration::from_secs(5);

/// Accepts connections until the fake is dropped.
pub(super) fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        if shared.is_stopped() {
            return;
        }
        match accepted {
            Ok((stream, _)) => start(shared, stream),
            // Most likely out of file descriptors: without a pause this would be a busy loop.
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
    // Without a thread nothing serves the connection. Dropping the stream closes it.
    let _ = thread::Builder::new().name(name).spawn(move || serve(&shared, &stream, number));
}

/// Answers the requests of one connection in sequence.
fn serve(shared: &Shared, stream: &TcpStream, number: usize) {
    // Without this, the small last piece of a response may wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let connection = Connection { shared, stream, number };
    loop {
        match connection.exchange() {
            Ok(ConnectionAction::KeepOpen) => {}
            Ok(ConnectionAction::Close) | Err(IncomingError::Disconnected) => return,
            Ok(ConnectionAction::Reset) => {
                thread::sleep(BEFORE_RESET);
                return;
            }
            Err(IncomingError::Refused(status)) => {
                connection.refuse(&FakeResponse::new(status, ""), &Delivery::default());
                return;
            }
        }
    }
}

/// One connection of the fake.
struct Connection<'a> {
    shared: &'a Shared,
    stream: &'a TcpStream,
    number: usize,
}

impl Connection<'_> {
    /// Reads one request and answers it.
    fn exchange(&self) -> Result<ConnectionAction, IncomingError> {
        let Some(mut incoming) = Incoming::read_head(self.stream, self.number)? else {
            return Ok(ConnectionAction::Close);
        };
        incoming.request.target = routes::target(self.shared, &incoming.request);
        let mut effects = FaultEffects::new(self.take_fault(&mut incoming)?);
        if effects.silence == Silence::Refuse {
            // A condition may have read the body.
            (incoming.request.body, incoming.request.body_length) = (Vec::new(), 0);
            self.shared.record(incoming.request);
            return Ok(ConnectionAction::Reset);
        }
        if let Some(response) = self.early_response(&incoming, &effects) {
            return Ok(self.refuse_request(incoming, response, &effects));
        }
        if incoming.expects_continue && incoming.length != BodyLength::Known(0) {
            incoming.permission = effects.take_permission();
        }
        if incoming.request.target == Some(Target::Put) {
            return self.receive_upload(incoming, &effects);
        }
        incoming.read_body()?;
        self.respond(&incoming, &effects)
    }

    /// Takes the fault for a request: the queued fault, else the first matching conditional fault, else the standing
    /// fault.
    fn take_fault(&self, incoming: &mut Incoming<'_>) -> Result<Option<Fault>, IncomingError> {
        let Some(target) = incoming.request.target else {
            return Ok(None);
        };
        let queued = self.shared.state().faults.take_queued(target);
        if queued.is_some() {
            return Ok(queued);
        }
        // A condition may need the body, for example to check the recipient. But the body of an upload may be larger
        // than the memory, and a client that waits for permission has not sent its body yet.
        let is_readable = target != Target::Put && !incoming.expects_continue;
        if is_readable && self.shared.state().faults.has_conditional(target) {
            incoming.read_body()?;
        }
        Ok(self.shared.other_fault(target, &incoming.request))
    }

    /// Returns the response that is sent before the body is read, if any.
    ///
    /// Such a response is a refusal of the head, or a fault's response to a client that waits for permission to send
    /// the body.
    fn early_response(&self, incoming: &Incoming<'_>, effects: &FaultEffects) -> Option<FakeResponse> {
        match &effects.response {
            Some(response) => incoming.expects_continue.then(|| response.clone()),
            None => routes::check_head(self.shared, &incoming.request).err(),
        }
    }

    /// Reads the body of an upload with the effects of its faults, and answers.
    fn receive_upload(
        &self,
        mut incoming: Incoming<'_>,
        effects: &FaultEffects,
    ) -> Result<ConnectionAction, IncomingError> {
        let writer = self.writer(false, true);
        if let Err(error) = incoming.read_upload(&effects.upload, &writer) {
            // A test may inspect how much of a broken upload was read.
            self.shared.record(incoming.request);
            return Err(error);
        }
        match &effects.upload.stop {
            None => self.respond(&incoming, effects),
            Some((_, UploadStop::Reset)) => {
                self.shared.record(incoming.request);
                Ok(ConnectionAction::Reset)
            }
            Some((_, UploadStop::Stall)) => {
                self.shared.record(incoming.request);
                writer.wait_without_reading();
                Ok(ConnectionAction::Close)
            }
            Some((_, UploadStop::Refuse(response))) => {
                Ok(self.refuse_request(incoming, response.clone(), effects))
            }
        }
    }

    /// Records and answers a request that was not read to its end.
    fn refuse_request(
        &self,
        incoming: Incoming<'_>,
        response: FakeResponse,
        effects: &FaultEffects,
    ) -> ConnectionAction {
        let place = self.shared.record(incoming.request);
        self.shared.record_status(place, response.status);
        let delivery = Delivery { interim: effects.delivery.interim.clone(), ..Delivery::default() };
        self.refuse(&effects.with_extra_headers(response), &delivery);
        ConnectionAction::Close
    }

    /// Carries out and answers a request after its body was read.
    fn respond(
        &self,
        incoming: &Incoming<'_>,
        effects: &FaultEffects,
    ) -> Result<ConnectionAction, IncomingError> {
        let request = &incoming.request;
        let place = self.shared.record(request.clone());
        let writer = self.writer(request.method == "HEAD", incoming.close);
        let response = match &effects.response {
            Some(response) => response.clone(),
            None => routes::respond(self.shared, request, effects, incoming.upload.as_ref()),
        };
        if !effects.delivery.ends_in_reset() {
            incoming.finish()?;
        }
        match effects.silence {
            Silence::No => {}
            Silence::Stall => {
                writer.wait_until_client_leaves();
                return Ok(ConnectionAction::Close);
            }
            Silence::Close | Silence::Refuse => return Ok(ConnectionAction::Close),
        }
        self.shared.record_status(place, response.status);
        Ok(writer.send(&effects.with_extra_headers(response), &effects.delivery)?)
    }

    /// Sends a response before the request was read to its end, and discards the rest.
    ///
    /// Closing the connection immediately would reset it, and the client might never see the response.
    fn refuse(&self, response: &FakeResponse, delivery: &Delivery) {
        if self.writer(false, true).send(response, delivery).is_err() {
            return;
        }
        let mut stream = self.stream;
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

    fn writer(&self, head_only: bool, close: bool) -> ResponseWriter<'_> {
        ResponseWriter { stream: self.stream, stop: &self.shared.stop, head_only, close }
    }
}
