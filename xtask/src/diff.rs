//! A unified diff of edits that keep the number of lines, as every promotion's edits do.

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
    fn nothing_differs() {
        assert_eq!(unified("f", "x\n", "x\n"), "");
    }

    #[test]
    fn hostile_names_are_quoted() {
        assert_eq!(quoted("a/", "é\u{1b}[\"\\"), "\"a/é\\033[\\\"\\\\\"");
    }
}
