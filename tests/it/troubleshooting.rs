//! `docs/troubleshooting.md` and its Chinese twin quote what this crate says. Here each of those texts is provoked, so that
//! nobody searches for a sentence that no program prints any more.
//!
//! A new section: provoke its error below, run the test, and copy what it misses into both pages. In them `OPERATION`,
//! `HOST`, `ID` and `…` (the vendor's own words) stand for what differs each time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};
use dingtalk_files::{Client, ClientBuilder, Error, RemoteFile, RetryPolicy, UnionId, UserGet, UserId};
use serde_json::json;

use crate::support::{REFUSED, Scripted, Wire};
use crate::tls::TlsServer;

const PAGES: [&str; 2] = ["docs/troubleshooting.md", "docs/troubleshooting.zh-CN.md"];

/// One file, a folder on disk, and a client that tries once.
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

    /// As the pages print it.
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
        text = blank(&text, "POST /", &[' ', ':'], "OPERATION");
        text = blank(&text, "(request id ", &[')'], "(request id ID");
        text = blank(&text, "(upload key ", &[')'], "(upload key ID");
        blank(&text, "as dentry ", &[' '], "as dentry ID")
    }
}

/// `text` with `stands_for` in place of `opening` and what follows it, up to one of `ends`.
fn blank(text: &str, opening: &str, ends: &[char], stands_for: &str) -> String {
    let Some((before, rest)) = text.split_once(opening) else { return text.to_owned() };
    let (_, after) = rest.split_at(rest.find(ends).unwrap());
    format!("{before}{stands_for}{after}")
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
    let elsewhere = Fault::Redirect { status: 302, location: "https://login.example/".into() };
    let for_https = Client::builder().access_token("token").no_proxy().build().unwrap();
    vec![
        refused(403, "SignatureDoesNotMatch"),
        refused(403, "AccessForbidden"),
        refused(403, "UserDisable"),
        refused(403, "TooManyConnections"),
        refused(403, "InvalidSecurityToken"),
        lapsed,
        refused(403, "AccessDenied"),
        s.with(Target::Object, elsewhere),
        for_https.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
    ]
}

fn broken_downloads(s: &Scene) -> Vec<Error> {
    let cut = s.with(Target::Object, Fault::CutAfter(40_000));
    // The connection breaks, and then there is another file in the place of the first.
    s.fake.fault(Target::Object, Fault::CutAfter(40_000));
    s.fake.fault(Target::Object, Fault::ReplaceObject(Content::pattern_with_seed(100_000, 1)));
    let patient = s.fake.client().retry(RetryPolicy::new().base_delay(Duration::ZERO)).build().unwrap();
    let file = patient.file("space-1", "dentry-1", UnionId("union-1"));
    let changed = file.download_to(&mut Vec::new(), ..).unwrap_err();
    let corrupt = s.with(Target::Object, Fault::CorruptByte(7));
    let full_device = s.file().download_to(&mut File::create("/dev/full").unwrap(), ..).unwrap_err();

    let mut busy = None;
    let second = |_| {
        busy.get_or_insert_with(|| s.file().download().to_file(s.target()).unwrap_err());
    };
    s.file().download().progress(second).to_file(s.target()).unwrap();
    vec![cut, changed, corrupt, full_device, full_disk(s), busy.unwrap()]
}

/// No test can fill a disk everywhere: another failure of the same kind, with the system's error for a full one.
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

fn bad_lines(s: &Scene) -> Vec<Error> {
    let ask = |client: ClientBuilder| {
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        client.file("space-1", "dentry-1", UnionId("union-1")).download_info().unwrap_err()
    };
    let builder = || Client::builder().access_token("token");
    let proxy = Scripted::start(|_| "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_owned());
    // Only the request that meets silence is made with the short limit: on a slow machine others would meet it as well.
    let info = s.file().download_info().unwrap();
    s.fake.fault(Target::Object, Fault::StallBeforeAnswer);
    s.fake.fault(Target::Object, Fault::StallBeforeAnswer);
    let limited = s.builder().overall_timeout(Duration::from_millis(200)).build().unwrap();
    let impatient = s.builder().stall_timeout(Duration::from_millis(200)).build().unwrap();
    vec![
        ask(builder().base_url(REFUSED).no_proxy()),
        ask(builder().base_url("http://dingtalk.example").proxy(proxy.url())),
        ask(TlsServer::start("{}").builder()),
        impatient.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
        limited.download_to(&info, &mut Vec::new(), ..).unwrap_err(),
    ]
}

/// A heading of a page and the texts quoted under it.
#[derive(Debug, PartialEq)]
struct Section {
    /// What the heading has in backticks: a code of the vendor's, or the words of ours that one searches for.
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
fn what_the_pages_quote_is_what_is_said() {
    let s = Scene::new();
    let provoked = [refused_calls, refused_objects, broken_downloads, broken_uploads, bad_lines];
    let said: BTreeSet<_> = provoked.iter().flat_map(|provoke| provoke(&s)).map(|e| s.plain(&e)).collect();
    for page in PAGES {
        let quoted: BTreeSet<_> = sections(page).into_iter().flat_map(|section| section.quotes).collect();
        let missing: Vec<_> = said.difference(&quoted).collect();
        let unknown: Vec<_> = quoted.difference(&said).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{page} lacks {missing:#?}\nand has {unknown:#?}");
    }
}

#[test]
fn both_pages_have_the_same_sections_and_each_shows_what_its_heading_names() {
    let [english, chinese] = PAGES.map(sections);
    assert_eq!(english, chinese);
    for Section { code, quotes } in english {
        if let Some(code) = code {
            assert!(quotes.iter().any(|quote| quote.contains(&code)), "{code}: {quotes:#?}");
        }
    }
}
