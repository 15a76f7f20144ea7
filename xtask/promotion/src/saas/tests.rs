use std::collections::BTreeMap;

use super::*;

const COMMIT: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

fn tree(files: &[(&str, &str)]) -> Tree {
    let path = |path: &str| RepoPath::parse(path).unwrap();
    let bytes = |text: &str| text.replace("COMMIT", COMMIT).into_bytes();
    Tree(files.iter().map(|(name, text)| (path(name), bytes(text))).collect::<BTreeMap<_, _>>())
}

/// A saas file at a path, without files of its targets.
pub(super) fn saas_file(path: &str, text: &str) -> SaasFile {
    SaasFile::read(&RepoPath::parse(path).unwrap(), &tree(&[(path, text)])).unwrap()
}

/// Each target of a file: what it is called, where it stands, what it runs, and who moves it.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let file = SaasFile::read(&RepoPath::parse("saas.yml").unwrap(), &tree(files)).unwrap();
    let shown = |(template, target): (&Template, &Target)| {
        let mut shown = target.label.clone();
        if let Some((line, reason)) = &template.unfit {
            shown += &format!(", template unfit in line {line}: {reason}");
        }
        if let Some(file) = &target.file {
            shown += &format!(", in {file}");
        }
        if let Some((value, line)) = &target.value {
            shown += &format!(", line {line}: {}", value.replace(COMMIT, "COMMIT"));
        }
        shown + if target.is_promoted_by_people() { ", by people" } else { "" }
    };
    let found: Vec<_> = file.targets().map(shown).collect();
    assert_eq!(found, expected, "{files:?}");
}

#[test]
fn who_moves_a_target() {
    let text = "resourceTemplates:\n- name: t\n  url: https://x/u\n  targets:\n\
                \x20 - {name: a, ref: COMMIT}\n\
                \x20 - {name: b, ref: master}\n\
                \x20 - {name: c, ref: COMMIT, promotion: {auto: true}}\n\
                \x20 - {name: d, ref: COMMIT, disable: true}\n\
                \x20 - {name: e, ref: COMMIT, delete: true}\n\
                \x20 - {name: f}\n";
    let expected = [
        "t/a, line 5: COMMIT, by people",
        "t/b, line 6: master",
        "t/c, line 7: COMMIT",
        "t/d, line 8: COMMIT",
        "t/e, line 9: COMMIT",
        "t/f",
    ];
    check(&[("saas.yml", text)], &expected);
}

#[test]
fn what_a_target_is_called() {
    let text = "resourceTemplates:\n- targets:\n\
                \x20 - {namespace: {$ref: /services/x/namespaces/app-prod.yml}}\n\
                \x20 - namespaceSelector: {jsonPathSelectors: {include: [a, b]}}\n\
                \x20 - {$ref: /targets/one.yml}\n\
                \x20 - {$ref: /targets/gone.yml}\n\
                \x20 - {}\n";
    let expected = [
        "(no name)/app-prod",
        "(no name)/a, b",
        "(no name)/one, in data/targets/one.yml, line 2: COMMIT, by people",
        "(no name)/gone",
        "(no name)/(no name)",
    ];
    let one = ("data/targets/one.yml", "name: one\nref: COMMIT\n");
    check(&[("saas.yml", text), one], &expected);
}

#[test]
fn templates_that_nobody_may_promote() {
    let text = "x: &u https://x/u\ny: &t {url: https://x/u}\nresourceTemplates:\n\
                - {name: a, url: *u, targets: [{name: x}]}\n\
                - {<<: *t, name: b, targets: [{name: x}]}\n\
                - {name: c, url: &v https://x/v, targets: [{name: x}]}\n\
                - {name: d, url: https://x/u, path: *v, targets: [{name: x}]}\n\
                - {name: e, url: &w https://x/v, targets: [{name: x}]}\n";
    let expected = [
        "a/x, template unfit in line 4: `url` comes by an alias",
        "b/x, template unfit in line 2: `url` comes by a merge key",
        "c/x, template unfit in line 6: `url` has an anchor, on it or around it, that is used elsewhere in the file",
        "d/x, template unfit in line 7: `path` comes by an alias",
        "e/x",
    ];
    check(&[("saas.yml", text)], &expected);
}

#[test]
fn files_of_targets() {
    let saas = "resourceTemplates: [{targets: [{$ref: /b.yml}, {$ref: /a.yml}, {$ref: /b.yml}]}]";
    let files = [("saas/x.yml", saas), ("other.yml", saas), ("saas/y.yml", "x: 1\n")];
    let glob = |glob: &str| FilePattern::Glob(glob.to_owned());
    let check = |pattern: FilePattern, expected: &[&str]| {
        let found = target_files(&tree(&files), &[pattern]);
        assert_eq!(found.iter().map(RepoPath::as_str).collect::<Vec<_>>(), expected);
    };
    check(glob("saas/*.yml"), &["data/a.yml", "data/b.yml"]);
    check(glob("none/*.yml"), &[]);
    check(FilePattern::File(RepoPath::parse("saas/y.yml").unwrap()), &[]);
    let file = FilePattern::File(RepoPath::parse("saas/x.yml").unwrap());
    check(file, &["data/a.yml", "data/b.yml"]);
}
