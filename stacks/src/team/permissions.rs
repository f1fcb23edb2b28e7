//! What a team's role may do besides reaching data, by permission and feature.
//!
//! The tables name actions, never patterns of actions. `*` as a resource stands
//! only with actions that the service authorization reference lists without
//! resource types. `lakewright:mesh` is the tag of everything that Lakewright's
//! stacks make: teams may use such things, and change only what they made.

mod analytics;
mod base;
mod dashboards;
mod machine_learning;
mod pipelines;

use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, EnvironmentTeam, Features};
use lakewright_policies::service::Service;
use lakewright_synth::{Grants, Scope};

use crate::Names;
use crate::rules::{Fill, Rule, When};

/// Rules that go together.
struct Block {
    /// The permission that the team must have.
    permission: Option<EnvironmentPermission>,
    /// The feature that must be on.
    feature: fn(&Features) -> bool,
    rules: &'static [Rule],
}

const BLOCKS: [&[Block]; 5] = [
    base::BLOCKS,
    analytics::BLOCKS,
    machine_learning::BLOCKS,
    pipelines::BLOCKS,
    dashboards::BLOCKS,
];

/// A service, the permission that the team must have and the feature that must be on.
type Gate = (Service, Option<EnvironmentPermission>, fn(&Features) -> bool);

/// Services that a team's role works for, with what the team needs for each.
const SERVICES: [Gate; 9] = [
    (Service::GLUE, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::DATABREW, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateStudioProfile), |features| {
        features.ml_studio
    }),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateNotebook), |features| {
        features.notebooks
    }),
    (Service::QUICKSIGHT, Some(EnvironmentPermission::CreateDashboard), |features| {
        features.dashboards
    }),
    (Service::LAMBDA, Some(EnvironmentPermission::CreatePipeline), |features| features.pipelines),
    (Service::STEP_FUNCTIONS, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
    (Service::CODEBUILD, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
    (Service::CODEPIPELINE, Some(EnvironmentPermission::CreatePipeline), |features| {
        features.pipelines
    }),
];

fn is_allowed(team: &EnvironmentTeam, permission: Option<EnvironmentPermission>) -> bool {
    permission.is_none_or(|permission| team.permissions.contains(&permission))
}

/// The services that may assume the role: the same that the team may pass it to.
pub(super) fn services(environment: &Environment, team: &EnvironmentTeam) -> Vec<Service> {
    let mut services: Vec<Service> = SERVICES
        .into_iter()
        .filter(|(_, permission, feature)| {
            is_allowed(team, *permission) && feature(&environment.features)
        })
        .map(|(service, ..)| service)
        .collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// Grants the role what the team's permissions and the environment's features give.
pub(super) fn grant(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    let fill = Fill::of_environment(names, environment)
        .with("team", team.team.to_string())
        .with("role_name", names.team(environment, &team.team))
        .with("team_role_arn", names.team_role_arn(environment, team))
        .with("workgroup_arn", names.workgroup_arn(environment, &team.team));
    let mut grants = Vec::new();
    for block in BLOCKS.into_iter().flatten() {
        if is_allowed(team, block.permission) && (block.feature)(&environment.features) {
            grants.extend(block.rules.iter().map(|rule| fill.rule(rule, role)));
        }
    }
    let services = services(environment, team);
    if !services.is_empty() {
        grants.push(fill.pass_role("{team_role_arn}", &services, role));
    }
    scope.grant(Grants(grants));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> impl Iterator<Item = &'static Rule> {
        BLOCKS.into_iter().flatten().flat_map(|block| block.rules)
    }

    #[test]
    fn actions_are_named_and_resources_are_filled_in() {
        for rule in rules() {
            assert!(rule.actions.iter().all(|action| !action.contains('*')), "{}", rule.sid);
            assert!(rule.actions.iter().all(|action| action.contains(':')), "{}", rule.sid);
        }
    }

    #[test]
    fn names_of_statements_are_unique() {
        let mut sids: Vec<&str> = rules().map(|rule| rule.sid).collect();
        let count = sids.len();
        sids.sort_unstable();
        sids.dedup();
        assert_eq!(sids.len(), count);
    }

    #[test]
    fn what_escalates_is_in_no_rule() {
        // data.all's weaknesses 1, 2, 4, 6, 8 and 9 (docs/parity.md).
        const FORBIDDEN: [&str; 12] = [
            "cloudformation:CreateStackSet",
            "cloudformation:UpdateStack",
            "codebuild:ImportSourceCredentials",
            "codepipeline:PutJobSuccessResult",
            "iam:AttachRolePolicy",
            "iam:CreatePolicyVersion",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "sagemaker:CreateUserProfile",
            "states:SendTaskSuccess",
            "sts:AssumeRole",
        ];
        for rule in rules() {
            for action in rule.actions {
                assert!(!FORBIDDEN.contains(action), "{}: {action}", rule.sid);
            }
            let changes_stacks = rule.actions.contains(&"cloudformation:ExecuteChangeSet");
            assert!(!changes_stacks || matches!(rule.when, When::TaggedByTeam), "{}", rule.sid);
        }
    }
}
