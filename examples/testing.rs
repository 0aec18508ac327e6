//! A program with tests that need no DingTalk.
//!
//! `cargo test --example testing` runs the tests at the end, which need neither an account nor a network. Your own crate
//! depends on the library, and enables the feature `testing` in its dev-dependencies:
//!
//! ```toml
//! [dependencies]
//! dingtalk-files = "0.2"
//!
//! [dev-dependencies]
//! dingtalk-files = { version = "0.2", features = ["testing"] }
//! ```
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::fmt::Write;

use dingtalk_files::{Client, ConflictStrategy, Error, UnionId};

/// The space, the person who acts, and the recipient.
struct Job<'a> {
    space_id: &'a str,
    operator: UnionId<'a>,
    reader: UnionId<'a>,
}

impl Job<'_> {
    /// Stores a list of the space's files in the space, and sends it to the reader. Returns the number of files.
    ///
    /// Takes a `&Client`, so that a test can pass a client of the fake.
    fn publish_index(&self, client: &Client) -> Result<usize, Error> {
        let (mut index, mut count) = (String::from("path,bytes\n"), 0);
        for entry in client.storage().walk(self.space_id, "0", self.operator) {
            let entry = entry?;
            if let Some(bytes) = entry.dentry.size.filter(|_| entry.path != "index.csv") {
                count += 1;
                let _ = writeln!(index, "{},{bytes}", entry.path);
            }
        }
        let upload = client.upload(self.space_id, "0", self.operator).name("index.csv");
        let stored = upload.conflict_strategy(ConflictStrategy::Overwrite).from_bytes(index)?;
        let id = stored.dentry.id.unwrap_or_default();
        client.conv_file().send_by_app(self.space_id, &id, self.reader)?;
        Ok(count)
    }
}

fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let job = Job { space_id: "space-1", operator: UnionId("operator-1"), reader: UnionId("reader-1") };
    println!("{} files", job.publish_index(&client)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};

    const JOB: Job<'_> =
        Job { space_id: "space-1", operator: UnionId("operator-1"), reader: UnionId("reader-1") };

    /// Starts a fake with two files, one of them in a folder.
    fn space() -> FakeDingTalk {
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "a.txt", "hello");
        fake.put_file("space-1", "dentry-2", "b.txt", "");
        fake.add_folder("space-1", "folder-1", "2024");
        fake.move_into_folder("space-1", "dentry-2", "folder-1");
        fake
    }

    #[test]
    fn the_index_is_sent_to_the_reader() {
        let fake = space();
        assert_eq!(JOB.publish_index(&fake.client().build().unwrap()).unwrap(), 2);

        let sent = fake.sent().remove(0);
        assert_eq!(sent.union_id, "reader-1");
        let index = fake.content("space-1", &sent.dentry_id).unwrap();
        assert_eq!(index.bytes(0..index.len()), b"path,bytes\na.txt,5\n2024/b.txt,0\n");
    }

    #[test]
    fn a_second_run_adds_a_version_instead_of_a_file() {
        let fake = space();
        let client = fake.client().build().unwrap();
        assert_eq!(JOB.publish_index(&client).unwrap(), 2);
        assert_eq!(JOB.publish_index(&client).unwrap(), 2);

        let index = fake.files().into_iter().find(|file| file.name == "index.csv").unwrap();
        assert_eq!((fake.files().len(), index.version), (3, 2));
    }

    #[test]
    fn without_permission_nothing_is_stored_or_sent() {
        let fake = space();
        fake.fault(Target::ListDentries, Fault::missing_scope("Storage.File.Read"));
        let error = JOB.publish_index(&fake.client().build().unwrap()).unwrap_err();

        assert!(error.is_permission_denied());
        assert!(fake.requests_to(Target::Put).is_empty() && fake.sent().is_empty());
    }

    /// A throttled call is retried, and the manual clock makes the wait instant.
    #[test]
    fn a_throttled_send_is_retried() {
        let (fake, clock) = (space(), ManualClock::new());
        fake.fault(Target::Send, Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
        JOB.publish_index(&fake.client().clock(clock.clone()).build().unwrap()).unwrap();

        assert!(clock.sleeps()[0].as_secs() >= 1);
        assert_eq!(fake.sent().len(), 1);
    }
}
