//! Downloads, uploads and sends: the types that a program holds.
//!
//! A transfer promises:
//!
//! - The writer gets the requested bytes, in order, each once, and nothing else. Otherwise, an error reports how many
//!   good bytes the writer has.
//! - A byte is written only after its response was compared with the request.
//! - A broken connection is resumed from the next byte of the same object, at the same URL or another one of its URLs.
//! - The checksum is verified if there is one, and the result reports whether it was.
//!
//! `docs/architecture.md` shows how a download and an upload run through these files.
//!
//! `#[inline]` marks code that only some programs call, such as uploads and downloads to a file. That code is compiled
//! where it is called, so a program that does not call it pays nothing for it. Measured, this took a third off the
//! crate's release build.

mod checkpoint;
pub(crate) mod context;
pub(crate) mod doc_resource;
pub(crate) mod download;
mod failover;
mod file_download;
#[cfg(fuzzing)]
pub mod fuzzing;
mod multipart;
mod object_store;
pub(crate) mod origin;
mod parallel;
mod part_file;
pub(crate) mod plan;
mod range_download;
pub(crate) mod remote_file;
pub(crate) mod send;
pub(crate) mod send_all;
mod signer;
mod source;
mod stat;
mod target;
pub(crate) mod upload;
mod upload_steps;
mod workers;
mod writer_download;
