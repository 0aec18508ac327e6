//! Spaces, and storage quotas: of a space, an app and an organisation.

use serde::{Deserialize, Serialize};

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::PartitionType;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;
use crate::base::json::{negative_is_none, null_is_default};
use crate::base::options::options;
use crate::base::timestamp::Timestamp;

string_enum! {
    /// Owner of a space.
    SpaceOwnerType: sent, received {
        /// A person. Permissions there do not expire.
        User = "USER",
        /// The app. Everybody needs a permission there, which lasts 3600 seconds at most.
        App = "APP",
    }
}

string_enum! {
    /// State of a space.
    SpaceStatus: received {
        /// Usable.
        Normal = "NORMAL",
        /// Deleted.
        Deleted = "DELETE",
    }
}

string_enum! {
    /// Kind of a quota.
    QuotaType: received {
        /// Shared: no limit of its own, so it shares the organisation's remaining quota.
        Share = "SHARE",
        /// Reserved, up to its limit.
        Private = "PRIVATE",
    }
}

/// A space: a tree of files and folders.
///
/// ```
/// use dingtalk_files::{Space, SpaceOwnerType};
///
/// let space: Space = serde_json::from_str(r#"{"id": "space-1", "ownerType": "APP", "usedQuota": 512}"#)?;
/// assert_eq!((space.owner_type, space.used_quota), (Some(SpaceOwnerType::App), Some(512)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Space {
    /// Id of the space.
    pub id: Option<String>,
    /// Organisation of the space.
    pub corp_id: Option<String>,
    /// App that the space comes from.
    pub app_id: Option<String>,
    /// Name, if the space has one.
    pub name: Option<String>,
    /// Kind of the owner: a person or the app.
    pub owner_type: Option<SpaceOwnerType>,
    /// Id of the owner.
    pub owner_id: Option<String>,
    /// Kind of the space within its app.
    pub scene: Option<String>,
    /// Id of the space within its kind.
    pub scene_id: Option<String>,
    /// State of the space: usable or deleted.
    pub status: Option<SpaceStatus>,
    /// Maximum size in bytes; `None` if the space has no limit of its own.
    #[serde(deserialize_with = "negative_is_none")]
    pub quota: Option<u64>,
    /// Used size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub used_quota: Option<u64>,
    /// Capabilities of the space.
    pub capabilities: Option<SpaceCapabilities>,
    /// Quota of each partition of the storage; at most two partitions.
    #[serde(deserialize_with = "null_is_default")]
    pub partitions: Vec<Partition>,
    /// unionId of the creator.
    pub creator_id: Option<String>,
    /// unionId of the last editor.
    pub modifier_id: Option<String>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
}

/// Optional capabilities of a space.
///
/// ```
/// use dingtalk_files::{AddSpace, SpaceCapabilities};
///
/// let options = AddSpace::new().capabilities(SpaceCapabilities::new().can_search(true).can_rename(true));
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SpaceCapabilities {
    /// Whether a search can find the files of the space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_search: Option<bool>,
    /// Whether the space can be renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_rename: Option<bool>,
    /// Whether the files of the space appear in the list of recent files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_record_recent_file: Option<bool>,
}

impl SpaceCapabilities {
    /// Creates a value without any capability set: a new space has none of them.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_search, None);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether a search can find the files of the space. Default: false.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_search(true).can_search, Some(true));
    /// ```
    #[must_use]
    pub fn can_search(mut self, can_search: bool) -> Self {
        self.can_search = Some(can_search);
        self
    }

    /// Sets whether the space can be renamed. Default: false.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_rename(true).can_rename, Some(true));
    /// ```
    #[must_use]
    pub fn can_rename(mut self, can_rename: bool) -> Self {
        self.can_rename = Some(can_rename);
        self
    }

    /// Sets whether the files of the space appear in the list of recent files. Default: false.
    ///
    /// ```
    /// use dingtalk_files::SpaceCapabilities;
    ///
    /// let capabilities = SpaceCapabilities::new().can_record_recent_file(true);
    /// assert_eq!(capabilities.can_record_recent_file, Some(true));
    /// ```
    #[must_use]
    pub fn can_record_recent_file(mut self, can_record_recent_file: bool) -> Self {
        self.can_record_recent_file = Some(can_record_recent_file);
        self
    }
}

/// The quota of a partition of the storage: of a space, an app or an organisation.
///
/// ```
/// use dingtalk_files::{Partition, PartitionType};
///
/// let json = r#"{"partitionType": "PUBLIC_OSS_PARTITION", "quota": {"used": 512, "max": 1024}}"#;
/// let partition: Partition = serde_json::from_str(json)?;
/// assert_eq!(partition.partition_type, Some(PartitionType::PublicOss));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Partition {
    /// Type of the partition.
    pub partition_type: Option<PartitionType>,
    /// Quota of the partition.
    pub quota: Option<PartitionQuota>,
}

/// The quota of a partition.
///
/// ```
/// use dingtalk_files::{PartitionQuota, QuotaType};
///
/// let quota: PartitionQuota = serde_json::from_str(r#"{"used": 512, "type": "SHARE"}"#)?;
/// assert_eq!((quota.max, quota.kind), (None, Some(QuotaType::Share)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PartitionQuota {
    /// Used size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub used: Option<u64>,
    /// Maximum size in bytes. If absent, the partition shares the organisation's remaining quota.
    #[serde(deserialize_with = "negative_is_none")]
    pub max: Option<u64>,
    /// Reserved bytes that are still free. If absent, nothing is reserved.
    #[serde(deserialize_with = "negative_is_none")]
    pub reserved: Option<u64>,
    /// Kind of the quota.
    #[serde(rename = "type")]
    pub kind: Option<QuotaType>,
}

/// The storage of an organisation.
///
/// ```
/// let org: dingtalk_files::Org = serde_json::from_str(r#"{"corpId": "corp-1"}"#)?;
/// assert_eq!((org.corp_id.as_deref(), org.partitions.len()), (Some("corp-1"), 0));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Org {
    /// Id of the organisation.
    pub corp_id: Option<String>,
    /// Quota of each partition of the storage.
    #[serde(deserialize_with = "null_is_default")]
    pub partitions: Vec<Partition>,
}

/// The calling app and its storage.
///
/// ```
/// let app: dingtalk_files::CurrentApp = serde_json::from_str(r#"{"appId": "app-1", "name": "test-app"}"#)?;
/// assert_eq!(app.name.as_deref(), Some("test-app"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct CurrentApp {
    /// Id of the app.
    pub app_id: Option<String>,
    /// Organisation for which the app makes the call.
    pub corp_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Quota of each partition of the storage.
    #[serde(deserialize_with = "null_is_default")]
    pub partitions: Vec<Partition>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
}

options! {
    /// Optional parameters of [`Storage::add_space`].
    ///
    /// ```
    /// use dingtalk_files::{AddSpace, SpaceOwnerType};
    ///
    /// let options = AddSpace::new().scene("project").scene_id("17").owner_type(SpaceOwnerType::App);
    /// # let _ = options;
    /// ```
    AddSpace {
        /// Name of the space. Default: none.
        name: String as impl Into<String> = "Project 17",
        /// Maximum size in bytes, up to the quota of the organisation. Default: no limit of its own.
        quota: u64 = 1_000_000_000,
        /// Capabilities of the space. Default: none.
        capabilities: SpaceCapabilities = dingtalk_files::SpaceCapabilities::new().can_search(true),
        /// Kind of the space: a word of your choice. Default: `default`.
        scene: String as impl Into<String> = "project",
        /// Id of the space within its kind: an id of your choice. Default: `0`.
        scene_id: String as impl Into<String> = "17",
        /// Owner of the space, which determines how permissions work. Default: `USER`.
        owner_type: SpaceOwnerType = dingtalk_files::SpaceOwnerType::App,
    }
}

impl Storage<'_> {
    /// Creates a space, or returns the existing space for the same scene and scene id.
    ///
    /// Calls `AddSpace`, documented at [add-space](https://open.dingtalk.com/document/orgapp/add-space).
    /// Permission: `Storage.Space.Write`. Internal and ISV apps.
    ///
    /// Scene and scene id together identify the space within your app: if a space exists for the pair, it is returned.
    /// The call is therefore safe to retry, and two calls **without** them return the same space. DingTalk's own drive
    /// does not show the spaces created here.
    ///
    /// The owner determines how permissions work. In a space of a user, the owner and the managers have access, and
    /// others need a permission, which does not expire. In a space of the app everybody needs a permission, which lasts
    /// 3600 seconds at most. See `add_permission`.
    ///
    /// ```no_run
    /// use dingtalk_files::{AddSpace, Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = AddSpace::new().scene("project").scene_id("17").name("Project 17");
    /// let space = client.storage().add_space(UnionId("operator-1"), &options)?;
    /// println!("id: {}", space.id.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `paramError.name`, `paramError.scene`, `paramError.sceneId`, `paramError`; `systemError`,
    /// `unknownError`, `operationTimeout`.
    #[inline]
    pub fn add_space(&self, operator: UnionId<'_>, options: &AddSpace) -> Result<Space> {
        let call = Call::new("POST /v1.0/storage/spaces", &[])
            .acting(operator)
            .option(options.if_set())
            .repeatable();
        self.client.field("space", &call)
    }

    /// Returns a space, with its owner and quota.
    ///
    /// Calls `GetSpace`, documented at
    /// [get-space-information](https://open.dingtalk.com/document/orgapp/get-space-information).
    /// Permission: `Storage.Space.Read`. Internal and ISV apps.
    ///
    /// Without a [`quota`](Space::quota) the space has no limit of its own and shares the organisation's remaining
    /// quota ([`get_org`](Self::get_org)).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let space = client.storage().get_space("space-1", UnionId("operator-1"))?;
    /// println!("{:?} of {:?} bytes used", space.used_quota, space.quota);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `spaceNotExist`; `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_space(&self, space_id: &str, operator: UnionId<'_>) -> Result<Space> {
        let call = Call::new("GET /v1.0/storage/spaces/{spaceId}", &[space_id]).acting(operator).reads();
        self.client.field("space", &call)
    }

    /// Returns the storage quota of an organisation.
    ///
    /// Calls `GetOrg`, documented at
    /// [obtain-enterprise-storage-related-information](https://open.dingtalk.com/document/orgapp/obtain-enterprise-storage-related-information).
    /// Permission: `Storage.Org.Read`. Internal and ISV apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let org = client.storage().get_org("corp-1", UnionId("operator-1"))?;
    /// for partition in org.partitions {
    ///     println!("{:?}: {:?}", partition.partition_type, partition.quota);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_org(&self, corp_id: &str, operator: UnionId<'_>) -> Result<Org> {
        let call = Call::new("GET /v1.0/storage/orgs/{corpId}", &[corp_id]).acting(operator).reads();
        self.client.field("org", &call)
    }

    /// Returns the app that the access token belongs to, with its storage quota.
    ///
    /// Calls `GetCurrentApp`, documented at
    /// [obtains-the-information-about-the-current-application](https://open.dingtalk.com/document/orgapp/obtains-the-information-about-the-current-application).
    /// Permission: `Storage.App.Read`. Internal and ISV apps.
    ///
    /// This operation only reads, although it is a POST (without a body).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let app = client.storage().get_current_app(UnionId("operator-1"))?;
    /// println!("{} is {}", app.name.unwrap_or_default(), app.app_id.unwrap_or_default());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `appNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_current_app(&self, operator: UnionId<'_>) -> Result<CurrentApp> {
        let call = Call::new("POST /v1.0/storage/currentApps/query", &[]).acting(operator).reads();
        self.client.field("app", &call)
    }
}
