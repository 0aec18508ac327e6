//! The parts of the old host that files need: the unionId of a person, and work notifications with a file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::{UserId, string_enum};
use crate::base::options::options;
use crate::client::Client;

super::group! {
    /// Operations of the old host, `oapi.dingtalk.com`. Returned by [`Client::topapi`](crate::Client::topapi).
    ///
    /// The old host reports failures with HTTP 200 and a number. That number is the [`code`](crate::Error::code) of the
    /// error, and the helpers of [`Error`](crate::Error) know it. The host takes the token in the URL. No error and no
    /// `Debug` output of this crate shows the token, but a gateway of your own may log it, and so does ureq at level
    /// `trace`.
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
    /// Returns the operations of the old host: details of a person, and work notifications.
    ///
    /// ```no_run
    /// # use dingtalk_files::UserId;
    /// # let client = dingtalk_files::Client::from_env()?;
    /// let user = client.topapi().user_get(UserId("userid-1"), &Default::default())?;
    /// println!("{:?} has the unionId {:?}", user.name, user.unionid);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn topapi(&self) -> Topapi<'_> {
        Topapi::new(self)
    }
}

string_enum! {
    /// Language of the names and texts that the server returns.
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
        /// Language of the names in the response. Default: Chinese.
        language: Language = dingtalk_files::Language::English,
    }
}

/// A person of the organisation. The vendor returns many more fields; these are the ones that file operations need.
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
    /// Id within the organisation. Members of storage 2.0 are identified by it.
    pub userid: Option<String>,
    /// Id that nearly every other operation takes as [`UnionId`](crate::UnionId).
    pub unionid: Option<String>,
    /// Name of the person.
    pub name: Option<String>,
}

/// A work notification with a file, whose media id comes from [`Media::upload`](crate::Media::upload).
///
/// ```
/// use dingtalk_files::WorkMessage;
///
/// let message = WorkMessage::File { media_id: "@media-1".into() };
/// let json = serde_json::to_value(&message)?;
/// assert_eq!(json, serde_json::json!({"msgtype": "file", "file": {"media_id": "@media-1"}}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkMessage {
    /// File of at most 10 MB.
    File {
        /// Media id of the file.
        media_id: String,
    },
    /// Picture; 600 by 400 pixels are recommended.
    Image {
        /// Media id of the picture.
        media_id: String,
    },
    /// Voice message.
    Voice {
        /// Media id of the voice message.
        media_id: String,
        /// Length in seconds, 1 to 59.
        duration: u32,
    },
}

impl Serialize for WorkMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, media_id, duration) = match self {
            Self::File { media_id } => ("file", media_id, None),
            Self::Image { media_id } => ("image", media_id, None),
            Self::Voice { media_id, duration } => ("voice", media_id, Some(duration.to_string())),
        };
        let duration = duration.as_deref().map(|duration| ("duration", duration));
        let content: BTreeMap<&str, &str> =
            [("media_id", media_id.as_str())].into_iter().chain(duration).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("msgtype", kind)?;
        map.serialize_entry(kind, &content)?;
        map.end()
    }
}

options! {
    /// Optional parameters of [`Topapi::message_corpconversation_asyncsend_v2`]: the recipients. At least one of them
    /// is required.
    ///
    /// ```
    /// use dingtalk_files::MessageCorpconversationAsyncsendV2;
    ///
    /// let options = MessageCorpconversationAsyncsendV2::new().userid_list(["user-1".to_owned(), "user-2".to_owned()]);
    /// # let _ = options;
    /// ```
    MessageCorpconversationAsyncsendV2 {
        /// Userids, at most 100.
        userid_list: Vec<String> as impl Into<Vec<String>> = ["user-1".to_owned()],
        /// Ids of departments, at most 20. Their sub-departments are included.
        dept_id_list: Vec<i64> as impl Into<Vec<i64>> = [1],
        /// Whether to send to everybody in the organisation. Default: false.
        to_all_user: bool = false,
    }
}

const MAX_USERIDS: usize = 100;
const MAX_DEPTS: usize = 20;
const MAX_SECONDS: u32 = 59;

impl Topapi<'_> {
    /// Returns a person by userid, with the unionId.
    ///
    /// Calls `topapi/v2/user/get`, documented at
    /// [query-user-details](https://open.dingtalk.com/document/orgapp/query-user-details).
    /// Permission: `qyapi_get_member`. Internal and ISV apps.
    ///
    /// A userid is the id of a person within one organisation. The organisation's address book shows it, and storage
    /// 2.0 identifies members by it. Unlike nearly all others, this call does not count against the organisation's
    /// monthly quota.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId, UserGet, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let user = client.topapi().user_get(UserId("userid-1"), &UserGet::new())?;
    /// let unionid = user.unionid.unwrap_or_default();
    /// client.conv_file().send_by_app("space-1", "dentry-1", UnionId(&unionid))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `33012` for a userid that does not exist ([`is_not_found`](crate::Error::is_not_found)); `400002`; `-1` when the
    /// server is busy.
    #[inline]
    pub fn user_get(&self, userid: UserId<'_>, options: &UserGet) -> Result<User> {
        let call = Call::new("POST /topapi/v2/user/get", &[])
            .field("userid", userid.0)
            .field_if_set("language", options.language.as_ref())
            .reads();
        self.client.field("result", &call)
    }

    /// Sends a work notification with a file and returns the id of the sending task.
    ///
    /// Calls `topapi/message/corpconversation/asyncsend_v2`, documented at
    /// [asynchronous-sending-of-enterprise-session-messages](https://open.dingtalk.com/document/orgapp/asynchronous-sending-of-enterprise-session-messages).
    /// Permission: `qyapi_base`. Internal and ISV apps; not of ISV apps made after 2020-11-27.
    ///
    /// **A successful response does not mean that anything is delivered.** Beyond the vendor's limits the response is
    /// the same, but nothing arrives. The limits are: the same content once a day per person; 500 messages a day per
    /// person; 5000 people per call and per minute. The call is never retried automatically: after a network failure,
    /// check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, MessageCorpconversationAsyncsendV2, WorkMessage};
    ///
    /// let client = Client::from_env()?;
    /// let message = WorkMessage::File { media_id: "@media-1".into() };
    /// let to = MessageCorpconversationAsyncsendV2::new().userid_list(["user-1".to_owned()]);
    /// let task = client.topapi().message_corpconversation_asyncsend_v2(123, &message, &to)?;
    /// println!("{task:?}");
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than 100 people or 20 departments, or a voice
    /// message that is not 1 to 59 seconds long, before any request is sent. `40007`, `40008`, `40056`, `41011`,
    /// `34010`, `34011`; `-1` when the server is busy.
    #[inline]
    pub fn message_corpconversation_asyncsend_v2(
        &self,
        agent_id: i64,
        msg: &WorkMessage,
        options: &MessageCorpconversationAsyncsendV2,
    ) -> Result<Option<i64>> {
        let seconds = match msg {
            WorkMessage::Voice { duration, .. } => Some(*duration),
            _ => None,
        };
        let userids = options.userid_list.as_ref().map(|list| list.join(","));
        let depts = options
            .dept_id_list
            .as_ref()
            .map(|list| list.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
        let call = Call::new("POST /topapi/message/corpconversation/asyncsend_v2", &[])
            .field("agent_id", agent_id)
            .field_if_set("dept_id_list", depts)
            .limit_if_set("dept_id_list", options.dept_id_list.as_ref(), MAX_DEPTS)
            .field("msg", msg)
            .limit_value("duration", seconds, 1..=MAX_SECONDS)
            .field_if_set("to_all_user", options.to_all_user)
            .field_if_set("userid_list", userids)
            .limit_if_set("userid_list", options.userid_list.as_ref(), MAX_USERIDS);
        self.client.field("task_id", &call)
    }
}
