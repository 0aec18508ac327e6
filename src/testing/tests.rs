//! Tests of the fake itself with hand-written requests.

mod api;
mod browse;
mod chunked;
mod conditions;
mod faults;
mod forms;
mod objects;
mod raw;
mod uploads;
