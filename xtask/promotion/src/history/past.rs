//! Names a pin so that it is found again in other contents of its file, and reads its history from
//! these.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::locate::{Located, locate, locate_in};
use crate::model::commit::Revision;
use crate::model::component::{FilePattern, KeyPath, PathStep, PinSpec, Selector};
use crate::model::path::RepoPath;
use crate::model::upstream::Upstream;
use crate::syntax::yaml;

/// Names one value of a file, so that it is found again in another content of that file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinName {
    /// What finds it, and others like it.
    pub spec: PinSpec,
    /// The upstream that the templates of a saas file must have.
    pub upstream: Upstream,
    target: Option<String>,
    /// How many values of the same target come before it.
    nth: usize,
}

/// Everything that `spec` found in a content, with the name of each.
pub fn named(
    found: Vec<Located>,
    spec: &PinSpec,
    upstream: &Upstream,
) -> impl Iterator<Item = (Located, PinName)> {
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    found.into_iter().map(move |found| {
        if let Some(file) = &found.file {
            let name = in_target_file(file, spec);
            return (found, name);
        }
        let count = counts.entry(found.target.clone()).or_default();
        let (target, nth) = (found.target.clone(), *count);
        *count += 1;
        (found, PinName { spec: spec.clone(), upstream: upstream.clone(), target, nth })
    })
}

/// The name of the `ref` or of a parameter of a saas target in a file of its own.
fn in_target_file(file: &RepoPath, spec: &PinSpec) -> PinName {
    let keys = match &spec.selector {
        Selector::Parameter(name, _) => vec!["parameters", name],
        _ => vec!["ref"],
    };
    let steps = keys.iter().map(|key| PathStep::Key((*key).to_owned())).collect();
    let selector = Selector::Path(KeyPath { text: keys.join("."), steps });
    let spec = PinSpec { files: FilePattern::File(file.clone()), selector, ..spec.clone() };
    PinName { spec, upstream: Upstream::default(), target: None, nth: 0 }
}

/// The value of each name in one content of the file; `None` where there is none, or where the
/// content can't be read. Values that the same line of the configuration finds are located once.
pub fn values(names: &[&PinName], text: &str) -> Vec<Option<String>> {
    let yaml = OnceCell::new();
    let found = |name: &PinName| match &name.spec.selector {
        Selector::Variable(_) => locate(&name.spec, &name.upstream, text).ok(),
        _ => {
            let yaml = yaml.get_or_init(|| yaml::parse(text).ok()).as_ref()?;
            Some(locate_in(&name.spec, &name.upstream, yaml, None))
        }
    };
    let mut located: Vec<(&PinName, Vec<Located>)> = Vec::new();
    let mut values = Vec::new();
    for &name in names {
        let is_alike =
            |(other, _): &(&PinName, _)| other.spec == name.spec && other.upstream == name.upstream;
        let index = located.iter().position(is_alike).unwrap_or_else(|| {
            located.push((name, found(name).unwrap_or_default()));
            located.len() - 1
        });
        let mut alike = located[index].1.iter().filter(|one| one.target == name.target);
        values.push(alike.nth(name.nth).map(|one| one.value.clone()));
    }
    values
}

/// One change of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Moved<'r> {
    /// The commit that changed it.
    pub revision: &'r Revision,
    /// `None` if it was not there.
    pub from: Option<String>,
    /// `None` if it was removed.
    pub to: Option<String>,
}

/// What is known of the past of a pin.
#[derive(Debug, PartialEq, Eq)]
pub struct PinPast<'r> {
    /// Its value in the newest commit; `None` if it is not there.
    pub committed: Option<String>,
    /// How it came to that value, the newest change first.
    pub changes: Vec<Moved<'r>>,
}

/// The past of a pin by the commits that changed its file, the newest first; `value` finds it in a
/// content.
///
/// A commit counts if its value differs from those of all its parents: a merge that takes over one
/// side's value changed nothing. A commit where a shallow clone ends never counts: its parents are
/// not there to compare with.
pub fn past<'r>(revisions: &'r [Revision], value: impl Fn(&str) -> Option<String>) -> PinPast<'r> {
    let value = |content: &Option<String>| content.as_deref().and_then(&value);
    let moved = |revision: &'r Revision| {
        let to = value(&revision.after);
        let before: Vec<_> = revision.before.iter().map(value).collect();
        let from = before.first().cloned().flatten();
        let is_change = !revision.is_cut && !before.contains(&to);
        is_change.then_some(Moved { revision, from, to })
    };
    let committed = revisions.first().and_then(|newest| value(&newest.after));
    PinPast { committed, changes: revisions.iter().filter_map(moved).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::locate::locate_in_tree;
    use crate::model::component::SaasFilter;
    use crate::model::tree::Tree;
    use crate::model::version::CommitId;

    fn revision(before: &[&str], after: &str) -> Revision {
        let content = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Revision {
            commit: CommitId::parse(&"1".repeat(40)).unwrap(),
            author: String::new(),
            email: String::new(),
            time: 0,
            date: String::new(),
            subject: String::new(),
            after: content(after),
            before: before.iter().map(|name| content(name)).collect(),
            is_cut: false,
        }
    }

    /// A content is a name whose first letter is the value; `-` has none.
    fn check(revisions: &[Revision], expected: &[(&str, &str)]) {
        let value = |content: &str| {
            let first = content.get(..1)?;
            (first != "-").then(|| first.to_owned())
        };
        let found = past(revisions, value);
        let found: Vec<_> = found
            .changes
            .iter()
            .map(|one| (one.from.as_deref().unwrap_or("-"), one.to.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn values_keep_their_names() {
        let config = "[component.a]\nupstream = \"https://x.org/a\"\n\
                      [component.a.environment.e]\npins = [{ file = \"f.yml\", key = \"tag\" }, \
                      { file = \"f.yml\", key = \"other\" }]\n";
        let config = Config::parse("promote.toml", config).unwrap();
        let [spec, other] = config.components[0].environments[0].pins.as_slice() else {
            unreachable!()
        };
        let upstream = &config.components[0].upstream;
        let text = "a: {tag: 1111111}\nb: {tag: 2222222}\n";
        let found = locate(spec, upstream, text).unwrap();
        let names: Vec<_> = named(found, spec, upstream).map(|(_, name)| name).collect();
        let check = |text: &str, expected: [Option<&str>; 2]| {
            let expected = expected.map(|value| value.map(str::to_owned));
            assert_eq!(values(&names.iter().collect::<Vec<_>>(), text), expected, "{text}");
        };
        check(text, [Some("1111111"), Some("2222222")]);
        check("x: 1\nz:\n- tag: '3333333'\n- tag: latest\n", [Some("3333333"), Some("latest")]);
        check("a: {tag: 1111111}\n", [Some("1111111"), None]);
        check("a: [\ntag: 1111111\n", [None, None]);
        let text = "tag: 1111111\nother: 3333333\n";
        let of_other = named(locate(other, upstream, text).unwrap(), other, upstream);
        let of_other: Vec<_> = of_other.map(|(_, name)| name).collect();
        let expected = ["1111111", "3333333"].map(|value| Some(value.to_owned()));
        assert_eq!(values(&[&names[0], &of_other[0]], text), expected);
    }

    #[test]
    fn only_what_differs_from_every_parent_counts() {
        check(&[], &[]);
        let line = [revision(&["b1"], "c1"), revision(&["a1"], "a2"), revision(&[""], "a1")];
        check(&line, &[("b", "c"), ("-", "a")]);
        // A branch that is older than a promotion changed something else.
        let merge =
            [revision(&["b1", "a2"], "b2"), revision(&["a1"], "a2"), revision(&["a1"], "b1")];
        check(&merge, &[("a", "b")]);
        check(&[revision(&["a1", "b1"], "c1")], &[("a", "c")]);
        check(&[revision(&["-1"], "a1"), revision(&["a1"], "-1")], &[("-", "a"), ("a", "-")]);
        check(&[revision(&["a1"], "")], &[("a", "-")]);
        let cut = Revision { is_cut: true, ..revision(&[""], "a1") };
        check(&[revision(&["a1"], "b1"), cut], &[("a", "b")]);
    }

    #[test]
    fn a_target_in_a_file_of_its_own_is_found_there() {
        let config = "[component.a]\nupstream = \"https://x.org/a\"\n\
                      [component.a.environment.e]\npins = [{ file = \"s.yml\", saas = true }]\n";
        let config = Config::parse("promote.toml", config).unwrap();
        let (spec, upstream) =
            (&config.components[0].environments[0].pins[0], &config.components[0].upstream);
        let saas = "resourceTemplates: [{url: https://x.org/a, targets: [{$ref: /t.yml}]}]\n";
        let commit = "1".repeat(40);
        let target = format!("name: t\nref: {commit}\n");
        let path = |path| RepoPath::parse(path).unwrap();
        let files = [(path("s.yml"), saas.into()), (path("data/t.yml"), target.clone().into())];
        let found = locate_in_tree(spec, upstream, saas, &Tree(files.into()));
        let names: Vec<_> = named(found.unwrap(), spec, upstream).map(|(_, name)| name).collect();
        let names: Vec<_> = names.iter().collect();
        assert_eq!(names[0].spec.files, FilePattern::File(path("data/t.yml")));
        assert_eq!(values(&names, &target), [Some(commit)]);
        assert_eq!(values(&names, "name: t\n"), [None]);
        let spec = PinSpec {
            selector: Selector::Parameter("P".to_owned(), SaasFilter::default()),
            ..spec.clone()
        };
        let target = "ref: 2222222\nparameters: {P: 1111111}\n";
        let files = [(path("s.yml"), saas.into()), (path("data/t.yml"), target.into())];
        let found = locate_in_tree(&spec, upstream, saas, &Tree(files.into())).unwrap();
        let names: Vec<_> = named(found, &spec, upstream).map(|(_, name)| name).collect();
        assert_eq!(values(&[&names[0]], target), [Some("1111111".to_owned())]);
    }

    #[test]
    fn variables_are_found_again() {
        let config = "[component.a]\nupstream = \"https://x.org/a\"\n\
                      [component.a.environment.e]\npins = [{ file = \".env\", variable = \"A\" }]\n";
        let config = Config::parse("promote.toml", config).unwrap();
        let (spec, upstream) =
            (&config.components[0].environments[0].pins[0], &config.components[0].upstream);
        let found = locate(spec, upstream, "A=1111111\n").unwrap();
        let names: Vec<_> = named(found, spec, upstream).map(|(_, name)| name).collect();
        let values = |text| values(&names.iter().collect::<Vec<_>>(), text);
        assert_eq!(values("B=1\nexport A='2222222' # was: 1\n"), [Some("2222222".to_owned())]);
        assert_eq!(values("A='1\n"), [None]);
    }

    #[test]
    fn one_item_finds_other_values_for_another_upstream() {
        let config = "[component.a]\nupstream = \"https://x.org/a\"\n\
                      [component.a.environment.e]\npins = [{ file = \"s.yml\", saas = true }]\n";
        let config = Config::parse("promote.toml", config).unwrap();
        let spec = &config.components[0].environments[0].pins[0];
        let commits = ["1", "2"].map(|digit| digit.repeat(40));
        let text = format!(
            "resourceTemplates:\n- {{url: https://x.org/a, targets: [{{ref: {}}}]}}\n\
             - {{url: https://x.org/b, targets: [{{ref: {}}}]}}\n",
            commits[0], commits[1]
        );
        let upstreams = ["https://x.org/a", "https://x.org/b"].map(Upstream::new);
        let names = upstreams.iter().flat_map(|upstream| {
            let found = locate(spec, upstream, &text).unwrap();
            named(found, spec, upstream).map(|(_, name)| name).collect::<Vec<_>>()
        });
        let names: Vec<_> = names.collect();
        assert_eq!(values(&names.iter().collect::<Vec<_>>(), &text), commits.map(Some));
    }
}
