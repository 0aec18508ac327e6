//! The real origin: OSS, through the client's object door, with signatures that all connections of a transfer share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::RemoteFile;
use super::pull::Origin;
use super::range::{Head, Want};
use super::ticket::Ticket;
use crate::client::Client;
use crate::error::Result;
use crate::transport::ObjectBody;

/// The signature of one transfer. Whoever needs a new one asks for all.
pub(crate) struct Tickets {
    client: Client,
    /// The file to ask again for; without it the signature cannot be renewed.
    file: Option<RemoteFile>,
    current: Mutex<Numbered>,
}

struct Numbered {
    number: u64,
    ticket: Ticket,
    /// The URL that worked last: a dead one costs a time limit, and not each part has to pay it.
    first: usize,
}

impl Numbered {
    fn ticket(&self) -> Ticket {
        Ticket { first: self.first, ..self.ticket.clone() }
    }
}

impl Tickets {
    pub(crate) fn new(client: Client, file: Option<RemoteFile>, ticket: Ticket) -> Self {
        Self { client, file, current: Mutex::new(Numbered { number: 0, ticket, first: 0 }) }
    }

    /// What one connection asks.
    pub(crate) fn origin(&self) -> SignedUrls<'_> {
        SignedUrls { tickets: self, number: 0 }
    }

    /// Ends what all connections of this transfer are doing, if they are its own.
    pub(crate) fn interrupt(&self) {
        self.client.interrupt();
    }

    fn current(&self) -> MutexGuard<'_, Numbered> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct SignedUrls<'a> {
    tickets: &'a Tickets,
    /// Of the ticket in use.
    number: u64,
}

impl SignedUrls<'_> {
    pub(crate) fn ticket(&mut self) -> Ticket {
        let current = self.tickets.current();
        self.number = current.number;
        current.ticket()
    }
}

impl Origin for SignedUrls<'_> {
    type Body = ObjectBody;

    fn get(
        &mut self,
        ticket: &Ticket,
        url: &str,
        want: Want,
        if_match: Option<&str>,
    ) -> Result<(Head, Self::Body)> {
        self.tickets.client.get_object(ticket, url, want, if_match)
    }

    fn renew(&mut self) -> Option<Result<Ticket>> {
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
