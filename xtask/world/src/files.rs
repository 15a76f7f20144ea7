//! How the files of app-interface came about: a history in which the pins move.

use super::history::{History, INES, MIRA, PROMOTER, RAFAEL, TOBIAS};
use super::neighbours;
use super::pinned::PINNED;

/// The versions that the files name at one time.
#[derive(Clone, Default)]
struct Pins {
    /// Commit in the external saas file.
    external: String,
    /// Commit in the internal saas file.
    internal: String,
    /// Commit of the target with `promotion.auto`.
    canary: String,
    /// Commit of the target with `delete`.
    retired: String,
    /// Commit of another component in the external saas file.
    mirror: String,
    /// Tag in `.env`.
    pr_check: String,
    /// Tag in the Jenkins defaults.
    jenkins: String,
    /// Tag in the shared resources and the pipelines.
    tekton: String,
    /// Tag in `.env`.
    schemas: String,
}

/// A history in which pins move, as a stream for `git fast-import`.
///
/// `versions`: the commits of `qontract-reconcile`, `qontract-schemas` and `github-mirror`.
pub(super) fn history(versions: [&[String]; 3]) -> Vec<u8> {
    let [reconcile, schemas, mirror] = versions;
    let tag = |commit: &str| commit[..7].to_owned();
    let everywhere = |commit: &str, pins: &Pins| Pins {
        external: commit.to_owned(),
        internal: commit.to_owned(),
        pr_check: tag(commit),
        jenkins: tag(commit),
        tekton: tag(commit),
        ..pins.clone()
    };
    let first = Pins {
        canary: reconcile[2].clone(),
        retired: reconcile[1].clone(),
        mirror: mirror[1].clone(),
        schemas: tag(&schemas[2]),
        ..Pins::default()
    };
    let first = everywhere(&reconcile[2], &first);
    let second = everywhere(&reconcile[4], &first);
    let third = Pins { schemas: tag(&schemas[4]), ..second.clone() };
    let fourth = Pins { pr_check: format!("{}-rc", tag(&reconcile[6])), ..third.clone() };
    let fifth = Pins { pr_check: fourth.pr_check.clone(), ..everywhere(&reconcile[8], &fourth) };
    let sixth = Pins { canary: reconcile[9].clone(), ..fifth.clone() };

    let mut h = History::new("master", 5, 2);
    let mut all = tree(&first);
    all.extend(neighbours::files());
    h.commit(&RAFAEL, "Describe the integrations and where they run\n", &borrow(&all));
    h.commit(&MIRA, "qontract-reconcile: promote\n", &borrow(&changed(&first, &second)));
    h.commit(&TOBIAS, "qontract-schemas: promote\n", &borrow(&changed(&second, &third)));
    h.commit(&INES, "Try a release candidate in pr-check\n", &borrow(&changed(&third, &fourth)));
    h.merge(
        &INES,
        "Merge branch 'promote-reconcile' into 'master'\n\nqontract-reconcile: promote\n\nSee merge request service/app-interface!104\n",
        3,
        &[(
            &MIRA,
            "qontract-reconcile: promote, but keep the candidate in pr-check\n",
            &borrow(&changed(&fourth, &fifth)),
        )],
    );
    h.commit(
        &PROMOTER,
        "saas-qontract-reconcile: promote canary\n",
        &borrow(&changed(&fifth, &sixth)),
    );
    h.finish()
}

type Tree = Vec<(String, String)>;

fn borrow(tree: &Tree) -> Vec<(&str, &str)> {
    tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

fn changed(before: &Pins, after: &Pins) -> Tree {
    let before = tree(before);
    tree(after).into_iter().filter(|file| !before.contains(file)).collect()
}

fn tree(pins: &Pins) -> Tree {
    let words = [
        ("@external@", &pins.external[..]),
        ("@internal@", &pins.internal),
        ("@canary@", &pins.canary),
        ("@retired@", &pins.retired),
        ("@mirror@", &pins.mirror),
        ("@pr_check@", &pins.pr_check),
        ("@jenkins@", &pins.jenkins),
        ("@tekton@", &pins.tekton),
        ("@schemas@", &pins.schemas),
        ("@blanks@", "   "),
        ("@bom@", "\u{feff}"),
        ("@cr@", "\r"),
    ];
    let fill = |text: &str| words.iter().fold(text.to_owned(), |t, (word, by)| t.replace(word, by));
    PINNED.iter().map(|(path, text)| ((*path).to_owned(), fill(text))).collect()
}
