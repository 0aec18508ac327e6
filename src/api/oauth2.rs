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
    #[serde(alias = "access_token")]
    pub access_token: Secret,
    /// Life in seconds, usually 7200. Asking again before the end returns the same token and renews it.
    #[serde(alias = "expires_in", default = "documented_life", deserialize_with = "null_is_documented_life")]
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

/// The one kind of grant there is for an app.
const GRANT_TYPE: &str = "client_credentials";

#[derive(Serialize)]
struct GetTokenBody<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    grant_type: &'static str,
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

    /// Gets the access token of an app for one organisation.
    ///
    /// `GetToken`, documented under [api-gettoken](https://open.dingtalk.com/document/orgapp/api-gettoken).
    /// Permission: `qyapi_base`, which every app has. Internal and ISV apps.
    ///
    /// The vendor means it to succeed the calls for each kind of app, such as
    /// [`get_access_token`](Self::get_access_token). The organisation is the one the app runs in; for an ISV app it is the
    /// one that has authorised it, so each of them has a token of its own. The client does not do this by itself: an ISV
    /// app hands it to [`token_source`](crate::ClientBuilder::token_source) or
    /// [`access_token`](crate::ClientBuilder::access_token).
    ///
    /// The answer is not cached here, and the client's own token is not touched.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::from_env()?;
    /// let token = client.oauth2().get_token("corp-1", "client-id", "client-secret")?;
    /// let of_corp_1 = Client::builder().access_token(token.access_token).build()?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `invalid.client` when id and secret do not belong together; `unauthorized.client`; `unsupported.grant.type`; `server.error`.
    #[inline]
    pub fn get_token(&self, corp_id: &str, client_id: &str, client_secret: &str) -> Result<AccessToken> {
        let path = [corp_id];
        let call = Call::new("POST /v1.0/oauth2/{corpId}/token", &path)
            .json(&GetTokenBody { client_id, client_secret, grant_type: GRANT_TYPE })?
            .repeatable();
        self.client.call(&call.without_token(&[client_secret]))
    }
}
