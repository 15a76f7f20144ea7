//! Servers on this machine: one that answers as the test says, and the reference registry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// What a [`Server`] answers to leave the connection open without a word.
pub const HANG: &str = "";

/// An HTTP server that answers as the test says, one request after the other.
pub struct Server {
    /// Host and port.
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// `answer` gets `METHOD PATH`, with a blank and the value of `Authorization` if there is one.
    pub fn start(mut answer: impl FnMut(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: listener.local_addr().unwrap().to_string(),
            requests: Arc::default(),
            stopped: Arc::default(),
        };
        let (requests, stopped) = (Arc::clone(&server.requests), Arc::clone(&server.stopped));
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let Some(request) = read_request(&stream) else { continue };
                requests.lock().unwrap().push(request.clone());
                match answer(&request).as_str() {
                    HANG => hanging.push(stream),
                    // It fails where the client has heard enough.
                    text => drop(stream.write_all(text.as_bytes())),
                }
            }
        });
        server
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn read_request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let line = lines.next()?;
    let mut request = line.rsplit_once(' ')?.0.to_owned();
    for header in lines.take_while(|line| !line.is_empty()) {
        if let Some(value) = header.strip_prefix("Authorization: ") {
            request.push(' ');
            request.push_str(value);
        }
    }
    Some(request)
}

/// An answer; `headers` are lines without their ends.
pub fn answer(status: u16, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Debian's `docker-registry`, with its storage in a folder.
pub struct Reference {
    /// Host and port.
    pub address: String,
    process: Child,
}

impl Reference {
    /// Starts it; `auth` is what its configuration says about logins, if anything.
    pub fn start(folder: &Path, auth: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let storage = folder.join("storage");
        let config = folder.join(format!("{port}.yml"));
        let text = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '{address}'}}\n{auth}",
            storage.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("`docker-registry`: {error}; `apt-get install docker-registry` installs it")
            });
        let reference = Reference { address, process };
        let begun = Instant::now();
        while TcpStream::connect(&reference.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "docker-registry doesn't listen");
            thread::sleep(Duration::from_millis(5));
        }
        reference
    }

    /// Stores a blob. `digest` is its own.
    pub fn push_blob(&self, name: &str, digest: &str, content: &str) {
        let path = format!("/v2/{name}/blobs/uploads/");
        let started = self.send("POST", &path, &[], "");
        let location = started.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
        let path = location.split_once(&self.address).map_or(location, |(_, path)| path);
        self.send("PUT", &format!("{path}&digest={digest}"), &[], content);
    }

    /// Stores a manifest, by a tag or by its digest.
    pub fn push_manifest(&self, name: &str, tag: &str, media_type: &str, content: &str) {
        let path = format!("/v2/{name}/manifests/{tag}");
        self.send("PUT", &path, &[&format!("Content-Type: {media_type}")], content);
    }

    fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{method} {path}: {answer}");
        answer
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
