//! Sending one file to several recipients.

use dingtalk_files::testing::{FakeDingTalk, Fault, ManualClock, Target};
use dingtalk_files::{Client, Deliveries, Delivery, Error, Recipient, Result, UnionId, UserId};

fn setup() -> (FakeDingTalk, Client) {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_space("space-1");
    let client = fake.client().clock(ManualClock::new()).build().unwrap();
    (fake, client)
}

fn send(client: &Client, to: &[Recipient]) -> Result<Deliveries> {
    let report = client.send_bytes("report.csv", &b"a;b\n"[..]);
    report.into_folder("space-1", "0", UnionId("operator-1")).to_all(to)
}

fn outcome_names(sent: &Deliveries) -> Vec<&'static str> {
    let name = |outcome: &Delivery| match outcome {
        Delivery::Sent => "sent",
        Delivery::NotReached => "not reached",
        _ => "failed",
    };
    sent.outcomes().map(|(_, outcome)| name(outcome)).collect()
}

#[test]
fn each_recipient_gets_the_file_once_and_the_file_is_stored_once() {
    let (fake, client) = setup();
    let to = [
        Recipient::user(UnionId("union-1")),
        Recipient::robot_user("robot-1", UserId("user-1")),
        Recipient::conversation("open-1"),
        Recipient::robot_group("robot-1", "open-2"),
        Recipient::robot_user("robot-1", UserId("gone-2")),
        Recipient::robot_user("robot-2", UserId("user-3")),
    ];
    let sent = send(&client, &to).unwrap();
    assert_eq!(outcome_names(&sent), ["sent", "sent", "sent", "sent", "not reached", "sent"]);
    assert!(sent.outcomes().map(|(recipient, _)| recipient).eq(&to));
    assert_eq!(sent.failed().collect::<Vec<_>>(), [&to[4]]);
    assert_eq!((fake.files().len(), fake.media().len()), (1, 1));
    let media = &fake.media()[0];
    assert_eq!((media.file_name.as_str(), media.bytes.as_slice()), ("report.csv", &b"a;b\n"[..]));
    let stored = fake.sent();
    assert_eq!((stored.len(), stored[0].union_id.as_str()), (2, "union-1"));
    assert_eq!(
        (stored[1].union_id.as_str(), stored[1].conversation_id.as_deref()),
        ("operator-1", Some("open-1"))
    );
    // Users of one robot share one call.
    let messages = fake.robot_messages();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0].user_ids, ["user-1"]);
    assert_eq!(messages[1].open_conversation_id.as_deref(), Some("open-2"));
    assert_eq!(
        (messages[2].robot_code.as_str(), messages[2].user_ids.as_slice()),
        ("robot-2", &["user-3".to_owned()][..])
    );
    let param: serde_json::Value = serde_json::from_str(&messages[0].msg_param).unwrap();
    let expected =
        serde_json::json!({"mediaId": media.media_id, "fileName": "report.csv", "fileType": "csv"});
    assert_eq!(param, expected);
}

#[test]
fn send_again_sends_only_to_failed_recipients() {
    let (fake, client) = setup();
    let to = [
        Recipient::user(UnionId("union-1")),
        Recipient::user(UnionId("union-2")),
        Recipient::user(UnionId("union-3")),
        Recipient::conversation("open-1"),
    ];
    fake.fault(Target::Send, Fault::api_error(403, "permissionDenied"));
    // The outcome is unknown, so the file may have been sent.
    fake.fault(Target::Send, Fault::api_error(500, "systemError"));
    let mut sent = send(&client, &to).unwrap();
    assert_eq!(outcome_names(&sent), ["failed", "failed", "sent", "sent"]);
    assert_eq!(sent.failed().collect::<Vec<_>>(), [&to[0]]);
    assert_eq!(sent.unknown().collect::<Vec<_>>(), [&to[1]]);
    sent.send_again(&client);
    assert_eq!(outcome_names(&sent), ["sent", "failed", "sent", "sent"]);
    let sends = fake.requests_to(Target::Send).len() + fake.requests_to(Target::SendToConversation).len();
    assert_eq!((sends, fake.requests_to(Target::Commit).len()), (5, 1));
    sent.send_again(&client);
    assert_eq!(fake.requests_to(Target::Send).len(), 4, "a send with an unknown outcome is not repeated");
}

#[test]
fn more_than_twenty_users_of_a_robot_need_several_calls() {
    let (fake, client) = setup();
    let ids: Vec<String> = (0..45).map(|n| format!("user-{n}")).collect();
    let to: Vec<_> = ids.iter().map(|id| Recipient::robot_user("robot-1", UserId(id))).collect();
    let sent = send(&client, &to).unwrap();
    assert!(sent.outcomes().all(|(_, outcome)| outcome.is_sent()));
    let counts: Vec<usize> = fake.robot_messages().iter().map(|message| message.user_ids.len()).collect();
    assert_eq!(counts, [20, 20, 5]);
}

#[test]
fn invalid_recipients_and_sources_are_refused_without_a_request() {
    let (fake, client) = setup();
    let none: &[Recipient] = &[];
    let empty = [Recipient::user(UnionId("union-1")), Recipient::conversation("")];
    for to in [none, &empty] {
        assert!(matches!(send(&client, to), Err(Error::InvalidArgument(_))));
    }
    let once =
        client.send_reader("a.csv", &b"abcd"[..], 4).into_folder("space-1", "0", UnionId("operator-1"));
    let refused = once.to_all(&[Recipient::robot_group("robot-1", "open-1")]).unwrap_err();
    assert!(refused.to_string().contains("send_bytes"), "{refused}");
    assert_eq!(fake.connections(), 0);
    let once =
        client.send_reader("a.csv", &b"abcd"[..], 4).into_folder("space-1", "0", UnionId("operator-1"));
    once.to_user(UnionId("union-1")).unwrap();
    assert_eq!(fake.files()[0].size, 4);
}
