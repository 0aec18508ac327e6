//! API calls without transfers.

use dingtalk_files::testing::Target;
use dingtalk_files::{Client, GetFileDownloadInfo, Result, TaskStatus, UnionId};

use crate::{Clients, Soak, faults};

const OPERATOR: UnionId<'_> = UnionId("operator-1");

impl Soak {
    pub(crate) fn call(&mut self, client: &Clients) {
        match self.random.below(4) {
            0 => self.send(client, Target::Send),
            1 => self.send(client, Target::SendToConversation),
            2 => self.query(client, Target::Task, |client| {
                client.storage().get_task("task-1", OPERATOR).map(|task| {
                    assert_eq!(task.status, Some(TaskStatus::Success));
                })
            }),
            _ => {
                let id = self.files[self.random.index(self.files.len())].0.clone();
                let options = GetFileDownloadInfo::new();
                self.query(client, Target::DownloadInfo, |client| {
                    let storage = client.storage();
                    storage.get_file_download_info("space-1", &id, OPERATOR, &options).map(|info| {
                        let urls = info.header_signature_info.unwrap().resource_urls;
                        assert!(urls[0].ends_with(&format!("/oss/space-1/{id}/1")), "{urls:?}");
                    })
                });
            }
        }
    }

    /// Runs a query, which may be repeated.
    fn query(&mut self, clients: &Clients, target: Target, run: impl FnOnce(&Client) -> Result<()>) {
        let is_faulty = self.is_faulty() && !self.inject_silence(target);
        let is_fatal = is_faulty && self.random.below(4) == 0;
        if is_faulty {
            let fault = if is_fatal {
                faults::fatal_for_call(&mut self.random)
            } else {
                // Sometimes the token is refused as well, and the next token call fails at first.
                if self.random.below(4) == 0 {
                    self.fake.revoke_tokens();
                    let fault = faults::survived_by_call(&mut self.random);
                    self.inject(vec![(Target::Token, fault)]);
                }
                faults::survived_by_call(&mut self.random)
            };
            self.inject(vec![(target, fault)]);
        }
        let result = run(self.client(clients));
        self.check_outcome(result, is_fatal, target);
        self.clear_faults();
    }

    /// Sends a file: it must be sent at most once, and never be reported as not sent if it was.
    fn send(&mut self, client: &Clients, target: Target) {
        let receiver = format!("person-{}", self.done.calls);
        let is_faulty = self.is_faulty();
        let is_fatal = is_faulty && self.random.below(2) == 0;
        if is_faulty {
            let random = &mut self.random;
            let fault =
                if is_fatal { faults::fatal_for_send(random) } else { faults::survived_by_send(random) };
            self.inject(vec![(target, fault)]);
        }
        let conv_file = client.retrying.conv_file();
        let sent = match target {
            Target::Send => conv_file.send_by_app("space-1", "dentry-1", UnionId(&receiver)),
            _ => conv_file.send("space-1", "dentry-1", "conversation-1", UnionId(&receiver)),
        };
        let times = self.fake.sent().iter().filter(|sent| sent.union_id == receiver).count();
        match &sent {
            Ok(_) => assert_eq!(times, 1, "{target:?}"),
            Err(error) if error.may_have_run() => assert!(times <= 1, "{times} times: {error}"),
            Err(error) => assert_eq!(times, 0, "{error}"),
        }
        self.check_outcome(sent.map(drop), is_fatal, target);
        self.clear_faults();
    }

    #[track_caller]
    pub(crate) fn check_outcome(
        &mut self,
        result: Result<()>,
        is_fatal: bool,
        operation: impl std::fmt::Debug,
    ) {
        match (result, is_fatal) {
            (Ok(()), false) => {}
            (Err(_), true) => self.done.failed += 1,
            (Ok(()), true) => panic!("{operation:?} succeeded despite a fatal fault"),
            (Err(error), false) => panic!("{operation:?} failed: {error}"),
        }
    }
}
