//! Draws the time line: from the oldest running version to the newest commit, labelled with
//! environments.

use super::date;
use crate::inspect::status::{ComponentStatus, PinStatus, Running};
use crate::model::commit::Commit;
use crate::model::escape::escaped;
use crate::report::DIM;
use crate::report::columns::widest;

/// The shortest time line that is worth drawing, in columns.
const SHORTEST: usize = 24;

/// A version on the time line.
pub(super) struct TimeMark {
    time: i64,
    pub(super) tag: String,
    /// The environments that run it.
    pub(super) names: Vec<String>,
    pub(super) is_running: bool,
    pub(super) is_newest: bool,
}

impl TimeMark {
    /// `47fbced, 2024-03-14, newest: jenkins, tekton`, safe for a terminal.
    pub(super) fn label(&self) -> String {
        let newest = if self.is_newest { ", newest" } else { "" };
        let names =
            if self.is_running { format!(": {}", self.names.join(", ")) } else { String::new() };
        escaped(&format!("{}, {}{newest}{names}", self.tag, date(self.time)))
    }
}

/// Where marks are on a line: to scale, as percentages from 1 to 99. `None` if there are too many.
pub(super) fn places(marks: &[TimeMark]) -> Option<Vec<usize>> {
    let times: Vec<i64> = marks.iter().map(|mark| mark.time).collect();
    let columns = columns(&times, 99)?;
    Some(columns.into_iter().map(|column| column + 1).collect())
}

/// The time line of a component, at most `width` columns wide; `None` if fewer than two versions
/// are known, or if there is no room.
pub(super) fn line(component: &ComponentStatus, width: usize) -> Option<String> {
    let marks = marks(component)?;
    let labels: Vec<_> = marks.iter().map(TimeMark::label).collect();
    let longest = widest(labels.iter().map(String::as_str));
    let length = width.checked_sub(longest + 4).filter(|length| *length >= SHORTEST)?;
    let times: Vec<i64> = marks.iter().map(|mark| mark.time).collect();
    let columns = columns(&times, length)?;
    let mut axis = vec!['─'; length];
    for (mark, column) in marks.iter().zip(&columns) {
        axis[*column] = if mark.is_running { '●' } else { '○' };
    }
    let mut text = format!("  {}\n", axis.into_iter().collect::<String>());
    for index in (0..marks.len()).rev() {
        let mut before = vec![' '; columns[index]];
        for column in &columns[..index] {
            before[*column] = '│';
        }
        let before: String = before.into_iter().collect();
        text.push_str(&format!("  {DIM}{before}└{DIM:#} {}\n", labels[index]));
    }
    Some(text)
}

/// The running versions and the newest one, oldest first; `None` if there is only one.
pub(super) fn marks(component: &ComponentStatus) -> Option<Vec<TimeMark>> {
    let upstream = component.upstream.as_ref()?;
    let tag = |commit: &Commit| commit.id.tag(component.component.tag_length).to_owned();
    let mut marks = Vec::new();
    for Running { commit, queued, .. } in &upstream.running {
        let runs = |pin: &PinStatus| pin.commit() == Some(&commit.id);
        let environments = component.environments.iter().filter(|one| one.pins.iter().any(runs));
        let mark = TimeMark {
            time: commit.time,
            tag: tag(commit),
            names: environments.map(|one| one.name.clone()).collect(),
            is_running: true,
            is_newest: commit.id == upstream.head.id,
        };
        // Versions of the same second are sorted by how far behind they are.
        marks.push((queued.len(), mark));
    }
    if marks.iter().all(|(_, mark)| !mark.is_newest) {
        let (time, tag) = (upstream.head.time, tag(&upstream.head));
        marks.push((
            0,
            TimeMark { time, tag, names: Vec::new(), is_running: false, is_newest: true },
        ));
    }
    marks.sort_by_key(|(behind, mark)| (mark.time, std::cmp::Reverse(*behind)));
    (marks.len() > 1).then(|| marks.into_iter().map(|(_, mark)| mark).collect())
}

/// The columns of ascending times on a line of `length` columns: to scale, but at least two apart.
/// `None` if there are too many.
fn columns(times: &[i64], length: usize) -> Option<Vec<usize>> {
    let (first, last) = (*times.first()?, *times.last()?);
    if times.len() * 2 > length {
        return None;
    }
    let end = i128::try_from(length - 1).ok()?;
    // A commit can claim any time.
    let since_first = |time: i64| i128::from(time) - i128::from(first);
    let span = since_first(last).max(1);
    let mut columns: Vec<usize> = Vec::new();
    for &time in times {
        let column = usize::try_from(since_first(time) * end / span).ok()?;
        let earliest = columns.last().map_or(0, |previous| previous + 2);
        columns.push(column.max(earliest));
    }
    let mut latest = length - 1;
    for column in columns.iter_mut().rev() {
        *column = latest.min(*column);
        latest = column.saturating_sub(2);
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_the_line() {
        let check = |times: &[i64], length: usize, expected: Option<&[usize]>| {
            assert_eq!(columns(times, length).as_deref(), expected, "{times:?}");
        };
        check(&[100, 200], 11, Some(&[0, 10]));
        check(&[100, 150, 200], 11, Some(&[0, 5, 10]));
        check(&[100, 101, 102, 200], 11, Some(&[0, 2, 4, 10]));
        check(&[100, 198, 199, 200], 11, Some(&[0, 6, 8, 10]));
        check(&[100, 100, 100], 11, Some(&[0, 2, 4]));
        check(&[1, 2, 3, 4, 5, 6], 11, None);
        check(&[1, 2], 4, Some(&[0, 3]));
        check(&[1, 2], 3, None);
        check(&[i64::MIN, 0, i64::MAX], 11, Some(&[0, 5, 10]));
        check(&[], 11, None);
    }
}
