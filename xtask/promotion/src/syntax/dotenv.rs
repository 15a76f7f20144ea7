//! Finds the assignments of a dotenv or shell file, by the grammar of a shell. Changes nothing.
//!
//! A makefile may include the same file: what `make` reads in another way can't be edited, and each
//! assignment says so.

mod shell;

use std::collections::HashSet;
use std::ops::Range;

use crate::model::problem::Problem;
use crate::model::version::is_word;
use crate::syntax::refuse_unfit;
use shell::{Token, Tokens};

/// One `[export ]NAME=value`, or what looks like one.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<'s> {
    /// The whole name.
    pub name: &'s str,
    /// The bytes of the value, without its quotes if they are around all of it.
    pub range: Range<usize>,
    /// The value as it stands there.
    pub value: &'s str,
    /// From 1.
    pub line: usize,
    /// Why no edit can change its value for everybody who reads the file.
    pub unfit: Option<&'static str>,
}

const LATER: &str = "does not begin its line: a shell sets it, `make` does not";
const BLANKS: &str = "has blanks around its `=`: `make` sets it, a shell does not";
const DECLARED: &str =
    "is declared in a way that only a shell or only `make` knows: expected `[export ]NAME=value`";
const MAKE: &str = "is assigned as only `make` does";
const COLON: &str = "stands before a colon: expected `=`";
const EMPTY: &str = "has a blank behind its `=`: empty to a shell, not to `make`";
const HASH: &str = "has a `#` in it: a comment to `make`, a part of the value to a shell";
const REDIRECTED: &str = "touches a redirection: a part of the value to `make`, not to a shell";
const PARTS: &str = "is put together of several parts";
const COMMENT: &str =
    "follows a comment that ends in a backslash: `make` reads it as a comment too";
/// What declares a variable as `export` does, but not for everybody who reads the file.
const DECLARES: [&str; 4] = ["declare", "override", "readonly", "typeset"];

const HIDDEN: &str = "stands in a quoted text, a here-document or a substitution: text to a shell, an assignment to `make`";

/// Every assignment, in the order of the file. The error is a quote or the like that is never
/// closed, or the marker of a merge conflict.
///
/// Text in quotes, here-documents, comments, arrays and substitutions is no assignment to a shell.
/// It is given only where `make` would take it for the last one of its name, and can't be edited.
pub fn assignments(text: &str) -> Result<Vec<Assignment<'_>>, Problem> {
    refuse_unfit(text)?;
    let mut reader =
        Reader { tokens: Tokens::new(text), found: Vec::new(), command: CommandState::FIRST };
    while let Some(token) = reader.tokens.next()? {
        match token {
            Token::Word(word) => reader.word(word),
            Token::LineBreak => reader.command = CommandState::FIRST,
            Token::Separator(_) => {
                reader.command = CommandState { late: Some(LATER), ..CommandState::FIRST }
            }
            Token::Redirection => reader.command.late = Some(LATER),
            Token::Comment(comment) => reader.comment(comment),
        }
    }
    Ok(reader.finish())
}

/// Whether a text that can't be read mentions an assignment to a variable.
pub fn mentions(text: &str, name: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).any(|(head, _)| {
        let head = head.trim_end_matches(['+', '?', ':', ' ', '\t']);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        head.strip_suffix(name).is_some_and(|before| !before.ends_with(is_part))
    })
}

/// The first line, from 1, in which a name stands that is no part of a longer one.
pub fn line_with(text: &str, name: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let has = |line: &str| {
        line.match_indices(name).any(|(start, _)| {
            let rest = &line[start + name.len()..];
            !line[..start].ends_with(is_part) && !rest.starts_with(is_part)
        })
    };
    text.split('\n').position(has).map(|index| index + 1)
}

struct Reader<'s> {
    tokens: Tokens<'s>,
    found: Vec<Assignment<'s>>,
    command: CommandState,
}

/// How far a command is read, and so what may come next in it.
struct CommandState {
    /// Whether an assignment may.
    assigns: bool,
    is_declaration: bool,
    is_begun: bool,
    /// Why an assignment would not be the same to `make`.
    late: Option<&'static str>,
}

impl CommandState {
    const FIRST: CommandState =
        CommandState { assigns: true, is_declaration: false, is_begun: false, late: None };
}

impl<'s> Reader<'s> {
    fn word(&mut self, word: Range<usize>) {
        if !self.command.assigns {
            return;
        }
        let text = self.tokens.text;
        let is_other = DECLARES.contains(&&text[word.clone()]);
        if (is_other || &text[word.clone()] == "export") && !self.command.is_declaration {
            self.command.is_declaration = true;
            self.command.late = self.command.late.or(is_other.then_some(DECLARED));
            return;
        }
        let first = !std::mem::replace(&mut self.command.is_begun, true);
        if first && let Some(found) = near_miss(text, word.start) {
            self.found.push(found);
            self.command.assigns = false;
            return;
        }
        let Some((name, value)) = split(text, &word) else {
            self.command.assigns = self.command.is_declaration;
            self.command.late = self.command.late.or(Some(LATER));
            return;
        };
        let (range, reason) = self.value(value);
        let unfit = self.command.late.or(reason);
        self.found.push(Assignment { name, value: &text[range.clone()], range, line: 0, unfit });
        self.command.late = Some(LATER);
    }

    /// The bytes of a value without its quotes, and why it can't be edited.
    fn value(&self, word: Range<usize>) -> (Range<usize>, Option<&'static str>) {
        let text = &self.tokens.text[word.clone()];
        if self.tokens.rest().starts_with(['<', '>']) {
            return (word, Some(REDIRECTED));
        }
        if self.tokens.rest().starts_with('(') {
            return (word, Some(PARTS));
        }
        if text.is_empty() {
            let behind = self.tokens.rest();
            let next = behind.trim_start_matches([' ', '\t']);
            let goes_on = next.len() < behind.len() && !next.starts_with(['\r', '\n', '#', '\\']);
            return (word, (goes_on && !next.is_empty()).then_some(EMPTY));
        }
        for quote in ['\'', '"'] {
            let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            if inner.is_some_and(|inner| !inner.contains([quote, '\\'])) {
                return (word.start + 1..word.end - 1, None);
            }
        }
        let reason = match text {
            _ if text.contains(['$', '`']) || text.starts_with('(') => None,
            _ if text.contains(['\'', '"', '\\', '(']) => Some(PARTS),
            _ if text.contains('#') => Some(HASH),
            _ => None,
        };
        (word, reason)
    }

    fn comment(&mut self, comment: Range<usize>) {
        let text = self.tokens.text[comment].trim_end_matches('\r');
        if text.ends_with('\\') && self.tokens.rest().starts_with('\n') {
            self.tokens.at += 1;
            self.command = CommandState { late: Some(COMMENT), ..CommandState::FIRST };
        }
    }

    fn finish(mut self) -> Vec<Assignment<'s>> {
        let text = self.tokens.text;
        let last = |name| self.found.iter().rev().find(|one| one.name == name);
        let hidden = self
            .hidden_lines()
            .into_iter()
            .filter(|one| last(one.name).is_none_or(|last| last.range.start < one.range.start));
        let hidden: Vec<_> = hidden.collect();
        self.found.extend(hidden);
        self.found.sort_by_key(|one| one.range.start);
        let breaks: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        for one in &mut self.found {
            one.line = breaks.partition_point(|at| *at < one.range.start) + 1;
        }
        self.found
    }

    /// What `make` reads as an assignment of one word within what a shell reads as text.
    fn hidden_lines(&self) -> Vec<Assignment<'s>> {
        let text = self.tokens.text;
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for hidden in &self.tokens.hidden {
            let breaks = text[hidden.clone()].match_indices('\n');
            let starts = breaks.map(|(line_break, _)| hidden.start + line_break + 1);
            for start in std::iter::once(hidden.start).chain(starts) {
                if !text[..start].ends_with('\n') {
                    continue;
                }
                let line = text[start..].lines().next().unwrap_or_default();
                let word = line.trim_start_matches(' ');
                let word = word.strip_prefix("export ").unwrap_or(word);
                let word = start + line.len() - word.len()..start + line.len();
                let Some((name, value)) = split(text, &word) else { continue };
                if is_word(text[value.clone()].trim_end()) && seen.insert(value.start) {
                    let (value, range) = (&text[value.clone()], value);
                    found.push(Assignment { name, range, value, line: 0, unfit: Some(HIDDEN) });
                }
            }
        }
        found
    }
}

/// The length of a name at the beginning of a text.
fn name_length(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { length }
}

/// Name and value of a word `NAME=value`.
fn split<'s>(text: &'s str, word: &Range<usize>) -> Option<(&'s str, Range<usize>)> {
    let length = name_length(&text[word.clone()]);
    let is_assignment = length > 0 && text[word.start + length..word.end].starts_with('=');
    let name = &text[word.start..word.start + length];
    is_assignment.then(|| (name, word.start + length + 1..word.end))
}

/// What `make` or a reader of YAML takes for an assignment, and a shell does not.
fn near_miss(text: &str, start: usize) -> Option<Assignment<'_>> {
    const OPERATORS: [&str; 8] = ["=", ":=", "::=", ":::=", "?=", "+=", "!=", ":"];
    let line = text[start..].lines().next()?;
    let name = &line[..name_length(line)];
    let behind = &line[name.len()..];
    let rest = behind.trim_start_matches([' ', '\t']);
    let operator =
        OPERATORS.into_iter().filter(|one| rest.starts_with(one)).max_by_key(|one| one.len())?;
    let value = rest[operator.len()..].trim_start_matches([' ', '\t']);
    let reason = match operator {
        "=" if rest.len() == behind.len() => return None,
        "=" => BLANKS,
        ":" if value.len() == rest.len() - 1 => return None,
        ":" => COLON,
        _ => MAKE,
    };
    if name.is_empty() {
        return None;
    }
    let start = start + line.len() - value.len();
    let value = value.split([' ', '\t', '\r']).next().unwrap_or_default();
    let range = start..start + value.len();
    Some(Assignment { name, range, value, line: 0, unfit: Some(reason) })
}

#[cfg(test)]
mod tests;
