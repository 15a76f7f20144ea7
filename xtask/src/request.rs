//! What was typed becomes what was meant, for every command that promotes.

use promotion::guards::Switches;
use promotion::merge_request::commit_message::Wording;
use promotion::model::component::Component;
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;

use crate::cli;
use crate::land::Landing;
use crate::session::{Session, quoted};

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The component's name.
    pub component: String,
    /// Names or aliases; none means all.
    pub environments: Vec<String>,
    /// The version.
    pub version: Version,
    /// How the promotion is called.
    pub wording: Wording,
    /// What is done with the plan.
    pub landing: Landing,
    /// The merge request that shall be opened, whatever the checkout looks like.
    pub merge_request: Option<MergeRequestOptions>,
    /// What is let through.
    pub switches: Switches,
}

/// Which version is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// What the upstream calls so; without a name, the head of its default branch.
    Named(Option<String>),
    /// The one that ran before, by the history of the pins.
    Before,
}

impl Request {
    /// The commit, without asking the upstream: only a full one will do.
    pub fn offline(&self) -> Result<CommitId, Problem> {
        let found = match &self.version {
            Version::Named(Some(name)) => match CommitId::parse(name) {
                Some(commit) => return Ok(commit),
                None => format!("`{name}`"),
            },
            Version::Named(None) | Version::Before => "nothing".to_owned(),
        };
        let option = self.option();
        Err(Problem::usage(format!("`--offline` needs a full commit in `{option}`, found {found}"))
            .help("give all 40 digits, or leave `--offline` out"))
    }

    /// The option that names the version.
    fn option(&self) -> &'static str {
        if self.wording == Wording::Rollback { "--to" } else { "--ref" }
    }
}

/// What is asked of a merge request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeRequestOptions {
    /// Set the configured label that lets it be merged.
    pub lgtm: bool,
    /// Further labels.
    pub labels: Vec<String>,
    /// Whether it is not ready.
    pub draft: bool,
    /// User names.
    pub assignees: Vec<String>,
    /// The remote to push to, where it is not the configured one.
    pub remote: Option<String>,
    /// The branch to merge into, where it is not the configured one.
    pub target: Option<String>,
}

impl From<&cli::Landing> for Landing {
    fn from(typed: &cli::Landing) -> Landing {
        let by_variable = std::env::var_os("DO_COMMIT")
            .is_some_and(|value| !["", "0", "no", "false"].iter().any(|no| value == *no));
        match (typed.dry_run, typed.commit || by_variable) {
            (true, _) => Landing::DryRun,
            (false, true) => Landing::Commit,
            (false, false) => Landing::WorkTree,
        }
    }
}

/// The merge request that was asked for, if any.
fn marks(typed: &cli::Landing) -> Option<MergeRequestOptions> {
    typed.mr.then(|| MergeRequestOptions {
        lgtm: typed.lgtm,
        labels: typed.label.clone(),
        draft: typed.draft,
        assignees: typed.assign.clone(),
        remote: typed.remote.clone(),
        target: typed.target_branch.clone(),
    })
}

impl From<&cli::Guards> for Switches {
    fn from(typed: &cli::Guards) -> Switches {
        let reason = typed.reason.as_deref().map(one_line);
        let allow_downgrade = typed.allow_downgrade;
        Switches { allow_downgrade, reason, ..Switches::from(&typed.checks) }
    }
}

impl From<&cli::Checks> for Switches {
    fn from(typed: &cli::Checks) -> Switches {
        Switches {
            allow_off_branch: typed.allow_off_branch,
            no_image_check: typed.no_image_check,
            wait_image: typed.wait_image,
            strict: typed.strict,
            ..Switches::default()
        }
    }
}

/// A reason is one line, since it becomes a trailer.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A promotion to a newer version.
fn newer(component: &str, environments: &[String], typed: &cli::Promotion) -> Request {
    Request {
        component: component.to_owned(),
        environments: environments.to_owned(),
        version: Version::Named(typed.version.reference.clone()),
        wording: Wording::Component,
        landing: Landing::from(&typed.landing),
        merge_request: marks(&typed.landing),
        switches: Switches::from(&typed.guards),
    }
}

impl From<&cli::UpdateSchemas> for Request {
    fn from(typed: &cli::UpdateSchemas) -> Request {
        newer(cli::SCHEMAS, &[], &typed.promotion)
    }
}

impl From<&cli::QrPromote> for Request {
    fn from(typed: &cli::QrPromote) -> Request {
        let request = newer(cli::DEFAULT_COMPONENT, &typed.env, &typed.promotion);
        Request { wording: Wording::Production, ..request }
    }
}

impl From<&cli::Promote> for Request {
    fn from(typed: &cli::Promote) -> Request {
        newer(&typed.component, &typed.env, &typed.promotion)
    }
}

impl From<&cli::Rollback> for Request {
    fn from(typed: &cli::Rollback) -> Request {
        let to = typed.to.clone().map(Some);
        Request {
            component: typed.component.clone(),
            environments: typed.env.clone(),
            version: to.map_or(Version::Before, Version::Named),
            wording: Wording::Rollback,
            landing: Landing::from(&typed.landing),
            merge_request: marks(&typed.landing),
            switches: Switches {
                allow_downgrade: true,
                is_rollback: true,
                reason: Some(one_line(&typed.reason)),
                ..Switches::from(&typed.checks)
            },
        }
    }
}

impl Request {
    /// What to do about a component that should go first.
    pub fn first(&self, session: &Session, component: &Component) -> String {
        let is_schemas = component.name == cli::SCHEMAS;
        let command = if is_schemas { "update-schemas" } else { "promote" };
        let mut words: Vec<String> = ["cargo", "xtask", command].map(str::to_owned).to_vec();
        words.extend(session.typed_options());
        if !is_schemas {
            words.extend(["--component", &component.name, "--all"].map(str::to_owned));
        }
        let ways =
            self.merge_request.as_ref().map(|MergeRequestOptions { remote, target, .. }| {
                MergeRequestOptions {
                    remote: remote.clone(),
                    target: target.clone(),
                    ..MergeRequestOptions::default()
                }
            });
        words.extend(ways.iter().flat_map(MergeRequestOptions::typed));
        let command: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let own = if self.merge_request.is_some() { "in a merge request of" } else { "on" };
        format!("promote them first, {own} their own: `{}`", command.join(" "))
    }

    /// The command that does the same again, to the same commit, and lands it this way.
    pub fn again(&self, session: &Session, to: &CommitId, landing: Landing) -> String {
        let mut words = vec!["cargo".to_owned(), "xtask".to_owned(), session.command.to_owned()];
        words.extend(session.typed_options());
        let rollback = self.wording == Wording::Rollback;
        if rollback || session.command == "promote" {
            let named = (self.component != cli::DEFAULT_COMPONENT).then(|| self.component.clone());
            words.extend(named.into_iter().flat_map(|name| ["--component".to_owned(), name]));
            words.extend(self.environments.is_empty().then(|| "--all".to_owned()));
        }
        for environment in &self.environments {
            words.extend(["--env".to_owned(), environment.clone()]);
        }
        words.extend([self.option().to_owned(), to.to_string()]);
        let allow_downgrade = self.switches.allow_downgrade && !rollback;
        words.extend(Switches { allow_downgrade, ..self.switches.clone() }.typed());
        words.extend(self.merge_request.iter().flat_map(MergeRequestOptions::typed));
        match (landing, &self.merge_request) {
            (Landing::DryRun, _) => words.push("--dry-run".to_owned()),
            (Landing::Commit, None) => words.push("--commit".to_owned()),
            _ => {}
        }
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

impl MergeRequestOptions {
    fn typed(&self) -> Vec<String> {
        let mut words = vec!["--mr".to_owned()];
        words.extend(self.lgtm.then(|| "--lgtm".to_owned()));
        words.extend(self.draft.then(|| "--draft".to_owned()));
        let with = |option: &str, value: &String| [option.to_owned(), value.clone()];
        words.extend(self.labels.iter().flat_map(|label| with("--label", label)));
        words.extend(self.assignees.iter().flat_map(|user| with("--assign", user)));
        words.extend(self.remote.iter().flat_map(|remote| with("--remote", remote)));
        words.extend(self.target.iter().flat_map(|target| with("--target-branch", target)));
        words
    }
}
