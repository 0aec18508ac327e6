//! multipart/form-data (RFC 7578), built whole and with its exact length.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A form with texts and files.
pub(crate) struct Form {
    boundary: String,
    bytes: Vec<u8>,
}

impl Form {
    #[inline]
    pub(crate) fn new() -> Self {
        // 128 random bits: no content contains them by accident.
        let chance = || RandomState::new().hash_one(0u8);
        Self { boundary: format!("dingtalk-files-{:016x}{:016x}", chance(), chance()), bytes: Vec::new() }
    }

    #[inline]
    pub(crate) fn text(mut self, name: &str, text: &str) -> Self {
        self.open(&format!("Content-Disposition: form-data; name=\"{}\"\r\n", quoted(name)));
        self.close(text.as_bytes());
        self
    }

    #[inline]
    pub(crate) fn file(mut self, name: &str, file_name: &str, bytes: &[u8]) -> Self {
        let (name, file_name) = (quoted(name), quoted(file_name));
        self.open(&format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n"
        ));
        self.close(bytes);
        self
    }

    /// Returns the value of `Content-Type`, and the body.
    #[inline]
    pub(crate) fn finish(mut self) -> (String, Vec<u8>) {
        self.bytes.extend(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.bytes)
    }

    #[inline]
    fn open(&mut self, headers: &str) {
        self.bytes.extend(format!("--{}\r\n{headers}\r\n", self.boundary).as_bytes());
    }

    #[inline]
    fn close(&mut self, content: &[u8]) {
        self.bytes.extend(content);
        self.bytes.extend(b"\r\n");
    }
}

/// Escapes a name as browsers do, so that it cannot end its quotes or its line.
#[inline]
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_order_between_boundaries() {
        let form = Form::new().text("type", "file").file("media", "报告 \"1\"\r\n.xlsx", b"PK\r\n--x");
        let boundary = form.boundary.clone();
        let (content_type, bytes) = form.finish();
        assert_eq!(content_type, format!("multipart/form-data; boundary={boundary}"));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nfile\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"报告 %221%22%0D%0A.xlsx\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nPK\r\n--x\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        assert!(boundary.len() <= 70, "the RFC's limit");
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(Form::new().boundary, Form::new().boundary);
    }
}
