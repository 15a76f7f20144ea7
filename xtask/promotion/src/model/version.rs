//! Versions: a commit of an upstream, and the image tag that its first digits make.

use std::fmt;

/// How many digits a version has at least.
pub const SHORTEST_COMMIT: usize = 7;

/// A full commit id: 40 lowercase hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Parses 40 hexadecimal digits, in either case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        is_full_commit(text).then(|| CommitId(text.to_ascii_lowercase()))
    }

    /// All 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The image tag: the first `length` digits, or all 40 if `length` is more.
    pub fn tag(&self, length: usize) -> &str {
        &self.0[..length.min(self.0.len())]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is a full commit: 40 hexadecimal digits.
pub fn is_full_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The commit in `COMMIT` or `COMMIT-suffix`, where a commit has 7 to 40 lowercase hexadecimal
/// digits; `None` for any other text, such as a branch or a moving tag.
pub fn commit_part(text: &str) -> Option<&str> {
    let commit = text.split_once('-').map_or(text, |(commit, _)| commit);
    let digits = commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ((SHORTEST_COMMIT..=40).contains(&commit.len()) && digits && is_word(text)).then_some(commit)
}

/// Whether `text` is a single word that a container registry accepts as a tag.
///
/// Source: the `tag` grammar of the OCI distribution specification.
pub fn is_word(text: &str) -> bool {
    let ok = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(ok) && !text.starts_with(['.', '-'])
}

/// Whether `text` is the digest of an image: `sha256:` and 64 lowercase hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(is_digit))
}

/// The version and the digest in `VERSION`, `VERSION@DIGEST` or `DIGEST`; without a version it is
/// empty.
pub fn tag_and_digest(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        _ if is_digest(text) => ("", Some(text)),
        Some((tag, digest)) if is_digest(digest) => (tag, Some(digest)),
        _ => (text, None),
    }
}

/// The commit or tag in a version; `None` for a digest alone.
pub fn commit_or_tag(text: &str) -> Option<&str> {
    Some(tag_and_digest(text).0).filter(|tag| !tag.is_empty())
}

/// A digest as it is shown to people: `sha256:1f3c5a7…`.
pub fn short_digest(digest: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 7;
    format!("{}…", digest.get(..SHOWN).unwrap_or(digest))
}

/// Whether some YAML reader takes these hexadecimal digits, unquoted, for a number.
///
/// YAML 1.1 reads `0123456` as octal and `0b01101` as binary, YAML 1.2 reads `1234567` as an
/// integer, and the core schema of 1.2 reads `12e4567` as a float. Booleans and nulls can't be
/// written with hexadecimal digits alone.
pub fn reads_as_number(digits: &str) -> bool {
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let binary = |text: &str| !text.is_empty() && text.bytes().all(|b| matches!(b, b'0' | b'1'));
    decimal(digits)
        || digits.strip_prefix("0b").is_some_and(binary)
        || digits
            .split_once(['e', 'E'])
            .is_some_and(|(mantissa, exponent)| decimal(mantissa) && decimal(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_parts() {
        let cases = [
            ("22e638d", Some("22e638d")),
            ("ec24093-rc", Some("ec24093")),
            ("ec24093-rc.1_x", Some("ec24093")),
            ("1234567", Some("1234567")),
            (
                "6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce",
                Some("6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce"),
            ),
            ("22e638", None),
            ("6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce0", None),
            ("22E638D", None),
            ("latest", None),
            ("master", None),
            ("", None),
            ("22e638d rc", None),
            ("{{ tag }}", None),
            ("22e638d-{{ x }}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(commit_part(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for text in ["1234567", "0123456", "12e4567", "0b01101", "1e00000", "0000000"] {
            assert!(reads_as_number(text), "{text}");
        }
        for text in ["22e638d", "0b01102", "e123456", "123456e", "0b", "1e2e333", "abcdefa"] {
            assert!(!reads_as_number(text), "{text}");
        }
    }

    #[test]
    fn digests() {
        let digest = &format!("sha256:{}", "1f3c5a7e".repeat(8));
        let both = &format!("22e638d@{digest}");
        let cases = [
            (&**digest, ("", Some(&**digest))),
            (both, ("22e638d", Some(digest))),
            ("22e638d", ("22e638d", None)),
            ("22e638d@sha256:1f", ("22e638d@sha256:1f", None)),
            (&digest.to_uppercase(), (&digest.to_uppercase(), None)),
            (&digest[..70], (&digest[..70], None)),
        ];
        for (text, expected) in cases {
            assert_eq!(tag_and_digest(text), expected, "{text}");
        }
        assert_eq!(short_digest(digest), "sha256:1f3c5a7…");
    }

    #[test]
    fn full_commits() {
        let upper = "6BA2CEB0C6F0A1D1E6BA2CEB0C6F0A1D1E6BA2CE";
        assert_eq!(
            CommitId::parse(upper).map(|commit| commit.tag(7).to_owned()),
            Some("6ba2ceb".to_owned())
        );
        assert_eq!(CommitId::parse("6ba2ceb"), None);
    }
}
