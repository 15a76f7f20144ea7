//! What was typed becomes what was meant, for every command that promotes.

use promotion::config::Config;
use promotion::guards::Switches;
use promotion::merge_request::commit_message::Wording;
use promotion::model::component::{Component, Scope};
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;
use promotion::saas::choice::{Narrowing, SaasQuery};

use crate::cli;
use crate::land::{Landing, MergeRequestOptions};

pub use again::{WayBack, with_landing};

mod again;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    pub what: What,
    pub version: WantedVersion,
    /// How the promotion is called.
    pub wording: Wording,
    pub landing: Landing,
    /// Whether the commit becomes a hotfix of its app.
    pub hotfix: bool,
    /// Whether each of several saas files is promoted by itself.
    pub split: bool,
    /// Whether the page of what was done is opened.
    pub open: bool,
    /// What is let through.
    pub switches: Switches,
}

/// What is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Components of the configuration, in some of their environments.
    Components {
        /// Never empty.
        names: Vec<String>,
        /// Names or aliases; none means all.
        environments: Vec<String>,
    },
    /// Targets of saas files.
    Saas(SaasQuery),
    /// A name of either, and perhaps names of where; with what else was typed.
    Words(Vec<String>, SaasQuery),
}

/// Which version is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedVersion {
    /// What the upstream calls so; without a name, the head of its default branch.
    Named(Option<String>),
    /// The one that ran before, by the history of the pins.
    Before,
    /// The one that an environment of the same saas file runs.
    Like(String),
}

impl Request {
    /// The commit, without asking the upstream: only a full one will do.
    pub fn offline(&self) -> Result<CommitId, Problem> {
        let name = match &self.version {
            WantedVersion::Named(name) => name.as_deref(),
            WantedVersion::Before | WantedVersion::Like(_) => None,
        };
        full_commit(name, self.option())
    }

    /// The components of the configuration with the environments that are asked for; none if saas
    /// files are.
    ///
    /// Of several components, each gets those of the environments that it has. One version can't be
    /// named for components of different upstreams.
    pub fn scopes<'c>(&self, config: &'c Config) -> Result<Vec<Scope<'c>>, Problem> {
        let What::Components { names, environments } = &self.what else { return Ok(Vec::new()) };
        let components: Vec<&Component> =
            names.iter().map(|name| config.component(name)).collect::<Result<_, _>>()?;
        self.refuse_shared_version(&components)?;
        let is_known =
            |name: &&String| components.iter().any(|one| one.environment(name).is_some());
        let unknown = environments.iter().find(|name| !is_known(name));
        let scope = |component: &&'c Component| {
            let own =
                |name: &&String| component.environment(name).is_some() || unknown == Some(*name);
            let own: Vec<String> = environments.iter().filter(own).cloned().collect();
            let wanted = if own.is_empty() { environments } else { &own };
            let environments = config.environments(component, wanted)?;
            Ok(Scope { component, environments })
        };
        components.iter().map(scope).collect()
    }

    fn refuse_shared_version(&self, components: &[&Component]) -> Result<(), Problem> {
        let WantedVersion::Named(Some(version)) = &self.version else { return Ok(()) };
        let differs = |one: &[&Component]| one[0].upstream.identity() != one[1].upstream.identity();
        let Some([one, other]) = components.windows(2).find(|pair| differs(pair)) else {
            return Ok(());
        };
        let message = format!(
            "`--ref {version}` can't be a version of both `{}` and `{}`, which have different \
             upstreams",
            one.name, other.name
        );
        Err(Problem::usage(message).help("leave `--ref` out, or promote one after the other"))
    }

    /// The same for something else.
    pub fn with(&self, what: What) -> Request {
        let Request { version, wording, landing, hotfix, split, open, switches, .. } = self;
        Request {
            what,
            version: version.clone(),
            wording: *wording,
            landing: landing.clone(),
            hotfix: *hotfix,
            split: *split,
            open: *open,
            switches: switches.clone(),
        }
    }

    /// The saas files that are asked for.
    pub fn saas(&self) -> Option<&SaasQuery> {
        match &self.what {
            What::Saas(query) => Some(query),
            What::Components { .. } | What::Words(..) => None,
        }
    }

    /// The option that names the version.
    pub fn option(&self) -> &'static str {
        if self.wording == Wording::Rollback { "--to" } else { "--ref" }
    }
}

/// What is done with the plan. `DO_COMMIT` in the environment means `--commit`.
pub fn landing(typed: &cli::LandingArgs) -> Landing {
    let by_variable = std::env::var_os("DO_COMMIT")
        .is_some_and(|value| !["", "0", "no", "false"].iter().any(|no| value == *no));
    let merge_request = typed.mr.then(|| MergeRequestOptions {
        lgtm: typed.lgtm,
        labels: typed.label.clone(),
        draft: typed.draft,
        // GitLab knows users without the `@`, and passes over others without a word.
        assignees: typed.assign.iter().map(|user| user.trim_start_matches('@').into()).collect(),
        remote: typed.remote.clone(),
        target: typed.target_branch.clone(),
    });
    match merge_request {
        options if typed.dry_run => Landing::Show(options),
        Some(options) => Landing::MergeRequest(options),
        None if typed.commit || by_variable => Landing::Commit,
        None => Landing::Files,
    }
}

impl From<&cli::GuardArgs> for Switches {
    fn from(typed: &cli::GuardArgs) -> Switches {
        let (reason, allow_downgrade) = (typed.reason.clone(), typed.allow_downgrade);
        Switches { allow_downgrade, reason, ..Switches::from(&typed.checks) }
    }
}

impl From<&cli::CheckArgs> for Switches {
    fn from(typed: &cli::CheckArgs) -> Switches {
        Switches {
            allow_off_branch: typed.allow_off_branch,
            no_image_check: typed.no_image_check,
            wait_image: typed.wait_image,
            strict: typed.strict,
            ..Switches::default()
        }
    }
}

/// The commit that an option names in full, as it has to be where the upstream is not asked.
pub fn full_commit(name: Option<&str>, option: &str) -> Result<CommitId, Problem> {
    name.and_then(CommitId::parse).ok_or_else(|| {
        let found = name.map_or_else(|| "nothing".to_owned(), |name| format!("`{name}`"));
        Problem::usage(format!("`--offline` needs a full commit in `{option}`, found {found}"))
            .help("give all 40 digits, or leave `--offline` out")
    })
}

/// A promotion to a newer version.
fn newer(components: &[&str], environments: &[String], typed: &cli::PromotionArgs) -> Request {
    Request {
        what: What::Components {
            names: components.iter().map(|name| (*name).to_owned()).collect(),
            environments: environments.to_owned(),
        },
        version: WantedVersion::Named(typed.version.reference.clone()),
        wording: Wording::Component,
        landing: landing(&typed.landing),
        hotfix: false,
        split: false,
        open: typed.landing.open,
        switches: Switches::from(&typed.guards),
    }
}

impl From<&cli::UpdateSchemasArgs> for Request {
    fn from(typed: &cli::UpdateSchemasArgs) -> Request {
        newer(&[cli::SCHEMAS], &[], &typed.promotion)
    }
}

impl From<&cli::QrPromoteArgs> for Request {
    fn from(typed: &cli::QrPromoteArgs) -> Request {
        let request = newer(&[cli::DEFAULT_COMPONENT], &typed.only.env, &typed.promotion);
        let sha = typed.sha.clone().map(|sha| WantedVersion::Named(Some(sha)));
        let version = sha.unwrap_or(request.version);
        Request { wording: Wording::Production, version, ..request }
    }
}

impl From<&cli::PromoteArgs> for Request {
    fn from(typed: &cli::PromoteArgs) -> Request {
        let mut components: Vec<&str> = Vec::new();
        for name in &typed.component {
            if !components.contains(&name.as_str()) {
                components.push(name);
            }
        }
        let request = newer(&components, &typed.env, &typed.promotion);
        let query = saas_query(&typed.saas, &typed.env, typed.all);
        let what = match typed.names.as_slice() {
            [] if query.is_asked() => What::Saas(query),
            [] => request.what,
            words => What::Words(words.to_owned(), query),
        };
        let like = typed.like.clone().map(WantedVersion::Like);
        let version = like.unwrap_or(request.version);
        Request { what, version, hotfix: typed.hotfix, split: typed.split, ..request }
    }
}

fn saas_query(typed: &cli::SaasArgs, environments: &[String], all: bool) -> SaasQuery {
    SaasQuery {
        names: typed.saas.clone(),
        owner: typed.owner.clone(),
        all,
        narrowing: Narrowing {
            environments: environments.to_owned(),
            templates: typed.template.clone(),
            targets: typed.target.clone(),
            namespaces: typed.namespace.clone(),
        },
    }
}

impl From<&cli::RollbackArgs> for Request {
    fn from(typed: &cli::RollbackArgs) -> Request {
        let to = typed.to.clone().map(Some);
        Request {
            what: match saas_query(&typed.saas, &typed.env, false) {
                query if query.is_asked() => What::Saas(query),
                _ => What::Components {
                    names: vec![typed.of.component.clone()],
                    environments: typed.env.clone(),
                },
            },
            version: to.map_or(WantedVersion::Before, WantedVersion::Named),
            wording: Wording::Rollback,
            landing: landing(&typed.landing),
            hotfix: false,
            split: false,
            open: typed.landing.open,
            switches: Switches {
                allow_downgrade: true,
                is_rollback: true,
                reason: Some(typed.reason.clone()),
                ..Switches::from(&typed.checks)
            },
        }
    }
}
