//! What a value is that a selector found and that does not move.

use std::fmt;

use crate::model::version::{commit_part, is_full_commit};

/// Why a value stays although a selector found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// A branch or a moving tag.
    Tracking,
    /// `promotion.auto: true` moves it.
    Auto,
    /// The target is about to be deleted.
    Delete,
    /// The target is switched off.
    Disabled,
    /// No value: `~`, `null`, or nothing behind the colon.
    Null,
    /// Nothing between the quotes, or behind the `=`.
    Empty,
    /// A template or a shell fills it in.
    Template,
    /// A list, or the array of a shell.
    List,
    /// A mapping.
    Mapping,
    /// `sha256:…`, which says nothing of a commit.
    Digest,
    /// A commit in upper case, where image tags have lower case.
    UpperCase,
    /// A digest of another kind, or part of one, where a digest was expected.
    OtherDigest,
    /// A commit, where a digest was expected.
    Commit,
    /// Part of a commit, where a full one was expected.
    ShortCommit,
    /// A number, or a release such as `v1.2.3`.
    Release,
    /// Anything else: several words, an address.
    Text,
}

impl Stay {
    /// What a scalar is that is no version where it stands.
    pub fn of(value: &str) -> Stay {
        let may_be_tracking = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
        match value {
            "" => Stay::Empty,
            _ if is_template(value) => Stay::Template,
            _ if is_digest(value) => Stay::Digest,
            _ if commit_part(value).is_some() || is_full_commit(value) => Stay::ShortCommit,
            _ if commit_part(&value.to_ascii_lowercase()).is_some() => Stay::UpperCase,
            _ if is_release(value) => Stay::Release,
            _ if value.len() > 40 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Stay::Text
            }
            _ if value.chars().all(may_be_tracking) && !value.starts_with('-') => Stay::Tracking,
            _ => Stay::Text,
        }
    }

    /// Whether it is a version, but not for a promotion to move.
    pub fn is_moved_elsewhere(self) -> bool {
        matches!(self, Stay::Auto | Stay::Delete | Stay::Disabled)
    }

    /// What follows 'it': `follows a branch or a moving tag`.
    pub fn described(self) -> &'static str {
        match self {
            Stay::Tracking => "follows a branch or a moving tag",
            Stay::Auto => "is moved by `promotion.auto`",
            Stay::Delete => "is about to be deleted",
            Stay::Disabled => "is disabled",
            Stay::Null => "is null",
            Stay::Empty => "is empty",
            Stay::Template => "is filled in from elsewhere",
            Stay::List => "is a list",
            Stay::Mapping => "is a mapping",
            Stay::Digest => "is a digest",
            Stay::OtherDigest => "is another digest, expected `sha256:` and 64 digits",
            Stay::Commit => "is a commit, expected a digest",
            Stay::UpperCase => "is a commit in upper case, expected lower case",
            Stay::ShortCommit => "is a short commit, expected 40 digits",
            Stay::Release => "is a number or a release, expected a commit",
            Stay::Text => "is no version",
        }
    }
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stay::Tracking => "tracking",
            Stay::Auto => "promotion.auto",
            Stay::Delete => "delete",
            Stay::Disabled => "disabled",
            Stay::Null => "null",
            Stay::Empty => "empty",
            Stay::Template => "template",
            Stay::List => "list",
            Stay::Mapping => "mapping",
            Stay::Digest => "digest",
            Stay::OtherDigest => "other-digest",
            Stay::Commit => "commit",
            Stay::UpperCase => "upper-case",
            Stay::ShortCommit => "short-commit",
            Stay::Release => "release",
            Stay::Text => "no-version",
        })
    }
}

/// Jinja, Go, Helm, shell, make and Python's `{name}`.
fn is_template(value: &str) -> bool {
    value.contains(['{', '$', '`']) || value.contains("<%") || value.contains("%(")
}

fn is_digest(value: &str) -> bool {
    let digest = value.strip_prefix('@').unwrap_or(value);
    digest.split_once(':').is_some_and(|(algorithm, digits)| {
        algorithm.starts_with("sha") && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_release(value: &str) -> bool {
    let number = value.strip_prefix(['v', 'V']).unwrap_or(value);
    let number = number.split(['-', '_']).next().unwrap_or(number);
    !number.is_empty()
        && number
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// The value as it can be seen, if characters that can't be are all that keeps it from being
/// `fit`: `22e638d\u{200b}`.
pub(super) fn with_invisible_shown(value: &str, fit: impl Fn(&str) -> bool) -> Option<String> {
    let is_hidden = |c: char| !c.is_ascii_graphic();
    let seen: String = value.chars().filter(|c| !is_hidden(*c)).collect();
    if seen == value || value.trim_matches(' ').contains([' ', '\n']) || !fit(&seen) {
        return None;
    }
    let show = |c: char| match is_hidden(c) && c != ' ' {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    Some(value.chars().map(show).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_for_what_it_is() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let cases = [
            ("", Stay::Empty),
            ("latest", Stay::Tracking),
            ("release/1.x", Stay::Tracking),
            ("true", Stay::Tracking),
            ("{{ tag }}", Stay::Template),
            ("22e638d-{tag}", Stay::Template),
            ("${TAG:-22e638d}", Stay::Template),
            ("$(git rev-parse HEAD)", Stay::Template),
            ("`git rev-parse HEAD`", Stay::Template),
            ("<%= tag %>", Stay::Template),
            (&digest, Stay::Digest),
            ("host:8080", Stay::Text),
            ("sha256:xyz", Stay::Text),
            ("beef", Stay::Tracking),
            ("a-branch-whose-name-is-longer-than-any-commit", Stay::Tracking),
            ("22E638D", Stay::UpperCase),
            ("22e638d", Stay::ShortCommit),
            ("v1.2.3-rc1", Stay::Release),
            ("1.2", Stay::Release),
            ("v1", Stay::Release),
            ("two words", Stay::Text),
            ("-x", Stay::Text),
            ("1f3c5a7e9b2d4f6081a3c5e7092b4d6f8e1a3c5d0", Stay::Text),
            ("https://example.com", Stay::Text),
        ];
        for (value, expected) in cases {
            assert_eq!(Stay::of(value), expected, "{value}");
        }
    }

    #[test]
    fn invisible_characters() {
        let is_commit = |value: &str| commit_part(value).is_some();
        let cases = [
            ("22e638d", None),
            ("22e638d\u{200b}", Some("22e638d\\u{200b}")),
            ("\u{feff}22e638d", Some("\\u{feff}22e638d")),
            ("22e\u{ad}638d", Some("22e\\u{ad}638d")),
            ("22e638d\u{a0}", Some("22e638d\\u{a0}")),
            ("22e\u{a0}638d", Some("22e\\u{a0}638d")),
            (" 22e638d ", Some(" 22e638d ")),
            ("latest\u{200b}", None),
            ("22e638d x", None),
            ("22e638d\nx", None),
        ];
        for (value, expected) in cases {
            assert_eq!(with_invisible_shown(value, is_commit).as_deref(), expected, "{value:?}");
        }
    }
}
