//! The intended access of a stack in the assembly's form.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::Text;
use lakewright_template::assembly::{Grants, IntendedGrant};
use lakewright_template::digest::hex_prefix;

use crate::{Cause, Record};

/// The records of a stack as sorted grants; what is said again and again is in the tables beside
/// them. `because` gives the manifest's lines of causes, none for those of the whole stack.
pub fn intended(
    records: Vec<(Record, BTreeSet<Cause>)>,
    because: impl Fn(&BTreeSet<Cause>) -> Vec<String>,
) -> (Vec<IntendedGrant>, Grants) {
    let mut tables = Grants::default();
    let mut digests: BTreeMap<Vec<Text>, String> = BTreeMap::new();
    let mut grants: Vec<IntendedGrant> = records
        .into_iter()
        .map(|(mut record, causes)| {
            record.actions.sort_unstable();
            record.resources.sort_unstable();
            record.conditions.sort_unstable();
            let actions = digests.entry(record.actions).or_insert_with_key(|actions| {
                let digest = hex_prefix(actions.join(" ").as_bytes(), 12);
                let set = actions.iter().map(ToString::to_string).collect();
                tables.action_sets.insert(digest.clone(), set);
                digest
            });
            if !tables.principals.contains_key(&record.principal) {
                tables.principals.insert(record.principal.clone(), record.principal_arn);
            }
            IntendedGrant {
                principal: record.principal,
                access: record.access.to_owned(),
                resource: record.resource,
                actions: actions.clone(),
                resources: record.resources,
                conditions: record.conditions,
                because: because(&causes),
            }
        })
        .collect();
    grants.sort_unstable();
    grants.dedup();
    (grants, tables)
}
