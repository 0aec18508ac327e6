//! Recipes. All of them compile, and most run in this crate's tests, against the fake; the lines that are about the
//! fake are hidden.
//!
//! `space-1`, `dentry-1` and the like stand for ids of yours. What an error means, and what to do about it, is on [a
//! page of its own](https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.md).
//!
//! # A build script that fetches a file
//!
//! What [`to_file`](crate::Download::to_file) has written is complete and checked, or not there, so the name alone tells
//! whether there is something to do. Name the version, or the same sources build something else tomorrow; and have it in
//! the name of the file, because `OUT_DIR` outlives a change of build.rs, and the old version with it.
//!
//! ```
//! use std::path::{Path, PathBuf};
//! use dingtalk_files::{Client, Result, UnionId};
//!
//! const VERSION: u64 = 1;
//!
//! // In `main` of build.rs:
//! // let rates = fetch(&Client::from_env()?, Path::new(&std::env::var("OUT_DIR")?), VERSION)?;
//! // println!("cargo::rustc-env=RATES={}", rates.display()); // and in the crate: include_str!(env!("RATES"))
//! fn fetch(client: &Client, folder: &Path, version: u64) -> Result<PathBuf> {
//!     let target = folder.join(format!("rates-{version}.csv"));
//!     if !target.exists() {
//!         let file = client.file("space-1", "dentry-1", UnionId("operator-1")).version(version);
//!         file.download().resume(true).to_file(&target)?;
//!     }
//!     Ok(target)
//! }
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "rates.csv", "EUR;7.8");
//! # let folder = std::env::temp_dir().join(format!("dingtalk-files-cookbook-build-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let client = fake.client().build()?;
//! # assert_eq!(fetch(&client, &folder, VERSION)?, fetch(&client, &folder, VERSION)?);
//! # assert_eq!(fake.requests_to(dingtalk_files::testing::Target::Object).len(), 1);
//! # fake.put_file("space-1", "dentry-1", "rates.csv", "EUR;7.9");
//! # assert_eq!(std::fs::read_to_string(fetch(&client, &folder, 2)?)?, "EUR;7.9");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Cargo shows the error that `main` returns, and its text says what to do. Print `cargo::rerun-if-env-changed=…` for
//! the variables of [`Client::from_env`](crate::Client::from_env). `examples/build-script` is a whole crate that does
//! this, and pins a checksum as well.
//!
//! # A progress bar
//!
//! The callback is called about ten times a second at most, so it may draw each time. With the crate `indicatif`:
//!
//! ```
//! use dingtalk_files::{Phase, RemoteFile, Result};
//! use indicatif::ProgressBar;
//!
//! fn fetch(file: &RemoteFile, target: &str) -> Result<()> {
//!     let bar = ProgressBar::new(0);
//!     let show = |now: dingtalk_files::Progress| {
//!         bar.set_length(now.total.unwrap_or(now.bytes)); // the size is known from the first answer on
//!         bar.set_position(now.bytes);
//!         bar.set_message(if now.phase == Phase::Retrying { "the line broke; trying again" } else { "" });
//!     };
//!     file.download().resume(true).progress(show).to_file(target)?;
//!     bar.finish();
//!     Ok(())
//! }
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let target = std::env::temp_dir().join(format!("dingtalk-files-cookbook-bar-{}", std::process::id()));
//! # let file = fake.client().build()?.file("space-1", "dentry-1", dingtalk_files::UnionId("operator-1"));
//! # fetch(&file, target.to_str().unwrap())?;
//! # std::fs::remove_file(&target)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Credentials from a secret manager
//!
//! Mostly it keeps the app secret. Read that once, and leave the tokens to the client:
//!
//! ```
//! # fn read(_: &str) -> std::io::Result<String> { Ok("fake-app-secret\n".into()) }
//! # let (fake, app_key) = (dingtalk_files::testing::FakeDingTalk::start()?, "fake-app-key");
//! use dingtalk_files::Client;
//!
//! let secret = read("dingtalk/app-secret")?;
//! let client = Client::builder().app(app_key, secret.trim()); // a line break would be part of the secret
//! # let client = client.base_url(fake.base_url()).no_proxy();
//! let client = client.build()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # client.file("space-1", "dentry-1", dingtalk_files::UnionId("operator-1")).download_info()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where it hands out tokens, give the client a [`TokenSource`](crate::TokenSource). A closure is one. It is asked
//! before every call, because only you know how long a token of yours may be kept; the example there keeps it.
//!
//! # A server for many organisations
//!
//! A third-party enterprise app has a token for each organisation, so build a client for each and keep it: it caches that
//! token. All clients share the connections of one agent.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Mutex;
//! use dingtalk_files::{Client, Result};
//!
//! struct Clients {
//!     agent: ureq::Agent,
//!     of_corps: Mutex<HashMap<String, Client>>,
//! }
//!
//! impl Clients {
//!     fn of(&self, corp_id: &str) -> Result<Client> {
//!         let mut of_corps = self.of_corps.lock().unwrap();
//!         if let Some(client) = of_corps.get(corp_id) {
//!             return Ok(client.clone());
//!         }
//!         let builder = Client::builder().corp_app(corp_id, CLIENT_ID, CLIENT_SECRET).agent(self.agent.clone());
//! #       let builder = builder.base_url(BASE.lock().unwrap().as_str());
//!         let client = builder.build()?;
//!         of_corps.insert(corp_id.to_owned(), client.clone());
//!         Ok(client)
//!     }
//! }
//! # static BASE: Mutex<String> = Mutex::new(String::new());
//! # const CLIENT_ID: &str = "fake-app-key"; const CLIENT_SECRET: &str = "fake-app-secret";
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # *BASE.lock().unwrap() = fake.base_url().to_owned();
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
//! # let clients = Clients { agent, of_corps: Mutex::default() };
//! # for corp in ["corp-1", "corp-2", "corp-1"] {
//! #     clients.of(corp)?.file("space-1", "dentry-1", dingtalk_files::UnionId("operator-1")).download_info()?;
//! # }
//! # assert_eq!(fake.requests_to(dingtalk_files::testing::Target::Token).len(), 2);
//! # assert_eq!(fake.connections(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A token shared by a fleet
//!
//! You may not need this: while a token lives, DingTalk gives the same one to everybody who asks with the same app. It
//! is of use where the machines shall not know the app secret, or are so many that asking is throttled.
//!
//! ```
//! use std::error::Error;
//! use dingtalk_files::{Client, Secret, TokenSource};
//!
//! /// What all machines reach: Redis, a table, a small service.
//! trait Shelf: Send + Sync {
//!     fn get(&self) -> Result<Option<String>, Box<dyn Error + Send + Sync>>;
//!     fn put(&self, token: &str, seconds: u64) -> Result<(), Box<dyn Error + Send + Sync>>;
//!     /// If it is still this one: another machine may have put a new one there.
//!     fn remove(&self, token: &str);
//! }
//!
//! struct Shared<S> {
//!     shelf: S,
//!     app: Client, // only to fetch with
//! }
//!
//! impl<S: Shelf> TokenSource for Shared<S> {
//!     fn access_token(&self) -> Result<Secret, Box<dyn Error + Send + Sync>> {
//!         if let Some(token) = self.shelf.get()? {
//!             return Ok(token.into());
//!         }
//!         let fresh = self.app.oauth2().get_access_token(APP_KEY, APP_SECRET)?;
//!         // As DingTalk's guide says: renewed ten minutes before its end.
//!         self.shelf.put(fresh.access_token.expose(), fresh.expire_in.saturating_sub(600))?;
//!         Ok(fresh.access_token)
//!     }
//!
//!     fn rejected(&self, token: &Secret) {
//!         self.shelf.remove(token.expose());
//!     }
//! }
//! # const APP_KEY: &str = "fake-app-key";
//! # const APP_SECRET: &str = "fake-app-secret";
//! # #[derive(Clone, Default)]
//! # struct Memory(std::sync::Arc<std::sync::Mutex<Option<String>>>);
//! # impl Shelf for Memory {
//! #     fn get(&self) -> Result<Option<String>, Box<dyn Error + Send + Sync>> { Ok(self.0.lock().unwrap().clone()) }
//! #     fn put(&self, token: &str, _: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
//! #         *self.0.lock().unwrap() = Some(token.to_owned());
//! #         Ok(())
//! #     }
//! #     fn remove(&self, token: &str) { self.0.lock().unwrap().take_if(|kept| kept == token); }
//! # }
//! # use dingtalk_files::{UnionId, testing::{FakeDingTalk, Target}};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let shelf = Memory::default();
//! # let machine = || {
//! #     let source = Shared { shelf: shelf.clone(), app: fake.client().build()? };
//! #     Client::builder().token_source(source).base_url(fake.base_url()).no_proxy().build()
//! # };
//! # for machine in [machine()?, machine()?] {
//! #     machine.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
//! # }
//! # assert_eq!(fake.requests_to(Target::Token).len(), 1);
//! # fake.revoke_tokens();
//! # machine()?.file("space-1", "dentry-1", UnionId("operator-1")).download_info()?;
//! # assert_eq!(fake.requests_to(Target::Token).len(), 2);
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! # One file, several machines
//!
//! [`plan`](crate::plan) cuts it. Name the version and compare the `ETag`, so that all have read the same object. A
//! part has no checksum of its own (`verified` is `false`): check the whole when it is put together.
//!
//! ```
//! # use dingtalk_files::{UnionId, testing::{Content, FakeDingTalk}};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern(10_000));
//! # let client = fake.client().build()?;
//! use dingtalk_files::plan;
//!
//! let file = client.file("space-1", "dentry-1", UnionId("operator-1")).version(1);
//! let first = file.download_to(&mut std::io::sink(), 0..1)?; // a byte, to learn size and ETag
//! let ranges = plan(first.size.ok_or("the store does not tell the size")?, 4);
//!
//! let mut whole = Vec::new();
//! for range in ranges { // on each machine another one
//!     let part = file.download_to(&mut whole, range)?;
//!     assert_eq!(part.etag, first.etag);
//! }
//! # assert!(whole == Content::pattern(10_000).bytes(0..10_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On one machine, [`parallel`](crate::Download::parallel) does all of this, and checks.
//!
//! # How patient to be
//!
//! The default tries five times more, over some seconds (longer where calls are throttled, for there each wait is a second
//! at least), which fits a service. A person at a terminal wants an answer
//! sooner, a job at night can wait. A download counts only tries without progress. A send that may have happened is
//! never repeated, whatever the policy.
//!
//! ```
//! use std::time::Duration;
//! use dingtalk_files::{Client, RetryPolicy};
//!
//! # let (key, secret, url) = ("key", "secret", "http://127.0.0.1:9");
//! let terminal = Client::builder().app(key, secret).retry(RetryPolicy::new().max_retries(1));
//! let at_night = Client::builder()
//!     .app(key, secret)
//!     .retry(RetryPolicy::new().max_retries(20).max_delay(Duration::from_secs(120)))
//!     .overall_timeout(Duration::from_secs(3 * 3600)); // no limit by default: a long transfer is no fault
//! # for builder in [terminal, at_night] { builder.base_url(url).build()?; }
//! # Ok::<(), dingtalk_files::Error>(())
//! ```
//!
//! # Test your program without DingTalk
//!
//! With the feature `testing` in your `dev-dependencies`. Let what you test take a [`Client`](crate::Client); which one
//! it is, it does not know.
//!
//! ```
//! use dingtalk_files::testing::{Content, FakeDingTalk, Fault, ManualClock, Target};
//! use dingtalk_files::{Client, Result, UnionId};
//!
//! // Your program:
//! fn fetch_and_tell(client: &Client, boss: &str) -> Result<Vec<u8>> {
//!     let mut bytes = Vec::new();
//!     client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut bytes, ..)?;
//!     client.conv_file().send_by_app("space-1", "dentry-1", UnionId(boss))?;
//!     Ok(bytes)
//! }
//!
//! // Your test:
//! let fake = FakeDingTalk::start()?;
//! fake.put_file("space-1", "dentry-1", "report.xls", Content::pattern(50_000));
//! fake.fault(Target::Object, Fault::CutAfter(1_000)); // the line breaks once,
//! let client = fake.client().clock(ManualClock::new()).build()?; // and the wait costs no time
//!
//! assert_eq!(fetch_and_tell(&client, "boss-1")?.len(), 50_000);
//! assert_eq!(fake.sent()[0].union_id, "boss-1");
//! assert_eq!(fake.requests_to(Target::Object).len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cancel, from another thread or with Ctrl-C
//!
//! A flag does it. With the crate `ctrlc`, `ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))` sets it. A
//! program that has nothing else to tidy up may just as well be killed: with `resume`, the next run goes on.
//!
//! ```
//! # use dingtalk_files::{UnionId, testing::{Content, FakeDingTalk, Fault, Target}};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern(1_000_000));
//! # fake.fault_always(Target::Object, Fault::StallAfter(1_000));
//! # let client = fake.client().build()?;
//! # let target = std::env::temp_dir().join(format!("dingtalk-files-cookbook-cancel-{}", std::process::id()));
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use dingtalk_files::Error;
//!
//! static STOP: AtomicBool = AtomicBool::new(false);
//!
//! let somebody = std::thread::spawn(|| STOP.store(true, Ordering::Relaxed));
//! let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
//! match file.download().resume(true).cancel(&STOP).to_file(&target) {
//!     Err(Error::Cancelled { done }) => eprintln!("stopped after {done} bytes"),
//!     other => println!("{} bytes", other?.bytes),
//! }
//! # somebody.join().unwrap();
//! # assert!(!target.exists());
//! # for end in ["part", "checkpoint"] { let _ = std::fs::remove_file(format!("{}.dingtalk-{end}", target.display())); }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From async code
//!
//! Call it in a thread where blocking is allowed. Clones of a [`Client`](crate::Client) share connections and token,
//! and a [`RemoteFile`](crate::RemoteFile) holds one.
//!
//! ```
//! use std::path::PathBuf;
//! use dingtalk_files::{Downloaded, RemoteFile};
//!
//! async fn fetch(file: RemoteFile, target: PathBuf) -> Result<Downloaded, Box<dyn std::error::Error>> {
//!     let download = move || file.download().resume(true).to_file(target);
//!     Ok(tokio::task::spawn_blocking(download).await??)
//! }
//! # let fake = dingtalk_files::testing::FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let target = std::env::temp_dir().join(format!("dingtalk-files-cookbook-async-{}", std::process::id()));
//! # let file = fake.client().build()?.file("space-1", "dentry-1", dingtalk_files::UnionId("operator-1"));
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # assert_eq!(runtime.block_on(fetch(file, target.clone()))?.bytes, 5);
//! # std::fs::remove_file(&target)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Dropping the future does not end the download: give it a flag, as above, in an `Arc`. Into an async writer,
//! `tokio_util::io::SyncIoBridge` makes a [`Write`](std::io::Write) of it.
//!
//! # Into a hasher, a zip file, a socket
//!
//! Any [`Write`](std::io::Write) does: a `blake3::Hasher`, a `zip::ZipWriter` after its `start_file`. It gets each byte
//! once and in order, also when the line breaks in between. To do two things at once, put one into the other:
//!
//! ```
//! # use dingtalk_files::{UnionId, testing::FakeDingTalk};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let client = fake.client().build()?;
//! use std::io::{self, Write};
//!
//! /// Writes, and hashes what was written.
//! struct Hashed<W, H>(W, H);
//!
//! impl<W: Write, H: Write> Write for Hashed<W, H> {
//!     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//!         let count = self.0.write(bytes)?; // it may take fewer than it is offered
//!         self.1.write_all(&bytes[..count])?;
//!         Ok(count)
//!     }
//!
//!     fn flush(&mut self) -> io::Result<()> {
//!         self.0.flush()
//!     }
//! }
//!
//! # let (file, hasher) = (Vec::new(), Vec::new());
//! let mut out = Hashed(file, hasher);
//! client.file("space-1", "dentry-1", UnionId("operator-1")).download_to(&mut out, ..)?;
//! # assert_eq!((out.0, out.1), (b"hello".to_vec(), b"hello".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! When it fails, the writer holds the beginning: throw the entry of the zip away, or go on at
//! [`bytes_written`](crate::Error::bytes_written).
//!
//! # A whole folder, with names that others chose
//!
//! A name at DingTalk is not yet a name on a disk. It may be `..`, hold a `\`, be one that Windows keeps for a device, or
//! have more bytes than a file system takes (a Chinese character has three):
//!
//! ```
//! fn safe(name: &str) -> String {
//!     let plain = |c: char| if c.is_control() || r#"<>:"/\|?*"#.contains(c) { '_' } else { c };
//!     let name: String = name.chars().map(plain).collect();
//!     let name = shortened(&name);
//!     let name = name.trim_end_matches(['.', ' ']); // Windows drops them; `.` and `..` end here, too
//!     let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
//!     let is_digit = |rest: &str| matches!(rest.as_bytes(), [b'0'..=b'9']);
//!     let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
//!         || stem.strip_prefix("COM").or(stem.strip_prefix("LPT")).is_some_and(is_digit);
//!     if name.is_empty() || is_device { format!("_{name}") } else { name.to_owned() }
//! }
//!
//! /// At most 254 bytes, which leaves one of the usual 255 for a `_` in front. The extension stays.
//! fn shortened(name: &str) -> String {
//!     const MOST: usize = 254;
//!     if name.len() <= MOST {
//!         return name.to_owned();
//!     }
//!     let (stem, dot, extension) = match name.rsplit_once('.') {
//!         Some((stem, extension)) if extension.len() < 32 => (stem, ".", extension),
//!         _ => (name, "", ""),
//!     };
//!     let room = MOST - dot.len() - extension.len();
//!     let end = (0..=room).rev().find(|end| stem.is_char_boundary(*end)).unwrap_or_default();
//!     format!("{}{dot}{extension}", &stem[..end])
//! }
//!
//! assert_eq!(["季度报告.xlsx", "comm.txt"].map(safe), ["季度报告.xlsx", "comm.txt"]);
//! assert_eq!(["..", "", r"..\x", "nul.txt", "com1"].map(safe), ["_", "_", ".._x", "_nul.txt", "_com1"]);
//! let long = safe(&format!("{}.xlsx", "报".repeat(100)));
//! assert!(long.len() <= 255 && long.ends_with("报.xlsx"));
//! ```
//!
//! Two names may become the same, also where a disk does not tell small letters from capitals: `no_clobber` makes an
//! error of that, and a second run fetches only what is missing. One file that fails does not end the rest.
//!
//! ```no_run
//! # fn safe(name: &str) -> String { name.to_owned() }
//! use std::path::Path;
//! use dingtalk_files::{Client, DentryType, Error, UnionId};
//!
//! let (client, operator) = (Client::from_env()?, UnionId("operator-1"));
//! let mut failed = 0;
//! for entry in client.storage().walk("space-1", "0", operator) {
//!     let entry = entry?;
//!     let (Some(DentryType::File), Some(id)) = (&entry.dentry.kind, &entry.dentry.id) else { continue };
//!     let target = entry.path.split('/').fold(Path::new("copy").to_owned(), |path, name| path.join(safe(name)));
//!     std::fs::create_dir_all(target.parent().unwrap_or(Path::new("copy")))?;
//!     match client.file("space-1", id, operator).download().resume(true).no_clobber(true).to_file(&target) {
//!         Err(Error::TargetExists { .. }) => eprintln!("{} is there already", entry.path),
//!         Err(error) if error.code() == Some("dentryDownloadProtocolNotSupport") => {} // an online document
//!         Err(error) => {
//!             eprintln!("{}: {error}", entry.path);
//!             failed += 1;
//!         }
//!         Ok(_) => {}
//!     }
//! }
//! if failed > 0 {
//!     return Err(format!("{failed} files are missing; another run fetches them").into());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Go on with an upload
//!
//! An `UploadInterrupted` holds what has arrived. That is not sent again, only compared. It works within one process. The
//! client has tried for some seconds already, so wait before the next try, and have an end: a line that is down all night
//! is somebody's to look at.
//!
//! ```
//! # use dingtalk_files::{RetryPolicy, UnionId, testing::{FakeDingTalk, Fault, Target}};
//! # let fake = FakeDingTalk::start()?;
//! # fake.add_space("space-1");
//! # fake.fault(Target::Commit, Fault::api_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"));
//! # let client = fake.client().retry(RetryPolicy::none()).build()?;
//! use std::{thread, time::Duration};
//! use dingtalk_files::Error;
//!
//! # let pause = Duration::ZERO;
//! let upload = || client.upload("space-1", "0", UnionId("operator-1")).parallel(4);
//! let mut result = upload().from_file("Cargo.toml");
//! for _ in 0..5 {
//!     match result {
//!         Err(Error::UploadInterrupted(e)) if e.cause.is_transient() => {
//!             thread::sleep(pause); // a minute, say
//!             result = upload().resume(e.pending).from_file("Cargo.toml");
//!         }
//!         _ => break,
//!     }
//! }
//! let done = result?;
//! # assert!(done.verified);
//! # assert_eq!((fake.requests_to(Target::Put).len(), fake.requests_to(Target::Commit).len()), (1, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # After `CommitOutcomeUnknown`
//!
//! Upload under a name that only this job makes, such as one with the day in it. Then the folder tells.
//!
//! ```no_run
//! use dingtalk_files::{Client, Error, ListDentries, Result, UnionId};
//!
//! fn store(client: &Client, path: &str) -> Result<()> {
//!     let operator = UnionId("operator-1");
//!     let unknown = match client.upload("space-1", "0", operator).from_file(path) {
//!         Err(Error::CommitOutcomeUnknown(unknown)) => unknown,
//!         other => return other.map(drop),
//!     };
//!     for dentry in client.storage().dentries("space-1", "0", operator, &ListDentries::new()) {
//!         if dentry?.name.as_deref() == Some(&unknown.name) {
//!             return Ok(()); // it is there
//!         }
//!     }
//!     client.upload("space-1", "0", operator).from_file(path).map(drop)
//! }
//! # store(&Client::from_env()?, "report-2024-07-31.xls")?;
//! # Ok::<(), Error>(())
//! ```
