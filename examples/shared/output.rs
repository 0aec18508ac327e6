//! Which bytes `get` is to write, and where.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process;

use dingtalk_files::{ByteRange, Error};

use super::Failure;

/// `FIRST-LAST`, `FIRST-` or `-COUNT`, as curl and HTTP have them.
pub(crate) fn range(text: &str) -> Result<ByteRange, &'static str> {
    let (first, last) = text.split_once('-').unwrap_or_default();
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first..=last).into()),
        (Ok(_), Ok(_)) => Err("it ends before it begins"),
        (Ok(first), _) if last.is_empty() => Ok((first..).into()),
        (_, Ok(count)) if first.is_empty() => Ok(ByteRange::last(count)),
        _ => Err("it is not FIRST-LAST, FIRST- or -COUNT"),
    }
}

/// A path to write to, or `-`. Said here, because the library has other words for it.
pub(crate) fn target(path: &str) -> Result<String, &'static str> {
    match fs::metadata(path) {
        _ if path == "-" => Ok(path.to_owned()),
        _ if path.is_empty() => Err("it names no file"),
        Ok(found) if found.is_dir() => Err("it is a folder; name a file in it"),
        Ok(found) if !found.is_file() => Err("it is no regular file; use `-o -`, which is stdout"),
        _ => Ok(path.to_owned()),
    }
}

/// Writes a file beside the target and puts it in its place when it is complete. Until then the old one stays.
pub(crate) fn replace<T>(
    path: &str,
    write: impl FnOnce(&mut File) -> Result<T, Error>,
) -> Result<T, Failure> {
    let failed = |e: io::Error| Failure { text: format!("cannot write {path}: {e}"), exit_code: 1 };
    // A link stands for what it points to. Two at once have each a part of their own.
    let target = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    let mut part = target.clone().into_os_string();
    part.push(format!(".dingtalk-range-{}", process::id()));
    let _ = fs::remove_file(&part);
    let mut file = File::create_new(&part).map_err(failed)?;
    let done = write(&mut file).map_err(|e| match e {
        Error::Write { cause, .. } => failed(cause),
        e => e.into(),
    });
    let done = done.and_then(|done| {
        // Who may read the old one may read the new one, and nobody else.
        if let Ok(old) = fs::metadata(&target) {
            file.set_permissions(old.permissions()).map_err(failed)?;
        }
        file.sync_all().and_then(|()| fs::rename(&part, &target)).map_err(failed)?;
        Ok(done)
    });
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}
