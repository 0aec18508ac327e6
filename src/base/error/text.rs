//! Foreign words in an error's text.

use std::fmt;
use std::path::Path;

/// A server's words in an error's text: a line break in them would begin another entry of a log, and an escape sequence
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

/// A path in an error's text, on one line. An empty path would leave a hole in the sentence.
pub(crate) struct PathText<'a>(pub(crate) &'a Path);

impl fmt::Display for PathText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        if text.is_empty() { f.write_str("\"\"") } else { fmt::Display::fmt(&OneLine(&text), f) }
    }
}
