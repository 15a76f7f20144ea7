//! Promotions of saas files whose command line leaves a choice: what is chosen, and whether the
//! commands that are printed to go on mean the same.

use std::fs;

use crate::case::{GITLAB, hook};
use crate::saas::{FILE, muo};
use crate::sandbox::{HEAD, Output, Sandbox};

const SAAS: &str = "saas-qontract-reconcile";

/// The commands that a run printed behind one of these words, or on lines of their own.
fn printed<'o>(run: &'o Output, before: &[&str]) -> Vec<&'o str> {
    let lines = run.stdout.lines().chain(run.stderr.lines()).map(str::trim_start);
    let command = |line: &'o str| {
        before.iter().find_map(|word| line.strip_prefix(&format!("{word}cargo xtask ")))
    };
    lines.filter_map(command).collect()
}

/// Runs a command that was printed, with more words.
fn paste(sandbox: &Sandbox, command: &str, more: &[&str]) -> Output {
    let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
    sandbox.xtask(&[&words[..], more].concat())
}

/// A choice of several environments offers commands that have everything that was typed, and each
/// of them can be taken as it stands.
#[test]
fn offers() {
    let sandbox = muo();
    let typed = ["promote", "muo", "-q", "--ref", "v0.10.0", "--wait-image", "--mr", "--draft"];
    sandbox.xtask(&[&typed[..], &["--open", "--split"]].concat()).matches("saas-open-typed");
    let files = ["promote", "saas-*", "-q", "--no-image-check"];
    let run = sandbox.xtask(&files);
    run.matches("saas-open-files");
    for command in printed(&run, &[""]) {
        paste(&sandbox, command, &["-n", "-q"]).succeeds();
    }
}

/// What one run writes is committed by the command that it printed, whatever else is behind by then.
#[test]
fn the_environment_that_was_chosen_is_committed() {
    let sandbox = muo();
    sandbox.xtask(&["promote", "muo", "production-2", "-q", "--commit"]).succeeds();
    let run = sandbox.xtask(&["promote", "muo", "-q"]);
    run.matches("saas-chosen");
    paste(&sandbox, printed(&run, &[""])[0], &["-q"]).succeeds();
    assert_eq!(sandbox.git("status --porcelain"), "");
    // Every file has to have what is named, so several with different environments keep `--all`.
    let all = ["promote", "saas-*", "--all", "-n", "-q", "--no-image-check"];
    let run = sandbox.xtask(&all);
    let commands = printed(&run, &["same as: "]);
    assert_eq!(paste(&sandbox, commands[0], &["-n", "-q"]), run);
}

/// A rollback that is printed takes back what was promoted, and no other upstream or saas file.
#[test]
fn what_did_not_move_is_not_taken_back() {
    let sandbox = muo();
    let promote = |more: &[&str]| {
        let env = ["promote", "-q", "--no-image-check", "--commit", "--env", "app-sre-production"];
        sandbox.xtask(&[&env[..], more].concat())
    };
    promote(&["--saas", SAAS, "--template", "github-mirror"]).succeeds();
    for more in [&["--saas", SAAS][..], &["--saas", SAAS, "--ref", HEAD]] {
        let before = sandbox.git("rev-parse HEAD");
        let run = promote(more).succeeds();
        let commands = printed(&run, &["undo: "]);
        assert_eq!(
            commands,
            ["rollback --saas saas-qontract-reconcile --env app-sre-production --template \
                 qontract-reconcile --template qontract-reconcile-dashboards --reason '…' \
                 --no-image-check --commit"]
        );
        let back = paste(&sandbox, commands[0], &["-q"]).succeeds();
        assert_eq!(sandbox.git(&format!("diff --stat {before}")), "");
        assert_eq!(printed(&back, &["undo: "]).len(), 1);
    }
    let files = ["promote", "saas-*", "--all", "-q", "--no-image-check", "--commit"];
    sandbox.xtask(&["promote", "muo", "production-2", "-q", "--commit"]).succeeds();
    let before = sandbox.git("rev-parse HEAD");
    let run = sandbox.xtask(&files).succeeds();
    for command in printed(&run, &["undo: "]) {
        paste(&sandbox, command, &["-q"]).succeeds();
    }
    assert_eq!(sandbox.git(&format!("diff --stat {before}")), "");
}

/// Nor another target of the same environment.
#[test]
fn what_was_not_chosen_is_not_taken_back() {
    let sandbox = muo();
    sandbox.replace(
        FILE,
        "'d3a948a661e0101eff66ca90423884a6caf65147'",
        "47fbcedb83acf136db09422466a44c7e37c08639",
    );
    sandbox.commit_all();
    let before = sandbox.git("rev-parse HEAD");
    let cases = [
        (&["hivep01"][..], &["--env hivep01 --reason"][..]),
        (&["hivep01", "last"], &["--env hivep01 --reason", "--env last --reason"]),
        (&["hivep01", "production-2"], &["--env hivep01 --reason", "--env production-2 --reason"]),
    ];
    for (places, expected) in cases {
        let run = sandbox.xtask(&[&["promote", "muo", "--commit", "-q"], places].concat());
        let commands = printed(&run, &["undo: "]);
        let expected = expected.iter();
        let expected =
            expected.map(|places| format!("rollback --saas saas-muo {places} '…' --commit"));
        assert_eq!(commands, expected.collect::<Vec<_>>());
        for command in commands {
            paste(&sandbox, command, &["-q"]).succeeds();
        }
        assert_eq!(sandbox.git(&format!("diff --stat {before}")), "");
    }
}

/// Without the network, the same choice is left, and what the checkout itself says is checked.
#[test]
fn without_the_network() {
    let sandbox = muo();
    let promote = |words: &[&str]| {
        let offline = ["promote", "--offline", "--dry-run", "--ref", HEAD];
        sandbox.xtask(&[&offline[..], words].concat())
    };
    promote(&["muo"]).matches("saas-offline-open");
    promote(&["muo", "production-2"]).matches("saas-offline");
    // The cache knows which upstream has the commit; without it, nobody does.
    promote(&[SAAS]).matches("saas-offline-upstreams");
    // One upstream that is spelled in two ways is one.
    let several = promote(&["saas-qontract-*", "--all", "-q"]);
    let one_each = "there are `https://github.com/app-sre/github-mirror`, \
                    `https://github.com/app-sre/qontract-reconcile/`\n";
    assert!(several.stderr.contains(one_each), "{several:?}");
    sandbox.xtask(&["promote", SAAS, "--ref", HEAD, "-n", "-q"]).succeeds();
    promote(&[SAAS]).matches("saas-offline-cached");
    let app = "data/services/muo/app.yml";
    sandbox.write(app, &(sandbox.read(app) + &format!("  blockedVersions: [{HEAD}]\n")));
    promote(&["muo", "production-2"]).matches("saas-offline-blocked");
    // Nobody waits for an image without the network, and it is said.
    let image = ["saas-qontract-reconcile-int", "app-sre-internal"];
    let note =
        "note: offline: whether the image of `saas-qontract-reconcile-int` exists is not checked\n";
    for (more, expected) in [("--wait-image", true), ("--no-image-check", false)] {
        let run = promote(&[&image[..], &[more]].concat()).succeeds();
        assert_eq!(run.stderr.contains(note), expected, "{more}");
    }
}

/// Each saas file has its document, and all of them are one; the error of the second is beside what
/// the first one did.
#[test]
fn one_document_for_all() {
    let sandbox = muo();
    let (file, other) = (FILE, "data/services/muo/cicd/saas-muo-two.yaml");
    let text = sandbox.read(file).replace("- muo-stage", "- two-stage");
    sandbox.write(other, &text.replace("name: saas-muo\n", "name: saas-muo-two\n"));
    sandbox.commit_all();
    let split = ["promote", "--saas", "saas-muo*", "--env", "hivep01", "--split", "--format=json"];
    let deprecated = text.replace("name: saas-muo\n", "name: saas-muo-old\ndeprecated: true\n");
    let old = "data/services/muo/cicd/saas-muo-old.yaml";
    sandbox.write(old, &deprecated);
    sandbox.xtask(&[&split[..], &["-n"]].concat()).matches("saas-split-json");
    // What a glob fits and nobody can read is refused, as without `--split`.
    sandbox.write(old, "resourceTemplates: [{");
    let unsplit: Vec<_> = split.into_iter().filter(|word| *word != "--split").collect();
    let refused = sandbox.xtask(&[&unsplit[..], &["-n"]].concat());
    assert_eq!((refused.status, sandbox.xtask(&[&split[..], &["-n"]].concat())), (1, refused));
    fs::remove_file(sandbox.path(old)).unwrap();
    let unknown = "f".repeat(40);
    sandbox.write(file, &text.replacen("d3a948a661e0101eff66ca90423884a6caf65147", &unknown, 1));
    sandbox.commit_all();
    sandbox.xtask(&[&split[..], &["--commit", "-q"]].concat()).matches("saas-split-json-refused");
}

/// The files behind one that can't be promoted are named, as a command that goes on with them.
#[test]
fn what_was_not_tried() {
    let sandbox = muo();
    let text = sandbox.read(FILE).replace("- muo-stage", "- two-stage");
    for name in ["a", "b", "c"] {
        let mut text = text.replace("name: saas-muo\n", &format!("name: saas-muo-{name}\n"));
        if name == "b" {
            text = text.replacen("d3a948a661e0101eff66ca90423884a6caf65147", &"f".repeat(40), 1);
        }
        sandbox.write(&format!("data/services/muo/cicd/saas-muo-{name}.yaml"), &text);
    }
    sandbox.commit_all();
    let split = ["promote", "saas-muo*", "hivep01", "--split", "--commit", "-q"];
    let run = sandbox.xtask(&split);
    run.matches("saas-split-untried");
    let (_, rest) = run.stderr.split_once("not tried: `cargo xtask ").unwrap();
    paste(&sandbox, rest.split_once('`').unwrap().0, &["-q"]).succeeds();
    assert_eq!(sandbox.git("log --format=%s origin/master..").lines().count(), 5);
}

/// A version fits every saas file of its upstream.
#[test]
fn one_upstream_of_several_files() {
    let sandbox = muo();
    let text = sandbox.read(FILE).replace("- muo-stage", "- two-stage");
    let other = "data/services/muo/cicd/saas-muo-two.yaml";
    sandbox.write(other, &text.replace("name: saas-muo\n", "name: saas-muo-two\n"));
    sandbox.commit_all();
    let both = ["promote", "--saas", "saas-muo,saas-muo-two", "--env", "osd-production-2", "-q"];
    let run = sandbox.xtask(&[&both[..], &["--ref", "v0.10.0"]].concat());
    run.matches("saas-one-upstream");
    paste(&sandbox, printed(&run, &[""])[0], &["-q"]).succeeds();
    assert_eq!(sandbox.git("status --porcelain"), "");
    let back = ["rollback", "--saas", "saas-muo*", "--env", "osd-production-2", "-q", "-n"];
    let to = &sandbox.world.reconcile.commits[8][..7];
    sandbox.xtask(&[&back[..], &["--to", to, "--reason", "x"]].concat()).succeeds();
}

/// Each part of a saas file has a merge request of its own: none takes the place of another.
#[test]
fn a_branch_for_each_part() {
    let sandbox = muo();
    sandbox.git("push --quiet origin master");
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let opened = |words: &[&str]| {
        let run = sandbox.xtask(&[&["promote", "--mr", "-q"], words].concat()).succeeds();
        let (_, branch) = run.stdout.rsplit_once("7 (promote/").unwrap();
        branch.split_once(' ').unwrap().0.to_owned()
    };
    let branches = [
        (&["muo", "production-2"][..], "saas-muo/osd-production-2"),
        (&["muo", "production-1"], "saas-muo/osd-production-1"),
        (&["muo", "hivep01"], "saas-muo/osd-production-1-operator-hivep01-78742305"),
        (&["muo", "hivep02"], "saas-muo/osd-production-1-operator-hivep02-75741e4c"),
        (&["muo", "--all"], "saas-muo+all"),
        (
            &["muo", "hives01", "hivep01", "hivep03"],
            "saas-muo/osd-production-1-operator-hivep01-78742305+osd-production-2+osd-stage",
        ),
        (&["--saas", "muo", "--env", "osd-production-2"], "saas-muo/osd-production-2"),
    ];
    for (words, branch) in branches {
        assert_eq!(opened(words), branch, "{words:?}");
    }
}

/// With `--mr`, the other environment is looked up on the target branch, however old the checkout is.
#[test]
fn like_an_environment_of_the_target_branch() {
    let sandbox = muo();
    sandbox.xtask(&["promote", "muo", "production-1", "-q", "--commit"]).succeeds();
    sandbox.git("push --quiet origin master");
    sandbox.git("reset --quiet --hard HEAD~1");
    let like = ["promote", "muo", "production-2", "--like", "production-1", "-n", "-q"];
    let first = |more: &[&str]| {
        let run = sandbox.xtask(&[&like[..], more].concat()).succeeds();
        run.stdout.lines().next().unwrap().to_owned()
    };
    let older = &sandbox.world.reconcile.commits[10];
    assert_eq!(first(&[]), format!("saas-muo {} {older}", &older[..7]));
    assert_eq!(first(&["--mr"]), format!("saas-muo {} {HEAD}", &HEAD[..7]));
}
