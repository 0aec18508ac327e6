//! The origin of all transfers and calls: a private nginx on loopback, plain and with TLS 1.3.
//!
//! The origin plays both DingTalk (constant answers) and the object store (files, `PUT`, the checksum header).

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::places::{MIB, memory_folder, tool};

pub struct Origin {
    folder: TempDir,
    nginx: Child,
    /// The plain base URL, `http://127.0.0.1:port`.
    pub plain: String,
    pub tls: String,
    /// The path of the root certificate to trust, in PEM.
    pub root: PathBuf,
    /// The object for throughput and memory. Its name is also the id of its dentry.
    pub big: Object,
    /// The object for slow transfers.
    pub small: Object,
    /// The object for many small files.
    pub tiny: Object,
}

#[derive(Clone)]
pub struct Object {
    pub name: &'static str,
    pub size: u64,
    /// The path of the file, which is also the source of uploads.
    pub path: PathBuf,
    crc64: u64,
}

/// The space in bytes for the large object, its upload, and nginx's temporary copy of the upload.
const NEEDED: u64 = 6 * 1024 * MIB;

impl Origin {
    pub fn start(big: u64) -> Result<Self> {
        let program = tool("nginx", "nginx-light")?;
        // In memory if there is enough space, so that the disk does not slow down the origin.
        let folder = memory_folder(NEEDED).unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new().prefix("dingtalk-files-origin-").tempdir_in(folder)?;
        let www = folder.path().join("www");
        for name in ["www/put", "temp"] {
            fs::create_dir_all(folder.path().join(name))?;
        }
        let big = make_object(&www, "big", big)?;
        let small = make_object(&www, "small", big.size.min(64 * MIB))?;
        let tiny = make_object(&www, "tiny", 10 * 1024)?;
        let root = make_certificate(folder.path())?;
        let ports @ [plain_port, tls_port, ..] = [free_port()?, free_port()?, free_port()?, free_port()?];
        let config = folder.path().join("nginx.conf");
        fs::write(&config, configuration(folder.path(), ports, &[&big, &small, &tiny]))?;
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config)
            .arg("-e")
            .arg(folder.path().join("error.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Stops nginx if this program is killed.
        // SAFETY: between fork and exec, the closure makes one system call and does not access this program's memory.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
                Ok(())
            });
        }
        let nginx = command.spawn()?;
        let (plain, tls) =
            (format!("http://127.0.0.1:{plain_port}"), format!("https://127.0.0.1:{tls_port}"));
        let origin = Self { folder, nginx, plain, tls, root, big, small, tiny };
        origin.wait_for(plain_port)?;
        origin.wait_for(tls_port)?;
        Ok(origin)
    }

    /// Returns the host and port of the plain server.
    pub fn address(&self) -> &str {
        self.plain.trim_start_matches("http://")
    }

    /// Returns the same URL with a host name, which must be looked up.
    pub fn by_name(url: &str) -> String {
        url.replace("127.0.0.1", "localhost")
    }

    fn wait_for(&self, port: u16) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                let log = fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
                return Err(format!("nginx did not start: {log}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Ok(pid) = libc::pid_t::try_from(self.nginx.id()) {
            // SIGTERM also stops nginx's worker, which SIGKILL would leave running.
            // SAFETY: the child has not been reaped, so its pid is still valid.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        let _ = self.nginx.wait();
    }
}

/// Creates an object of random bytes with its checksum.
fn make_object(www: &Path, name: &'static str, size: u64) -> Result<Object> {
    let path = www.join(name);
    let mut file = BufWriter::new(File::create(&path)?);
    let mut digest = crc64fast::Digest::new();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut block = vec![0; 64 * 1024];
    let mut left = size;
    while left > 0 {
        block.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= block.len() as u64;
        for word in block.chunks_exact_mut(8) {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        digest.write(&block);
        file.write_all(&block)?;
    }
    file.flush()?;
    Ok(Object { name, size, path, crc64: digest.sum64() })
}

/// Creates a self-signed certificate for 127.0.0.1 and localhost, and returns its path. The certificate is its own
/// root.
fn make_certificate(folder: &Path) -> Result<PathBuf> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    let path = folder.join("certificate.pem");
    fs::write(&path, made.cert.pem())?;
    Ok(path)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Returns the configuration of nginx.
///
/// The objects have separate ports, because with DingTalk they are on a different host than the API. A client cannot
/// fetch them over the connection of a call.
fn configuration(folder: &Path, ports: [u16; 4], objects: &[&Object]) -> String {
    let [plain, tls, plain_objects, tls_objects] = ports;
    // As root, nginx would start its worker as a user who may not read the folder.
    // SAFETY: the call only returns a number.
    let user = if unsafe { libc::geteuid() } == 0 { "user root;" } else { "" };
    let folder = folder.display();
    let mut locations = String::new();
    for Object { name, crc64, .. } in objects {
        // The same file is downloaded and uploaded, so the checksum of an upload is known.
        locations.push_str(&format!(
            "location = /{name} {{ add_header x-oss-hash-crc64ecma {crc64}; }}
             location = /put/{name} {{ dav_methods PUT; add_header x-oss-hash-crc64ecma {crc64}; }}\n"
        ));
    }
    let answer = |fields: &str| format!("default_type application/json; return 200 '{{{fields}}}';");
    let signed = |url: &str| {
        answer(&format!(
            r#""protocol":"HEADER_SIGNATURE","uploadKey":"key","headerSignatureInfo":{{"headers":{{"Authorization":"OSS key:signature","x-oss-date":"Sat, 01 Jan 2022 10:00:00 GMT"}},"expirationSeconds":900,"region":"ZHANGJIAKOU","internalResourceUrls":[],"resourceUrls":["{url}"]}}"#
        ))
    };
    let download = signed("$scheme://$objects/$1");
    let upload = signed("$scheme://$objects/put/big");
    let commit = answer(r#""dentry":{"id":"d","spaceId":"s","name":"big","type":"FILE","status":"NORMAL"}"#);
    format!(
        "{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    root {folder}/www;
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    client_max_body_size 0;
    keepalive_requests 100000000;
    keepalive_timeout 900s;
    # Through a relay the objects are where the relay is.
    map $http_host $objects {{
        127.0.0.1:{plain} 127.0.0.1:{plain_objects};
        127.0.0.1:{tls} 127.0.0.1:{tls_objects};
        localhost:{plain} localhost:{plain_objects};
        localhost:{tls} localhost:{tls_objects};
        default $http_host;
    }}
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{plain_objects};
        listen 127.0.0.1:{tls} ssl;
        listen 127.0.0.1:{tls_objects} ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        {locations}
        location ~ ^/v1.0/storage/spaces/s/dentries/(.*)/downloadInfos/query$ {{ {download} }}
        location = /v1.0/storage/spaces/s/files/uploadInfos/query {{ {upload} }}
        location = /v1.0/storage/spaces/s/files/commit {{ {commit} }}
    }}
}}
"
    )
}
