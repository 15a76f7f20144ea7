//! Tells of targets that are left out, and of which nobody knows whether they were meant.

use promotion::model::problem::Problem;
use promotion::saas::choice::{self, Chosen, Fit, Narrowing, fit};

use super::SaasPromotion;
use crate::ask::saas::{is_called, missing_place};
use crate::worktree::WorkTree;

impl SaasPromotion {
    /// A warning for each target of a component that no word fits, if a file is missing that says
    /// where it runs.
    ///
    /// Words that are environments leave open only the targets whose environment is unknown.
    pub(super) fn nowhere(&self, work_tree: &WorkTree, index: usize) -> Vec<Problem> {
        let Narrowing { environments: words, templates, targets, .. } = &self.narrowing;
        if words.is_empty() || !targets.is_empty() {
            return Vec::new();
        }
        let all = self.files.targets(self.file(index));
        let of_templates = Narrowing { templates: templates.clone(), ..Narrowing::default() };
        let asked = choice::targets(&all, &of_templates).unwrap_or_default();
        let chosen = choice::targets(&all, &self.narrowing).unwrap_or_default();
        // Who names a target means no other one.
        let is_of_one = |word: &String| chosen.iter().any(|one| is_called(one.target, word));
        if words.iter().all(is_of_one) {
            return Vec::new();
        }
        let is_environment = |word: &String| {
            let environments = all.iter().filter_map(|one| one.site.environment.as_ref());
            environments.map(|name| fit(word, name)).any(|fit| fit != Fit::No)
        };
        let needs_cluster = !words.iter().all(is_environment);
        let is_left_out = |one: &&Chosen| {
            let is_known =
                one.site.environment.is_some() && !(needs_cluster && one.site.cluster.is_none());
            let is_chosen = chosen.iter().any(|other| std::ptr::eq(other.target, one.target));
            let upstream = &self.components[index].upstream;
            let is_its = one.template.url.as_ref().is_some_and(|url| upstream.is(url));
            !is_known && !is_chosen && is_its && one.target.is_promoted_by_people()
        };
        let left_out = asked.iter().filter(is_left_out);
        left_out.filter_map(|one| self.warning(work_tree, index, one)).collect()
    }

    /// `None` if no file is missing: then the target is in no environment.
    fn warning(&self, work_tree: &WorkTree, index: usize, one: &Chosen) -> Option<Problem> {
        let missing = missing_place(work_tree, one.target.filter.namespace.as_ref()?)?;
        let (_, line) = one.target.value.as_ref()?;
        let path = one.target.file.as_ref().unwrap_or(&self.file(index).path);
        let message = format!(
            "`{}` is left out, and may be meant: where it runs is unknown, for `{missing}` is missing",
            one.target.label
        );
        let help = "mend it, or name the targets with `--target`";
        Some(Problem::new(message).file(path.as_str()).line(*line).help(help))
    }
}
