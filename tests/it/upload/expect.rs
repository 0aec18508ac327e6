//! `Expect: 100-continue` with servers that handle it badly: it costs at most one wait, and the host is remembered.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::*;

/// A proxy in front of the store that reacts to PUTs with `Expect: 100-continue` and forwards the others.
struct Proxy {
    /// Whether each PUT had `Expect`.
    expected: Arc<Mutex<Vec<bool>>>,
}

/// The proxy's reaction to a PUT with `Expect`.
#[derive(Debug, Clone, Copy)]
enum Reaction {
    /// Sends this response, and waits for the next request on the same connection.
    Respond(&'static str),
    /// Sends this response, and closes the connection.
    RespondAndClose(&'static str),
    /// Waits for the body without a response.
    Silent,
    /// Sends this response, then reads and forwards the body.
    RespondAndRead(&'static str),
}

impl Proxy {
    fn start(setup: &Setup, reaction: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store: SocketAddr = setup.fake.base_url().replace("http://", "").parse().unwrap();
        // The path contains the real URL, so that the proxy knows the destination.
        setup.fake.set_upload_urls(vec![format!("{url}/{{good}}")]);
        let expected = Arc::new(Mutex::new(Vec::new()));
        let (seen, reaction) = (Arc::clone(&expected), Arc::new(reaction));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, reaction) = (Arc::clone(&seen), Arc::clone(&reaction));
                thread::spawn(move || while serve(stream.as_ref().unwrap(), store, &seen, &*reaction) {});
            }
        });
        Self { expected }
    }

    fn expected(&self) -> Vec<bool> {
        self.expected.lock().unwrap().clone()
    }
}

/// Serves one request, and returns whether the connection stays open.
fn serve(
    mut stream: &TcpStream,
    store: SocketAddr,
    seen: &Mutex<Vec<bool>>,
    reaction: &dyn Fn(usize) -> Reaction,
) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let lines: Vec<&str> = head.lines().collect();
    let expects = lines.iter().any(|line| line.eq_ignore_ascii_case("expect: 100-continue"));
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(expects);
        seen.len() - 1
    };
    if expects {
        match reaction(number) {
            Reaction::Respond(response) => {
                stream.write_all(response.as_bytes()).unwrap();
                return true;
            }
            Reaction::RespondAndClose(response) => {
                stream.write_all(response.as_bytes()).unwrap();
                return false;
            }
            Reaction::RespondAndRead(response) => stream.write_all(response.as_bytes()).unwrap(),
            Reaction::Silent => {}
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    if stream.read_exact(&mut body).is_err() {
        return false;
    }
    let (_, target) = lines[0].split_once(&store.to_string()).unwrap();
    let mut forwarded = format!("PUT {target}\r\nhost: {store}\r\nconnection: close\r\n");
    // The last line is the empty one that ends the head.
    for line in lines[1..].iter().filter(|line| !line.starts_with("expect:") && !line.starts_with("host:")) {
        forwarded.push_str(line);
        forwarded.push_str("\r\n");
    }
    let mut to_store = TcpStream::connect(store).unwrap();
    to_store.write_all(forwarded.as_bytes()).unwrap();
    to_store.write_all(&body).unwrap();
    let mut answer = Vec::new();
    to_store.read_to_end(&mut answer).unwrap();
    stream.write_all(&answer).is_ok()
}

/// Stall timeout, which also bounds the wait for `100 Continue` from an unknown host.
const STALL_TIMEOUT: Duration = Duration::from_secs(3);

fn setup() -> Setup {
    Setup::with(|builder| builder.stall_timeout(STALL_TIMEOUT))
}

/// Uploads two parts in sequence, then once more over new connections, and compares which PUTs had `Expect`.
#[track_caller]
fn assert_expected(reaction: Reaction, expected: [&[bool]; 2]) {
    let setup = setup();
    let front = Proxy::start(&setup, move |_| reaction);
    let bytes = pattern(2 * MIB);
    let upload = || setup.upload().multipart_above(0).part_size(MIB);
    setup.assert_done(upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), expected[0], "{reaction:?}");
    assert!(setup.clock.sleeps().is_empty(), "{reaction:?}: repeating without `Expect` is not a retry");
    let flag = AtomicBool::new(false);
    upload().name("another").cancel(&flag).from_bytes(&bytes).unwrap();
    let both = [expected[0], expected[1]].concat();
    assert_eq!(front.expected(), both, "{reaction:?}");
}

const WITHOUT: &[bool] = &[false, false];

#[test]
fn a_100_with_headers_costs_one_request() {
    let reaction = Reaction::Respond("HTTP/1.1 100 Continue\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    assert_expected(reaction, [&[true, false, false], WITHOUT]);
}

#[test]
fn a_417_is_repeated_without_expect() {
    for reaction in [
        Reaction::Respond("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
        Reaction::RespondAndClose(
            "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        Reaction::RespondAndClose("HTTP/1.1 417 Expectation Failed\r\n\r\n"),
    ] {
        assert_expected(reaction, [&[true, false, false], WITHOUT]);
    }
}

/// The body is sent to a silent server anyway, after one second.
#[test]
fn a_silent_server_costs_one_wait() {
    assert_expected(Reaction::Silent, [&[true, false], WITHOUT]);
}

#[test]
fn a_malformed_response_is_repeated_without_expect() {
    assert_expected(Reaction::RespondAndClose("100 what?\r\n\r\n"), [&[true, false, false], WITHOUT]);
}

/// The connection may have been idle for too long, so this reveals nothing about the host.
#[test]
fn a_closed_connection_is_repeated_without_expect_each_time() {
    let each = &[true, false, true, false];
    assert_expected(Reaction::RespondAndClose(""), [each, each]);
}

#[test]
fn a_server_that_continues_correctly_always_gets_expect() {
    let reaction = Reaction::RespondAndRead("HTTP/1.1 100 Continue\r\n\r\n");
    assert_expected(reaction, [&[true, true], &[true, true]]);
}

/// A store refuses a signature before it reads the body, and closes the connection. Its error arrives, no body byte is
/// sent, and the next request has `Expect` again.
#[test]
fn a_refusal_before_the_body_is_reported_and_expect_is_kept() {
    const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n\
                           <Error><Code>AccessDenied</Code><Message>first</Message></Error>";
    let setup = setup();
    let continues = Reaction::RespondAndRead("HTTP/1.1 100 Continue\r\n\r\n");
    let reaction = move |number| if number == 0 { Reaction::RespondAndClose(REFUSAL) } else { continues };
    let front = Proxy::start(&setup, reaction);
    let bytes = pattern(MIB);
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), [true, true]);
    // Only a refused signature causes a second upload info request.
    assert_eq!((setup.count(Target::UploadInfo), setup.clock.sleeps().len()), (2, 0));
}

/// The transport cannot repeat a PUT whose body has begun, but the transfer does.
#[test]
fn a_417_during_the_body_is_repeated_without_expect() {
    let setup = setup();
    let reaction =
        Reaction::RespondAndRead("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 417 Expectation Failed\r\n\r\n");
    let front = Proxy::start(&setup, move |_| reaction);
    let bytes = pattern(MIB);
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), [true, false]);
}
