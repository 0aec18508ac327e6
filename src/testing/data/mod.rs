//! Plain data of the fake without I/O or state: content, recorded requests, responses, faults.

pub(super) mod content;
mod crc;
pub(super) mod dates;
pub(super) mod effects;
pub(super) mod errors;
pub(super) mod fault;
pub(super) mod ids;
pub(super) mod records;
pub(super) mod response;
pub(super) mod target;

pub(super) use crc::combine;
