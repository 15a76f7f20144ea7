//! Which saas file and which of its targets a person means by a name, a part of it, or a glob.

use crate::model::component::{Component, Environment, SaasFilter};
use crate::model::problem::Problem;
use crate::model::similar::{cure, cut, listed};
use crate::saas::{SaasFile, Site, Target, Template};

/// How well a word fits a name. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    No,
    /// It is a part of the name, or a glob that matches it.
    Part,
    /// It is the name, but for the case of letters.
    Exact,
}

/// How well `word` fits `name`.
pub fn fit(word: &str, name: &str) -> Fit {
    let (word, name) = (word.to_lowercase(), name.to_lowercase());
    match is_glob(&word) {
        _ if word == name => Fit::Exact,
        true if fast_glob::glob_match(&word, &name) => Fit::Part,
        false if !word.is_empty() && name.contains(&word) => Fit::Part,
        _ => Fit::No,
    }
}

/// Whether a word may name several.
pub fn is_glob(word: &str) -> bool {
    word.contains(['*', '?', '[', '{'])
}

/// The environments of a component that a word names, by name or alias, or else those that it is a part
/// of, or a glob that matches. A word that fits none stays, to be refused with the names there are.
pub fn environments(component: &Component, word: &str) -> Vec<String> {
    let fit = |one: &Environment| {
        let names = one.aliases.iter().chain([&one.name]);
        names.map(|name| fit(word, name)).max().unwrap_or(Fit::No)
    };
    let all = &component.environments;
    let best = all.iter().map(fit).max().unwrap_or(Fit::No);
    if best == Fit::No || component.environment(word).is_some() {
        return vec![word.to_owned()];
    }
    all.iter().filter(|one| fit(one) == best).map(|one| one.name.clone()).collect()
}

/// The saas files that a word names: one, unless it is a glob.
///
/// Refuses a word that fits none, and one without a glob that fits several equally well.
pub fn files<'f>(all: &'f [SaasFile], word: &str) -> Result<Vec<&'f SaasFile>, Problem> {
    let found = fitting(all, word);
    match found.as_slice() {
        [] => Err(unknown_file(all, word)),
        [_] => Ok(found),
        [first, ..] if is_glob(word) && fit_of(word, first) == Fit::Part => Ok(found),
        several => Err(too_many(several, word)),
    }
}

/// The problem of a word that fits several saas files where one has to be meant.
pub fn too_many(files: &[&SaasFile], word: &str) -> Problem {
    let names = files.iter().map(|file| format!("`{}` ({})", file.name, file.path));
    let message = format!("`{word}` fits {} saas files", files.len());
    Problem::usage(message).help(format!("name one of {}", cut(names.collect())))
}

/// The saas files that a word fits best; none if it fits none.
pub fn fitting<'f>(all: &'f [SaasFile], word: &str) -> Vec<&'f SaasFile> {
    let best = all.iter().map(|file| fit_of(word, file)).max().unwrap_or(Fit::No);
    let is_best = |file: &&SaasFile| best != Fit::No && fit_of(word, file) == best;
    all.iter().filter(is_best).collect()
}

/// How well a word fits a file: its name, or its path.
pub fn fit_of(word: &str, file: &SaasFile) -> Fit {
    fit(word, &file.name).max(fit(word, file.path.as_str()))
}

/// The name of a file without the usual beginning, which people leave out.
pub fn short_name(file: &SaasFile) -> &str {
    file.name.trim_start_matches("saas-")
}

fn unknown_file(all: &[SaasFile], word: &str) -> Problem {
    let help = cure(word, all.iter().map(short_name), "`status --all-saas` lists them");
    Problem::usage(format!("no saas file has `{word}` in its name or path")).help(help)
}

/// Which saas files are asked for, and which of their targets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaasQuery {
    /// Names or paths of saas files, parts of them, or globs.
    pub names: Vec<String>,
    /// The team whose saas files are meant, if none is named.
    pub owner: Option<String>,
    /// Whether every environment is meant.
    pub all: bool,
    pub narrowing: Narrowing,
}

/// What narrows the targets of a saas file, as it was typed. An empty list takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Each fits an environment, a cluster, a namespace or a target.
    pub environments: Vec<String>,
    pub templates: Vec<String>,
    pub targets: Vec<String>,
    /// Each fits the path of a namespace file, or a namespace.
    pub namespaces: Vec<String>,
}

impl SaasQuery {
    /// Whether it asks for any saas file.
    pub fn is_asked(&self) -> bool {
        !self.names.is_empty() || self.owner.is_some()
    }

    /// Whether it leaves open which environments are meant.
    pub fn is_open(&self) -> bool {
        !self.all && self.narrowing.is_open()
    }
}

impl Narrowing {
    /// Whether it leaves open which environments are meant.
    pub fn is_open(&self) -> bool {
        self.environments.is_empty() && self.targets.is_empty() && self.namespaces.is_empty()
    }
}

/// How the names of canaries end.
pub const CANARY: &str = "-canary";

/// A target that was chosen, and where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'f> {
    pub template: &'f Template,
    pub target: &'f Target,
    pub site: &'f Site,
}

impl Chosen<'_> {
    /// What a promotion calls its environment. A canary is one by itself: it is promoted first, and
    /// then the rest of its environment is not half promoted.
    pub fn environment(&self) -> String {
        let canary = self.target.filter.target.as_ref().filter(|name| name.ends_with(CANARY));
        let environment = canary.or(self.site.environment.as_ref());
        environment.unwrap_or(&self.target.called).clone()
    }

    /// The names by which an environment's word finds it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let Site { environment, cluster, namespace } = self.site;
        let SaasFilter { target, namespace: path, .. } = &self.target.filter;
        let called = environment.is_none().then_some(&self.target.called);
        let all = [environment, cluster, namespace, target, path].into_iter().flatten();
        all.chain(called).map(String::as_str)
    }
}

/// The targets among `all` that a narrowing takes, in their order.
///
/// A word takes what it names exactly; where it names nothing, whatever it is a part of. Refuses a
/// word that fits no target.
pub fn targets<'f>(all: &[Chosen<'f>], narrowing: &Narrowing) -> Result<Vec<Chosen<'f>>, Problem> {
    let Narrowing { environments, templates, targets, namespaces } = narrowing;
    let named =
        |name: &Option<String>, word: &str| name.as_deref().map_or(Fit::No, |name| fit(word, name));
    let template = |one: &Chosen, word: &str| named(&one.template.name, word);
    let target = |one: &Chosen, word: &str| named(&one.target.filter.target, word);
    let namespace = |one: &Chosen, word: &str| {
        named(&one.target.filter.namespace, word).max(named(&one.site.namespace, word))
    };
    let environment =
        |one: &Chosen, word: &str| one.names().map(|name| fit(word, name)).max().unwrap_or(Fit::No);
    let left = taken(all.to_vec(), templates, "template", &template)?;
    let left = taken(left, targets, "target", &target)?;
    let left = taken(left, namespaces, "namespace", &namespace)?;
    taken(left, environments, "environment, cluster, namespace or target", &environment)
}

/// Those that one of the words fits best.
fn taken<'f>(
    all: Vec<Chosen<'f>>,
    words: &[String],
    what: &str,
    fit: &dyn Fn(&Chosen, &str) -> Fit,
) -> Result<Vec<Chosen<'f>>, Problem> {
    if words.is_empty() {
        return Ok(all);
    }
    let mut takes = vec![false; all.len()];
    for word in words {
        let fits: Vec<Fit> = all.iter().map(|one| fit(one, word)).collect();
        let best = fits.iter().copied().max().unwrap_or(Fit::No);
        if best == Fit::No {
            return Err(fits_nothing(&all, word, what));
        }
        for (take, fit) in takes.iter_mut().zip(&fits) {
            *take |= *fit == best;
        }
    }
    let mut takes = takes.into_iter();
    Ok(all.into_iter().filter(|_| takes.next().unwrap_or_default()).collect())
}

fn fits_nothing(all: &[Chosen], word: &str, what: &str) -> Problem {
    let mut names: Vec<String> = Vec::new();
    for one in all {
        let name = match what {
            "template" => one.template.name.clone(),
            "target" => one.target.filter.target.clone(),
            "namespace" => one.target.filter.namespace.clone(),
            _ => Some(one.environment()),
        };
        names.extend(name.filter(|name| !names.contains(name)));
    }
    let problem = Problem::usage(format!("no {what} fits `{word}`"));
    let all = listed(names.iter().map(String::as_str));
    problem.help(match names.len() {
        0 => "none of its templates has a target".to_owned(),
        1 => format!("there is {all}"),
        _ => format!("there are {all}"),
    })
}

#[cfg(test)]
mod tests;
