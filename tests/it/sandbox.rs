//! A world of its own for every test, and the program run in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use xtask::world::World;

/// A world in a fresh folder, removed on drop unless `KEEP_SANDBOX` is set.
pub struct Sandbox {
    pub world: World,
}

/// What a run left behind; the sandbox's folder reads `[root]`.
#[derive(Debug, PartialEq, Eq)]
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
        let world = World::create(&fresh_folder()).unwrap();
        let home = world.root.join("home");
        fs::create_dir(&home).unwrap();
        let identity = "[user]\n\tname = Tobias Winterfeld\n\temail = twinterf@example.com\n";
        fs::write(home.join(".gitconfig"), identity).unwrap();
        Sandbox { world }
    }

    /// The sandbox of another process, in its folder.
    pub fn at(root: &Path) -> Self {
        let world = World::open(root).unwrap();
        Sandbox { world }
    }

    /// Runs the program.
    pub fn xtask(&self, args: &[&str]) -> Output {
        self.command(args).run()
    }

    /// A run of the program that can be given a folder and an environment first.
    pub fn command(&self, args: &[&str]) -> Run<'_> {
        let mut command = self.prepare(env!("CARGO_BIN_EXE_xtask"));
        command.args(args);
        Run { sandbox: self, command }
    }

    /// Runs git in the app-interface checkout; `args` are split on blanks.
    pub fn git(&self, args: &str) -> String {
        let output = self.prepare("git").args(args.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "git {args}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
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
            .env("LC_ALL", "C");
        command
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
        let root = self.sandbox.world.root.to_str().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(root, "[root]");
        Output {
            status: output.status.code().expect("the program was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Output {
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
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sandbox-{}-{count}", process::id()));
    // A process id comes back: an earlier run that was killed may have left its folder.
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// All lines of both texts, by longest common subsequence.
fn diff(old: &str, new: &str) -> String {
    let [old, new]: [Vec<_>; 2] = [old, new].map(|text| text.lines().collect());
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out += &format!(" {}\n", visible(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            out += &format!("-{}\n", visible(old[i]));
            i += 1;
        } else {
            out += &format!("+{}\n", visible(new[j]));
            j += 1;
        }
    }
    out
}

/// Escapes control characters and shows blanks at the end as dots.
fn visible(line: &str) -> String {
    let body = line.trim_end_matches(' ');
    let blanks = "·".repeat(line.len() - body.len());
    let escape = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.into() };
    body.chars().map(escape).collect::<String>() + &blanks
}
