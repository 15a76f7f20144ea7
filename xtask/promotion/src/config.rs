//! Reads the text of `promote.toml` into components that need no further check. Finding the file,
//! and the pins in the repository, is done elsewhere.

mod definition;
mod key_path;
mod overlap;
mod reader;
mod rules;
#[cfg(test)]
mod tests;

use crate::model::component::{Component, Environment, Position};
use crate::model::problem::Problem;
use crate::model::similar::{cure, cut, listed};
use reader::{Source, TomlTable};

const BUILTIN: &str = "built-in configuration";

/// The content of `promote.toml`, or the built-in configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The path as it was typed, or `built-in configuration`.
    pub file: String,
    pub repository: Repository,
    /// In the order of the file; each may refer to another by its name.
    pub components: Vec<Component>,
}

/// The `[repository]` table: where promotions are pushed, and how merge requests are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The git remote that merge requests are pushed to.
    pub remote: String,
    /// The branch that merge requests are merged into; `None` means the remote's default branch.
    pub target_branch: Option<String>,
    /// The label that `--lgtm` sets.
    pub lgtm_label: String,
    /// Labels beside which a bot of the repository would remove `lgtm_label` again.
    pub lgtm_blocked_by: Vec<String>,
    pub forge: Forge,
    /// A valid glob of the files that map commit authors to people.
    pub users: String,
}

/// How a merge request is opened on the remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forge {
    /// GitLab: a push with options opens it.
    #[default]
    Gitlab,
    /// Forgejo and Gitea: a push to `refs/for/BRANCH` opens it.
    Agit,
    /// The branch is pushed, and a person opens it.
    None,
}

impl Default for Repository {
    fn default() -> Self {
        Repository {
            remote: "origin".to_owned(),
            target_branch: None,
            lgtm_label: "lgtm".to_owned(),
            lgtm_blocked_by: Vec::new(),
            forge: Forge::default(),
            users: "data/teams/*/users/*.yml".to_owned(),
        }
    }
}

impl Repository {
    /// The labels to set, given the ones from the command line and whether `--lgtm` was typed.
    ///
    /// Leaves the lgtm label out if one of `labels` would get it removed again; then the second
    /// value is a note that says so.
    pub fn labels(&self, lgtm: bool, labels: &[String]) -> (Vec<String>, Option<String>) {
        let mut all = labels.to_vec();
        let blocking = labels.iter().find(|label| self.lgtm_blocked_by.contains(label));
        match blocking {
            Some(blocking) if lgtm => {
                let label = &self.lgtm_label;
                let note = format!(
                    "`{label}` is not set: beside `{blocking}` it would be taken away again"
                );
                (all, Some(note))
            }
            _ => {
                if lgtm && !all.contains(&self.lgtm_label) {
                    all.insert(0, self.lgtm_label.clone());
                }
                (all, None)
            }
        }
    }
}

impl Config {
    /// The text of the built-in configuration: the file layout of app-interface's promotion
    /// procedure.
    pub const BUILTIN_TEXT: &str = include_str!("config/builtin.toml");

    /// Parses the text of a `promote.toml`; `file` names it in errors.
    ///
    /// Accepts a BOM and CRLF. Errors, with line and column: text that is not TOML, unknown keys,
    /// wrong types, values that break the rule of their key, and two pins that find the same value.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let source = Source::new(file, text);
        let document = source.document()?;
        let root = TomlTable::root(&source, document.as_table());
        root.knows(&["repository", "component"])?;
        let repository = root.table("repository")?.map(|table| read_repository(&table));
        let config = Config {
            file: file.to_owned(),
            repository: repository.transpose()?.unwrap_or_default(),
            components: definition::components(&root)?,
        };
        overlap::check(&source, &config.components)?;
        Ok(config)
    }

    /// The built-in configuration, for repositories without a `promote.toml`.
    pub fn builtin() -> Self {
        Config::parse(BUILTIN, Config::BUILTIN_TEXT)
            .expect("a test parses the built-in configuration")
    }

    /// The component with this name. The error lists the known ones.
    pub fn component(&self, name: &str) -> Result<&Component, Problem> {
        self.components.iter().find(|component| component.name == name).ok_or_else(|| {
            let problem = self.lacks(format!("unknown component `{name}`"));
            if self.components.is_empty() {
                return problem.help(format!("define it in a table `[component.{name}]`"));
            }
            let known = || self.components.iter().map(|component| component.name.as_str());
            let all = format!("known components: {}", listed(known()));
            problem.help(cure(name, known(), &all))
        })
    }

    /// The environments with these names or aliases, each once, in the order of the file; all of
    /// them if `names` is empty.
    ///
    /// Errors: a name that the component doesn't have, and a component without environments.
    pub fn environments<'a>(
        &self,
        component: &'a Component,
        names: &[String],
    ) -> Result<Vec<&'a Environment>, Problem> {
        let found = |name: &String| {
            component.environment(name).ok_or_else(|| {
                let message = format!("component `{}` has no environment `{name}`", component.name);
                let problem = self.refuse(component.at, message);
                problem.help(other_environments(name, &component.environments))
            })
        };
        if component.environments.is_empty() {
            let message = format!("component `{}` has no environments", component.name);
            let help =
                format!("define one in a table `[component.{}.environment.NAME]`", component.name);
            return Err(self.refuse(component.at, message).help(help));
        }
        let wanted = names.iter().map(found).collect::<Result<Vec<_>, _>>()?;
        let all = component.environments.iter();
        Ok(all.filter(|environment| names.is_empty() || wanted.contains(environment)).collect())
    }

    /// A problem at a position of the file. The built-in configuration is no file, so its problems
    /// have no position.
    pub fn refuse(&self, at: Position, message: impl Into<String>) -> Problem {
        let problem = self.lacks(message);
        if self.is_builtin() { problem } else { problem.line(at.line).column(at.column) }
    }

    /// A problem with something that the file lacks. The built-in configuration is not named.
    pub fn lacks(&self, message: impl Into<String>) -> Problem {
        let file = (!self.is_builtin()).then(|| self.file.clone());
        Problem { file, ..Problem::new(message) }
    }

    /// Whether this is the built-in configuration.
    pub fn is_builtin(&self) -> bool {
        self.file == BUILTIN
    }
}

/// The cure for a name that is none of these environments'.
pub fn other_environments<'e>(
    name: &str,
    environments: impl IntoIterator<Item = &'e Environment, IntoIter: Clone>,
) -> String {
    let environments = environments.into_iter();
    let names = environments.clone().flat_map(|one| std::iter::once(&one.name).chain(&one.aliases));
    let mut known: Vec<String> = Vec::new();
    for shown in environments.map(with_aliases) {
        known.extend((!known.contains(&shown)).then_some(shown));
    }
    let all = format!("known environments: {}", cut(known));
    if is_digits(name) {
        return format!("a version goes in `--ref`\n{all}");
    }
    cure(name, names.map(String::as_str), &all)
}

/// Whether a name looks like a commit.
fn is_digits(name: &str) -> bool {
    name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn with_aliases(environment: &Environment) -> String {
    let name = &environment.name;
    match environment.aliases.as_slice() {
        [] => format!("`{name}`"),
        aliases => format!("`{name}` (also {})", listed(aliases.iter().map(String::as_str))),
    }
}

fn read_repository(table: &TomlTable) -> Result<Repository, Problem> {
    table.knows(&["remote", "target-branch", "lgtm-label", "lgtm-blocked-by", "forge", "users"])?;
    let default = Repository::default();
    Ok(Repository {
        remote: table.text("remote", rules::name)?.unwrap_or(default.remote),
        target_branch: table.text("target-branch", rules::branch)?,
        lgtm_label: table.text("lgtm-label", rules::label)?.unwrap_or(default.lgtm_label),
        lgtm_blocked_by: table.texts("lgtm-blocked-by", rules::label)?,
        forge: table.text("forge", rules::forge)?.unwrap_or(default.forge),
        users: table.text("users", rules::glob)?.unwrap_or(default.users),
    })
}
