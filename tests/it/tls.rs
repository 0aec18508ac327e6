//! HTTPS with a private root, against a server that records its connections.
//!
//! `tls/` holds a root, and a certificate for `localhost` and `127.0.0.1` with its key. They are valid until 2099 and
//! only serve these tests: no machine trusts the root.

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

use crate::support::{fake, http_answer, query_info, read_request, send};

const ROOT: &[u8] = include_bytes!("tls/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("tls/server.pem");
const KEY: &[u8] = include_bytes!("tls/server.key");

/// A server that closes each connection after one answer, so that every call needs a new handshake.
pub(crate) struct TlsServer {
    address: SocketAddr,
    /// The request of each connection, or `None` if the client did not trust the server.
    connections: Receiver<Option<String>>,
}

impl TlsServer {
    pub(crate) fn start(body: &'static str) -> Self {
        Self::start_at("127.0.0.1:0", body)
    }

    fn start_at(address: &str, body: &'static str) -> Self {
        let config = Arc::new(config());
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, connections) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let request = serve(Arc::clone(&config), stream.unwrap(), body);
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, connections }
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().access_token("token-1").base_url(self.url()).no_proxy()
    }

    /// Returns the next connection's request, or `None` for a refused handshake.
    #[track_caller]
    fn next_request(&self) -> Option<String> {
        self.connections.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[track_caller]
    fn assert_no_more_connections(&self) {
        assert!(self.connections.try_recv().is_err(), "unexpected additional handshake");
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
fn an_unknown_root_is_an_error_with_advice() {
    let server = TlsServer::start("{}");
    let clock = ManualClock::new();
    let client = server.builder().clock(clock.clone()).build().unwrap();
    let error = send(&client).unwrap_err();
    let e = network(&error);
    assert_eq!((e.tls, e.stage, e.timed_out), (true, NetworkStage::Connect, false), "{error}");
    assert!(!error.may_have_run() && !error.is_transient());
    let text = error.to_string();
    assert!(text.contains("root_certificates") && text.contains("127.0.0.1"), "{text}");
    // The server received no request, and the handshake was not retried, because the certificate would be the same.
    assert_eq!(server.next_request(), None);
    server.assert_no_more_connections();
    assert_eq!(clock.sleeps(), []);
}

#[test]
fn a_private_root_is_trusted_in_addition_to_the_built_in_ones() {
    let server = TlsServer::start(r#"{"file":{"name":"test-file.xls"}}"#);
    let client = server.builder().root_certificates(ROOT).build().unwrap();
    let sent = send(&client).unwrap();
    assert_eq!(sent.name.as_deref(), Some("test-file.xls"));
    // The built-in roots are tried first, and their failed handshake carries no request.
    assert_eq!(server.next_request(), None);
    assert!(server.next_request().unwrap().starts_with("POST /v1.0/convFile/"));
    // The client then remembers which roots this host needs.
    for _ in 0..3 {
        send(&client.clone()).unwrap();
        assert!(server.next_request().is_some());
    }
    server.assert_no_more_connections();
}

#[test]
fn an_object_server_may_use_a_private_root() {
    let server = TlsServer::start("the object");
    let url = format!("{}/object-1", server.url());
    let info =
        json!({"headerSignatureInfo": {"resourceUrls": [url], "headers": {"Authorization": "OSS a:b"}}});
    let info: DownloadInfo = serde_json::from_value(info).unwrap();
    let client = server.builder().root_certificates(ROOT).build().unwrap();
    let mut bytes = Vec::new();
    client.download_to(&info, &mut bytes, ..).unwrap();
    assert_eq!(bytes, b"the object");
    assert_eq!(server.next_request(), None);
    let request = server.next_request().unwrap();
    assert!(request.starts_with("GET /object-1 "), "{request}");
    assert!(!request.contains("token-1"), "the token is for the API host: {request}");
    server.assert_no_more_connections();
}

/// Neither of the two handshakes carries a request if the configured root is unrelated.
#[test]
fn only_the_right_root_is_trusted() {
    let server = TlsServer::start("{}");
    let builder = server.builder().root_certificates(CERTIFICATE);
    let error = send(&builder.build().unwrap()).unwrap_err();
    assert!(network(&error).tls && !error.may_have_run(), "{error}");
    assert_eq!((server.next_request(), server.next_request()), (None, None));
    server.assert_no_more_connections();
}

/// The certificate is for `localhost` and `127.0.0.1`, not for every address of this machine. Only Linux has the whole
/// network 127.0.0.0/8 on loopback without configuration.
#[cfg(target_os = "linux")]
#[test]
fn a_certificate_for_another_name_is_refused() {
    let server = TlsServer::start_at("127.0.0.2:0", "{}");
    let builder = server.builder().root_certificates(ROOT);
    let error = send(&builder.build().unwrap()).unwrap_err();
    assert!(network(&error).tls && !error.may_have_run(), "{error}");
    assert_eq!((server.next_request(), server.next_request()), (None, None));
    server.assert_no_more_connections();
}

/// An https URL for a server without TLS is the most common mistake with a gateway. Only a handshake is sent.
#[test]
fn a_server_without_tls_is_not_retried() {
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
    // The same error occurs if a middlebox interferes with a connection (see the next test). Here the body of the
    // request was not read.
    assert!(!error.may_have_run(), "{error}");
}

/// A middlebox injects its page into the connection after the request was sent.
#[test]
fn an_injected_plain_answer_may_follow_a_request_that_ran() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let config = Arc::new(config());
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the root sends no request.
            if read_request(&mut tls).starts_with("POST ") {
                tls.sock.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n<html>blocked").unwrap();
            }
        }
    });
    let builder = Client::builder().access_token("t").base_url(format!("https://{address}")).no_proxy();
    let error = send(&builder.root_certificates(ROOT).build().unwrap()).unwrap_err();
    assert!(error.may_have_run(), "{error}");
    assert_eq!(network(&error).stage, NetworkStage::Answer);
    // The system's library reports only a general error.
    assert_eq!(error.is_transient(), !cfg!(feature = "rustls"), "{error}");
}

/// A client with an https host refuses objects over http, which would reveal the signature to the network.
#[test]
fn an_object_over_http_is_refused() {
    let fake = fake();
    let info = query_info(&fake.client().build().unwrap()).unwrap();
    let before = fake.requests().len();
    let client = Client::builder().access_token("token-1").no_proxy().build().unwrap();
    let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    assert!(error.to_string().contains("it is http"), "{error}");
    assert_eq!(fake.requests().len(), before);
}
