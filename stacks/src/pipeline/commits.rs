//! The rules by which a commit starts the pipeline of its branch, and their role.

use lakewright_constructs::cfn::{codecommit, events};
use lakewright_policies::Conditions;
use lakewright_policies::service::Service;
use lakewright_synth::{Grants, Options, Scope};
use lakewright_template::{Expr, Map, Ref, Value};

use super::Context;

impl Context<'_> {
    /// Starts the pipeline of a branch on each commit, without polling.
    pub(super) fn events(
        &self,
        scope: &mut Scope<'_>,
        repository: &Ref<codecommit::Repository>,
        started: &[(String, String)],
    ) -> Vec<Ref<events::Rule>> {
        let role = scope.add("EventRole", self.role("start", Service::EVENTS, "Starts"));
        let arns = started.iter().map(|(name, _)| self.place.arn("codepipeline", name)).collect();
        let start = self.grant(
            "Start",
            &role,
            &["codepipeline:StartPipelineExecution"],
            arns,
            Conditions::none(),
        );
        scope.grant(Grants(vec![start]));
        let mut rules = Vec::new();
        for (name, branch) in started {
            let list = |value: Value| Value::List(vec![value]);
            let detail = Map::new()
                .with(
                    "event",
                    Value::List(vec!["referenceCreated".into(), "referenceUpdated".into()]),
                )
                .with("referenceName", list(branch.clone().into()))
                .with("referenceType", list("branch".into()));
            let arn: Expr<lakewright_template::Text> =
                repository.attribute(&codecommit::Repository::ARN).into();
            let pattern = Map::new()
                .with("detail", detail)
                .with("detail-type", list("CodeCommit Repository State Change".into()))
                .with("resources", list(arn.into()))
                .with("source", list("aws.codecommit".into()));
            let commits = events::Rule {
                name: Some(name.clone().into()),
                description: Some(format!("Commits on {branch}").into()),
                event_pattern: Some(pattern.into()),
                state: Some("ENABLED".into()),
                targets: Some(vec![events::RuleTarget {
                    id: Some("pipeline".into()),
                    arn: Some(self.place.arn("codepipeline", name).into()),
                    role_arn: Some(role.arn()),
                    ..events::RuleTarget::default()
                }]),
                ..events::Rule::default()
            };
            rules.push(scope.named_child("Commits", name).resource(commits, Options::default()));
        }
        rules
    }
}
