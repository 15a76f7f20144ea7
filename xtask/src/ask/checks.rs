//! Reviews a promotion: what goes along, and what stands against it.
//!
//! Decides nothing by itself; what is refused stands in `guards`.

use anyhow::Result;
use promotion::config::Config;
use promotion::guards::{self, Findings, Switches};
use promotion::history::changes::Changes;
use promotion::history::people::People;
use promotion::model::component::Component;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::plan::Plan;

use crate::ask::people::{people, users};
use crate::ask::upstreams::Upstreams;
use crate::git::Git;

/// What a promotion would bring.
#[derive(Debug, Default)]
pub struct Review {
    /// The commits that move.
    pub changes: Changes,
    /// Whose they are.
    pub people: People,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// What stands against it.
    problems: Vec<Problem>,
    /// The component that should go first, and the index of the warning that says so.
    first: Option<(String, usize)>,
}

/// The files that a review reads beside those of the plan.
pub fn wanted(config: &Config, component: &Component) -> Wanted {
    let schemas = component.schemas.as_ref().and_then(|name| config.component(name).ok());
    let mut wanted = schemas.map_or_else(Wanted::default, |schemas| {
        Wanted::new(schemas, &schemas.environments.iter().collect::<Vec<_>>())
    });
    wanted.globs.push(users(config));
    wanted
}

impl Review {
    /// The name of the component that should go first.
    pub fn first(&self) -> Option<&str> {
        self.first.as_ref().map(|(name, _)| name.as_str())
    }

    /// Whether something stands against it, whatever is warned about.
    pub fn is_refused(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Says what to do about that; `more` is a clause that goes on.
    pub fn go_first(&mut self, more: &str, help: String) {
        let warning = self.first.as_ref().and_then(|(_, index)| self.warnings.get_mut(*index));
        if let Some(warning) = warning {
            warning.message.push_str(more);
            warning.help = Some(help);
        }
    }

    /// Lets it through, unless something stands against it, or is warned about where that refuses.
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
        upstreams: &Upstreams,
        plan: &Plan,
        tree: &Tree,
        switches: &Switches,
    ) -> Result<Review> {
        let (component, mirror, to) = (upstreams.component, &upstreams.mirror, &plan.to);
        let changes = upstreams.changes(plan)?;
        let mut findings = guards::directions(component, &changes, to, switches);
        let first = upstreams.schemas_first(tree, config, &changes, to)?;
        let index = findings.warnings.len();
        // Where nobody can tell, nobody can promote them either.
        let first_of = first.as_ref().filter(|_| upstreams.unasked.is_none());
        let schemas = first_of.and(component.schemas.clone()).map(|name| (name, index));
        findings.warnings.extend(first);
        let alike = mirror.with_prefix(to.tag(component.tag_length))?;
        findings.warnings.extend(guards::colliding_tag(component, &alike));
        let head = mirror.resolve(None, component.branch.as_deref())?;
        if !switches.allow_off_branch && !mirror.is_ancestor(to, &head.commit)? {
            findings.problems.push(guards::off_branch(component, to, &head.name));
        }
        let people = people(git, config, tree, &changes);
        let Findings { problems, warnings } = findings;
        Ok(Review { changes, people, warnings, notes: Vec::new(), problems, first: schemas })
    }
}
