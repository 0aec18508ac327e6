//! An nginx server that runs for one test.

#![cfg_attr(
    not(any(feature = "rustls", feature = "native-tls")),
    allow(dead_code, reason = "only https needs the root and its port")
)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dingtalk_files::testing::Content;
use dingtalk_files::{Client, ClientBuilder, DownloadInfo, RemoteFile, UnionId};
use serde_json::json;

const CONFIGURATION: &str = include_str!("nginx.conf");
pub(crate) const ROOT: &[u8] = include_bytes!("../it/tls/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../it/tls/server.pem");
const KEY: &[u8] = include_bytes!("../it/tls/server.key");

/// Script that stops the server when the pipe is closed, by the test or by the system after a crash of the test.
const WATCH: &str = r#""$@" & read -r _; kill "$!"; wait"#;

pub(crate) struct Nginx {
    program: PathBuf,
    here: PathBuf,
    http: u16,
    https: u16,
    running: Option<Child>,
}

/// A line of the access log: a request and its status. A header that was not sent is `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggedRequest {
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) range: String,
    pub(crate) if_match: String,
}

impl Nginx {
    /// Starts nginx, or prints a notice and returns `None` if it is not installed.
    ///
    /// Panics instead with `CI=true`, or if `NGINX` names a file that does not exist.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with_tls("TLSv1.2 TLSv1.3")
    }

    pub(crate) fn start_with_tls(versions: &str) -> Option<Self> {
        let program = find()?;
        // A free port may be taken by another program before nginx opens it.
        for _ in 0..10 {
            let (http, https) = (free_port(), free_port());
            let here = new_folder();
            let here_text = here.to_str().unwrap();
            for (name, bytes) in [("server.pem", CERTIFICATE), ("server.key", KEY)] {
                fs::write(here.join(name), bytes).unwrap();
            }
            fs::create_dir(here.join("objects")).unwrap();
            let configuration = CONFIGURATION
                .replace("{here}", here_text)
                .replace("{tls}", versions)
                .replace("{http}", &http.to_string())
                .replace("{https}", &https.to_string());
            fs::write(here.join("nginx.conf"), configuration).unwrap();
            let mut nginx = Self { program: program.clone(), here, http, https, running: None };
            if nginx.run() {
                return Some(nginx);
            }
        }
        panic!("nginx found no free port in ten attempts");
    }

    /// Runs nginx, and returns `false` if another program has the port.
    fn run(&mut self) -> bool {
        let log = self.here.join("error.log");
        let _ = fs::remove_file(&log);
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "sh"]).arg(&self.program).arg("-p").arg(&self.here);
        command.arg("-c").arg(self.here.join("nginx.conf"));
        let stderr = File::create(self.here.join("stderr.log")).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(stderr);
        self.running = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            // nginx writes the file when it listens.
            if self.here.join("nginx.pid").exists() && TcpStream::connect(("127.0.0.1", self.http)).is_ok() {
                return true;
            }
            if fs::read_to_string(&log).is_ok_and(|text| text.contains("still could not bind")) {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let logs = ["stderr.log", "error.log"].map(|name| fs::read_to_string(self.here.join(name)));
        panic!("nginx did not start: {logs:?}");
    }

    /// Stops nginx, which breaks its connections.
    pub(crate) fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            let _ = running.wait();
            let _ = fs::remove_file(self.here.join("nginx.pid"));
        }
    }

    pub(crate) fn start_again(&mut self) {
        assert!(self.run(), "the ports are no longer free");
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    pub(crate) fn https_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.https)
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().access_token("token").base_url(self.url()).no_proxy()
    }

    /// Returns the object at this path, with a new client.
    pub(crate) fn file(&self, path: &str) -> RemoteFile {
        self.builder().build().unwrap().file("space-1", path, UnionId("operator-1"))
    }

    /// Returns the result of the first of the two documented steps, with URLs for these paths.
    pub(crate) fn info(&self, paths: &[&str]) -> DownloadInfo {
        let urls: Vec<_> = paths.iter().map(|path| format!("{}/{path}", self.url())).collect();
        let info = json!({"resourceUrls": urls, "headers": {"Authorization": "OSS key:signature"}});
        serde_json::from_value(json!({"headerSignatureInfo": info})).unwrap()
    }

    /// Stores or replaces a file. A replaced file gets a later modification time, and thus another ETag, even within a
    /// second.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.object(name);
        let changed = fs::metadata(&path).and_then(|old| old.modified());
        fs::write(&path, bytes).unwrap();
        if let Ok(old) = changed {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(old.max(SystemTime::now()) + Duration::from_secs(1)).unwrap();
        }
    }

    /// Returns the path of a stored file on disk.
    pub(crate) fn object(&self, name: &str) -> PathBuf {
        self.here.join("objects").join(name)
    }

    /// Returns a path to download to.
    pub(crate) fn target(&self) -> PathBuf {
        self.here.join("target.bin")
    }

    /// Stops nginx, which completes the log, and returns the logged requests without API calls.
    pub(crate) fn requests(mut self) -> Vec<LoggedRequest> {
        self.stop();
        let log = fs::read_to_string(self.here.join("access.log")).unwrap();
        log.lines().map(parse).filter(|request| !request.path.starts_with("/v1.0/")).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.here);
    }
}

fn parse(line: &str) -> LoggedRequest {
    let mut fields = line.split('|');
    let mut next = || fields.next().unwrap().to_owned();
    let (connection, method, path) = (next().parse().unwrap(), next(), next());
    LoggedRequest {
        connection,
        method,
        path,
        status: next().parse().unwrap(),
        range: next(),
        if_match: unescape(&next()),
    }
}

/// Replaces `\x22`, as which the log writes `"`.
fn unescape(text: &str) -> String {
    text.replace("\\x22", "\"")
}

fn find() -> Option<PathBuf> {
    static NOTICE: Once = Once::new();
    let named = std::env::var_os("NGINX").filter(|name| !name.is_empty());
    if let Some(program) = named.map(PathBuf::from) {
        assert!(program.is_file(), "NGINX is {}, which does not exist", program.display());
        return Some(program);
    }
    // Debian installs nginx outside the PATH of ordinary users.
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join("nginx")).find(|program| program.is_file());
    if found.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "nginx is not installed, and CI needs it");
        // Not `eprintln!`, whose output is captured when a test passes.
        NOTICE.call_once(|| drop(writeln!(io::stderr(), "nginx is not installed: its tests are skipped")));
    }
    found
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("dingtalk-files-nginx-{}-{number}", std::process::id()));
    fs::create_dir(&path).unwrap();
    path
}

/// Returns this many bytes of a pattern without repeated sections.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let length = length as u64;
    Content::pattern(length).bytes(0..length)
}

pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64()
}

/// Compares the bytes, without printing megabytes on failure.
#[track_caller]
pub(crate) fn assert_same(found: &[u8], expected: &[u8], case: &str) {
    let differing = found.iter().zip(expected).position(|(a, b)| a != b);
    assert!(
        found == expected,
        "{case}: {} bytes instead of {}, the first difference at {differing:?}",
        found.len(),
        expected.len()
    );
}

#[track_caller]
pub(crate) fn assert_file(path: &Path, expected: &[u8], case: &str) {
    assert_same(&fs::read(path).unwrap(), expected, case);
}
