//! Files that a killed process leaves beside the target do not harm the next download.

use std::fs;

use super::folder::{Folder, NAME};
use super::*;

/// `no_clobber` publishes the target by a hard link, and a kill may come before the part's name is removed.
#[test]
fn a_part_linked_to_the_target_is_not_written_to() {
    for resume in [true, false] {
        let (s, folder) = (Setup::with(1000, no_retries), Folder::new());
        fs::write(folder.target(), "published").unwrap();
        fs::hard_link(folder.target(), folder.part()).unwrap();
        s.fake.fault_always(Target::Object, Fault::status(404));
        s.file().download().resume(resume).to_file(folder.target()).unwrap_err();
        assert_eq!(fs::read(folder.target()).unwrap(), b"published", "resume {resume}");
        s.fake.clear_faults();
        assert_eq!(s.file().download().resume(resume).to_file(folder.target()).unwrap().bytes, 1000);
        folder.assert_only(NAME, &s.content);
    }
}

/// The part takes over the permissions of a read-only target just before the rename.
#[cfg(unix)]
#[test]
fn a_read_only_part_is_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let (s, folder) = (Setup::new(1000), Folder::new());
    fs::write(folder.target(), "old").unwrap();
    fs::write(folder.part(), "left").unwrap();
    for path in [folder.target(), folder.part()] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o444)).unwrap();
    }
    s.file().download().resume(true).to_file(folder.target()).unwrap();
    folder.assert_only(NAME, &s.content);
    assert_eq!(fs::metadata(folder.target()).unwrap().permissions().mode() & 0o777, 0o444);
}
