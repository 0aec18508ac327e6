//! The vendor's operations: one file per group, one function per operation.

pub(crate) mod conv_file;
pub(crate) mod doc;
pub(crate) mod drive;
pub(crate) mod media;
pub(crate) mod oauth2;
pub(crate) mod permissions;
pub(crate) mod robot;
pub(crate) mod storage;
pub(crate) mod storage_v2;
pub(crate) mod topapi;
pub(crate) mod wiki;
pub(crate) mod workflow;
pub(crate) mod yida;

/// Declares a group's handle: a borrow of the client, as cheap as a reference.
macro_rules! group {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'c> {
            client: &'c crate::client::Client,
        }

        impl<'c> $name<'c> {
            pub(crate) fn new(client: &'c crate::client::Client) -> Self {
                Self { client }
            }
        }
    };
}
pub(crate) use group;
