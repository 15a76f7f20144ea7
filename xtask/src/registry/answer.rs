//! The four answers of a registry, what they are read from, and what is said about them. Pure.

use std::time::Duration;

use promotion::model::duration::shown;
use promotion::model::escape::escaped;
use promotion::model::image::Image;
use promotion::model::problem::Problem;

use super::http::Response;

/// What a registry says about one tag of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageAnswer {
    /// It is there.
    Present {
        /// `sha256:` and 64 hexadecimal digits; some registries don't tell.
        digest: Option<String>,
    },
    /// It isn't there (yet).
    Absent,
    /// Nobody without a login, or not with this one, may know.
    Denied,
    /// No answer, or not one of a registry.
    Unreachable {
        /// One line, escaped.
        reason: String,
    },
}

/// An [`ImageAnswer`], and how long the registry wishes to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub answer: ImageAnswer,
    pub(super) retry_after: Option<Duration>,
}

impl From<ImageAnswer> for Reply {
    fn from(answer: ImageAnswer) -> Self {
        Reply { answer, retry_after: None }
    }
}

impl Reply {
    /// Whether the registry may say something else later: the image isn't there yet, or it is too
    /// busy and says when to come back.
    pub fn may_change(&self) -> bool {
        self.answer == ImageAnswer::Absent || self.retry_after.is_some()
    }

    /// A reply that says why there is none; `reason` must be escaped already.
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        ImageAnswer::Unreachable { reason: reason.into() }.into()
    }
}

/// Reads the answer to the question for a manifest; a 401 means that no login is left to try.
pub(super) fn judge(response: &Response) -> Reply {
    match response.status {
        401 => ImageAnswer::Denied.into(),
        200 | 403 | 404 if is_page(response) => fault(response),
        200 if is_manifest(response) => ImageAnswer::Present { digest: digest(response) }.into(),
        200 => Reply::unreachable("answers, but not with a manifest"),
        403 => ImageAnswer::Denied.into(),
        404 => ImageAnswer::Absent.into(),
        _ => fault(response),
    }
}

/// Says what is wrong with an answer that is none.
pub(super) fn fault(response: &Response) -> Reply {
    let retry_after = retry_after(response);
    let later =
        retry_after.map_or(String::new(), |wish| format!(", and asks to wait {}", shown(wish)));
    let status = response.status;
    let reason = match status {
        300..400 => {
            let target = response.header("location").unwrap_or_default();
            format!("redirects to `{}` (status {status}), which is not followed", brief(target))
        }
        429 => format!("answers that there are too many requests (status 429){later}"),
        _ if is_page(response) => {
            format!("answers with a web page (status {status}), as a proxy or a login page does")
        }
        _ => format!("answers with status {status}{later}"),
    };
    Reply { retry_after, ..Reply::unreachable(reason) }
}

/// Whether something else than a registry answers: a proxy, a login page, a web server.
pub(super) fn is_page(response: &Response) -> bool {
    let page = matches!(response.media_type().as_str(), "text/html" | "application/xhtml+xml");
    page && response.header("docker-distribution-api-version").is_none()
}

/// Whether any sign says that a success is a manifest's: its type, its digest, or a registry.
fn is_manifest(response: &Response) -> bool {
    let media_type = response.media_type();
    media_type.starts_with("application/vnd.oci.image.")
        || media_type.starts_with("application/vnd.docker.distribution.manifest.")
        || digest(response).is_some()
        || response.header("docker-distribution-api-version").is_some()
}

fn digest(response: &Response) -> Option<String> {
    let digest = response.header("docker-content-digest")?;
    let hex = digest.strip_prefix("sha256:")?;
    let ok = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    ok.then(|| digest.to_ascii_lowercase())
}

/// The seconds of `Retry-After`; its other form, a date, counts as no wish.
fn retry_after(response: &Response) -> Option<Duration> {
    let wish = response.header("retry-after").filter(|_| matches!(response.status, 429 | 503))?;
    wish.parse().ok().map(Duration::from_secs)
}

/// The start of a stranger's text, escaped.
pub(super) fn brief(text: &str) -> String {
    const LENGTH: usize = 200;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text),
    }
}

/// Why a promotion to that tag is refused; `None` if the image is there.
pub fn problem(image: &Image, tag: &str, answer: &ImageAnswer) -> Option<Problem> {
    let registry = image.registry();
    let (message, help) = match answer {
        ImageAnswer::Present { .. } => return None,
        ImageAnswer::Absent => (
            format!("`{image}:{tag}` doesn't exist: not built yet, or its build failed"),
            "wait for it with `--wait-image`".to_owned(),
        ),
        ImageAnswer::Denied => (
            format!("`{registry}` doesn't let you see `{image}:{tag}`: it is private, or there is no such image"),
            "make the image public, or put a login for it into `~/.netrc` (with `image-realm` if another host gives its tokens)".to_owned(),
        ),
        ImageAnswer::Unreachable { reason } => (
            format!("can't ask `{registry}` for `{image}:{tag}`: {reason}"),
            "check the network and its proxy".to_owned(),
        ),
    };
    Some(Problem::new(message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCI: &str = "Content-Type: application/vnd.oci.image.index.v1+json\r\n";
    const API: &str = "Docker-Distribution-Api-Version: registry/2.0\r\n";
    const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n";

    fn check(status: u16, headers: &str, expected: impl Into<Reply>) {
        let text = format!("HTTP/1.1 {status} x\r\n{headers}\r\n");
        let response = Response::parse(text.as_bytes()).unwrap();
        assert_eq!(judge(&response), expected.into(), "{text}");
    }

    #[test]
    fn successes() {
        let present =
            |digest: Option<&str>| ImageAnswer::Present { digest: digest.map(str::to_owned) };
        let digest = format!("sha256:{}", "0a".repeat(32));
        check(200, &format!("Docker-Content-Digest: {digest}\r\n"), present(Some(&digest)));
        check(200, &format!("{OCI}Docker-Content-Digest: sha256:evil\r\n"), present(None));
        check(200, API, present(None));
        check(200, &format!("{HTML}{API}"), present(None));
        let page = "answers with a web page (status 200), as a proxy or a login page does";
        check(200, HTML, Reply::unreachable(page));
        check(200, &format!("{HTML}Docker-Content-Digest: {digest}\r\n"), Reply::unreachable(page));
        check(200, "", Reply::unreachable("answers, but not with a manifest"));
        check(
            200,
            "Content-Type: application/json\r\n",
            Reply::unreachable("answers, but not with a manifest"),
        );
    }

    #[test]
    fn failures() {
        check(401, "", ImageAnswer::Denied);
        check(403, "Content-Type: application/json\r\n", ImageAnswer::Denied);
        check(404, "", ImageAnswer::Absent);
        check(404, &format!("{HTML}{API}"), ImageAnswer::Absent);
        let page = |status| {
            format!("answers with a web page (status {status}), as a proxy or a login page does")
        };
        check(403, HTML, Reply::unreachable(page(403)));
        check(404, HTML, Reply::unreachable(page(404)));
        check(502, HTML, Reply::unreachable(page(502)));
        check(500, "Retry-After: 7\r\n", Reply::unreachable("answers with status 500"));
        check(204, "", Reply::unreachable("answers with status 204"));
        check(
            307,
            "Location: http://e\u{1b}/\r\n",
            Reply::unreachable(
                "redirects to `http://e\\u{1b}/` (status 307), which is not followed",
            ),
        );
    }

    #[test]
    fn wishes() {
        let wish = |seconds, reason: &str| Reply {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Reply::unreachable(reason)
        };
        let many = "answers that there are too many requests (status 429)";
        check(
            429,
            "Retry-After: 90\r\n",
            wish(90, &format!("{many}, and asks to wait 1 min 30 s")),
        );
        check(429, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", Reply::unreachable(many));
        check(503, "Retry-After: 0\r\n", wish(0, "answers with status 503, and asks to wait 0 s"));
    }

    #[test]
    fn lengths() {
        assert_eq!(brief(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(brief(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }

    #[test]
    fn problems() {
        let image = Image::parse("quay.io/a/b").unwrap();
        let told = |answer: &ImageAnswer| {
            problem(&image, "22e638d", answer).map(|r| (r.message, r.help.unwrap_or_default()))
        };
        let check = |answer: ImageAnswer, message: &str, help: &str| {
            assert_eq!(told(&answer), Some((message.to_owned(), help.to_owned())));
        };
        assert_eq!(told(&ImageAnswer::Present { digest: None }), None);
        check(
            ImageAnswer::Absent,
            "`quay.io/a/b:22e638d` doesn't exist: not built yet, or its build failed",
            "wait for it with `--wait-image`",
        );
        check(
            ImageAnswer::Denied,
            "`quay.io` doesn't let you see `quay.io/a/b:22e638d`: it is private, or there is no such image",
            "make the image public, or put a login for it into `~/.netrc` (with `image-realm` if another host gives its tokens)",
        );
        check(
            ImageAnswer::Unreachable { reason: "answers with status 500".to_owned() },
            "can't ask `quay.io` for `quay.io/a/b:22e638d`: answers with status 500",
            "check the network and its proxy",
        );
    }
}
