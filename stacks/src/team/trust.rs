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

/// The builds of stages that deploy as the team. A pipeline's stack may be created after the team's stack, and
/// deleted before it.
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

/// What one more pipeline with stages like these adds; `None` without stages.
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

/// The stages of the pipeline that uses the most of a trust policy.
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

/// Build entries of the same length for roles that do not exist: no role's name has this suffix.
fn stand_ins(builds: &[Trust], end: &str) -> Vec<Trust> {
    let stand_in = |build: &Trust| match build {
        Trust::Later { arn, name } => {
            let kept = &arn[..arn.len() - end.len()];
            Some(Trust::Later { arn: format!("{kept}{end}"), name: name.clone() })
        }
        Trust::Service(_)
        | Trust::Role { .. }
        | Trust::External { .. }
        | Trust::SessionTags { .. }
        | Trust::People(_) => None,
    };
    builds.iter().filter_map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::{Code, Mesh};
    use lakewright_template::Place;

    use super::*;
    use crate::team;
    use crate::testing::{
        ALL_ON, DEV, LOADER, TENANT, delivery, environment, member, mesh, with_permissions,
    };

    fn of(mesh: &Mesh, id: &str, name: &str) -> Vec<Trust> {
        let place = environment(mesh, id);
        let team = member(place, name);
        let all = team::belongings(mesh, &[]);
        let own = all.get(&(&place.header.id, &team.team));
        let pipelines = own.map(|own| own.pipelines.as_slice()).unwrap_or_default();
        of_role(Names::new(mesh), place, team, pipelines)
    }

    // "Who assumes `team/ENVIRONMENT/TEAM`" in `docs/stacks/team.md`.

    #[test]
    fn a_team_without_permissions_trusts_the_pivot_role_of_its_environment_alone() {
        let mesh = mesh(&[TENANT, &(with_permissions(DEV, "create_share") + ALL_ON)]);
        let all = of(&mesh, "dev", "Readers");
        let [Trust::Role { name, actions, .. }] = all.as_slice() else {
            unreachable!("one entry: {all:?}")
        };
        assert_eq!(name, "pivot-role/dev");
        assert_eq!(*actions, ["sts:AssumeRole"], "no session tags");
    }

    #[test]
    fn a_build_is_trusted_by_the_team_of_its_stage_alone() {
        let mesh = delivery(&[LOADER]);
        let builds = |id: &str, team: &str| -> Vec<String> {
            let later = of(&mesh, id, team).into_iter().filter_map(|one| match one {
                Trust::Later { name, .. } => Some(name),
                Trust::Service(_)
                | Trust::Role { .. }
                | Trust::External { .. }
                | Trust::SessionTags { .. }
                | Trust::People(_) => None,
            });
            later.collect()
        };
        assert_eq!(builds("dev", "Readers"), ["pipeline-build-role/loader/test"]);
        assert_eq!(builds("lab", "Scientists"), ["pipeline-build-role/loader/prod"]);
        assert!(builds("dev", "Owners").is_empty(), "the pipeline's own team has no stage");
        assert!(builds("lab", "Owners").is_empty());
    }

    #[test]
    fn one_more_pipeline_takes_what_was_said() {
        // As long as each other, in one account.
        let pipelines = ["a", "b", "c"].map(|id| LOADER.replace("loader", &format!("loader-{id}")));
        let texts: Vec<&str> = pipelines.iter().map(String::as_str).collect();
        let size = |count: usize| {
            let mesh = delivery(&texts[..count]);
            let place = Names::place(environment(&mesh, "dev"));
            trust_characters(&of(&mesh, "dev", "Readers"), &place)
        };
        let more = |count: usize| {
            let mesh = delivery(&texts[..count]);
            let dev = environment(&mesh, "dev");
            let names = Names::new(&mesh);
            let all = team::belongings(&mesh, &[]);
            let here = team::largest_pipeline(names, dev, &all);
            team::more_pipelines(names, dev, member(dev, "Readers"), &all, &here)
        };
        assert_eq!(more(0), None, "without a pipeline nothing is known");
        let first = more(1).expect("something is known");
        assert_eq!(size(2) - size(1), first.once + first.each);
        let second = more(2).expect("something is known");
        assert_eq!((second.once, second.each), (0, size(3) - size(2)));
    }

    #[test]
    fn what_takes_the_most_of_a_trust_policy_comes_first() {
        let mesh = delivery(&[LOADER]);
        let dev = environment(&mesh, "dev");
        let readers = member(dev, "Readers");
        let all = team::belongings(&mesh, &[]);
        let stages = &all[&(&dev.header.id, &readers.team)].pipelines;
        let found = Diagnostic::new(Code::LimitExceeded, "too long");
        let found = too_long(found, Names::new(&mesh), dev, readers, stages);
        let texts: Vec<&str> =
            found.primary.iter().chain(&found.related).map(|one| &*one.text).collect();
        let characters: Vec<usize> = texts
            .iter()
            .filter_map(|text| text.split(' ').next().and_then(|number| number.parse().ok()))
            .collect();
        assert_eq!(characters.len(), 2, "services and stages: {texts:?}");
        assert!(characters[0] >= characters[1], "{texts:?}");
        let help = found.help.expect("what helps");
        // "IAM and AWS STS quotas": role trust policy length, 8,192 characters at the most.
        assert!(help.contains("8192"), "{help}");
    }

    #[test]
    fn people_come_into_the_roles_of_listed_teams_alone() {
        let ways = [
            "identity_center: { region: eu-west-1 }, teams: { Readers: { permission_set: Readers } }",
            "saml: { provider: idp }, teams: { Readers: { groups: [readers] } }",
            "oidc: { provider: \"https://id.example.com\", audience: mesh }, teams: { Readers: { members: [ann] } }",
            "broker: { role_arn: \"arn:aws:iam::111111111111:role/portal\" }, teams: { Readers: {} }",
        ];
        let people = |way: &str, team: &str| {
            let access = format!("home_region: eu-west-1\naccess: {{ {way} }}\n");
            let tenant = TENANT.replace("home_region: eu-west-1\n", &access);
            let mesh = mesh(&[&tenant, DEV]);
            let all = of(&mesh, "dev", team);
            all.iter().filter(|one| matches!(one, Trust::People(_))).count()
        };
        for way in ways {
            assert!(people(way, "Readers") > 0, "{way}");
            assert_eq!(people(way, "Owners"), 0, "{way}");
        }
    }

    #[test]
    fn a_permission_set_is_that_of_the_roles_own_account() {
        let way = "home_region: eu-west-1\naccess: { identity_center: { region: eu-west-1 }, teams: { Readers: { permission_set: Readers } } }\n";
        let mesh = mesh(&[&TENANT.replace("home_region: eu-west-1\n", way), DEV]);
        let dev = environment(&mesh, "dev");
        let place = Place::parse("222222222222", "eu-west-1").expect("a place");
        let all = people::trust(&mesh.tenant, dev, member(dev, "Readers"));
        let policy = trust_characters(&all, &place);
        assert!(policy > trust_characters(&[], &place));
        let shown = format!("{all:?}");
        // "Referencing permission sets in resource policies, Amazon EKS, and AWS KMS" in the Identity Center guide.
        let role = "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Readers_????????????????";
        assert!(shown.contains(role), "{shown}");
    }
}
