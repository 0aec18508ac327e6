//! Object requests and their answers, without I/O.

pub(crate) mod meta;
pub(crate) mod range;
pub(crate) mod signed_urls;

/// Most connections of one transfer, and most idle connections kept for the next transfer.
pub(crate) const MAX_PARALLEL: usize = 64;

/// Names of the object requests in errors.
pub(crate) const GET_OBJECT: &str = "GET object";
pub(crate) const PUT_OBJECT: &str = "PUT object";
