use xshell::{Shell, TempDir};

use super::*;

fn folder() -> TempDir {
    Shell::new().unwrap().create_temp_dir().unwrap()
}

/// Long after anything here was written.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn seen(file: &Path, bytes: &str) -> Seen {
    fs::write(file, bytes).unwrap();
    Seen::new("a.yml", bytes.as_bytes(), &file.symlink_metadata().unwrap(), later()).unwrap()
}

#[test]
fn what_each_file_has() {
    for (path, text, version, saas) in [
        ("a.yml", "a: b\n", false, false),
        ("a.yml", "a: 22e638d\n", true, false),
        ("a.json", r#"{"a": "\u0032"}"#, true, false),
        ("a.yaml", "resourceTemplates: []\n", false, true),
        ("a.yml", "resourceTemplates: [22e638d]\n", true, true),
        ("a.env", "A=b\n", true, false),
        ("a.md", "22e638d\n", false, false),
    ] {
        let seen = Seen(
            [[0; LENGTH - 1].as_slice(), &[clues(path, text.as_bytes())]]
                .concat()
                .try_into()
                .unwrap(),
        );
        let has = [Clue::None, Clue::Version, Clue::Saas].map(|clue| seen.has(clue));
        assert_eq!(has, [true, version, saas], "{path}: {text}");
    }
}

/// Whatever is done to a file, it is not the one that was seen.
#[test]
fn a_file_that_changed_is_another_one() {
    let folder = folder();
    let file = folder.path().join("a.yml");
    let known = seen(&file, "a: b\n");
    let meta = || file.symlink_metadata().unwrap();
    assert!(known.is_of(&meta()));
    let time = meta().modified().unwrap();
    let as_before = |new: &Path| fs::File::options().write(true).open(new)?.set_modified(time);
    // Clocks of file systems tick some times in a hundredth of a second.
    let tick = || std::thread::sleep(Duration::from_millis(20));
    tick();
    fs::write(&file, "a: c\n").unwrap();
    as_before(&file).unwrap();
    assert_eq!((meta().len(), meta().modified().unwrap()), (5, time));
    assert!(!known.is_of(&meta()), "the same size and time");
    let known = seen(&file, "a: b\n");
    let other = folder.path().join("other");
    fs::write(&other, "a: c\n").unwrap();
    as_before(&other).unwrap();
    fs::rename(&other, &file).unwrap();
    assert!(!known.is_of(&meta()), "another file in its place");
    let known = seen(&file, "a: b\n");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("other", &file).unwrap();
    assert!(!known.is_of(&meta()), "a link in its place");
}

#[test]
fn a_file_that_may_change_without_a_trace_is_not_known() {
    let folder = folder();
    let file = folder.path().join("a.yml");
    fs::write(&file, "a: b\n").unwrap();
    let meta = file.symlink_metadata().unwrap();
    let changed = stamp(&meta, &mut [0; LENGTH]).unwrap();
    assert!(SystemTime::now().duration_since(changed).unwrap() < Duration::from_secs(60));
    for (now, is_known) in [
        (changed - Duration::from_secs(60), false),
        (changed, false),
        (changed + SETTLED, false),
        (changed + SETTLED + Duration::from_nanos(1), true),
    ] {
        assert_eq!(Seen::new("a.yml", b"a: b\n", &meta, now).is_some(), is_known, "{now:?}");
    }
}

/// What a catalogue knows of these paths, asked in this order: the number in each.
fn known(catalogue: &Catalogue, paths: &[&str]) -> Vec<Option<u8>> {
    let mut near = 0;
    paths.iter().map(|path| Some(catalogue.seen_of(path, &mut near)?.0[0])).collect()
}

fn numbered(all: &[(&str, u8)]) -> Vec<(String, Seen)> {
    all.iter().map(|(path, number)| ((*path).to_owned(), Seen([*number; LENGTH]))).collect()
}

#[test]
fn catalogues() {
    let folder = folder();
    let top = folder.path().join("top");
    fs::create_dir_all(top.join("b")).unwrap();
    for path in ["a.yml", "b.yml", "b/\u{e9}.yml", "z"] {
        fs::write(top.join(path), "").unwrap();
    }
    let open = || Catalogue::open(&folder.path().join("cache/catalogue"), "/top");
    let all = ["a.yml", "b.yml", "b/\u{e9}.yml", "gone", "new", "z"];
    assert_eq!(known(&open(), &all), [None; 6]);
    open().save(&top, numbered(&[("z", 4), ("b.yml", 2), ("gone", 7), ("a.yml", 1)]));
    assert_eq!(known(&open(), &all), [Some(1), Some(2), None, Some(7), None, Some(4)]);
    // New ones before, between and behind the others, and one in the place of an old one.
    let more = numbered(&[("b/\u{e9}.yml", 3), ("zz", 8), ("A", 9), ("b.yml", 5)]);
    open().save(&top, more);
    assert_eq!(known(&open(), &all), [Some(1), Some(5), Some(3), None, None, Some(4)]);
    assert_eq!(known(&open(), &["zz", "A", "a.yml", "z"]), [Some(8), Some(9), Some(1), Some(4)]);
    let place = folder.path().join("cache/catalogue/%2Ftop");
    let bytes = fs::read(&place).unwrap();
    open().save(&top, Vec::new());
    assert_eq!(fs::read(&place).unwrap(), bytes, "nothing was learned");
    let nowhere = Catalogue::default();
    nowhere.save(&top, numbered(&[("z", 4)]));
    assert_eq!(known(&nowhere, &all), [None; 6]);
}

#[test]
fn few_new_files_are_not_worth_writing_it() {
    let folder = folder();
    let paths: Vec<String> = (100..100 + WORTH_WRITING).map(|it| it.to_string()).collect();
    for path in &paths {
        fs::write(folder.path().join(path), "").unwrap();
    }
    let all: Vec<_> = paths.iter().map(|path| (path.as_str(), 1)).collect();
    let open = || Catalogue::open(&folder.path().join("catalogue"), "/top");
    open().save(folder.path(), numbered(&all));
    open().save(folder.path(), numbered(&[("100", 2)]));
    assert_eq!(known(&open(), &["100", "101"]), [Some(1); 2]);
    open().save(folder.path(), numbered(&[("100", 2), ("101", 3)]));
    assert_eq!(known(&open(), &["100", "101"]), [Some(2), Some(3)]);
}

/// Whoever can write there could have any path looked at.
#[test]
fn paths_that_lead_elsewhere_are_forgotten() {
    let folder = folder();
    let top = folder.path().join("top");
    fs::create_dir(&top).unwrap();
    fs::write(folder.path().join("out"), "").unwrap();
    fs::write(top.join("in"), "").unwrap();
    let open = || Catalogue::open(&folder.path().join("catalogue"), "/top");
    let all = ["../out", "/", "in"];
    open().save(&top, numbered(&[("../out", 1), ("/", 2), ("in", 3)]));
    assert_eq!(known(&open(), &all), [Some(1), Some(2), Some(3)]);
    open().save(&top, numbered(&[("new", 4)]));
    assert_eq!(known(&open(), &all), [None, None, Some(3)]);
}

#[test]
fn a_damaged_catalogue_is_none() {
    let folder = folder();
    for path in ["a", "b"] {
        fs::write(folder.path().join(path), "").unwrap();
    }
    let open = || Catalogue::open(&folder.path().join("catalogue"), "/top");
    open().save(folder.path(), numbered(&[("a", 1), ("b", 2)]));
    let place = folder.path().join("catalogue/%2Ftop");
    let bytes = fs::read(&place).unwrap();
    let count = |bytes: &[u8]| parse(bytes).map(|paths| paths.len());
    assert_eq!(count(&bytes), Some(2));
    let entry = "a".len() + 1 + LENGTH;
    for length in 0..bytes.len() {
        let whole = match length {
            _ if length == FORMAT.len() => Some(0),
            _ if length == FORMAT.len() + entry => Some(1),
            _ => None,
        };
        assert_eq!(count(&bytes[..length]), whole, "{length} bytes");
    }
    let swapped = [FORMAT, &bytes[FORMAT.len() + entry..], &bytes[FORMAT.len()..][..entry]];
    assert_eq!(count(&swapped.concat()), None);
    let twice = [&bytes[..], &bytes[FORMAT.len() + entry..]];
    assert_eq!(count(&twice.concat()), None);
    assert_eq!(count(&[&bytes[..FORMAT.len() + entry], &[0; 2 * LENGTH][..]].concat()), None);
    assert_eq!(count(&[b"xtask catalogue 0\n", &bytes[FORMAT.len()..]].concat()), None);
    fs::write(&place, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(known(&open(), &["a"]), [None]);
}

#[test]
fn only_catalogues_are_forgotten_and_the_oldest_first() {
    let folder = folder();
    let catalogues = folder.path().join("catalogue");
    fs::create_dir(&catalogues).unwrap();
    let write = |name: &str, text: &[u8], age: u64| {
        let file = catalogues.join(name);
        fs::write(&file, text).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    };
    // As many as are kept with the one that is written then, and the oldest of another format.
    for nth in 1..MOST_KEPT {
        write(&format!("kept-{nth}"), FORMAT, nth as u64);
    }
    write("oldest", b"xtask catalogue 1\n", 5_000);
    let others = [("short", &b"xtask"[..]), ("book.csv", &b"a,b,c,d,e,f,g,h,i,j,k,l"[..])];
    others.iter().for_each(|(name, text)| write(name, text, 1_000_000));
    std::os::unix::fs::symlink("oldest", catalogues.join("link")).unwrap();
    let before = fs::read_dir(&catalogues).unwrap().count();
    Catalogue::open(&catalogues, "new").save(folder.path(), numbered(&[("a", 1)]));
    let gone = ["oldest"].map(|name| catalogues.join(name).symlink_metadata().is_err());
    assert_eq!((gone, fs::read_dir(&catalogues).unwrap().count()), ([true], before));
}
