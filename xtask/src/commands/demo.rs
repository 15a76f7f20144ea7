//! Builds a small world of git repositories and runs a whole promotion in it, as a user would.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promotion::model::problem::Problem;
use promotion::report::heading;
use world::{MARK, World};
use xshell::{Shell, cmd};

use crate::cache;
use crate::called::called;
use crate::cli;
use crate::hint::quoted;
use crate::mirror::Mirror;
use crate::session::Session;

/// What is shown: a title, what one sees, and the command.
const STEPS: &[(&str, &str, &[&str])] = &[
    (
        "What runs where?",
        "One row for each environment: its version, how far behind it is, and whose commits wait.",
        &["status"],
    ),
    (
        "What would a promotion bring?",
        "The commits that wait, by author, and whom to tell.",
        &["changes"],
    ),
    (
        "What would it edit?",
        "The plan and its diff; a dry run writes nothing.",
        &["promote", "--env", "jenkins", "--dry-run"],
    ),
    (
        "The schemas go first, in a merge request of their own.",
        "The branch is pushed and the merge request opened; the checkout stays as it was.",
        &["update-schemas", "--mr", "--lgtm"],
    ),
    (
        "Then qontract-reconcile, everywhere.",
        "Every pin of every environment, in one merge request.",
        &["qr-promote", "--mr", "--lgtm"],
    ),
    (
        "And back again, if production breaks.",
        "The version before is found in the pins' own history; this would go back to it.",
        &["rollback", "--env", "jenkins", "--reason", "just to see", "--dry-run"],
    ),
];

/// Builds the world, promotes in it, and says what to try next.
pub fn run(session: &Session, typed: &cli::DemoArgs) -> Result<()> {
    session.refuse_repo_and_config()?;
    let dir = match &typed.dir {
        Some(dir) => dir.clone(),
        None => default_dir()?,
    };
    let step = session.progress.local("building a world of git repositories");
    let world = build(&dir, u64::try_from(session.now()).unwrap_or_default())?;
    forget_mirrors(&world)?;
    drop(step);
    session.print(&format!(
        "A small app-interface, its remote and its upstreams: {}\n",
        dir.display()
    ))?;
    world.answer_as_gitlab()?;
    let demo = DemoRun { session, world };
    for (title, seen, args) in STEPS {
        demo.step(title, seen, args)?;
    }
    session.print(&demo.opened()?)?;
    session.print(&demo.what_next())
}

/// `xtask-demo` in cargo's target folder: `CARGO_TARGET_DIR`, else `target` of the workspace that
/// the tool was built from.
fn default_dir() -> Result<PathBuf> {
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Ok(Path::new(&target).join("xtask-demo"));
    }
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = manifest.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let workspace = workspace.map_or_else(std::env::current_dir, Ok);
    Ok(workspace.context("can't tell the current folder")?.join("target/xtask-demo"))
}

/// The world in `dir`, which is new, empty, or made by an earlier demo.
fn build(dir: &Path, now: u64) -> Result<World> {
    if dir.join(MARK).exists() {
        std::fs::remove_dir_all(dir)
            .with_context(|| format!("can't remove `{}`", dir.display()))?;
    }
    let is_occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if is_occupied || dir.is_file() {
        let problem = Problem::new(format!("`{}` is in use, and no demo made it", dir.display()));
        return Err(problem.help("name a new or empty folder: `--dir DIR`").into());
    }
    // First, so that one that is interrupted is known too.
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(dir.join(MARK), ""))
        .with_context(|| format!("can't write to `{}`", dir.display()))?;
    World::create_before(dir, now)
}

/// Removes the user's mirrors of the demo that was in this folder before: its commits were others.
fn forget_mirrors(world: &World) -> Result<()> {
    let Ok(cache) = cache::folder() else { return Ok(()) };
    for upstream in [&world.reconcile, &world.schemas, &world.mirror] {
        let mirror = Mirror::open(&cache, &upstream.path.display().to_string())?;
        if mirror.exists() {
            mirror.forget()?;
        }
    }
    Ok(())
}

struct DemoRun<'a> {
    session: &'a Session,
    world: World,
}

impl DemoRun<'_> {
    /// Runs this program in the world's checkout, with a cache of its own and nothing of the
    /// user's git configuration.
    fn step(&self, title: &str, seen: &str, args: &[&str]) -> Result<()> {
        let words: Vec<_> = args.iter().map(|word| quoted(word)).collect();
        let typed = format!("{} {}", called(), words.join(" "));
        self.session.print(&heading(&format!("{title}\n{seen}"), &typed))?;
        let program = std::env::current_exe().context("can't tell where this program is")?;
        let shell = Shell::new()?;
        let World { repository, root, .. } = &self.world;
        let options = self.session.passed_on();
        let mut run = cmd!(shell, "{program} --repo {repository} {options...} {args...}").quiet();
        for (name, _) in std::env::vars_os() {
            if name == "DO_COMMIT" || name.as_encoded_bytes().starts_with(b"GIT_") {
                run = run.env_remove(name);
            }
        }
        // Git also looks for `ignore` and `attributes` at home.
        run.env("HOME", root)
            .env("XDG_CONFIG_HOME", root)
            .env("XTASK_CACHE", root.join("cache"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .run()
            .with_context(|| format!("the demo stopped at `{typed}`"))
    }

    /// The merge requests, as a person sees them at the remote.
    fn opened(&self) -> Result<String> {
        let mut text = heading("What is open at the remote now:", "cat merge-requests/*");
        for one in self.world.merge_requests()? {
            let labels: Vec<_> = one.labels.iter().map(|label| format!(" [{label}]")).collect();
            text.push_str(&format!("\n!{} {}{}\n", one.number, one.title, labels.concat()));
            for line in one.description.lines() {
                text.push_str(&format!("  | {line}\n"));
            }
        }
        Ok(text)
    }

    fn what_next(&self) -> String {
        let name = called();
        let checkout = quoted(&self.world.repository.display().to_string());
        heading(
            "Your turn.",
            &format!(
                "export APP_INTERFACE={checkout}\n\
                 $ {name} promote --env tekton --commit\n\
                 $ {name} rollback --env tekton --reason 'just to see' --dry-run\n\
                 $ {name} qr-promote --ref v0.10.0"
            ),
        )
    }
}
