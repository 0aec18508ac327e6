//! The range and the target of `get`.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process;

use dingtalk_files::{ByteRange, Error};

use super::Failure;

/// Parses `FIRST-LAST`, `FIRST-` or `-COUNT`, the syntax of curl and HTTP.
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

/// Checks a path to write to, or `-`. The library would refuse the same paths, but suggest functions, not options.
pub(crate) fn target(path: &str) -> Result<String, &'static str> {
    match fs::metadata(path) {
        _ if path == "-" => Ok(path.to_owned()),
        _ if path.is_empty() => Err("it is empty"),
        Ok(found) if found.is_dir() => Err("it is a folder; pass the path of a file"),
        Ok(found) if !found.is_file() => Err("it is not a regular file; pass `-` and redirect stdout"),
        _ => Ok(path.to_owned()),
    }
}

/// Writes a file beside the target, and renames it over the target when it is complete.
pub(crate) fn replace<T>(
    path: &str,
    write: impl FnOnce(&mut File) -> Result<T, Error>,
) -> Result<T, Failure> {
    let failed = |e: io::Error| Failure { text: format!("cannot write {path}: {e}"), exit_code: 1 };
    // Replace the file that a link points to, not the link. The process id separates two runs at the same time.
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
        // The new file must not be readable for more people than the old one.
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
