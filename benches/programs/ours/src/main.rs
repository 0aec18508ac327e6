//! Runs dingtalk-files, one job per process. `$BENCH_ROOT` is the path of the root certificate to trust.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dingtalk_files::{Client, ClientBuilder, DownloadInfo, UnionId};
// Only its feature `release_max_level_debug` is used.
use log as _;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

const USAGE: &str = "ours download URL FILE|-
ours to-file BASE DENTRY FILE CONNECTIONS
ours files BASE DENTRY FOLDER COUNT plain|cancel|progress
ours upload BASE FILE
ours call BASE COUNT
ours first BASE";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["download", url, to] => download(url, to),
        ["to-file", base, dentry, path, connections] => to_file(base, dentry, path, connections.parse()?),
        ["files", base, dentry, folder, count, with] => files(base, dentry, folder, count.parse()?, with),
        ["upload", base, file] => upload(base, file),
        ["call", base, count] => call(base, count.parse()?),
        ["first", base] => first(base),
        _ => Err(USAGE.into()),
    }
}

fn builder(base: &str) -> Result<ClientBuilder, Box<dyn Error>> {
    let builder = Client::builder().access_token("token").base_url(base).no_proxy();
    Ok(match root()?.filter(|_| base.starts_with("https")) {
        Some(pem) => builder.root_certificates(pem),
        None => builder,
    })
}

fn root() -> io::Result<Option<Vec<u8>>> {
    std::env::var_os("BENCH_ROOT").map(std::fs::read).transpose()
}

/// Runs the second of the two documented steps, with a hand-made answer to the first.
fn download(url: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let slash = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    let client = builder(&url[..slash])?.build()?;
    let info = serde_json::json!({"headerSignatureInfo": {"resourceUrls": [url], "expirationSeconds": 900}});
    let info: DownloadInfo = serde_json::from_value(info)?;
    let mut writer: Box<dyn Write> = match to {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let done = client.download_to(&info, &mut *writer, ..)?;
    verified(done.verified)
}

fn to_file(base: &str, dentry: &str, path: &str, connections: usize) -> Result<(), Box<dyn Error>> {
    let client = builder(base)?.build()?;
    let file = client.file("s", dentry, UnionId("u"));
    let done = file.download().parallel(connections).to_file(path)?;
    verified(done.verified)
}

/// Downloads one file after another. Each file gets its own download info, as if it were a different dentry.
fn files(base: &str, dentry: &str, folder: &str, count: usize, with: &str) -> Result<(), Box<dyn Error>> {
    let client = builder(base)?.build()?;
    let (flag, mut reports) = (AtomicBool::new(false), 0_usize);
    for number in 0..count {
        let file = client.file("s", dentry, UnionId("u"));
        let download = file.download();
        let download = match with {
            "plain" => download,
            "cancel" => download.cancel(&flag),
            "progress" => download.cancel(&flag).progress(|_| reports += 1),
            _ => return Err(USAGE.into()),
        };
        verified(download.to_file(format!("{folder}/{number}"))?.verified)?;
    }
    if with == "progress" && reports < count { Err("no progress was reported".into()) } else { Ok(()) }
}

fn upload(base: &str, path: &str) -> Result<(), Box<dyn Error>> {
    let client = builder(base)?.build()?;
    // One PUT, like the peers.
    let done = client.upload("s", "0", UnionId("u")).multipart_above(5 << 30).from_file(path)?;
    verified(done.verified)
}

fn verified(verified: bool) -> Result<(), Box<dyn Error>> {
    if verified { Ok(()) } else { Err("the checksum was not verified".into()) }
}

fn call(base: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let client = builder(base)?.build()?;
    for _ in 0..count {
        ask(&client)?;
    }
    Ok(())
}

/// Sends a first call with the root certificate on a separate agent.
///
/// DingTalk's hosts are verified by the built-in roots. A private root given to the builder is tried second, so the
/// first handshake of the process would fail.
fn first(base: &str) -> Result<(), Box<dyn Error>> {
    let client = match root()?.filter(|_| base.starts_with("https")) {
        None => builder(base)?.build()?,
        Some(pem) => {
            let certificates = parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            let roots = RootCerts::Specific(Arc::new(certificates.collect()));
            let tls = TlsConfig::builder().root_certs(roots).build();
            let config = ureq::Agent::config_builder().tls_config(tls).proxy(None);
            // The same sizes as in the builder's own agent for calls.
            let agent = config.input_buffer_size(16 * 1024).output_buffer_size(16 * 1024).build().new_agent();
            Client::builder().access_token("token").base_url(base).agent(agent).build()?
        }
    };
    ask(&client)
}

fn ask(client: &Client) -> Result<(), Box<dyn Error>> {
    let info = client.storage().get_file_download_info("s", "d", UnionId("u"), &Default::default())?;
    let urls = info.header_signature_info.ok_or("no signature")?.resource_urls;
    if urls.is_empty() { Err("no URL".into()) } else { Ok(()) }
}
