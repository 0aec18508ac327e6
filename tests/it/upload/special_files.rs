//! Files whose reported size differs from their content, and files that change during the upload: both are errors and
//! nothing is committed.

use std::io::ErrorKind;

use super::*;

/// Uploads an unsuitable file, in a single PUT and in parts, and returns the errors.
#[cfg(target_os = "linux")]
#[track_caller]
fn refused(path: &Path) -> Vec<SourceError> {
    let mut errors = Vec::new();
    for (in_parts, connections) in [(false, 1), (true, 1), (true, 4)] {
        let path = path.to_owned();
        let (setup, done) = bounded(move || {
            let setup = Setup::new();
            let upload = if in_parts { setup.in_parts() } else { setup.upload() };
            let done = upload.parallel(connections).from_file(&path);
            (setup, done)
        });
        setup.assert_uncommitted();
        let error = source_error(done);
        assert!(error.to_string().contains("cannot upload /"), "{error}");
        errors.push(error);
    }
    errors
}

/// These files report a size of 0 but have content. Regression: 0 bytes were committed as verified.
#[cfg(target_os = "linux")]
#[test]
fn a_proc_file_is_not_committed_as_empty() {
    for path in ["/proc/version", "/proc/self/status", "/proc/cpuinfo", "/proc/self/mounts"] {
        for error in refused(Path::new(path)) {
            assert_eq!(error.path.as_deref(), Some(Path::new(path)));
            let SourceProblem::Longer { expected: 0 } = error.problem else { panic!("{error}") };
        }
    }
}

/// These files report the size of a page but contain one line.
#[cfg(target_os = "linux")]
#[test]
fn a_sysfs_file_is_not_committed_with_padding() {
    let path = Path::new("/sys/kernel/uevent_seqnum");
    let Ok(content) = fs::read(path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let reported = fs::metadata(path).unwrap().len();
    for error in refused(path) {
        let SourceProblem::Shorter { expected, found } = error.problem else { panic!("{error}") };
        assert_eq!((expected, found), (reported, content.len() as u64), "{error}");
    }
}

/// The file reports a size of 0 but cannot be read.
#[cfg(target_os = "linux")]
#[test]
fn an_unreadable_file_is_not_committed_as_empty() {
    for error in refused(Path::new("/proc/self/mem")) {
        assert!(matches!(error.problem, SourceProblem::Unreadable(_)), "{error}");
    }
}

/// Counterpart of the tests above: the file is really empty.
#[test]
fn an_empty_file_is_stored_as_empty() {
    let (setup, file) = (Setup::new(), TempFile::new(b""));
    setup.assert_done(setup.upload().from_file(&*file), b"");
}

/// The file is empty at the start of the upload, and has content before the commit.
#[test]
fn an_empty_file_that_grows_is_not_committed() {
    let (setup, file) = (Setup::new(), TempFile::new(b""));
    let mut reports = 0;
    let grow = |_| {
        reports += 1;
        fs::write(&*file, "late").unwrap();
    };
    let done = setup.upload().progress(grow).from_file(&*file);
    assert!(reports > 0);
    source_error(done);
    setup.assert_uncommitted();
}

/// Asserts that a change of a 3 MiB file during the upload is an error; see `sources.rs` for similar tests.
#[track_caller]
fn assert_change_detected(change: impl Fn(&Path) + Clone + Send + Sync + 'static) {
    for (in_parts, connections) in [(false, 1), (true, 1), (true, 3)] {
        let change = change.clone();
        let (setup, done) = bounded(move || {
            let (setup, file) = (Setup::new(), TempFile::new(&pattern(3 * MIB)));
            let mut is_changed = false;
            let upload = if in_parts { setup.in_parts() } else { setup.upload() };
            let progress = |now: dingtalk_files::Progress| {
                setup.clock.advance(Duration::from_millis(100));
                if now.bytes > 0 && !std::mem::replace(&mut is_changed, true) {
                    change(&file);
                }
            };
            let done = upload.parallel(connections).progress(progress).from_file(&*file);
            assert!(is_changed);
            (setup, done)
        });
        source_error(done);
        setup.assert_uncommitted();
    }
}

#[test]
fn a_file_resized_during_the_upload_is_not_committed() {
    let resize =
        |size| move |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(size).unwrap();
    assert_change_detected(resize(0));
    assert_change_detected(resize(3 * MIB - 1));
    assert_change_detected(resize(3 * MIB + 1));
    assert_change_detected(resize(30 * MIB));
}

/// The replacement may be another kind of file. Regression: each part opened the file again, which for a FIFO blocked
/// forever.
#[cfg(unix)]
#[test]
fn a_file_replaced_by_another_kind_of_file_is_not_committed() {
    assert_change_detected(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        // `TempFile` removes files only.
        fs::remove_dir(path).unwrap();
    });
    assert_change_detected(|path| {
        fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    });
    assert_change_detected(|path| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/proc/version", path).unwrap();
    });
}

/// The reader fails before its announced length in a single PUT, so the store never receives a complete request.
#[test]
fn a_reader_that_fails_late_leaves_no_complete_put() {
    struct Late(u64);
    impl Read for Late {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::new(ErrorKind::BrokenPipe, "read failed"));
            }
            let n = buf.len().min(usize::try_from(self.0).unwrap());
            self.0 -= n as u64;
            Ok(n)
        }
    }
    let (setup, done) = bounded(|| {
        let setup = Setup::new();
        let done = setup.upload().from_reader(Late(MIB - 1), MIB);
        (setup, done)
    });
    let error = source_error(done);
    assert!(
        matches!(&error.problem, SourceProblem::Unreadable(cause) if cause.to_string() == "read failed"),
        "{error}"
    );
    assert!(setup.puts().iter().all(|put| put.answered_status.is_none()), "{:?}", setup.put_statuses());
    setup.assert_uncommitted();
}
