//! TLS according to the enabled features: rustls, the system's library, or none.

pub(crate) use chosen::{Config, check_agent, configs, set};

/// Whether this build supports https.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "rustls", feature = "native-tls"));

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod chosen {
    use std::sync::Arc;

    use ureq::Agent;
    use ureq::config::ConfigBuilder;
    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
    use ureq::typestate::AgentScope;

    use crate::base::error::{Error, Result};

    pub(crate) type Config = TlsConfig;

    /// Returns a configuration with the built-in roots, and another with the caller's own, if any. An agent of ureq
    /// trusts only one of these sets, so two agents are needed to trust both.
    pub(crate) fn configs(roots_pem: &[Vec<u8>]) -> Result<Vec<Config>> {
        let provider = if cfg!(feature = "rustls") { TlsProvider::Rustls } else { TlsProvider::NativeTls };
        // The system's TLS library uses the system's roots.
        let by_system = cfg!(feature = "platform-verifier") || provider == TlsProvider::NativeTls;
        let built_in = if by_system { RootCerts::PlatformVerifier } else { RootCerts::WebPki };
        let with = |roots| TlsConfig::builder().provider(provider).root_certs(roots).build();
        let mut configs = vec![with(built_in)];
        if !roots_pem.is_empty() {
            configs.push(with(RootCerts::Specific(Arc::new(read_roots(roots_pem)?))));
        }
        Ok(configs)
    }

    fn read_roots(roots_pem: &[Vec<u8>]) -> Result<Vec<Certificate<'static>>> {
        let mut roots = Vec::new();
        for pem in roots_pem {
            let before = roots.len();
            for item in parse_pem(pem) {
                match item {
                    Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
                    Ok(_) => {}
                    Err(_) => {
                        return Err(Error::Config("the root certificates are not valid PEM".to_owned()));
                    }
                }
            }
            if roots.len() == before {
                let text = "the root certificates contain no CERTIFICATE block; PEM text is expected";
                return Err(Error::Config(text.to_owned()));
            }
        }
        Ok(roots)
    }

    pub(crate) fn set(agent: ConfigBuilder<AgentScope>, tls: &Config) -> ConfigBuilder<AgentScope> {
        agent.tls_config(tls.clone())
    }

    /// Checks the TLS provider of a caller's agent: ureq panics on https if the provider was not compiled in.
    pub(crate) fn check_agent(agent: &Agent) -> Result<()> {
        let missing = match agent.config().tls_config().provider() {
            TlsProvider::Rustls if !cfg!(feature = "rustls") => "rustls",
            TlsProvider::NativeTls if !cfg!(feature = "native-tls") => "native-tls",
            _ => return Ok(()),
        };
        Err(Error::Config(format!(
            "your agent's TLS provider is {missing}: enable the feature `{missing}` of dingtalk-files, or set another provider on the agent"
        )))
    }
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
mod chosen {
    use ureq::Agent;
    use ureq::config::ConfigBuilder;
    use ureq::typestate::AgentScope;

    use crate::base::error::{Error, Result};

    /// Nothing to configure.
    pub(crate) struct Config;

    pub(crate) fn configs(roots_pem: &[Vec<u8>]) -> Result<Vec<Config>> {
        if roots_pem.is_empty() {
            return Ok(vec![Config]);
        }
        Err(Error::Config(
            "root certificates need TLS: enable the feature `rustls` or `native-tls`".to_owned(),
        ))
    }

    pub(crate) fn set(agent: ConfigBuilder<AgentScope>, _tls: &Config) -> ConfigBuilder<AgentScope> {
        agent
    }

    #[expect(clippy::unnecessary_wraps, reason = "the signature of the TLS builds")]
    pub(crate) fn check_agent(_agent: &Agent) -> Result<()> {
        Ok(())
    }
}
