//! The values of options that not every text will do for. The errors say only what was expected:
//! clap names the rest.

use promotion::model::escape::is_obeyed;
use promotion::model::refname::objection;

/// A commit. Names stay with `--ref`, so that an environment is never taken for a version.
pub(super) fn sha(text: &str) -> Result<String, String> {
    let is_commit = (7..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_commit.then(|| text.to_owned()).ok_or_else(|| {
        "expected 7 to 40 digits of a commit; a branch or tag goes in `--ref`, an environment in `--env`"
            .to_owned()
    })
}

/// A label: anything visible that can't be an option.
pub(super) fn words(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && !text.starts_with('-') && !text.contains(is_obeyed);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "expected visible text without `-` in front".to_owned())
}

/// A user or a remote: one word that can't be an option.
pub(super) fn word(text: &str) -> Result<String, String> {
    words(text)
        .ok()
        .filter(|text| !text.contains(char::is_whitespace))
        .ok_or_else(|| "expected one word without `-` in front".to_owned())
}

/// A branch, a tag or a commit, or the address of a page of one; without the blanks that come along
/// when it is copied.
pub(super) fn reference(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_page = text.starts_with("https://") || text.starts_with("http://");
    match objection(text).filter(|_| !is_page) {
        None => Ok(text.to_owned()),
        Some(reason) => {
            Err(format!("it {reason}, expected a branch, a tag, or 7 or more digits of a commit"))
        }
    }
}

/// A branch, by git's rules.
pub(super) fn branch(text: &str) -> Result<String, String> {
    match objection(text) {
        None => Ok(text.to_owned()),
        Some(reason) => Err(format!("it {reason}, expected the name of a branch")),
    }
}

/// A user, with or without `@`. No forge has a name with a comma, and GitLab assigns nobody then.
pub(super) fn user(text: &str) -> Result<String, String> {
    let text = word(text)?;
    match text.contains(',') {
        true => Err("no user has a comma in the name; give each one its own `--assign`".to_owned()),
        false => Ok(text),
    }
}

/// A label. Source: GitLab's `app/models/label.rb`; it leaves out other labels without a word.
pub(super) fn label(text: &str) -> Result<String, String> {
    let text = words(text)?;
    match text.contains(',') {
        true => Err("GitLab has no label with a comma; give each one its own `--label`".to_owned()),
        false => Ok(text),
    }
}

/// Why something is done. It becomes a trailer of the commit, so it is one line.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    match words.is_empty() {
        true => Err("it is empty; say why: it goes into the commit".to_owned()),
        false => Ok(words.join(" ")),
    }
}
