//! Unconfigured pins as an item of `pins` in TOML, and as a warning.

use super::{Unconfigured, UnconfiguredValue};
use crate::model::component::{Form, SaasFilter, Selector};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;

impl Unconfigured {
    /// Whether all of its values can be edited as they are written.
    pub fn is_editable(&self) -> bool {
        !self.values.iter().any(|value| value.unfit.is_some())
    }

    /// The name that TOML can't hold, because it is blank or has control characters: `file`, or a
    /// part of the saas filter.
    pub fn unnameable(&self) -> Option<&'static str> {
        let is_bad = |name: &str| name.trim().is_empty() || name.contains(char::is_control);
        let filter = self.selector.filter().into_iter().flat_map(SaasFilter::parts);
        let mut names = [("file", Some(self.file.as_str()))].into_iter().chain(filter);
        names.find(|(_, name)| name.is_some_and(is_bad)).map(|(what, _)| what)
    }

    /// The item of `pins`, in TOML, that would find these values.
    pub fn pin(&self) -> String {
        let text = |text: &str| toml_edit::Value::from(text).to_string();
        // A glob finds commits only; with a literal file any word would move.
        let finds_commits = self.selector.filter().is_some();
        let keeps = finds_commits || matches!(self.selector, Selector::Image(_)) || !self.mixed;
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
            Selector::Parameter(name, _) => ("parameter", text(name)),
            Selector::Saas(_) => ("saas", "true".to_owned()),
        };
        pin.push_str(&format!(", {key} = {name}"));
        for (key, value) in self.selector.filter().into_iter().flat_map(SaasFilter::parts) {
            if let Some(value) = value {
                pin.push_str(&format!(", {key} = {}", text(value)));
            }
        }
        match (&self.selector, self.form) {
            (Selector::Parameter(..), Form::Commit) => pin.push_str(", value = \"commit\""),
            (_, Form::Digest) => {
                pin.push_str(", value = \"digest\"");
                if let Some((image, is_whole)) = &self.image {
                    pin.push_str(&format!(", image = {}", text(image)));
                    pin.push_str(if *is_whole { ", image-tag = \"commit\"" } else { "" });
                }
            }
            _ => {}
        }
        pin + " }"
    }

    /// The warning that a promotion shows for them.
    pub fn warning(&self) -> Problem {
        let Unconfigured { component, file, selector, values, .. } = self;
        let Some((first, rest)) = values.split_first() else { return Problem::default() };
        let also = self.also(first, rest);
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
        Problem::new(message).file(first.file(file).as_str()).line(first.line).help(help)
    }

    /// Where the others are than the first one: their lines, or their files too if they are not all
    /// in the same one.
    fn also(&self, first: &UnconfiguredValue, others: &[UnconfiguredValue]) -> String {
        let is_same = others.iter().all(|value| value.file == first.file);
        let place = |value: &UnconfiguredValue| match is_same {
            true => value.line.to_string(),
            false => format!("`{}:{}`", value.file(&self.file), value.line),
        };
        let places = others.iter().map(place).collect::<Vec<_>>().join(", ");
        match others {
            [] => String::new(),
            _ if !is_same => format!(" (also in {places})"),
            [_] => format!(" (also in line {places})"),
            _ => format!(" (also in lines {places})"),
        }
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
