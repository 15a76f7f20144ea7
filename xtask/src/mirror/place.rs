//! Where mirrors are kept. Pure but for [`cache_folder`].

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use promotion::model::problem::Problem;
use promotion::model::upstream::Upstream;

/// The longest name of a mirror's folder, in bytes, without its ending.
const LONGEST: usize = 120;

/// The cache folder: `$XTASK_CACHE`, else `xtask-promote` below `$XDG_CACHE_HOME` or `~/.cache`.
///
/// Source: the XDG base directory specification, by which relative values are ignored.
pub fn cache_folder() -> Result<PathBuf> {
    let folder = cache_of(|name| std::env::var_os(name)).ok_or_else(|| {
        Problem::new("there is no folder for the cache: `HOME` is not set")
            .help("set `XTASK_CACHE` to a folder")
    })?;
    std::path::absolute(&folder).with_context(|| format!("`{}`", folder.display()))
}

fn cache_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let absolute = |name| set(name).filter(|path| path.is_absolute());
    set("XTASK_CACHE")
        .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("xtask-promote")))
        .or_else(|| Some(absolute("HOME")?.join(".cache/xtask-promote")))
}

/// The folder name of a mirror, without `.git`: the same for every spelling of an address.
pub fn folder_name(url: &str) -> String {
    let upstream = Upstream::new(url);
    let identity = upstream.identity();
    let mut name = String::new();
    for byte in identity.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST - 17);
        name.push_str(&format!("-{:016x}", fnv(identity.as_bytes())));
    }
    name
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

/// FNV-1a: the same in every build, unlike the hasher of std.
fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches() {
        let check = |set: &[(&str, &str)], expected: Option<&str>| {
            let variable = |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            };
            assert_eq!(cache_of(variable), expected.map(PathBuf::from));
        };
        let home = ("HOME", "/home/ann");
        check(&[("XTASK_CACHE", "/c"), ("XDG_CACHE_HOME", "/x"), home], Some("/c"));
        check(&[("XTASK_CACHE", ""), ("XDG_CACHE_HOME", "/x"), home], Some("/x/xtask-promote"));
        check(&[("XDG_CACHE_HOME", "x"), home], Some("/home/ann/.cache/xtask-promote"));
        check(&[home], Some("/home/ann/.cache/xtask-promote"));
        check(&[("HOME", "")], None);
    }

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
        assert_eq!(folder_name(&long).len(), LONGEST);
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
