//! Access tokens.

use crate::base::error::Result;
use crate::client::Client;
use crate::client::token::{self, AccessToken};

super::group! {
    /// Operations of `oauth2`: access tokens. Returned by [`Client::oauth2`](crate::Client::oauth2).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let oauth2 = client.oauth2();
    /// # let _ = oauth2;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Oauth2
}

impl Client {
    /// Returns the operations of `oauth2`: access tokens.
    ///
    /// ```
    /// # use dingtalk_files::testing::FakeDingTalk;
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let token = client.oauth2().get_access_token(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)?;
    /// assert_eq!(token.expire_in, 7200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn oauth2(&self) -> Oauth2<'_> {
        Oauth2::new(self)
    }
}

impl Oauth2<'_> {
    /// Returns the access token of an internal app.
    ///
    /// Calls `GetAccessToken`, documented at
    /// [obtain-the-access-token-of-an-internal-app](https://open.dingtalk.com/document/orgapp/obtain-the-access-token-of-an-internal-app).
    /// Permission: `qyapi_base`, which every app has. Internal apps only.
    ///
    /// A client built with [`app`](crate::ClientBuilder::app) does this automatically. Call this function to pass a
    /// token to another program.
    ///
    /// The token is not cached, and the client's own token does not change.
    ///
    /// ```no_run
    /// let client = dingtalk_files::Client::from_env()?;
    /// let token = client.oauth2().get_access_token("app-key", "app-secret")?;
    /// println!("valid for {} seconds", token.expire_in);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `invalidClientIdOrSecret` if key and secret do not match, or belong to the other host (`.com` and `.io` do not
    /// know each other's apps).
    #[inline]
    pub fn get_access_token(&self, app_key: &str, app_secret: &str) -> Result<AccessToken> {
        self.client.call(&token::get_access_token(app_key, app_secret))
    }

    /// Returns the access token of an app for one organisation.
    ///
    /// Calls `GetToken`, documented at [api-gettoken](https://open.dingtalk.com/document/orgapp/api-gettoken).
    /// Permission: `qyapi_base`, which every app has. Internal and ISV apps.
    ///
    /// The vendor intends this operation to replace the separate calls for each kind of app, such as
    /// [`get_access_token`](Self::get_access_token). The organisation is the one in which the app runs. For an ISV app
    /// it is an organisation that has authorised the app, so the app has one token per organisation. A client of
    /// [`corp_app`](crate::ClientBuilder::corp_app) calls it automatically, and caches and refreshes the token.
    ///
    /// This function does not cache the token, and the client's own token does not change.
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
    /// `invalid.client` if id and secret do not match; `unauthorized.client`; `unsupported.grant.type`; `server.error`.
    #[inline]
    pub fn get_token(&self, corp_id: &str, client_id: &str, client_secret: &str) -> Result<AccessToken> {
        self.client.call(&token::get_token(corp_id, client_id, client_secret))
    }
}
