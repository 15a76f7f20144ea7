//! What a user reads when something is refused, fails or is warned about: place, reason and cure.

use std::fmt;

use crate::model::escape::escaped;

/// One reason why something was refused or failed, or one warning.
///
/// `message` is a lowercase fragment without a final full stop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// What was expected and what was found, with names and values in backticks.
    pub message: String,
    /// The cure: what to do or to type.
    pub help: Option<String>,
    /// The file with the problem: relative to the repository, or as it was typed.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// In characters, from 1.
    pub column: Option<usize>,
    /// Whether the command line was wrong; the exit status is 2 then.
    pub usage: bool,
}

impl Problem {
    /// A problem with this message, and nothing else yet.
    pub fn new(message: impl Into<String>) -> Self {
        Problem { message: message.into(), ..Problem::default() }
    }

    /// A problem with the command line, which makes the exit status 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Problem { usage: true, ..Problem::new(message) }
    }

    /// The problem that a file with pins is a symbolic link, or lies behind one.
    pub fn symlink(path: &str) -> Self {
        Problem::new("is a symbolic link, or lies behind one")
            .file(path)
            .help("name the file that it points to")
    }

    /// The problem that a glob leads to a file whose name is no path.
    pub fn odd_name(path: &str) -> Self {
        Problem::new("a pin may be in it, but its name is not plain UTF-8")
            .file(escaped(path))
            .help("rename the file, or narrow the glob")
    }

    /// Adds the file.
    pub fn file(self, file: impl Into<String>) -> Self {
        Problem { file: Some(file.into()), ..self }
    }

    /// Adds the line, from 1.
    pub fn line(self, line: usize) -> Self {
        Problem { line: Some(line), ..self }
    }

    /// Adds the column, in characters, from 1.
    pub fn column(self, column: usize) -> Self {
        Problem { column: Some(column), ..self }
    }

    /// Adds the cure.
    pub fn help(self, help: impl Into<String>) -> Self {
        Problem { help: Some(help.into()), ..self }
    }

    /// Adds a line to its cure.
    pub fn more_help(self, line: String) -> Self {
        let lines: Vec<String> = self.help.iter().cloned().chain([line]).collect();
        self.help(lines.join("\n"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{file}")?;
            for number in [self.line, self.column].into_iter().flatten() {
                write!(f, ":{number}")?;
            }
            f.write_str("`: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// All problems of one command, in the order of the files; never empty.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The problems that an error carries; never empty. Any other error becomes one problem, with the
/// chain of its causes as the message.
pub fn problems(error: &anyhow::Error) -> Vec<Problem> {
    match (error.downcast_ref::<Problems>(), error.downcast_ref::<Problem>()) {
        (Some(problems), _) => problems.0.clone(),
        (None, Some(problem)) => vec![problem.clone()],
        (None, None) => vec![Problem::new(format!("{error:#}"))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_of_an_error() {
        let link = Problem::symlink("a.yml");
        let expected = Problem {
            message: "is a symbolic link, or lies behind one".to_owned(),
            help: Some("name the file that it points to".to_owned()),
            file: Some("a.yml".to_owned()),
            ..Problem::default()
        };
        assert_eq!(link, expected);
        let both = Problems(vec![link.clone(), Problem::new("other")]);
        let shown = "`a.yml`: is a symbolic link, or lies behind one\nother";
        assert_eq!(both.to_string(), shown);
        let several = vec![link.clone(), Problem::new("other")];
        assert_eq!(problems(&both.into()), several);
        assert_eq!(problems(&link.clone().into()), [link]);
        let error = anyhow::anyhow!("no space left").context("can't write");
        assert_eq!(problems(&error), [Problem::new("can't write: no space left")]);
    }
}
