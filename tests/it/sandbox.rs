//! A world of its own for every test, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use promotion::diff::{DiffLine, lines_between};
use world::{UpstreamRepository, World, executable};

/// What every sandbox takes for now: 2024-03-27 10:00 UTC.
const NOW: &str = "1711533600";

/// The newest commit of `qontract-reconcile`.
pub const HEAD: &str = "7a734a7c2c6a3a95816f09dec686865dd6107382";

/// The newest commit of `qontract-schemas`.
pub const SCHEMAS_HEAD: &str = "feab7afe34b17458968fd48a0ab93fd59e346dfc";

/// What Git LFS leaves in the place of a file.
pub const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";

/// Runs what `cargo xtask` would run, and writes down how it was called.
const CARGO: &str = "#!/bin/sh
for arg; do printf '[%s]' \"$arg\"; done > \"$CALLED\"
[ \"$1\" = xtask ] || exit 97
shift
[ -z \"$RUN\" ] || exec \"$RUN\" \"$@\"
";

/// Whether a program is not there that only some tests need. They are skipped then, but fail in CI.
pub fn is_missing(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_missing = !env::split_paths(&path).any(|folder| folder.join(program).exists());
    if is_missing {
        assert!(env::var_os("CI").is_none(), "needs {program}, which `.ci/run` installs");
        // Not with `eprintln!`, which the test runner hides.
        let _ = writeln!(std::io::stderr(), "skipped: needs {program}");
    }
    is_missing
}

/// A world in a fresh folder, removed on drop unless `KEEP_SANDBOX` is set.
pub struct Sandbox {
    pub world: World,
}

/// What a run left behind; the sandbox's folder reads `[root]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// One run of the program, in the app-interface checkout unless told otherwise.
pub struct Run<'a> {
    sandbox: &'a Sandbox,
    command: Command,
}

impl Sandbox {
    pub fn new() -> Self {
        // 32 ms; copying a template took 5, for 60 lines more.
        Sandbox::of(World::create(&fresh_folder()).unwrap())
    }

    /// A sandbox around a world that was just made.
    pub fn of(world: World) -> Self {
        let home = world.root.join("home");
        fs::create_dir(&home).unwrap();
        let identity = "[user]\n\tname = Tobias Winterfeld\n\temail = twinterf@example.com\n[core]\n\tfsync = none\n";
        fs::write(home.join(".gitconfig"), identity).unwrap();
        Sandbox { world }
    }

    /// The sandbox of another process, in its folder.
    pub fn at(root: &Path) -> Self {
        let world = World::open(root).unwrap();
        Sandbox { world }
    }

    /// One without the pins that no environment has, so that no promotion warns of them.
    pub fn covered() -> Self {
        let sandbox = Sandbox::new();
        sandbox.cover();
        sandbox
    }

    /// Makes those pins follow a tag.
    pub fn cover(&self) {
        let file = "data/pipelines/tekton-provider-global-defaults.yaml";
        self.write(file, &self.read(file).replace(": 47fbced", ": latest"));
    }

    /// Runs the program.
    pub fn xtask(&self, args: &[&str]) -> Output {
        self.command(args).run()
    }

    /// A run of the program that can be given a folder and an environment first.
    pub fn command(&self, args: &[&str]) -> Run<'_> {
        self.program(env!("CARGO_BIN_EXE_xtask"), args)
    }

    /// The same for another program.
    pub fn program(&self, program: &str, args: &[&str]) -> Run<'_> {
        let mut command = self.prepare(program);
        command.args(args);
        Run { sandbox: self, command }
    }

    /// How many git processes a run starts, those that git itself starts among them; it must succeed.
    pub fn git_processes(&self, args: &[&str]) -> usize {
        self.git_traces(args).len()
    }

    /// What git tells of each of these processes, as lines of JSON.
    pub fn git_traces(&self, args: &[&str]) -> Vec<String> {
        let traces = self.world.root.join("traces");
        fs::create_dir(&traces).unwrap();
        self.command(args).env("GIT_TRACE2_EVENT", &traces).run().succeeds();
        let files = fs::read_dir(&traces).unwrap().map(|entry| entry.unwrap().path());
        let texts = files.map(|file| fs::read_to_string(file).unwrap()).collect();
        fs::remove_dir_all(traces).unwrap();
        texts
    }

    /// Puts a `cargo` into the sandbox whose `xtask` is the program. It writes to `called` how it was
    /// called.
    pub fn stand_in_for_cargo(&self) {
        let bin = self.world.root.join("bin");
        fs::create_dir(&bin).unwrap();
        executable(&bin.join("cargo"), CARGO).unwrap();
    }

    /// A run of another program that finds this `cargo`.
    pub fn with_cargo(&self, program: &str, args: &[&str]) -> Run<'_> {
        let root = &self.world.root;
        let path = env::var("PATH").unwrap_or_default();
        let run = self.program(program, args).env("PATH", format!("{}/bin:{path}", root.display()));
        run.env("CALLED", root.join("called")).env("RUN", env!("CARGO_BIN_EXE_xtask"))
    }

    /// Runs git in the app-interface checkout; `args` are split on blanks.
    pub fn git(&self, args: &str) -> String {
        let output = self.prepare("git").args(args.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "git {args}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program to the newest commit of `qontract-reconcile`, without the network.
    pub fn offline(&self, args: &[&str]) -> Output {
        self.xtask(&[args, &["--offline", "--quiet", "--ref", HEAD]].concat())
    }

    /// Runs git in any folder, with an input; returns what it printed without the last line end.
    pub fn git_in(&self, folder: &Path, args: &[&str], input: &str) -> String {
        let mut git = self.prepare("git");
        git.current_dir(folder).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = git.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
    }

    /// Runs git in the checkout; only its exit status is of interest.
    pub fn git_status(&self, args: &str) -> i32 {
        let output = self.prepare("git").args(args.split_whitespace()).output().unwrap();
        output.status.code().unwrap()
    }

    /// Makes the checkout what it was in the beginning.
    pub fn reset(&self) {
        self.git("checkout --quiet --force -B master origin/master");
        self.git("clean --quiet --force -d -x");
    }

    /// Commits everything in the checkout.
    pub fn commit_all(&self) {
        self.git("add --all");
        self.git("commit --quiet -m Everything");
    }

    /// Puts a commit with these parents on top of a branch of an upstream. `author` is `NAME <EMAIL>`.
    pub fn grow(
        &self,
        upstream: &UpstreamRepository,
        parents: &[&str],
        author: &str,
        message: &str,
    ) -> String {
        let (name, email) = author.trim_end_matches('>').split_once(" <").unwrap();
        let tree = self.git_in(&upstream.path, &["rev-parse", "HEAD^{tree}"], "");
        let (name, email) = (format!("author.name={name}"), format!("author.email={email}"));
        let mut args = vec!["-c", &name, "-c", &email, "commit-tree", &tree];
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let commit = self.git_in(&upstream.path, &args, message);
        self.git_in(&upstream.path, &["update-ref", "HEAD", &commit], "");
        commit
    }

    /// Replaces a text that occurs in a file of the checkout.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path}: no {old}");
        fs::write(self.path(path), text.replace(old, new)).unwrap();
    }

    /// Everything that a run could have changed in the checkout.
    pub fn state(&self) -> State {
        let mut files = BTreeMap::new();
        snapshot(&self.world.repository, "", &mut files);
        State {
            files,
            index: self.git("ls-files --stage"),
            status: self.git("status --porcelain=v1 --untracked-files=all"),
            branch: self.git("log --format=%H%n%B -1"),
        }
    }

    /// A file of the app-interface checkout.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the app-interface checkout, with its folders.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.world.repository.join(path)
    }

    fn prepare(&self, program: &str) -> Command {
        let World { root, repository, .. } = &self.world;
        let mut command = Command::new(program);
        command
            .current_dir(repository)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", root.join("home"))
            .env("XTASK_CACHE", root.join("cache"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", root.join("home/.gitconfig"))
            .env("GIT_AUTHOR_DATE", "2024-03-27T10:00:00Z")
            .env("GIT_COMMITTER_DATE", "2024-03-27T10:00:00Z")
            .env("SOURCE_DATE_EPOCH", NOW)
            .env("LC_ALL", "C");
        command
    }
}

/// Everything that a run could have changed in the checkout.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// Kind and mode, and the content, by path.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    pub index: String,
    pub status: String,
    /// The last commit and its message.
    pub branch: String,
}

fn snapshot(top: &Path, folder: &str, files: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(top.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        let path = path.trim_start_matches('/');
        let meta = entry.metadata().unwrap();
        if path == ".git" {
            continue;
        } else if meta.is_dir() {
            snapshot(top, path, files);
        }
        let content = if meta.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        files.insert(path.to_owned(), (meta.mode(), content));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if env::var_os("KEEP_SANDBOX").is_some() {
            eprintln!("kept {}", self.world.root.display());
        } else {
            let _ = fs::remove_dir_all(&self.world.root);
        }
    }
}

impl Run<'_> {
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// A folder below the checkout, or an absolute one.
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(self.sandbox.world.repository.join(folder));
        self
    }

    pub fn run(mut self) -> Output {
        let output = self.command.output().unwrap();
        self.sandbox.output(output)
    }

    /// For what no other method sets.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Starts it and goes on.
    pub fn spawn(mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

impl Sandbox {
    /// What a run left behind.
    pub fn output(&self, output: process::Output) -> Output {
        let root = self.world.root.to_str().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(root, "[root]");
        Output {
            status: output.status.code().expect("the program was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Output {
    /// A text, as if a successful run had printed it.
    pub fn of(stdout: String) -> Self {
        Output { status: 0, stdout, stderr: String::new() }
    }

    /// Compares everything; the panic shows a diff.
    #[track_caller]
    pub fn assert(&self, status: i32, stdout: &str, stderr: &str) {
        let expected = Output { status, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        if *self != expected {
            panic!(
                "the output differs (-expected, +actual):\n{}",
                diff(&expected.text(), &self.text())
            );
        }
    }

    /// Compares everything with a file below `tests/data/output`, which `UPDATE_OUTPUT=1` writes.
    #[track_caller]
    pub fn matches(&self, name: &str) {
        let file = format!("{}/../tests/data/output/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let actual = self.text().chars().map(picture).collect::<String>();
        if env::var_os("UPDATE_OUTPUT").is_some() {
            return fs::write(file, actual).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if actual != expected {
            panic!(
                "{name}: the output differs (-expected, +actual):\n{}",
                diff(&expected, &actual)
            );
        }
    }

    /// Fails unless this is a success.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.status, 0, "{}", self.text());
        self
    }

    fn text(&self) -> String {
        let end = |text: &str| match text.is_empty() || text.ends_with('\n') {
            true => "",
            false => "\n(no newline)\n",
        };
        let Output { status, stdout, stderr } = self;
        let [after_stdout, after_stderr] = [end(stdout), end(stderr)];
        format!(
            "status {status}\n--- stdout\n{stdout}{after_stdout}--- stderr\n{stderr}{after_stderr}"
        )
    }
}

/// A folder that no other test of this or another process has; it does not exist yet.
pub fn fresh_folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // In memory where that is to be had: a sandbox is a thousand small files.
    let memory = Some(Path::new("/dev/shm")).filter(|folder| folder.is_dir());
    let top = memory.unwrap_or(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let folder = top.join(format!("xtask-sandbox-{}-{count}", process::id()));
    // A process id comes back: an earlier run that was killed may have left its folder.
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// All lines of both texts, marked by which of them has it.
fn diff(old: &str, new: &str) -> String {
    let marked = lines_between(old, new).into_iter().map(|line| match line {
        DiffLine::Same(line) => (' ', line),
        DiffLine::Old(line) => ('-', line),
        DiffLine::New(line) => ('+', line),
    });
    marked.map(|(mark, line)| format!("{mark}{}\n", visible(line.trim_end_matches('\n')))).collect()
}

/// A control character as its picture; others as they are.
fn picture(c: char) -> char {
    match c {
        '\n' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(c),
        _ => c,
    }
}

/// Escapes control characters and shows blanks at the end as dots.
fn visible(line: &str) -> String {
    let body = line.trim_end_matches(' ');
    let blanks = "·".repeat(line.len() - body.len());
    let escape = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.into() };
    body.chars().map(escape).collect::<String>() + &blanks
}

/// The signals by which a person stops a program, but those that this process was told to ignore:
/// what `nohup` and shells in the background ignore, the program ignores too.
pub fn heard_signals() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let all = [(1, "HUP"), (2, "INT"), (15, "TERM")];
    let heard = all.into_iter().filter(|(number, _)| ignored & (1 << (number - 1)) == 0);
    heard.map(|(_, name)| name).collect()
}
