//! What it means when ureq fails: was anything sent, is there hope. Pure.

use std::io;

use ureq::Timeout;

use crate::base::error::{NetworkError, NetworkStage};
use crate::base::secret::host_of;

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

/// What came is no TLS: from a server without it, or from something in between, which may be after the request was sent.
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

/// ureq's error as ours. `reached` is how far the request got if the error itself does not tell.
pub(super) fn network(
    operation: &'static str,
    url: &str,
    reached: NetworkStage,
    e: ureq::Error,
) -> NetworkError {
    use ureq::Error as U;
    let in_handshake = is_handshake_error(&e);
    let tls = in_handshake || is_no_tls(&e);
    // Refused by the agent itself, now and ever.
    let refused = matches!(&e, U::BadUri(_) | U::RequireHttpsOnly(_) | U::InvalidProxyUrl | U::Http(_));
    let unconnected = match &e {
        U::HostNotFound
        | U::ConnectionFailed
        | U::ConnectProxyFailed(_)
        | U::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        // Only a connect is refused, or finds no way.
        U::Io(e) => is_connect_error(e.kind()) || is_lookup_error(e),
        _ => false,
    };
    // What has come so far came over a connection.
    let is_before = reached != NetworkStage::Body && (unconnected || in_handshake || refused);
    let stage = if is_before { NetworkStage::Connect } else { reached };
    let timed_out =
        matches!(&e, U::Timeout(_)) || matches!(&e, U::Io(e) if e.kind() == io::ErrorKind::TimedOut);
    // These two would repeat the URL, and with it a query.
    let cause: Box<dyn std::error::Error + Send + Sync> = match e {
        U::BadUri(_) => "the URL makes no sense".into(),
        U::RequireHttpsOnly(_) => "the agent allows https only".into(),
        U::TlsRequired => "https needs TLS, which this build does not have".into(),
        other => Box::new(other),
    };
    NetworkError {
        operation,
        host: host_of(url).to_owned(),
        stage,
        timed_out,
        tls,
        hopeless: tls || refused,
        cause,
    }
}

/// A name that does not resolve. The standard library has neither a kind nor, on unix, an OS error for that; this is
/// the beginning of its text, and on Windows the range of codes.
fn is_lookup_error(e: &io::Error) -> bool {
    let told = e.to_string().starts_with("failed to lookup address information");
    told || (cfg!(windows) && matches!(e.raw_os_error(), Some(11001..=11004)))
}

fn is_connect_error(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::NotConnected
    )
}

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs;

    use super::*;

    /// (what ureq says, nothing was sent, a limit ran out, trying again is no use)
    #[test]
    fn the_table_of_ureqs_errors() {
        use ureq::Error as U;
        let io = |kind| U::Io(io::Error::from(kind));
        // No name has an empty label, so no server is asked.
        let lookup = ("a..b", 1).to_socket_addrs().unwrap_err();
        let table = [
            (U::Io(lookup), true, false, false),
            (U::HostNotFound, true, false, false),
            (U::ConnectionFailed, true, false, false),
            (U::ConnectProxyFailed("407".to_owned()), true, false, false),
            (io(io::ErrorKind::ConnectionRefused), true, false, false),
            (io(io::ErrorKind::NetworkUnreachable), true, false, false),
            (U::Timeout(Timeout::Resolve), true, true, false),
            (U::Timeout(Timeout::Connect), true, true, false),
            (U::Timeout(Timeout::PerRead), false, true, false),
            (U::Timeout(Timeout::Global), false, true, false),
            (io(io::ErrorKind::TimedOut), false, true, false),
            (io(io::ErrorKind::ConnectionReset), false, false, false),
            (io(io::ErrorKind::UnexpectedEof), false, false, false),
            (U::TlsRequired, true, false, true),
            (U::InvalidProxyUrl, true, false, true),
            (U::RequireHttpsOnly("http://h/?planted".to_owned()), true, false, true),
            (U::BadUri("planted".to_owned()), true, false, true),
        ];
        for (error, unsent, timed_out, hopeless) in table {
            let text = format!("{error:?}");
            let ours = network("POST /x", "https://h/?planted", NetworkStage::Answer, error);
            let stage = if unsent { NetworkStage::Connect } else { NetworkStage::Answer };
            assert_eq!((ours.stage, ours.timed_out, ours.hopeless), (stage, timed_out, hopeless), "{text}");
            assert!(!format!("{ours} {ours:?}").contains("planted"), "{text}");
        }
    }
}
