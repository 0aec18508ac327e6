//! Failover: which of a ticket's URLs is asked, and which are given up. Pure.

use std::time::Duration;

use super::ticket::Ticket;

/// The URLs of a ticket, and which of them still stand a chance.
pub(crate) struct Ring {
    ticket: Ticket,
    current: usize,
    dead: Vec<bool>,
    /// URLs tried since the last wait.
    tried: usize,
}

impl Ring {
    pub(crate) fn new(ticket: Ticket) -> Self {
        let dead = vec![false; ticket.urls.len()];
        let current = if ticket.first < dead.len() { ticket.first } else { 0 };
        Self { ticket, current, dead, tried: 0 }
    }

    pub(crate) fn ticket(&self) -> &Ticket {
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

    /// Time for a new signature.
    pub(crate) fn lapses_soon(&self, now: Duration) -> bool {
        self.ticket.lapses_soon(now)
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
    use super::*;

    fn ring(urls: &[&str], life: Option<u64>) -> Ring {
        let urls = urls.iter().map(|u| (*u).to_owned()).collect();
        let life = life.map(Duration::from_secs);
        Ring::new(Ticket { urls, headers: Vec::new(), life, signed_at: Duration::from_secs(100), first: 0 })
    }

    #[test]
    fn a_round_goes_through_all_urls_before_it_asks_to_wait() {
        let mut ring = ring(&["a", "b", "c"], None);
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
        let mut ring = ring(&["a", "b", "c"], None);
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
    fn a_signature_lapses_a_minute_early_or_a_quarter() {
        let table = [(Some(900), 940), (Some(100), 175), (Some(0), 100)];
        for (life, at) in table {
            let ring = ring(&["a"], life);
            assert!(!ring.lapses_soon(Duration::from_millis(at * 1000 - 1)), "{life:?}");
            assert!(ring.lapses_soon(Duration::from_secs(at)), "{life:?}");
        }
        assert!(!ring(&["a"], None).lapses_soon(Duration::from_secs(u64::MAX)));
    }
}
