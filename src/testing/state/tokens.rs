//! The app and its access token.

use super::signatures::Expiry;
use crate::testing::data::ids::random;
use std::time::Duration;

/// The key of the only app.
pub(crate) const APP_KEY: &str = "fake-app-key";
/// The secret of that app.
pub(crate) const APP_SECRET: &str = "fake-app-secret";

/// The last issued token, and the rules for the next token.
#[derive(Debug)]
pub(crate) struct Tokens {
    last: Option<FakeToken>,
    pub(crate) lifetime: Duration,
    /// Whether a revoked token is issued again. The token stays revoked.
    pub(crate) keep_string: bool,
}

#[derive(Debug)]
struct FakeToken {
    text: String,
    expiry: Expiry,
    is_revoked: bool,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self { last: None, lifetime: Duration::from_secs(7200), keep_string: false }
    }

    /// Returns the token that a token call issues.
    pub(crate) fn issue(&mut self) -> String {
        match &self.last {
            Some(token) if token.is_revoked && self.keep_string => token.text.clone(),
            _ => self.renew(),
        }
    }

    /// Extends the valid token, or creates a new token.
    pub(crate) fn renew(&mut self) -> String {
        let old = self.last.take().filter(FakeToken::is_valid).map(|token| token.text);
        let text = old.unwrap_or_else(|| format!("fake-token-{:016x}{:016x}", random(), random()));
        let expiry = Expiry::after(self.lifetime);
        self.last = Some(FakeToken { text: text.clone(), expiry, is_revoked: false });
        text
    }

    pub(crate) fn revoke(&mut self) {
        if let Some(token) = &mut self.last {
            token.is_revoked = true;
        }
    }

    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.last.as_ref().is_some_and(|token| token.is_valid() && token.text == text)
    }
}

impl FakeToken {
    fn is_valid(&self) -> bool {
        !self.is_revoked && !self.expiry.is_over()
    }
}
