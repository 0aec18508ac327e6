//! Classifies ureq's errors: whether anything was sent, and whether a retry can help. Pure.

use std::error::Error as StdError;
use std::{fmt, io};

use ureq::Timeout;

use super::request::{HttpRequest, Sent};
use crate::base::clock::TimeLeft;
use crate::base::error::{Error, NetworkError, NetworkStage, OverallTimeout};

/// The process cannot start a thread to look up a name.
#[derive(Debug)]
pub(super) struct NoThread;

impl fmt::Display for NoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process cannot start a thread, which a name lookup with a time limit needs")
    }
}

impl StdError for NoThread {}

/// Returns whether the TLS handshake failed. Nothing of the request was sent, and a retry would fail again.
fn is_handshake_error(e: &ureq::Error) -> bool {
    match e {
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => true,
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(_) => true,
        #[cfg(feature = "rustls")]
        ureq::Error::Io(e) => matches!(
            rustls_error(e),
            Some(
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::PeerIncompatible(_)
            )
        ),
        _ => false,
    }
}

/// Returns whether the peer does not speak TLS: a server without TLS, or a device in between, perhaps after the request
/// was sent.
fn is_no_tls(e: &ureq::Error) -> bool {
    match e {
        #[cfg(feature = "rustls")]
        ureq::Error::Io(e) => matches!(rustls_error(e), Some(rustls::Error::InvalidMessage(_))),
        _ => false,
    }
}

/// Returns whether the handshake failed because the certificate is not trusted, so that another set of roots may work.
/// native-tls does not report the reason, so any of its errors counts.
pub(super) fn is_untrusted(e: &ureq::Error) -> bool {
    match e {
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(_) => true,
        #[cfg(feature = "rustls")]
        ureq::Error::Io(e) => matches!(rustls_error(e), Some(rustls::Error::InvalidCertificate(_))),
        _ => false,
    }
}

#[cfg(feature = "rustls")]
fn rustls_error(e: &io::Error) -> Option<&rustls::Error> {
    e.get_ref()?.downcast_ref()
}

/// Returns whether ureq raises this error only before it has a connection, or while it makes one.
///
/// Only a connect can be refused. An unreachable host or network does not count: an established connection may report
/// it too, in the middle of sending.
pub(super) fn is_before_sending(e: &ureq::Error) -> bool {
    use ureq::Error as U;
    match e {
        U::HostNotFound
        | U::ConnectionFailed
        | U::ConnectProxyFailed(_)
        | U::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        U::Io(e) => {
            e.kind() == io::ErrorKind::ConnectionRefused || is_lookup_error(e) || is_out_of_descriptors(e)
        }
        U::Other(e) => e.is::<NoThread>(),
        _ => is_handshake_error(e) || is_refused(e),
    }
}

/// Returns whether the peer closed the connection before it sent an answer.
pub(super) fn is_closed(e: &ureq::Error) -> bool {
    use io::ErrorKind as K;
    let kinds = [K::UnexpectedEof, K::ConnectionReset, K::ConnectionAborted, K::BrokenPipe];
    matches!(e, ureq::Error::Io(e) if kinds.contains(&e.kind()))
}

/// Returns whether the agent itself refuses the request, so that a retry cannot help.
fn is_refused(e: &ureq::Error) -> bool {
    use ureq::Error as U;
    matches!(e, U::BadUri(_) | U::RequireHttpsOnly(_) | U::InvalidProxyUrl | U::Http(_))
}

/// Converts ureq's error to this crate's. `sent` is the part of the request that is known to have been sent.
pub(super) fn network(request: &HttpRequest<'_>, sent: Sent, e: ureq::Error) -> Error {
    use ureq::Error as U;
    let stage = match sent {
        Sent::No => NetworkStage::Connect,
        Sent::Unknown if is_before_sending(&e) => NetworkStage::Connect,
        Sent::Unknown | Sent::Yes => NetworkStage::Answer,
        Sent::Answered => NetworkStage::Body,
    };
    let tls = is_handshake_error(&e) || is_no_tls(&e);
    let hopeless = tls || is_refused(&e);
    let timed_out =
        matches!(&e, U::Timeout(_)) || matches!(&e, U::Io(e) if e.kind() == io::ErrorKind::TimedOut);
    // ureq's texts for the first two would repeat the URL, including its query.
    let cause: Box<dyn std::error::Error + Send + Sync> = match e {
        U::BadUri(_) => "the URL is invalid".into(),
        U::RequireHttpsOnly(_) => "the agent allows https only".into(),
        U::TlsRequired => "https needs TLS, which this build does not have".into(),
        U::Timeout(Timeout::Global) => over(request.time_left),
        U::Other(e) if e.is::<NoThread>() => e,
        other => Box::new(other),
    };
    let error = NetworkError::new(request.operation, request.url, stage, cause);
    NetworkError { timed_out, tls, hopeless, reads: request.reads, ..error }.into()
}

/// Returns a cause in place of ureq's "timeout: global". This crate's agents have no such limit, so it is the
/// operation's or that of a caller's agent.
pub(super) fn over(time_left: Option<TimeLeft>) -> Box<dyn StdError + Send + Sync> {
    match time_left {
        Some(TimeLeft { limit, name, .. }) => Box::new(OverallTimeout { limit, name }),
        None => "the time that the agent allows for a whole call is over".into(),
    }
}

/// Returns whether a name did not resolve. The standard library has no error kind for that, and on Unix no OS error.
/// The function checks the beginning of the text, and on Windows the range of codes.
fn is_lookup_error(e: &io::Error) -> bool {
    let is_lookup = e.to_string().starts_with("failed to lookup address information");
    is_lookup || (cfg!(windows) && matches!(e.raw_os_error(), Some(11001..=11004)))
}

/// Returns whether the process or the machine is out of file descriptors. Only opening a connection or a file fails
/// this way.
fn is_out_of_descriptors(e: &io::Error) -> bool {
    // EMFILE and ENFILE; WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[24, 23] };
    e.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs;

    use ureq::http::HeaderMap;

    use super::*;

    fn fails(sent: Sent, error: ureq::Error) -> NetworkError {
        let request = HttpRequest {
            operation: "POST /x",
            reads: false,
            method: "POST",
            url: "https://h/?planted",
            headers: HeaderMap::new(),
            time_left: None,
            answer_limit: None,
            is_fresh: false,
        };
        match network(&request, sent, error) {
            Error::Network(e) => *e,
            other => panic!("{other}"),
        }
    }

    /// (ureq's error, a request without a body counts as not sent, a limit ran out, a retry cannot help)
    #[test]
    fn ureqs_errors_are_classified_by_stage_timeout_and_retry() {
        use ureq::Error as U;
        let io = |kind| U::Io(io::Error::from(kind));
        // A name with an empty label is invalid, so no server is queried.
        let lookup = || U::Io(("a..b", 1).to_socket_addrs().unwrap_err());
        let table: [(&dyn Fn() -> U, bool, bool, bool); 23] = [
            (&lookup, true, false, false),
            (&|| U::HostNotFound, true, false, false),
            (&|| U::ConnectionFailed, true, false, false),
            (&|| U::ConnectProxyFailed("407".to_owned()), true, false, false),
            (&|| io(io::ErrorKind::ConnectionRefused), true, false, false),
            (&|| U::Other(Box::new(NoThread)), true, false, false),
            #[cfg(unix)]
            (&|| U::Io(io::Error::from_raw_os_error(24)), true, false, false),
            (&|| io(io::ErrorKind::NetworkUnreachable), false, false, false),
            (&|| io(io::ErrorKind::HostUnreachable), false, false, false),
            (&|| io(io::ErrorKind::NetworkDown), false, false, false),
            (&|| io(io::ErrorKind::AddrNotAvailable), false, false, false),
            (&|| io(io::ErrorKind::NotConnected), false, false, false),
            (&|| U::Timeout(Timeout::Resolve), true, true, false),
            (&|| U::Timeout(Timeout::Connect), true, true, false),
            (&|| U::Timeout(Timeout::PerRead), false, true, false),
            (&|| U::Timeout(Timeout::Global), false, true, false),
            (&|| io(io::ErrorKind::TimedOut), false, true, false),
            (&|| io(io::ErrorKind::ConnectionReset), false, false, false),
            (&|| io(io::ErrorKind::UnexpectedEof), false, false, false),
            (&|| U::TlsRequired, true, false, true),
            (&|| U::InvalidProxyUrl, true, false, true),
            (&|| U::RequireHttpsOnly("http://h/?planted".to_owned()), true, false, true),
            (&|| U::BadUri("planted".to_owned()), true, false, true),
        ];
        for (error, unsent, timed_out, hopeless) in table {
            let text = format!("{:?}", error());
            let unknown = if unsent { NetworkStage::Connect } else { NetworkStage::Answer };
            for (sent, stage) in [
                (Sent::Unknown, unknown),
                // In these cases the stage does not depend on the error.
                (Sent::No, NetworkStage::Connect),
                (Sent::Yes, NetworkStage::Answer),
                (Sent::Answered, NetworkStage::Body),
            ] {
                let ours = fails(sent, error());
                let expected = (stage, timed_out, hopeless, stage != NetworkStage::Connect);
                let seen = (ours.stage, ours.timed_out, ours.hopeless, ours.may_have_run());
                assert_eq!(seen, expected, "{text} {sent:?}");
                assert!(!format!("{ours} {ours:?}").contains("planted"), "{text}");
            }
        }
    }
}
