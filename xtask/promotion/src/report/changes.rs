//! Renders the changes of a promotion: for a terminal, as Markdown, and as JSON.

use serde_json::{Value, json};

use super::{BOLD, DIM, MOST_PEOPLE, cut, few};
use crate::history::changes::commits;
use crate::history::changes::{Changes, Direction, Span, Start, by_author, each_once};
use crate::history::people::People;
use crate::history::people::Who;
use crate::merge_request::commit_message::commit_page;
use crate::model::commit::Commit;
use crate::model::component::Component;
use crate::model::duration::age;
use crate::model::escape::escaped;
use crate::model::version::CommitId;

/// The changes of one component, with everything that is needed to show them.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    pub component: &'a Component,
    pub changes: &'a Changes,
    /// Maps authors to people.
    pub people: &'a People,
    /// The current time in seconds since 1970, for the age of commits.
    pub now: i64,
    pub most: Most,
}

/// How much of a long list is shown as text. JSON has all of it.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    pub commits: usize,
    pub people: usize,
    /// What to type to see all commits.
    pub all: &'static str,
}

impl Most {
    /// So much of a list that it fits on a screen.
    pub const fn few(all: &'static str) -> Most {
        Most { commits: 20, people: MOST_PEOPLE, all }
    }
}

impl Queue<'_> {
    /// The commits by author for each span, and at the end the people to tell. Empty if nothing
    /// moves.
    pub fn text(&self) -> String {
        self.commits() + &tell_line(std::slice::from_ref(self))
    }

    /// The same text, below the component's name if there are other components.
    pub fn commits_of(&self, is_one_of_many: bool) -> String {
        let commits = self.commits();
        match is_one_of_many && !commits.is_empty() {
            true => format!("{BOLD}{}{BOLD:#}\n{commits}", escaped(&self.component.name)),
            false => commits,
        }
    }

    /// The commits by author for each span. Empty if nothing moves.
    pub fn commits(&self) -> String {
        let mut text = String::new();
        for (index, span) in self.changes.0.iter().enumerate() {
            let longest = self.changes.0.first().filter(|_| index > 0);
            text.push_str(&self.span(span, longest));
        }
        text
    }

    fn span(&self, span: &Span, longest: Option<&Span>) -> String {
        let old = escaped(&self.component.short(&span.old));
        let from = match span.environments.as_slice() {
            [] => format!("from {old}"),
            names => format!("{BOLD}{}{BOLD:#} from {old}", escaped(&names.join(", "))),
        };
        let queued = each_once(&span.queued);
        let taken_back = each_once(&span.taken_back);
        let mut text = String::new();
        match (&span.start, longest) {
            (Start::Moving | Start::Unknown | Start::Ambiguous(_), _) => {
                text.push_str(&format!("{from}: nobody can tell what changes\n"));
            }
            _ if queued.is_empty() && taken_back.is_empty() => {
                let is_same = span.queued.is_empty() && span.taken_back.is_empty();
                let what = if is_same { "no commits" } else { "nothing but merges" };
                text.push_str(&format!("{from}: {what}\n"));
            }
            _ if queued.is_empty() => {}
            (_, Some(longest)) if span.queued.iter().all(|one| longest.queued.contains(one)) => {
                let count = queued.len();
                text.push_str(&format!("{from}: {count} of these\n"));
            }
            _ => {
                text.push_str(&format!("{from}: {}\n", commits(queued.len())));
                text.push_str(&self.by_author(&queued));
            }
        }
        if !taken_back.is_empty() {
            text.push_str(&format!("{from}: {} taken back\n", commits(taken_back.len())));
            text.push_str(&self.by_author(&taken_back));
        }
        text
    }

    fn by_author(&self, listed: &[&Commit]) -> String {
        let mut text = String::new();
        let (newest, others) = listed.split_at(listed.len().min(self.most.commits));
        for group in by_author(newest, self.people) {
            text.push_str(&format!("  {}\n", escaped(&name(&group.who))));
            for commit in group.commits {
                let upstream = self.component.upstream.to_string();
                let tag = commit.id.tag(self.component.tag_length);
                let id = super::link(tag, commit_page(&upstream, &commit.id).as_deref());
                let (subject, ago) = (escaped(&commit.subject), ago(self.now - commit.time));
                let mark = if commit.touches_template { "[template] " } else { "" };
                text.push_str(&format!("    {id} {subject} {mark}{DIM}{ago}{DIM:#}\n"));
            }
        }
        if !others.is_empty() {
            text.push_str(&format!("  {}\n", cut(others.len(), self.most.all)));
        }
        text
    }

    /// The people to tell, each as text to paste into a chat: `@USER`, or the name.
    pub fn tell(&self) -> Vec<String> {
        told(std::slice::from_ref(self))
    }

    /// The spans for JSON.
    pub fn documents(&self) -> Value {
        self.changes.0.iter().map(|span| self.document(span)).collect()
    }

    fn document(&self, span: &Span) -> Value {
        let list = |commits: &Vec<Commit>| -> Value {
            let listed = each_once(commits).into_iter();
            listed.map(|commit| self.commit_document(commit)).collect()
        };
        let direction = match span.direction {
            Direction::Forward => "forward",
            Direction::Behind => "behind",
            Direction::Diverged => "diverged",
            Direction::Unknown => "unknown",
        };
        json!({
            "from": span.old,
            "environments": span.environments,
            "direction": direction,
            "queued": list(&span.queued),
            "taken_back": list(&span.taken_back),
        })
    }

    fn commit_document(&self, commit: &Commit) -> Value {
        let who = match self.people.who(&commit.author) {
            Who::Other(..) => "other",
            Who::You => "you",
            Who::Bot(_) => "bot",
        };
        let mut document = json!({
            "commit": commit.id.as_str(),
            "subject": commit.subject,
            "author": commit.author.name,
            "email": commit.author.email,
            "time": commit.time,
            "who": who,
            "user": self.people.user(&commit.author.email),
        });
        if commit.touches_template {
            document["template"] = json!(true);
        }
        document
    }
}

/// The people to tell about several components, each once, as text to paste into a chat.
pub fn told(queues: &[Queue]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for queue in queues {
        let people = queue.changes.to_tell(queue.people);
        for one in people.iter().map(pasted) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

/// The line with the people to tell; empty if there are none.
pub fn tell_line(queues: &[Queue]) -> String {
    let most = queues.iter().map(|queue| queue.most.people).max().unwrap_or(0);
    match told(queues).as_slice() {
        [] => String::new(),
        people => format!("{BOLD}tell{BOLD:#} {}\n", few(people, most)),
    }
}

/// The text in a code block, followed by the new commit: for a wiki or a merge request.
pub fn markdown(text: &str, to: &CommitId) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    // The fence is longer than every run of backticks in the text, so that no commit subject can
    // end it.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}\n{text}{to}\n{fence}\n")
}

/// A person as the heading of their commits.
pub fn name(who: &Who) -> String {
    match who {
        Who::Other(name, Some(user)) => format!("{name} (@{user})"),
        Who::Other(name, None) | Who::Bot(name) => name.clone(),
        Who::You => "you".to_owned(),
    }
}

/// A person or a bot as text to paste into a chat: `@USER`, or the name.
pub fn pasted(who: &Who) -> String {
    match who {
        Who::Other(_, Some(user)) => format!("@{user}"),
        // A name with `@` in it could notify somebody else.
        Who::Other(name, None) | Who::Bot(name) => escaped(name).replace('@', ""),
        Who::You => "you".to_owned(),
    }
}

/// How long ago something was: `3 d ago`.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..0 => "in the future".to_owned(),
        0..60 => "just now".to_owned(),
        _ => format!("{} ago", age(seconds)),
    }
}

#[cfg(test)]
mod tests;
