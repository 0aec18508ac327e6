//! A GET without an HTTP library, to measure the cost of the socket, rustls and the file alone. `$BENCH_ROOT` is the
//! path of the root certificate to trust.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const BLOCK: usize = 256 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ["download", url, to] = args[..] else { return Err("raw download URL FILE|-".into()) };
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_once('/').ok_or("no path")?;
    let socket = TcpStream::connect(authority)?;
    match scheme {
        "http" => get(socket, authority, path, to),
        _ => get(tls(socket, authority)?, authority, path, to),
    }
}

fn tls(
    socket: TcpStream,
    authority: &str,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    let path = std::env::var("BENCH_ROOT")?;
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let host = authority.split(':').next().unwrap_or_default().to_owned();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host)?)?;
    Ok(StreamOwned::new(connection, socket))
}

fn get(mut stream: impl Read + Write, host: &str, path: &str, to: &str) -> Result<(), Box<dyn Error>> {
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut writer: Box<dyn Write> = match to {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let mut block = vec![0; BLOCK];
    let mut filled = 0;
    let (body, mut left) = loop {
        let n = stream.read(&mut block[filled..])?;
        if n == 0 {
            return Err("no head".into());
        }
        filled += n;
        if let Some(end) = block[..filled].windows(4).position(|w| w == b"\r\n\r\n") {
            break (end + 4, length(&block[..end])?);
        }
    };
    block.copy_within(body..filled, 0);
    filled -= body;
    while left > 0 {
        while filled < block.len() && (filled as u64) < left {
            match stream.read(&mut block[filled..])? {
                0 => return Err("cut off".into()),
                n => filled += n,
            }
        }
        writer.write_all(&block[..filled])?;
        left -= filled as u64;
        filled = 0;
    }
    Ok(())
}

fn length(head: &[u8]) -> Result<u64, Box<dyn Error>> {
    let head = std::str::from_utf8(head)?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(head.lines().next().unwrap_or_default().into());
    }
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(lengths.next().ok_or("no length")?.1.parse()?)
}
