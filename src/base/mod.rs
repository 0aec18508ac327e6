//! The lowest layer: errors, ids, secrets, time, and a request as data. Imports nothing from outside this folder.

pub(crate) mod call;
pub(crate) mod clock;
pub(crate) mod crc64;
pub(crate) mod dentry;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod form;
pub(crate) mod ids;
pub(crate) mod json;
pub(crate) mod options;
pub(crate) mod pages;
pub(crate) mod secret;
pub(crate) mod task;
pub(crate) mod timestamp;
pub(crate) mod upload;
