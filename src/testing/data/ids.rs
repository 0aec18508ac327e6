//! Random numbers and ids.

use std::hash::{BuildHasher, RandomState};

/// Returns a number that cannot be guessed. The standard library seeds its hash maps with such numbers.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Returns a new id in the form of `x-oss-request-id` and `requestid`.
pub(crate) fn request_id() -> String {
    format!("{:016X}{:08X}", random(), random() >> 32)
}
