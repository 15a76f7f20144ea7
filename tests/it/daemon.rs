//! Upstreams that a real `git daemon` serves on the loopback interface.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::thread::{self, JoinHandle};

use crate::sandbox::{HEAD, Output, SCHEMAS_HEAD, Sandbox};

/// A `git daemon` whose repositories stand in for those of GitHub, until it is stopped or dropped.
struct Daemon {
    process: Child,
    port: u16,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Daemon {
    /// Serves the upstreams of a sandbox, and leads its checkout there.
    fn serve(sandbox: &Sandbox) -> Self {
        // Another process may take the port that was free.
        let daemon = (0..50).find_map(|_| Daemon::start(sandbox)).expect("some port is free");
        let upstream = sandbox.world.root.join("upstream");
        sandbox.git(&format!("config --remove-section url.{}/", upstream.display()));
        let here = format!("url.git://127.0.0.1:{}/.insteadOf", daemon.port);
        sandbox.git(&format!("config {here} https://github.com/app-sre/"));
        daemon
    }

    /// `None` if the port was taken.
    fn start(sandbox: &Sandbox) -> Option<Self> {
        // The program itself: killing `git` would leave it behind.
        let program = format!("{}/git-daemon", sandbox.git("--exec-path").trim_end());
        assert!(Path::new(&program).exists(), "`{program}`: `git-daemon` is a package of its own");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base = format!("--base-path={}", sandbox.world.root.join("upstream").display());
        let place = ["--listen=127.0.0.1", &format!("--port={port}"), "--export-all", &base];
        let mut process = sandbox.program(&program, &[&place[..], &["--verbose"]].concat()).spawn();
        let mut lines =
            BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        if !lines.any(|line| line.ends_with("Ready to rumble")) {
            process.wait().unwrap();
            return None;
        }
        Some(Daemon { process, port, log: Some(thread::spawn(move || lines.collect())) })
    }

    /// Stops it; what it was asked for, in the order of the names.
    fn stop(&mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let log = self.log.take().expect("it is stopped once").join().unwrap();
        let asked = log.iter().filter_map(|line| Some(line.split_once("Request ")?.1.to_owned()));
        let mut asked: Vec<_> = asked.collect();
        asked.sort();
        asked
    }

    /// What a run left behind, with `PORT` for the port.
    fn shown(&self, output: &Output) -> Output {
        let shown = |text: &str| text.replace(&format!(":{}/", self.port), ":PORT/");
        Output {
            stdout: shown(&output.stdout),
            stderr: shown(&output.stderr),
            status: output.status,
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const RECONCILE: &str = "upload-pack for '/qontract-reconcile'";
const SCHEMAS: &str = "upload-pack for '/qontract-schemas'";

/// The same as from a folder, and one round trip for each upstream.
#[test]
fn serves() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    let mut daemon = Daemon::serve(&sandbox);
    sandbox.xtask(&["changes"]).matches("changes");
    sandbox.xtask(&["qr-promote", "--dry-run"]).matches("qr-promote-dry-run");
    assert_eq!(daemon.stop(), [RECONCILE, RECONCILE, SCHEMAS]);
    assert_eq!(sandbox.state(), before);
}

#[test]
fn stops() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::serve(&sandbox);
    let online = sandbox.xtask(&["changes", "-q"]).succeeds();
    let promoted = sandbox.xtask(&["qr-promote", "-n", "-q"]).succeeds();
    daemon.stop();
    let before = sandbox.state();
    for args in [&["changes"][..], &["qr-promote", "-n"], &["qr-promote"]] {
        daemon.shown(&sandbox.xtask(args)).matches("daemon-stopped");
    }
    daemon.shown(&sandbox.xtask(&["changes", "--format", "json"])).matches("daemon-stopped-json");
    assert_eq!(sandbox.xtask(&["changes", "--offline", "-q"]), online);
    // Whether the schemas are behind is a question for their upstream.
    let offline = sandbox.offline(&["qr-promote", "-n"]);
    assert_eq!((offline.status, offline.stdout), (0, promoted.stdout));
    assert_eq!(sandbox.state(), before);
}

/// A server that knows no filters sends everything; also later.
#[test]
fn serves_without_filters() {
    let sandbox = Sandbox::new();
    for upstream in [&sandbox.world.reconcile, &sandbox.world.schemas] {
        sandbox.git_in(&upstream.path, &["config", "--unset", "uploadpack.allowFilter"], "");
    }
    let mut daemon = Daemon::serve(&sandbox);
    sandbox.xtask(&["changes"]).matches("changes");
    sandbox.xtask(&["qr-promote", "--dry-run"]).matches("qr-promote-dry-run");
    let ann = "Ann <ann@example.com>";
    sandbox.grow(&sandbox.world.reconcile, &[HEAD], ann, "Rest\n");
    sandbox.grow(&sandbox.world.schemas, &[SCHEMAS_HEAD], ann, "Rest\n");
    sandbox.xtask(&["changes", "--from", HEAD]).matches("daemon-grown");
    assert_eq!(daemon.stop(), [RECONCILE, RECONCILE, RECONCILE, SCHEMAS]);
}

#[test]
fn serves_no_such_repository() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::serve(&sandbox);
    let online = sandbox.xtask(&["changes", "-q"]).succeeds();
    fs::remove_dir_all(&sandbox.world.reconcile.path).unwrap();
    daemon.shown(&sandbox.xtask(&["changes"])).matches("daemon-missing");
    assert_eq!(sandbox.xtask(&["changes", "--offline", "-q"]), online);
    assert_eq!(daemon.stop(), [RECONCILE; 2], "no second try");
}
