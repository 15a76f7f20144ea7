//! Names of images in a registry, such as `quay.io/org/name`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The name of an image: a registry and a path in it, without a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    registry: String,
    name: String,
    realm: Option<String>,
}

impl Image {
    /// Parses `REGISTRY/NAME`; `None` for anything else. The name may have several parts.
    ///
    /// Source: the `name` grammar of the OCI distribution specification; and Docker's rule that the
    /// first part is a host only if it has a dot or a port, or is `localhost`.
    pub fn parse(text: &str) -> Option<Self> {
        let (registry, name) = text.split_once('/')?;
        (is_registry(registry) && name.split('/').all(is_part)).then(|| Image {
            registry: registry.to_owned(),
            name: name.to_owned(),
            realm: None,
        })
    }

    /// Lets the registry have its logins at another host, as the user configured it.
    pub fn with_realm(self, realm: Option<&str>) -> Self {
        Image { realm: realm.map(str::to_owned), ..self }
    }

    /// Whether the user's login may go to `authority` when the registry wants a token from there:
    /// the registry's own host, Docker Hub's, and the configured one.
    pub fn trusts(&self, authority: &str) -> bool {
        let docker = matches!(&*self.registry, "docker.io" | "index.docker.io");
        let trusted =
            [Some(&*self.registry), docker.then_some("auth.docker.io"), self.realm.as_deref()];
        trusted.into_iter().flatten().any(|one| host(one).eq_ignore_ascii_case(host(authority)))
    }

    /// The host, with the port if the name has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path in the registry, such as `org/name`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

/// Whether a host, with or without a port, is this machine.
pub fn is_loopback(authority: &str) -> bool {
    match host_and_port(authority) {
        (Host::V6(address), _) => address.is_loopback(),
        (Host::Name(name), _) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
        (Host::Bad, _) => false,
    }
}

enum Host<'a> {
    Name(&'a str),
    V6(Ipv6Addr),
    Bad,
}

fn host_and_port(authority: &str) -> (Host<'_>, Option<&str>) {
    if let Some((address, rest)) = authority.strip_prefix('[').and_then(|s| s.split_once(']')) {
        let host = match address.parse() {
            Ok(address) if rest.is_empty() || rest.starts_with(':') => Host::V6(address),
            _ => Host::Bad,
        };
        return (host, rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((name, port)) => (Host::Name(name), Some(port)),
        None => (Host::Name(authority), None),
    }
}

/// An authority without its port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether the text is a host, with or without a port.
pub fn is_registry(text: &str) -> bool {
    let (host, port) = host_and_port(text);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_none_or(digits)
        && match host {
            Host::V6(_) => true,
            Host::Bad => false,
            Host::Name(name) => {
                (port.is_some() || name == "localhost" || name.contains('.'))
                    && name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && name.chars().all(inner)
            }
        }
}

fn is_part(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |between: &str| {
        matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
    };
    text.starts_with(inner) && text.ends_with(inner) && text.split(inner).all(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        let cases = [
            ("quay.io/app-sre/qontract-reconcile", Some(("quay.io", "app-sre/qontract-reconcile"))),
            ("localhost:5000/a/b/c__d", Some(("localhost:5000", "a/b/c__d"))),
            ("[::1]:5000/a", Some(("[::1]:5000", "a"))),
            ("[::1]/a", Some(("[::1]", "a"))),
            ("[::1]5000/a", None),
            ("[::g]/a", None),
            ("[::1]:/a", None),
            ("host:x/a", None),
            ("org/name", None),
            ("quay.io/Org/name", None),
            ("quay.io/org/name:tag", None),
            ("quay.io/org//name", None),
            ("quay.io", None),
        ];
        for (text, expected) in cases {
            let image = Image::parse(text);
            assert_eq!(image.as_ref().map(|i| (i.registry(), i.name())), expected, "{text}");
            assert!(image.is_none_or(|image| image.to_string() == text), "{text}");
        }
    }

    #[test]
    fn hosts_that_get_a_login() {
        let check = |image: &str, realm: Option<&str>, trusted: &[&str], others: &[&str]| {
            let image = Image::parse(image).unwrap().with_realm(realm);
            let trusts = |host: &&&str| image.trusts(host);
            assert_eq!(
                trusted.iter().filter(trusts).count(),
                trusted.len(),
                "{image}: {trusted:?}"
            );
            assert_eq!(others.iter().find(trusts), None, "{image}");
        };
        check("h.io:5000/a", None, &["h.io", "H.io:443"], &["a.h.io", "h.io.evil.io", "io", ""]);
        check(
            "h.io/a",
            Some("auth.x.io"),
            &["auth.x.io:8443", "h.io"],
            &["x.io", "auth.docker.io"],
        );
        check("docker.io/a", None, &["auth.docker.io"], &["evil.docker.io"]);
        check("[::1]:5000/a", None, &["[::1]", "[::1]:80"], &["[::2]:5000", "::1"]);
    }

    #[test]
    fn loopback() {
        for host in ["localhost", "LocalHost:5000", "127.0.0.1", "127.8.9.1:80", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["quay.io", "127.0.0.1.nip.io", "localhost.evil.io", "127.1", "[::2]", "[::1]x"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
