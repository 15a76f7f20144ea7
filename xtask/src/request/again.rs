//! The commands that do a request again, go on with it, or take it back.

use promotion::guards::Switches;
use promotion::merge_request::commit_message::Wording;
use promotion::model::component::Component;
use promotion::model::version::CommitId;
use promotion::saas::choice::{Narrowing, SaasQuery};

use super::{Request, WantedVersion, What};
use crate::cli;
use crate::hint::Hint;
use crate::land::{Landing, MergeRequestOptions};
use crate::session::Session;

/// The way from a version that was promoted to the one before.
#[derive(Debug, Clone, Copy)]
pub enum WayBack<'v> {
    /// That one is older; without a name, it is the one that the history of the pins tells.
    Older(Option<&'v str>),
    Newer(&'v str),
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

    /// The command that takes this promotion back in the same way. It asks the upstream even if this
    /// run didn't.
    pub fn back(&self, session: &Session, way: WayBack) -> Hint {
        let (command, option, to) = match way {
            WayBack::Older(to) => ("rollback", "--to", to),
            WayBack::Newer(to) => ("promote", "--ref", Some(to)),
        };
        let hint = Hint::new(session, command);
        let hint = match &self.what {
            What::Saas(query) => with_saas(hint, query),
            What::Components { names, environments } => with_components(hint, names)
                .options("--env", environments.iter().map(String::as_str)),
            What::Words(words, _) => hint.words(words),
        };
        let reason = matches!(way, WayBack::Older(_)).then_some("…");
        let hint = hint
            .option(option, to)
            .option("--reason", reason)
            .flags(self.switches.allow_off_branch.then_some("--allow-off-branch"))
            .flags(self.switches.no_image_check.then_some("--no-image-check"));
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
