//! The operations, one file per group. A handler checks a request as the real service does, and then reads or changes
//! the state.

pub(super) mod around;
pub(super) mod browse;
pub(super) mod call;
pub(super) mod checks;
mod conditions;
pub(super) mod conv_file;
mod dentry_json;
pub(super) mod doc_resources;
pub(super) mod downloads;
mod fields;
pub(super) mod ids;
pub(super) mod oauth2;
pub(super) mod objects;
pub(super) mod tasks;
pub(super) mod uploads;
