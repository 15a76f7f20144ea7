//! Edits of a text as data: byte ranges that don't overlap, each with its replacement.

use std::ops::Range;

/// Replaces one range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// A range of bytes in the original text, on character boundaries. An empty range inserts.
    pub range: Range<usize>,
    /// The replacement.
    pub text: String,
}

/// The edits of one original text, sorted by position. No two of them overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Adds an edit. Returns it as the error if it overlaps an earlier one, or has the same range.
    ///
    /// Edits side by side are accepted: a range may begin where another ends.
    pub fn insert(&mut self, edit: Edit) -> Result<(), Edit> {
        let place = |edit: &Edit| (edit.range.start, edit.range.end);
        let index = self.0.partition_point(|other| place(other) < place(&edit));
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

    /// The edits, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }

    /// Whether there is no edit.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text after all edits. Every byte outside their ranges stays as it is.
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
    fn accepts_neighbours_in_either_order() {
        let cases = [
            (0..3, 3..6, "xyg"),
            (3..6, 0..3, "yxg"),
            (3..3, 3..6, "abcxyg"),
            (3..6, 3..3, "abcyxg"),
            (3..6, 6..6, "abcxyg"),
            (6..6, 3..6, "abcyxg"),
        ];
        for (one, other, expected) in cases {
            let mut edits = Edits::default();
            for (range, text) in [(one.clone(), "x"), (other.clone(), "y")] {
                assert_eq!(edits.insert(edit(range, text)), Ok(()), "{one:?} {other:?}");
            }
            assert_eq!(edits.apply("abcdefg"), expected, "{one:?} {other:?}");
        }
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
