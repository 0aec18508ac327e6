//! `docs/troubleshooting.md` and its Chinese translation quote this crate's error texts. The tests provoke each of
//! these errors, so that the pages never quote an outdated text.
//!
//! For a new section, provoke its error below, run the test, and copy the missing texts into both pages. The
//! placeholders `OPERATION`, `HOST`, `ID` and `…` (the vendor's own text) stand for the variable parts.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};
use dingtalk_files::{Client, ClientBuilder, Error, RemoteFile, RetryPolicy, UnionId, UserGet, UserId};
use serde_json::json;

use crate::support::{REFUSED, Scripted, Wire};
use crate::tls::TlsServer;

const PAGES: [&str; 2] = ["docs/troubleshooting.md", "docs/troubleshooting.zh-CN.md"];

/// A fake with one file, and a folder on disk. Its clients do not retry.
struct Scene {
    fake: FakeDingTalk,
    folder: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "report.xls", Content::pattern(100_000));
        let folder = std::env::temp_dir().join(format!("dingtalk-files-troubles-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { fake, folder }
    }

    fn builder(&self) -> ClientBuilder {
        self.fake.client().retry(RetryPolicy::none())
    }

    fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn file(&self) -> RemoteFile {
        self.client().file("space-1", "dentry-1", UnionId("union-1"))
    }

    fn download(&self) -> Error {
        self.file().download_to(&mut Vec::new(), ..).unwrap_err()
    }

    fn with(&self, target: Target, fault: Fault) -> Error {
        self.fake.fault_always(target, fault);
        let error = self.download();
        self.fake.clear_faults();
        error
    }

    fn api(&self, status: u16, code: &str) -> Error {
        self.with(Target::DownloadInfo, Fault::api_error(status, code))
    }

    fn target(&self) -> PathBuf {
        self.folder.join("report.xls")
    }

    /// Returns the error's text with the placeholders of the pages.
    fn plain(&self, error: &Error) -> String {
        let message = match error.root() {
            Error::Api(e) => e.message.as_str(),
            Error::Storage(e) => e.message.as_deref().unwrap_or_default(),
            _ => "",
        };
        let host = match error.root() {
            Error::Network(e) => e.host.clone(),
            _ => self.fake.base_url().replace("http://", ""),
        };
        let folder = format!("{}/", self.folder.display());
        let mut text = error.to_string().replace(&host, "HOST").replace(&folder, "");
        if !message.is_empty() {
            text = text.replace(message.trim_end_matches('.'), "…");
        }
        text = replace_variable(&text, "POST /", &[' ', ':'], "OPERATION");
        text = replace_variable(&text, "(request id ", &[')'], "(request id ID");
        text = replace_variable(&text, "(upload key ", &[')'], "(upload key ID");
        replace_variable(&text, "as dentry ", &[' '], "as dentry ID")
    }
}

/// Replaces `opening` and the text after it, up to one of `ends`, with `placeholder`.
fn replace_variable(text: &str, opening: &str, ends: &[char], placeholder: &str) -> String {
    let Some((before, rest)) = text.split_once(opening) else { return text.to_owned() };
    let (_, after) = rest.split_at(rest.find(ends).unwrap());
    format!("{before}{placeholder}{after}")
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn refused_calls(s: &Scene) -> Vec<Error> {
    let with = |client: ClientBuilder| {
        let client = client.base_url(s.fake.base_url()).no_proxy().build().unwrap();
        client.file("space-1", "dentry-1", UnionId("union-1")).download_info().unwrap_err()
    };
    let user = |client: Client| client.topapi().user_get(UserId("union-1"), &UserGet::new()).unwrap_err();
    let no_user = Wire::json(r#"{"errcode": 33012, "errmsg": "of the vendor's", "request_id": "r"}"#);
    let forbidden = |what: &str| s.api(403, &format!("Forbidden.AccessDenied.{what}"));
    let client = s.client();
    s.fake.fault(Target::Send, Fault::api_error(400, "permissionDenied"));
    let send = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("union-1")).unwrap_err();
    let in_text =
        json!({"errcode": 88, "errmsg": "ding talk error[subcode=60020,submsg=..]", "requestId": "r"});
    let userid = json!({"code": "paramError", "message": "paramError-operatorId", "requestid": "r"});
    vec![
        with(Client::builder().access_token("stale")),
        s.api(400, "AuthenticationFailed.MissingParameter"),
        with(Client::builder().app(FakeDingTalk::APP_KEY, "another-secret")),
        with(Client::builder().token_source(|| Err::<String, _>("the vault is sealed"))),
        Client::builder().build().unwrap_err(),
        forbidden("QpsLimitForAppkeyAndApi"),
        forbidden("ApiCountLimitForOrg"),
        s.with(Target::DownloadInfo, Fault::html(403, "<html>")),
        s.with(Target::DownloadInfo, Fault::html(404, "<html>")),
        s.with(Target::DownloadInfo, Fault::json(200, json!({}))),
        s.with(Target::DownloadInfo, Fault::missing_scope("Storage.DownloadInfo.Read")),
        forbidden("IpNotInWhiteList"),
        s.with(Target::DownloadInfo, Fault::json(200, in_text)),
        s.api(403, "permissionDenied"),
        send,
        client.file("space-2", "dentry-1", UnionId("union-1")).download_info().unwrap_err(),
        client.file("space-1", "dentry-2", UnionId("union-1")).download_info().unwrap_err(),
        user(no_user.client()),
        s.with(Target::DownloadInfo, Fault::json(400, userid)),
        s.api(400, "fileArchived"),
        s.api(400, "dentryDownloadProtocolNotSupport"),
    ]
}

fn refused_objects(s: &Scene) -> Vec<Error> {
    let refused = |status, code| s.with(Target::Object, Fault::object_error(status, code));
    let info = s.file().download_info().unwrap();
    s.fake.lapse_signatures();
    let lapsed = s.client().download_to(&info, &mut Vec::new(), ..).unwrap_err();
    let redirect = Fault::Redirect { status: 302, location: "https://login.example/".into() };
    let for_https = Client::builder().access_token("token").no_proxy().build().unwrap();
    vec![
        refused(403, "SignatureDoesNotMatch"),
        refused(403, "AccessForbidden"),
        refused(403, "UserDisable"),
        refused(403, "TooManyConnections"),
        refused(403, "InvalidSecurityToken"),
        lapsed,
        refused(403, "AccessDenied"),
        s.with(Target::Object, redirect),
        for_https.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
    ]
}

fn broken_downloads(s: &Scene) -> Vec<Error> {
    let cut = s.with(Target::Object, Fault::CutAfter(40_000));
    // The connection breaks, and then another file has replaced the first.
    s.fake.fault(Target::Object, Fault::CutAfter(40_000));
    s.fake.fault(Target::Object, Fault::ReplaceObject(Content::pattern_with_seed(100_000, 1)));
    let retrying = s.fake.client().retry(RetryPolicy::new().base_delay(Duration::ZERO)).build().unwrap();
    let file = retrying.file("space-1", "dentry-1", UnionId("union-1"));
    let changed = file.download_to(&mut Vec::new(), ..).unwrap_err();
    let corrupt = s.with(Target::Object, Fault::CorruptByte(7));
    let full_device = s.file().download_to(&mut File::create("/dev/full").unwrap(), ..).unwrap_err();

    let mut busy = None;
    let second = |_| {
        busy.get_or_insert_with(|| s.file().download().to_file(s.target()).unwrap_err());
    };
    s.file().download().progress(second).to_file(s.target()).unwrap();
    let flag = AtomicBool::new(true);
    let cancelled = s.file().download().cancel(&flag).to_writer(&mut Vec::new(), ..).unwrap_err();
    vec![cut, changed, corrupt, full_device, full_disk(s), busy.unwrap(), cancelled]
}

/// A test cannot fill a disk on every machine, so another file error is changed into the error for a full disk.
fn full_disk(s: &Scene) -> Error {
    let error = s.file().download().to_file(s.folder.join("no such folder/report.xls")).unwrap_err();
    let Error::File(mut file) = error else { panic!("{error}") };
    file.action = "write";
    file.path = s.folder.join("report.xls.dingtalk-part");
    file.cause = io::Error::from_raw_os_error(28);
    (file.written, file.kept) = (40_000, true);
    Error::File(file)
}

fn broken_uploads(s: &Scene) -> Vec<Error> {
    let upload = |fault| {
        s.fake.fault(Target::Commit, fault);
        let upload = s.client().upload("space-1", "0", UnionId("union-1")).name("report.xls");
        upload.from_bytes(b"hello").unwrap_err()
    };
    let not_committed = upload(Fault::api_error(403, "permissionDenied"));
    let taken = upload(Fault::api_error(400, "dentryNameConflict"));
    let unknown = upload(Fault::CloseWithoutAnswer);
    s.fake.fault(Target::Send, Fault::CloseWithoutAnswer);
    let folder = s.client().send_file("Cargo.toml").into_folder("space-1", "0", UnionId("union-1"));
    vec![not_committed, taken, unknown, folder.to_user(UnionId("union-2")).unwrap_err()]
}

fn broken_connections(s: &Scene) -> Vec<Error> {
    let fail = |client: ClientBuilder| {
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        client.file("space-1", "dentry-1", UnionId("union-1")).download_info().unwrap_err()
    };
    let builder = || Client::builder().access_token("token");
    let proxy = Scripted::start(|_| "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_owned());
    // Only the stalled request uses the short timeout, which other requests could exceed on a slow machine.
    let info = s.file().download_info().unwrap();
    s.fake.fault(Target::Object, Fault::StallBeforeAnswer);
    s.fake.fault(Target::Object, Fault::StallBeforeAnswer);
    // Its client has the token already.
    let file = s.file();
    file.download_info().unwrap();
    let over = file.with_deadline(Duration::ZERO);
    let limited = s.builder().overall_timeout(Duration::from_millis(200)).build().unwrap();
    let stalling = s.builder().stall_timeout(Duration::from_millis(200)).build().unwrap();
    vec![
        fail(builder().base_url(REFUSED).no_proxy()),
        fail(builder().base_url("http://dingtalk.example").proxy(proxy.url())),
        fail(TlsServer::start("{}").builder()),
        stalling.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
        limited.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
        over.download_info().unwrap_err(),
    ]
}

/// A heading of a page and the texts quoted under it.
#[derive(Debug, PartialEq)]
struct Section {
    /// The part of the heading in backticks: a code of the vendor, or words of this crate's error text.
    code: Option<String>,
    quotes: Vec<String>,
}

fn sections(page: &str) -> Vec<Section> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).unwrap();
    let mut sections = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("## ") || line.starts_with("### ") {
            let code = line.split('`').nth(1).map(str::to_owned);
            sections.push(Section { code, quotes: Vec::new() });
        } else if line == "```text" {
            let quote: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            sections.last_mut().expect("a heading").quotes.push(quote.join(" "));
        }
    }
    sections
}

#[test]
fn the_pages_quote_the_actual_error_texts() {
    let s = Scene::new();
    let provoked = [refused_calls, refused_objects, broken_downloads, broken_uploads, broken_connections];
    let actual: BTreeSet<_> = provoked.iter().flat_map(|provoke| provoke(&s)).map(|e| s.plain(&e)).collect();
    for page in PAGES {
        let quoted: BTreeSet<_> = sections(page).into_iter().flat_map(|section| section.quotes).collect();
        let missing: Vec<_> = actual.difference(&quoted).collect();
        let unknown: Vec<_> = quoted.difference(&actual).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{page} lacks {missing:#?}\nand has {unknown:#?}");
    }
}

#[test]
fn both_pages_have_the_same_sections_and_quote_their_headings_codes() {
    let [english, chinese] = PAGES.map(sections);
    assert_eq!(english, chinese);
    for Section { code, quotes } in english {
        if let Some(code) = code {
            assert!(quotes.iter().any(|quote| quote.contains(&code)), "{code}: {quotes:#?}");
        }
    }
}
