//! `rollback`: which version was before, and what is refused rather than guessed.

use std::fs;

use crate::case::{Case, GITLAB, JENKINS, hook, move_on};
use crate::origin::TWINS;
use crate::sandbox::{HEAD, Output, SCHEMAS_HEAD, Sandbox};

const SHARED: &str = "data/services/app-interface/shared-resources";

/// What Jenkins and most others run in the beginning, and before that.
const NOW: &str = "47fbced";
const BEFORE: &str = "d41ce51";

fn rollback(sandbox: &Sandbox, environments: &str, more: &[&str]) -> Output {
    let args = ["rollback", "--env", environments, "--reason", "it broke", "--quiet"];
    sandbox.xtask(&[&args[..], more].concat())
}

/// The version that a dry run would go back to.
fn target(sandbox: &Sandbox, environments: &str) -> String {
    let run = rollback(sandbox, environments, &["--dry-run"]);
    run.stdout.split(' ').nth(1).unwrap_or(&run.stderr).to_owned()
}

/// Refused with this message and cure, and nothing changed.
#[track_caller]
fn refused(sandbox: &Sandbox, environments: &str, more: &[&str], message: &str, help: &str) {
    let before = sandbox.state();
    let expected = format!("error: {message}\n  help: {help}\n");
    rollback(sandbox, environments, more).assert(1, "", &expected);
    assert_eq!(sandbox.state(), before);
}

/// Commits another version of Jenkins.
fn jenkins(sandbox: &Sandbox, version: &str) {
    let text = sandbox.read(JENKINS);
    let key = "\n    qontract_reconcile_image_tag: '";
    let (start, rest) = text.split_once(key).unwrap();
    let (_, rest) = rest.split_once('\'').unwrap();
    sandbox.write(JENKINS, &format!("{start}{key}{version}'{rest}"));
    sandbox.commit_all();
}

#[test]
fn one_environment() {
    let sandbox = Sandbox::covered();
    let before = sandbox.state();
    rollback(&sandbox, "jenkins", &["--dry-run"]).matches("rollback-dry-run");
    assert_eq!(sandbox.state(), before);
    rollback(&sandbox, "jenkins", &[]).matches("rollback");
    sandbox.reset();
    rollback(&sandbox, "jenkins", &["--commit", "--format", "json"]).matches("rollback-json");
    let message = sandbox.git("log -1 --format=%B%n---%n%(trailers)");
    Output::of(message).matches("rollback-message");
    assert_eq!(sandbox.git("diff --stat --name-only HEAD~1"), format!("{JENKINS}\n"));
}

/// The previous promotion came by a merge; `.env` was left out of it.
#[test]
fn several_environments() {
    let sandbox = Sandbox::covered();
    assert_eq!(target(&sandbox, "jenkins,tekton,internal,app-sre-prod-01"), BEFORE);
    assert_eq!(target(&sandbox, "pr-check"), BEFORE);
    let all = "app-sre-prod-01,internal,pr-check,jenkins,tekton";
    assert_eq!(target(&sandbox, all), BEFORE);
    jenkins(&sandbox, "7a734a7");
    refused(
        &sandbox,
        "jenkins,internal",
        &[],
        "the pins did not run the same version before: `47fbced` (jenkins: `resources/jenkins/global/defaults.yaml:6`), `d41ce514c28b583d7a2acd936d1923acbce083e1` (internal: `data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml:29`)",
        "name the version with `--to REF`, one environment at a time if they differ",
    );
    rollback(&sandbox, "jenkins,internal", &["--to", "827f700"]).matches("rollback-several-to");
    let schemas = ["rollback", "--component", "qontract-schemas", "--env", "pr-check", "-n", "-q"];
    let run = sandbox.xtask(&[&schemas[..], &["--reason", "x"]].concat());
    assert!(run.stdout.contains("a1d7dfc -> "), "{}", run.stderr);
}

/// Other edits of the file are not its pins'.
#[test]
fn after_other_edits() {
    let sandbox = Sandbox::covered();
    sandbox.replace(JENKINS, "    node:", "    # more\n    node:");
    sandbox.commit_all();
    assert_eq!(target(&sandbox, "jenkins"), BEFORE);
    jenkins(&sandbox, "f40f661");
    jenkins(&sandbox, "3884060");
    sandbox.replace(JENKINS, "# more", "# much more");
    sandbox.commit_all();
    assert_eq!(target(&sandbox, "jenkins"), "f40f661");
    // Before what is not committed was what is.
    sandbox.replace(JENKINS, "'3884060'", "'7a734a7'");
    assert_eq!(target(&sandbox, "jenkins"), "3884060");
    rollback(&sandbox, "jenkins", &["--commit"]).assert(
        1,
        "",
        "error: `resources/jenkins/global/defaults.yaml`: has other uncommitted changes\n  help: commit or stash them first, or leave `--commit` out\n",
    );
}

/// Versions that can't be told from the history.
#[test]
fn versions_that_mean_no_commit() {
    let sandbox = Sandbox::covered();
    let place = format!("jenkins: `{JENKINS}:6`");
    let help = "name the version with `--to REF`";
    for (version, what) in [
        ("latest", "which is no commit"),
        // A branch meant another commit at that time.
        ("master", "which is no commit"),
        ("v0.9.0", "which is no commit"),
        ("0badcaf", "which the upstream does not have"),
    ] {
        jenkins(&sandbox, version);
        jenkins(&sandbox, NOW);
        refused(
            &sandbox,
            "jenkins",
            &[],
            &format!("`{version}` ran before ({place}), {what}"),
            help,
        );
    }
    jenkins(&sandbox, "72aebf9-rc");
    jenkins(&sandbox, NOW);
    assert_eq!(target(&sandbox, "jenkins"), "72aebf9", "the commit of the candidate");
    jenkins(&sandbox, "47fbced-rc");
    jenkins(&sandbox, "7a734a7-rc");
    assert_eq!(target(&sandbox, "jenkins"), NOW);
}

#[test]
fn a_colliding_old_tag() {
    let sandbox = Sandbox::covered();
    let upstream = &sandbox.world.reconcile;
    let git = |args: &[&str], input: &str| sandbox.git_in(&upstream.path, args, input);
    let empty = git(&["mktree"], "");
    for (message, id) in TWINS {
        let who = "Ann <ann@example.com> 1704067200 +0000";
        let commit = format!("tree {empty}\nauthor {who}\ncommitter {who}\n\n{message}\n");
        assert_eq!(git(&["hash-object", "-t", "commit", "-w", "--stdin"], &commit), id);
    }
    sandbox.grow(upstream, &[HEAD, TWINS[0].1, TWINS[1].1], "Ann <ann@example.com>", "Merge\n");
    jenkins(&sandbox, "06d07fa");
    jenkins(&sandbox, "7a734a7");
    refused(
        &sandbox,
        "jenkins",
        &[],
        &format!(
            "`06d07fa` ran before (jenkins: `{JENKINS}:6`), and several commits begin so: `{}`, `{}`",
            TWINS[0].1, TWINS[1].1
        ),
        "name the version with `--to REF`",
    );
    // A pin with the full commit says which one it is.
    let saas = "data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml";
    let text = sandbox.read(saas);
    for version in [TWINS[1].1, HEAD] {
        sandbox.write(saas, &text.replace("47fbcedb83acf136db09422466a44c7e37c08639", version));
        sandbox.commit_all();
    }
    let run = rollback(&sandbox, "jenkins,internal", &["--dry-run"]);
    assert_eq!(
        run.stdout.lines().next(),
        Some(&format!("qontract-reconcile 06d07fa {}", TWINS[1].1)[..])
    );
}

/// Going forward is no rollback, be it asked for or found.
#[test]
fn a_newer_version() {
    let sandbox = Sandbox::covered();
    let help = "name an older version with `--to`, or go there with `promote --ref`";
    let forward = |old: &str, new: &str, count: &str| {
        format!("`{old}` -> `{new}` (jenkins) goes forward by {count}: that is no rollback")
    };
    let newer = ["--to", "v0.10.0", "--commit"];
    refused(&sandbox, "jenkins", &newer, &forward(NOW, "f40f661", "1 commit"), help);
    rollback(&sandbox, "jenkins", &["--commit"]).succeeds();
    refused(&sandbox, "jenkins", &[], &forward(BEFORE, NOW, "4 commits"), help);
    // What was left behind comes along.
    rollback(&sandbox, "jenkins,internal", &["--to", "827f700", "-n"])
        .matches("rollback-left-behind");
    let here = rollback(&sandbox, "jenkins", &["--to", BEFORE]);
    assert!(
        here.stdout.ends_with("\nnothing to do: every pin is there already\n"),
        "{}",
        here.stderr
    );
}

#[test]
fn no_version_before() {
    let sandbox = Sandbox::covered();
    let help = "name the version with `--to REF`";
    let none = |environment: &str| {
        format!("the history of the pins of `{environment}` has no earlier version")
    };
    let new = "resources/jenkins/global/new.yaml";
    sandbox.git(&format!("rm --quiet {JENKINS}"));
    sandbox.write(new, &format!("qontract_reconcile_image_tag: '{NOW}'\n"));
    sandbox.replace("promote.toml", JENKINS, new);
    sandbox.commit_all();
    refused(&sandbox, "jenkins", &[], &none("jenkins"), help);
    // The others don't speak for it.
    refused(&sandbox, "jenkins,tekton", &[], &none("jenkins"), help);
    sandbox.git("checkout --quiet --orphan new");
    let expected = format!("error: {}\n  help: {help}\n", none("pr-check"));
    rollback(&sandbox, "pr-check", &[]).assert(1, "", &expected);
    sandbox.git("checkout --quiet master");
    // One file of several may be new.
    sandbox.git(&format!("rm --quiet {SHARED}/push-gateway.yml"));
    sandbox.write(
        &format!("{SHARED}/new.yml"),
        "a: {qontract_reconcile_image_tag: 47fbced}\n# not like any other file\n",
    );
    sandbox.commit_all();
    assert_eq!(target(&sandbox, "tekton"), BEFORE);
    assert!(!rollback(&sandbox, "tekton", &["-n"]).stdout.contains("/push-gateway.yml"));
}

/// A file that moved has its history under the earlier name, also if a merge moved it.
#[test]
fn renamed_files() {
    let sandbox = Sandbox::covered();
    let rename = |old: &str, new: &str| {
        sandbox.git(&format!("mv {old} {new}"));
        sandbox.replace("promote.toml", old, new);
        sandbox.commit_all();
    };
    let [one, two] = ["resources/jenkins/one.yaml", "resources/jenkins/two.yaml"];
    rename(JENKINS, one);
    assert_eq!(target(&sandbox, "jenkins"), BEFORE);
    sandbox.git("checkout --quiet -b branch");
    rename(one, two);
    sandbox.git("checkout --quiet master");
    sandbox.git("merge --quiet --no-ff --no-edit branch");
    assert_eq!(target(&sandbox, "jenkins"), BEFORE);
    rollback(&sandbox, "jenkins", &["--commit"]).succeeds();
    refused(
        &sandbox,
        "jenkins",
        &[],
        "`d41ce51` -> `47fbced` (jenkins) goes forward by 4 commits: that is no rollback",
        "name an older version with `--to`, or go there with `promote --ref`",
    );
}

/// A clone without the history says so.
#[test]
fn history_that_is_cut() {
    let sandbox = Sandbox::covered();
    let clone = sandbox.world.root.join("shallow");
    let (remote, shallow) = (sandbox.world.remote.display(), clone.display());
    sandbox.git(&format!("clone --quiet --depth=2 file://{remote} {shallow}"));
    let config = sandbox.world.repository.join(".git/config");
    let rewriting = fs::read_to_string(config).unwrap();
    let (_, rewriting) = rewriting.split_once("[url ").unwrap();
    fs::write(clone.join(".git/more"), format!("[url {rewriting}")).unwrap();
    sandbox.git(&format!("-C {shallow} config include.path more"));
    let run = |mode: &str| {
        let args = ["rollback", "--env", "jenkins", "--reason", "x", "-q", mode];
        sandbox.command(&args).cwd(&clone).run()
    };
    let cut = format!(
        "error: `{JENKINS}`: its pins did not change in the history that this shallow clone has\n  help: fetch the rest with `git fetch --unshallow`, or name the version with `--to REF`\n"
    );
    run("--commit").assert(1, "", &cut);
    run("--mr").assert(1, "", &cut);
    sandbox.git(&format!("-C {shallow} fetch --quiet --unshallow"));
    run("-n").succeeds();
}

#[test]
fn reasons() {
    let sandbox = Sandbox::covered();
    let run = |reason: &str| {
        let reason = format!("--reason={reason}");
        sandbox.xtask(&["rollback", "--env", "jenkins", "-q", &reason])
    };
    for empty in ["", " \n\t"] {
        let shown = promotion::model::escape::escaped(empty);
        let expected = format!(
            "error: invalid value `{shown}` for `--reason <TEXT>`: it is empty; say why: it goes into the commit\n  help: for more information, try `--help`\n"
        );
        run(empty).assert(2, "", &expected);
    }
    for (reason, shown) in [
        ("a\nSigned-off-by: Eve\r\n\n b", "--reason 'a Signed-off-by: Eve b'"),
        ("\u{1b}[31mx\u{202e}", "--reason '\\u{1b}[31mx\\u{202e}'"),
        ("--allow-downgrade", "--reason=--allow-downgrade"),
        ("it's; $(x)", "--reason 'it'\\''s; $(x)'"),
    ] {
        let stdout = run(reason).succeeds().stdout;
        let command = stdout.lines().find(|line| line.starts_with("  cargo xtask")).unwrap();
        let start =
            "  cargo xtask rollback --env jenkins --to d41ce514c28b583d7a2acd936d1923acbce083e1";
        assert_eq!(command, format!("{start} {shown} --commit"));
        sandbox.reset();
    }
}

/// The history of the target branch counts, not that of the checkout.
#[test]
fn by_merge_request() {
    let sandbox = Sandbox::covered();
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let case = Case::at(&sandbox);
    move_on(&case, JENKINS);
    jenkins(&sandbox, "f40f661");
    jenkins(&sandbox, "7a734a7");
    sandbox.replace(JENKINS, "'7a734a7'", "'3884060'");
    let before = (sandbox.state(), case.snapshot());
    let hostile = "Closes #1\n/close @all \\n <b> \u{1b}[31m";
    let args = ["rollback", "--env", "jenkins", "--mr", "-q", "--reason", hostile];
    sandbox.xtask(&[&args[..], &["--dry-run"]].concat()).succeeds();
    assert_eq!(case.options(), [""; 0]);
    sandbox.xtask(&[&args[..], &["--format", "json", "--lgtm"]].concat()).matches("rollback-mr");
    assert!((sandbox.state(), case.snapshot()) == before);
    let options = case.options().join("\n").replace("\\n", "\n");
    let message = case
        .there("log -1 --format=%B%n---%n%(trailers) promote/rollback-qontract-reconcile/jenkins");
    Output::of(format!("{options}\n---\n{message}")).matches("rollback-mr-pushed");
}

#[test]
fn guards() {
    let sandbox = Sandbox::covered();
    jenkins(&sandbox, "2bbe03e");
    jenkins(&sandbox, "7a734a7");
    rollback(&sandbox, "jenkins", &[]).matches("rollback-off-branch");
    let allowed = rollback(&sandbox, "jenkins", &["--allow-off-branch", "-n"]).succeeds();
    assert!(allowed.stdout.contains("  7a734a7 -> 2bbe03e  "));
    let image = "image = \"127.0.0.1:1/x/y\"\ntag-length";
    let text = sandbox.read("promote.toml").replacen("tag-length", image, 1);
    let file = sandbox.world.root.join("promote.toml");
    fs::write(&file, text).unwrap();
    let config = ["--config", file.to_str().unwrap(), "--to", BEFORE, "-n"];
    let run = rollback(&sandbox, "jenkins", &config);
    assert!(run.status == 1 && run.stderr.contains("127.0.0.1:1/x/y:d41ce51"), "{}", run.stderr);
    rollback(&sandbox, "jenkins", &[&config[..], &["--no-image-check"]].concat()).succeeds();
}

#[test]
fn what_is_typed_wrong() {
    let sandbox = Sandbox::covered();
    let mut all = String::new();
    for args in [
        &["--env", "jenkins"][..],
        &["--reason", "x"],
        &["--env", "jenkins", "--reason", "x", "--offline"],
        &["--env", "jenkins", "--reason", "x", "--offline", "--to", BEFORE],
        &["--env", "jenkins", "--reason", "x", "--allow-downgrade"],
        &["--env", "jenkins", "--reason", "x", "--ref", BEFORE],
        &["--env", "nope", "--reason", "x"],
        &["--env", "jenkins", "--reason", "x", "--to", "nope"],
        &["--env", "jenkins", "--reason", "x", "--to", "--upload-pack=x"],
        &["--env", "jenkins", "--reason", "x", "--to=--upload-pack=x"],
        &["--env", "jenkins", "--reason", "x", "--to", SCHEMAS_HEAD],
        &["--env", "jenkins", "--reason", "x", "--repo", "data/.."],
        &["--env", "jenkins", "--reason", "x", "--repo", "data"],
    ] {
        let run = sandbox.xtask(&[&["rollback", "-q", "-n"], args].concat());
        all += &format!("$ {}\n{} {}\n", args.join(" "), run.status, run.stderr);
    }
    Output::of(all).matches("rollback-usage");
    let offline = ["--offline", "--to", "d41ce514c28b583d7a2acd936d1923acbce083e1", "-n"];
    rollback(&sandbox, "jenkins", &offline).succeeds();
}
