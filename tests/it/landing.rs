//! What each way of landing does to a checkout: everything, or nothing at all.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::thread;

use world::executable;

use crate::sandbox::{HEAD, Output, Sandbox, State};

const JENKINS: &str = "resources/jenkins/global/defaults.yaml";
const SAAS: &str = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
const SHARED: &str = "data/services/app-interface/shared-resources";

const COMMANDS: [&[&str]; 3] =
    [&["update-schemas"], &["qr-promote"], &["promote", "--env", "tekton,pr-check"]];

/// Runs a command; its output, and the checkout afterwards, which is reset.
fn landed(sandbox: &Sandbox, args: &[&str], do_commit: &str) -> (Output, State) {
    let output = sandbox.command(args).env("DO_COMMIT", do_commit).run();
    let state = sandbox.state();
    sandbox.reset();
    (output, state)
}

#[test]
fn the_variable_means_the_option() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    for command in COMMANDS {
        let commit = [command, &["--commit"]].concat();
        let dry_run = [command, &["--dry-run"]].concat();
        let land = |args: &[&str], do_commit: &str| landed(&sandbox, args, do_commit);
        let committed = land(&commit, "");
        assert_eq!(land(command, "1"), committed, "{command:?}");
        assert_eq!(committed.1.status, "", "{command:?}");

        let shown = land(&dry_run, "");
        assert_eq!(land(&dry_run, "1"), shown, "{command:?}");
        assert_eq!(shown.1, before, "{command:?}");

        assert_eq!(land(command, "true"), committed, "{command:?}");
        let written = land(command, "no");
        assert_eq!(land(command, "0"), written, "{command:?}");
        assert_eq!(written.1.branch, before.branch, "{command:?}");
        assert_eq!(written.1.index, before.index, "{command:?}");
        assert_eq!(written.1.files, committed.1.files, "{command:?}");
    }
}

#[test]
fn dry_run_and_commit_exclude_each_other() {
    let sandbox = Sandbox::new();
    for command in COMMANDS {
        let usage = match command[0] {
            "promote" => "promote --dry-run <--env <NAME>...|--all>".to_owned(),
            name => format!("{name} --dry-run"),
        };
        sandbox.xtask(&[command, &["--dry-run", "--commit"]].concat()).assert(
            2,
            "",
            &format!(
                "error: the argument '--dry-run' cannot be used with '--commit'\n\nUsage: cargo xtask {usage}\n\nFor more information, try '--help'.\n"
            ),
        );
    }
}

#[test]
fn what_a_dry_run_shows_is_what_a_run_does() {
    let sandbox = Sandbox::new();
    let odd = "\n[component.qontract-reconcile.environment.odd]\npins = [{ file = 'a \"b/ü.env', variable = \"TAG\" }]\n";
    sandbox.write("a \"b/ü.env", "TAG=latest");
    sandbox.write("promote.toml", &(sandbox.read("promote.toml") + odd));
    sandbox.commit_all();
    let copy = sandbox.world.root.join("copy");
    sandbox.git(&format!("clone --quiet . {}", copy.display()));
    let dry = sandbox.xtask(&["qr-promote", "-n"]).succeeds();
    sandbox.git_in(&copy, &["apply", "--index", "-"], &dry.stdout);
    let tree = sandbox.git_in(&copy, &["write-tree"], "");

    let run = sandbox.xtask(&["qr-promote"]).succeeds();
    let diff = |output: &Output| {
        let start = output.stdout.find("diff --git").unwrap();
        output.stdout[start..].split("\n\n1").next().map(str::to_owned).unwrap()
    };
    let files = |text: String| text.rsplit_once("\n10 files").map(|(diff, _)| diff.to_owned());
    assert_eq!(files(diff(&dry)), files(diff(&run)));
    sandbox.git("add --all");
    assert_eq!(sandbox.git("write-tree").trim_end(), tree);
    assert_ne!(sandbox.git("rev-parse HEAD^{tree}").trim_end(), tree);
}

#[test]
fn the_document_has_the_same_diff() {
    let sandbox = Sandbox::new();
    let copy = sandbox.world.root.join("copy");
    sandbox.git(&format!("clone --quiet . {}", copy.display()));
    let run = sandbox.offline(&["qr-promote", "--format", "json"]).succeeds();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    sandbox.git_in(&copy, &["apply", "-"], document["diff"].as_str().unwrap());
    let changed = sandbox.git_in(&copy, &["diff"], "");
    assert_eq!(changed, sandbox.git("diff").trim_end());
}

#[test]
fn a_commit_takes_just_the_promoted_files() {
    let sandbox = Sandbox::new();
    sandbox.write("staged.txt", "new\n");
    sandbox.write("README.md", "staged\n");
    sandbox.git("add staged.txt README.md");
    sandbox.write("README.md", "and changed\n");
    sandbox.git("rm --quiet data/products/app-sre/product.yml");
    sandbox.write("data/teams/platform/roles/platform.yml", "changed\n");
    sandbox.write(&format!("{SHARED}/untracked.yml"), "a: 1\n");
    sandbox.write(".git/info/exclude", "ignored\n");
    sandbox.write("ignored", "x");
    let before = sandbox.state();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    let after = sandbox.state();
    assert_eq!(after.status, before.status);
    assert_eq!(
        sandbox.git("diff --cached --name-only"),
        "README.md\ndata/products/app-sre/product.yml\nstaged.txt\n"
    );
    assert_eq!(
        sandbox.git("show --format=%an%n%s --name-only HEAD"),
        format!(
            "Tobias Winterfeld\nqontract production promotion 47fbced, 72aebf9-rc to 7a734a7\n\n.env\n{SAAS}\n{}\n{SHARED}/gitlab-webhooks.yml\n{SHARED}/legacy/openshift-saas-deploy-v1.yaml\n{SHARED}/openshift-saas-deploy-many.yml\n{SHARED}/openshift-saas-deploy.yml\n{SHARED}/push-gateway.yml\n{JENKINS}\n",
            SAAS.replace("ci-ext/saas-qontract-reconcile", "ci-int/saas-qontract-reconcile-int"),
        )
    );
}

#[test]
fn messages() {
    let sandbox = Sandbox::new();
    let message = || Output::of(sandbox.git("log -1 --format=%B"));
    sandbox.xtask(&["update-schemas", "--commit"]).succeeds();
    message().matches("message-schemas");
    sandbox.xtask(&["promote", "--env", "jenkins", "--commit"]).succeeds();
    message().matches("message-one");
    sandbox.replace(
        SAAS,
        "ref:  47fbcedb83acf136db09422466a44c7e37c08639",
        "ref:  acc3582ce31453e9e3f530417e0c1a539eccb331",
    );
    sandbox.replace(&format!("{SHARED}/push-gateway.yml"), "47fbced", "latest-2");
    sandbox.replace(&format!("{SHARED}/push-gateway.yml"), "latest-2", "f40f661-rc");
    sandbox.commit_all();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    message().matches("message-disagreeing");
    assert_eq!(sandbox.git("log -1 --format=%(trailers)"), "\n");
}

#[test]
fn a_run_then_a_commit() {
    let sandbox = Sandbox::new();
    let direct = landed(&sandbox, &["qr-promote", "--commit"], "").1;
    sandbox.xtask(&["qr-promote"]).succeeds();
    sandbox.git(&format!("add .env {JENKINS}"));
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    assert_eq!(sandbox.state(), direct);

    sandbox.reset();
    sandbox.xtask(&["promote", "--env", "tekton"]).succeeds();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    assert_eq!(sandbox.state(), direct);
}

/// A commit is refused after `prepare`, for this reason, and changes nothing.
fn check_refused(sandbox: &Sandbox, expected: &str, prepare: impl Fn(&Sandbox)) {
    prepare(sandbox);
    let before = sandbox.state();
    sandbox.offline(&["qr-promote", "--commit"]).assert(1, "", expected);
    assert_eq!(sandbox.state(), before);
    sandbox.reset();
}

#[test]
fn commits_that_would_take_more() {
    let sandbox = Sandbox::new();
    let check_refused = |expected: &str, prepare: &dyn Fn(&Sandbox)| {
        check_refused(&sandbox, expected, prepare);
    };
    let other = |path: &str| {
        format!(
            "error: `{path}`: has other uncommitted changes\n  help: commit or stash them first, or leave `--commit` out\n"
        )
    };
    let new = |path: &str| {
        format!(
            "error: `{path}`: is not in the last commit\n  help: commit it first, or leave `--commit` out\n"
        )
    };
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.replace(JENKINS, "timeout: 60", "timeout: 61")
    });
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.offline(&["qr-promote"]).succeeds();
        sandbox.replace(JENKINS, "timeout: 60", "timeout: 61");
    });
    check_refused(&other(".env"), &|sandbox| {
        let before = sandbox.read(".env");
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("add .env");
        sandbox.write(".env", &before);
    });
    check_refused(&other(".env"), &|sandbox| {
        let before = sandbox.read(".env");
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("add .env");
        sandbox.write(".env", &before);
        sandbox.offline(&["qr-promote"]).succeeds();
    });
    check_refused(&other(".env"), &|sandbox| _ = sandbox.git("rm --quiet --cached .env"));
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.offline(&["qr-promote", "--commit"]).succeeds();
        sandbox.replace(JENKINS, "7a734a7", "3f583c2");
    });
    let pin = "variables: {qontract_reconcile_image_tag: 47fbced}\n";
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
    });
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
        sandbox.git("add --all");
    });
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
        sandbox.git("add --intent-to-add --all");
    });
    check_refused(&other(".env"), &|sandbox| {
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("stash --quiet");
        sandbox.replace(".env", "9d4c1b7", "1111111");
        sandbox.commit_all();
        assert_eq!(sandbox.git_status("stash pop --quiet"), 1);
        sandbox.git("checkout --quiet --ours .env");
    });
}

#[test]
fn other_changes_do_not_keep_files_from_being_edited() {
    let sandbox = Sandbox::new();
    sandbox.replace(JENKINS, "timeout: 60", "timeout: 61");
    sandbox.write(&format!("{SHARED}/new.yml"), "qontract_reconcile_image_tag: latest-1\n");
    sandbox.offline(&["qr-promote"]).succeeds();
    let expected = sandbox.git(&format!("show HEAD:{JENKINS}"));
    let expected = expected.replace("timeout: 60", "timeout: 61").replace("'47fbced'", "'7a734a7'");
    assert_eq!(sandbox.read(JENKINS), expected);
}

#[test]
fn operations_under_way() {
    for (start, name) in [
        ("merge other", "merge"),
        ("rebase other", "rebase"),
        ("cherry-pick other", "cherry-pick"),
        ("revert --no-edit HEAD~1", "revert"),
    ] {
        let expected = format!(
            "error: a {name} is in progress in this checkout\n  help: finish or abort it first\n"
        );
        check_refused(&Sandbox::new(), &expected, |sandbox| {
            for (branch, text) in
                [("-b other", "theirs\n"), ("master", "ours\n"), ("master", "newer\n")]
            {
                sandbox.git(&format!("checkout --quiet {branch}"));
                sandbox.write("README.md", text);
                sandbox.commit_all();
            }
            assert_eq!(sandbox.git_status(start), 1, "{start}");
        });
    }
}

#[test]
fn conflicts_in_a_promoted_file() {
    let sandbox = Sandbox::new();
    for (branch, tag) in [("-b other", "f40f661"), ("master", "acc3582")] {
        sandbox.git(&format!("checkout --quiet {branch}"));
        sandbox.replace(JENKINS, "'47fbced'", &format!("'{tag}'"));
        sandbox.commit_all();
    }
    assert_eq!(sandbox.git_status("merge --quiet other"), 1);
    let before = sandbox.state();
    for landing in ["--commit", "--dry-run"] {
        sandbox.offline(&["qr-promote", landing]).matches("conflict");
    }
    assert_eq!(sandbox.state(), before);
}

/// Installs a hook.
fn hook(sandbox: &Sandbox, name: &str, script: &str) {
    let hooks = sandbox.path(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    executable(&hooks.join(name), &format!("#!/bin/sh\n{script}\n")).unwrap();
}

#[test]
fn hooks_that_reject() {
    let expected = "error: `git commit` failed, or a hook of it\n  help: checking\n        not \\u{1b}[31mtoday\n";
    for name in ["pre-commit", "commit-msg", "prepare-commit-msg"] {
        let sandbox = Sandbox::new();
        let jenkins = sandbox.path(JENKINS);
        let script = "echo checking; printf 'not \\033[31mtoday\\n' >&2; exit 1";
        hook(&sandbox, name, &format!("echo mine >> '{}'\n{script}", jenkins.display()));
        sandbox.write("README.md", "staged\n");
        sandbox.git("add README.md");
        let before = sandbox.state();
        sandbox.offline(&["qr-promote", "--commit"]).assert(1, "", expected);
        assert_eq!(sandbox.state(), before, "{name}");
    }
    check_refused(&Sandbox::new(), expected, |sandbox| {
        hook(sandbox, "pre-commit", "echo checking; printf 'not \\033[31mtoday\\n' >&2; exit 1");
        sandbox.offline(&["promote", "--env", "tekton"]).succeeds();
        sandbox.git("add --update");
    });
}

#[test]
fn git_itself_fails() {
    let sandbox = Sandbox::new();
    sandbox.write(".git/index.lock", "");
    let before = sandbox.state();
    sandbox.offline(&["promote", "--env", "jenkins", "--commit"]).matches("index-lock");
    assert_eq!(sandbox.state(), before);
}

#[test]
fn a_refused_pin_leaves_every_file_alone() {
    let sandbox = Sandbox::new();
    sandbox.replace(JENKINS, "'47fbced'", "&tag 47fbced # *tag\n    other: *tag");
    let push = format!("{SHARED}/push-gateway.yml");
    sandbox.replace(&push, "image_tag: 47fbced", "image_tag: |\n      47fbced");
    sandbox.commit_all();
    let before = sandbox.state();
    for landing in [&[][..], &["--commit"], &["--dry-run"]] {
        sandbox.offline(&[&["qr-promote"], landing].concat()).matches("refused-pins");
    }
    sandbox.offline(&["qr-promote", "--format", "json"]).matches("refused-pins-json");
    assert_eq!(sandbox.state(), before);
}

#[test]
fn modes_are_kept() {
    let sandbox = Sandbox::new();
    let modes = [(".env", 0o755), (JENKINS, 0o600), (SAAS, 0o444)];
    for (path, mode) in modes {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    sandbox.git("add --update");
    sandbox.git("commit --quiet -m Modes");
    sandbox.offline(&["qr-promote", "--commit"]).succeeds();
    for (path, mode) in modes {
        let meta = fs::metadata(sandbox.path(path)).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.nlink()), (mode, 1), "{path}");
    }
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("ls-tree HEAD .env")[..7], *"100755 ");
}

#[test]
fn symbolic_links() {
    let refused = |path: &str| {
        format!(
            "error: `{path}`: is a symbolic link, or lies behind one\n  help: name the file that it points to\n"
        )
    };
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.world.root.join("elsewhere");
    let legacy = format!("{SHARED}/legacy/openshift-saas-deploy-v1.yaml");
    for (moved, reported) in
        [(JENKINS, JENKINS), ("resources/jenkins", JENKINS), (&legacy, &legacy)]
    {
        for landing in ["--commit", "--dry-run", "--no-image-check"] {
            fs::rename(sandbox.path(moved), &elsewhere).unwrap();
            symlink(&elsewhere, sandbox.path(moved)).unwrap();
            sandbox.commit_all();
            let before = sandbox.state();
            let args =
                ["promote", "--env", "pr-check,jenkins,tekton", "-q", "--offline", "--ref", HEAD];
            let args = [&args[..], &[landing]].concat();
            sandbox.xtask(&args).assert(1, "", &refused(reported));
            assert_eq!(sandbox.state(), before);
            sandbox.reset();
            let _ = fs::remove_dir_all(&elsewhere).or_else(|_| fs::remove_file(&elsewhere));
        }
    }
}

/// A folder stands where the new content of a file is written first.
#[test]
fn files_that_cannot_be_written() {
    let in_the_way = "resources/jenkins/global/.defaults.yaml.promote";
    for (landing, suffix) in [("--commit", "new"), ("--strict", "new"), ("--strict", "old")] {
        let sandbox = Sandbox::covered();
        sandbox.write(&format!("{in_the_way}-{suffix}/x"), "");
        let before = sandbox.state();
        sandbox.offline(&["qr-promote", landing]).matches(&format!("unwritable-{suffix}"));
        assert_eq!(sandbox.state(), before);
    }
    let sandbox = Sandbox::covered();
    let long = format!("{SHARED}/z{}.yml", "y".repeat(244));
    sandbox.write(&long, "qontract_reconcile_image_tag: 47fbced\n");
    let before = sandbox.state();
    sandbox.offline(&["promote", "--env", "tekton"]).assert(
        1,
        "",
        &format!("error: can't write next to `{long}`: File name too long (os error 36)\n"),
    );
    assert_eq!(sandbox.state(), before);
}

#[test]
fn what_a_killed_run_left_is_cleared_away() {
    let sandbox = Sandbox::new();
    let direct = landed(&sandbox, &["qr-promote"], "").1;
    let toml = sandbox.read("promote.toml");
    let toml = toml.replace("shared-resources/**/*.{yml,yaml}", "shared-resources/**");
    sandbox.write("promote.toml", &toml);
    for file in [".env", JENKINS, &format!("{SHARED}/openshift-saas-deploy.yml")] {
        let name = file.rsplit('/').next().unwrap();
        for suffix in ["new", "old"] {
            let left = file.replace(name, &format!(".{name}.promote-{suffix}"));
            sandbox.write(&left, "qontract_reconcile_image_tag: 47fbced\n");
        }
    }
    sandbox.xtask(&["qr-promote"]).succeeds();
    sandbox.git("checkout --quiet promote.toml");
    assert_eq!(sandbox.state(), direct);
}

/// A run that was killed after it had made its way back: the leftover is the file itself.
#[test]
fn a_leftover_may_be_the_file_itself() {
    let sandbox = Sandbox::new();
    let left = sandbox.path("resources/jenkins/global/.defaults.yaml.promote-old");
    fs::hard_link(sandbox.path(JENKINS), left).unwrap();
    hook(&sandbox, "pre-commit", "exit 1");
    let before = sandbox.read(JENKINS);
    assert_eq!(sandbox.offline(&["promote", "--env", "jenkins", "--commit"]).status, 1);
    assert_eq!(sandbox.read(JENKINS), before);
    assert_eq!(sandbox.git("status --porcelain"), "");
}

/// Other repositories inside the checkout are not the checkout.
#[test]
fn repositories_inside_are_left_alone() {
    let sandbox = Sandbox::new();
    let inside = format!("{SHARED}/inside");
    let pin = "qontract_reconcile_image_tag: 47fbced\n";
    sandbox.write(&format!("{inside}/pin.yml"), pin);
    sandbox.git_in(&sandbox.path(&inside), &["init", "--quiet"], "");
    sandbox.offline(&["promote", "--env", "tekton"]).succeeds();
    assert_eq!(sandbox.read(&format!("{inside}/pin.yml")), pin);
}

/// Where the two parsers of YAML disagree about what an edit did, nothing is written.
#[test]
fn the_second_parser_is_asked() {
    let sandbox = Sandbox::covered();
    sandbox.replace(
        JENKINS,
        "    timeout",
        "    # a line break for libyaml only: \u{85}    timeout",
    );
    sandbox.replace(
        JENKINS,
        "    node:",
        "    # another:\u{85}    qontract_reconcile_image_tag: 47fbced\n    node:",
    );
    let before = sandbox.state();
    for landing in ["--commit", "--dry-run", "--strict"] {
        sandbox.offline(&["qr-promote", landing]).matches("second-parser");
    }
    assert_eq!(sandbox.state(), before);
}

/// A promotion that waits in its pre-commit hook while `meanwhile` runs.
fn while_one_runs(sandbox: &Sandbox, meanwhile: impl FnOnce(u32)) -> Output {
    let fifos = ["started", "go"].map(|name| sandbox.world.root.join(name));
    for fifo in &fifos {
        sandbox.git_in(
            &sandbox.world.root,
            &["-c", &format!("alias.fifo=!mkfifo '{}'", fifo.display()), "fifo"],
            "",
        );
    }
    let [started, go] = fifos.each_ref().map(|fifo| fifo.display());
    hook(sandbox, "pre-commit", &format!("echo > '{started}'; read -r go < '{go}'; exit 1"));
    // Open in both directions, so that nothing here can wait for a hook that never comes.
    let both = |path| OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut has_started, mut lets_go): (File, File) = (both(&fifos[0]), both(&fifos[1]));
    let first = sandbox.command(&["qr-promote", "--commit", "--offline", "--ref", HEAD]).spawn();
    let id = first.id();
    let mut ended = both(&fifos[0]);
    let first = thread::spawn(move || {
        let output = first.wait_with_output().unwrap();
        ended.write_all(b"\n").unwrap();
        output
    });
    has_started.read_exact(&mut [0]).unwrap();
    meanwhile(id);
    lets_go.write_all(b"go\n").unwrap();
    sandbox.output(first.join().unwrap())
}

#[test]
fn one_at_a_time() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    let first = while_one_runs(&sandbox, |id| {
        let during = sandbox.state();
        let running = format!(
            "error: another promotion is running in this checkout (process {id})\n  help: wait until it is done, then run it again\n"
        );
        for args in [&["qr-promote"][..], &["qr-promote", "--commit"], &["update-schemas"]] {
            sandbox.offline(args).assert(1, "", &running);
        }
        sandbox.offline(&["qr-promote", "--dry-run"]).succeeds();
        assert_eq!(sandbox.state(), during);
        assert_ne!(during.files, before.files);
    });
    first.assert(1, "", "error: `git commit` failed, or a hook of it\n");
    assert_eq!(sandbox.state(), before);
}

#[test]
fn a_killed_promotion_locks_nobody_out() {
    let sandbox = Sandbox::new();
    sandbox.write(".git/xtask-promote.lock", "4194304");
    sandbox.offline(&["qr-promote"]).succeeds();
}

/// Runs a promotion of Jenkins; somebody edits its file right after git was run with that word for
/// the `nth` time.
fn while_somebody_edits(sandbox: &Sandbox, args: &[&str], word: &str, nth: usize) -> Output {
    let bin = sandbox.world.root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let git = bin.join("git");
    let (count, file) = (bin.join("count"), sandbox.path(JENKINS));
    let script = format!(
        "#!/bin/sh\nPATH=\"${{PATH#*:}}\"\ngit \"$@\" || exit\ncase \" $* \" in *' {word} '*)\n  echo >> '{count}'\n  [ $(wc -l < '{count}') -ne {nth} ] || echo '# mine' >> '{file}'\nesac\n",
        count = count.display(),
        file = file.display(),
    );
    executable(&git, &script).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let promote = ["promote", "--env", "pr-check,jenkins", "--offline", "-q", "--ref", HEAD];
    sandbox.command(&[&promote[..], args].concat()).env("PATH", path).run()
}

#[test]
fn files_that_change_meanwhile() {
    let before = Sandbox::new().state();
    let mine = Sandbox::new().read(JENKINS) + "# mine\n";
    let checked =
        "error: the files changed while the promotion was being checked\n  help: run it again\n";
    let computed = format!(
        "error: `{JENKINS}`: changed while the promotion was being computed\n  help: run it again\n"
    );
    for (args, word, nth, expected) in
        [(&[][..], "--list", 1, checked), (&["--commit"], "status", 2, &computed)]
    {
        let sandbox = Sandbox::new();
        while_somebody_edits(&sandbox, args, word, nth).assert(1, "", expected);
        assert_eq!(sandbox.read(JENKINS), mine);
        assert_eq!(sandbox.git("status --porcelain"), format!(" M {JENKINS}\n"));
        assert_eq!(sandbox.state().branch, before.branch);
    }
}
