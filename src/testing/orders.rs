//! Faults and answers that a test sets.

use super::data::fault::{Fault, json_text};
use super::data::records::Recorded;
use super::data::target::Target;
use super::fake::FakeDingTalk;
use super::state::faults::ConditionalFault;
use serde_json::Value;

impl FakeDingTalk {
    /// Queues a fault for the next request of this kind that has no fault yet. Later calls queue faults for later
    /// requests.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault(Target::Object, Fault::CutAfter(2));
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Object).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault(&self, target: Target, fault: Fault) {
        self.shared.state().faults.queue(target, fault);
    }

    /// Sets a fault for one request of this kind. Requests count from this call on, and the first has the number 1. A
    /// later call replaces the fault of the same request.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault_on_call(Target::Send, 3, Fault::api_error(403, "permissionDenied"));
    /// let send = |to| client.conv_file().send_by_app("space-1", "dentry-1", UnionId(to)).is_ok();
    /// assert_eq!(["ann", "bob", "cid", "dan"].map(send), [true, true, false, true]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_on_call(&self, target: Target, number: usize, fault: Fault) {
        self.shared.state().faults.set_for_call(target, number, fault);
    }

    /// Sets a fault for every request of this kind that meets a condition.
    ///
    /// Faults from [`fault`](FakeDingTalk::fault) and [`fault_on_call`](FakeDingTalk::fault_on_call) take precedence,
    /// and their requests are not passed to any condition. Otherwise the first condition that returns `true` applies,
    /// and [`fault_always`](FakeDingTalk::fault_always) comes last.
    ///
    /// A condition gets the request's head and body. It gets only the head if the request is an upload
    /// ([`Target::Put`]) or the client waits for `100 Continue`. A condition may use the fake, but must not wait for
    /// another request.
    ///
    /// Fails sends to one user or to one conversation:
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Recorded, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let is_to_bob = |request: &Recorded| request.query_value("unionId") == Some("bob");
    /// fake.fault_when(Target::Send, is_to_bob, Fault::api_error(403, "permissionDenied"));
    /// let send = |to| client.conv_file().send_by_app("space-1", "dentry-1", UnionId(to)).is_ok();
    /// assert_eq!(["ann", "bob", "cid"].map(send), [true, false, true]);
    ///
    /// let is_to_team = |request: &Recorded| request.json().is_some_and(|body| body["openConversationId"] == "team");
    /// fake.fault_when(Target::SendToConversation, is_to_team, Fault::api_error(403, "permissionDenied"));
    /// let send = |to| client.conv_file().send("space-1", "dentry-1", to, UnionId("ann")).is_ok();
    /// assert_eq!(["boss", "team"].map(send), [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Refuses every connection except the first, like a server that limits connections:
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{Content, FakeDingTalk, Fault, Recorded, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let mut first = None;
    /// let is_additional = move |request: &Recorded| *first.get_or_insert(request.connection) != request.connection;
    /// fake.fault_when(Target::Object, is_additional, Fault::object_error(503, "SlowDown"));
    /// # client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Breaks off every download from one of two URLs, and ignores ranges after the beginning:
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{Content, FakeDingTalk, Fault, Recorded, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.set_resource_urls(vec!["{good}?mirror=1".into(), "{good}?mirror=2".into()]);
    /// fake.fault_when(Target::Object, |request| request.query_value("mirror") == Some("1"), Fault::CutAfter(0));
    /// let is_later = |request: &Recorded| request.header("range").is_some_and(|range| !range.starts_with("bytes=0-"));
    /// fake.fault_when(Target::Object, is_later, Fault::IgnoreRange);
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// assert_eq!(fake.requests_to(Target::Object).last().unwrap().query_value("mirror"), Some("2"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_when(
        &self,
        target: Target,
        condition: impl FnMut(&Recorded) -> bool + Send + 'static,
        fault: Fault,
    ) {
        self.shared.state().faults.add_conditional(ConditionalFault::new(target, condition, fault));
    }

    /// Sets a fault for every request of this kind that has none from [`fault`](FakeDingTalk::fault),
    /// [`fault_on_call`](FakeDingTalk::fault_on_call) or [`fault_when`](FakeDingTalk::fault_when). A later call
    /// replaces the fault.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    /// let file = client.file("space-1", "dentry-1", UnionId("anyone"));
    /// assert!(file.download_to(&mut Vec::new(), ..).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fault_always(&self, target: Target, fault: Fault) {
        self.shared.state().faults.set_standing(target, fault);
    }

    /// Removes all faults.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Fault, Target}};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
    /// fake.clear_faults();
    /// client.file("space-1", "dentry-1", UnionId("anyone")).download_to(&mut Vec::new(), ..)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Sets the answer to an operation that the fake does not implement.
    ///
    /// The answer has status 200, and only the token of the request is checked. The body is a [`serde_json::Value`] or
    /// a text.
    ///
    /// The route is a method and a path, such as the documented line that `docs/endpoints.md` lists for each operation.
    /// `{spaceId}` or any other name in braces matches every value.
    ///
    /// The answer also replaces an operation that the fake implements. If a route is set several times, the last answer
    /// applies.
    ///
    /// ```
    /// use dingtalk_files::{DeleteDentry, UnionId};
    /// use dingtalk_files::testing::{FakeDingTalk, Fault, Target};
    /// use serde_json::json;
    ///
    /// let fake = FakeDingTalk::start()?;
    /// let route = "DELETE /v1.0/storage/spaces/{spaceId}/dentries/dentry-1"; // in any space
    /// fake.answer(route, json!({"async": true, "taskId": "task-1"}));
    ///
    /// let client = fake.client().build()?;
    /// let storage = client.storage();
    /// let delete = || storage.delete_dentry("space-1", "dentry-1", UnionId("anyone"), &DeleteDentry::new());
    /// assert_eq!(delete()?.task_id.as_deref(), Some("task-1"));
    /// assert_eq!(fake.requests_to(Target::Other)[0].query_value("unionId"), Some("anyone"));
    ///
    /// fake.fault(Target::Other, Fault::api_error(403, "permissionDenied"));
    /// assert!(delete().unwrap_err().is_permission_denied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer(&self, route: &str, body: impl Into<Value>) {
        self.shared.state().answers.push((route.to_owned(), json_text(body.into())));
    }
}
