//! Recipes for common tasks.
//!
//! All recipes compile, and most of them run in this crate's tests against the fake. The lines that set up the fake are
//! hidden.
//!
//! Replace `space-1`, `dentry-1` and similar values with your own ids. The [troubleshooting page] lists errors, their
//! causes and their fixes.
//!
//! [troubleshooting page]: https://docs.rs/crate/dingtalk-files/latest/source/docs/troubleshooting.md
//!
//! # Download a file in a build script
//!
//! [`to_file`](crate::Download::to_file) publishes a file only when it is complete and checked, so the build script
//! only has to check whether the file exists. Pin the version, or the same sources may produce a different build
//! tomorrow. Put the version into the file name too: `OUT_DIR` survives changes to `build.rs`, and so does an old
//! download in it.
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
//! Cargo prints the error that `main` returns, including the suggested fix. Print `cargo::rerun-if-env-changed=…` for
//! the variables that [`Client::from_env`](crate::Client::from_env) reads. `examples/build-script` is a complete crate
//! built this way; it also pins a checksum.
//!
//! # Show a progress bar
//!
//! The callback runs at most about ten times a second, so it may redraw on every call. With the `indicatif` crate:
//!
//! ```
//! use dingtalk_files::{Phase, RemoteFile, Result};
//! use indicatif::ProgressBar;
//!
//! fn fetch(file: &RemoteFile, target: &str) -> Result<()> {
//!     let bar = ProgressBar::new(0);
//!     let show = |now: dingtalk_files::Progress| {
//!         bar.set_length(now.total.unwrap_or(now.bytes)); // known once the first response arrives
//!         bar.set_position(now.bytes);
//!         bar.set_message(if now.phase == Phase::Retrying { "connection lost, retrying" } else { "" });
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
//! # Load credentials from a secret manager
//!
//! A secret manager usually stores the app secret. Read it once, and let the client manage the tokens:
//!
//! ```
//! # fn read(_: &str) -> std::io::Result<String> { Ok("fake-app-secret\n".into()) }
//! # let (fake, app_key) = (dingtalk_files::testing::FakeDingTalk::start()?, "fake-app-key");
//! use dingtalk_files::Client;
//!
//! let secret = read("dingtalk/app-secret")?;
//! let client = Client::builder().app(app_key, secret.trim()); // a trailing newline would become part of the secret
//! # let client = client.base_url(fake.base_url()).no_proxy();
//! let client = client.build()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # client.file("space-1", "dentry-1", dingtalk_files::UnionId("operator-1")).download_info()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If the secret manager issues the tokens themselves, pass a [`TokenSource`](crate::TokenSource), or a closure that
//! returns the token, to `token_source`. The client calls it before every request, because only you know how long your token may be cached; the
//! example in its documentation caches the token.
//!
//! # Serve many organisations
//!
//! A third-party enterprise app has one token per organisation. Build one client per organisation and keep it, because
//! the client caches the token. All clients share the connections of one agent.
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
//! # Share a token across machines
//!
//! Most setups do not need this: until a token expires, DingTalk returns the same token for every request with the same
//! app credentials. A shared token is useful if the machines must not have the app secret, or if so many machines
//! request tokens that DingTalk throttles them.
//!
//! ```
//! use std::error::Error;
//! use dingtalk_files::{Client, Secret, TokenSource};
//!
//! /// Storage that all machines can reach: Redis, a database table, a small service.
//! trait Shelf: Send + Sync {
//!     fn get(&self) -> Result<Option<String>, Box<dyn Error + Send + Sync>>;
//!     fn put(&self, token: &str, seconds: u64) -> Result<(), Box<dyn Error + Send + Sync>>;
//!     /// Removes `token` only if it is still the stored one: another machine may have replaced it.
//!     fn remove(&self, token: &str);
//! }
//!
//! struct Shared<S> {
//!     shelf: S,
//!     app: Client, // only fetches tokens
//! }
//!
//! impl<S: Shelf> TokenSource for Shared<S> {
//!     fn access_token(&self) -> Result<Secret, Box<dyn Error + Send + Sync>> {
//!         if let Some(token) = self.shelf.get()? {
//!             return Ok(token.into());
//!         }
//!         let fresh = self.app.oauth2().get_access_token(APP_KEY, APP_SECRET)?;
//!         // DingTalk's guide recommends renewing a token ten minutes before it expires.
//!         let margin = (fresh.expire_in / 4).min(600);
//!         self.shelf.put(fresh.access_token.expose(), fresh.expire_in - margin)?;
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
//! # Split a download across machines
//!
//! [`plan`](crate::plan) splits a file into ranges. [`if_match`](crate::Download::if_match) pins the object, so that all
//! machines read the same one. The checksums of the ranges combine to that of the file.
//!
//! ```
//! # use dingtalk_files::{UnionId, testing::{Content, FakeDingTalk}};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "large.iso", Content::pattern(10_000));
//! # let client = fake.client().build()?;
//! use dingtalk_files::{combine_crc64, plan};
//!
//! let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
//! let stat = file.stat()?;
//! let etag = stat.etag.ok_or("the store did not report an ETag")?;
//!
//! let (mut whole, mut crc64) = (Vec::new(), 0);
//! for range in plan(stat.size.ok_or("the store did not report the size")?, 4) { // one range per machine
//!     let part = file.download().if_match(&etag).to_writer(&mut whole, range)?;
//!     crc64 = combine_crc64(crc64, part.crc64, part.bytes); // 0 is the checksum of no bytes
//! }
//! assert!(stat.crc64.is_none_or(|expected| expected == crc64));
//! # assert!(whole == Content::pattern(10_000).bytes(0..10_000) && stat.crc64.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/fleet/` does this with a queue in Redis, and shares one token under a lock.
//!
//! On a single machine, [`parallel`](crate::Download::parallel) does all of this and verifies the result.
//!
//! # Choose a retry policy
//!
//! By default, the client retries a failed request up to five times over a few seconds, which suits a service. Retries of
//! throttled calls take longer, because each of these waits lasts at least a second. A user at a terminal expects an
//! error sooner; a nightly job can wait longer. A download counts only retries without progress. A send that may have
//! succeeded is never repeated, regardless of the policy.
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
//!     .overall_timeout(Duration::from_secs(3 * 3600)); // no limit by default: slow is not an error
//! # for builder in [terminal, at_night] { builder.base_url(url).build()?; }
//! # Ok::<(), dingtalk_files::Error>(())
//! ```
//!
//! # Test your program without DingTalk
//!
//! Enable the feature `testing` in your `dev-dependencies`. Write the code under test so that it takes a
//! [`Client`](crate::Client): the test passes a client of the fake, the program a real one.
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
//! fake.fault(Target::Object, Fault::CutAfter(1_000)); // the connection breaks once
//! let client = fake.client().clock(ManualClock::new()).build()?; // waits take no time
//!
//! assert_eq!(fetch_and_tell(&client, "boss-1")?.len(), 50_000);
//! assert_eq!(fake.sent()[0].union_id, "boss-1");
//! assert_eq!(fake.requests_to(Target::Object).len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cancel from another thread or with Ctrl-C
//!
//! Pass a flag to `cancel`, and set it from any thread. With the `ctrlc` crate,
//! `ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))` sets it on Ctrl-C. A program that has nothing else to
//! clean up can simply be killed: with `resume`, the next run continues the download.
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
//! Run the transfer on a thread where blocking is allowed. Clones of a [`Client`](crate::Client) share connections and
//! token, and a [`RemoteFile`](crate::RemoteFile) contains such a clone.
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
//! Dropping the future does not stop the download. To stop it, pass a cancel flag as above, in an `Arc`. To download into
//! an async writer, wrap the writer in `tokio_util::io::SyncIoBridge`, which implements [`Write`](std::io::Write).
//!
//! # Write into a hasher, a zip file or a socket
//!
//! Any [`Write`](std::io::Write) works: a `blake3::Hasher`, or a `zip::ZipWriter` after its `start_file`. The writer
//! receives each byte once and in order, even if the connection breaks in between. To feed two writers, nest them:
//!
//! ```
//! # use dingtalk_files::{UnionId, testing::FakeDingTalk};
//! # let fake = FakeDingTalk::start()?;
//! # fake.put_file("space-1", "dentry-1", "report.xls", "hello");
//! # let client = fake.client().build()?;
//! use std::io::{self, Write};
//!
//! /// Writes bytes and hashes those that were written.
//! struct Hashed<W, H>(W, H);
//!
//! impl<W: Write, H: Write> Write for Hashed<W, H> {
//!     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//!         let count = self.0.write(bytes)?; // may write fewer bytes than passed
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
//! After a failure, the writer holds the beginning of the file. Discard the zip entry, or continue at
//! [`bytes_written`](crate::Error::bytes_written).
//!
//! # Download a whole folder
//!
//! A file name at DingTalk may not be valid on a local disk. It may be `..`, contain a `\`, be a reserved device name on
//! Windows, have more bytes than a file system allows (a Chinese character has three), or differ from another name in case
//! alone. [`safe_path`](crate::WalkEntry::safe_path) returns a relative path of valid, unique names of at most 200 bytes. `no_clobber` makes a second run fetch only the missing files. A file that fails does not stop
//! the others.
//!
//! ```no_run
//! use std::path::Path;
//! use dingtalk_files::{Client, DentryType, Error, UnionId};
//!
//! let (client, operator) = (Client::from_env()?, UnionId("operator-1"));
//! let mut failed = 0;
//! for entry in client.storage().walk("space-1", "0", operator) {
//!     let entry = entry?;
//!     let (Some(DentryType::File), Some(id)) = (&entry.dentry.kind, &entry.dentry.id) else { continue };
//!     let target = Path::new("copy").join(entry.safe_path());
//!     std::fs::create_dir_all(target.parent().unwrap_or(Path::new("copy")))?;
//!     match client.file("space-1", id, operator).download().resume(true).no_clobber(true).to_file(&target) {
//!         Err(Error::TargetExists { .. }) => eprintln!("{} already exists", entry.path),
//!         Err(error) if error.code() == Some("dentryDownloadProtocolNotSupport") => {} // an online document
//!         Err(error) => {
//!             eprintln!("{}: {error}", entry.path);
//!             failed += 1;
//!         }
//!         Ok(_) => {}
//!     }
//! }
//! if failed > 0 {
//!     return Err(format!("{failed} files are missing; run again to fetch them").into());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The program `examples/mirror` keeps such a copy up to date: changed files, moves, deletions.
//!
//! # Resume an upload
//!
//! `UploadInterrupted` records which bytes have arrived. A resumed upload compares these bytes with the source and does
//! not send them again. Resuming works only within the same process. The client has already retried for a few seconds, so
//! wait before the next attempt, and limit the number of attempts: an outage that lasts all night needs a human.
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
//! # Recover from `CommitOutcomeUnknown`
//!
//! Upload under a name that only this job uses, for example a name with the date, and let a taken name be an error. After
//! an unknown outcome, upload once more and accept the stored file. `stored` is `false` if it was there; compare its
//! content, because another person may have chosen the name.
//!
//! ```no_run
//! use dingtalk_files::{Client, ConflictStrategy, Dentry, Error, Result, UnionId};
//!
//! fn store(client: &Client, name: &str, bytes: &[u8]) -> Result<Dentry> {
//!     let operator = UnionId("operator-1");
//!     let upload = |conflict| client.upload("space-1", "0", operator).name(name).conflict_strategy(conflict);
//!     match upload(ConflictStrategy::ReturnErrorIfExists).from_bytes(bytes) {
//!         Err(Error::CommitOutcomeUnknown(_)) => {}
//!         other => return other.map(|done| done.dentry),
//!     }
//!     let done = upload(ConflictStrategy::ReturnDentryIfExists).from_bytes(bytes)?;
//!     let id = done.dentry.id.as_deref().unwrap_or_default();
//!     let is_ours = done.stored || client.file("space-1", id, operator).stat()?.crc64 == Some(done.crc64);
//!     if !is_ours {
//!         return Err(Error::InvalidArgument(format!("{name} is another file")));
//!     }
//!     Ok(done.dentry)
//! }
//! # store(&Client::from_env()?, "report-2024-07-31.csv", b"a;b")?;
//! # Ok::<(), Error>(())
//! ```
//!
//! `examples/report.rs` also keeps a journal, so that it can run again after a crash.
