//! The integration tests, in one binary: what a program that uses this crate can see of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the message; clippy.toml covers the test functions, not their helpers"
)]

mod api_errors;
mod auth;
mod coverage;
mod deadline;
mod events;
#[cfg(target_os = "linux")]
mod exhausted;
mod house;
mod limits;
mod public_api;
mod retry;
mod secrets;
mod sent;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod transfer;
// The pages quote Linux and rustls, with its own roots.
#[cfg(all(target_os = "linux", feature = "rustls", not(feature = "platform-verifier")))]
mod troubleshooting;
mod upload;
mod wire;
