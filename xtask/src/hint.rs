//! A command to run next, as a person pastes it into a shell.

use std::fmt;

pub use promotion::model::escape::shell_word as quoted;

use crate::called::called;
use crate::session::Session;

/// The words of a command line, unquoted.
#[derive(Debug, Clone)]
pub struct Hint(Vec<String>);

impl Hint {
    /// One of this program's commands, with the global options that were typed.
    pub fn new(session: &Session, command: &str) -> Hint {
        let words = called().split(' ').chain([command]).map(str::to_owned);
        Hint(words.chain(session.typed_options()).collect())
    }

    /// Adds options without a value.
    pub fn flags<'f>(mut self, names: impl IntoIterator<Item = &'f str>) -> Hint {
        self.0.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// Adds an option if it has a value. One that begins with `-` is tied to the option's name.
    pub fn option(self, name: &str, value: Option<&str>) -> Hint {
        self.options(name, value)
    }

    /// Adds an option once for each value.
    pub fn options<'v>(mut self, name: &str, values: impl IntoIterator<Item = &'v str>) -> Hint {
        for value in values {
            match value.starts_with('-') {
                true => self.0.push(format!("{name}={value}")),
                false => self.0.extend([name.to_owned(), value.to_owned()]),
            }
        }
        self
    }

    /// Adds words that are no options.
    pub fn words(mut self, words: &[String]) -> Hint {
        self.0.extend_from_slice(words);
        self
    }

    /// Takes a flag away again.
    pub fn without(mut self, flag: &str) -> Hint {
        self.0.retain(|word| word != flag);
        self
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}
