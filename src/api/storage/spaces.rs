//! Spaces, and how much room there is: in a space, for an app, for an organisation.

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
    /// Whom a space belongs to.
    SpaceOwnerType: sent, received {
        /// A person. Permissions there do not end.
        User = "USER",
        /// The app. Everybody needs a permission there, which lasts 3600 seconds at most.
        App = "APP",
    }
}

string_enum! {
    /// The state a space is in.
    SpaceStatus: received {
        /// There and usable.
        Normal = "NORMAL",
        /// Deleted.
        Deleted = "DELETE",
    }
}

string_enum! {
    /// How a quota is meant.
    QuotaType: received {
        /// No limit of its own: it shares what the organisation has left.
        Share = "SHARE",
        /// Set aside, up to its limit.
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
    /// Its id.
    pub id: Option<String>,
    /// The organisation it belongs to.
    pub corp_id: Option<String>,
    /// The app it comes from.
    pub app_id: Option<String>,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Whether it belongs to a person or to the app.
    pub owner_type: Option<SpaceOwnerType>,
    /// The id of whom it belongs to.
    pub owner_id: Option<String>,
    /// Which of its app's kinds of spaces it is.
    pub scene: Option<String>,
    /// Which one of that kind.
    pub scene_id: Option<String>,
    /// Whether it is there or deleted.
    pub status: Option<SpaceStatus>,
    /// How many bytes it may have. Without a limit of its own there is none here.
    #[serde(deserialize_with = "negative_is_none")]
    pub quota: Option<u64>,
    /// How many bytes it has.
    #[serde(deserialize_with = "negative_is_none")]
    pub used_quota: Option<u64>,
    /// What it can do.
    pub capabilities: Option<SpaceCapabilities>,
    /// The room in each partition of the store: two at most.
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

/// What a space can do beyond storing.
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
    /// Its files can be found by search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_search: Option<bool>,
    /// It can be renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_rename: Option<bool>,
    /// Its files appear among the recent ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_record_recent_file: Option<bool>,
}

impl SpaceCapabilities {
    /// Nothing set: a new space gets none of them.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_search, None);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether its files can be found by search. Default: false.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_search(true).can_search, Some(true));
    /// ```
    #[must_use]
    pub fn can_search(mut self, can_search: bool) -> Self {
        self.can_search = Some(can_search);
        self
    }

    /// Whether it can be renamed. Default: false.
    ///
    /// ```
    /// assert_eq!(dingtalk_files::SpaceCapabilities::new().can_rename(true).can_rename, Some(true));
    /// ```
    #[must_use]
    pub fn can_rename(mut self, can_rename: bool) -> Self {
        self.can_rename = Some(can_rename);
        self
    }

    /// Whether its files appear among the recent ones. Default: false.
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

/// The room in one partition of the store: of a space, an app or an organisation.
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
    /// Which partition.
    pub partition_type: Option<PartitionType>,
    /// How much room there is.
    pub quota: Option<PartitionQuota>,
}

/// How much room there is in a partition.
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
    /// How many bytes are taken.
    #[serde(deserialize_with = "negative_is_none")]
    pub used: Option<u64>,
    /// How many bytes there may be. Without one, it shares what the organisation has left.
    #[serde(deserialize_with = "negative_is_none")]
    pub max: Option<u64>,
    /// How many bytes have been set aside and are still free. Without one, nothing has been set aside.
    #[serde(deserialize_with = "negative_is_none")]
    pub reserved: Option<u64>,
    /// How it is meant.
    #[serde(rename = "type")]
    pub kind: Option<QuotaType>,
}

/// An organisation, as a place to store in.
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
    /// Its id.
    pub corp_id: Option<String>,
    /// The room in each partition of the store.
    #[serde(deserialize_with = "null_is_default")]
    pub partitions: Vec<Partition>,
}

/// The app that asks, as a place to store in.
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
    /// Its id.
    pub app_id: Option<String>,
    /// The organisation in which it asks.
    pub corp_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// The room in each partition of the store.
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
        /// Its name. Default: none.
        name: String as impl Into<String> = "Project 17",
        /// How many bytes it may have, never more than the organisation has. Default: no limit of its own.
        quota: u64 = 1_000_000_000,
        /// What it can do. Default: nothing beyond storing.
        capabilities: SpaceCapabilities = dingtalk_files::SpaceCapabilities::new().can_search(true),
        /// Which of your kinds of spaces it is: a word of your own. Default: `default`.
        scene: String as impl Into<String> = "project",
        /// Which one of that kind: an id of your own. Default: `0`.
        scene_id: String as impl Into<String> = "17",
        /// Whom it belongs to, which decides about its permissions. Default: `USER`.
        owner_type: SpaceOwnerType = dingtalk_files::SpaceOwnerType::App,
    }
}

impl Storage<'_> {
    /// Makes a space, or finds the one that was made before for the same purpose.
    ///
    /// Calls `AddSpace`, documented at [add-space](https://open.dingtalk.com/document/orgapp/add-space).
    /// Permission: `Storage.Space.Write`. Internal and ISV apps.
    ///
    /// Scene and scene id together are the space's name within your app: a pair that has a space already gives that
    /// one. So the call may be repeated, and two calls **without** them mean one and the same space. What is made here
    /// is not shown in DingTalk's own drive.
    ///
    /// Whom it belongs to decides about permissions: in a space of a user the owner and the managers may act, others
    /// need a permission, which does not end. In a space of the app everybody needs one, for 3600 seconds at most. See
    /// `add_permission`.
    ///
    /// ```no_run
    /// use dingtalk_files::{AddSpace, Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let options = AddSpace::new().scene("project").scene_id("17").name("Project 17");
    /// let space = client.storage().add_space(UnionId("operator-1"), &options)?;
    /// println!("its id is {}", space.id.unwrap_or_default());
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

    /// Asks for a space: whose it is, and how much room it has.
    ///
    /// Calls `GetSpace`, documented at
    /// [get-space-information](https://open.dingtalk.com/document/orgapp/get-space-information).
    /// Permission: `Storage.Space.Read`. Internal and ISV apps.
    ///
    /// Without a [`quota`](Space::quota) the space has no limit of its own, and shares what the organisation has left
    /// ([`get_org`](Self::get_org)).
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

    /// Asks how much room an organisation has.
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

    /// Asks for the app that the access token belongs to, and how much room it has.
    ///
    /// Calls `GetCurrentApp`, documented at
    /// [obtains-the-information-about-the-current-application](https://open.dingtalk.com/document/orgapp/obtains-the-information-about-the-current-application).
    /// Permission: `Storage.App.Read`. Internal and ISV apps.
    ///
    /// It reads, although it is a POST (without a body).
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
