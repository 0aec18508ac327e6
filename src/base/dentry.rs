//! Entries of a space: files and folders. Pure data; below the errors, because an error can carry one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::ids::string_enum;
use crate::base::json::{negative_is_none, null_is_default};
use crate::base::secret::host_of;
use crate::base::timestamp::Timestamp;

string_enum! {
    /// Whether a dentry is a file or a folder.
    DentryType: received {
        /// A file.
        File = "FILE",
        /// A folder.
        Folder = "FOLDER",
    }
}

string_enum! {
    /// The state a dentry is in.
    DentryStatus: received {
        /// There and usable.
        Normal = "NORMAL",
        /// In the recycle bin, or gone.
        Deleted = "DELETED",
        /// Past its time.
        Expired = "EXPIRED",
    }
}

string_enum! {
    /// The kind of file, by its extension.
    DentryCategory: received {
        /// A picture.
        Image = "IMAGE",
        /// A film.
        Video = "VIDEO",
        /// Sound.
        Audio = "AUDIO",
        /// A packed file.
        Archive = "ARCHIVE",
        /// A shortcut to another dentry.
        Shortcut = "SHORTCUT",
        /// A document of an office program.
        Document = "DOCUMENT",
        /// An online document.
        AliDoc = "ALI_DOC",
        /// The vendor's own word for the rest.
        Miscellaneous = "OTHER",
    }
}

string_enum! {
    /// Which of the vendor's stores holds a file.
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
    /// The partition of the store that a file lies in.
    PartitionType: received {
        /// The shared one, in the public cloud.
        PublicOss = "PUBLIC_OSS_PARTITION",
        /// A dedicated one.
        MiniOss = "MINI_OSS_PARTITION",
    }
}

string_enum! {
    /// The vendor's action when the folder already has an entry of that name.
    ConflictStrategy: sent {
        /// The new entry gets another name, such as `report(1).xls`. The vendor's default.
        AutoRename = "AUTO_RENAME",
        /// The new entry takes the place of the old one.
        Overwrite = "OVERWRITE",
        /// The old entry stays, and is the answer.
        ReturnDentryIfExists = "RETURN_DENTRY_IF_EXISTS",
        /// The call fails.
        ReturnErrorIfExists = "RETURN_ERROR_IF_EXISTS",
    }
}

string_enum! {
    /// The visibility of a property that an app has set on a file.
    Visibility: sent, received {
        /// Every app.
        Public = "PUBLIC",
        /// Only the app that set it.
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
    /// Its id within the space.
    pub id: Option<String>,
    /// The space it is in.
    pub space_id: Option<String>,
    /// The folder it is in; `"0"` is the root of the space.
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
    /// Whether it is there, deleted or expired.
    pub status: Option<DentryStatus>,
    /// Extension without the dot. Folders have none.
    pub extension: Option<String>,
    /// unionId of who made it.
    pub creator_id: Option<String>,
    /// unionId of who changed it last.
    pub modifier_id: Option<String>,
    /// When it was made.
    pub create_time: Option<Timestamp>,
    /// When it was changed last.
    pub modified_time: Option<Timestamp>,
    /// The permitted changes.
    pub properties: Option<DentryProperties>,
    /// The properties that apps have set on it, by the id of the owner. If the vendor sends a list without owners, it is all
    /// under the empty id.
    #[serde(deserialize_with = "map_or_list")]
    pub app_properties: BTreeMap<String, Vec<AppProperty>>,
    /// The id that storage 2.0 calls `dentryUuid`. It stays when the entry is moved.
    pub uuid: Option<String>,
    /// The partition it lies in.
    pub partition_type: Option<PartitionType>,
    /// The store that holds it.
    pub storage_driver: Option<StorageDriver>,
    /// A small picture of it, where that was asked for.
    pub thumbnail: Option<Thumbnail>,
    /// The kind of file.
    pub category: Option<DentryCategory>,
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
    /// It cannot be changed.
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

/// A note that an app keeps on a file: a name and a value of its own.
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
    /// Its name, which an app uses once per file.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// Its value.
    #[serde(default, deserialize_with = "null_is_default")]
    pub value: String,
    /// Its visibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

impl AppProperty {
    /// A property to be sent: all three are required there.
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

/// The properties that one call may set or delete.
pub(crate) const MAX_APP_PROPERTIES: usize = 3;

/// The documentation's tables have a map of owners, its examples a bare list.
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
            // An empty list says what no list says.
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
