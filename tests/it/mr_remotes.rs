//! Where a merge request is fetched from and pushed to.

use std::fs;
use std::path::Path;

use crate::case::{Case, GITLAB, hook};
use crate::mr::{OLDER, jenkins, line, sandbox};
use crate::sandbox::{Output, Sandbox};

/// A second remote that takes push options.
pub fn fork(sandbox: &Sandbox) {
    let (remote, fork) = (&sandbox.world.remote, sandbox.world.root.join("fork.git"));
    sandbox.git(&format!("clone --quiet --bare {} {}", remote.display(), fork.display()));
    sandbox.git(&format!("-C {} config receive.advertisePushOptions true", fork.display()));
    sandbox.git(&format!("remote add fork {}", fork.display()));
    hook(&fork, "post-receive", GITLAB);
}

#[test]
fn to_a_fork() {
    let sandbox = sandbox();
    fork(&sandbox);
    let run = jenkins(&sandbox, &["--remote", "fork", "--ref", OLDER]);
    assert_eq!(
        line(&run, "opened: "),
        "opened: https://gitlab.example.com/service/app-interface/-/merge_requests/7 (promote/qontract-reconcile/jenkins -> master)"
    );
    assert_eq!(Case::at(&sandbox).there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
    let there = sandbox.world.root.join("fork.git");
    let branches = sandbox.git_in(&there, &["for-each-ref", "--format=%(refname)"], "");
    assert_eq!(branches, "refs/heads/master\nrefs/heads/promote/qontract-reconcile/jenkins");
}

/// One remote may be fetched from the project and pushed to a fork of it.
#[test]
fn to_a_fork_by_its_push_address() {
    let sandbox = sandbox();
    fork(&sandbox);
    let host = "gitlab.example.com";
    let there = sandbox.world.root.join("fork.git");
    let project = format!("https://{host}/service/app-interface.git");
    let addresses = [
        (project.clone(), &sandbox.world.remote),
        (format!("git@{host}:service/app-interface.git"), &sandbox.world.remote),
        (format!("git@{host}:ada/app-interface.git"), &there),
    ];
    for (address, path) in &addresses {
        sandbox.git(&format!("config --add url.{}.insteadOf {address}", path.display()));
    }
    sandbox.git(&format!("remote set-url origin {project}"));
    let target = "merge_request.target_project=service/app-interface";
    for ((address, path), is_fork) in addresses.iter().zip([false, false, true]) {
        sandbox.git(&format!("remote set-url --push origin {address}"));
        hook(path, "post-receive", GITLAB);
        let run = jenkins(&sandbox, &["--ref", OLDER]).succeeds();
        let options = fs::read_to_string(path.join("options")).unwrap();
        assert_eq!(options.lines().any(|option| option == target), is_fork, "{address}: {run:?}");
        hook(path, "post-receive", "");
        let run = jenkins(&sandbox, &["--ref", OLDER]).succeeds();
        let owner = if is_fork { "ada" } else { "service" };
        let page = format!("pushed only; open it at: https://{host}/{owner}/app-interface/-/merge");
        assert!(line(&run, "pushed only").starts_with(&page), "{address}: {run:?}");
        let branch = "refs/heads/promote/qontract-reconcile/jenkins";
        sandbox.git_in(path, &["update-ref", "-d", branch], "");
    }
}

/// Where git itself would push to: the branch's own setting, then the general one.
#[test]
fn where_git_pushes_to() {
    let sandbox = sandbox();
    fork(&sandbox);
    let there = sandbox.world.root.join("fork.git");
    let branches = |folder: &Path| {
        let format = "--format=%(refname:strip=2)";
        sandbox.git_in(folder, &["for-each-ref", format, "refs/heads/promote"], "")
    };
    let branch = "promote/qontract-reconcile/jenkins";
    let check = |setting: &str, option: &[&str], is_fork: bool| {
        sandbox.git(&format!("config {setting}"));
        jenkins(&sandbox, &[&["--ref", OLDER], option].concat()).succeeds();
        let (here, other) = (branches(&there), branches(&sandbox.world.remote));
        let expected = if is_fork { (branch, "") } else { ("", branch) };
        assert_eq!((&*here, &*other), expected, "{setting}");
        for folder in [&there, &sandbox.world.remote] {
            let name = format!("refs/heads/{branch}");
            sandbox.git_in(folder, &["update-ref", "-d", &name], "");
        }
    };
    check("remote.pushDefault fork", &[], true);
    check("remote.pushDefault fork", &["--remote", "origin"], false);
    check("branch.master.pushRemote origin", &[], false);
    check("branch.other.pushRemote fork", &[], false);
    check("branch.master.pushRemote fork", &[], true);
    sandbox.git("config branch.master.pushRemote nope");
    jenkins(&sandbox, &[]).matches("mr-no-such-push-remote");
    sandbox.git("remote rename origin gitlab");
    jenkins(&sandbox, &[]).matches("mr-no-such-remote");
}

#[test]
fn remotes_and_branches_that_are_none() {
    let sandbox = sandbox();
    let mut all = String::new();
    for option in ["--remote", "--target-branch"] {
        for value in [
            "nope",
            "",
            "-x",
            "--upload-pack=x",
            "two words",
            "a\u{1b}[31m",
            "a..b",
            "a//b",
            "ext::sh",
            "refs/heads/master",
            "HEAD",
            "@{-1}",
            "x=y",
            "../nope",
        ] {
            let value = format!("{option}={value}");
            let run = jenkins(&sandbox, &["--ref", OLDER, &value]);
            assert_ne!(run.status, 0, "{value}");
            all += &format!("$ {}\n{}\n", value.escape_default(), run.stderr);
        }
    }
    Output::of(all).matches("mr-no-such-place");
    assert_eq!(Case::at(&sandbox).there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
}
