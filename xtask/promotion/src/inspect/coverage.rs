//! The coverage scan: finds pins that no environment of the configuration has. The shell's `search`
//! picks the files.

mod terms;

use std::collections::HashSet;
use std::sync::LazyLock;

use memchr::memmem;

use terms::Index;
pub use terms::Terms;

use crate::config::Config;
use crate::locate::{self, Located, Role};
use crate::model::component::{FilePattern, Form, Origin, PinSpec, SaasFilter, Selector};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::tree::Tree;
use crate::model::upstream::Upstream;
use crate::model::version::commit_part;
use crate::saas;
use crate::syntax::yaml::Yaml;

/// Unconfigured pins of one file that one item of `pins` in `promote.toml` would find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfigured {
    pub component: String,
    pub file: RepoPath,
    pub selector: Selector,
    /// Whether the selector also finds values in the file that must stay as they are.
    pub mixed: bool,
    /// In a saas file: the targets that the configuration has already.
    pub claimed: Vec<SaasFilter>,
    pub values: Vec<UnconfiguredValue>,
}

/// One pin that no environment has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnconfiguredValue {
    /// From 1.
    pub line: usize,
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

/// The pins that match `terms` and that the configuration doesn't have, in the order of the files,
/// then of the terms.
///
/// Not pins: values that follow a branch or a moving tag, targets with `promotion.auto` or
/// `delete`, and everything in a file that can't be read.
pub fn unconfigured(terms: &[Terms], config: &Config, tree: &Tree) -> Vec<Unconfigured> {
    let index = Index::new(terms);
    let mut found = Vec::new();
    for (path, bytes) in &tree.0 {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        found.extend(indexed(path, text, &index, config));
    }
    found
}

/// The unconfigured pins of one file.
pub fn in_file(path: &RepoPath, text: &str, terms: &[Terms], config: &Config) -> Vec<Unconfigured> {
    indexed(path, text, &Index::new(terms), config)
}

fn indexed(path: &RepoPath, text: &str, index: &Index, config: &Config) -> Vec<Unconfigured> {
    let Some(reader) = ReadFile::new(path, text) else { return Vec::new() };
    let mut claimed = None;
    let mut found = Vec::new();
    for terms in index.of(reader.urls()) {
        for selector in reader.selectors(text, terms) {
            let values = reader.locate(&in_any_file(selector.clone()), &terms.upstream);
            let claimed = claimed.get_or_insert_with(|| self::claimed(path, &reader, config));
            found.extend(lines(path, terms, &selector, values, claimed));
        }
    }
    found
}

/// Every value in a file that matches `terms`, configured or not, with the selector that finds it.
pub fn fitting<'t>(
    path: &RepoPath,
    text: &str,
    terms: &'t [Terms],
) -> Vec<(&'t Terms, PinSpec, Vec<Located>)> {
    let Some(reader) = ReadFile::new(path, text) else { return Vec::new() };
    let mut fitting = Vec::new();
    for terms in Index::new(terms).of(reader.urls()) {
        for spec in reader.selectors(text, terms).into_iter().map(in_any_file) {
            let found = reader.locate(&spec, &terms.upstream);
            fitting.push((terms, spec, found));
        }
    }
    fitting
}

/// A file that is parsed once, however many selectors are tried on it.
enum ReadFile<'t> {
    Shell(&'t str),
    /// The parsed file and the bare upstreams of its saas templates.
    Yaml(Box<Yaml<'t>>, HashSet<String>),
}

impl<'t> ReadFile<'t> {
    fn new(path: &RepoPath, text: &'t str) -> Option<Self> {
        match FileKind::of(path.as_str())? {
            FileKind::Shell => Some(ReadFile::Shell(text)),
            FileKind::Yaml => {
                let yaml = Box::new(Yaml::parse(text).ok()?);
                let urls = saas::templates(&yaml).into_iter().filter_map(|template| template.url);
                let urls = urls.map(|url| Upstream::new(&url).identity().to_owned()).collect();
                Some(ReadFile::Yaml(yaml, urls))
            }
        }
    }

    /// The bare upstreams of its saas templates.
    fn urls(&self) -> &HashSet<String> {
        static NONE: LazyLock<HashSet<String>> = LazyLock::new(HashSet::new);
        match self {
            ReadFile::Shell(_) => &NONE,
            ReadFile::Yaml(_, urls) => urls,
        }
    }

    fn locate(&self, spec: &PinSpec, upstream: &Upstream) -> Vec<Located> {
        match (self, &spec.selector) {
            (ReadFile::Shell(text), Selector::Variable(_)) => {
                locate::locate(spec, upstream, text).unwrap_or_default()
            }
            (ReadFile::Shell(_), _) => Vec::new(),
            (ReadFile::Yaml(yaml, _), _) => locate::locate_in(spec, upstream, yaml),
        }
    }

    /// The selectors for these terms that may find something: their name occurs in the text.
    fn selectors(&self, text: &str, terms: &Terms) -> Vec<Selector> {
        let named = |names: &[String], selector: fn(String) -> Selector| -> Vec<Selector> {
            let here = |name: &&String| memmem::find(text.as_bytes(), name.as_bytes()).is_some();
            names.iter().filter(here).cloned().map(selector).collect()
        };
        match self {
            ReadFile::Shell(_) => named(&terms.variables, Selector::Variable),
            ReadFile::Yaml(_, urls) => {
                let is_saas = urls.contains(terms.upstream.identity());
                let saas = is_saas.then(|| Selector::Saas(SaasFilter::default()));
                let keys = named(&terms.keys, Selector::Key);
                [keys, named(&terms.images, Selector::Image)]
                    .concat()
                    .into_iter()
                    .chain(saas)
                    .collect()
            }
        }
    }
}

/// An item of `pins` for every file. As a glob, it finds commits only, not any word.
fn in_any_file(selector: Selector) -> PinSpec {
    let form = if matches!(selector, Selector::Saas(_)) { Form::Commit } else { Form::Tag };
    PinSpec { place: FilePattern::Glob("**".to_owned()), selector, form, origin: Origin::Search }
}

/// Identifies a value in a file whatever selector found it: its line, and the first byte of a pin.
type Spot = (usize, Option<usize>);

fn spot(found: &Located) -> Spot {
    match &found.role {
        Role::Pin(pin) => (found.line, Some(pin.range.start)),
        _ => (found.line, None),
    }
}

/// The values of a file that some pin of the configuration finds.
fn claimed(path: &RepoPath, reader: &ReadFile, config: &Config) -> HashSet<Spot> {
    let mut claimed = HashSet::new();
    for component in &config.components {
        for pin in component.pins().filter(|pin| pin.place.takes(path)) {
            let found = reader.locate(pin, &component.upstream);
            claimed.extend(found.iter().map(spot));
        }
    }
    claimed
}

/// The unconfigured values among the ones that a selector found, as items of `pins`: one for all of
/// them, or in a saas file as many as are needed to leave the configured targets out.
fn lines(
    path: &RepoPath,
    terms: &Terms,
    selector: &Selector,
    found: Vec<Located>,
    claimed: &HashSet<Spot>,
) -> Vec<Unconfigured> {
    let is_claimed = |found: &Located| claimed.contains(&spot(found));
    let others: Vec<SaasFilter> =
        found.iter().filter(|one| is_claimed(one)).filter_map(|one| one.filter.clone()).collect();
    let total = found.len();
    let free = found.into_iter().filter(|one| !is_claimed(one)).filter_map(value);
    let free: Vec<UnconfiguredValue> = free.collect();
    let line = |selector: Selector, values: Vec<UnconfiguredValue>| Unconfigured {
        component: terms.component.clone(),
        file: path.clone(),
        mixed: values.len() < total,
        claimed: others.clone(),
        selector,
        values,
    };
    if free.is_empty() {
        return Vec::new();
    }
    match selector {
        Selector::Saas(_) => narrowed(free, &others)
            .into_iter()
            .map(|(filter, values)| line(Selector::Saas(filter), values))
            .collect(),
        _ => vec![line(selector.clone(), free)],
    }
}

fn value(found: Located) -> Option<UnconfiguredValue> {
    let Located { line, value, target, filter, role, .. } = found;
    let unfit = match role {
        Role::Pin(_) => None,
        Role::Unfit(reason) => Some(reason),
        Role::Stays(_) => return None,
    };
    commit_part(&value.to_ascii_lowercase())?;
    Some(UnconfiguredValue { line, value, target, filter, unfit })
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

impl Unconfigured {
    /// Whether all of its values can be edited as they are written.
    pub fn is_exact(&self) -> bool {
        !self.values.iter().any(|value| value.unfit.is_some())
    }

    /// The name that TOML can't hold, because it is blank or has control characters: `file`, or a
    /// part of the saas filter.
    pub fn unnameable(&self) -> Option<&'static str> {
        let is_bad = |name: &str| name.trim().is_empty() || name.contains(char::is_control);
        let filter = match &self.selector {
            Selector::Saas(filter) => filter.parts().to_vec(),
            _ => Vec::new(),
        };
        let mut names = [("file", Some(self.file.as_str()))].into_iter().chain(filter);
        names.find(|(_, name)| name.is_some_and(is_bad)).map(|(what, _)| what)
    }

    /// The item of `pins`, in TOML, that would find these values.
    pub fn pin(&self) -> String {
        let text = |text: &str| toml_edit::Value::from(text).to_string();
        // A glob finds commits only; with a literal file any word would move.
        let keeps = matches!(self.selector, Selector::Saas(_) | Selector::Image(_)) || !self.mixed;
        let place = match keeps {
            true => format!("file = {}", text(self.file.as_str())),
            false => format!("files = {}", text(&literal(&self.file))),
        };
        let mut pin = format!("{{ {place}");
        let (key, name) = match &self.selector {
            Selector::Variable(name) => ("variable", text(name)),
            Selector::Key(name) => ("key", text(name)),
            Selector::Image(name) => ("image", text(name)),
            Selector::Path(path) => ("path", text(&path.text)),
            Selector::Saas(_) => ("saas", "true".to_owned()),
        };
        pin.push_str(&format!(", {key} = {name}"));
        if let Selector::Saas(filter) = &self.selector {
            for (key, value) in filter.parts() {
                if let Some(value) = value {
                    pin.push_str(&format!(", {key} = {}", text(value)));
                }
            }
        }
        pin + " }"
    }

    /// The warning that a promotion shows for them.
    pub fn warning(&self) -> Problem {
        let Unconfigured { component, file, selector, values, .. } = self;
        let lines = |values: &[UnconfiguredValue]| {
            values.iter().map(|value| value.line.to_string()).collect::<Vec<_>>().join(", ")
        };
        let Some((first, rest)) = values.split_first() else { return Problem::default() };
        let also = match rest {
            [] => String::new(),
            [_] => format!(" (also in line {})", lines(rest)),
            _ => format!(" (also in lines {})", lines(rest)),
        };
        let what = selector.to_string();
        let message = format!(
            "{what} is `{}`, and no environment of `{component}` has it{also}",
            first.value
        );
        let help = match (values.iter().find_map(|value| value.unfit), self.unnameable()) {
            (Some(reason), _) => format!("write it out first, for it {reason}"),
            (None, Some(what)) => format!("rename the {what}: no configuration can name it"),
            (None, None) => {
                format!("take it in with `pins = [{}]`, as `discover --write` does", self.pin())
            }
        };
        Problem::new(message).file(file.as_str()).line(first.line).help(help)
    }
}

/// The glob that matches only this path.
fn literal(path: &RepoPath) -> String {
    let mut glob = String::new();
    for c in path.as_str().chars() {
        glob.extend("*?[]{}!".contains(c).then_some('\\'));
        glob.push(c);
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_globs() {
        for path in ["a/b.yml", "[a]/{b,c}?.yml", "!a*.yml", "**/x.yml"] {
            let path = RepoPath::parse(path).unwrap();
            let glob = literal(&path);
            assert!(fast_glob::validate(&glob).is_ok(), "{glob}");
            assert!(fast_glob::glob_match(&glob, path.as_str()), "{glob}");
            for other in ["a/c.yml", "a/b.yaml", "x.yml", "a/b.yml/x", "ab.yml", "!ab.yml"] {
                assert!(!fast_glob::glob_match(&glob, other), "{glob} {other}");
            }
        }
    }
}
