//! Reviews a promotion: reads what goes along, and has the guards judge it.

use anyhow::Result;
use promotion::config::Config;
use promotion::guards::{self, Findings, Switches};
use promotion::history::changes::{Changes, PartChanges};
use promotion::history::people::People;
use promotion::model::component::{Component, Scope};
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::plan::{PartPlan, Plan};

use crate::ask::people::{people, users};
use crate::ask::upstreams::Upstreams;
use crate::git::Git;

/// What a promotion would bring.
#[derive(Debug, Default)]
pub struct Review {
    /// The commits that move with each part of the plan.
    pub changes: Vec<Changes>,
    /// Whose they are.
    pub people: People,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// Why the promotion must not go on.
    problems: Vec<Problem>,
    /// Components that should go first, each with the index of the warning that says so.
    first: Vec<(String, usize)>,
}

/// The files that a review reads beside those of the plan.
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

impl Review {
    /// A review that checked nothing and knows of no commits.
    pub fn unasked(plan: &Plan) -> Review {
        Review { changes: vec![Changes::default(); plan.parts.len()], ..Review::default() }
    }

    /// The parts of a plan with the commits that go along.
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
        self.warnings.extend(findings.warnings);
    }

    /// The names of the components that should go first.
    pub fn first(&self) -> Vec<String> {
        self.first.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether it is refused, whatever becomes of the warnings.
    pub fn is_refused(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Adds to the warning about a component that should go first: a clause, and what to do.
    pub fn go_first(&mut self, name: &str, clause: &str, help: String) {
        let index = self.first.iter().find(|(first, _)| first == name).map(|(_, index)| *index);
        if let Some(warning) = index.and_then(|index| self.warnings.get_mut(index)) {
            warning.message.push_str(clause);
            warning.help = Some(help);
        }
    }

    /// Passes it on unless it is refused; warnings refuse too if they are to be `strict`.
    pub fn judged(mut self, strict: bool) -> Result<Review, Problems> {
        let (problems, warnings) =
            (std::mem::take(&mut self.problems), std::mem::take(&mut self.warnings));
        let findings = Findings { problems, warnings }.strict(strict);
        match findings.problems {
            problems if problems.is_empty() => Ok(Review { warnings: findings.warnings, ..self }),
            problems => Err(Problems(problems)),
        }
    }

    /// Reviews a plan; `tree` holds what is [`wanted`]. It has to be [judged](Review::judged).
    pub fn new(
        git: &Git,
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
        review.people = people(git, config, tree, &review.changes);
        Ok(review)
    }

    /// Reviews one part. The components that are `promoted` in the same plan need not go first.
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
            && let Some(warning) = upstreams.schemas_first(tree, &changes, to)?
        {
            // Where nobody can tell, nobody can promote them either.
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
