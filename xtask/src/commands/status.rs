//! Shows what runs where, how far behind it is and who waits; checks for a drift.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use promotion::config::{Config, other_environments};
use promotion::inspect::coverage::Unconfigured;
use promotion::inspect::status::{ComponentStatus, Drift, Limits};
use promotion::model::component::{Component, Scope};
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::similar::cut;
use promotion::report::status::{Each, MANY, Overview};
use promotion::report::{MOST_PEOPLE, counted, json};
use promotion::saas::choice::{Narrowing, SaasQuery};

use super::Ending;
use crate::ask::coverage::CoverageScan;
use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::{SaasPromotion, in_repository};
use crate::ask::status::{Survey, Thoroughness, survey};
use crate::cli::{self, Format};
use crate::git::PATIENCE;
use crate::search::Listing;
use crate::session::Session;
use crate::terminal;
use crate::worktree::WorkTree;

/// Up to how many pins that no environment has are warned about one by one.
const MOST_WARNINGS: usize = 5;

/// How long a person who looks at many upstreams waits for a silent one.
const GLANCE: Duration = Duration::from_secs(8);

/// Prints the status, and says how it ended.
pub fn run(session: &Session, typed: &cli::StatusArgs) -> Result<Ending> {
    let work_tree = session.work_tree()?;
    // What takes longest begins first. Saas files need another search.
    let has_saas = !typed.names.is_empty() || typed.all_saas || typed.owner.is_some();
    let listing = (!has_saas).then(|| Listing::start(&work_tree));
    let config = session.config(&work_tree)?;
    let asked = asked(&work_tree, &config, typed)?;
    let mut scopes: Vec<Scope> = asked.saas.iter().map(Scope::all).collect();
    let configured = match asked.has_configured {
        true => configured(&config, &asked.names, &typed.only.env)?,
        false => Vec::new(),
    };
    let components: Vec<_> = configured.iter().map(|scope| scope.component).collect();
    let scan = match components.is_empty() {
        true => CoverageScan::idle(),
        false => {
            let listing = listing.unwrap_or_else(|| Listing::start(&work_tree));
            CoverageScan::start(&work_tree, listing, &config, &components)
        }
    };
    scopes.splice(0..0, configured);
    let each = if typed.pins { Each::Pin } else { Each::Environment };
    // A row for each of many has no room for them, and they take a question for each.
    let is_brief = scopes.len() > MANY && each == Each::Environment && !typed.all;
    let asks_images = !is_brief || session.format != Format::Text;
    // A check that doesn't know the newest version fails; a glance goes on with what is known.
    let patience = if typed.check { PATIENCE } else { GLANCE };
    let thoroughness = Thoroughness { asks_images, patience };
    let mut survey = survey(session, &work_tree, &config, &scopes, thoroughness);
    survey.notes.extend(asked.left_out.iter().map(Problem::to_string));
    let left_out: Vec<String> = asked.left_out.into_iter().filter_map(|one| one.file).collect();
    if !asked.saas.is_empty() {
        survey.sort_by_behind();
    }
    // What could not be told may have commits of yours.
    let untold = untold(&survey, &left_out, typed.check);
    if typed.mine {
        survey.keep_mine()?;
    }
    let now = session.now();
    let limits = Limits { max_behind: typed.max_behind, max_age: typed.max_age };
    let drifts = typed.check.then(|| drifts(&survey, &limits, now));
    let step = session.progress.local("looking for pins that no environment has");
    let (unconfigured, mut warnings) = scan.found();
    drop(step);
    warnings.splice(0..0, unconfigured.iter().map(Unconfigured::warning));
    let overview = Overview {
        components: &survey.components,
        people: &survey.people,
        now,
        each,
        most_people: if typed.people { usize::MAX } else { MOST_PEOPLE },
        is_whole: typed.all,
        drifts: drifts.as_deref(),
        left_out: &left_out,
        warnings: &warnings,
        notes: &survey.notes,
    };
    session.print(&match session.format {
        Format::Text => terminal::fitted(&overview.text(terminal::width())),
        Format::Markdown => overview.markdown(),
        Format::Html => overview.html(),
        Format::Json => {
            json::text(&json::with_errors(overview.document(session.command), untold.as_slice()))
        }
    })?;
    let is_much = unconfigured.len() > MOST_WARNINGS && !typed.all;
    let told = if is_much { &warnings[unconfigured.len()..] } else { &warnings };
    if is_much {
        let values = unconfigured.iter().map(|one| one.values.len()).sum();
        let message = format!("{} that no environment has", counted(values, "pin"));
        session.warn(
            &Problem::new(message).help("`discover` lists them, `discover --write` takes them in"),
        );
    }
    told.iter().for_each(|warning| session.warn(warning));
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
fn untold(survey: &Survey, left_out: &[String], is_check: bool) -> Option<Problem> {
    let is_enough =
        if is_check { ComponentStatus::is_judged } else { ComponentStatus::is_complete };
    let incomplete = survey.components.iter().filter(|component| !is_enough(component));
    let left_out = left_out.iter().filter(|_| is_check);
    let names = incomplete.map(|one| &one.component.name).chain(left_out);
    let names: Vec<_> = names.map(|name| format!("`{}`", escaped(name))).collect();
    let message = format!("not everything could be told about {}", cut(names.clone()));
    (!names.is_empty()).then(|| Problem::new(message))
}

fn drifts(survey: &Survey, limits: &Limits, now: i64) -> Vec<Drift> {
    survey.components.iter().flat_map(|component| component.drifts(limits, now)).collect()
}

/// What a status is asked about.
struct Meant {
    /// Whether it is about components of the configuration.
    has_configured: bool,
    /// Those of them that are named; none if all are meant.
    names: Vec<String>,
    /// The components of the saas files.
    saas: Vec<Component>,
    /// Why files are left out: that spoils nothing else.
    left_out: Vec<Problem>,
}

/// The words understood: each names a component, else a saas file, else a part of one component.
fn asked(work_tree: &WorkTree, config: &Config, typed: &cli::StatusArgs) -> Result<Meant> {
    let mut names: Vec<String> = typed.component.iter().cloned().collect();
    let narrowing = Narrowing { environments: typed.only.env.clone(), ..Narrowing::default() };
    let mut query =
        SaasQuery { owner: typed.owner.clone(), narrowing, all: true, ..SaasQuery::default() };
    query.names.extend((typed.all_saas && typed.owner.is_none()).then(|| "**".to_owned()));
    let is_component = |word: &&String| config.components.iter().any(|one| one.name == **word);
    let (known, words): (Vec<&String>, Vec<&String>) = typed.names.iter().partition(is_component);
    names.extend(known.into_iter().cloned());
    let files = match words.is_empty() && !query.is_asked() {
        true => SaasFiles::default(),
        false => SaasFiles::search(work_tree),
    };
    for word in words {
        match files.find(&in_repository(work_tree, word)) {
            Ok(_) => query.names.push(word.clone()),
            Err(unknown) => {
                let component = files.component(word, config);
                let component =
                    component.ok_or_else(|| files.or_configured(unknown, word, config))?;
                names.push(component.name.clone());
            }
        }
    }
    let has_configured = !names.is_empty() || !query.is_asked();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let (mut saas, mut left_out) = (Vec::new(), Vec::new());
    if query.is_asked() {
        let (found, mut refused) = SaasPromotion::survey(work_tree, &query, files)?;
        if found.is_empty() && !refused.is_empty() {
            return Err(refused.swap_remove(0).into());
        }
        saas = found;
        // A file where the environment does not exist is not asked about.
        left_out = refused.into_iter().filter(|one| !one.usage).collect();
    }
    Ok(Meant { has_configured, names, saas, left_out })
}

/// The environments with the given names, in the named components, or in all that have them.
fn configured<'a>(
    config: &'a Config,
    names: &[String],
    environments: &[String],
) -> Result<Vec<Scope<'a>>> {
    if !names.is_empty() {
        let scope = |name: &String| {
            let component = config.component(name)?;
            let environments = config.environments(component, environments)?;
            Ok(Scope { component, environments })
        };
        return names.iter().map(scope).collect();
    }
    for name in environments {
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
        let names: Vec<_> = environments.iter().filter(is_there).cloned().collect();
        if names.is_empty() != environments.is_empty() || component.environments.is_empty() {
            continue;
        }
        let environments = config.environments(component, &names)?;
        scopes.push(Scope { component, environments });
    }
    Ok(scopes)
}
