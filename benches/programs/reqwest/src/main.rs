//! The same calls with reqwest's blocking client. `$BENCH_ROOT` is the path of the root certificate to trust.

use std::collections::HashMap;
use std::error::Error;

use reqwest::Certificate;
use reqwest::blocking::Client;
use serde::{Deserialize, Serialize};

const USAGE: &str = "plain-reqwest call BASE COUNT
plain-reqwest first BASE";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["call", base, count] => call(base, count.parse()?),
        ["first", base] => call(base, 1),
        _ => Err(USAGE.into()),
    }
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
    let mut builder = Client::builder().no_proxy();
    if let Some(path) = std::env::var_os("BENCH_ROOT") {
        builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(path)?)?);
    }
    let client = builder.build()?;
    for _ in 0..count {
        let url = format!("{base}/v1.0/storage/spaces/s/dentries/d/downloadInfos/query?unionId=u");
        let request = client.post(url).header("x-acs-dingtalk-access-token", "token").json(&Question {});
        let answer: Answer = request.send()?.error_for_status()?.json()?;
        if answer.header_signature_info.resource_urls.is_empty() {
            return Err("no URL".into());
        }
    }
    Ok(())
}
