//! Renders the status as a web page: one file that loads nothing. It is read without scripts;
//! where they run, they sort and filter.

use super::line::{TimeMark, marks, places};
use super::{Each, Health, NOTHING, Overview, Row, date, has_images, no_repair, word};
use crate::inspect::status::{Agreement, ComponentStatus, EnvironmentStatus, PinStatus};
use crate::model::escape::escaped;
use crate::model::problem::Problem;
use crate::report::{MOST_PEOPLE, counted, few};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How many items of a list are shown before the others are folded.
const MOST_ITEMS: usize = 10;

/// The longest name on the time line, in characters.
const LONGEST_NAME: usize = 16;

/// The distance of two labels of the time line, in pixels.
const LABEL: usize = 17;

impl<'a> Overview<'a> {
    /// The whole page.
    pub fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
             <title>What runs where</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>What runs where</h1>\n{}{}{}{}{}{}<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
            self.summary(),
            self.half_promoted(),
            self.checked(),
            self.components_table(),
            unconfigured(self.warnings),
            list("Notes", &self.notes.iter().map(|note| rich(note)).collect::<Vec<_>>()),
        )
    }

    fn summary(&self) -> String {
        let components = self.components.len();
        let environments = self.components.iter().map(|one| one.environments.len()).sum();
        let minutes = self.now.rem_euclid(86_400) / 60;
        format!(
            "<p class=\"soft\">{} in {}, as of {} {:02}:{:02} UTC</p>\n",
            counted(components, "component"),
            counted(environments, "environment"),
            date(self.now),
            minutes / 60,
            minutes % 60,
        )
    }

    /// Links to every environment whose pins disagree.
    fn half_promoted(&self) -> String {
        let mut items = Vec::new();
        for (index, component) in self.components.iter().enumerate() {
            for environment in component.environments.iter().filter(|one| differs(one)) {
                let (name, at) = (plain(&component.component.name), plain(&environment.name));
                items.push(format!("<a href=\"#component-{index}\">{name} in {at}</a>"));
            }
        }
        list("Half promoted", &items)
    }

    /// The drifts that a check found, or its verdict.
    fn checked(&self) -> String {
        let drifts = self.drifts.unwrap_or_default().iter().map(|drift| {
            let place = plain(&format!("{} in {}", drift.component, drift.environment));
            format!("{place}: {}", rich(&drift.message))
        });
        let verdict = self.no_drift().map(|verdict| format!("<p class=\"good\">{verdict}</p>\n"));
        list("Drifted", &drifts.collect::<Vec<_>>()) + &verdict.unwrap_or_default()
    }

    fn components_table(&self) -> String {
        let orders = [
            ("configuration", "as listed"),
            ("name", "by name"),
            ("behind", "most behind first"),
            ("oldest", "oldest first"),
        ];
        let orders: String = orders
            .iter()
            .map(|(value, text)| format!("<option value=\"{value}\">{text}</option>"))
            .collect();
        let titles: String =
            self.columns().iter().map(|title| format!("<th scope=\"col\">{title}</th>")).collect();
        let bodies: String =
            self.components.iter().enumerate().map(|(at, one)| self.body(at, one)).collect();
        format!(
            "<div class=\"tools\" hidden>\n\
             <label>show only <input type=\"search\" placeholder=\"name, version, person\"></label>\n\
             <label>sort <select>{orders}</select></label>\n</div>\n\
             <table>\n<thead><tr>{titles}</tr></thead>\n{bodies}</table>\n"
        )
    }

    fn columns(&self) -> Vec<&'static str> {
        let mut titles = vec!["environment", "version", "committed", "age", "behind"];
        titles.push(if self.each == Each::Pin { "pin" } else { "pins" });
        titles.extend(self.components.iter().any(has_images).then_some("new image"));
        titles.extend(["promoted", "waiting"]);
        titles
    }

    /// One component: its name, newest version and time line, then its rows.
    fn body(&self, index: usize, component: &'a ComponentStatus) -> String {
        let rows = self.rows(component);
        let running = || rows.iter().filter_map(|row| row.running);
        let behind = running().map(|running| running.queued.len()).max().unwrap_or(0);
        let committed = running().map(|one| one.commit.time).min().unwrap_or(i64::MAX);
        let name = plain(&component.component.name);
        let width = self.columns().len();
        let line = marks(component).and_then(|marks| picture(&marks)).unwrap_or_default();
        let problem = self.news(component).map(problem).unwrap_or_default();
        let mut text = format!(
            "<tbody id=\"component-{index}\" data-name=\"{name}\" data-behind=\"{behind}\" \
             data-committed=\"{committed}\">\n<tr><th colspan=\"{width}\" scope=\"rowgroup\">{name} \
             <small>{}</small>{problem}{line}</th></tr>\n",
            plain(&self.newest(component)),
        );
        text.extend(rows.iter().map(|row| self.html_row(component, row)));
        for environment in component.environments.iter().filter(|one| differs(one)) {
            let pins = disagreeing(component, environment);
            text.push_str(&format!("<tr><td colspan=\"{width}\">{pins}</td></tr>\n"));
        }
        text + "</tbody>\n"
    }

    fn html_row(&self, component: &ComponentStatus, row: &Row) -> String {
        let state = match row.health() {
            Health::None => "soft",
            Health::Newest => "good",
            Health::Behind => "late",
            Health::Wrong => "bad",
        };
        let pins = match (self.each, row.pin) {
            (_, None) => NOTHING.to_owned(),
            (Each::Pin, Some(pin)) => format!("<code>{}</code>", plain(&pin.place())),
            (Each::Environment, Some(_)) if row.agreement == Agreement::Differ => {
                format!("<span class=\"bad\">{}</span>", word(row))
            }
            (Each::Environment, Some(_)) => word(row).to_owned(),
        };
        let remarks =
            row.remarks.iter().map(|one| format!("<br><span class=\"bad\">{}</span>", rich(one)));
        let problems = row.environments.iter().flat_map(|one| &one.problems).map(problem);
        let mut cells = vec![
            plain(&row.names()) + &remarks.chain(problems).collect::<String>(),
            format!("<code class=\"{state}\">{}</code>", plain(&row.version)),
            plain(&row.committed),
            plain(&row.age),
            format!("<span class=\"{state}\">{}</span>", plain(&row.behind)),
            pins,
        ];
        if self.components.iter().any(has_images) {
            let image = if has_images(component) { row.image.as_str() } else { NOTHING };
            cells.push(format!("<code>{}</code>", plain(image)));
        }
        cells.extend([plain(&row.promoted), people(&row.waiting)]);
        let cells = self.columns().into_iter().zip(cells).map(|(title, cell)| {
            let class = match title {
                "environment" | "pin" | "promoted" | "waiting" => "",
                "behind" => " class=\"number\"",
                _ => " class=\"short\"",
            };
            format!("<td{class} data-title=\"{title}\">{cell}</td>")
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    }
}

fn differs(environment: &EnvironmentStatus) -> bool {
    environment.agreement() == Agreement::Differ
}

/// The pins of an environment that is half promoted, and the command that repairs it.
fn disagreeing(component: &ComponentStatus, environment: &EnvironmentStatus) -> String {
    let item = |pin: &PinStatus| {
        let version = plain(&component.component.short(&pin.value));
        format!("<li><code>{version}</code> in <code>{}</code></li>\n", plain(&pin.place()))
    };
    let items: String = environment.disagreeing().into_iter().map(item).collect();
    let cure = match &environment.repair {
        Some(repair) => format!("repair it: <code>{}</code>", plain(repair)),
        None => plain(no_repair(component)),
    };
    let name = plain(&environment.name);
    format!(
        "<p><span class=\"bad\">half promoted</span>: the pins of {name} disagree</p>\n\
         <ul>\n{items}</ul>\n<p>{cure}</p>"
    )
}

/// Those who wait; more than a few are folded.
pub(super) fn people(names: &[String]) -> String {
    let shown = plain(&few(names, MOST_PEOPLE));
    if shown == plain(&names.join(", ")) {
        return shown;
    }
    let all = plain(&names.join(", "));
    format!("<details><summary>{shown}</summary>{all}</details>")
}

/// The pins that no environment has.
fn unconfigured(warnings: &[Problem]) -> String {
    let item = |warning: &Problem| {
        let help = warning.help.as_ref().map(|help| format!("<br><small>{}</small>", rich(help)));
        rich(&warning.to_string()) + &help.unwrap_or_default()
    };
    list("Pins that nobody configured", &warnings.iter().map(item).collect::<Vec<_>>())
}

/// A heading and a list, whose end is folded if it is long; nothing if the list is empty.
pub(super) fn list(title: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let list = |items: &[String]| {
        let items: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
        format!("<ul class=\"wide\">\n{items}</ul>\n")
    };
    let (first, others) = items.split_at(items.len().min(MOST_ITEMS));
    let mut text = format!("<h2>{title}</h2>\n{}", list(first));
    if !others.is_empty() {
        let count = others.len();
        let others = list(others);
        text.push_str(&format!("<details><summary>{count} more</summary>\n{others}</details>\n"));
    }
    text
}

fn problem(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("; {}", rich(help))).unwrap_or_default();
    format!("<br><span class=\"bad\">{}</span>{help}", rich(&problem.to_string()))
}

/// The time line as a picture: a dot for each version, to scale, with its label below. Labels in
/// the left half stand to the right of their dots, the others to the left.
pub(super) fn picture(marks: &[TimeMark]) -> Option<String> {
    let places = places(marks)?;
    let is_left = |place: &usize| *place < 50;
    let lefts = places.iter().filter(|place| is_left(place)).count();
    let is_roomy = places[lefts - 1] < 10 && places.get(lefts).is_none_or(|one| *one > 90);
    let mut drawn = String::new();
    let mut lowest = 0;
    for (index, (mark, place)) in marks.iter().zip(&places).enumerate() {
        // Lines from the dots to the labels cross as few labels as possible.
        let row = match is_left(place) {
            true => lefts - 1 - index,
            false if is_roomy => index - lefts,
            false => index,
        };
        lowest = lowest.max(row);
        drawn.push_str(&dot(mark, *place, 28 + row * LABEL));
    }
    let label: Vec<_> = marks.iter().map(|mark| mark.label()).collect();
    Some(format!(
        "<svg width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"time line: {}\">\n\
         <line x1=\"1%\" x2=\"99%\" y1=\"9\" y2=\"9\" stroke=\"currentColor\"/>\n{drawn}</svg>",
        36 + lowest * LABEL,
        plain(&label.join("; ")),
    ))
}

/// A version on the time line; its label ends at the height `bottom`.
fn dot(mark: &TimeMark, place: usize, bottom: usize) -> String {
    let (anchor, shift) = if place < 50 { ("start", 7) } else { ("end", -7) };
    let fill = if mark.is_running { "currentColor" } else { "none" };
    let names = match mark.names.as_slice() {
        [] => String::new(),
        [name] => clipped(name),
        [name, others @ ..] => format!("{} +{}", clipped(name), others.len()),
    };
    let newest = if mark.is_newest { " newest" } else { "" };
    let label = plain(format!("{}{newest} {names}", mark.tag).trim_end());
    let title = plain(&mark.label());
    format!(
        "<g><title>{title}</title><line x1=\"{place}%\" x2=\"{place}%\" y1=\"14\" y2=\"{bottom}\" \
         stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\
         <circle cx=\"{place}%\" cy=\"9\" r=\"5\" stroke=\"currentColor\" fill=\"{fill}\"/>\
         <text x=\"{place}%\" dx=\"{shift}\" y=\"{bottom}\" font-size=\"12\" text-anchor=\"{anchor}\" \
         fill=\"currentColor\">{label}</text></g>\n"
    )
}

fn clipped(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

/// Other people's text as text of a page, or as the value of a quoted attribute.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in escaped(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The same; what is between backticks becomes code.
fn rich(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 => plain(part),
        _ => format!("<code>{}</code>", plain(part)),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_text() {
        let cases = [
            ("plain é 漢 🎉", "plain é 漢 🎉"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onload='x' &lt;", "&quot; onload=&#39;x&#39; &amp;lt;"),
            ("--></style>", "--&gt;&lt;/style&gt;"),
            ("a\u{202e}b\u{1b}[31m\nc\0", "a\\u{202e}b\\u{1b}[31m\\u{a}c\\u{0}"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(rich("`<b>` & `x"), "<code>&lt;b&gt;</code> &amp; <code>x</code>");
    }
}
