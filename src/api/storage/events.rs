//! Events: notifications of changes to files.

use super::Storage;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;

string_enum! {
    /// Scope of a subscription to events.
    EventScope: sent {
        /// A whole organisation; the scope id is its corpId.
        Org = "ORG",
        /// A single space; the scope id is the id of the space.
        Space = "SPACE",
    }
}

impl Storage<'_> {
    /// Subscribes to the events of changing files, for a space or a whole organisation.
    ///
    /// Calls `SubscribeEvent`, documented at
    /// [subscribe-to-file-change-events](https://open.dingtalk.com/document/orgapp/subscribe-to-file-change-events).
    /// Permission: `Storage.Event.Write`. Internal and ISV apps.
    ///
    /// This call alone is not enough: also enable the storage event for the app in the developer console. The events
    /// are delivered to the app's event receiver, not to this client.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, EventScope, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().subscribe_event(&EventScope::Space, "space-1", UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `paramError.scope`, `paramError.scopeId`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error
    /// code.
    #[inline]
    pub fn subscribe_event(&self, scope: &EventScope, scope_id: &str, operator: UnionId<'_>) -> Result<()> {
        let call = Call::new("POST /v1.0/storage/events/subscribe", &[])
            .acting(operator)
            .field("scope", scope)
            .field("scopeId", scope_id)
            .repeatable();
        self.client.call_done(&call)
    }

    /// Ends a subscription of [`subscribe_event`](Self::subscribe_event).
    ///
    /// Calls `UnsubscribeEvent`, documented at
    /// [unsubscribe-from-file-change-events](https://open.dingtalk.com/document/orgapp/unsubscribe-from-file-change-events).
    /// Permission: `Storage.Event.Write`. Internal and ISV apps.
    ///
    /// Pass the scope and the scope id of the subscription.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, EventScope, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// client.storage().unsubscribe_event(&EventScope::Space, "space-1", UnionId("operator-1"))?;
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `permissionDenied`; `paramError.scope`, `paramError.scopeId`, `paramError`; `systemError`, `unknownError`,
    /// `operationTimeout`. [`Problem::NotDone`](crate::Problem::NotDone) if the vendor reports failure without an error
    /// code.
    #[inline]
    pub fn unsubscribe_event(&self, scope: &EventScope, scope_id: &str, operator: UnionId<'_>) -> Result<()> {
        let call = Call::new("POST /v1.0/storage/events/unsubscribe", &[])
            .acting(operator)
            .field("scope", scope)
            .field("scopeId", scope_id)
            .repeatable();
        self.client.call_done(&call)
    }
}
