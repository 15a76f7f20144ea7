//! Nothing lasts for ever: a server that drips, a file that isn't one, a file without an end.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use world::executable;

use crate::sandbox::Sandbox;

#[test]
fn a_server_that_goes_on_talking() {
    let sandbox = Sandbox::covered();
    let ssh = sandbox.world.root.join("ssh");
    executable(&ssh, "#!/bin/sh\nwhile :; do echo . >&2; sleep 0.05; done\n").unwrap();
    sandbox.replace("promote.toml", "https://github.com/app-sre/", "git@github.com:app-sre/");
    let run = |limit: &str| {
        let begun = Instant::now();
        let run = sandbox.command(&["changes", "-q"]).env("XTASK_NETWORK_LIMIT", limit);
        let output = run.env("GIT_SSH_COMMAND", &ssh).run();
        assert!(begun.elapsed() < Duration::from_secs(20));
        output
    };
    run("1s").assert(
        1,
        "",
        "error: can't fetch `git@github.com:app-sre/qontract-reconcile`: timed out: not done in 1 s\n  \
         help: check the network and the VPN, then run it again; where it only takes long, give it \
         more time, as in `XTASK_NETWORK_LIMIT=1h`; `--offline` does without the upstream\n",
    );
    run("soon").assert(
        1,
        "",
        "error: can't fetch `git@github.com:app-sre/qontract-reconcile`: `XTASK_NETWORK_LIMIT` is `soon`, expected a \
         duration such as `90s`, `15m`, `1h30m` or `2d`\n",
    );
}

/// What would stop a reader for good, or for long: a pipe in the place of a tracked file, one in a
/// folder behind a link, a device, and a file of 40 MB.
#[test]
fn what_is_no_file() {
    let sandbox = Sandbox::covered();
    let folder = sandbox.path("data/odd");
    fs::create_dir(&folder).unwrap();
    for name in ["pipe.yml", "linked.yml", "device.yml", "large.yml"] {
        sandbox.write(&format!("data/odd/{name}"), "qontract_reconcile_image_tag: 47fbced\n");
    }
    fs::create_dir(folder.join("moved")).unwrap();
    sandbox.write("data/odd/moved/a.yml", "qontract_reconcile_image_tag: 47fbced\n");
    sandbox.commit_all();
    for name in ["pipe.yml", "device.yml", "linked.yml"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    pipe(&folder.join("pipe.yml"));
    pipe(&sandbox.path("data/odd/untracked.yml"));
    symlink("/dev/zero", folder.join("device.yml")).unwrap();
    symlink("large.yml", folder.join("linked.yml")).unwrap();
    fs::rename(folder.join("moved"), sandbox.world.root.join("outside")).unwrap();
    symlink(sandbox.world.root.join("outside"), folder.join("moved")).unwrap();
    let large = File::options().append(true).open(folder.join("large.yml")).unwrap();
    large.set_len(40 << 20).unwrap();

    let told = "`data/odd/large.yml`: has 40 MB, and pins are looked for in files of at most 32 MB";
    let begun = Instant::now();
    for command in [&["status", "-q"][..], &["qr-promote", "-n", "-q"], &["discover"]] {
        let output = sandbox.xtask(command).succeeds();
        assert_eq!(output.stderr.matches(told).count(), 1, "{}", output.stderr);
        let odd = [&*output.stdout, &*output.stderr].concat().matches("data/odd/").count();
        assert_eq!(odd, 1, "{}{}", output.stdout, output.stderr);
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_pin_in_what_is_no_file() {
    let sandbox = Sandbox::covered();
    let pin = "resources/jenkins/global/defaults.yaml";
    let large = File::options().append(true).open(sandbox.path(pin)).unwrap();
    large.set_len(40 << 20).unwrap();
    let run = || sandbox.offline(&["promote", "--env", "jenkins", "-n"]);
    let refused = format!(
        "error: `{pin}`: has 40 MB, and pins are looked for in files of at most 32 MB\n  \
         help: move what is not about versions into another file\n"
    );
    run().assert(1, "", &refused);
    fs::remove_file(sandbox.path(pin)).unwrap();
    assert!(Command::new("mkfifo").arg(sandbox.path(pin)).status().unwrap().success());
    run().assert(1, "", &format!("error: `{pin}`: is not a regular file\n"));

    let globbed = "data/services/app-interface/shared-resources/large.yml";
    sandbox.write(globbed, "a: b\n");
    let large = File::options().append(true).open(sandbox.path(globbed)).unwrap();
    large.set_len((40 << 20) - 100).unwrap();
    let run = || sandbox.offline(&["promote", "--env", "tekton", "-n"]);
    assert_eq!(run().status, 0);
    (&large).write_all(b"qontract_reconcile_image_tag").unwrap();
    run().assert(1, "", &refused.replace(pin, globbed));
}

#[test]
fn numbers_that_no_clock_has() {
    let sandbox = Sandbox::covered();
    let run = sandbox.command(&["changes", "-q"]).env("XTASK_NETWORK_LIMIT", u64::MAX.to_string());
    run.run().assert(
        1,
        "",
        &format!(
            "error: can't fetch `[root]/upstream/qontract-reconcile`: `XTASK_NETWORK_LIMIT` is `{}`, \
             expected a duration such as `90s`, `15m`, `1h30m` or `2d`\n",
            u64::MAX
        ),
    );
    let run = sandbox.command(&["status", "-q"]).env("SOURCE_DATE_EPOCH", i64::MIN.to_string());
    assert_eq!(run.run().succeeds().stderr, "");
}
