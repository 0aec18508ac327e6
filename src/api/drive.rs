//! The spaces that a person can open: a way to get a first spaceId.

use serde::Deserialize;

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::{UnionId, string_enum};
use crate::base::json::negative_is_none;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};
use crate::base::timestamp::Timestamp;
use crate::client::Client;

super::group! {
    /// Operations of `drive` 1.0 that are still open to new apps. Returned by [`Client::drive`](crate::Client::drive).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, DriveSpaceType, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for space in client.drive().spaces(&DriveSpaceType::Org, 50, UnionId("operator-1")) {
    ///     println!("{:?}", space?.space_id);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Drive
}

impl Client {
    /// Returns the operations of `drive`: the spaces of a person.
    ///
    /// ```
    /// # use dingtalk_files::Client;
    /// let client = Client::builder().access_token("token").build()?;
    /// let drive = client.drive();
    /// # let _ = drive;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn drive(&self) -> Drive<'_> {
        Drive::new(self)
    }
}

string_enum! {
    /// Kind of a space of the drive.
    DriveSpaceType: sent, received {
        /// Space shared by the organisation: the only kind that can be listed.
        Org = "org",
        /// Personal space.
        Personal = "personal",
    }
}

string_enum! {
    /// Source of the permissions in a space.
    DrivePermissionMode: received {
        /// List of permissions.
        Acl = "acl",
        /// Custom rules of the space.
        Custom = "custom",
    }
}

options! {
    /// Optional parameters of [`Drive::list_spaces`].
    ///
    /// ```
    /// use dingtalk_files::ListSpaces;
    ///
    /// let options = ListSpaces::new().next_token("next-token-1");
    /// # let _ = options;
    /// ```
    ListSpaces {
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
    }
}

/// A space of the drive.
///
/// ```
/// let json = r#"{"spaceId": "space-1", "spaceName": "Projects", "quota": -1, "usedQuota": 640}"#;
/// let space: dingtalk_files::DriveSpace = serde_json::from_str(json)?;
/// assert_eq!((space.quota, space.used_quota), (None, Some(640)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DriveSpace {
    /// Id of the space, for the operations of storage.
    pub space_id: Option<String>,
    /// Name.
    pub space_name: Option<String>,
    /// Shared or personal.
    pub space_type: Option<DriveSpaceType>,
    /// Maximum size in bytes; `None` if the space has no limit of its own.
    #[serde(deserialize_with = "negative_is_none")]
    pub quota: Option<u64>,
    /// Used size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub used_quota: Option<u64>,
    /// Source of the permissions in the space.
    pub permission_mode: Option<DrivePermissionMode>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modify_time: Option<Timestamp>,
}

impl Drive<'_> {
    /// Lists the spaces that a person can open, one page per call.
    ///
    /// Calls `ListSpaces`, documented at
    /// [queries-a-space-list](https://open.dingtalk.com/document/orgapp/queries-a-space-list).
    /// Permission: `Drive.Space.Read`. Internal and ISV apps.
    ///
    /// `max_results` is required. Its limit is not documented; the vendor's sample uses 50.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, DriveSpaceType, ListSpaces, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let operator = UnionId("operator-1");
    /// let page = client.drive().list_spaces(&DriveSpaceType::Org, 50, operator, &ListSpaces::new())?;
    /// println!("{} spaces", page.items.len());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `param.error.maxresults` (page too large), `param.error`; `no.priviledge` (the vendor's spelling),
    /// `unsupported.operation`; `request.overlimit`; `unknown.error`.
    #[inline]
    pub fn list_spaces(
        &self,
        space_type: &DriveSpaceType,
        max_results: u32,
        operator: UnionId<'_>,
        options: &ListSpaces,
    ) -> Result<Page<DriveSpace>> {
        let call = Call::new("GET /v1.0/drive/spaces", &[])
            .query("maxResults", &max_results.to_string())
            .query_if_set("nextToken", options.next_token.as_ref())
            .query("spaceType", space_type.as_str())
            .acting(operator)
            .reads();
        self.client.page("spaces", &call)
    }
}

impl<'c> Drive<'c> {
    /// Iterates over all spaces that a person can open, page by page.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, DriveSpaceType, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for space in client.drive().spaces(&DriveSpaceType::Org, 50, UnionId("operator-1")) {
    ///     println!("{:?}", space?.space_name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn spaces(
        &self,
        space_type: &DriveSpaceType,
        max_results: u32,
        operator: UnionId<'_>,
    ) -> Pages<'c, DriveSpace> {
        let (drive, space_type, operator) = (*self, space_type.clone(), String::from(operator));
        Pages::new(
            &ListSpaces::new(),
            |options| &mut options.next_token,
            move |options| drive.list_spaces(&space_type, max_results, UnionId(&operator), options),
        )
    }
}
