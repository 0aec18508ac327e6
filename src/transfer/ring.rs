//! Failover: which of a ticket's URLs is asked, and which are given up. Pure.

use crate::object::signed_urls::SignedUrls;

/// The URLs of a ticket, and which of them still stand a chance.
pub(crate) struct Ring {
    ticket: SignedUrls,
    current: usize,
    dead: Vec<bool>,
    /// URLs tried since the last wait.
    tried: usize,
}

impl Ring {
    pub(crate) fn new(ticket: SignedUrls) -> Self {
        let dead = vec![false; ticket.urls.len()];
        let current = if ticket.first < dead.len() { ticket.first } else { 0 };
        Self { ticket, current, dead, tried: 0 }
    }

    pub(crate) fn ticket(&self) -> &SignedUrls {
        &self.ticket
    }

    /// The one to ask now.
    pub(crate) fn url(&self) -> &str {
        self.ticket.urls.get(self.current).map_or("", String::as_str)
    }

    /// Which of the URLs that is.
    pub(crate) fn place(&self) -> usize {
        self.current
    }

    /// Another signature for the same URLs. If their number is another, nothing is known of them.
    pub(crate) fn renew(&mut self, ticket: SignedUrls) {
        if ticket.urls.len() == self.dead.len() {
            self.ticket = ticket;
        } else {
            *self = Self::new(ticket);
        }
    }

    fn living(&self) -> usize {
        self.dead.iter().filter(|dead| !**dead).count()
    }

    /// Never again this URL. `false` when it was the last.
    pub(crate) fn bury(&mut self) -> bool {
        if let Some(dead) = self.dead.get_mut(self.current) {
            *dead = true;
        }
        self.advance();
        self.living() > 0
    }

    /// On to the next URL. `false` when all have been tried since the last wait.
    pub(crate) fn next_untried(&mut self) -> bool {
        self.advance();
        self.tried += 1;
        if self.tried < self.living() {
            return true;
        }
        self.tried = 0;
        false
    }

    fn advance(&mut self) {
        let count = self.dead.len();
        let next = (1..=count).map(|step| (self.current + step) % count);
        let mut living = next.filter(|i| self.dead.get(*i) == Some(&false));
        self.current = living.next().unwrap_or(self.current);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ticket(urls: &[&str]) -> SignedUrls {
        let urls = urls.iter().map(|u| (*u).to_owned()).collect();
        SignedUrls { urls, headers: Vec::new(), life: None, signed_at: Duration::ZERO, first: 0 }
    }

    fn ring(urls: &[&str]) -> Ring {
        Ring::new(ticket(urls))
    }

    #[test]
    fn a_round_goes_through_all_urls_before_it_asks_to_wait() {
        let mut ring = ring(&["a", "b", "c"]);
        let mut seen = String::new();
        for _ in 0..7 {
            seen.push_str(ring.url());
            if !ring.next_untried() {
                seen.push(' ');
            }
        }
        assert_eq!(seen, "abc abc a");
    }

    #[test]
    fn the_dead_are_passed_over_and_the_last_one_is_told() {
        let mut ring = ring(&["a", "b", "c"]);
        assert!(ring.next_untried());
        assert!(ring.bury());
        assert_eq!(ring.url(), "c");
        ring.next_untried();
        assert_eq!(ring.url(), "a");
        assert!(ring.bury());
        assert_eq!(ring.url(), "c");
        assert!(!ring.bury());
    }

    #[test]
    fn a_new_signature_for_as_many_urls_keeps_what_is_known_of_them() {
        let mut ring = ring(&["a", "b", "c"]);
        ring.bury();
        ring.next_untried();
        ring.renew(ticket(&["A", "B", "C"]));
        assert_eq!(ring.url(), "C");
        assert!(!ring.next_untried(), "two live, and both were tried");
        assert_eq!(ring.url(), "B");
        ring.renew(ticket(&["x", "y"]));
        assert_eq!(ring.url(), "x");
    }
}
