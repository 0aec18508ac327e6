//! A request of a known operation.

use crate::testing::data::content::ReceivedBody;
use crate::testing::data::effects::FaultEffects;
use crate::testing::data::records::Recorded;

/// A request that matches an operation.
#[derive(Debug)]
pub(crate) struct FakeCall<'a> {
    pub(crate) request: &'a Recorded,
    pub(crate) effects: &'a FaultEffects,
    /// The body of an upload; `None` for other requests.
    pub(crate) upload: Option<&'a ReceivedBody>,
    /// The decoded path segments at the positions of `{}`, in order.
    pub(crate) params: Vec<String>,
}

impl FakeCall<'_> {
    /// Returns a path parameter by its position, starting at 0.
    pub(crate) fn param(&self, place: usize) -> &str {
        self.params.get(place).map_or("", String::as_str)
    }
}
