//! The waves of a plan with canaries: first the canaries with all that they need, then the others.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{Place, StackAddress};

use super::{changes, linked};
use crate::plan::{Action, Plan};

/// The waves in which the changes of a plan begin, counted from 0. Without canaries there is one.
///
/// A change of a canary waits only for changes of the first wave. A stack of another account or region that it waits for is
/// therefore drawn into the first wave, and so is what that one waits for. Deletions come last of all, in the second wave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waves {
    has_canaries: bool,
    first: BTreeSet<StackAddress>,
    drawn: BTreeMap<StackAddress, StackAddress>,
    later: usize,
}

impl Waves {
    /// The waves of a plan whose canaries are these accounts and regions.
    pub fn of(plan: &Plan, canaries: &BTreeSet<Place>) -> Self {
        if canaries.is_empty() {
            return Self::default();
        }
        let mut waves = Self { has_canaries: true, ..Self::default() };
        let changes = changes(plan);
        let nodes = linked(plan, &changes);
        let mut is_first = vec![false; plan.steps.len()];
        // What waits for a step has a higher index.
        for index in changes.into_iter().rev() {
            let step = &plan.steps[index];
            let waiting = nodes[index].needs.iter().chain(&nodes[index].order);
            let waiting = waiting.copied().find(|next| is_first[*next]);
            let is_canary = canaries.contains(&step.address.place);
            if step.action == Action::Delete || !(is_canary || waiting.is_some()) {
                waves.later += 1;
                continue;
            }
            is_first[index] = true;
            waves.first.insert(step.address.clone());
            if let Some(next) = waiting.filter(|_| !is_canary) {
                waves.drawn.insert(step.address.clone(), plan.steps[next].address.clone());
            }
        }
        waves
    }

    /// Whether there are canaries.
    pub fn has_canaries(&self) -> bool {
        self.has_canaries
    }

    /// The wave of a change.
    pub fn of_stack(&self, address: &StackAddress) -> usize {
        usize::from(self.has_canaries && !self.first.contains(address))
    }

    /// The changes of the first wave, if there are canaries.
    pub fn first(&self) -> &BTreeSet<StackAddress> {
        &self.first
    }

    /// The changes of the first wave in other accounts and regions than the canaries, each with a change of the first wave that
    /// waits for it.
    pub fn drawn(&self) -> &BTreeMap<StackAddress, StackAddress> {
        &self.drawn
    }

    /// The number of changes after the first wave, if there are canaries.
    pub fn later(&self) -> usize {
        self.later
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::StackKind;

    use super::*;
    use crate::plan::Step;

    const CANARY: &str = "111111111111/eu-west-1";

    fn step(address: &str, after: &[&str]) -> Step {
        let parse = |text: &str| StackAddress::parse(text).expect("an address");
        let is_bootstrap = address.ends_with("bootstrap");
        Step {
            address: parse(address),
            kind: Some(if is_bootstrap { StackKind::Bootstrap } else { StackKind::Dataset }),
            action: Action::Update,
            after: after.iter().map(|other| parse(other)).collect(),
        }
    }

    /// The plan of two accounts: a dataset of each is shared with a team of the other.
    fn shared() -> Plan {
        let of = |account: &str, name: &str| format!("{account}/eu-west-1/{name}");
        let [a, b] = ["111111111111", "222222222222"];
        let steps = [
            step(&of(a, "bootstrap"), &[]),
            step(&of(b, "bootstrap"), &[]),
            step(&of(a, "team"), &[]),
            step(&of(b, "team"), &[]),
            step(&of(a, "sales"), &[&of(b, "team")]),
            step(&of(b, "logs"), &[&of(a, "team")]),
        ];
        Plan { steps: steps.into() }
    }

    fn canaries(places: &[&str]) -> BTreeSet<Place> {
        places.iter().map(|place| place.parse().expect("a place")).collect()
    }

    #[test]
    fn what_a_canary_needs_is_drawn_into_its_wave_and_nothing_else() {
        let plan = shared();
        let waves = Waves::of(&plan, &canaries(&[CANARY]));
        let numbers: Vec<usize> =
            plan.steps.iter().map(|step| waves.of_stack(&step.address)).collect();
        // The dataset of the second account needs the first one, and waits.
        assert_eq!(numbers, [0, 0, 0, 0, 0, 1]);
        assert_eq!((waves.first().len(), waves.later()), (5, 1));
        let drawn: Vec<[&str; 2]> =
            waves.drawn().iter().map(|(one, of)| [&*one.name, &*of.name]).collect();
        // The bootstrap comes before the team of its account, and the team before the dataset that names its role.
        assert_eq!(drawn, [["bootstrap", "team"], ["team", "sales"]]);
    }

    #[test]
    fn without_a_change_of_a_canary_the_first_wave_is_empty() {
        let mut plan = shared();
        for step in &mut plan.steps {
            if step.address.place.account == "111111111111" {
                step.action = Action::Keep;
            }
        }
        let waves = Waves::of(&plan, &canaries(&[CANARY]));
        assert!(waves.first().is_empty() && waves.drawn().is_empty());
        assert_eq!(waves.later(), 3);
        assert_eq!(Waves::of(&plan, &BTreeSet::new()), Waves::default());
        assert_eq!(Waves::default().of_stack(&plan.steps[0].address), 0);
    }

    #[test]
    fn a_bootstrap_of_a_canary_that_was_postponed_ends_its_wave() {
        let mut plan = shared();
        let bootstrap = plan.steps[0].address.clone();
        plan.postpone(&bootstrap);
        let waves = Waves::of(&plan, &canaries(&[CANARY]));
        assert_eq!(waves.of_stack(&bootstrap), 0);
        assert!(waves.drawn().keys().all(|address| address.place != bootstrap.place));
    }

    #[test]
    fn deletions_are_in_no_wave_of_canaries() {
        let mut plan = shared();
        plan.steps[4].action = Action::Delete;
        let waves = Waves::of(&plan, &canaries(&[CANARY]));
        assert_eq!(waves.of_stack(&plan.steps[4].address), 1);
        // Nothing of the second account is needed any more.
        assert!(waves.drawn().is_empty());
    }
}
