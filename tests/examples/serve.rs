//! `serve`, read by curl, by a socket that misbehaves, and by Chromium.

#![allow(clippy::print_stderr, reason = "a skipped test says why")]

#[path = "../../examples/serve/demo.rs"]
mod demo;
/// For its unit tests: cargo builds either the program `serve` or its unit tests.
#[allow(dead_code, reason = "only the unit tests use it here")]
#[path = "../../examples/serve/http.rs"]
mod http;
#[path = "../../examples/shared/mod.rs"]
mod shared;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dingtalk_files::testing::{Content, FakeDingTalk, Fault, Target};

use super::{Finished, Folder, Running, example, run_without_settings, without_account};

/// Limit for everything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

const SIZE: u64 = 3_000_000;

/// A running `serve` with a fake, and curl to read from it.
struct Site {
    fake: FakeDingTalk,
    folder: Folder,
    url: String,
    _server: Running,
}

impl Site {
    /// Starts the program. Returns `None` if curl is not installed.
    fn start(options: &[&str]) -> Option<Self> {
        if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: curl is not installed");
            return None;
        }
        let fake = FakeDingTalk::start().unwrap();
        fake.put_file("space-1", "dentry-1", "报告.bin", Content::pattern(SIZE));
        let folder = Folder::new();
        let mut command = without_account(example("serve"));
        command.envs(fake.environment()).env("DINGTALK_UNION_ID", "person-1");
        command.args(["--listen", "127.0.0.1:0", "space-1"]).args(options);
        command.stdout(Stdio::piped()).stderr(File::create(folder.join("log")).unwrap());
        let mut server = Running(command.spawn().unwrap());
        let mut url = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Some(Self { fake, folder, url, _server: server })
    }

    fn curl(&self, options: &[&str], path: &str) -> Command {
        let mut command = without_account("curl");
        command.args(["-q", "-sS", "--noproxy", "*", "--max-time", "60"]).args(options);
        command.arg(format!("{}{path}", self.url)).current_dir(self.folder.path());
        command
    }

    fn get(&self, options: &[&str], path: &str) -> Finished {
        Finished::of(self.curl(options, path).output().unwrap())
    }

    /// Requests the file.
    fn file(&self, options: &[&str]) -> Answer {
        self.answer(options, "files/dentry-1/name")
    }

    fn answer(&self, options: &[&str], path: &str) -> Answer {
        let ended = self.get(&[&["-i"], options].concat(), path);
        let split = ended.out.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("no head");
        let head = String::from_utf8(ended.out[..split].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { code: ended.code, status, head, body: ended.out[split + 4..].to_vec() }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    #[track_caller]
    fn wait_for_log(&self, words: &str) {
        let begun = Instant::now();
        while !self.log().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {words}\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn calls(&self, target: Target) -> usize {
        self.fake.requests_to(target).len()
    }
}

struct Answer {
    /// Exit code of curl.
    code: i32,
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn pattern(range: std::ops::Range<u64>) -> Vec<u8> {
    Content::pattern(SIZE).bytes(range)
}

#[test]
fn options() {
    let folder = Folder::new();
    let help = run_without_settings(&folder, "serve", &["--help"]);
    for code in 0..=5 {
        assert!(help.printed().contains(&format!("\n  {code}  ")), "{code}");
    }
    for (args, words) in [
        (&["--listen", "0.0.0.0:80", "s"][..], "--listen: 0.0.0.0:80 is not a loopback address"),
        (&["--listen", "8080", "s"], "--listen: \"8080\" is not ADDRESS:PORT"),
        (&["--threads", "0", "s"], "--threads: \"0\" is not a number from 1 to 256"),
        (&["--deadline=soon", "s"], "--deadline: \"soon\" is not a number from 1 to 86400"),
        (&[], "SPACE_ID"),
        (&["a", "b"], "SPACE_ID"),
        (&["s"], "DINGTALK_"),
    ] {
        run_without_settings(&folder, "serve", args).assert_failed(2, words);
    }
}

#[test]
fn a_page_lists_the_folder() {
    let Some(site) = Site::start(&[]) else { return };
    site.fake.put_file("space-1", "dentry-2", "<script>'&\"\u{202e}.txt", "hello");
    site.fake.add_folder("space-1", "folder-1", "Reports");
    let page = site.answer(&[], "");
    let text = String::from_utf8(page.body.clone()).unwrap();
    let link = "<a href=\"/files/dentry-2/%3Cscript%3E%27%26%22%E2%80%AE.txt\">&lt;script&gt;&#39;&amp;&quot;_.txt</a>";
    assert!(text.contains(link) && text.contains("报告.bin") && text.contains("<li>Reports/"), "{text}");
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    let by_link = site.answer(&[], "files/dentry-2/%3Cscript%3E%27%26%22%E2%80%AE.txt");
    assert_eq!((by_link.status, by_link.body.as_slice()), (200, &b"hello"[..]));
    let head = site.answer(&["-I"], "");
    assert_eq!(head.header("Content-Length"), Some(text.len().to_string().as_str()));
    assert_eq!(site.answer(&["-X", "POST"], "").header("Allow"), Some("GET, HEAD"));
    // A name of another site that resolves to this machine.
    assert_eq!(site.answer(&["-H", "Host: example.com"], "").status, 421);
}

#[test]
fn ranges_and_conditions() {
    let Some(site) = Site::start(&[]) else { return };
    let whole = site.file(&[]);
    assert_eq!((whole.code, whole.status), (0, 200));
    assert!(whole.body == pattern(0..SIZE));
    for (name, value) in [
        ("Accept-Ranges", "bytes"),
        ("Content-Type", "application/octet-stream"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Disposition", "attachment; filename=\"__.bin\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.bin"),
    ] {
        assert_eq!(whole.header(name), Some(value));
    }
    let etag = whole.header("ETag").unwrap();

    for (asked, part) in [
        ("0-0", 0..1),
        ("100-199", 100..200),
        ("2999990-", 2_999_990..SIZE),
        ("-5", 2_999_995..SIZE),
        ("2999999-9999999", 2_999_999..SIZE),
        ("0-", 0..SIZE),
    ] {
        let answer = site.file(&["-r", asked]);
        let range = format!("bytes {}-{}/{SIZE}", part.start, part.end - 1);
        assert_eq!((answer.status, answer.header("Content-Range")), (206, Some(range.as_str())), "{asked}");
        assert_eq!(answer.header("ETag"), Some(etag));
        assert!(answer.body == pattern(part), "{asked}");
    }
    let beyond = site.file(&["-r", "3000000-"]);
    assert_eq!((beyond.status, beyond.header("Content-Range")), (416, Some("bytes */3000000")));
    for nonsense in ["Range: bytes=0-1,5-6", "Range: bytes=5-1", "Range: lines=1-2", "Range: bytes=x-"] {
        let answer = site.file(&["-H", nonsense]);
        assert_eq!((answer.status, answer.body.len() as u64), (200, SIZE), "{nonsense}");
    }

    let head = site.file(&["-I", "-r", "0-5"]);
    assert_eq!((head.status, head.header("Content-Length"), head.body.len()), (200, Some("3000000"), 0));
    let not_modified = site.file(&["-H", &format!("If-None-Match: \"x\", {etag}")]);
    assert_eq!((not_modified.status, not_modified.body.len()), (304, 0));
    assert_eq!(site.file(&["-r", "0-1", "-H", "If-None-Match: \"x\""]).status, 206);
    assert_eq!(site.file(&["-r", "0-1", "-H", &format!("If-Range: {etag}")]).status, 206);
    for other in ["If-Range: \"x\"", "If-Range: Wed, 21 Oct 2015 07:28:00 GMT"] {
        let answer = site.file(&["-r", "0-1", "-H", other]);
        assert_eq!((answer.status, answer.body.len() as u64), (200, SIZE), "{other}");
    }
    // HTTP/1.0 knows no chunks.
    let old = site.file(&["-0", "-r", "1-3"]);
    assert_eq!((old.status, old.header("Content-Length")), (206, Some("3")));
    assert_eq!(old.body, pattern(1..4));

    for target in [Target::Token, Target::GetDentry, Target::DownloadInfo] {
        assert_eq!(site.calls(target), 1, "{target:?}");
    }
    let log = site.log();
    assert!(log.contains("GET /files/dentry-1/name [bytes=0-0]: 206, 1 bytes in "), "{log}");
    assert!(!log.contains("Signature") && !log.contains(FakeDingTalk::APP_SECRET), "{log}");
}

#[test]
fn an_empty_file() {
    let Some(site) = Site::start(&[]) else { return };
    site.fake.put_file("space-1", "dentry-1", "empty.txt", "");
    let whole = site.file(&[]);
    assert_eq!((whole.code, whole.status, whole.header("Content-Length")), (0, 200, Some("0")));
    assert_eq!(site.file(&["-r", "0-"]).status, 416);
}

#[test]
fn curl_resumes() {
    let Some(site) = Site::start(&[]) else { return };
    fs::write(site.folder.join("a.bin"), pattern(0..1_234_567)).unwrap();
    assert_eq!(site.get(&["-C", "-", "-o", "a.bin"], "files/dentry-1/a.bin").code, 0);
    assert!(fs::read(site.folder.join("a.bin")).unwrap() == pattern(0..SIZE));
    assert!(site.log().contains("[bytes=1234567-]: 206, 1765433 bytes"), "{}", site.log());
}

#[test]
fn parallel_readers_share_a_download_info() {
    let Some(site) = Site::start(&["--threads", "2"]) else { return };
    thread::scope(|scope| {
        for reader in 0..6 {
            let site = &site;
            scope.spawn(move || {
                let (first, end) = (reader * 500_000, (reader + 1) * 500_000);
                let answer = site.file(&["-r", &format!("{first}-{}", end - 1)]);
                assert!(answer.status == 206 && answer.body == pattern(first..end), "{first}");
            });
        }
    });
    assert_eq!((site.calls(Target::GetDentry), site.calls(Target::DownloadInfo)), (1, 1));
}

#[test]
fn a_reader_that_leaves_frees_its_thread() {
    let Some(site) = Site::start(&["--threads", "1", "--stall", "1"]) else { return };
    site.fake.put_file("space-1", "dentry-2", "large.bin", Content::pattern(1 << 29));
    let leave_after = |bytes: u64| {
        let mut curl = site.curl(&["-o", "large.bin"], "files/dentry-2/large.bin");
        let curl = Running(curl.stderr(Stdio::null()).spawn().unwrap());
        let received = || fs::metadata(site.folder.join("large.bin")).is_ok_and(|file| file.len() >= bytes);
        wait_until("bytes", received);
        drop(curl);
        fs::remove_file(site.folder.join("large.bin")).unwrap();
    };
    leave_after(1);
    site.wait_for_log("broken off: the writer failed");
    assert_eq!(site.file(&["-r", "0-1"]).status, 206);

    // The store falls silent after whole blocks, so nothing is left to write that could fail.
    site.fake.fault(Target::Object, Fault::StallAfter(1 << 20));
    site.fake.fault_always(Target::Object, Fault::StallBeforeAnswer);
    let left = Instant::now();
    // The rest is in the buffers of the system by then.
    leave_after(950_000);
    site.wait_for_log("broken off: the transfer stopped after");
    assert!(left.elapsed() < Duration::from_secs(20), "{:?}", left.elapsed());
    let requests = site.calls(Target::Object);
    site.fake.clear_faults();
    assert_eq!(site.file(&["-r", "0-1"]).status, 206);
    assert_eq!(site.calls(Target::Object), requests + 1);
}

/// A paused player keeps its connection and reads nothing.
#[test]
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn a_reader_that_takes_nothing_is_disconnected() {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    let Some(site) = Site::start(&["--threads", "1", "--idle", "1"]) else { return };
    site.fake.put_file("space-1", "dentry-2", "large.bin", Content::pattern(1 << 26));
    let mut reader =
        TcpStream::connect(site.url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    reader.write_all(b"GET /files/dentry-2/a HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    reader.read_exact(&mut [0; 1000]).unwrap();
    site.wait_for_log("broken off: the writer failed");
    assert_eq!(site.file(&["-r", "0-1"]).status, 206);
}

#[test]
fn errors_become_statuses() {
    let Some(site) = Site::start(&[]) else { return };
    site.fake.add_folder("space-1", "folder-1", "Reports");
    for path in ["files/gone/a", "files/folder-1/a", "files/dentry-1", "files//a", "favicon.ico"] {
        assert_eq!(site.answer(&[], path).status, 404, "{path}");
    }
    let throttled = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";
    for (target, fault, status) in [
        (Target::GetDentry, Fault::api_error(403, "permissionDenied"), 403),
        (Target::DownloadInfo, Fault::api_error(403, "permissionDenied"), 403),
        (Target::DownloadInfo, Fault::api_error(403, throttled), 503),
        (Target::DownloadInfo, Fault::api_error(400, "fileArchived"), 503),
        (Target::Object, Fault::object_error(404, "NoSuchKey"), 404),
        (Target::Object, Fault::object_error(503, "SlowDown").header("Retry-After", "7"), 503),
        (Target::Object, Fault::html(200, "<html>please log in</html>"), 502),
        (Target::GetDentry, Fault::json(200, "{"), 502),
    ] {
        site.fake.fault_always(target, fault.clone());
        let answer = site.file(&[]);
        assert_eq!((answer.code, answer.status), (0, status), "{target:?} {fault:?}\n{}", site.log());
        assert_eq!(answer.header("Retry-After").is_some(), status == 503, "{}", answer.head);
        site.fake.clear_faults();
    }
    assert_eq!(site.file(&["-r", "0-1"]).status, 206);
    site.fake.fault_always(Target::ListDentries, Fault::api_error(403, "permissionDenied"));
    assert_eq!(site.answer(&[], "").status, 403);
}

#[test]
fn the_deadline_ends_the_wait_for_the_first_byte() {
    let Some(site) = Site::start(&["--deadline", "1"]) else { return };
    let refused = |target| {
        site.fake.fault_always(target, Fault::StallBeforeAnswer);
        let path = if target == Target::ListDentries { "" } else { "files/dentry-1/name" };
        let (asked, answer) = (Instant::now(), site.answer(&[], path));
        assert_eq!((answer.code, answer.status), (0, 504), "{target:?}\n{}", site.log());
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        site.fake.clear_faults();
    };
    for target in
        [Target::Token, Target::ListDentries, Target::GetDentry, Target::DownloadInfo, Target::Object]
    {
        refused(target);
    }
    assert_eq!(site.file(&["-r", "0-1"]).status, 206);
    // The file is open now.
    refused(Target::Object);
}

#[test]
fn the_deadline_does_not_cut_a_stream() {
    let Some(site) = Site::start(&["--deadline", "1"]) else { return };
    site.fake.fault_on_call(
        Target::Object,
        2,
        Fault::Slow { bytes: 300_000, pause: Duration::from_millis(250) },
    );
    let begun = Instant::now();
    let answer = site.file(&[]);
    assert!(begun.elapsed() > Duration::from_secs(2));
    assert!(answer.code == 0 && answer.body == pattern(0..SIZE), "{}", site.log());
}

#[test]
fn a_fault_in_the_middle_is_invisible() {
    let Some(site) = Site::start(&[]) else { return };
    assert_eq!(site.file(&["-r", "0-0"]).status, 206);
    for fault in
        [Fault::CutAfter(1_000_000), Fault::ResetAfter(2_000_000), Fault::object_error(503, "SlowDown")]
    {
        site.fake.fault(Target::Object, fault);
        let answer = site.file(&[]);
        assert!(answer.code == 0 && answer.body == pattern(0..SIZE), "{}", site.log());
    }
    // The kept signature lapses.
    site.fake.lapse_signatures();
    assert!(site.file(&["-r", "5-6"]).body == pattern(5..7));
    assert_eq!((site.calls(Target::GetDentry), site.calls(Target::DownloadInfo)), (1, 2));
}

/// A response that fails after its first byte does not look complete.
#[test]
fn an_incomplete_response_is_broken_off() {
    let Some(site) = Site::start(&[]) else { return };
    assert_eq!(site.file(&["-r", "0-0"]).status, 206);
    for protocol in ["--http1.1", "--http1.0"] {
        site.fake.fault(Target::Object, Fault::CutAfter(1_000_000));
        site.fake.fault_always(Target::Object, Fault::object_error(404, "NoSuchKey"));
        let (asked, cut) = (Instant::now(), site.file(&[protocol]));
        assert!(cut.code != 0 && cut.status == 200, "{protocol} {}", cut.code);
        assert!(cut.body == pattern(0..1_000_000), "{protocol} {}", cut.body.len());
        assert!(asked.elapsed() < Duration::from_secs(10), "the reader waits");
        site.fake.clear_faults();

        // Damage shows at the end, by the checksum.
        site.fake.fault_always(Target::Object, Fault::Crc(Some("1".to_owned())));
        let damaged = site.file(&[protocol]);
        assert!(damaged.code != 0 && damaged.body.len() as u64 == SIZE - 1, "{}", damaged.body.len());
        site.fake.clear_faults();
        assert_eq!(site.file(&[]).code, 0);
    }
}

#[test]
fn a_response_never_mixes_two_versions() {
    let Some(site) = Site::start(&["--fresh", "2"]) else { return };
    let before = site.file(&["-r", "0-9"]);
    let old = before.header("ETag").unwrap();
    let new_content = Content::pattern_with_seed(SIZE, 1);

    // Replaced by a new version while a reader is in the middle.
    site.fake.fault(Target::Object, Fault::Slow { bytes: 300_000, pause: Duration::from_millis(50) });
    let mut curl = site.curl(&["-o", "a.bin"], "files/dentry-1/a.bin");
    let mut curl = Running(curl.spawn().unwrap());
    wait_until("first bytes", || fs::metadata(site.folder.join("a.bin")).is_ok_and(|file| file.len() > 0));
    site.fake.put_file("space-1", "dentry-1", "报告.bin", new_content.clone());
    site.fake.lapse_signatures();
    assert!(curl.0.wait().unwrap().success());
    assert!(fs::read(site.folder.join("a.bin")).unwrap() == pattern(0..SIZE));

    // Once the new version is served, a reader with a part of the old version gets the whole new file.
    wait_until("a new version", || site.file(&["-I"]).header("ETag") != Some(old));
    let resumed = site.file(&["-r", "10-", "-H", &format!("If-Range: {old}")]);
    assert!(resumed.status == 200 && resumed.body == new_content.bytes(0..SIZE));
    // Replaced behind the API's back, under the same version: noticed at the end, and opened again.
    let mut last = resumed.header("ETag").unwrap().to_owned();
    for (size, seed) in [(SIZE, 2), (SIZE + 500_000, 3), (SIZE - 500_000, 4), (10, 5), (0, 6)] {
        let next = Content::pattern_with_seed(size, seed);
        site.fake.fault(Target::Object, Fault::ReplaceObject(next.clone()));
        let (mixed, after) = (site.file(&[]), site.file(&[]));
        let is_broken = mixed.code != 0 && mixed.header("ETag") == Some(&last);
        assert!(is_broken || mixed.status == 503, "{size} {}\n{}", mixed.head, site.log());
        assert!(after.code == 0 && after.body == next.bytes(0..size), "{size}\n{}", site.log());
        assert_ne!(after.header("ETag"), Some(last.as_str()));
        last = after.header("ETag").unwrap_or_default().to_owned();
    }
}

#[test]
fn the_demo_needs_no_account() {
    let Some(site) = Site::start(&[]) else { return };
    let mut demo = without_account(example("serve"));
    demo.args(["--demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = Running(demo.spawn().unwrap());
    let mut url = String::new();
    BufReader::new(demo.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let site = Site { url: url.trim_end().to_owned(), ..site };
    for (id, kind, start) in [
        (1, "text/plain; charset=utf-8", "Hello!\n"),
        (2, "application/pdf", "%PDF-1.4"),
        (3, "audio/wav", "RIFF"),
    ] {
        let answer = site.answer(&[], &format!("files/dentry-{id}/name"));
        assert_eq!((answer.code, answer.header("Content-Type")), (0, Some(kind)));
        assert!(answer.body.starts_with(start.as_bytes()) && answer.head.contains("inline; filename="));
    }
}

/// A page that plays the sound of the demo, seeks, and writes what it sees into its document.
const PLAYER: &str = "<!DOCTYPE html><body><pre id=seen></pre><img src=/hold><script>
const audio = new Audio('SOUND');
const see = (what, number) => { document.getElementById('seen').textContent += `${what}=${number};`; };
const later = (action) => setTimeout(action, 1500);
audio.muted = true;
audio.onerror = () => { see('error', audio.error.code); fetch('/done'); };
audio.onloadedmetadata = () => { see('duration', audio.duration); audio.play(); };
audio.onplaying = () => later(() => { see('played', audio.currentTime); audio.currentTime = audio.duration / 2; });
audio.onseeked = () => {
  audio.onplaying = null;
  see('seeked', audio.currentTime);
  later(() => { see('went_on', audio.currentTime); fetch('/done'); });
};
</script>";

/// Serves the player. An image holds up the end of the loading, at which Chromium prints the document, until the player
/// is done.
fn serve_player(pages: &tiny_http::Server, sound: &str) {
    let mut held = None;
    while let Ok(Some(request)) = pages.recv_timeout(PATIENCE) {
        match request.url() {
            "/hold" => held = Some(request),
            "/done" => return drop(held),
            "/" => {
                let html = tiny_http::Header::from_bytes("Content-Type", "text/html").unwrap();
                let page = tiny_http::Response::from_string(PLAYER.replace("SOUND", sound));
                request.respond(page.with_header(html)).unwrap();
            }
            _ => request.respond(tiny_http::Response::empty(404)).unwrap(),
        }
    }
}

/// The fake of `serve --demo` is out of reach in its process, so this one has the same files.
#[test]
fn chromium_plays_and_seeks() {
    let found =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser"].into_iter().find(|path| Path::new(path).exists());
    let Some(chromium) = found else {
        eprintln!("skipped: chromium is not installed");
        return;
    };
    let Some(site) = Site::start(&[]) else { return };
    demo::fill(&site.fake);
    let pages = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let page = format!("http://{}/", pages.server_addr());
    let sound = format!("{}files/dentry-3/tone.wav", site.url);

    let mut command = without_account(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--dump-dom"]);
    command.args(["--autoplay-policy=no-user-gesture-required", "--disable-background-networking"]);
    command.arg(format!("--user-data-dir={}", site.folder.join("profile").display())).arg(page);
    // Files and not pipes: helper processes may keep a pipe open after the end of the browser.
    command.stdout(File::create(site.folder.join("document")).unwrap()).stderr(Stdio::null());
    let mut browser = Running(command.spawn().unwrap());
    serve_player(&pages, &sound);
    // It ends by itself, and its helpers with it. If it does not, dropping it ends it.
    let begun = Instant::now();
    while browser.0.try_wait().unwrap().is_none() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }

    let document = fs::read_to_string(site.folder.join("document")).unwrap();
    let number = |what: &str| -> f64 {
        let (_, rest) = document.split_once(&format!("{what}=")).unwrap_or_else(|| panic!("{document}"));
        rest.split(';').next().unwrap().parse().unwrap()
    };
    let middle = f64::from(demo::SECONDS) / 2.0;
    let ranges: Vec<String> = site
        .fake
        .requests_to(Target::Object)
        .iter()
        .filter_map(|request| request.header("range").map(str::to_owned))
        .collect();
    let seen = document.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split('<').next());
    eprintln!("Chromium: {}\nobject requests: {ranges:?}", seen.unwrap_or_default());
    assert!(!document.contains("error="), "{document}\n{}", site.log());
    assert!((number("duration") - 2.0 * middle).abs() < 0.1, "{document}");
    assert!(number("played") > 0.3 && number("seeked") >= middle, "{document}");
    assert!(number("went_on") > number("seeked") + 0.3, "{document}");
    // The part that the player has jumped to was fetched by itself, and all parts with one download info.
    let start = |range: &str| range.strip_prefix("bytes=")?.split_once('-')?.0.parse::<u64>().ok();
    assert!(ranges.iter().filter_map(|range| start(range)).any(|start| start > 5_000_000), "{ranges:?}");
    assert_eq!(site.calls(Target::DownloadInfo), 1);
}
