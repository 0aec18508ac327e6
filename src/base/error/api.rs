//! DingTalk's error answers, and the meaning of each code.

use std::fmt;

use super::text::{CHECK_FIRST, OneLine};

/// DingTalk refused or failed an operation.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::Error;
///
/// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
/// let Error::Api(refused) = error else { panic!("another error") };
/// assert_eq!((refused.code.as_str(), refused.status), ("dentryNotExist", 404));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The documented method and path, such as `POST /v1.0/storage/spaces/{spaceId}/…`.
    pub operation: &'static str,
    /// HTTP status. The same code comes with different statuses: decide by `code`.
    pub status: u16,
    /// The vendor's code, such as `permissionDenied`. Empty if the answer had none.
    pub code: String,
    /// The vendor's message, often Chinese.
    pub message: String,
    /// The vendor's id of this request.
    pub request_id: Option<String>,
    /// Permission codes that the app lacks, if the answer names them.
    pub required_scopes: Vec<String>,
    /// The old host's reason for its code 88, such as `60011` for a missing permission.
    pub sub_code: Option<String>,
    /// The operation changes nothing, whether it ran or not.
    pub(crate) reads: bool,
}

impl ApiError {
    /// Returns the code that decides. The old host's 88 only reports that its gateway refused.
    fn reason(&self) -> &str {
        match &self.sub_code {
            Some(sub_code) if self.code == "88" => sub_code,
            _ => &self.code,
        }
    }

    /// Returns advice on what to do, for the codes that have some.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// use dingtalk_files::Error;
    ///
    /// let error = client.file("space-1", "gone", UnionId("operator-1")).download_info().unwrap_err();
    /// let Error::Api(refused) = error else { panic!("another error") };
    /// assert!(refused.advice().unwrap().contains("recycle bin"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advice(&self) -> Option<&'static str> {
        if self.is_quota() {
            return Some("The organisation's monthly calls are used up; a higher edition raises the limit");
        }
        if self.is_throttled() {
            return Some(
                "Calls come too fast for this app: spread them out (20 a second on the standard edition)",
            );
        }
        let code = self.reason();
        if self.wants_union_id() {
            return Some(
                "A unionId is wanted here, not a userid: `client.topapi().user_get` returns the unionId of a userid",
            );
        }
        // In these operations the app acts, not a person.
        if self.operation.contains("/convFile/apps/") && code == "permissionDenied" {
            return Some(
                "The app itself sends here, not a person: check that it may read the file and that the receiver is in its visible range",
            );
        }
        if code == "noPermission" && self.operation.ends_with("/spaces/files/urls/download") {
            return Some(
                "Most attachments that the app did not put there are refused here: name a person to grant the download to (`RemoteFile::granted_to`)",
            );
        }
        Some(match code.rsplit('.').next().unwrap_or(code) {
            "MissingParameter" if self.is_token_missing() => {
                "The request arrived without an access token; check the proxy or gateway in between, and your `TokenSource`"
            }
            "InvalidAuthentication" | "40001" | "40014" | "41001" | "42001" => {
                "The access token has expired, was revoked, or belongs to the other host (.com or .io): fetch a new one, or let the client do so (ClientBuilder::app)"
            }
            "invalidClientIdOrSecret" => "Check app key and app secret in the developer console",
            "client" => {
                "Check client id and client secret, and that the app is installed in this organisation"
            }
            "AccessTokenPermissionDenied" | "60011" | "88" => {
                "Add the named permission to the app in the developer console, and publish the change"
            }
            "IpNotInWhiteList" | "60020" => {
                "Add this machine's public address to the app's allow-list in the developer console"
            }
            "permissionDenied" => {
                "The acting person has no right to this; grant it, or act as somebody who has it"
            }
            "orgAuthLevelNotEnough" => "The organisation must be verified at a higher level for this",
            "spaceNotExist" => "Check the space id",
            "dentryNotExist" => {
                "Check the dentry id, the space it is in, and the version; it may be in the recycle bin"
            }
            "dentryNameConflict" => {
                "The name is taken in this folder: choose another name or another folder, or overwrite (ConflictStrategy::Overwrite)"
            }
            "downloadCode" => {
                "The download code is wrong, has lapsed or is used up; another message to the robot brings another code"
            }
            "documentNotExist" | "nodeNotExist" | "parentNodeNotExist" | "docNotExist" => {
                "Check the id or link; it must be of this organisation"
            }
            "40004" | "40005" | "40006" | "45001" => {
                "Check kind, extension and size of the file: at most 20 MB, of voice 2 MB"
            }
            "fileArchived" => {
                "The file is archived; this call has started to restore it, so ask again in some minutes"
            }
            "33012" | "60121" => "Check the userid: it is neither a unionId nor a mobile number",
            "-1" => "DingTalk is busy; try again later",
            "operationConcurrentControl" => "Another operation holds this; try again later",
            "dentryDownloadProtocolNotSupport" => {
                "This file has no bytes to download, like an online document: export it (Client::export)"
            }
            _ => return None,
        })
    }

    /// Returns whether the call was refused before it ran, because calls came too fast. The status may be 403 or 429.
    pub(crate) fn is_throttled(&self) -> bool {
        let code = self.reason();
        let limit = code.rsplit('.').next().unwrap_or(code);
        limit.starts_with("QpsLimit")
            || limit.starts_with("QpmLimit")
            || matches!(code, "system.busy" | "systemBusy" | "90002" | "90007" | "90018")
            // Codes of robots and of the drive.
            || matches!(code, "send.too.fast" | "send.byToken.tooFast" | "request.overlimit")
            || (self.status == 429 && !self.is_quota())
    }

    pub(crate) fn is_quota(&self) -> bool {
        self.code.ends_with("ApiCountLimitForOrg") || self.reason() == "90020"
    }

    /// Returns whether the app itself lacks a permission, or its machine's address is not allowed.
    pub(crate) fn is_app_refused(&self) -> bool {
        let code = self.reason();
        let last = code.rsplit('.').next().unwrap_or(code);
        !self.required_scopes.is_empty()
            || matches!(last, "AccessTokenPermissionDenied" | "IpNotInWhiteList" | "60011" | "60020")
    }

    pub(crate) fn is_authentication(&self) -> bool {
        self.is_token_refused() || self.is_client_refused() || self.is_token_missing()
    }

    fn is_token_missing(&self) -> bool {
        self.code.starts_with("AuthenticationFailed")
    }

    /// Returns whether the call needs a unionId. The vendor has one code for all wrong parameters, and names this one
    /// in the text.
    fn wants_union_id(&self) -> bool {
        let names = |text: &str| text.contains("operatorId") || text.contains("unionId");
        self.code.starts_with("paramError") && (names(&self.code) || names(&self.message))
    }

    /// Returns whether the credentials that fetch the token were refused, and not the token.
    fn is_client_refused(&self) -> bool {
        matches!(self.code.as_str(), "invalidClientIdOrSecret" | "invalid.client" | "unauthorized.client")
    }

    /// Returns whether the token itself was refused, so that a new token may help.
    pub(crate) fn is_token_refused(&self) -> bool {
        matches!(self.reason(), "InvalidAuthentication" | "40001" | "40014" | "41001" | "42001")
            || (self.status == 401 && self.code.is_empty())
    }

    pub(crate) fn is_not_found(&self) -> bool {
        // `notExsit` is one of the vendor's spellings.
        let ends = ["NotExist", "notExist", "notExisted", "notExsit", "not.existed"];
        ends.iter().any(|end| self.code.ends_with(end)) || matches!(self.reason(), "33012" | "60121")
    }

    pub(crate) fn is_permission_denied(&self) -> bool {
        let code = self.reason();
        let last = code.rsplit('.').next().unwrap_or(code);
        matches!(
            last,
            "permissionDenied"
                | "AccessTokenPermissionDenied"
                | "IpNotInWhiteList"
                | "orgAuthLevelNotEnough"
                | "acrossOrgAccessForbidden"
                | "88"
                | "60011"
                | "60020"
        ) || last.ends_with("NotAccessible")
            || code.starts_with("noPermission")
            // Spellings of the drive.
            || matches!(code, "no.priviledge" | "forbidden.acrossOrg")
    }

    pub(crate) fn is_server_fault(&self) -> bool {
        // These codes mean a server fault with any status.
        let is_fault = matches!(self.code.as_str(), "systemError" | "unknownError" | "operationTimeout");
        (self.status >= 500 || is_fault || self.is_busy()) && !self.is_throttled() && !self.is_quota()
    }

    pub(crate) fn may_have_run(&self) -> bool {
        !self.reads && self.is_server_fault()
    }

    /// Returns whether the old host reports a fault of its own, for which it has only this code.
    pub(crate) fn is_busy(&self) -> bool {
        self.reason() == "-1"
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.operation, self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", OneLine(&self.code))?;
        }
        if let Some(sub_code) = &self.sub_code {
            write!(f, " ({})", OneLine(sub_code))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", OneLine(self.message.trim_end_matches(['.', '。'])))?;
        }
        if !self.required_scopes.is_empty() {
            write!(f, " (missing permission: {})", OneLine(&self.required_scopes.join(", ")))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {})", OneLine(id))?;
        }
        if let Some(advice) = self.advice() {
            write!(f, ". {advice}")?;
        }
        if self.may_have_run() { f.write_str(CHECK_FIRST) } else { Ok(()) }
    }
}

impl std::error::Error for ApiError {}
