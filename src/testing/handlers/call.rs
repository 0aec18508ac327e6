//! A request of a known operation.

use crate::testing::data::content::ReceivedBody;
use crate::testing::data::effects::FaultEffects;
use crate::testing::data::records::Recorded;

/// A request that matches an operation.
#[derive(Debug)]
pub(crate) struct FakeCall<'a> {
    pub(crate) request: &'a Recorded,
    pub(crate) effects: &'a FaultEffects,
    /// The body, if the request is an upload.
    pub(crate) upload: Option<&'a ReceivedBody>,
    /// The decoded path segments in the places of `{}`, in order.
    pub(crate) params: Vec<String>,
}

impl FakeCall<'_> {
    /// Returns a path parameter by its place, counted from 0.
    pub(crate) fn param(&self, place: usize) -> &str {
        self.params.get(place).map_or("", String::as_str)
    }
}
