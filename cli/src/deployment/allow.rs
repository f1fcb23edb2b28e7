//! What a run without a question has to be allowed: access that broadens, and data that could be lost. Pure.
//!
//! docs/adr/0021-what-a-pipeline-has-to-be-allowed.md says which access counts.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use lakewright_analysis::review::Reviewed;
use lakewright_analysis::words::count;
use lakewright_diff::access::{AccessChange, Reach, Relation};
use lakewright_diff::change::ChangeKind;
use lakewright_diff::update::DataEffect;
use lakewright_template::arn::ArnParts;

/// What a run without a question may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Allow {
    /// Somebody gains access to something that exists, or it cannot be decided whether
    AccessBroadened,
    /// Data is deleted, or can no longer be read
    DataLoss,
}

impl Allow {
    /// The value of the option `--allow`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AccessBroadened => "access-broadened",
            Self::DataLoss => "data-loss",
        }
    }
}

/// What decides whether access counts, besides the review.
#[derive(Debug, Default)]
pub(super) struct Circumstances {
    /// Whether nothing of the mesh is deployed yet.
    pub(super) is_first: bool,
    /// The accounts of the mesh.
    pub(super) accounts: BTreeSet<String>,
    /// The ARNs of the roles that the run creates.
    pub(super) made: BTreeSet<String>,
}

/// What a run has to be allowed, each with the findings in a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needed(pub(super) BTreeMap<Allow, Vec<String>>);

impl Needed {
    /// What is needed by a review.
    pub(super) fn of(reviewed: &Reviewed, circumstances: &Circumstances) -> Self {
        let mut needed = Self::default();
        let new = Documents::of(reviewed);
        for change in &reviewed.review.access {
            let mut reaches = change.gained.iter().chain(&change.unknown);
            let counted =
                reaches.find(|reach| counts(change, reach, reviewed, &new, circumstances));
            let sentence = counted.map(|reach| gains(change, reach, reviewed));
            // A finding that lists no request is not taken for harmless.
            let is_unlisted = change.gained.is_empty() && change.unknown.is_empty();
            let unlisted = || format!("{} may gain access", name(&change.principal, reviewed));
            let is_broader = change.relation != Relation::Narrower && !circumstances.is_first;
            let unlisted = (is_unlisted && is_broader).then(unlisted);
            for sentence in sentence.into_iter().chain(unlisted) {
                needed.add(Allow::AccessBroadened, sentence);
            }
        }
        for stack in &reviewed.review.stacks {
            for resource in &stack.resources {
                let how = match resource.outcome.data {
                    DataEffect::Lost => "data may be deleted",
                    DataEffect::Unreadable => "data can no longer be read",
                    DataEffect::None
                    | DataEffect::Orphaned
                    | DataEffect::LeftBehind
                    | DataEffect::Snapshot => continue,
                };
                let id = resource.logical_id.as_str();
                let kind = &resource.resource_type;
                needed.add(Allow::DataLoss, format!("{}: {id} ({kind}): {how}", stack.stack));
            }
        }
        needed
    }

    pub(super) fn add(&mut self, allow: Allow, sentence: String) {
        self.0.entry(allow).or_default().push(sentence);
    }

    /// What is left when these are allowed.
    pub(super) fn without(mut self, allowed: &[Allow]) -> Self {
        self.0.retain(|allow, _| !allowed.contains(allow));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The errors of a run without a question: every finding, and the option.
    pub(super) fn errors(&self) -> Vec<String> {
        let of = |(allow, findings): (&Allow, &Vec<String>)| {
            format!(
                "nothing was changed, because nobody is asked and this is not allowed: {}; `--allow {}` allows it, after somebody has \
                 read the review",
                findings.join("; "),
                allow.as_str()
            )
        };
        self.0.iter().map(of).collect()
    }

    /// The note of a plan.
    pub(super) fn notes(&self) -> Vec<String> {
        let of = |(allow, findings): (&Allow, &Vec<String>)| {
            let what = match allow {
                Allow::AccessBroadened => count(findings.len(), "principal"),
                Allow::DataLoss => count(findings.len(), "resource"),
            };
            let option = allow.as_str();
            format!("with `--yes`, `deploy` needs `--allow {option}` for this plan ({what})")
        };
        self.0.iter().map(of).collect()
    }

    /// The beginning of the question to a person; empty if there is nothing to say.
    pub(super) fn question(&self) -> String {
        let of = |(allow, findings): (&Allow, &Vec<String>)| match allow {
            Allow::AccessBroadened => match findings.len() {
                1 => "1 principal gains or may gain access.".to_owned(),
                several => format!("{several} principals gain or may gain access."),
            },
            Allow::DataLoss => {
                format!("Data of {} may be lost.", count(findings.len(), "resource"))
            }
        };
        self.0.iter().map(of).collect::<Vec<_>>().join(" ")
    }
}

/// The documents of a review whose stacks are all new.
#[derive(Debug)]
struct Documents<'r> {
    new: BTreeSet<&'r str>,
}

impl<'r> Documents<'r> {
    fn of(reviewed: &'r Reviewed) -> Self {
        let changed = reviewed.review.stacks.iter();
        let added = changed.filter(|stack| stack.kind == ChangeKind::Added);
        let added: BTreeSet<&str> = added.map(|stack| stack.stack.as_str()).collect();
        let (new, old): (BTreeSet<_>, BTreeSet<_>) =
            reviewed.stacks.iter().partition(|(address, _)| added.contains(address.as_str()));
        let old: BTreeSet<&str> = old.into_iter().map(|(_, document)| document.as_str()).collect();
        let new = new.into_iter().map(|(_, document)| document.as_str());
        Self { new: new.filter(|document| !old.contains(document)).collect() }
    }
}

/// Whether access has to be allowed.
fn counts(
    change: &AccessChange,
    reach: &Reach,
    reviewed: &Reviewed,
    documents: &Documents<'_>,
    circumstances: &Circumstances,
) -> bool {
    // Whoever deploys a mesh for the first time wants all of its access.
    if circumstances.is_first {
        return false;
    }
    let Circumstances { accounts, made, .. } = circumstances;
    let principal = change.principal.as_str();
    let owner = reviewed.resources.get(&reach.resource).map(String::as_str);
    let is_new =
        made.contains(&reach.resource) || owner.is_some_and(|owner| documents.new.contains(owner));
    if is_new {
        return is_outside(principal, accounts);
    }
    if !made.contains(principal) {
        return true;
    }
    // A new role of the mesh works with what its environment and the platform have for it, such as the folder for results.
    // Everything else that exists counts, roles first of all.
    let is_shared =
        |owner: &str| owner.starts_with("environment/") || owner.starts_with("platform/");
    owner.is_some_and(|owner| !is_shared(owner)) || reach.resource.contains(":role/")
}

/// Whether a principal is neither a service nor in an account of the mesh.
fn is_outside(principal: &str, accounts: &BTreeSet<String>) -> bool {
    match ArnParts::parse(principal) {
        Some(arn) => !accounts.contains(arn.account),
        None => !principal.contains(".amazonaws."),
    }
}

/// The sentence about a principal that gains access.
fn gains(change: &AccessChange, reach: &Reach, reviewed: &Reviewed) -> String {
    let principal = name(&change.principal, reviewed);
    let how = if change.relation == Relation::Unknown { "may gain" } else { "gains" };
    let actions = match reach.actions.as_slice() {
        [] => "access".to_owned(),
        [one] => one.clone(),
        [one, others @ ..] => format!("{one} and {}", count(others.len(), "more action")),
    };
    let resource = reviewed.resources.get(&reach.resource).unwrap_or(&reach.resource);
    format!("{principal} {how} {actions} on {resource}")
}

fn name<'r>(principal: &'r str, reviewed: &'r Reviewed) -> &'r str {
    reviewed.principals.get(principal).map_or(principal, String::as_str)
}

#[cfg(test)]
mod tests {
    use lakewright_diff::access::{Answer, Witness};
    use lakewright_diff::change::{ResourceChange, StackChange};
    use lakewright_diff::review::Review;
    use lakewright_diff::update::{Fate, Outcome};
    use lakewright_template::LogicalId;

    use super::*;

    const TEAM: &str = "arn:aws:iam::111111111111:role/team";
    const NEW_ROLE: &str = "arn:aws:iam::111111111111:role/new";
    const OLD: &str = "arn:aws:s3:::old";
    const NEW: &str = "arn:aws:s3:::new";

    fn reach(resource: &str) -> Reach {
        Reach {
            actions: vec!["s3:GetObject".to_owned()],
            resource: resource.to_owned(),
            conditions: Vec::new(),
            witness: Witness {
                action: "s3:GetObject".to_owned(),
                resource: resource.to_owned(),
                context: Vec::new(),
            },
            decisions: (Answer::Denied, Answer::Allowed),
            statements: Vec::new(),
            because: Vec::new(),
            reason: String::new(),
        }
    }

    fn stack(name: &str, kind: ChangeKind, data: DataEffect) -> StackChange {
        let resource = ResourceChange {
            logical_id: LogicalId::parameter("Bucket"),
            resource_type: "AWS::S3::Bucket".into(),
            kind,
            properties: Vec::new(),
            attributes: Vec::new(),
            outcome: Outcome { fate: Fate::Created, data, reasons: Vec::new() },
            lines_before: Vec::new(),
            lines_after: Vec::new(),
        };
        let resources = vec![resource];
        StackChange { stack: name.to_owned(), kind, resources, others: Vec::new() }
    }

    /// A change that adds the dataset `new` beside the dataset `old` and the environment `dev`.
    fn reviewed(access: Vec<AccessChange>, data: DataEffect) -> Reviewed {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let stacks = vec![
            stack("new", ChangeKind::Added, DataEffect::None),
            stack("old", ChangeKind::Changed, data),
        ];
        Reviewed {
            after: None,
            review: Review { stacks, access, ..Review::default() },
            principals: map(&[(TEAM, "team/dev/T")]),
            stacks: map(&[
                ("new", "dataset/new"),
                ("old", "dataset/old"),
                ("dev", "environment/dev"),
            ]),
            resources: map(&[
                (NEW, "dataset/new"),
                (OLD, "dataset/old"),
                ("dev", "environment/dev"),
            ]),
        }
    }

    fn broader(principal: &str, resource: &str) -> AccessChange {
        AccessChange {
            principal: principal.to_owned(),
            relation: Relation::Broader,
            gained: vec![reach(resource)],
            lost: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn needs(change: AccessChange, is_first: bool) -> bool {
        let circumstances = Circumstances {
            is_first,
            accounts: BTreeSet::from(["111111111111".to_owned()]),
            made: BTreeSet::from([NEW_ROLE.to_owned()]),
        };
        let reviewed = reviewed(vec![change], DataEffect::None);
        !Needed::of(&reviewed, &circumstances).is_empty()
    }

    /// The table of ADR 21.
    #[test]
    fn access_to_what_exists_has_to_be_allowed() {
        let foreign = "arn:aws:iam::999999999999:role/foreign";
        for (principal, resource, expected) in [
            (TEAM, OLD, true),
            (TEAM, NEW, false),
            // Nothing says whose it is.
            (TEAM, "*", true),
            (NEW_ROLE, OLD, true),
            (NEW_ROLE, NEW, false),
            (NEW_ROLE, "dev", false),
            (NEW_ROLE, "*", false),
            (NEW_ROLE, TEAM, true),
            (TEAM, NEW_ROLE, false),
            (foreign, NEW, true),
            ("*", NEW, true),
            ("glue.amazonaws.com", NEW_ROLE, false),
            ("glue.amazonaws.com", OLD, true),
        ] {
            assert_eq!(
                needs(broader(principal, resource), false),
                expected,
                "{principal} {resource}"
            );
            assert!(!needs(broader(principal, resource), true), "a first deployment");
        }
        let narrower = AccessChange {
            relation: Relation::Narrower,
            gained: Vec::new(),
            lost: vec![reach(OLD)],
            ..broader(TEAM, OLD)
        };
        assert!(!needs(narrower, false));
    }

    #[test]
    fn what_cannot_be_decided_counts_as_gained() {
        let unknown = AccessChange {
            relation: Relation::Unknown,
            gained: Vec::new(),
            unknown: vec![reach(OLD)],
            ..broader(TEAM, OLD)
        };
        assert!(needs(unknown.clone(), false));
        assert!(needs(AccessChange { unknown: Vec::new(), ..unknown }, false));
    }

    #[test]
    fn data_that_is_lost_or_unreadable_has_to_be_allowed() {
        for (data, expected) in [
            (DataEffect::None, false),
            (DataEffect::Orphaned, false),
            (DataEffect::LeftBehind, false),
            (DataEffect::Snapshot, false),
            (DataEffect::Unreadable, true),
            (DataEffect::Lost, true),
        ] {
            let first = Circumstances { is_first: true, ..Circumstances::default() };
            let needed = Needed::of(&reviewed(Vec::new(), data), &first);
            assert_eq!(!needed.is_empty(), expected, "{data:?}");
            assert!(needed.clone().without(&[Allow::DataLoss]).is_empty());
            assert_eq!(needed.clone().without(&[Allow::AccessBroadened]), needed);
            assert!(needed.errors().iter().all(|error| error.contains("`--allow data-loss`")));
        }
    }

    #[test]
    fn errors_name_who_gains_what() {
        let reviewed = reviewed(vec![broader(TEAM, OLD)], DataEffect::None);
        let needed = Needed::of(&reviewed, &Circumstances::default());
        let [error] = &needed.errors()[..] else { unreachable!("one error") };
        assert!(error.contains("team/dev/T gains s3:GetObject on dataset/old"), "{error}");
        assert!(error.contains("`--allow access-broadened`"), "{error}");
    }
}
