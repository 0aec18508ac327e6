//! Many concurrent transfers of one client.

use std::thread;

use super::folder::{Folder, assert_content};
use super::*;

#[test]
fn thirty_two_concurrent_transfers_succeed() {
    let fake = FakeDingTalk::start().unwrap();
    let client = fake.client().build().unwrap();
    let contents: Vec<_> =
        (0..32).map(|number| Content::pattern_with_seed(number * 70_001 % (3 * MIB), number)).collect();
    for (number, content) in contents.iter().enumerate() {
        fake.put_file("space-1", &format!("dentry-{number}"), "file.bin", content.clone());
    }
    // Some transfers are interrupted and resume.
    (0..6).for_each(|_| fake.fault(Target::Object, Fault::CutAfter(10_000)));
    let folder = Folder::new();
    thread::scope(|scope| {
        for (number, content) in contents.iter().enumerate() {
            let file = client.file("space-1", format!("dentry-{number}"), UnionId("operator-1"));
            let path = folder.join(&number.to_string());
            scope.spawn(move || {
                let done = match number % 4 {
                    0 => {
                        let mut bytes = Vec::new();
                        let done = file.download_to(&mut bytes, ..);
                        std::fs::write(&path, bytes).unwrap();
                        done
                    }
                    1 => file.download().to_file(&path),
                    2 => file.download().parallel(2).to_file(&path),
                    _ => file.download().resume(true).parallel(3).to_file(&path),
                };
                assert!(done.unwrap().verified, "{number}");
                assert_content(&path, content);
            });
        }
    });
    assert_eq!(folder.names().len(), 32, "{:?}", folder.names());
    assert_eq!(fake.requests_to(Target::Token).len(), 1);
    assert_eq!(fake.requests_to(Target::DownloadInfo).len(), 32);
}
