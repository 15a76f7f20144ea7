//! A checkout on an ordinary day: whatever is under way in it, no landing takes any of it along, and
//! none loses any of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::landing::{JENKINS, hook, left, with_git};
use crate::sandbox::{HEAD, Sandbox, State};

/// The files of the two promoted pins, with the old and the new text.
const PINS: [(&str, &str, &str); 2] =
    [(".env", "72aebf9-rc", "7a734a7"), (JENKINS, "'47fbced'", "'7a734a7'")];
const PROMOTE: [&str; 3] = ["promote", "--env", "pr-check,jenkins"];
const OTHER: &str = "data/products/app-sre/product.yml";

/// What a person did, and the exit status then: of an edit of the files, and of a commit.
type Day = (&'static str, fn(&Sandbox), [i32; 2]);

const DAYS: [Day; 30] = [
    ("nothing", |_| {}, [0, 0]),
    ("an edit", |s| s.write("README.md", "mine\n"), [0, 0]),
    ("an untracked file", |s| s.write("new.txt", "mine\n"), [0, 0]),
    ("an ignored file", ignored, [0, 0]),
    ("a staged edit", |s| staged(s, "README.md"), [0, 0]),
    ("a staged new file", |s| staged(s, "new.txt"), [0, 0]),
    ("a partly staged file", partly_staged, [0, 0]),
    ("a staged removal", |s| _ = s.git(&format!("rm --quiet {OTHER}")), [0, 0]),
    ("a removal", |s| fs::remove_file(s.path(OTHER)).unwrap(), [0, 0]),
    ("an intent to add", intent_to_add, [0, 0]),
    ("a changed mode", executable_readme, [0, 0]),
    ("a link in the place of a file", linked, [0, 0]),
    ("a staged rename", |s| _ = s.git("mv README.md LIESMICH.md"), [0, 0]),
    ("a case-only rename", |s| _ = s.git("mv README.md readme.md"), [0, 0]),
    ("a case-only rename of a pin's file", renamed_pin, [1, 1]),
    ("a stash", stashed, [0, 0]),
    ("an edit of a pin's file", edited_pin, [0, 1]),
    (
        "a staged edit of a pin's file",
        |s| {
            edited_pin(s);
            s.git("add .");
        },
        [0, 1],
    ),
    ("a pin's file out of the index", |s| _ = s.git("rm --quiet --cached .env"), [0, 1]),
    ("a merge", |s| under_way(s, "merge other"), [0, 1]),
    ("a rebase", |s| under_way(s, "rebase other"), [0, 1]),
    ("a cherry-pick", |s| under_way(s, "cherry-pick other"), [0, 1]),
    ("a bisect", |s| _ = s.git("bisect start --no-checkout HEAD HEAD~1"), [0, 0]),
    ("a detached head", |s| _ = s.git("checkout --quiet --detach"), [0, 0]),
    ("assume-unchanged", |s| flagged(s, "assume-unchanged", "README.md"), [0, 0]),
    ("skip-worktree", |s| flagged(s, "skip-worktree", "README.md"), [0, 0]),
    ("assume-unchanged of a pin's file", |s| flagged(s, "assume-unchanged", ".env"), [0, 1]),
    ("a filter and line ends", converted, [0, 0]),
    ("a hook that edits", hooked, [0, 0]),
    ("a person who saves", |s| s.write("README.md", "saved\n"), [0, 0]),
];

fn ignored(sandbox: &Sandbox) {
    sandbox.write(".git/info/exclude", "*.log\n");
    sandbox.write("a.log", "mine\n");
}

fn staged(sandbox: &Sandbox, path: &str) {
    sandbox.write(path, "mine\n");
    sandbox.git("add --all");
}

fn partly_staged(sandbox: &Sandbox) {
    staged(sandbox, "README.md");
    sandbox.write("README.md", "mine\nand more\n");
}

fn intent_to_add(sandbox: &Sandbox) {
    sandbox.write("new.txt", "mine\n");
    sandbox.git("add --intent-to-add new.txt");
}

fn executable_readme(sandbox: &Sandbox) {
    fs::set_permissions(sandbox.path("README.md"), PermissionsExt::from_mode(0o755)).unwrap();
}

fn linked(sandbox: &Sandbox) {
    fs::remove_file(sandbox.path("README.md")).unwrap();
    symlink(".env", sandbox.path("README.md")).unwrap();
}

fn renamed_pin(sandbox: &Sandbox) {
    sandbox.git(&format!("mv {JENKINS} {}", JENKINS.replace("defaults", "Defaults")));
}

fn stashed(sandbox: &Sandbox) {
    edited_pin(sandbox);
    sandbox.git("stash --quiet");
}

fn edited_pin(sandbox: &Sandbox) {
    sandbox.replace(JENKINS, "timeout: 60", "timeout: 61");
}

/// Stops in the middle, with a conflict in a file without pins.
fn under_way(sandbox: &Sandbox, start: &str) {
    for (branch, text) in [("-b other", "theirs\n"), ("master", "ours\n")] {
        sandbox.git(&format!("checkout --quiet {branch}"));
        sandbox.write("README.md", text);
        sandbox.commit_all();
    }
    assert_eq!(sandbox.git_status(start), 1, "{start}");
}

fn flagged(sandbox: &Sandbox, bit: &str, path: &str) {
    sandbox.git(&format!("update-index --{bit} {path}"));
    let edited = sandbox.read(path) + "# mine\n";
    sandbox.write(path, &edited);
}

fn converted(sandbox: &Sandbox) {
    sandbox.git("config filter.big.clean cat");
    sandbox.git("config filter.big.smudge cat");
    sandbox.git("config core.autocrlf true");
    sandbox.write(".git/info/attributes", "*.yaml filter=big\n");
    sandbox.write(".env", &sandbox.read(".env").replace('\n', "\r\n"));
    sandbox.git("add --renormalize .");
}

fn hooked(sandbox: &Sandbox) {
    hook(sandbox, "prepare-commit-msg", "echo edited >>\"$1\"; echo ran >>.git/ran");
}

/// The checkout before a run, with what a person did.
fn begun(prepare: fn(&Sandbox)) -> (Sandbox, State) {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.git("push --quiet origin master");
    prepare(&sandbox);
    let before = sandbox.state();
    (sandbox, before)
}

/// Runs a promotion; the person who saves does so at each start of git.
fn run(sandbox: &Sandbox, day: &str, landing: &[&str]) -> i32 {
    let args = [&PROMOTE[..], landing].concat();
    let output = match (day, landing) {
        (_, ["--mr"]) => sandbox.xtask(&[&args[..], &["--quiet", "--ref", HEAD]].concat()),
        ("a person who saves", _) => {
            with_git(sandbox, "echo saved >.git/new && mv .git/new README.md", &args).run()
        }
        _ => sandbox.offline(&args),
    };
    assert!(output.status == 0 || output.stderr.contains("help: "), "{day}: {}", output.stderr);
    output.status
}

/// The lines that tell of files without pins.
fn others(lines: &str) -> Vec<String> {
    let is_other = |line: &&str| PINS.iter().all(|(path, ..)| !line.ends_with(path));
    lines.lines().filter(is_other).map(str::to_owned).collect()
}

/// The files as they are to be after a promotion.
fn promoted(state: &State) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut files = state.files.clone();
    for (path, old, new) in PINS {
        let content = &mut files.get_mut(path).unwrap().1;
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(text.contains(old), "{path}");
        *content = text.replace(old, new).into_bytes();
    }
    files
}

#[test]
fn nothing_is_touched() {
    for (day, prepare, [status, _]) in DAYS {
        let (sandbox, before) = begun(prepare);
        assert_eq!(run(&sandbox, day, &["--dry-run"]), status, "{day}");
        assert_eq!(sandbox.state(), before, "{day}");
        assert_eq!(run(&sandbox, day, &["--mr"]), 0, "{day}");
        assert_eq!(sandbox.state(), before, "{day}");
        let remote = |args: &[&str]| sandbox.git_in(&sandbox.world.remote, args, "");
        let branch = remote(&["for-each-ref", "--format=%(refname)", "refs/heads/promote"]);
        let pushed = remote(&["diff", "--name-only", "master", &branch]);
        assert_eq!(pushed, format!(".env\n{JENKINS}"), "{day}");
    }
}

#[test]
fn files_are_edited() {
    for (day, prepare, [status, _]) in DAYS {
        let (sandbox, before) = begun(prepare);
        assert_eq!(run(&sandbox, day, &[]), status, "{day}");
        let after = sandbox.state();
        if status != 0 {
            assert_eq!(after, before, "{day}");
            continue;
        }
        assert_eq!(after.files, promoted(&before), "{day}");
        assert_eq!((&after.index, &after.branch), (&before.index, &before.branch), "{day}");
        assert_eq!(others(&after.status), others(&before.status), "{day}");
        assert_eq!(left(&sandbox), Vec::<String>::new(), "{day}");
    }
}

#[test]
fn pins_are_committed() {
    for (day, prepare, [_, status]) in DAYS {
        let (sandbox, before) = begun(prepare);
        let flags = sandbox.git("ls-files -v");
        assert_eq!(run(&sandbox, day, &["--commit"]), status, "{day}");
        let after = sandbox.state();
        if status != 0 {
            assert_eq!(after, before, "{day}");
            continue;
        }
        assert_eq!(after.files, promoted(&before), "{day}");
        assert_eq!(others(&after.index), others(&before.index), "{day}");
        assert_eq!(after.status, before.status, "{day}");
        assert_eq!(sandbox.git("ls-files -v"), flags, "{day}");
        let parent = sandbox.git("rev-parse HEAD^");
        assert!(before.branch.starts_with(&parent), "{day}");
        let committed = sandbox.git("show --format= --numstat HEAD");
        assert_eq!(committed, format!("1\t1\t.env\n1\t1\t{JENKINS}\n"), "{day}");
        assert_eq!(left(&sandbox), Vec::<String>::new(), "{day}");
    }
}
