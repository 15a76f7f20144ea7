//! Cuts a text into the words, comments and separators of a shell. Knows no variables.

use std::ops::Range;

use crate::model::problem::Problem;
use crate::syntax::place;

/// How deep substitutions may be nested.
const DEEPEST: usize = 50;

pub(super) enum Token {
    /// A word with all its quotes and substitutions; an array belongs to the word before it.
    Word(Range<usize>),
    /// From its `#` to the end of the line.
    Comment(Range<usize>),
    /// What ends a command within a line.
    Separator(char),
    /// With the name of its file, or with the delimiter of its here-document.
    Redirection,
    LineBreak,
}

/// The tokens of a text that are still to be cut: those from `at` on.
pub(super) struct Tokens<'s> {
    pub(super) text: &'s str,
    pub(super) at: usize,
    /// The quoted texts, substitutions and here-documents so far: nothing in them is a command.
    pub(super) hidden: Vec<Range<usize>>,
    here_documents: Vec<HereDocument>,
    depth: usize,
}

/// One whose body begins on the next line.
struct HereDocument {
    start: usize,
    delimiter: String,
    is_indented: bool,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Tokens { text, at, hidden: Vec::new(), here_documents: Vec::new(), depth: 0 }
    }

    /// The next token; `None` at the end. The error is a quote or the like that is never closed.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Problem> {
        self.skip_blanks();
        let start = self.at;
        let token = match self.peek() {
            None => {
                let open = self.here_documents.first();
                return open.map_or(Ok(None), |open| self.unclosed("here-document", open.start));
            }
            Some('\n') => {
                self.at += 1;
                self.skip_here_documents()?;
                Token::LineBreak
            }
            Some('#') => {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                Token::Comment(start..self.at)
            }
            Some('<' | '>') => {
                self.redirection()?;
                Token::Redirection
            }
            Some('(') if self.rest().starts_with("((") => {
                self.arithmetic()?;
                Token::Separator(';')
            }
            Some(c @ (';' | '&' | '|' | '(' | ')')) => {
                self.at += 1;
                Token::Separator(c)
            }
            Some(_) => Token::Word(self.word()?),
        };
        Ok(Some(token))
    }

    pub(super) fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Blanks, and line breaks behind a backslash.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest.as_bytes() {
                [b' ' | b'\t' | b'\r', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'\\', b'\r', b'\n', ..] => 3,
                _ => return,
            };
            self.at += length;
        }
    }

    fn skip(&mut self, chars: usize) {
        self.at += self.rest().chars().take(chars).map(char::len_utf8).sum::<usize>();
    }

    fn word(&mut self) -> Result<Range<usize>, Problem> {
        let start = self.at;
        while let Some(c) = self.peek() {
            match c {
                '(' if self.text[start..self.at].ends_with('=') => self.array(start)?,
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                _ => self.part(c)?,
            }
        }
        Ok(start..self.at)
    }

    /// The items of `NAME=(…)`, whose word begins at a byte.
    fn array(&mut self, start: usize) -> Result<(), Problem> {
        let head = self.text[start..self.at].trim_end_matches(['=', '+']);
        if head.is_empty() || self.rest().starts_with("((") {
            let problem = Problem::new("this `(` is in a place where no shell can read it");
            return Err(place(problem, self.text, self.at).help("mend it, or leave it out"));
        }
        self.enclosed()
    }

    /// One character, or one quoted text or substitution.
    fn part(&mut self, c: char) -> Result<(), Problem> {
        let start = self.at;
        let second = self.rest()[c.len_utf8()..].chars().next();
        match (c, second) {
            ('\'' | '"' | '`', _) => self.quoted(c, c != '\'')?,
            ('$', Some('(')) => {
                self.at += 1;
                match self.rest().starts_with("((") {
                    true => self.arithmetic()?,
                    false => self.enclosed()?,
                }
            }
            ('$', Some('{')) => {
                self.at += 1;
                self.quoted('}', true)?;
            }
            ('$', Some('\'')) => {
                self.at += 1;
                self.quoted('\'', true)?;
                if self.text[start + 2..self.at - 1].contains('\'') {
                    return Err(self.only_some_shells(start));
                }
            }
            // The number of the process: what follows is not part of it.
            ('$', Some('$')) => {
                self.skip(2);
                return Ok(());
            }
            _ => {
                self.skip(if c == '\\' { 2 } else { 1 });
                return Ok(());
            }
        }
        self.hidden.push(start..self.at);
        Ok(())
    }

    /// From an opening character to `close`. In single quotes a backslash may be a character like
    /// others; in double quotes and braces there may be more quotes and substitutions.
    fn quoted(&mut self, close: char, has_escapes: bool) -> Result<(), Problem> {
        let start = self.enter()?;
        while let Some(c) = self.peek() {
            match c {
                _ if c == close => {
                    self.skip(1);
                    self.depth -= 1;
                    return Ok(());
                }
                '\\' if has_escapes => self.skip(2),
                '\'' if close == '"' => self.skip(1),
                '$' if close == '"' && self.rest().starts_with("$'") => self.skip(1),
                _ if close == '"' || close == '}' => self.part(c)?,
                _ => self.skip(1),
            }
        }
        self.unclosed(&format!("`{}`", &self.text[start..=start]), start)
    }

    /// From an opening parenthesis to its closing one, with commands or the items of an array.
    fn enclosed(&mut self) -> Result<(), Problem> {
        let start = self.enter()?;
        while let Some(token) = self.next()? {
            match token {
                Token::Separator('(') => {
                    self.at -= 1;
                    self.enclosed()?;
                }
                Token::Separator(')') => {
                    self.depth -= 1;
                    self.hidden.push(start..self.at);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.unclosed("`(`", start)
    }

    /// `((…))`, where `<<` and `#` mean something else.
    fn arithmetic(&mut self) -> Result<(), Problem> {
        let (start, mut open) = (self.at, 0);
        while let Some(c) = self.peek() {
            self.skip(1);
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
        }
        self.unclosed("`((`", start)
    }

    /// `<`, `>` and the like. Reads the word behind it only for a here-document.
    fn redirection(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let rest = self.rest();
        if !rest.starts_with("<<") {
            self.at += 1;
            // The rest of `>>`, `<&` and the like comes next.
            let is_whole = !self.rest().starts_with(['<', '>', '&', '|', '(']);
            return if is_whole { self.redirected(start).map(|_| ()) } else { Ok(()) };
        }
        if rest.starts_with("<<<") {
            self.at += 3;
            return self.redirected(start).map(|_| ());
        }
        let is_indented = rest.starts_with("<<-");
        self.at += if is_indented { 3 } else { 2 };
        let delimiter = self.text[self.redirected(start)?].replace(['\'', '"', '\\'], "");
        self.here_documents.push(HereDocument { start, delimiter, is_indented });
        Ok(())
    }

    /// The word behind the redirection that begins at a byte. A shell reads nothing of a file where
    /// there is none.
    fn redirected(&mut self, start: usize) -> Result<Range<usize>, Problem> {
        self.skip_blanks();
        let is_comment = self.peek() == Some('#');
        let word = self.word()?;
        if word.is_empty() || is_comment {
            let problem = Problem::new("nothing follows this redirection");
            return Err(place(problem, self.text, start).help("mend it, a shell can't read it"));
        }
        Ok(word)
    }

    /// The bodies of the here-documents that the line before asked for.
    fn skip_here_documents(&mut self) -> Result<(), Problem> {
        for here in std::mem::take(&mut self.here_documents) {
            let start = self.at;
            loop {
                let Some(line) = self.rest().split_inclusive('\n').next() else {
                    return self.unclosed("here-document", here.start);
                };
                self.at += line.len();
                let line = line.trim_end_matches(['\r', '\n']);
                let line = if here.is_indented { line.trim_start_matches('\t') } else { line };
                if line == here.delimiter {
                    break;
                }
            }
            self.hidden.push(start..self.at);
        }
        Ok(())
    }

    /// Goes behind an opening character; what is nested too deep is refused.
    fn enter(&mut self) -> Result<usize, Problem> {
        let start = self.at;
        self.skip(1);
        self.depth += 1;
        match self.depth > DEEPEST {
            true => Err(place(Problem::new("substitutions are nested too deep"), self.text, start)),
            false => Ok(start),
        }
    }

    fn only_some_shells(&self, start: usize) -> Problem {
        let problem = Problem::new("has a `\\'` within `$'…'`, which only some shells read");
        place(problem.help("write it in double quotes"), self.text, start)
    }

    fn unclosed<T>(&self, what: &str, start: usize) -> Result<T, Problem> {
        let problem = Problem::new(format!("the {what} that begins here is never closed"));
        Err(place(problem.help("close it, or leave its environment out"), self.text, start))
    }
}
