//! Taking in the bodies of uploads block by block: they may be larger than the memory.

use super::answer::{Outlet, fitting};
use super::content::{BLOCK, Content};
use super::fault::{UploadPlan, UploadStop};
use super::http::{BodyLength, Incoming, Trouble};
use super::uploads::KEPT;
use std::io::{self, Read};

/// What a PUT brought.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) length: u64,
    pub(super) crc: u64,
    /// `None`: too large to keep.
    pub(super) content: Option<Content>,
}

/// A body that is coming in.
struct Intake {
    done: u64,
    digest: crc64fast::Digest,
    kept: Option<Vec<u8>>,
    /// The offset of the byte to spoil.
    corrupt: Option<u64>,
}

impl Intake {
    fn add(&mut self, piece: &mut [u8]) {
        let place = self.corrupt.and_then(|offset| offset.checked_sub(self.done));
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(byte) = place.and_then(|place| piece.get_mut(place)) {
            *byte = !*byte;
        }
        self.digest.write(piece);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
        self.done += piece.len() as u64;
    }
}

impl Incoming<'_> {
    /// Reads the body of an upload, as far as the plan goes, and leaves its last byte in the socket.
    ///
    /// Whatever the outcome, the request says how much came.
    pub(super) fn read_upload(&mut self, plan: &UploadPlan, outlet: &Outlet<'_>) -> Result<(), Trouble> {
        let BodyLength::Known(length) = self.length else {
            // Only where a fault has taken the place of the checks, which refuse this.
            let outcome = self.read_body();
            self.request.body.clear();
            return outcome;
        };
        let kept = (length <= KEPT).then(Vec::new);
        let mut intake = Intake { done: 0, digest: crc64fast::Digest::new(), kept, corrupt: plan.corrupt };
        let outcome = self.take_in(length, &mut intake, plan, outlet);
        let arrived = Arrived {
            length: intake.done,
            crc: intake.digest.sum64(),
            content: intake.kept.map(Content::from),
        };
        self.request.body_length = arrived.length;
        self.request.body_crc64 = Some(arrived.crc);
        self.arrived = Some(arrived);
        Ok(outcome?)
    }

    fn take_in(
        &self,
        length: u64,
        intake: &mut Intake,
        plan: &UploadPlan,
        outlet: &Outlet<'_>,
    ) -> io::Result<()> {
        let Some(before_last) = length.checked_sub(1) else {
            return Ok(());
        };
        self.finish_head()?;
        let limit = plan.stop.as_ref().map_or(length, |(bytes, _)| length.min(*bytes));
        let end = limit.min(before_last);
        let (block, pause) = plan.slow.map_or((BLOCK, None), |(bytes, pause)| (bytes, Some(pause)));
        let mut buffer = vec![0; fitting(end, block)];
        while intake.done < end {
            let room = fitting(end - intake.done, block);
            let count = self.stream().read(buffer.get_mut(..room).unwrap_or_default())?;
            let piece = buffer.get_mut(..count).filter(|piece| !piece.is_empty());
            intake.add(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
            if let Some(pause) = pause {
                outlet.pause(pause)?;
            }
        }
        if limit == length {
            intake.add(&mut [self.await_byte()?]);
        } else if matches!(plan.stop, Some((_, UploadStop::Reset))) {
            // Without an unread byte, closing would not reset.
            self.await_byte()?;
        }
        Ok(())
    }
}
