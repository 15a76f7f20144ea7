//! Groups unconfigured pins into environments: by the environment of the namespace in a saas file,
//! by folder for a key, by file for everything else. What is promoted together is one environment.

use std::collections::{BTreeMap, BTreeSet};

use super::DiscoveredComponent;
use crate::config::Config;
use crate::inspect::coverage::{Unconfigured, UnconfiguredValue, narrowed};
use crate::model::component::{Component, FilePattern, PinSpec, Selector};
use crate::model::path::RepoPath;
use crate::saas::Site;

/// The environment of the `.env` at the top of an app-interface.
const PR_CHECK: &str = "pr-check";

/// Words in the names of files and folders that say nothing about an environment.
const VAGUE: [&str; 7] = ["defaults", "default", "values", "config", "global", "main", "provider"];

/// An environment to add to the configuration, or pins to add to an existing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedEnvironment {
    pub component: String,
    pub environment: String,
    pub aliases: Vec<String>,
    /// Items of `pins`, in TOML.
    pub pins: Vec<String>,
    /// A file with one of the pins, to show in messages.
    pub file: RepoPath,
}

/// Pins of one environment whose name is not chosen yet.
struct Group {
    base: String,
    /// Added to the name if another group has the same `base`; may be empty.
    qualifier: String,
    clusters: BTreeSet<String>,
    pins: Vec<String>,
    file: RepoPath,
    /// What finds the pins, unless they are in a saas file.
    selector: Option<Selector>,
}

/// Proposes environments for the unconfigured pins, in the order of the candidates.
///
/// Leaves out pins that can't be edited as they are written.
pub fn proposals(
    candidates: &[DiscoveredComponent],
    unconfigured: &[Unconfigured],
    sites: &BTreeMap<String, Site>,
    config: &Config,
) -> Vec<ProposedEnvironment> {
    // Several selectors may find one value, and one line may have several values. Several saas files
    // may have one target, too.
    let mut taken: BTreeSet<(RepoPath, usize, Option<usize>)> = BTreeSet::new();
    let mut proposals = Vec::new();
    for candidate in candidates {
        let name = &candidate.terms.component;
        let mut own = Vec::new();
        for one in unconfigured.iter().filter(|one| one.component == *name) {
            let mut is_new = |value: &UnconfiguredValue| {
                taken.insert((value.file(&one.file).clone(), value.line, value.start))
            };
            let (values, others): (Vec<_>, Vec<_>) =
                one.values.iter().cloned().partition(|value| is_new(value));
            if !values.is_empty() {
                let others = others.into_iter().filter_map(|other| other.filter);
                let claimed = one.claimed.iter().cloned().chain(others).collect();
                own.push(Unconfigured { values, claimed, ..one.clone() });
            }
        }
        let known = config.components.iter().find(|component| component.name == *name);
        let mut groups = saas_groups(&own, name, sites);
        groups.extend(key_groups(&own, config));
        groups.extend(own.iter().filter(|one| is_single(one)).map(single));
        proposals.extend(named(name, &groups, known));
    }
    proposals
}

fn is_single(one: &Unconfigured) -> bool {
    matches!(one.selector, Selector::Variable(_) | Selector::Image(_)) && one.is_editable()
}

fn single(one: &Unconfigured) -> Group {
    Group {
        base: file_name(&one.file),
        qualifier: words(&one.file),
        clusters: BTreeSet::new(),
        pins: vec![one.pin()],
        file: one.file.clone(),
        selector: Some(one.selector.clone()),
    }
}

/// One group for each environment in each saas file. Its pins are filtered only if the file has
/// targets of several environments.
fn saas_groups(
    own: &[Unconfigured],
    component: &str,
    sites: &BTreeMap<String, Site>,
) -> Vec<Group> {
    let mut finds: BTreeMap<(&RepoPath, String), Vec<&Unconfigured>> = BTreeMap::new();
    for one in own {
        if let Some(what) = in_saas_file(one) {
            finds.entry((&one.file, what)).or_default().push(one);
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((file, _), lines) in finds {
        for (base, clusters, pins) in environments_of(file, &lines, sites) {
            let same = |group: &&mut Group| group.file == *file && group.base == base;
            if let Some(group) = groups.iter_mut().find(same) {
                group.pins.extend(pins);
                group.clusters.extend(clusters);
                continue;
            }
            let stem = stem(file);
            let name = stem.trim_start_matches("saas-");
            // That a component's file is named after it says nothing.
            let own = name.strip_prefix(component).filter(|rest| !rest.starts_with(is_of_name));
            let qualifier = own.unwrap_or(name).trim_start_matches('-').to_owned();
            groups.push(Group {
                base,
                qualifier,
                clusters,
                pins,
                file: file.clone(),
                selector: None,
            });
        }
    }
    groups
}

/// Whether a name goes on with this character.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric()
}

/// What a pin of a saas file is, without what narrows it: refs first, then parameters.
fn in_saas_file(one: &Unconfigured) -> Option<String> {
    match &one.selector {
        Selector::Saas(_) => Some(String::new()),
        Selector::Parameter(name, _) => Some(format!("{name} {:?} {:?}", one.form, one.image)),
        _ => None,
    }
}

/// The environments of the pins that one selector finds in a saas file, with their clusters.
fn environments_of(
    file: &RepoPath,
    lines: &[&Unconfigured],
    sites: &BTreeMap<String, Site>,
) -> Vec<(String, BTreeSet<String>, Vec<String>)> {
    let values = lines.iter().flat_map(|one| &one.values);
    let (fit, unfit): (Vec<&UnconfiguredValue>, Vec<&UnconfiguredValue>) =
        values.partition(|value| value.unfit.is_none());
    let mut environments: BTreeMap<String, (BTreeSet<String>, Vec<UnconfiguredValue>)> =
        BTreeMap::new();
    for value in fit {
        let (base, cluster) = site(value, file, sites);
        let (clusters, values) = environments.entry(base).or_default();
        clusters.extend(cluster.filter(|name| !name.contains(',')));
        values.push(value.clone());
    }
    let filter = |value: &UnconfiguredValue| value.filter.clone();
    let foreign: Vec<_> = lines.iter().flat_map(|one| one.claimed.clone()).collect();
    let foreign = [foreign, unfit.into_iter().filter_map(filter).collect()].concat();
    let pins = |(base, (clusters, values)): (&String, &(BTreeSet<String>, Vec<_>))| {
        let others = environments.iter().filter(|(other, _)| *other != base);
        let others = others.flat_map(|(_, (_, values))| values).filter_map(filter);
        let others: Vec<_> = others.chain(foreign.iter().cloned()).collect();
        let pins = narrowed(values.clone(), &others).into_iter().map(|(filter, _)| {
            let selector = lines[0].selector.narrowed_to(filter);
            Unconfigured { selector, ..lines[0].clone() }.pin()
        });
        (base.clone(), clusters.clone(), pins.collect())
    };
    environments.iter().map(pins).collect()
}

/// The names of a saas target's environment and of its cluster, as the configuration accepts them.
fn site(
    value: &UnconfiguredValue,
    file: &RepoPath,
    sites: &BTreeMap<String, Site>,
) -> (String, Option<String>) {
    let namespace = value.filter.as_ref().and_then(|filter| filter.namespace.as_deref());
    let site = namespace.and_then(|namespace| sites.get(namespace)).cloned().unwrap_or_default();
    let fallback = || namespace.and_then(RepoPath::parse_reference).as_ref().map(stem);
    let base = site.environment.or_else(fallback).unwrap_or_else(|| stem(file));
    (one_word(&base), site.cluster.map(|cluster| one_word(&cluster)))
}

/// One group with a glob for each folder with several files that have the key, else one for each
/// file.
fn key_groups(own: &[Unconfigured], config: &Config) -> Vec<Group> {
    let mut keys: BTreeMap<&str, Vec<&Unconfigured>> = BTreeMap::new();
    for one in own.iter().filter(|one| one.is_editable()) {
        if let Selector::Key(name) = &one.selector {
            keys.entry(name).or_default().push(one);
        }
    }
    let mut groups = Vec::new();
    for (key, mut rest) in keys {
        while let Some(first) = rest.first().copied() {
            let folder = folder(&first.file);
            let within = |one: &&Unconfigured| is_within(&one.file, folder);
            let is_glob = rest.iter().filter(|one| within(one)).count() > 1
                && !folder.contains(['*', '?', '[', ']', '{', '}', '!', '\\'])
                && !is_configured_below(folder, &first.selector, config);
            if !is_glob {
                groups.push(single(rest.remove(0)));
                continue;
            }
            let value = |text: &str| toml_edit::Value::from(text).to_string();
            let glob = value(&format!("{folder}/**/*.{{yml,yaml}}"));
            groups.push(Group {
                base: one_word(folder.rsplit('/').next().unwrap_or(folder)),
                qualifier: one_word(&folder.replace('/', "-")),
                clusters: BTreeSet::new(),
                pins: vec![format!("{{ files = {glob}, key = {} }}", value(key))],
                file: first.file.clone(),
                selector: Some(first.selector.clone()),
            });
            rest.retain(|one| !within(one));
        }
    }
    groups
}

fn is_within(file: &RepoPath, folder: &str) -> bool {
    let below = file.as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    below && [".yml", ".yaml"].iter().any(|end| file.as_str().ends_with(end))
}

fn is_configured_below(folder: &str, selector: &Selector, config: &Config) -> bool {
    let pins = config.components.iter().flat_map(Component::pins);
    pins.filter(|pin| pin.selector == *selector).any(|pin| match &pin.files {
        FilePattern::File(file) => is_within(file, folder),
        FilePattern::Glob(_) => true,
    })
}

/// Gives every group a unique name, and as aliases the clusters that no other group has.
fn named(component: &str, groups: &[Group], known: Option<&Component>) -> Vec<ProposedEnvironment> {
    let environments = known.map_or(&[][..], |component| &component.environments);
    let mut taken: BTreeSet<String> = environments
        .iter()
        .flat_map(|environment| environment.aliases.iter().chain([&environment.name]).cloned())
        .collect();
    // The environment of that name or alias, if it has such a pin already.
    let joined = |group: &Group| {
        let same = known?.environment(&group.base)?;
        let is_alike = |pin: &PinSpec| {
            pin.files.takes(&group.file) || Some(&pin.selector) == group.selector.as_ref()
        };
        same.pins.iter().any(is_alike).then(|| same.name.clone())
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for group in groups {
        *counts.entry(group.base.clone()).or_default() += 1;
        for cluster in &group.clusters {
            *counts.entry(cluster.clone()).or_default() += 1;
        }
    }
    let mut proposals = Vec::new();
    for group in groups {
        let is_shared = counts.get(&group.base).is_some_and(|count| *count > 1);
        let environment = joined(group).unwrap_or_else(|| {
            let qualified = match group.qualifier.as_str() {
                "" => group.base.clone(),
                qualifier => format!("{}-{qualifier}", group.base),
            };
            let plain = (!is_shared).then(|| group.base.clone());
            let numbered = (2..).map(|number| format!("{qualified}-{number}"));
            let names = plain.into_iter().chain([qualified.clone()]).chain(numbered);
            names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default()
        });
        taken.insert(environment.clone());
        proposals.push(ProposedEnvironment {
            component: component.to_owned(),
            environment,
            aliases: Vec::new(),
            pins: group.pins.clone(),
            file: group.file.clone(),
        });
    }
    for (group, proposal) in groups.iter().zip(&mut proposals) {
        let is_free = |cluster: &&String| counts.get(*cluster) == Some(&1);
        for cluster in group.clusters.iter().filter(is_free) {
            if joined(group).is_none() && taken.insert(cluster.clone()) {
                proposal.aliases.push(cluster.clone());
            }
        }
    }
    proposals
}

/// Names the environment of a single file: after the file, or after the next folder above it whose
/// name says something.
fn file_name(file: &RepoPath) -> String {
    if file.as_str() == ".env" {
        return PR_CHECK.to_owned();
    }
    let stem = stem(file);
    let names = [stem.as_str()].into_iter().chain(folder(file).rsplit('/'));
    let mut telling = names.map(without_vague_words).filter(|name| !name.is_empty());
    one_word(telling.next().unwrap_or(&stem))
}

/// The name without the words at its end that say nothing: `tekton` for
/// `tekton-provider-global-defaults`.
fn without_vague_words(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((start, end)) if VAGUE.contains(&end) => without_vague_words(start),
        None if VAGUE.contains(&name) => "",
        _ => name,
    }
}

/// The file's name without its endings: `c` for `a/b/c.yml`, `env` for `a/.env`.
fn stem(file: &RepoPath) -> String {
    let name = file.as_str().rsplit('/').next().unwrap_or_default().trim_start_matches('.');
    one_word(name.split('.').next().unwrap_or(name))
}

fn folder(file: &RepoPath) -> &str {
    file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn words(file: &RepoPath) -> String {
    one_word(file.as_str().trim_start_matches('.').replace('/', "-").as_str())
}

/// The name as the configuration accepts it: one word that no command can mistake for an option.
fn one_word(name: &str) -> String {
    let plain = |c: char| if c.is_whitespace() || c.is_control() || c == ',' { '-' } else { c };
    let word: String = name.chars().map(plain).collect();
    match word.trim_start_matches('-') {
        "" => "unnamed".to_owned(),
        word => word.to_owned(),
    }
}
