//! Sources of the bytes of an upload, in parts that can be read again.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::TransferContext;
use super::part_file::read_at;
use crate::base::error::{Error, Result, SourceError, SourceProblem};
use crate::base::upload::Stamp;

/// Source of an upload. Several threads may request parts.
pub(crate) trait Source: Sync {
    fn size(&self) -> u64;

    /// Returns whether a part must be read completely before it is sent, because the source can be read only once and
    /// in order.
    #[inline]
    fn is_stream(&self) -> bool {
        false
    }

    fn part<'s>(&'s self, range: Range<u64>, context: &TransferContext<'_>) -> Result<Box<dyn Part + 's>>;

    /// Checks that the source has not changed since it was opened, and has no more bytes than declared.
    fn check_end(&self) -> Result<()>;

    /// Returns the actual reason for a read failure, as far as the source can determine it.
    #[inline]
    fn explain(&self, cause: SourceError) -> Error {
        cause.into()
    }

    /// Returns the stamp that an upload must have been started with to be resumed.
    #[inline]
    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

/// A part of the source.
pub(crate) trait Part: Read {
    /// Returns to the first byte.
    fn rewind(&mut self) -> io::Result<()>;
}

#[inline]
pub(crate) fn unreadable(cause: io::Error) -> Error {
    failed(SourceProblem::Unreadable(cause))
}

#[inline]
fn failed(problem: SourceProblem) -> Error {
    SourceError { path: None, problem }.into()
}

/// A file: one handle, read by position. The path is checked again at the end.
pub(crate) struct FileSource {
    path: PathBuf,
    file: File,
    stamp: Stamp,
}

impl FileSource {
    #[inline]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let fail = |problem| Error::from(SourceError { path: Some(path.to_owned()), problem });
        let unreadable = |cause| fail(SourceProblem::Unreadable(cause));
        // Checked before opening, because opening a pipe waits for its writer.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(fail(SourceProblem::NoFile));
        }
        let (file, absolute) =
            (File::open(path).map_err(unreadable)?, std::path::absolute(path).map_err(unreadable)?);
        let stamp = Stamp::of(&file.metadata().map_err(unreadable)?);
        let source = Self { path: absolute, file, stamp };
        source.check_size()?;
        Ok(source)
    }

    #[inline]
    fn fail(&self, problem: SourceProblem) -> Error {
        SourceError { path: Some(self.path.clone()), problem }.into()
    }

    /// Checks that the file has no more bytes than its size. Some files report a size of 0 but have content, such as
    /// those of `/proc`.
    #[inline]
    fn check_size(&self) -> Result<()> {
        match read_at(&self.file, &mut [0], self.stamp.size) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.fail(SourceProblem::Longer { expected: self.stamp.size })),
            Err(cause) => Err(self.fail(SourceProblem::Unreadable(cause))),
        }
    }
}

impl Source for FileSource {
    #[inline]
    fn size(&self) -> u64 {
        self.stamp.size
    }

    #[inline]
    fn part<'s>(&'s self, range: Range<u64>, _: &TransferContext<'_>) -> Result<Box<dyn Part + 's>> {
        Ok(Box::new(FilePart { file: &self.file, start: range.start, at: range.start }))
    }

    #[inline]
    fn check_end(&self) -> Result<()> {
        let unreadable = |cause| self.fail(SourceProblem::Unreadable(cause));
        let found = fs::metadata(&self.path).map_err(unreadable)?;
        let is_same = Stamp::of(&found) == self.stamp;
        let is_unchanged = Stamp::of(&self.file.metadata().map_err(unreadable)?) == self.stamp;
        if is_same && is_unchanged { self.check_size() } else { Err(self.fail(SourceProblem::Changed)) }
    }

    /// A file that was truncated in the meantime looks like a reader that ends early.
    #[inline]
    fn explain(&self, mut cause: SourceError) -> Error {
        cause.path.get_or_insert_with(|| self.path.clone());
        self.check_end().err().unwrap_or_else(|| cause.into())
    }

    #[inline]
    fn stamp(&self) -> Option<Stamp> {
        Some(self.stamp.clone())
    }
}

struct FilePart<'s> {
    file: &'s File,
    start: u64,
    at: u64,
}

impl Read for FilePart<'_> {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = read_at(self.file, buf, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Part for FilePart<'_> {
    #[inline]
    fn rewind(&mut self) -> io::Result<()> {
        self.at = self.start;
        Ok(())
    }
}

/// Bytes in memory.
pub(crate) struct BytesSource<'a>(pub(crate) &'a [u8]);

impl Source for BytesSource<'_> {
    #[inline]
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    #[inline]
    fn part<'s>(&'s self, range: Range<u64>, _: &TransferContext<'_>) -> Result<Box<dyn Part + 's>> {
        let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.0.len());
        let bytes = self.0.get(bound(range.start)..bound(range.end)).unwrap_or_default();
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    #[inline]
    fn check_end(&self) -> Result<()> {
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Part for io::Cursor<T> {
    #[inline]
    fn rewind(&mut self) -> io::Result<()> {
        self.set_position(0);
        Ok(())
    }
}

/// A seekable reader, from its position when it was passed.
pub(crate) struct SeekSource<S> {
    source: Mutex<S>,
    start: u64,
    size: u64,
}

impl<S: Read + Seek> SeekSource<S> {
    #[inline]
    pub(crate) fn new(mut source: S) -> Result<Self> {
        let measured = source.stream_position().and_then(|start| {
            let end = source.seek(SeekFrom::End(0))?;
            Ok((start, end.saturating_sub(start)))
        });
        let (start, size) = measured.map_err(unreadable)?;
        Ok(Self { source: Mutex::new(source), start, size })
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, S> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Read + Seek + Send> Source for SeekSource<S> {
    #[inline]
    fn size(&self) -> u64 {
        self.size
    }

    #[inline]
    fn part<'s>(&'s self, range: Range<u64>, _: &TransferContext<'_>) -> Result<Box<dyn Part + 's>> {
        let (start, length) = (self.start + range.start, range.end - range.start);
        Ok(Box::new(SeekPart { source: &self.source, start, length, at: 0 }))
    }

    #[inline]
    fn check_end(&self) -> Result<()> {
        let end = self.lock().seek(SeekFrom::End(0)).map_err(unreadable)?;
        if end == self.start + self.size { Ok(()) } else { Err(failed(SourceProblem::Changed)) }
    }
}

/// Locks the source only during each read, so that several parts can be sent at the same time.
struct SeekPart<'s, S> {
    source: &'s Mutex<S>,
    start: u64,
    length: u64,
    at: u64,
}

impl<S: Read + Seek> Read for SeekPart<'_, S> {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(self.start + self.at))?;
        let n = (&mut *source).take(self.length - self.at).read(buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<S: Read + Seek> Part for SeekPart<'_, S> {
    #[inline]
    fn rewind(&mut self) -> io::Result<()> {
        self.at = 0;
        Ok(())
    }
}

/// A reader that can be read once. Each part is kept in memory until it has arrived.
pub(crate) struct StreamSource<R> {
    stream: Mutex<Stream<R>>,
    moved: Condvar,
    size: u64,
}

struct Stream<R> {
    reader: R,
    /// Position of the next byte to be read.
    at: u64,
}

/// Number of bytes of a stream to read between two checks whether the transfer continues.
const STREAM_BLOCK: u64 = 64 * 1024;

/// Interval at which a part that waits for its turn checks whether the transfer continues.
const LOOK: Duration = Duration::from_millis(50);

impl<R: Read> StreamSource<R> {
    #[inline]
    pub(crate) fn new(reader: R, size: u64) -> Self {
        Self { stream: Mutex::new(Stream { reader, at: 0 }), moved: Condvar::new(), size }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Stream<R>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Read + Send> Source for StreamSource<R> {
    #[inline]
    fn size(&self) -> u64 {
        self.size
    }

    #[inline]
    fn is_stream(&self) -> bool {
        true
    }

    #[inline]
    fn part<'s>(&'s self, range: Range<u64>, context: &TransferContext<'_>) -> Result<Box<dyn Part + 's>> {
        let mut stream = self.lock();
        while stream.at != range.start {
            context.check()?;
            let waited = self.moved.wait_timeout(stream, LOOK);
            stream = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let length = range.end - range.start;
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
            .map_err(|_| unreadable(io::ErrorKind::OutOfMemory.into()))?;
        while (bytes.len() as u64) < length {
            context.check()?;
            let left = (length - bytes.len() as u64).min(STREAM_BLOCK);
            let read = (&mut stream.reader).take(left).read_to_end(&mut bytes).map_err(unreadable)? as u64;
            stream.at += read;
            if read < left {
                break;
            }
        }
        if (bytes.len() as u64) < length {
            return Err(failed(SourceProblem::Shorter { expected: self.size, found: stream.at }));
        }
        drop(stream);
        self.moved.notify_all();
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    #[inline]
    fn check_end(&self) -> Result<()> {
        loop {
            return match self.lock().reader.read(&mut [0]) {
                Ok(0) => Ok(()),
                Ok(_) => Err(failed(SourceProblem::Longer { expected: self.size })),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => Err(unreadable(cause)),
            };
        }
    }
}

/// Returns exactly the bytes of a range or an error, and records the bytes that it returned.
pub(crate) struct ExactBody<'a, 'c> {
    part: &'a mut dyn Part,
    range: Range<u64>,
    /// Size of the whole source, for the error.
    size: u64,
    pub(crate) sent: u64,
    pub(crate) digest: crc64fast::Digest,
    /// Reason for an early end. The error that the sender makes of it does not contain the reason.
    pub(crate) failure: Option<Error>,
    context: &'a TransferContext<'c>,
}

impl<'a, 'c> ExactBody<'a, 'c> {
    #[inline]
    pub(crate) fn new(
        part: &'a mut dyn Part,
        range: Range<u64>,
        size: u64,
        context: &'a TransferContext<'c>,
    ) -> Self {
        Self { part, range, size, sent: 0, digest: crc64fast::Digest::new(), failure: None, context }
    }

    #[inline]
    fn fail(&mut self, failure: Error) -> io::Error {
        self.failure = Some(failure);
        io::Error::other("the source failed")
    }
}

impl Read for ExactBody<'_, '_> {
    /// Fills `buf`, because a small read would become a small packet.
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start - self.sent).unwrap_or(usize::MAX);
        let room = buf.len().min(left);
        let mut filled = 0;
        while let Some(free) = buf.get_mut(filled..room).filter(|free| !free.is_empty()) {
            if let Err(cancelled) = self.context.check() {
                return Err(self.fail(cancelled));
            }
            match self.part.read(free) {
                Ok(0) => {
                    let found = self.range.start + self.sent + filled as u64;
                    let shorter = SourceProblem::Shorter { expected: self.size, found };
                    return Err(self.fail(failed(shorter)));
                }
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(self.fail(unreadable(cause))),
            }
        }
        self.digest.write(buf.get(..filled).unwrap_or_default());
        self.sent += filled as u64;
        self.context.moved(filled as u64);
        Ok(filled)
    }
}
