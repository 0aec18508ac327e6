//! Getting a file's bytes: where they are, and what DingTalk signed for them.

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
    /// How a file is fetched.
    TransferProtocol: received {
        /// Plain HTTP with signed headers; see [`HeaderSignatureInfo`].
        HeaderSignature = "HEADER_SIGNATURE",
    }
}

string_enum! {
    /// Where an object is stored.
    Region: sent, received {
        /// Zhangjiakou.
        Zhangjiakou = "ZHANGJIAKOU",
        /// Shenzhen.
        Shenzhen = "SHENZHEN",
        /// Shanghai.
        Shanghai = "SHANGHAI",
        /// Singapore.
        Singapore = "SINGAPORE",
        /// The vendor's own word for "not known".
        Unknown = "UNKNOWN",
    }
}

/// Where a file can be downloaded, for some minutes. [`Client::download_to`](crate::Client::download_to) takes it.
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
    /// How it is fetched. Only `HEADER_SIGNATURE` is documented.
    pub protocol: Option<TransferProtocol>,
    /// What that protocol needs.
    pub header_signature_info: Option<HeaderSignatureInfo>,
}

/// URLs, and the headers that open them.
///
/// The headers are credentials: `Debug` shows their names only, and of the URLs nothing behind the host.
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
    /// Where the object is; earlier ones are preferred.
    #[serde(deserialize_with = "null_is_default")]
    pub resource_urls: Vec<String>,
    /// Documented as unused.
    #[serde(deserialize_with = "null_is_default")]
    pub internal_resource_urls: Vec<String>,
    /// All of these go with the request, and nothing else that OSS signs.
    #[serde(deserialize_with = "null_is_default")]
    pub headers: BTreeMap<String, String>,
    /// Life of the signature in seconds, usually 900.
    pub expiration_seconds: Option<u64>,
    /// Where the object is stored.
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
        /// The version to download. Default: the latest.
        version: u64 = 1,
        /// Whether to prefer URLs on the internal network of a dedicated storage. Default: true, which matters only if
        /// such a network is set up.
        prefer_intranet: bool = false,
    }
}

impl Storage<'_> {
    /// Asks where a file can be downloaded.
    ///
    /// Calls `GetFileDownloadInfo`, documented at
    /// [obtains-the-download-information-about-a-file](https://open.dingtalk.com/document/orgapp/obtains-the-download-information-about-a-file).
    /// Permission: `Storage.DownloadInfo.Read`. Internal apps only.
    ///
    /// What comes back lives for about 15 minutes. To download, hand it to
    /// [`Client::download_to`](crate::Client::download_to), or let [`Client::file`](crate::Client::file) do both steps
    /// and renew the signature when it lapses.
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
    /// started the restoring: ask again in some minutes); `dentryDownloadProtocolNotSupport`, `operationNotSupported`;
    /// `paramError.spaceId`, `paramError.dentryId`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
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
