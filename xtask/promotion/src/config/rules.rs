//! The rules for strings in the configuration, one function for each kind.

use fast_glob::ErrorKind;

use super::Forge;
use super::key_path;
use super::reader::Text;
use crate::model::component::{Form, KeyPath};
use crate::model::image::{Image, is_registry};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::refname::objection;

/// Accepts a name or an address: one word that no command can mistake for an option.
pub(super) fn name(text: &Text) -> Result<String, Problem> {
    if text.value.starts_with('-') || text.value.contains(char::is_whitespace) {
        return Err(text.unlike("one word that doesn't start with `-`"));
    }
    Ok(text.value.to_owned())
}

/// Accepts a name that is typed: where several are, a comma stands between them.
pub(super) fn typed_name(text: &Text) -> Result<String, Problem> {
    if text.value.contains(',') {
        return Err(text.unlike("one word without a comma"));
    }
    name(text)
}

/// Accepts the name of a branch.
pub(super) fn branch(text: &Text) -> Result<String, Problem> {
    match objection(text.value) {
        None => Ok(text.value.to_owned()),
        Some(_) => Err(text.unlike("the name of a branch")),
    }
}

/// Accepts a label: blanks are allowed, a leading `-` and a comma are not.
///
/// GitLab has no label with a comma (its `app/models/label.rb`), and drops it without an error.
pub(super) fn label(text: &Text) -> Result<String, Problem> {
    if text.value.starts_with('-') || text.value.contains(',') {
        return Err(text.unlike("a label without a comma that doesn't start with `-`"));
    }
    Ok(text.value.to_owned())
}

/// Accepts any string.
pub(super) fn any(text: &Text) -> Result<String, Problem> {
    Ok(text.value.to_owned())
}

/// Accepts one of the ways to open merge requests.
pub(super) fn forge(text: &Text) -> Result<Forge, Problem> {
    match text.value {
        "gitlab" => Ok(Forge::Gitlab),
        "agit" => Ok(Forge::Agit),
        "none" => Ok(Forge::None),
        _ => Err(text.unlike("`gitlab`, `agit` or `none`")),
    }
}

/// Accepts one of the forms in which a version is written.
pub(super) fn form(text: &Text) -> Result<Form, Problem> {
    match text.value {
        "commit" => Ok(Form::Commit),
        "tag" => Ok(Form::Tag),
        "digest" => Ok(Form::Digest),
        _ => Err(text.unlike("`commit`, `tag` or `digest`")),
    }
}

/// Accepts the path of a file in the repository; the error offers a corrected one.
pub(super) fn file(text: &Text) -> Result<RepoPath, Problem> {
    RepoPath::parse(text.value).ok_or_else(|| {
        let problem =
            text.unlike("a path inside the repository, relative to its top, outside `.git`");
        let slashed = text.value.replace('\\', "/");
        match RepoPath::parse(slashed.trim_start_matches("./").trim_start_matches('/')) {
            Some(path) => problem.help(format!("write `{path}`")),
            None => problem,
        }
    })
}

/// Accepts a path in the upstream: a file, or a folder with or without a final slash.
pub(super) fn upstream_path(text: &Text) -> Result<String, Problem> {
    let path = text.value.strip_suffix('/').unwrap_or(text.value);
    match RepoPath::parse(path) {
        Some(_) => Ok(text.value.to_owned()),
        None => Err(text.unlike("a path relative to the top of the upstream")),
    }
}

/// Accepts a glob of files in the repository.
pub(super) fn glob(text: &Text) -> Result<String, Problem> {
    fast_glob::validate(text.value)
        .map_err(|error| text.unlike(&format!("a glob: {}", glob_fault(error.kind))))?;
    let astray = |part| matches!(part, "" | "." | "..");
    if text.value.starts_with('!') || text.value.split('/').any(astray) {
        return Err(text.unlike(
            "a glob relative to the top of the repository, without `!`, `..` or empty parts",
        ));
    }
    Ok(text.value.to_owned())
}

fn glob_fault(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnclosedBrace => "a `{` is never closed",
        ErrorKind::UnclosedBracket => "a `[` is never closed",
        ErrorKind::TrailingBackslash => "the `\\` at its end escapes nothing",
        ErrorKind::BraceNestingTooDeep | ErrorKind::TooManyBraceGroups => {
            "it has more than 10 groups in braces"
        }
        _ => "its syntax is wrong",
    }
}

/// Accepts a name that a shell accepts for a variable.
pub(super) fn variable(text: &Text) -> Result<String, Problem> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.value.starts_with(|first: char| first.is_ascii_digit())
        || !text.value.bytes().all(inner)
    {
        return Err(text.unlike("letters, digits and `_`, no digit first"));
    }
    Ok(text.value.to_owned())
}

/// Accepts an image with its registry, without a tag or a digest.
pub(super) fn image(text: &Text) -> Result<String, Problem> {
    match Image::parse(text.value) {
        Some(_) => Ok(text.value.to_owned()),
        None => Err(text
            .unlike("a registry and a lowercase name, without tag or digest")
            .help("write it as in `quay.io/org/name`")),
    }
}

/// Takes a host, with or without a port.
pub(super) fn host(text: &Text) -> Result<String, Problem> {
    match is_registry(text.value) {
        true => Ok(text.value.to_owned()),
        false => Err(text.unlike("a host, as in `auth.example.com`")),
    }
}

/// Accepts how the tags of an image are made: as long as `short`, or of the whole commit.
pub(super) fn image_tag(text: &Text, short: usize) -> Result<usize, Problem> {
    match text.value {
        "short" => Ok(short),
        "commit" => Ok(40),
        _ => Err(text.unlike("`short` or `commit`")),
    }
}

/// Accepts the path of a scalar, such as `a[name=x].b`.
pub(super) fn path(text: &Text) -> Result<KeyPath, Problem> {
    key_path::parse(text.value).map_err(|fault| text.unlike(&fault.expected).help(fault.help))
}
