//! The caller's network settings, and the agents built from them.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;

use super::agents::{AgentSet, AgentSets, Recipe, finite};
use super::tls;
use crate::base::error::{Error, Result};
use crate::object::MAX_PARALLEL;

/// Connection settings that a caller can choose.
#[derive(Default)]
pub(crate) struct NetworkSettings {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) stall_timeout: Option<Duration>,
    pub(crate) proxy: Option<ProxyChoice>,
    pub(crate) roots_pem: Vec<Vec<u8>>,
    /// A ready-made agent. Most of the other settings then belong on the agent.
    pub(crate) agent: Option<Agent>,
}

pub(crate) enum ProxyChoice {
    None,
    Url(String),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Sizes of the input and the output buffer of a connection. A new connection zeroes both.
///
/// Buffers for bodies are large, but 8 connections must not need more than 10 MiB. ureq needs both buffers to send a
/// body. Neither grows: the input buffer has room for a whole answer head (32 KiB are fine), and a request with a
/// longer line gets a connection with a larger output buffer ([`AgentSet::run`]).
const API_BUFFERS: (usize, usize) = (SMALL_BUFFER + HEAD_ROOM, SMALL_BUFFER);
/// A TLS connection has two of each buffer, and returns at most 16 KiB at a time.
const GET_BUFFERS: (usize, usize) = (LARGE_BUFFER, SMALL_BUFFER);
/// Each read without TLS is a system call, often after a sleep (`docs/performance.md`).
const PLAIN_GET_BUFFERS: (usize, usize) = (4 * LARGE_BUFFER, SMALL_BUFFER);
const PUT_BUFFERS: (usize, usize) = (LARGE_BUFFER, LARGE_BUFFER);
const SMALL_BUFFER: usize = 16 * 1024;
const LARGE_BUFFER: usize = 128 * 1024;
const HEAD_ROOM: usize = 20 * 1024;

/// Limit for a whole answer head that arrives slowly, as a multiple of the stall limit. It includes any leading 1xx
/// answers, which ureq skips silently, so that they cannot be counted.
const HEAD_STALLS: u32 = 16;

impl NetworkSettings {
    /// Builds the agents. `is_https` describes the base URL: by default, objects use plain HTTP only if the API does.
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
            // Error bodies state the problem; ureq would discard them.
            .http_status_as_error(false)
            // A redirect would send our headers to another host, and turn a PUT into a GET.
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
            // As many as a parallel transfer uses: with fewer, each part would need a new connection.
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

/// Parses a proxy URL. It may contain a password, so no message repeats it.
fn read_proxy(url: &str) -> Result<ureq::Proxy> {
    let proxy = ureq::Proxy::new(url).map_err(|_| {
        config("the proxy is not a URL like http://user:password@host:port or socks5://host:port")
    })?;
    usable(proxy, "")
}

/// Hint in errors about a proxy that the environment sets, because the reader would not guess its origin.
const FROM_ENVIRONMENT: &str = " (set by the environment: see ALL_PROXY, HTTPS_PROXY and HTTP_PROXY; to use no proxy, call `ClientBuilder::no_proxy`)";

/// Refuses a proxy that this build cannot use, because ureq would silently bypass it.
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
