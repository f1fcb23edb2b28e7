//! Rehearsals of random fleets.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_fleet::machine::Outcome;
use lakewright_simulator::rehearsal::{Rehearsal, Risk};

use crate::fleets::{Fleet, MESH};

fn rehearsal(fleet: &Fleet, seed: u64) -> Rehearsal<'_> {
    const NONE: &BTreeMap<lakewright_template::StackAddress, lakewright_deployer::cloud::Stack> =
        &BTreeMap::new();
    Rehearsal { mesh: MESH, stacks: &fleet.stacks, before: NONE, changed: 100, seed }
}

#[test]
fn every_stack_changes_and_each_leg_of_the_path_needs_the_one_before() {
    for seed in 0..20 {
        let fleet = Fleet::of_size(seed, 40);
        let rehearsed = rehearsal(&fleet, seed).run().expect("a rehearsal");
        assert_eq!(rehearsed.outcomes.len(), 40, "seed {seed}");
        let is_updated = rehearsed.outcomes.values().all(|outcome| *outcome == Outcome::Updated);
        assert!(is_updated && rehearsed.kept == 0, "seed {seed}: {:?}", rehearsed.outcomes);
        assert!(rehearsed.most_at_once > 1, "seed {seed}");
        let wanted = fleet.wanted();
        for pair in rehearsed.path.windows(2) {
            assert!(wanted[&pair[1].address].depends_on.contains(&pair[0].address), "seed {seed}");
            assert!(pair[0].until <= pair[1].from, "seed {seed}");
        }
        let end = rehearsed.path.last().map(|leg| leg.until);
        assert!(end.is_some_and(|end| end <= rehearsed.milliseconds), "seed {seed}");
        assert_eq!(rehearsal(&fleet, seed).run().expect("a rehearsal"), rehearsed, "seed {seed}");
    }
}

#[test]
fn only_the_stacks_that_changed_are_rehearsed() {
    let fleet = Fleet::of_size(1, 200);
    let mut some = rehearsal(&fleet, 1);
    some.changed = 10;
    let rehearsed = some.run().expect("a rehearsal");
    let changed = rehearsed.outcomes.len();
    assert!((5..50).contains(&changed) && rehearsed.kept == 200 - changed, "{changed}");
    let as_it_is = Rehearsal { before: &fleet.stacks, ..rehearsal(&fleet, 1) };
    assert_eq!(as_it_is.run().expect("a rehearsal").kept, 200);
}

/// `BucketName` and `TopicName` replace their resource ("Update requires: Replacement" in the references of
/// `AWS::S3::Bucket` and `AWS::SNS::Topic`). Only the bucket holds data.
#[test]
fn data_that_would_be_replaced_is_named() {
    let fleet = Fleet::of_size(5, 60);
    let mut before = fleet.stacks.clone();
    for stack in before.values_mut() {
        stack.template = stack.template.replace("Name\":\"n", "Name\":\"old-n");
        "older".clone_into(&mut stack.entry.revision);
    }
    let rehearsed =
        Rehearsal { before: &before, ..rehearsal(&fleet, 5) }.run().expect("a rehearsal");
    let named: BTreeSet<String> = rehearsed
        .risks
        .iter()
        .map(|(address, risk)| match risk {
            Risk::Data { logical_id, kind } => format!("{address} {logical_id} {kind}"),
            Risk::Resources { .. } | Risk::Bytes { .. } => format!("{address} {risk:?}"),
        })
        .collect();
    let mut buckets = BTreeSet::new();
    for (address, stack) in &fleet.stacks {
        let template: serde_json::Value = serde_json::from_str(&stack.template).expect("JSON");
        for (id, one) in template["Resources"].as_object().expect("resources") {
            if one["Type"] == "AWS::S3::Bucket" {
                buckets.insert(format!("{address} {id} AWS::S3::Bucket"));
            }
        }
    }
    assert!(buckets.len() > 10 && named == buckets, "{named:?}\n{buckets:?}");
}
