//! Tests of the fake itself, with hand-written requests.

mod api;
mod browse;
mod conditions;
mod faults;
mod forms;
mod raw;
mod uploads;
