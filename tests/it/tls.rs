//! https with a private root, against a server that counts what reaches it.
//!
//! `tls/` holds a root, and a certificate for `localhost` and `127.0.0.1` with its key. They are good until 2099, and for
//! nothing but this: no machine trusts the root.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::ManualClock;
use dingtalk_files::{Client, ClientBuilder, DownloadInfo, Error, NetworkError, NetworkStage};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::support::{ask, fake, http_answer, read_request, send};

const ROOT: &[u8] = include_bytes!("tls/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("tls/server.pem");
const KEY: &[u8] = include_bytes!("tls/server.key");

/// One answer to each connection, after which it is closed: so every call shakes hands anew.
pub(crate) struct TlsServer {
    address: SocketAddr,
    /// What came of each connection: the request, or nothing where the client did not trust the server.
    visits: Receiver<Option<String>>,
}

impl TlsServer {
    pub(crate) fn start(body: &'static str) -> Self {
        Self::start_at("127.0.0.1:0", body)
    }

    fn start_at(address: &str, body: &'static str) -> Self {
        let config = Arc::new(config());
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, visits) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let visit = serve(Arc::clone(&config), stream.unwrap(), body);
                if tell.send(visit).is_err() {
                    return;
                }
            }
        });
        Self { address, visits }
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().access_token("token-1").base_url(self.url()).no_proxy()
    }

    /// The next connection's request, `None` for a refused handshake.
    #[track_caller]
    fn visit(&self) -> Option<String> {
        self.visits.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[track_caller]
    fn assert_no_more_visits(&self) {
        assert!(self.visits.try_recv().is_err(), "one handshake too many");
    }
}

fn config() -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

fn serve(config: Arc<ServerConfig>, stream: TcpStream, body: &str) -> Option<String> {
    let connection = ServerConnection::new(config).unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    let request = read_request(&mut tls);
    if request.is_empty() {
        return None;
    }
    tls.write_all(http_answer("200 OK\r\nConnection: close", body).as_bytes()).unwrap();
    tls.conn.send_close_notify();
    tls.flush().unwrap();
    Some(request)
}

#[track_caller]
fn network(error: &Error) -> &NetworkError {
    match error {
        Error::Network(e) => e,
        other => panic!("not a network error: {other}"),
    }
}

#[test]
fn an_unknown_root_is_told_with_what_to_do() {
    let server = TlsServer::start("{}");
    let clock = ManualClock::new();
    let client = server.builder().clock(clock.clone()).build().unwrap();
    let error = send(&client).unwrap_err();
    let e = network(&error);
    assert_eq!((e.tls, e.stage, e.timed_out), (true, NetworkStage::Connect, false), "{error}");
    assert!(!error.may_have_run() && !error.is_transient());
    let text = error.to_string();
    assert!(text.contains("root_certificates") && text.contains("127.0.0.1"), "{text}");
    // The server saw no request, and the certificate was not asked for again: it would be the same.
    assert_eq!(server.visit(), None);
    server.assert_no_more_visits();
    assert_eq!(clock.sleeps(), []);
}

#[test]
fn a_private_root_is_trusted_beside_the_built_in_ones() {
    let server = TlsServer::start(r#"{"file":{"name":"test-file.xls"}}"#);
    let client = server.builder().root_certificates(ROOT).build().unwrap();
    let sent = send(&client).unwrap();
    assert_eq!(sent.name.as_deref(), Some("test-file.xls"));
    // The built-in roots come first, and the handshake that they refuse carries nothing.
    assert_eq!(server.visit(), None);
    assert!(server.visit().unwrap().starts_with("POST /v1.0/convFile/"));
    // From then on it is known who trusts this host.
    for _ in 0..3 {
        send(&client.clone()).unwrap();
        assert!(server.visit().is_some());
    }
    server.assert_no_more_visits();
}

#[test]
fn an_object_may_have_a_private_root_too() {
    let server = TlsServer::start("the object");
    let url = format!("{}/object-1", server.url());
    let info =
        json!({"headerSignatureInfo": {"resourceUrls": [url], "headers": {"Authorization": "OSS a:b"}}});
    let info: DownloadInfo = serde_json::from_value(info).unwrap();
    let client = server.builder().root_certificates(ROOT).build().unwrap();
    let mut bytes = Vec::new();
    client.download_to(&info, &mut bytes, ..).unwrap();
    assert_eq!(bytes, b"the object");
    assert_eq!(server.visit(), None);
    let request = server.visit().unwrap();
    assert!(request.starts_with("GET /object-1 "), "{request}");
    assert!(!request.contains("token-1"), "the token is for the API host: {request}");
    server.assert_no_more_visits();
}

/// A root that has nothing to do with the server helps nobody: neither of the two handshakes carries a request.
#[test]
fn only_the_right_root_is_trusted() {
    let server = TlsServer::start("{}");
    let builder = server.builder().root_certificates(CERTIFICATE);
    let error = send(&builder.build().unwrap()).unwrap_err();
    assert!(network(&error).tls && !error.may_have_run(), "{error}");
    assert_eq!((server.visit(), server.visit()), (None, None));
    server.assert_no_more_visits();
}

/// The certificate is for `localhost` and `127.0.0.1`, not for every address of this machine. Linux has the whole network
/// 127 on loopback, others would have to be told.
#[cfg(target_os = "linux")]
#[test]
fn the_name_counts() {
    let server = TlsServer::start_at("127.0.0.2:0", "{}");
    let builder = server.builder().root_certificates(ROOT);
    let error = send(&builder.build().unwrap()).unwrap_err();
    assert!(network(&error).tls && !error.may_have_run(), "{error}");
    assert_eq!((server.visit(), server.visit()), (None, None));
    server.assert_no_more_visits();
}

/// A plain server behind an https URL: the commonest mistake with a gateway. Nothing but a handshake was sent.
#[test]
fn a_server_without_tls_is_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(http_answer("400 Bad Request", "no TLS here").as_bytes());
        }
    });
    let builder = Client::builder().access_token("token-1").base_url(url).no_proxy();
    let client = builder.clock(ManualClock::new()).build().unwrap();
    let error = send(&client).unwrap_err();
    let e = network(&error);
    assert!(e.tls && !error.is_transient(), "{e:?}");
    // The same error comes when something in between breaks into a connection (see the next test). Here nobody asked for
    // the body of the request.
    assert!(!error.may_have_run(), "{error}");
}

/// Something in between puts its page into the connection when the request is through.
#[test]
fn what_is_no_tls_may_have_come_after_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let config = Arc::new(config());
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            // Who trusts other roots only sends none.
            if read_request(&mut tls).starts_with("POST ") {
                tls.sock.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n<html>blocked").unwrap();
            }
        }
    });
    let builder = Client::builder().access_token("t").base_url(format!("https://{address}")).no_proxy();
    let error = send(&builder.root_certificates(ROOT).build().unwrap()).unwrap_err();
    assert!(error.may_have_run(), "{error}");
    assert_eq!(network(&error).stage, NetworkStage::Answer);
    // The system's library tells no more than that something is wrong.
    assert_eq!(error.is_transient(), !cfg!(feature = "rustls"), "{error}");
}

/// A client for https takes no object over http, which would show its signature to the network.
#[test]
fn no_object_over_http() {
    let fake = fake();
    let info = ask(&fake.client().build().unwrap()).unwrap();
    let before = fake.requests().len();
    let client = Client::builder().access_token("token-1").no_proxy().build().unwrap();
    let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    assert!(error.to_string().contains("it is http"), "{error}");
    assert_eq!(fake.requests().len(), before);
}
