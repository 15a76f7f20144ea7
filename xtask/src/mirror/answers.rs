//! What git answered about a mirror, remembered for as long as the mirror is as it was: with hundreds
//! of upstreams, processes are what a look at all of them costs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::Result;

use super::Mirror;
use super::checked::listed;
use crate::cache;

/// The file in a mirror that holds the answers.
const FILE: &str = "xtask-answers";

/// What the file begins with: its format and the version of that.
const FORMAT: &[u8] = b"xtask answers 1\n";

/// A file that is longer (in bytes) is not read, and not made longer.
const LONGEST: usize = 1 << 22;

/// Answers by their questions.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The state of the mirror that they are true of.
    state: Vec<u8>,
    known: BTreeMap<Vec<u8>, Vec<u8>>,
    is_changed: bool,
}

impl Mirror {
    /// Does something that reads the mirror, with the answers of earlier runs at hand; within another
    /// call, with those that it has.
    pub fn remembering<T>(&self, read: impl FnOnce() -> T) -> T {
        let lock = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if lock().is_some() {
            return read();
        }
        *lock() = Answers::load(&self.folder);
        let result = read();
        if let Some(answers) = lock().take().filter(|answers| answers.is_changed) {
            // If it can't be written, the next run only takes longer.
            let _ = answers.save(&self.folder);
        }
        result
    }

    /// What a command that only reads prints, given this standard input. `run` runs it, if it was not
    /// run before.
    pub(super) fn answer(
        &self,
        args: &[&str],
        stdin: &[u8],
        run: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let lock = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let question = [args.join("\0").as_bytes(), b"\0\0", stdin].concat();
        let known = lock().as_ref().and_then(|answers| answers.known.get(&question).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = run()?;
        if let Some(answers) = &mut *lock() {
            answers.known.insert(question, answer.clone());
            answers.is_changed = true;
        }
        Ok(answer)
    }
}

impl Answers {
    /// Those of the mirror in `folder`, or none yet; `None` if its state can't be told.
    fn load(folder: &Path) -> Option<Answers> {
        let state = state(folder)?;
        let file = folder.join(FILE);
        let bytes = cache::load(&file, LONGEST).unwrap_or_default();
        let known = parse(&bytes, &state).unwrap_or_default();
        Some(Answers { state, known, is_changed: false })
    }

    fn save(&self, folder: &Path) -> Result<()> {
        let mut text = FORMAT.to_vec();
        let pairs = self.known.iter().flat_map(|(question, answer)| [question, answer]);
        for field in std::iter::once(&self.state).chain(pairs) {
            text.extend(format!("{}\n", field.len()).into_bytes());
            text.extend(field);
        }
        if text.len() > LONGEST {
            return Ok(());
        }
        cache::save(&folder.join(FILE), &text)
    }
}

/// Every file that says what a mirror has. A fetch that changes anything changes one of them.
fn state(folder: &Path) -> Option<Vec<u8>> {
    let parts = ["objects", "refs", "packed-refs", "HEAD", "config"].map(PathBuf::from);
    listed(folder, &parts).ok().map(String::into_bytes)
}

/// The answers in a file; `None` if they are of another state, or not as [`Answers::save`] writes
/// them.
fn parse(bytes: &[u8], state: &[u8]) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut rest = bytes.strip_prefix(FORMAT)?;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let length: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let (field, others) = rest[end + 1..].split_at_checked(length)?;
        fields.push(field.to_vec());
        rest = others;
    }
    let mut fields = fields.into_iter();
    if fields.next()? != state {
        return None;
    }
    let mut known = BTreeMap::new();
    while let Some(question) = fields.next() {
        known.insert(question, fields.next()?);
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let check = |text: &str, expected: Option<&[(&str, &str)]>| {
            let pair =
                |(one, other): &(&str, &str)| (one.as_bytes().to_vec(), other.as_bytes().to_vec());
            let expected = expected.map(|pairs| pairs.iter().map(pair).collect());
            assert_eq!(parse(text.as_bytes(), b"state"), expected, "{text:?}");
        };
        let head = "xtask answers 1\n5\nstate";
        check(&format!("{head}3\na\0\n0\n1\nb2\nc\n"), Some(&[("a\0\n", ""), ("b", "c\n")]));
        check(head, Some(&[]));
        check("", None);
        check("xtask answers 2\n5\nstate", None);
        check("xtask answers 1\n5\nother", None);
        check(&format!("{head}1\na"), None);
        check(&format!("{head}1\na9\nb"), None);
        check(&format!("{head}-1\na"), None);
        check(&format!("{head}99999999999999999999\na"), None);
    }
}
