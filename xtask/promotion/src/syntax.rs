//! Reads texts into values that know their bytes. Knows nothing of components.

pub mod dotenv;
pub mod yaml;

use crate::model::problem::Problem;
use crate::model::tree::LARGEST_FILE;

/// Refuses a text that is too large, or has a line that `git merge` left for somebody to resolve.
pub fn refuse_unfit(text: &str) -> Result<(), Problem> {
    if text.len() > LARGEST_FILE {
        let (size, most) = (text.len().div_ceil(1 << 20), LARGEST_FILE >> 20);
        let problem = Problem::new(format!("has {size} MB, expected at most {most} MB"));
        return Err(problem.help("move what is not about versions into another file"));
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let marker = line.trim_end();
        let word = marker.split(' ').next();
        if matches!(word, Some("<<<<<<<" | "|||||||" | ">>>>>>>")) || marker == "=======" {
            let problem = Problem::new(format!("a merge conflict is not resolved: `{marker}`"));
            return Err(place(problem.help("resolve it first"), text, start));
        }
        start += line.len();
    }
    Ok(())
}

/// The text of a file. The error names the first line that is no UTF-8.
pub fn text_of(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = yaml::line_at(&valid, valid.len());
        Problem::new("is not UTF-8").line(line).help("save the file as UTF-8")
    })
}

/// Adds line and column of a byte.
pub fn place(problem: Problem, text: &str, byte: usize) -> Problem {
    let (line, column) = yaml::position(text, byte);
    problem.line(line).column(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_bytes() {
        assert_eq!(text_of("é\n".as_bytes()), Ok("é\n"));
        for (bytes, place) in [(&b"\xff\xfea\0"[..], 1), (b"a\n\xc3\xa9 caf\xe9\n", 2)] {
            let problem = Problem::new("is not UTF-8").line(place).help("save the file as UTF-8");
            assert_eq!(text_of(bytes), Err(problem));
        }
    }

    #[test]
    fn a_file_may_be_large_and_not_larger() {
        let text = " ".repeat(LARGEST_FILE + 1);
        let refused = |text: &str| refuse_unfit(text).err().map(|problem| problem.message);
        assert_eq!(refused(&text[1..]), None);
        assert_eq!(refused(&text), Some("has 33 MB, expected at most 32 MB".to_owned()));
    }
}
