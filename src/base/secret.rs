//! Secrets that must never become text, and the part of a URL that may.

use std::fmt;

use serde::Deserialize;

/// A token or an app secret. `Debug` shows that there is one, but never its text.
///
/// `Display` and `Serialize` are not implemented, so that a secret cannot slip into a log line or a file. Code that
/// really needs the text calls [`Secret::expose`].
///
/// ```
/// use dingtalk_files::Secret;
///
/// let secret = Secret::new("app-secret");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "app-secret");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret from its text.
    ///
    /// ```
    /// let secret = dingtalk_files::Secret::new("app-secret");
    /// # let _ = secret;
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text itself, for the one place that sends it.
    ///
    /// ```
    /// let secret = dingtalk_files::Secret::from("app-secret");
    /// assert_eq!(secret.expose().len(), 10);
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A URL that is signed in its query: anyone who has it can use it until it lapses. `Debug` shows only its host.
///
/// Pass it to [`Client::url`](crate::Client::url) to download the file that it names.
///
/// ```
/// use dingtalk_files::PresignedUrl;
///
/// let url = PresignedUrl::from("https://bucket.example/object?Signature=s".to_owned());
/// assert_eq!(format!("{url:?}"), "PresignedUrl(bucket.example)");
/// assert!(url.as_str().ends_with("Signature=s"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PresignedUrl(String);

impl PresignedUrl {
    /// Returns the whole URL, including the signature.
    ///
    /// ```
    /// # use dingtalk_files::PresignedUrl;
    /// assert_eq!(PresignedUrl::from("https://h/o".to_owned()).as_str(), "https://h/o");
    /// ```
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PresignedUrl {
    #[inline]
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresignedUrl({})", host_of(&self.0))
    }
}

/// Returns `text`, or a notice in its place if the text repeats one of `secrets`.
///
/// Servers echo what they received. The sent values are known exactly, so this is a comparison, not a guess at what a
/// secret looks like. The whole text is replaced, so that nothing can be cut out of it wrongly.
pub(crate) fn redact(text: String, secrets: &[&str]) -> String {
    let repeats = secrets.iter().any(|s| !s.is_empty() && text.contains(s));
    if repeats { "(text withheld: it repeats a credential)".to_owned() } else { text }
}

/// Returns the host of a URL with its port, without user, path and query. Nothing else of a URL may become text,
/// because its query may be a signature.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_repeats_a_secret_is_withheld_whole() {
        let echoed = redact("token 密钥-1 无效".to_owned(), &["", "密钥-1"]);
        assert_eq!(echoed, "(text withheld: it repeats a credential)");
        assert_eq!(redact("token invalid".to_owned(), &["", "密钥-1"]), "token invalid");
    }
}
