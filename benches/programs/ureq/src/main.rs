//! The same jobs written by hand with ureq and serde_json, as in a careful program without this crate.
//!
//! The program does not verify checksums, resume, or retry. `$BENCH_ROOT` is the path of the root certificate to trust.

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

// Only its feature `release_max_level_debug` is used.
use log as _;
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

const USAGE: &str = "plain-ureq copy URL FILE|-
plain-ureq blocks URL FILE|-
plain-ureq ranges URL FILE CONNECTIONS
plain-ureq files BASE DENTRY FOLDER COUNT default|limits sync|no-sync
plain-ureq upload URL FILE
plain-ureq call BASE COUNT default|limits
plain-ureq first BASE";

const BLOCK: usize = 256 * 1024;
const DEFAULT_BUFFER: usize = 128 * 1024;
/// The buffer size of dingtalk-files for calls.
const API_BUFFER: usize = 16 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["copy", url, to] => {
            let mut body = agent(DEFAULT_BUFFER, Limits::Default)?.get(url).call()?.into_body().into_reader();
            match to {
                "-" => io::copy(&mut body, &mut io::sink())?,
                path => io::copy(&mut body, &mut File::create(path)?)?,
            };
            Ok(())
        }
        ["blocks", url, to] => blocks(url, to),
        ["ranges", url, path, connections] => ranges(url, path, connections.parse()?),
        ["files", base, dentry, folder, count, limits, sync] => {
            files(base, dentry, Path::new(folder), count.parse()?, (Limits::read(limits)?, Sync::read(sync)?))
        }
        ["upload", url, path] => {
            agent(DEFAULT_BUFFER, Limits::Default)?
                .put(url)
                .header("expect", "100-continue")
                .send(File::open(path)?)?;
            Ok(())
        }
        ["call", base, count, limits] => call(base, count.parse()?, Limits::read(limits)?),
        ["first", base] => call(base, 1, Limits::Default),
        _ => Err(USAGE.into()),
    }
}

/// The time limits of an agent.
#[derive(Clone, Copy)]
enum Limits {
    /// No limits, which is ureq's default.
    Default,
    /// The default limits of dingtalk-files. With a limit for name lookups, ureq starts a thread for each request.
    Ours,
}

impl Limits {
    fn read(text: &str) -> Result<Self, Box<dyn Error>> {
        match text {
            "default" => Ok(Self::Default),
            "limits" => Ok(Self::Ours),
            _ => Err(USAGE.into()),
        }
    }
}

/// Whether a file and its name are synced to disk before the job is done.
#[derive(Clone, Copy, PartialEq)]
enum Sync {
    Yes,
    No,
}

impl Sync {
    fn read(text: &str) -> Result<Self, Box<dyn Error>> {
        match text {
            "sync" => Ok(Self::Yes),
            "no-sync" => Ok(Self::No),
            _ => Err(USAGE.into()),
        }
    }
}

fn agent(buffer: usize, limits: Limits) -> Result<Agent, Box<dyn Error>> {
    let mut config = Agent::config_builder().proxy(None).input_buffer_size(buffer).output_buffer_size(buffer);
    if let Limits::Ours = limits {
        let (connect, stall) = (Some(Duration::from_secs(10)), Some(Duration::from_secs(30)));
        config = config.timeout_resolve(connect).timeout_connect(connect);
        config = config.timeout_per_read(stall).timeout_per_write(stall);
    }
    let Some(path) = std::env::var_os("BENCH_ROOT") else { return Ok(config.build().new_agent()) };
    let pem = std::fs::read(path)?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let roots = RootCerts::Specific(Arc::new(certificates.collect()));
    Ok(config.tls_config(TlsConfig::builder().root_certs(roots).build()).build().new_agent())
}

/// Fills a large block before writing it.
fn blocks(url: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let mut writer: Box<dyn Write> = match to {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let mut body = agent(BLOCK, Limits::Default)?.get(url).call()?.into_body().into_reader();
    each_block(&mut body, &mut vec![0; BLOCK], |bytes| writer.write_all(bytes))?;
    Ok(())
}

fn each_block(
    body: &mut impl Read,
    block: &mut [u8],
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let mut filled = 0;
        while filled < block.len() {
            match body.read(&mut block[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        take(&block[..filled])?;
        if filled < block.len() {
            return Ok(());
        }
    }
}

fn ranges(url: &str, path: &str, connections: u64) -> Result<(), Box<dyn Error>> {
    let agent = agent(BLOCK, Limits::Default)?;
    let head = agent.head(url).call()?;
    let size: u64 = head.headers().get("content-length").ok_or("no length")?.to_str()?.parse()?;
    let file = File::create(path)?;
    std::thread::scope(|scope| {
        let fetchers: Vec<_> = (0..connections)
            .map(|i| {
                let (agent, file) = (&agent, &file);
                let (start, end) = (size * i / connections, size * (i + 1) / connections);
                scope.spawn(move || {
                    let range = format!("bytes={start}-{}", end - 1);
                    let answer = agent.get(url).header("range", range).call().map_err(|e| e.to_string())?;
                    let mut at = start;
                    let mut body = answer.into_body().into_reader();
                    each_block(&mut body, &mut vec![0; BLOCK], |bytes| {
                        file.write_all_at(bytes, at)?;
                        at += bytes.len() as u64;
                        Ok(())
                    })
                    .map_err(|e| e.to_string())?;
                    if at == end { Ok(()) } else { Err("a part is short".to_owned()) }
                })
            })
            .collect();
        fetchers.into_iter().try_for_each(|f| f.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    Ok(())
}

/// Requests the download info of each file, and downloads the file to a temporary name in the same folder.
fn files(
    base: &str,
    dentry: &str,
    folder: &Path,
    count: usize,
    (limits, sync): (Limits, Sync),
) -> Result<(), Box<dyn Error>> {
    let agent = agent(DEFAULT_BUFFER, limits)?;
    let url = format!("{base}/v1.0/storage/spaces/s/dentries/{dentry}/downloadInfos/query?unionId=u");
    let mut block = vec![0; BLOCK];
    for number in 0..count {
        let signed = ask(&agent, &url)?;
        let mut request = agent.get(signed.resource_urls.first().ok_or("no URL")?);
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let answer = request.call()?;
        let length = answer.body().content_length().ok_or("no length")?;
        let (target, part) = (folder.join(number.to_string()), folder.join(format!("{number}.part")));
        let (mut file, mut written) = (File::create(&part)?, 0);
        each_block(&mut answer.into_body().into_reader(), &mut block, |bytes| {
            written += bytes.len() as u64;
            file.write_all(bytes)
        })?;
        if written != length {
            return Err("cut off".into());
        }
        if sync == Sync::Yes {
            file.sync_all()?;
        }
        drop(file);
        fs::rename(part, target)?;
        if sync == Sync::Yes {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Question {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    header_signature_info: Signature,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    resource_urls: Vec<String>,
    headers: HashMap<String, String>,
    #[expect(dead_code, reason = "a program that downloads for long reads it")]
    expiration_seconds: u64,
}

fn call(base: &str, count: usize, limits: Limits) -> Result<(), Box<dyn Error>> {
    let agent = agent(API_BUFFER, limits)?;
    for _ in 0..count {
        let url = format!("{base}/v1.0/storage/spaces/s/dentries/d/downloadInfos/query?unionId=u");
        if ask(&agent, &url)?.resource_urls.is_empty() {
            return Err("no URL".into());
        }
    }
    Ok(())
}

fn ask(agent: &Agent, url: &str) -> Result<Signature, Box<dyn Error>> {
    let body = serde_json::to_vec(&Question {})?;
    let request = agent.post(url).header("x-acs-dingtalk-access-token", "token");
    let bytes = request.content_type("application/json").send(&body[..])?.body_mut().read_to_vec()?;
    let answer: Answer = serde_json::from_slice(&bytes)?;
    Ok(answer.header_signature_info)
}
