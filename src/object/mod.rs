//! Object requests and their answers, without I/O.

pub(crate) mod meta;
pub(crate) mod range;
pub(crate) mod signed_urls;

/// The most connections of one transfer, and the idle ones that are kept for the next.
pub(crate) const MAX_PARALLEL: usize = 64;

/// The names of the object requests in errors.
pub(crate) const GET_OBJECT: &str = "GET object";
pub(crate) const PUT_OBJECT: &str = "PUT object";
