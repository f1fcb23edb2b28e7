//! The proof of a whole mesh.

use lakewright_access::escalation::Escalation;
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

/// The access that a mesh grants and the earlier mesh does not: each request of an intended grant
/// that the earlier templates do not allow, and all access of new roles.
pub fn gained(subject: &Subject, before: &Subject) -> Findings {
    let proof = Proof { world: &before.world, intended: &subject.intended };
    let principals = subject.intended.principals();
    let each = principals.par_iter().map(|(arn, rules)| {
        let is_new =
            subject.world.roles().contains_key(*arn) && !before.world.roles().contains_key(*arn);
        let mut findings = if is_new {
            let differences = rules.iter().map(Difference::new_access).collect();
            Findings { requests: rules.len(), differences }
        } else {
            let each = rules.iter().map(|rule| proof.missing(arn, rule));
            each.fold(Findings::default(), Findings::and)
        };
        for difference in &mut findings.differences {
            difference.kind = DifferenceKind::Gained;
            "the mesh before does not give it".clone_into(&mut difference.reason);
        }
        findings
    });
    each.reduce(Findings::default, Findings::and)
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
