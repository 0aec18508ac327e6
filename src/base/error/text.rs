//! Foreign text in an error's text.

use std::fmt;
use std::path::Path;

/// Shows a server's text on one line. A line break in it would begin another entry of a log, and an escape sequence
/// would reach a terminal.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(char::is_control) {
            match piece.strip_suffix(char::is_control) {
                Some(words) => write!(f, "{words} ")?,
                None => f.write_str(piece)?,
            }
        }
        Ok(())
    }
}

/// Shows a path on one line. An empty path is shown in quotes, because it would leave a gap in the sentence.
pub(crate) struct PathText<'a>(pub(crate) &'a Path);

impl fmt::Display for PathText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        if text.is_empty() { f.write_str("\"\"") } else { fmt::Display::fmt(&OneLine(&text), f) }
    }
}

/// Warning that a request of an operation may have taken effect.
pub(super) const CHECK_FIRST: &str = ". It may have taken effect: check before you repeat it";
