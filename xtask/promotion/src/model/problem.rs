//! What a user reads when something is refused or fails: a place, a reason, a cure.

use std::fmt;

/// One reason why nothing was done.
///
/// `message` is a lowercase fragment without a final full stop; `help` is the cure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// What was expected and what was found, names and values in backticks.
    pub message: String,
    /// The cure, where there is one.
    pub help: Option<String>,
    /// The file it is about: relative to the repository, or as it was typed.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<usize>,
    /// Column in that line, in characters, from 1.
    pub column: Option<usize>,
    /// Whether the command line itself was at fault (exit status 2).
    pub usage: bool,
}

impl Problem {
    /// A refusal that names no file.
    pub fn new(message: impl Into<String>) -> Self {
        Problem { message: message.into(), ..Problem::default() }
    }

    /// A refusal of the command line (exit status 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Problem { usage: true, ..Problem::new(message) }
    }

    /// A symbolic link where a pin should be.
    pub fn symlink(path: &str) -> Self {
        Problem::new("is a symbolic link, or lies behind one")
            .file(path)
            .help("name the file that it points to")
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

/// Every reason why nothing was done, in the order of the files. Never empty.
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

/// Every reason behind an error, never none. An error of another kind becomes one, with its causes.
pub fn problems(error: &anyhow::Error) -> Vec<Problem> {
    match (error.downcast_ref::<Problems>(), error.downcast_ref::<Problem>()) {
        (Some(problems), _) => problems.0.clone(),
        (None, Some(problem)) => vec![problem.clone()],
        (None, None) => vec![Problem::new(format!("{error:#}"))],
    }
}
