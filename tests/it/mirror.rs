//! Mirrors: made, fetched, repaired, and left alone when the network fails.

use std::fs::{self, File, FileTimes};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use xtask::mirror::Mirror;

use crate::origin::{Origin, resolved};

#[test]
fn rewritten_and_removed_branches() -> Result<()> {
    let world = Origin::new()?;
    let mirror = world.fetched()?;
    let rewritten = world.commit("Rewritten", &[])?;
    world.set("refs/heads/master", &rewritten)?;
    world.set("refs/tags/v1.0", &rewritten)?;
    world.git("update-ref -d refs/heads/topic", &[])?;
    world.set("refs/heads/topic/part", &rewritten)?;
    mirror.fetch(&mut |_| ())?;
    for name in ["master", "v1.0", "topic/part"] {
        assert_eq!(resolved(&mirror, Some(name))?, (name.to_owned(), rewritten.clone()));
    }
    assert_eq!(
        world.told(mirror.resolve(Some("topic"), None))?,
        "no branch or tag `topic` in `URL`\nhelp: did you mean `topic/part`?"
    );
    Ok(())
}

#[test]
fn nothing_is_fetched_but_what_is_missing() -> Result<()> {
    let world = Origin::new()?;
    let mirror = world.fetched()?;
    let count = || -> Result<usize> {
        let packs = fs::read_dir(mirror.folder().join("objects/pack"))?.flatten();
        Ok(packs.filter(|entry| entry.path().extension().is_some_and(|e| e == "pack")).count())
    };
    let before = count()?;
    mirror.fetch(&mut |_| ())?;
    assert_eq!(count()?, before);
    let mut parent = world.git("rev-parse master", &[])?;
    for number in 0..51 {
        parent = world.commit(&format!("Commit {number}"), &[&parent])?;
        world.set("refs/heads/master", &parent)?;
        mirror.fetch(&mut |_| ())?;
    }
    assert!(count()? < 50, "{} packs are left", count()?);
    assert_eq!(resolved(&mirror, None)?, ("master".to_owned(), parent));
    Ok(())
}

/// Damages a mirror that was fetched twice, changes the upstream, fetches again, and expects a
/// whole mirror. Returns whether it is still the same one.
fn check_repair(damage: impl Fn(&Mirror) -> Result<()>) -> Result<bool> {
    let world = Origin::new()?;
    let mirror = world.fetched()?;
    let third = world.commit("Third", &[&world.git("rev-parse master", &[])?])?;
    world.set("refs/heads/master", &third)?;
    mirror.fetch(&mut |_| ())?;
    let mark = mirror.folder().join("mark");
    fs::write(&mark, "")?;
    damage(&mirror)?;
    let fourth = world.commit("Fourth", &[&third])?;
    world.set("refs/heads/master", &fourth)?;
    world.git("update-ref -d refs/heads/topic", &[])?;

    mirror.fetch(&mut |_| ())?;
    assert_eq!(resolved(&mirror, None)?, ("master".to_owned(), fourth));
    assert_eq!(mirror.git().read(["rev-list", "--count", "--all"])?, "4");
    mirror.git().read(["fsck", "--connectivity-only"])?;
    assert_eq!(world.kept()?, ["git", "lock"]);
    Ok(mark.exists())
}

/// Changes the packs of a mirror, from the largest to the smallest.
fn change_packs(mirror: &Mirror, change: impl Fn(usize, &[u8]) -> Vec<u8>) -> Result<()> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(mirror.folder().join("objects/pack"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "pack") {
            packs.push((fs::read(&path)?, path));
        }
    }
    packs.sort_by_key(|(bytes, _)| std::cmp::Reverse(bytes.len()));
    for (index, (bytes, path)) in packs.iter().enumerate() {
        fs::remove_file(path)?;
        fs::write(path, change(index, bytes))?;
    }
    Ok(())
}

#[test]
fn damaged_mirrors_are_made_anew() -> Result<()> {
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let anew = [
        check_repair(|mirror| {
            change_packs(mirror, |index, bytes| if index == 0 { half(bytes) } else { bytes.into() })
        })?,
        check_repair(|mirror| Ok(fs::remove_dir_all(mirror.folder().join("objects"))?))?,
        check_repair(|mirror| Ok(fs::remove_file(mirror.folder().join("HEAD"))?))?,
        check_repair(|mirror| Ok(fs::write(mirror.folder().join("HEAD"), "")?))?,
        check_repair(|mirror| Ok(fs::write(mirror.folder().join("config"), "[core\n")?))?,
        check_repair(|mirror| Ok(fs::write(mirror.folder().join("packed-refs"), "rubbish\n")?))?,
        check_repair(|mirror| {
            let commit = mirror.resolve(None, None)?.commit;
            Ok(fs::write(mirror.folder().join("shallow"), format!("{commit}\n"))?)
        })?,
        check_repair(|mirror| {
            fs::remove_dir_all(mirror.folder())?;
            fs::create_dir_all(mirror.folder().join("objects"))?;
            Ok(fs::create_dir_all(mirror.folder().with_extension("new").join("refs"))?)
        })?,
        check_repair(|mirror| {
            fs::remove_dir_all(mirror.folder())?;
            Ok(fs::write(mirror.folder(), "a file")?)
        })?,
    ];
    assert_eq!(anew, [false; 9]);
    // Whether git can repair these itself is its own affair.
    check_repair(|mirror| change_packs(mirror, |_, bytes| half(bytes)))?;
    check_repair(|mirror| change_packs(mirror, |_, _| Vec::new()))?;
    check_repair(|mirror| Ok(fs::write(mirror.folder().join("refs/heads/master"), "\0\n")?))?;
    Ok(())
}

#[test]
fn old_commits_are_missed_even_if_nothing_is_new() -> Result<()> {
    assert!(is_missed_if(|pack, _| Ok(fs::write(pack, "")?))?);
    let spoil = |pack: &Path| -> Result<()> {
        let mut bytes = fs::read(pack)?;
        bytes[12..].fill(0);
        Ok(fs::write(pack, bytes)?)
    };
    assert!(is_missed_if(|pack, _| spoil(pack))?);
    // A file of the old size and time is the one that was read: reading all takes long.
    let in_disguise = |pack: &Path, read: SystemTime| {
        spoil(pack)?;
        let times = FileTimes::new().set_modified(read);
        Ok(File::options().append(true).open(pack)?.set_times(times)?)
    };
    assert!(!is_missed_if(in_disguise)?);
    Ok(())
}

/// Whether a fetch that brings nothing repairs a pack of old commits that was spoiled; `spoil`
/// gets the pack, and the time when it was written.
fn is_missed_if(spoil: impl Fn(&Path, SystemTime) -> Result<()>) -> Result<bool> {
    let world = Origin::empty()?;
    let mirror = world.mirror()?;
    let first = world.commit("A long message, so that its pack is the largest", &[])?;
    let second = world.commit("Second", &[&first])?;
    for commit in [first, second] {
        world.set("refs/heads/master", &commit)?;
        mirror.fetch(&mut |_| ())?;
    }
    let packs = fs::read_dir(mirror.folder().join("objects/pack"))?.flatten();
    let packs = packs.map(|entry| entry.path());
    let packs = packs.filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
    let largest = packs.max_by_key(|path| path.metadata().map_or(0, |file| file.len()));
    let largest = largest.context("there are packs")?;
    let written = largest.metadata()?.modified()?;
    // Git keeps them from being written to.
    let bytes = fs::read(&largest)?;
    fs::remove_file(&largest)?;
    fs::write(&largest, bytes)?;
    spoil(&largest, written)?;
    let count = || mirror.git().read(["rev-list", "--count", "--all"]);
    assert!(count().is_err());
    mirror.fetch(&mut |_| ())?;
    Ok(count().is_ok_and(|count| count == "2"))
}

#[test]
fn stale_locks_are_removed() -> Result<()> {
    let same = check_repair(|mirror| {
        for name in ["packed-refs", "config", "shallow", "HEAD", "refs/heads/master"] {
            fs::write(mirror.folder().join(format!("{name}.lock")), "")?;
        }
        Ok(())
    })?;
    assert!(same);
    Ok(())
}

#[test]
fn two_at_once() -> Result<()> {
    let world = Origin::new()?;
    let results: Vec<Result<()>> = thread::scope(|scope| {
        let fetch = || Mirror::open(&world.cache, &world.url)?.fetch(&mut |_| ());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(fetch)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    assert_eq!(results.into_iter().map(|result| result.is_ok()).collect::<Vec<_>>(), [true; 4]);
    assert_eq!(resolved(&world.mirror()?, None)?.0, "master");

    let lock = fs::File::open(world.mirror()?.folder().with_extension("lock"))?;
    lock.lock()?;
    let mirror = world.mirror()?.patience(Duration::from_millis(5));
    let told = world.told(mirror.fetch(&mut |_| ()))?;
    let path = mirror.folder().with_extension("lock").display().to_string();
    let path = path.replace(&world.folder.path().display().to_string(), "DIR");
    assert_eq!(
        told,
        format!(
            "another process has been fetching `URL` for 10ms\nhelp: wait for it, or end it: it locks `{path}`"
        )
    );
    Ok(())
}

#[test]
fn offline() -> Result<()> {
    let world = Origin::new()?;
    assert_eq!(
        world.told(world.mirror()?.resolve(None, None))?,
        "there is no mirror of `URL` yet\nhelp: run it once without `--offline`"
    );
    world.fetched()?;
    fs::remove_dir_all(world.folder.path().join("upstream"))?;
    assert_eq!(resolved(&world.mirror()?, None)?.0, "master");
    let before = resolved(&world.mirror()?, Some("v1.1"))?;
    assert_eq!(
        world.told(world.mirror()?.fetch(&mut |_| ()))?,
        "can't fetch `URL`: 'DIR/upstream' does not appear to be a git repository\nhelp: check the address; a repository that moved, or that you may not read, looks the same"
    );
    assert_eq!(resolved(&world.mirror()?, Some("v1.1"))?, before);
    Ok(())
}

#[test]
fn upstreams_without_a_head() -> Result<()> {
    let world = Origin::empty()?;
    let empty = "can't fetch `URL`: it has no branches\nhelp: check the address; a login page or a proxy's error page may answer in its place";
    assert_eq!(world.told(world.mirror()?.fetch(&mut |_| ()))?, empty);
    assert_eq!(world.kept()?, ["lock"]);
    let first = world.commit("First", &[])?;
    world.set("refs/heads/trunk", &first)?;
    let mirror = world.fetched()?;
    assert_eq!(
        world.told(mirror.resolve(None, None))?,
        "the default branch of `URL` doesn't exist there\nhelp: name a branch with `--ref`"
    );
    assert_eq!(resolved(&mirror, Some("trunk"))?, ("trunk".to_owned(), first.clone()));
    world.git("symbolic-ref HEAD refs/heads/trunk", &[])?;
    mirror.fetch(&mut |_| ())?;
    let before = ("trunk".to_owned(), first);
    assert_eq!(resolved(&mirror, None)?, before);
    world.git("update-ref -d refs/heads/trunk", &[])?;
    assert_eq!(world.told(mirror.fetch(&mut |_| ()))?, empty);
    assert_eq!(resolved(&mirror, None)?, before);
    Ok(())
}

#[test]
fn a_shallow_upstream() -> Result<()> {
    let world = Origin::new()?;
    let second = world.git("rev-parse master", &[])?;
    fs::write(world.folder.path().join("upstream/shallow"), format!("{second}\n"))?;
    assert_eq!(
        world.told(world.mirror()?.fetch(&mut |_| ()))?,
        "can't fetch `URL`: it is a shallow clone\nhelp: give the address of a complete repository"
    );
    Ok(())
}

/// What a fetch of `url` tells, where `PORT` is that of a server on this machine that answers each
/// request with `answer`. A server without an answer accepts and is silent.
fn told_by_server(url: &str, answer: &'static str) -> Result<String> {
    let world = Origin::empty()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if answer.is_empty() {
                open.push(stream);
            } else if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    let patience = Duration::from_millis(if answer.is_empty() { 200 } else { 30_000 });
    let mirror = Mirror::open(&world.cache, &url.replace("PORT", &port))?.patience(patience);
    let told = world.told(mirror.fetch(&mut |_| ()))?;
    assert_eq!(world.kept()?, ["lock"]);
    Ok(told.replace(&port, "PORT"))
}

/// An HTTP answer without anything else.
macro_rules! answer {
    ($status:literal, $header:literal, $body:literal) => {
        concat!("HTTP/1.1 ", $status, "\r\nConnection: close\r\n", $header, "\r\n\r\n", $body)
    };
}

#[test]
fn servers_that_fail() -> Result<()> {
    let network = "check the network, the VPN and git's proxy settings, then run it again; `--offline` does without the upstream";
    let address = "check the address; a login page or a proxy's error page may answer in its place";
    let login = "log in once with `git ls-remote` and that address in a terminal, so that the credential helper or the ssh agent can answer from then on";
    let missing =
        "check the address; a repository that moved, or that you may not read, looks the same";
    let password = answer!("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"", "");
    let page = answer!("200 OK", "Content-Type: text/html", "<html>\n<p>Log in</p>\n</html>\n");
    let blank = answer!("200 OK", "Content-Type: text/html", "");
    let cases = [
        ("http", "", "timed out: no progress in 200ms", network),
        ("git", "", "timed out: no progress in 200ms", network),
        (
            "http",
            page,
            "http://127.0.0.1:PORT/x/info/refs not valid: is this a git repository?",
            address,
        ),
        ("http", blank, "it has no branches", address),
        (
            "http",
            password,
            "could not read Username for 'http://127.0.0.1:PORT': terminal prompts disabled",
            login,
        ),
        (
            "http",
            answer!("503 Unavailable", "A: b", ""),
            "The requested URL returned error: 503",
            network,
        ),
        (
            "http",
            answer!("403 Forbidden", "A: b", ""),
            "The requested URL returned error: 403",
            login,
        ),
        (
            "http",
            answer!("404 Not Found", "A: b", ""),
            "repository 'http://127.0.0.1:PORT/x/' not found",
            missing,
        ),
    ];
    for (scheme, answer, reason, help) in cases {
        let url = format!("{scheme}://127.0.0.1:PORT/x");
        let expected = format!("can't fetch `{url}`: {reason}\nhelp: {help}");
        assert_eq!(told_by_server(&url, answer)?, expected);
    }
    assert_eq!(
        told_by_server("http://ann:secret@127.0.0.1:PORT/x", password)?,
        format!(
            "can't fetch `http://127.0.0.1:PORT/x`: Authentication failed for 'http://127.0.0.1:PORT/x/'\nhelp: {login}"
        )
    );
    Ok(())
}

#[test]
fn nobody_listens() -> Result<()> {
    let world = Origin::empty()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mirror = Mirror::open(&world.cache, &format!("http://127.0.0.1:{port}/x"))?;
    let told = world.told(mirror.fetch(&mut |_| ()))?;
    let (before, after) = told.split_once(" after ").context("curl says how long it took")?;
    let after = after.split_once(" ms: ").context("in milliseconds")?.1;
    assert_eq!(
        format!("{before}, {after}").replace(&port.to_string(), "PORT"),
        "can't fetch `http://127.0.0.1:PORT/x`: Failed to connect to 127.0.0.1 port PORT, Couldn't connect to server\nhelp: check the network, the VPN and git's proxy settings, then run it again; `--offline` does without the upstream"
    );
    Ok(())
}
