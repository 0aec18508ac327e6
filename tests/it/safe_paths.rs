//! Paths on a disk for the entries of a walk.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use dingtalk_files::UnionId;
use dingtalk_files::testing::FakeDingTalk;

/// Safe paths by the path at DingTalk.
fn safe_paths(fake: &FakeDingTalk) -> Vec<(String, PathBuf)> {
    let client = fake.client().build().unwrap();
    let walk = client.storage().walk("space-1", "0", UnionId("operator-1"));
    walk.map(|entry| entry.unwrap()).map(|entry| (entry.path.clone(), entry.safe_path().to_owned())).collect()
}

#[test]
fn each_entry_has_a_path_of_its_own_below_the_target() {
    let fake = FakeDingTalk::start().unwrap();
    fake.add_folder("space-1", "upper", "Plans");
    fake.add_folder("space-1", "lower", "plans");
    fake.add_folder("space-1", "up", "..");
    for (id, name, folder) in [
        ("1", "Q1.xls", "upper"),
        ("2", "Q1.xls", "lower"),
        ("3", "q1.XLS", "lower"),
        ("4", "../../etc/passwd", "up"),
        ("5", "CON", "up"),
        ("6", "C:\\Windows\\system.ini", "0"),
        ("7", "年度报告 第1版.docx", "0"),
        ("8", "notes.", "0"),
        ("9", "notes", "0"),
    ] {
        fake.put_file("space-1", id, name, name);
        if folder != "0" {
            fake.move_into_folder("space-1", id, folder);
        }
    }
    let paths = safe_paths(&fake);
    assert_eq!(paths.len(), 12);
    let folded: HashSet<_> = paths.iter().map(|(_, safe)| safe.to_str().unwrap().to_lowercase()).collect();
    assert_eq!(folded.len(), 12, "{paths:?}");
    for (path, safe) in &paths {
        assert!(safe.components().all(|part| matches!(part, Component::Normal(_))), "{path}: {safe:?}");
    }
    let safe =
        |path: &str| paths.iter().find(|(own, _)| own == path).map(|(_, safe)| safe.as_path()).unwrap();
    // A folder's entries are in its own safe folder.
    let folders = [safe("Plans"), safe("plans")];
    assert_eq!([safe("Plans/Q1.xls"), safe("plans/Q1.xls")].map(|file| file.parent().unwrap()), folders);
    assert_eq!(safe("年度报告 第1版.docx"), Path::new("年度报告 第1版.docx"));
    assert_eq!(safe("../../../etc/passwd"), Path::new(".%2E/..%2F..%2Fetc%2Fpasswd"));
    // The same tree has the same paths the next time.
    assert_eq!(paths, safe_paths(&fake));
}
