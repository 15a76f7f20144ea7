//! Settings of git that would change what it answers, and that `-c` can't take back.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn lists_of_files_that_this_repository_lacks() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let commands = [&["status", "-q"][..], &["explain", ".env"], &["changes", "-q"]];
    let run = || commands.map(|command| sandbox.xtask(command).succeeds());
    let expected = run();
    let settings = [
        ("blame.ignoreRevsFile", ".git-blame-ignore-revs"),
        ("blame.ignoreRevsFile", ".another-one"),
        ("diff.orderFile", ".git-order"),
        ("log.showRoot", "false"),
        ("diff.upper.textconv", "tr a-z A-Z <"),
    ];
    let mut config = fs::read_to_string(sandbox.path(".git/config")).unwrap();
    for (name, value) in settings {
        let (section, key) = name.rsplit_once('.').unwrap();
        let section = section
            .split_once('.')
            .map_or(format!("[{section}]"), |(one, two)| format!("[{one} \"{two}\"]"));
        config += &format!("{section}\n\t{key} = {value}\n");
    }
    sandbox.write(".git/config", &config);
    sandbox.write(".git/info/attributes", "*.yaml diff=upper\n.env diff=upper\n");
    assert_eq!(run(), expected);
}

#[test]
fn every_push_address_gets_the_branch() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let remote = &sandbox.world.remote;
    let mirror = sandbox.world.root.join("mirror.git");
    sandbox.git(&format!("clone --quiet --bare {} {}", remote.display(), mirror.display()));
    let add = |address: &str| sandbox.git(&format!("remote set-url --add --push origin {address}"));
    add(&remote.display().to_string());
    add(&mirror.display().to_string());
    let branches = |folder| sandbox.git_in(folder, &["branch", "--list", "promote/*"], "");
    let args = ["promote", "--env", "pr-check", "--mr", "-q"];
    // The mirror takes no push options yet.
    let told = sandbox.xtask(&args).succeeds().stderr;
    let warning = "[root]/mirror.git`, where `origin` is pushed to as well: ".to_owned();
    assert!(told.contains(&warning), "{told}");
    sandbox.git_in(&mirror, &["config", "receive.advertisePushOptions", "true"], "");
    sandbox.git_in(
        remote,
        &["update-ref", "-d", "refs/heads/promote/qontract-reconcile/pr-check"],
        "",
    );
    assert!(!sandbox.xtask(&args).succeeds().stderr.contains("as well"));
    assert_eq!(branches(remote), branches(&mirror));
    assert_ne!(branches(remote), "");
}
