//! Draws the time line: from the oldest running version to the newest commit, labelled with
//! environments.

use super::date;
use crate::inspect::status::ComponentStatus;
use crate::model::escape::escaped;
use crate::report::DIM;
use crate::report::columns::widest;

/// The shortest time line that is worth drawing, in columns.
const SHORTEST: usize = 24;

/// A version on the time line.
struct TimeMark {
    time: i64,
    label: String,
    is_running: bool,
}

/// The time line of a component, at most `width` columns wide; `None` if fewer than two versions
/// are known, or if there is no room.
pub(super) fn line(component: &ComponentStatus, width: usize) -> Option<String> {
    let marks = marks(component)?;
    let longest = widest(marks.iter().map(|mark| mark.label.as_str()));
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
        text.push_str(&format!("  {DIM}{before}└{DIM:#} {}\n", marks[index].label));
    }
    Some(text)
}

/// The running versions and the newest one, oldest first; `None` if there is only one.
fn marks(component: &ComponentStatus) -> Option<Vec<TimeMark>> {
    let upstream = component.upstream.as_ref()?;
    let length = component.component.tag_length;
    let mut marks = Vec::new();
    for running in &upstream.running {
        let runs = |pins: &[crate::inspect::status::PinStatus]| {
            pins.iter().any(|pin| pin.commit() == Some(&running.commit.id))
        };
        let environments = component.environments.iter().filter(|one| runs(&one.pins));
        let names: Vec<_> = environments.map(|one| escaped(&one.name)).collect();
        let newest = if running.commit.id == upstream.head.id { ", newest" } else { "" };
        let (tag, time) = (running.commit.id.tag(length), running.commit.time);
        let label = format!("{tag}, {}{newest}: {}", date(time), names.join(", "));
        // Versions of the same second are sorted by how far behind they are.
        marks.push((running.queued.len(), TimeMark { time, label, is_running: true }));
    }
    if upstream.running.iter().all(|running| running.commit.id != upstream.head.id) {
        let (tag, time) = (upstream.head.id.tag(length), upstream.head.time);
        let label = format!("{tag}, {}, newest", date(time));
        marks.push((0, TimeMark { time, label, is_running: false }));
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
    let end = i64::try_from(length - 1).ok()?;
    let span = (last - first).max(1);
    let mut columns: Vec<usize> = Vec::new();
    for time in times {
        let column = usize::try_from((time - first) * end / span).ok()?;
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
        check(&[], 11, None);
    }
}
