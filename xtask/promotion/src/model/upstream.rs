//! The address of an upstream: which spellings mean one repository, and how it is shown without
//! its password.

use std::fmt;

/// An upstream git repository. Two are equal if they name the same one, however they are spelt.
#[derive(Clone, Default)]
pub struct Upstream {
    address: String,
    identity: String,
}

impl Upstream {
    /// Takes an address as a person wrote it.
    pub fn new(address: &str) -> Self {
        Upstream { address: address.to_owned(), identity: identity(address) }
    }

    /// The address as git is given it, with its password if it has one: never to be shown.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same text for every spelling of the address, without user and default port.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Whether another spelling of an address names this one.
    pub fn is(&self, address: &str) -> bool {
        self.identity == identity(address)
    }

    /// The path on the host, such as `org/name`: every spelling of the address contains it.
    pub fn path(&self) -> &str {
        let rest = self.identity.split_once("://").map_or(&*self.identity, |(_, rest)| rest);
        rest.split_once('/').map_or("", |(_, path)| path)
    }
}

impl PartialEq for Upstream {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Upstream {}

/// The address without credentials.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_credentials(&self.address))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream({self})")
    }
}

/// Source: git-clone(1), "Git URLs". https, ssh and `user@host:path` are one: hosts serve the same
/// repository by all three. Whatever isn't encrypted stays apart, for others may answer in its
/// place. A path keeps its case: not every host ignores it.
fn identity(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return match scp(address) {
            Some((host, path)) => joined(host, path),
            None => bare(address).to_owned(),
        };
    };
    let scheme = scheme.to_ascii_lowercase();
    let (apart, port) = match scheme.as_str() {
        "file" => return bare(rest).to_owned(),
        "https" => ("", ":443"),
        "ssh" | "git+ssh" | "ssh+git" => ("", ":22"),
        "http" => ("http://", ":80"),
        "git" => ("git://", ":9418"),
        _ => return bare(address).to_owned(),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    apart.to_owned() + &joined(authority.strip_suffix(port).unwrap_or(authority), path)
}

/// `[user@]host:path`; a slash before the colon makes it a local path.
fn scp(address: &str) -> Option<(&str, &str)> {
    let colon = address.find("]:").map(|at| at + 1).or_else(|| address.find(':'))?;
    let (host, path) = (&address[..colon], &address[colon + 1..]);
    (!host.contains('/')).then_some((host, path))
}

fn joined(authority: &str, path: &str) -> String {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.trim_end_matches(':').trim_end_matches('.').to_ascii_lowercase();
    format!("{host}/{}", bare(path.trim_start_matches('/')))
}

/// A path without a final slash or `.git`.
fn bare(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/')
}

/// The text with the credentials taken out of every address in it.
///
/// A user alone may be a token, so it goes too; only ssh's user stays, which is no secret.
pub fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let (user, host_and_more) = after.split_at(credentials_end(after));
        let name = user.split([':', '@']).next().unwrap_or_default();
        if before.to_ascii_lowercase().ends_with("ssh://") && !name.is_empty() {
            out.push_str(&format!("{name}@"));
        }
        rest = host_and_more;
    }
    out + rest
}

/// Where the credentials at the beginning of `text` end, after their `@`; 0 if there are none.
fn credentials_end(text: &str) -> usize {
    let word = text.split(char::is_whitespace).next().unwrap_or_default();
    let authority = word.split(['/', '?', '#', '\'', '"', '`']).next().unwrap_or_default();
    let port = authority.split_once(':').map_or("", |(_, port)| port);
    let is_password = !authority.starts_with('[') && port.bytes().any(|b| !b.is_ascii_digit());
    // A password with an unescaped slash or quote in it looks like a host with an odd port.
    let end = authority.rfind('@').or_else(|| word.rfind('@').filter(|_| is_password));
    end.map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_upstream() {
        let check = |identity: &str, spellings: &[&str]| {
            for spelling in spellings {
                assert_eq!(Upstream::new(spelling).identity(), identity, "{spelling}");
            }
        };
        check(
            "git.example.com/Org/up",
            &[
                "https://git.example.com/Org/up",
                "https://Git.Example.COM/Org/up.git/",
                "HTTPS://git.example.com:443/Org/up//",
                "https://git.example.com.//Org/up",
                "https://ann:s@cret@git.example.com/Org/up",
                "ssh://git@git.example.com/Org/up.git",
                "ssh://git.example.com:22/Org/up",
                "git+ssh://git@git.example.com:/Org/up",
                "git@git.example.com:Org/up.git",
                "git@git.example.com:/Org/up",
                "git.example.com:Org/up",
            ],
        );
        check("h:8443/a/b", &["https://h:8443/a/b", "https://H:8443/a/b.git"]);
        check("http://h/a", &["http://H:80/a.git"]);
        check("git://h/a", &["git://h:9418//a/"]);
        check("odd://H/a", &["odd://H/a.git"]);
        check("h:22/a", &["https://h:22/a"]);
        check("[::1]/a", &["ssh://git@[::1]:22/a", "git@[::1]:a"]);
        check("/srv/a", &["/srv/a", "/srv/a.git/", "file:///srv/a/.git"]);
        check("../a:b", &["../a:b"]);
        check("h/org/up", &["https://h/org/up"]);
        check("", &[""]);
    }

    #[test]
    fn credentials() {
        let cases = [
            ("https://ann:se@cret@host/a@b", "https://host/a@b"),
            ("https://token@host", "https://host"),
            ("https://ann:se/cr#et@host/a", "https://host/a"),
            ("https://ann:it's@host/a", "https://host/a"),
            ("https://host:8443/a@b", "https://host:8443/a@b"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("git+ssh://git:secret@host/a", "git+ssh://git@host/a"),
            ("ssh://host/a", "ssh://host/a"),
            ("git@host:a", "git@host:a"),
            ("/a/b@c", "/a/b@c"),
            (
                "unable to access 'https://u:p@h/x/': no; see https://t@i/ or a@b",
                "unable to access 'https://h/x/': no; see https://i/ or a@b",
            ),
            ("://", "://"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_credentials(text), expected);
        }
        let upstream = Upstream::new("https://ann:secret@h/a");
        assert_eq!((upstream.to_string().as_str(), upstream.path()), ("https://h/a", "a"));
        assert_eq!(upstream.address(), "https://ann:secret@h/a");
        assert_eq!(Upstream::new("http://h/a/b").path(), "a/b");
        assert_eq!(format!("{upstream:?}"), "Upstream(https://h/a)");
    }
}
