//! Reviews a planned promotion: collects its commits, and asks `guards` what is refused or warned
//! about.

use anyhow::Result;
use promotion::config::Config;
use promotion::guards::{self, Findings, Switches};
use promotion::history::changes::{Changes, PartChanges};
use promotion::history::people::People;
use promotion::model::component::{Component, Scope};
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::plan::{PartPlan, Plan};

use crate::ask::people::{authors, users};
use crate::ask::upstreams::Upstreams;

/// The review of one plan.
#[derive(Debug, Default)]
pub struct Review {
    /// The changes of each part of the plan.
    pub changes: Vec<Changes>,
    /// Maps authors to people.
    pub people: People,
    pub warnings: Vec<Problem>,
    pub notes: Vec<String>,
    /// Reasons to refuse the promotion.
    problems: Vec<Problem>,
    /// Components that should be promoted first, each with the index of the warning that says so.
    first: Vec<(String, usize)>,
}

/// The files that a review reads besides those of the plan: the pins of the schemas' components,
/// and the user files.
pub fn wanted(config: &Config, scopes: &[Scope]) -> Wanted {
    let mut wanted = Wanted::default();
    for scope in scopes {
        let schemas = scope.component.schemas.as_ref();
        if let Some(schemas) = schemas.and_then(|name| config.component(name).ok()) {
            let all = Scope::all(schemas);
            wanted = wanted.and(Wanted::new(all.component, &all.environments));
        }
    }
    wanted.globs.push(users(config));
    wanted
}

/// What is said of a component whose upstream may not be asked.
pub fn unchecked(component: &Component) -> String {
    format!("offline: nothing is checked against `{}`", component.upstream)
}

/// What is said of images that would be asked for, where no registry may be asked.
pub fn unchecked_images(component: &Component, switches: &Switches) -> Option<String> {
    let is_checked = !component.images.is_empty() && !switches.no_image_check;
    is_checked.then(|| {
        format!("offline: whether the image of `{}` exists is not checked", component.name)
    })
}

impl Review {
    /// A review without checks and without changes, for a plan whose upstreams were not asked.
    pub fn unasked(plan: &Plan) -> Review {
        Review { changes: vec![Changes::default(); plan.parts.len()], ..Review::default() }
    }

    /// The same for a plan that may have become empty: then nothing is promoted.
    pub fn of(self, plan: &Plan) -> Review {
        match plan.is_empty() {
            true => Review { changes: Review::unasked(plan).changes, ..self },
            false => self,
        }
    }

    /// The parts of a plan, each with its changes.
    pub fn parts<'a>(&'a self, scopes: &'a [Scope], plan: &'a Plan) -> Vec<PartChanges<'a>> {
        let parts = scopes.iter().zip(&plan.parts).zip(&self.changes);
        parts
            .map(|((scope, plan), changes)| PartChanges {
                component: scope.component,
                plan,
                changes,
            })
            .collect()
    }

    /// Adds what something else found.
    pub fn add_findings(&mut self, findings: Findings) {
        self.problems.extend(findings.problems);
        add_new(&mut self.warnings, findings.warnings);
        add_new(&mut self.notes, findings.notes);
    }

    /// The names of the components that should be promoted first.
    pub fn first(&self) -> Vec<String> {
        self.first.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether there is a reason to refuse, without counting warnings.
    pub fn is_refused(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Completes the warning that a component should be promoted first: appends `clause` to its
    /// message, and sets its cure.
    pub fn go_first(&mut self, name: &str, clause: &str, help: String) {
        let index = self.first.iter().find(|(first, _)| first == name).map(|(_, index)| *index);
        if let Some(warning) = index.and_then(|index| self.warnings.get_mut(index)) {
            warning.message.push_str(clause);
            warning.help = Some(help);
        }
    }

    /// Returns the review if nothing is refused. With `strict`, warnings are refused too.
    pub fn judged(mut self, strict: bool) -> Result<Review, Problems> {
        let (problems, warnings) =
            (std::mem::take(&mut self.problems), std::mem::take(&mut self.warnings));
        let findings = Findings { problems, warnings, notes: Vec::new() }.strict(strict);
        match findings.problems {
            problems if problems.is_empty() => Ok(Review { warnings: findings.warnings, ..self }),
            problems => Err(Problems(problems)),
        }
    }

    /// Reviews a plan; `tree` holds the [`wanted`] files. Refuses nothing yet: call
    /// [`judged`](Review::judged).
    pub fn new(
        config: &Config,
        upstreams: &[Upstreams],
        plan: &Plan,
        tree: &Tree,
        switches: &Switches,
    ) -> Result<Review> {
        let mut review = Review::default();
        let promoted: Vec<&str> = upstreams.iter().map(|one| &*one.component.name).collect();
        for (upstreams, part) in upstreams.iter().zip(&plan.parts) {
            review.add(upstreams, part, &promoted, tree, switches)?;
        }
        let your_email = upstreams.first().and_then(|one| one.your_email.as_deref());
        review.people = authors(config, tree, your_email, &review.changes);
        Ok(review)
    }

    /// Reviews one part of the plan. A component that is `promoted` by the same plan need not be
    /// promoted first.
    fn add(
        &mut self,
        upstreams: &Upstreams,
        part: &PartPlan,
        promoted: &[&str],
        tree: &Tree,
        switches: &Switches,
    ) -> Result<()> {
        let (component, mirror, to) = (upstreams.component, &upstreams.mirror, &part.to);
        if part.is_empty() {
            self.changes.push(Changes::default());
            return Ok(());
        }
        let changes = upstreams.changes(part)?;
        let findings = guards::directions(component, &changes, to, switches);
        self.problems.extend(findings.problems);
        self.warnings.extend(findings.warnings);
        let needs_schemas = |schemas: &&Component| !promoted.contains(&&*schemas.name);
        if let Some(schemas) = upstreams.schemas().filter(needs_schemas)
            && let Some(warning) = upstreams.schemas_first(tree, &changes)?
        {
            // If the upstream of the schemas could not be asked, no command could promote them.
            if upstreams.unasked.is_none() {
                self.first.push((schemas.name.clone(), self.warnings.len()));
            }
            self.warnings.push(warning);
        }
        let alike = mirror.with_prefix(to.tag(component.tag_length))?;
        self.warnings.extend(guards::colliding_tag(component, &alike));
        let head = mirror.resolve(None, component.branch.as_deref())?;
        if !switches.allow_off_branch && !mirror.is_ancestor(to, &head.commit)? {
            self.problems.push(guards::off_branch(component, to, &head.name));
        }
        self.changes.push(changes);
        Ok(())
    }
}

/// Several components of one file may have the same remarks.
fn add_new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}
