//! Renders the status as a table that fits the terminal: a row has one line if there is room, else
//! two.

use anstyle::Style;

use super::brief::{MANY, MORE};
use super::line::line;
use super::{Each, Health, NOT_COMMITTED, NOTHING, Overview, Row, has_images, no_repair, word};
use crate::inspect::status::{Agreement, ComponentStatus, EnvironmentStatus};
use crate::model::escape::escaped;
use crate::report::columns::{self, clipped, padded, widest};
use crate::report::{self, BOLD, CYAN, DIM, GREEN, RED, YELLOW, cut, few};

/// The narrowest terminal for which the time line is drawn, in columns.
const WIDE: usize = 100;

/// Separates columns.
const GAP: &str = "  ";

/// Indents the lines that continue a row.
const INDENT: &str = "  ";

/// The title of the column that is aligned to the right.
const NUMBER: &str = "behind";

/// The width in characters below which an environment's name is not cut.
const SHORTEST: usize = 12;

/// A table whose last columns move to a second line of each row if there is no room.
pub(super) struct StatusTable {
    pub(super) titles: Vec<&'static str>,
    /// How many columns stay in the first line of a row.
    pub(super) inline: usize,
    pub(super) lines: Vec<TableLine>,
}

pub(super) struct TableLine {
    pub(super) cells: Vec<(String, Style)>,
    /// The first cell where there is no room for all of it.
    pub(super) short: String,
    /// All of the first cell, if it is shortened.
    pub(super) whole: Option<String>,
    /// Lines below the row: what is wrong with it.
    pub(super) below: String,
}

impl<'a> Overview<'a> {
    /// A table for each component, or one for all if there are many, then the verdict of a check.
    /// Without a width, as in a log, no cell is cut and each row is one line.
    pub fn text(&self, width: Option<usize>) -> String {
        if self.is_brief() && self.each == Each::Environment {
            return self.brief(width) + &self.check();
        }
        let most = if self.is_brief() { MANY } else { self.components.len() };
        let shown = self.components.iter().take(most);
        let mut parts: Vec<_> = shown.map(|one| self.section(one, width)).collect();
        let others = self.components.len() - most;
        parts.extend((others > 0).then(|| format!("{}\n", cut(others, MORE))));
        parts.join("\n") + &self.check()
    }

    fn check(&self) -> String {
        let Some(drifts) = self.drifts else { return String::new() };
        let mut text = String::from("\n");
        for drift in drifts {
            let (component, name) = (escaped(&drift.component), escaped(&drift.environment));
            text.push_str(&format!("{RED}drift{RED:#}: {component}/{name}: {}\n", drift.message));
        }
        text.extend(self.no_drift().map(|verdict| format!("{verdict}\n")));
        text
    }

    fn section(&self, component: &'a ComponentStatus, width: Option<usize>) -> String {
        let mut text = self.heading(component);
        let rows = self.rows(component);
        text.push_str(&self.table(component, &rows).text(width));
        if let Some(line) = width.filter(|width| *width >= WIDE).and_then(|w| line(component, w)) {
            text.push_str(&format!("\n{line}"));
        }
        for environment in &component.environments {
            if environment.agreement() == Agreement::Differ {
                text.push_str(&half_promoted(component, environment));
            }
        }
        text
    }

    fn heading(&self, component: &ComponentStatus) -> String {
        let name = escaped(&component.component.name);
        let newest = self.newest(component);
        let problem = self.news(component).map(report::error).unwrap_or_default();
        format!("{BOLD}{name}{BOLD:#}: {newest}\n{problem}")
    }

    fn table(&self, component: &ComponentStatus, rows: &[Row]) -> StatusTable {
        let mut titles = vec!["environment", "version", "committed", "age", "behind"];
        titles.extend((self.each == Each::Environment).then_some("pins"));
        titles.extend(has_images(component).then_some("new image"));
        let inline = titles.len();
        titles.extend((self.each == Each::Pin).then_some("pin"));
        titles.extend(["promoted", "waiting"]);
        StatusTable {
            titles,
            inline,
            lines: rows.iter().map(|row| self.line(component, row)).collect(),
        }
    }

    fn line(&self, component: &ComponentStatus, row: &Row) -> TableLine {
        let plain = Style::new();
        let state = match row.health() {
            Health::None => DIM,
            Health::Newest => GREEN,
            Health::Behind => YELLOW,
            Health::Wrong => RED,
        };
        let mut cells = vec![
            (escaped(&row.names()), BOLD),
            (escaped(&row.version), state),
            (row.committed.clone(), plain),
            (row.age.clone(), plain),
            (row.behind.clone(), state),
        ];
        if self.each == Each::Environment {
            let agree = if row.pin.is_some() { word(row) } else { NOTHING };
            let style = if row.agreement == Agreement::Differ { RED } else { plain };
            cells.push((agree.to_owned(), style));
        }
        cells.extend(has_images(component).then(|| (row.image.clone(), plain)));
        if self.each == Each::Pin {
            cells.push((row.pin.map_or(String::new(), |pin| escaped(&pin.place())), plain));
        }
        cells.extend([
            (escaped(&row.promoted), plain),
            (escaped(&few(&row.waiting, self.most_people)), plain),
        ]);
        let mut below: String =
            row.remarks.iter().map(|one| format!("{RED}!{RED:#} {one}\n")).collect();
        let problems = row.environments.iter().flat_map(|one| &one.problems);
        below.extend(problems.map(report::error));
        let short = match row.environments.as_slice() {
            [first, _, ..] => format!("{} +{}", first.name, row.environments.len() - 1),
            _ => row.names(),
        };
        TableLine { cells, short: escaped(&short), whole: None, below }
    }
}

/// The pins of an environment that disagree, and the command that makes them agree.
fn half_promoted(component: &ComponentStatus, environment: &EnvironmentStatus) -> String {
    let name = escaped(&environment.name);
    let mut text = format!("\n{RED}half promoted{RED:#}: the pins of {name} disagree\n");
    let version = |value: &str| escaped(&component.component.short(value));
    let pins = environment.disagreeing();
    let versions: Vec<_> = pins.iter().map(|pin| version(&pin.value)).collect();
    let width = widest(versions.iter().map(String::as_str));
    for (pin, version) in pins.iter().zip(&versions) {
        text.push_str(&format!("  {}  {}\n", padded(version, width), escaped(&pin.place())));
    }
    text.push_str(&match &environment.repair {
        Some(repair) => format!("  repair it: {CYAN}{repair}{CYAN:#}\n"),
        None => format!("  {}\n", no_repair(component)),
    });
    text
}

impl StatusTable {
    pub(super) fn text(mut self, width: Option<usize>) -> String {
        let mut widths = self.widths();
        // The last column needs no gap behind it.
        let fits = |widths: &[usize]| {
            let needed: usize = widths.iter().map(|width| width + GAP.len()).sum();
            width.is_none_or(|width| needed <= width + GAP.len())
        };
        if !fits(&widths) {
            widths.truncate(self.inline);
            while !fits(&widths) && widths[0] > SHORTEST {
                widths[0] -= 1;
            }
            self.shorten(widths[0]);
            widths[0] = widths[0].min(self.widths()[0]);
        }
        let titles = self.titles.iter().map(|title| ((*title).to_owned(), DIM)).collect();
        let titles =
            TableLine { cells: titles, short: String::new(), whole: None, below: String::new() };
        let mut text = self.row(&titles, &widths);
        for line in &self.lines {
            text.push_str(&self.row(line, &widths));
            let rest = self.titles.iter().zip(&line.cells).skip(widths.len());
            let rest = rest.filter_map(|(title, (cell, _))| clause(title, cell));
            let rest: Vec<_> = line.whole.clone().into_iter().chain(rest).collect();
            text.push_str(&wrapped(&rest, width.unwrap_or(usize::MAX)));
            text.push_str(&indented(&line.below));
        }
        text
    }

    /// Shortens the first cells that are wider than so many columns.
    fn shorten(&mut self, width: usize) {
        for line in &mut self.lines {
            let cell = &mut line.cells[0].0;
            if columns::width(cell) > width {
                line.whole = Some(std::mem::replace(cell, line.short.clone()));
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.lines.iter().map(|line| line.cells[column].0.as_str());
            widest(cells.chain([self.titles[column]]))
        };
        (0..self.titles.len()).map(width).collect()
    }

    /// The first line of a row, with as many columns as there are widths.
    fn row(&self, line: &TableLine, widths: &[usize]) -> String {
        let mut text = String::new();
        for (title, (width, (cell, style))) in
            self.titles.iter().zip(widths.iter().zip(&line.cells))
        {
            let cell = clipped(cell, *width);
            let fill = " ".repeat(width - columns::width(&cell));
            text.push_str(&match *title == NUMBER {
                true => format!("{fill}{style}{cell}{style:#}{GAP}"),
                false => format!("{style}{cell}{style:#}{fill}{GAP}"),
            });
        }
        text.trim_end().to_owned() + "\n"
    }
}

/// A cell as a clause for the second line of a row; `None` if it is empty.
fn clause(title: &str, cell: &str) -> Option<String> {
    let has_value = !cell.is_empty() && cell != NOTHING;
    let needs_no_title = title == "pin" || cell == NOT_COMMITTED;
    has_value.then(|| if needs_no_title { cell.to_owned() } else { format!("{title} {cell}") })
}

/// The clauses in indented lines of at most `width` columns. A clause is broken only if it is
/// longer than a line.
fn wrapped(clauses: &[String], width: usize) -> String {
    let width = width.saturating_sub(INDENT.len());
    let (mut text, mut used) = (String::new(), 0);
    for (index, clause) in clauses.iter().enumerate() {
        let clause = if index + 1 < clauses.len() { format!("{clause};") } else { clause.clone() };
        let is_long = columns::width(&clause) > width;
        let parts = if is_long { clause.split(' ').collect() } else { vec![clause.as_str()] };
        for part in parts {
            let length = columns::width(part);
            let fits = used > 0 && used + 1 + length <= width;
            text.push_str(if fits { " " } else { "\n" });
            text.push_str(part);
            used = if fits { used + 1 + length } else { length };
        }
    }
    indented(&text)
}

fn indented(text: &str) -> String {
    text.lines().filter(|line| !line.is_empty()).map(|line| format!("{INDENT}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::marked;

    #[test]
    fn wraps() {
        let check = |clauses: &[&str], expected: &str| {
            let clauses: Vec<_> = clauses.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(wrapped(&clauses, 14), expected);
        };
        check(&["a b", "c d", "one two"], "  a b; c d;\n  one two\n");
        check(&["a b", "one two three four"], "  a b; one two\n  three four\n");
        check(&["a b", "1234567"], "  a b; 1234567\n");
        check(&["a b", "12345678"], "  a b;\n  12345678\n");
        check(&["a", "b", "1234567"], "  a; b;\n  1234567\n");
        check(&["ab", "one two tree"], "  ab;\n  one two tree\n");
        check(&["longer-than-that", "x"], "  longer-than-that;\n  x\n");
        check(&[], "");
        check(&["漢字漢字", "漢字漢字"], "  漢字漢字;\n  漢字漢字\n");
    }

    /// A table of rows with a name, its short form, a number and a clause.
    fn table(rows: &[[&str; 4]]) -> StatusTable {
        let line = |[name, short, number, clause]: &[&str; 4]| TableLine {
            cells: [name, number, clause].map(|cell| ((*cell).to_owned(), Style::new())).into(),
            short: (*short).to_owned(),
            whole: None,
            below: "below\n\n".to_owned(),
        };
        let lines = rows.iter().map(line).collect();
        StatusTable { titles: vec!["name", "behind", "waiting"], inline: 2, lines }
    }

    #[test]
    fn tables_that_fit() {
        let rows = [["a-very-long-name, b", "a-very-l +1", "7", "x"], ["c", "c", "12", "-"]];
        let check = |width: Option<usize>, expected: &str| {
            let shown = format!("{expected}\n").replace('|', "\n");
            assert_eq!(marked(&table(&rows).text(width)), shown, "{width:?}");
        };
        let one_line = "dim{name}                 dim{behind}  dim{waiting}|\
                        a-very-long-name, b       7  x|  below|\
                        c                        12  -|  below";
        check(None, one_line);
        check(Some(36), one_line);
        let two_lines = "dim{name}                 dim{behind}|\
                         a-very-long-name, b       7|  waiting x|  below|\
                         c                        12|  below";
        check(Some(35), two_lines);
        check(Some(27), two_lines);
        let short = "dim{name}         dim{behind}|\
                     a-very-l +1       7|  a-very-long-name, b;|  waiting x|  below|\
                     c                12|  below";
        check(Some(26), short);
    }

    #[test]
    fn names_that_are_never_cut_short() {
        let check = |name: &str, width: usize, shown: &str, whole: &str| {
            let text = marked(&table(&[[name, name, "7", "-"]]).text(Some(width)));
            let fill = " ".repeat(shown.chars().count() - "name".len());
            let expected =
                format!("dim{{name}}{fill}  dim{{behind}}\n{shown}       7\n{whole}  below\n");
            assert_eq!(text, expected, "{width}");
        };
        let whole = "  sixteen-letters-\n";
        check("sixteen-letters-", 24, "sixteen-letters-", "");
        check("sixteen-letters-", 23, "sixteen-letter…", whole);
        check("sixteen-letters-", 20, "sixteen-let…", whole);
        check("sixteen-letters-", 18, "sixteen-let…", whole);
        check("twelve-bytes", 5, "twelve-bytes", "");
    }

    #[test]
    fn clauses() {
        let cases = [
            ("waiting", "x", Some("waiting x")),
            ("waiting", "", None),
            ("waiting", "-", None),
            ("pin", "a.yml:1", Some("a.yml:1")),
            ("promoted", "not committed", Some("not committed")),
        ];
        for (title, cell, expected) in cases {
            assert_eq!(clause(title, cell).as_deref(), expected);
        }
    }
}
