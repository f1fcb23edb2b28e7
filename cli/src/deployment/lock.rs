//! The second lock of a deployment: before a change set is executed, what it does to data is compared with what the review
//! said. The review decides from templates and schemas; CloudFormation itself decides with the change set.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::review::Reviewed;
use lakewright_diff::change::ResourceChange;
use lakewright_diff::update::{DataEffect, Fate, Update};
use lakewright_fleet::event::{Change, Event};
use lakewright_template::StackAddress;

use super::allow::Allow;

/// What a run may do to data.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// Whether the run may lose data that the review did not name.
    is_open: bool,
    /// The resources that the review said are deleted or replaced with their data, by the address of their stack.
    announced: BTreeMap<String, BTreeSet<String>>,
}

impl Lock {
    /// The lock of a run with this review, which is allowed these things.
    pub(super) fn of(reviewed: &Reviewed, allowed: &[Allow]) -> Self {
        let mut announced: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for stack in &reviewed.review.stacks {
            let named = stack.resources.iter().filter(|resource| is_announced(resource));
            let named = named.map(|resource| resource.logical_id.to_string());
            announced.entry(stack.stack.clone()).or_default().extend(named);
        }
        Self { is_open: allowed.contains(&Allow::DataLoss), announced }
    }

    /// The changes of a stack's change set that lose data, and of which the review did not say it.
    pub(super) fn missed<'c>(
        &self,
        address: &StackAddress,
        changes: &'c [Change],
    ) -> Vec<&'c Change> {
        if self.is_open {
            return Vec::new();
        }
        let announced = self.announced.get(&address.to_string());
        let is_announced =
            |change: &Change| announced.is_some_and(|named| named.contains(&change.logical_id));
        changes.iter().filter(|change| change.loses_data() && !is_announced(change)).collect()
    }

    /// The note on a stack that is not changed for this reason, if there is one.
    pub(super) fn note(&self, event: &Event) -> Option<Event> {
        let Event::Changes { address, changes } = event else { return None };
        let missed = self.missed(address, changes);
        let named = missed.iter().map(|change| format!("{} ({})", change.logical_id, change.kind));
        let named: Vec<String> = named.collect();
        let text = format!(
            "CloudFormation's change set deletes or replaces what holds data, and the review did not say so: {}; without a person's \
             consent the stack is not changed, and `--allow data-loss` allows it",
            named.join(", ")
        );
        (!named.is_empty()).then(|| Event::Note { address: address.clone(), text })
    }
}

/// Whether a review says that a resource is deleted or replaced, and that its data is not kept. A link holds none.
fn is_announced(resource: &ResourceChange) -> bool {
    let goes = match resource.outcome.fate {
        Fate::Deleted => true,
        Fate::Updated(update) => matches!(update, Update::Replaces | Update::MayReplace),
        Fate::Unchanged | Fate::Created | Fate::Retained | Fate::Moved => false,
    };
    let is_kept = match resource.outcome.data {
        DataEffect::Orphaned | DataEffect::LeftBehind | DataEffect::Snapshot => true,
        DataEffect::None | DataEffect::Unreadable | DataEffect::Lost => false,
    };
    goes && !is_kept
}

#[cfg(test)]
mod tests {
    use lakewright_diff::change::{ChangeKind, StackChange};
    use lakewright_diff::review::Review;
    use lakewright_diff::update::Outcome;
    use lakewright_template::LogicalId;

    use super::*;

    const ADDRESS: &str = "111111111111/eu-west-1/s";

    fn reviewed(fate: Fate, data: DataEffect) -> Reviewed {
        let resource = ResourceChange {
            logical_id: LogicalId::parameter("Bucket"),
            resource_type: "AWS::S3::Bucket".into(),
            kind: ChangeKind::Changed,
            properties: Vec::new(),
            attributes: Vec::new(),
            outcome: Outcome { fate, data, reasons: Vec::new() },
            lines_before: Vec::new(),
            lines_after: Vec::new(),
        };
        let stack = StackChange {
            stack: ADDRESS.to_owned(),
            kind: ChangeKind::Changed,
            resources: vec![resource],
            others: Vec::new(),
        };
        Reviewed {
            after: None,
            review: Review { stacks: vec![stack], ..Review::default() },
            principals: BTreeMap::new(),
            stacks: BTreeMap::new(),
            resources: BTreeMap::new(),
        }
    }

    /// A change as `DescribeChangeSet` has it: the values are those of `ResourceChange` in the CloudFormation API reference.
    fn change(logical_id: &str, action: &str, policy_action: &str) -> Change {
        Change {
            action: action.to_owned(),
            logical_id: logical_id.to_owned(),
            kind: "AWS::S3::Bucket".to_owned(),
            replacement: (action == "Modify").then(|| "True".to_owned()),
            policy_action: Some(policy_action.to_owned()),
            ..Change::default()
        }
    }

    #[test]
    fn what_the_review_did_not_say_is_not_executed() {
        let address = StackAddress::parse(ADDRESS).expect("an address");
        let missed = |fate, data, change: Change| {
            let changes = [change];
            let lock = Lock::of(&reviewed(fate, data), &[]);
            let open = Lock::of(&reviewed(fate, data), &[Allow::AccessBroadened, Allow::DataLoss]);
            assert!(open.missed(&address, &changes).is_empty());
            let missed = !lock.missed(&address, &changes).is_empty();
            let event = Event::Changes { address: address.clone(), changes: changes.to_vec() };
            assert_eq!(lock.note(&event).is_some(), missed);
            missed
        };
        let removed = || change("Bucket", "Remove", "Delete");
        let replaced = || change("Bucket", "Modify", "ReplaceAndDelete");
        for (fate, data, expected) in [
            (Fate::Deleted, DataEffect::Lost, false),
            (Fate::Deleted, DataEffect::Unreadable, false),
            (Fate::Updated(Update::Replaces), DataEffect::Lost, false),
            (Fate::Updated(Update::MayReplace), DataEffect::Lost, false),
            (Fate::Updated(Update::InPlace), DataEffect::None, true),
            (Fate::Updated(Update::Replaces), DataEffect::LeftBehind, true),
            (Fate::Retained, DataEffect::Orphaned, true),
            (Fate::Deleted, DataEffect::Snapshot, true),
            (Fate::Unchanged, DataEffect::None, true),
        ] {
            assert_eq!(missed(fate, data, removed()), expected, "{fate:?} {data:?}");
            assert_eq!(missed(fate, data, replaced()), expected, "{fate:?} {data:?}");
        }
        let unsaid = |change| missed(Fate::Updated(Update::InPlace), DataEffect::None, change);
        assert!(unsaid(change("Other", "Remove", "Delete")));
        assert!(!unsaid(change("Bucket", "Remove", "Retain")));
        assert!(!unsaid(change("Bucket", "Modify", "ReplaceAndRetain")));
        assert!(!unsaid(Change { is_link: true, ..removed() }));
        assert!(!unsaid(Change { kind: "AWS::IAM::Role".to_owned(), ..removed() }));
    }

    /// A stack that the review does not have at all.
    #[test]
    fn a_stack_that_was_not_reviewed_loses_nothing() {
        let address = StackAddress::parse("111111111111/eu-west-1/other").expect("an address");
        let changes = [change("Bucket", "Remove", "Delete")];
        let lock = Lock::of(&reviewed(Fate::Deleted, DataEffect::Lost), &[]);
        assert_eq!(lock.missed(&address, &changes).len(), 1);
        assert_eq!(Lock::default().missed(&address, &changes).len(), 1);
    }
}
