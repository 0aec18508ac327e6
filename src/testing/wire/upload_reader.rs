//! Reads the bodies of uploads block by block, because they may be larger than the memory.

use super::incoming::{BodyLength, Incoming, IncomingError};
use super::response_writer::{ResponseWriter, at_most};
use crate::testing::data::content::{BLOCK, Content, MOST_KEPT, ReceivedBody};
use crate::testing::data::effects::{UploadEffects, UploadStop};
use crate::testing::data::response::flip;
use std::io::{self, Read};

/// A body that is being read.
struct PartialBody {
    done: u64,
    digest: crc64fast::Digest,
    kept: Option<Vec<u8>>,
    /// The offset of the byte to corrupt.
    corrupt: Option<u64>,
}

impl PartialBody {
    fn add(&mut self, piece: &mut [u8]) {
        flip(self.corrupt, self.done, piece);
        self.digest.write(piece);
        self.done += piece.len() as u64;
        if self.done > MOST_KEPT {
            self.kept = None;
        } else if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
    }
}

impl Incoming<'_> {
    /// Reads the body of an upload as far as the faults allow, and leaves its last byte in the socket.
    ///
    /// Even after an error, the request reports the number of bytes that were read.
    pub(crate) fn read_upload(
        &mut self,
        effects: &UploadEffects,
        writer: &ResponseWriter<'_>,
    ) -> Result<(), IncomingError> {
        let kept = match self.length {
            BodyLength::Known(length) => (length <= MOST_KEPT).then(Vec::new),
            BodyLength::Chunked => Some(Vec::new()),
        };
        let mut partial =
            PartialBody { done: 0, digest: crc64fast::Digest::new(), kept, corrupt: effects.corrupt };
        let outcome = match self.length {
            BodyLength::Known(length) => self.read_into(length, &mut partial, effects, writer),
            BodyLength::Chunked => self.read_chunks_into(&mut partial, effects, writer),
        };
        let upload = ReceivedBody {
            length: partial.done,
            crc: partial.digest.sum64(),
            content: partial.kept.map(Content::from),
        };
        self.request.body_length = upload.length;
        self.request.body_crc64 = Some(upload.crc);
        self.upload = Some(upload);
        outcome
    }

    fn read_into(
        &self,
        length: u64,
        partial: &mut PartialBody,
        effects: &UploadEffects,
        writer: &ResponseWriter<'_>,
    ) -> Result<(), IncomingError> {
        let Some(before_last) = length.checked_sub(1) else {
            return Ok(());
        };
        self.finish_head()?;
        let limit = effects.stop.as_ref().map_or(length, |(bytes, _)| length.min(*bytes));
        self.read_up_to(limit.min(before_last), partial, effects, writer)?;
        if limit == length {
            partial.add(&mut [self.await_byte()?]);
        } else if matches!(effects.stop, Some((_, UploadStop::Reset))) {
            // Without an unread byte, closing the connection would not reset it.
            self.await_byte()?;
        }
        Ok(())
    }

    fn read_chunks_into(
        &self,
        partial: &mut PartialBody,
        effects: &UploadEffects,
        writer: &ResponseWriter<'_>,
    ) -> Result<(), IncomingError> {
        self.finish_head()?;
        let limit = effects.stop.as_ref().map_or(u64::MAX, |(bytes, _)| *bytes);
        while let Some(size) = self.next_chunk()? {
            let end = partial.done.saturating_add(size);
            self.read_up_to(end.min(limit), partial, effects, writer)?;
            if partial.done < end {
                // Without an unread byte, closing the connection would not reset it.
                self.await_byte()?;
                return Ok(());
            }
            self.end_chunk()?;
        }
        Ok(())
    }

    /// Reads body bytes until `end` bytes have been read in total.
    fn read_up_to(
        &self,
        end: u64,
        partial: &mut PartialBody,
        effects: &UploadEffects,
        writer: &ResponseWriter<'_>,
    ) -> io::Result<()> {
        let (block, pause) = effects.slow.map_or((BLOCK, None), |(bytes, pause)| (bytes, Some(pause)));
        let mut buffer = vec![0; at_most(end.saturating_sub(partial.done), block)];
        while partial.done < end {
            let room = at_most(end - partial.done, block);
            let count = self.stream().read(buffer.get_mut(..room).unwrap_or_default())?;
            let piece = buffer.get_mut(..count).filter(|piece| !piece.is_empty());
            partial.add(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
            if let Some(pause) = pause {
                writer.pause(pause)?;
            }
        }
        Ok(())
    }
}
