//! What the user's configuration of git says, read in one go.

use anyhow::Result;

use super::Git;

/// Git's configuration as it counts in one place.
#[derive(Debug, Default)]
pub struct GitSettings(Vec<(String, String)>);

impl Git {
    /// The whole configuration that counts here.
    pub fn settings(&self) -> Result<GitSettings> {
        let text = self.bytes(["config", "--null", "--list"])?;
        let text = String::from_utf8_lossy(&text);
        let entries = text.split_terminator('\0');
        // A key without a value is true.
        let pair = |entry: &str| {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            (key.to_owned(), value.to_owned())
        };
        Ok(GitSettings(entries.map(pair).collect()))
    }
}

impl GitSettings {
    /// The value of a key, which is written in lowercase; of several, the last one counts.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rfind(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The address of the one who runs this; `None` if it is empty.
    pub fn your_email(&self) -> Option<&str> {
        self.get("user.email").filter(|email| !email.trim().is_empty())
    }

    /// The address that git would use for `url`.
    ///
    /// Source: git-config(1), `url.<base>.insteadOf`: the longest match counts.
    pub fn effective_url(&self, url: &str) -> String {
        let rules = self.0.iter().filter_map(|(key, start)| {
            let base = key.strip_prefix("url.")?.strip_suffix(".insteadof")?;
            Some((start, base, url.strip_prefix(start.as_str())?))
        });
        // The first of equals.
        let longest = rules.rev().max_by_key(|(start, ..)| start.len());
        longest.map_or_else(|| url.to_owned(), |(_, base, rest)| format!("{base}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_rewritten() {
        let pairs = [
            ("user.name", "Ann"),
            ("url.file:///a/.insteadof", "https://github.com/"),
            ("url.file:///b/.insteadof", "https://github.com/app-sre/"),
            ("url.file:///c/.insteadof", "https://github.com/app-sre/"),
            ("url.ssh://x/.pushinsteadof", "https://github.com/app-sre/q"),
            ("user.name", "Bo"),
        ];
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let settings = GitSettings(pairs.collect());
        assert_eq!(settings.get("user.name"), Some("Bo"));
        assert_eq!(settings.get("user.email"), None);
        for (email, expected) in [("a@x.org", Some("a@x.org")), ("", None), (" ", None)] {
            let settings = GitSettings(vec![("user.email".to_owned(), email.to_owned())]);
            assert_eq!(settings.your_email(), expected, "{email:?}");
        }
        for (url, expected) in [
            ("https://github.com/x", "file:///a/x"),
            ("https://github.com/app-sre/qontract", "file:///b/qontract"),
            ("https://gitlab.com/x", "https://gitlab.com/x"),
        ] {
            assert_eq!(settings.effective_url(url), expected);
        }
    }
}
