//! Promotions that are landed one by one: each saas file by itself, until one fails. Their JSON is one
//! document.

use std::cell::RefCell;

use anyhow::{Error, Result};
use promotion::model::problem::{Problems, problems};
use promotion::report::json;
use promotion::saas::SaasFile;
use promotion::saas::choice::SaasQuery;
use serde_json::{Value, json};

use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::promoted;
use crate::cli::Format;
use crate::commands::Ending;
use crate::request::{Request, What};
use crate::session::{self, Session};
use crate::worktree::WorkTree;

/// The documents so far, and what is done of what they tell.
#[derive(Debug, Default)]
pub(super) struct SplitJson {
    promotions: RefCell<Vec<Value>>,
    done: RefCell<Vec<String>>,
    /// On all of them.
    notes: Vec<String>,
}

/// Promotes what a request names: all of it, or with `--split` each saas file by itself.
pub(super) fn one_by_one(
    session: &Session,
    request: Request,
    work_tree: &WorkTree,
    mut promote: impl FnMut(&Request, Option<&SplitJson>) -> Result<Ending>,
) -> Result<Ending> {
    let documents = SplitJson::of(session, &request);
    let (requests, notes) = requests(request, work_tree)?;
    notes.iter().for_each(|note| session.note(note));
    let mut documents = documents.map(|documents| documents.with_notes(notes));
    for (nth, one) in requests.iter().enumerate() {
        let untried = || untried(session, &requests[nth + 1..]);
        let ending = match promote(one, documents.as_ref()) {
            Ok(Ending::Done) => continue,
            Ok(ending) => {
                let note = untried();
                note.iter().for_each(|note| session.note(note));
                documents = documents.map(|documents| documents.with_notes(note));
                Ok(ending)
            }
            Err(error) => Err(with_untried(error, untried())),
        };
        return SplitJson::print(documents, session, ending);
    }
    SplitJson::print(documents, session, Ok(Ending::Done))
}

/// The requests that are landed one by one: one for each saas file, if that is wished.
fn requests(request: Request, work_tree: &WorkTree) -> Result<(Vec<Request>, Vec<String>)> {
    let Some(query) = request.saas().filter(|_| request.split) else {
        return Ok((vec![request], Vec::new()));
    };
    let files = SaasFiles::search(work_tree);
    let (paths, notes) = promoted(work_tree, &files, query)?;
    let one = |file: &SaasFile| {
        let query = SaasQuery { names: vec![files.name_of(file)], owner: None, ..query.clone() };
        request.with(What::Saas(query))
    };
    let chosen = files.files.iter().filter(|file| paths.contains(&file.path));
    Ok((chosen.map(one).collect(), notes))
}

/// How to go on with the saas files that were not tried, if there are any.
fn untried(session: &Session, rest: &[Request]) -> Option<String> {
    let queries = || rest.iter().filter_map(Request::saas);
    let names = queries().flat_map(|query| query.names.clone()).collect();
    let query = SaasQuery { names, ..queries().next()?.clone() };
    let again = rest.first()?.with(What::Saas(query)).chosen(session);
    Some(format!("the others were not tried: `{again}`"))
}

/// An error, with how to go on with what was not tried.
fn with_untried(error: Error, untried: Option<String>) -> Error {
    let Some(untried) = untried else { return error };
    let mut all = problems(&error);
    let last = all.pop().map(|last| last.more_help(untried));
    all.extend(last);
    Problems(all).into()
}

impl SplitJson {
    /// Where a request has its documents collected, if it has.
    fn of(session: &Session, request: &Request) -> Option<SplitJson> {
        (session.format == Format::Json && request.split).then(SplitJson::default)
    }

    /// The same with more notes on all of them.
    fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> SplitJson {
        self.notes.extend(notes);
        self
    }

    /// Adds the document of one promotion, and what it has done.
    pub(super) fn add(&self, document: Value, done: Option<String>) {
        self.promotions.borrow_mut().push(document);
        self.done.borrow_mut().extend(done);
    }

    /// Prints them, with the error that ended it.
    fn print(
        documents: Option<SplitJson>,
        session: &Session,
        ending: Result<Ending>,
    ) -> Result<Ending> {
        let Some(SplitJson { promotions, done, notes }) = documents else { return ending };
        let (promotions, done) = (promotions.into_inner(), done.into_inner());
        if promotions.is_empty() {
            return ending;
        }
        let (ending, errors) = match ending {
            Ok(ending) => (ending, Vec::new()),
            Err(error) => (Ending::Incomplete, problems(&error)),
        };
        let document = json!({ "version": 1, "command": session.command, "promotions": promotions, "notes": notes });
        let text = json::text(&json::with_errors(document, &errors));
        match done.is_empty() {
            true => session.print(&text)?,
            false => session::print_done(&text, &done.join("\n"))?,
        }
        Ok(ending)
    }
}
