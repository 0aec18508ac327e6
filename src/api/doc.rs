//! Two names of one thing: a dentry's uuid, and its space with its id there.

use serde::Deserialize;

use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::client::Client;

super::group! {
    /// The operations of `doc`: ids of one kind from ids of the other. From [`Client::doc`](crate::Client::doc).
    ///
    /// ```
    /// # let client = dingtalk_files::Client::builder().access_token("t").base_url("http://127.0.0.1:9").build()?;
    /// let doc = client.doc();
    /// # let _ = doc;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Doc
}

impl Client {
    /// The operations of `doc`: ids of one kind from ids of the other.
    ///
    /// ```no_run
    /// # use dingtalk_files::UnionId;
    /// # let client = dingtalk_files::Client::from_env()?;
    /// let ids = client.doc().get_dentry_id_by_uuid("uuid-1", UnionId("operator-1"))?;
    /// println!("{:?} in space {:?}", ids.dentry_id, ids.space_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn doc(&self) -> Doc<'_> {
        Doc::new(self)
    }
}

/// All ids of one dentry.
///
/// ```
/// let json = r#"{"dentryUuid": "uuid-1", "dentryId": "dentry-1", "spaceId": "space-1"}"#;
/// let ids: dingtalk_files::DentryIds = serde_json::from_str(json)?;
/// assert_eq!((ids.space_id.as_deref(), ids.dentry_id.as_deref()), (Some("space-1"), Some("dentry-1")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DentryIds {
    /// What storage 2.0 calls it. It stays when the entry is moved.
    pub dentry_uuid: Option<String>,
    /// What storage 1.0 calls it, within its space.
    pub dentry_id: Option<String>,
    /// The space it is in.
    pub space_id: Option<String>,
}

impl Doc<'_> {
    /// Asks under which space and dentry id storage 1.0 knows a dentry of storage 2.0.
    ///
    /// `GetDentryIdByUuid`, documented under
    /// [api-getdentryidbyuuid](https://open.dingtalk.com/document/orgapp/api-getdentryidbyuuid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// With the answer, what 2.0 has found can be downloaded: there is no download in 2.0.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let (client, person) = (Client::from_env()?, UnionId("operator-1"));
    /// let ids = client.doc().get_dentry_id_by_uuid("uuid-1", person)?;
    /// if let (Some(space), Some(dentry)) = (&ids.space_id, &ids.dentry_id) {
    ///     client.file(space, dentry, person).download_to(&mut std::io::stdout(), ..)?;
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `documentNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_dentry_id_by_uuid(&self, dentry_uuid: &str, operator: UnionId<'_>) -> Result<DentryIds> {
        let call = Call::new("GET /v2.0/doc/dentries/{dentryUuid}/queryDentryId", &[dentry_uuid])
            .query("operatorId", operator.0)
            .reads();
        self.client.call(&call)
    }

    /// Asks under which dentryUuid storage 2.0 knows a dentry of storage 1.0.
    ///
    /// `GetUuidByDentryId`, documented under
    /// [api-getuuidbydentryid](https://open.dingtalk.com/document/orgapp/api-getuuidbydentryid).
    /// Permission: `Document.WorkspaceDocument.Read`. Internal and ISV apps.
    ///
    /// In the URL the dentry comes before its space, and so it does here: the other way round than in storage 1.0.
    /// Whoever has a [`Dentry`](crate::Dentry) has the answer already, in [`uuid`](crate::Dentry::uuid).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let ids = client.doc().get_uuid_by_dentry_id("dentry-1", "space-1", UnionId("operator-1"))?;
    /// println!("{:?}", ids.dentry_uuid);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `documentNotExist`; `permissionDenied`; `paramError`; `systemError`, `unknownError`.
    #[inline]
    pub fn get_uuid_by_dentry_id(
        &self,
        dentry_id: &str,
        space_id: &str,
        operator: UnionId<'_>,
    ) -> Result<DentryIds> {
        let call = Call::new("GET /v2.0/doc/dentries/{dentryId}/queryDentryUuid", &[dentry_id])
            .query("spaceId", space_id)
            .query("operatorId", operator.0)
            .reads();
        self.client.call(&call)
    }
}
