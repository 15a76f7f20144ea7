//! The JSON of promotions that are landed one by one: one document for all of them.

use std::cell::RefCell;

use anyhow::Result;
use promotion::model::problem::problems;
use promotion::report::json;
use serde_json::{Value, json};

use crate::cli::Format;
use crate::commands::Ending;
use crate::request::Request;
use crate::session::{self, Session};

/// The documents so far, and what is done of what they tell.
#[derive(Debug, Default)]
pub(super) struct SplitJson {
    promotions: RefCell<Vec<Value>>,
    done: RefCell<Vec<String>>,
    /// On all of them.
    notes: Vec<String>,
}

impl SplitJson {
    /// Where a request has its documents collected, if it has.
    pub(super) fn of(session: &Session, request: &Request) -> Option<SplitJson> {
        (session.format == Format::Json && request.split).then(SplitJson::default)
    }

    /// The same with notes on all of them.
    pub(super) fn with_notes(self, notes: Vec<String>) -> SplitJson {
        SplitJson { notes, ..self }
    }

    /// Adds the document of one promotion, and what it has done.
    pub(super) fn add(&self, document: Value, done: Option<String>) {
        self.promotions.borrow_mut().push(document);
        self.done.borrow_mut().extend(done);
    }

    /// Prints them, with the error that ended it.
    pub(super) fn print(
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
