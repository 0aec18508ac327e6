//! URLs and headers that DingTalk signed, checked before any of them is used. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::base::clock::renew_after;
use crate::base::error::{Error, Problem, Result, UnexpectedAnswer};

/// Signed URLs and headers that have been checked and may be used as they are.
#[derive(Clone)]
pub(crate) struct SignedUrls {
    /// At least one URL; earlier URLs are preferred.
    pub(crate) urls: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) life: Option<Duration>,
    /// Time of the request for the signature, by the client's clock.
    pub(crate) signed_at: Duration,
}

/// Most headers to accept. DingTalk signs about five headers, and the HTTP crate panics at 32 768.
const MAX_HEADERS: usize = 100;
/// Most URLs to use; a longer list is cut.
const MAX_URLS: usize = 16;

/// Time before its end at which a signature is renewed, at most: a signature that is about to lapse is not worth a
/// request.
const LAPSE_EARLY: Duration = Duration::from_secs(60);

/// URLs and headers as a server returned them, before any check.
pub(crate) struct UncheckedUrls<'a> {
    /// Name of the request in errors.
    pub(crate) operation: &'static str,
    pub(crate) urls: &'a [String],
    pub(crate) headers: &'a BTreeMap<String, String>,
    /// Lifetime in seconds.
    pub(crate) life: Option<u64>,
}

impl SignedUrls {
    /// Checks URLs and headers. `plain_http` admits `http` URLs: the caller allows them, or the base URL is `http` too.
    pub(crate) fn check(
        unchecked: &UncheckedUrls<'_>,
        plain_http: bool,
        signed_at: Duration,
    ) -> Result<Self> {
        let &UncheckedUrls { operation, urls, headers, life } = unchecked;
        let refuse = |problem| refuse(operation, problem);
        if urls.is_empty() {
            return Err(refuse(Problem::Missing("headerSignatureInfo.resourceUrls")));
        }
        if headers.len() > MAX_HEADERS {
            let problem = Problem::TooMany { field: "headerSignatureInfo.headers", limit: MAX_HEADERS };
            return Err(refuse(problem));
        }
        // No real object has more locations, and each URL costs an attempt.
        let urls = urls.get(..MAX_URLS).unwrap_or(urls);
        let urls: Vec<String> =
            urls.iter().map(|url| if plain_http { url.clone() } else { upgraded(url) }).collect();
        for url in &urls {
            check_url(url, plain_http).map_err(|why| refuse(Problem::ForbiddenUrl(why)))?;
        }
        for (name, value) in headers {
            check_header(name, value).map_err(|()| refuse(Problem::ForbiddenHeader(name.clone())))?;
        }
        Ok(Self {
            urls,
            headers: headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
            life: life.map(Duration::from_secs),
            signed_at,
        })
    }

    /// Returns whether it is time for a new signature.
    pub(crate) fn lapses_soon(&self, now: Duration) -> bool {
        let lapses_at = |life| self.signed_at.saturating_add(renew_after(life, LAPSE_EARLY));
        self.life.is_some_and(|life| now >= lapses_at(life))
    }

    /// Returns whether the signature has lapsed.
    pub(crate) fn has_lapsed(&self, now: Duration) -> bool {
        self.life.is_some_and(|life| now >= self.signed_at.saturating_add(life))
    }

    /// Returns the texts that no error may repeat: the signed values and those in the URLs' queries, whole and in
    /// pieces, because a server may echo a signature without the text around it.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        let mut keep = |value: &str| {
            for piece in value.split([' ', ':', ',', ';', '=']).chain([value]) {
                if piece.len() >= SHORTEST_SECRET {
                    secrets.push(piece.to_owned());
                }
            }
        };
        self.headers.iter().for_each(|(_, value)| keep(value));
        for url in &self.urls {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            for (_, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                // As it stands in the URL, and as a server decodes it.
                keep(value);
                keep(&percent_decode_str(value).decode_utf8_lossy());
            }
        }
        secrets
    }
}

/// Length of the shortest secret. Shorter pieces (`OSS`, `GMT`, a year) are words that any error may contain.
const SHORTEST_SECRET: usize = 8;

/// Names of the requests for signatures in errors.
pub(crate) const DOWNLOAD_INFO: &str = "download info";
pub(crate) const UPLOAD_INFO: &str = "upload info";

/// Returns the error of signed URLs or headers that cannot be used.
pub(crate) fn refuse(operation: &'static str, problem: Problem) -> Error {
    UnexpectedAnswer::new(operation, 200, problem).of_read().into()
}

/// Returns the URL over https if that is known to work: on the vendor's own object store, whose signature does not
/// cover the scheme. The vendor's APIs return plain http for files of robots and approvals.
fn upgraded(url: &str) -> String {
    let rest = url.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http://"));
    let Some((_, rest)) = rest else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.strip_suffix(":80").unwrap_or(authority);
    if host.to_ascii_lowercase().ends_with(".aliyuncs.com") && !host.contains(['@', ':']) {
        format!("https://{host}{path}")
    } else {
        url.to_owned()
    }
}

fn check_url(url: &str, plain_http: bool) -> std::result::Result<(), &'static str> {
    let parsed: ureq::http::Uri = url.parse().map_err(|_| "it is not a URL")?;
    let has_host = parsed.host().is_some_and(|h| !h.is_empty());
    let has_user = parsed.authority().is_some_and(|a| a.as_str().contains('@'));
    match parsed.scheme_str() {
        _ if !has_host => Err("it has no host"),
        // ureq would send the user in a header `Authorization`, which is not signed.
        _ if has_user => Err("it names a user"),
        Some("https") => Ok(()),
        Some("http") if plain_http => Ok(()),
        Some("http") => Err("it is http; `ClientBuilder::allow_http_objects(true)` allows that"),
        _ => Err("it is not https"),
    }
}

/// Headers that would control the connection instead of opening the object, or that belong to the API host.
const FORBIDDEN: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "cookie",
    "te",
    "upgrade",
    "proxy-authorization",
];

fn check_header(name: &str, value: &str) -> std::result::Result<(), ()> {
    let lower = name.to_ascii_lowercase();
    let steers = FORBIDDEN.contains(&lower.as_str()) || lower.starts_with("x-acs-");
    let is_token = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    // ureq refuses such a value too, but as if the connection had failed, which would be retried.
    let is_foreign = lower == "authorization" && !value.is_ascii();
    if steers || !is_token || is_foreign || value.chars().any(char::is_control) { Err(()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(json: &str, plain_http: bool) -> Result<SignedUrls> {
        let info: serde_json::Value = serde_json::from_str(json).unwrap();
        let info = &info["headerSignatureInfo"];
        let urls: Vec<String> = serde_json::from_value(info["resourceUrls"].clone()).unwrap_or_default();
        let headers = serde_json::from_value(info["headers"].clone()).unwrap_or_default();
        let unchecked =
            UncheckedUrls { operation: DOWNLOAD_INFO, urls: &urls, headers: &headers, life: None };
        SignedUrls::check(&unchecked, plain_http, Duration::ZERO)
    }

    fn problem(json: &str, plain_http: bool) -> Option<Problem> {
        match signed(json, plain_http) {
            Ok(_) => None,
            Err(Error::Answer(e)) => Some(e.problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn missing_urls_are_named() {
        let urls = Problem::Missing("headerSignatureInfo.resourceUrls");
        assert_eq!(problem(r#"{"headerSignatureInfo":{"resourceUrls":[]}}"#, false), Some(urls));
    }

    /// (headers, URLs, the answer is used)
    #[test]
    fn at_most_a_hundred_headers_and_sixteen_urls_are_used() {
        for (headers, urls, is_used) in
            [(100, 16, true), (100, 17, true), (101, 1, false), (40_000, 1, false)]
        {
            let urls: Vec<String> = (0..urls).map(|n| format!("https://h/{n}")).collect();
            let headers: BTreeMap<String, String> =
                (0..headers).map(|n| (format!("x-oss-{n}"), "v".to_owned())).collect();
            let unchecked =
                UncheckedUrls { operation: DOWNLOAD_INFO, urls: &urls, headers: &headers, life: None };
            match SignedUrls::check(&unchecked, false, Duration::ZERO) {
                Ok(signed) => {
                    assert!(is_used && signed.urls.len() == 16, "{} URLs", signed.urls.len());
                    assert_eq!((signed.headers.len(), &signed.urls), (100, &urls[..16].to_vec()));
                }
                Err(Error::Answer(e)) => {
                    let field = "headerSignatureInfo.headers";
                    assert_eq!(e.problem, Problem::TooMany { field, limit: 100 });
                    assert!(!is_used && !e.may_have_run());
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_signature_is_renewed_a_minute_or_a_quarter_of_its_life_early() {
        let table = [(900, 940, 1000), (100, 175, 200), (0, 100, 100)];
        let with = |life| SignedUrls {
            urls: Vec::new(),
            headers: Vec::new(),
            life,
            signed_at: Duration::from_secs(100),
        };
        for (life, soon, gone) in table {
            let urls = with(Some(Duration::from_secs(life)));
            let (soon, gone) = (Duration::from_secs(soon), Duration::from_secs(gone));
            let before = |time: Duration| time.saturating_sub(Duration::from_millis(1));
            assert_eq!([before(soon), soon].map(|now| urls.lapses_soon(now)), [false, true], "{life}");
            assert_eq!([before(gone), gone].map(|now| urls.has_lapsed(now)), [false, true], "{life}");
        }
        let always = with(None);
        assert!(!always.lapses_soon(Duration::MAX) && !always.has_lapsed(Duration::MAX));
    }

    #[test]
    fn the_vendors_object_store_is_used_over_https() {
        let table = [
            ("http://b.oss-cn-x.aliyuncs.com/o?Signature=s", "https://b.oss-cn-x.aliyuncs.com/o?Signature=s"),
            ("HTTP://B.ALIYUNCS.COM:80/o", "https://B.ALIYUNCS.COM/o"),
            ("http://b.aliyuncs.com?x=1", "https://b.aliyuncs.com?x=1"),
            ("https://b.aliyuncs.com/o", "https://b.aliyuncs.com/o"),
            ("http://b.aliyuncs.com:8080/o", "http://b.aliyuncs.com:8080/o"),
            ("http://aliyuncs.com.example/o", "http://aliyuncs.com.example/o"),
            ("http://evil.example/b.aliyuncs.com", "http://evil.example/b.aliyuncs.com"),
            ("http://evil.example?.aliyuncs.com", "http://evil.example?.aliyuncs.com"),
            ("http://notaliyuncs.com/o", "http://notaliyuncs.com/o"),
            ("http://user@b.aliyuncs.com/o", "http://user@b.aliyuncs.com/o"),
            ("http://10.0.0.1/o", "http://10.0.0.1/o"),
            ("文件", "文件"),
        ];
        for (url, expected) in table {
            assert_eq!(upgraded(url), expected);
        }
        let json = r#"{"headerSignatureInfo":{"resourceUrls":["http://b.aliyuncs.com/o"]}}"#;
        assert_eq!(signed(json, false).unwrap().urls, ["https://b.aliyuncs.com/o"]);
        // A client that was built for plain http keeps using it.
        assert_eq!(signed(json, true).unwrap().urls, ["http://b.aliyuncs.com/o"]);
        assert_eq!(upgraded("http://b.aliyuncs.com"), "https://b.aliyuncs.com");
    }

    #[test]
    fn only_https_is_accepted_unless_plain_http_is_allowed() {
        let table = [
            ("https://h/o?x=1", true, true),
            ("http://h/o", false, true),
            ("file:///etc/passwd", false, false),
            ("ftp://h/o", false, false),
            ("//h/o", false, false),
            ("/o", false, false),
            ("https://", false, false),
            // Found by fuzzing.
            ("https://user:password@h/o", false, false),
            ("http://user@h/o", false, false),
            ("https://h/o?user@h", true, true),
            ("not a url", false, false),
            ("", false, false),
        ];
        for (url, strict, plain) in table {
            let json = format!(r#"{{"headerSignatureInfo":{{"resourceUrls":[{url:?}]}}}}"#);
            assert_eq!(problem(&json, false).is_none(), strict, "{url}");
            assert_eq!(problem(&json, true).is_none(), plain, "{url}");
        }
    }

    #[test]
    fn secrets_are_values_and_their_pieces_but_not_short_words() {
        let json = r#"{"headerSignatureInfo":{"resourceUrls":["https://h/o?Signature=in%2Fthe%2Furl&a=1"],
            "headers":{"Authorization":"OSS the-access-key:the-signature="}}}"#;
        let urls = signed(json, false).unwrap();
        let mut secrets = urls.secrets();
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(
            secrets,
            [
                "OSS the-access-key:the-signature=",
                "in%2Fthe%2Furl",
                "in/the/url",
                "the-access-key",
                "the-signature"
            ]
        );
    }

    #[test]
    fn headers_that_a_server_must_not_set_are_refused() {
        let with = |name: &str, value: &str| {
            let headers = serde_json::json!({ name: value });
            format!(r#"{{"headerSignatureInfo":{{"resourceUrls":["https://h/o"],"headers":{headers}}}}}"#)
        };
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "COOKIE",
            "x-acs-dingtalk-access-token",
            "",
            "a b",
            "a\r\nb",
        ] {
            assert_eq!(
                problem(&with(name, "v"), false),
                Some(Problem::ForbiddenHeader(name.into())),
                "{name:?}"
            );
        }
        for value in ["a\r\nb", "a\0", "a\u{7f}"] {
            assert_eq!(
                problem(&with("x-oss-date", value), false),
                Some(Problem::ForbiddenHeader("x-oss-date".into()))
            );
        }
        // Found by fuzzing.
        let foreign = problem(&with("Authorization", "OSS 密钥"), false);
        assert_eq!(foreign, Some(Problem::ForbiddenHeader("Authorization".into())));
        assert_eq!(problem(&with("Content-Disposition", "密钥"), false), None);
        for name in ["Authorization", "x-oss-date", "Content-Type", "x-oss-security-token"] {
            assert_eq!(problem(&with(name, ""), false), None, "{name}");
        }
    }
}
