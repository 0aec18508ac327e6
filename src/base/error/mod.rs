//! Errors, classified by code and not by status.
//!
//! | file | holds |
//! | --- | --- |
//! | `variants.rs` | [`Error`] |
//! | `questions.rs`, `kind.rs` | its methods |
//! | `classify.rs` | decides whether an answer of DingTalk's API is an error, and which one |
//! | `api.rs`, `storage.rs` | the errors of DingTalk's API and of OSS, and the meaning of each code |
//! | other files | one kind of failure each |

mod answer;
mod api;
mod classify;
mod file;
mod kind;
mod network;
mod questions;
mod source;
mod storage;
mod text;
mod variants;

pub use answer::{Problem, UnexpectedAnswer};
pub use api::ApiError;
pub(crate) use classify::{ApiAnswer, classify};
pub(crate) use file::FOLDER_OF;
pub use file::FileError;
pub use kind::ErrorKind;
pub(crate) use network::OverallTimeout;
pub use network::{NetworkError, NetworkStage};
pub use source::{SourceError, SourceProblem};
pub use storage::StorageError;
pub(crate) use text::PathText;
pub use variants::{CommitUnknown, Error, NotSent, Result, UploadInterrupted};
