//! Downloads a stored file and sends it with dingtalk-files.

use dingtalk_files::{Client, UnionId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).unwrap_or("https://api.dingtalk.com".into());
    let client = Client::builder().app("key", "secret").base_url(base).build()?;
    let mut out = std::fs::File::create("out.bin")?;
    client.file("1", "2", UnionId("u")).download_to(&mut out, ..)?;
    client.conv_file().send_by_app("1", "2", UnionId("u"))?;
    Ok(())
}
