//! The order in which the stacks of a mesh are deleted: the reverse of deployment. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{StackAddress, StackKind};

use lakewright_fleet::plan::{Action, Plan, Step, rank};

/// The stacks that each stack depends on, by address.
pub type Needs = BTreeMap<StackAddress, BTreeSet<StackAddress>>;

/// The kinds that other stacks in their account and region need to be changed or deleted.
pub type Kinds = BTreeMap<StackAddress, Option<StackKind>>;

/// Adds dependencies that follow from the kind and that no template states: every stack needs the bootstrap, whose roles
/// delete it. A stack that is no longer in the mesh also needs the environment and its pivot role.
///
/// `kinds` has all deployed stacks, `left` those that are no longer in the mesh. An address starts with the account, the
/// region and the prefix, followed by the kind.
pub fn add_by_kind(needs: &mut Needs, kinds: &Kinds, left: &BTreeSet<StackAddress>) {
    for (address, kind) in kinds {
        // A kind of a later version has dependencies that this one does not know; its template still states some.
        let Some(kind) = *kind else { continue };
        let is_bootstrap = kind == StackKind::Bootstrap;
        let is_foundation = kind.is_foundation() && left.contains(address);
        let Some((prefix, _)) = address.name.split_once(&format!("-{kind}-")) else { continue };
        if !is_bootstrap && !is_foundation {
            continue;
        }
        let is_beside = |other: &StackAddress| {
            let rest = other.name.strip_prefix(prefix);
            other.place == address.place && rest.is_some_and(|rest| rest.starts_with('-'))
        };
        for (other, its) in kinds.iter().filter(|(other, _)| is_beside(other)) {
            let is_later = rank(*its) > rank(Some(kind))
                && !its.is_some_and(StackKind::is_central)
                && left.contains(other);
            if other != address && (is_bootstrap || is_later) {
                needs.entry(other.clone()).or_default().insert(address.clone());
            }
        }
    }
}

/// The stacks that depend on a given one.
pub fn dependants<'n>(needs: &'n Needs, address: &StackAddress) -> Vec<&'n StackAddress> {
    let depending =
        needs.iter().filter(|(other, needed)| *other != address && needed.contains(address));
    depending.map(|(other, _)| other).collect()
}

/// The plan that deletes everything: each stack after those that depend on it. Fails with the stacks of a dependency
/// cycle.
pub fn teardown(kinds: &Kinds, needs: &Needs) -> Result<Plan, Vec<StackAddress>> {
    let mut after: BTreeMap<&StackAddress, Vec<StackAddress>> =
        kinds.keys().map(|address| (address, Vec::new())).collect();
    for (address, needed) in needs.iter().filter(|(address, _)| kinds.contains_key(*address)) {
        for other in needed.iter().filter(|other| *other != address) {
            if let Some(waits) = after.get_mut(other) {
                waits.push(address.clone());
            }
        }
    }
    let mut left: BTreeMap<&StackAddress, usize> =
        after.iter().map(|(address, waits)| (*address, waits.len())).collect();
    let key = |address: &StackAddress| (Reverse(rank(kinds[address])), address.clone());
    let ready = left.iter().filter(|(_, count)| **count == 0);
    let mut ready: BTreeSet<_> = ready.map(|(address, _)| key(address)).collect();
    let mut steps = Vec::with_capacity(kinds.len());
    while let Some((_, address)) = ready.pop_first() {
        left.remove(&address);
        for other in needs.get(&address).into_iter().flatten().filter(|other| **other != address) {
            if let Some(count) = left.get_mut(other) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(key(other));
                }
            }
        }
        steps.push(Step {
            kind: kinds[&address],
            action: Action::Delete,
            after: after.remove(&address).unwrap_or_default(),
            address,
        });
    }
    if left.is_empty() { Ok(Plan { steps }) } else { Err(left.into_keys().cloned().collect()) }
}

#[cfg(test)]
mod tests {
    use lakewright_template::Place;

    use super::*;

    fn at(number: u8, name: &str) -> StackAddress {
        let place = Place::parse(&number.to_string().repeat(12), "eu-west-1").expect("a place");
        StackAddress::new(place, name)
    }

    fn there(stacks: &[&StackAddress]) -> Kinds {
        let kind = |stack: &StackAddress| {
            let mut kinds = StackKind::ALL.into_iter();
            kinds.find(|kind| stack.name.starts_with(&format!("p-{kind}-")))
        };
        stacks.iter().map(|stack| ((*stack).clone(), kind(stack))).collect()
    }

    /// The documentation of an environment: datasets and teams are deleted first, then the environment and its pivot role,
    /// and the bootstrap last.
    #[test]
    fn what_left_the_mesh_goes_by_its_kinds() {
        let bootstrap = at(1, "p-bootstrap-b");
        let pivot_role = at(1, "p-pivot-role-e");
        let environment = at(1, "p-environment-e");
        let team = at(1, "p-team-t");
        let dataset = at(1, "p-dataset-d");
        let other = at(2, "p-dataset-other");
        let kinds = there(&[&bootstrap, &pivot_role, &environment, &team, &dataset, &other]);
        let left = kinds.keys().cloned().collect();
        let mut needs = Needs::new();
        add_by_kind(&mut needs, &kinds, &left);
        assert_eq!(dependants(&needs, &environment), [&dataset, &team]);
        assert_eq!(dependants(&needs, &bootstrap).len(), 4);
        assert!(dependants(&needs, &dataset).is_empty());
        // Dependencies from templates are added: a dataset of another account names the team.
        needs.entry(other.clone()).or_default().insert(team.clone());
        let plan = teardown(&kinds, &needs).expect("an order");
        let order: Vec<&StackAddress> = plan.steps.iter().map(|step| &step.address).collect();
        assert_eq!(order, [&dataset, &other, &team, &environment, &pivot_role, &bootstrap]);
        assert_eq!(plan.steps[2].after, [other]);
    }

    #[test]
    fn an_environment_of_the_mesh_waits_only_for_what_says_so() {
        let (environment, dataset) = (at(1, "p-environment-e"), at(1, "p-dataset-d"));
        let kinds = there(&[&environment, &dataset]);
        let mut needs = Needs::new();
        add_by_kind(&mut needs, &kinds, &BTreeSet::from([dataset]));
        assert!(needs.is_empty(), "{needs:?}");
    }

    #[test]
    fn stacks_that_need_each_other_are_named() {
        let (a, b, dataset) = (at(1, "p-team-a"), at(1, "p-team-b"), at(1, "p-dataset-d"));
        let kinds = there(&[&a, &b, &dataset]);
        let on = |other: &StackAddress| BTreeSet::from([other.clone()]);
        let needs = Needs::from([(a.clone(), on(&b)), (b.clone(), on(&a))]);
        assert_eq!(teardown(&kinds, &needs).expect_err("a circle"), [a, b]);
    }
}
