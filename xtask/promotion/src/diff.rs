//! Unified diffs: of edits that keep the number of lines, as every promotion's edits do, and of
//! any two texts.

const CONTEXT: usize = 3;

/// The unified diff of one file, as `git apply` takes it; empty if nothing differs.
///
/// Both texts have the same number of lines.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let (old, new) = (lines(before), lines(after));
    let changed: Vec<usize> = (0..old.len().min(new.len())).filter(|&i| old[i] != new[i]).collect();
    let mut diff = String::new();
    if !changed.is_empty() {
        let (a, b) = (quoted("a/", path), quoted("b/", path));
        diff.push_str(&format!("diff --git {a} {b}\n--- {a}\n+++ {b}\n"));
    }
    for group in changed.chunk_by(|one, next| next - one <= 2 * CONTEXT) {
        hunk(&mut diff, group, &old, &new);
    }
    diff
}

/// One line of two texts, with its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffLine<'t> {
    /// Both have it.
    Same(&'t str),
    /// Only the first has it.
    Old(&'t str),
    /// Only the second has it.
    New(&'t str),
}

/// The lines of both texts, by their longest common subsequence.
///
/// Takes room for the product of the lines between what both texts begin and end with.
pub fn lines_between<'t>(before: &'t str, after: &'t str) -> Vec<DiffLine<'t>> {
    let (old, new) = (lines(before), lines(after));
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = tail.take_while(|(one, other)| one == other).count();
    let (a, b) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = match a[i] == b[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let mut between: Vec<DiffLine> = old[..head].iter().map(|line| DiffLine::Same(line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            between.push(DiffLine::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
            between.push(DiffLine::Old(a[i]));
            i += 1;
        } else {
            between.push(DiffLine::New(b[j]));
            j += 1;
        }
    }
    between.extend(old[old.len() - tail..].iter().map(|line| DiffLine::Same(line)));
    between
}

/// The unified diff of two texts with any number of lines, or of a file that is made or removed;
/// empty if nothing differs.
pub fn unified_between(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let between = lines_between(before.unwrap_or_default(), after.unwrap_or_default());
    let is_change = |index: &usize| !matches!(between[*index], DiffLine::Same(_));
    let changed: Vec<usize> = (0..between.len()).filter(is_change).collect();
    if changed.is_empty() {
        return String::new();
    }
    let (a, b) = (quoted("a/", path), quoted("b/", path));
    let mut diff = format!("diff --git {a} {b}\n");
    diff.push_str(&match (before, after) {
        (None, _) => format!("new file mode 100644\n--- /dev/null\n+++ {b}\n"),
        (_, None) => format!("deleted file mode 100644\n--- {a}\n+++ /dev/null\n"),
        _ => format!("--- {a}\n+++ {b}\n"),
    });
    for group in changed.chunk_by(|one, next| next - one <= 2 * CONTEXT) {
        let start = group[0].saturating_sub(CONTEXT);
        let end = (group[group.len() - 1] + CONTEXT + 1).min(between.len());
        let span = |other: fn(&DiffLine) -> bool| {
            let before = between[..start].iter().filter(|line| !other(line)).count();
            match between[start..end].iter().filter(|line| !other(line)).count() {
                0 => format!("{before},0"),
                1 => format!("{}", before + 1),
                length => format!("{},{length}", before + 1),
            }
        };
        let old = span(|line| matches!(line, DiffLine::New(_)));
        let new = span(|line| matches!(line, DiffLine::Old(_)));
        diff.push_str(&format!("@@ -{old} +{new} @@\n"));
        for shown in &between[start..end] {
            match shown {
                DiffLine::Same(text) => line(&mut diff, ' ', text),
                DiffLine::Old(text) => line(&mut diff, '-', text),
                DiffLine::New(text) => line(&mut diff, '+', text),
            }
        }
    }
    diff
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn hunk(diff: &mut String, changed: &[usize], old: &[&str], new: &[&str]) {
    let start = changed[0].saturating_sub(CONTEXT);
    let end = (changed[changed.len() - 1] + CONTEXT + 1).min(old.len());
    let span = match end - start {
        1 => format!("{}", start + 1),
        length => format!("{},{length}", start + 1),
    };
    diff.push_str(&format!("@@ -{span} +{span} @@\n"));
    let mut index = start;
    while index < end {
        let run = (index..end).take_while(|&i| old[i] != new[i]).count();
        old[index..index + run].iter().for_each(|text| line(diff, '-', text));
        new[index..index + run].iter().for_each(|text| line(diff, '+', text));
        index += run;
        if index < end {
            line(diff, ' ', old[index]);
            index += 1;
        }
    }
}

fn line(diff: &mut String, sign: char, text: &str) {
    diff.push(sign);
    diff.push_str(text);
    if !text.ends_with('\n') {
        diff.push_str("\n\\ No newline at end of file\n");
    }
}

/// Quotes a name the way git does when it has control characters, quotes or backslashes.
fn quoted(prefix: &str, path: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    if path.chars().all(plain) {
        return format!("{prefix}{path}");
    }
    let mut name = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => name.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                name.extend(bytes.map(|byte| format!("\\{byte:03o}")));
            }
            c => name.push(c),
        }
    }
    name.push('"');
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hunk_with_context() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let diff = unified("a/b.yml", before, &before.replace('5', "five").replace('6', "six"));
        let expected = "diff --git a/a/b.yml b/a/b.yml\n--- a/a/b.yml\n+++ b/a/b.yml\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n-6\n+five\n+six\n 7\n 8\n 9\n";
        assert_eq!(diff, expected);
    }

    #[test]
    fn two_hunks_and_no_final_newline() {
        let before = "x\n1\n2\n3\n4\n5\n6\n7\nx";
        let expected = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-x\n+y\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n";
        assert_eq!(unified("f", before, &before.replace('x', "y")), expected);
        assert_eq!(
            unified("f", "x", "y"),
            "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn changes_that_share_their_context() {
        let before = "x\n1\n2\n3\n4\n5\nx\n";
        let expected = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,7 +1,7 @@\n-x\n+y\n 1\n 2\n 3\n 4\n 5\n-x\n+y\n";
        assert_eq!(unified("f", before, &before.replace('x', "y")), expected);
    }

    #[test]
    fn nothing_differs() {
        assert_eq!(unified("f", "x\n", "x\n"), "");
    }

    #[test]
    fn hostile_names_are_quoted() {
        assert_eq!(quoted("a/", "é\u{1b}[\"\\"), "\"a/é\\033[\\\"\\\\\"");
    }

    #[test]
    fn lines_of_two_texts() {
        let check = |before: &str, after: &str, expected: &str| {
            let shown = |line: &DiffLine| match line {
                DiffLine::Same(text) => format!(" {}", text.trim_end()),
                DiffLine::Old(text) => format!("-{}", text.trim_end()),
                DiffLine::New(text) => format!("+{}", text.trim_end()),
            };
            let text = |words: &str| words.replace(' ', "\n");
            let (before, after) = (text(before), text(after));
            let found = lines_between(&before, &after).iter().map(shown).collect::<String>();
            assert_eq!(found, expected, "{before:?} {after:?}");
        };
        check("", "", "");
        check("a b ", "a b ", " a b");
        check("a b ", "a c b ", " a+c b");
        check("a c b ", "a b ", " a-c b");
        check("a b ", "a c ", " a-b+c");
        check("a a ", "a ", " a-a");
        check("", "a b ", "+a+b");
        check("a b ", "", "-a-b");
        // The longest common part, not the first.
        check("x a b c y ", "z a c b c w ", "-x+z a+c b c-y+w");
        check("1 a 2 b 3 ", "a 4 b ", "-1 a-2+4 b-3");
        check("a b c d ", "b a d c ", "-a b-c+a d+c");
        check("a a ", "b a b ", "-a+b a+b");
        check("a b c ", "c a ", "-a-b c+a");
    }

    #[test]
    fn files_of_other_lengths() {
        let head = "diff --git a/f b/f\n";
        let check = |before: Option<&str>, after: Option<&str>, expected: &str| {
            assert_eq!(unified_between("f", before, after), expected);
        };
        let new = format!("{head}new file mode 100644\n--- /dev/null\n+++ b/f\n");
        check(None, Some("a\nb\n"), &format!("{new}@@ -0,0 +1,2 @@\n+a\n+b\n"));
        let gone = format!("{head}deleted file mode 100644\n--- a/f\n+++ /dev/null\n");
        check(Some("a\n"), None, &format!("{gone}@@ -1 +0,0 @@\n-a\n"));
        check(Some("a\n"), Some("a\n"), "");
        let ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
        let both = format!("{head}--- a/f\n+++ b/f\n");
        let more = ten.replace("5\n", "5\nx\n");
        let hunk = "@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+x\n 6\n 7\n 8\n";
        check(Some(ten), Some(&more), &format!("{both}{hunk}"));
        // Five lines between two changes join them, six don't.
        let near = ten.replace("2\n", "").replace("8\n", "");
        let hunk = "@@ -1,10 +1,8 @@\n 1\n-2\n 3\n 4\n 5\n 6\n 7\n-8\n 9\n 10\n";
        check(Some(ten), Some(&near), &format!("{both}{hunk}"));
        let far = ten.replace("2\n", "").replace("9\n", "");
        let one = "@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n";
        let other = "@@ -6,5 +5,4 @@\n 6\n 7\n 8\n-9\n 10\n";
        check(Some(ten), Some(&far), &format!("{both}{one}{other}"));
    }
}
