//! Nothing lasts for ever: a server that drips, a file that isn't one, a file without an end.

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
