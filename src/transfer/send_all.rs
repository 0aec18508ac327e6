//! Sending of one stored file to several recipients, with one outcome for each.

use std::sync::Arc;

use crate::api::robot::{OrgGroupSend, RobotMessage};
use crate::base::error::{Error, Problem, Result};
use crate::base::ids::{UnionId, UserId};
use crate::base::upload::Uploaded;
use crate::client::Client;
use crate::object::signed_urls::refuse;

/// A recipient of a file.
///
/// ```
/// use dingtalk_files::{Recipient, UnionId, UserId};
///
/// let by_app = [Recipient::user(UnionId("union-1")), Recipient::conversation("open-conversation-1")];
/// let by_robot = [Recipient::robot_user("robot-1", UserId("user-1")), Recipient::robot_group("robot-1", "open-1")];
/// assert_ne!(by_app, by_robot);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recipient {
    /// A person, in the name of the app.
    User {
        /// The person's unionId.
        union_id: String,
    },
    /// A conversation, in the name of the person who stores the file.
    Conversation {
        /// The openConversationId.
        open_conversation_id: String,
    },
    /// A person, by a robot.
    RobotUser {
        /// The robot's code.
        robot_code: String,
        /// The person's userid.
        user_id: String,
    },
    /// A group that the robot is a member of.
    RobotGroup {
        /// The robot's code.
        robot_code: String,
        /// The openConversationId.
        open_conversation_id: String,
    },
}

impl Recipient {
    /// Addresses a person, in the name of the app.
    ///
    /// ```
    /// # use dingtalk_files::{Recipient, UnionId};
    /// assert!(matches!(Recipient::user(UnionId("union-1")), Recipient::User { .. }));
    /// ```
    #[inline]
    pub fn user(person: UnionId<'_>) -> Self {
        Self::User { union_id: person.into() }
    }

    /// Addresses a conversation, in the name of the person who stores the file.
    ///
    /// ```
    /// # use dingtalk_files::Recipient;
    /// assert!(matches!(Recipient::conversation("open-1"), Recipient::Conversation { .. }));
    /// ```
    #[inline]
    pub fn conversation(open_conversation_id: impl Into<String>) -> Self {
        Self::Conversation { open_conversation_id: open_conversation_id.into() }
    }

    /// Addresses a person, by a robot.
    ///
    /// ```
    /// # use dingtalk_files::{Recipient, UserId};
    /// assert!(matches!(Recipient::robot_user("robot-1", UserId("user-1")), Recipient::RobotUser { .. }));
    /// ```
    #[inline]
    pub fn robot_user(robot_code: impl Into<String>, user: UserId<'_>) -> Self {
        Self::RobotUser { robot_code: robot_code.into(), user_id: user.0.to_owned() }
    }

    /// Addresses a group that the robot is a member of.
    ///
    /// ```
    /// # use dingtalk_files::Recipient;
    /// assert!(matches!(Recipient::robot_group("robot-1", "open-1"), Recipient::RobotGroup { .. }));
    /// ```
    #[inline]
    pub fn robot_group(robot_code: impl Into<String>, open_conversation_id: impl Into<String>) -> Self {
        Self::RobotGroup { robot_code: robot_code.into(), open_conversation_id: open_conversation_id.into() }
    }

    #[inline]
    fn has_empty_id(&self) -> bool {
        match self {
            Self::User { union_id: id } | Self::Conversation { open_conversation_id: id } => id.is_empty(),
            Self::RobotUser { robot_code, user_id: id }
            | Self::RobotGroup { robot_code, open_conversation_id: id } => {
                robot_code.is_empty() || id.is_empty()
            }
        }
    }
}

/// Returns whether some recipients are reached by robots. An empty id is refused here, because otherwise it would be
/// refused only after the file was stored.
#[inline]
pub(super) fn check_recipients(recipients: &[Recipient]) -> Result<bool> {
    if recipients.is_empty() || recipients.iter().any(Recipient::has_empty_id) {
        let problem =
            if recipients.is_empty() { "there are no recipients" } else { "a recipient's id is empty" };
        return Err(Error::InvalidArgument(problem.to_owned()));
    }
    Ok(recipients.iter().any(|r| matches!(r, Recipient::RobotUser { .. } | Recipient::RobotGroup { .. })))
}

/// Outcome of sending to one recipient.
///
/// ```
/// assert!(dingtalk_files::Delivery::Sent.is_sent());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Delivery {
    /// The file was sent.
    Sent,
    /// The robot's message was accepted but not delivered to this person, who does not exist or is throttled.
    NotReached,
    /// The file was not sent. If [`Error::may_have_run`] returns `true`, that is not certain.
    Failed(Arc<Error>),
}

impl Delivery {
    /// Returns whether the file was sent.
    ///
    /// ```
    /// # use dingtalk_files::Delivery;
    /// assert!(!Delivery::NotReached.is_sent());
    /// ```
    #[inline]
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Sent)
    }

    /// Returns whether the file may have been sent although the send failed: sending again could send it twice.
    ///
    /// ```
    /// # use dingtalk_files::Delivery;
    /// assert!(!Delivery::Sent.is_unknown());
    /// ```
    #[inline]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Failed(error) if error.may_have_run())
    }
}

/// A file that was stored once and sent to several recipients. Returned by
/// [`SendFrom::to_all`](crate::SendFrom::to_all).
///
/// ```
/// fn report(sent: &dingtalk_files::Deliveries) {
///     for (recipient, outcome) in sent.outcomes() {
///         println!("{recipient:?}: {outcome:?}");
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "some may not have been reached"]
pub struct Deliveries {
    uploaded: Uploaded,
    space_id: String,
    operator: String,
    /// Name and id of the media file.
    media: Option<(String, String)>,
    outcomes: Vec<(Recipient, Option<Delivery>)>,
}

/// The vendor's limit for one call.
const MAX_USERS: usize = 20;

impl Deliveries {
    #[inline]
    pub(super) fn new(
        uploaded: Uploaded,
        space_id: &str,
        operator: String,
        media: Option<(String, String)>,
        recipients: &[Recipient],
    ) -> Self {
        let space_id = uploaded.dentry.space_id.clone().unwrap_or_else(|| space_id.to_owned());
        let outcomes = recipients.iter().map(|recipient| (recipient.clone(), None)).collect();
        Self { uploaded, space_id, operator, media, outcomes }
    }

    /// Returns the file as stored in the folder.
    ///
    /// ```
    /// fn name(sent: &dingtalk_files::Deliveries) -> Option<&str> {
    ///     sent.uploaded().dentry.name.as_deref()
    /// }
    /// ```
    #[inline]
    pub fn uploaded(&self) -> &Uploaded {
        &self.uploaded
    }

    /// Returns each recipient with its outcome, in the order of the call.
    ///
    /// ```
    /// fn all_sent(sent: &dingtalk_files::Deliveries) -> bool {
    ///     sent.outcomes().all(|(_, outcome)| outcome.is_sent())
    /// }
    /// ```
    #[inline]
    pub fn outcomes(&self) -> impl Iterator<Item = (&Recipient, &Delivery)> {
        self.outcomes.iter().filter_map(|(recipient, outcome)| Some((recipient, outcome.as_ref()?)))
    }

    /// Returns the recipients who certainly did not get the file.
    ///
    /// ```
    /// fn again(sent: &mut dingtalk_files::Deliveries, client: &dingtalk_files::Client) {
    ///     if sent.failed().next().is_some() {
    ///         sent.send_again(client);
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn failed(&self) -> impl Iterator<Item = &Recipient> {
        self.outcomes()
            .filter(|(_, outcome)| !outcome.is_sent() && !outcome.is_unknown())
            .map(|(recipient, _)| recipient)
    }

    /// Returns the recipients who may have got the file, because the response was lost.
    ///
    /// Check their conversation before you send the file again.
    ///
    /// ```
    /// fn count(sent: &dingtalk_files::Deliveries) -> usize {
    ///     sent.unknown().count()
    /// }
    /// ```
    #[inline]
    pub fn unknown(&self) -> impl Iterator<Item = &Recipient> {
        self.outcomes().filter(|(_, outcome)| outcome.is_unknown()).map(|(recipient, _)| recipient)
    }

    /// Sends the stored file again, but only to recipients who certainly did not get it.
    ///
    /// ```
    /// fn again(sent: &mut dingtalk_files::Deliveries, client: &dingtalk_files::Client) {
    ///     sent.send_again(client);
    /// }
    /// ```
    #[inline]
    pub fn send_again(&mut self, client: &Client) {
        let open =
            |outcome: &Option<Delivery>| !outcome.as_ref().is_some_and(|o| o.is_sent() || o.is_unknown());
        let mut todo: Vec<usize> = (0..self.outcomes.len()).collect();
        todo.retain(|place| self.outcomes.get(*place).is_some_and(|(_, outcome)| open(outcome)));
        while let Some(first) = todo.first().copied() {
            let group = self.group(&todo, first);
            todo.retain(|place| !group.contains(place));
            for (place, outcome) in group.iter().zip(self.send(client, &group)) {
                if let Some((_, old)) = self.outcomes.get_mut(*place) {
                    *old = Some(outcome);
                }
            }
        }
    }

    /// Returns the recipients of one call: up to 20 people of one robot, or a single recipient of any other kind.
    #[inline]
    fn group(&self, todo: &[usize], first: usize) -> Vec<usize> {
        let robot_of = |place: usize| match self.outcomes.get(place) {
            Some((Recipient::RobotUser { robot_code, .. }, _)) => Some(robot_code),
            _ => None,
        };
        match robot_of(first) {
            None => vec![first],
            robot => todo.iter().copied().filter(|place| robot_of(*place) == robot).take(MAX_USERS).collect(),
        }
    }

    #[inline]
    fn send(&self, client: &Client, group: &[usize]) -> Vec<Delivery> {
        let recipients: Vec<&Recipient> = group
            .iter()
            .filter_map(|place| self.outcomes.get(*place))
            .map(|(recipient, _)| recipient)
            .collect();
        let missing = match self.send_call(client, &recipients) {
            Ok(missing) => missing,
            Err(error) => return vec![Delivery::Failed(Arc::new(error)); group.len()],
        };
        let outcome = |recipient: &&Recipient| match recipient {
            Recipient::RobotUser { user_id, .. } if missing.contains(user_id) => Delivery::NotReached,
            _ => Delivery::Sent,
        };
        recipients.iter().map(outcome).collect()
    }

    /// Makes one call. Returns the userids that the call did not reach.
    #[inline]
    fn send_call(&self, client: &Client, recipients: &[&Recipient]) -> Result<Vec<String>> {
        let Some(first) = recipients.first() else { return Ok(Vec::new()) };
        let dentry_id = || {
            let id = self.uploaded.dentry.id.as_deref();
            id.ok_or_else(|| refuse("commit", Problem::Missing("dentry.id")))
        };
        match first {
            Recipient::User { union_id } => {
                client.conv_file().send_by_app(&self.space_id, dentry_id()?, UnionId(union_id))?;
            }
            Recipient::Conversation { open_conversation_id: group } => {
                client.conv_file().send(&self.space_id, dentry_id()?, group, UnionId(&self.operator))?;
            }
            Recipient::RobotUser { robot_code, .. } => {
                let users: Vec<UserId<'_>> = recipients
                    .iter()
                    .filter_map(|recipient| match recipient {
                        Recipient::RobotUser { user_id, .. } => Some(UserId(user_id)),
                        _ => None,
                    })
                    .collect();
                let sent = client.robot().batch_send_oto(&self.message(), robot_code, &users)?;
                return Ok(sent.not_reached().map(str::to_owned).collect());
            }
            Recipient::RobotGroup { robot_code, open_conversation_id: group } => {
                client.robot().org_group_send(&self.message(), group, robot_code, &OrgGroupSend::new())?;
            }
        }
        Ok(Vec::new())
    }

    #[inline]
    fn message(&self) -> RobotMessage {
        let (name, media_id) =
            self.media.as_ref().map_or(("", ""), |(name, id)| (name.as_str(), id.as_str()));
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        RobotMessage::file(media_id, name, extension)
    }
}
