//! HTTP over a connection: reads requests and sends responses.

pub(super) mod incoming;
pub(super) mod response_writer;
mod upload_reader;
