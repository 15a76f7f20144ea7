//! Opens a page in the browser of the person who runs this.

use std::env;
use std::io::stderr;
use std::process::{Command, Stdio};

use promotion::model::escape::escaped;
use promotion::model::problem::Problem;

/// Opens an address with the first program that does: those in `$BROWSER`, `xdg-open`, `open`.
///
/// Refuses what isn't the plain address of a web page: other people wrote it.
pub fn open(address: &str) -> Result<(), Problem> {
    if !is_page(address) {
        return Err(Problem::new(format!(
            "`{}` is not opened: expected the address of a web page",
            escaped(address)
        ))
        .help("look at it first, then open it by hand"));
    }
    let named = env::var("BROWSER").unwrap_or_default();
    let commands = named.split(':').chain(["xdg-open", "open"]);
    match commands.filter_map(|command| program(command, address)).any(runs) {
        true => Ok(()),
        false => Err(Problem::new(format!("no browser opens {address}"))
            .help("set `BROWSER` to a program that does")),
    }
}

/// Whether the program ran and said that it opened the page. What it prints is no result.
fn runs(mut program: Command) -> bool {
    program.stdout(Stdio::from(stderr())).status().is_ok_and(|status| status.success())
}

/// A command of `$BROWSER`: the address replaces `%s`, or comes last. No shell reads it.
fn program(command: &str, address: &str) -> Option<Command> {
    let mut words = command.split_whitespace();
    let mut program = Command::new(words.next()?);
    program.args(words.map(|word| word.replace("%s", address)));
    if !command.contains("%s") {
        program.arg(address);
    }
    Some(program)
}

/// Whether no program can take it for anything but an address of the web.
fn is_page(address: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@&+,=%[]".contains(c);
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let good =
            ["https://gitlab.example.com/a/-/merge_requests/1", "http://h:1/?a[b]=%20&c=d#e"];
        assert!(good.into_iter().all(is_page));
        let bad = [
            "",
            "https://",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "/bin/sh",
            "ssh://git@host/x",
            "https://a b",
            "https://a\n",
            "https://a;id",
            "https://$(id)",
            "https://'a",
            "HTTPS://a\u{202e}",
        ];
        assert!(!bad.into_iter().any(is_page));
    }

    #[test]
    fn commands() {
        let words = |command: &str| -> Option<Vec<String>> {
            let program = program(command, "http://a")?;
            let all = std::iter::once(program.get_program()).chain(program.get_args());
            Some(all.map(|word| word.to_str().unwrap_or_default().to_owned()).collect())
        };
        assert_eq!(
            words("firefox -P x"),
            Some(["firefox", "-P", "x", "http://a"].map(Into::into).to_vec())
        );
        assert_eq!(words("w3m %s -q"), Some(["w3m", "http://a", "-q"].map(Into::into).to_vec()));
        assert_eq!(words(" "), None);
    }
}
