//! HTTPS with a private root certificate, set on the client builder.

use dingtalk_files::{Client, Error, GetFileDownloadInfo, UnionId};

use crate::MIB;
use crate::server::{Nginx, ROOT, assert_file, assert_same, bytes, crc64};

#[test]
fn transfers_succeed_over_tls_with_a_private_root() {
    for versions in ["TLSv1.2", "TLSv1.3"] {
        let Some(nginx) = Nginx::start_with_tls(versions) else { return };
        let content = bytes(3 * MIB + 5);
        nginx.put("file.bin", &content);
        let builder = || Client::builder().access_token("token").base_url(nginx.https_url()).no_proxy();

        let without_root = builder().build().unwrap();
        let error = without_root
            .storage()
            .get_file_download_info(
                "space-1",
                "plain/file.bin",
                UnionId("operator-1"),
                &GetFileDownloadInfo::new(),
            )
            .unwrap_err();
        assert!(matches!(&error, Error::Network(e) if e.tls), "{versions}: {error}");

        let client = builder().root_certificates(ROOT).build().unwrap();
        let file =
            client.file("space-1", format!("checked/{}/file.bin", crc64(&content)), UnionId("operator-1"));
        let mut got = Vec::new();
        assert!(file.download_to(&mut got, ..).unwrap().verified);
        assert_same(&got, &content, versions);
        got.clear();
        file.download_to(&mut got, MIB as u64..).unwrap();
        assert_same(&got, &content[MIB..], versions);
        assert!(file.download().parallel(3).to_file(nginx.target()).unwrap().verified);
        assert_file(&nginx.target(), &content, versions);

        let upload = client.upload("uploads", "0", UnionId("operator-1")).name("put.bin");
        upload.from_file(nginx.target()).unwrap();
        assert_file(&nginx.object("uploads/put.bin"), &content, versions);
    }
}
