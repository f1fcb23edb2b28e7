//! The proof of a whole mesh.

use lakewright_access::escalation::Escalation;
use lakewright_diff::access::{AccessChange, Answer, Reach};
use lakewright_proof::prove::{Difference, DifferenceKind, Findings, Proof};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::subject::Subject;

/// Compares intended and granted access in both directions, in as many threads as there are cores.
/// The differences are sorted.
pub fn prove(subject: &Subject) -> Findings {
    let Subject { world, intended, .. } = subject;
    let proof = Proof { world, intended };
    let missing = || {
        // A service has thousands of rules, so the rules are distributed individually.
        let principals = intended.principals();
        let rules = principals
            .par_iter()
            .flat_map(|(arn, rules)| rules.par_iter().map(move |rule| (*arn, rule)));
        let each = rules.map(|(arn, rule)| proof.missing(arn, rule));
        each.reduce(Findings::default, Findings::and)
    };
    let more = || {
        let roles = world.roles().par_iter().map(|(_, role)| proof.more_of_role(role));
        let resources = world.resources().par_iter().map(|(arn, resource)| {
            let mut findings = Findings::default();
            if let Some(policy) = &resource.policy {
                proof.more_of_policy(policy, arn, &mut findings);
            }
            findings
        });
        let lake = (&world.lake().grants).into_par_iter();
        let lake = lake.map(|(principal, grants)| proof.more_of_lake(principal, grants));
        roles.chain(resources).chain(lake).reduce(Findings::default, Findings::and)
    };
    let undenied = || {
        let each = intended.denials().par_iter().map(|(arn, rule)| proof.undenied(arn, rule));
        each.reduce(Findings::default, Findings::and)
    };
    let (missing, (more, undenied)) = rayon::join(missing, || rayon::join(more, undenied));
    let mut findings = missing.and(more).and(undenied).and(paths(subject));
    findings.differences.sort();
    findings.differences.dedup();
    findings
}

/// The access that a change gives, or may give, as differences. `access` is that of a review. A difference of the first
/// action of each finding has a request that shows it; those of the other actions have the finding's resource.
pub fn gained(access: &[AccessChange]) -> Vec<Difference> {
    let each = access.iter().flat_map(|change| {
        let gained = change.gained.iter().map(|reach| (reach, gain(reach)));
        let unknown = change.unknown.iter().map(|reach| (reach, UNKNOWN));
        gained
            .chain(unknown)
            .flat_map(move |(reach, how)| differences(&change.principal, reach, how))
    });
    each.collect()
}

/// The reason for a difference that cannot be decided.
const UNKNOWN: &str = "what the mesh before gives cannot be compared with it";

const fn gain(reach: &Reach) -> &'static str {
    match reach.decisions.1 {
        Answer::Allowed => "the mesh before does not give it",
        Answer::Depends | Answer::Denied => "the mesh before does not give it, and this one may",
    }
}

/// The differences of one finding, the one with its request first.
fn differences(principal: &str, reach: &Reach, how: &str) -> Vec<Difference> {
    let Reach { actions, resource, witness, statements, because, reason, .. } = reach;
    let after = statements.iter().filter(|one| one.is_after);
    let statements: Vec<_> = after.map(|one| (one.origin.clone(), one.sid.clone())).collect();
    let stack = statements.first().map(|(origin, _)| origin.stack.to_string()).unwrap_or_default();
    let reason = if reason.is_empty() { how.to_owned() } else { [how, reason.as_str()].join(": ") };
    let one = |action: &str, resource: &str, context: &[(String, Vec<String>)]| Difference {
        kind: DifferenceKind::Gained,
        principal: principal.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: context.to_vec(),
        statements: statements.clone(),
        reason: reason.clone(),
        stack: stack.clone(),
        because: because.clone(),
    };
    let shown = one(&witness.action, &witness.resource, &witness.context);
    let others = actions.iter().filter(|action| **action != witness.action);
    std::iter::once(shown).chain(others.map(|action| one(action, resource, &[]))).collect()
}

/// The roles that teams may come to act as, by the beginnings of their names: those of pipelines run the code of teams or
/// approve it, and those of an environment's services reach no data. Every other role is protected, also one of a kind that
/// is not known here.
const REACHABLE: [&str; 9] = [
    "failure-role/",
    "flow-log-role/",
    "pipeline-approve-role/",
    "pipeline-branches-role/",
    "pipeline-build-role/",
    "pipeline-run-role/",
    "pipeline-start-role/",
    "pipeline-update-role/",
    "studio-role/",
];

/// Chains from a team to a role that no team may come to act as: another team's, or one that deploys or administers.
fn paths(subject: &Subject) -> Findings {
    let Subject { world, intended, .. } = subject;
    let escalation = Escalation::of(world);
    let is_team =
        |arn: &&String| intended.name_of(arn).is_some_and(|name| name.starts_with("team/"));
    let teams: Vec<&String> = world.roles().keys().filter(is_team).collect();
    let each = teams.par_iter().map(|team| {
        let mut findings = Findings::default();
        let is_asked_for = |author: &str, role: &str| intended.acts_as(author, role);
        for (role, chain) in escalation.reached(team, &is_asked_for) {
            findings.requests += 1;
            let name = intended.name_of(&role).unwrap_or(&role);
            if REACHABLE.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let steps: Vec<String> = chain
                .iter()
                .map(|step| format!("{} on {} gives {}", step.action, step.resource, step.role))
                .collect();
            findings.differences.push(Difference::path(
                team,
                &role,
                &chain,
                &steps.join(", then "),
            ));
        }
        findings
    });
    each.reduce(Findings::default, Findings::and)
}

impl Subject {
    /// The manifest lines that ask for a difference's access, or else those of its stack.
    pub fn lines_of_difference(&self, difference: &Difference) -> Vec<String> {
        if !difference.because.is_empty() {
            return difference.because.clone();
        }
        self.lines_of_stack(&difference.stack)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lakewright_access::document::Origin;
    use lakewright_diff::access::{Deciding, Relation, Witness};

    use super::*;

    fn reach(action: &str, after: Answer, reason: &str) -> Reach {
        let origin = Origin {
            stack: Arc::from("222222222222/eu-west-1/s"),
            logical_id: "Policy".to_owned(),
            property: "PolicyDocument",
        };
        let deciding = |is_after| Deciding {
            is_after,
            origin: origin.clone(),
            sid: "Read".to_owned(),
            is_allow: is_after,
        };
        Reach {
            actions: vec![action.to_owned(), "s3:PutObject".to_owned()],
            resource: "arn:aws:s3:::b/*".to_owned(),
            conditions: Vec::new(),
            witness: Witness {
                action: action.to_owned(),
                resource: "arn:aws:s3:::b/x".to_owned(),
                context: vec![("aws:SecureTransport".to_owned(), vec!["true".to_owned()])],
            },
            decisions: (Answer::Denied, after),
            statements: vec![deciding(false), deciding(true)],
            because: vec!["shares.yaml:4:1".to_owned()],
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn what_is_gained_or_cannot_be_compared_is_a_difference_and_what_is_lost_is_none() {
        let change = AccessChange {
            principal: "arn:aws:iam::222222222222:role/r".to_owned(),
            relation: Relation::Incomparable,
            gained: vec![
                reach("s3:GetObject", Answer::Allowed, ""),
                reach("s3:ListBucket", Answer::Depends, "the bucket's policy is not in the mesh"),
            ],
            lost: vec![reach("s3:DeleteObject", Answer::Denied, "")],
            unknown: vec![reach("s3:GetObjectTagging", Answer::Depends, "")],
        };
        let found = gained(&[change]);
        let said: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|one| (one.action.as_str(), one.resource.as_str(), one.reason.as_str()))
            .collect();
        let (object, all) = ("arn:aws:s3:::b/x", "arn:aws:s3:::b/*");
        let not_before = "the mesh before does not give it";
        let may = "the mesh before does not give it, and this one may: the bucket's policy is not in the mesh";
        assert_eq!(
            said,
            [
                ("s3:GetObject", object, not_before),
                ("s3:PutObject", all, not_before),
                ("s3:ListBucket", object, may),
                ("s3:PutObject", all, may),
                ("s3:GetObjectTagging", object, UNKNOWN),
                ("s3:PutObject", all, UNKNOWN),
            ]
        );
        let first = &found[0];
        assert_eq!(first.kind, DifferenceKind::Gained);
        assert_eq!(first.statements.len(), 1, "those of the change");
        assert_eq!(first.stack, "222222222222/eu-west-1/s");
        assert_eq!(first.because, ["shares.yaml:4:1"]);
        assert_eq!(first.context.len(), 1);
        assert!(found[1].context.is_empty());
    }
}
