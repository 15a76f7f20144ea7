//! The saas files of the big world. Each number has its own mixture of shapes; how many files have
//! one is about as in public history: 17% `auto`, 20% `publish`, 17% `disable`, 4% `delete`, 1%
//! `deprecated`, 1% `namespaceSelector`, 6% targets by reference. Twice as many have `subscribe`
//! (33%), with automation and without.

use std::fmt::Write as _;

use super::upstreams::BigUpstream;
use crate::growth::{head, service};

/// Name of the saas file.
pub(super) fn name(nth: usize, upstreams: usize) -> String {
    let round = nth / upstreams;
    let suffix = if round == 0 { String::new() } else { format!("-part-{round}") };
    format!("saas-{}{suffix}", service(nth % upstreams))
}

pub(super) fn path(nth: usize, upstreams: &[BigUpstream]) -> String {
    let service = service(nth % upstreams.len());
    let ending = if nth % 4 == 2 { "yml" } else { "yaml" };
    format!("data/services/{service}/cicd/{}.{ending}", name(nth, upstreams.len()))
}

/// Whether automation moves its staging target.
pub(super) fn is_auto(nth: usize) -> bool {
    nth % 6 == 2
}

/// The file and those of its targets by reference; `promoted` names newer commits.
pub(super) fn files(
    nth: usize,
    upstreams: &[BigUpstream],
    promoted: bool,
) -> Vec<(String, String)> {
    let mut file =
        SaasFile { nth, upstreams, promoted, template: 0, text: String::new(), others: Vec::new() };
    file.write();
    let text = if nth % 50 == 31 { file.text.replace('\n', "\r\n") } else { file.text };
    let mut files = file.others;
    files.push((path(nth, upstreams), text));
    files
}

struct SaasFile<'a> {
    nth: usize,
    upstreams: &'a [BigUpstream],
    promoted: bool,
    /// The template that is written.
    template: usize,
    text: String,
    others: Vec<(String, String)>,
}

impl SaasFile<'_> {
    fn is(&self, one_in: usize, rest: usize) -> bool {
        self.nth % one_in == rest
    }

    /// `text` in one file of `one_in`.
    fn sometimes(&self, one_in: usize, rest: usize, text: &str) -> String {
        if self.is(one_in, rest) { text.to_owned() } else { String::new() }
    }

    fn upstream(&self, after: usize) -> &BigUpstream {
        &self.upstreams[(self.nth + after) % self.upstreams.len()]
    }

    fn write(&mut self) {
        let own = &self.upstream(0).name;
        let head = head("/app-sre/saas-file-2.yml", &name(self.nth, self.upstreams.len()));
        let deprecated = self.sometimes(100, 17, "deprecated: true\n");
        let length = self.sometimes(20, 11, "hash_length: 8\n");
        self.text = format!(
            r"{head}description: Deploys {own}
{deprecated}{length}
app:
  $ref: /services/{own}/app.yml

pipelinesProvider:
  $ref: /pipelines/tekton.app-interface.ci-ext.yaml

managedResourceTypes: [Deployment, Service, Route]

imagePatterns:
- quay.io/example/{own}

resourceTemplates:
"
        );
        // The second template has the url of the first: its dashboards.
        for (template, after) in [0, 0, 1, 2].into_iter().enumerate().take(1 + self.nth % 4) {
            self.template = template;
            self.write_template(after);
        }
    }

    fn write_template(&mut self, after: usize) {
        let (template, BigUpstream { name, url, .. }) = (self.template, self.upstream(after));
        let url = match self.nth % 9 {
            3 => format!("'{url}'"),
            5 => format!("{url}.git"),
            7 => format!("\"{url}/\""),
            _ => url.clone(),
        };
        let suffix = if template == 1 { "-dashboards" } else { "" };
        let header = format!(
            r"- name: {name}{suffix}
  url: {url}
  path: /deploy/part-{template}.yaml
  parameters:
    REPLICAS: '{template}'
  targets:
"
        );
        self.text.push_str(&header);
        let mut targets = vec![self.stage(after), self.production(after, "production", 0)];
        if self.is(3, 0) {
            targets.push(self.production(after, "production-02", 2));
        }
        if template == 0 {
            let rare = [self.canary(), self.retired(), self.selected(), self.by_reference()];
            targets.extend(rare);
        }
        targets.into_iter().for_each(|target| self.text.push_str(&target));
    }

    /// The reference to a namespace of the service, as a key of a target.
    fn namespace(&self, environment: &str) -> String {
        let own = &self.upstream(0).name;
        let path = format!("/services/{own}/namespaces/{own}-{environment}.yml");
        match self.nth % 11 {
            4 => format!("namespace: {{$ref: {path}}}"),
            _ => format!("namespace:\n      $ref: {path}"),
        }
    }

    /// The commit that is this far behind, or further if nobody promoted yet.
    fn pin(&self, after: usize, behind: usize) -> &str {
        // The first upstream is the one with a long history: half of it waits.
        let upstream = self.upstream(after);
        let behind = if upstream.commits.len() > 30 { upstream.commits.len() / 2 } else { behind };
        upstream.commit(if self.promoted { behind } else { behind + 3 })
    }

    /// A `ref` in one of the styles that people use.
    fn reference(&self, commit: &str) -> String {
        match (self.nth + self.template) % 10 {
            3 => format!("ref: '{commit}'"),
            4 => format!("# ref: master\n    ref: {commit}"),
            6 => format!("ref:  {commit}"),
            7 => format!("ref: \"{commit}\" # quoted"),
            8 => format!("ref: {commit} # see the release notes"),
            9 => format!("ref: {commit}   "),
            _ => format!("ref: {commit}"),
        }
    }

    /// Follows the branch, or automation moves it.
    fn stage(&self, after: usize) -> String {
        let namespace = self.namespace("stage");
        let channel = format!("{}-stage", name(self.nth, self.upstreams.len()));
        let publish = self.sometimes(5, 0, &format!("\n      publish:\n      - {channel}"));
        if is_auto(self.nth) {
            let reference = self.reference(self.pin(after, 0));
            let promotion = "promotion:\n      auto: true";
            let channel = format!("\n      subscribe:\n      - {}-build", service(self.nth));
            return format!(
                "  - {namespace}\n    {reference}\n    {promotion}{channel}{publish}\n"
            );
        }
        let branch = self.upstream(after).branch;
        let promotion =
            if publish.is_empty() { publish } else { format!("    promotion:{publish}\n") };
        format!("  - {namespace}\n    ref: {branch}\n{promotion}")
    }

    /// One wave of production; the second is further behind.
    fn production(&self, after: usize, environment: &str, behind: usize) -> String {
        let namespace = self.namespace(environment);
        let commit = self.pin(after, self.nth % 5 + behind);
        let reference = self.reference(commit);
        let mut text = match self.nth % 4 {
            1 => format!("  - {reference}\n    {namespace}\n"),
            _ => format!("  - {namespace}\n    {reference}\n"),
        };
        if self.is(6, 5) {
            let publisher = name(self.nth / 5 * 5, self.upstreams.len());
            let soak = self.sometimes(30, 5, "      soakDays: 2\n");
            let _ =
                write!(text, "    promotion:\n      subscribe:\n      - {publisher}-stage\n{soak}");
        }
        let tag = self.sometimes(40, 13, &format!("\n      IMAGE_TAG: {}", &commit[..7]));
        let _ = write!(text, "    parameters:\n      MEMORY: 512Mi{tag}\n");
        text
    }

    /// One more that goes first, or is switched off.
    fn canary(&self) -> String {
        let disabled = self.sometimes(6, 1, "    disable: true\n");
        if disabled.is_empty() && !self.is(9, 2) {
            return String::new();
        }
        let own = &self.upstream(0).name;
        let (namespace, reference) =
            (self.namespace("canary"), self.reference(self.pin(0, self.nth % 5)));
        format!("  - name: {own}-prod-canary\n    {namespace}\n    {reference}\n{disabled}")
    }

    fn retired(&self) -> String {
        let (namespace, commit) = (self.namespace("integration"), self.upstream(0).commit(12));
        self.sometimes(25, 3, &format!("  - {namespace}\n    ref: {commit}\n    delete: true\n"))
    }

    /// A target for every namespace that a selector finds.
    fn selected(&self) -> String {
        let reference = self.reference(self.pin(0, 2));
        let selector = format!(
            r#"  - namespaceSelector:
      jsonPathSelectors:
        include:
        - namespace[?(@.environment.name=="services-integration")]
    {reference}
"#
        );
        self.sometimes(100, 23, &selector)
    }

    /// A target in a file of its own.
    fn by_reference(&mut self) -> String {
        if !self.is(17, 8) {
            return String::new();
        }
        let own = self.upstream(0).name.clone();
        let file =
            format!("/services/{own}/cicd/targets/{}.yml", name(self.nth, self.upstreams.len()));
        let namespace = self.namespace("integration").replace("\n      ", "\n  ");
        let reference = self.reference(self.pin(0, 3)).replace("\n    ", "\n");
        let head = head("/app-sre/saas-file-target-1.yml", &own);
        self.others.push((format!("data{file}"), format!("{head}{namespace}\n{reference}\n")));
        format!("  - $ref: {file}\n")
    }
}
