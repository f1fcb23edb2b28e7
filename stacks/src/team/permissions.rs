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

use lakewright_constructs::bucket::bucket_arn;
use lakewright_constructs::role::{Receives as _, RoleHandle};
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, EnvironmentTeam, Features};
use lakewright_policies::Conditions;
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_synth::{Grant, Grants, Scope, Target};
use lakewright_template::Value;

use crate::Names;

/// Rules that go together.
struct Block {
    /// The permission that the team must have.
    permission: Option<EnvironmentPermission>,
    /// The feature that must be on.
    feature: fn(&Features) -> bool,
    rules: &'static [Rule],
}

/// One statement, with `{prefix}` and the like to be filled in.
struct Rule {
    sid: &'static str,
    actions: &'static [&'static str],
    resources: &'static [&'static str],
    when: When,
}

/// When a rule applies. Tags called `Team` are set by stacks and cannot be set by users.
enum When {
    /// Always.
    Always,
    /// On what carries the team's tag.
    Tagged,
    /// On what carries the team's tag and was not made by Lakewright.
    TaggedByTeam,
    /// On what the request tags for the team and does not carry another team's tag.
    Requested,
    /// Like `Requested`, on what was not made by Lakewright.
    RequestedByTeam,
    /// On what the request tags for the team, for actions that know no resource.
    RequestedOnly,
    /// Under these conditions: operator, key and values.
    Holds(&'static [(Comparison, &'static str, &'static [&'static str])]),
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
const SERVICES: [Gate; 8] = [
    (Service::GLUE, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::DATABREW, Some(EnvironmentPermission::CreateDataset), |features| features.datasets),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateStudioProfile), |features| {
        features.ml_studio
    }),
    (Service::SAGEMAKER, Some(EnvironmentPermission::CreateNotebook), |features| {
        features.notebooks
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
    role: &RoleHandle,
) {
    let fill = Fill::new(names, environment, team);
    let mut grants = Vec::new();
    for block in BLOCKS.into_iter().flatten() {
        if is_allowed(team, block.permission) && (block.feature)(&environment.features) {
            grants.extend(block.rules.iter().map(|rule| fill.rule(rule, role)));
        }
    }
    let services = services(environment, team);
    if !services.is_empty() {
        grants.push(fill.pass_role(&services, role));
    }
    scope.grant(Grants(grants));
}

/// What placeholders stand for.
struct Fill {
    values: [(&'static str, String); 10],
    target: String,
}

impl Fill {
    fn new(names: Names<'_>, environment: &Environment, team: &EnvironmentTeam) -> Self {
        let place = Names::place(environment);
        let bucket = bucket_arn(&place, &names.environment_bucket(environment));
        Self {
            values: [
                ("partition", place.partition().to_owned()),
                ("region", place.region.clone()),
                ("account", place.account.clone()),
                ("prefix", environment.resource_prefix.to_string()),
                ("catalog_prefix", environment.resource_prefix.as_str().replace('-', "_")),
                ("team", team.team.to_string()),
                ("role_name", names.team(environment, &team.team)),
                ("team_role_arn", names.team_role_arn(environment, team)),
                ("workgroup_arn", names.workgroup_arn(environment, &team.team)),
                ("env_bucket_arn", bucket),
            ],
            target: format!("environment/{}", environment.header.id),
        }
    }

    /// The text with placeholders filled in. Policy variables (`${...}`) stay as they are.
    fn text(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            text.push_str(&rest[..start]);
            let is_variable = text.ends_with('$');
            let inside = &rest[start + 1..];
            let end = inside.find('}').map_or(inside.len(), |end| end);
            let name = &inside[..end];
            let value = self.values.iter().find(|(key, _)| *key == name && !is_variable);
            if let Some((_, value)) = value {
                text.push_str(value);
            } else {
                text.push('{');
                text.push_str(name);
                text.push('}');
            }
            rest = inside.get(end + 1..).unwrap_or_default();
        }
        text.push_str(rest);
        text
    }

    fn rule(&self, rule: &Rule, to: &RoleHandle) -> Grant {
        let resources: Vec<String> =
            rule.resources.iter().map(|resource| self.text(resource)).collect();
        self.statement(rule.sid, rule.actions, resources, self.conditions(&rule.when), to)
    }

    fn pass_role(&self, services: &[Service], role: &RoleHandle) -> Grant {
        let condition = Condition {
            operator: Operator::new(Comparison::StringEquals),
            key: "iam:PassedToService".into(),
            values: services.iter().map(|service| service.principal.into()).collect(),
        };
        let arn = self.text("{team_role_arn}");
        self.statement(
            "PassOwnRole",
            &["iam:PassRole"],
            vec![arn],
            Conditions::none().with(condition),
            role,
        )
    }

    fn statement(
        &self,
        sid: &str,
        actions: &[&'static str],
        resources: Vec<String>,
        conditions: Conditions,
        role: &RoleHandle,
    ) -> Grant {
        let grantee = role.grantee().clone();
        Grant {
            sid: sid.to_owned(),
            target: Target {
                name: self.target.clone(),
                account: grantee.account.clone(),
                policy: None,
            },
            grantee,
            access: "work",
            actions: actions.to_vec(),
            resources: resources.iter().cloned().map(Value::from).collect(),
            own_resources: Vec::new(),
            known_resources: resources,
            conditions,
        }
    }

    fn conditions(&self, when: &When) -> Conditions {
        const RESOURCE: &str = "aws:ResourceTag/Team";
        const REQUEST: &str = "aws:RequestTag/Team";
        let team = || Value::from(self.text("{team}"));
        let equals = |key: &'static str| Condition::new(Comparison::StringEquals, key, team());
        // What carries another team's tag must not be taken over by tagging it anew.
        let not_anothers = || Condition {
            operator: Operator::new(Comparison::StringEquals).if_exists(),
            key: RESOURCE.into(),
            values: vec![team()],
        };
        // Nobody may pass something off as made by Lakewright.
        let not_posing =
            || Condition::new(Comparison::Null, "aws:RequestTag/lakewright:mesh", "true");
        let not_ours =
            || Condition::new(Comparison::Null, "aws:ResourceTag/lakewright:mesh", "true");
        let none = Conditions::none();
        match when {
            When::Always => none,
            When::Tagged => none.with(equals(RESOURCE)),
            When::TaggedByTeam => none.with(equals(RESOURCE)).with(not_ours()),
            When::Requested => none.with(equals(REQUEST)).with(not_anothers()).with(not_posing()),
            When::RequestedByTeam => {
                none.with(equals(REQUEST)).with(not_anothers()).with(not_posing()).with(not_ours())
            }
            When::RequestedOnly => none.with(equals(REQUEST)).with(not_posing()),
            When::Holds(conditions) => conditions
                .iter()
                .map(|(comparison, key, values)| Condition {
                    operator: Operator::new(*comparison),
                    key: (*key).into(),
                    values: values.iter().map(|value| Value::from(self.text(value))).collect(),
                })
                .collect(),
        }
    }
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
