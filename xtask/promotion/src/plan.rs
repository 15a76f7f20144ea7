//! Computes what a promotion would change: a value, made before anything is written.
//!
//! Touches no file, no process and no clock. One refused pin refuses the whole plan.

pub mod landed;
pub mod verify;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::locate::{self, Located, Pin, Role, Stay, ValuePath};
use crate::model::component::{Component, Environment, FilePattern, Form, PinSpec, Position};
use crate::model::edit::{Edit, Edits};
use crate::model::path::RepoPath;
use crate::model::problem::{Problem, Problems};
use crate::model::tree::Tree;
use crate::model::version::{CommitId, reads_as_number};
use crate::syntax::yaml::line_at;

/// Every edit of a promotion, and everything that was found and stays.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version that is promoted.
    pub to: CommitId,
    /// What happens, environment by environment, in the order of the configuration.
    pub environments: Vec<EnvironmentPlan>,
    /// Every file that holds a pin, in the order of their paths; unchanged ones too.
    pub files: BTreeMap<RepoPath, FilePlan>,
    /// Files that were passed over, and why.
    pub notes: Vec<String>,
}

/// What happens to one environment.
#[derive(Debug, PartialEq, Eq)]
pub struct EnvironmentPlan {
    /// Its name.
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
    /// What happens to it.
    pub outcome: Outcome,
}

/// What happens to one value.
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
    /// The text before.
    pub before: String,
    /// What changes.
    pub edits: Edits,
    /// Where a second reader finds the new values, and what each must read as.
    pub expected: Vec<(ValuePath, String)>,
    /// The bytes of every pin, with the line of the configuration that asked for it.
    claims: Vec<(std::ops::Range<usize>, Position)>,
}

impl FilePlan {
    /// The text afterwards.
    pub fn after(&self) -> String {
        self.edits.apply(&self.before)
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

    /// Every value of every environment.
    pub fn values(&self) -> impl Iterator<Item = &PlannedValue> {
        self.environments.iter().flat_map(|environment| &environment.values)
    }
}

/// Plans to move every pin of `environments` to `to`.
///
/// Refuses, all at once: a literal file that is missing or has no pin, a glob without any pin,
/// a pin in a form that can't be edited alone, a file that can't be read, and two lines of the
/// configuration that find the same value.
pub fn plan(
    component: &Component,
    environments: &[&Environment],
    to: &CommitId,
    tree: &Tree,
    config: &Config,
) -> Result<Plan, Problems> {
    let plan = Plan {
        to: to.clone(),
        environments: Vec::new(),
        files: BTreeMap::new(),
        notes: Vec::new(),
    };
    let mut planner = Planner { component, tree, config, plan, problems: Vec::new() };
    for environment in environments {
        let name = environment.name.clone();
        planner.plan.environments.push(EnvironmentPlan { name, values: Vec::new() });
        for spec in &environment.pins {
            planner.spec(spec);
        }
    }
    match planner.problems.is_empty() {
        true => Ok(planner.plan),
        false => Err(Problems(planner.problems)),
    }
}

struct Planner<'a> {
    component: &'a Component,
    tree: &'a Tree,
    config: &'a Config,
    plan: Plan,
    problems: Vec<Problem>,
}

/// What one file gave for one line of the configuration.
enum Yield {
    Pins,
    Tracking(String),
    Nothing,
}

impl Planner<'_> {
    fn spec(&mut self, spec: &PinSpec) {
        match &spec.place {
            FilePattern::File(path) => self.literal(spec, path),
            FilePattern::Glob(glob) => self.glob(spec, glob),
        }
    }

    fn literal(&mut self, spec: &PinSpec, path: &RepoPath) {
        let Some(bytes) = self.tree.get(path) else {
            let problem =
                Problem::new(format!("no such file, expected it to hold {}", spec.selector));
            return self.refuse(problem.file(path.as_str()).help(self.where_configured(spec)));
        };
        match self.file(spec, path, bytes) {
            Some(Yield::Nothing) => {
                let problem = Problem::new(format!("no {} in it", spec.selector));
                self.refuse(problem.file(path.as_str()).help(self.where_configured(spec)));
            }
            Some(Yield::Tracking(values)) => {
                let problem = Problem::new(format!(
                    "no version in {}: {values} follows a branch or a moving tag",
                    spec.selector
                ));
                let help = format!(
                    "pin it by hand once, or take the pin out: {}",
                    self.where_configured(spec)
                );
                self.refuse(problem.file(path.as_str()).help(help));
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
            let problem = self.config.refuse(spec.at, message);
            let help = self.config.is_builtin().then(|| self.where_configured(spec));
            self.refuse(Problem { help, ..problem });
        }
    }

    /// Plans one file; `None` if it can't be read.
    fn file(&mut self, spec: &PinSpec, path: &RepoPath, bytes: &[u8]) -> Option<Yield> {
        let problem = match std::str::from_utf8(bytes) {
            Ok(text) => match locate::locate(spec, &self.component.upstream, text) {
                Ok(found) => return Some(self.found(spec, path, text, found)),
                Err(error) => Problem::new(format!("can't be read as YAML: {}", error.reason))
                    .line(error.line)
                    .help("mend the file, or leave its environment out"),
            },
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                Problem::new("is not UTF-8").line(line_at(&valid, valid.len()))
            }
        };
        let is_glob = matches!(spec.place, FilePattern::Glob(_));
        if is_glob && !locate::may_hold(spec, &String::from_utf8_lossy(bytes)) {
            let note =
                format!("`{path}` passed over: {}, and has no {}", problem.message, spec.selector);
            self.plan.notes.push(note);
            return Some(Yield::Nothing);
        }
        self.refuse(problem.file(path.as_str()));
        None
    }

    fn found(&mut self, spec: &PinSpec, path: &RepoPath, text: &str, found: Vec<Located>) -> Yield {
        let mut result = Yield::Nothing;
        for one in found {
            let stays = matches!(one.role, Role::Stays(Stay::Tracking));
            match (&mut result, stays) {
                (Yield::Pins, _) => {}
                (_, false) => result = Yield::Pins,
                (Yield::Tracking(values), true) => {
                    values.push_str(&format!(", {}", shown(&one.value)))
                }
                (Yield::Nothing, true) => result = Yield::Tracking(shown(&one.value)),
            }
            self.one(spec, path, text, one);
        }
        result
    }

    fn one(&mut self, spec: &PinSpec, path: &RepoPath, text: &str, found: Located) {
        let Located { line, value: old, target, role, .. } = found;
        let outcome = match role {
            Role::Stays(stay) => Outcome::Stays(stay),
            Role::Unfit(reason) => return self.unfit(spec, path, line, &old, reason),
            Role::Pin(pin) if pin.needs_quotes && path.as_str().ends_with(".json") => {
                return self.unfit(spec, path, line, &old, "is not in double quotes, as in JSON");
            }
            Role::Pin(pin) => match self.pin(spec, path, text, &old, pin) {
                Ok(outcome) => outcome,
                Err(other) => {
                    let message = format!(
                        "overlaps the pin of line {}: both find `{old}` at `{path}:{line}`",
                        other.line
                    );
                    let problem = self.config.refuse(spec.at, message);
                    return self.refuse(problem.help("narrow one of them, or take it out"));
                }
            },
        };
        let value = PlannedValue { file: path.clone(), line, target, old, outcome };
        if let Some(environment) = self.plan.environments.last_mut() {
            environment.values.push(value);
        }
    }

    fn unfit(&mut self, spec: &PinSpec, path: &RepoPath, line: usize, old: &str, reason: &str) {
        const HELP: &str = "nothing but the pin itself may change: edit this one by hand, or write it out in the file";
        let old = old.trim_end();
        let problem = Problem::new(format!("{}: `{old}` {reason}", spec.selector));
        self.refuse(problem.file(path.as_str()).line(line).help(HELP));
    }

    /// Claims the bytes of a pin and plans its edit. The error is who claimed them before.
    fn pin(
        &mut self,
        spec: &PinSpec,
        path: &RepoPath,
        text: &str,
        old: &str,
        pin: Pin,
    ) -> Result<Outcome, Position> {
        let new = match spec.form {
            Form::Commit => self.plan.to.as_str(),
            Form::Tag => self.plan.to.tag(self.component.tag_length),
        };
        let file = self.plan.files.entry(path.clone()).or_default();
        if file.before.is_empty() {
            text.clone_into(&mut file.before);
        }
        let overlaps = |claim: &&(std::ops::Range<usize>, Position)| {
            claim.0.start < pin.range.end && pin.range.start < claim.0.end
        };
        if let Some(claim) = file.claims.iter().find(overlaps) {
            return Err(claim.1);
        }
        file.claims.push((pin.range.clone(), spec.at));
        if new == old {
            return Ok(Outcome::AlreadyThere);
        }
        let quoted = pin.needs_quotes && reads_as_number(new);
        let written = if quoted { format!("'{new}'") } else { new.to_owned() };
        let read = match &pin.witness {
            ValuePath::Yaml(_, prefix) => format!("{prefix}{new}"),
            ValuePath::Variable(..) => new.to_owned(),
        };
        file.expected.push((pin.witness, read));
        // The claims were disjoint, so the edits are.
        let _ = file.edits.insert(Edit { range: pin.range, text: written });
        Ok(Outcome::Moves(new.to_owned()))
    }

    fn where_configured(&self, spec: &PinSpec) -> String {
        match self.config.is_builtin() {
            true => "the built-in configuration looks there: write a `promote.toml` to change it, or name the right checkout with `--repo`".to_owned(),
            false => format!("the pin is configured in `{}:{}`", self.config.file, spec.at.line),
        }
    }

    fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "an empty value".to_owned() } else { format!("`{value}`") }
}
