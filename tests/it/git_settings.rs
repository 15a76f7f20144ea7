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
