//! The addresses of DingTalk's hosts, and the checks of a base URL. Pure.

use ureq::http::Uri;

use crate::base::error::{Error, Result};
use crate::base::secret::host_of;

pub(super) const BASE_URL: &str = "https://api.dingtalk.com";
pub(super) const INTERNATIONAL_BASE_URL: &str = "https://api.dingtalk.io";
const INTERNATIONAL_OAPI_BASE_URL: &str = "https://oapi.dingtalk.io";
const OAPI_BASE_URL: &str = "https://oapi.dingtalk.com";

/// Checks a base URL. Returns its scheme, host, and port and path if any, without a trailing slash.
pub(super) fn check_base_url(url: &str) -> Result<String> {
    let trimmed = url.trim().trim_end_matches('/');
    let problem =
        |what: &str| Error::Config(format!("the base URL {what}; expected something like {BASE_URL}"));
    let parsed: Uri = trimmed.parse().map_err(|_| problem("is not a URL"))?;
    if !matches!(parsed.scheme_str(), Some("https" | "http")) {
        return Err(problem("begins with neither https:// nor http://"));
    }
    if parsed.host().is_none_or(str::is_empty) {
        return Err(problem("has no host"));
    }
    if parsed.query().is_some() || trimmed.contains(['#', '@']) {
        return Err(problem("must have no query, fragment or user"));
    }
    let (scheme, rest) = trimmed.split_once("://").ok_or_else(|| problem("is not a URL"))?;
    Ok(format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

/// Checks the base URL of the API host, whose routes are known.
pub(super) fn check_api_url(url: &str) -> Result<String> {
    let url = check_base_url(url)?;
    if url.ends_with("/v1.0") || url.ends_with("/v2.0") {
        return Err(Error::Config(
            "the base URL must end before /v1.0 or /v2.0; every route begins with one of them".to_owned(),
        ));
    }
    let host = host_of(&url).to_ascii_lowercase();
    // The old host returns status 200 for an unknown route.
    if let Some(old @ ("oapi.dingtalk.com" | "oapi.dingtalk.io")) = host.split(':').next() {
        return Err(Error::Config(format!(
            "{old} is the old host, which `oapi_base_url` names; leave the base URL out, or use {BASE_URL}"
        )));
    }
    Ok(url)
}

pub(super) fn is_https(url: &str) -> bool {
    url.starts_with("https:")
}

/// Returns the old-style host that belongs to an API host.
pub(super) fn old_host_of(base_url: &str) -> String {
    // Host names are case-insensitive, and the URL may spell out the default port of https.
    let plain = base_url.to_ascii_lowercase();
    let old = match plain.strip_suffix(":443").unwrap_or(&plain) {
        BASE_URL => OAPI_BASE_URL,
        INTERNATIONAL_BASE_URL => INTERNATIONAL_OAPI_BASE_URL,
        _ => base_url,
    };
    old.to_owned()
}
