#![doc = "placeholder"]

mod api;
mod auth;
mod builder;
mod call;
mod client;
mod clock;
mod error;
mod ids;
mod options;
mod retry;
mod secret;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod transfer;
mod transport;

pub use api::conv_file::{ConvFile, ConversationFile};
pub use api::oauth2::{AccessToken, Oauth2};
pub use api::storage::Storage;
pub use api::storage::dentries::{DentryStatus, DentryType};
pub use api::storage::files::{
    DownloadInfo, GetFileDownloadInfo, HeaderSignatureInfo, Region, TransferProtocol,
};
pub use auth::TokenSource;
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{
    ApiError, Error, NetworkError, NetworkStage, Problem, Result, StorageError, UnexpectedAnswer,
};
pub use ids::{Timestamp, UnionId};
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use transfer::range::ByteRange;
pub use transfer::{Downloaded, RemoteFile};
