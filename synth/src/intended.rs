//! The intended access of a stack in the assembly's form.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lakewright_template::Text;
use lakewright_template::assembly::{Grants, IntendedGrant};
use lakewright_template::digest::hex_prefix;

use crate::{Causes, Record};

/// Sets that a thread remembers at most: a process that lives long must not grow with each mesh that it sees.
const KEPT: usize = 4096;

/// The digest of a set of actions. The same few sets occur in every stack, so each thread hashes a set only once.
fn digest_of(actions: &[Text]) -> String {
    thread_local! {
        static KNOWN: RefCell<BTreeMap<Vec<Text>, String>> = const { RefCell::new(BTreeMap::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(digest) = known.get(actions) {
            return digest.clone();
        }
        let digest = hex_prefix(actions.join(" ").as_bytes(), 12);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(actions.to_vec(), digest.clone());
        digest
    })
}

/// Converts a stack's records to sorted grants, with tables of their sets of actions and their principals.
/// `because` returns the manifest lines of causes, and none for the causes of the whole stack.
pub fn intended(
    records: Vec<(Record, Causes)>,
    because: impl Fn(&Causes) -> Vec<String>,
) -> (Vec<IntendedGrant>, Grants) {
    let mut tables = Grants::default();
    let mut grants: Vec<IntendedGrant> = records
        .into_iter()
        .map(|(mut record, causes)| {
            record.actions.sort_unstable();
            record.resources.sort_unstable();
            record.conditions.sort_unstable();
            let actions = digest_of(&record.actions);
            if !tables.action_sets.contains_key(&actions) {
                tables.action_sets.insert(actions.clone(), record.actions);
            }
            if !tables.principals.contains_key(&record.principal) {
                tables.principals.insert(record.principal.clone(), record.principal_arn);
            }
            IntendedGrant {
                principal: record.principal,
                access: record.access.to_owned(),
                resource: record.resource,
                actions,
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
