//! Computes what a promotion would change: a value, made before anything is written.
//!
//! Touches no file, no process and no clock. One refused pin refuses the whole plan.

pub mod landed;
mod part;
mod undone;
pub mod verify;

use std::collections::BTreeMap;
use std::ops::Range;

pub use part::{Digests, Part};

use crate::locate::{self, Holds, Located, Pin, Role, Stay, ValuePath};
use crate::model::component::{Environment, FilePattern, Form, Origin, PinSpec};
use crate::model::edit::{Edit, Edits};
use crate::model::path::RepoPath;
use crate::model::problem::{Problem, Problems};
use crate::model::similar::cut;
use crate::model::tree::{Tree, refuse_pointer};
use crate::model::version::{CommitId, reads_as_number};
use crate::saas::app::{self, ListChange};
use crate::syntax::text_of;

/// Every edit of a promotion, and everything that was found and stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One for each part that was asked for, in that order.
    pub parts: Vec<PartPlan>,
    /// Every file that holds a pin, unchanged ones too, whatever component a pin belongs to.
    pub files: BTreeMap<RepoPath, FilePlan>,
    /// Files that were passed over, and why.
    pub notes: Vec<String>,
}

/// What happens to one component.
#[derive(Debug, PartialEq, Eq)]
pub struct PartPlan {
    /// The version that is promoted.
    pub to: CommitId,
    /// In the order of the configuration.
    pub environments: Vec<EnvironmentPlan>,
    /// The digests that its pins have afterwards.
    pub digests: Digests,
}

/// What happens to one environment.
#[derive(Debug, PartialEq, Eq)]
pub struct EnvironmentPlan {
    pub name: String,
    /// In the order of the pins in the configuration, then of the file.
    pub values: Vec<PlannedValue>,
}

/// What happens to one value.
#[derive(Debug, PartialEq, Eq)]
pub struct PlannedValue {
    /// The file that holds it.
    pub file: RepoPath,
    /// From 1.
    pub line: usize,
    /// `template/target` in a saas file.
    pub target: Option<String>,
    /// The version before.
    pub old: String,
    pub outcome: Outcome,
}

impl PlannedValue {
    /// Whether it changes.
    pub fn moves(&self) -> bool {
        matches!(self.outcome, Outcome::Moves(_))
    }

    /// Whether it is no pin, or something else moves it.
    pub fn stays(&self) -> bool {
        matches!(self.outcome, Outcome::Stays(_))
    }
}

/// Whether a value changes.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is written instead.
    Moves(String),
    /// It has the new version.
    AlreadyThere,
    /// It is no pin, or something else moves it.
    Stays(Stay),
}

/// The original text of a file and its edits.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FilePlan {
    pub before: String,
    pub edits: Edits,
    /// Where a second reader finds the new values, and what each must read as.
    pub expected: Vec<(ValuePath, String)>,
    /// The changes of version lists, which are then all that changes in the file.
    pub lists: Vec<ListChange>,
    /// The end of each pin's bytes by their start, and the rule that asked for it. Disjoint.
    claims: BTreeMap<usize, (usize, Origin)>,
}

impl FilePlan {
    /// The text afterwards.
    pub fn after(&self) -> String {
        self.edits.apply(&self.before)
    }

    /// Takes the bytes of a pin for a rule. The error is the rule that has some of them already.
    fn claim(&mut self, range: &Range<usize>, origin: &Origin) -> Result<(), Origin> {
        let last_before_end = self.claims.range(..range.end).next_back();
        match last_before_end {
            Some((_, (end, other))) if *end > range.start => Err(other.clone()),
            _ => {
                self.claims.insert(range.start, (range.end, origin.clone()));
                Ok(())
            }
        }
    }
}

impl PartPlan {
    /// Every value of every environment.
    pub fn values(&self) -> impl Iterator<Item = &PlannedValue> {
        self.environments.iter().flat_map(|environment| &environment.values)
    }

    /// Whether no value of it changes.
    pub fn is_empty(&self) -> bool {
        !self.values().any(PlannedValue::moves)
    }
}

impl Plan {
    /// The files that change.
    pub fn changed(&self) -> impl Iterator<Item = (&RepoPath, &FilePlan)> {
        self.files.iter().filter(|file| !file.1.edits.is_empty())
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changed().next().is_none()
    }

    /// Every value of every part.
    pub fn values(&self) -> impl Iterator<Item = &PlannedValue> {
        self.parts.iter().flat_map(PartPlan::values)
    }
}

/// Plans to move every pin of each part to its version.
///
/// Refuses, all at once: a literal file that is missing or has no pin, a glob without any pin,
/// a pin in a form that can't be edited alone, a file that can't be read, and two rules that find
/// the same value, in one part or in two.
pub fn plan(parts: &[Part], tree: &Tree) -> Result<Plan, Problems> {
    let (mut plan, mut problems) = (Plan::default(), Vec::new());
    for part in parts {
        let (environments, digests) = (Vec::new(), Digests::new());
        plan.parts.push(PartPlan { to: part.to.clone(), environments, digests });
        let mut planner = Planner { part, tree, plan: &mut plan, problems: &mut problems };
        for environment in &part.environments {
            planner.environment(environment);
        }
    }
    let mut pins = parts.iter().flat_map(|part| part.component.pins()).peekable();
    let is_chosen = pins.peek().is_some() && pins.all(|pin| pin.origin == Origin::CommandLine);
    if problems.is_empty() && is_chosen && plan.values().all(PlannedValue::stays) {
        problems.push(nothing_moves(&plan));
    }
    problems.dedup();
    if problems.is_empty() { Ok(plan) } else { Err(Problems(problems)) }
}

/// Why a plan is refused in which every value stays.
fn nothing_moves(plan: &Plan) -> Problem {
    let stay = |value: &PlannedValue| match value.outcome {
        Outcome::Stays(stay) => {
            let name =
                value.target.clone().unwrap_or_else(|| format!("{}:{}", value.file, value.line));
            Some(format!("`{name}` {}", stay.described()))
        }
        _ => None,
    };
    let all: Vec<String> = plan.values().filter_map(stay).collect();
    Problem::new(format!("nothing here can move: {}", cut(all))).help("name other targets")
}

/// Adds the change of a version list to a plan; nothing, if the list is so already.
///
/// Refuses an app that is missing, that can't be read or edited, or that holds pins of the plan.
pub fn add_list_change(plan: &mut Plan, change: &ListChange, tree: &Tree) -> Result<(), Problem> {
    let path = &change.app;
    let here = |problem: Problem| problem.file(path.as_str());
    let missing = || Problem::new("no such file").help("the saas file names it as its `app`");
    let bytes = tree.get(path).ok_or_else(|| here(missing()))?;
    let text = refuse_pointer(path.as_str(), bytes).and_then(|()| text_of(bytes)).map_err(here)?;
    let edit = app::edit(text, change).map_err(here)?;
    let new = || FilePlan { before: text.to_owned(), ..FilePlan::default() };
    // A list that is so already is part of the plan too: it may not be committed.
    let file = plan.files.entry(path.clone()).or_insert_with(new);
    let Some(edit) = edit else { return Ok(()) };
    if !file.expected.is_empty() {
        return Err(here(Problem::new("holds pins and version lists, which can't both change")));
    }
    // Several saas files of one app may need the same.
    if file.lists.contains(change) {
        return Ok(());
    }
    if file.edits.insert(edit).is_err() {
        let message = format!("two versions of `{}` can't be listed at once", change.upstream);
        return Err(here(Problem::new(message).help("promote one saas file after the other")));
    }
    file.lists.push(change.clone());
    Ok(())
}

/// Adds one part to a plan.
struct Planner<'a> {
    part: &'a Part<'a>,
    tree: &'a Tree,
    plan: &'a mut Plan,
    problems: &'a mut Vec<Problem>,
}

/// What one file gave for one rule.
enum Yield {
    Pins,
    /// The line of the first value, unless it stands in another file, and all of them.
    NoVersion(Option<usize>, Vec<(Stay, String)>),
    Nothing,
}

impl Planner<'_> {
    fn environment(&mut self, environment: &Environment) {
        let plan = EnvironmentPlan { name: environment.name.clone(), values: Vec::new() };
        self.plan.parts.last_mut().expect("the part was begun").environments.push(plan);
        for spec in &environment.pins {
            match &spec.files {
                FilePattern::File(path) => self.literal(spec, path),
                FilePattern::Glob(glob) => self.glob(spec, glob),
            }
        }
    }

    fn literal(&mut self, spec: &PinSpec, path: &RepoPath) {
        let Some(bytes) = self.tree.get(path) else {
            let problem =
                Problem::new(format!("no such file, expected it to hold {}", spec.selector));
            return self.problems.push(problem.file(path.as_str()).help(spec.origin.cure()));
        };
        match self.file(spec, path, bytes) {
            Some(Yield::Nothing) => {
                self.problems.push(locate::nothing(spec, bytes).file(path.as_str()));
            }
            // Among targets that were chosen by where they run, some may follow a branch.
            Some(Yield::NoVersion(..)) if spec.origin == Origin::CommandLine => {}
            Some(Yield::NoVersion(line, values)) => {
                let found = no_versions(&values);
                let problem = Problem::new(format!("no version in {}: {found}", spec.selector));
                let help =
                    format!("pin it by hand once, or take the pin out: {}", spec.origin.cure());
                let problem = problem.file(path.as_str()).help(help);
                self.problems.push(Problem { line, ..problem });
            }
            Some(Yield::Pins) | None => {}
        }
    }

    fn glob(&mut self, spec: &PinSpec, glob: &str) {
        let files: Vec<_> = self.tree.matching(glob).collect();
        let problems = self.problems.len();
        let mut pins = 0;
        for (path, bytes) in files {
            pins += usize::from(matches!(self.file(spec, path, bytes), Some(Yield::Pins)));
        }
        if pins == 0 && self.problems.len() == problems {
            let message =
                format!("no file that matches `{glob}` has a version in {}", spec.selector);
            let problem = spec.origin.problem(message);
            let help = problem.file.is_none().then(|| spec.origin.cure());
            self.problems.push(Problem { help, ..problem });
        }
    }

    /// Plans one file; `None` if it can't be read.
    fn file(&mut self, spec: &PinSpec, path: &RepoPath, bytes: &[u8]) -> Option<Yield> {
        let help = "save the file as UTF-8, or leave its environment out";
        let text = || text_of(bytes).map_err(|problem| problem.help(help));
        let problem = match refuse_pointer(path.as_str(), bytes).and_then(|()| text()) {
            Ok(text) => {
                match locate::locate_in_tree(spec, &self.part.component.upstream, text, self.tree) {
                    Ok(found) => return Some(self.found(spec, path, found)),
                    Err(problem) => problem,
                }
            }
            Err(problem) => problem,
        };
        let is_glob = matches!(spec.files, FilePattern::Glob(_));
        if is_glob && !locate::may_hold(spec, &String::from_utf8_lossy(bytes)) {
            let note =
                format!("`{path}` passed over: {}, and has no {}", problem.message, spec.selector);
            self.plan.notes.push(note);
            return Some(Yield::Nothing);
        }
        self.problems.push(problem.file(path.as_str()));
        None
    }

    fn found(&mut self, spec: &PinSpec, path: &RepoPath, found: Vec<Located>) -> Yield {
        let mut result = Yield::Nothing;
        for one in found {
            let stay = match one.role {
                Role::Stays(stay) if !stay.is_moved_elsewhere() => Some(stay),
                _ => None,
            };
            match (&mut result, stay) {
                (Yield::Pins, _) => {}
                (_, None) => result = Yield::Pins,
                (Yield::NoVersion(_, values), Some(stay)) => values.push((stay, one.value.clone())),
                (Yield::Nothing, Some(stay)) => {
                    let line = one.file.is_none().then_some(one.line);
                    result = Yield::NoVersion(line, vec![(stay, one.value.clone())]);
                }
            }
            self.one(spec, path, one);
        }
        result
    }

    fn one(&mut self, spec: &PinSpec, path: &RepoPath, found: Located) {
        let Located { file, line, value: old, target, role, .. } = found;
        // A target may stand in a file of its own.
        let path = file.as_ref().unwrap_or(path);
        let outcome = match role {
            Role::Stays(stay) => Outcome::Stays(stay),
            Role::Unfit(reason) => return self.unfit(spec, path, line, &old, reason),
            Role::Unreadable(problem) => return self.problems.push(problem),
            Role::Pin(pin) if pin.needs_quotes && path.as_str().ends_with(".json") => {
                return self.unfit(spec, path, line, &old, "is not in double quotes, as in JSON");
            }
            Role::Pin(pin) => match self
                .version(spec, pin.holds)
                .map(|new| self.pin(spec, path, &old, pin, new))
            {
                None => return self.no_digest(spec, path, line),
                Some(Ok(outcome)) => outcome,
                Some(Err(other)) => {
                    let message = format!(
                        "overlaps the pin of line {}: both find `{old}` at `{path}:{line}`",
                        other.at().line
                    );
                    let problem = spec.origin.problem(message);
                    return self.problems.push(problem.help("narrow one of them, or take it out"));
                }
            },
        };
        let value = PlannedValue { file: path.clone(), line, target, old, outcome };
        let part = self.plan.parts.last_mut().expect("the part was begun");
        part.environments.last_mut().expect("the environment was begun").values.push(value);
    }

    fn unfit(&mut self, spec: &PinSpec, path: &RepoPath, line: usize, old: &str, reason: &str) {
        const HELP: &str = "nothing but the pin itself may change: edit this one by hand, or write it out in the file";
        let old = old.trim_end();
        let problem = Problem::new(format!("{}: `{old}` {reason}", spec.selector));
        self.problems.push(problem.file(path.as_str()).line(line).help(HELP));
    }

    /// Claims the bytes of a pin and plans its edit. The error is who claimed them before.
    fn pin(
        &mut self,
        spec: &PinSpec,
        path: &RepoPath,
        old: &str,
        pin: Pin,
        new: String,
    ) -> Result<Outcome, Origin> {
        let file = self.plan.files.entry(path.clone()).or_default();
        if file.before.is_empty() {
            let bytes = self.tree.get(path).unwrap_or_default();
            file.before = String::from_utf8_lossy(bytes).into_owned();
        }
        file.claim(&pin.range, &spec.origin)?;
        if new == old {
            return Ok(Outcome::AlreadyThere);
        }
        let quoted = pin.needs_quotes && reads_as_number(&new);
        let written = if quoted { format!("'{new}'") } else { new.clone() };
        let read = match &pin.path {
            ValuePath::Yaml(_, prefix) => format!("{prefix}{new}"),
            ValuePath::Variable(..) => new.clone(),
        };
        file.expected.push((pin.path, read));
        // The claims were disjoint, so the edits are.
        let _ = file.edits.insert(Edit { range: pin.range, text: written });
        Ok(Outcome::Moves(new))
    }

    /// What is written into a pin; notes the digest that it needs. `None` if that is not known.
    fn version(&mut self, spec: &PinSpec, holds: Holds) -> Option<String> {
        let Part { component, to, digests, .. } = self.part;
        if holds == Holds::Version {
            let length = if spec.form == Form::Commit { 40 } else { component.tag_length };
            return Some(to.tag(length).to_owned());
        }
        let (image, digest) = digests.get_key_value(spec.image.as_ref()?)?;
        let part = self.plan.parts.last_mut().expect("the part was begun");
        part.digests.insert(image.clone(), digest.clone());
        Some(match holds {
            Holds::VersionAndDigest => format!("{}@{digest}", to.tag(image.tag_length)),
            _ => digest.clone(),
        })
    }

    fn no_digest(&mut self, spec: &PinSpec, path: &RepoPath, line: usize) {
        let image = spec.image.as_ref().map(|image| image.of(&self.part.to));
        let image = image.unwrap_or_else(|| "an unknown image".to_owned());
        let problem = Problem::new(format!(
            "{}: the registry was not asked for the digest of `{image}`",
            spec.selector
        ));
        self.problems.push(
            problem
                .file(path.as_str())
                .line(line)
                .help("leave `--offline` or the environment of this pin out"),
        );
    }
}

/// What was found instead of a version: `master`, `main` follows a branch or a moving tag.
fn no_versions(values: &[(Stay, String)]) -> String {
    let alike = values.chunk_by(|one, other| one.0 == other.0);
    let described = alike.map(|alike| {
        let stay = alike[0].0;
        let shown = alike.iter().map(|(_, value)| match stay {
            Stay::Empty | Stay::List | Stay::Mapping => "a value".to_owned(),
            _ => format!("`{value}`"),
        });
        format!("{} {}", shown.collect::<Vec<_>>().join(", "), stay.described())
    });
    described.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
