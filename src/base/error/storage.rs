//! OSS's error answers.

use std::fmt;

use super::text::OneLine;
use crate::base::secret::redact;

/// The object store refused or failed a request.
///
/// Only the fields below are kept of OSS's XML, because the rest echoes the signature and the string to sign.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let info = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
/// fake.lapse_signatures();
/// let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
/// let dingtalk_files::Error::Storage(refused) = error else { panic!("another error") };
/// assert_eq!((refused.status, refused.code.as_deref()), (403, Some("RequestTimeTooSkewed")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageError {
    /// `GET object` or `PUT object`.
    pub operation: &'static str,
    /// HTTP status.
    pub status: u16,
    /// OSS's code, such as `NoSuchKey`; `None` if the answer was not OSS's XML.
    pub code: Option<String>,
    /// OSS's message.
    pub message: Option<String>,
    /// OSS's id of this request.
    pub request_id: Option<String>,
    /// OSS's fine-grained code. For support tickets only: it changes without notice.
    pub ec: Option<String>,
    /// Size of the object in bytes, reported with `InvalidRange`.
    pub object_size: Option<u64>,
    /// Host that answered, with its port if the URL names one.
    pub host: String,
    /// The object's `ETag`, if this answer states it.
    pub(crate) etag: Option<String>,
    /// Time to wait before the next attempt, if the server requests a wait.
    pub retry_after: Option<std::time::Duration>,
}

impl StorageError {
    /// Returns advice on what to do, for the codes that have some.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// let fake = FakeDingTalk::start()?; // a fake DingTalk on loopback
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let info = client.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
    /// fake.lapse_signatures();
    /// let error = client.download_to(&info, &mut Vec::new(), ..).unwrap_err();
    /// let dingtalk_files::Error::Storage(refused) = error else { panic!("another error") };
    /// assert!(refused.advice().unwrap().contains("too old"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advice(&self) -> Option<&'static str> {
        Some(match (self.status, self.code.as_deref()) {
            (_, Some("SignatureDoesNotMatch")) => {
                "A header was added or changed on the way (a proxy?), or the signed headers belong to another file"
            }
            (_, Some("RequestTimeTooSkewed")) => {
                "The signature is too old (it lives about 15 minutes): ask for a new one"
            }
            (_, Some("InvalidObjectState")) => "The object is archived and must be restored first",
            (_, Some("UserDisable")) => {
                "The store has disabled the account that owns the object, which no new signature changes"
            }
            (_, Some("AccessForbidden")) => {
                "The store's own rules refuse requests like this one (by address, referer or origin), which no new signature changes"
            }
            (_, Some("TooManyConnections")) => {
                "Too many connections at once: use fewer (`parallel`), or try again in a moment"
            }
            (_, Some("NoSuchBucket")) => "The bucket of this object is gone; ask DingTalk's support",
            (_, Some("InvalidSecurityToken")) => {
                "The security token among the signed headers is not valid, or was changed on the way: ask for the download info again"
            }
            _ if self.has_lapsed() => {
                "The signature has lapsed (it lives about 15 minutes): ask for the download info again"
            }
            _ if self.wants_new_signature() => {
                "The signature was refused; a new request for the download info may help"
            }
            (404, _) => {
                "The object is gone; the file may have been deleted or moved. Ask for the download info again"
            }
            _ => return None,
        })
    }

    /// Returns whether the signature has lapsed, by OSS's code. A refusal without a code usually means a lapsed
    /// signature.
    fn has_lapsed(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        let is_about_time =
            code.contains("Expired") || matches!(code, "" | "AccessDenied" | "RequestTimeTooSkewed");
        is_about_time && self.wants_new_signature()
    }

    /// Returns whether a new signature may help, because the old one has lapsed or does not fit. Servers report that
    /// under many codes. So for 403 the codes are listed for which it cannot help, and for 400, which can mean
    /// anything, the words of codes for which it may.
    pub(crate) fn wants_new_signature(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        match self.status {
            401 | 410 => true,
            403 => !matches!(
                code,
                "UserDisable"
                    | "AccessForbidden"
                    | "InvalidObjectState"
                    | "TooManyConnections"
                    | "NoSuchBucket"
            ),
            400 => {
                let about = ["Token", "Signature", "Expired", "AccessDenied", "AccessKeyId", "TimeTooSkewed"];
                about.iter().any(|word| code.contains(word))
            }
            _ => false,
        }
    }

    /// Returns whether the same request may succeed in a moment. After 417 it is sent without `Expect`.
    pub(crate) fn is_transient(&self) -> bool {
        let code = self.code.as_deref();
        matches!(self.status, 408 | 417 | 429 | 500..)
            || matches!(code, Some("RequestTimeout" | "TooManyConnections"))
    }

    /// Reads OSS's XML, or any other body. `secrets` are the signed header values that were sent.
    pub(crate) fn read(
        operation: &'static str,
        (status, host): (u16, &str),
        request_id: Option<String>,
        body: &[u8],
        secrets: &[&str],
    ) -> Self {
        let text = String::from_utf8_lossy(body);
        let is_oss = text.contains("<Error>");
        let field = |name| {
            if is_oss { element(&text, name).map(|t| redact(t, secrets)) } else { None }
        };
        Self {
            operation,
            status,
            code: field("Code"),
            message: field("Message"),
            request_id: field("RequestId").or(request_id),
            ec: field("EC"),
            object_size: field("ActualObjectSize").and_then(|t| t.parse().ok()),
            host: host.to_owned(),
            etag: None,
            retry_after: None,
        }
    }
}

/// Returns the text of the first `<name>…</name>`. OSS's errors are flat, so this is all the XML that is needed.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    // Replace `&amp;` last, so that `&amp;lt;` becomes the text `&lt;`.
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&").trim().to_owned())
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object store {} answered {}", self.host, self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {}", OneLine(code))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {}", OneLine(message.trim_end_matches('.')))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {})", OneLine(id))?;
        }
        if let Some(advice) = self.advice() {
            write!(f, ". {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for StorageError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn useful_fields_are_kept_and_echoed_secrets_are_dropped() {
        let xml = r"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>a &lt;b&gt; &amp;amp; c</Message>
            <RequestId>R</RequestId><SignatureProvided>planted-signature</SignatureProvided>
            <StringToSign>GET planted-string</StringToSign><EC>0002-01</EC></Error>";
        let e = StorageError::read(
            "GET object",
            (403, "h"),
            None,
            xml.as_bytes(),
            &["OSS key:planted-signature"],
        );
        assert_eq!(e.code.as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(e.message.as_deref(), Some("a <b> &amp; c"));
        assert_eq!((e.request_id.as_deref(), e.ec.as_deref()), (Some("R"), Some("0002-01")));
        assert!(!format!("{e} {e:?}").contains("planted"));
        assert!(e.wants_new_signature());
    }

    /// (status, code, a new signature may help)
    #[test]
    fn status_and_code_decide_whether_a_new_signature_may_help() {
        let table = [
            (401, None, true),
            (410, Some("Gone"), true),
            (403, None, true),
            (403, Some("AccessDenied"), true),
            (403, Some("SomethingNew"), true),
            (403, Some("UserDisable"), false),
            (403, Some("InvalidObjectState"), false),
            (400, Some("InvalidSecurityToken"), true),
            (400, Some("ExpiredToken"), true),
            (400, Some("SignatureDoesNotMatch"), true),
            (400, Some("InvalidArgument"), false),
            (400, None, false),
            (404, Some("NoSuchKey"), false),
        ];
        for (status, code, cured) in table {
            let xml = code.map(|code| format!("<Error><Code>{code}</Code></Error>")).unwrap_or_default();
            let e = StorageError::read("GET object", (status, "h"), None, xml.as_bytes(), &[]);
            assert_eq!(e.wants_new_signature(), cured, "{status} {code:?}");
            assert!(!e.to_string().contains("Client::file"), "{e}");
        }
    }

    #[test]
    fn object_size_is_read_and_bodies_that_are_not_xml_have_no_code() {
        let xml = "<Error><Code>InvalidRange</Code><ActualObjectSize>1000</ActualObjectSize></Error>";
        assert_eq!(
            StorageError::read("GET object", (416, "h"), None, xml.as_bytes(), &[]).object_size,
            Some(1000)
        );
        let e = StorageError::read("GET object", (502, "h"), Some("R".into()), b"\xff\xfe<html>", &[]);
        assert_eq!((e.code, e.request_id.as_deref()), (None, Some("R")));
        let cut = StorageError::read("GET object", (500, "h"), None, b"<Error><Code>Intern", &[]);
        assert_eq!(cut.code, None);
    }
}
