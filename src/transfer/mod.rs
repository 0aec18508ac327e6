//! Downloads, uploads and sends: what a program holds. What a transfer promises:
//!
//! - The writer gets the requested bytes, in order, each once, and nothing else; or an error says how many good ones it has.
//! - A byte is written only after the answer it came with was compared with the request.
//! - A broken connection is resumed from the next byte, of the same object, at the same or another of its URLs.
//! - The checksum is verified where there is one, and the result says whether it was.
//!
//! `docs/architecture.md` draws how a download and an upload run through these files.
//!
//! `#[inline]` marks code that only some programs call, such as uploads and downloads to a file: it is compiled where it is
//! called, and a program that does not call it pays nothing for it. Measured, it took a third off this crate's release build.

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
mod target;
pub(crate) mod upload;
mod upload_steps;
mod workers;
