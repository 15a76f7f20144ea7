//! What is left of a promotion that is killed or interrupted, and how two keep apart.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::thread;

use crate::landing::{JENKINS, hook, left, with_git};
use crate::sandbox::{HEAD, Output, SCHEMAS_HEAD, Sandbox, heard_signals};

const PROMOTE: [&str; 4] = ["promote", "--env", "pr-check,jenkins", "--commit"];

/// Kills a promotion when it runs `git commit`; `script` is what that does before.
fn kill(sandbox: &Sandbox, script: &str) {
    let kill = format!(
        "case \" $* \" in *' commit '*) {script}; exec <&-; kill -s KILL $PPID; exit 1;; esac"
    );
    let status = with_git(sandbox, &kill, &PROMOTE).command().status().unwrap();
    assert_eq!(status.code(), None);
}

/// The next run of another command tells `note`, and leaves these changes behind.
fn repairs(script: &str, meanwhile: impl Fn(&Sandbox), note: &str, changes: &str) -> Sandbox {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    kill(&sandbox, script);
    meanwhile(&sandbox);
    let told = format!("note: an earlier promotion was interrupted; {note}\n");
    assert_eq!(sandbox.xtask(&["explain", ".env"]).succeeds().stderr, told);
    assert_eq!(sandbox.git("status --porcelain"), changes);
    assert_eq!(left(&sandbox), Vec::<String>::new());
    assert_eq!(sandbox.xtask(&["explain", ".env"]).succeeds().stderr, "");
    sandbox
}

#[test]
fn the_next_run_repairs() {
    let both = format!("put back: `.env`, `{JENKINS}`");
    let one = format!("put back: `{JENKINS}`");
    repairs(":", |_| {}, &both, "");
    // As if it had been killed between the two.
    repairs(":", |sandbox| _ = sandbox.git("checkout .env"), &one, "");
    let edit = |sandbox: &Sandbox| sandbox.write(".env", "# mine\n");
    let note = format!("{one}; left alone, because of other edits since: `.env`");
    repairs(":", edit, &note, " M .env\n");
    let commit = |sandbox: &Sandbox| sandbox.commit_all();
    let there = format!("finished, because the commit is there: `.env`, `{JENKINS}`");
    repairs(":", commit, &there, "");
    let sandbox = repairs("git \"$@\"", |_| {}, &there, "");
    assert!(sandbox.git("show HEAD:.env").contains(&HEAD[..7]));
    let stage = |sandbox: &Sandbox| {
        sandbox.write(".env", "# mine\n");
        sandbox.git("add .env");
    };
    repairs("git \"$@\"", stage, &there, "M  .env\n");
}

/// git makes the commit, and can't be run any more after it: the next run gives the index the files.
#[test]
fn a_git_that_is_gone_after_the_commit() {
    for gone in ["rev-parse", "ls-tree", "reset"] {
        let sandbox = Sandbox::covered();
        sandbox.commit_all();
        let mark = sandbox.world.root.join("committed").display().to_string();
        let script = format!(
            "case \" $* \" in *' commit '*) git \"$@\"; touch {mark}; exit;; *' {gone} '*) [ -e {mark} ] && exit 3;; esac"
        );
        let output = with_git(&sandbox, &script, &PROMOTE).run();
        assert_eq!(output.status, 1, "{gone}");
        assert!(sandbox.git("show HEAD:.env").contains(&HEAD[..7]));
        assert_ne!(sandbox.git("status --porcelain"), "", "{gone}");
        let there = format!("finished, because the commit is there: `.env`, `{JENKINS}`");
        let told = format!("note: an earlier promotion was interrupted; {there}\n");
        assert_eq!(sandbox.xtask(&["explain", ".env"]).succeeds().stderr, told, "{gone}");
        assert_eq!(sandbox.git("status --porcelain"), "", "{gone}");
        assert_eq!(left(&sandbox), Vec::<String>::new());
    }
}

/// Killed before there was anything to put back: the next run of any command clears it away.
#[test]
fn what_was_only_prepared() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.write(".git/xtask-promote/0.old", "half");
    sandbox.write(".git/xtask-promote.lock", "1");
    let before = sandbox.state();
    assert_eq!(sandbox.xtask(&["explain", ".env"]).succeeds().stderr, "");
    assert_eq!(left(&sandbox), Vec::<String>::new());
    sandbox.write(".git/xtask-promote.lock", "");
    assert_eq!(sandbox.xtask(&["explain", ".env"]).succeeds().stderr, "");
    assert_eq!(left(&sandbox), Vec::<String>::new());
    assert_eq!(sandbox.state(), before);
}

/// Twenty at once in one checkout, every fourth killed wherever it is: each does its work, finds it
/// done, or says that another one was faster; one commit comes of it, and nothing stays behind.
#[test]
fn many_at_once() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let args = [&PROMOTE[..], &["--offline", "--quiet", "--ref", HEAD]].concat();
    let mut running: Vec<_> = (0..20).map(|_| sandbox.command(&args).spawn()).collect();
    running.iter_mut().step_by(4).for_each(|child| child.kill().unwrap());
    for (index, child) in running.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        if index % 4 == 0 && output.status.code().is_none() {
            continue;
        }
        let output = sandbox.output(output);
        let told = "error: another promotion is running in this checkout";
        let is_told = output.stderr.starts_with(told);
        assert!(output.status == 0 || is_told, "{}", output.stderr);
    }
    sandbox.command(&args).run().succeeds();
    assert_eq!(left(&sandbox), Vec::<String>::new());
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("log -2 --format=%s").lines().nth(1), Some("Everything"));
    assert!(sandbox.git("show HEAD:.env").contains(&HEAD[..7]));
}

/// Three promotions of different environments, again and again: one commit for each.
#[test]
fn many_different_at_once() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let start = |index: usize| {
        let environment = ["pr-check", "jenkins", "tekton"][index % 3];
        let args = ["promote", "--env", environment, "--commit", "--offline", "-q", "--ref", HEAD];
        sandbox.command(&args)
    };
    let mut running: Vec<_> = (0..20).map(|index| start(index).spawn()).collect();
    running.iter_mut().step_by(4).for_each(|child| child.kill().unwrap());
    for child in running {
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            let output = sandbox.output(output);
            let told = "error: another promotion is running in this checkout";
            assert!(output.status == 0 || output.stderr.starts_with(told), "{}", output.stderr);
        }
    }
    (0..3).for_each(|index| _ = start(index).run().succeeds());
    assert_eq!(left(&sandbox), Vec::<String>::new());
    assert_eq!(sandbox.git("status --porcelain"), "");
    let log = sandbox.git("log -4 --format=%s");
    let mut subjects: Vec<&str> = log.lines().collect();
    assert_eq!(subjects.pop(), Some("Everything"));
    subjects.sort_unstable();
    let title = |old: &str| format!("qontract-reconcile promotion {old} to {}", &HEAD[..7]);
    assert_eq!(subjects, ["47fbced", "47fbced", "72aebf9-rc"].map(title));
}

#[test]
fn a_promotion_after_a_killed_one() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    kill(&sandbox, ":");
    let again = sandbox.command(&PROMOTE).run().succeeds();
    assert!(again.stderr.contains("note: an earlier promotion was interrupted; put back: `.env`"));
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("log -2 --format=%s").lines().nth(1), Some("Everything"));
}

/// `git commit` outlives the promotion, which keeps the checkout locked. The next run ends it.
#[test]
fn a_commit_that_goes_on() {
    for script in ["exit 0", "exec sleep 100"] {
        let sandbox = Sandbox::covered();
        sandbox.commit_all();
        let kill = "kill -s KILL $(cat .git/xtask-promote.lock)";
        hook(&sandbox, "pre-commit", &format!("{kill}; {script}"));
        let args = [&PROMOTE[..], &["--offline", "--ref", HEAD]].concat();
        assert_eq!(sandbox.command(&args).command().status().unwrap().code(), None);
        let told = sandbox.xtask(&["explain", ".env"]).succeeds().stderr;
        assert!(told.contains("note: an earlier promotion was interrupted; "), "{told}");
        assert_eq!(left(&sandbox), Vec::<String>::new());
        assert_eq!(sandbox.git("status --porcelain"), "");
    }
}

/// Where it can't be noted which process commits, that one doesn't outlive the promotion.
#[test]
fn a_commit_that_nobody_would_know_of() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let stubborn = "trap '' TERM; while [ -e .git ] && [ ! -e .git/end ]; do sleep 0.02; done";
    hook(&sandbox, "commit-msg", stubborn);
    let first = "case \" $* \" in
        *' update-index '*) mkdir -p .git/xtask-promote/committer;;
        *' commit '*) echo $$ >.git/pid;;
    esac";
    let output = with_git(&sandbox, first, &PROMOTE).run();
    sandbox.write(".git/end", "");
    // It may have been ended before it could say which process it is.
    if let Ok(pid) = fs::read_to_string(sandbox.path(".git/pid")) {
        let running = format!("/proc/{}", pid.trim());
        while !pid.trim().is_empty() && Path::new(&running).exists() {
            thread::yield_now();
        }
    }
    let told = "error: can't run `git commit`: Is a directory (os error 21)\n";
    output.assert(1, "", told);
    assert_eq!(sandbox.git("log -1 --format=%s"), "Everything\n");
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn signals() {
    for signal in heard_signals() {
        let sandbox = Sandbox::covered();
        let script = format!("kill -s {signal} $(cat .git/xtask-promote.lock); exec sleep 100");
        hook(&sandbox, "pre-commit", &script);
        let before = sandbox.state();
        let told = format!("error: interrupted by SIG{signal}\n  help: run it again\n");
        sandbox.offline(&PROMOTE).assert(1, "", &told);
        assert_eq!(sandbox.state(), before);
        assert_eq!(left(&sandbox), Vec::<String>::new());
    }
}

/// The git folder on another file system: files go there by a copy.
#[test]
fn a_git_folder_elsewhere() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let name = sandbox.world.root.file_name().unwrap();
    let elsewhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let moved = "cp -r .git \"$0\" && rm -r .git && echo \"gitdir: $0\" > .git";
    sandbox.program("sh", &["-c", moved, elsewhere.to_str().unwrap()]).run().succeeds();
    let before = sandbox.state();
    hook_at(&elsewhere, "exit 1");
    assert_eq!(sandbox.offline(&PROMOTE).status, 1);
    assert_eq!(sandbox.state(), before);
    hook_at(&elsewhere, "[ -z \"$(git status --porcelain | grep -v '^M')\" ]");
    sandbox.offline(&PROMOTE).succeeds();
    assert_eq!(sandbox.git("status --porcelain --ignored"), "");
    fs::remove_dir_all(elsewhere).unwrap();
}

fn hook_at(git_dir: &Path, script: &str) {
    fs::create_dir_all(git_dir.join("hooks")).unwrap();
    world::executable(&git_dir.join("hooks/pre-commit"), &format!("#!/bin/sh\n{script}\n"))
        .unwrap();
}

#[test]
fn what_is_not_committed_is_not_done() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.offline(&["qr-promote"]).succeeds();
    let jenkins = ["promote", "--env", "jenkins"];
    sandbox.offline(&jenkins).matches("uncommitted");
    sandbox.offline(&[&jenkins[..], &["--format", "json"]].concat()).matches("uncommitted-json");
    sandbox.git("add --all");
    sandbox.offline(&jenkins).matches("uncommitted");
    let back = |sandbox: &Sandbox| {
        sandbox.git(&format!("restore --staged --source HEAD~1 -- {JENKINS}"));
    };
    sandbox.git("commit --quiet -m Promoted");
    back(&sandbox);
    for landing in ["--commit", "--no-image-check"] {
        sandbox.offline(&[&jenkins[..], &[landing]].concat()).matches("staged-apart");
    }
    let schemas = ["update-schemas", "--offline", "--quiet", "--ref", SCHEMAS_HEAD];
    let done = sandbox.xtask(&schemas).succeeds().stdout;
    assert!(!done.contains("staged"), "{done}");
}

/// A promotion that waits in its pre-commit hook while `meanwhile` runs.
fn while_one_runs(sandbox: &Sandbox, end: &str, meanwhile: impl FnOnce(u32)) -> Output {
    let fifos = ["started", "go"].map(|name| sandbox.world.root.join(name));
    for fifo in &fifos {
        sandbox.git_in(
            &sandbox.world.root,
            &["-c", &format!("alias.fifo=!mkfifo '{}'", fifo.display()), "fifo"],
            "",
        );
    }
    let [started, go] = fifos.each_ref().map(|fifo| fifo.display());
    hook(sandbox, "pre-commit", &format!("echo > '{started}'; read -r go < '{go}'; {end}"));
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
    let first = while_one_runs(&sandbox, "exit 1", |id| {
        let during = sandbox.state();
        let running = format!(
            "error: another promotion is running in this checkout (process {id})\n  help: wait until it is done, then run it again\n"
        );
        sandbox.offline(&["qr-promote"]).assert(1, "", &running);
        sandbox.offline(&["qr-promote", "--dry-run"]).succeeds();
        assert_eq!(sandbox.state(), during);
        assert_ne!(during.files, before.files);
    });
    first.assert(1, "", "error: `git commit` failed, or a hook of it\n");
    assert_eq!(sandbox.state(), before);
    assert_eq!(left(&sandbox), Vec::<String>::new());
}

#[test]
fn the_second_waits_for_the_first() {
    let sandbox = Sandbox::new();
    let mut second = None;
    let first = while_one_runs(&sandbox, "exit 0", |_| {
        second = Some(sandbox.command(&["update-schemas"]).spawn());
    });
    first.succeeds();
    sandbox.output(second.unwrap().wait_with_output().unwrap()).succeeds();
    assert!(sandbox.git("show HEAD:.env").contains("RECONCILE_IMAGE_TAG=7a734a7"));
    assert!(sandbox.read(".env").contains("SCHEMAS_IMAGE_TAG=feab7af"));
    assert_eq!(left(&sandbox), Vec::<String>::new());
}

#[test]
fn a_killed_promotion_locks_nobody_out() {
    let sandbox = Sandbox::new();
    sandbox.write(".git/xtask-promote.lock", "4194304");
    sandbox.offline(&["qr-promote"]).succeeds();
}
