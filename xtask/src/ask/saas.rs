//! Reads the saas files of a checkout, and where their targets run.

use std::collections::BTreeMap;
use std::ptr;

use anyhow::Result;
use memchr::memmem;
use promotion::config::Config;
use promotion::model::component::{Component, FilePattern, SaasFilter, Selector};
use promotion::model::escape::{escaped, is_obeyed};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, problems};
use promotion::model::similar::did_you_mean;
use promotion::model::tree::{Tree, refuse_pointer};
use promotion::model::upstream::Upstream;
use promotion::model::version::{commit_part, is_full_commit};
use promotion::saas::app::{Versions, versions};
use promotion::saas::choice::{self, Chosen, Fit, Narrowing, fit};
use promotion::saas::{NEEDLE, SaasFile, Site, Target, stem, target_files};
use promotion::syntax::{text_of, yaml};

use crate::pool;
use crate::search::{Clue, Found, Listing, search};
use crate::worktree::WorkTree;

/// The saas files of a checkout and the sites of their targets.
#[derive(Debug, Default)]
pub struct SaasFiles {
    /// In the order of their paths.
    pub files: Vec<SaasFile>,
    /// By the `$ref` of the namespace.
    sites: BTreeMap<String, Site>,
    nowhere: Site,
    /// Whether these are all of them.
    pub is_whole: bool,
    /// Files that look like saas files and can't be read, each with the reason.
    unreadable: Vec<(RepoPath, Problem)>,
}

impl SaasFiles {
    /// Searches the whole work tree.
    pub fn search(work_tree: &WorkTree) -> SaasFiles {
        // The search for unconfigured pins tells of files that are too large.
        let Found { mut tree, unread, .. } = likely_files(work_tree);
        let paths: Vec<RepoPath> = tree.0.keys().cloned().collect();
        complete_all(work_tree, &mut tree);
        let unread = unread.into_iter();
        let unread = unread.filter_map(|why| Some((RepoPath::parse(why.file.as_deref()?)?, why)));
        let unreadable = unread.collect();
        let mut all = SaasFiles { is_whole: true, unreadable, ..SaasFiles::default() };
        let read = pool::each(&paths, pool::cores(), |path| SaasFile::read(path, &tree));
        for (path, file) in paths.into_iter().zip(read) {
            match file {
                Some(file) => all.files.push(file),
                None => all.unreadable.extend(why_unreadable(&tree, &path).map(|why| (path, why))),
            }
        }
        all
    }

    /// The files that a word names. Refuses what [`choice::files`] does, and a word that fits a file
    /// which can't be read as well as it fits the others: that one may be meant.
    pub fn find(&self, word: &str) -> Result<Vec<&SaasFile>, Problem> {
        let found = choice::files(&self.files, word);
        let least = match &found {
            Ok(_) if choice::is_glob(word) => return found,
            Ok(files) => files.first().map_or(Fit::Part, |file| choice::fit_of(word, file)),
            Err(_) => Fit::Part,
        };
        match self.unreadable_fitting(word, least).next() {
            Some((_, why)) => Err(why.clone()),
            None => found,
        }
    }

    /// The only component that has the word in its name; `None` if the word may as well mean a saas
    /// file that has nothing of this component.
    pub fn component<'c>(&self, word: &str, config: &'c Config) -> Option<&'c Component> {
        let fits = |one: &&Component| fit(word, &one.name) != Fit::No;
        let mut fitting = config.components.iter().filter(fits);
        let component = fitting.next().filter(|_| fitting.next().is_none())?;
        let environments = component.environments.iter();
        let mut pins: Vec<_> = environments.flat_map(|environment| &environment.pins).collect();
        pins.retain(|pin| matches!(pin.selector, Selector::Saas(_)));
        let is_its = |path: &RepoPath| pins.iter().any(|pin| pin.files.takes(path));
        let fitting = choice::fitting(&self.files, word).into_iter().map(|file| &file.path);
        let unread = self.unreadable_fitting(word, Fit::Part).map(|(path, _)| path);
        fitting.chain(unread).all(is_its).then_some(component)
    }

    /// The problem of a word that names no saas file, with the components and environments that come
    /// close to it too, or how to name a version or an environment.
    pub fn or_configured(&self, unknown: Problem, word: &str, config: &Config) -> Problem {
        if !unknown.usage {
            return unknown;
        }
        let components = config.components.iter().map(|one| one.name.as_str());
        let environments = config.components.iter().flat_map(|one| &one.environments);
        // Of several files that it fits, the problem names all.
        let fits_none = choice::fitting(&self.files, word).is_empty();
        let files = self.files.iter().filter(|_| fits_none).map(choice::short_name);
        let names = components.chain(environments.map(|one| one.name.as_str())).chain(files);
        let is_commit = commit_part(word) == Some(word);
        let version = || is_commit.then(|| format!("a version is named with `--ref {word}`"));
        let is_environment = config.components.iter().any(|one| one.environment(word).is_some());
        let question = match is_environment {
            true => Some(format!("`{word}` is an environment, which `--env` takes")),
            false => did_you_mean(word, names).or_else(version),
        };
        let help = unknown.help.iter().flat_map(|help| help.lines());
        let help = help.filter(|line| !line.starts_with("did you mean")).map(str::to_owned);
        let help: Vec<String> = question.into_iter().chain(help).collect();
        Problem { help: Some(help.join("\n")), ..unknown }
    }

    /// The files that can't be read and that a word fits at least so well. Their own names are not
    /// known; most files have them too.
    fn unreadable_fitting(
        &self,
        word: &str,
        least: Fit,
    ) -> impl Iterator<Item = &(RepoPath, Problem)> {
        let fits = move |(path, _): &&(RepoPath, Problem)| {
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            [path.as_str(), stem].iter().any(|one| fit(word, one) >= least)
        };
        self.unreadable.iter().filter(fits)
    }

    /// Why files can't be read that a glob fits: they would be left out in silence. A word that is no
    /// glob means other files.
    pub fn unreadable(&self, word: &str) -> Vec<Problem> {
        let all = self.unreadable_fitting(word, Fit::Part).filter(|_| choice::is_glob(word));
        all.map(|(_, why)| why.clone()).collect()
    }

    /// Why a file can't be read that is named by its path; `None` if it can be.
    pub fn why_unread(&self, path: &RepoPath) -> Option<&Problem> {
        self.unreadable.iter().find(|(unread, _)| unread == path).map(|(_, why)| why)
    }

    /// Whether a file is one of those that can't be read.
    pub fn is_unread(&self, path: &RepoPath) -> bool {
        self.why_unread(path).is_some()
    }

    /// The files that look like saas files and can't be read.
    pub fn unread(&self) -> impl Iterator<Item = &RepoPath> {
        self.unreadable.iter().map(|(path, _)| path)
    }

    /// What names just this file: its name, or its path where the name is odd or not known to be
    /// the only one.
    pub fn name_of(&self, file: &SaasFile) -> String {
        let is_only = self.files.iter().filter(|other| other.name == file.name).count() == 1;
        let is_plain = !file.name.contains(|c: char| c == '\\' || is_obeyed(c));
        let name =
            if self.is_whole && is_only && is_plain { &file.name } else { file.path.as_str() };
        name.to_owned()
    }

    /// The file at a path, if there is one and it is a saas file.
    pub fn read(work_tree: &WorkTree, path: &RepoPath) -> Result<Option<SaasFiles>> {
        let Some(bytes) = work_tree.read_file(path)? else {
            work_tree.refuse_hidden_file(path, "")?;
            return Ok(None);
        };
        refuse_pointer(path.as_str(), &bytes)?;
        let mut tree = Tree(BTreeMap::from([(path.clone(), bytes)]));
        complete_all(work_tree, &mut tree);
        let file = SaasFile::read(path, &tree);
        Ok(file.map(|file| SaasFiles { files: vec![file], ..SaasFiles::default() }))
    }

    /// Looks up where the targets of these files run.
    pub fn locate(&mut self, work_tree: &WorkTree, paths: &[RepoPath]) {
        let files = self.files.iter().filter(|file| paths.contains(&file.path));
        let targets = files.flat_map(SaasFile::targets).map(|(_, target)| target);
        let namespaces = targets.filter_map(|target| target.filter.namespace.as_ref());
        self.sites = sites(work_tree, namespaces);
    }

    /// Why nobody knows where a target runs, so that it may be meant, unless targets are named: it
    /// stands in a file of its own that can't be read, or its namespace does.
    pub fn untold(
        &self,
        work_tree: &WorkTree,
        file: &SaasFile,
        narrowing: &Narrowing,
    ) -> Option<Problem> {
        if !narrowing.targets.is_empty() {
            return None;
        }
        let templates = narrowing.templates.clone();
        let fitting = Narrowing { templates, ..Narrowing::default() };
        let all = choice::targets(&self.targets(file), &fitting).unwrap_or_default();
        let missing = missing_target(work_tree, file, &all);
        let taken = choice::targets(&all, narrowing).unwrap_or_default();
        let is_of_one = |word: &String| taken.iter().any(|one| is_called(one.target, word));
        // A namespace is named by its path, and who names a target means no other one.
        if narrowing.environments.iter().all(is_of_one) || !narrowing.namespaces.is_empty() {
            return missing;
        }
        let is_taken = |one: &Chosen| taken.iter().any(|other| ptr::eq(one.target, other.target));
        let mut left = all.iter().filter(|one| !is_taken(one));
        missing.or_else(|| left.find_map(|one| unread_site(work_tree, one)))
    }

    /// The targets of a file that was located.
    pub fn targets<'f>(&'f self, file: &'f SaasFile) -> Vec<Chosen<'f>> {
        let chosen = file.targets().map(|(template, target)| {
            let namespace = target.filter.namespace.as_ref();
            let site = namespace.and_then(|namespace| self.sites.get(namespace));
            Chosen { template, target, site: site.unwrap_or(&self.nowhere) }
        });
        chosen.collect()
    }
}

fn missing_target(work_tree: &WorkTree, file: &SaasFile, all: &[Chosen]) -> Option<Problem> {
    let mut missing = all.iter().filter(|one| one.target.file.is_none());
    let (reference, line) = missing.find_map(|one| one.target.elsewhere.as_ref())?;
    if let Some(problem) = why_unread(work_tree, reference) {
        return Some(problem);
    }
    let message = format!("refers to `{reference}`, which is missing");
    let problem = Problem::new(message).file(file.path.as_str()).line(*line);
    Some(problem.help("mend it, or name other targets with `--target`"))
}

/// Whether a word is just the name of a target, or of the file of its namespace.
pub fn is_called(target: &Target, word: &str) -> bool {
    let SaasFilter { target, namespace, .. } = &target.filter;
    let names = [target.as_deref(), namespace.as_deref(), namespace.as_deref().map(stem)];
    names.into_iter().flatten().any(|name| fit(word, name) == Fit::Exact)
}

/// Why nobody knows where a pin runs, if one of the files that say it can't be read.
fn unread_site(work_tree: &WorkTree, Chosen { target, site, .. }: &Chosen) -> Option<Problem> {
    let is_pin = target.value.as_ref().is_some_and(|(value, _)| is_full_commit(value));
    if !is_pin || target.delete || site.environment.is_some() && site.cluster.is_some() {
        return None;
    }
    let namespace = target.filter.namespace.as_ref()?;
    why_unread(work_tree, namespace).or_else(|| {
        let others = values(work_tree, namespace, [&["environment", "$ref"], &["cluster", "$ref"]]);
        others.iter().flatten().find_map(|reference| why_unread(work_tree, reference))
    })
}

/// Why the YAML file that a `$ref` names can't be read, or isn't checked out; `None` if it is
/// missing, too.
fn why_unread(work_tree: &WorkTree, reference: &str) -> Option<Problem> {
    let path = RepoPath::parse_reference(reference)?;
    let read = || -> Result<()> {
        match work_tree.read_file(&path)? {
            Some(bytes) => Ok(refuse_unreadable(&path, &bytes)?),
            None => work_tree.refuse_hidden_file(&path, ""),
        }
    };
    problems(&read().err()?).into_iter().next()
}

fn refuse_unreadable(path: &RepoPath, bytes: &[u8]) -> Result<(), Problem> {
    refuse_pointer(path.as_str(), bytes)?;
    let read = text_of(bytes).and_then(yaml::parse).map(drop);
    read.map_err(|problem| problem.file(path.as_str()))
}

/// The YAML files with the word that every saas file has.
fn likely_files(work_tree: &WorkTree) -> Found {
    let finder = memmem::Finder::new(NEEDLE);
    let is_yaml = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
    let holds = |bytes: &[u8]| finder.find(bytes).is_some();
    search(Listing::start(work_tree), Clue::Saas, is_yaml, holds)
}

fn why_unreadable(tree: &Tree, path: &RepoPath) -> Option<Problem> {
    let read = text_of(tree.get(path)?).and_then(yaml::parse);
    Some(read.err()?.file(path.as_str()))
}

/// Adds the files that hold targets of the saas files in a tree.
pub fn complete_all(work_tree: &WorkTree, tree: &mut Tree) {
    complete(work_tree, tree, &[FilePattern::Glob("**".to_owned())]);
}

/// The same for the saas files that are among `patterns`.
pub fn complete(work_tree: &WorkTree, tree: &mut Tree, patterns: &[FilePattern]) {
    for path in target_files(tree, patterns) {
        // One that can't be read stays a reference, which is told where it is needed.
        if let Ok(Some(bytes)) = work_tree.read_file(&path) {
            tree.0.insert(path, bytes);
        }
    }
}

/// The path and the `name` of every saas file, without reading YAML: for completion, which is quick
/// and may be wrong about odd files.
pub fn names(work_tree: &WorkTree) -> Vec<(RepoPath, String)> {
    let named = likely_files(work_tree).tree.0.into_iter().filter_map(|(path, bytes)| {
        let text = String::from_utf8(bytes).ok()?;
        let name = text.lines().find_map(|line| line.strip_prefix("name:"))?;
        let name = name.split(" #").next().unwrap_or(name).trim();
        Some((path, name.trim_matches(['"', '\'']).to_owned()))
    });
    named.collect()
}

/// What the app that a `$ref` names says about the versions of an upstream; its file is that of the
/// tree, if that has it. Also returns a warning if that can't be read.
pub fn code_component(
    work_tree: &WorkTree,
    tree: &Tree,
    app: Option<&str>,
    upstream: &Upstream,
) -> (Versions, Option<Problem>) {
    let found = app.and_then(|app| Some((app, RepoPath::parse_reference(app)?)));
    let Some((app, path)) = found else { return (Versions::default(), None) };
    let in_tree = tree.get(&path).map(<[u8]>::to_vec);
    let unread = match &in_tree {
        Some(bytes) => refuse_unreadable(&path, bytes).err(),
        None => why_unread(work_tree, app),
    };
    let warning = unread.map(|why| {
        let problem = Problem::new(format!("blocked versions are unknown: {why}"));
        Problem { help: why.help, ..problem }
    });
    let bytes = in_tree.or_else(|| work_tree.read_file(&path).ok().flatten());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    (Versions { file: path.to_string(), ..versions(&text, upstream) }, warning)
}

/// Where namespaces are, by the `$ref` that names them. Each file is read once.
pub fn sites<'n>(
    work_tree: &WorkTree,
    namespaces: impl Iterator<Item = &'n String>,
) -> BTreeMap<String, Site> {
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut sites = BTreeMap::new();
    for namespace in namespaces {
        if sites.contains_key(namespace) {
            continue;
        }
        let keys = [&["environment", "$ref"][..], &["cluster", "$ref"], &["name"]];
        let [environment, cluster, own] = values(work_tree, namespace, keys);
        let mut name = |reference: Option<String>| {
            let reference = reference?;
            let [name] = names
                .get(&reference)
                .cloned()
                .map(|name| [name])
                .unwrap_or_else(|| values(work_tree, &reference, [&["name"]]));
            names.insert(reference, name.clone());
            name
        };
        let (environment, cluster) = (name(environment), name(cluster));
        sites.insert(namespace.clone(), Site { environment, cluster, namespace: own });
    }
    sites
}

/// The missing file that would say where a namespace is: its own, or that of its environment or its
/// cluster.
pub fn missing_place(work_tree: &WorkTree, namespace: &str) -> Option<RepoPath> {
    let keys = [&["environment", "$ref"][..], &["cluster", "$ref"]];
    let others = values(work_tree, namespace, keys).into_iter().flatten();
    let all = [namespace.to_owned()].into_iter().chain(others);
    let mut paths = all.filter_map(|reference| RepoPath::parse_reference(&reference));
    paths.find(|path| matches!(work_tree.read_file(path), Ok(None)))
}

/// Scalars of the file that a `$ref` names, each by its keys.
fn values<const N: usize>(
    work_tree: &WorkTree,
    reference: &str,
    all: [&[&str]; N],
) -> [Option<String>; N] {
    let path = RepoPath::parse_reference(reference);
    let bytes = path.and_then(|path| work_tree.read_file(&path).ok()?);
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let yaml = yaml::parse(&text).ok();
    all.map(|keys| {
        let yaml = yaml.as_ref()?;
        let mut node = *yaml.roots().first()?;
        for key in keys {
            node = yaml.get(node, key)?.0;
        }
        yaml.scalar(node).map(escaped)
    })
}
