use std::time::Duration;

use xshell::{Shell, TempDir};

use super::*;

/// A folder that git does not know, and a place for its catalogue.
struct Place {
    folder: TempDir,
    work_tree: WorkTree,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Place {
        let folder = Shell::new().unwrap().create_temp_dir().unwrap();
        let top = folder.path().join("top");
        fs::create_dir(&top).unwrap();
        let place = Place { folder, work_tree: WorkTree { top, git_dir: None } };
        files.iter().for_each(|(path, text)| place.write(path, text));
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work_tree.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The files that a search finds a minute from now, and how many were unknown before.
    fn found(&self, clue: Clue, text: &str) -> (Vec<String>, usize) {
        let catalogue = Catalogue::open(&self.folder.path().join("catalogues"), "top");
        let now = SystemTime::now() + Duration::from_secs(60);
        let holds = |bytes: &[u8]| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        let search = Search { clue, catalogue: &catalogue, now };
        let (found, learned) = search.run(
            Listing::start(&self.work_tree),
            &|path: &str| path.ends_with(".yml"),
            &holds,
        );
        assert_eq!((found.too_large, found.unread), (Vec::new(), Vec::new()));
        let count = learned.len();
        catalogue.save(&self.work_tree.top, learned);
        (found.tree.0.keys().map(ToString::to_string).collect(), count)
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn what_was_seen_is_not_read_again() {
    let place = Place::new(&[
        ("a.yml", "x: 22e638d\n"),
        ("b.yml", "x: latest\n"),
        ("c/d.yml", "x:\nresourceTemplates:\n"),
        ("e.txt", "x\n"),
    ]);
    // The first search can't know what lacks the clue; those after it do.
    assert_eq!(place.found(Clue::Version, "x"), (names(&["a.yml", "b.yml", "c/d.yml"]), 3));
    assert_eq!(place.found(Clue::Version, "x"), (names(&["a.yml"]), 0));
    assert_eq!(place.found(Clue::Saas, "x"), (names(&["c/d.yml"]), 0));
    assert_eq!(place.found(Clue::None, "x"), (names(&["a.yml", "b.yml", "c/d.yml"]), 0));
}

#[test]
fn what_changed_since_is_read_again() {
    let place = Place::new(&[("a.yml", "x: 22e638d\n"), ("b.yml", "x: latest1\n")]);
    assert_eq!(place.found(Clue::Version, "x").1, 2);
    std::thread::sleep(Duration::from_millis(20));
    place.write("b.yml", "x: 33e638d\n");
    place.write("c.yml", "x: 44e638d\n");
    assert_eq!(place.found(Clue::Version, "x"), (names(&["a.yml", "b.yml", "c.yml"]), 2));
    fs::remove_file(place.work_tree.top.join("a.yml")).unwrap();
    assert_eq!(place.found(Clue::Version, "x"), (names(&["b.yml", "c.yml"]), 0));
}

#[test]
fn folders_that_two_files_share() {
    for (one, other, expected) in [
        ("a/b", "a/b/c", "a/b"),
        ("a/b/c", "a/b", "a/b"),
        ("a/b", "a/bc", "a"),
        ("a/bc", "a/b", "a"),
        ("ab", "a", ""),
        ("a", "ab", ""),
        ("", "a", ""),
        ("a", "", ""),
        ("a/b/c/d", "a/x/c/d", "a"),
        ("\u{e9}/a", "\u{e9}/b", "\u{e9}"),
        ("\u{e9}", "\u{e8}", ""),
    ] {
        assert_eq!(&one[..shared(one, other)], expected, "{one} {other}");
    }
}
