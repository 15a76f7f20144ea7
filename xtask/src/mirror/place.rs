//! The names of mirrors. Pure.

use promotion::model::upstream::Upstream;

use crate::cache;

/// The folder name of a mirror, without `.git`: the same for every spelling of an address.
pub fn folder_name(url: &str) -> String {
    cache::name_of(Upstream::new(url).identity())
}

/// The host of an address, with its port: `HOST` of `scheme://user@HOST/path` and of `user@HOST:path`.
pub fn host(url: &str) -> Option<String> {
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => url.split_once(':').map(|(host, _)| host).filter(|host| !host.contains('/'))?,
    };
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = "github.com%2Fapp-sre%2Fqontract-reconcile";
        for url in [
            "https://github.com/app-sre/qontract-reconcile",
            "https://github.com/app-sre/qontract-reconcile.git",
            "https://github.com/app-sre/qontract-reconcile.git/",
            "https://ann:secret@GitHub.com/app-sre/qontract-reconcile/",
            "git@github.com:app-sre/qontract-reconcile.git",
        ] {
            assert_eq!(folder_name(url), name);
        }
        assert_eq!(folder_name("../a b"), "..%2Fa%20b");
        let long = format!("file:///{}", "x".repeat(500));
        assert_ne!(folder_name(&long), folder_name(&format!("{long}x")));
    }

    #[test]
    fn hosts() {
        let cases = [
            ("https://ann:se@cret@GitHub.com/a/b", Some("github.com")),
            ("http://127.0.0.1:80/x", Some("127.0.0.1:80")),
            ("git@host:a/b", Some("host")),
            ("host:a", Some("host")),
            ("file:///a/b", None),
            ("/a/b:c", None),
            ("./a:b", None),
        ];
        for (url, expected) in cases {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }
}
