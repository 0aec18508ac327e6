//! Download information: the URLs of a file, and the headers that DingTalk signed for them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::Storage;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::json::null_is_default;
use crate::base::options::options;
use crate::base::secret::host_of;

string_enum! {
    /// Protocol for the transfer of a file.
    TransferProtocol: received {
        /// Plain HTTP with signed headers; see [`HeaderSignatureInfo`].
        HeaderSignature = "HEADER_SIGNATURE",
    }
}

string_enum! {
    /// Storage region of an object.
    Region: sent, received {
        /// Zhangjiakou.
        Zhangjiakou = "ZHANGJIAKOU",
        /// Shenzhen.
        Shenzhen = "SHENZHEN",
        /// Shanghai.
        Shanghai = "SHANGHAI",
        /// Singapore.
        Singapore = "SINGAPORE",
        /// The vendor's own value for an unknown region.
        Unknown = "UNKNOWN",
    }
}

/// Download information of a file, valid for some minutes. Pass it to
/// [`Client::download_to`](crate::Client::download_to).
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let info = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
/// let mut bytes = Vec::new();
/// client.download_to(&info, &mut bytes, 1..3)?;
/// assert_eq!(bytes, b"el");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DownloadInfo {
    /// Protocol of the download. Only `HEADER_SIGNATURE` is documented.
    pub protocol: Option<TransferProtocol>,
    /// URLs and headers for `HEADER_SIGNATURE`.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

/// URLs, and the signed headers that grant access to them.
///
/// The headers are credentials. `Debug` shows only their names, and only the host of the URLs.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let info = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
/// let signed = info.header_signature_info.unwrap();
/// assert_eq!((signed.resource_urls.len(), signed.expiration_seconds), (1, Some(900)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
#[non_exhaustive]
pub struct HeaderSignatureInfo {
    /// URLs of the object, in order of preference.
    #[serde(deserialize_with = "null_is_default")]
    pub resource_urls: Vec<String>,
    /// Documented as unused.
    #[serde(deserialize_with = "null_is_default")]
    pub internal_resource_urls: Vec<String>,
    /// Headers of the request. Send all of them, and no other header that OSS signs.
    #[serde(deserialize_with = "null_is_default")]
    pub headers: BTreeMap<String, String>,
    /// Lifetime of the signature in seconds, usually 900.
    pub expiration_seconds: Option<u64>,
    /// Storage region of the object.
    pub region: Option<Region>,
}

impl fmt::Debug for HeaderSignatureInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = |urls: &[String]| urls.iter().map(|u| host_of(u).to_owned()).collect::<Vec<_>>();
        f.debug_struct("HeaderSignatureInfo")
            .field("resource_urls", &hosts(&self.resource_urls))
            .field("internal_resource_urls", &hosts(&self.internal_resource_urls))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("expiration_seconds", &self.expiration_seconds)
            .field("region", &self.region)
            .finish()
    }
}

options! {
    /// Optional parameters of [`Storage::get_file_download_info`].
    ///
    /// ```
    /// use dingtalk_files::GetFileDownloadInfo;
    ///
    /// let second = GetFileDownloadInfo::new().version(2).prefer_intranet(false);
    /// # let _ = second;
    /// ```
    GetFileDownloadInfo {
        /// Version to download. Default: the latest.
        version: u64 = 1,
        /// Whether to prefer URLs on the internal network of a dedicated storage. Default: true, which matters only if
        /// such a network is set up.
        prefer_intranet: bool = false,
    }
}

impl Storage<'_> {
    /// Returns the URLs and signed headers for the download of a file.
    ///
    /// Calls `GetFileDownloadInfo`, documented at
    /// [obtains-the-download-information-about-a-file](https://open.dingtalk.com/document/orgapp/obtains-the-download-information-about-a-file).
    /// Permission: `Storage.DownloadInfo.Read`. Internal apps only.
    ///
    /// The result is valid for about 15 minutes. To download the file, pass it to
    /// [`Client::download_to`](crate::Client::download_to), or use [`Client::file`](crate::Client::file), which does
    /// both steps and renews the signature when it expires.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetFileDownloadInfo, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let first = GetFileDownloadInfo::new().version(1);
    /// let info = client.storage().get_file_download_info("space-1", "dentry-1", UnionId("operator-1"), &first)?;
    /// let mut bytes = Vec::new();
    /// client.download_to(&info, &mut bytes, ..)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`, `orgAuthLevelNotEnough`; `spaceNotExist`, `dentryNotExist`; `fileArchived` (the call has
    /// started to restore the file: retry in some minutes); `dentryDownloadProtocolNotSupport`,
    /// `operationNotSupported`; `paramError.spaceId`, `paramError.dentryId`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_file_download_info(
        &self,
        space_id: &str,
        dentry_id: &str,
        operator: UnionId<'_>,
        options: &GetFileDownloadInfo,
    ) -> Result<DownloadInfo> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/downloadInfos/query",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .option(options.if_set())
        .reads();
        self.client.call(&call)
    }
}
