//! Reads the challenges of a registry (`WWW-Authenticate`), and says where its tokens are. Pure.

use promotion::model::image::is_loopback;

use super::answer::brief;

/// One challenge of a `WWW-Authenticate` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    /// Names in lower case.
    params: Vec<(String, String)>,
}

/// Reads the challenges of one header up to the first fault.
///
/// Source: RFC 9110, sections 11.3 to 11.6.1. A comma separates parameters and challenges alike: a
/// word is a parameter if `=` and a value follow it. Not by the crate `http-auth`: it gives up at
/// an unnamed parameter, as in `Negotiate YWJj=`, and at whatever follows a fault.
pub(super) fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word = token(rest);
        if word.is_empty() {
            return found;
        }
        rest = rest[word.len()..].trim_start();
        let lower = word.to_ascii_lowercase();
        match (rest.strip_prefix('='), found.last_mut()) {
            (Some(after), Some(challenge)) => {
                let Some((value, after)) = value(after.trim_start()) else { return found };
                challenge.params.push((lower, value));
                rest = after;
            }
            (Some(_), None) => return found,
            (None, _) => {
                found.push(Challenge { scheme: lower, params: Vec::new() });
                rest = after_token68(rest);
            }
        }
    }
}

fn token(text: &str) -> &str {
    let special = |c: char| !c.is_ascii_alphanumeric() && !"!#$%&'*+-.^_`|~".contains(c);
    &text[..text.find(special).unwrap_or(text.len())]
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let word = token(text);
        return (!word.is_empty()).then(|| (word.to_owned(), &text[word.len()..]));
    };
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// What follows a scheme's one unnamed parameter, as in `Negotiate YWJj=`, if it has one.
fn after_token68(text: &str) -> &str {
    let special = |c: char| !c.is_ascii_alphanumeric() && !"-._~+/".contains(c);
    let rest = text.trim_start_matches(|c| !special(c)).trim_start_matches('=');
    if rest.is_empty() || rest.trim_start().starts_with(',') { rest } else { text }
}

impl Challenge {
    fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The address that gives a token for this challenge of `registry`, a host with its port.
    ///
    /// It asks for `scope`, whatever the registry wishes: a login may be good for much more.
    ///
    /// Refuses, with a reason, a realm that isn't a plain http(s) address, one that brings a scope
    /// of its own, and one that would send a login unencrypted: http is for a registry and a realm
    /// on this machine.
    pub(super) fn token_url(&self, registry: &str, scope: &str) -> Result<String, String> {
        let realm = self.param("realm").unwrap_or_default();
        let bad = |why: &str| Err(format!("names `{}` for tokens: {why}", brief(realm)));
        let ok = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
        let Some((scheme, rest)) = realm.split_once("://").filter(|_| realm.bytes().all(ok)) else {
            return bad("expected an address");
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            return bad("expected an address with a host and without a user");
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "https" => {}
            "http" if is_loopback(authority) && is_loopback(registry) => {}
            "http" => return bad("it isn't encrypted"),
            _ => return bad("expected https"),
        }
        let mut keys = rest.split(['?', '&']).skip(1).filter_map(|pair| pair.split('=').next());
        if keys.any(|key| key.contains('%') || key.to_ascii_lowercase().contains("scope")) {
            return bad("it brings a scope of its own");
        }
        let mut url = format!("{scheme}://{rest}");
        for (name, value) in [("service", self.param("service")), ("scope", Some(scope))] {
            if let Some(value) = value {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(&format!("{name}={}", percent_encoded(value)));
            }
        }
        Ok(url)
    }
}

/// `text` with everything but RFC 3986's unreserved characters as `%XX`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    type Params = &'static [(&'static str, &'static str)];

    #[test]
    fn headers() {
        let cases: &[(&str, &[(&str, Params)])] = &[
            (
                r#"Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:a/b:pull,push""#,
                &[(
                    "bearer",
                    &[
                        ("realm", "https://quay.io/v2/auth"),
                        ("service", "quay.io"),
                        ("scope", "repository:a/b:pull,push"),
                    ],
                )],
            ),
            (r#"Basic realm="a, \"b\" \\ c""#, &[("basic", &[("realm", r#"a, "b" \ c"#)])]),
            (
                r#"Negotiate, NTLM TlRM+/==, bearer  Realm = "r" , error=invalid, , Basic"#,
                &[
                    ("negotiate", &[]),
                    ("ntlm", &[]),
                    ("bearer", &[("realm", "r"), ("error", "invalid")]),
                    ("basic", &[]),
                ],
            ),
            ("Negotiate YWJj=", &[("negotiate", &[])]),
            ("Bearer realm=token", &[("bearer", &[("realm", "token")])]),
            (r#"Bearer realm="never closed"#, &[("bearer", &[])]),
            (r#"Bearer realm="ends in \"#, &[("bearer", &[])]),
            (r#"realm="no scheme""#, &[]),
            (r#"Bearer realm="r" é"#, &[("bearer", &[("realm", "r")])]),
            ("", &[]),
            (" , ,", &[]),
        ];
        for (header, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(scheme, params)| Challenge {
                    scheme: (*scheme).to_owned(),
                    params: params
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                        .collect(),
                })
                .collect();
            assert_eq!(challenges(header), expected, "{header}");
        }
    }

    fn check(registry: &str, params: &str, expected: Result<&str, &str>) {
        let challenge = challenges(&format!("Bearer {params}")).remove(0);
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(challenge.token_url(registry, "repository:x/y:pull"), expected, "{params}");
    }

    #[test]
    fn token_urls() {
        check(
            "quay.io",
            r#"realm="HTTPS://quay.io/auth",service="a b&c",scope="repository:other:pull,push""#,
            Ok("https://quay.io/auth?service=a%20b%26c&scope=repository%3Ax%2Fy%3Apull"),
        );
        check(
            "h.io",
            r#"realm="https://t.io:8443?x={1}""#,
            Ok("https://t.io:8443?x={1}&scope=repository%3Ax%2Fy%3Apull"),
        );
        for realm in ["https://t.io/?a=b&Scope=all", "https://t.io/?%73cope=all"] {
            check(
                "t.io",
                &format!("realm=\"{realm}\""),
                Err(&format!("names `{realm}` for tokens: it brings a scope of its own")),
            );
        }
        check(
            "[::1]:5000",
            r#"realm="http://127.0.0.1:1/t""#,
            Ok("http://127.0.0.1:1/t?scope=repository%3Ax%2Fy%3Apull"),
        );
        check(
            "h.io",
            r#"realm="http://127.0.0.1:1/t""#,
            Err("names `http://127.0.0.1:1/t` for tokens: it isn't encrypted"),
        );
        check(
            "localhost",
            r#"realm="http://t.io/""#,
            Err("names `http://t.io/` for tokens: it isn't encrypted"),
        );
        check(
            "h.io",
            r#"realm="file:///etc/passwd""#,
            Err(
                "names `file:///etc/passwd` for tokens: expected an address with a host and without a user",
            ),
        );
        check(
            "h.io",
            r#"realm="ftp://t.io/""#,
            Err("names `ftp://t.io/` for tokens: expected https"),
        );
        check(
            "h.io",
            r#"realm="https://u:p@t.io/""#,
            Err(
                "names `https://u:p@t.io/` for tokens: expected an address with a host and without a user",
            ),
        );
        check(
            "h.io",
            r#"realm="https://t.io\\@evil.io/""#,
            Err(r"names `https://t.io\@evil.io/` for tokens: expected an address"),
        );
        check(
            "h.io",
            "realm=\"https://t.io/\n\"",
            Err(r"names `https://t.io/\u{a}` for tokens: expected an address"),
        );
        check("h.io", "service=x", Err("names `` for tokens: expected an address"));
    }
}
