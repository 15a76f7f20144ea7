//! What was typed becomes what was meant, for every command that promotes.

use promotion::config::Config;
use promotion::guards::Switches;
use promotion::merge_request::commit_message::Wording;
use promotion::model::component::{Component, Scope};
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;
use promotion::saas::choice::{Narrowing, SaasQuery};

use crate::cli;
use crate::hint::Hint;
use crate::land::{Landing, MergeRequestOptions};
use crate::session::Session;

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

impl Request {
    /// What to do about a component that should go first.
    pub fn first(&self, session: &Session, component: &Component) -> String {
        let is_schemas = component.name == cli::SCHEMAS;
        let mut hint = Hint::new(session, if is_schemas { "update-schemas" } else { "promote" });
        if !is_schemas {
            hint = hint.option("--component", Some(&component.name)).flags(["--all"]);
        }
        let options = self.landing.merge_request();
        if let Some(options) = options {
            hint = with_merge_request(hint, &options.same_way());
        }
        let own = if options.is_some() { "in a merge request of" } else { "on" };
        format!("promote them first, {own} their own: `{hint}`")
    }

    /// The command that does the same again, landing included; to the same commit, if it was one.
    pub fn again(&self, session: &Session, to: Option<&CommitId>) -> Hint {
        let hint = self.same(session, to);
        match &self.landing {
            Landing::Show(_) => hint.flags(["--dry-run"]),
            Landing::Commit => hint.flags(["--commit"]),
            Landing::Files | Landing::MergeRequest(_) => hint,
        }
    }

    /// The command that does the same with a choice made: nothing that was typed is left out.
    pub fn chosen(&self, session: &Session) -> Hint {
        let seconds = self.switches.wait_image.map(|time| format!("{}s", time.as_secs()));
        let hint = self.again(session, None).option("--wait-image", seconds.as_deref());
        hint.flags(self.split.then_some("--split")).flags(self.open.then_some("--open"))
    }

    /// The command that does the same again for one of its components, whose version was `planned`.
    /// Of several components, another version can be promoted of one alone.
    pub fn again_of(
        &self,
        session: &Session,
        component: &Component,
        planned: &CommitId,
        to: &CommitId,
    ) -> Hint {
        match &self.what {
            What::Components { names, .. } if names.len() > 1 && to == planned => {
                self.again(session, None)
            }
            What::Components { environments, .. } => {
                let (names, environments) = (vec![component.name.clone()], environments.clone());
                self.with(What::Components { names, environments }).again(session, Some(to))
            }
            What::Saas(_) | What::Words(..) => self.again(session, Some(to)),
        }
    }

    /// The command that does the same again and commits it in the work tree; one that was for a
    /// merge request opens it.
    pub fn commit(&self, session: &Session, to: Option<&CommitId>) -> Hint {
        let hint = self.same(session, to);
        if self.landing.merge_request().is_some() { hint } else { hint.flags(["--commit"]) }
    }

    /// The command that undoes this promotion in the same way: back to the version before, or to
    /// a named one. It asks the upstream even if this run didn't.
    pub fn undo(&self, session: &Session, to: Option<&str>) -> Hint {
        let is_rollback = self.wording == Wording::Rollback;
        let (command, option) = match is_rollback {
            true => ("promote", "--ref"),
            false => ("rollback", "--to"),
        };
        let hint = Hint::new(session, command);
        let hint = match &self.what {
            What::Saas(query) => with_saas(hint, query),
            What::Components { names, environments } => with_components(hint, names)
                .options("--env", environments.iter().map(String::as_str)),
            What::Words(words, _) => hint.words(words),
        };
        let hint = hint.option(option, to).option("--reason", (!is_rollback).then_some("…"));
        with_landing(hint.without("--offline"), &self.landing)
    }

    /// The command that does the same again, without its landing.
    pub fn same(&self, session: &Session, to: Option<&CommitId>) -> Hint {
        let mut hint = Hint::new(session, session.command);
        let is_rollback = self.wording == Wording::Rollback;
        match &self.what {
            What::Saas(query) => hint = with_saas(hint, query),
            What::Words(words, query) => hint = with_saas(hint, query).words(words),
            What::Components { names, environments } => {
                if is_rollback || session.command == "promote" {
                    hint = with_components(hint, names);
                    hint = hint.flags(environments.is_empty().then_some("--all"));
                }
                hint = hint.options("--env", environments.iter().map(String::as_str));
            }
        }
        let typed = match &self.version {
            WantedVersion::Named(name) => name.as_deref(),
            WantedVersion::Before | WantedVersion::Like(_) => None,
        };
        hint = hint.option(self.option(), to.map(CommitId::as_str).or(typed));
        if let (WantedVersion::Like(environment), None) = (&self.version, to) {
            hint = hint.option("--like", Some(environment));
        }
        hint = hint.flags(self.hotfix.then_some("--hotfix"));
        hint = with_switches(hint, &self.switches, is_rollback);
        match self.landing.merge_request() {
            Some(options) => with_merge_request(hint, options),
            None => hint,
        }
    }
}

fn with_components(hint: Hint, names: &[String]) -> Hint {
    match *names == [cli::DEFAULT_COMPONENT] {
        true => hint,
        false => hint.options("--component", names.iter().map(String::as_str)),
    }
}

/// Adds what leads to a commit or a merge request too.
pub fn with_landing(hint: Hint, landing: &Landing) -> Hint {
    match landing {
        Landing::Show(_) | Landing::Files => hint,
        Landing::Commit => hint.flags(["--commit"]),
        Landing::MergeRequest(options) => with_merge_request(hint, &options.same_way()),
    }
}

fn with_saas(hint: Hint, query: &SaasQuery) -> Hint {
    let Narrowing { environments, templates, targets, namespaces } = &query.narrowing;
    let hint = hint.option("--owner", query.owner.as_deref());
    let hint = hint.flags(query.all.then_some("--all"));
    let all = [
        ("--saas", &query.names),
        ("--env", environments),
        ("--template", templates),
        ("--target", targets),
        ("--namespace", namespaces),
    ];
    all.into_iter().fold(hint, |hint, (option, values)| {
        hint.options(option, values.iter().map(String::as_str))
    })
}

/// Adds the guards' switches; a rollback needs no leave to go back.
fn with_switches(hint: Hint, switches: &Switches, is_rollback: bool) -> Hint {
    let downgrade = switches.allow_downgrade && !is_rollback;
    hint.flags(downgrade.then_some("--allow-downgrade"))
        .option("--reason", switches.reason.as_deref())
        .flags(switches.allow_off_branch.then_some("--allow-off-branch"))
        .flags(switches.no_image_check.then_some("--no-image-check"))
        .flags(switches.strict.then_some("--strict"))
}

fn with_merge_request(hint: Hint, options: &MergeRequestOptions) -> Hint {
    hint.flags(["--mr"])
        .flags(options.lgtm.then_some("--lgtm"))
        .flags(options.draft.then_some("--draft"))
        .options("--label", options.labels.iter().map(String::as_str))
        .options("--assign", options.assignees.iter().map(String::as_str))
        .option("--remote", options.remote.as_deref())
        .option("--target-branch", options.target.as_deref())
}
