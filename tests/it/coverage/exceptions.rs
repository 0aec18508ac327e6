//! Intended differences from the facts, each with its reason. An unused exception fails its test.

use super::{Finding, Row};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Category {
    /// The request as a whole: method, path, headers.
    Request,
    /// A documented field is not sent although everything is set.
    NotSent,
    /// A field is sent although it is undocumented, or neither required nor set.
    TooMuch,
    /// A field is sent with a type that differs from the documented one.
    WrongType,
    /// A field of the answer is not read.
    NotRead,
    /// A field of the answer is read under another name.
    OtherName,
    /// A field that must be withheld is shown.
    Shown,
    /// An answer without the field fails.
    Needed,
    /// The type does not know a documented word.
    UnknownWord,
    /// A documented answer causes an error.
    Refused,
    /// The request is repeated, or not repeated, contrary to the facts.
    Repeated,
}

#[derive(Debug)]
pub(super) struct Exception {
    /// `group.name`.
    operation: &'static str,
    pub(super) category: Category,
    /// The dotted place of the field.
    place: &'static str,
    #[expect(dead_code, reason = "documents the exception, here and in the failure message")]
    why: &'static str,
}

impl Exception {
    pub(super) fn is_about(&self, row: &Row) -> bool {
        self.operation.split_once('.') == Some((row.group, row.name))
    }

    pub(super) fn covers(&self, finding: &Finding) -> bool {
        (self.operation, self.category, self.place)
            == (finding.operation.as_str(), finding.category, finding.place.as_str())
    }
}

/// Returns whether an answer without the field may fail.
pub(super) fn is_needed(operation: &str, place: &str) -> bool {
    EXCEPTIONS.iter().any(|e| (e.operation, e.category, e.place) == (operation, Category::Needed, place))
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        operation: "oauth2.get_access_token",
        category: Category::Needed,
        place: "accessToken",
        why: "the token is the purpose of the request",
    },
    Exception {
        operation: "oauth2.get_token",
        category: Category::Needed,
        place: "access_token",
        why: "the token is the purpose of the request",
    },
    Exception {
        operation: "topapi.user_get",
        category: Category::NotRead,
        place: "errmsg",
        why: "part of the error if there is an errcode; otherwise always `ok`",
    },
    Exception {
        operation: "topapi.user_get",
        category: Category::NotRead,
        place: "request_id",
        why: "part of the error; no answer of the other host has it",
    },
    Exception {
        operation: "media.upload",
        category: Category::NotRead,
        place: "errmsg",
        why: "part of the error if there is an errcode; otherwise always `ok`",
    },
    Exception {
        operation: "media.upload",
        category: Category::TooMuch,
        place: "query.type",
        why: "a note on the page and nearly all programs send it in the query; the form has it too",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        category: Category::NotRead,
        place: "errmsg",
        why: "part of the error if there is an errcode; otherwise always `ok`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        category: Category::NotRead,
        place: "request_id",
        why: "part of the error; no answer of the other host has it",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        category: Category::NotSent,
        place: "body.msg.image",
        why: "a message has one kind; see `wire::around`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        category: Category::NotSent,
        place: "body.msg.voice",
        why: "a message has one kind; see `wire::around`",
    },
    Exception {
        operation: "topapi.message_corpconversation_asyncsend_v2",
        category: Category::TooMuch,
        place: "body.msg.file",
        why: "each kind of message has its own content",
    },
    Exception {
        operation: "storage.get_multipart_file_upload_infos",
        category: Category::Needed,
        place: "multipartHeaderSignatureInfos.partNumber",
        why: "without it the part of a URL is unknown",
    },
];

/// Answer fields with another name in this crate: the vendor's name, then ours.
pub(super) const RENAMED: &[(&str, &str)] = &[("type", "kind"), ("expires_in", "expire_in")];
