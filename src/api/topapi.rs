//! The old host, as far as files need it: a person's unionId.

use serde::Deserialize;

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::string_enum;
use crate::base::options::options;
use crate::client::Client;

super::group! {
    /// The operations of the old host, `oapi.dingtalk.com`. From [`Client::topapi`](crate::Client::topapi).
    ///
    /// Its failures come with HTTP 200 and a number, which is the [`code`](crate::Error::code) of the error; the helpers
    /// of [`Error`](crate::Error) know them. It takes the token in the URL: no error and no `Debug` of this crate shows
    /// it, but a gateway of your own may log it, and so does ureq at level `trace`.
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let topapi = client.topapi();
    /// # let _ = topapi;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Topapi
}

impl Client {
    /// The operations of the old host: who a person is.
    ///
    /// ```no_run
    /// # let client = dingtalk_files::Client::from_env()?;
    /// let user = client.topapi().user_get("userid-1", &Default::default())?;
    /// println!("{:?} has the unionId {:?}", user.name, user.unionid);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn topapi(&self) -> Topapi<'_> {
        Topapi::new(self)
    }
}

string_enum! {
    /// In which language names of things are told.
    Language: sent {
        /// Chinese, the default.
        Chinese = "zh_CN",
        /// English.
        English = "en_US",
    }
}

options! {
    /// Optional parameters of [`Topapi::user_get`].
    ///
    /// ```
    /// use dingtalk_files::{Language, UserGet};
    ///
    /// let options = UserGet::new().language(Language::English);
    /// # let _ = options;
    /// ```
    UserGet {
        /// The language of the answer. Default: Chinese.
        language: Language = dingtalk_files::Language::English,
    }
}

/// A person of the organisation, as far as files have to do with people: the vendor answers much more.
///
/// ```
/// let json = r#"{"userid": "user-1", "unionid": "union-1", "name": "Zhang San", "mobile": "not read"}"#;
/// let user: dingtalk_files::User = serde_json::from_str(json)?;
/// assert_eq!(user.unionid.as_deref(), Some("union-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct User {
    /// The id within the organisation: what members of storage 2.0 are called by.
    pub userid: Option<String>,
    /// What nearly every other operation wants as [`UnionId`](crate::UnionId).
    pub unionid: Option<String>,
    /// What the person is called.
    pub name: Option<String>,
}

impl Topapi<'_> {
    /// Asks for a person's unionId by the userid.
    ///
    /// `topapi/v2/user/get`, documented under
    /// [query-user-details](https://open.dingtalk.com/document/orgapp/query-user-details).
    /// Permission: `qyapi_get_member`. Internal and ISV apps.
    ///
    /// A userid is the id within one organisation, which its address book shows and storage 2.0 names members by. Unlike
    /// nearly all others this call does not count against the organisation's monthly number.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId, UserGet};
    ///
    /// let client = Client::from_env()?;
    /// let user = client.topapi().user_get("userid-1", &UserGet::new())?;
    /// let unionid = user.unionid.unwrap_or_default();
    /// client.conv_file().send_by_app("space-1", "dentry-1", UnionId(&unionid))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `33012` for a userid that is none ([`is_not_found`](crate::Error::is_not_found)); `400002`; `-1` when the server is
    /// busy.
    #[inline]
    pub fn user_get(&self, userid: &str, options: &UserGet) -> Result<User> {
        let call = Call::new("POST /topapi/v2/user/get", &[])
            .field("userid", userid)
            .field_if_set("language", options.language.as_ref())
            .reads();
        self.client.field("result", &call)
    }
}
