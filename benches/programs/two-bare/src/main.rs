//! Downloads a stored file and sends it with ureq and serde_json alone: the smallest possible program.

use std::collections::HashMap;
use std::error::Error;
use std::io::{Read, Write};

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

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1).unwrap_or("https://api.dingtalk.com".into());
    let agent = ureq::Agent::new_with_defaults();
    let post = |path: &str, token: Option<&str>, body: Vec<u8>| -> Result<Vec<u8>, ureq::Error> {
        let mut request = agent.post(format!("{base}{path}")).content_type("application/json");
        if let Some(token) = token {
            request = request.header("x-acs-dingtalk-access-token", token);
        }
        request.send(&body[..])?.body_mut().read_to_vec()
    };
    let ask = serde_json::to_vec(&TokenRequest { app_key: "key", app_secret: "secret" })?;
    let token: Token = serde_json::from_slice(&post("/v1.0/oauth2/accessToken", None, ask)?)?;
    let token = Some(&token.access_token[..]);

    let path = "/v1.0/storage/spaces/1/dentries/2/downloadInfos/query?unionId=u";
    let info: Info = serde_json::from_slice(&post(path, token, b"{}".to_vec())?)?;
    let url = info.header_signature_info.resource_urls.first().ok_or("no URL")?;
    let mut request = agent.get(url);
    for (name, value) in &info.header_signature_info.headers {
        request = request.header(name, value);
    }
    let mut reader = request.call()?.into_body().into_reader();
    let mut out = std::fs::File::create("out.bin")?;
    let mut block = vec![0; 65536];
    loop {
        match reader.read(&mut block)? {
            0 => break,
            n => out.write_all(&block[..n])?,
        }
    }

    let send = serde_json::to_vec(&Send { space_id: "1", dentry_id: "2" })?;
    post("/v1.0/convFile/apps/conversations/files/send?unionId=u", token, send)?;
    Ok(())
}
