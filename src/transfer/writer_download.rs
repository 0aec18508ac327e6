//! A download into the caller's writer: in order, over one connection.

use std::io::{self, Write};

use super::context::TransferContext;
use super::range_download::{PartRequest, Sink, Stopped, download_range};
use super::remote_file::{Downloaded, FileStat};
use super::signer::Signer;
use crate::base::error::{Error, Problem, Result};
use crate::client::Client;
use crate::object::meta::ObjectMeta;

/// Downloads into the caller's writer.
pub(super) fn into_writer(
    client: &Client,
    signer: &dyn Signer,
    request: PartRequest,
    sink: &mut WriterSink<'_, '_>,
) -> Result<Downloaded> {
    let context = sink.context;
    let downloaded = download_range(client, signer, request, sink, context).map_err(explain)?;
    let verified = downloaded.verify()?;
    context.finish();
    let bytes = downloaded.range.end - downloaded.range.start;
    let (size, etag) = (downloaded.object.total, downloaded.object.etag);
    let crc64 = downloaded.crc64;
    Ok(Downloaded { bytes, range: downloaded.range, size, etag, verified, reused: 0, crc64 })
}

/// Returns the error for the owner of the writer: the cause, and the number of bytes that the writer has.
pub(super) fn explain(stopped: Stopped) -> Error {
    let Stopped { cause, written } = stopped;
    match cause {
        Error::Write { cause, .. } => Error::Write { written, cause },
        Error::ObjectChanged { .. } => Error::ObjectChanged { written },
        Error::TooLarge { .. } | Error::Cancelled { .. } => cause,
        // None of the written bytes can be trusted.
        Error::Answer(ref e) if matches!(e.problem, Problem::WrongLength { .. }) => cause,
        _ if written == 0 => cause,
        cause => Error::Interrupted { written, kept: true, cause: Box::new(cause) },
    }
}

/// Sink that writes to the caller's writer.
pub(super) struct WriterSink<'a, 'c> {
    pub(super) writer: &'a mut dyn Write,
    pub(super) context: &'a TransferContext<'c>,
    /// Called before the first write, or at the end of an empty range.
    pub(super) on_object: Option<OnObject<'c>>,
    pub(super) object: FileStat,
}

/// A caller's callback for the object of a download.
pub(super) type OnObject<'c> = Box<dyn FnOnce(&FileStat) + Send + 'c>;

impl Sink for WriterSink<'_, '_> {
    fn open(&mut self, object: &ObjectMeta, start: u64, end: Option<u64>) -> Result<()> {
        if self.on_object.is_some() {
            self.object = FileStat::of(object.clone());
        }
        self.context.begin(0, end.map(|end| end - start));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.report_object();
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.report_object();
        self.writer.flush()
    }
}

impl WriterSink<'_, '_> {
    fn report_object(&mut self) {
        if let Some(on_object) = self.on_object.take() {
            on_object(&self.object);
        }
    }
}
