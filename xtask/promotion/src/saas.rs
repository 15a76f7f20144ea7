//! Reads saas files: their templates and targets, and the facts about each target that decide
//! whether it moves, who has to go first, and where it runs. Changes nothing.
//!
//! Source: the schemas `saas-file-2` and `saas-file-target-1` of qontract-schemas.

pub mod app;
pub mod choice;
pub mod component;

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::model::component::{FilePattern, SaasFilter};
use crate::model::escape::escaped;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::tree::{Tree, refuse_pointer};
use crate::model::version::is_full_commit;
use crate::syntax::yaml::{self, NodeId, Via, Yaml};

/// A text that every saas file contains. The catalogue of the shell remembers which files have it:
/// with another text, it needs another format.
pub const NEEDLE: &str = "resourceTemplates";

/// A saas file with all of its targets, wherever they are written.
#[derive(Debug, Clone)]
pub struct SaasFile {
    pub path: RepoPath,
    /// Its `name`, safe to print; the name of the file where it has none.
    pub name: String,
    /// The `$ref` of its app.
    pub app: Option<String>,
    /// Whether it is not to be updated any more.
    pub deprecated: bool,
    /// What the images of its targets begin with.
    pub image_patterns: Vec<String>,
    pub templates: Vec<Template>,
}

impl SaasFile {
    /// The file of its app; the error says that it names none.
    pub fn app_path(&self) -> Result<RepoPath, Problem> {
        self.app.as_deref().and_then(RepoPath::parse_reference).ok_or_else(|| {
            let problem = Problem::new(format!("`{}` has no `app`", self.name));
            problem.file(self.path.as_str()).help("its code components are listed in that file")
        })
    }

    /// Reads a file of a tree; `None` if it is no saas file. Targets in files of their own are
    /// looked up in the tree; those that are missing there, or can't be read, stay references.
    pub fn read(path: &RepoPath, tree: &Tree) -> Option<SaasFile> {
        let yaml = yaml::parse(std::str::from_utf8(tree.get(path)?).ok()?).ok()?;
        let &root = yaml.roots().first()?;
        yaml.get(root, "resourceTemplates")?;
        let mut templates = templates(&yaml);
        for template in &mut templates {
            for target in &mut template.targets {
                if let Some(found) = looked_up(target, template.name.as_deref(), tree) {
                    *target = found;
                }
            }
        }
        let app = yaml.get(root, "app").and_then(|(app, _)| text(&yaml, app, "$ref"));
        Some(SaasFile {
            path: path.clone(),
            name: escaped(text(&yaml, root, "name").unwrap_or(stem(path.as_str()))),
            app: app.map(str::to_owned),
            deprecated: yaml.get(root, "deprecated").is_some_and(|(node, _)| yaml.is_true(node)),
            image_patterns: texts(&yaml, root, "imagePatterns"),
            templates,
        })
    }

    /// Every target with its template.
    pub fn targets(&self) -> impl Iterator<Item = (&Template, &Target)> {
        let targets = |template| move |target| (template, target);
        self.templates.iter().flat_map(move |one| one.targets.iter().map(targets(one)))
    }
}

/// The target that stands in a file of its own; `None` for any other, and where the tree lacks that
/// file or it can't be read.
pub fn looked_up(target: &Target, template: Option<&str>, tree: &Tree) -> Option<Target> {
    let path = RepoPath::parse_reference(&target.elsewhere.as_ref()?.0)?;
    let bytes = tree.get(&path)?;
    refuse_pointer(path.as_str(), bytes).ok()?;
    let yaml = yaml::parse(std::str::from_utf8(bytes).ok()?).ok()?;
    Some(Target { file: Some(path), ..target_file(&yaml, template)? })
}

/// Where a target runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// The name of its environment.
    pub environment: Option<String>,
    /// The name of its cluster.
    pub cluster: Option<String>,
    /// The name of its namespace.
    pub namespace: Option<String>,
}

/// A resource template of a saas file.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: Option<String>,
    /// The upstream.
    pub url: Option<String>,
    /// How many digits of the commit make the tag of its image.
    pub hash_length: Option<usize>,
    /// The mapping `parameters`, which all targets have.
    pub parameters: Option<(NodeId, Via)>,
    /// Why nobody may promote it: its line, and how its `url` or `path` got there.
    pub unfit: Option<(usize, String)>,
    pub targets: Vec<Target>,
    /// Its file in the upstream, without the slash in front.
    pub path: Option<String>,
}

/// A target of a template, in the saas file itself or in a file of its own.
#[derive(Debug, Clone)]
pub struct Target {
    /// The file that it refers to and the line (from 1) that says so, if it is written there: then
    /// nothing else is known of it here.
    pub elsewhere: Option<(String, usize)>,
    /// The file that it stands in, if that is not the saas file.
    pub file: Option<RepoPath>,
    /// Its name, else that of its namespace, its `namespaceSelector` or its file; for people.
    pub called: String,
    /// Template and target, for people.
    pub label: String,
    /// What narrows a selector to it.
    pub filter: SaasFilter,
    /// The value of `ref`, and how it was reached: what comes by an alias or a merge key is not the
    /// target's own.
    pub reference: Option<(NodeId, Via)>,
    /// What `ref` says, and its line (from 1).
    pub value: Option<(String, usize)>,
    /// The mapping `parameters`.
    pub parameters: Option<(NodeId, Via)>,
    /// `IMAGE_TAG` among the parameters.
    pub image_tag: Option<String>,
    pub promotion: TargetPromotion,
    pub disable: bool,
    /// Whether it is about to be deleted.
    pub delete: bool,
    /// The key that can't stand beside a commit as `ref`, if it has one.
    pub conflict: Option<&'static str>,
}

impl Target {
    /// Whether its `ref` is a commit that people move: automation does not, and it is in use.
    pub fn is_promoted_by_people(&self) -> bool {
        let is_pin = self.value.as_ref().is_some_and(|(value, _)| is_full_commit(value));
        is_pin && !self.promotion.auto && !self.disable && !self.delete
    }
}

/// What `promotion` says of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetPromotion {
    /// Whether automation moves it.
    pub auto: bool,
    /// Channels that tell when others have deployed a commit.
    pub subscribe: Vec<String>,
    /// Channels on which it tells that it has deployed a commit.
    pub publish: Vec<String>,
    /// For how many days the publishers must have run a commit.
    pub soak_days: Option<u64>,
}

/// The templates of a saas file; none in any other file.
pub fn templates(yaml: &Yaml) -> Vec<Template> {
    let mut found = Vec::new();
    for &root in yaml.roots() {
        let Some((list, via)) = yaml.get(root, "resourceTemplates") else { continue };
        let via = via.or(yaml.reached(list));
        found.extend(yaml.items(list).into_iter().map(|item| template(yaml, item, via)));
    }
    found
}

fn template(yaml: &Yaml, item: NodeId, via: Via) -> Template {
    let name = text(yaml, item, "name");
    let targets = yaml.get(item, "targets").map(|(list, via_list)| {
        let via = via.or(via_list).or(yaml.reached(list));
        let items = yaml.items(list).into_iter();
        items.map(|item| target(yaml, item, via, name)).collect()
    });
    Template {
        name: name.map(str::to_owned),
        url: text(yaml, item, "url").map(str::to_owned),
        hash_length: text(yaml, item, "hash_length").and_then(|length| length.parse().ok()),
        parameters: yaml.get(item, "parameters").map(|(node, via_key)| (node, via.or(via_key))),
        unfit: ["url", "path"].into_iter().find_map(|key| unfit(yaml, item, via, key)),
        targets: targets.unwrap_or_default(),
        path: text(yaml, item, "path").map(|path| path.trim_start_matches('/').to_owned()),
    }
}

/// Why the value under a key is not the template's own, with the line of that key's value.
fn unfit(yaml: &Yaml, item: NodeId, via: Via, key: &str) -> Option<(usize, String)> {
    let (node, via_key) = yaml.get(item, key)?;
    let reason = match via.or(via_key).or(yaml.reached(node)) {
        Via::Alias => "comes by an alias",
        Via::Merge => "comes by a merge key",
        Via::Own if yaml.has_used_anchor(node) => {
            "has an anchor, on it or around it, that is used elsewhere in the file"
        }
        Via::Own => return None,
    };
    Some((yaml.line(node), format!("`{key}` {reason}")))
}

/// Whether a file may hold nothing but a target, to which a saas file refers.
pub fn may_be_target(path: &RepoPath, text: &str) -> bool {
    let is_in_reach = path.as_str().starts_with("data/");
    let yaml = is_in_reach.then(|| yaml::parse(text).ok()).flatten();
    let target = yaml.and_then(|yaml| target_file(&yaml, None));
    target.is_some_and(|target| target.reference.is_some() || target.parameters.is_some())
}

/// The target that a file of its own holds, for a template of that name.
pub fn target_file(yaml: &Yaml, template: Option<&str>) -> Option<Target> {
    let &root = yaml.roots().first()?;
    Some(target(yaml, root, Via::Own, template))
}

fn target(yaml: &Yaml, item: NodeId, via: Via, template: Option<&str>) -> Target {
    let is_true = |node, key| yaml.get(node, key).is_some_and(|(value, _)| yaml.is_true(value));
    let own = |key| {
        let (node, via_key) = yaml.get(item, key)?;
        Some((node, via.or(via_key).or(yaml.reached(node))))
    };
    let name = text(yaml, item, "name");
    let namespace = yaml.get(item, "namespace").and_then(|(node, _)| text(yaml, node, "$ref"));
    let promotion = yaml.get(item, "promotion").map(|(node, _)| TargetPromotion {
        auto: is_true(node, "auto"),
        subscribe: texts(yaml, node, "subscribe"),
        publish: texts(yaml, node, "publish"),
        soak_days: text(yaml, node, "soakDays").and_then(|days| days.parse().ok()),
    });
    let elsewhere = text(yaml, item, "$ref").map(|file| (file.to_owned(), yaml.line(item)));
    let selected = || Some(selected(yaml, item)).filter(|selected| !selected.is_empty());
    let called = name.or(namespace.map(stem)).map(str::to_owned).or_else(selected);
    let called = called.or_else(|| Some(stem(&elsewhere.as_ref()?.0).to_owned()));
    let called = called.unwrap_or("(no name)".to_owned());
    Target {
        file: None,
        elsewhere,
        label: format!("{}/{called}", template.unwrap_or("(no name)")),
        called,
        filter: SaasFilter {
            template: template.map(str::to_owned),
            target: name.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            is_exact: false,
        },
        reference: own("ref"),
        value: own("ref")
            .and_then(|(node, _)| Some((yaml.scalar(node)?.to_owned(), yaml.line(node)))),
        image_tag: own("parameters")
            .and_then(|(node, _)| text(yaml, node, "IMAGE_TAG"))
            .map(str::to_owned),
        parameters: own("parameters"),
        promotion: promotion.unwrap_or_default(),
        disable: is_true(item, "disable"),
        delete: is_true(item, "delete"),
        conflict: ["upstream", "images"].into_iter().find(|key| yaml.get(item, key).is_some()),
    }
}

/// What the `namespaceSelector` of a target selects.
fn selected(yaml: &Yaml, item: NodeId) -> String {
    let keys = ["namespaceSelector", "jsonPathSelectors"];
    let all = keys.iter().try_fold(item, |node, key| Some(yaml.get(node, key)?.0));
    all.map(|all| texts(yaml, all, "include").join(", ")).unwrap_or_default()
}

/// Whether a file may be a saas file that has a target in a file of its own, as far as can be told
/// without parsing it: that of a namespace is the value of a key, not an item of a list.
pub fn may_refer_to_target(bytes: &[u8]) -> bool {
    static REFERENCE: LazyLock<Finder> = LazyLock::new(|| Finder::new("$ref"));
    static SAAS: LazyLock<Finder> = LazyLock::new(|| Finder::new(NEEDLE));
    let is_item = |start: usize| {
        let before = bytes[..start].iter().rev();
        before.copied().find(|byte| !b" \t\r\n\"'{".contains(byte)) != Some(b':')
    };
    REFERENCE.find_iter(bytes).any(is_item) && SAAS.find(bytes).is_some()
}

/// The files that targets of the saas files among `patterns` are written in.
pub fn target_files(tree: &Tree, patterns: &[FilePattern]) -> Vec<RepoPath> {
    let mut found = Vec::new();
    for (path, bytes) in &tree.0 {
        let is_saas = patterns.iter().any(|pattern| pattern.takes(path));
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if !is_saas || !may_refer_to_target(bytes) {
            continue;
        }
        let Ok(yaml) = yaml::parse(text) else { continue };
        let targets = templates(&yaml).into_iter().flat_map(|template| template.targets);
        let elsewhere = targets.filter_map(|target| target.elsewhere);
        found.extend(elsewhere.filter_map(|(file, _)| RepoPath::parse_reference(&file)));
    }
    found.sort();
    found.dedup();
    found
}

/// The scalar under a key of a mapping.
fn text<'y>(yaml: &'y Yaml, node: NodeId, key: &str) -> Option<&'y str> {
    yaml.get(node, key).and_then(|(value, _)| yaml.scalar(value))
}

/// The scalars of the list under a key of a mapping.
fn texts(yaml: &Yaml, node: NodeId, key: &str) -> Vec<String> {
    let items = yaml.get(node, key).map(|(list, _)| yaml.items(list)).unwrap_or_default();
    items.into_iter().filter_map(|item| yaml.scalar(item)).map(str::to_owned).collect()
}

/// `/services/x/namespaces/app-prod.yml` is called `app-prod`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
