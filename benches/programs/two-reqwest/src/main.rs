//! Downloads a stored file and sends it with reqwest's blocking client.

use std::collections::HashMap;
use std::error::Error;

use reqwest::blocking::Client;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest<'a> {
    app_key: &'a str,
    app_secret: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_token: String,
}

#[derive(Serialize)]
struct InfoRequest {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    header_signature_info: Signature,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    resource_urls: Vec<String>,
    headers: HashMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Send<'a> {
    space_id: &'a str,
    dentry_id: &'a str,
}

const TOKEN: &str = "x-acs-dingtalk-access-token";

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1).unwrap_or("https://api.dingtalk.com".into());
    let client = Client::new();
    let ask = TokenRequest { app_key: "key", app_secret: "secret" };
    let token: Token = client.post(format!("{base}/v1.0/oauth2/accessToken")).json(&ask).send()?.json()?;

    let url = format!("{base}/v1.0/storage/spaces/1/dentries/2/downloadInfos/query?unionId=u");
    let request = client.post(url).header(TOKEN, &token.access_token).json(&InfoRequest {});
    let info: Info = request.send()?.error_for_status()?.json()?;
    let mut request = client.get(info.header_signature_info.resource_urls.first().ok_or("no URL")?);
    for (name, value) in &info.header_signature_info.headers {
        request = request.header(name, value);
    }
    request.send()?.error_for_status()?.copy_to(&mut std::fs::File::create("out.bin")?)?;

    let url = format!("{base}/v1.0/convFile/apps/conversations/files/send?unionId=u");
    let send = Send { space_id: "1", dentry_id: "2" };
    client.post(url).header(TOKEN, &token.access_token).json(&send).send()?.error_for_status()?;
    Ok(())
}
