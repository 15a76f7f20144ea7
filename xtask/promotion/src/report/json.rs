//! Parts that all documents of `--format json` share. `docs/json.md` describes them; keys are only
//! ever added.

use serde_json::{Value, json};

use crate::inspect::discover::Orphan;
use crate::model::component::Component;
use crate::model::escape::is_obeyed;
use crate::model::problem::Problem;
use crate::model::upstream::without_credentials;
use crate::model::version::CommitId;

/// A document as it is printed: every character that a terminal would obey is escaped.
pub fn text(document: &Value) -> String {
    let mut text = String::new();
    for c in format!("{document:#}").chars() {
        // Outside of strings, line feeds are the only control characters; inside, serde_json
        // escaped them.
        match is_obeyed(c) && c != '\n' {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text + "\n"
}

/// The object without those of `keys` whose value is null.
pub fn optional(keys: &[&str], mut object: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.retain(|key, value| !value.is_null() || !keys.contains(&key.as_str()));
    }
    object
}

/// The document of a command that failed.
pub fn errors(problems: &[Problem]) -> Value {
    with_errors(json!({ "version": 1 }), problems)
}

/// The document with the problems added: the first as `error`; if there are several, all as
/// `errors`.
pub fn with_errors(mut document: Value, problems: &[Problem]) -> Value {
    if let Some(first) = problems.first() {
        document["error"] = problem(first);
    }
    if problems.len() > 1 {
        document["errors"] = self::problems(problems);
    }
    document
}

/// An array of problems or warnings.
pub fn problems(problems: &[Problem]) -> Value {
    problems.iter().map(problem).collect()
}

/// One problem or warning.
pub fn problem(problem: &Problem) -> Value {
    let Problem { message, help, file, line, column, usage: _ } = problem;
    let (message, help) = (without_credentials(message), help.as_deref().map(without_credentials));
    json!({ "message": message, "help": help, "file": file, "line": line, "column": column })
}

/// A version: its commit and its tag.
pub fn version(component: &Component, commit: &CommitId) -> Value {
    json!({ "commit": commit.as_str(), "tag": commit.tag(component.tag_length) })
}

/// An array of versions whose component is not known.
pub fn orphans(orphans: &[Orphan]) -> Value {
    let orphans = orphans.iter().map(|orphan| {
        let Orphan { file, line, name, value, image } = orphan;
        json!({ "file": file.as_str(), "line": line, "name": name, "value": value, "image": image })
    });
    orphans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::path::RepoPath;

    #[test]
    fn documents() {
        let document = json!({ "a": "x\u{9b}\n\u{202e}", "b": null, "c": null });
        let kept = optional(&["b"], document);
        assert_eq!(text(&kept), "{\n  \"a\": \"x\\u009b\\n\\u202e\",\n  \"c\": null\n}\n");
    }

    #[test]
    fn errors_of_a_document() {
        let one = Problem::new("at https://u:p@x/").help("see https://t@y/").file("f").line(2);
        let other = Problem::new("x").column(3);
        let first = json!({
            "message": "at https://x/", "help": "see https://y/", "file": "f", "line": 2,
            "column": null,
        });
        let second =
            json!({ "message": "x", "help": null, "file": null, "line": null, "column": 3 });
        assert_eq!(errors(&[]), json!({ "version": 1 }));
        let single = std::slice::from_ref(&one);
        assert_eq!(errors(single), json!({ "version": 1, "error": first }));
        let both = json!({ "version": 1, "error": first, "errors": [first, second] });
        assert_eq!(errors(&[one, other]), both);
    }

    #[test]
    fn versions_of_nobody() {
        let one = Orphan {
            file: RepoPath::parse("a/b.yml").unwrap(),
            line: 3,
            name: "x_image_tag".to_owned(),
            value: "22e638d".to_owned(),
            image: None,
        };
        let other = Orphan { image: Some("q.io/x".to_owned()), line: 4, ..one.clone() };
        let shown = |line, image: Option<&str>| {
            json!({
                "file": "a/b.yml", "line": line, "name": "x_image_tag", "value": "22e638d",
                "image": image,
            })
        };
        assert_eq!(orphans(&[one, other]), json!([shown(3, None), shown(4, Some("q.io/x"))]));
    }
}
