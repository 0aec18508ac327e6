//! A fake `DingTalk`, for tests: its API and its object store on one loopback port.
//!
//! [`FakeDingTalk`] speaks real HTTP/1.1. It checks tokens, signatures and required fields as the real services do, and
//! injects failures when a test sets a [`Fault`]. It makes no connections to other hosts.
//!
//! # Testing your own program
//!
//! Enable the feature in the dev-dependencies only, because it exists for tests:
//!
//! ```toml
//! [dev-dependencies]
//! dingtalk-files = { version = "0.2", features = ["testing"] }
//! ```
//!
//! Code that takes a `&Client` works with DingTalk and with the fake. A test starts a fake, adds files, runs the code,
//! and inspects the result:
//!
//! ```
//! use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
//! use dingtalk_files::{Client, Error, UnionId};
//!
//! /// The code under test: forwards a report unless it is empty.
//! fn forward(client: &Client, report: &str, to: UnionId<'_>) -> Result<bool, Error> {
//!     let mut bytes = Vec::new();
//!     client.file("space-1", report, UnionId("robot")).download_to(&mut bytes, ..)?;
//!     if bytes.is_empty() {
//!         return Ok(false);
//!     }
//!     client.conv_file().send_by_app("space-1", report, to)?;
//!     Ok(true)
//! }
//!
//! fn a_report_is_sent_on() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?; // The fake stops when it is dropped.
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!
//!     assert!(forward(&fake.client().build()?, "dentry-1", UnionId("boss"))?);
//!
//!     let sent = fake.sent();
//!     assert_eq!((sent[0].dentry_id.as_str(), sent[0].union_id.as_str()), ("dentry-1", "boss"));
//!     assert_eq!(fake.requests_to(Target::DownloadInfo)[0].query_value("unionId"), Some("robot"));
//!     Ok(())
//! }
//!
//! fn a_report_that_may_have_been_sent_is_not_sent_again() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?;
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!     fake.fault(Target::Object, Fault::CutAfter(2)); // The download breaks off and resumes.
//!     fake.fault(Target::Send, Fault::CloseWithoutAnswer); // The file is sent, but the answer is lost.
//!
//!     let error = forward(&fake.client().build()?, "dentry-1", UnionId("boss")).unwrap_err();
//!
//!     assert!(error.may_have_run());
//!     assert!(fake.requests_to(Target::Object)[1].header("range").unwrap().starts_with("bytes=2-"));
//!     assert_eq!(fake.sent().len(), 1);
//!     Ok(())
//! }
//!
//! fn a_throttled_call_waits() -> Result<(), Box<dyn std::error::Error>> {
//!     let fake = FakeDingTalk::start()?;
//!     fake.put_file("space-1", "dentry-1", "July.csv", "sold,42");
//!     fake.fault(Target::Send, Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
//!     let clock = ManualClock::new(); // Waits return immediately and are recorded.
//!
//!     assert!(forward(&fake.client().clock(clock.clone()).build()?, "dentry-1", UnionId("boss"))?);
//!
//!     assert!(clock.sleeps()[0].as_secs() >= 1);
//!     Ok(())
//! }
//! # a_report_is_sent_on()?;
//! # a_report_that_may_have_been_sent_is_not_sent_again()?;
//! # a_throttled_call_waits()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/testing.rs` is a complete program with tests.
//!
//! | to | see |
//! | --- | --- |
//! | add files and folders | [`put_file`](FakeDingTalk::put_file), [`add_space`](FakeDingTalk::add_space), [`add_folder`](FakeDingTalk::add_folder), [`move_into_folder`](FakeDingTalk::move_into_folder) |
//! | give a file a time or a wrong size | [`set_modified_time`](FakeDingTalk::set_modified_time), [`set_create_time`](FakeDingTalk::set_create_time), [`set_listed_size`](FakeDingTalk::set_listed_size) |
//! | add a file of several gigabytes that takes no memory | [`Content::pattern`] |
//! | inspect the result | [`sent`](FakeDingTalk::sent), [`files`](FakeDingTalk::files), [`content`](FakeDingTalk::content) |
//! | inspect the requests | [`requests_to`](FakeDingTalk::requests_to), [`requests`](FakeDingTalk::requests) |
//! | make requests fail | [`fault`](FakeDingTalk::fault) for the next request, [`fault_on_call`](FakeDingTalk::fault_on_call) for the n-th request, [`fault_when`](FakeDingTalk::fault_when) on a condition, [`fault_always`](FakeDingTalk::fault_always) for every request until [`clear_faults`](FakeDingTalk::clear_faults) |
//! | answer an operation that the fake does not implement | [`answer`](FakeDingTalk::answer) |
//! | avoid waiting | [`ClientBuilder::clock`](crate::ClientBuilder::clock) with a [`ManualClock`] |
//! | test a program that calls [`Client::from_env`](crate::Client::from_env) | [`environment`](FakeDingTalk::environment) |
//!
//! The fake implements the operations that [`Target`] lists: tokens, files and folders, downloads, uploads, sends, robots,
//! approvals, exports and ids. Every other operation returns 404 until a test sets its response with
//! [`answer`](FakeDingTalk::answer).

mod client_setup;
mod data;
mod fake;
mod handlers;
mod inspection;
mod library;
mod manual_clock;
mod orders;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod wire;

pub use crate::base::clock::Clock;
pub use data::content::Content;
pub use data::fault::Fault;
pub use data::records::{
    Recorded, RobotMessageSent, Sent, StoredFile, StoredProperty, UploadOffer, UploadedMedia,
};
pub use data::target::Target;
pub use fake::FakeDingTalk;
pub use manual_clock::ManualClock;
