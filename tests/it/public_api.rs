//! The public API as a dependent program uses it. Many of these tests only need to compile.

use std::error::Error as StdError;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Duration;

use dingtalk_files::testing::{
    Content, FakeDingTalk, Fault, ManualClock, Recorded, Sent, StoredFile, Target,
};
use dingtalk_files::{
    AccessToken, ApiError, AppProperty, ByteRange, Client, ClientBuilder, CommitFile, CommitFileV2,
    CommitUnknown, ConflictStrategy, ConvFile, ConversationFile, Dentry, DentryCategory, DentryProperties,
    DentryStatus, DentryType, Download, DownloadInfo, Downloaded, Error, FileError, GetFileDownloadInfo,
    GetFileUploadInfo, GetFileUploadInfoV2, GetMultipartFileUploadInfos, HeaderSignatureInfo,
    InitMultipartFileUpload, MultipartUpload, NetworkError, NetworkStage, NotSent, Oauth2, OnlineDocType,
    PartUploadInfo, PartitionType, PendingUpload, Phase, PreCheckParam, PreCheckParamV2, Problem, Progress,
    Region, RemoteFile, RetryPolicy, Secret, SendFile, SendFrom, SentFile, SourceError, SourceProblem,
    Storage, StorageDriver, StorageError, StorageV2, Task, TaskStatus, Thumbnail, Timestamp, TokenSource,
    TransferProtocol, UnexpectedAnswer, UnionId, Upload, UploadInfo, UploadInterrupted, Uploaded, Visibility,
};

use crate::support::{fake, good_token, query_info};

/// Size of the test content.
const SIZE: u64 = 1000;

fn content() -> Vec<u8> {
    (0..250u8).cycle().take(1000).collect()
}

fn stored() -> (FakeDingTalk, RemoteFile) {
    let fake = FakeDingTalk::start().unwrap();
    fake.put_file("space-1", "dentry-1", "numbers.bin", content());
    let client = fake.client().build().unwrap();
    let file = client.file("space-1", "dentry-1", UnionId("union-1"));
    (fake, file)
}

#[test]
fn all_types_can_be_sent_to_another_thread() {
    fn assert_shared<T: Send + Sync + 'static>() {}
    fn assert_cloned<T: Clone + Send + Sync + 'static>() {}
    fn assert_error<T: StdError + Send + Sync + 'static>() {}
    assert_cloned::<Client>();
    assert_cloned::<RemoteFile>();
    assert_cloned::<DownloadInfo>();
    assert_cloned::<HeaderSignatureInfo>();
    assert_cloned::<GetFileDownloadInfo>();
    assert_cloned::<(UploadInfo, MultipartUpload, PartUploadInfo)>();
    assert_cloned::<(GetFileUploadInfo, GetFileUploadInfoV2, PreCheckParam, PreCheckParamV2)>();
    assert_cloned::<(InitMultipartFileUpload, GetMultipartFileUploadInfos)>();
    assert_cloned::<(CommitFile, CommitFileV2)>();
    assert_cloned::<(Dentry, DentryProperties, Thumbnail, AppProperty, Task)>();
    assert_cloned::<ConversationFile>();
    assert_cloned::<AccessToken>();
    assert_cloned::<Downloaded>();
    assert_cloned::<ByteRange>();
    assert_cloned::<RetryPolicy>();
    assert_cloned::<Secret>();
    assert_cloned::<Timestamp>();
    assert_cloned::<UnionId<'static>>();
    assert_cloned::<(DentryStatus, DentryType, DentryCategory, Region, TransferProtocol)>();
    assert_cloned::<(StorageDriver, PartitionType, ConflictStrategy, Visibility, OnlineDocType, TaskStatus)>(
    );
    assert_cloned::<(ConvFile<'static>, Oauth2<'static>, Storage<'static>, StorageV2<'static>)>();
    assert_shared::<ClientBuilder>();
    assert_shared::<Box<dyn TokenSource>>();
    assert_error::<Error>();
    assert_error::<ApiError>();
    assert_error::<StorageError>();
    assert_error::<NetworkError>();
    assert_error::<UnexpectedAnswer>();
    assert_shared::<(Problem, NetworkStage)>();
    assert_shared::<FakeDingTalk>();
    assert_cloned::<(Content, Fault, ManualClock, Recorded, Sent, StoredFile, Target)>();
}

#[test]
fn all_types_of_transfers_can_be_sent_to_another_thread() {
    fn assert_shared<T: Send + Sync + 'static>() {}
    fn assert_cloned<T: Clone + Send + Sync + 'static>() {}
    fn assert_error<T: StdError + Send + Sync + 'static>() {}
    fn assert_sent<T: Send>() {}
    assert_cloned::<(PendingUpload, Uploaded, SentFile, Progress, Phase)>();
    assert_shared::<SourceProblem>();
    // `SendFile` may hold a reader.
    assert_sent::<SendFile<'static>>();
    // These hold the caller's callback, which need not be `Sync`.
    assert_sent::<(Upload<'static>, SendFrom<'static>, Download<'static>)>();
    assert_error::<SourceError>();
    assert_error::<FileError>();
    assert_error::<UploadInterrupted>();
    assert_error::<CommitUnknown>();
    assert_error::<NotSent>();
}

/// Every `Result` of this crate is at least as large as its error.
#[test]
fn an_error_is_at_most_four_words() {
    assert!(size_of::<Error>() <= 32);
}

/// All kinds of byte sources can be uploaded, and an upload does not borrow its client.
#[test]
fn every_kind_of_source_can_be_uploaded() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    let upload = || client.upload("space-1", String::from("0"), UnionId("union-1")).name("a.txt");
    upload().from_bytes("text").unwrap();
    upload().from_bytes(b"array").unwrap();
    upload().from_bytes(String::from("string")).unwrap();
    upload().from_bytes(vec![1, 2, 3]).unwrap();
    upload().from_bytes(&content()[..10]).unwrap();
    let mut cursor = Cursor::new(content());
    upload().from_seekable(&mut cursor).unwrap();
    upload().from_seekable(Cursor::new(&content()[..])).unwrap();
    upload().from_reader(content().as_slice(), SIZE).unwrap();
    let boxed: Box<dyn Read + Send> = Box::new(io::repeat(7).take(SIZE));
    upload().from_reader(boxed, SIZE).unwrap();
    let path = std::env::temp_dir().join(format!("dingtalk-files-source-{}.bin", std::process::id()));
    std::fs::write(&path, content()).unwrap();
    upload().from_file(&path).unwrap();
    upload().from_file(path.to_str().unwrap()).unwrap();
    upload().from_seekable(File::open(&path).unwrap()).unwrap();
    upload().from_reader(File::open(&path).unwrap(), SIZE).unwrap();
    std::fs::remove_file(&path).unwrap();

    // An upload may be configured here and run in another thread, with a borrowed callback and flag.
    let (mut reported, flag) = (0, std::sync::atomic::AtomicBool::new(false));
    let upload_in_thread = upload().progress(|now| reported = now.bytes).cancel(&flag);
    drop(client);
    thread::scope(|scope| scope.spawn(|| upload_in_thread.from_bytes("hello")).join().unwrap()).unwrap();
    assert_eq!(reported, 5);
    assert_eq!(fake.files().len(), 1 + 14);
}

#[test]
fn every_range_expression_is_accepted() {
    let (_fake, file) = stored();
    let bytes = content();
    let check = |range: ByteRange, expected: &[u8]| {
        let mut got = Vec::new();
        let done = file.download_to(&mut got, range).unwrap();
        assert!(got == expected, "{range:?}");
        assert_eq!(done.bytes, expected.len() as u64, "{range:?}");
        assert_eq!(done.size, Some(SIZE), "{range:?}");
        done.range
    };
    // Untyped literals, as callers write them.
    assert_eq!(check((..).into(), &bytes), 0..1000);
    assert_eq!(check((0..500).into(), &bytes[..500]), 0..500);
    assert_eq!(check((0..=499).into(), &bytes[..500]), 0..500);
    assert_eq!(check((500..).into(), &bytes[500..]), 500..1000);
    assert_eq!(check((..500).into(), &bytes[..500]), 0..500);
    assert_eq!(check((..=499).into(), &bytes[..500]), 0..500);
    assert_eq!(check(ByteRange::last(5), &bytes[995..]), 995..1000);

    // Range expressions as direct arguments.
    let mut out = Vec::new();
    let mut total = 0;
    total += file.download_to(&mut out, ..).unwrap().bytes;
    total += file.download_to(&mut out, 0..500).unwrap().bytes;
    total += file.download_to(&mut out, 0..=499).unwrap().bytes;
    total += file.download_to(&mut out, 500..).unwrap().bytes;
    total += file.download_to(&mut out, ..500).unwrap().bytes;
    total += file.download_to(&mut out, ..=499).unwrap().bytes;
    total += file.download_to(&mut out, ByteRange::last(5)).unwrap().bytes;
    assert_eq!((total, out.len()), (3505, 3505));

    // Ranges in variables, of standard types and as `ByteRange`.
    let inclusive = 10..=19;
    let (start, end): (u64, u64) = (20, 30);
    let ours = ByteRange::from(start..end);
    out.clear();
    file.download_to(&mut out, inclusive.clone()).unwrap();
    file.download_to(&mut out, start..end).unwrap();
    file.download_to(&mut out, ours).unwrap();
    assert!(out == [&bytes[10..20], &bytes[20..30], &bytes[20..30]].concat());
    assert_eq!(inclusive.end(), &19);
}

#[test]
fn empty_ranges_are_refused_without_a_request() {
    let (fake, file) = stored();
    // Reversed on purpose; variables avoid a clippy lint about literals.
    let (low, high) = (5, 6);
    for range in [
        ByteRange::from(low..low),
        ByteRange::from(high..low),
        ByteRange::from(high..=low),
        ByteRange::from(..0),
        ByteRange::last(0),
    ] {
        let error = file.download_to(&mut Vec::new(), range).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)), "{range:?}: {error}");
    }
    assert_eq!(fake.connections(), 0);
}

#[test]
fn every_kind_of_writer_is_accepted() {
    let (_fake, file) = stored();
    let bytes = content();

    let mut vec = Vec::new();
    file.download_to(&mut vec, ..).unwrap();
    assert!(vec == bytes);

    let dynamic: &mut dyn Write = &mut vec;
    file.download_to(dynamic, ..).unwrap();
    let mut boxed: Box<dyn Write> = Box::new(&mut vec);
    file.download_to(&mut boxed, ..).unwrap();
    file.download_to(&mut *boxed, ..).unwrap();
    drop(boxed);
    let mut borrowed = &mut vec;
    file.download_to(&mut borrowed, ..).unwrap();
    assert_eq!(vec.len(), 5000);
    assert!(vec.chunks(1000).all(|one| one == bytes));

    let mut array = [0; 1000];
    file.download_to(&mut Cursor::new(&mut array[..]), ..).unwrap();
    assert!(array[..] == bytes);

    assert_eq!(file.download_to(&mut io::sink(), ..).unwrap().bytes, SIZE);

    // A buffered writer is flushed when the download is done, not when the writer is dropped.
    let mut buffered = BufWriter::with_capacity(1 << 20, Vec::new());
    file.download_to(&mut buffered, ..).unwrap();
    assert!(buffered.buffer().is_empty() && *buffered.get_ref() == bytes);

    let path = std::env::temp_dir().join(format!("dingtalk-files-{}.bin", std::process::id()));
    let mut out = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    file.download_to(&mut out, ..).unwrap();
    file.download_to(&mut &out, 0..10).unwrap();
    out.seek(SeekFrom::Start(0)).unwrap();
    let mut read = Vec::new();
    out.read_to_end(&mut read).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(read == [&bytes[..], &bytes[..10]].concat());
}

#[test]
fn a_clone_works_in_another_thread() {
    let (fake, file) = stored();
    let threads: Vec<_> = (0..4)
        .map(|part| {
            let file = file.clone();
            thread::spawn(move || {
                let mut out = Vec::new();
                let done = file.download_to(&mut out, part * 250..(part + 1) * 250);
                done.map(|_| out)
            })
        })
        .collect();
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().unwrap().unwrap());
    }
    assert!(all == content());

    let client = fake.client().build().unwrap();
    let info = query_info(&client).unwrap();
    let (client, shared) = (client.clone(), &info);
    let bytes = thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut out = Vec::new();
            client.download_to(shared, &mut out, ..).map(|_| out)
        });
        run.join().unwrap().unwrap()
    });
    assert!(bytes == content());
}

/// Has the body of a typical utility's `fn main`.
fn main_of_a_utility(base_url: &str) -> Result<(), Error> {
    let client = Client::builder()
        .app(FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET)
        .base_url(base_url)
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .stall_timeout(Duration::from_secs(5))
        .retry(RetryPolicy::new().max_retries(1))
        .build()?;
    let sent = client.conv_file().send_by_app("space-1", "dentry-1", UnionId("union-1"))?;
    assert_eq!(sent.name.as_deref(), Some("test-file.xls"));
    let options = GetFileDownloadInfo::new().version(1);
    let storage = client.storage();
    let info = storage.get_file_download_info("space-1", "dentry-1", UnionId("union-1"), &options)?;
    client.download_to(&info, &mut io::sink(), ..)?;
    client.file("space-1", "absent", UnionId("union-1")).download_to(&mut io::sink(), ..)?;
    Ok(())
}

#[test]
fn errors_convert_with_the_question_mark_operator() {
    fn boxed(base_url: &str) -> Result<(), Box<dyn StdError>> {
        main_of_a_utility(base_url)?;
        Ok(())
    }
    fn sendable(base_url: &str) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(main_of_a_utility(base_url)?)
    }
    fn own_alias(base_url: &str) -> dingtalk_files::Result<()> {
        main_of_a_utility(base_url)
    }
    let fake = fake();
    let url = fake.base_url();
    let error = main_of_a_utility(&url).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(fake.sent().len(), 1);
    // A `main` that returns the error prints its `Debug` form, which is the same sentence.
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(!error.to_string().contains('\n'), "one line");
    assert!(own_alias(&url).unwrap_err().is_not_found());
    assert!(sendable(&url).unwrap_err().is::<Error>());
    let dynamic = boxed(&url).unwrap_err();
    let ours = dynamic.downcast_ref::<Error>().unwrap();
    assert_eq!(ours.code(), Some("dentryNotExist"));
    // The text is complete, so a program that prints the error chain does not repeat itself.
    assert!(dynamic.source().is_none());
}

#[test]
fn an_error_can_be_matched_by_variant() {
    let fake = fake();
    let client = fake.client().build().unwrap();
    let file = client.file("space-1", "absent", UnionId("union-1"));
    let error = file.download_info().unwrap_err();
    let text = match &error {
        Error::Api(e) => {
            format!("{} {} {:?} {}", e.status, e.code, e.required_scopes, e.request_id.is_some())
        }
        Error::Storage(e) => format!("{} {:?} {:?}", e.status, e.code, e.ec),
        Error::Network(e) => format!("{} {:?} {} {}", e.host, e.stage, e.timed_out, e.tls),
        Error::Answer(e) => format!("{} {}", e.status, e.problem),
        Error::Token(e) => e.root().to_string(),
        Error::TokenSource(e) => e.to_string(),
        Error::RangeNotSatisfiable { size } => format!("{size:?}"),
        Error::ObjectChanged { written } | Error::ChecksumMismatch { written, .. } => written.to_string(),
        Error::Write { written, cause } => format!("{written} {cause}"),
        Error::Interrupted { written, cause, .. } => format!("{written} {cause}"),
        Error::Config(text) | Error::InvalidArgument(text) => text.clone(),
        other => other.to_string(),
    };
    assert_eq!(text, "404 dentryNotExist [] true");
}

#[test]
fn a_closure_is_a_token_source() {
    #[derive(Debug)]
    struct Sealed;
    impl std::fmt::Display for Sealed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("sealed")
        }
    }
    impl StdError for Sealed {}

    let fake = fake();
    let token = good_token(&fake);
    let text = token.expose().to_owned();
    let (as_text, as_secret, as_box) = (text.clone(), token.clone(), token.clone());
    let good = [
        Client::builder().token_source(move || Ok::<String, io::Error>(as_text.clone())),
        Client::builder().token_source(move || Ok::<Secret, Sealed>(as_secret.clone())),
        Client::builder().token_source(move || -> Result<Secret, Box<dyn StdError + Send + Sync>> {
            if as_box.expose().is_empty() {
                Err(Sealed)?;
            }
            Ok(as_box.clone())
        }),
    ];
    for builder in good {
        query_info(&builder.base_url(fake.base_url()).no_proxy().build().unwrap()).unwrap();
    }
    let bad = [
        Client::builder().token_source(|| std::fs::read_to_string("/nowhere/token")),
        Client::builder().token_source(|| Err::<String, _>(Sealed)),
        Client::builder().token_source(|| Err::<Secret, _>("sealed")),
    ];
    for builder in bad {
        let error = query_info(&builder.base_url(fake.base_url()).no_proxy().build().unwrap()).unwrap_err();
        assert!(matches!(error, Error::TokenSource(_)), "{error}");
    }
}

/// Setters take borrowed or owned text, and lists as arrays, vectors or slices.
#[test]
fn options_accept_borrowed_and_owned_values() {
    let (borrowed, owned) = ("a.txt", String::from("a.txt"));
    assert_eq!(PreCheckParam::new().name(borrowed), PreCheckParam::new().name(owned.clone()));
    assert_eq!(PreCheckParamV2::new().name(borrowed), PreCheckParamV2::new().name(owned));
    let property = AppProperty::new("n", "v", Visibility::Private);
    let list = vec![property.clone()];
    let from_slice = CommitFile::new().app_properties(&list[..]);
    assert_eq!(from_slice, CommitFile::new().app_properties([property]));
    assert_eq!(from_slice, CommitFile::new().app_properties(list));
}

#[test]
fn answers_can_be_deserialized_and_compared() {
    // Tests of dependent programs can create an answer from the documented JSON.
    let info: DownloadInfo =
        serde_json::from_str(r#"{"headerSignatureInfo":{"region":"SINGAPORE"}}"#).unwrap();
    let signed: HeaderSignatureInfo = info.header_signature_info.clone().unwrap();
    assert_eq!(signed.region, Some(Region::Singapore));
    assert_eq!(info, info.clone());
    let file: ConversationFile = serde_json::from_str(r#"{"type":"FOLDER","status":"DELETED"}"#).unwrap();
    assert_eq!(
        (file.kind.clone(), file.status.clone()),
        (Some(DentryType::Folder), Some(DentryStatus::Deleted))
    );
    let token: AccessToken = serde_json::from_str(r#"{"accessToken":"t","expireIn":1}"#).unwrap();
    assert_eq!(token.access_token, Secret::from("t"));
}
