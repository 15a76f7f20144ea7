//! One run of one command: what the global options mean, and where results go.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::refuse_pointer;
use promotion::report;
use promotion::syntax::{refuse_unfit, text_of};

use crate::browser;
use crate::cli::{Color, Format, GlobalArgs};
use crate::git::Git;
use crate::progress::Progress;
use crate::terminal;
use crate::worktree::WorkTree;

const CONFIG_FILE: &str = "promote.toml";

/// What the built-in configuration looks into.
const LAYOUT: [&str; 3] = ["data", "resources", ".env"];

/// One run of one command.
#[derive(Debug)]
pub struct Session {
    /// The command's name, as it is typed.
    pub command: &'static str,
    /// Where steps are shown.
    pub progress: Progress,
    /// Touch no network.
    pub offline: bool,
    /// How results are printed.
    pub format: Format,
    quiet: bool,
    color: Color,
    repo: Option<PathBuf>,
    typed_repo: Option<PathBuf>,
    config: Option<PathBuf>,
}

/// The file that the configuration is in, or would be in.
#[derive(Debug)]
pub struct ConfigFile {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it says; `None` if there is none.
    pub text: Option<String>,
}

impl Session {
    /// What was typed becomes what was meant. Also decides about colour, for the whole process.
    pub fn new(command: &'static str, global: &GlobalArgs) -> Session {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let from_environment =
            || std::env::var_os("APP_INTERFACE").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        Session {
            command,
            progress: Progress::new(global.quiet),
            offline: global.offline,
            format: global.format,
            quiet: global.quiet,
            color: global.color,
            repo: global.repo.clone().or_else(from_environment),
            typed_repo: global.repo.clone(),
            config: global.config.clone(),
        }
    }

    /// The same run in another checkout.
    pub fn with_repo(&self, dir: &Path) -> Session {
        let repo = Some(dir.to_owned());
        Session {
            progress: Progress::new(self.quiet),
            typed_repo: repo.clone(),
            repo,
            config: None,
            ..*self
        }
    }

    /// The checkout to work on. What an interrupted promotion left there is repaired first.
    pub fn work_tree(&self) -> Result<WorkTree> {
        let work_tree = self.find_work_tree()?;
        if let Some(note) = work_tree.repair_if_needed()? {
            self.note(&note);
        }
        Ok(work_tree)
    }

    /// A named folder is taken as it is, even if git does not know it.
    fn find_work_tree(&self) -> Result<WorkTree> {
        let Some(dir) = &self.repo else {
            let here = std::env::current_dir().context("can't tell the current folder")?;
            let found = Git::at(&here).top_and_git_dir()?;
            let (top, git_dir) = found.ok_or_else(|| {
                Problem::new(format!("`{}` is not in a git work tree", here.display()))
                    .help("name the checkout: `--repo DIR`, or the variable `APP_INTERFACE`")
            })?;
            return Ok(WorkTree { top, git_dir: Some(git_dir) });
        };
        if !dir.is_dir() {
            let problem = Problem::new(format!("`{}` is not a folder", dir.display()));
            return Err(problem
                .help("name the checkout: `--repo DIR`, or the variable `APP_INTERFACE`")
                .into());
        }
        let found = Git::at(dir).top_and_git_dir()?;
        let is_top = |top: &PathBuf| {
            let paths = (top.canonicalize().ok(), dir.canonicalize().ok());
            paths.0.is_some() && paths.0 == paths.1
        };
        let git_dir = found.filter(|(top, _)| is_top(top)).map(|(_, git_dir)| git_dir);
        Ok(WorkTree { top: dir.clone(), git_dir })
    }

    /// The configuration: the named file, else `promote.toml` of the checkout, else the built-in.
    pub fn config(&self, work_tree: &WorkTree) -> Result<Config> {
        if let Some(file) = &self.config {
            let name = file.display().to_string();
            let bytes = std::fs::read(file).map_err(|error| {
                Problem::new(format!("can't be read: {error}"))
                    .file(&name)
                    .help("name another file with `--config`, or leave it out")
            })?;
            return parsed(&name, &bytes);
        }
        let bytes = work_tree.read_file(&config_path()?)?;
        if bytes.is_none() && work_tree.is_sparse() {
            work_tree.refuse_hidden_file(&config_path()?, "")?;
        }
        let is_there = |name: &&str| work_tree.top.join(name).exists();
        if bytes.is_none() && !LAYOUT.iter().any(is_there) {
            let top = work_tree.top.display();
            let problem = Problem::new(format!(
                "`{top}` is no app-interface: it has neither `{CONFIG_FILE}` nor `{}`",
                LAYOUT.join("` nor `")
            ));
            return Err(problem
                .help("name the checkout: `--repo DIR`, or the variable `APP_INTERFACE`")
                .into());
        }
        read_config(bytes)
    }

    /// Where a tree has the configuration that counts there; `None` if another one was named.
    pub fn config_in_tree(&self) -> Result<Option<RepoPath>> {
        self.config.is_none().then(config_path).transpose()
    }

    /// The file that the configuration is in, or would be in.
    pub fn config_file(&self, work_tree: &WorkTree) -> Result<ConfigFile> {
        let (name, path, bytes) = match &self.config {
            Some(file) => {
                let name = file.display().to_string();
                let bytes = match std::fs::read(file) {
                    Err(error) if error.kind() == ErrorKind::NotFound => None,
                    bytes => Some(bytes.map_err(|error| {
                        Problem::new(format!("can't be read: {error}")).file(&name)
                    })?),
                };
                (name, file.clone(), bytes)
            }
            None => {
                let bytes = work_tree.read_file(&config_path()?)?;
                (CONFIG_FILE.to_owned(), work_tree.top.join(CONFIG_FILE), bytes)
            }
        };
        let text = bytes.map(|bytes| text(&name, &bytes)).transpose()?;
        Ok(ConfigFile { name, path, text })
    }

    /// Refuses the options that name a checkout and its configuration, for a command that has its own.
    pub fn refuse_repo_and_config(&self) -> Result<(), Problem> {
        let typed = [("--repo", self.typed_repo.is_some()), ("--config", self.config.is_some())];
        let Some((option, _)) = typed.into_iter().find(|(_, is_typed)| *is_typed) else {
            return Ok(());
        };
        let message = format!("`{option}` can't be used with `{}`", self.command);
        Err(Problem::usage(message).help("leave it out"))
    }

    /// The options that were typed and that a command to run next needs too.
    pub fn typed_options(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(repo) = &self.typed_repo {
            words.extend(["--repo".to_owned(), repo.display().to_string()]);
        }
        if let Some(config) = &self.config {
            words.extend(["--config".to_owned(), config.display().to_string()]);
        }
        words.extend(self.offline.then(|| "--offline".to_owned()));
        words
    }

    /// The options that a run of this program inside this one needs too.
    pub fn passed_on(&self) -> Vec<&'static str> {
        let mut words = vec!["--color", self.color.name()];
        words.extend(self.quiet.then_some("--quiet"));
        words
    }

    /// Now, in seconds since 1970; `SOURCE_DATE_EPOCH` sets it.
    ///
    /// Source: the specification of reproducible-builds.org.
    pub fn now(&self) -> i64 {
        let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|value| value.parse().ok());
        set.filter(|now| *now >= 0).unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
    }

    /// Prints a result.
    pub fn print(&self, text: &str) -> Result<()> {
        print(text)
    }

    /// Warns a person.
    pub fn warn(&self, warning: &Problem) {
        if self.format == Format::Text {
            tell(&report::warning(warning));
        }
    }

    /// Tells a person what went wrong although there is a result.
    pub fn fail(&self, fault: &Problem) {
        if self.format != Format::Json {
            tell(&report::error(fault));
        }
    }

    /// Opens a page, if there is one. Nothing that was done depends on it.
    pub fn open(&self, page: Option<String>) {
        match page.map(|page| browser::open(&page)) {
            Some(Ok(())) => {}
            // A document is printed by then, so it can't be in there.
            Some(Err(problem)) => tell(&report::warning(&problem)),
            None => self.note("`--open`: there is no page of this"),
        }
    }

    /// Tells a person something beside the result.
    pub fn note(&self, note: &str) {
        if !self.quiet {
            tell(&report::note(note));
        }
    }
}

fn config_path() -> Result<RepoPath> {
    RepoPath::parse(CONFIG_FILE).context("the name of the configuration is a path")
}

/// The configuration that a tree has at its top, or the built-in one.
pub fn read_config(bytes: Option<Vec<u8>>) -> Result<Config> {
    bytes.map_or_else(|| Ok(Config::builtin()), |bytes| parsed(CONFIG_FILE, &bytes))
}

fn parsed(file: &str, bytes: &[u8]) -> Result<Config> {
    refuse_pointer(file, bytes)?;
    let text = text(file, bytes)?;
    refuse_unfit(&text).map_err(|problem| problem.file(file))?;
    Ok(Config::parse(file, &text)?)
}

fn text(file: &str, bytes: &[u8]) -> Result<String, Problem> {
    Ok(text_of(bytes).map_err(|problem| problem.file(file))?.to_owned())
}

/// A diff as it is printed: coloured for a terminal, else as `git apply` takes it, unless it has
/// control characters.
pub fn shown_diff(diff: &str) -> String {
    let out = std::io::stdout();
    let coloured = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
    if coloured || out.is_terminal() {
        report::coloured_diff(diff)
    } else {
        report::plain_diff(diff)
    }
}

/// Prints a result.
pub fn print(text: &str) -> Result<()> {
    match write(text) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("can't write to standard output"),
    }
}

/// Prints what was done. An error says it too: it can't be undone, and nobody would know.
pub fn print_done(text: &str, done: &str) -> Result<()> {
    Ok(write(text).map_err(|error| {
        Problem::new(format!("standard output can't be written: {error}"))
            .help(format!("this is done:\n{done}"))
    })?)
}

/// Writes to standard output. A reader that is gone is an error too.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let text = match terminal::takes_links() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(terminal::without_links(text)),
    };
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Prints what is no result. Nobody may be there to read it.
pub fn tell(text: &str) {
    let _ = anstream::stderr().lock().write_all(terminal::told(text).as_bytes());
}
