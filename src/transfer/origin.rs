//! The real origin: OSS, through the client's object door, with signatures that all connections of a transfer share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::RemoteFile;
use super::pull::Origin;
use crate::base::error::Result;
use crate::client::Client;
use crate::http::ObjectBody;
use crate::object::range::{RequestedRange, ResponseHead};
use crate::object::signed_urls::SignedUrls;

/// The signature of one transfer. Whoever needs a new one asks for all.
pub(crate) struct SharedSignature {
    client: Client,
    /// The file to ask again for; without it the signature cannot be renewed.
    file: Option<RemoteFile>,
    current: Mutex<Numbered>,
}

struct Numbered {
    number: u64,
    ticket: SignedUrls,
    /// The URL that worked last: a dead one costs a time limit, and not each part has to pay it.
    first: usize,
}

impl Numbered {
    fn ticket(&self) -> SignedUrls {
        SignedUrls { first: self.first, ..self.ticket.clone() }
    }
}

impl SharedSignature {
    pub(crate) fn new(client: Client, file: Option<RemoteFile>, ticket: SignedUrls) -> Self {
        Self { client, file, current: Mutex::new(Numbered { number: 0, ticket, first: 0 }) }
    }

    /// What one connection asks.
    pub(crate) fn origin(&self) -> TransferOrigin<'_> {
        TransferOrigin { tickets: self, number: 0 }
    }

    /// Ends what all connections of this transfer are doing, if they are its own.
    pub(crate) fn interrupt(&self) {
        self.client.interrupt();
    }

    fn current(&self) -> MutexGuard<'_, Numbered> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct TransferOrigin<'a> {
    tickets: &'a SharedSignature,
    /// Of the ticket in use.
    number: u64,
}

impl TransferOrigin<'_> {
    pub(crate) fn ticket(&mut self) -> SignedUrls {
        let current = self.tickets.current();
        self.number = current.number;
        current.ticket()
    }
}

impl Origin for TransferOrigin<'_> {
    type Body = ObjectBody;

    fn get(
        &mut self,
        ticket: &SignedUrls,
        url: &str,
        want: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        self.tickets.client.get_object(ticket, url, want, if_match)
    }

    fn renew(&mut self) -> Option<Result<SignedUrls>> {
        let file = self.tickets.file.as_ref()?;
        // Held while it is asked for: the others need the same answer.
        let mut current = self.tickets.current();
        if current.number == self.number {
            match file.ticket(&self.tickets.client) {
                Ok(ticket) => *current = Numbered { number: current.number + 1, ticket, ..*current },
                Err(error) => return Some(Err(error)),
            }
        }
        self.number = current.number;
        Some(Ok(current.ticket()))
    }

    fn worked(&mut self, url: usize) {
        self.tickets.current().first = url;
    }
}
