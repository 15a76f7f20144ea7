//! `discover`: finds components, environments and pins, and shows or writes them as `promote.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::diff;
use promotion::inspect::coverage::{self, Terms, Unconfigured};
use promotion::inspect::discover::environments::{ProposedEnvironment, proposals};
use promotion::inspect::discover::merge::{merged, pruned};
use promotion::inspect::discover::{DiscoveredComponent, NEEDLES, Orphan, candidates};
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Wanted;
use promotion::plan::{Part, plan};
use promotion::report::{self, json};
use promotion::saas::Site;
use serde_json::{Value, json};

use crate::adopt::scripts::is_in_name;
use crate::ask::coverage::{self as coverage_scan, with_any};
use crate::ask::saas;
use crate::cli::{self, Format};
use crate::git::Git;
use crate::hint::{Hint, quoted};
use crate::search::{Clue, Found, Listing, refuse};
use crate::session::{self, ConfigFile, Session, shown_diff};
use crate::terminal::fitting;
use crate::worktree::{Replacement, WorkTree, fit};
use unfit::{fitting_ones, unfit};

mod unfit;

/// If more upstreams than this have nothing but one saas file, they are only counted without
/// `--all`.
const FEW: usize = 30;

/// How many names an error lists.
const MOST_NAMES: usize = 10;

/// How many notes of one kind are shown without `--all`.
const MOST_NOTES: usize = 5;

/// What a search can't know of.
pub(super) const SPARSE: &str = "this is a sparse checkout, and pins in files that are not checked out are not found; `git sparse-checkout disable` brings all of them";

/// Shows what is missing in `promote.toml`; adds it with `--write`.
pub fn run(session: &Session, typed: &cli::DiscoverArgs) -> Result<()> {
    let work_tree = session.work_tree()?;
    let file = session.config_file(&work_tree)?;
    let step = session.progress.local("looking for pins");
    let choice = match &typed.component {
        Some(name) => Choice::Component(name),
        None if typed.all => Choice::All,
        None => Choice::Usual,
    };
    let found = find(&work_tree, &file, &choice)?;
    drop(step);
    if typed.write {
        refuse(&found.unread)?;
    }
    let is_written = typed.write && !found.is_unchanged();
    if is_written {
        write(&work_tree, &file, &found.after)?;
    }
    let print = |text: &str| match is_written {
        true => session::print_done(text, &format!("{} written", file.name)),
        false => session.print(text),
    };
    if session.format == Format::Json {
        print(&json::text(&document(session, &found, is_written)))?;
        found.notes(usize::MAX).iter().for_each(|note| session.note(note));
        return Ok(());
    }
    let is_whole = typed.all || typed.component.is_some();
    print(&text(&found, is_written, is_whole))?;
    let most = if typed.all { usize::MAX } else { MOST_NOTES };
    found.notes(most).iter().for_each(|note| session.note(note));
    match (is_written, found.is_unchanged()) {
        (_, true) => Ok(()),
        (false, false) => print(&next_step(session, &found, typed)),
        (true, false) => {
            let undo = undo(&work_tree, &file).map(|undo| format!("undo: {undo}\n"));
            print(&undo.unwrap_or_default())
        }
    }
}

/// Which proposals are taken in.
pub(super) enum Choice<'a> {
    /// All but those for many upstreams with one saas file each.
    Usual,
    All,
    Component(&'a str),
    /// Those with a variable or a key among these words.
    Mentioned(&'a BTreeSet<String>),
}

/// Everything that was found, and the configuration before and after.
pub(super) struct Discovery {
    name: String,
    /// `None` if there is no `promote.toml`.
    before: Option<String>,
    pub(super) after: String,
    candidates: Vec<DiscoveredComponent>,
    proposals: Vec<ProposedEnvironment>,
    /// Proposals for upstreams with nothing but one saas file, left out without `--all`.
    tail: Vec<ProposedEnvironment>,
    pub(super) orphans: Vec<Orphan>,
    /// The reasons why proposals or pins were left out: they could not be promoted as they are
    /// written.
    dropped: Vec<Problem>,
    /// Files that nobody looked into, and why.
    too_large: Vec<Problem>,
    /// What could not be read: then this is not all.
    pub(super) unread: Vec<Problem>,
    /// Whether only some of the files are checked out.
    pub(super) is_sparse: bool,
}

impl Discovery {
    fn is_unchanged(&self) -> bool {
        self.before.as_ref().map_or(self.after.is_empty(), |before| *before == self.after)
    }

    /// `2 components, 3 environments and 4 pins in 3 files to add`.
    fn summary(&self) -> String {
        let components: BTreeSet<_> = self.proposals.iter().map(|one| &one.component).collect();
        let files: BTreeSet<_> = self.proposals.iter().map(|one| &one.file).collect();
        let pins = self.proposals.iter().map(|one| one.pins.len()).sum();
        format!(
            "{}, {} and {} in {} to add",
            report::counted(components.len(), "component"),
            report::counted(self.proposals.len(), "environment"),
            report::counted(pins, "pin"),
            report::counted(files.len(), "file"),
        )
    }

    /// What is not in the configuration, and why; at most `most` of each kind.
    fn notes(&self, most: usize) -> Vec<String> {
        let orphans = self.orphans.iter().map(Orphan::to_string).collect();
        let left_out: BTreeSet<_> =
            self.dropped.iter().map(|problem| format!("left out: {problem}")).collect();
        let passed = self.too_large.iter().chain(&self.unread).map(Problem::to_string).collect();
        let tail = (!self.tail.is_empty()).then(|| {
            format!(
                "{} more upstreams have one saas file each; `discover --all` takes them in",
                self.tail.len()
            )
        });
        let kinds = [orphans, left_out.into_iter().collect(), passed];
        let kinds = kinds.into_iter().flat_map(|notes| report::first(notes, most));
        kinds.chain(tail).chain(self.is_sparse.then(|| SPARSE.to_owned())).collect()
    }
}

/// Looks for pins in the whole tree, and adds those of the choice to the configuration.
pub(super) fn find(work_tree: &WorkTree, file: &ConfigFile, choice: &Choice) -> Result<Discovery> {
    let start = match &file.text {
        Some(text) => text.clone(),
        None => builtin(work_tree)?,
    };
    let config = Config::parse(&file.name, &start)?;
    let mut found = clues(work_tree, &config);
    saas::complete_all(work_tree, &mut found.tree);
    let (mut candidates, orphans) = candidates(&config, &found.tree);
    for (component, candidate) in config.components.iter().zip(&mut candidates) {
        candidate.terms.versions = coverage_scan::versions(work_tree, component);
    }
    let Found { tree, too_large, unread } = with_images(work_tree, &candidates, found);
    let mut terms: Vec<Terms> = candidates.iter().map(|one| one.terms.clone()).collect();
    let unconfigured = coverage::unconfigured_and_theirs(&mut terms, &config, &tree);
    let sites = sites(work_tree, &unconfigured);
    let is_sparse = work_tree.git_dir.is_some() && Git::at(&work_tree.top).is_sparse();
    let mut found = Discovery {
        name: file.name.clone(),
        before: file.text.clone(),
        after: String::new(),
        proposals: proposals(&candidates, &unconfigured, &sites, &config),
        candidates,
        tail: Vec::new(),
        orphans,
        dropped: unfit(&unconfigured),
        too_large,
        unread,
        is_sparse,
    };
    match choice {
        Choice::Component(name) => found.keep_only(name)?,
        Choice::Mentioned(words) => found.proposals.retain(|one| mentions(one, words)),
        Choice::All => {}
        Choice::Usual => found.cut_tail(),
    }
    let proposals = std::mem::take(&mut found.proposals);
    let (kept, dropped) = fitting_ones(&tree, proposals, &found.candidates);
    found.proposals = kept;
    found.dropped.extend(dropped);
    found.after = match found.proposals.as_slice() {
        [] => start,
        proposals => merged(&start, &found.candidates, proposals)
            .map_err(|problem| problem.file(&file.name))?,
    };
    Config::parse(&file.name, &found.after)?;
    Ok(found)
}

/// Whether a variable or a key of a proposal is among some words, or its component in one of them.
/// Paths in quotes are none.
fn mentions(proposal: &ProposedEnvironment, words: &BTreeSet<String>) -> bool {
    if words.iter().any(|word| is_in_name(&proposal.component, word)) {
        return true;
    }
    let quoted = proposal.pins.iter().flat_map(|pin| pin.split('"').skip(1).step_by(2));
    quoted.into_iter().any(|name| words.contains(name))
}

/// The part of the built-in configuration that fits here, so that its environments keep their names.
fn builtin(work_tree: &WorkTree) -> Result<String> {
    let config = Config::builtin();
    let mut kept = BTreeSet::new();
    for component in &config.components {
        for one in &component.environments {
            let scope = Scope { component, environments: vec![one] };
            let tree = fit(work_tree.read(&Wanted::new(component, &scope.environments)))?;
            if plan(&[Part::any(&scope)], &tree.unwrap_or_default()).is_ok() {
                kept.insert((component.name.as_str(), one.name.as_str()));
            }
        }
    }
    Ok(pruned(Config::BUILTIN_TEXT, |component, one| kept.contains(&(component, one)))?)
}

/// The files that contain a name of a configured component, or a hint at another component.
fn clues(work_tree: &WorkTree, config: &Config) -> Found {
    let known: Vec<Terms> =
        config.components.iter().map(|component| Terms::of(component, config)).collect();
    let needles = known.iter().flat_map(Terms::needles).chain(NEEDLES);
    with_any(Listing::start(work_tree), Clue::None, needles)
}

/// Adds the files with images that only became known from the files found before.
fn with_images(work_tree: &WorkTree, all: &[DiscoveredComponent], mut found: Found) -> Found {
    let images = all.iter().filter(|one| !one.is_configured);
    let images: Vec<&str> = images.filter_map(|one| one.image.as_deref()).collect();
    if !images.is_empty() {
        let more = with_any(Listing::start(work_tree), Clue::None, images.into_iter());
        found = Found { too_large: found.too_large.clone(), ..found.and(more) };
    }
    found
}

/// The environment and the cluster of each namespace that an unconfigured saas target is in.
fn sites(work_tree: &WorkTree, unconfigured: &[Unconfigured]) -> BTreeMap<String, Site> {
    let filters =
        unconfigured.iter().flat_map(|one| &one.values).filter_map(|one| one.filter.as_ref());
    saas::sites(work_tree, filters.filter_map(|filter| filter.namespace.as_ref()))
}

impl Discovery {
    /// Leaves out all proposals but those of one component.
    fn keep_only(&mut self, name: &str) -> Result<(), Problem> {
        if self.candidates.iter().all(|one| one.terms.component != name) {
            let mut names: Vec<_> =
                self.candidates.iter().map(|one| format!("`{}`", one.terms.component)).collect();
            names.sort();
            let help = format!("there are: {}", report::few(&names, MOST_NAMES));
            return Err(Problem::usage(format!("no component `{name}` was found")).help(help));
        }
        self.proposals.retain(|proposal| proposal.component == name);
        Ok(())
    }

    /// Moves the proposals to `tail` whose upstreams have one saas file each, if they are many.
    fn cut_tail(&mut self) {
        let mut files: BTreeMap<&str, BTreeSet<&RepoPath>> = BTreeMap::new();
        for proposal in &self.proposals {
            files.entry(&proposal.component).or_default().insert(&proposal.file);
        }
        let saas_only = self.candidates.iter().filter(|one| !one.is_configured && !one.has_names);
        let saas_only: BTreeSet<&str> = saas_only.map(|one| &*one.terms.component).collect();
        let is_tail = |proposal: &ProposedEnvironment| {
            saas_only.contains(&*proposal.component) && files[&*proposal.component].len() == 1
        };
        let tail: Vec<bool> = self.proposals.iter().map(is_tail).collect();
        let names = self.proposals.iter().zip(&tail).filter(|(_, is_tail)| **is_tail);
        let names: BTreeSet<&String> = names.map(|(proposal, _)| &proposal.component).collect();
        if names.len() <= FEW {
            return;
        }
        let mut tail = tail.into_iter();
        let all = std::mem::take(&mut self.proposals);
        (self.tail, self.proposals) =
            all.into_iter().partition(|_| tail.next().unwrap_or_default());
        self.tail.dedup_by(|one, other| one.component == other.component);
    }
}

fn write(work_tree: &WorkTree, file: &ConfigFile, after: &str) -> Result<()> {
    let _lock = work_tree.lock()?;
    let folder = match file.path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let name = file.path.file_name().and_then(|name| name.to_str()).and_then(RepoPath::parse);
    let path = name.with_context(|| format!("`{}` is no name of a file", file.name))?;
    let there = match folder == work_tree.top {
        true => work_tree.clone(),
        false => WorkTree { top: folder, git_dir: None },
    };
    let (before, after) = (file.text.clone(), Some(after.to_owned()));
    there.replace(vec![Replacement { path, before, after }])?.keep();
    Ok(())
}

/// What was found, and the text or the diff of `promote.toml`. A whole new file has all else as
/// comments, and it is cut for a terminal only, so that it can be redirected.
fn text(found: &Discovery, is_written: bool, is_whole: bool) -> String {
    if found.is_unchanged() {
        let nothing = match &found.before {
            Some(_) => format!("nothing to add: `{}` has every pin that was found", found.name),
            None => "no pins were found".to_owned(),
        };
        return report::printable(&nothing) + "\n";
    }
    let is_file = found.before.is_none() && !is_written;
    let is_whole = is_whole || (is_file && !std::io::stdout().is_terminal());
    let shown = match is_file {
        true => report::printable(&found.after),
        false => {
            let before = found.before.as_deref();
            shown_diff(&diff::unified_between(&found.name, before, Some(&found.after)))
        }
    };
    let shown = if is_whole { shown } else { report::discover::start_of(&shown) };
    let head = format!(
        "{}\n{}",
        found.summary(),
        report::discover::components(&found.proposals, is_whole, fitting().0)
    );
    match is_file {
        true => format!("{}\n{shown}", commented(&head)),
        false if is_written => {
            format!("{head}\n{shown}{} written\n", report::printable(&found.name))
        }
        false => format!("{head}\n{shown}"),
    }
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("# {line}\n")).collect()
}

/// The command that writes what was found.
fn next_step(session: &Session, found: &Discovery, typed: &cli::DiscoverArgs) -> String {
    let next = Hint::new(session, "discover").option("--component", typed.component.as_deref());
    let next = next.flags(typed.all.then_some("--all")).flags(["--write"]);
    let step = format!("to write {}: {next}\n", report::printable(&found.name));
    if found.before.is_none() { commented(&step) } else { step }
}

/// The command that brings the configuration back as it was; `None` outside of git.
fn undo(work_tree: &WorkTree, file: &ConfigFile) -> Option<String> {
    let path = quoted(&file.path.display().to_string());
    let Some(before) = &file.text else { return Some(format!("rm {path}")) };
    work_tree.git_dir.as_ref()?;
    // It may have had edits that no commit has.
    let id = Git::at(&work_tree.top).keep(before.as_bytes()).ok()?;
    let top = quoted(&work_tree.top.display().to_string());
    Some(format!("git -C {top} cat-file blob {id} >{path}"))
}

fn document(session: &Session, found: &Discovery, is_written: bool) -> Value {
    let upstream = |component: &str| {
        let is = |one: &&DiscoveredComponent| one.terms.component == component;
        found.candidates.iter().find(is).map_or(String::new(), |one| one.terms.upstream.to_string())
    };
    let added = found.proposals.iter().map(|one| {
        json!({
            "component": one.component,
            "upstream": upstream(&one.component),
            "environment": one.environment,
            "aliases": one.aliases,
            "pins": one.pins,
        })
    });
    let left = found.tail.iter().map(|one| {
        json!({
            "component": one.component,
            "upstream": upstream(&one.component),
            "file": one.file.as_str(),
        })
    });
    let result = match (is_written, found.is_unchanged()) {
        (true, _) => "written",
        (false, true) => "unchanged",
        (false, false) => "found",
    };
    json!({
        "version": 1,
        "command": session.command,
        "result": result,
        "file": found.name,
        "added": added.collect::<Value>(),
        "left": left.collect::<Value>(),
        "orphans": json::orphans(&found.orphans),
        "diff": diff::unified_between(&found.name, found.before.as_deref(), Some(&found.after)),
        "toml": found.after,
        "notes": found.notes(usize::MAX),
    })
}
