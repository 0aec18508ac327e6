//! `Expect: 100-continue` at servers that take it badly: one wait at most, and the host is remembered.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::*;

/// Before the store: it does something to a PUT that expects a `100 Continue`, and hands every other one on.
struct Front {
    /// Whether each PUT had `Expect`.
    expected: Arc<Mutex<Vec<bool>>>,
}

/// The front's response to a PUT with `Expect`, which it does not hand on.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// It says this, and waits for what comes next on the same connection.
    Says(&'static str),
    /// It says this, and closes the connection.
    SaysAndCloses(&'static str),
    /// It waits for the body without a word.
    Silent,
    /// It says this, and takes the body then.
    SaysAndTakes(&'static str),
}

impl Front {
    fn start(setup: &Setup, manner: impl Fn(usize) -> Manner + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store: SocketAddr = setup.fake.base_url().replace("http://", "").parse().unwrap();
        // The right URL is in the path, so that the front knows what to hand on.
        setup.fake.set_upload_urls(vec![format!("{url}/{{good}}")]);
        let expected = Arc::new(Mutex::new(Vec::new()));
        let (seen, manner) = (Arc::clone(&expected), Arc::new(manner));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, manner) = (Arc::clone(&seen), Arc::clone(&manner));
                thread::spawn(move || while serve(stream.as_ref().unwrap(), store, &seen, &*manner) {});
            }
        });
        Self { expected }
    }

    fn expected(&self) -> Vec<bool> {
        self.expected.lock().unwrap().clone()
    }
}

/// One request. Whether the connection goes on.
fn serve(
    mut stream: &TcpStream,
    store: SocketAddr,
    seen: &Mutex<Vec<bool>>,
    manner: &dyn Fn(usize) -> Manner,
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
        match manner(number) {
            Manner::Says(words) => {
                stream.write_all(words.as_bytes()).unwrap();
                return true;
            }
            Manner::SaysAndCloses(words) => {
                stream.write_all(words.as_bytes()).unwrap();
                return false;
            }
            Manner::SaysAndTakes(words) => stream.write_all(words.as_bytes()).unwrap(),
            Manner::Silent => {}
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    if stream.read_exact(&mut body).is_err() {
        return false;
    }
    let (_, target) = lines[0].split_once(&store.to_string()).unwrap();
    let mut handed_on = format!("PUT {target}\r\nhost: {store}\r\nconnection: close\r\n");
    // The last of them is the empty one.
    for line in lines[1..].iter().filter(|line| !line.starts_with("expect:") && !line.starts_with("host:")) {
        handed_on.push_str(line);
        handed_on.push_str("\r\n");
    }
    let mut to_store = TcpStream::connect(store).unwrap();
    to_store.write_all(handed_on.as_bytes()).unwrap();
    to_store.write_all(&body).unwrap();
    let mut answer = Vec::new();
    to_store.read_to_end(&mut answer).unwrap();
    stream.write_all(&answer).is_ok()
}

/// A server that keeps silent is given up after this, and an unknown one with `Expect` too.
const STALL: Duration = Duration::from_secs(3);

fn setup() -> Setup {
    Setup::with(|builder| builder.stall_timeout(STALL))
}

/// Two parts, one after the other, and then one more upload with connections of its own.
#[track_caller]
fn assert_expected(manner: Manner, expected: [&[bool]; 2]) {
    let setup = setup();
    let front = Front::start(&setup, move |_| manner);
    let bytes = pattern(2 * MIB);
    let upload = || setup.upload().multipart_above(0).part_size(MIB);
    setup.assert_done(upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), expected[0], "{manner:?}");
    assert!(setup.clock.sleeps().is_empty(), "{manner:?}: that was no retry");
    let flag = AtomicBool::new(false);
    upload().name("another").cancel(&flag).from_bytes(&bytes).unwrap();
    let both = [expected[0], expected[1]].concat();
    assert_eq!(front.expected(), both, "{manner:?}");
}

const WITHOUT: &[bool] = &[false, false];

#[test]
fn a_100_with_headers_costs_one_wait() {
    let manner = Manner::Says("HTTP/1.1 100 Continue\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    assert_expected(manner, [&[true, false, false], WITHOUT]);
}

#[test]
fn a_417_is_asked_again_without() {
    for manner in [
        Manner::Says("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"),
        Manner::SaysAndCloses(
            "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        Manner::SaysAndCloses("HTTP/1.1 417 Expectation Failed\r\n\r\n"),
    ] {
        assert_expected(manner, [&[true, false, false], WITHOUT]);
    }
}

/// The body goes to a silent server all the same, a second later.
#[test]
fn silence_costs_one_second_once() {
    assert_expected(Manner::Silent, [&[true, false], WITHOUT]);
}

#[test]
fn what_is_no_http_is_asked_again_without() {
    assert_expected(Manner::SaysAndCloses("100 what?\r\n\r\n"), [&[true, false, false], WITHOUT]);
}

/// That may have been a connection that was kept for too long: nothing is known of the host by it.
#[test]
fn a_server_that_hangs_up_is_asked_again_without_each_time() {
    let each = &[true, false, true, false];
    assert_expected(Manner::SaysAndCloses(""), [each, each]);
}

#[test]
fn a_server_that_does_it_well_is_asked_with_it_always() {
    let manner = Manner::SaysAndTakes("HTTP/1.1 100 Continue\r\n\r\n");
    assert_expected(manner, [&[true, true], &[true, true]]);
}

/// A store that refuses a signature before it takes the body, and closes: its error arrives, nothing of the body was sent,
/// and the next one is asked with `Expect` again.
#[test]
fn a_refusal_before_the_body_is_that_refusal() {
    const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n\
                           <Error><Code>AccessDenied</Code><Message>first</Message></Error>";
    let setup = setup();
    let well = Manner::SaysAndTakes("HTTP/1.1 100 Continue\r\n\r\n");
    let manner = move |number| if number == 0 { Manner::SaysAndCloses(REFUSAL) } else { well };
    let front = Front::start(&setup, manner);
    let bytes = pattern(MIB);
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), [true, true]);
    // For another signature, which no other error would have asked for.
    assert_eq!((setup.count(Target::UploadInfo), setup.clock.sleeps().len()), (2, 0));
}

/// In its midst a body cannot be sent anew by the transport, but the transfer does.
#[test]
fn a_417_to_a_body_is_sent_again_without() {
    let setup = setup();
    let manner = Manner::SaysAndTakes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 417 Expectation Failed\r\n\r\n");
    let front = Front::start(&setup, move |_| manner);
    let bytes = pattern(MIB);
    setup.assert_done(setup.upload().from_bytes(&bytes), &bytes);
    assert_eq!(front.expected(), [true, false]);
}
