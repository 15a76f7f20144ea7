//! The configuration: `promote.toml` as values that need no further check.
//! It reads text only; finding the file, and the pins in the tree, is for others.

mod definition;
mod key_path;
mod overlap;
mod reader;
mod rules;
#[cfg(test)]
mod tests;

use crate::model::component::{Component, Environment, Position};
use crate::model::problem::Problem;
use reader::{Source, TomlTable, listed};

const BUILTIN: &str = "built-in configuration";

/// What `promote.toml` says, or the built-in configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The path as it was given, or `built-in configuration`.
    pub file: String,
    /// What holds for the repository as a whole.
    pub repository: Repository,
    /// In the order of the file.
    pub components: Vec<Component>,
}

/// The `[repository]` table: where and how promotions land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The remote that branches are pushed to.
    pub remote: String,
    /// The branch that is promoted; `None` for the remote's default branch.
    pub target_branch: Option<String>,
    /// The label that `--lgtm` sets.
    pub lgtm_label: String,
    /// Labels under which that one would be taken away again.
    pub lgtm_blocked_by: Vec<String>,
    /// How a merge request is opened.
    pub forge: Forge,
    /// A valid glob over the files that map commit authors to people.
    pub users: String,
}

/// How the remote is asked for a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forge {
    /// GitLab: by push options.
    #[default]
    Gitlab,
    /// Forgejo and Gitea: by a push to `refs/for/BRANCH`.
    Agit,
    /// Not at all: the branch is only pushed.
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
    /// The labels of a merge request; and why the one that lets it be merged is not among them,
    /// although it was asked for.
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
    /// The layout of app-interface's promotion procedure, as a file would say it.
    pub const BUILTIN_TEXT: &str = include_str!("config/builtin.toml");

    /// Parses `text`; `file` is its name in refusals.
    ///
    /// A BOM and CRLF are accepted. Refuses, with line and column, what is not TOML, unknown keys,
    /// wrong types, values that break a rule of their key, and pins that overlap.
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

    /// The layout of app-interface's promotion procedure.
    pub fn builtin() -> Self {
        Config::parse(BUILTIN, Config::BUILTIN_TEXT)
            .expect("a test parses the built-in configuration")
    }

    /// The component with that name; refuses an unknown one, and lists those that are known.
    pub fn component(&self, name: &str) -> Result<&Component, Problem> {
        self.components.iter().find(|component| component.name == name).ok_or_else(|| {
            let problem = self.lacks(format!("unknown component `{name}`"));
            match self.components.as_slice() {
                [] => problem.help(format!("define it in a table `[component.{name}]`")),
                known => problem.help(format!(
                    "known components: {}",
                    listed(known.iter().map(|component| component.name.as_str()))
                )),
            }
        })
    }

    /// The environments with these names or aliases, each once, in the order of the file; all of
    /// them if `names` is empty.
    ///
    /// Refuses an unknown name, and a component without any environment.
    pub fn environments<'a>(
        &self,
        component: &'a Component,
        names: &[String],
    ) -> Result<Vec<&'a Environment>, Problem> {
        let found = |name: &String| {
            component.environment(name).ok_or_else(|| {
                let message = format!("component `{}` has no environment `{name}`", component.name);
                self.refuse_environments(component, message)
            })
        };
        let wanted = names.iter().map(found).collect::<Result<Vec<_>, _>>()?;
        if component.environments.is_empty() {
            let message = format!("component `{}` has no environments", component.name);
            return Err(self.refuse_environments(component, message));
        }
        let all = component.environments.iter();
        Ok(all.filter(|environment| names.is_empty() || wanted.contains(environment)).collect())
    }

    fn refuse_environments(&self, component: &Component, message: String) -> Problem {
        let known: Vec<String> = component.environments.iter().map(with_aliases).collect();
        let help = if known.is_empty() {
            format!("define one in a table `[component.{}.environment.NAME]`", component.name)
        } else {
            format!("known environments: {}", known.join(", "))
        };
        self.refuse(component.at, message).help(help)
    }

    /// A refusal at a place of this configuration; the built-in one has no lines to look at.
    pub fn refuse(&self, at: Position, message: impl Into<String>) -> Problem {
        let problem = self.lacks(message);
        if self.is_builtin() { problem } else { problem.line(at.line).column(at.column) }
    }

    /// A refusal of what this configuration doesn't have; the built-in one is no file.
    pub fn lacks(&self, message: impl Into<String>) -> Problem {
        let file = (!self.is_builtin()).then(|| self.file.clone());
        Problem { file, ..Problem::new(message) }
    }

    /// Whether no file says otherwise.
    pub fn is_builtin(&self) -> bool {
        self.file == BUILTIN
    }
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
