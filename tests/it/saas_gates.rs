//! The gates of a saas file: what the merge of its promotion would fail at.

use crate::saas::{FILE, muo};

#[test]
fn gates_and_hotfixes() {
    let sandbox = muo();
    let stage = sandbox
        .read(FILE)
        .replace("ref: master", &format!("ref: {}", sandbox.world.reconcile.commits[11]));
    sandbox.write(FILE, &stage);
    sandbox.commit_all();
    let promote = ["promote", "muo", "hivep01", "-q", "--no-image-check"];
    sandbox.xtask(&[&promote[..], &["-n"]].concat()).matches("saas-gate");
    sandbox.xtask(&[&promote[..], &["--strict"]].concat()).matches("saas-gate-strict");
    sandbox.xtask(&[&promote[..], &["--hotfix", "--commit"]].concat()).matches("saas-hotfix");
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn target_branches_with_other_targets() {
    let sandbox = muo();
    let before = sandbox.read(FILE);
    sandbox.git("push --quiet origin HEAD:master");
    let more = before.replace("    name: last\n", "    name: renamed\n");
    sandbox.write(FILE, &more);
    sandbox.commit_all();
    sandbox.xtask(&["promote", "muo", "hivep03", "--mr", "-n", "-q"]).matches("saas-other-targets");
}

/// With `--mr`, the gates are those of the target branch: what its publishers run, since when by its
/// history, and what its apps block.
#[test]
fn gates_of_the_target_branch() {
    let sandbox = muo();
    let head = sandbox.world.reconcile.commits.last().unwrap().clone();
    let promote = ["promote", "muo", "hivep01", "--no-image-check", "-n", "-q"];
    let told = |more: &[&str]| sandbox.xtask(&[&promote[..], more].concat()).stderr;
    // A branch that a stage follows runs what it has; here, the stage is pinned.
    sandbox.replace(
        FILE,
        "ref: master\n    promotion:\n      publish",
        &format!("ref: {}\n    promotion:\n      publish", sandbox.world.reconcile.commits[3]),
    );
    sandbox.commit_all();
    let behind = sandbox.git("rev-parse HEAD");
    sandbox.replace(FILE, &sandbox.world.reconcile.commits[3].clone(), &head);
    sandbox.commit_all();
    sandbox.git("push --quiet origin HEAD:master");
    sandbox.git(&format!("reset --quiet --hard {behind}"));
    let waits = "waits on `muo-stage`";
    assert_eq!((told(&[]).matches(waits).count(), told(&["--mr"]).matches(waits).count()), (1, 0));
    sandbox.git("reset --quiet --hard origin/master");
    let app = "data/services/muo/app.yml";
    sandbox.write(app, &(sandbox.read(app) + &format!("  blockedVersions: [{head}]\n")));
    sandbox.commit_all();
    sandbox.git("push --quiet origin HEAD:master");
    sandbox.git("reset --quiet --hard HEAD~1");
    let blocked = "is among the `blockedVersions`";
    let count = |more: &[&str]| told(more).matches(blocked).count();
    assert_eq!((count(&[]), count(&["--mr"])), (0, 1));
}

/// A publisher may stand in a saas file that only the target branch has.
#[test]
fn publishers_of_the_target_branch() {
    let sandbox = muo();
    let text = sandbox.read(FILE);
    sandbox.write(FILE, &text.replace("publish:\n      - muo-stage", "publish:\n      - old"));
    sandbox.commit_all();
    let stage = text.replace("name: saas-muo\n", "name: saas-muo-stage\n");
    sandbox.write("data/services/muo/cicd/saas-muo-stage.yaml", &stage);
    sandbox.commit_all();
    sandbox.git("push --quiet origin HEAD:master");
    sandbox.git("reset --quiet --hard HEAD~1");
    let promote = ["promote", "muo", "hivep01", "--no-image-check", "-n", "-q"];
    sandbox.xtask(&promote).matches("saas-no-publisher");
    let there = sandbox.xtask(&[&promote[..], &["--mr"]].concat()).succeeds();
    let published = "note: `saas-muo-stage` operator/hives01, which publishes `muo-stage`, has run";
    assert!(there.stderr.is_empty(), "{}", there.stderr);
    let told = sandbox.xtask(&[&promote[..5], &["--mr"]].concat()).succeeds();
    assert!(told.stderr.contains(published), "{}", told.stderr);
}

/// Two upstreams of one app become hotfixes in one commit.
#[test]
fn two_hotfixes_of_one_app() {
    let sandbox = muo();
    let schemas = "https://github.com/app-sre/qontract-schemas";
    let commit = &sandbox.world.schemas.commits[0];
    let text = sandbox.read(FILE);
    let target =
        format!("namespace: {{$ref: /services/muo/namespaces/hivep01.yml}}, ref: {commit}");
    sandbox.write(
        FILE,
        &format!("{text}- name: schemas\n  url: {schemas}\n  targets: [{{{target}}}]\n"),
    );
    let app = sandbox.read("data/services/muo/app.yml");
    sandbox
        .write("data/services/muo/app.yml", &format!("{app}- name: schemas\n  url: {schemas}\n"));
    sandbox.commit_all();
    sandbox
        .xtask(&["promote", "muo", "hivep01", "--hotfix", "-n", "-q"])
        .matches("saas-two-hotfixes");
}
