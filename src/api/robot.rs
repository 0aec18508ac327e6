//! Robots: files that people send to a robot, and messages with a file that a robot sends.

use serde::Deserialize;

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UserId;
use crate::base::json::null_is_default;
use crate::base::options::options;
use crate::base::secret::PresignedUrl;
use crate::client::Client;

super::group! {
    /// Operations of `robot` 1.0: received files, and messages with a file. Returned by
    /// [`Client::robot`](crate::Client::robot).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, RobotMessage, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let message = RobotMessage::file("@media-1", "report.xlsx", "xlsx");
    /// let sent = client.robot().batch_send_oto(&message, "robot-1", &[UserId("user-1")])?;
    /// println!("not reached: {:?}", sent.invalid_staff_id_list);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Robot
}

impl Client {
    /// Returns the operations of `robot`: received files, and messages with a file.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::from_env()?;
    /// let url = client.robot().robot_message_file_download("download-code-1", "robot-1")?;
    /// # let _ = url;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn robot(&self) -> Robot<'_> {
        Robot::new(self)
    }
}

/// A message of a robot: `msgKey` and `msgParam`.
///
/// Each kind that carries a file has its own constructor; [`new`](Self::new) creates any other kind.
///
/// ```
/// use dingtalk_files::RobotMessage;
///
/// let message = RobotMessage::file("@media-1", "report.xlsx", "xlsx");
/// assert_eq!(message.key, "sampleFile");
/// assert_eq!(message.param, r#"{"mediaId":"@media-1","fileName":"report.xlsx","fileType":"xlsx"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RobotMessage {
    /// Kind of the message: `msgKey`.
    pub key: String,
    /// Content as JSON text: `msgParam`, at most 15 000 bytes in a group.
    pub param: String,
}

impl RobotMessage {
    /// Creates a message of any kind, with its content as JSON text.
    ///
    /// ```
    /// use dingtalk_files::RobotMessage;
    ///
    /// let message = RobotMessage::new("sampleText", r#"{"content":"done"}"#);
    /// assert_eq!(message.key, "sampleText");
    /// ```
    pub fn new(key: impl Into<String>, param: impl Into<String>) -> Self {
        Self { key: key.into(), param: param.into() }
    }

    /// Creates a message with a file: its media id from [`Media::upload`](crate::Media::upload), the name to show, and
    /// the extension without the dot.
    ///
    /// The documented extensions are xlsx, pdf, zip, rar, doc and docx.
    ///
    /// ```
    /// use dingtalk_files::RobotMessage;
    ///
    /// assert_eq!(RobotMessage::file("@media-1", "a.pdf", "pdf").key, "sampleFile");
    /// ```
    pub fn file(media_id: &str, file_name: &str, file_type: &str) -> Self {
        Self::of("sampleFile", &[("mediaId", media_id), ("fileName", file_name), ("fileType", file_type)])
    }

    /// Creates a message with a picture, from a media id or a URL.
    ///
    /// ```
    /// use dingtalk_files::RobotMessage;
    ///
    /// assert_eq!(RobotMessage::image("@media-1").param, r#"{"photoURL":"@media-1"}"#);
    /// ```
    pub fn image(media_id_or_url: &str) -> Self {
        Self::of("sampleImageMsg", &[("photoURL", media_id_or_url)])
    }

    /// Creates a voice message, ogg or amr, with its length in milliseconds.
    ///
    /// ```
    /// use dingtalk_files::RobotMessage;
    ///
    /// assert_eq!(RobotMessage::audio("@media-1", 3000).param, r#"{"mediaId":"@media-1","duration":"3000"}"#);
    /// ```
    pub fn audio(media_id: &str, milliseconds: u64) -> Self {
        Self::of("sampleAudio", &[("mediaId", media_id), ("duration", &milliseconds.to_string())])
    }

    /// Creates a message with a video, mp4, with its length in seconds and the picture to show for it.
    ///
    /// ```
    /// use dingtalk_files::RobotMessage;
    ///
    /// assert_eq!(RobotMessage::video("@media-1", 12, "@media-2").key, "sampleVideo");
    /// ```
    pub fn video(video_media_id: &str, seconds: u64, picture_media_id: &str) -> Self {
        let (duration, kind) = (seconds.to_string(), "mp4");
        let fields = [
            ("duration", duration.as_str()),
            ("videoMediaId", video_media_id),
            ("videoType", kind),
            ("picMediaId", picture_media_id),
        ];
        Self::of("sampleVideo", &fields)
    }

    /// The fields as JSON text, in their order.
    fn of(key: &str, fields: &[(&str, &str)]) -> Self {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}:{}", text(name), text(value))).collect();
        Self::new(key, format!("{{{}}}", fields.join(",")))
    }
}

/// The result of [`Robot::batch_send_oto`]: **a success may have left people out**.
///
/// ```
/// use dingtalk_files::RobotBatchSend;
///
/// let json = r#"{"processQueryKey": "key-1", "invalidStaffIdList": ["user-2"]}"#;
/// let sent: RobotBatchSend = serde_json::from_str(json)?;
/// assert!(!sent.reached_everybody());
/// assert_eq!(sent.not_reached().collect::<Vec<_>>(), ["user-2"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RobotBatchSend {
    /// Id of the message, for the vendor's operations that recall the message or query whether it was read.
    pub process_query_key: Option<String>,
    /// Userids that do not exist.
    #[serde(deserialize_with = "null_is_default")]
    pub invalid_staff_id_list: Vec<String>,
    /// Userids that were throttled: send to them again later.
    #[serde(deserialize_with = "null_is_default")]
    pub flow_controlled_staff_id_list: Vec<String>,
    /// Userids that were filtered out. Not documented.
    #[serde(deserialize_with = "null_is_default")]
    pub filtered_staff_id_list: Vec<String>,
}

impl RobotBatchSend {
    /// Returns whether the message was sent to every recipient.
    ///
    /// ```
    /// assert!(dingtalk_files::RobotBatchSend::default().reached_everybody());
    /// ```
    pub fn reached_everybody(&self) -> bool {
        self.not_reached().next().is_none()
    }

    /// Returns the userids that did not get the message, for any reason.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::RobotBatchSend::default().not_reached().count(), 0);
    /// ```
    pub fn not_reached(&self) -> impl Iterator<Item = &str> {
        let lists =
            [&self.invalid_staff_id_list, &self.flow_controlled_staff_id_list, &self.filtered_staff_id_list];
        lists.into_iter().flatten().map(String::as_str)
    }
}

options! {
    /// Optional parameters of [`Robot::org_group_send`].
    ///
    /// ```
    /// use dingtalk_files::OrgGroupSend;
    ///
    /// let options = OrgGroupSend::new().cool_app_code("cool-app-1");
    /// # let _ = options;
    /// ```
    OrgGroupSend {
        /// Code of the cool app. Required if the robot joined the group with a cool app.
        cool_app_code: String as impl Into<String> = "cool-app-1",
        /// Not documented.
        token: String as impl Into<String> = "token-1",
    }
}

const MAX_USERS: usize = 20;
const MAX_PARAM: usize = 15_000;

impl Robot<'_> {
    /// Returns a download URL for a file that was sent to a robot.
    ///
    /// Calls `RobotMessageFileDownload`, documented at
    /// [download-the-file-content-of-the-robot-receiving-message](https://open.dingtalk.com/document/orgapp/download-the-file-content-of-the-robot-receiving-message).
    /// Permission: `qyapi_robot_sendmsg`. Internal and ISV apps.
    ///
    /// Both codes come with the robot's callback. The URL needs no headers. The URL and the download code both expire;
    /// their lifetimes are not documented. The URL's path ends in `.file`: the real name comes with the callback. To
    /// transfer the file, use [`Client::robot_file`], which does both steps.
    ///
    /// ```no_run
    /// use dingtalk_files::Client;
    ///
    /// let client = Client::from_env()?;
    /// let url = client.robot().robot_message_file_download("download-code-1", "robot-1")?;
    /// # let _ = url;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `invalidParameter.robotCode.downloadCode` (wrong or expired: wait for another message),
    /// `invalidParameter.robotCode.auth` (another robot, kind of app or organisation),
    /// `invalidParameter.robotCode.empty`.
    #[inline]
    pub fn robot_message_file_download(&self, download_code: &str, robot_code: &str) -> Result<PresignedUrl> {
        let call = Call::new("POST /v1.0/robot/messageFiles/download", &[])
            .field("downloadCode", download_code)
            .field("robotCode", robot_code)
            .reads();
        self.client.field("downloadUrl", &call)
    }

    /// Sends a message of a robot to up to 20 people individually.
    ///
    /// Calls `BatchSendOTO`, documented at
    /// [chatbots-send-one-on-one-chat-messages-in-batches](https://open.dingtalk.com/document/orgapp/chatbots-send-one-on-one-chat-messages-in-batches).
    /// Permission: `qyapi_robot_sendmsg`. Robots of internal apps.
    ///
    /// People are identified by **user id**. A successful call may have left some of them out, because they do not
    /// exist or were throttled: check [`RobotBatchSend::not_reached`]. The call is never retried automatically: after a
    /// network failure, check [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, RobotMessage, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let message = RobotMessage::image("@media-1");
    /// let sent = client.robot().batch_send_oto(&message, "robot-1", &[UserId("user-1"), UserId("user-2")])?;
    /// for user in sent.not_reached() {
    ///     println!("not reached: {user}");
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 20 people, before any request is
    /// sent. `invalidParameter.msgKey.invalid`, `invalidParameter.msgParam.invalid`,
    /// `invalidParameter.msgParam.tooLong`; `invalidParameter.robotCode.notExsit`, `robot.oto.notExist`,
    /// `chatbotId.notAllow.sendOTO`; `staffId.notExisted`; `miss.param.file`, `miss.param.image`, `miss.param.audio`,
    /// `miss.param.video`; `send.too.fast`, `send.forbidden`; `system.error`.
    #[inline]
    pub fn batch_send_oto(
        &self,
        message: &RobotMessage,
        robot_code: &str,
        user_ids: &[UserId<'_>],
    ) -> Result<RobotBatchSend> {
        let ids: Vec<&str> = user_ids.iter().map(|user| user.0).collect();
        let call = Call::new("POST /v1.0/robot/oToMessages/batchSend", &[])
            .field("msgKey", &message.key)
            .field("msgParam", &message.param)
            .field("robotCode", robot_code)
            .field("userIds", &ids)
            .limit("userIds", ids.len(), 1..=MAX_USERS);
        self.client.call(&call)
    }

    /// Sends a message of a robot to a group that the robot is a member of, and returns the id of the message.
    ///
    /// Calls `OrgGroupSend`, documented at
    /// [the-robot-sends-a-group-message](https://open.dingtalk.com/document/orgapp/the-robot-sends-a-group-message).
    /// Permission: `qyapi_robot_sendmsg`. Internal and ISV apps.
    ///
    /// The call is never retried automatically: after a network failure, check
    /// [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, OrgGroupSend, RobotMessage};
    ///
    /// let client = Client::from_env()?;
    /// let message = RobotMessage::file("@media-1", "report.xlsx", "xlsx");
    /// client.robot().org_group_send(&message, "open-conversation-1", "robot-1", &OrgGroupSend::new())?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for content of more than 15 000 bytes, before any
    /// request is sent. `invalid.openConversationId`, `group.disbanded`, `conversation.org.notMatch`;
    /// `invalidParameter.robotCode.coolApp` (the cool app's code is missing), `bot.stopped`;
    /// `invalidParameter.msgKey.invalid`, `invalidParameter.msgParam.invalid`; `send.too.fast`; `system.error`.
    #[inline]
    pub fn org_group_send(
        &self,
        message: &RobotMessage,
        open_conversation_id: &str,
        robot_code: &str,
        options: &OrgGroupSend,
    ) -> Result<Option<String>> {
        let call = Call::new("POST /v1.0/robot/groupMessages/send", &[])
            .field("msgKey", &message.key)
            .field("msgParam", &message.param)
            .limit("bytes of msgParam", message.param.len(), 0..=MAX_PARAM)
            .field("openConversationId", open_conversation_id)
            .field("robotCode", robot_code)
            .field_if_set("coolAppCode", options.cool_app_code.as_ref())
            .field_if_set("token", options.token.as_ref());
        self.client.field("processQueryKey", &call)
    }
}
