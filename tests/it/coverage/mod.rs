//! Every operation of the catalog against its facts.

mod dentries;
mod spaces;
mod transfers;
mod v2;

use dingtalk_files::{Client, Result};

/// One operation: how it is called.
pub(crate) struct Row {
    /// The catalog's group, such as `storage`.
    pub(crate) group: &'static str,
    /// The catalog's name of the function.
    pub(crate) name: &'static str,
    /// Calls it with every option set, and shows what came.
    pub(crate) full: fn(&Client) -> Result<String>,
    /// Calls it with no option set, and shows what came.
    pub(crate) bare: fn(&Client) -> Result<String>,
    /// Fields of the answer that `Debug` does not show on purpose, as dotted places.
    pub(crate) withheld: &'static [&'static str],
}

/// All rows.
#[allow(dead_code)]
fn rows() -> impl Iterator<Item = &'static Row> {
    [dentries::ROWS, spaces::ROWS, transfers::ROWS, v2::ROWS].into_iter().flatten()
}
