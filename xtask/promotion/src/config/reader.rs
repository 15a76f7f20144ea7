//! Reads TOML tables so that every error has a line and a column. Knows types, but not what a key
//! means.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, TomlError, Value};

use super::BUILTIN;
use crate::model::component::{Origin, Position};
use crate::model::problem::Problem;
use crate::model::similar::{all_listed, did_you_mean};

/// The text of a configuration; turns byte offsets into lines and columns.
pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    /// The byte offset at which each line starts.
    lines: Vec<usize>,
}

/// A TOML table in a [`Source`].
pub(super) struct TomlTable<'a> {
    source: &'a Source<'a>,
    /// Names it in errors, such as "component `a`".
    label: String,
    /// Where it starts, in bytes.
    offset: usize,
    items: &'a dyn TableLike,
}

/// A TOML string in a [`Source`]: not blank, and without control characters.
pub(super) struct Text<'a> {
    source: &'a Source<'a>,
    /// Names it in errors, such as "component `a`".
    label: String,
    /// Where it starts, in bytes.
    offset: usize,
    pub(super) value: &'a str,
}

impl<'a> Source<'a> {
    /// Wraps a text; a BOM at its start is skipped and doesn't count in positions.
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Source { file, text, lines: std::iter::once(0).chain(ends).collect() }
    }

    /// Parses the text. Errors: text that is not TOML, and duplicate keys.
    pub(super) fn document(&self) -> Result<Document<&'a str>, Problem> {
        Document::parse(self.text).map_err(|error| self.syntax(&error))
    }

    /// A problem at a position of the text.
    pub(super) fn refuse(&self, at: Position, message: impl Into<String>) -> Problem {
        Problem::new(message).file(self.file).line(at.line).column(at.column)
    }

    fn syntax(&self, error: &TomlError) -> Problem {
        let span = error.span().unwrap_or_default();
        let at = self.position(span.start);
        match (error.message(), self.text.get(span)) {
            ("duplicate key", Some(key)) => self.refuse(at, format!("duplicate key `{key}`")),
            (message, _) => self.refuse(at, format!("not valid TOML: {message}")),
        }
    }

    /// The position of a byte; columns count characters, so UTF-8 continuation bytes are skipped.
    fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset);
        let before = &self.text.as_bytes()[self.lines[line - 1]..offset];
        let characters = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        Position { line, column: characters + 1 }
    }
}

impl<'a> TomlTable<'a> {
    /// The table at the top of the document.
    pub(super) fn root(source: &'a Source<'a>, items: &'a dyn TableLike) -> Self {
        TomlTable { source, label: "the configuration".to_owned(), offset: 0, items }
    }

    /// Where the table is defined: its name, or its opening bracket if it has no name.
    pub(super) fn at(&self) -> Position {
        self.source.position(self.offset)
    }

    /// The origin of what is read from this table.
    pub(super) fn origin(&self) -> Origin {
        match self.source.file {
            BUILTIN => Origin::Builtin(self.at()),
            file => Origin::File(file.into(), self.at()),
        }
    }

    /// Whether the table has that key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.items.contains_key(key)
    }

    /// A problem with the whole table; `message` continues a sentence that begins with its label.
    pub(super) fn refuse(&self, message: &str) -> Problem {
        self.source.refuse(self.at(), format!("{} {message}", self.label))
    }

    /// A problem with the value of a key; `message` continues a sentence that begins with the key.
    pub(super) fn refuse_value(&self, key: &str, message: &str) -> Problem {
        self.source.refuse(self.source.position(self.offset_of(key)), format!("`{key}` {message}"))
    }

    /// Refuses a table with any other key than the known ones.
    pub(super) fn knows(&self, known: &[&str]) -> Result<(), Problem> {
        match self.keys().into_iter().find(|(_, key)| !known.contains(key)) {
            Some((offset, key)) => {
                let message = format!("unknown key `{}` in {}", key.escape_debug(), self.label);
                let names = || known.iter().copied();
                let help = did_you_mean(key, names())
                    .unwrap_or_else(|| format!("known keys: {}", all_listed(names())));
                Err(self.source.refuse(self.source.position(offset), message).help(help))
            }
            None => Ok(()),
        }
    }

    /// Reads the string of a key by `rule`; `None` if the key is missing.
    pub(super) fn text<T>(
        &self,
        key: &str,
        rule: impl FnOnce(&Text<'a>) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        let Some(item) = self.items.get(key) else { return Ok(None) };
        let value = item.as_str().ok_or_else(|| self.mistyped(key, item, "a string"))?;
        let text = Text::new(self.source, format!("`{key}`"), self.offset_of(key), value)?;
        rule(&text).map(Some)
    }

    /// Reads an array of strings, each by `rule`; empty if the key is missing.
    pub(super) fn texts<T>(
        &self,
        key: &str,
        mut rule: impl FnMut(&Text<'a>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let Some(item) = self.items.get(key) else { return Ok(Vec::new()) };
        let array = item.as_array().ok_or_else(|| self.mistyped(key, item, "an array of strings"));
        let read = |value: &'a Value| {
            let label = format!("an item of `{key}`");
            let offset = self.start(value.span());
            let string = value.as_str().ok_or_else(|| {
                let message = format!("{label} is {}, expected a string", article(value));
                self.source.refuse(self.source.position(offset), message)
            })?;
            rule(&Text::new(self.source, label, offset, string)?)
        };
        array?.iter().map(read).collect()
    }

    /// Reads the integer of a key; `None` if the key is missing.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, Problem> {
        let Some(item) = self.items.get(key) else { return Ok(None) };
        item.as_integer().map(Some).ok_or_else(|| self.mistyped(key, item, "an integer"))
    }

    /// Reads the boolean of a key; `None` if the key is missing.
    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, Problem> {
        let Some(item) = self.items.get(key) else { return Ok(None) };
        item.as_bool().map(Some).ok_or_else(|| self.mistyped(key, item, "a boolean"))
    }

    /// Reads the table of a key; `None` if the key is missing.
    pub(super) fn table(&self, key: &str) -> Result<Option<TomlTable<'a>>, Problem> {
        let Some(item) = self.items.get(key) else { return Ok(None) };
        let items = item.as_table_like().ok_or_else(|| self.mistyped(key, item, "a table"))?;
        let label = format!("`{key}`");
        Ok(Some(TomlTable { source: self.source, label, offset: self.offset_of(key), items }))
    }

    /// Reads the tables `[kind.NAME]` with their names, in the order of the text.
    ///
    /// The parser's order differs: it puts `[a]` after `[b]` if `[a.x]` came before `[b]`.
    pub(super) fn named(&self, kind: &str) -> Result<Vec<(Text<'a>, TomlTable<'a>)>, Problem> {
        let Some(tables) = self.table(kind)? else { return Ok(Vec::new()) };
        let read = |(offset, key): (usize, &'a str)| {
            let name = Text::new(self.source, format!("the {kind} name"), offset, key)?;
            let label = format!("{kind} `{key}`");
            match tables.table(key)? {
                Some(table) => Ok(Some((name, TomlTable { label, offset, ..table }))),
                None => Ok(None),
            }
        };
        tables.keys().into_iter().map(read).filter_map(Result::transpose).collect()
    }

    /// Reads an array of tables, inline or as `[[key]]`; `label` names each of them in errors.
    pub(super) fn tables(&self, key: &str, label: &str) -> Result<Vec<TomlTable<'a>>, Problem> {
        let inner = |span, items| {
            let (source, offset) = (self.source, self.start(span));
            TomlTable { source, label: label.to_owned(), offset, items }
        };
        match self.items.get(key) {
            None => Ok(Vec::new()),
            Some(Item::ArrayOfTables(tables)) => {
                Ok(tables.iter().map(|table| inner(table.span(), table)).collect())
            }
            Some(Item::Value(Value::Array(values))) => {
                let read = |value: &'a Value| match value.as_inline_table() {
                    Some(table) => Ok(inner(table.span(), table)),
                    None => {
                        let at = self.source.position(self.start(value.span()));
                        let found = article(value);
                        let message = format!("{label} is {found}, expected a table");
                        Err(self.source.refuse(at, message))
                    }
                };
                values.iter().map(read).collect()
            }
            Some(item) => Err(self.mistyped(key, item, "an array of tables")),
        }
    }

    /// The keys with their byte offsets, in the order of the text.
    fn keys(&self) -> Vec<(usize, &'a str)> {
        let offset = |key| self.start(self.items.key(key).and_then(|key| key.span()));
        let mut keys: Vec<_> = self.items.iter().map(|(key, _)| (offset(key), key)).collect();
        keys.sort_unstable();
        keys
    }

    /// The byte at which the value of a key starts; for a table made of dotted keys, that of the
    /// key.
    fn offset_of(&self, key: &str) -> usize {
        let span = |(key, item): (&toml_edit::Key, &Item)| item.span().or_else(|| key.span());
        self.start(self.items.get_key_value(key).and_then(span))
    }

    fn start(&self, span: Option<Range<usize>>) -> usize {
        span.map_or(self.offset, |span| span.start)
    }

    fn mistyped(&self, key: &str, item: &Item, expected: &str) -> Problem {
        let found = match item {
            Item::Value(value) => article(value),
            Item::ArrayOfTables(_) => "an array of tables",
            Item::Table(_) | Item::None => "a table",
        };
        self.refuse_value(key, &format!("is {found}, expected {expected}"))
    }
}

impl<'a> Text<'a> {
    fn new(
        source: &'a Source<'a>,
        label: String,
        offset: usize,
        value: &'a str,
    ) -> Result<Self, Problem> {
        let text = Text { source, label, offset, value };
        if value.trim().is_empty() {
            return Err(text.refuse("is empty"));
        }
        match value.chars().find(|character| character.is_control()) {
            Some(bad) => {
                Err(text.refuse(&format!("has the control character `{}`", bad.escape_debug())))
            }
            None => Ok(text),
        }
    }

    /// Where the string starts, at its opening quote.
    pub(super) fn at(&self) -> Position {
        self.source.position(self.offset)
    }

    /// A problem with the string; `message` continues a sentence that begins with its label.
    pub(super) fn refuse(&self, message: &str) -> Problem {
        self.source.refuse(self.at(), format!("{} {message}", self.label))
    }

    /// The problem that the string is not what was expected.
    pub(super) fn unlike(&self, expected: &str) -> Problem {
        self.refuse(&format!("is `{}`, expected {expected}", self.value))
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "an array",
        Value::InlineTable(_) => "a table",
    }
}
