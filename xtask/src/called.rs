//! The name that this program was called by, as people type it: `cargo xtask`, or `app-promote`.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

/// The name for a program whose file has a name that nobody would type.
const INSTALLED: &str = "app-promote";

static NAME: LazyLock<String> = LazyLock::new(|| {
    let is_run_by_cargo = env::var_os("CARGO_MANIFEST_DIR").is_some();
    name(&program(env::args_os().next()), is_run_by_cargo)
});

/// What to type to call this program.
pub fn called() -> &'static str {
    &NAME
}

/// The words of the command line. cargo calls `cargo-NAME` with a second `NAME`, which is left out.
pub fn words() -> Vec<OsString> {
    without_repetition(env::args_os().collect())
}

fn without_repetition(mut words: Vec<OsString>) -> Vec<OsString> {
    let program = program(words.first().cloned());
    if let (Some(name), Some(second)) = (program.strip_prefix("cargo-"), words.get(1))
        && second == name
    {
        words.remove(1);
    }
    words
}

/// The name of the program's file, without folders and `.exe`.
fn program(first: Option<OsString>) -> String {
    let first = first.unwrap_or_default();
    let stem = Path::new(&first).file_stem().unwrap_or_default();
    stem.to_str().unwrap_or_default().to_owned()
}

fn name(program: &str, is_run_by_cargo: bool) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match program.strip_prefix("cargo-") {
        _ if is_run_by_cargo || program == "xtask" => "cargo xtask".to_owned(),
        _ if program.is_empty() || !program.chars().all(is_plain) => INSTALLED.to_owned(),
        Some(name) => format!("cargo {name}"),
        None => program.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let cases = [
            ("/t/debug/xtask", false, "cargo xtask"),
            ("/t/debug/it-0123", true, "cargo xtask"),
            ("/bin/app-promote", false, "app-promote"),
            ("promote", false, "promote"),
            ("/bin/cargo-promote", false, "cargo promote"),
            ("/bin/a b\u{1b}", false, "app-promote"),
            ("", false, "app-promote"),
        ];
        for (first, is_run_by_cargo, expected) in cases {
            assert_eq!(name(&program(Some(first.into())), is_run_by_cargo), expected, "{first}");
        }
    }

    #[test]
    fn the_repeated_word_of_cargo() {
        let check = |words: &[&str], expected: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            assert_eq!(without_repetition(words), expected);
        };
        check(&["cargo-promote", "promote", "status"], &["cargo-promote", "status"]);
        check(&["cargo-promote", "status"], &["cargo-promote", "status"]);
        check(&["xtask", "xtask"], &["xtask", "xtask"]);
        check(&[], &[]);
    }
}
