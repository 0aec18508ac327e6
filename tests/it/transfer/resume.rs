//! Resume: an attempt reuses the bytes of an earlier one if they are unchanged and from the same object.

use std::fs;

use serde_json::{Value, json};

use super::folder::{CHECKPOINT, Folder, NAME, PART, crc};
use super::progress::AdvancingClock;
use super::*;

const HALF: u64 = 400_000;

/// Runs an attempt that breaks off and leaves the first [`HALF`] bytes.
fn after_a_cut_download() -> (Setup, Folder) {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(HALF));
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { written: HALF, kept: true, .. }), "{error}");
    assert_eq!(folder.names(), [CHECKPOINT, PART]);
    (s, folder)
}

impl Setup {
    fn resume(&self, folder: &Folder) -> Downloaded {
        self.file().download().resume(true).to_file(folder.target()).unwrap()
    }

    /// Asserts that the next attempt succeeds, requests these ranges and reuses this many bytes.
    #[track_caller]
    fn assert_resumes(&self, folder: &Folder, ranges: &[Option<String>], reused: u64) -> Downloaded {
        let before = self.objects().len();
        let done = self.resume(folder);
        assert_eq!(&self.ranges()[before..], ranges);
        assert_eq!((done.bytes, done.reused, done.verified), (MIB, reused, true));
        folder.assert_only(NAME, &self.content);
        done
    }

    /// Asserts that the next attempt reuses no kept bytes.
    #[track_caller]
    fn assert_restarts(&self, folder: &Folder) {
        self.assert_resumes(folder, &[None], 0);
    }
}

#[test]
fn only_the_missing_bytes_are_requested() {
    let (s, folder) = after_a_cut_download();
    assert!(fs::read(folder.part()).unwrap() == s.content.bytes(0..HALF));
    let done = s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
    assert_eq!((&done.range, done.size), (&(0..MIB), Some(MIB)));
    assert_eq!(s.objects()[1].header("if-match"), done.etag.as_deref());
}

#[test]
fn a_download_can_be_resumed_many_times() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    for done in 1..10 {
        s.fault(Fault::CutAfter(100_000));
        let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
        assert_eq!(error.bytes_written(), done * 100_000);
    }
    s.assert_resumes(&folder, &[range("bytes=900000-1048575")], 900_000);
}

#[test]
fn no_bytes_are_kept_or_reused_if_resume_is_off() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(HALF));
    let error = s.file().download().to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { written: HALF, kept: false, .. }), "{error}");
    assert!(folder.names().is_empty());

    let (s, folder) = after_a_cut_download();
    let done = s.file().download().to_file(folder.target()).unwrap();
    assert_eq!(done.reused, 0);
    assert_eq!(s.ranges(), [None, None]);
    folder.assert_only(NAME, &s.content);
}

#[test]
fn failures_before_the_first_byte_keep_the_part() {
    let (s, folder) = after_a_cut_download();
    s.fake.fault(Target::DownloadInfo, Fault::api_error(400, "permissionDenied"));
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(error.is_permission_denied() && error.bytes_written() == HALF, "{error}");
    s.fault(Fault::CloseWithoutAnswer);
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(error.is_transient() && error.bytes_written() == HALF, "{error}");
    fs::write(folder.target(), "in the way").unwrap();
    let error = s.file().download().resume(true).no_clobber(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::TargetExists { .. }), "{error}");
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
}

#[test]
fn no_files_are_left_if_no_bytes_were_received() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::CutAfter(0));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    s.fault(Fault::object_error(404, "NoSuchKey"));
    s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn the_checkpoint_contains_no_secret_and_no_address() {
    let (s, folder) = after_a_cut_download();
    let text = fs::read_to_string(folder.checkpoint()).unwrap();
    assert!(text.contains("space-1") && text.contains("dentry-1"), "{text}");
    let info = s.fake.requests_to(Target::DownloadInfo).remove(0);
    let token = info.header("x-acs-dingtalk-access-token").unwrap().to_owned();
    let object = s.objects().remove(0);
    let authorization = object.header("authorization").unwrap();
    let host = s.fake.base_url().strip_prefix("http://").unwrap().to_owned();
    let signature = authorization.split([' ', ':']);
    let secrets = signature.chain([authorization, &token, object.header("x-oss-date").unwrap()]);
    let addresses = ["http", "://", &host, "127.0.0.1", &object.path, "operator-1"];
    let names = ["authorization", "x-oss", FakeDingTalk::APP_KEY, FakeDingTalk::APP_SECRET];
    for word in secrets.chain(addresses).chain(names) {
        assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{word:?} is in {text}");
    }
}

#[test]
fn a_damaged_checkpoint_restarts_the_download() {
    let (s, folder) = after_a_cut_download();
    let (part, checkpoint) = (fs::read(folder.part()).unwrap(), fs::read(folder.checkpoint()).unwrap());
    let flipped = (0..checkpoint.len()).step_by(13).map(|place| {
        let mut damaged = checkpoint.clone();
        damaged[place] ^= 1;
        damaged
    });
    let cut = [0, 1, 30, checkpoint.len() / 2, checkpoint.len() - 1];
    let cut = cut.map(|length| checkpoint[..length].to_vec());
    let twice = [checkpoint.as_slice(), &checkpoint].concat();
    let garbage = vec![0xFF; 5000];
    let json = b"{}".to_vec();
    for damaged in flipped.chain(cut).chain([twice, garbage, json]) {
        fs::write(folder.part(), &part).unwrap();
        fs::write(folder.checkpoint(), damaged).unwrap();
        s.assert_restarts(&folder);
        fs::remove_file(folder.target()).unwrap();
    }
    // The undamaged checkpoint still works.
    fs::write(folder.part(), &part).unwrap();
    fs::write(folder.checkpoint(), &checkpoint).unwrap();
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
}

#[test]
fn a_checkpoint_of_another_format_or_file_restarts_the_download() {
    let others = [
        ("space_id", json!("space-2")),
        ("dentry_id", json!("dentry-2")),
        ("version", json!(1)),
        ("version", json!("latest")),
        ("pieces", json!([])),
        ("pieces", json!([{"start": 0, "end": MIB + 1, "crc64": 0}])),
        ("size", Value::Null),
    ];
    for (field, value) in others {
        let (s, folder) = after_a_cut_download();
        let mut checkpoint = folder.read_checkpoint();
        assert!(checkpoint.get(field).is_some(), "{checkpoint}");
        checkpoint[field] = value;
        folder.write_checkpoint(&checkpoint);
        s.assert_restarts(&folder);
    }
    for format in ["2", "0", "", "11", "1 1"] {
        let (s, folder) = after_a_cut_download();
        let checkpoint = folder.read_checkpoint();
        folder.write_checkpoint_of_format(format, &checkpoint);
        s.assert_restarts(&folder);
    }
    let (s, folder) = after_a_cut_download();
    let checkpoint = folder.read_checkpoint();
    folder.write_checkpoint(&checkpoint);
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
}

#[test]
fn a_checkpoint_of_another_object_restarts_the_download() {
    let rest = range("bytes=400000-1048575");
    let others = [
        // One byte too many, which the server's answer reveals.
        ("size", json!(MIB + 1), vec![range("bytes=400000-1048576"), None]),
        // A 412 may come from a server that does not support `If-Match`, so the request is repeated without it.
        ("etag", json!("\"another\""), vec![rest.clone(), rest.clone(), None]),
        ("crc64", json!(5), vec![rest, None]),
    ];
    for (field, value, requested) in others {
        let (s, folder) = after_a_cut_download();
        let mut checkpoint = folder.read_checkpoint();
        checkpoint[field] = value;
        folder.write_checkpoint(&checkpoint);
        s.assert_resumes(&folder, &requested, 0);
    }
}

#[test]
fn a_changed_or_missing_part_is_not_reused() {
    let (s, folder) = after_a_cut_download();
    fs::OpenOptions::new().write(true).open(folder.part()).unwrap().set_len(HALF - 1).unwrap();
    s.assert_restarts(&folder);

    let (s, folder) = after_a_cut_download();
    fs::remove_file(folder.part()).unwrap();
    s.assert_restarts(&folder);

    let (s, folder) = after_a_cut_download();
    fs::remove_file(folder.checkpoint()).unwrap();
    s.assert_restarts(&folder);

    let (s, folder) = after_a_cut_download();
    let mut part = fs::read(folder.part()).unwrap();
    part[123_456] ^= 1;
    fs::write(folder.part(), part).unwrap();
    s.assert_restarts(&folder);

    // Bytes after the recorded pieces are ignored: they came after the last checkpoint, or belong to a larger object.
    let (s, folder) = after_a_cut_download();
    let mut part = fs::read(folder.part()).unwrap();
    part.resize(3_000_000, 7);
    fs::write(folder.part(), part).unwrap();
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
}

/// Prepares pieces of 100 000 bytes each, on disk and in the checkpoint.
fn with_pieces(starts: &[u64]) -> (Setup, Folder) {
    let (s, folder) = after_a_cut_download();
    let mut part = vec![0; usize::try_from(MIB).unwrap()];
    let mut checkpoint = folder.read_checkpoint();
    let ranges = starts.iter().map(|&start| {
        let bytes = s.content.bytes(start..start + 100_000);
        let place = usize::try_from(start).unwrap();
        part[place..place + bytes.len()].copy_from_slice(&bytes);
        json!({"start": start, "end": start + 100_000, "crc64": crc(&bytes)})
    });
    checkpoint["pieces"] = ranges.collect();
    folder.write_checkpoint(&checkpoint);
    fs::write(folder.part(), part).unwrap();
    (s, folder)
}

#[test]
fn only_the_gaps_between_pieces_are_requested() {
    let (s, folder) = with_pieces(&[100_000, 300_000]);
    let gaps = [range("bytes=0-99999"), range("bytes=200000-299999"), range("bytes=400000-1048575")];
    let done = s.assert_resumes(&folder, &gaps, 200_000);
    for request in &s.objects()[1..] {
        assert_eq!(request.header("if-match"), done.etag.as_deref());
    }
}

#[test]
fn only_a_damaged_piece_is_fetched_again() {
    let (s, folder) = with_pieces(&[0, 100_000, 200_000]);
    let mut part = fs::read(folder.part()).unwrap();
    part[150_000] ^= 0x80;
    fs::write(folder.part(), part).unwrap();
    let gaps = [range("bytes=100000-199999"), range("bytes=300000-1048575")];
    s.assert_resumes(&folder, &gaps, 200_000);
}

#[test]
fn a_new_object_on_the_server_restarts_the_download() {
    for size in [MIB, MIB / 2, 3 * MIB, HALF, 0] {
        // Either a new version with its own URL, or other content behind the same URL.
        for is_version in [true, false] {
            let (s, folder) = after_a_cut_download();
            let new = Content::pattern_with_seed(size, 1);
            if is_version {
                s.fake.put_file("space-1", "dentry-1", "file.bin", new.clone());
            } else {
                s.fault(Fault::ReplaceObject(new.clone()));
            }
            let done = s.resume(&folder);
            assert_eq!((done.bytes, done.size, done.reused), (size, Some(size), 0));
            assert!(done.verified);
            folder.assert_only(NAME, &new);
            // After a 412 the request is repeated without `If-Match`: the server may not support that header.
            let rest = range("bytes=400000-1048575");
            let refused = s.objects().iter().filter(|request| request.answered_status == Some(412)).count();
            assert_eq!(s.ranges()[1..], [vec![rest; 1 + refused], vec![None]].concat());
        }
    }
}

#[test]
fn an_object_that_changes_during_the_download_is_an_error_and_no_bytes_are_kept() {
    for resume in [false, true] {
        let (s, folder) = (Setup::new(MIB), Folder::new());
        s.fault(Fault::CutAfter(HALF));
        s.fault(Fault::ReplaceObject(Content::pattern_with_seed(MIB, 1)));
        let error = s.file().download().resume(resume).to_file(folder.target()).unwrap_err();
        assert!(matches!(error, Error::ObjectChanged { written: HALF }), "{error}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
    // The same if the first bytes are from an earlier attempt.
    let (s, folder) = after_a_cut_download();
    let patient = s.fake.client().clock(s.clock.clone()).build().unwrap();
    let file = patient.file("space-1", "dentry-1", UnionId("operator-1"));
    s.fault(Fault::CutAfter(100_000));
    s.fault(Fault::ReplaceObject(Content::pattern_with_seed(MIB, 1)));
    let error = file.download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::ObjectChanged { written: 500_000 }), "{error}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn a_checksum_mismatch_publishes_and_keeps_no_bytes() {
    for resume in [false, true] {
        let (s, folder) = (Setup::new(MIB), Folder::new());
        fs::write(folder.target(), "old").unwrap();
        s.fault(Fault::CorruptByte(700_000));
        let error = s.file().download().resume(resume).to_file(folder.target()).unwrap_err();
        assert!(matches!(error, Error::ChecksumMismatch { written: MIB, .. }), "{error}");
        folder.assert_only(NAME, &Content::from("old"));
    }
    // The checksum of a resumed download covers both attempts.
    let (s, folder) = after_a_cut_download();
    s.fault(Fault::CorruptByte(700_000));
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::ChecksumMismatch { .. }), "{error}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

/// Leaves a part with all bytes on disk that was not published.
fn before_the_rename() -> (Setup, Folder) {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let intrude = |_| fs::write(folder.target(), "in the way").unwrap();
    let download = s.file().download().resume(true).no_clobber(true).progress(intrude);
    let error = download.to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::TargetExists { .. }), "{error}");
    fs::remove_file(folder.target()).unwrap();
    assert_eq!(folder.names(), [CHECKPOINT, PART]);
    (s, folder)
}

#[test]
fn a_complete_part_is_published_after_requesting_one_byte() {
    let (s, folder) = before_the_rename();
    let done = s.assert_resumes(&folder, &[range("bytes=1048575-1048575")], MIB - 1);
    assert_eq!(s.objects()[1].header("if-match"), done.etag.as_deref());

    // Additional connections send no request.
    let (s, folder) = before_the_rename();
    let done = s.file().download().resume(true).parallel(4).to_file(folder.target()).unwrap();
    assert_eq!((done.bytes, done.reused, done.verified), (MIB, MIB - 1, true));
    assert_eq!(s.ranges()[1..], [range("bytes=1048575-1048575")]);
    folder.assert_only(NAME, &s.content);
}

#[test]
fn a_complete_part_is_discarded_if_the_object_changed() {
    let (s, folder) = before_the_rename();
    let new = Content::pattern_with_seed(MIB, 1);
    s.fake.put_file("space-1", "dentry-1", "file.bin", new.clone());
    let done = s.resume(&folder);
    assert_eq!((done.bytes, done.reused), (MIB, 0));
    folder.assert_only(NAME, &new);
}

#[test]
fn a_part_of_another_version_is_not_reused() {
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    let second = Content::pattern_with_seed(MIB, 2);
    s.fake.put_file("space-1", "dentry-1", "file.bin", second.clone());
    let get = |version: Option<u64>| {
        let file = version.map_or_else(|| s.file(), |version| s.file().version(version));
        file.download().resume(true).to_file(folder.target())
    };
    for (first, then) in [(Some(1), Some(2)), (Some(1), None), (None, Some(2))] {
        s.fault(Fault::CutAfter(HALF));
        get(first).unwrap_err();
        let before = s.objects().len();
        assert_eq!(get(then).unwrap().reused, 0);
        assert_eq!(s.ranges()[before..], [None]);
        folder.assert_only(NAME, &second);
    }
    s.fault(Fault::CutAfter(HALF));
    get(Some(1)).unwrap_err();
    assert_eq!(get(Some(1)).unwrap().reused, HALF);
    folder.assert_only(NAME, &s.content);
}

#[test]
fn max_bytes_applies_to_the_whole_file() {
    let (s, folder) = after_a_cut_download();
    let download = s.file().download().resume(true).max_bytes(MIB - 1);
    let error = download.to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: MIB, .. }), "{error}");
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
}

#[test]
fn bytes_that_cannot_be_resumed_are_not_kept() {
    // Without a size, a part cannot be distinguished from the whole file, so no checkpoint is written.
    let (s, folder) = (Setup::with(MIB, no_retries), Folder::new());
    s.fault(Fault::Several(vec![Fault::Chunked, Fault::CutAfter(HALF)]));
    let error = s.file().download().resume(true).to_file(folder.target()).unwrap_err();
    assert_eq!(error.bytes_written(), HALF);
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn a_download_without_bytes_of_the_old_object_continues_with_the_new_object() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let new = Content::pattern_with_seed(2 * MIB, 1);
    s.fault(Fault::CutAfter(0));
    s.fault(Fault::ReplaceObject(new.clone()));
    s.fault(Fault::CutAfter(HALF));
    s.fault(Fault::object_error(404, "NoSuchKey"));
    let mut totals = Vec::new();
    let record = |now: dingtalk_files::Progress| totals.push(now.total);
    let error = s.file().download().resume(true).progress(record).to_file(folder.target()).unwrap_err();
    assert!(error.is_not_found() && error.bytes_written() == HALF, "{error}");
    assert_eq!(totals.last(), Some(&Some(2 * MIB)), "{totals:?}");
    let done = s.resume(&folder);
    assert_eq!((done.bytes, done.reused, done.verified), (2 * MIB, HALF, true));
    folder.assert_only(NAME, &new);
}

#[test]
fn an_unfinished_checkpoint_file_is_ignored_and_removed() {
    let (s, folder) = after_a_cut_download();
    fs::write(folder.join("file.bin.dingtalk-checkpoint-new"), "dingtalk-files check").unwrap();
    s.assert_resumes(&folder, &[range("bytes=400000-1048575")], HALF);
    // A process was killed after the rename, before it removed its checkpoint.
    fs::write(folder.checkpoint(), "of a file that is complete").unwrap();
    s.assert_restarts(&folder);
}

#[cfg(unix)]
#[test]
fn a_kept_part_stays_writable_if_the_existing_target_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let (s, folder) = (Setup::new(MIB), Folder::new());
    let intrude = |_| {
        let _ = fs::remove_file(folder.target());
        fs::write(folder.target(), "somebody else's").unwrap();
        fs::set_permissions(folder.target(), fs::Permissions::from_mode(0o444)).unwrap();
    };
    let download = s.file().download().resume(true).no_clobber(true).progress(intrude);
    let error = download.to_file(folder.target()).unwrap_err();
    assert!(matches!(error, Error::TargetExists { .. }), "{error}");
    // Root can write in any case; other users could not resume a read-only part.
    assert_eq!(fs::metadata(folder.part()).unwrap().permissions().mode() & 0o600, 0o600);
    fs::remove_file(folder.target()).unwrap();
    s.assert_resumes(&folder, &[range("bytes=1048575-1048575")], MIB - 1);
}

/// Returns the number of bytes in the checkpoint, or 0 without a checkpoint.
fn checkpointed(folder: &Folder) -> u64 {
    if !folder.checkpoint().exists() {
        return 0;
    }
    let checkpoint = folder.read_checkpoint();
    let length = |piece: &Value| piece["end"].as_u64().unwrap() - piece["start"].as_u64().unwrap();
    checkpoint["pieces"].as_array().unwrap().iter().map(length).sum()
}

#[test]
fn a_checkpoint_is_written_every_second() {
    for parallel in [1, 3] {
        // The clock advances by 20 ms per reading and is read for each of 48 blocks. The file is smaller than 16 MiB.
        let (s, folder) = (Setup::new(12 * MIB), Folder::new());
        let client = s.fake.client().clock(AdvancingClock::default()).build().unwrap();
        let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
        let mut most = 0;
        let inspect = |now: dingtalk_files::Progress| {
            let checkpointed = checkpointed(&folder);
            assert!(checkpointed <= now.bytes, "{checkpointed} of {}", now.bytes);
            if now.bytes < 12 * MIB {
                most = most.max(checkpointed);
            }
        };
        file.download().resume(true).parallel(parallel).progress(inspect).to_file(folder.target()).unwrap();
        assert!(most > 0);
    }
}

#[test]
fn a_checkpoint_is_written_every_16_mib() {
    // The clock stands still; the interruption causes a report.
    let (s, folder) = (Setup::new(24 * MIB), Folder::new());
    s.fault(Fault::CutAfter(20 * MIB));
    let mut seen = Vec::new();
    let inspect = |_| seen.push(checkpointed(&folder));
    s.file().download().resume(true).progress(inspect).to_file(folder.target()).unwrap();
    let [0, checkpointed, _, _] = seen[..] else { panic!("{seen:?}") };
    assert!((16 * MIB..=20 * MIB).contains(&checkpointed), "{checkpointed}");
}

/// The part is complete, and only the last byte is requested, to verify that the object is still the same.
#[test]
fn a_repeated_last_byte_is_compared_and_not_written() {
    let (s, folder) = before_the_rename();
    let _ = fs::remove_file(folder.target());
    s.fault(Fault::CorruptByte(MIB - 1));
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert!(done.verified);
    assert_eq!(done.reused, 0, "the whole object was fetched again");
    assert_eq!(s.ranges()[1..], [range("bytes=1048575-1048575"), None]);
    folder.assert_only(NAME, &s.content);
}

#[test]
fn a_failed_renewal_is_ignored_while_the_signature_is_valid() {
    let s = Setup::new(MIB);
    s.fault(Fault::CutAfter(HALF));
    // 55 of the signature's 900 seconds are left when the connection breaks.
    let mut writer = AtFirstWrite(
        Some(|| {
            s.clock.advance(std::time::Duration::from_secs(845));
            let monthly = Fault::api_error(403, "Forbidden.AccessDenied.ApiCountLimitForOrg");
            s.fake.fault_always(Target::DownloadInfo, monthly);
        }),
        Vec::new(),
    );
    let done = s.file().download_to(&mut writer, ..).unwrap();
    assert!(done.verified);
    assert_eq!(s.infos(), 2, "a renewal was attempted");
}

#[test]
fn retry_after_applies_to_one_failure_only() {
    let s = Setup::new(100);
    s.fake.fault(Target::DownloadInfo, Fault::api_error(503, "systemError").header("retry-after", "17"));
    s.fake.fault(Target::DownloadInfo, Fault::CloseWithoutAnswer);
    s.get(..).1.unwrap();
    let [requested, own] = s.clock.sleeps()[..] else { panic!("{:?}", s.clock.sleeps()) };
    let seconds = std::time::Duration::from_secs;
    assert!(requested == seconds(17) && own < seconds(2), "{requested:?}, {own:?}");
}

#[test]
fn a_checksum_returned_with_the_last_byte_is_verified() {
    let (s, folder) = (Setup::new(MIB), Folder::new());
    s.fault(Fault::Crc(None));
    let intrude = |_| fs::write(folder.target(), "in the way").unwrap();
    let download = s.file().download().resume(true).no_clobber(true).progress(intrude);
    download.to_file(folder.target()).unwrap_err();
    fs::remove_file(folder.target()).unwrap();
    let done = s.file().download().resume(true).to_file(folder.target()).unwrap();
    assert_eq!(done.reused, MIB - 1);
    assert!(done.verified);
}
