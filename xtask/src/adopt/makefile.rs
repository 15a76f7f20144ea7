//! Finds the recipes of a makefile, and writes those that call this tool. Expands nothing.

use std::ops::Range;

/// A rule with the lines of its recipe.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub targets: Vec<String>,
    /// From 1.
    pub line: usize,
    /// Bytes of the recipe, with its last line end.
    pub recipe: Range<usize>,
    /// Why another recipe can't take the place of this one: the rest of "its recipe …".
    pub oddity: Option<&'static str>,
}

/// What may cut a recipe.
const CONDITIONS: [&str; 6] = ["ifeq", "ifneq", "ifdef", "ifndef", "else", "endif"];

/// Every rule, in the order of the file; one without a recipe has an empty one.
pub fn rules(text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let (mut is_open, mut is_definition, mut is_cut) = (false, false, false);
    for (line, range) in logical_lines(text) {
        let shown = &text[range.clone()];
        let word = shown.split_whitespace().next().unwrap_or_default();
        if is_definition {
            is_definition = word != "endef";
        } else if let (true, Some(rule)) = (is_open && shown.starts_with('\t'), rules.last_mut()) {
            rule.oddity = rule.oddity.or(is_cut.then_some("has conditions"));
            rule.recipe.end = range.end;
        } else if CONDITIONS.contains(&word) {
            is_cut = true;
        } else if !word.is_empty() && !word.starts_with('#') {
            is_definition = word == "define";
            let targets = if is_definition { None } else { targets(shown) };
            is_open = targets.is_some();
            is_cut = false;
            let code = shown.split('#').next().unwrap_or_default();
            let start = code.find(';').map_or(range.end, |at| range.start + at + 1);
            rules.extend(targets.map(|targets| Rule {
                oddity: oddity(code, &targets),
                targets,
                line,
                recipe: start..range.end,
            }));
        }
    }
    rules
}

/// The lines with those that a backslash continues, each with its number.
fn logical_lines(text: &str) -> Vec<(usize, Range<usize>)> {
    let (mut lines, mut at, mut number) = (Vec::new(), 0, 1);
    while at < text.len() {
        let (start, first) = (at, number);
        for line in text[start..].split_inclusive('\n') {
            at += line.len();
            number += 1;
            if !line.trim_end_matches(['\r', '\n']).ends_with('\\') {
                break;
            }
        }
        lines.push((first, start..at));
    }
    lines
}

/// What stands before the colon of a rule; `None` if the line is none.
fn targets(line: &str) -> Option<Vec<String>> {
    let (before, after) = line.split_once(':')?;
    let is_assignment = before.contains('=') || after.trim_start_matches(':').starts_with('=');
    let words = before.split_whitespace().filter(|word| *word != "\\");
    let all: Vec<String> = words.map(str::to_owned).collect();
    (!is_assignment && !all.is_empty()).then_some(all)
}

fn oddity(line: &str, targets: &[String]) -> Option<&'static str> {
    let (_, after) = line.split_once(':')?;
    match targets {
        _ if after.contains(';') => Some("begins behind a `;`"),
        _ if after.starts_with(':') => Some("may be one of several, because of its `::`"),
        [_, _, ..] => Some("is that of several targets"),
        [one] if one.contains(['%', '$']) => Some("is that of a pattern"),
        _ => None,
    }
}

/// The recipe of a target that runs `task` of `cargo xtask`, as the shim of this tool does: `REF`,
/// `ENV`, `DRY_RUN`, `DO_COMMIT` and `ARGS` mean the same, on the command line of `make` or in the
/// environment.
///
/// A startup file of the shell, which may be in `ENV` too, is a path. The shell may be one that
/// refuses variables which are not set (`.SHELLFLAGS = -eu -c`).
pub fn recipe(task: &[&str], takes_environments: bool, line_end: &str) -> String {
    let mut lines = vec![
        format!("@set -f; set -- {}; \\", task.join(" ")),
        "if [ -n \"$${REF-}\" ]; then set -- \"$$@\" --ref \"$$REF\"; fi; \\".to_owned(),
        "case \"$${DRY_RUN-}\" in ''|0|no|false) ;; *) set -- \"$$@\" --dry-run;; esac; \\"
            .to_owned(),
    ];
    if takes_environments {
        lines.push("case \"$${ENV-}\" in */*) ENV=;; esac; \\".to_owned());
        lines.push("for env in $$(printf %s \"$${ENV-}\" | tr , ' '); do set -- \"$$@\" --env \"$$env\"; done; \\".to_owned());
    }
    lines.push("unset ENV; exec cargo xtask \"$$@\" $${ARGS-}".to_owned());
    lines.iter().map(|line| format!("\t{line}{line_end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes() {
        let text = "A := x\nB = a:b\ninclude .env\n.PHONY: a b\n\n# c\na: b \\\n  c\n\t@one \\\n  two\n\n# between\n\tthree\nb c : ; four\nd:\nifdef X\n\tfive\nelse\n\tsix\nendif\nall: a b # c; d\ndefine x\ne:\n\tseven\nendef\nf:\n\teight\ng::\n\tnine\nh i:\n\tten\n%-x:\n\televen\nj \\\n  : k\n\ttwelve";
        let found: Vec<_> = rules(text)
            .into_iter()
            .map(|rule| {
                (rule.targets.join(" "), rule.line, text[rule.recipe].to_owned(), rule.oddity)
            })
            .collect();
        let rule = |targets: &str, line, recipe: &str, oddity| {
            (targets.to_owned(), line, recipe.to_owned(), oddity)
        };
        let expected = [
            rule(".PHONY", 4, "", None),
            rule("a", 7, "\t@one \\\n  two\n\n# between\n\tthree\n", None),
            rule("b c", 14, " four\n", Some("begins behind a `;`")),
            rule("d", 15, "ifdef X\n\tfive\nelse\n\tsix\n", Some("has conditions")),
            rule("all", 21, "", None),
            rule("f", 26, "\teight\n", None),
            rule("g", 28, "\tnine\n", Some("may be one of several, because of its `::`")),
            rule("h i", 30, "\tten\n", Some("is that of several targets")),
            rule("%-x", 32, "\televen\n", Some("is that of a pattern")),
            rule("j", 34, "\ttwelve", None),
        ];
        assert_eq!(found, expected);
    }
}
