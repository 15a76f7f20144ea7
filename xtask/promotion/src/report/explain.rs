//! Renders the pins of a file for `explain`.

use super::columns::{padded, widest};
use super::{BOLD, DIM, GREEN, cut, printable};
use crate::config::Config;
use crate::history::past::PinPast;
use crate::inspect::discover::Orphan;
use crate::inspect::explain::{Explained, Fate};
use crate::locate::Stay;
use crate::model::path::RepoPath;
use crate::model::version::{is_digest, is_full_commit, short_digest};

/// How many pins of a file are shown, and how many changes: of the only pin, or of each.
const MOST_PINS: usize = 10;
const MOST_CHANGES: usize = 15;
const MOST_CHANGES_EACH: usize = 3;

/// The pins of a file with their histories; without `is_whole`, the ends of long lists are counted.
pub fn pins(
    path: &RepoPath,
    config: &Config,
    pins: &[Explained],
    histories: &[PinPast],
    is_whole: bool,
) -> Vec<String> {
    let (most_pins, most_changes) = match pins {
        _ if is_whole => (usize::MAX, usize::MAX),
        [_] => (1, MOST_CHANGES),
        _ => (MOST_PINS, MOST_CHANGES_EACH),
    };
    let shown = pins.iter().zip(histories).take(most_pins);
    let mut parts: Vec<String> =
        shown.map(|(one, past)| pin(path, config, one, past, most_changes)).collect();
    let others = pins.len() - parts.len();
    parts.extend((others > 0).then(|| cut(others, "--all, or name a line: FILE:LINE") + "\n"));
    parts
}

/// One pin: its place, its component and environment, whether it moves, and its history.
fn pin(path: &RepoPath, config: &Config, pin: &Explained, past: &PinPast, most: usize) -> String {
    let place = printable(&format!("{path}:{}", pin.line));
    let target = pin.target.as_ref().map_or(String::new(), |target| format!("  {target}"));
    let mut text = format!(
        "{BOLD}{place}{BOLD:#} {}{DIM}{}{DIM:#}\n",
        printable(pin.value.trim_end()),
        printable(&target)
    );
    text.push_str(&format!("  {}\n", printable(&owner(config, pin))));
    let saas_file = pin.saas_file.iter();
    text.extend(saas_file.map(|file| printable(&format!("  a target of `{file}`")) + "\n"));
    let style = if pin.fate == Fate::Moves { GREEN } else { DIM };
    for line in fate(path, config, pin).lines() {
        text.push_str(&format!("  {style}{}{style:#}\n", printable(line)));
    }
    text + &history(pin, past, most)
}

fn owner(config: &Config, pin: &Explained) -> String {
    let selector = &pin.selector;
    match &pin.environment {
        None => format!("`{}`, in no environment: {selector}", pin.component),
        Some(environment) => {
            let line = if config.is_builtin() {
                config.file.clone()
            } else {
                format!("{}:{}", config.file, environment.origin.at().line)
            };
            format!("`{}` in `{}`: {selector} ({line})", pin.component, environment.name)
        }
    }
}

fn fate(path: &RepoPath, config: &Config, pin: &Explained) -> String {
    match &pin.fate {
        Fate::Moves => "moves with every promotion there".to_owned(),
        Fate::Stays(Stay::Auto) => "stays: `promotion.auto` moves it".to_owned(),
        Fate::Stays(Stay::Delete) => "stays: the target is about to be deleted".to_owned(),
        Fate::Stays(stay) => format!("stays: it {}", stay.described()),
        Fate::Unfit(reason) if pin.environment.is_none() => format!("can't move: it {reason}"),
        Fate::Unfit(reason) => format!("can't move: it {reason}; a promotion refuses it"),
        Fate::Unconfigured(line) if line.contains(" saas = true") => {
            let file = pin.saas_file.as_ref().unwrap_or(path);
            let command = format!("`promote --saas {}`", file.quoted());
            let moves = match pin.by_name {
                None => format!("moves with {command}, which needs no configuration"),
                Some(stay) => format!("stays with {command}: it {}", stay.described()),
            };
            format!("{moves}; `discover --write` would take it in:\n  pins = [{line}]")
        }
        Fate::Unconfigured(line) if config.component(&pin.component).is_err() => format!(
            "does not move: no component is `{}`; with one, this would take it in \
             (`discover --write` adds both):\n  pins = [{line}]",
            pin.upstream
        ),
        Fate::Unconfigured(line) => format!(
            "does not move; this in `[component.{}.environment.NAME]` would take it in:\n  pins = [{line}]",
            pin.component
        ),
    }
}

/// The changes, newest first; what is not committed yet before all of them.
fn history(pin: &Explained, past: &PinPast, most: usize) -> String {
    let mut rows = Vec::new();
    if past.committed.as_ref() != Some(&pin.value) {
        let value = shown(Some(&pin.value));
        rows.push(["not committed".to_owned(), value, String::new(), String::new()]);
    }
    for one in past.changes.iter().take(most) {
        let revision = one.revision;
        rows.push([
            revision.date.clone(),
            shown(one.to.as_deref()),
            printable(&revision.author),
            format!("{} {}", revision.commit.tag(7), printable(&revision.subject)),
        ]);
    }
    let widths: Vec<_> =
        (0..3).map(|column| widest(rows.iter().map(|row| row[column].as_str()))).collect();
    let row = |row: &[String; 4]| {
        let filled = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        let cells: Vec<_> = filled.chain(row.last().cloned()).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    let mut text: String = rows.iter().map(row).collect();
    let others = past.changes.len().saturating_sub(most);
    text.extend((others > 0).then(|| format!("  {}\n", cut(others, "--all"))));
    text
}

/// A version for the history: of a full commit the first 12 digits, a digest short.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(value) if is_full_commit(value) => value[..12].to_owned(),
        Some(value) if is_digest(value) => short_digest(value),
        Some(value) => printable(value.trim_end()).replace('\n', " "),
    }
}

/// One line about a version whose component is not known.
pub fn orphan(orphan: &Orphan) -> String {
    printable(&orphan.to_string()) + "\n"
}

/// The answer if there is no pin in the line, or in the file; `others` are the pins in other lines.
pub fn nothing(path: &RepoPath, line: Option<usize>, others: &[Explained]) -> String {
    let place = line.map_or(path.to_string(), |line| format!("{path}:{line}"));
    let mut text = format!("{}: no pin, and nothing that looks like one\n", printable(&place));
    let lines: Vec<String> = others.iter().map(|pin| pin.line.to_string()).collect();
    if !lines.is_empty() {
        let word = if lines.len() == 1 { "line" } else { "lines" };
        text.push_str(&format!("  the file has pins in {word} {}\n", lines.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::past::Moved;
    use crate::inspect::coverage::Terms;
    use crate::inspect::explain::explained;
    use crate::model::commit::Revision;
    use crate::model::tree::Tree;
    use crate::model::version::CommitId;

    const CONFIG: &str = "[component.c]\nupstream = \"https://x/org/c\"\n\
        [component.c.environment.e]\npins = [{ file = \"a.yml\", path = \"one.t\" }, \
        { file = \"b.yml\", key = \"t\" }, { file = \"s.yml\", saas = true, target = \"a\" }]\n";

    const COMMIT: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// What is told of each pin of a file that nobody has committed.
    fn check(file: &str, text: &str, expected: &[&str]) {
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        check_with(&config, &[Terms::of(&config.components[0], &config)], file, text, expected);
    }

    fn check_with(config: &Config, terms: &[Terms], file: &str, text: &str, expected: &[&str]) {
        let path = RepoPath::parse(file).unwrap();
        let text = text.replace("COMMIT", COMMIT);
        let found = explained(&path, &Tree::alone(&path, &text), terms, config).unwrap();
        let past =
            |one: &Explained| PinPast { committed: Some(one.value.clone()), changes: vec![] };
        let histories: Vec<_> = found.iter().map(past).collect();
        let parts = pins(&path, config, &found, &histories, false);
        let parts: Vec<_> =
            parts.iter().map(|part| plain(part).replace(COMMIT, "COMMIT")).collect();
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn pins_and_their_fates() {
        let of_c = "  `c` in `e`: path `one.t` (promote.toml:4)\n";
        let in_b = "  `c` in `e`: key `t` (promote.toml:4)\n";
        let moves = "  moves with every promotion there\n";
        check("a.yml", "one: {t: 22e638d}\n", &[&format!("a.yml:1 22e638d\n{of_c}{moves}")]);
        let refused = "  can't move: it comes by an alias; a promotion refuses it\n";
        check("b.yml", "a: &a 22e638d\nt: *a\n", &[&format!("b.yml:2 22e638d\n{in_b}{refused}")]);
        let stays = "  stays: it follows a branch or a moving tag\n";
        check("s.yml", &saas("ref: master"), &[&format!("s.yml:5 master  t/a\n{IN_SAAS}{stays}")]);
        let auto = "  stays: `promotion.auto` moves it\n";
        let text = saas("ref: COMMIT, promotion: {auto: true}");
        check("s.yml", &text, &[&format!("s.yml:5 COMMIT  t/a\n{IN_SAAS}{auto}")]);
        let delete = "  stays: the target is about to be deleted\n";
        let text = saas("ref: COMMIT, delete: true");
        check("s.yml", &text, &[&format!("s.yml:5 COMMIT  t/a\n{IN_SAAS}{delete}")]);
        let nowhere = "  `c`, in no environment: key `t`\n  does not move; this in \
                       `[component.c.environment.NAME]` would take it in:\n    \
                       pins = [{ file = \"c.yml\", key = \"t\" }]\n";
        check("c.yml", "t: 22e638d\n", &[&format!("c.yml:1 22e638d\n{nowhere}")]);
        let unfit = "  `c`, in no environment: key `t`\n  can't move: it comes by an alias\n";
        check("c.yml", "a: &a 22e638d\nt: *a\n", &[&format!("c.yml:2 22e638d\n{unfit}")]);
        let free = "  `c`, in no environment: saas target\n  moves with `promote --saas x.yml`, \
                    which needs no configuration; `discover --write` would take it in:\n    \
                    pins = [{ file = \"x.yml\", saas = true }]\n";
        check("x.yml", &saas("ref: COMMIT"), &[&format!("x.yml:5 COMMIT  t/a\n{free}")]);
        let disabled = free.replace("moves with", "stays with");
        let disabled = disabled.replace(", which needs no configuration", ": it is disabled");
        let text = saas("ref: COMMIT, disable: true");
        check("x.yml", &text, &[&format!("x.yml:5 COMMIT  t/a\n{disabled}")]);
    }

    const IN_SAAS: &str = "  `c` in `e`: saas target with target `a` (promote.toml:4)\n";

    fn saas(target: &str) -> String {
        format!(
            "resourceTemplates:\n- name: t\n  url: https://x/org/c\n  targets:\n  \
             - {{name: a, {target}}}\n"
        )
    }

    #[test]
    fn many_pins() {
        let text = "- t: 22e638d\n".repeat(12);
        let one = |line: usize| {
            format!(
                "b.yml:{line} 22e638d\n  `c` in `e`: key `t` (promote.toml:4)\n  moves with every promotion there\n"
            )
        };
        let mut expected: Vec<String> = (1..=10).map(one).collect();
        expected.push("… 2 more: --all, or name a line: FILE:LINE\n".to_owned());
        check("b.yml", &text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn what_moves_is_green() {
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let path = RepoPath::parse("b.yml").unwrap();
        let check = |text: &str, expected: &str| {
            let found = explained(&path, &Tree::alone(&path, text), &[], &config).unwrap();
            let past = PinPast { committed: Some("22e638d".to_owned()), changes: Vec::new() };
            let parts = pins(&path, &config, &found, &[past], false);
            assert_eq!(crate::report::tests::marked(&parts.concat()), expected);
        };
        let owner = "  `c` in `e`: key `t` (promote.toml:4)\n";
        let moves = "  green{moves with every promotion there}\n";
        check("t: 22e638d\n", &format!("bold{{b.yml:1}} 22e638ddim{{}}\n{owner}{moves}"));
        let refused = "  dim{can't move: it comes by an alias; a promotion refuses it}\n";
        let text = "a: &a 22e638d\nt: *a\n";
        check(text, &format!("bold{{b.yml:2}} 22e638ddim{{}}\n{owner}{refused}"));
    }

    #[test]
    fn pins_of_other_configurations() {
        let builtin = Config::builtin();
        let of_builtin = ".env:1 22e638d\n  `qontract-schemas` in `pr-check`: variable \
                          `SCHEMAS_IMAGE_TAG` (built-in configuration)\n  \
                          moves with every promotion there\n";
        check_with(&builtin, &[], ".env", "SCHEMAS_IMAGE_TAG=22e638d\n", &[of_builtin]);
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let of_c = Terms::of(&config.components[0], &config);
        let upstream = crate::model::upstream::Upstream::new("https://x/org/d");
        let terms = Terms { component: "d".to_owned(), upstream, ..of_c };
        let of_none = "c.yml:1 22e638d\n  `d`, in no environment: key `t`\n  \
                       does not move: no component is `https://x/org/d`; with one, this would take \
                       it in (`discover --write` adds both):\n    \
                       pins = [{ file = \"c.yml\", key = \"t\" }]\n";
        check_with(&config, &[terms], "c.yml", "t: 22e638d\n", &[of_none]);
    }

    fn revision(author: &str, subject: &str) -> Revision {
        Revision {
            commit: CommitId::parse(&"a".repeat(40)).unwrap(),
            author: author.to_owned(),
            email: String::new(),
            time: 0,
            date: "2026-01-02".to_owned(),
            subject: subject.to_owned(),
            after: None,
            before: Vec::new(),
            is_cut: false,
        }
    }

    #[test]
    fn how_much_is_shown() {
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let path = RepoPath::parse("b.yml").unwrap();
        let revision = revision("Ann", "one");
        let change = || Moved { revision: &revision, from: None, to: Some("x".to_owned()) };
        let check = |(count, changes): (usize, usize), is_whole, parts: usize, rows, end: &str| {
            let found = explained(
                &path,
                &Tree::alone(&path, &"- t: 22e638d\n".repeat(count)),
                &[],
                &config,
            )
            .unwrap();
            let past = || PinPast {
                committed: Some("22e638d".to_owned()),
                changes: (0..changes).map(|_| change()).collect(),
            };
            let histories: Vec<_> = found.iter().map(|_| past()).collect();
            let told = pins(&path, &config, &found, &histories, is_whole);
            let expected = format!(
                "b.yml:1 22e638d\n  `c` in `e`: key `t` (promote.toml:4)\n  \
                 moves with every promotion there\n{}{end}",
                "  2026-01-02  x  Ann  aaaaaaa one\n".repeat(rows)
            );
            assert_eq!((told.len(), plain(&told[0])), (parts, expected), "{count} {changes}");
        };
        check((1, 15), false, 1, 15, "");
        check((1, 17), false, 1, 15, "  … 2 more: --all\n");
        check((1, 17), true, 1, 17, "");
        check((2, 3), false, 2, 3, "");
        check((2, 4), false, 2, 3, "  … 1 more: --all\n");
        check((10, 4), false, 10, 3, "  … 1 more: --all\n");
        check((12, 4), false, 11, 3, "  … 1 more: --all\n");
        check((12, 4), true, 12, 4, "");
    }

    #[test]
    fn histories() {
        let all = [revision("Ann", "one"), revision("Bo Li", "two"), revision("C", "three")];
        let digest = format!("sha256:{}", "0".repeat(64));
        let to = [Some(COMMIT.to_owned()), None, Some(digest)];
        let moved =
            |(revision, to): (_, &Option<String>)| Moved { revision, from: None, to: to.clone() };
        let changes = all.iter().zip(&to).map(moved);
        let past = PinPast { committed: Some("33e638d".to_owned()), changes: changes.collect() };
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let path = RepoPath::parse("b.yml").unwrap();
        let found = explained(&path, &Tree::alone(&path, "t: 22e638d\n"), &[], &config).unwrap();
        let expected = "  not committed  22e638d\n\
            \x20 2026-01-02     22e638d7b4c1     Ann    aaaaaaa one\n\
            \x20 2026-01-02     (none)           Bo Li  aaaaaaa two\n";
        let last = "  2026-01-02     sha256:0000000…  C      aaaaaaa three\n";
        assert_eq!(history(&found[0], &past, 3), format!("{expected}{last}"));
        // The columns are as wide as what is shown.
        let short = expected.replace("22e638d7b4c1     ", "22e638d7b4c1  ");
        let short = short.replace("(none)           ", "(none)        ");
        assert_eq!(history(&found[0], &past, 2), format!("{short}  … 1 more: --all\n"));
    }

    #[test]
    fn versions_of_nobody() {
        let one = Orphan {
            file: RepoPath::parse("a.yml").unwrap(),
            line: 2,
            name: "x_image_tag".to_owned(),
            value: "22e638d\u{7}".to_owned(),
            image: None,
        };
        let expected = "`a.yml:2`: `x_image_tag` is `22e638d\\u{7}`, and no upstream of it is known: \
                        add a `[component.NAME]` with its `upstream`\n";
        assert_eq!(orphan(&one), expected);
    }

    #[test]
    fn nothing_there() {
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let path = RepoPath::parse("b.yml").unwrap();
        let found =
            explained(&path, &Tree::alone(&path, "a: 1\nb: {t: 22e638d}\nt: x\n"), &[], &config)
                .unwrap();
        let none = "no pin, and nothing that looks like one\n";
        assert_eq!(nothing(&path, None, &[]), format!("b.yml: {none}"));
        let one = format!("b.yml:1: {none}  the file has pins in line 2\n");
        assert_eq!(nothing(&path, Some(1), &found[..1]), one);
        let two = format!("b.yml:1: {none}  the file has pins in lines 2, 3\n");
        assert_eq!(nothing(&path, Some(1), &found), two);
    }
}
