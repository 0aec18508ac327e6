//! Downloads the origin's file with this crate or with plain ureq.
//!
//! `fetch ours N URL PATH` uses this crate with N connections. `fetch plain N URL PATH` uses plain ureq: 16 parts over
//! N threads, each with its own connection. URL is that of the origin, which serves the file as `/file`.

use std::error::Error;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dingtalk_files::{Client, UnionId};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const PARTS: usize = 16;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [who, connections, url, path] = args.as_slice() else {
        return Err("usage: fetch ours|plain CONNECTIONS URL PATH".into());
    };
    let connections = connections.parse()?;
    match who.as_str() {
        "ours" => ours(connections, url, path),
        "plain" => plain(connections, url, path),
        other => Err(format!("{other} is neither `ours` nor `plain`").into()),
    }
}

fn ours(connections: usize, url: &str, path: &str) -> Outcome {
    let client = Client::builder().access_token("token").base_url(url).no_proxy().build()?;
    client.file("space", "file", UnionId("operator")).download().parallel(connections).to_file(path)?;
    Ok(())
}

fn plain(connections: usize, url: &str, path: &str) -> Outcome {
    let url = format!("{url}/file");
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let head = agent.head(&url).call()?;
    let size = head.headers().get("content-length").ok_or("no length")?.to_str()?.parse()?;
    File::create(path)?.set_len(size)?;
    let parts = dingtalk_files::plan(size, PARTS);
    let next = AtomicUsize::new(0);
    let work = || -> Outcome {
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let range = format!("bytes={}-{}", part.start, part.end - 1);
            let mut answer = agent.get(&url).header("range", range).call()?;
            let mut file = File::options().write(true).open(path)?;
            file.seek(SeekFrom::Start(part.start))?;
            std::io::copy(&mut answer.body_mut().as_reader(), &mut file)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}
