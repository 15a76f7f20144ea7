//! What runs where.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::loopback::{Server, answer};
use crate::sandbox::{HEAD, Output, Sandbox};

/// The newest commit that pins of the standard world name.
const RUNNING: &str = "47fbcedb83acf136db09422466a44c7e37c08639";

/// Two pins that disagree in one environment.
const BOTH: &str = r#"
[component.qontract-reconcile]
upstream = "https://github.com/app-sre/qontract-reconcile"
[component.qontract-reconcile.environment.both]
pins = [
  { file = ".env", variable = "RECONCILE_IMAGE_TAG" },
  { file = "resources/jenkins/global/defaults.yaml", key = "qontract_reconcile_image_tag" },
]
"#;

/// What every page has in it.
const STYLE: &str = include_str!("../../xtask/promotion/src/report/status/page.css");
const SCRIPT: &str = include_str!("../../xtask/promotion/src/report/status/page.js");

/// Holds a page against what is expected, without its style and its script.
#[track_caller]
fn check_page(mut output: Output, name: &str) {
    output.stdout = output.stdout.replace(STYLE, "[style]\n").replace(SCRIPT, "[script]\n");
    check(&output, name);
}

/// Runs `status` on a terminal of so many columns; none is a log.
fn status(sandbox: &Sandbox, columns: &str, args: &str) -> Output {
    let args: Vec<_> = ["status"].into_iter().chain(args.split_whitespace()).collect();
    sandbox.command(&args).env("COLUMNS", columns).run()
}

#[track_caller]
fn check(output: &Output, name: &str) {
    output.matches(&format!("status-{name}"));
}

#[test]
fn widths() {
    let sandbox = Sandbox::new();
    check(&status(&sandbox, "80", ""), "80-columns");
    check(&status(&sandbox, "120", ""), "120-columns");
    check(&status(&sandbox, "", "--quiet"), "log");
    check(&status(&sandbox, "40", "--quiet --component qontract-schemas"), "40-columns");
    check(&status(&sandbox, "100", "--quiet --pins --env pr-check,tekton"), "pins");
    let coloured = status(&sandbox, "80", "--quiet --color always --env pr-check");
    check(&coloured, "colours");
}

#[test]
fn names_that_mean_the_same() {
    let sandbox = Sandbox::new();
    let once = status(&sandbox, "", "qontract-schemas");
    once.assert(0, &once.stdout, &once.stderr);
    let twice = status(&sandbox, "", "qontract-schemas schemas qontract-schemas");
    twice.assert(0, &once.stdout, &once.stderr);
}

#[test]
fn for_scripts_and_wikis() {
    let sandbox = Sandbox::new();
    let args = "--quiet --component qontract-schemas --check --format";
    check(&status(&sandbox, "", &format!("{args} json")), "json");
    check(&status(&sandbox, "", &format!("{args} json --pins")), "json-pins");
    check(&status(&sandbox, "", "--quiet --check --max-behind 5 --format markdown"), "markdown");
}

/// The page loads nothing, and nothing in it ends its style or its script early.
#[test]
fn page() {
    let sandbox = Sandbox::new();
    check_page(status(&sandbox, "", "--quiet --check --max-behind 6 --format html"), "page");
    check_page(status(&sandbox, "", "--quiet --pins --format html"), "page-pins");
    for part in [STYLE, SCRIPT] {
        assert_eq!(part.matches("</").count() + part.matches("url(").count(), 0);
        assert_eq!(part.matches("import").count() + part.matches("fetch").count(), 0);
    }
    let changes = sandbox.xtask(&["changes", "--format", "html"]);
    assert_eq!((changes.status, changes.stdout.as_str()), (2, ""));
}

/// Names in all places of the page where other people's text may be.
#[test]
fn page_with_hostile_names() {
    let sandbox = Sandbox::new();
    let name = "\\\"><script>alert(1)</script>'onload='&lt;";
    let pin = "pins = [{ file = \".env\", variable = \"RECONCILE_IMAGE_TAG\" }]";
    sandbox.write(
        "promote.toml",
        &format!(
            "[component.\"{name}\"]\nupstream = \"https://github.com/app-sre/qontract-reconcile\"\n\
             [component.\"{name}\".environment.\"{name}\"]\n{pin}\n\
             [component.\"</style></title>\"]\nupstream = \"/nowhere/<img/src=x>\"\n\
             [component.\"</style></title>\".environment.\"<b>\"]\npins = [{{ file = \"<i>.yml\", key = \"<u>\" }}]\n"
        ),
    );
    let page = status(&sandbox, "", "--quiet --check --format html");
    assert!(page.stdout.starts_with("<!doctype html>"));
    for tag in ["<script>alert", "<img", "<b>", "<i>", "<u>", "'onload"] {
        assert_eq!(page.stdout.find(tag), None, "{tag}");
    }
    check_page(page, "page-hostile");
}

#[test]
fn half_promoted() {
    let sandbox = Sandbox::new();
    sandbox.write("promote.toml", BOTH);
    check(&status(&sandbox, "100", "--quiet --check"), "half-promoted");
    check(&status(&sandbox, "80", "--quiet --check --pins"), "half-promoted-pins");
    check(&status(&sandbox, "80", "--quiet --format markdown"), "half-promoted-markdown");
    check_page(status(&sandbox, "", "--quiet --check --format html"), "half-promoted-page");

    // The command that is shown repairs it.
    let json = status(&sandbox, "", "--quiet --format json");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let repair = json["components"][0]["environments"][0]["repair"].as_str().unwrap().to_owned();
    let expected =
        format!("cargo xtask promote --component qontract-reconcile --env both --ref {RUNNING}");
    assert_eq!(repair, expected);
    let words: Vec<_> = repair.split(' ').skip(2).collect();
    assert_eq!(sandbox.xtask(&words).status, 0);
    check(&status(&sandbox, "80", "--quiet --check"), "repaired");
}

#[test]
fn versions_that_nobody_can_place() {
    let sandbox = Sandbox::new();
    sandbox.write("promote.toml", BOTH);
    let env = sandbox.read(".env").replace("72aebf9-rc", "0123456");
    sandbox.write(".env", &env);
    check(&status(&sandbox, "80", "--quiet --check"), "unknown-version");
    sandbox.write(".env", &env.replace("0123456", "latest"));
    check(&status(&sandbox, "80", "--quiet --check"), "moving-version");

    // On a branch of its own, it has a commit that the branch lacks.
    let git_dir = sandbox.world.reconcile.path.display().to_string();
    let hotfix = sandbox.git(&format!("--git-dir={git_dir} rev-parse hotfix/saas-timeout"));
    for (file, old) in
        [(".env", "72aebf9-rc"), ("resources/jenkins/global/defaults.yaml", "47fbced")]
    {
        sandbox.git(&format!("checkout --quiet {file}"));
        sandbox.write(file, &sandbox.read(file).replace(old, &hotfix[..7]));
    }
    check(&status(&sandbox, "80", "--quiet --check"), "off-the-branch");
}

#[test]
fn checks() {
    let sandbox = Sandbox::covered();
    let cases = [
        ("", 0),
        ("--max-behind 7", 0),
        ("--max-behind 6", 3),
        ("--max-age 15d", 0),
        ("--max-age 14d", 3),
        ("--max-behind 5 --env tekton", 0),
        ("--max-behind 4 --env tekton", 3),
        ("--max-behind 4 --env tekton --pins --format json", 3),
        ("--offline", 0),
    ];
    for (limits, expected) in cases {
        let output = status(&sandbox, "", &format!("--quiet --check {limits}"));
        assert_eq!((output.status, output.stderr.as_str()), (expected, ""), "{limits}");
    }
    check(&status(&sandbox, "80", "--check --max-behind 5 --max-age 14d --env pr-check"), "drifts");
    check(&status(&sandbox, "80", "--max-behind 5"), "limit-without-check");
    check(&status(&sandbox, "80", "--env nowhere"), "unknown-environment");
}

#[test]
fn offline() {
    let sandbox = Sandbox::new();
    check(&status(&sandbox, "80", "--offline --env pr-check"), "offline-without-cache");
    // What can't be told is not passed.
    assert_eq!(status(&sandbox, "80", "--offline --check").status, 1);
    status(&sandbox, "80", "");
    check(&status(&sandbox, "80", "--offline --env pr-check"), "offline-with-cache");
}

#[test]
fn offline_pins_are_compared_as_far_as_that_goes() {
    let sandbox = Sandbox::new();
    sandbox.write("promote.toml", BOTH);
    check(&status(&sandbox, "80", "--offline"), "offline-half-promoted");
}

#[test]
fn one_trouble_spoils_nothing_else() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("resources/jenkins/global/defaults.yaml")).unwrap();
    sandbox
        .write("data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml", "a: [");
    let upstream = &sandbox.world.schemas.path;
    fs::rename(upstream, upstream.with_extension("away")).unwrap();
    check(&status(&sandbox, "80", ""), "troubles");
    check(&status(&sandbox, "80", "--quiet --format markdown"), "troubles-markdown");
    check(&status(&sandbox, "80", "--quiet --format json --env jenkins"), "troubles-json");

    // An earlier mirror is better than nothing.
    fs::rename(upstream.with_extension("away"), upstream).unwrap();
    let args = "--check --component qontract-schemas";
    assert_eq!(status(&sandbox, "80", args).status, 0);
    fs::rename(upstream, upstream.with_extension("away")).unwrap();
    check(&status(&sandbox, "80", args), "stale-mirror");
    // Not even the branch may be known.
    let config = "[component.qontract-schemas]\n\
                  upstream = \"https://github.com/app-sre/qontract-schemas\"\nbranch = \"next\"\n\
                  [component.qontract-schemas.environment.pr-check]\n\
                  pins = [{ file = \".env\", variable = \"SCHEMAS_IMAGE_TAG\" }]\n";
    sandbox.write("promote.toml", config);
    check(&status(&sandbox, "80", args), "stale-mirror-branch");
}

#[test]
fn hostile_names() {
    let sandbox = Sandbox::new();
    let git_dir = sandbox.world.schemas.path.display().to_string();
    let eve = "-c user.name=Eve\u{1b}[2J|`@all`\u{202e} -c user.email=eve@evil.example";
    let git = format!("--git-dir={git_dir} {eve}");
    let commit = sandbox.git(&format!("{git} commit-tree -p HEAD -m x HEAD^{{tree}}"));
    sandbox.git(&format!("{git} update-ref HEAD {commit}"));
    sandbox.write(".env", &sandbox.read(".env").replace("a1d7dfc", "ec24093-rc"));
    sandbox.git(&format!("{eve} commit --quiet --all -m x"));
    sandbox.write(".env", &sandbox.read(".env").replace("ec24093-rc", "a1d7dfc"));
    check(&status(&sandbox, "80", "--quiet --component qontract-schemas"), "not-committed");
    sandbox.git(&format!("{eve} commit --quiet --all -m x"));
    let args = "--quiet --component qontract-schemas --format";
    for format in ["text", "json", "markdown"] {
        check(&status(&sandbox, "80", &format!("{args} {format}")), &format!("hostile-{format}"));
    }
    check_page(status(&sandbox, "", &format!("{args} html")), "hostile-page");
}

#[test]
fn newer_images() {
    let sandbox = Sandbox::new();
    let has = |tags: &'static [&'static str], status: u16| {
        Server::start(move |request| {
            let found = tags.iter().any(|tag| request.ends_with(tag));
            answer(
                if found { 200 } else { status },
                &["Docker-Distribution-Api-Version: registry/2.0"],
                "",
            )
        })
    };
    let run = |server: &Server, args: &str| {
        let image =
            format!("image = \"{}/a/b\"\n[component.qontract-reconcile.env", server.address);
        let config = BOTH.replacen("[component.qontract-reconcile.env", &image, 1);
        sandbox.write("promote.toml", &config);
        let mut output = status(&sandbox, "80", &format!("--quiet --pins {args}"));
        output.stdout = output.stdout.replace(&server.address, "[registry]");
        output
    };
    let newest = has(&["7a734a7"], 404);
    check(&run(&newest, ""), "image-newest");
    assert_eq!(newest.requests().len(), 1);
    // 6de602b is newer than one of the pins only.
    check(&run(&has(&["6de602b"], 404), ""), "image-older");
    check(&run(&has(&[], 404), ""), "image-none");
    check(&run(&has(&[], 403), "--format json"), "image-trouble");
    let unasked = has(&[], 404);
    assert_eq!(run(&unasked, "--offline").status, 0);
    assert_eq!(unasked.requests(), Vec::<String>::new());
}

#[test]
fn checkouts_that_know_less() {
    let sandbox = Sandbox::new();
    let root = &sandbox.world.root;
    let (shallow, plain) = (root.join("shallow"), root.join("plain"));
    let remote = sandbox.world.remote.display();
    sandbox.git(&format!("clone --quiet --depth 1 file://{remote} {}", shallow.display()));
    fs::create_dir(&plain).unwrap();
    fs::copy(sandbox.path(".env"), plain.join(".env")).unwrap();
    for (repo, name) in [(shallow, "shallow"), (plain, "no-checkout")] {
        let repo = repo.display().to_string();
        let args = ["status", "--component", "qontract-schemas", "--offline", "--repo", &repo];
        let run = sandbox.command(&args);
        check(&run.env("GIT_CEILING_DIRECTORIES", root).run(), name);
    }
}

/// A configuration of so many components, each with an upstream of its own below `address`.
fn many(sandbox: &Sandbox, address: &str, count: usize) {
    let component = |number: usize| {
        format!(
            "[component.c{number:02}]\nupstream = \"{address}/{number:02}\"\n\
             [component.c{number:02}.environment.e]\n\
             pins = [{{ file = \"many.env\", variable = \"V{number:02}\" }}]\n"
        )
    };
    let pin = |number: usize| format!("V{number:02}=47fbced\n");
    sandbox.write("many.env", &(0..count).map(pin).collect::<String>());
    sandbox.write("promote.toml", &(0..count).map(component).collect::<String>());
}

/// A host that can't be reached is told once, not for each of its upstreams.
#[test]
fn a_host_that_is_down() {
    let sandbox = Sandbox::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Git's own protocol: curl says how many milliseconds it took.
    many(&sandbox, &format!("git://127.0.0.1:{port}"), 3);
    let config = sandbox.read("promote.toml");
    let other = "[component.other]\nupstream = \"https://github.com/app-sre/qontract-schemas\"\n\
                 [component.other.environment.e]\n\
                 pins = [{ file = \".env\", variable = \"SCHEMAS_IMAGE_TAG\" }]\n";
    sandbox.write("promote.toml", &(config + other));
    let run = |format: &str| {
        let mut output = status(&sandbox, "80", &format!("--quiet --format {format}"));
        output.stdout = output.stdout.replace(&port.to_string(), "PORT");
        output
    };
    check(&run("text"), "host-down");
    check(&run("markdown"), "host-down-markdown");
    check(&run("json"), "host-down-json");
}

/// Each upstream is asked once, and 12 of one host at the same time.
#[test]
fn a_bounded_number_of_connections() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    many(&sandbox, &format!("http://{}", listener.local_addr().unwrap()), 40);
    let server = thread::spawn(move || {
        let mut paths = Vec::new();
        let mut open: Vec<TcpStream> = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
            paths.push(path);
            open.push(stream);
            // Nobody gets an answer before 12 have asked, so that these are asked together.
            if open.len() == 12 || paths.len() == 40 {
                for mut stream in open.drain(..) {
                    let answer = answer(404, &[], "");
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
            if paths.len() == 40 {
                return paths;
            }
        }
        paths
    });
    assert_eq!(status(&sandbox, "80", "--quiet").status, 1);
    let mut paths = server.join().unwrap();
    paths.sort();
    let expected: Vec<_> = (0..40).map(|number| format!("/{number:02}/info/refs")).collect();
    assert_eq!(paths, expected);
}

/// Bounds, not exact numbers: it is the kind of growth that matters.
#[test]
fn few_processes() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let count = |args: &[&str]| sandbox.git_processes(args);
    let status = ["status", "--quiet"];
    count(&status);
    // Two upstreams: a fetch for each. All pins and what the mirrors say are remembered.
    let two = count(&status);
    assert!(two <= 20, "status: {two}");
    let promotion = count(&["qr-promote", "--dry-run", "--quiet"]);
    assert!(promotion <= 20, "qr-promote: {promotion}");
    // The second time, the mirror's answers are known: the top, its settings, two lists of files.
    let offline = ["qr-promote", "--dry-run", "--quiet", "--offline", "--ref", HEAD];
    count(&offline);
    let known = count(&offline);
    assert!(known <= 4, "qr-promote --offline: {known}");
    // More pins and more versions of the same upstreams cost nothing.
    let config = sandbox.read("promote.toml");
    let more = "[component.qontract-reconcile.environment.more]\n\
                pins = [{ file = \"a.env\", variable = \"A\" }, { file = \"b.env\", variable = \"B\" }]\n";
    let (start, end) = config.split_once("[component.qontract-schemas]").unwrap();
    sandbox.write("promote.toml", &format!("{start}{more}[component.qontract-schemas]{end}"));
    sandbox.write("a.env", "A=d41ce51\n");
    sandbox.write("b.env", "B=0ee623e\n");
    sandbox.commit_all();
    count(&status);
    assert_eq!(count(&status), two);
}

/// Each remote is asked once, whatever is asked; and what a command starts is bounded.
#[test]
fn round_trips_and_processes() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.world.answer_as_gitlab().unwrap();
    let offline = ["qr-promote", "-n", "-q", "--offline", "--ref", HEAD];
    let cases: [(&[&str], &str, usize); 9] = [
        (&["status", "-q"], "fetch fetch", 16),
        (&["changes", "-q"], "fetch", 12),
        (&["qr-promote", "-n", "-q", "--no-image-check"], "fetch fetch", 24),
        (&["update-schemas", "-n", "-q", "--no-image-check"], "fetch", 16),
        (&offline, "", 12),
        (&["explain", ".env", "-q"], "", 8),
        (&["discover", "-q"], "", 8),
        (&["status", "--all-saas", "-q"], "fetch fetch", 16),
        // Here the processes of the remote count too.
        (
            &["qr-promote", "--mr", "-q", "--no-image-check"],
            "fetch fetch fetch ls-remote ls-remote push",
            110,
        ),
    ];
    // The mirrors are there.
    sandbox.xtask(&["status", "--all-saas", "-q"]).succeeds();
    for (args, asked, most) in cases {
        // What the first one remembers, the second one doesn't ask.
        sandbox.xtask(args).succeeds();
        let traces = sandbox.git_traces(args);
        let is_run = |name: &str| {
            let started = format!("\"hierarchy\":\"{name}\"");
            move |text: &&String| text.contains(&started)
        };
        let names = ["fetch", "ls-remote", "clone", "push"];
        let run = names.map(|name| vec![name; traces.iter().filter(is_run(name)).count()]);
        assert_eq!(run.concat().join(" "), asked, "{args:?}");
        assert!(traces.len() <= most, "{args:?}: {}", traces.len());
    }
}

/// What git says of a mirror is remembered; it is asked again where a fetch has changed the mirror.
#[test]
fn mirrors_are_remembered() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let offline = ["status", "--quiet", "--offline"];
    let table = || sandbox.xtask(&offline).stdout;
    sandbox.xtask(&["status", "--quiet"]).succeeds();
    let first = table();
    // None for a mirror: the settings, the shallow commits, the blobs, the head and the top.
    let count = sandbox.git_processes(&offline);
    assert!(count <= 7, "{count}");
    let author = "Ann <ann@example.com>";
    sandbox.grow(&sandbox.world.reconcile, &[HEAD], author, "One more\n");
    assert_eq!(table(), first);
    let grown = sandbox.xtask(&["status", "--quiet"]).stdout;
    assert_ne!(grown, first);
    assert_eq!(table(), grown);
    let mirrors = fs::read_dir(sandbox.world.root.join("cache/mirrors")).unwrap();
    let files = mirrors.map(|mirror| mirror.unwrap().path().join("xtask-answers"));
    let files: Vec<_> = files.filter(|file| file.exists()).collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        let bytes = fs::read(file).unwrap();
        for damaged in [&b""[..], b"rubbish", &bytes[..bytes.len() / 2]] {
            fs::write(file, damaged).unwrap();
            assert_eq!(table(), grown, "{damaged:?}");
        }
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
        assert_eq!(table(), grown);
    }
}

/// Who wrote a line is remembered; it is asked again where a commit has changed the file since, even
/// if that brought the old content back.
#[test]
fn promoters_are_remembered() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let promoter = || {
        let run = status(&sandbox, "", "--quiet --format json --env pr-check --offline");
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let promoted = &json["components"][0]["environments"][0]["pins"][0]["promoted"];
        promoted["by"]["name"].as_str().unwrap_or("nobody").to_owned()
    };
    let commit = |name: &str| {
        sandbox.git(&format!("-c user.name={name} commit --quiet --all --message=x"));
    };
    let first = promoter();
    let (old, new) = ("TAG=72aebf9-rc", "TAG=7a734a7");
    sandbox.replace(".env", old, new);
    assert_eq!(promoter(), "nobody");
    commit("Ann");
    assert_eq!(promoter(), "Ann");
    sandbox.replace(".env", new, old);
    commit("Bo");
    assert_eq!((promoter(), promoter()), ("Bo".to_owned(), "Bo".to_owned()));
    sandbox.git("checkout --quiet HEAD~2");
    assert_eq!(promoter(), first);
    sandbox.git("checkout --quiet master");
    assert_eq!(promoter(), "Bo");
    // Whoever changes nothing but blanks and line ends promotes nothing.
    sandbox.write(".env", &sandbox.read(".env").replace("export ", "export  "));
    commit("Indy");
    sandbox.write(".env", &sandbox.read(".env").replace('\n', "\r\n"));
    commit("Windy");
    assert_eq!(promoter(), "Bo");
    let cache = sandbox.world.root.join("cache/blame");
    let file = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    // A blame that is remembered is not asked for: so a changed one is seen.
    fs::write(&file, text.replace("\0Bo\0", "\0Eve\0")).unwrap();
    assert_eq!(promoter(), "Eve");
    for damaged in ["", "rubbish", &text[..text.len() / 2], &text.replace("blame 2", "blame 9")] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(promoter(), "Bo", "{damaged:?}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(promoter(), "Bo");
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "").unwrap();
    assert_eq!(promoter(), "Bo");
}
