//! What names the targets of a promotion: in a command, and in a branch.

use promotion::model::component::{Component, Scope};
use promotion::saas::choice::{self, Chosen, Narrowing};
use promotion::saas::component::whole;

use super::SaasPromotion;

impl SaasPromotion {
    /// The typed words that take just the chosen targets of these environments; `None` if no words do.
    pub fn words_of(&self, index: usize, environments: &[String]) -> Option<Vec<String>> {
        let all = self.files.targets(self.file(index));
        let taken = |words: &[String]| {
            let narrowing = Narrowing { environments: words.to_vec(), ..self.narrowing.clone() };
            choice::targets(&all, &narrowing).unwrap_or_default()
        };
        let is_there = |one: &Chosen| environments.contains(&one.environment());
        let typed = &self.narrowing.environments;
        let words =
            typed.iter().filter(|word| taken(std::slice::from_ref(word)).iter().all(is_there));
        let words: Vec<String> = words.cloned().collect();
        let wanted = taken(typed).iter().filter(|one| is_there(one)).count();
        (!words.is_empty() && taken(&words).len() == wanted).then_some(words)
    }

    /// The component of a scope with every environment of its saas file, and the places of those of
    /// the scope.
    pub fn whole(&self, index: usize, scope: &Scope) -> (Component, Vec<usize>) {
        let file = self.file(index);
        whole(file, &self.files.targets(file), scope)
    }
}
