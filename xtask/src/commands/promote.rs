//! Promotes a component: plan, verify, then land. `update-schemas` and `qr-promote` are this
//! command with the component filled in.

use std::io::IsTerminal;

use anyhow::{Context, Result};

use super::{Session, quoted};
use crate::cli::{self, Format};
use crate::component::Component;
use crate::error::Refusal;
use crate::git::Git;
use crate::land::{Landed, Landing, Promotion};
use crate::message::{Wording, commit_message};
use crate::plan::Plan;
use crate::report;
use crate::upstream::{self, Mirror};
use crate::version::CommitId;
use crate::worktree::WorkTree;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The component's name.
    pub component: String,
    /// Names or aliases; none means all.
    pub environments: Vec<String>,
    /// The version; none means the head of the default branch.
    pub reference: Option<String>,
    /// How the promotion is called.
    pub wording: Wording,
    /// What is done with the plan.
    pub landing: Landing,
}

impl From<&cli::Landing> for Landing {
    fn from(typed: &cli::Landing) -> Landing {
        let by_variable = std::env::var_os("DO_COMMIT").is_some_and(|value| value == "1");
        match (typed.dry_run, typed.commit || by_variable) {
            (true, _) => Landing::DryRun,
            (false, true) => Landing::Commit,
            (false, false) => Landing::WorkTree,
        }
    }
}

impl From<&cli::UpdateSchemas> for Request {
    fn from(typed: &cli::UpdateSchemas) -> Request {
        Request {
            component: "qontract-schemas".to_owned(),
            environments: Vec::new(),
            reference: typed.version.reference.clone(),
            wording: Wording::Component,
            landing: Landing::from(&typed.landing),
        }
    }
}

impl From<&cli::QrPromote> for Request {
    fn from(typed: &cli::QrPromote) -> Request {
        Request {
            component: "qontract-reconcile".to_owned(),
            environments: typed.env.clone(),
            reference: typed.version.reference.clone(),
            wording: Wording::Production,
            landing: Landing::from(&typed.landing),
        }
    }
}

impl From<&cli::Promote> for Request {
    fn from(typed: &cli::Promote) -> Request {
        Request {
            component: typed.component.clone(),
            environments: typed.env.clone(),
            reference: typed.version.reference.clone(),
            wording: Wording::Component,
            landing: Landing::from(&typed.landing),
        }
    }
}

/// Carries out a request and prints what happened.
pub fn run(session: &Session, request: &Request) -> Result<()> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&request.component)?;
    let environments = config.environments(component, &request.environments)?;
    let (config, wording) = (&config, request.wording);
    let promotion = Promotion { work_tree, config, component, environments, wording };
    promotion.check()?;
    let to = version(session, &promotion.work_tree, component, request.reference.as_deref())?;
    let (plan, landed) = promotion.land(&to, request.landing, session.progress)?;
    for note in &plan.notes {
        session.note(note);
    }
    match session.format {
        Format::Json => session.print(&document(session, component, &plan, &landed)?),
        Format::Text => session.print(&text(session, request, component, &plan, &landed)),
    }
}

/// The commit to promote: what the upstream says, or offline what was typed.
fn version(
    session: &Session,
    work_tree: &WorkTree,
    component: &Component,
    typed: Option<&str>,
) -> Result<CommitId> {
    if session.offline {
        let commit = typed.and_then(CommitId::parse).ok_or_else(|| {
            let found = typed.map_or("nothing".to_owned(), |typed| format!("`{typed}`"));
            Refusal::usage(format!("`--offline` needs a full commit in `--ref`, found {found}"))
                .help("give all 40 digits, or leave `--offline` out")
        })?;
        session.note(&format!("offline: `{commit}` was not looked up in `{}`", component.upstream));
        return Ok(commit);
    }
    let url = Git::at(&work_tree.top).effective_url(&component.upstream)?;
    let mirror = Mirror::open(&upstream::cache_folder()?, &url)?;
    let step = session.progress.network(format!("fetching {}", component.upstream));
    mirror.fetch(&mut |line| step.detail(line))?;
    drop(step);
    Ok(mirror.resolve(typed, component.branch.as_deref())?.commit)
}

fn text(
    session: &Session,
    request: &Request,
    component: &Component,
    plan: &Plan,
    landed: &Landed,
) -> String {
    let diff = report::diff(plan);
    let diff = if std::io::stdout().is_terminal() { report::coloured_diff(&diff) } else { diff };
    let gap = if diff.is_empty() { "" } else { "\n" };
    let files = match plan.changed().count() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let ending = match landed {
        Landed::Planned => format!("{files} would change; nothing is written"),
        Landed::Unchanged => "nothing to do: every pin is there already".to_owned(),
        Landed::Written => {
            format!("{files} edited; to commit them:\n  {} --commit", again(session, request, plan))
        }
        Landed::Committed(commit) => {
            let title = commit_message(component, request.wording, plan);
            let title = title.lines().next().unwrap_or_default();
            format!("committed {}: {}", commit.tag(7), report::printable(title))
        }
    };
    format!("{}{gap}{diff}{gap}{ending}\n", report::table(component, plan))
}

/// The command that does the same again, to the same commit.
fn again(session: &Session, request: &Request, plan: &Plan) -> String {
    let mut words = vec!["cargo".to_owned(), "xtask".to_owned(), session.command.to_owned()];
    words.extend(session.typed_options());
    if session.command == "promote" {
        words.extend(["--component".to_owned(), request.component.clone()]);
        words.extend(request.environments.is_empty().then(|| "--all".to_owned()));
    }
    for environment in &request.environments {
        words.extend(["--env".to_owned(), environment.clone()]);
    }
    words.extend(["--ref".to_owned(), plan.to.to_string()]);
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn document(
    session: &Session,
    component: &Component,
    plan: &Plan,
    landed: &Landed,
) -> Result<String> {
    let (result, commit) = match landed {
        Landed::Planned => ("planned", None),
        Landed::Unchanged => ("unchanged", None),
        Landed::Written => ("written", None),
        Landed::Committed(commit) => ("committed", Some(commit.as_str())),
    };
    let document = report::Document {
        version: 1,
        command: session.command,
        result,
        component: &component.name,
        upstream: &component.upstream,
        to: report::To { commit: plan.to.as_str(), tag: plan.to.tag(component.tag_length) },
        environments: report::environment_documents(plan),
        files: plan.changed().map(|(path, _)| path.as_str()).collect(),
        diff: report::diff(plan),
        commit,
        notes: &plan.notes,
    };
    Ok(serde_json::to_string_pretty(&document).context("can't write JSON")? + "\n")
}
