//! Access tokens.

use serde::{Deserialize, Deserializer, Serialize};

use crate::call::Call;
use crate::{Result, Secret};

super::group! {
    /// The operations of `oauth2`. From [`Client::oauth2`](crate::Client::oauth2).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let oauth2 = client.oauth2();
    /// # let _ = oauth2;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Oauth2
}

/// An access token and how long it lives.
///
/// ```
/// use dingtalk_files::AccessToken;
///
/// let token: AccessToken = serde_json::from_str(r#"{"accessToken": "t-1", "expireIn": 7200}"#)?;
/// assert_eq!(token.access_token.expose(), "t-1");
/// assert!(!format!("{token:?}").contains("t-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessToken {
    /// The token. Good for every API call of the app until it expires.
    pub access_token: Secret,
    /// Life in seconds, usually 7200. Asking again before the end returns the same token and renews it.
    #[serde(default = "documented_life", deserialize_with = "null_is_documented_life")]
    pub expire_in: u64,
}

fn documented_life() -> u64 {
    7200
}

fn null_is_documented_life<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Option::deserialize(deserializer).map(|life| life.unwrap_or_else(documented_life))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetAccessTokenBody<'a> {
    app_key: &'a str,
    app_secret: &'a str,
}

impl Oauth2<'_> {
    /// Gets the access token of an internal app.
    ///
    /// The client does this by itself when it was built with [`app`](crate::ClientBuilder::app); call it to hand a
    /// token to another program.
    ///
    /// `GetAccessToken`, documented under
    /// [obtain-the-access-token-of-an-internal-app](https://open.dingtalk.com/document/orgapp/obtain-the-access-token-of-an-internal-app).
    /// Permission: `qyapi_base`, which every app has. Internal apps only.
    ///
    /// The answer is not cached here, and the client's own token is not touched.
    ///
    /// ```no_run
    /// let client = dingtalk_files::Client::from_env()?;
    /// let token = client.oauth2().get_access_token("app-key", "app-secret")?;
    /// println!("good for {} seconds", token.expire_in);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `invalidClientIdOrSecret` when key and secret do not belong together, or belong to the other host
    /// (`.com` and `.io` do not know each other's apps).
    #[inline]
    pub fn get_access_token(&self, app_key: &str, app_secret: &str) -> Result<AccessToken> {
        let call = Call::new("POST /v1.0/oauth2/accessToken", &[])
            .json(&GetAccessTokenBody { app_key, app_secret })?
            .repeatable();
        self.client.call(&call.without_token(&[app_secret]))
    }
}
