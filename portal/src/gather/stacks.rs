//! Stacks with their resources, what AWS bills for them, and how many more fit.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use lakewright_stacks::Runway;

use super::STACKS;
use crate::billed::bill;
use crate::model::{Billed, ListedStack, Room, Stack, Stacks};
use crate::stack_contents::StackContents;

/// The list of all stacks, the files of stacks, and what AWS bills for the resources of each type.
pub(super) fn stacks(contents: &[&StackContents]) -> (Vec<ListedStack>, Vec<Stacks>, Vec<Billed>) {
    let listed = contents.iter().map(|one| {
        ListedStack(one.address.clone(), one.kind.as_str(), one.of_document(), one.resources.len())
    });
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in contents.iter().flat_map(|one| &one.resources) {
        *numbers.entry(&resource.kind).or_default() += 1;
    }
    let billed = numbers.into_iter().map(|(kind, number)| {
        let bill = bill(kind);
        let (what, always) = bill.map_or(("", false), |bill| (bill.what, bill.always));
        Billed { kind: kind.to_owned(), number, what, always }
    });
    (listed.collect(), contents.chunks(STACKS).map(file).collect(), billed.collect())
}

fn file(contents: &[&StackContents]) -> Stacks {
    let mut types: IndexSet<&str> = IndexSet::new();
    let stacks = contents.iter().map(|one| {
        let resources = one.resources.iter().map(|resource| {
            let (kind, _) = types.insert_full(&resource.kind);
            (resource.logical_id.clone(), kind, resource.facts.clone())
        });
        Stack {
            address: one.address.clone(),
            kind: one.kind.as_str(),
            of: one.of_document(),
            lines: one.lines.clone(),
            resources: resources.collect(),
        }
    });
    let stacks = stacks.collect();
    Stacks { types: types.into_iter().map(str::to_owned).collect(), stacks }
}

/// How many more documents fit into an environment.
pub(super) fn room(runway: &Runway) -> Room {
    let Runway { environment, what, more, before, used, limit, unit, then } = runway;
    Room {
        environment: environment.clone().unwrap_or_default(),
        what,
        more: *more,
        before: before.clone(),
        used: *used,
        limit: *limit,
        unit,
        then: *then,
    }
}
