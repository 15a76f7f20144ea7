//! One component of a plan: where it shall run which version, with the digests of its images.

use std::collections::BTreeMap;

use crate::model::component::{Component, ComponentImage, Environment, Scope};
use crate::model::version::CommitId;

/// What is planned for one component: its environments shall run `to`.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    pub component: &'a Component,
    /// In the order of the configuration; never empty.
    pub environments: Vec<&'a Environment>,
    pub to: CommitId,
    /// Those that the pins of the environments need.
    pub digests: Digests,
}

/// The digests of the images of one version, as the registries told them.
pub type Digests = BTreeMap<ComponentImage, String>;

impl<'a> Part<'a> {
    /// Moves a scope to a version.
    pub fn new(scope: &Scope<'a>, to: CommitId) -> Self {
        let Scope { component, environments } = scope.clone();
        Part { component, environments, to, digests: Digests::new() }
    }

    /// A part that only shows what pins there are: its version is a stand-in, and so are its
    /// digests.
    pub fn any(scope: &Scope<'a>) -> Self {
        let any = CommitId::parse(&"f".repeat(40)).expect("40 digits are a commit");
        Part::new(scope, any).with_stand_ins()
    }

    /// The same with a stand-in for each digest that is not known.
    pub fn with_stand_ins(mut self) -> Self {
        let pins = self.environments.iter().flat_map(|environment| &environment.pins);
        for image in pins.filter_map(|pin| pin.image.as_ref()) {
            let stand_in = || format!("sha256:{}", "f".repeat(64));
            self.digests.entry(image.clone()).or_insert_with(stand_in);
        }
        self
    }
}
