//! What is meant to differ from the facts, each with its reason. A line that nothing needs fails its test.

use super::{Finding, Row};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sort {
    /// The request as a whole: method, path, headers.
    Request,
    /// A documented field is not sent, though everything was set.
    NotSent,
    /// A field is sent that is not documented, or not required and not set.
    TooMuch,
    /// A field is sent as something else than what is documented.
    WrongType,
    /// A field of the answer is lost.
    NotRead,
    /// A field of the answer comes under the name of another one.
    OtherName,
    /// A field that shall be withheld is shown.
    Shown,
    /// An answer without the field fails.
    Needed,
    /// A documented word that the type does not know.
    UnknownWord,
    /// A documented answer fails, or one with a new field.
    Refused,
    /// Sent again, or not sent again, against the facts.
    Repeated,
}

#[derive(Debug)]
pub(super) struct Exception {
    /// `group.name`.
    operation: &'static str,
    pub(super) sort: Sort,
    /// The dotted place of the field.
    place: &'static str,
    #[expect(dead_code, reason = "for the reader, here and in the message")]
    why: &'static str,
}

impl Exception {
    pub(super) fn is_about(&self, row: &Row) -> bool {
        self.operation.split_once('.') == Some((row.group, row.name))
    }

    pub(super) fn covers(&self, finding: &Finding) -> bool {
        (self.operation, self.sort, self.place)
            == (finding.operation.as_str(), finding.sort, finding.place.as_str())
    }
}

/// Whether an answer may fail that has no such field.
pub(super) fn is_needed(operation: &str, place: &str) -> bool {
    EXCEPTIONS.iter().any(|e| (e.operation, e.sort, e.place) == (operation, Sort::Needed, place))
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        operation: "oauth2.get_access_token",
        sort: Sort::Needed,
        place: "accessToken",
        why: "it is all that was asked for",
    },
    Exception {
        operation: "oauth2.get_token",
        sort: Sort::Needed,
        place: "access_token",
        why: "it is all that was asked for",
    },
    Exception {
        operation: "topapi.user_get",
        sort: Sort::NotRead,
        place: "errmsg",
        why: "with an errcode it is part of the error, without one it says `ok`",
    },
    Exception {
        operation: "topapi.user_get",
        sort: Sort::NotRead,
        place: "request_id",
        why: "it is part of the error; no answer of the other host has it",
    },
    Exception {
        operation: "media.upload",
        sort: Sort::NotRead,
        place: "errmsg",
        why: "with an errcode it is part of the error, without one it says `ok`",
    },
    Exception {
        operation: "media.upload",
        sort: Sort::TooMuch,
        place: "query.type",
        why: "one note of the page and nearly all programs have it there; the form has it too",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        sort: Sort::NotRead,
        place: "errmsg",
        why: "with an errcode it is part of the error, without one it says `ok`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        sort: Sort::NotRead,
        place: "request_id",
        why: "it is part of the error; no answer of the other host has it",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        sort: Sort::NotSent,
        place: "body.msg.image",
        why: "a message is of one kind; see `wire::around`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        sort: Sort::NotSent,
        place: "body.msg.voice",
        why: "a message is of one kind; see `wire::around`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        sort: Sort::TooMuch,
        place: "body.msg.file",
        why: "a message has the content of its kind",
    },
    Exception {
        operation: "storage.get_multipart_file_upload_infos",
        sort: Sort::Needed,
        place: "multipartHeaderSignatureInfos.partNumber",
        why: "nobody can tell otherwise which part goes there",
    },
];

/// Fields of answers that have another name here: the vendor's, then ours.
pub(super) const RENAMED: &[(&str, &str)] = &[("type", "kind"), ("expires_in", "expire_in")];
