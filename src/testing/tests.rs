//! Tests of the fake itself, by requests that no client has polished.

mod api;
mod browse;
mod faults;
mod raw;
mod uploads;
