//! What a pin belongs to, what it was, and why it would or would not move.

use std::fs;

use crate::case::JENKINS;
use crate::sandbox::{HEAD, Sandbox};

const EXTERNAL: &str = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
const TEKTON: &str = "data/pipelines/tekton-provider-global-defaults.yaml";

#[test]
fn every_verdict() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["explain", EXTERNAL]).matches("explain-saas");
    sandbox.xtask(&["explain", ".env"]).matches("explain-env");
    // What a template fills in is no version.
    sandbox.xtask(&["explain", JENKINS]).matches("explain-jenkins");
    sandbox.xtask(&["explain", &format!("{TEKTON}:12")]).matches("explain-unconfigured");
    sandbox.xtask(&["explain", &format!("{TEKTON}:13")]).matches("explain-nothing");
    sandbox.xtask(&["explain", "Makefile"]).assert(
        1,
        "",
        "error: `Makefile`: no such file\n  help: name it from the current folder or from the top of the checkout, as `FILE` or `FILE:LINE`\n",
    );
    sandbox.xtask(&["explain", ".env:99"]).assert(
        1,
        "",
        "error: `.env`: has no line 99, it has 30\n",
    );
    sandbox.replace(
        EXTERNAL,
        "    ref: 47fbcedb83acf136db09422466a44c7e37c08639 # make",
        "    ref: &a 47fbcedb83acf136db09422466a44c7e37c08639 # make",
    );
    sandbox.replace(EXTERNAL, "- ref:  47fbcedb83acf136db09422466a44c7e37c08639", "- ref:  *a");
    sandbox.xtask(&["explain", &format!("{EXTERNAL}:62")]).matches("explain-unfit");
}

/// Automation moves it, and no component is its upstream.
#[test]
fn moved_by_automation() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "data/services/x/saas.yml",
        "$schema: /app-sre/saas-file-2.yml\nname: x\nresourceTemplates:\n- name: x\n  url: https://github.com/example/x\n  \
         targets:\n  - namespace: {$ref: /services/x/namespaces/x.yml}\n    ref: 32e543f2fa02524ef2c6513c3c2d116a38cfcb73\n    \
         promotion:\n      auto: true\n",
    );
    sandbox.xtask(&["explain", "data/services/x/saas.yml"]).matches("explain-auto");
}

/// What finds it are the saas files that refer to it, which have it in an environment or not.
#[test]
fn a_target_in_a_file_of_its_own() {
    let sandbox = Sandbox::new();
    let saas = |name: &str, more: &str| {
        let file = format!("data/services/x/cicd/{name}.yml");
        let text = format!(
            "name: {name}\nresourceTemplates:\n- name: x\n  url: https://github.com/app-sre/qontract-reconcile\n  \
             targets:\n  - $ref: /services/x/own.yml\n{more}"
        );
        sandbox.write(&file, &text);
        file
    };
    let one = saas("one", "  - $ref: /services/x/gone.yml\n");
    let own = "data/services/x/own.yml";
    sandbox.write(own, &format!("name: own\nref: {HEAD}\nparameters:\n  TAG: {}\n", &HEAD[..7]));
    sandbox.commit_all();
    let explain = |place: &str| sandbox.xtask(&["explain", place]);
    explain(&format!("{own}:2")).matches("explain-target-file");
    explain(&one).assert(0, &format!("{one}: no pin, and nothing that looks like one\n"), "");
    saas("two", "");
    let config = sandbox.read("promote.toml");
    let pins =
        format!("{{ file = \"{one}\", saas = true }}, {{ file = \"{one}\", parameter = \"TAG\" }}");
    let environment = format!("[component.qontract-reconcile.environment.own]\npins = [{pins}]\n");
    sandbox.write("promote.toml", &format!("{config}\n{environment}"));
    explain(own).matches("explain-target-file-configured");
    sandbox.xtask(&["explain", own, "--format", "json"]).matches("explain-target-file-json");
}

/// The ends of long lists are counted; with `--all` they are shown.
#[test]
fn long_lists() {
    let sandbox = Sandbox::new();
    for tag in 0..18 {
        sandbox.write("data/keys.yml", &format!("qontract_reconcile_image_tag: 22e63{tag:02}\n"));
        sandbox.git("add --all");
        sandbox.git(&format!("commit --quiet -m tag-{tag}"));
    }
    sandbox.xtask(&["explain", "data/keys.yml"]).matches("explain-long");
    let whole = sandbox.xtask(&["explain", "data/keys.yml", "--all"]);
    assert_eq!(whole.stdout.lines().filter(|line| line.contains(" tag-")).count(), 18);
    let lines = "- qontract_reconcile_image_tag: 22e6381\n".repeat(12);
    sandbox.write("data/keys.yml", &lines);
    let run = sandbox.xtask(&["explain", "data/keys.yml"]);
    assert_eq!(run.stdout.lines().last(), Some("… 2 more: --all, or name a line: FILE:LINE"));
    let whole = sandbox.xtask(&["explain", "data/keys.yml", "--all"]);
    assert_eq!(whole.stdout.matches("data/keys.yml:").count(), 12);
}

#[test]
fn documents() {
    let sandbox = Sandbox::new();
    let json = |place: &str| sandbox.xtask(&["explain", place, "--format", "json"]);
    json(EXTERNAL).matches("explain-saas-json");
    json(".env:5").matches("explain-orphan-json");
    json(&format!("{TEKTON}:23")).matches("explain-unconfigured-json");
    json("nowhere.yml").matches("explain-missing-json");
}

#[test]
fn places() {
    let sandbox = Sandbox::new();
    let expected = sandbox.xtask(&["explain", &format!("{TEKTON}:12")]).succeeds();
    let from = |folder: &str, file: &str| sandbox.command(&["explain", file]).cwd(folder).run();
    assert_eq!(from("data/pipelines", "tekton-provider-global-defaults.yaml:12"), expected);
    assert_eq!(
        from("data/services", "../pipelines/tekton-provider-global-defaults.yaml:12"),
        expected
    );
    assert_eq!(from("data/services", &format!("{TEKTON}:12")), expected);
    assert_eq!(from("data", &format!("{}:12", sandbox.path(TEKTON).display())), expected);
    let outside = sandbox.xtask(&["explain", "../home/.gitconfig"]);
    outside.assert(
        2,
        "",
        "error: `../home/.gitconfig` is not a file of the checkout\n  help: name it from the current folder or from the top of the checkout\n",
    );
}

#[test]
fn history_follows_renames_and_leaves_merges_out() {
    let sandbox = Sandbox::new();
    sandbox.git("checkout --quiet -b old HEAD~1");
    sandbox.replace(TEKTON, "labels: {}", "labels: {old: branch}");
    sandbox.commit_all();
    sandbox.git("checkout --quiet master");
    sandbox.replace(TEKTON, "47fbced", "7a734a7");
    sandbox.commit_all();
    sandbox.git("merge --quiet --no-edit old");
    fs::create_dir_all(sandbox.path("data/tekton")).unwrap();
    sandbox.git(&format!("mv {TEKTON} data/tekton/defaults.yml"));
    sandbox.commit_all();
    sandbox.replace("data/tekton/defaults.yml", "7a734a7", "0badcaf");
    sandbox.xtask(&["explain", "data/tekton/defaults.yml:12"]).matches("explain-renamed");
}

#[test]
fn hostile_history() {
    let sandbox = Sandbox::new();
    let message = "\u{1b}[31mred\u{1}\n\nbody";
    sandbox.replace(".env", "72aebf9-rc", "7a734a7");
    sandbox.git_in(
        &sandbox.world.repository,
        &[
            "-c",
            "user.name=\u{1b}[1mEve\u{202e}",
            "commit",
            "--quiet",
            "-a",
            "--cleanup=verbatim",
            "-F",
            "-",
        ],
        message,
    );
    sandbox.xtask(&["explain", ".env:26"]).matches("explain-hostile");
    sandbox.write("evil\u{1b}[31m.env", "RECONCILE_IMAGE_TAG=7a734a7\n");
    sandbox.xtask(&["explain", "evil\u{1b}[31m.env"]).matches("explain-hostile-file");
}

/// A line that would have to name it would be refused.
#[test]
fn hostile_target() {
    let sandbox = Sandbox::covered();
    let target = |name: &str, commit: &str| {
        format!(
            "  - {{name: \"{name}\", namespace: {{$ref: /a.yml}}, ref: {}}}\n",
            commit.repeat(40)
        )
    };
    let targets = [target("x\\e[31m", "a"), target("z", "b")].concat();
    let url = "https://github.com/app-sre/qontract-reconcile";
    let saas = format!("resourceTemplates:\n- name: t\n  url: {url}\n  targets:\n{targets}");
    sandbox.write("data/evil.yaml", &saas);
    let pin = "saas = true }, { file = \"data/evil.yaml\", saas = true, target = \"z\" }]";
    let config = sandbox.read("promote.toml").replacen("saas = true }]", pin, 1);
    sandbox.write("promote.toml", &config);
    sandbox.xtask(&["explain", "data/evil.yaml:5"]).matches("explain-hostile-target");
    let strict = sandbox.offline(&["promote", "--env", "jenkins", "-n", "--strict"]);
    strict.matches("coverage-hostile-target");
}

#[test]
fn a_file_without_history_and_a_folder_without_git() {
    let sandbox = Sandbox::new();
    sandbox.write("new.yml", "qontract_reconcile_image_tag: 47fbced\n");
    sandbox.xtask(&["explain", "new.yml"]).matches("explain-new");
    fs::rename(sandbox.path(".git"), sandbox.world.root.join("git")).unwrap();
    let top = sandbox.world.repository.to_str().unwrap();
    sandbox.xtask(&["explain", "new.yml", "--repo", top]).matches("explain-new");
}

/// Where a shallow clone ends, git takes every line for new: its commit wrote none of them.
#[test]
fn a_shallow_clone() {
    let sandbox = Sandbox::new();
    let (remote, clone) = (sandbox.world.remote.display(), sandbox.world.root.join("shallow"));
    sandbox.git(&format!("clone --quiet --depth 1 file://{remote} {}", clone.display()));
    let explain = |place: &str| sandbox.command(&["explain", place]).cwd(&clone).run();
    explain(&format!("{JENKINS}:6")).matches("explain-shallow");
    let text = fs::read_to_string(clone.join(JENKINS)).unwrap();
    fs::write(clone.join(JENKINS), text.replace("'47fbced'", "'7a734a7'")).unwrap();
    let shallow = clone.to_str().unwrap();
    sandbox.git(&format!("-C {shallow} commit --quiet --all --message=Promote"));
    explain(&format!("{JENKINS}:6")).matches("explain-shallow-and-one-more");
}
