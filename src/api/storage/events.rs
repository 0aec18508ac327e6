//! Events: being told when files change.

use super::Storage;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::UnionId;
use crate::base::ids::string_enum;

string_enum! {
    /// How much of the storage events are about.
    EventScope: sent {
        /// A whole organisation; the scope id is its corpId.
        Org = "ORG",
        /// One space; the scope id is its id.
        Space = "SPACE",
    }
}

impl Storage<'_> {
    /// Asks for the events of changing files, of a space or a whole organisation.
    ///
    /// Calls `SubscribeEvent`, documented at
    /// [subscribe-to-file-change-events](https://open.dingtalk.com/document/orgapp/subscribe-to-file-change-events).
    /// Permission: `Storage.Event.Write`. Internal and ISV apps.
    ///
    /// Not all of the way is here: the storage event has to be switched on for the app in the developer console too,
    /// and the events go where the app receives its events, not to this client.
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

    /// Ends what [`subscribe_event`](Self::subscribe_event) began.
    ///
    /// Calls `UnsubscribeEvent`, documented at
    /// [unsubscribe-from-file-change-events](https://open.dingtalk.com/document/orgapp/unsubscribe-from-file-change-events).
    /// Permission: `Storage.Event.Write`. Internal and ISV apps.
    ///
    /// Scope and scope id are those of the subscription.
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
