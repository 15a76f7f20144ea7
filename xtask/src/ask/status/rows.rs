//! What somebody who waits for the last upstream sees of the others.

use promotion::inspect::status::ComponentStatus;
use promotion::report::clipped;

use super::take_in;
use crate::ask::look_up::Answer;
use crate::session::Session;

/// In columns: a row fits a narrow terminal.
const LONGEST_NAME: usize = 60;

/// How far behind the components of one upstream are, a line each.
pub(super) fn of(
    session: &Session,
    components: &[ComponentStatus],
    group: &[usize],
    answer: &Answer,
) -> Vec<String> {
    let mut own: Vec<_> = group.iter().map(|&index| components[index].clone()).collect();
    take_in(session, &mut own, &(0..group.len()).collect::<Vec<_>>(), answer);
    let row = |one: ComponentStatus| {
        let behind = one.behind().map_or_else(|| "?".to_owned(), |behind| behind.to_string());
        format!("{behind:>5} behind  {}", clipped(&one.component.name, LONGEST_NAME))
    };
    own.into_iter().map(row).collect()
}
