//! The grammar of a `path` selector: `a."x.y"[name=b].c`.

use crate::model::component::{KeyPath, PathStep};

/// Why a text is not a path.
pub(super) struct Fault {
    /// What was expected at which character, and what was found there.
    pub(super) expected: String,
    /// The cure.
    pub(super) help: &'static str,
}

const SHAPE: &str = "write it as in `a[name=x].\"b.c\"`, with special characters in quotes";
const ITEM: &str = "choose a list item by a field, as in `[name=x]`";

/// Parses keys joined by `.`, each followed by any number of `[field=value]`.
///
/// Only the first key may be missing: then the file is a list at its top. In double quotes every
/// character but `"` stands for itself. Refuses list indices, and a path that ends with a list
/// item: an item is a mapping, never a scalar.
pub(super) fn parse(text: &str) -> Result<KeyPath, Fault> {
    let mut parser = Parser { text, rest: text };
    let mut steps = Vec::new();
    loop {
        if !steps.is_empty() || !text.starts_with('[') {
            steps.push(PathStep::Key(parser.word("a key", ".[]=", SHAPE)?));
        }
        while parser.rest.starts_with('[') {
            steps.push(parser.item()?);
        }
        if parser.rest.is_empty() && matches!(steps.last(), Some(PathStep::Key(_))) {
            return Ok(KeyPath { text: text.to_owned(), steps });
        }
        let last = matches!(steps.last(), Some(PathStep::Item(..)));
        parser.token(".", if last { "`.` and a key" } else { "`.` or `[`" }, SHAPE)?;
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Parser<'_> {
    fn item(&mut self) -> Result<PathStep, Fault> {
        self.token("[", "`[`", SHAPE)?;
        let field = self.word("a field", ".[]=", ITEM)?;
        self.token("=", "`=`", ITEM)?;
        let value = self.word("a value", "[]", SHAPE)?;
        self.token("]", "`]`", SHAPE)?;
        Ok(PathStep::Item(field, value))
    }

    fn token(&mut self, token: &str, name: &str, help: &'static str) -> Result<(), Fault> {
        self.rest = self.rest.strip_prefix(token).ok_or_else(|| self.fault(name, help))?;
        Ok(())
    }

    /// Reads one word: the text in double quotes, or everything up to a blank, a quote or one of
    /// `ends`. Refuses an empty word.
    fn word(&mut self, name: &str, ends: &str, help: &'static str) -> Result<String, Fault> {
        let (word, rest) = match self.rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(|| Fault {
                expected: format!("a `\"` that closes the one at character {}", self.character()),
                help,
            })?,
            None => {
                let is_end = |c: char| c.is_whitespace() || c == '"' || ends.contains(c);
                self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()))
            }
        };
        if word.is_empty() {
            return Err(self.fault(name, help));
        }
        self.rest = rest;
        Ok(word.to_owned())
    }

    fn fault(&self, expected: &str, help: &'static str) -> Fault {
        let at = self.character();
        let expected = match self.rest.chars().next() {
            Some(found) => format!("{expected} at character {at}, found `{found}`"),
            None => format!("{expected} at its end"),
        };
        Fault { expected, help }
    }

    /// The number of the character that is read next, from 1.
    fn character(&self) -> usize {
        self.text.chars().count() - self.rest.chars().count() + 1
    }
}
