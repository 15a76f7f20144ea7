//! Adds a version to those that an app blocks, or takes it from them.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use promotion::config::Config;
use promotion::merge_request::commit_message::commit_page;
use promotion::merge_request::{Description, gitlab_text, segment};
use promotion::model::component::Component;
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems, problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::model::upstream::Upstream;
use promotion::model::version::CommitId;
use promotion::plan::Plan;
use promotion::plan::landed::Landed;
use promotion::report;
use promotion::report::json;
use promotion::report::promotion::PromotionReport;
use promotion::saas::SaasFile;
use promotion::saas::app::{ListAction, ListChange, VersionList};
use promotion::saas::choice::{SaasQuery, too_many};

use super::{Ending, by_git, refuse_before_asking};
use crate::ask::checks::unchecked;
use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::{SaasPromotion, in_repository};
use crate::ask::upstreams::Upstreams;
use crate::cli::{self, Format};
use crate::hint::Hint;
use crate::land::merge_request::{Delivery, ProposedCommit};
use crate::land::{self, Landing, MergeRequestOptions, Planned, Promotion, verified};
use crate::mirror::refuse_page;
use crate::request::{full_commit, landing, with_landing};
use crate::session::{self, Session, shown_diff};
use crate::terminal::fitting;
use crate::worktree::WorkTree;

/// What was typed, of either command.
pub struct Typed<'t> {
    name: &'t str,
    reference: &'t str,
    reason: Option<&'t str>,
    landing: Landing,
    open: bool,
    action: ListAction,
}

impl<'t> From<&'t cli::BlockArgs> for Typed<'t> {
    fn from(typed: &'t cli::BlockArgs) -> Self {
        let cli::BlockArgs { name, reference, reason, landing: way } = typed;
        let (landing, action) = (landing(way), ListAction::Add);
        Typed { name, reference, reason: Some(reason), landing, open: way.open, action }
    }
}

impl<'t> From<&'t cli::UnblockArgs> for Typed<'t> {
    fn from(typed: &'t cli::UnblockArgs) -> Self {
        let cli::UnblockArgs { name, reference, reason, landing: way } = typed;
        let (landing, action) = (landing(way), ListAction::Remove);
        Typed { name, reference, reason: reason.as_deref(), landing, open: way.open, action }
    }
}

/// Changes the list and prints what happened.
pub fn run(session: &Session, typed: &Typed) -> Result<Ending> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    refuse_before_asking(session, &typed.landing, &work_tree, &config)?;
    let files = SaasFiles::search(&work_tree);
    let meant = meant(&work_tree, &files, &config, typed.name)?;
    let query = SaasQuery { names: vec![meant.file], all: true, ..SaasQuery::default() };
    let saas = SaasPromotion::find(&work_tree, &query, Some(files))?;
    let upstream = meant.component.map(|component| &component.upstream);
    let (index, commit) = version(session, &work_tree, &config, &saas, (upstream, typed))?;
    let change = saas.list_change(index, &commit, (VersionList::Blocked, typed.action))?;
    let others = meant.apps.into_iter().filter(|app| *app != change.app);
    let others: Vec<_> = others.map(|app| ListChange { app, ..change.clone() }).collect();
    let changes = [vec![change], others].concat();
    let run = VersionBlock { session, typed, work_tree: &work_tree, config: &config, changes };
    run.land(meant.component.unwrap_or(&saas.components[index]), meant.warnings)
}

/// What a name means.
struct MeantFile<'c> {
    /// The saas file: of a component, the first one that runs its upstream.
    file: String,
    component: Option<&'c Component>,
    /// The apps of all saas files that run a component's upstream.
    apps: BTreeSet<RepoPath>,
    /// Of files that may run it too.
    warnings: Vec<Problem>,
}

/// Refuses a component that no saas file runs, or one without an app, and a glob that fits several
/// files: each may have an app of its own.
fn meant<'c>(
    work_tree: &WorkTree,
    files: &SaasFiles,
    config: &'c Config,
    name: &str,
) -> Result<MeantFile<'c>> {
    let mut component = config.components.iter().find(|component| component.name == name);
    if component.is_none() {
        match files.find(&in_repository(work_tree, name)) {
            Ok(files) if files.len() > 1 => bail!(too_many(&files, name)),
            Ok(_) => {}
            Err(unknown) => {
                let part = files.component(name, config);
                component = Some(part.ok_or_else(|| files.or_configured(unknown, name, config))?);
            }
        }
    }
    let Some(component) = component else {
        let (file, apps, warnings) = (name.to_owned(), BTreeSet::new(), Vec::new());
        return Ok(MeantFile { file, component: None, apps, warnings });
    };
    let Component { name, upstream, .. } = component;
    let runs = |file: &&SaasFile| {
        let mut urls = file.templates.iter().filter_map(|template| template.url.as_deref());
        urls.any(|url| upstream.is(url))
    };
    let running: Vec<&SaasFile> = files.files.iter().filter(runs).collect();
    let Some(first) = running.first() else {
        let message = format!("no saas file runs `{upstream}`, which is `{name}`");
        let help = "versions are blocked in the app that a saas file names";
        bail!(Problem::usage(message).help(help));
    };
    let file = files.name_of(first);
    let apps = running.iter().map(|file| file.app_path()).collect::<Result<_, _>>()?;
    let unknown = |why: Problem| {
        let message = format!("whether it runs `{name}` is not known: {}", why.message);
        Problem { message, ..why }
    };
    let warnings = files.unreadable("**").into_iter().map(unknown).collect();
    Ok(MeantFile { file, component: Some(component), apps, warnings })
}

/// The upstream that has the version, by the index of its component; the one that is `meant`, if one is.
fn version(
    session: &Session,
    work_tree: &WorkTree,
    config: &Config,
    saas: &SaasPromotion,
    (meant, typed): (Option<&Upstream>, &Typed),
) -> Result<(usize, CommitId)> {
    let offline =
        session.offline.then(|| full_commit(Some(typed.reference), "--ref")).transpose()?;
    let components = saas.components.iter().enumerate();
    let components: Vec<(usize, &Component)> = components
        .filter(|(_, one)| meant.is_none_or(|meant| one.upstream.identity() == meant.identity()))
        .collect();
    if let (Some(commit), [(index, _)]) = (offline, &components[..]) {
        return Ok((*index, commit));
    }
    refuse_page(typed.reference, components.iter().map(|(_, component)| &component.upstream))?;
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for (index, component) in components {
        let upstreams = Upstreams::open(work_tree, config, component)?;
        let upstreams = if session.offline { upstreams } else { upstreams.fetched(session)? };
        match upstreams.mirror.resolve(Some(typed.reference), component.branch.as_deref()) {
            Ok(resolved) => found.push((index, resolved.commit)),
            Err(error) => refused.extend(problems(&error)),
        }
    }
    match found.len() {
        0 => Err(Problems(refused).into()),
        1 => Ok(found.swap_remove(0)),
        count => {
            let message = format!("`{}` is a version of {count} upstreams", typed.reference);
            bail!(Problem::usage(message).help("name the full commit"))
        }
    }
}

struct VersionBlock<'a> {
    session: &'a Session,
    typed: &'a Typed<'a>,
    work_tree: &'a WorkTree,
    config: &'a Config,
    /// One for each app; never empty.
    changes: Vec<ListChange>,
}

/// A change of the list that has landed.
struct LandedList {
    plan: Plan,
    landed: Landed,
    title: String,
    warnings: Vec<Problem>,
    notes: Vec<String>,
    /// Whether a commit has what was there before.
    was_committed: bool,
}

impl VersionBlock<'_> {
    fn commit(&self) -> &CommitId {
        &self.changes[0].commit
    }

    fn land(&self, component: &Component, warnings: Vec<Problem>) -> Result<Ending> {
        let VersionBlock { session, typed, .. } = self;
        let verb = match typed.action {
            ListAction::Add => "block",
            ListAction::Remove => "unblock",
        };
        let tag = self.commit().tag(component.tag_length);
        let title = format!("{verb} {tag} of {}", escaped(&component.name));
        let mut done = match typed.landing.merge_request() {
            Some(options) => {
                let branch = format!("promote/{verb}-{tag}-{}", segment(&component.name));
                let names = [branch.clone(), format!("{branch}+")];
                self.on_target(options, names, title)?
            }
            None => self.in_work_tree(title)?,
        };
        done.warnings.extend(warnings);
        done.notes.extend(session.offline.then(|| unchecked(component)));
        self.tell(component, &done)
    }

    fn in_work_tree(&self, title: String) -> Result<LandedList> {
        let VersionBlock { session, typed, work_tree, .. } = self;
        let lists = self.changes.clone();
        let promotion = Promotion { work_tree, parts: Vec::new(), lists };
        let mut planned = promotion.plan(&typed.landing)?;
        let notes = planned.repaired.take().into_iter().collect();
        let was_committed = promotion.committed(&planned.plan, &typed.landing).is();
        let message = self.message(&title);
        let landed = promotion.land(&mut planned, &typed.landing, &message, session.progress)?;
        let Planned { plan, warnings, .. } = planned;
        Ok(LandedList { plan, landed, title, warnings, notes, was_committed })
    }

    fn message(&self, title: &str) -> String {
        let reason = self.typed.reason.map(|reason| format!("\nReason: {}\n", escaped(reason)));
        format!("{title}\n{}", reason.unwrap_or_default())
    }

    fn on_target(
        &self,
        options: &MergeRequestOptions,
        names: [String; 2],
        title: String,
    ) -> Result<LandedList> {
        let git = land::git_of(self.work_tree, "or leave `--mr` out")?;
        let (delivery, withheld) = Delivery::new(git, &self.config.repository, names, options);
        let files = self.changes.iter().map(|change| change.app.clone()).collect();
        let wanted = Wanted { files, ..Wanted::default() };
        let progress = self.session.progress;
        let step = progress.network(format!("fetching {}", delivery.from));
        let started = delivery.start(&wanted, &mut |line| step.detail(line))?;
        drop(step);
        let plan = verified(&[], &self.changes, &started.tree)?;
        let landed = if plan.is_empty() {
            Landed::Unchanged
        } else if self.typed.landing.is_shown() {
            Landed::Planned
        } else {
            let step = progress.network(format!("delivering to {}", delivery.to));
            let proposal = self.propose(&plan, &title);
            let delivered = delivery.finish(&started, proposal, &mut |line| step.detail(line))?;
            Landed::Delivered(delivered.with_notes(withheld))
        };
        let (warnings, notes) = (Vec::new(), Vec::new());
        Ok(LandedList { plan, landed, title, warnings, notes, was_committed: true })
    }

    fn propose(&self, plan: &Plan, title: &str) -> ProposedCommit {
        let (reason, people) = (self.typed.reason, Default::default());
        let description = Description { parts: &[], people: &people, warnings: &[], reason };
        ProposedCommit::of(plan, format!("{title}\n"), gitlab_text::title(title), &description)
    }

    fn tell(&self, component: &Component, done: &LandedList) -> Result<Ending> {
        let VersionBlock { session, typed, .. } = self;
        let LandedList { plan, landed, title, warnings, notes, .. } = done;
        let undo = landed.is_effect().then(|| self.undo(done)).flatten();
        let commands: Vec<_> = undo.into_iter().map(|undo| (landed.undo(), undo)).collect();
        let commands = &commands;
        let report =
            PromotionReport { plan, queues: &[], landed, title, warnings, notes, commands };
        let again = Hint::new(session, session.command)
            .words(&[typed.name.to_owned()])
            .option("--ref", Some(self.commit().as_str()))
            .option("--reason", typed.reason)
            .flags(["--commit"])
            .to_string();
        let (faults, failures) = match landed {
            Landed::Delivered(delivered) => (delivered.faults(), delivered.failures()),
            _ => (Vec::new(), Vec::new()),
        };
        let text = match session.format {
            Format::Json => {
                let mut document = report.document(session.command);
                document["component"] = component.name.clone().into();
                document["upstream"] = component.upstream.to_string().into();
                document["to"] = json::version(component, self.commit());
                document["reason"] = typed.reason.into();
                json::text(&json::with_errors(document, &failures))
            }
            _ => report.text(shown_diff(&report::plan_diff(plan)), &again, fitting()),
        };
        warnings.iter().for_each(|warning| session.warn(warning));
        notes.iter().for_each(|note| session.note(note));
        let printed = match landed.is_effect() {
            true => session::print_done(&text, &report.ending(&again)),
            false => session.print(&text),
        };
        faults.iter().for_each(|fault| session.warn(fault));
        failures.iter().for_each(|failure| session.fail(failure));
        printed?;
        if typed.open {
            session.open(self.page(component, landed));
        }
        Ok(if failures.is_empty() { Ending::Done } else { Ending::Incomplete })
    }

    /// The merge request, or the page of the commit.
    fn page(&self, component: &Component, landed: &Landed) -> Option<String> {
        match landed {
            Landed::Delivered(delivered) => delivered.url.clone(),
            _ => commit_page(&component.upstream.to_string(), self.commit()),
        }
    }

    /// The other command, if it brings back every byte; else git's.
    fn undo(&self, done: &LandedList) -> Option<String> {
        let LandedList { plan, landed, was_committed, .. } = done;
        let (command, reason, action) = match self.typed.action {
            ListAction::Add => ("unblock", None, ListAction::Remove),
            ListAction::Remove => ("block", Some("…"), ListAction::Add),
        };
        let back: Vec<_> =
            self.changes.iter().map(|change| ListChange { action, ..change.clone() }).collect();
        if !plan.is_undone_by(&[], &back, Tree::default()) {
            return by_git(self.work_tree, plan, landed, *was_committed);
        }
        let hint = Hint::new(self.session, command)
            .words(&[self.typed.name.to_owned()])
            .option("--ref", Some(self.commit().as_str()))
            .option("--reason", reason);
        Some(with_landing(hint, &self.typed.landing).to_string())
    }
}
