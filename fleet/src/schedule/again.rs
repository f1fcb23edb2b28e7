//! What a person does with single steps while a plan is carried out: to try failed ones once more, and to set one aside.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::StackAddress;

use super::{Because, Schedule};

impl Schedule {
    /// Lets failed steps run once more, given by their stacks, and with them the steps that were skipped because of them.
    /// Returns the indices of all of these.
    ///
    /// Steps that did not fail, and steps of a schedule that starts nothing more, are left as they are. A skipped step still
    /// waits for everything that it waited for, such as the gate of its wave.
    pub fn again(&mut self, addresses: &[StackAddress]) -> BTreeSet<usize> {
        if self.stopped.is_some() {
            return BTreeSet::new();
        }
        let is_named = |index: &usize| {
            self.steps[*index].as_ref().is_some_and(|(_, address)| addresses.contains(address))
        };
        let failed: Vec<usize> = self.failed.iter().copied().filter(is_named).collect();
        let mut all: BTreeSet<usize> = failed.iter().copied().collect();
        let mut open = failed;
        while let Some(index) = open.pop() {
            for next in &self.needed_by[index] {
                if self.cut.contains(next) && all.insert(*next) {
                    open.push(*next);
                }
            }
        }
        // A step that another failed step holds back stays skipped, unless that one is tried as well.
        while let Some(held) = self.held_back(&all) {
            all.remove(&held);
        }
        self.begin_anew(&all);
        all
    }

    /// A skipped step among these that needs a step which did not end well and is not among them.
    fn held_back(&self, all: &BTreeSet<usize>) -> Option<usize> {
        let bad = self.failed.iter().chain(&self.cut).chain(&self.aside).copied();
        let bad = bad.filter(|index| !all.contains(index));
        let mut held = bad.flat_map(|index| self.needed_by[index].iter().copied());
        held.find(|index| all.contains(index) && self.cut.contains(index))
    }

    fn begin_anew(&mut self, all: &BTreeSet<usize>) {
        for index in all {
            self.begun.remove(index);
            self.failed.remove(index);
            self.cut.remove(index);
            self.over.remove(index);
            let needed: Vec<usize> =
                self.needed_by[*index].iter().copied().filter(|next| all.contains(next)).collect();
            self.nodes[*index].needs = needed;
        }
        // A step that is under way again may have lost its edge to one that was held back by another failure.
        for before in 0..self.needed_by.len() {
            if self.over.contains(&before) || all.contains(&before) {
                continue;
            }
            for next in self.needed_by[before].iter().filter(|next| all.contains(*next)) {
                if !self.nodes[before].needs.contains(next) {
                    self.nodes[before].needs.push(*next);
                }
            }
        }
        // A skip that was not told yet is not told.
        self.skipped.retain(|(index, _)| !all.contains(index));
        let mut waits: BTreeMap<usize, usize> = all.iter().map(|index| (*index, 0)).collect();
        for (before, node) in self.nodes.iter().enumerate() {
            // The edges that are left lead from what has not ended.
            for next in node.order.iter().chain(&node.needs) {
                if let Some(count) = waits.get_mut(next) {
                    *count += usize::from(!self.over.contains(&before));
                }
            }
        }
        for (index, count) in waits {
            self.nodes[index].waits = count;
            if count == 0 {
                self.is_ready(index);
            }
        }
    }

    /// Leaves out a step that has not begun, given by its stack, and everything that needs it.
    pub fn set_aside(&mut self, address: &StackAddress) {
        let is_it = |step: &Option<_>| matches!(step, Some((_, other)) if other == address);
        let Some(index) = self.steps.iter().position(is_it) else { return };
        // A step of the plan that changes nothing is in no list.
        if self.begun.contains(&index) || self.over.contains(&index) {
            return;
        }
        self.begun.insert(index);
        self.aside.insert(index);
        for ready in self.ready.values_mut() {
            ready.remove(&index);
        }
        self.ready.retain(|_, ready| !ready.is_empty());
        self.skipped.push((index, Because::SetAside));
        for next in std::mem::take(&mut self.nodes[index].needs) {
            self.fails(next, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::{Place, StackKind};

    use super::super::{Limits, Next, Waves};
    use super::*;
    use crate::plan::{Action, Plan, Step};

    fn step(name: &str, after: &[&Step]) -> Step {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        Step {
            address: StackAddress::new(place, name),
            kind: Some(StackKind::Dataset),
            action: Action::Update,
            after: after.iter().map(|step| step.address.clone()).collect(),
        }
    }

    /// All that happens now: what starts, and what is skipped.
    fn happens(schedule: &mut Schedule) -> (Vec<usize>, Vec<usize>) {
        let (mut started, mut skipped) = (Vec::new(), Vec::new());
        loop {
            match schedule.next_step() {
                Some(Next::Start(index)) => started.push(index),
                Some(Next::Skip(index, _)) => skipped.push(index),
                Some(Next::Gate) | None => {
                    skipped.sort_unstable();
                    return (started, skipped);
                }
            }
        }
    }

    /// `a`, and `b` after it, and `c` after `b`; `d` alone.
    fn chain() -> (Vec<StackAddress>, Schedule) {
        let a = step("a", &[]);
        let b = step("b", &[&a]);
        let c = step("c", &[&b]);
        let plan = Plan { steps: vec![a, b, c, step("d", &[])] };
        let addresses = plan.steps.iter().map(|step| step.address.clone()).collect();
        (addresses, Schedule::new(&plan, Limits { per_place: 9, total: 9 }))
    }

    #[test]
    fn a_failed_step_runs_again_with_what_was_skipped_because_of_it() {
        let (addresses, mut schedule) = chain();
        assert_eq!(happens(&mut schedule), (vec![0, 3], vec![]));
        schedule.done(0, false);
        assert_eq!(happens(&mut schedule), (vec![], vec![1, 2]));
        assert_eq!(schedule.again(&addresses[3..]), BTreeSet::new(), "`d` has not failed");
        assert_eq!(schedule.again(&addresses[..1]), BTreeSet::from([0, 1, 2]));
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![1], vec![]));
        schedule.done(1, true);
        assert_eq!(happens(&mut schedule), (vec![2], vec![]));
    }

    #[test]
    fn a_step_that_two_failures_hold_back_waits_for_both() {
        let (a, b) = (step("a", &[]), step("b", &[]));
        let c = step("c", &[&a, &b]);
        let first = a.address.clone();
        let second = b.address.clone();
        let plan = Plan { steps: vec![a, b, c] };
        let mut schedule = Schedule::new(&plan, Limits { per_place: 9, total: 9 });
        assert_eq!(happens(&mut schedule), (vec![0, 1], vec![]));
        schedule.done(0, false);
        schedule.done(1, false);
        assert_eq!(happens(&mut schedule), (vec![], vec![2]));
        assert_eq!(schedule.again(std::slice::from_ref(&first)), BTreeSet::from([0]));
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![], vec![]), "`c` needs `b`, which failed");
        assert_eq!(schedule.again(&[second]), BTreeSet::from([1, 2]));
        assert_eq!(happens(&mut schedule), (vec![1], vec![]));
        schedule.done(1, true);
        assert_eq!(happens(&mut schedule), (vec![2], vec![]));
    }

    #[test]
    fn a_step_waits_for_both_although_they_were_tried_again_one_after_the_other() {
        let (a, b) = (step("a", &[]), step("b", &[]));
        let c = step("c", &[&a, &b]);
        let (first, second) = (a.address.clone(), b.address.clone());
        let plan = Plan { steps: vec![a, b, c] };
        let mut schedule = Schedule::new(&plan, Limits { per_place: 9, total: 9 });
        happens(&mut schedule);
        schedule.done(0, false);
        schedule.done(1, false);
        happens(&mut schedule);
        schedule.again(&[first]);
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.again(&[second]);
        assert_eq!(happens(&mut schedule), (vec![1], vec![]));
        schedule.done(1, true);
        assert_eq!(happens(&mut schedule), (vec![], vec![]), "`a` is still under way");
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![2], vec![]));
    }

    #[test]
    fn what_waits_for_a_gate_still_waits_for_it() {
        let a = step("a", &[]);
        let mut b = step("b", &[&a]);
        b.address.place = Place::parse("222233334444", "eu-west-1").expect("a place");
        let first = a.address.clone();
        let plan = Plan { steps: vec![a, b] };
        let waves = Waves::of(&plan, &BTreeSet::from([first.place.clone()]));
        let limits = Limits { per_place: 9, total: 9 };
        let mut schedule = Schedule::in_waves(&plan, limits, &waves);
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.done(0, false);
        schedule.again(&[first]);
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![], vec![]));
        schedule.open();
        assert_eq!(happens(&mut schedule), (vec![1], vec![]));
    }

    #[test]
    fn a_step_that_was_set_aside_does_not_start_and_nothing_that_needs_it() {
        let (addresses, mut schedule) = chain();
        assert_eq!(happens(&mut schedule), (vec![0, 3], vec![]));
        schedule.set_aside(&addresses[0]);
        schedule.set_aside(&addresses[1]);
        assert_eq!(happens(&mut schedule), (vec![], vec![1, 2]), "`a` is under way and goes on");
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![], vec![]));
        assert_eq!(schedule.under_way(), 1);
    }

    #[test]
    fn what_needs_a_step_that_was_set_aside_is_not_tried_again() {
        let (a, b) = (step("a", &[]), step("b", &[]));
        let c = step("c", &[&a, &b]);
        let (first, second) = (a.address.clone(), b.address.clone());
        let plan = Plan { steps: vec![a, b, c] };
        let mut schedule = Schedule::new(&plan, Limits { per_place: 1, total: 1 });
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.set_aside(&second);
        schedule.done(0, false);
        assert_eq!(happens(&mut schedule), (vec![], vec![1, 2]));
        assert_eq!(schedule.again(&[first, second]), BTreeSet::from([0]));
        assert_eq!(happens(&mut schedule), (vec![0], vec![]));
        schedule.done(0, true);
        assert_eq!(happens(&mut schedule), (vec![], vec![]));
    }

    #[test]
    fn a_run_that_stops_tries_nothing_again() {
        let (addresses, mut schedule) = chain();
        happens(&mut schedule);
        schedule.done(0, false);
        schedule.stop("it is late");
        assert_eq!(schedule.again(&addresses), BTreeSet::new());
    }
}
