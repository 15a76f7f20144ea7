//! Edits as data: disjoint byte ranges of an original text and what replaces them.

use std::ops::Range;

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the original, on character boundaries.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

/// Disjoint edits of one original text, sorted by their place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Adds an edit. An edit that touches the same bytes as an earlier one is given back.
    pub fn insert(&mut self, edit: Edit) -> Result<(), Edit> {
        let index = self.0.partition_point(|other| other.range.start < edit.range.start);
        let overlaps = |other: &Edit| {
            other.range == edit.range
                || (other.range.start < edit.range.end && edit.range.start < other.range.end)
        };
        let before = index.checked_sub(1).and_then(|index| self.0.get(index));
        if before.is_some_and(overlaps) || self.0.get(index).is_some_and(overlaps) {
            return Err(edit);
        }
        self.0.insert(index, edit);
        Ok(())
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The edited text. Every byte outside the ranges stays.
    pub fn apply(&self, original: &str) -> String {
        let mut edited = String::with_capacity(original.len() + 16 * self.0.len());
        let mut end = 0;
        for edit in &self.0 {
            edited.push_str(&original[end..edit.range.start]);
            edited.push_str(&edit.text);
            end = edit.range.end;
        }
        edited.push_str(&original[end..]);
        edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, text: &str) -> Edit {
        Edit { range, text: text.to_owned() }
    }

    #[test]
    fn applies_in_any_order_of_insertion() {
        let mut edits = Edits::default();
        for one in [edit(4..7, "T"), edit(0..1, "ABC"), edit(7..7, "!")] {
            edits.insert(one).unwrap();
        }
        assert_eq!(edits.apply("abcdefgh"), "ABCbcdT!h");
        assert_eq!(Edits::default().apply("abc"), "abc");
    }

    #[test]
    fn refuses_overlap() {
        for (one, other) in
            [(0..3, 2..4), (2..4, 0..3), (1..2, 1..2), (0..9, 3..4), (3..4, 0..9), (3..3, 3..3)]
        {
            let mut edits = Edits::default();
            edits.insert(edit(one.clone(), "x")).unwrap();
            assert_eq!(edits.insert(edit(other.clone(), "y")), Err(edit(other, "y")), "{one:?}");
        }
    }
}
