//! Configuration by environment variables.

use super::addresses::check_api_url;
use super::{ClientBuilder, check_auth, config};
use crate::base::error::{Error, Result};
use crate::client::Client;

const BASE_URL_VAR: &str = "DINGTALK_BASE_URL";

impl Client {
    /// Builds a client from environment variables, for utilities.
    ///
    /// The credentials are `DINGTALK_ACCESS_TOKEN`, or else `DINGTALK_APP_KEY` and `DINGTALK_APP_SECRET`.
    /// `DINGTALK_BASE_URL` replaces the default host, `https://api.dingtalk.com`. An empty variable counts as absent,
    /// and white space around a value is removed. Proxies are read from `HTTPS_PROXY` and its relatives, as always.
    ///
    /// ```no_run
    /// let client = dingtalk_files::Client::from_env()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config), naming the variables that are missing or invalid.
    #[inline]
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// Returns a builder with the credentials and the base URL of the environment, for further settings.
    ///
    /// The variables are those of [`Client::from_env`]. Credentials that the program sets itself, such as a
    /// [`token_source`](Self::token_source), replace those of the environment.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dingtalk_files::ClientBuilder;
    ///
    /// let client = ClientBuilder::from_env()?.stall_timeout(Duration::from_secs(10)).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config), naming a variable that is invalid, or the missing one of `DINGTALK_APP_KEY`
    /// and `DINGTALK_APP_SECRET`. If no credentials are set at all, [`build`](Self::build) reports it, unless the program
    /// sets its own.
    #[inline]
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Configures a client from the variables of [`Client::from_env`].
    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let var = |name: &str| var(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let (builder, credentials) =
            match (var("DINGTALK_ACCESS_TOKEN"), var("DINGTALK_APP_KEY"), var("DINGTALK_APP_SECRET")) {
                (Some(token), _, _) => (Self::new().access_token(token), "DINGTALK_ACCESS_TOKEN"),
                // `build` reports it, unless the program sets others.
                (None, None, None) => (Self::new(), ""),
                (None, Some(key), Some(secret)) => {
                    (Self::new().app(key, secret), "DINGTALK_APP_KEY, DINGTALK_APP_SECRET")
                }
                (None, Some(_), None) => {
                    return Err(config("DINGTALK_APP_KEY is set, but DINGTALK_APP_SECRET is not"));
                }
                (None, None, Some(_)) => {
                    return Err(config("DINGTALK_APP_SECRET is set, but DINGTALK_APP_KEY is not"));
                }
            };
        let builder = match var(BASE_URL_VAR) {
            Some(url) => builder.base_url(url),
            None => builder,
        };
        // `build` reports the same problems, but cannot name the variable.
        builder.auth.as_ref().map_or(Ok(()), check_auth).map_err(|e| named(credentials, e))?;
        check_api_url(&builder.base_url).map_err(|e| named(BASE_URL_VAR, e))?;
        Ok(Self { is_auth_replaceable: true, ..builder })
    }
}

/// Adds the environment variable to a configuration error.
#[inline]
fn named(variable: &str, error: Error) -> Error {
    match error {
        Error::Config(what) => config(format!("{variable}: {what}")),
        other => other,
    }
}
