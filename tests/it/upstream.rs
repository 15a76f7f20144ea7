//! References, resolved in a mirror.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::origin::{Origin, TWINS, resolved};

#[test]
fn a_reference_of_each_kind() -> Result<()> {
    let world = Origin::new()?;
    let (first, second) = (world.git("rev-parse topic", &[])?, world.git("rev-parse master", &[])?);
    let mirror = world.fetched()?;
    let upper = first[..9].to_uppercase();
    let cases = [
        (None, "master", &second),
        (Some("HEAD"), "master", &second),
        (Some("master"), "master", &second),
        (Some("topic"), "topic", &first),
        (Some("v1.0"), "v1.0", &first),
        (Some("v1.1"), "v1.1", &first),
        (Some("refs/heads/topic"), "topic", &first),
        (Some("refs/tags/v1.1"), "v1.1", &first),
        (Some(first.as_str()), &first[..7], &first),
        (Some(&first[..7]), &first[..7], &first),
        (Some(upper.as_str()), &first[..9], &first),
    ];
    for (reference, name, commit) in cases {
        let found = resolved(&mirror, reference).with_context(|| format!("{reference:?}"))?;
        assert_eq!(found, (name.to_owned(), commit.clone()), "{reference:?}");
    }
    let of_branch = mirror.resolve(None, Some("topic"))?;
    assert_eq!((of_branch.name.as_str(), of_branch.commit.as_str()), ("topic", first.as_str()));
    let master = mirror.resolve(None, None)?.commit;
    assert!(mirror.is_ancestor(&of_branch.commit, &master)?);
    assert!(!mirror.is_ancestor(&master, &of_branch.commit)?);
    assert_eq!(world.kept()?, ["git", "lock"]);
    Ok(())
}

#[test]
fn references_that_are_refused() -> Result<()> {
    let world = Origin::new()?;
    let blob = cmd!(world.shell, "git hash-object -w --stdin").stdin("x").quiet().read()?;
    world.set("refs/tags/a-file", &blob)?;
    let mirror = world.fetched()?;
    let none = "0123456789012345678901234567890123456789";
    let unlike = |newest: &str| {
        format!("check the spelling, and that it is pushed; the newest are {newest}")
    };
    let all = unlike("`master`, `topic`, `v1.0`, `v1.1`, `a-file`");
    let cases = [
        ("mastre", "no branch or tag `mastre` in `URL`\nhelp: did you mean `master`?".to_owned()),
        (
            "v1.2",
            "no branch or tag `v1.2` in `URL`\nhelp: did you mean `v1.0` or `v1.1`?".to_owned(),
        ),
        ("nowhere", format!("no branch or tag `nowhere` in `URL`\nhelp: {all}")),
        ("refs/tags/topic", "no ref `refs/tags/topic` in `URL`\nhelp: did you mean `topic`?".into()),
        ("a-file", "`a-file` of `URL` is not a commit\nhelp: give a branch, or a tag of a commit".into()),
        ("0123456", format!("no commit, branch or tag `0123456` in `URL`\nhelp: {all}")),
        (
            "01234",
            "no branch or tag `01234` in `URL`\nhelp: a commit needs 7 or more digits, and these are 5".into(),
        ),
        (none, format!("no commit `{none}` in `URL`\nhelp: check that it is pushed, and to there")),
        (
            "master~1",
            "`master~1` can't be a ref: it holds a blank, a control character or one of `~^:?*[\\`\nhelp: give a branch, a tag, or 7 or more digits of a commit".into(),
        ),
    ];
    for (reference, expected) in cases {
        assert_eq!(world.told(mirror.resolve(Some(reference), None))?, expected);
    }
    let told = world.told(mirror.resolve(None, Some("main")))?;
    assert_eq!(told, format!("no branch `main` in `URL`\nhelp: {}", unlike("`master`, `topic`")));
    Ok(())
}

#[test]
fn ambiguous_references() -> Result<()> {
    let world = Origin::new()?;
    for (index, (message, id)) in TWINS.into_iter().enumerate() {
        assert_eq!(world.commit(message, &[])?, id);
        world.set(&format!("refs/heads/twin-{index}"), id)?;
    }
    let hostile = world.commit("\u{1b}[31mred", &[])?;
    world.set("refs/heads/same", TWINS[0].1)?;
    world.set("refs/tags/same", TWINS[0].1)?;
    world.set("refs/heads/both", TWINS[0].1)?;
    world.set("refs/tags/both", &hostile)?;
    world.set("refs/heads/06d07facf", TWINS[0].1)?;
    let mirror = world.fetched()?;

    let list = |name: &str, lines: &[&str]| {
        let lines = lines.iter().map(|line| format!("\n  {line}")).collect::<String>();
        format!(
            "`{name}` means more than one commit of `URL`\nhelp: name one of them in full:{lines}"
        )
    };
    let (one, other) = (TWINS[0].1, TWINS[1].1);
    assert_eq!(
        world.told(mirror.resolve(Some("06d07fa"), None))?,
        list(
            "06d07fa",
            &[
                &format!("{one} (06d07fa2d34b 2024-01-01 nonce 8862)"),
                &format!("{other} (06d07facf1ef 2024-01-01 nonce 13636)"),
            ]
        )
    );
    assert_eq!(
        world.told(mirror.resolve(Some("both"), None))?,
        list(
            "both",
            &[
                "refs/heads/both (06d07fa2d34b 2024-01-01 nonce 8862)",
                &format!("refs/tags/both ({} 2024-01-01 \\u{{1b}}[31mred)", &hostile[..12]),
            ]
        )
    );
    assert_eq!(
        world.told(mirror.resolve(Some("06d07facf"), None))?,
        list(
            "06d07facf",
            &[
                "refs/heads/06d07facf (06d07fa2d34b 2024-01-01 nonce 8862)",
                &format!("{other} (06d07facf1ef 2024-01-01 nonce 13636)"),
            ]
        )
    );
    assert_eq!(resolved(&mirror, Some("06d07fa2"))?.1, one);
    assert_eq!(resolved(&mirror, Some("same"))?, ("same".to_owned(), one.to_owned()));
    Ok(())
}
