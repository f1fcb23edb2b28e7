//! The trust policy of a team's role: which entries take most of its length, and how much one more pipeline adds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lakewright_constructs::role::{Trust, trust_characters};
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{Environment, EnvironmentTeam};
use lakewright_manifest::{Diagnostic, Id};
use lakewright_template::limits::quota;

use super::{Staged, people, permissions};
use crate::{Names, pipeline};

/// All principals that may assume the team's role.
pub(super) fn of_role(
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    pipelines: &[Staged<'_>],
) -> Vec<Trust> {
    let pivot = Trust::Role {
        arn: names.pivot_role_arn(environment),
        name: format!("pivot-role/{}", environment.header.id),
        actions: &["sts:AssumeRole"],
    };
    std::iter::once(pivot)
        .chain(services(environment, team))
        .chain(builds(names, pipelines))
        .chain(people::trust(names.tenant(), environment, team))
        .collect()
}

fn services(environment: &Environment, team: &EnvironmentTeam) -> Vec<Trust> {
    permissions::services(environment, team).into_iter().map(Trust::Service).collect()
}

/// The builds of stages that deploy as the team. A pipeline's stack may come later than the team's, and go earlier.
fn builds(names: Names<'_>, pipelines: &[Staged<'_>]) -> Vec<Trust> {
    let builds = pipelines.iter().map(|(runs_in, pipeline, stage)| Trust::Later {
        arn: Names::place(runs_in).role_arn(&pipeline::build_role(names, runs_in, pipeline, stage)),
        name: pipeline::build_grantee(pipeline, stage),
    });
    builds.collect()
}

/// The finding that the trust policy is too long, located at its largest entry, with a suggestion to shorten it.
pub(super) fn too_long(
    found: Diagnostic,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    pipelines: &[Staged<'_>],
) -> Diagnostic {
    let place = Names::place(environment);
    let empty = trust_characters(&[], &place);
    let mut parts: Vec<(usize, String, Origin)> = Vec::new();
    let mut part = |trust: &[Trust], what: String, origin: Origin| {
        if !trust.is_empty() {
            parts.push((trust_characters(trust, &place) - empty, what, origin));
        }
    };
    let services = services(environment, team);
    let what = format!("the {} services of the features", services.len());
    part(&services, what, environment.features_at);
    let people = people::trust(names.tenant(), environment, team);
    part(&people, "the people of `access`".to_owned(), names.tenant().access_at);
    if let Some((_, _, stage)) = pipelines.first() {
        let builds = builds(names, pipelines);
        let what = format!("the {} stages that deploy as the team", builds.len());
        part(&builds, what, stage.origin);
    }
    parts.sort_by_key(|(characters, ..)| Reverse(*characters));
    let mut found = Diagnostic { primary: None, related: Vec::new(), ..found };
    for (characters, what, origin) in parts {
        let text = format!("{characters} characters for {what}");
        found =
            if found.primary.is_none() { found.at(origin, text) } else { found.and(origin, text) };
    }
    let raise = quota::TRUST_POLICY_CHARACTERS.raise();
    found.help(format!(
        "{raise}; or let fewer stages deploy as one team, list groups or a permission set in place of members, or name an \
         existing role as the team's `iam_role_arn`"
    ))
}

/// What more pipelines add to the trust policy of a team's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MorePipelines {
    /// Characters that only the first additional pipeline takes, such as a list's brackets.
    pub(crate) once: usize,
    /// Characters that each one takes.
    pub(crate) each: usize,
}

/// What one more pipeline with stages like these adds. Without stages nothing is known.
pub(super) fn more_pipelines(
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    own: &[Staged<'_>],
    like: &[Staged<'_>],
) -> Option<MorePipelines> {
    if like.is_empty() {
        return None;
    }
    let place = Names::place(environment);
    let now = of_role(names, environment, team, own);
    let builds = builds(names, like);
    let with = |ends: &[&str]| {
        let more = ends.iter().flat_map(|end| stand_ins(&builds, end));
        trust_characters(&now.iter().cloned().chain(more).collect::<Vec<_>>(), &place)
    };
    let (none, one, two) = (with(&[]), with(&["?"]), with(&["?", "*"]));
    let each = two - one;
    Some(MorePipelines { once: (one - none).saturating_sub(each), each })
}

/// The stages of that pipeline which takes the most of a trust policy.
pub(super) fn largest<'m>(names: Names<'_>, stages: &[Staged<'m>]) -> Vec<Staged<'m>> {
    let mut each: BTreeMap<&Id, (usize, Vec<Staged<'m>>)> = BTreeMap::new();
    for staged in stages {
        let (runs_in, pipeline, stage) = staged;
        let (characters, of_pipeline) = each.entry(&pipeline.header.id).or_default();
        *characters += pipeline::build_role(names, runs_in, pipeline, stage).len();
        of_pipeline.push(*staged);
    }
    let largest = each.into_values().max_by_key(|(characters, _)| *characters);
    largest.map(|(_, stages)| stages).unwrap_or_default()
}

/// Builds as long as these that are nobody's: no role's name has such an end.
fn stand_ins(builds: &[Trust], end: &str) -> Vec<Trust> {
    let stand_in = |build: &Trust| match build {
        Trust::Later { arn, name } => {
            let kept = &arn[..arn.len() - end.len()];
            Some(Trust::Later { arn: format!("{kept}{end}"), name: name.clone() })
        }
        Trust::Service(_) | Trust::Role { .. } | Trust::External { .. } | Trust::People(_) => None,
    };
    builds.iter().filter_map(stand_in).collect()
}
