//! The integration tests, in one binary: they test the crate as a dependent program sees it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failures by panicking; clippy.toml covers the test functions, not their helpers"
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
// The pages quote error texts of Linux and of rustls with its built-in roots.
#[cfg(all(target_os = "linux", feature = "rustls", not(feature = "platform-verifier")))]
mod troubleshooting;
mod upload;
mod wire;
