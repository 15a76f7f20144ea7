//! The image check, against real servers on this machine.

use std::path::{Path, PathBuf};

use std::time::{Duration, Instant};
use std::{fs, thread};

use world::executable;
use xtask::registry::{Image, ImageAnswer, Registry, Settings};

use crate::loopback::{HANG, Reference, Server, answer};
use crate::sandbox::{fresh_folder, is_missing};

const OCI: &str = "Content-Type: application/vnd.oci.image.manifest.v1+json";
const HTML: &str = "Content-Type: text/html";
const LIMIT: Duration = Duration::from_secs(60);

/// A [`Registry`] with a home of its own, whose curl keeps a list of its arguments.
struct Client {
    home: PathBuf,
    registry: Registry,
}

impl Client {
    fn new() -> Self {
        Client::with_patience(Duration::from_secs(20))
    }

    fn with_patience(patience: Duration) -> Self {
        let home = empty_folder();
        let curl = script(
            &home.join("curl"),
            &format!(
                "echo \"$*\" >>'{0}/arguments'\nexec env -i PATH=\"$PATH\" HOME='{0}' LC_ALL=\"$LC_ALL\" curl \"$@\"",
                home.display()
            ),
        );
        let registry = Registry::new(settings(curl, patience));
        Client { home, registry }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.home.join(name), text).unwrap();
        self
    }

    #[track_caller]
    fn check(&self, server: &Server, expected: &ImageAnswer) {
        assert_eq!(self.registry.ask(&image(server), "t"), *expected);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !thread::panicking() {
            let arguments = fs::read_to_string(self.home.join("arguments")).unwrap();
            let runs = arguments.lines().count();
            assert_eq!(arguments, "--config -\n".repeat(runs), "a secret may be among them");
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn settings(curl: PathBuf, patience: Duration) -> Settings {
    Settings {
        curl,
        patience,
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(8),
        tick: Duration::from_millis(1),
    }
}

fn script(path: &Path, text: &str) -> PathBuf {
    executable(path, &format!("#!/bin/sh\n{text}\n")).unwrap();
    path.to_owned()
}

fn empty_folder() -> PathBuf {
    let folder = fresh_folder();
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn image_at(address: &str) -> Image {
    Image::parse(&format!("{address}/a/b")).unwrap()
}

fn image(server: &Server) -> Image {
    image_at(&server.address)
}

fn present() -> ImageAnswer {
    ImageAnswer::Present { digest: None }
}

fn unreachable(reason: &str) -> ImageAnswer {
    ImageAnswer::Unreachable { reason: reason.to_owned() }
}

fn challenge(realm: &str) -> String {
    format!(
        "WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s, t\",scope=\"repository:a/b:pull\""
    )
}

/// A server of tokens: the first is `{token}1`, the second `{token}2`.
pub fn tokens(token: &'static str) -> Server {
    let mut count = 0;
    Server::start(move |_| {
        count += 1;
        let json = serde_json::json!({ "token": format!("{token}{count}") });
        answer(200, &["Content-Type: application/json"], &json.to_string())
    })
}

/// A registry that wants a token of `tokens`, and then answers by tag.
pub fn guarded(tokens: &Server, mut by_tag: impl FnMut(&str) -> String + Send + 'static) -> Server {
    let challenge = challenge(&format!("http://{}/token", tokens.address));
    Server::start(move |request| match request.split_once(" Bearer ") {
        Some((request, _)) => by_tag(request.rsplit('/').next().unwrap()),
        None => answer(401, &[HTML, "WWW-Authenticate: Negotiate", &challenge], ""),
    })
}

/// What people have there, and more.
const CURLRC: &str = "location
location-trusted
fail
verbose
include
compressed
progress-bar
write-out = \"\\n%{http_code}\\n\"
";
const TOKEN: &str = "GET /token?service=s%2C%20t&scope=repository%3Aa%2Fb%3Apull";

#[test]
fn one_token_does_for_several_tags_and_goes_to_the_registry_alone() {
    let tokens = tokens("a\"b\\c'$");
    let server = guarded(&tokens, |tag| match tag {
        "gone" => answer(404, &[], ""),
        _ => answer(200, &[OCI], ""),
    });
    let client = Client::new().file(".curlrc", CURLRC);
    let image = image(&server);
    let answers = ["one", "two", "gone"].map(|tag| client.registry.ask(&image, tag));
    assert_eq!(answers, [present(), present(), ImageAnswer::Absent]);
    assert_eq!(tokens.requests(), [TOKEN]);
    assert_eq!(
        server.requests(),
        [
            "HEAD /v2/a/b/manifests/one",
            "HEAD /v2/a/b/manifests/one Bearer a\"b\\c'$1",
            "HEAD /v2/a/b/manifests/two Bearer a\"b\\c'$1",
            "HEAD /v2/a/b/manifests/gone Bearer a\"b\\c'$1",
        ]
    );
}

#[test]
fn an_old_token_is_renewed() {
    let tokens = tokens("t");
    let challenge = challenge(&format!("http://{}/token?[1-2]={{3,4}}", tokens.address));
    let mut uses = 0;
    let server = Server::start(move |request| {
        uses += usize::from(request.ends_with("Bearer t1"));
        match request.split_once(" Bearer ") {
            Some((_, "t1")) if uses > 1 => answer(401, &[&challenge], ""),
            Some(_) => answer(200, &[OCI], ""),
            None => answer(401, &[&challenge], ""),
        }
    });
    let client = Client::new();
    client.check(&server, &present());
    client.check(&server, &present());
    let token = TOKEN.replace('?', "?[1-2]={3,4}&");
    assert_eq!(tokens.requests(), [&*token, &*token]);
    assert_eq!(server.requests().last().unwrap(), "HEAD /v2/a/b/manifests/t Bearer t2");
}

#[test]
fn threads_share_a_token() {
    let tokens = tokens("t");
    let server = guarded(&tokens, |_| answer(200, &[OCI], ""));
    let (client, image) = (Client::new(), image(&server));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(client.registry.ask(&image, "t"), present()));
        }
    });
    assert_eq!(tokens.requests(), [TOKEN]);
}

#[test]
fn a_redirect_is_not_followed_whatever_the_curlrc_says() {
    let target = Server::start(|_| answer(200, &[OCI], ""));
    let location = format!("Location: http://{}/x", target.address);
    let reason =
        format!("redirects to `http://{}/x` (status 307), which is not followed", target.address);
    let tokens = tokens("t");
    let server = guarded(&tokens, {
        let location = location.clone();
        move |_| answer(307, &[&location], "")
    });
    Client::new().file(".curlrc", CURLRC).check(&server, &unreachable(&reason));
    assert_eq!(server.requests().last().unwrap(), "HEAD /v2/a/b/manifests/t Bearer t1");

    let tokens = Server::start(move |_| answer(307, &[&location], ""));
    let server = guarded(&tokens, |_| answer(200, &[OCI], ""));
    let client = Client::new().file(".curlrc", CURLRC);
    client.check(&server, &unreachable(&format!("its token server: {reason}")));
    assert_eq!(target.requests(), [""; 0]);
}

#[test]
fn the_proxy_of_the_curlrc_holds() {
    let proxy = Server::start(|_| answer(407, &[HTML], "<html>"));
    let client = Client::new().file(".curlrc", &format!("proxy = http://{}\n", proxy.address));
    let answer = client.registry.ask(&image_at("registry.invalid"), "t");
    // Its wording depends on the version of curl.
    let ImageAnswer::Unreachable { reason } = answer else { panic!("{answer:?}") };
    assert!(reason.contains("407"), "{reason}");
    assert_eq!(proxy.requests(), ["CONNECT registry.invalid:443"]);
}

#[test]
fn logins_of_the_netrc() {
    let netrc = "machine 127.0.0.1 login u password p\n";
    let tokens = tokens("t");
    let server = guarded(&tokens, |_| answer(200, &[OCI], ""));
    Client::new().file(".netrc", netrc).check(&server, &present());
    assert_eq!(tokens.requests(), [format!("{TOKEN} Basic dTpw")]);
    assert_eq!(
        server.requests(),
        ["HEAD /v2/a/b/manifests/t", "HEAD /v2/a/b/manifests/t Bearer t1"]
    );
}

#[test]
fn a_login_goes_to_no_host_that_the_registry_made_up() {
    let netrc = "machine localhost login u password p\nmachine 127.0.0.1 login v password q\n";
    // Some have that there; it would send the login to every host.
    for curlrc in ["", "netrc\n", "netrc-optional\nnetrc-file = NETRC\n"] {
        let tokens = tokens("t");
        let port = tokens.address.rsplit(':').next().unwrap();
        let challenge = "WWW-Authenticate: Bearer realm=\"http://localhost:PORT/token\",\
                         service=\"s, t\",scope=\"repository:other:pull,push\"";
        let challenge = challenge.replace("PORT", port);
        let server = Server::start(move |request| match request.split_once(" Bearer ") {
            Some(_) => answer(200, &[OCI], ""),
            None => answer(401, &[&challenge], ""),
        });
        let client = Client::new().file(".netrc", netrc);
        let curlrc = curlrc.replace("NETRC", client.home.join(".netrc").to_str().unwrap());
        let client = client.file(".curlrc", &curlrc);
        client.check(&server, &present());
        assert_eq!(tokens.requests(), [TOKEN]);
        let requests = server.requests();
        assert_eq!(requests[0], "HEAD /v2/a/b/manifests/t", "{curlrc}");
        let configured = image(&server).with_realm(Some("localhost"));
        assert_eq!(client.registry.ask(&configured, "t"), present());
        assert_eq!(tokens.requests(), [format!("{TOKEN} Basic dTpw")]);
    }
}

#[test]
fn denied() {
    let denials: [fn(&str) -> String; 4] = [
        |_| answer(401, &[], ""),
        |_| answer(401, &[HTML, "WWW-Authenticate: Basic realm=\"x\""], ""),
        |_| answer(401, &["WWW-Authenticate: Negotiate"], ""),
        |_| answer(403, &[], ""),
    ];
    for denial in denials {
        let server = Server::start(denial);
        Client::new().check(&server, &ImageAnswer::Denied);
        let tokens = tokens("t");
        Client::new().check(&guarded(&tokens, denial), &ImageAnswer::Denied);
        let tokens = Server::start(denial);
        Client::new().check(&guarded(&tokens, |_| answer(200, &[OCI], "")), &ImageAnswer::Denied);
    }
}

#[test]
fn no_answer_of_a_registry() {
    let page = "answers with a web page (status 200), as a proxy or a login page does";
    let cases = [
        (answer(500, &[], ""), "answers with status 500"),
        (
            answer(429, &["Retry-After: 20"], ""),
            "answers that there are too many requests (status 429), and asks to wait 20 s",
        ),
        (answer(200, &[HTML], "<html>"), page),
        (answer(404, &[HTML], ""), &page.replace("200", "404")),
        (answer(401, &[HTML], ""), &page.replace("200", "401")),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "Received HTTP/0.9 when not allowed"),
        (
            answer(401, &[&challenge("http://registry.invalid/token")], ""),
            "names `http://registry.invalid/token` for tokens: it isn't encrypted",
        ),
        (answer(200, &[&"X: y\r\n".repeat(50_000)], ""), "answers with far too much"),
    ];
    for (text, reason) in cases {
        let server = Server::start(move |_| text.clone());
        let actual = Client::new().registry.ask(&image(&server), "t");
        assert_eq!(actual, unreachable(reason));
    }
}

#[test]
fn no_token() {
    let json = |token: &str| answer(200, &[], &serde_json::json!({ "token": token }).to_string());
    let cases = [
        (answer(500, &[], ""), "answers with status 500"),
        (
            answer(200, &[HTML], "{}"),
            "answers with a web page (status 200), as a proxy or a login page does",
        ),
        (answer(200, &[], "no JSON"), "doesn't answer with JSON"),
        (answer(200, &[], "{}"), "answers without a token"),
        (json(""), "answers without a token"),
        (json("t\r\nX-Evil: 1"), "answers with something that can't be a token"),
        (json("t\n\"\noutput = /x"), "answers with something that can't be a token"),
        (json(&"x".repeat(1 << 15)), "answers with something that can't be a token"),
        (json(&"x".repeat(1 << 20)), "answers with far too much"),
    ];
    for (text, reason) in cases {
        let tokens = Server::start(move |_| text.clone());
        let server = guarded(&tokens, |_| answer(200, &[OCI], ""));
        Client::new().check(&server, &unreachable(&format!("its token server: {reason}")));
        assert_eq!(server.requests(), ["HEAD /v2/a/b/manifests/t"]);
    }
    let tokens = Server::start(|_| answer(200, &[], r#"{"token": "", "access_token": "t"}"#));
    Client::new().check(&guarded(&tokens, |_| answer(200, &[OCI], "")), &present());
}

#[test]
fn nobody_answers() {
    let server = Server::start(|_| HANG.to_owned());
    let client = Client::with_patience(Duration::from_millis(300));
    client.check(&server, &unreachable("no answer within 300 ms"));

    let answer = Client::new().registry.ask(&image_at("127.0.0.1:1"), "t");
    // How it goes on depends on the version of curl.
    let ImageAnswer::Unreachable { reason } = answer else { panic!("{answer:?}") };
    assert!(reason.starts_with("Failed to connect to 127.0.0.1 port 1"), "{reason}");
}

#[test]
fn no_curl() {
    let folder = empty_folder();
    let stuck = script(&folder.join("stuck"), "exec sleep 600 >&- 2>&-");
    let with = |curl| Registry::new(settings(curl, Duration::from_millis(10)));
    let answer = with(folder.join("no-curl")).ask(&image_at("127.0.0.1:1"), "t");
    assert_eq!(answer, unreachable("`curl` is missing on this machine: install it"));
    let silent = script(&folder.join("curl"), "exec sleep 600");
    let begun = Instant::now();
    for curl in [silent, stuck] {
        let answer = with(curl).ask(&image_at("127.0.0.1:1"), "t");
        assert_eq!(answer, unreachable("no answer within 10 ms"));
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_newest_one_that_is_present() {
    let tokens = tokens("t");
    let server = guarded(&tokens, |tag| match tag {
        "there" => answer(200, &[OCI], ""),
        "broken" => answer(500, &[], ""),
        _ => answer(404, &[], ""),
    });
    let (client, image) = (Client::new(), image(&server));
    let newest = |tags: &[&str], most| client.registry.newest_present(&image, tags, most);
    assert_eq!(newest(&["a", "b", "c", "d", "e", "f", "there", "there"], 9), Some(6));
    assert_eq!(newest(&["a", "b", "there", "there"], 3), Some(2));
    assert_eq!(newest(&["a", "b", "there"], 2), None);
    assert_eq!(newest(&["a", "broken", "there"], 9), None);
    assert_eq!(newest(&["a", "there", "broken"], 9), Some(1));
    assert_eq!(newest(&[], 9), None);
    assert_eq!(newest(&["there"], 0), None);
    server.requests();
    assert_eq!(newest(&["broken", "there"], 9), None);
    assert_eq!(newest(&["there", "a"], 9), Some(0));
    assert_eq!(
        server.requests(),
        ["HEAD /v2/a/b/manifests/broken Bearer t1", "HEAD /v2/a/b/manifests/there Bearer t1"]
    );
    assert_eq!(tokens.requests(), [TOKEN]);
}

/// Waits for a registry that answers like that, and then always with the last answer; also says
/// how often it was asked, and how many signs of life there were.
fn wait<const N: usize>(answers: [&str; N], limit: Duration) -> (ImageAnswer, usize, usize) {
    let answers = answers.map(str::to_owned);
    let mut turn = 0;
    let server = Server::start(move |_| {
        turn += 1;
        answers[turn.min(N) - 1].clone()
    });
    let mut ticks = 0;
    let client = Client::new();
    let image = image(&server);
    let first = client.registry.reply(&image, "t");
    let answer = client.registry.wait(&image, "t", first, limit, &mut |_, _| ticks += 1);
    (answer, server.requests().len(), ticks)
}

#[test]
fn waits() {
    let (absent, there) = (&*answer(404, &[], ""), &*answer(200, &[OCI], ""));
    let now = &*answer(429, &["Retry-After: 0"], "");
    let later = &*answer(429, &["Retry-After: 600"], "");
    let down = &*answer(503, &[], "");

    let (answer, requests, ticks) = wait([absent, absent, there], LIMIT);
    assert_eq!((answer, requests), (present(), 3));
    assert!(ticks >= 2, "{ticks}");
    let (answer, requests, _) = wait([now, absent, down, down, there], LIMIT);
    assert_eq!((answer, requests), (present(), 5));

    assert_eq!(wait([absent], Duration::from_millis(50)).0, ImageAnswer::Absent);
    assert_eq!(wait([absent], Duration::ZERO), (ImageAnswer::Absent, 1, 0));
    assert_eq!(wait([there], Duration::ZERO), (present(), 1, 0));

    let is_down = unreachable("answers with status 503");
    assert_eq!(wait([down], LIMIT), (is_down.clone(), 1, 0));
    let (answer, requests, _) = wait([absent, down], LIMIT);
    assert_eq!((answer, requests), (is_down, 6));
    let many = "answers that there are too many requests (status 429), and asks to wait 10 min";
    assert_eq!(wait([later], LIMIT), (unreachable(many), 1, 0));
}

pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG: (&str, &str) =
    ("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{}");
pub const MANIFEST: (&str, &str) = (
    "sha256:7c7cc26684ee2764744fa61f4d41b53f45c0e726cef1cbc12c0acadcb0449942",
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}"#,
);
pub const INDEX: (&str, &str) = (
    "sha256:7a8e087dae2bf678abd9cebb8f547dbaef0f262bcc8fe287eaf839e32d32b03e",
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":246,"digest":"sha256:7c7cc26684ee2764744fa61f4d41b53f45c0e726cef1cbc12c0acadcb0449942","platform":{"architecture":"amd64","os":"linux"}}]}"#,
);

#[test]
fn the_reference_registry() {
    if is_missing("docker-registry") {
        return;
    }
    let folder = empty_folder();
    let reference = Reference::start(&folder, "");
    for name in ["org/app", "org/group/sub/app"] {
        reference.push_blob(name, CONFIG.0, CONFIG.1);
        reference.push_manifest(name, "22e638d", MANIFEST_TYPE, MANIFEST.1);
        reference.push_manifest(name, "many", INDEX_TYPE, INDEX.1);
    }
    let client = Client::new();
    let ask = |name: &str, tag: &str| {
        let image = Image::parse(&format!("{}/{name}", reference.address)).unwrap();
        client.registry.ask(&image, tag)
    };
    let there =
        |(digest, _): (&str, &str)| ImageAnswer::Present { digest: Some(digest.to_owned()) };
    for name in ["org/app", "org/group/sub/app"] {
        assert_eq!(ask(name, "22e638d"), there(MANIFEST));
        assert_eq!(ask(name, "many"), there(INDEX));
        assert_eq!(ask(name, "1234567"), ImageAnswer::Absent);
    }
    assert_eq!(ask("org/other", "22e638d"), ImageAnswer::Absent);

    // The hash of `p`.
    let hash = "u:$2b$04$abcdefghijklmnopqrstuudMegMbPN37MbpdEfAtP66w1z0RBCtLG\n";
    fs::write(folder.join("htpasswd"), hash).unwrap();
    let path = folder.join("htpasswd");
    let auth = format!("auth: {{htpasswd: {{realm: 'a, \"b\"', path: '{}'}}}}\n", path.display());
    let private = Reference::start(&folder, &auth);
    let image = Image::parse(&format!("{}/org/app", private.address)).unwrap();
    let netrc = "machine 127.0.0.1 login u password ";
    assert_eq!(client.registry.ask(&image, "22e638d"), ImageAnswer::Denied);
    let known = Client::new().file(".netrc", &format!("{netrc}p\n"));
    assert_eq!(known.registry.ask(&image, "22e638d"), there(MANIFEST));
    assert_eq!(known.registry.ask(&image, "1234567"), ImageAnswer::Absent);
    let wrong = Client::new().file(".netrc", &format!("{netrc}q\n"));
    assert_eq!(wrong.registry.ask(&image, "22e638d"), ImageAnswer::Denied);
    fs::remove_dir_all(folder).unwrap();
}
