//! The versions that an app lists for its code components: those that are blocked, and hotfixes.
//!
//! Source: `codeComponents` of the schema `app-1` of qontract-schemas.

use crate::model::edit::Edit;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::upstream::Upstream;
use crate::model::version::{CommitId, reads_as_number};
use crate::syntax::yaml::{self, NodeId, Via, Yaml};

/// What an app says about the versions of an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// The file that says so.
    pub file: String,
    /// Commits that must not be deployed.
    pub blocked: Vec<String>,
    /// Commits that skip the gates of the publishers.
    pub hotfixes: Vec<String>,
}

/// One of the lists of a code component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionList {
    Blocked,
    Hotfix,
}

/// What happens to a commit in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListAction {
    Add,
    Remove,
}

/// A commit that shall be in a list of an app, or shall not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// The app's file.
    pub app: RepoPath,
    /// The `url` of the code component.
    pub upstream: Upstream,
    pub list: VersionList,
    pub action: ListAction,
    pub commit: CommitId,
}

impl VersionList {
    /// Its key.
    pub fn key(self) -> &'static str {
        match self {
            VersionList::Blocked => "blockedVersions",
            VersionList::Hotfix => "hotfixVersions",
        }
    }
}

/// What the text of an app says about an upstream; nothing if it can't be read.
pub fn versions(text: &str, upstream: &Upstream) -> Versions {
    let Ok(yaml) = yaml::parse(text) else { return Versions::default() };
    let Some(component) = code_component(&yaml, upstream) else { return Versions::default() };
    let list = |list: VersionList| {
        let items = yaml.get(component, list.key()).map(|(node, _)| yaml.items(node));
        let items = items.unwrap_or_default().into_iter();
        items.filter_map(|item| yaml.scalar(item)).map(str::to_lowercase).collect()
    };
    let (blocked, hotfixes) = (list(VersionList::Blocked), list(VersionList::Hotfix));
    Versions { file: String::new(), blocked, hotfixes }
}

fn code_component(yaml: &Yaml, upstream: &Upstream) -> Option<NodeId> {
    let &root = yaml.roots().first()?;
    let (list, _) = yaml.get(root, "codeComponents")?;
    yaml.items(list).into_iter().find(|&item| {
        let url = yaml.get(item, "url").and_then(|(url, _)| yaml.scalar(url));
        url.is_some_and(|url| upstream.is(url))
    })
}

/// The edit of an app's text that makes a change; `None` if nothing has to change.
///
/// Every byte around the item stays; a new item looks like the last one. Refuses an app without
/// that code component, and lists in a form that can't be edited alone.
pub fn edit(text: &str, change: &ListChange) -> Result<Option<Edit>, Problem> {
    let yaml = yaml::parse(text)?;
    let component = code_component(&yaml, &change.upstream).ok_or_else(|| {
        let message = format!("no code component has the `url` `{}`", change.upstream);
        Problem::new(message).help("add it to `codeComponents`")
    })?;
    let editor = Editor { text, yaml: &yaml, component, change };
    let edit = match change.action {
        ListAction::Add => editor.add(),
        ListAction::Remove => editor.remove(),
    };
    edit.map_err(|line| {
        let key = change.list.key();
        let message = format!("`{key}` is written in a way that can't be edited alone");
        Problem::new(message).line(line).help("write it as a list with one commit in each line")
    })
}

struct Editor<'a> {
    text: &'a str,
    yaml: &'a Yaml<'a>,
    component: NodeId,
    change: &'a ListChange,
}

/// An item of a list: its bytes with its quotes, and those of its line without the line end.
struct Item {
    bytes: std::ops::Range<usize>,
    line: std::ops::Range<usize>,
}

/// The error is the line at which something can't be edited.
type Edited = Result<Option<Edit>, usize>;

impl Editor<'_> {
    fn add(&self) -> Edited {
        let commit = self.change.commit.as_str();
        match self.yaml.get(self.component, self.change.list.key()) {
            None => self.new_list(),
            Some((list, via)) => {
                let items = self.items(list, via)?;
                if self.position(list).is_some() {
                    return Ok(None);
                }
                match items.last() {
                    None => self.first_item(list),
                    Some(last) if self.is_block(last) => {
                        let quote = self.text[last.bytes.clone()].chars().next();
                        let quote = quote.filter(|quote| ['"', '\''].contains(quote));
                        let item = quote.map_or_else(
                            || plain(commit),
                            |quote| format!("{quote}{commit}{quote}"),
                        );
                        let before = &self.text[last.line.start..last.bytes.start];
                        insert(last.line.end, format!("{}{before}{item}", self.line_end()))
                    }
                    Some(last) => insert(last.bytes.end, format!(", {}", plain(commit))),
                }
            }
        }
    }

    fn remove(&self) -> Edited {
        let Some((list, via)) = self.yaml.get(self.component, self.change.list.key()) else {
            return Ok(None);
        };
        let items = self.items(list, via)?;
        let Some(position) = self.position(list) else { return Ok(None) };
        let item = &items[position];
        let range = match (self.is_block(item), items.len()) {
            (true, 1) => return self.empty(item),
            (true, _) => self.whole_line(item),
            (false, 1) => item.bytes.clone(),
            (false, _) if position == 0 => item.bytes.start..items[1].bytes.start,
            (false, _) => items[position - 1].bytes.end..item.bytes.end,
        };
        Ok(Some(Edit { range, text: String::new() }))
    }

    /// The items of a list that stands where it is used, all in block style or all in flow style.
    fn items(&self, list: NodeId, via: Via) -> Result<Vec<Item>, usize> {
        let here = self.yaml.line(list);
        if via.or(self.yaml.reached(list)) != Via::Own {
            return Err(here);
        }
        let items = self.yaml.items(list).into_iter().map(|node| self.item(node));
        let items: Vec<Item> = items.collect::<Result<_, _>>()?;
        let blocks = items.iter().filter(|item| self.is_block(item)).count();
        if blocks == 0 || blocks == items.len() { Ok(items) } else { Err(here) }
    }

    fn item(&self, node: NodeId) -> Result<Item, usize> {
        let slot = self.yaml.slot(node).map_err(|_| self.yaml.line(node))?;
        let quote = usize::from(!slot.plain);
        let bytes = slot.inner.start - quote..slot.inner.end + quote;
        Ok(Item { line: self.line_around(bytes.start), bytes })
    }

    /// Which item is the commit.
    fn position(&self, list: NodeId) -> Option<usize> {
        let is_it = |node: &NodeId| {
            let value = self.yaml.scalar(*node);
            value.is_some_and(|value| value.eq_ignore_ascii_case(self.change.commit.as_str()))
        };
        self.yaml.items(list).iter().position(is_it)
    }

    /// Whether an item has a line of its own, behind `- `.
    fn is_block(&self, item: &Item) -> bool {
        self.text[item.line.start..item.bytes.start].trim() == "-"
    }

    /// The first item of an empty list.
    fn first_item(&self, list: NodeId) -> Edited {
        let here = self.yaml.line(list);
        let key = self.yaml.key(self.component, self.change.list.key()).ok_or(here)?;
        let key = self.item(key)?;
        let after =
            self.text[key.bytes.end..key.line.end].trim_start().strip_prefix(':').ok_or(here)?;
        let commit = self.change.commit.as_str();
        if let Some(inner) = after.trim_start().strip_prefix('[') {
            let at = key.line.end - inner.len();
            return insert(at, plain(commit));
        }
        let is_empty = after.trim().is_empty() || after.trim_start().starts_with('#');
        let indent = self.indent(&key).filter(|_| is_empty).ok_or(here)?;
        insert(key.line.end, format!("{}{indent}- {}", self.line_end(), plain(commit)))
    }

    /// The key and its first item, behind the `url`.
    fn new_list(&self) -> Edited {
        let here = self.yaml.line(self.component);
        let (key, value) =
            (self.yaml.key(self.component, "url"), self.yaml.get(self.component, "url"));
        let (key, value) = (self.item(key.ok_or(here)?)?, self.item(value.ok_or(here)?.0)?);
        let (name, item) = (self.change.list.key(), plain(self.change.commit.as_str()));
        match self.indent(&key) {
            Some(indent) if key.line == value.line => {
                let end = self.line_end();
                insert(value.line.end, format!("{end}{indent}{name}:{end}{indent}- {item}"))
            }
            Some(_) => Err(here),
            None => insert(value.bytes.end, format!(", {name}: [{item}]")),
        }
    }

    /// Blanks up to a key, where nothing but a `-` stands before it in its line.
    fn indent(&self, key: &Item) -> Option<String> {
        let before = &self.text[key.line.start..key.bytes.start];
        let is_indent = before.chars().all(|c| c == ' ' || c == '-');
        is_indent.then(|| " ".repeat(before.len()))
    }

    /// Takes the only item away, and the key too where that has a line of its own.
    fn empty(&self, item: &Item) -> Edited {
        let key = self.yaml.key(self.component, self.change.list.key());
        let key = self.item(key.ok_or(0_usize)?)?;
        let colon =
            self.text[key.bytes.end..].find(':').map_or(key.bytes.end, |at| key.bytes.end + at + 1);
        let before = &self.text[key.line.start..key.bytes.start];
        match before.trim().is_empty() {
            true => {
                let range = key.line.start..self.whole_line(item).end;
                Ok(Some(Edit { range, text: String::new() }))
            }
            false => Ok(Some(Edit { range: colon..item.bytes.end, text: " []".to_owned() })),
        }
    }

    /// The line of an item with its line end; the one before, if it is the last of the file.
    fn whole_line(&self, item: &Item) -> std::ops::Range<usize> {
        match self.text[item.line.end..].find('\n') {
            Some(at) => item.line.start..item.line.end + at + 1,
            None => item.line.start.saturating_sub(self.line_end().len())..item.line.end,
        }
    }

    fn line_around(&self, byte: usize) -> std::ops::Range<usize> {
        let start = self.text[..byte].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[byte..].find('\n').map_or(self.text.len(), |at| byte + at);
        let line = self.text[start..end].strip_suffix('\r').unwrap_or(&self.text[start..end]);
        start..start + line.len()
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

fn insert(at: usize, text: String) -> Edited {
    Ok(Some(Edit { range: at..at, text }))
}

/// A commit as a plain scalar, in quotes if it would read as a number.
fn plain(commit: &str) -> String {
    if reads_as_number(commit) { format!("'{commit}'") } else { commit.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::edit::Edits;

    const NEW: &str = "4f1c2aa4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0";
    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn check(text: &str, action: ListAction, commit: &str) -> String {
        let change = ListChange {
            app: RepoPath::parse("app.yml").unwrap(),
            upstream: Upstream::new("https://x/u"),
            list: VersionList::Hotfix,
            action,
            commit: CommitId::parse(commit).unwrap(),
        };
        let text = text.replace("NEW", NEW).replace('A', A).replace('B', B);
        let found = match edit(&text, &change) {
            Ok(None) => "nothing".to_owned(),
            Err(problem) => problem.to_string(),
            Ok(Some(edit)) => {
                let mut edits = Edits::default();
                edits.insert(edit).unwrap();
                edits.apply(&text)
            }
        };
        found.replace(NEW, "NEW").replace(A, "A").replace(B, "B")
    }

    #[test]
    fn versions_of_an_upstream() {
        let text = "codeComponents:\n- url: https://x/v\n  blockedVersions: [b]\n\
                    - url: https://x/u.git\n  blockedVersions: [C, d]\n  hotfixVersions:\n  - e\n";
        let list = |commits: &[&str]| commits.iter().map(|one| (*one).to_owned()).collect();
        let listed = |blocked, hotfixes| Versions {
            file: String::new(),
            blocked: list(blocked),
            hotfixes: list(hotfixes),
        };
        let found = |text, upstream| versions(text, &Upstream::new(upstream));
        assert_eq!(found(text, "https://x/u"), listed(&["c", "d"], &["e"]));
        assert_eq!(found(text, "https://x/w"), listed(&[], &[]));
        assert_eq!(found("{", "https://x/u"), listed(&[], &[]));
    }

    #[test]
    fn commits_are_added() {
        let head = "codeComponents:\n- name: u\n  url: https://x/u.git # here\n";
        let tail = "- name: v\n  url: https://x/v\n  hotfixVersions: [A]\n";
        let cases = [
            ("", "  hotfixVersions:\n  - NEW\n"),
            ("  hotfixVersions:\n  - A # first\n", "  hotfixVersions:\n  - A # first\n  - NEW\n"),
            (
                "  hotfixVersions:\n    -  'A'\n  x: 1\n",
                "  hotfixVersions:\n    -  'A'\n    -  'NEW'\n  x: 1\n",
            ),
            ("  hotfixVersions: [A, \"B\" ]\n", "  hotfixVersions: [A, \"B\", NEW ]\n"),
            ("  hotfixVersions: []\n", "  hotfixVersions: [NEW]\n"),
            ("  hotfixVersions: # none\n", "  hotfixVersions: # none\n  - NEW\n"),
        ];
        for (before, after) in cases {
            let text = format!("{head}{before}{tail}");
            assert_eq!(check(&text, ListAction::Add, NEW), format!("{head}{after}{tail}"));
        }
        let crlf = "codeComponents:\r\n- url: https://x/u\r\n  hotfixVersions:\r\n  - A";
        assert_eq!(check(crlf, ListAction::Add, NEW), format!("{crlf}\r\n  - NEW"));
        let apart = "codeComponents:\n- url:\n    https://x/u\n";
        let refused = "`hotfixVersions` is written in a way that can't be edited alone";
        assert_eq!(check(apart, ListAction::Add, NEW), refused);
        let flow = "codeComponents: [{url: https://x/u, name: u}]";
        let expected = "codeComponents: [{url: https://x/u, hotfixVersions: [NEW], name: u}]";
        assert_eq!(check(flow, ListAction::Add, NEW), expected);
        let there = format!("{head}  hotfixVersions:\n  - NEW\n");
        assert_eq!(check(&there, ListAction::Add, NEW), "nothing");
    }

    #[test]
    fn commits_are_removed() {
        let head = "codeComponents:\n- url: https://x/u\n";
        let cases = [
            ("  hotfixVersions:\n  - A\n  - NEW # x\n  - B\n", "  hotfixVersions:\n  - A\n  - B\n"),
            ("  hotfixVersions:\n  - NEW\n  x: 1\n", "  x: 1\n"),
            ("  hotfixVersions:\n  - A\n  - NEW", "  hotfixVersions:\n  - A"),
            ("  hotfixVersions: [NEW]\n", "  hotfixVersions: []\n"),
            ("  hotfixVersions: [NEW, A]\n", "  hotfixVersions: [A]\n"),
            ("  hotfixVersions: [A, NEW, B]\n", "  hotfixVersions: [A, B]\n"),
        ];
        for (before, after) in cases {
            let text = format!("{head}{before}");
            assert_eq!(check(&text, ListAction::Remove, NEW), format!("{head}{after}"));
        }
        let first = "codeComponents:\n- hotfixVersions:\n  - NEW\n  url: https://x/u\n";
        let expected = "codeComponents:\n- hotfixVersions: []\n  url: https://x/u\n";
        assert_eq!(check(first, ListAction::Remove, NEW), expected);
        let first = first.replace("hotfixVersions:", "hotfixVersions  :");
        let expected = expected.replace("hotfixVersions:", "hotfixVersions  :");
        assert_eq!(check(&first, ListAction::Remove, NEW), expected);
        assert_eq!(check(head, ListAction::Remove, NEW), "nothing");
        let crlf = "codeComponents:\r\n- url: https://x/u\r\n  hotfixVersions:\r\n  - A\r\n";
        let before = format!("{crlf}  - NEW\r\n  x: 1\r\n");
        assert_eq!(check(&before, ListAction::Remove, NEW), format!("{crlf}  x: 1\r\n"));
    }

    #[test]
    fn what_can_not_be_edited() {
        let cases = [
            ("x: 1\n", "no code component has the `url` `https://x/u`"),
            (
                "x: &x [A]\ncodeComponents:\n- url: https://x/u\n  hotfixVersions: *x\n",
                ":4: `hotfixVersions` is written in a way that can't be edited alone",
            ),
            (
                "codeComponents:\n- url: https://x/u\n  hotfixVersions: ~\n",
                ":3: `hotfixVersions` is written in a way that can't be edited alone",
            ),
        ];
        for (text, expected) in cases {
            let found = check(text, ListAction::Add, NEW);
            assert_eq!(found, expected.trim_start_matches([':', '3', '4', ' ']), "{text}");
        }
    }
}
