//! Sources that are missing, change, end early, or cannot be uploaded.

use std::fs::File;
use std::time::SystemTime;

use dingtalk_files::{AppProperty, Visibility};

use super::*;

/// Uploads a file of 3 MiB, and applies `change` to the file after the first bytes have been read.
fn upload_and_change(in_parts: bool, change: impl Fn(&Path) + Sync) -> (Setup, TempFile, Result<Uploaded>) {
    let (setup, file) = (Setup::new(), TempFile::new(&pattern(3 * MIB)));
    let (clock, path, mut is_changed) = (setup.clock.clone(), file.to_owned(), false);
    let upload = if in_parts { setup.in_parts() } else { setup.upload() };
    let done = upload
        .progress(|now| {
            // Otherwise the next report would be suppressed as too early.
            clock.advance(Duration::from_millis(100));
            if now.bytes > 0 && !is_changed {
                is_changed = true;
                change(&path);
            }
        })
        .from_file(&*file);
    assert!(is_changed);
    (setup, file, done)
}

fn open(path: &Path) -> File {
    File::options().write(true).open(path).unwrap()
}

fn truncate(path: &Path) {
    open(path).set_len(MIB).unwrap();
}

fn grow(path: &Path) {
    open(path).set_len(4 * MIB).unwrap();
}

fn touch(path: &Path) {
    open(path).set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
}

#[test]
fn a_file_changed_during_the_upload_is_not_committed() {
    for change in [truncate as fn(&Path), grow, touch] {
        for in_parts in [false, true] {
            let (setup, file, done) = upload_and_change(in_parts, change);
            let error = assert_changed(done);
            assert_eq!(error.path.as_deref(), Some(&*file));
            assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
            setup.assert_uncommitted();
        }
    }
}

#[test]
fn a_file_truncated_during_the_upload_is_reported_as_changed() {
    let (setup, _file, done) = upload_and_change(false, truncate);
    assert_changed(done);
    // The store received no complete request.
    assert!(setup.puts().iter().all(|put| put.answered_status.is_none()));
}

#[cfg(unix)]
#[test]
fn a_file_replaced_during_the_upload_is_not_committed() {
    let replace = |path: &Path| {
        let other = TempFile::new(&pattern(3 * MIB));
        let stamp = fs::metadata(path).unwrap().modified().unwrap();
        open(&other).set_modified(stamp).unwrap();
        fs::rename(&*other, path).unwrap();
    };
    for in_parts in [false, true] {
        let (setup, _file, done) = upload_and_change(in_parts, replace);
        assert_changed(done);
        setup.assert_uncommitted();
    }
}

#[cfg(unix)]
#[test]
fn a_file_removed_during_the_upload_is_not_committed() {
    let (setup, _file, done) = upload_and_change(false, |path| fs::remove_file(path).unwrap());
    let error = source_error(done);
    assert!(
        matches!(&error.problem, SourceProblem::Unreadable(e) if e.kind() == io::ErrorKind::NotFound),
        "{error}"
    );
    setup.assert_uncommitted();
}

#[test]
fn a_seekable_source_that_grows_is_not_committed() {
    struct Growing(Cursor<Vec<u8>>);
    impl Read for Growing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.get_mut().push(0);
            self.0.read(buf)
        }
    }
    impl Seek for Growing {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let setup = Setup::new();
    assert_changed(setup.upload().from_seekable(Growing(Cursor::new(pattern(1000)))));
    setup.assert_uncommitted();
}

#[test]
fn a_missing_file_or_a_folder_is_refused_without_a_request() {
    let setup = Setup::new();
    let missing = source_error(setup.upload().from_file("missing file"));
    assert!(
        matches!(&missing.problem, SourceProblem::Unreadable(e) if e.kind() == io::ErrorKind::NotFound),
        "{missing}"
    );
    assert_eq!(missing.path.as_deref(), Some(Path::new("missing file")));
    let folder = source_error(setup.upload().from_file(std::env::temp_dir()));
    assert!(matches!(folder.problem, SourceProblem::NoFile), "{folder}");
    setup.assert_untouched();
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_refused_immediately() {
    let pipe = TempFile(TempFile::path("pipe"));
    let made = std::process::Command::new("mkfifo").arg(&*pipe).status().unwrap();
    assert!(made.success());
    let paths = [pipe.to_owned(), "/dev/null".into(), "/dev/zero".into()];
    let (setup, errors) = bounded(move || {
        let setup = Setup::new();
        let errors = paths.map(|path| source_error(setup.upload().from_file(path)));
        (setup, errors)
    });
    for error in errors {
        assert!(matches!(error.problem, SourceProblem::NoFile), "{error}");
    }
    setup.assert_untouched();
}

/// Asserts that a reader with `actual` instead of `announced` bytes fails, in a single PUT and in parts.
fn assert_wrong_length(actual: u64, announced: u64, check: impl Fn(&SourceProblem) -> bool) {
    for (in_parts, connections) in [(false, 1), (true, 1), (true, 4)] {
        let (setup, done) = bounded(move || {
            let setup = Setup::new();
            let upload = if in_parts { setup.in_parts() } else { setup.upload() };
            let done = upload.parallel(connections).from_reader(SmallReads(&pattern(actual)), announced);
            (setup, done)
        });
        let error = source_error(done);
        assert!(check(&error.problem) && error.path.is_none(), "{error}");
        setup.assert_uncommitted();
    }
}

#[test]
fn a_reader_that_ends_early_is_an_error() {
    for (actual, announced) in
        [(0, 1), (999, 1000), (0, 5 * PART), (3 * PART, 5 * PART), (5 * PART - 1, 5 * PART)]
    {
        assert_wrong_length(
            actual,
            announced,
            |problem| matches!(problem, SourceProblem::Shorter { expected, found } if (*expected, *found) == (announced, actual)),
        );
    }
}

#[test]
fn a_reader_that_has_more_is_an_error() {
    for (actual, announced) in [(1, 0), (1001, 1000), (9 * PART, 5 * PART), (5 * PART + 1, 5 * PART)] {
        assert_wrong_length(
            actual,
            announced,
            |problem| matches!(problem, SourceProblem::Longer { expected } if *expected == announced),
        );
    }
}

/// A reader that fails after the given number of bytes.
struct FailingReader(u64);

impl Read for FailingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "read failed"));
        }
        let n = buf.len().min(usize::try_from(self.0).unwrap());
        self.0 -= n as u64;
        Ok(n)
    }
}

impl Seek for FailingReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(if to == SeekFrom::End(0) { 5 * PART } else { 0 })
    }
}

#[test]
fn a_reader_that_fails_is_an_error() {
    for connections in [1, 4] {
        for good in [0, 1, 3 * PART] {
            for (is_stream, in_parts) in [(true, true), (true, false), (false, true), (false, false)] {
                let (setup, done) = bounded(move || {
                    let setup = Setup::new();
                    let upload = if in_parts { setup.in_parts() } else { setup.upload() };
                    let upload = upload.parallel(connections);
                    let done = if is_stream {
                        upload.from_reader(FailingReader(good), 5 * PART)
                    } else {
                        upload.from_seekable(FailingReader(good))
                    };
                    (setup, done)
                });
                let error = source_error(done);
                let SourceProblem::Unreadable(cause) = &error.problem else { panic!("{error}") };
                assert_eq!(
                    (cause.kind(), cause.to_string().as_str()),
                    (io::ErrorKind::BrokenPipe, "read failed")
                );
                setup.assert_uncommitted();
            }
        }
    }
}

/// `Interrupted` only means that the read must be repeated.
#[test]
fn an_interrupted_read_is_repeated() {
    struct Interrupted<'a>(&'a [u8], bool);
    impl Read for Interrupted<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buf) }
        }
    }
    let (setup, bytes) = (Setup::new(), pattern(2 * PART + 1));
    let done = setup.in_parts().from_reader(Interrupted(&bytes, false), bytes.len() as u64);
    setup.assert_done(done, &bytes);
}

/// A panic in the caller's code reaches the caller from any thread, and no other thread waits forever.
#[test]
fn a_reader_that_panics_does_not_hang() {
    struct Panicking(u64);
    impl Read for Panicking {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            assert!(self.0 > 0, "on purpose");
            let n = buf.len().min(usize::try_from(self.0).unwrap());
            self.0 -= n as u64;
            Ok(n)
        }
    }
    for connections in [1, 2, 8] {
        for good in [0, PART, 3 * PART + 1] {
            let panicked = bounded(move || {
                let setup = Setup::new();
                let upload = setup.in_parts().parallel(connections);
                let run = std::panic::AssertUnwindSafe(|| upload.from_reader(Panicking(good), 9 * PART));
                let panicked = std::panic::catch_unwind(run).is_err();
                setup.assert_uncommitted();
                panicked
            });
            assert!(panicked);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_that_is_not_unicode_requires_a_name() {
    use std::os::unix::ffi::OsStringExt;
    let name = [TempFile::path("bin").into_os_string().into_vec(), b"\xff".to_vec()].concat();
    let file = TempFile(std::ffi::OsString::from_vec(name).into());
    fs::write(&*file, "hello").unwrap();
    let setup = Setup::new();
    let error = setup.client.upload("space-1", "0", UnionId("operator-1")).from_file(&*file).unwrap_err();
    assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("`name`")), "{error}");
    setup.assert_untouched();
    setup.assert_done(setup.upload().from_file(&*file), b"hello");
}

#[track_caller]
fn assert_refused(setup: &Setup, upload: Upload<'_>, size: u64, word: &str) {
    let error = upload.from_reader(io::repeat(0), size).unwrap_err();
    assert!(matches!(&error, Error::InvalidArgument(text) if text.contains(word)), "{error}");
    setup.assert_untouched();
}

#[test]
fn invalid_names_are_refused_without_a_request() {
    let setup = Setup::new();
    for name in
        ["", " ", "\t", "a\tb", "a*", "\"", "<a", "a>", "a|b", "a.", "a..", "a. ", ".", "..", "\u{3000}"]
    {
        assert_refused(&setup, setup.upload().name(name), 1, "name");
    }
    let unnamed = setup.client.upload("space-1", "0", UnionId("operator-1"));
    assert_refused(&setup, unnamed, 1, "`name`");
}

#[test]
fn invalid_connection_counts_and_part_sizes_are_refused_without_a_request() {
    let setup = Setup::new();
    for connections in [0, 65, usize::MAX] {
        assert_refused(&setup, setup.upload().parallel(connections), 1, "`parallel` takes ");
    }
    for size in [0, 1, PART - 1, 5 * 1024 * MIB + 1, u64::MAX] {
        assert_refused(&setup, setup.upload().part_size(size), 1, "`part_size` takes ");
    }
    assert_refused(&setup, setup.in_parts(), 10_000 * PART + 1, "use at least 102401");
}

/// The check precedes the upload of the bytes.
#[test]
fn too_many_properties_are_refused_without_a_request() {
    let setup = Setup::new();
    let property = || AppProperty::new("name", "value", Visibility::Private);
    for upload in [setup.upload(), setup.upload().commit_into("uuid")] {
        let upload = (0..4).fold(upload, |upload, _| upload.app_property(property()));
        assert_refused(&setup, upload, 1, "`appProperties`");
    }
}

#[test]
fn values_at_the_limits_are_accepted() {
    let (setup, bytes) = (Setup::new(), pattern(PART + 1));
    let property = || AppProperty::new("name", "value", Visibility::Private);
    let upload = (0..3).fold(setup.in_parts(), |upload, _| upload.app_property(property()));
    let done = upload.parallel(64).name("a/b\\c?:'.d ").from_bytes(&bytes);
    setup.assert_done(done, &bytes);
    let setup = Setup::new();
    setup.assert_done(setup.upload().part_size(5 * 1024 * MIB).from_bytes(&bytes), &bytes);
}
