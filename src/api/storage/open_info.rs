//! Opening a file in a browser: the vendor's preview and editor, those of other providers, and the web office.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Storage;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::options::options;
use crate::base::secret::Secret;
use crate::base::secret::host_of;

string_enum! {
    /// Purpose of opening a file.
    OpenType: sent {
        /// Viewing.
        Preview = "PREVIEW",
        /// Editing.
        Edit = "EDIT",
    }
}

/// The URL that opens a file.
///
/// `Debug` shows only the host of the URL: anyone with the URL may be able to open the file.
///
/// ```
/// let json = r#"{"url": "https://h.example/preview?key=1", "hasWaterMark": true}"#;
/// let info: dingtalk_files::DentryOpenInfo = serde_json::from_str(json)?;
/// assert_eq!(info.has_water_mark, Some(true));
/// assert!(!format!("{info:?}").contains("key"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryOpenInfo {
    /// URL to open in a browser.
    pub url: Option<String>,
    /// Whether the page shows a watermark over the file.
    pub has_water_mark: Option<bool>,
}

impl fmt::Debug for DentryOpenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DentryOpenInfo")
            .field("url", &self.url.as_deref().map(host_of))
            .field("has_water_mark", &self.has_water_mark)
            .finish()
    }
}

/// The URL at which another provider's program opens a file.
///
/// `Debug` shows only the host of the URL.
///
/// ```
/// use dingtalk_files::{OpenInfo, OpenType};
///
/// let info = OpenInfo::new(OpenType::Preview, "https://viewer.example/?file=1");
/// assert!(!format!("{info:?}").contains("file=1"));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenInfo {
    /// Purpose of opening the file.
    pub open_type: OpenType,
    /// URL to open in a browser for that purpose.
    pub url: String,
}

impl OpenInfo {
    /// Creates the pair of purpose and URL; both are required.
    ///
    /// ```
    /// use dingtalk_files::{OpenInfo, OpenType};
    ///
    /// let info = OpenInfo::new(OpenType::Edit, "https://editor.example/?file=1");
    /// assert_eq!(info.url, "https://editor.example/?file=1");
    /// ```
    pub fn new(open_type: OpenType, url: impl Into<String>) -> Self {
        Self { open_type, url: url.into() }
    }
}

impl fmt::Debug for OpenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenInfo")
            .field("open_type", &self.open_type)
            .field("url", &host_of(&self.url))
            .finish()
    }
}

/// The web office URL of a file, and its tokens.
///
/// URL and tokens are credentials: `Debug` shows only the host of the URL, and nothing of the tokens.
///
/// ```
/// let json = r#"{"webOfficeUrl": "https://office.example/w?x=1", "webOfficeAccessToken": "token-1"}"#;
/// let office: dingtalk_files::WebOfficeUrl = serde_json::from_str(json)?;
/// assert_eq!(office.access_token.as_ref().unwrap().expose(), "token-1");
/// assert!(!format!("{office:?}").contains("token-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WebOfficeUrl {
    /// URL to open in a browser.
    #[serde(rename = "webOfficeUrl")]
    pub url: Option<String>,
    /// Token that opens the URL.
    #[serde(rename = "webOfficeAccessToken")]
    pub access_token: Option<Secret>,
    /// Token that renews the access token.
    #[serde(rename = "webOfficeRefreshToken")]
    pub refresh_token: Option<Secret>,
}

impl fmt::Debug for WebOfficeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebOfficeUrl")
            .field("url", &self.url.as_deref().map(host_of))
            .field("access_token", &self.access_token)
            .field("refresh_token", &self.refresh_token)
            .finish()
    }
}

/// New tokens for the web office. They are credentials, and `Debug` does not show them.
///
/// ```
/// let json = r#"{"webOfficeAccessToken": "token-2", "webOfficeRefreshToken": "token-3"}"#;
/// let tokens: dingtalk_files::WebOfficeTokens = serde_json::from_str(json)?;
/// assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "token-3");
/// assert!(!format!("{tokens:?}").contains("token-3"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WebOfficeTokens {
    /// Token that replaces the previous access token.
    #[serde(rename = "webOfficeAccessToken")]
    pub access_token: Option<Secret>,
    /// Token that renews the access token.
    #[serde(rename = "webOfficeRefreshToken")]
    pub refresh_token: Option<Secret>,
}

options! {
    /// Optional parameters of [`Storage::get_dentry_open_info`].
    ///
    /// ```
    /// use dingtalk_files::{GetDentryOpenInfo, OpenType};
    ///
    /// let options = GetDentryOpenInfo::new().open_type(OpenType::Preview).check_login(true).water_mark(true);
    /// # let _ = options;
    /// ```
    GetDentryOpenInfo {
        /// Purpose of opening the file; `type` on the wire. Default: `PREVIEW`.
        open_type ("type"): OpenType = dingtalk_files::OpenType::Edit,
        /// Version to open.
        version: u64 = 1,
        /// Whether to show a watermark, for Word, Excel, PPT and PDF files. Default: false.
        water_mark: bool = true,
        /// Whether the URL works only for people who are logged in. Only for previews. Default: false, which returns a
        /// link that works once per browser session for anyone who has it, and only with common documents, pictures,
        /// audio and videos.
        check_login: bool = true,
    }
}

impl Storage<'_> {
    /// Returns a URL that opens a file in a browser, for viewing or editing.
    ///
    /// Calls `GetDentryOpenInfo`, documented at
    /// [obtains-the-object-preview-or-editing-information](https://open.dingtalk.com/document/orgapp/obtains-the-object-preview-or-editing-information).
    /// Permission: `Storage.File.Read`. Internal and ISV apps.
    ///
    /// Without [`check_login(true)`](GetDentryOpenInfo::check_login) the URL is a credential: it opens the file once
    /// per browser session for anyone who has it, and expires if nobody uses it for 5 minutes. Request it shortly
    /// before use, and keep it out of logs. [`has_water_mark`](DentryOpenInfo::has_water_mark) reports whether the file
    /// has the requested watermark.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetDentryOpenInfo, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = GetDentryOpenInfo::new().check_login(true);
    /// let info = client.storage().get_dentry_open_info("space-1", "dentry-1", UnionId("operator-1"), &options)?;
    /// println!("watermark: {:?}", info.has_water_mark);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `dentryEditNotSupport`, `dentryPreviewNotSupport`, `dentryExtensionNotSupport` (not possible for this file);
    /// `fileViral`, `fileMalicious`; `permissionDenied`; `spaceNotExist`, `dentryNotExist`; `paramError.spaceId`,
    /// `paramError.dentryId`, `paramError.openType`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_dentry_open_info(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &GetDentryOpenInfo,
    ) -> Result<DentryOpenInfo> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/openInfos/query",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .option(options.if_set())
        .reads();
        self.client.call(&call)
    }

    /// Registers the URLs at which a provider opens a file.
    ///
    /// Calls `RegisterOpenInfo`, which is in the vendor's SDK but not documented. Its permission, limits, errors and
    /// provider names are unknown. A sample in the SDK has the provider `DINGTALK` and the type `PREVIEW`.
    ///
    /// The call is never retried automatically: after a network failure, check
    /// [`Error::may_have_run`](crate::Error::may_have_run).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, OpenInfo, OpenType, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let infos = [OpenInfo::new(OpenType::Preview, "https://viewer.example/?file=1")];
    /// storage.register_open_info("space-1", "dentry-1", &infos, "DINGTALK", operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `spaceNotExist`, `dentryNotExist`,
    /// `paramError`, `systemError`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without
    /// an error code.
    #[inline]
    pub fn register_open_info(
        &self,
        space_id: &str,
        dentry_id: &str,
        open_infos: &[OpenInfo],
        provider: &str,
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/openInfos/register",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("openInfos", open_infos)
        .field("provider", provider);
        self.client.call_done(&call)
    }

    /// Returns a URL that opens a file in the web office, and its tokens.
    ///
    /// Calls `GetWebOfficeUrl`, which is in the vendor's SDK but not documented. Its permission, limits and errors, and
    /// the lifetime of the tokens, are unknown.
    ///
    /// [`refresh_web_office_token`](Self::refresh_web_office_token) renews the tokens.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let office = client.storage().get_web_office_url("space-1", "dentry-1", UnionId("operator-1"))?;
    /// println!("has a token: {}", office.access_token.is_some());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `spaceNotExist`, `dentryNotExist`,
    /// `paramError`, `systemError`.
    #[inline]
    pub fn get_web_office_url(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
    ) -> Result<WebOfficeUrl> {
        let call = Call::new(
            "GET /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/webOfficeUrls",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .reads();
        self.client.call(&call)
    }

    /// Renews the tokens of the web office.
    ///
    /// Calls `RefreshWebOfficeToken`, which is in the vendor's SDK but not documented. Its permission, limits and
    /// errors, and the lifetime of the tokens, are unknown.
    ///
    /// Pass the two tokens from [`get_web_office_url`](Self::get_web_office_url) or from the last renewal. The vendor
    /// takes them in the **URL**, where gateways may log them; this crate never shows them in an error. The call is
    /// never retried automatically, because the first attempt may have used up the tokens. After a network failure,
    /// request new ones with [`get_web_office_url`](Self::get_web_office_url).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let (storage, operator) = (client.storage(), UnionId("operator-1"));
    /// let office = storage.get_web_office_url("space-1", "dentry-1", operator)?;
    /// if let (Some(access), Some(refresh)) = (office.access_token, office.refresh_token) {
    ///     let tokens = storage.refresh_web_office_token("space-1", "dentry-1", &access, &refresh, operator)?;
    ///     println!("has a new token: {}", tokens.access_token.is_some());
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not documented. The general codes can be expected: `permissionDenied`, `spaceNotExist`, `dentryNotExist`,
    /// `paramError`, `systemError`.
    #[inline]
    pub fn refresh_web_office_token(
        &self,
        space_id: &str,
        dentry_id: &str,
        access_token: &Secret,
        refresh_token: &Secret,
        operator: UnionId<'_>,
    ) -> Result<WebOfficeTokens> {
        let call = Call::new(
            "GET /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/refreshWebOfficeToken",
            &[space_id, dentry_id],
        )
        .query_secret("webOfficeAccessToken", access_token)
        .query_secret("webOfficeRefreshToken", refresh_token)
        .acting(operator);
        self.client.call(&call)
    }
}
