//! Shows what runs where, how far behind it is and who waits; checks for a drift.

use anyhow::Result;
use promotion::config::{Config, other_environments};
use promotion::inspect::status::{ComponentStatus, Drift, Limits};
use promotion::model::component::Scope;
use promotion::model::problem::Problem;
use promotion::report::status::{Each, Overview};
use promotion::report::{MOST_PEOPLE, json};

use super::Ending;
use crate::ask::coverage::CoverageScan;
use crate::ask::status::{Survey, survey};
use crate::cli::{self, Format};
use crate::session::Session;
use crate::terminal;

/// How many pins that no environment has are warned about one by one.
const MOST_WARNINGS: usize = 5;

/// Prints the status, and says how it ended.
pub fn run(session: &Session, typed: &cli::StatusArgs) -> Result<Ending> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let scopes = scopes(&config, typed)?;
    let components: Vec<_> = scopes.iter().map(|scope| scope.component).collect();
    let scan = CoverageScan::start(&work_tree, &config, &components);
    let survey = survey(session, &work_tree, &config, &scopes);
    let now = session.now();
    let limits = Limits { max_behind: typed.max_behind, max_age: typed.max_age };
    let drifts = typed.check.then(|| drifts(&survey, &limits, now));
    let untold = untold(&survey, typed.check);
    let step = session.progress.local("looking for pins that no environment has");
    let warnings = scan.warnings().unwrap_or_default();
    drop(step);
    let overview = Overview {
        components: &survey.components,
        people: &survey.people,
        now,
        each: if typed.pins { Each::Pin } else { Each::Environment },
        most_people: if typed.people { usize::MAX } else { MOST_PEOPLE },
        drifts: drifts.as_deref(),
        warnings: &warnings,
        notes: &survey.notes,
    };
    session.print(&match session.format {
        Format::Text => overview.text(terminal::width()),
        Format::Markdown => overview.markdown(),
        Format::Html => overview.html(),
        Format::Json => {
            json::text(&json::with_errors(overview.document(session.command), untold.as_slice()))
        }
    })?;
    let (first, others) = warnings.split_at(warnings.len().min(MOST_WARNINGS));
    first.iter().for_each(|warning| session.warn(warning));
    if !others.is_empty() {
        let message = format!("{} more pins that no environment has", others.len());
        session.warn(&Problem::new(message).help("`discover` shows all of them"));
    }
    for note in survey.notes.iter().filter(|_| session.format != Format::Json) {
        session.note(note);
    }
    untold.iter().for_each(|untold| session.fail(untold));
    Ok(match drifts.as_deref() {
        _ if untold.is_some() => Ending::Incomplete,
        Some([_, ..]) => Ending::Drift,
        _ => Ending::Done,
    })
}

/// What nobody could tell; a check does not pass it, even if that was to be expected offline.
fn untold(survey: &Survey, is_check: bool) -> Option<Problem> {
    let is_enough =
        if is_check { ComponentStatus::is_judged } else { ComponentStatus::is_complete };
    let incomplete = survey.components.iter().filter(|component| !is_enough(component));
    let names: Vec<_> = incomplete.map(|one| format!("`{}`", one.component.name)).collect();
    let message = format!("not everything could be told about {}", names.join(" and "));
    (!names.is_empty()).then(|| Problem::new(message))
}

fn drifts(survey: &Survey, limits: &Limits, now: i64) -> Vec<Drift> {
    survey.components.iter().flat_map(|component| component.drifts(limits, now)).collect()
}

/// The environments with the given names, in the components that have them.
fn scopes<'a>(config: &'a Config, typed: &cli::StatusArgs) -> Result<Vec<Scope<'a>>> {
    if let Some(name) = &typed.component {
        let component = config.component(name)?;
        let environments = config.environments(component, &typed.only.env)?;
        return Ok(vec![Scope { component, environments }]);
    }
    for name in &typed.only.env {
        if config.components.iter().all(|component| component.environment(name).is_none()) {
            let problem = config.lacks(format!("no component has an environment `{name}`"));
            let all = config.components.iter().flat_map(|one| &one.environments);
            let help = other_environments(name, all);
            return Err(problem.help(help).into());
        }
    }
    let mut scopes = Vec::new();
    for component in &config.components {
        let is_there = |name: &&String| component.environment(name).is_some();
        let names: Vec<_> = typed.only.env.iter().filter(is_there).cloned().collect();
        if names.is_empty() != typed.only.env.is_empty() || component.environments.is_empty() {
            continue;
        }
        let environments = config.environments(component, &names)?;
        scopes.push(Scope { component, environments });
    }
    Ok(scopes)
}
