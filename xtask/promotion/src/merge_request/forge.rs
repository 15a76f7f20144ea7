//! What to push so that a forge opens a merge request, and how to read its answer.
//!
//! Answers are other people's text; everything that this module returns is safe to print.

use crate::config::Forge;
use crate::merge_request::MergeRequest;
use crate::model::escape::{escaped, is_obeyed};

/// The destination and the options of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The full name of the reference on the remote.
    pub destination: String,
    /// The values for `--push-option`.
    pub options: Vec<String>,
    /// What was asked for and this forge can't do.
    pub left_out: Vec<String>,
}

/// The remote's answer to a push.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushAnswer {
    pub url: Option<String>,
    /// The address of the page that opens a merge request by hand.
    pub create: Option<String>,
    /// Errors of the forge; the push itself went through.
    pub warnings: Vec<String>,
}

impl PushAnswer {
    /// Adds what another address said to the same push.
    pub fn add(&mut self, more: PushAnswer) {
        self.url = self.url.take().or(more.url);
        self.create = self.create.take().or(more.create);
        self.warnings.extend(more.warnings);
    }
}

/// The push that opens or refreshes a merge request on this forge.
pub fn push(forge: Forge, request: &MergeRequest) -> Push {
    match forge {
        Forge::Gitlab => gitlab(request),
        Forge::Agit => agit(request),
        Forge::None => Push {
            destination: format!("refs/heads/{}", request.branch),
            options: Vec::new(),
            left_out: settings(request),
        },
    }
}

/// Source: GitLab's `lib/gitlab/push_options.rb`.
fn gitlab(request: &MergeRequest) -> Push {
    let mut options = vec![
        "merge_request.create".to_owned(),
        option("merge_request.target", &request.target),
        option("merge_request.title", &request.title),
        option("merge_request.description", &request.description),
        "merge_request.remove_source_branch".to_owned(),
    ];
    let project = request.target_project.iter();
    options.extend(project.map(|project| option("merge_request.target_project", project)));
    options.extend(request.labels.iter().map(|label| option("merge_request.label", label)));
    options.extend(request.unlabels.iter().map(|label| option("merge_request.unlabel", label)));
    options.extend(request.assignees.iter().map(|user| option("merge_request.assign", user)));
    options.extend(request.draft.then(|| "merge_request.draft".to_owned()));
    Push { destination: format!("refs/heads/{}", request.branch), options, left_out: Vec::new() }
}

/// Source: Gitea's and Forgejo's documentation of AGit. A title that begins with `WIP:` makes a
/// draft.
fn agit(request: &MergeRequest) -> Push {
    let draft = if request.draft { "WIP: " } else { "" };
    let options = vec![
        option("topic", &request.branch),
        option("title", &format!("{draft}{}", request.title)),
        option("description", &request.description),
        "force-push=true".to_owned(),
    ];
    let destination = format!("refs/for/{}", request.target);
    // The title has the draft mark.
    let left_out = settings(&MergeRequest { draft: false, ..request.clone() });
    Push { destination, options, left_out }
}

/// The labels, assignees and draft mark that are asked for, as a person reads them.
pub fn settings(request: &MergeRequest) -> Vec<String> {
    let labels = request.labels.iter().map(|label| format!("the label `{}`", escaped(label)));
    let users = request.assignees.iter().map(|user| format!("the assignee `{}`", escaped(user)));
    let draft = request.draft.then(|| "the draft mark".to_owned());
    labels.chain(users).chain(draft).collect()
}

/// One push option. git refuses line breaks in it, so they are written as `\n`, which forges read.
fn option(key: &str, value: &str) -> String {
    let value = value.trim().replace('\n', "\\n").replace(char::is_control, " ");
    format!("{key}={value}")
}

/// Reads the answer about `branch` from the standard error of a push.
///
/// Knows GitLab, Gitea and Forgejo, GitHub, and Bitbucket. Only `http` addresses count, and none
/// inside the boxes that GitLab draws around errors: those repeat the push options, so other
/// people's text.
pub fn read_answer(stderr: &str, branch: &str) -> PushAnswer {
    let lines = stderr.split(['\n', '\r']).filter_map(|line| line.trim().strip_prefix("remote:"));
    let lines: Vec<String> = lines.map(|line| line.replace("\u{1b}[K", "")).collect();
    let mut lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).peekable();
    let mut answer = PushAnswer::default();
    while let Some(line) = lines.next() {
        if let Some(kind) = ["WARNINGS:", "ERROR:"].into_iter().find(|kind| line.starts_with(kind))
        {
            let first = line[kind.len()..].trim();
            let mut said = vec![first];
            while let Some(line) = lines.next_if(|line| !is_rule(line)) {
                said.push(line);
            }
            answer.warnings.push(without_options(&said.join(" ")));
        } else if let Some(opened) = announces(line, branch) {
            let Some(url) = lines.peek().and_then(|line| address(line)) else { continue };
            let place = if opened { &mut answer.url } else { &mut answer.create };
            place.get_or_insert(url);
        }
    }
    answer
}

/// Whether the line announces, for the next line, the address of a merge request of `branch`
/// (`Some(true)`) or of the page that opens one (`Some(false)`).
fn announces(line: &str, branch: &str) -> Option<bool> {
    const OPENED: [&str; 2] = ["View merge request for ", "View pull request for "];
    const CREATE: [&str; 4] = [
        "To create a merge request for ",
        "Create a new pull request for ",
        "Create a pull request for ",
        "Create pull request for ",
    ];
    if line == "Visit the existing pull request:" {
        return Some(true);
    }
    let is_ours = |rest: &str| {
        let rest = rest.trim_start_matches('\'').strip_prefix(branch);
        rest.is_some_and(|rest| rest.starts_with([':', ',', '\'', ' ']))
    };
    let begins =
        |starts: &[&str]| starts.iter().filter_map(|start| line.strip_prefix(start)).any(is_ours);
    if begins(&OPENED) {
        return Some(true);
    }
    begins(&CREATE).then_some(false)
}

fn address(line: &str) -> Option<String> {
    let url = line.split_whitespace().next()?;
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"))?;
    let host = rest.split('/').next()?;
    (!host.is_empty() && !host.contains('@') && !url.contains(is_obeyed)).then(|| url.to_owned())
}

fn is_rule(line: &str) -> bool {
    line.starts_with("====")
}

/// GitLab's message, without the push options that precede it. At most the last 500 characters.
fn without_options(said: &str) -> String {
    let said = said.trim();
    let message = match said.starts_with("Error encountered with push options") {
        true => said.rsplit_once("': ").map_or(said, |(_, message)| message),
        false => said,
    };
    let start = message.char_indices().rev().nth(499).map_or(0, |(at, _)| at);
    escaped(&message[start..])
}

/// The web page of a repository, `https://HOST/PATH`, from its address for git of any kind.
pub fn page(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest.to_owned()),
        Some(("ssh" | "git+ssh" | "git", rest)) => {
            let (host, path) = rest.split_once('/')?;
            let host = host.rsplit('@').next()?;
            ("https", format!("{}/{path}", host.split(':').next()?))
        }
        Some(_) => return None,
        None => {
            let (host, path) = url.split_once(':').filter(|(host, _)| !host.contains('/'))?;
            ("https", format!("{host}/{}", path.trim_start_matches('/')))
        }
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?;
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    let clean = |c: char| c.is_ascii_alphanumeric() || "-._~/:%+".contains(c);
    let ok = !host.is_empty() && !path.is_empty() && host.chars().chain(path.chars()).all(clean);
    ok.then(|| format!("{scheme}://{host}/{path}"))
}

/// The path of a project on its host, as `merge_request.target_project` wants it.
pub fn project(url: &str) -> Option<String> {
    let page = page(url)?;
    page.splitn(4, '/').nth(3).map(str::to_owned)
}

/// The page that opens a merge request by hand; `None` if the host is not known.
pub fn create_page(forge: Forge, remote: &str, branch: &str, target: &str) -> Option<String> {
    let page = page(remote)?;
    let host = page.split('/').nth(2)?;
    let (from, to) = (in_query(branch), in_query(target));
    match (forge, host) {
        (Forge::Agit, _) => None,
        (Forge::None, "github.com") => Some(format!(
            "{page}/compare/{}...{}?expand=1",
            to.replace("%2F", "/"),
            from.replace("%2F", "/")
        )),
        (Forge::None, "bitbucket.org") => {
            Some(format!("{page}/pull-requests/new?source={from}&dest={to}"))
        }
        (Forge::None, host) if !host.starts_with("gitlab.") => None,
        _ => Some(format!(
            "{page}/-/merge_requests/new?merge_request%5Bsource_branch%5D={from}&merge_request%5Btarget_branch%5D={to}"
        )),
    }
}

/// The page that lists the open merge requests of a branch; on GitLab only.
pub fn list_page(forge: Forge, remote: &str, branch: &str) -> Option<String> {
    let page = page(remote).filter(|_| forge == Forge::Gitlab)?;
    Some(format!("{page}/-/merge_requests?state=opened&source_branch={}", in_query(branch)))
}

fn in_query(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests;
