//! Leaves out what `discover` found and a promotion would refuse.

use promotion::config::Config;
use promotion::inspect::coverage::Unconfigured;
use promotion::inspect::discover::DiscoveredComponent;
use promotion::inspect::discover::environments::ProposedEnvironment;
use promotion::inspect::discover::merge::merged;
use promotion::model::component::Scope;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::plan::{Part, plan};

/// The unconfigured pins that can't be edited as they are written.
pub(super) fn unfit(unconfigured: &[Unconfigured]) -> Vec<Problem> {
    let unfit = unconfigured.iter().flat_map(|one| {
        let values = one.values.iter().filter_map(move |value| Some((one, value, value.unfit?)));
        values.map(|(one, value, reason)| {
            let message = format!("{}: `{}` {reason}", one.selector, value.value);
            Problem::new(message).file(value.file(&one.file).as_str()).line(value.line)
        })
    });
    unfit.collect()
}

/// The name of the configurations that are tried.
const TRIED: &str = "promote.toml";

/// The proposals that a promotion would take, and why it would refuse the others.
pub(super) fn fitting_ones(
    tree: &Tree,
    proposals: Vec<ProposedEnvironment>,
    candidates: &[DiscoveredComponent],
) -> (Vec<ProposedEnvironment>, Vec<Problem>) {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for proposal in proposals {
        let alone = merged("", candidates, std::slice::from_ref(&proposal));
        let parsed = alone.and_then(|text| Config::parse(TRIED, &text));
        match parsed.and_then(|config| tried(&config, tree)) {
            Ok(()) => kept.push(proposal),
            Err(problem) => dropped.push(placed(problem, &proposal)),
        }
    }
    (kept, dropped)
}

/// The problem, of the file that it is about: nobody sees the configuration that was tried.
fn placed(problem: Problem, proposal: &ProposedEnvironment) -> Problem {
    let file = problem.file.clone().filter(|file| file != TRIED);
    let problem = Problem { line: None, column: None, ..problem };
    problem.file(file.unwrap_or_else(|| proposal.file.to_string()))
}

/// Plans a promotion of everything in a configuration; returns the first problem.
fn tried(config: &Config, tree: &Tree) -> Result<(), Problem> {
    for component in &config.components {
        plan(&[Part::any(&Scope::all(component))], tree)
            .map_err(|mut problems| problems.0.swap_remove(0))?;
    }
    Ok(())
}
