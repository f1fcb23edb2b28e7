//! Statement templates as tables: actions, resources with placeholders, and conditions.
//!
//! The tables list actions, never patterns of actions. `*` as a resource is used only with actions that
//! the service authorization reference lists without resource types.

use lakewright_constructs::bucket::bucket_arn;
use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::Environment;
use lakewright_policies::Conditions;
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_synth::{Grant, Target};
use lakewright_template::Value;

use crate::Names;

/// One statement, with placeholders such as `{prefix}`.
pub(crate) struct Rule {
    pub(crate) sid: &'static str,
    pub(crate) actions: &'static [&'static str],
    pub(crate) resources: &'static [&'static str],
    pub(crate) when: When,
}

/// The condition of a rule. Only stacks set tags named `Team`; users cannot.
pub(crate) enum When {
    /// Without condition.
    Always,
    /// The resource has the team's tag.
    Tagged,
    /// The resource has the team's tag, and Lakewright did not create it.
    TaggedByTeam,
    /// The request sets the team's tag, and the resource does not have another team's tag.
    Requested,
    /// Like `Requested`, and Lakewright did not create the resource.
    RequestedByTeam,
    /// Like `Requested`, with these further conditions: operator, key and values.
    RequestedUnder(&'static [(Comparison, &'static str, &'static [&'static str])]),
    /// Like `TaggedByTeam`, and the request sets this key to this value or does not contain it.
    TaggedByTeamKeeping(&'static str, &'static str),
    /// Like `TaggedByTeam`, and the request does not set Lakewright's own tag.
    TaggedByTeamUnposed,
    /// The request sets the team's tag, for actions without resource types.
    RequestedOnly,
    /// The resource does not have another team's tag, with these further conditions.
    NotAnothersUnder(&'static [(Comparison, &'static str, &'static [&'static str])]),
    /// Only these conditions: operator, key and values.
    Holds(&'static [(Comparison, &'static str, &'static [&'static str])]),
}

/// The values of placeholders.
pub(crate) struct Fill {
    values: Vec<(&'static str, String)>,
    target: String,
}

impl Fill {
    /// The values of an environment.
    pub(crate) fn of_environment(names: Names<'_>, environment: &Environment) -> Self {
        let place = Names::place(environment);
        let bucket = bucket_arn(&place, &names.environment_bucket(environment));
        let results = bucket_arn(&place, &names.results_bucket(environment));
        Self {
            values: vec![
                ("partition", place.partition().to_owned()),
                ("region", place.region.to_string()),
                ("account", place.account.to_string()),
                ("prefix", environment.resource_prefix.to_string()),
                ("catalog_prefix", environment.resource_prefix.as_str().replace('-', "_")),
                ("env_bucket_arn", bucket),
                ("results_bucket_arn", results),
                ("mesh", names.mesh_id()),
            ],
            target: format!("environment/{}", environment.header.id),
        }
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.values.push((name, value));
        self
    }

    /// Replaces the prefix.
    #[must_use]
    pub(crate) fn with_prefix(mut self, prefix: &str) -> Self {
        for (name, value) in &mut self.values {
            if *name == "prefix" {
                prefix.clone_into(value);
            }
        }
        self
    }

    /// Fills the placeholders of a text. Policy variables (`${...}`) are kept.
    pub(crate) fn text(&self, template: &str) -> String {
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

    pub(crate) fn rule(&self, rule: &Rule, to: &impl Receives) -> Grant {
        let resources: Vec<String> =
            rule.resources.iter().map(|resource| self.text(resource)).collect();
        self.statement(rule.sid, rule.actions, resources, self.conditions(&rule.when), to)
    }

    pub(crate) fn pass_role(&self, arn: &str, services: &[Service], role: &impl Receives) -> Grant {
        let condition = Condition {
            operator: Operator::new(Comparison::StringEquals),
            key: "iam:PassedToService".into(),
            values: services.iter().map(|service| service.principal.into()).collect(),
        };
        let arn = self.text(arn);
        self.statement(
            "PassOwnRole",
            &["iam:PassRole"],
            vec![arn],
            Conditions::none().with(condition),
            role,
        )
    }

    pub(crate) fn statement(
        &self,
        sid: &str,
        actions: &[&'static str],
        resources: Vec<String>,
        conditions: Conditions,
        role: &impl Receives,
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
        // Another team's resource must not be taken over by changing its tag.
        let not_anothers = || Condition {
            operator: Operator::new(Comparison::StringEquals).if_exists(),
            key: RESOURCE.into(),
            values: vec![team()],
        };
        // A team must not tag its resources as created by Lakewright.
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
            When::RequestedUnder(conditions) => {
                let mut all = self.listed(conditions);
                for own in [equals(REQUEST), not_anothers(), not_posing()] {
                    all.add(own);
                }
                all
            }
            When::TaggedByTeamKeeping(key, value) => {
                none.with(equals(RESOURCE)).with(not_ours()).with(Condition {
                    operator: Operator::new(Comparison::StringEquals).if_exists(),
                    key: (*key).into(),
                    values: vec![(*value).into()],
                })
            }
            When::TaggedByTeamUnposed => {
                none.with(equals(RESOURCE)).with(not_ours()).with(not_posing()).with(Condition {
                    operator: Operator::new(Comparison::StringEquals).if_exists(),
                    key: REQUEST.into(),
                    values: vec![team()],
                })
            }
            When::RequestedByTeam => {
                none.with(equals(REQUEST)).with(not_anothers()).with(not_posing()).with(not_ours())
            }
            When::RequestedOnly => none.with(equals(REQUEST)).with(not_posing()),
            When::NotAnothersUnder(conditions) => self.listed(conditions).with(not_anothers()),
            When::Holds(conditions) => self.listed(conditions),
        }
    }

    fn listed(
        &self,
        conditions: &[(Comparison, &'static str, &'static [&'static str])],
    ) -> Conditions {
        let conditions = conditions.iter().map(|(comparison, key, values)| Condition {
            operator: Operator::new(*comparison),
            key: (*key).into(),
            values: values.iter().map(|value| Value::from(self.text(value))).collect(),
        });
        conditions.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DEV, TENANT, environment, mesh};

    const NAMESPACE: (Comparison, &str, &[&str]) =
        (Comparison::StringEquals, "cloudwatch:namespace", &["Glue"]);

    fn fill() -> Fill {
        let mesh = mesh(&[TENANT, DEV]);
        let names = Names::new(&mesh);
        Fill::of_environment(names, environment(&mesh, "dev")).with("team", "Readers".to_owned())
    }

    fn lines(when: &When) -> Vec<String> {
        fill().conditions(when).lines(|value| value.as_text().map(str::to_owned))
    }

    /// All that lets a team tag something anew, each with a resource that it may have been another team's.
    const REQUESTED: [When; 3] =
        [When::Requested, When::RequestedByTeam, When::RequestedUnder(&[NAMESPACE])];

    /// All that changes what is there.
    const CHANGES: [When; 4] = [
        When::TaggedByTeam,
        When::TaggedByTeamKeeping("sagemaker:RootAccess", "Disabled"),
        When::TaggedByTeamUnposed,
        When::RequestedByTeam,
    ];

    // "How teams are kept apart" in `docs/stacks/team.md`.

    #[test]
    fn nothing_of_another_team_is_taken_over_by_tagging_it_anew() {
        for when in &REQUESTED {
            let lines = lines(when);
            assert!(lines.contains(&"StringEquals aws:RequestTag/Team Readers".to_owned()));
            // `IfExists`: what is made has no tag yet.
            let kept = "StringEqualsIfExists aws:ResourceTag/Team Readers".to_owned();
            assert!(lines.contains(&kept), "{lines:?}");
        }
        let moved = "StringEqualsIfExists aws:RequestTag/Team Readers".to_owned();
        assert!(lines(&When::TaggedByTeamUnposed).contains(&moved), "nor is it given away");
    }

    #[test]
    fn what_the_stacks_made_is_not_changed_by_teams() {
        for when in &CHANGES {
            let lines = lines(when);
            let made = "Null aws:ResourceTag/lakewright:mesh true".to_owned();
            assert!(lines.contains(&made), "{lines:?}");
        }
    }

    #[test]
    fn nobody_passes_something_off_as_made_by_the_stacks() {
        let only = [When::RequestedOnly, When::TaggedByTeamUnposed];
        for when in REQUESTED.iter().chain(&only) {
            let lines = lines(when);
            let posed = "Null aws:RequestTag/lakewright:mesh true".to_owned();
            assert!(lines.contains(&posed), "{lines:?}");
        }
    }

    #[test]
    fn a_rule_under_conditions_keeps_all_of_them() {
        let listed = "StringEquals cloudwatch:namespace Glue".to_owned();
        assert_eq!(lines(&When::Holds(&[NAMESPACE])), [listed.as_str()]);
        for when in [When::RequestedUnder(&[NAMESPACE]), When::NotAnothersUnder(&[NAMESPACE])] {
            assert!(lines(&when).contains(&listed));
        }
        assert!(lines(&When::Always).is_empty());
        assert_eq!(lines(&When::Tagged), ["StringEquals aws:ResourceTag/Team Readers"]);
    }

    #[test]
    fn placeholders_are_filled_in_and_policy_variables_are_left() {
        let fill = fill();
        assert_eq!(
            fill.text("arn:{partition}:glue:{region}:{account}:table/{catalog_prefix}_*/*"),
            "arn:aws:glue:eu-west-1:222222222222:table/lakewright_*/*"
        );
        // "IAM policy elements: Variables and tags" in the IAM user guide.
        let variable = "profile/${aws:PrincipalTag/team}/${team}";
        assert_eq!(fill.text(variable), variable);
        assert_eq!(fill.text("{unknown}/{prefix}-*"), "{unknown}/lakewright-*");
    }

    #[test]
    fn a_role_is_handed_to_named_services_only() {
        let mesh = mesh(&[TENANT, DEV]);
        let dev = environment(&mesh, "dev");
        let names = Names::new(&mesh);
        let team = dev.teams.first().expect("the environment's own team");
        let role = names.team_role(dev, team);
        let grant =
            fill().pass_role("arn:{partition}:iam::{account}:role/x", &[Service::GLUE], &role);
        assert_eq!(grant.actions, ["iam:PassRole"]);
        assert_eq!(grant.known_resources, ["arn:aws:iam::222222222222:role/x"]);
        // "Granting a user permissions to pass a role to an AWS service" in the IAM user guide.
        let lines = grant.conditions.lines(|value| value.as_text().map(str::to_owned));
        assert_eq!(lines, ["StringEquals iam:PassedToService glue.amazonaws.com"]);
    }
}
