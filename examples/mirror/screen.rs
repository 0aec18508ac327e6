//! Progress and messages on stderr, and the summary.

use std::fmt;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::shared;

/// One progress bar, which fits in 30 columns and is hidden unless stderr is a terminal.
#[derive(Clone)]
pub(crate) struct Screen(ProgressBar);

impl Screen {
    pub(crate) fn new() -> Self {
        Self(ProgressBar::no_length())
    }

    pub(crate) fn show_listing(&self) {
        self.0.set_style(style("{spinner} listed: {pos}"));
    }

    pub(crate) fn show_downloads(&self, bytes: u64) {
        self.0.reset();
        self.0.set_length(bytes);
        self.0.set_style(style("{bar:8} {percent:>3}% {binary_bytes_per_sec}"));
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.inc(count);
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }

    /// Prints a line above the bar. Somebody else chose the names in it.
    pub(crate) fn say(&self, line: &str) {
        self.0.suspend(|| shared::say(shared::printable(line)));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) downloaded: u64,
    pub(crate) bytes: u64,
    pub(crate) moved: u64,
    pub(crate) unchanged: u64,
    pub(crate) deleted: u64,
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { downloaded, bytes, moved, unchanged, deleted, skipped, failed } = self;
        write!(f, "downloaded {downloaded} ({}), moved {moved}, ", HumanBytes(*bytes))?;
        write!(f, "unchanged {unchanged}, deleted {deleted}, skipped {skipped}, failed {failed}")
    }
}
