//! Promotes a component: plan, verify, then land. `update-schemas` and `qr-promote` are this
//! command with the component filled in.

use std::io::IsTerminal;
use std::thread;

use anyhow::{Context, Result};

use crate::cli::{self, Format};
use crate::component::Component;
use crate::error::Refusal;
use crate::git::Git;
use crate::guards::Switches;
use crate::image_check::ImageCheck;
use crate::land::{Landed, Landing, Planned, Promotion};
use crate::message::{Wording, commit_message};
use crate::plan::Plan;
use crate::report::changes::Queue;
use crate::report::{self, json};
use crate::review::{self, Review, Upstreams};
use crate::session::{Session, quoted};
use crate::tree::Tree;
use crate::version::CommitId;

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
    /// What is let through.
    pub switches: Switches,
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

impl From<&cli::Guards> for Switches {
    fn from(typed: &cli::Guards) -> Switches {
        // One line, since it becomes a trailer.
        let reason = typed.reason.as_deref();
        let reason = reason.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        Switches {
            allow_downgrade: typed.allow_downgrade,
            reason,
            allow_off_branch: typed.allow_off_branch,
            no_image_check: typed.no_image_check,
            wait_image: typed.wait_image,
            strict: typed.strict,
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
            switches: Switches::from(&typed.guards),
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
            switches: Switches::from(&typed.guards),
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
            switches: Switches::from(&typed.guards),
        }
    }
}

/// Carries out a request and prints what happened.
pub fn run(session: &Session, request: &Request) -> Result<()> {
    if request.switches.reason.as_deref() == Some("") {
        return Err(Refusal::usage("`--reason` is empty")
            .help("say why: it goes into the commit")
            .into());
    }
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&request.component)?;
    let environments = config.environments(component, &request.environments)?;
    let promotion = Promotion { work_tree, config: &config, component, environments };
    let done = match session.offline {
        true => offline(session, &promotion, request)?,
        false => online(session, &promotion, request)?,
    };
    for warning in &done.review.warnings {
        session.warn(warning);
    }
    for note in &done.plan.notes {
        session.note(note);
    }
    match session.format {
        Format::Json => session.print(&document(session, component, &done)?),
        _ => session.print(&text(session, request, component, &done)),
    }
}

/// A promotion that has landed.
struct Done {
    plan: Plan,
    review: Review,
    message: String,
    landed: Landed,
}

impl Done {
    fn queue<'a>(&'a self, session: &Session, component: &'a Component) -> Queue<'a> {
        queue(session, component, &self.review)
    }
}

fn queue<'a>(session: &Session, component: &'a Component, review: &'a Review) -> Queue<'a> {
    Queue { component, changes: &review.changes, people: &review.people, now: session.now() }
}

/// Plans what was typed; tells what the cache knows of it, and checks nothing.
fn offline(session: &Session, promotion: &Promotion, request: &Request) -> Result<Done> {
    let typed = request.reference.as_deref();
    let to = typed.and_then(CommitId::parse).ok_or_else(|| {
        let found = typed.map_or("nothing".to_owned(), |typed| format!("`{typed}`"));
        Refusal::usage(format!("`--offline` needs a full commit in `--ref`, found {found}"))
            .help("give all 40 digits, or leave `--offline` out")
    })?;
    let Promotion { work_tree, config, component, .. } = promotion;
    session.note(&format!("offline: nothing is checked against `{}`", component.upstream));
    let planned = promotion.plan(&to, request.landing)?;
    let upstreams = Upstreams::open(work_tree, config, component)?;
    let mut review = Review::default();
    if upstreams.mirror.knows(&to) {
        let tree = work_tree.read(&review::wanted(config, component))?;
        review.changes = upstreams.changes(&planned.plan)?;
        review.people = review::people(&Git::at(&work_tree.top), config, &tree, &review.changes);
    }
    land(session, promotion, request, planned, review)
}

/// Plans the commit that the upstream names, and lets the guards judge it.
fn online(session: &Session, promotion: &Promotion, request: &Request) -> Result<Done> {
    let Promotion { work_tree, config, component, .. } = promotion;
    promotion.check()?;
    let upstreams = Upstreams::fetch(session, work_tree, config, component)?;
    let reference = request.reference.as_deref();
    let to = upstreams.mirror.resolve(reference, component.branch.as_deref())?.commit;
    let planned = promotion.plan(&to, request.landing)?;
    let tree = work_tree.read(&review::wanted(config, component))?;
    let review = review(session, promotion, request, &upstreams, &planned.plan, &tree)?;
    land(session, promotion, request, planned, review)
}

fn land(
    session: &Session,
    promotion: &Promotion,
    request: &Request,
    planned: Planned,
    review: Review,
) -> Result<Done> {
    let queue = queue(session, promotion.component, &review);
    let reason = request.switches.reason.as_deref();
    let message = commit_message(&queue, request.wording, &planned.plan, reason);
    let landed = promotion.land(&planned, request.landing, &message, session.progress)?;
    Ok(Done { plan: planned.plan, review, message, landed })
}

/// Reviews a plan, unless there is nothing to do, and makes sure of its image.
fn review(
    session: &Session,
    promotion: &Promotion,
    request: &Request,
    upstreams: &Upstreams,
    plan: &Plan,
    tree: &Tree,
) -> Result<Review> {
    if plan.is_empty() {
        return Ok(Review::default());
    }
    let git = Git::at(&promotion.work_tree.top);
    let image = ImageCheck::new(promotion.component, &plan.to, &request.switches);
    let (answer, review) = thread::scope(|scope| {
        // The registry is asked while the history is read.
        let asked = scope.spawn(|| image.as_ref().map(ImageCheck::ask));
        let review = Review::new(&git, promotion.config, upstreams, plan, tree, &request.switches);
        (asked.join().ok().flatten(), review)
    });
    let review = review?;
    if let (Some(image), Some(answer)) = (&image, answer) {
        let again = |to: &CommitId| again(session, request, to);
        image.settle(session, answer, &review.changes, &again)?;
    }
    Ok(review)
}

fn text(session: &Session, request: &Request, component: &Component, done: &Done) -> String {
    let Done { plan, message, landed, .. } = done;
    let queue = done.queue(session, component);
    let diff = report::diff(plan);
    // What goes to a file or a pipe is what `git apply` takes.
    let out = std::io::stdout();
    let coloured = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
    let diff = if coloured || out.is_terminal() { report::coloured_diff(&diff) } else { diff };
    let (files, them) = match plan.changed().count() {
        1 => ("1 file".to_owned(), "it"),
        count => (format!("{count} files"), "them"),
    };
    let ending = match landed {
        Landed::Planned => format!("{files} would change; nothing is written"),
        Landed::Unchanged => "nothing to do: every pin is there already".to_owned(),
        Landed::Written => {
            format!(
                "{files} edited; to commit {them}:\n  {} --commit",
                report::printable(&again(session, request, &plan.to))
            )
        }
        Landed::Committed(commit) => {
            let title = message.lines().next().unwrap_or_default();
            format!("committed {}: {}", commit.tag(7), report::printable(title))
        }
    };
    let parts = [report::table(queue.component, plan), diff, format!("{ending}\n"), queue.text()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// The command that does the same again, to the same commit.
fn again(session: &Session, request: &Request, to: &CommitId) -> String {
    let mut words = vec!["cargo".to_owned(), "xtask".to_owned(), session.command.to_owned()];
    words.extend(session.typed_options());
    if session.command == "promote" {
        words.extend(["--component".to_owned(), request.component.clone()]);
        words.extend(request.environments.is_empty().then(|| "--all".to_owned()));
    }
    for environment in &request.environments {
        words.extend(["--env".to_owned(), environment.clone()]);
    }
    words.extend(["--ref".to_owned(), to.to_string()]);
    words.extend(request.switches.typed());
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn document(session: &Session, component: &Component, done: &Done) -> Result<String> {
    let Done { plan, review, landed, .. } = done;
    let queue = done.queue(session, component);
    let (result, commit) = match landed {
        Landed::Planned => ("planned", None),
        Landed::Unchanged => ("unchanged", None),
        Landed::Written => ("written", None),
        Landed::Committed(commit) => ("committed", Some(commit.as_str())),
    };
    let document = json::Document {
        version: 1,
        command: session.command,
        result,
        component: &component.name,
        upstream: &component.upstream,
        to: json::To { commit: plan.to.as_str(), tag: plan.to.tag(component.tag_length) },
        environments: json::environment_documents(plan),
        files: plan.changed().map(|(path, _)| path.as_str()).collect(),
        diff: report::diff(plan),
        commit,
        changes: queue.documents(),
        tell: queue.tell(),
        warnings: &review.warnings,
        notes: &plan.notes,
    };
    json::text(&document).context("can't write JSON")
}
