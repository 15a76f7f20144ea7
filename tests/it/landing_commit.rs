//! A commit has exactly the promoted pins, whatever hooks, people and git itself do meanwhile.

use std::fs;

use crate::landing::{JENKINS, check_refused, hook, left, with_git};
use crate::sandbox::{HEAD, Sandbox};

const PROMOTE: [&str; 4] = ["promote", "--env", "pr-check,jenkins", "--commit"];

/// How a commit ended.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    status: i32,
    stderr: String,
    /// What `git status` says then.
    changes: String,
    /// Which of the two pins are in the last commit.
    committed: [bool; 2],
}

/// Runs a commit of two files after `prepare`, which may return what `git` is to do first.
fn check(prepare: impl Fn(&Sandbox) -> String, expected: (i32, &str, &str, [bool; 2])) -> Sandbox {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let first = prepare(&sandbox);
    let output = with_git(&sandbox, &first, &PROMOTE).run();
    let has_pin = |path: &str| sandbox.git(&format!("show HEAD:{path}")).contains(&HEAD[..7]);
    let commit = sandbox.git("rev-parse --short=7 HEAD");
    let ended = Ended {
        status: output.status,
        stderr: output.stderr.replace(commit.trim_end(), "[commit]"),
        changes: sandbox.git("status --porcelain --untracked-files=all"),
        committed: [".env", JENKINS].map(has_pin),
    };
    let (status, stderr, changes, committed) = expected;
    let (stderr, changes) = (stderr.to_owned(), changes.to_owned());
    assert_eq!(ended, Ended { status, stderr, changes, committed });
    assert_eq!(left(&sandbox), Vec::<String>::new());
    sandbox
}

fn with_hook(name: &str, script: &str) -> impl Fn(&Sandbox) -> String {
    move |sandbox| {
        hook(sandbox, name, script);
        String::new()
    }
}

#[test]
fn hooks_see_and_commit_nothing_of_ours() {
    let all = (0, "", "", [true, true]);
    check(with_hook("pre-commit", "git add --all"), all);
    let untracked = "[ -z \"$(git ls-files --others --exclude-standard)\" ]";
    check(with_hook("pre-commit", untracked), all);
    check(with_hook("post-commit", untracked), all);
    check(with_hook("commit-msg", "rm -f .git/index.lock"), all);
    // A process that stays behind keeps nobody waiting.
    let sandbox = check(with_hook("pre-commit", "sleep 100 & echo $! > .git/sleeper"), all);
    sandbox.program("sh", &["-c", "kill $(cat .git/sleeper)"]).run().succeeds();
}

#[test]
fn what_a_hook_does_to_a_pin() {
    let back = "git show HEAD:.env > .env; git add .env";
    check(
        with_hook("pre-commit", back),
        (
            1,
            "error: [commit] is committed, but not all went well\nerror: `.env`: the commit has another version of its pin\n  help: look for the hook that took it out; `git reset --soft HEAD^` takes the commit back\n",
            "",
            [false, true],
        ),
    );
    // More than the pin may change: a formatter does that. It is told.
    let cure = "  help: `git show` shows it; `git reset --soft HEAD^` takes the commit back\n";
    let more = "echo '# formatted' >> .env; git add .env";
    let told =
        format!("warning: the commit has more than the promotion: a hook changed `.env`\n{cure}");
    check(with_hook("pre-commit", more), (0, &told, "", [true, true]));
    // What it adds is in the index then, so that the next commit does not take it out again; what
    // somebody has staged there stays staged.
    let others = "echo one > one; echo two > 'two\u{1b}[2J'; git add one two*; echo 3 >> README.md; git add README.md";
    let told = format!(
        "warning: the commit has more than the promotion: a hook changed `README.md`, `one`, `two\\u{{1b}}[2J`\n{cure}"
    );
    check(
        |sandbox: &Sandbox| {
            sandbox.write("README.md", "staged\n");
            sandbox.git("add README.md");
            with_hook("pre-commit", others)(sandbox)
        },
        (0, &told, "MM README.md\n", [true, true]),
    );
    let edit = format!("echo '# mine' >> {JENKINS}; exit 1");
    check(
        with_hook("pre-commit", &edit),
        (
            1,
            &format!(
                "error: `git commit` failed, or a hook of it\nerror: `{JENKINS}`: was edited while the promotion ran, so it is not put back\n  help: it has both edits; `git diff` shows them\n"
            ),
            &format!(" M {JENKINS}\n"),
            [false, false],
        ),
    );
}

/// What `git` is to do first when it is run with that word.
fn at(word: &str, script: &str) -> impl Fn(&Sandbox) -> String {
    move |_| format!("case \" $* \" in *' {word} '*) {script};; esac")
}

#[test]
fn once_there_is_a_commit_nothing_is_undone() {
    check(
        at("commit", "git \"$@\"; exit 1"),
        (
            1,
            "error: [commit] is committed, but not all went well\nerror: `git commit` failed, or a hook of it\n",
            "",
            [true, true],
        ),
    );
    check(
        at("commit", "exit 0"),
        (
            1,
            "error: `git commit` says that it succeeded, but there is no new commit\n  help: look for a `git` in the `PATH`, an alias or a hook that stands in for it\n",
            "",
            [false, false],
        ),
    );
    // The commit of somebody else is not ours.
    let other = "env -u GIT_INDEX_FILE git commit --quiet --allow-empty -m Other; exit 1";
    let failed = "error: `git commit` failed, or a hook of it\n";
    check(at("--cleanup=whitespace", other), (1, failed, "", [false, false]));

    let sandbox = Sandbox::new();
    hook(&sandbox, "post-commit", ": > .git/index.lock");
    let output = sandbox.offline(&PROMOTE);
    output.matches("committed-index-lock");
    fs::remove_file(sandbox.path(".git/index.lock")).unwrap();
    let cure = output.stderr.lines().find_map(|line| line.strip_prefix("  help: `git ")).unwrap();
    sandbox.git(cure.trim_end_matches('`'));
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn edits_of_somebody_else_are_not_committed() {
    let edit = format!("echo '# mine' >> {JENKINS}");
    let changed = format!(" M {JENKINS}\n");
    check(at("commit", &edit), (0, "", &changed, [true, true]));
    let early = format!(
        "error: `{JENKINS}`: changed before it was committed\n  help: run it again\nerror: `{JENKINS}`: was edited while the promotion ran, so it is not put back\n  help: it has both edits; `git diff` shows them\n"
    );
    check(at("update-index", &edit), (1, &early, &changed, [false, false]));
    // What is staged meanwhile stays staged.
    let staged = format!("M  {JENKINS}\n");
    let stage = format!("{edit}; env -u GIT_INDEX_FILE git add {JENKINS}");
    check(at("commit", &stage), (0, "", &staged, [true, true]));
}

#[test]
fn hooks_that_reject() {
    let expected = "error: `git commit` failed, or a hook of it\n  help: checking\n        not \\u{1b}[31mtoday\n";
    for name in ["pre-commit", "commit-msg", "prepare-commit-msg"] {
        let sandbox = Sandbox::new();
        hook(&sandbox, name, "echo checking; printf 'not \\033[31mtoday\\n' >&2; exit 1");
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

/// Somebody edits a file right after git was run with that word for the `nth` time.
fn edit_after(word: &str, nth: usize) -> String {
    format!(
        "case \" $* \" in *' {word} '*)\n  echo >> ../count\n  [ $(wc -l < ../count) -ne {nth} ] || {{ git \"$@\"; code=$?; echo '# mine' >> {JENKINS}; exit $code; }}\nesac"
    )
}

#[test]
fn files_that_change_meanwhile() {
    let mine = Sandbox::new().read(JENKINS) + "# mine\n";
    let checked =
        "error: the files changed while the promotion was being checked\n  help: run it again\n";
    let computed = format!(
        "error: `{JENKINS}`: changed while the promotion was being computed\n  help: run it again\n"
    );
    let promote = ["promote", "--env", "pr-check,jenkins"];
    for (more, word, nth, expected) in
        [(&[][..], "--list", 1, checked), (&["--commit"], "symbolic-ref", 2, &computed)]
    {
        let sandbox = Sandbox::covered();
        sandbox.commit_all();
        let args = [&promote[..], more].concat();
        with_git(&sandbox, &edit_after(word, nth), &args).run().assert(1, "", expected);
        assert_eq!(sandbox.read(JENKINS), mine);
        assert_eq!(sandbox.git("status --porcelain"), format!(" M {JENKINS}\n"));
        assert_eq!(sandbox.git("log -1 --format=%s"), "Everything\n");
    }
}
