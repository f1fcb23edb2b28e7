//! Where each resource of data.all's stacks goes.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_stacks::Plan;
use lakewright_template::{LogicalId, ResourceEntry, StackKind, Template};

use crate::catalog::GLUE_DATABASE;
use crate::deployed::{Deployed, OldKind};
use crate::mesh::{Described, Place};

/// A resource of a stack of data.all, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The address of its stack.
    pub stack: String,
    /// Its logical id.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Its physical id, if a file shows it.
    pub physical_id: Option<String>,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// What becomes of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// It moves as it is, with its physical id.
    Moved {
        /// The address of the stack.
        stack: String,
        /// The logical id.
        logical_id: String,
    },
    /// It is deleted with its stack. The new stack has resources of its type.
    Replaced {
        /// The address of the stack.
        stack: String,
        /// The logical ids of the resources of its type.
        logical_ids: Vec<String>,
    },
    /// It stays as it is, and no stack has it.
    Retained,
    /// It is deleted with its stack, and the new stacks have no resource of its type for it.
    Deleted,
    /// It stays where it is, because its stack cannot be changed or has no document.
    Stays,
}

/// The templates that Lakewright makes, by kind and id.
pub(crate) struct NewStacks {
    by_subject: BTreeMap<(StackKind, String), (String, Template)>,
}

impl NewStacks {
    /// Makes the templates of a mesh. A stack with findings is left out; `lakewright check` has them.
    pub(crate) fn of(plan: &Plan<'_>) -> Self {
        let stacks = plan.stacks.iter().filter_map(|stack| {
            let made = stack.synthesize().ok()?;
            let key = (stack.kind(), stack.id().to_owned());
            Some((key, (stack.address().to_string(), made.lowered.template)))
        });
        Self { by_subject: stacks.collect() }
    }

    /// The successor of a resource: the stack of its document, or of its team, or its environment's.
    fn successor(&self, place: &Place, id: &LogicalId, entry: &ResourceEntry) -> Option<Becomes> {
        let team = place.teams.get(id.as_str());
        let subjects: Vec<(StackKind, String)> = match (place.kind, team) {
            ("environment", Some(team)) => {
                vec![(StackKind::Team, format!("{}/{team}", place.environment))]
            }
            ("environment", None) => vec![
                (StackKind::Environment, place.id.clone()),
                (StackKind::PivotRole, place.id.clone()),
            ],
            (kind, _) => StackKind::parse(kind)
                .ok()
                .map(|kind| (kind, place.id.clone()))
                .into_iter()
                .collect(),
        };
        subjects.into_iter().find_map(|subject| {
            let (address, template) = self.by_subject.get(&subject)?;
            let same = template.resources.iter().filter(|(_, new)| new.kind == entry.kind);
            let logical_ids: Vec<String> = same.map(|(id, _)| id.to_string()).collect();
            let stack = address.clone();
            (!logical_ids.is_empty()).then_some(Becomes::Replaced { stack, logical_ids })
        })
    }
}

/// The fate of each resource.
pub(crate) fn of(
    deployed: &Deployed,
    described: &Described,
    new: &NewStacks,
    moved: &BTreeMap<String, (String, BTreeSet<LogicalId>)>,
    kept: &BTreeSet<String>,
) -> Vec<Fate> {
    let mut fates = Vec::new();
    for stack in &deployed.stacks {
        let address = stack.address();
        let place = described.documents.get(&address);
        for (id, entry) in &stack.template.resources {
            let becomes = match (moved.get(&address), place) {
                (Some((to, moved)), _) if moved.contains(id) => {
                    Becomes::Moved { stack: to.clone(), logical_id: id.to_string() }
                }
                (Some(_), Some(place)) if !kept.contains(&address) => left(place, id, entry, new),
                (None, _) if stack.kind == OldKind::PivotRole && kept.is_empty() => {
                    Becomes::Deleted
                }
                _ => Becomes::Stays,
            };
            fates.push(Fate {
                stack: address.clone(),
                logical_id: id.to_string(),
                resource_type: entry.kind.to_string(),
                physical_id: stack.physical(id.as_str()),
                becomes,
            });
        }
    }
    fates
}

fn left(place: &Place, id: &LogicalId, entry: &ResourceEntry, new: &NewStacks) -> Becomes {
    if entry.kind == GLUE_DATABASE || entry.kind == "AWS::SQS::QueuePolicy" {
        return Becomes::Retained;
    }
    new.successor(place, id, entry).unwrap_or(Becomes::Deleted)
}
