//! A `redis-server` of one's own for the demo and the tests: on a free loopback port, in memory only.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

/// Dropping the value ends the server and removes its folder.
pub struct PrivateRedis {
    server: Child,
    folder: PathBuf,
    port: u16,
}

impl PrivateRedis {
    /// Fails with [`io::ErrorKind::NotFound`] if there is no `redis-server`. `REDIS_SERVER` names another program.
    pub fn start() -> io::Result<Self> {
        // Another process may take the port before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let folder = env::temp_dir().join(format!("fleet-redis-{}-{port}", process::id()));
            fs::create_dir(&folder)?;
            let program = env::var_os("REDIS_SERVER").filter(|path| !path.is_empty());
            let mut command = Command::new(program.unwrap_or("redis-server".into()));
            command.args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command
                .arg("--dir")
                .arg(&folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let server = command.spawn().inspect_err(|_| drop(fs::remove_dir(&folder)))?;
            let mut redis = Self { server, folder, port };
            if redis.is_ready()? {
                return Ok(redis);
            }
        }
        Err(io::Error::other("redis-server does not start"))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Waits until this server responds, and not another one on the same port.
    fn is_ready(&mut self) -> io::Result<bool> {
        let client = redis::Client::open(self.url()).map_err(io::Error::other)?;
        let own = format!("process_id:{}\r\n", self.server.id());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) && self.server.try_wait()?.is_none() {
            let info =
                client.get_connection().and_then(|mut redis| redis::cmd("INFO").query::<String>(&mut redis));
            if info.is_ok_and(|info| info.contains(&own)) {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
