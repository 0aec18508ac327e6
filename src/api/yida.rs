//! Attachments of Yida forms.

use super::topapi::Language;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UserId;
use crate::base::options::options;
use crate::base::secret::{PresignedUrl, Secret};
use crate::client::Client;

super::group! {
    /// Operations of `yida` 1.0 that concern files: attachments of forms. Returned by
    /// [`Client::yida`](crate::Client::yida).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetOpenUrl, Secret, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let (token, user) = (Secret::new("system-token"), UserId("user-1"));
    /// let file = "https://www.aliwork.com/fileHandle?appType=app-1&fileName=file-1.xlsx";
    /// let url = client.yida().get_open_url("app-1", file, &token, user, &GetOpenUrl::new())?;
    /// # let _ = url;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Yida
}

impl Client {
    /// Returns the operations of `yida`: attachments of forms.
    ///
    /// ```
    /// # use dingtalk_files::Client;
    /// let client = Client::builder().access_token("token").build()?;
    /// let yida = client.yida();
    /// # let _ = yida;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn yida(&self) -> Yida<'_> {
        Yida::new(self)
    }
}

options! {
    /// Optional parameters of [`Yida::get_open_url`].
    ///
    /// ```
    /// use dingtalk_files::GetOpenUrl;
    ///
    /// let for_an_hour = GetOpenUrl::new().timeout(3_600_000);
    /// # let _ = for_an_hour;
    /// ```
    GetOpenUrl {
        /// Language of the vendor's texts. Default: Chinese.
        language: Language = dingtalk_files::Language::English,
        /// Lifetime of the URL in milliseconds, 1 to 86 400 000. Default: 60 000.
        timeout: u64 = 3_600_000,
    }
}

const MAX_TIMEOUT: u64 = 86_400_000;

impl Yida<'_> {
    /// Returns a URL of an attachment that needs no login.
    ///
    /// Calls `GetOpenUrl`, documented at
    /// [obtain-the-temporary-free-access-address-of-yixian-accessories](https://open.dingtalk.com/document/orgapp/obtain-the-temporary-free-access-address-of-yixian-accessories).
    /// Permission: `Yida.Attachment.Read`. Internal and ISV apps.
    ///
    /// `file_url` is the attachment's URL as it appears in the form; this function encodes it. The system token is a
    /// secret of the Yida app and never appears in an error. The person is identified by **user id**. Request a
    /// lifetime that covers the transfer.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetOpenUrl, Secret, UserId};
    ///
    /// let client = Client::from_env()?;
    /// let (token, user) = (Secret::new("system-token"), UserId("user-1"));
    /// let file = "https://www.aliwork.com/fileHandle?appType=app-1&fileName=file-1.xlsx";
    /// let url = client.yida().get_open_url("app-1", file, &token, user, &GetOpenUrl::new())?;
    /// client.url(url.as_str()).download_to(&mut std::io::sink(), ..)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a lifetime that is out of range, before any
    /// request is sent. `applicationNotExist.application.notExits`, `invalidParameter.parameter.accessKeyNotMatch` (the
    /// system token); `noPermission.permission.deny`, `noPermission.access.accessDeny`,
    /// `noPermission.access.illegalIp`; `invalidParameter.parameter.invalidFileUrl`,
    /// `invalidParameter.parameter.invalidUrl`; `failure.user.userNotExist`, `invalidParameter.corp.corpNotExist`,
    /// `failure.service.failedToInvokeFileService`.
    #[inline]
    pub fn get_open_url(
        &self,
        app_type: &str,
        file_url: &str,
        system_token: &Secret,
        user_id: UserId<'_>,
        options: &GetOpenUrl,
    ) -> Result<PresignedUrl> {
        let call = Call::new("GET /v1.0/yida/apps/temporaryUrls/{appType}", &[app_type])
            .query_secret("systemToken", system_token)
            .query("userId", user_id.0)
            .query_if_set("language", options.language.as_ref())
            .query("fileUrl", file_url)
            .query_if_set("timeout", options.timeout)
            .limit_value("timeout", options.timeout, 1..=MAX_TIMEOUT)
            .reads();
        self.client.field("result", &call)
    }
}
