//! Settings of git that would change what it answers, and how the tool is kept apart from them.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn lists_of_files_that_this_repository_lacks() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let commands = [&["status", "-q"][..], &["explain", ".env"], &["changes", "-q"]];
    let run = || commands.map(|command| sandbox.xtask(command).succeeds());
    let expected = run();
    set(
        &sandbox,
        &[
            ("blame.ignoreRevsFile", ".git-blame-ignore-revs"),
            ("blame.ignoreRevsFile", ".another-one"),
            ("diff.orderFile", ".git-order"),
            ("log.showRoot", "false"),
            ("diff.upper.textconv", "tr a-z A-Z <"),
        ],
    );
    sandbox.write(".git/info/attributes", "*.yaml diff=upper\n.env diff=upper\n");
    assert_eq!(run(), expected);
}

#[test]
fn the_history_of_a_renamed_file() {
    let sandbox = Sandbox::covered();
    let promote = |path: &str| {
        sandbox.replace(path, ": latest", ": 7a734a7");
        sandbox.git("add --all");
        let inés = ["-c", "user.name=Inés", "commit", "--quiet", "--message=Größer"];
        sandbox.git_in(&sandbox.path(""), &inés, "");
    };
    let old = "data/pipelines/tekton-provider-global-defaults.yaml";
    promote(old);
    let others = ["a", "b", "c", "d"];
    for other in others {
        sandbox.write(&format!("data/old/{other}.yml"), &format!("{other}: {other}\n").repeat(20));
    }
    sandbox.commit_all();
    fs::rename(sandbox.path("data/old"), sandbox.path("data/new")).unwrap();
    let new = "data/new/defaults.yml";
    fs::rename(sandbox.path(old), sandbox.path(new)).unwrap();
    for path in others.map(|other| format!("data/new/{other}.yml")).iter().chain([&new.to_owned()])
    {
        sandbox.write(path, &(sandbox.read(path) + "# moved\n"));
    }
    sandbox.commit_all();
    let run = || sandbox.xtask(&["explain", &format!("{new}:12")]).succeeds();
    let expected = run();
    assert!(expected.stdout.contains("Inés") && expected.stdout.contains("Größer"), "{expected:?}");
    let settings = [
        ("log.follow", "true"),
        ("diff.renameLimit", "1"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
    ];
    for setting in settings {
        set(&sandbox, &[setting]);
        assert_eq!(run(), expected, "{setting:?}");
    }
}

/// Adds settings to the configuration of the checkout.
fn set(sandbox: &Sandbox, settings: &[(&str, &str)]) {
    let mut config = sandbox.read(".git/config");
    for (name, value) in settings {
        let (section, key) = name.rsplit_once('.').unwrap();
        let section = section
            .split_once('.')
            .map_or(format!("[{section}]"), |(one, two)| format!("[{one} \"{two}\"]"));
        config += &format!("{section}\n\t{key} = {value}\n");
    }
    sandbox.write(".git/config", &config);
}
