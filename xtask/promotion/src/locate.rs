//! Answers which scalars of a file a pin's selector finds, and which of those may move.
//!
//! Finds only: what is written, and where, is decided in `plan.rs`.

mod stay;
mod targets;

use std::ops::Range;

use crate::model::component::{
    FilePattern, Form, KeyPath, PathStep, PinSpec, SaasFilter, Selector,
};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::tree::{Tree, is_lfs_pointer};
use crate::model::upstream::Upstream;
use crate::model::version::{commit_part, is_digest, is_full_commit, is_word, tag_and_digest};
use crate::syntax::dotenv;
use crate::syntax::yaml::{self, NodeId, Via, Yaml};
pub use stay::Stay;
use stay::with_invisible_shown;

const INVISIBLE: &str = "has blanks or invisible characters in it";

/// One scalar that a selector found.
#[derive(Debug)]
pub struct Located {
    /// The file that it stands in, if that is not the one that was looked at.
    pub file: Option<RepoPath>,
    /// From 1.
    pub line: usize,
    /// Its version, or how to call it where it has none.
    pub value: String,
    /// `template/target` in a saas file.
    pub target: Option<String>,
    /// What narrows a saas selector to it.
    pub filter: Option<SaasFilter>,
    /// Whether it may move.
    pub role: Role,
}

impl Located {
    /// One without a name; its value is still to be given.
    fn new(line: usize, role: Role) -> Located {
        Located { line, value: String::new(), file: None, target: None, filter: None, role }
    }
}

/// Whether a scalar may move.
#[derive(Debug)]
pub enum Role {
    /// It may: these bytes hold the version.
    Pin(Pin),
    /// It is no pin, or something else moves it.
    Stays(Stay),
    /// It is a pin in a form that no edit could change without changing something else.
    Unfit(&'static str),
    /// It stands in a file that can't be read.
    Unreadable(Problem),
}

/// The bytes of a version, and how another reader finds them again.
#[derive(Debug)]
pub struct Pin {
    /// Bytes of the file: the version alone, without quotes.
    pub range: Range<usize>,
    /// Whether a version that looks like a number needs quotes here.
    pub needs_quotes: bool,
    pub holds: Holds,
    /// Where the second parser finds it.
    pub path: ValuePath,
}

/// What the bytes of a pin are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A commit or a tag.
    Version,
    Digest,
    /// `VERSION@DIGEST`: both move together.
    VersionAndDigest,
}

/// Where a value stands, in terms that need no byte positions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValuePath {
    /// Document, then entry or item at each level, from 0; and what precedes the version there.
    Yaml(Vec<usize>, String),
    /// The line, from 1, of a variable with that name.
    Variable(usize, String),
}

/// Everything that `spec` finds in `text`, in the order of the file.
pub fn locate(spec: &PinSpec, upstream: &Upstream, text: &str) -> Result<Vec<Located>, Problem> {
    if let Selector::Variable(name) = &spec.selector {
        return variables(spec, name, text);
    }
    Ok(locate_in(spec, upstream, &yaml::parse(text)?, None))
}

/// The same in a YAML file that is read already; no variable stands in one. With a tree, also the
/// targets of a saas file that stand in files of their own.
pub fn locate_in(
    spec: &PinSpec,
    upstream: &Upstream,
    yaml: &Yaml,
    tree: Option<&Tree>,
) -> Vec<Located> {
    match &spec.selector {
        Selector::Variable(_) => Vec::new(),
        Selector::Key(name) => {
            let candidate = |node| candidate(yaml, spec, node, yaml.reached(node));
            yaml.values_of(name).into_iter().map(candidate).collect()
        }
        Selector::Path(path) => by_path(yaml, spec, path),
        Selector::Image(image) => images(yaml, spec, image),
        Selector::Saas(_) | Selector::Parameter(..) => targets::in_file(yaml, spec, upstream, tree),
    }
}

/// The same as [`locate`], with the targets of a saas file that stand in files of their own.
pub fn locate_in_tree(
    spec: &PinSpec,
    upstream: &Upstream,
    text: &str,
    tree: &Tree,
) -> Result<Vec<Located>, Problem> {
    match &spec.selector {
        Selector::Saas(_) | Selector::Parameter(..) => {
            Ok(locate_in(spec, upstream, &yaml::parse(text)?, Some(tree)))
        }
        _ => locate(spec, upstream, text),
    }
}

/// Whether a file that can't be read may hold what `spec` looks for.
///
/// A template that only mentions a key or an image is not meant: the key has to stand before a
/// colon, the image before a version. What Git LFS keeps elsewhere may hold anything.
pub fn may_hold(spec: &PinSpec, text: &str) -> bool {
    if is_lfs_pointer(text.as_bytes()) {
        return true;
    }
    let lines = text.split(['\n', '\r']);
    let mut lines = lines.filter(|line| !line.trim_start().starts_with('#'));
    match &spec.selector {
        Selector::Variable(name) => dotenv::mentions(text, name),
        Selector::Key(name) | Selector::Parameter(name, _) => lines.any(|line| has_key(line, name)),
        Selector::Path(path) => match path.steps.last() {
            Some(PathStep::Key(name)) => lines.any(|line| has_key(line, name)),
            _ => true,
        },
        Selector::Image(image) => {
            lines.any(|line| has_version(line, image) || line.contains(&format!("{image}@sha256:")))
        }
        Selector::Saas(_) => lines.any(|line| has_key(line, "resourceTemplates")),
    }
}

/// The problem of a file that can be read, and in which nothing is found. The name of a variable may
/// stand in it all the same.
pub fn nothing(spec: &PinSpec, bytes: &[u8]) -> Problem {
    let problem = Problem::new(format!("no {} in it", spec.selector)).help(spec.origin.cure());
    let text = String::from_utf8_lossy(bytes);
    match &spec.selector {
        Selector::Variable(name) => match dotenv::line_with(&text, name) {
            None => problem,
            Some(line) => {
                let message = format!("{}: expected `[export ]{name}=value`", problem.message);
                Problem { message, line: Some(line), ..problem }
            }
        },
        _ => problem,
    }
}

fn has_key(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let rest = &line[start + key.len()..];
        let after = rest.trim_start_matches(['"', '\'']);
        let is_quoted = after.len() < rest.len();
        before.is_none_or(|c| " \t\"'{[,-?".contains(c))
            && after.trim_start().strip_prefix(':').is_some_and(|value| {
                is_quoted || value.chars().next().is_none_or(char::is_whitespace)
            })
    })
}

fn has_version(line: &str, image: &str) -> bool {
    line.match_indices(image).any(|(start, _)| {
        line[start + image.len()..].strip_prefix(':').is_some_and(|tag| {
            let part_of_tag = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            let end = tag.find(|c| !part_of_tag(c)).unwrap_or(tag.len());
            commit_part(&tag[..end]).is_some()
        })
    })
}

/// The rule of what moves: in a literal file any word, in a glob (and in images) only commits
/// and `COMMIT-suffix`, in a saas file only full commits (and tags, where tags are written);
/// where a digest is written, only a digest.
fn moves(spec: &PinSpec, value: &str) -> bool {
    if spec.form == Form::Digest {
        return is_digest(value);
    }
    match (&spec.selector, &spec.files) {
        (Selector::Saas(_), _) => {
            is_full_commit(value) || (spec.form == Form::Tag && commit_part(value).is_some())
        }
        (Selector::Image(_) | Selector::Parameter(..), _) | (_, FilePattern::Glob(_)) => {
            commit_part(value).is_some()
        }
        (_, FilePattern::File(_)) => is_word(value),
    }
}

fn variables(spec: &PinSpec, name: &str, text: &str) -> Result<Vec<Located>, Problem> {
    let found = dotenv::assignments(text)?.into_iter().filter(|one| one.name == name);
    let found = found.map(|one| {
        let path = ValuePath::Variable(one.line, name.to_owned());
        let pin = Pin { range: one.range, needs_quotes: false, holds: holds(spec), path };
        let role = match one.unfit {
            Some(reason) => Role::Unfit(reason),
            None if one.value.starts_with('(') => Role::Stays(Stay::List),
            None if moves(spec, one.value) => Role::Pin(pin),
            None => Role::Stays(stay(spec, one.value)),
        };
        seen(spec, Located { value: one.value.to_owned(), ..Located::new(one.line, role) })
    });
    Ok(found.collect())
}

/// Refuses what is no version only for a character that nobody sees, and what has a digest too.
fn seen(spec: &PinSpec, found: Located) -> Located {
    if !matches!(found.role, Role::Stays(_)) {
        return found;
    }
    if let Some(value) = with_invisible_shown(&found.value, |value| moves(spec, value)) {
        let role = Role::Unfit(INVISIBLE);
        return Located { value, role, ..found };
    }
    match found.value.split_once('@') {
        Some((tag, digest)) if is_word(tag) && Stay::of(digest) == Stay::Digest => {
            Located { role: Role::Unfit("has a digest too, and both would have to move"), ..found }
        }
        _ => found,
    }
}

fn candidate(yaml: &Yaml, spec: &PinSpec, node: NodeId, via: Via) -> Located {
    let known = yaml.follow(node);
    let value = known.and_then(|(node, _)| yaml.scalar(node));
    let role = match (known, value) {
        (None, _) => Role::Unfit("is an alias whose anchor is not in the file"),
        (Some((node, _)), _) if yaml.is_null(node) => Role::Stays(Stay::Null),
        (_, Some(value)) if moves(spec, value) => pin(yaml, node, via, "", holds(spec)),
        // A block scalar may end in a line break that is no part of the version.
        (_, Some(value)) if moves(spec, value.trim_end_matches('\n')) => {
            match pin(yaml, node, via, "", holds(spec)) {
                Role::Pin(_) => Role::Unfit(INVISIBLE),
                role => role,
            }
        }
        (_, Some(value)) => Role::Stays(stay(spec, value)),
        (Some((node, _)), None) if yaml.is_list(node) => Role::Stays(Stay::List),
        (Some(_), None) => Role::Stays(Stay::Mapping),
    };
    let called = || known.map_or("an alias", |(node, _)| yaml.describe(node));
    let value = value.unwrap_or_else(called).to_owned();
    seen(spec, Located { value, ..Located::new(yaml.line(node), role) })
}

/// What a scalar holds that is nothing but the version.
fn holds(spec: &PinSpec) -> Holds {
    if spec.form == Form::Digest { Holds::Digest } else { Holds::Version }
}

/// What a scalar is that does not move.
fn stay(spec: &PinSpec, value: &str) -> Stay {
    match (spec.form, Stay::of(value)) {
        (Form::Digest, Stay::Digest) => Stay::OtherDigest,
        (Form::Digest, Stay::ShortCommit) => Stay::Commit,
        (_, stay) => stay,
    }
}

fn pin(yaml: &Yaml, node: NodeId, via: Via, prefix: &str, holds: Holds) -> Role {
    match via {
        Via::Alias => return Role::Unfit("comes by an alias"),
        Via::Merge => return Role::Unfit("comes by a merge key"),
        Via::Own => {}
    }
    match yaml.slot(node) {
        Err(reason) => Role::Unfit(reason),
        Ok(slot) => Role::Pin(Pin {
            range: slot.inner.start + prefix.len()..slot.inner.end,
            needs_quotes: slot.plain && prefix.is_empty(),
            holds,
            path: ValuePath::Yaml(yaml.path(node), prefix.to_owned()),
        }),
    }
}

fn images(yaml: &Yaml, spec: &PinSpec, image: &str) -> Vec<Located> {
    let found = yaml.values().filter_map(|(node, value)| {
        let behind = value.strip_prefix(image)?;
        let separator = behind.get(..1).filter(|one| matches!(*one, ":" | "@"))?;
        let value = if separator == "@" { behind } else { &behind[1..] };
        let role = match image_holds(spec, behind.trim_end_matches('\n')) {
            Some(holds) => {
                let prefix = format!("{image}{separator}");
                match pin(yaml, node, Via::Own, &prefix, holds) {
                    Role::Pin(_) if !yaml.is_verbatim(node) => {
                        Role::Unfit("is written with escapes")
                    }
                    role => role,
                }
            }
            None => Role::Stays(stay(spec, value)),
        };
        let value = behind[1..].to_owned();
        Some(seen(spec, Located { value, ..Located::new(yaml.line(node), role) }))
    });
    found.collect()
}

/// What moves behind the name of an image: `:TAG`, `:TAG@DIGEST`, or `@DIGEST` where a digest is
/// written.
fn image_holds(spec: &PinSpec, behind: &str) -> Option<Holds> {
    if let Some(digest) = behind.strip_prefix('@') {
        return moves(spec, digest).then_some(Holds::Digest).filter(|_| spec.form == Form::Digest);
    }
    match tag_and_digest(behind.strip_prefix(':')?) {
        (tag, Some(_)) => commit_part(tag).map(|_| Holds::VersionAndDigest),
        (tag, None) => (spec.form != Form::Digest && moves(spec, tag)).then_some(Holds::Version),
    }
}

fn by_path(yaml: &Yaml, spec: &PinSpec, path: &KeyPath) -> Vec<Located> {
    let mut nodes: Vec<_> = yaml.roots().iter().map(|&root| (root, Via::Own)).collect();
    for step in &path.steps {
        nodes = nodes.into_iter().flat_map(|(node, via)| one_step(yaml, node, via, step)).collect();
    }
    let twice = nodes.len() > 1;
    let found = nodes.into_iter().map(|(node, via)| {
        let mut found = candidate(yaml, spec, node, via);
        if twice {
            found.role = Role::Unfit("is not the only value that the path matches");
        }
        found
    });
    found.collect()
}

fn one_step(yaml: &Yaml, node: NodeId, via: Via, step: &PathStep) -> Vec<(NodeId, Via)> {
    match step {
        PathStep::Key(key) => {
            let value = yaml.get(node, key).into_iter();
            value.map(|(value, how)| (value, via.or(how).or(yaml.reached(value)))).collect()
        }
        PathStep::Item(key, wanted) => {
            let is = |item: &NodeId| {
                let value = yaml.get(*item, key).and_then(|(value, _)| yaml.scalar(value));
                value == Some(wanted)
            };
            yaml.items(node).into_iter().filter(is).map(|item| (item, via)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The names and filters of what an item of `pins` finds, with the targets in other files.
    fn found(pin: &str, files: &[(&str, &str)]) -> Vec<String> {
        let config = format!(
            "[component.c]\nupstream = \"https://x/u\"\n\
             [component.c.environment.e]\npins = [{{ file = \"s.yml\", {pin} }}]\n"
        );
        let config = Config::parse("promote.toml", &config).unwrap();
        let path = |path| RepoPath::parse(path).unwrap();
        let tree = Tree(files.iter().map(|(name, text)| (path(name), (*text).into())).collect());
        let component = &config.components[0];
        let spec = component.pins().next().unwrap();
        let found = locate_in_tree(spec, &component.upstream, files[0].1, &tree).unwrap();
        let shown = |one: Located| {
            let filter = one.filter.map(|filter| filter.to_string());
            let name = one.target.as_deref().unwrap_or("-");
            format!("{} of {name}:{}", one.value, filter.as_deref().unwrap_or(" unknown"))
        };
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn what_narrows_a_selector_to_a_value() {
        let saas = "parameters: {P: aaaaaaa}\nresourceTemplates:\n\
                    - name: t\n  url: https://x/u\n  parameters: {P: bbbbbbb}\n  targets:\n\
                    \x20 - {name: a, parameters: {P: ccccccc}}\n  - {$ref: /a.yml}\n\
                    - name: v\n  url: https://x/u\n  targets: [{$ref: /a.yml}]\n";
        let target = "name: z\nparameters: {P: ddddddd}\n";
        let files = [("s.yml", saas), ("data/a.yml", target)];
        let (all, template) = ("aaaaaaa of -:", "bbbbbbb of t: with template `t`");
        let (a, z) = (
            "ccccccc of t/a: with template `t` with target `a`",
            "ddddddd of t/z: with template `t` with target `z`",
        );
        let other = "ddddddd of v/z: with template `v` with target `z`";
        assert_eq!(found("parameter = \"P\"", &files), [all, template, a, z, other]);
        assert_eq!(found("parameter = \"P\", template = \"t\"", &files), [template, a, z]);
        assert_eq!(found("parameter = \"P\", target = \"z\"", &files), [z, other]);
    }

    #[test]
    fn keys_of_a_file_that_can_not_be_read() {
        for line in
            ["tag: x", "tag:", "- tag: x", "{tag: x}", "\"tag\":1", "'tag' : x", "a: b, tag: x"]
        {
            assert!(has_key(line, "tag"), "{line}");
        }
        for line in ["tag:x", "tags: x", "xtag: x", "tag = x", "a: tag", "{tag}: x"] {
            assert!(!has_key(line, "tag"), "{line}");
        }
    }
}
