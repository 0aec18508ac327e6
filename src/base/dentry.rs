//! Entries of a space: files and folders. Pure data, below the errors, because an error can carry an entry.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::ids::string_enum;
use crate::base::json::{negative_is_none, null_is_default};
use crate::base::secret::host_of;
use crate::base::timestamp::Timestamp;

string_enum! {
    /// The type of a dentry: file or folder.
    DentryType: received {
        /// A file.
        File = "FILE",
        /// A folder.
        Folder = "FOLDER",
    }
}

string_enum! {
    /// The state of a dentry.
    DentryStatus: received {
        /// Present and usable.
        Normal = "NORMAL",
        /// In the recycle bin, or gone.
        Deleted = "DELETED",
        /// Expired.
        Expired = "EXPIRED",
    }
}

string_enum! {
    /// The kind of file, by its extension.
    DentryCategory: received {
        /// A picture.
        Image = "IMAGE",
        /// A video.
        Video = "VIDEO",
        /// An audio file.
        Audio = "AUDIO",
        /// An archive of files.
        Archive = "ARCHIVE",
        /// A shortcut to another dentry.
        Shortcut = "SHORTCUT",
        /// An office document.
        Document = "DOCUMENT",
        /// An online document.
        AliDoc = "ALI_DOC",
        /// Any other kind, by the vendor's own word.
        Miscellaneous = "OTHER",
    }
}

string_enum! {
    /// The vendor's store that holds a file.
    StorageDriver: sent, received {
        /// The store of uploaded files, and the default everywhere.
        DingTalk = "DINGTALK",
        /// The store of online documents.
        AliDoc = "ALIDOC",
        /// The store of Shanji (闪记).
        Shanji = "SHANJI",
        /// The vendor's own word for "not known".
        Unknown = "UNKNOWN",
    }
}

string_enum! {
    /// The partition of the store that holds a file.
    PartitionType: received {
        /// The shared partition in the public cloud.
        PublicOss = "PUBLIC_OSS_PARTITION",
        /// A dedicated partition.
        MiniOss = "MINI_OSS_PARTITION",
    }
}

string_enum! {
    /// The vendor's action if the folder already has an entry of that name.
    ConflictStrategy: sent {
        /// The new entry gets another name, such as `report(1).xls`. The vendor's default.
        AutoRename = "AUTO_RENAME",
        /// The new entry takes the place of the old entry.
        Overwrite = "OVERWRITE",
        /// The old entry stays and is returned.
        ReturnDentryIfExists = "RETURN_DENTRY_IF_EXISTS",
        /// The call fails.
        ReturnErrorIfExists = "RETURN_ERROR_IF_EXISTS",
    }
}

string_enum! {
    /// The visibility of a property that an app has set on a file.
    Visibility: sent, received {
        /// Visible to every app.
        Public = "PUBLIC",
        /// Visible only to the app that set it.
        Private = "PRIVATE",
    }
}

/// A file or a folder in a space.
///
/// ```
/// use dingtalk_files::{Dentry, DentryType};
///
/// let json = r#"{"id": "dentry-1", "type": "FILE", "name": "a.xls", "size": 256, "new-field": 1}"#;
/// let dentry: Dentry = serde_json::from_str(json)?;
/// assert_eq!((dentry.kind, dentry.size), (Some(DentryType::File), Some(256)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Dentry {
    /// Id within the space.
    pub id: Option<String>,
    /// Space that contains the entry.
    pub space_id: Option<String>,
    /// Folder that contains the entry; `"0"` is the root of the space.
    pub parent_id: Option<String>,
    /// File or folder.
    #[serde(rename = "type")]
    pub kind: Option<DentryType>,
    /// Name, with the extension if it is a file.
    pub name: Option<String>,
    /// Size in bytes. Folders have none.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
    /// Path within the space.
    pub path: Option<String>,
    /// Version.
    #[serde(deserialize_with = "negative_is_none")]
    pub version: Option<u64>,
    /// Whether the entry is present, deleted or expired.
    pub status: Option<DentryStatus>,
    /// Extension without the dot. Folders have none.
    pub extension: Option<String>,
    /// unionId of the person who created the entry.
    pub creator_id: Option<String>,
    /// unionId of the person who last changed the entry.
    pub modifier_id: Option<String>,
    /// Time of creation.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
    /// Permitted changes.
    pub properties: Option<DentryProperties>,
    /// Properties that apps have set on the entry, by the id of the owner. If the vendor sends a list without owners,
    /// the whole list is under the empty id.
    #[serde(deserialize_with = "map_or_list")]
    pub app_properties: BTreeMap<String, Vec<AppProperty>>,
    /// Id that storage 2.0 calls `dentryUuid`. It does not change when the entry is moved.
    pub uuid: Option<String>,
    /// Partition that holds the file.
    pub partition_type: Option<PartitionType>,
    /// Store that holds the file.
    pub storage_driver: Option<StorageDriver>,
    /// Small picture of the file, if one was requested.
    pub thumbnail: Option<Thumbnail>,
    /// Kind of file.
    pub category: Option<DentryCategory>,
}

impl Dentry {
    /// Returns whether this is an online document: its bytes exist only after an [`export`](crate::Client::export).
    ///
    /// ```
    /// fn has_bytes(dentry: &dingtalk_files::Dentry) -> bool {
    ///     dentry.size.is_some() && !dentry.is_online_document()
    /// }
    /// ```
    #[inline]
    pub fn is_online_document(&self) -> bool {
        self.category == Some(DentryCategory::AliDoc) || self.storage_driver == Some(StorageDriver::AliDoc)
    }
}

/// The permitted changes of a dentry.
///
/// ```
/// let properties: dingtalk_files::DentryProperties = serde_json::from_str(r#"{"readOnly": true}"#)?;
/// assert_eq!(properties.read_only, Some(true));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryProperties {
    /// Whether the dentry cannot be changed.
    pub read_only: Option<bool>,
}

/// A small picture of a file.
///
/// `Debug` shows only the host of the URL: anyone who has the URL may be able to see the picture.
///
/// ```
/// let json = r#"{"width": 64, "height": 48, "url": "https://h.example/picture?key=1"}"#;
/// let thumbnail: dingtalk_files::Thumbnail = serde_json::from_str(json)?;
/// assert_eq!((thumbnail.width, thumbnail.height), (Some(64), Some(48)));
/// assert!(!format!("{thumbnail:?}").contains("key"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Thumbnail {
    /// The URL of the picture.
    pub url: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
}

impl fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thumbnail")
            .field("url", &self.url.as_deref().map(host_of))
            .field("width", &self.width)
            .field("height", &self.height)
            .finish()
    }
}

/// A property that an app sets on a file: a name and a value of the app's choice.
///
/// ```
/// use dingtalk_files::{AppProperty, Visibility};
///
/// let property = AppProperty::new("invoice", "2024-17", Visibility::Private);
/// assert_eq!(property.visibility, Some(Visibility::Private));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppProperty {
    /// Name, which an app uses once per file.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// Value.
    #[serde(default, deserialize_with = "null_is_default")]
    pub value: String,
    /// Visibility to other apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

impl AppProperty {
    /// Creates a property to send, which requires all three values.
    ///
    /// ```
    /// use dingtalk_files::{AppProperty, CommitFile, Visibility};
    ///
    /// let options = CommitFile::new().app_properties([AppProperty::new("invoice", "2024-17", Visibility::Public)]);
    /// # let _ = options;
    /// ```
    pub fn new(name: impl Into<String>, value: impl Into<String>, visibility: Visibility) -> Self {
        Self { name: name.into(), value: value.into(), visibility: Some(visibility) }
    }
}

/// Most properties that one call may set or delete.
pub(crate) const MAX_APP_PROPERTIES: usize = 3;

/// Reads the properties of an entry. The documentation's tables have a map of owners, its examples a bare list.
fn map_or_list<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, Vec<AppProperty>>, D::Error> {
    struct MapOrList;

    impl<'de> Visitor<'de> for MapOrList {
        type Value = BTreeMap<String, Vec<AppProperty>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of lists, or a list")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(property) = seq.next_element()? {
                list.push(property);
            }
            // An empty list means the same as no list.
            Ok(if list.is_empty() { BTreeMap::new() } else { BTreeMap::from([(String::new(), list)]) })
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut owners = BTreeMap::new();
            while let Some((owner, list)) = map.next_entry::<String, Option<Vec<AppProperty>>>()? {
                owners.insert(owner, list.unwrap_or_default());
            }
            Ok(owners)
        }
    }

    d.deserialize_any(MapOrList)
}
