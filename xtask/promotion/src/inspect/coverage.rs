//! The coverage scan: finds pins that no environment of the configuration has. The shell's `search`
//! picks the files.

mod claims;
mod parameters;
mod pin;
mod terms;
mod theirs;

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use memchr::memmem;

use claims::{Spot, claimed, claimed_in_target_file, spot};
use parameters::{Named, VersionParameters};
use terms::Index;
pub use terms::Terms;
pub use theirs::{unconfigured_and_theirs, versions_in};

use crate::config::Config;
use crate::locate::{self, Located, Role};
use crate::model::component::{FilePattern, Form, Origin, PinSpec, SaasFilter, Selector};
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::model::upstream::Upstream;
use crate::model::version::{SHORTEST_COMMIT, commit_part, is_digest};
use crate::saas;
use crate::syntax::yaml::{self, Yaml};

/// Unconfigured pins of one file that one item of `pins` in `promote.toml` would find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfigured {
    pub component: String,
    pub file: RepoPath,
    pub selector: Selector,
    pub form: Form,
    /// Of a digest: the image that is named beside it, and whether its tags are whole commits.
    pub image: Option<(String, bool)>,
    /// Whether the selector also finds values in the file that must stay as they are.
    pub mixed: bool,
    /// In a saas file: the targets that the configuration has already.
    pub claimed: Vec<SaasFilter>,
    pub values: Vec<UnconfiguredValue>,
}

/// One pin that no environment has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnconfiguredValue {
    /// The file that it stands in, if that is not the saas file.
    pub file: Option<RepoPath>,
    /// From 1.
    pub line: usize,
    /// The first byte of the pin in its file; `None` if it can't be edited.
    pub start: Option<usize>,
    pub value: String,
    /// `template/target` in a saas file.
    pub target: Option<String>,
    /// In a saas file: the filter that selects only this target.
    pub filter: Option<SaasFilter>,
    /// Why the pin can't be edited as it is written, such as `comes by an alias`.
    pub unfit: Option<&'static str>,
}

/// The two kinds of files in which pins are looked for, told apart by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Dotenv files, shell scripts and makefiles: searched for variables.
    Shell,
    /// YAML and JSON: searched for keys, images and saas targets.
    Yaml,
}

impl UnconfiguredValue {
    /// The file that it stands in; `searched` is the one that it was found by.
    pub fn file<'f>(&'f self, searched: &'f RepoPath) -> &'f RepoPath {
        self.file.as_ref().unwrap_or(searched)
    }
}

impl FileKind {
    /// The kind of a file; `None` if no pins are looked for in it.
    pub fn of(path: &str) -> Option<FileKind> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".yml", ".yaml", ".json"]) {
            Some(FileKind::Yaml)
        } else if name.starts_with(".env")
            || name == "Makefile"
            || ends(&[".env", ".sh", ".bash", ".mk"])
        {
            Some(FileKind::Shell)
        } else {
            None
        }
    }
}

/// Whether a file may have a pin, as far as can be told without parsing it. `false` is certain:
/// [`unconfigured`] finds only commits, tags that begin with one, and digests, and the target of a
/// saas file may stand elsewhere.
///
/// Answers are kept in caches: whoever changes what is a pin, or in which files, gives the catalogue
/// of the shell another format.
pub fn may_hold_version(path: &str, bytes: &[u8]) -> bool {
    match FileKind::of(path) {
        // A shell joins words out of pieces.
        Some(FileKind::Shell) => true,
        Some(FileKind::Yaml) => {
            yaml::may_hold_digits(bytes, SHORTEST_COMMIT) || saas::may_refer_to_target(bytes)
        }
        None => false,
    }
}

/// The pins that match `terms` and that the configuration doesn't have, in the order of the files,
/// then of the terms.
///
/// Not pins: values that follow a branch or a moving tag, targets with `promotion.auto` or
/// `delete`, and everything in a file that can't be read. Saas targets in files of their own are
/// found where the tree has these.
pub fn unconfigured(terms: &[Terms], config: &Config, tree: &Tree) -> Vec<Unconfigured> {
    in_files(&tree.0, tree, &Index::new(terms, config), config)
}

fn in_files<'t>(
    files: impl IntoIterator<Item = (&'t RepoPath, &'t Vec<u8>)>,
    tree: &Tree,
    index: &Index,
    config: &Config,
) -> Vec<Unconfigured> {
    let mut found = Vec::new();
    for (path, bytes) in files {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        found.extend(indexed(path, text, tree, index, config));
    }
    found
}

/// The unconfigured pins of one file of a tree.
pub fn in_file(
    path: &RepoPath,
    tree: &Tree,
    terms: &[Terms],
    config: &Config,
) -> Vec<Unconfigured> {
    let file = tree.0.get_key_value(path);
    in_files(file, tree, &Index::new(terms, config), config)
}

fn indexed(
    path: &RepoPath,
    text: &str,
    tree: &Tree,
    index: &Index,
    config: &Config,
) -> Vec<Unconfigured> {
    let Some(reader) = ReadFile::new(path, text, tree) else { return Vec::new() };
    let mut claims = None;
    let mut found = Vec::new();
    for terms in index.of(reader.urls()) {
        for sought in reader.sought(text, terms, index) {
            let values = reader.locate(&sought.spec, &terms.upstream);
            let claims = claims.get_or_insert_with(|| claimed(path, &reader, config));
            let files: BTreeSet<_> = values.iter().filter_map(|one| one.file.as_ref()).collect();
            claims.extend(
                files.into_iter().flat_map(|file| claimed_in_target_file(file, tree, config)),
            );
            found.extend(lines(path, terms, &sought, values, claims));
        }
    }
    found
}

/// Every value in a file that matches `terms`, configured or not, with the selector that finds it.
pub fn fitting<'t>(
    path: &RepoPath,
    text: &str,
    tree: &Tree,
    terms: &'t [Terms],
    config: &'t Config,
) -> Vec<(&'t Terms, PinSpec, Vec<Located>)> {
    let Some(reader) = ReadFile::new(path, text, tree) else { return Vec::new() };
    let index = Index::new(terms, config);
    let mut fitting = Vec::new();
    for terms in index.of(reader.urls()) {
        for sought in reader.sought(text, terms, &index) {
            let mut found = reader.locate(&sought.spec, &terms.upstream);
            found.retain(|one| sought.is_for(one));
            fitting.push((terms, sought.spec, found));
        }
    }
    fitting
}

/// A file that is parsed once, however many selectors are tried on it.
enum ReadFile<'t> {
    Shell(&'t str),
    Yaml(Box<ReadYaml<'t>>),
}

/// A YAML file, and the tree with the files of its own that a saas target may stand in.
struct ReadYaml<'t> {
    yaml: Yaml<'t>,
    tree: &'t Tree,
    /// The bare upstreams of its saas templates.
    urls: HashSet<String>,
    versions: VersionParameters,
}

impl<'t> ReadFile<'t> {
    fn new(path: &RepoPath, text: &'t str, tree: &'t Tree) -> Option<Self> {
        match FileKind::of(path.as_str())? {
            FileKind::Shell => Some(ReadFile::Shell(text)),
            FileKind::Yaml => {
                let yaml = yaml::parse(text).ok()?;
                let urls = saas::templates(&yaml).into_iter().filter_map(|template| template.url);
                let urls = urls.map(|url| Upstream::new(&url).identity().to_owned()).collect();
                let versions = VersionParameters::of(&yaml);
                Some(ReadFile::Yaml(Box::new(ReadYaml { yaml, tree, urls, versions })))
            }
        }
    }

    /// The bare upstreams of its saas templates.
    fn urls(&self) -> &HashSet<String> {
        static NONE: LazyLock<HashSet<String>> = LazyLock::new(HashSet::new);
        match self {
            ReadFile::Shell(_) => &NONE,
            ReadFile::Yaml(read) => &read.urls,
        }
    }

    fn locate(&self, spec: &PinSpec, upstream: &Upstream) -> Vec<Located> {
        match (self, &spec.selector) {
            (ReadFile::Shell(text), Selector::Variable(_)) => {
                locate::locate(spec, upstream, text).unwrap_or_default()
            }
            (ReadFile::Shell(_), _) => Vec::new(),
            (ReadFile::Yaml(read), _) => {
                locate::locate_in(spec, upstream, &read.yaml, Some(read.tree))
            }
        }
    }

    /// What may find something for these terms: its name occurs in the text.
    fn sought(&self, text: &str, terms: &Terms, index: &Index) -> Vec<PinSearch> {
        let named = |names: &[String], selector: fn(String) -> Selector| -> Vec<Selector> {
            let here = |name: &&String| memmem::find(text.as_bytes(), name.as_bytes()).is_some();
            names.iter().filter(here).cloned().map(selector).collect()
        };
        match self {
            ReadFile::Shell(_) => named(&terms.variables, Selector::Variable)
                .into_iter()
                .map(PinSearch::tag)
                .collect(),
            ReadFile::Yaml(read) => {
                let ReadYaml { yaml, urls, versions, .. } = &**read;
                let is_saas = urls.contains(terms.upstream.identity());
                let saas = Selector::Saas(SaasFilter::default());
                let saas = is_saas.then(|| PinSearch::new(saas, Form::Commit));
                let keys = named(&terms.keys, Selector::Key);
                let images = named(&terms.images, Selector::Image);
                let parameters = parameters::named(yaml, versions, terms, index).into_iter();
                let parameters = parameters.map(|(Named { name, form, image }, lines)| {
                    let selector = Selector::Parameter(name, SaasFilter::default());
                    PinSearch { image, lines: Some(lines), ..PinSearch::new(selector, form) }
                });
                let tags = [keys, images].concat().into_iter().map(PinSearch::tag);
                tags.chain(saas).chain(parameters).collect()
            }
        }
    }
}

/// What is looked for in a file.
struct PinSearch {
    spec: PinSpec,
    /// Of a digest: the image that is named beside it, and whether its tags are whole commits.
    image: Option<(String, bool)>,
    /// The lines with the values that count; `None` if all do.
    lines: Option<BTreeSet<usize>>,
}

impl PinSearch {
    /// As a glob, it finds commits only, not any word.
    fn new(selector: Selector, form: Form) -> Self {
        let files = FilePattern::Glob("**".to_owned());
        let spec = PinSpec { files, selector, form, image: None, origin: Origin::Search };
        PinSearch { spec, image: None, lines: None }
    }

    fn tag(selector: Selector) -> Self {
        PinSearch::new(selector, Form::Tag)
    }

    fn is_for(&self, found: &Located) -> bool {
        let is_line = |lines: &BTreeSet<_>| found.file.is_none() && lines.contains(&found.line);
        self.lines.as_ref().is_none_or(is_line)
    }
}

/// The unconfigured values among the ones that a selector found, as items of `pins`: one for all of
/// them, or in a saas file as many as are needed to leave the configured targets out.
fn lines(
    path: &RepoPath,
    terms: &Terms,
    sought: &PinSearch,
    found: Vec<Located>,
    claimed: &HashSet<Spot>,
) -> Vec<Unconfigured> {
    let is_free = |found: &Located| sought.is_for(found) && !claimed.contains(&spot(found));
    let others: Vec<SaasFilter> =
        found.iter().filter(|one| !is_free(one)).filter_map(|one| one.filter.clone()).collect();
    let total = found.len();
    let needs_image = sought.spec.form == Form::Digest && terms.images.len() != 1;
    let unfit = (needs_image && sought.image.is_none())
        .then_some("is a digest, and no image is named beside it");
    let value =
        |found| value(found).map(|one| UnconfiguredValue { unfit: one.unfit.or(unfit), ..one });
    let line = |selector: Selector, values: Vec<UnconfiguredValue>| Unconfigured {
        component: terms.component.clone(),
        file: path.clone(),
        form: sought.spec.form,
        image: sought.image.clone(),
        mixed: values.len() < total,
        claimed: others.clone(),
        selector,
        values,
    };
    let free: Vec<UnconfiguredValue> =
        found.into_iter().filter(is_free).filter_map(value).collect();
    if free.is_empty() {
        return Vec::new();
    }
    let selector = &sought.spec.selector;
    match selector.filter() {
        Some(_) => narrowed(free, &others)
            .into_iter()
            .map(|(filter, values)| line(selector.narrowed_to(filter), values))
            .collect(),
        None => vec![line(selector.clone(), free)],
    }
}

fn value(found: Located) -> Option<UnconfiguredValue> {
    let (.., start) = spot(&found);
    let Located { file, line, value, target, filter, role } = found;
    let unfit = match role {
        Role::Pin(_) => None,
        Role::Unfit(reason) => Some(reason),
        Role::Stays(_) | Role::Unreadable(_) => return None,
    };
    if commit_part(&value.to_ascii_lowercase()).is_none() && !is_digest(&value) {
        return None;
    }
    Some(UnconfiguredValue { file, line, start, value, target, filter, unfit })
}

/// The fewest filters that select all of `wanted` and none of `others`, each with the values that
/// it selects.
pub fn narrowed(
    wanted: Vec<UnconfiguredValue>,
    others: &[SaasFilter],
) -> Vec<(SaasFilter, Vec<UnconfiguredValue>)> {
    let mut lines: Vec<(SaasFilter, Vec<UnconfiguredValue>)> = Vec::new();
    for value in wanted {
        let own = value.filter.clone().unwrap_or_default();
        if let Some((_, values)) = lines.iter_mut().find(|(filter, _)| filter.takes(&own)) {
            values.push(value);
            continue;
        }
        let SaasFilter { template, target, namespace, .. } = own.clone();
        let candidates = [
            SaasFilter::default(),
            SaasFilter { namespace: namespace.clone(), ..SaasFilter::default() },
            SaasFilter { template: template.clone(), ..SaasFilter::default() },
            SaasFilter { template, namespace, ..SaasFilter::default() },
            SaasFilter { target, ..SaasFilter::default() },
        ];
        let fits = |filter: &SaasFilter| !others.iter().any(|other| filter.takes(other));
        let filter = candidates.into_iter().find(fits).unwrap_or(own);
        lines.push((filter, vec![value]));
    }
    lines
}

#[cfg(test)]
mod tests;
