//! An HTTP answer as curl writes it with its headers. Pure.

/// The final answer; those before it (100 Continue, a proxy's, a first 401) are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Names in lower case, in the order of the answer.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Reads header blocks and a body; `None` if it isn't HTTP.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut response, mut rest) = block(bytes)?;
        while rest.starts_with(b"HTTP/") {
            (response, rest) = block(rest)?;
        }
        Some(Response { body: rest.to_vec(), ..response })
    }

    /// The values of all headers of that name, given in lower case.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of the first header of that name, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The media type in lower case, without its parameters.
    pub(super) fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// Reads one status line with its headers, up to and with the empty line; the rest is returned.
fn block(bytes: &[u8]) -> Option<(Response, &[u8])> {
    let mut rest = bytes;
    let status = status(&next_line(&mut rest)?)?;
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let line = next_line(&mut rest)?;
        if line.is_empty() {
            return Some((Response { status, headers, body: Vec::new() }, rest));
        }
        match (line.split_once(':'), headers.last_mut()) {
            // A line that goes on with the one before, as HTTP/1 once had them.
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) => {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            (None, _) => {}
        }
    }
}

fn next_line(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
    *rest = &rest[end + 1..];
    Some(String::from_utf8_lossy(line).into_owned())
}

fn status(line: &str) -> Option<u16> {
    let mut words = line.strip_prefix("HTTP/")?.split(' ');
    words.next()?;
    words.next()?.parse().ok().filter(|code| (100..1000).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (u16, &'a [(&'a str, &'a str)], &'a str);

    fn check(text: &str, expected: Option<Parts>) {
        let expected = expected.map(|(status, headers, body)| Response {
            status,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        });
        assert_eq!(Response::parse(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn responses() {
        check("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}", Some((200, &[("a", "b")], "{}")));
        check(
            "HTTP/2 404 \r\nA:b:c\r\nA: d \r\n\r\n",
            Some((404, &[("a", "b:c"), ("a", "d")], "")),
        );
        check("HTTP/1.0 200\n\nx\n\ny", Some((200, &[], "x\n\ny")));
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nX: 2\r\n\r\n",
            Some((200, &[("x", "2")], "")),
        );
        check(
            "HTTP/1.1 200 OK\r\nA: b\r\n  c\r\nno colon\r\n\r\n",
            Some((200, &[("a", "b c")], "")),
        );
        check("HTTP/1.1 200 OK\r\n continued nothing\r\n\r\n", Some((200, &[], "")));
        check("HTTP/1.1 200 OK\r\nA: b\r\n", None);
        check("HTTP/1.1 OK\r\n\r\n", None);
        check("<html>\r\n\r\n", None);
        check("", None);
    }

    #[test]
    fn media_types() {
        let response = Response::parse(b"HTTP/2 200\r\nContent-Type: Text/HTML; q=1\r\n\r\n");
        assert_eq!(response.map(|r| r.media_type()), Some("text/html".to_owned()));
    }
}
