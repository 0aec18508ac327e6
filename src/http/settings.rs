//! The caller's settings of the network, and the agents they make.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;

use super::agents::{AgentSet, AgentSets, Recipe, finite};
use super::tls;
use crate::base::error::{Error, Result};
use crate::object::MAX_PARALLEL;

/// Everything about connections that a caller can choose.
#[derive(Default)]
pub(crate) struct NetworkSettings {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) stall_timeout: Option<Duration>,
    pub(crate) proxy: Option<ProxyChoice>,
    pub(crate) roots_pem: Vec<Vec<u8>>,
    /// A ready-made agent. Most of the others belong on it.
    pub(crate) agent: Option<Agent>,
}

pub(crate) enum ProxyChoice {
    None,
    Url(String),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Input and output buffer of a connection, which zeroes both when it is made. To carry a body they are large, though not so
/// large that 8 connections would need more than 10 MiB; to send one, ureq needs both. Neither grows: the input buffer has
/// room for a whole answer head (32 KiB are fine), and a longer line of a request gets a connection with more
/// ([`AgentSet::run`]).
const API_BUFFERS: (usize, usize) = (SMALL_BUFFER + HEAD_ROOM, SMALL_BUFFER);
/// TLS has two of each, and gives 16 KiB at a time.
const GET_BUFFERS: (usize, usize) = (LARGE_BUFFER, SMALL_BUFFER);
/// Without TLS it is a call of the system for each read, and often a sleep before it (`docs/performance.md`).
const PLAIN_GET_BUFFERS: (usize, usize) = (4 * LARGE_BUFFER, SMALL_BUFFER);
const PUT_BUFFERS: (usize, usize) = (LARGE_BUFFER, LARGE_BUFFER);
const SMALL_BUFFER: usize = 16 * 1024;
const LARGE_BUFFER: usize = 128 * 1024;
const HEAD_ROOM: usize = 20 * 1024;

/// An answer head that comes in drips ends with this many stall limits, however many 1xx answers it begins with: ureq skips
/// them without a word, so that they cannot be counted.
const HEAD_STALLS: u32 = 16;

impl NetworkSettings {
    /// `is_https` of the base URL: objects come over plain HTTP only where the API does.
    pub(crate) fn agents(&self, is_https: bool) -> Result<AgentSets> {
        let is_zero = |limit: Option<Duration>| limit.is_some_and(|d| d.is_zero());
        if is_zero(self.connect_timeout) || is_zero(self.stall_timeout) {
            return Err(zero_timeout());
        }
        let known = Arc::default();
        let stall = finite(self.stall_timeout.unwrap_or(STALL_TIMEOUT));
        if let Some(agent) = &self.agent {
            let has_proxy = matches!(self.proxy, Some(ProxyChoice::Url(_)));
            if self.connect_timeout.is_some() || has_proxy || !self.roots_pem.is_empty() {
                return Err(config(
                    "connect timeout, proxy and root certificates belong on your own agent: set them there",
                ));
            }
            tls::check_agent(agent)?;
            let recipe = Recipe { stall, no_proxy: self.proxy.is_some(), is_own: false };
            let set = || AgentSet::new(vec![agent.clone()], recipe, &known);
            return Ok(AgentSets { api: set(), get: set(), put: set() });
        }
        let proxy = match &self.proxy {
            None => ureq::Proxy::try_from_env().map(|proxy| usable(proxy, FROM_ENVIRONMENT)).transpose()?,
            Some(ProxyChoice::None) => None,
            Some(ProxyChoice::Url(url)) => Some(read_proxy(url)?),
        };
        let tls = tls::configs(&self.roots_pem)?;
        let set = |buffers| {
            let agents = tls.iter().map(|tls| self.own_agent(buffers, stall, proxy.as_ref(), tls));
            AgentSet::new(agents.collect(), Recipe { stall, no_proxy: false, is_own: true }, &known)
        };
        let get_buffers = if is_https { GET_BUFFERS } else { PLAIN_GET_BUFFERS };
        Ok(AgentSets { api: set(API_BUFFERS), get: set(get_buffers), put: set(PUT_BUFFERS) })
    }

    fn own_agent(
        &self,
        (input, output): (usize, usize),
        stall: Option<Duration>,
        proxy: Option<&ureq::Proxy>,
        tls: &tls::Config,
    ) -> Agent {
        let connect = finite(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
        let config = Agent::config_builder()
            // Error bodies say what is wrong; ureq would throw them away.
            .http_status_as_error(false)
            // A redirect would carry our headers to another place, and turn a PUT into a GET.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy.cloned())
            .timeout_resolve(connect)
            .timeout_connect(connect)
            .timeout_per_read(stall)
            .timeout_per_write(stall)
            .timeout_recv_response(stall.map(|limit| limit.saturating_mul(HEAD_STALLS)).and_then(finite))
            .input_buffer_size(input)
            .output_buffer_size(output)
            // As many as a parallel transfer has: with fewer, each part would need a new connection.
            .max_idle_connections(2 * MAX_PARALLEL)
            .max_idle_connections_per_host(MAX_PARALLEL);
        tls::set(config, tls).build().new_agent()
    }
}

pub(crate) fn zero_timeout() -> Error {
    config("a timeout of zero lets nothing through; leave it out for the default")
}

fn config(what: &str) -> Error {
    Error::Config(what.to_owned())
}

/// A proxy URL may hold a password, so no message repeats it.
fn read_proxy(url: &str) -> Result<ureq::Proxy> {
    let proxy = ureq::Proxy::new(url).map_err(|_| {
        config("the proxy is no URL like http://user:password@host:port or socks5://host:port")
    })?;
    usable(proxy, "")
}

/// A proxy that the program does not name is the environment's, which the reader would not guess.
const FROM_ENVIRONMENT: &str = " (it is the environment's: see ALL_PROXY, HTTPS_PROXY and HTTP_PROXY; to do without, `ClientBuilder::no_proxy`)";

/// ureq would go around one that it cannot use.
fn usable(proxy: ureq::Proxy, origin: &str) -> Result<ureq::Proxy> {
    let is_socks = !matches!(proxy.protocol(), ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https);
    if is_socks && !cfg!(feature = "socks-proxy") {
        return Err(Error::Config(format!(
            "a SOCKS proxy needs the feature `socks-proxy` of dingtalk-files{origin}"
        )));
    }
    if proxy.protocol() == ureq::ProxyProtocol::Https && !tls::AVAILABLE {
        return Err(Error::Config(format!(
            "an https proxy needs TLS: enable the feature `rustls` or `native-tls` of dingtalk-files{origin}"
        )));
    }
    Ok(proxy)
}

#[cfg(all(test, not(feature = "socks-proxy")))]
mod tests {
    use super::*;

    #[test]
    fn socks_needs_its_feature_in_the_environment_too() {
        let proxy = ureq::Proxy::new("socks5://h:1").unwrap();
        let text = usable(proxy, FROM_ENVIRONMENT).unwrap_err().to_string();
        assert!(
            text.contains("`socks-proxy`") && text.contains("ALL_PROXY") && text.contains("no_proxy"),
            "{text}"
        );
    }
}
