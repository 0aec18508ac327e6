//! The same jobs with ureq and serde_json by hand, as a careful program without this crate would do them. No checksum, no
//! resume, no retry. `$BENCH_ROOT` names the root certificate to trust.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

// Otherwise unused: its feature `release_max_level_debug` is what counts.
use log as _;
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

const USAGE: &str = "plain-ureq copy URL FILE|-
plain-ureq blocks URL FILE|-
plain-ureq ranges URL FILE CONNECTIONS
plain-ureq upload URL FILE
plain-ureq call BASE COUNT
plain-ureq first BASE";

const BLOCK: usize = 256 * 1024;
const DEFAULT_BUFFER: usize = 128 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["copy", url, to] => {
            let mut body = agent(DEFAULT_BUFFER)?.get(url).call()?.into_body().into_reader();
            match to {
                "-" => io::copy(&mut body, &mut io::sink())?,
                path => io::copy(&mut body, &mut File::create(path)?)?,
            };
            Ok(())
        }
        ["blocks", url, to] => blocks(url, to),
        ["ranges", url, path, connections] => ranges(url, path, connections.parse()?),
        ["upload", url, path] => {
            agent(DEFAULT_BUFFER)?.put(url).header("expect", "100-continue").send(File::open(path)?)?;
            Ok(())
        }
        ["call", base, count] => call(base, count.parse()?),
        ["first", base] => call(base, 1),
        _ => Err(USAGE.into()),
    }
}

fn agent(buffer: usize) -> Result<Agent, Box<dyn Error>> {
    let config = Agent::config_builder().proxy(None).input_buffer_size(buffer).output_buffer_size(buffer);
    let Some(path) = std::env::var_os("BENCH_ROOT") else { return Ok(config.build().new_agent()) };
    let pem = std::fs::read(path)?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let roots = RootCerts::Specific(Arc::new(certificates.collect()));
    Ok(config.tls_config(TlsConfig::builder().root_certs(roots).build()).build().new_agent())
}

/// Fills a large block before it is written.
fn blocks(url: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let mut writer: Box<dyn Write> = match to {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let mut body = agent(BLOCK)?.get(url).call()?.into_body().into_reader();
    each_block(&mut body, |bytes| writer.write_all(bytes))?;
    Ok(())
}

fn each_block(body: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
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
    let agent = agent(BLOCK)?;
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
                    each_block(&mut answer.into_body().into_reader(), |bytes| {
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

#[derive(Serialize)]
struct Question {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    header_signature_info: Signature,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "a program that downloads reads them")]
struct Signature {
    resource_urls: Vec<String>,
    headers: HashMap<String, String>,
    expiration_seconds: u64,
}

fn call(base: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let agent = agent(16 * 1024)?;
    for _ in 0..count {
        let url = format!("{base}/v1.0/storage/spaces/s/dentries/d/downloadInfos/query?unionId=u");
        let body = serde_json::to_vec(&Question {})?;
        let request = agent.post(url).header("x-acs-dingtalk-access-token", "token");
        let bytes = request.content_type("application/json").send(&body[..])?.body_mut().read_to_vec()?;
        let answer: Answer = serde_json::from_slice(&bytes)?;
        if answer.header_signature_info.resource_urls.is_empty() {
            return Err("no URL".into());
        }
    }
    Ok(())
}
