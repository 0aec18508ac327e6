//! Files whose size is not the number of bytes that they give, and files that change under the upload: an error, and
//! nothing is committed.

use std::io::ErrorKind;

use super::*;

/// Uploads a file that cannot be uploaded, whole and in parts, and gives the errors.
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

/// They say that they are empty, and are not: 0 bytes were committed as verified.
#[cfg(target_os = "linux")]
#[test]
fn a_file_of_proc_is_not_committed_as_empty() {
    for path in ["/proc/version", "/proc/self/status", "/proc/cpuinfo", "/proc/self/mounts"] {
        for error in refused(Path::new(path)) {
            assert_eq!(error.path.as_deref(), Some(Path::new(path)));
            let SourceProblem::Longer { expected: 0 } = error.problem else { panic!("{error}") };
        }
    }
}

/// They say that they have a page, and have a line.
#[cfg(target_os = "linux")]
#[test]
fn a_file_of_sys_is_not_committed_with_something_made_up() {
    let path = Path::new("/sys/kernel/uevent_seqnum");
    let Ok(has) = fs::read(path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let said = fs::metadata(path).unwrap().len();
    for error in refused(path) {
        let SourceProblem::Shorter { expected, found } = error.problem else { panic!("{error}") };
        assert_eq!((expected, found), (said, has.len() as u64), "{error}");
    }
}

/// An empty file that cannot be read is not an empty file.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_not_empty() {
    for error in refused(Path::new("/proc/self/mem")) {
        assert!(matches!(error.problem, SourceProblem::Unreadable(_)), "{error}");
    }
}

/// An empty file really, for once.
#[test]
fn an_empty_file_is_stored_as_one() {
    let (setup, file) = (Setup::new(), TempFile::new(b""));
    setup.assert_done(setup.upload().from_file(&*file), b"");
}

/// It was empty when it was looked at, and has bytes by the time it is committed.
#[test]
fn an_empty_file_that_gets_bytes_is_not_committed() {
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

/// Something happens to a file of 3 MiB in the middle of the upload; see `sources.rs` for more of the kind.
#[track_caller]
fn assert_noticed(change: impl Fn(&Path) + Clone + Send + Sync + 'static) {
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
fn a_file_that_becomes_shorter_or_longer_is_not_committed() {
    let resize =
        |size| move |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(size).unwrap();
    assert_noticed(resize(0));
    assert_noticed(resize(3 * MIB - 1));
    assert_noticed(resize(3 * MIB + 1));
    assert_noticed(resize(30 * MIB));
}

/// Also by another kind of file. Each part opened it anew, which for a FIFO waited for a writer, for ever.
#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_by_something_else_is_not_committed() {
    assert_noticed(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        // `TempFile` removes files only.
        fs::remove_dir(path).unwrap();
    });
    assert_noticed(|path| {
        fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    });
    assert_noticed(|path| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/proc/version", path).unwrap();
    });
}

/// In one piece with a length that the reader does not keep: the store never sees a whole request.
#[test]
fn a_reader_that_fails_late_leaves_no_whole_put() {
    struct Late(u64);
    impl Read for Late {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::new(ErrorKind::BrokenPipe, "the tape tore"));
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
        matches!(&error.problem, SourceProblem::Unreadable(cause) if cause.to_string() == "the tape tore"),
        "{error}"
    );
    assert!(setup.puts().iter().all(|put| put.answered_status.is_none()), "{:?}", setup.put_statuses());
    setup.assert_uncommitted();
}
