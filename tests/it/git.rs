//! Git in a checkout: what is asked of it, and the one thing it does, a commit.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;
use xshell::{Shell, TempDir, cmd};
use xtask::git::{Change, Git, commit_ids};

use crate::sandbox::{SCHEMAS_HEAD, Sandbox};

/// A checkout with two committed files: `a file.txt` and `sub/b.txt`.
struct Checkout {
    shell: Shell,
    folder: TempDir,
}

impl Checkout {
    fn new() -> Result<Self> {
        let shell = Shell::new()?;
        let folder = shell.create_temp_dir()?;
        let checkout = Checkout { shell, folder };
        checkout.shell.change_dir(checkout.top());
        checkout.shell.set_var("GIT_CONFIG_GLOBAL", "/dev/null");
        checkout.run("init --quiet --initial-branch=master")?;
        for (key, value) in [("name", "Ann"), ("email", "ann@example.com")] {
            checkout.run(&format!("config user.{key} {value}"))?;
        }
        checkout.write("a file.txt", "one\n")?;
        checkout.write("sub/b.txt", "two\n")?;
        checkout.run("add --all")?;
        checkout.run("commit --quiet -m First")?;
        Ok(checkout)
    }

    fn top(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self) -> Git {
        Git::at(self.top()).env("GIT_CONFIG_GLOBAL", "/dev/null")
    }

    fn run(&self, line: &str) -> Result<String> {
        let words = line.split(' ');
        Ok(cmd!(self.shell, "git {words...}").quiet().ignore_stderr().read()?)
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        Ok(self.shell.write_file(path, text)?)
    }
}

/// Commits the work tree's state of these files.
fn commit(checkout: &Checkout, message: &str, paths: &[RepoPath]) -> Result<CommitId> {
    let (git, folder) = (checkout.git(), checkout.shell.create_temp_dir()?);
    git.stage_apart(folder.path(), paths)?.commit(message, File::open("/dev/null")?)?;
    git.unstage(paths)?;
    git.commit("HEAD")
}

fn paths(paths: &[&str]) -> Vec<RepoPath> {
    paths.iter().filter_map(|path| RepoPath::parse(path)).collect()
}

fn told<T>(result: Result<T>) -> Result<String> {
    let error = result.err().context("this was to fail")?;
    let problem = error.downcast_ref::<Problem>().with_context(|| format!("{error:#}"))?;
    let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
    Ok(format!("{problem}{}", help.collect::<String>()))
}

#[test]
fn where_a_checkout_is() -> Result<()> {
    let checkout = Checkout::new()?;
    let top = checkout.top().canonicalize()?;
    let expected = Some((top.clone(), top.join(".git")));
    assert_eq!(Git::at(top.join("sub")).top_and_git_dir()?, expected);

    let bare = "this is a bare repository or a `.git` folder\nhelp: name the folder of a checkout with `--repo`";
    assert_eq!(told(Git::at(top.join(".git")).top_and_git_dir())?, bare);
    let outside = checkout.shell.create_temp_dir()?;
    assert_eq!(Git::at(outside.path()).top_and_git_dir()?, None);
    assert_eq!(
        told(Git::at("/nowhere/at/all").top_and_git_dir())?,
        "`git rev-parse` failed: cannot change to '/nowhere/at/all': No such file or directory"
    );
    Ok(())
}

#[test]
fn addresses_are_rewritten_as_the_checkout_says() -> Result<()> {
    let checkout = Checkout::new()?;
    checkout.run("config url.file:///mirror/.insteadOf https://github.com/")?;
    let git = checkout.git();
    assert_eq!(git.effective_url("https://github.com/a/b")?, "file:///mirror/a/b");
    assert_eq!(git.effective_url("https://gitlab.com/a/b")?, "https://gitlab.com/a/b");
    assert_eq!(git.effective_url("--upload-pack=x")?, "--upload-pack=x");
    Ok(())
}

#[test]
fn a_commit_takes_the_named_files_only() -> Result<()> {
    let checkout = Checkout::new()?;
    let git = checkout.git();
    checkout.write("a file.txt", "three\n")?;
    checkout.write("sub/b.txt", "four\n")?;
    checkout.write("sub/new.txt", "five\n")?;
    checkout.run("add sub/b.txt")?;
    let all = paths(&["a file.txt", "sub", "missing"]);
    let change = |state: &str, path: &str| Change { state: state.into(), path: path.into() };
    let others = [change("M ", "sub/b.txt"), change("??", "sub/new.txt")];
    let mut changes = git.status(&all)?;
    assert_eq!(changes.remove(0), change(" M", "a file.txt"));
    assert_eq!(changes, others);
    assert_eq!(git.status(&[])?, []);

    let message = "# Promote\n\nwith a line that begins with\n# a number sign";
    let commit = commit(&checkout, message, &paths(&["a file.txt"]))?;
    assert_eq!(git.commit("HEAD")?, commit);
    assert_eq!(checkout.run("log -1 --format=%B")?.trim_end(), message);
    assert_eq!(checkout.run("show --format= --name-only HEAD")?, "a file.txt");
    assert_eq!(git.status(&all)?, others);
    assert_eq!(
        git.show_many("HEAD", &paths(&["a file.txt", "sub", "none", "sub/b.txt"]))?,
        [Some(b"three\n".to_vec()), None, None, Some(b"two\n".to_vec())]
    );
    Ok(())
}

#[test]
fn a_hook_can_refuse() -> Result<()> {
    let checkout = Checkout::new()?;
    let git = checkout.git();
    let before = git.commit("HEAD")?;
    checkout.write("a file.txt", "three\n")?;
    checkout.run("config core.hooksPath hooks")?;
    let script = "#!/bin/sh\n[ -z \"$GIT_LITERAL_PATHSPECS\" ] || exit 0\necho first\nprintf 'no: \\033[31mred\\n' >&2\nexit 1\n";
    checkout.write("hooks/pre-commit", script)?;
    cmd!(checkout.shell, "chmod +x hooks/pre-commit").quiet().run()?;
    assert_eq!(
        told(commit(&checkout, "x", &paths(&["a file.txt"])))?,
        "`git commit` failed, or a hook of it\nhelp: first\nno: \\u{1b}[31mred"
    );
    assert_eq!(git.commit("HEAD")?, before);
    Ok(())
}

#[test]
fn lists_of_commits() {
    let id = "0123456789abcdef0123456789abcdef01234567";
    let told = |text: &str| match commit_ids(text) {
        Ok(ids) => ids.iter().map(|id| format!("{id} ")).collect(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(""), "");
    assert_eq!(told(&format!("{id}\n{id}\n")), format!("{id} {id} "));
    let unknown = "`git log` answered in an unknown way: ";
    assert_eq!(
        told(&format!("{id}\n\u{1b}No signature")),
        format!("{unknown}`\\u{{1b}}No signature`")
    );
    assert_eq!(told(&format!("{id}\n\n{id}")), format!("{unknown}``"));
}

#[test]
fn operations_under_way() -> Result<()> {
    let checkout = Checkout::new()?;
    let git = checkout.git();
    assert_eq!(git.mid_operation()?, None);
    checkout.run("checkout --quiet -b other")?;
    checkout.write("a file.txt", "theirs\n")?;
    checkout.run("commit --quiet -a -m Theirs")?;
    checkout.run("checkout --quiet master")?;
    checkout.write("a file.txt", "ours\n")?;
    checkout.run("commit --quiet -a -m Ours")?;
    for (start, end, name) in [
        ("merge other", "merge --abort", "merge"),
        ("rebase other", "rebase --abort", "rebase"),
        ("cherry-pick other", "cherry-pick --abort", "cherry-pick"),
        ("revert --no-edit HEAD~1 HEAD~1", "revert --abort", "revert"),
    ] {
        assert!(checkout.run(start).is_err(), "{start}");
        assert_eq!(git.mid_operation()?, Some(name));
        checkout.run(end)?;
    }
    assert_eq!(git.mid_operation()?, None);
    fs::remove_file(checkout.top().join(".git/HEAD"))?;
    assert!(git.mid_operation().is_err());
    Ok(())
}

#[test]
fn errors_name_the_command() -> Result<()> {
    let checkout = Checkout::new()?;
    let git = checkout.git();
    assert_eq!(told(git.commit("nowhere"))?, "no commit `nowhere` here");
    assert_eq!(
        told(git.read(["rev-list", "nowhere"]))?,
        "`git rev-list` failed: ambiguous argument 'nowhere': unknown revision or path not in the working tree."
    );
    checkout.write(".git/config", "[core\n")?;
    let config = "bad config line 1 in file .git/config";
    assert_eq!(told(git.commit("HEAD"))?, format!("`git rev-parse` failed: {config}"));
    assert_eq!(told(git.status(&paths(&["x"])))?, format!("`git status` failed: {config}"));
    Ok(())
}

/// A hook or another tool may have set these; each would lead git to another repository, to another
/// history of this one, or to other files.
#[test]
fn variables_that_point_elsewhere_are_not_obeyed() {
    let sandbox = Sandbox::covered();
    let root = &sandbox.world.root;
    let head = sandbox.git("rev-parse HEAD");
    let write = |name: &str| {
        let file = root.join(name);
        fs::write(&file, &head).unwrap();
        file.display().to_string()
    };
    let (cut, other) = (write("cut"), root.join("other").display().to_string());
    sandbox.git(&format!("init --quiet --bare {other}"));
    let upstream = sandbox.world.schemas.path.display().to_string();
    let commands: [&[&str]; 3] = [
        &["status", "--quiet", "--format", "json"],
        &["rollback", "--env", "jenkins", "--reason", "x", "--quiet", "--dry-run"],
        &["promote", "--env", "jenkins", "--quiet", "--ref", SCHEMAS_HEAD, "--dry-run"],
    ];
    let run = |variables: &[(&str, &str)]| {
        commands.map(|args| {
            let run = sandbox.command(args);
            variables.iter().fold(run, |run, (name, value)| run.env(name, *value)).run()
        })
    };
    let expected = run(&[]);
    assert_eq!(expected.each_ref().map(|output| output.status), [0, 0, 1]);
    let objects = format!("{upstream}/objects");
    for (name, value) in [
        ("GIT_DIR", other.as_str()),
        ("GIT_WORK_TREE", &other),
        ("GIT_COMMON_DIR", &other),
        ("GIT_INDEX_FILE", &cut),
        ("GIT_OBJECT_DIRECTORY", &other),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects),
        ("GIT_NAMESPACE", "other"),
        ("GIT_SHALLOW_FILE", &cut),
        ("GIT_GRAFT_FILE", &cut),
        ("GIT_CONFIG", "/dev/null"),
        ("GIT_QUARANTINE_PATH", &objects),
        ("GIT_GLOB_PATHSPECS", "1"),
        ("GIT_NOGLOB_PATHSPECS", "1"),
        ("GIT_ICASE_PATHSPECS", "1"),
    ] {
        fs::remove_dir_all(sandbox.world.root.join("cache")).unwrap();
        assert_eq!(run(&[(name, value)]), expected, "{name}");
    }
}
