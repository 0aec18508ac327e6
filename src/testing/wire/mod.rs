//! HTTP over a connection: reading requests, sending responses.

pub(super) mod incoming;
pub(super) mod response_writer;
mod upload_reader;
