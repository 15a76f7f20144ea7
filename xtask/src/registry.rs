//! Asks a registry whether an image is there: read-only, anonymously or with the user's `.netrc`.
//!
//! Source: the OCI distribution specification, and Docker's token authentication on top of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use answer::{ImageAnswer, Reply, problem};
pub use promotion::model::image::Image;

use answer::{fault, is_page, judge};
use backoff::Backoff;
use challenge::{Challenge, challenges, percent_encoded};
use curl::HttpRequest;
use http::Response;
use promotion::model::image::is_loopback;

mod answer;
mod backoff;
mod challenge;
mod curl;
mod http;

/// How many questions are under way at a time.
const AT_A_TIME: usize = 4;

/// In bytes. No server takes a header with a longer one.
const LONGEST_TOKEN: usize = 1 << 14;

/// The kinds of manifest that count: of one platform or of several, OCI's and Docker's.
const MANIFESTS: &[&str] = &[
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Registries, with the logins that were needed so far. Usable from several threads.
#[derive(Debug, Default)]
pub struct Registry {
    settings: Settings,
    logins: Mutex<HashMap<Image, TokenSlot>>,
}

/// How a [`Registry`] asks.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program.
    pub curl: PathBuf,
    /// How long one request may take.
    pub patience: Duration,
    /// The first pause of a wait; each is twice as long as the one before.
    pub first_pause: Duration,
    /// The longest pause of a wait that the registry didn't ask for.
    pub longest_pause: Duration,
    /// How often a wait shows a sign of life.
    pub tick: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            curl: "curl".into(),
            patience: Duration::from_secs(30),
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(60),
            tick: Duration::from_secs(1),
        }
    }
}

/// The login of one image; locked while it is fetched, so that it is fetched once.
type TokenSlot = Arc<Mutex<Option<RegistryLogin>>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum RegistryLogin {
    /// A bearer token: visible ASCII.
    Token(String),
    /// For a registry that wants a password with every question.
    Netrc,
}

/// What one answer says, as the fuzzer in `xtask/fuzz` asks: through all that reads it.
#[cfg(fuzzing)]
pub fn read(answer: &[u8]) -> Option<Reply> {
    let response = Response::parse(answer)?;
    for challenge in response.all("www-authenticate").flat_map(challenges) {
        let _ = challenge.token_url("quay.io", "repository:a/b:pull");
    }
    Some(judge(&response))
}

impl Registry {
    /// Registries that are asked with these settings.
    pub fn new(settings: Settings) -> Self {
        Registry { settings, ..Registry::default() }
    }

    /// Asks once for a tag.
    pub fn ask(&self, image: &Image, tag: &str) -> ImageAnswer {
        self.reply(image, tag).answer
    }

    /// The index of the first tag that is present; asks for at most `most` of them, in order.
    ///
    /// `None` also if a tag before the first present one is denied or can't be asked for.
    pub fn newest_present(&self, image: &Image, tags: &[&str], most: usize) -> Option<usize> {
        let tags = &tags[..most.min(tags.len())];
        // The first one alone: it fetches the token, or finds that there is no answer.
        let first = tags.chunks(1).take(1);
        let others = tags.get(1..).unwrap_or_default().chunks(AT_A_TIME);
        let answers = first.chain(others).flat_map(|some| self.ask_all(image, some));
        let (index, answer) =
            answers.enumerate().find(|(_, answer)| *answer != ImageAnswer::Absent)?;
        matches!(answer, ImageAnswer::Present { .. }).then_some(index)
    }

    fn ask_all(&self, image: &Image, tags: &[&str]) -> Vec<ImageAnswer> {
        thread::scope(|scope| {
            let asked: Vec<_> =
                tags.iter().map(|tag| scope.spawn(|| self.ask(image, tag))).collect();
            let crashed = |_| ImageAnswer::Unreachable { reason: "its thread crashed".to_owned() };
            asked.into_iter().map(|thread| thread.join().unwrap_or_else(crashed)).collect()
        })
    }

    /// Goes on asking after a first reply, until the answer isn't [`ImageAnswer::Absent`] or `limit` is
    /// over; returns the last answer.
    ///
    /// A `Retry-After` is respected, or ends the wait if it is beyond `limit`. While it pauses,
    /// `on_tick` gets the time since the start and the time until the next question.
    pub fn wait(
        &self,
        image: &Image,
        tag: &str,
        mut reply: Reply,
        limit: Duration,
        on_tick: &mut dyn FnMut(Duration, Duration),
    ) -> ImageAnswer {
        let begun = Instant::now();
        let mut backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        loop {
            let elapsed = begun.elapsed();
            let Some(pause) = backoff.next(&reply, limit.saturating_sub(elapsed)) else {
                return reply.answer;
            };
            let end = elapsed + pause;
            while let Some(left) = end.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
                on_tick(begun.elapsed(), left);
                thread::sleep(left.min(self.settings.tick));
            }
            reply = self.reply(image, tag);
        }
    }

    /// Asks; where the registry wants a login, gets one and asks again.
    pub fn reply(&self, image: &Image, tag: &str) -> Reply {
        let slot = Arc::clone(locked(&self.logins).entry(image.clone()).or_default());
        let known = locked(&slot).clone();
        match self.head(image, tag, known.as_ref()) {
            Ok(response) if response.status == 401 => self
                .login(image, &slot, known.as_ref(), &response)
                .and_then(|login| self.head(image, tag, Some(&login)))
                .map_or_else(|reply| reply, |response| judge(&response)),
            Ok(response) => judge(&response),
            Err(reply) => reply,
        }
    }

    fn head(
        &self,
        image: &Image,
        tag: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<Response, Reply> {
        let mut request = HttpRequest::head(&manifest_url(image, tag));
        for manifest in MANIFESTS {
            request = request.header(&format!("Accept: {manifest}"));
        }
        self.send(match login {
            None => request,
            Some(RegistryLogin::Netrc) => request.netrc(),
            Some(RegistryLogin::Token(token)) => {
                request.header(&format!("Authorization: Bearer {token}"))
            }
        })
    }

    /// A login that the registry hasn't refused yet; `refused` was sent with `used`.
    fn login(
        &self,
        image: &Image,
        slot: &TokenSlot,
        used: Option<&RegistryLogin>,
        refused: &Response,
    ) -> Result<RegistryLogin, Reply> {
        let mut login = locked(slot);
        match &*login {
            // Another thread has got a new one meanwhile.
            Some(other) if Some(other) != used => Ok(other.clone()),
            _ => {
                *login = None;
                Ok(login.insert(self.new_login(image, refused)?).clone())
            }
        }
    }

    fn new_login(&self, image: &Image, refused: &Response) -> Result<RegistryLogin, Reply> {
        let wanted: Vec<Challenge> = refused.all("www-authenticate").flat_map(challenges).collect();
        let scheme = |name: &str| wanted.iter().find(|challenge| challenge.scheme == name);
        match (scheme("bearer"), scheme("basic")) {
            (Some(bearer), _) => {
                let scope = format!("repository:{}:pull", repository(image));
                let url = bearer.token_url(image.registry(), &scope).map_err(Reply::unreachable)?;
                let request = HttpRequest::get(&url);
                let request = if image.trusts(authority(&url)) { request.netrc() } else { request };
                let response = self.send(request).map_err(of_token_server)?;
                token(&response).map(RegistryLogin::Token).map_err(of_token_server)
            }
            (None, Some(_)) => Ok(RegistryLogin::Netrc),
            (None, None) if is_page(refused) => Err(fault(refused)),
            (None, None) => Err(ImageAnswer::Denied.into()),
        }
    }

    fn send(&self, request: HttpRequest) -> Result<Response, Reply> {
        request.send(&self.settings.curl, self.settings.patience).map_err(Reply::unreachable)
    }
}

/// Takes the lock even if a thread panicked while it had it: no value is ever half-written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn manifest_url(image: &Image, tag: &str) -> String {
    let registry = image.registry();
    let scheme = if is_loopback(registry) { "http" } else { "https" };
    // Docker Hub's registry isn't at the address that its images have.
    let host = if is_docker(registry) { "registry-1.docker.io" } else { registry };
    format!("{scheme}://{host}/v2/{}/manifests/{}", repository(image), percent_encoded(tag))
}

/// The image's name in its registry: Docker Hub's own images have a first part that nobody writes.
fn repository(image: &Image) -> String {
    let is_short = is_docker(image.registry()) && !image.name().contains('/');
    if is_short { format!("library/{}", image.name()) } else { image.name().to_owned() }
}

fn is_docker(registry: &str) -> bool {
    matches!(registry, "docker.io" | "index.docker.io")
}

/// The host of an address, with its port.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Reads a token server's answer.
fn token(response: &Response) -> Result<String, Reply> {
    match response.status {
        200 if !is_page(response) => {}
        401 => return Err(ImageAnswer::Denied.into()),
        403 if !is_page(response) => return Err(ImageAnswer::Denied.into()),
        _ => return Err(fault(response)),
    }
    let json: serde_json::Value = serde_json::from_slice(&response.body)
        .map_err(|_| Reply::unreachable("doesn't answer with JSON"))?;
    let token = ["token", "access_token"]
        .iter()
        .find_map(|key| json.get(key)?.as_str().filter(|token| !token.is_empty()))
        .ok_or_else(|| Reply::unreachable("answers without a token"))?;
    // Anything else could add a line to the next question.
    if token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Reply::unreachable("answers with something that can't be a token"));
    }
    Ok(token.to_owned())
}

fn of_token_server(reply: Reply) -> Reply {
    match reply.answer {
        ImageAnswer::Unreachable { reason } => Reply {
            answer: ImageAnswer::Unreachable { reason: format!("its token server: {reason}") },
            ..reply
        },
        _ => reply,
    }
}
