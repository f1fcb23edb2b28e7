//! The order in which the stacks of a mesh are deleted: the reverse of deployment. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, Plan, Step, rank};

/// The stacks that each stack depends on, by address.
pub type Needs = BTreeMap<String, BTreeSet<String>>;

/// The kinds that other stacks in their account and region need to be changed or deleted.
const FOUNDATIONS: [&str; 2] = ["environment", "pivot-role"];

/// Adds dependencies that follow from the kind and that no template states: every stack needs the bootstrap, whose roles
/// delete it. A stack that is no longer in the mesh also needs the environment and its pivot role.
///
/// `kinds` has all deployed stacks, `left` those that are no longer in the mesh. An address starts with the account, the
/// region and the prefix, followed by the kind.
pub fn add_by_kind(needs: &mut Needs, kinds: &BTreeMap<String, String>, left: &BTreeSet<String>) {
    for (address, kind) in kinds {
        let is_bootstrap = kind == "bootstrap";
        let is_foundation = FOUNDATIONS.contains(&kind.as_str()) && left.contains(address);
        let Some((begins, _)) = address.split_once(&format!("-{kind}-")) else { continue };
        if !is_bootstrap && !is_foundation {
            continue;
        }
        let begins = format!("{begins}-");
        for (other, its) in kinds.iter().filter(|(other, _)| other.starts_with(&begins)) {
            let is_later = rank(its) > rank(kind) && its != "platform" && left.contains(other);
            if other != address && (is_bootstrap || is_later) {
                needs.entry(other.clone()).or_default().insert(address.clone());
            }
        }
    }
}

/// The stacks that depend on a given one.
pub fn dependants<'n>(needs: &'n Needs, address: &str) -> Vec<&'n str> {
    let depending =
        needs.iter().filter(|(other, needed)| *other != address && needed.contains(address));
    depending.map(|(other, _)| other.as_str()).collect()
}

/// The plan that deletes everything: each stack after those that depend on it. Fails with the stacks of a dependency
/// cycle.
pub fn teardown(kinds: &BTreeMap<String, String>, needs: &Needs) -> Result<Plan, Vec<String>> {
    let mut after: BTreeMap<&str, Vec<String>> =
        kinds.keys().map(|address| (address.as_str(), Vec::new())).collect();
    for (address, needed) in needs.iter().filter(|(address, _)| kinds.contains_key(*address)) {
        for other in needed.iter().filter(|other| *other != address) {
            if let Some(waits) = after.get_mut(other.as_str()) {
                waits.push(address.clone());
            }
        }
    }
    let mut left: BTreeMap<&str, usize> =
        after.iter().map(|(address, waits)| (*address, waits.len())).collect();
    let key = |address: &str| (Reverse(rank(&kinds[address])), address.to_owned());
    let mut ready: BTreeSet<(Reverse<usize>, String)> =
        left.iter().filter(|(_, count)| **count == 0).map(|(address, _)| key(address)).collect();
    let mut steps = Vec::with_capacity(kinds.len());
    while let Some((_, address)) = ready.pop_first() {
        left.remove(address.as_str());
        for other in needs.get(&address).into_iter().flatten().filter(|other| **other != address) {
            if let Some(count) = left.get_mut(other.as_str()) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(key(other));
                }
            }
        }
        steps.push(Step {
            kind: kinds[&address].clone(),
            action: Action::Delete,
            after: after.remove(address.as_str()).unwrap_or_default(),
            address,
        });
    }
    if left.is_empty() {
        Ok(Plan { steps })
    } else {
        Err(left.into_keys().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(names: &[&str]) -> BTreeMap<String, String> {
        let kinds = ["bootstrap", "pivot-role", "environment", "team", "dataset", "platform"];
        let kind = |name: &str| kinds.into_iter().find(|kind| name.contains(&format!("p-{kind}-")));
        let stack = |name: &&str| Some(((*name).to_owned(), kind(name)?.to_owned()));
        names.iter().filter_map(stack).collect()
    }

    /// The documentation of an environment: datasets and teams are deleted first, then the environment and its pivot role,
    /// and the bootstrap last.
    #[test]
    fn what_left_the_mesh_goes_by_its_kinds() {
        let names = [
            "1/r/p-bootstrap-b",
            "1/r/p-pivot-role-e",
            "1/r/p-environment-e",
            "1/r/p-team-t",
            "1/r/p-dataset-d",
            "2/r/p-dataset-other",
        ];
        let kinds = there(&names);
        let left = kinds.keys().cloned().collect();
        let mut needs = Needs::new();
        add_by_kind(&mut needs, &kinds, &left);
        assert_eq!(dependants(&needs, "1/r/p-environment-e"), ["1/r/p-dataset-d", "1/r/p-team-t"]);
        assert_eq!(dependants(&needs, "1/r/p-bootstrap-b").len(), 4);
        assert!(dependants(&needs, "1/r/p-dataset-d").is_empty());
        // Dependencies from templates are added: a dataset of another account names the team.
        needs.entry(names[5].to_owned()).or_default().insert(names[3].to_owned());
        let plan = teardown(&kinds, &needs).expect("an order");
        let order: Vec<&str> = plan.steps.iter().map(|step| step.address.as_str()).collect();
        assert_eq!(order, [names[4], names[5], names[3], names[2], names[1], names[0]]);
        assert_eq!(plan.steps[2].after, [names[5]]);
    }

    #[test]
    fn an_environment_of_the_mesh_waits_only_for_what_says_so() {
        let kinds = there(&["1/r/p-environment-e", "1/r/p-dataset-d"]);
        let mut needs = Needs::new();
        add_by_kind(&mut needs, &kinds, &BTreeSet::from(["1/r/p-dataset-d".to_owned()]));
        assert!(needs.is_empty(), "{needs:?}");
    }

    #[test]
    fn stacks_that_need_each_other_are_named() {
        let kinds = there(&["1/r/p-team-a", "1/r/p-team-b", "1/r/p-dataset-d"]);
        let on = |other: &str| BTreeSet::from([other.to_owned()]);
        let needs = Needs::from([
            ("1/r/p-team-a".to_owned(), on("1/r/p-team-b")),
            ("1/r/p-team-b".to_owned(), on("1/r/p-team-a")),
        ]);
        let left = teardown(&kinds, &needs).expect_err("a circle");
        assert_eq!(left, ["1/r/p-team-a", "1/r/p-team-b"]);
    }
}
