//! The meaning of ureq's errors: whether anything was sent, and whether to try again. Pure.

use std::error::Error as StdError;
use std::{fmt, io};

use ureq::Timeout;

use super::request::{HttpRequest, Sent};
use crate::base::clock::TimeLeft;
use crate::base::error::{Error, NetworkError, NetworkStage, OverallTimeout};

/// No thread can be started to look a name up.
#[derive(Debug)]
pub(super) struct NoThread;

impl fmt::Display for NoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process can start no thread, which looking a name up within a time needs")
    }
}

impl StdError for NoThread {}

/// The TLS handshake failed: nothing of the request was sent, and trying again would fail again.
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

/// The peer does not speak TLS: a server without it, or something in between, perhaps after the request was sent.
fn is_no_tls(e: &ureq::Error) -> bool {
    match e {
        #[cfg(feature = "rustls")]
        ureq::Error::Io(e) => matches!(rustls_error(e), Some(rustls::Error::InvalidMessage(_))),
        _ => false,
    }
}

/// The handshake failed for want of trust (native-tls does not tell why): another set of roots may be tried.
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

/// ureq raises this before it has a connection, or in making one, and never after.
///
/// Only a connect is refused. That a host or a network cannot be reached, an established connection may find out too, in the
/// midst of what it sends.
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

/// The peer ended the connection before it said anything.
pub(super) fn is_closed(e: &ureq::Error) -> bool {
    use io::ErrorKind as K;
    let kinds = [K::UnexpectedEof, K::ConnectionReset, K::ConnectionAborted, K::BrokenPipe];
    matches!(e, ureq::Error::Io(e) if kinds.contains(&e.kind()))
}

/// Refused by the agent itself, now and ever.
fn is_refused(e: &ureq::Error) -> bool {
    use ureq::Error as U;
    matches!(e, U::BadUri(_) | U::RequireHttpsOnly(_) | U::InvalidProxyUrl | U::Http(_))
}

/// ureq's error as ours. `sent` is what is known of the request by itself.
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
    // These two would repeat the URL, and with it a query.
    let cause: Box<dyn std::error::Error + Send + Sync> = match e {
        U::BadUri(_) => "the URL makes no sense".into(),
        U::RequireHttpsOnly(_) => "the agent allows https only".into(),
        U::TlsRequired => "https needs TLS, which this build does not have".into(),
        U::Timeout(Timeout::Global) => over(request.time_left),
        U::Other(e) if e.is::<NoThread>() => e,
        other => Box::new(other),
    };
    let error = NetworkError::new(request.operation, request.url, stage, cause);
    NetworkError { timed_out, tls, hopeless, reads: request.reads, ..error }.into()
}

/// In place of ureq's "timeout: global". No agent of ours has such a limit: it is the operation's.
pub(super) fn over(time_left: Option<TimeLeft>) -> Box<dyn StdError + Send + Sync> {
    match time_left {
        Some(TimeLeft { limit, name, .. }) => Box::new(OverallTimeout { limit, name }),
        None => "the time that the agent allows for a whole call is over".into(),
    }
}

/// A name that does not resolve. The standard library has neither a kind nor, on unix, an OS error for that; this is
/// the beginning of its text, and on Windows the range of codes.
fn is_lookup_error(e: &io::Error) -> bool {
    let told = e.to_string().starts_with("failed to lookup address information");
    told || (cfg!(windows) && matches!(e.raw_os_error(), Some(11001..=11004)))
}

/// Only what opens something runs into this: the process's limit, or the machine's.
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

    /// (what ureq says, without a body that is known to come before anything was sent, a limit ran out, trying again is no
    /// use)
    #[test]
    fn the_table_of_ureqs_errors() {
        use ureq::Error as U;
        let io = |kind| U::Io(io::Error::from(kind));
        // No name has an empty label, so no server is asked.
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
                // Here the error is not asked.
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
