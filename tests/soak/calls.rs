//! Calls of the API, alone.

use dingtalk_files::testing::Target;
use dingtalk_files::{Client, GetFileDownloadInfo, Result, TaskStatus, UnionId};

use crate::{Clients, Soak, faults};

const OPERATOR: UnionId<'_> = UnionId("operator-1");

impl Soak {
    pub(crate) fn call(&mut self, client: &Clients) {
        match self.random.below(4) {
            0 => self.send(client, Target::Send),
            1 => self.send(client, Target::SendToConversation),
            2 => self.ask(client, Target::Task, |client| {
                client.storage().get_task("task-1", OPERATOR).map(|task| {
                    assert_eq!(task.status, Some(TaskStatus::Success));
                })
            }),
            _ => {
                let id = self.files[self.random.index(self.files.len())].0.clone();
                let options = GetFileDownloadInfo::new();
                self.ask(client, Target::DownloadInfo, |client| {
                    let storage = client.storage();
                    storage.get_file_download_info("space-1", &id, OPERATOR, &options).map(|info| {
                        let urls = info.header_signature_info.unwrap().resource_urls;
                        assert!(urls[0].ends_with(&format!("/oss/space-1/{id}/1")), "{urls:?}");
                    })
                });
            }
        }
    }

    /// A question, which may be asked again.
    fn ask(&mut self, clients: &Clients, target: Target, run: impl FnOnce(&Client) -> Result<()>) {
        let is_faulty = self.is_faulty() && !self.order_silence(target);
        let is_fatal = is_faulty && self.random.below(4) == 0;
        if is_faulty {
            let fault = if is_fatal {
                faults::fatal_for_call(&mut self.random)
            } else {
                // A token that is refused, and one that is not to be had at once.
                if self.random.below(4) == 0 {
                    self.fake.revoke_tokens();
                    let fault = faults::survived_by_call(&mut self.random);
                    self.order(vec![(Target::Token, fault)]);
                }
                faults::survived_by_call(&mut self.random)
            };
            self.order(vec![(target, fault)]);
        }
        let result = run(self.client(clients));
        self.judge(result, is_fatal, target);
        self.take_orders_back();
    }

    /// Sends once, whatever happens, and never says that it has not when it has.
    fn send(&mut self, client: &Clients, target: Target) {
        let who = format!("person-{}", self.done.calls);
        let is_faulty = self.is_faulty();
        let is_fatal = is_faulty && self.random.below(2) == 0;
        if is_faulty {
            let random = &mut self.random;
            let fault =
                if is_fatal { faults::fatal_for_send(random) } else { faults::survived_by_send(random) };
            self.order(vec![(target, fault)]);
        }
        let conv_file = client.patient.conv_file();
        let sent = match target {
            Target::Send => conv_file.send_by_app("space-1", "dentry-1", UnionId(&who)),
            _ => conv_file.send("space-1", "dentry-1", "conversation-1", UnionId(&who)),
        };
        let times = self.fake.sent().iter().filter(|sent| sent.union_id == who).count();
        match &sent {
            Ok(_) => assert_eq!(times, 1, "{target:?}"),
            Err(error) if error.may_have_run() => assert!(times <= 1, "{times} times: {error}"),
            Err(error) => assert_eq!(times, 0, "{error}"),
        }
        self.judge(sent.map(drop), is_fatal, target);
        self.take_orders_back();
    }

    #[track_caller]
    pub(crate) fn judge(&mut self, result: Result<()>, is_fatal: bool, what: impl std::fmt::Debug) {
        match (result, is_fatal) {
            (Ok(()), false) => {}
            (Err(_), true) => self.done.failed += 1,
            (Ok(()), true) => panic!("{what:?} took a fault for a success"),
            (Err(error), false) => panic!("{what:?} did not survive: {error}"),
        }
    }
}
