//! App properties of files and folders.

use super::Storage;
use crate::base::call::Call;
use crate::base::dentry::{AppProperty, MAX_APP_PROPERTIES};
use crate::base::error::Result;
use crate::base::ids::UnionId;

impl Storage<'_> {
    /// Sets app properties on a file or folder: existing names are overwritten, new names are added.
    ///
    /// Calls `UpdateDentryAppProperties`, documented at
    /// [update-file-application-properties](https://open.dingtalk.com/document/orgapp/update-file-application-properties).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// An app can have at most 3 properties on an entry in total. One call takes at most 3, and a fourth property is
    /// the error `dentryAppPropertiesNumberExceedsLimit`. Properties that the call does not name stay unchanged.
    /// Functions that return entries, such as [`get_dentry`](Self::get_dentry), also return the properties.
    ///
    /// ```no_run
    /// use dingtalk_files::{AppProperty, Client, UnionId, Visibility};
    ///
    /// let client = Client::from_env()?;
    /// let invoice = AppProperty::new("invoice", "2024-17", Visibility::Private);
    /// let operator = UnionId("operator-1");
    /// client.storage().update_dentry_app_properties("space-1", "dentry-1", &[invoice], operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 3 properties, before any request
    /// is sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAppPropertiesNumberExceedsLimit`; `paramError.spaceId`,
    /// `paramError.dentryId`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn update_dentry_app_properties(
        &self,
        space_id: &str,
        dentry_id: &str,
        app_properties: &[AppProperty],
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "PUT /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/appProperties",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("appProperties", app_properties)
        .limit("appProperties", app_properties.len(), 1..=MAX_APP_PROPERTIES)
        .repeatable();
        self.client.call_done(&call)
    }

    /// Removes app properties from a file or folder, by name.
    ///
    /// Calls `DeleteDentryAppProperties`, documented at
    /// [delete-file-app-attribute](https://open.dingtalk.com/document/orgapp/delete-file-app-attribute).
    /// Permission: `Storage.File.Write`. Internal and ISV apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let operator = UnionId("operator-1");
    /// client.storage().delete_dentry_app_properties("space-1", "dentry-1", &["invoice"], operator)?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for zero or more than 3 names, before any request is
    /// sent. `operationConcurrentControl` (another operation is in progress there: retry later); `permissionDenied`;
    /// `spaceNotExist`, `dentryNotExist`; `dentryAppPropertiesNumberExceedsLimit`; `paramError.spaceId`,
    /// `paramError.dentryId`, `paramError`; `systemError`, `unknownError`, `operationTimeout`.
    /// [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error code.
    #[inline]
    pub fn delete_dentry_app_properties(
        &self,
        space_id: &str,
        dentry_id: &str,
        property_names: &[&str],
        operator: UnionId<'_>,
    ) -> Result<()> {
        let call = Call::new(
            "POST /v1.0/storage/spaces/{spaceId}/dentries/{dentryId}/appProperties/remove",
            &[space_id, dentry_id],
        )
        .acting(operator)
        .field("propertyNames", property_names)
        .limit("propertyNames", property_names.len(), 1..=MAX_APP_PROPERTIES)
        .repeatable();
        self.client.call_done(&call)
    }
}
