//! The branches of `gitflow`, each created from `main` if it is missing.
//!
//! CloudFormation fills one branch of a repository, and the pipeline of a missing branch fails. So a separate
//! pipeline creates the others: when it is created, when its branches change, and on each commit to `main`. Existing
//! branches are never changed, and a new branch starts its stage's pipeline.

use lakewright_constructs::bucket::{BucketHandle, BucketTraffic as _};
use lakewright_constructs::cfn::{codebuild, codecommit, events};
use lakewright_constructs::delivery::{
    ActionKind, Build, BuildSource, DeliveryPipeline, log_group,
};
use lakewright_constructs::key::KeyHandle;
use lakewright_constructs::role::RoleHandle;
use lakewright_manifest::mesh::Strategy;
use lakewright_policies::Conditions;
use lakewright_policies::actions::LOG_WRITE;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_synth::{Grants, PolicySlot, Scope};
use lakewright_template::{Ref, Value};

use super::{Context, action};

/// The part in names, also in that of the role.
pub(super) const PART: &str = "branches";

/// The branch that the seed fills.
pub(super) const MAIN: &str = "main";

/// Creates each missing branch. The commands are part of the template, so no commit can change what runs with the
/// build's role. `CreateBranch` rejects an existing branch (`BranchNameExistsException`).
const BUILD_SPEC: &str = "\
version: 0.2
phases:
  build:
    commands:
      - |
        commit=\"$(aws codecommit get-branch --repository-name \"$REPOSITORY\" --branch-name main --query branch.commitId --output text)\" || exit 1
        for branch in $BRANCHES; do
          aws codecommit get-branch --repository-name \"$REPOSITORY\" --branch-name \"$branch\" && continue
          aws codecommit create-branch --repository-name \"$REPOSITORY\" --branch-name \"$branch\" --commit-id \"$commit\" || exit 1
        done
";

/// The resources that the pipeline of the branches uses.
pub(super) struct Parts<'p> {
    pub(super) runner: &'p RoleHandle,
    pub(super) key: &'p KeyHandle,
    pub(super) artifacts: &'p BucketHandle,
}

impl Context<'_> {
    /// The branches other than the one that the seed fills; empty if the repository belongs to another owner.
    pub(super) fn missing_branches(&self) -> Vec<String> {
        if self.pipeline.strategy != Strategy::Gitflow || self.pipeline.source.is_some() {
            return Vec::new();
        }
        let branches = self.lines().into_iter().map(|(_, branch, _)| branch);
        branches.filter(|branch| branch != MAIN).collect()
    }

    /// The pipeline that creates branches. It depends on the rules by which a new branch starts its stage's pipeline.
    pub(super) fn branch_pipeline(
        &self,
        scope: &mut Scope<'_>,
        branches: &[String],
        repository: &Ref<codecommit::Repository>,
        parts: &Parts<'_>,
        rules: &[Ref<events::Rule>],
    ) {
        if branches.is_empty() {
            return;
        }
        let (project, policy) = self.brancher(scope, branches, parts);
        let variables = vec![("BRANCHES", branches.join(" "))];
        let kind = ActionKind::Build { project: project.name(), variables };
        let make = vec![action("Make", kind)];
        let source = vec![self.source(Some(repository), MAIN)];
        let after = parts.artifacts.policy().into_iter().chain(policy).collect();
        let pipeline = DeliveryPipeline {
            name: self.name(PART),
            role: parts.runner.clone(),
            artifacts: parts.artifacts.clone(),
            key: parts.key.clone(),
            stages: vec![("Source".to_owned(), source), ("Branches".to_owned(), make)],
            after,
            after_resources: rules.iter().map(|rule| rule.logical_id().clone()).collect(),
            restart: true,
        };
        scope.add("BranchPipeline", pipeline);
    }

    /// The build that creates branches. It may create only these branches of this repository.
    fn brancher(
        &self,
        scope: &mut Scope<'_>,
        branches: &[String],
        parts: &Parts<'_>,
    ) -> (Ref<codebuild::Project>, Option<PolicySlot>) {
        let role =
            scope.add("BranchRole", self.role(PART, Service::CODEBUILD, "Makes branches of"));
        scope.grant(parts.artifacts.grant_read(&role));
        let group = self.place.arn("logs", &format!("log-group:{}", log_group(&self.name(PART))));
        let repository = vec![self.place.arn("codecommit", &self.name(""))];
        let names = branches.iter().map(|branch| Value::from(format!("refs/heads/{branch}")));
        // Source: "Actions, resources, and condition keys for AWS CodeCommit": `CreateBranch` has `codecommit:References`.
        let only = names.fold(Conditions::none(), |conditions, name| {
            conditions.with(Condition::new(Comparison::StringEquals, "codecommit:References", name))
        });
        let none = Conditions::none;
        let logs = vec![group.clone(), format!("{group}:*")];
        let look = ["codecommit:GetBranch"];
        let make = ["codecommit:CreateBranch"];
        scope.grant(Grants(vec![
            self.grant("Logs", &role, &LOG_WRITE, logs, none()),
            self.grant("LookAtBranches", &role, &look, repository.clone(), none()),
            self.grant("MakeBranches", &role, &make, repository, only),
        ]));
        let policy = role.policy();
        let project = scope.add(
            "Branches",
            Build {
                name: self.name(PART),
                description: format!("Makes branches of pipeline {}", self.pipeline.header.id),
                role,
                key: parts.key.clone(),
                build_spec: BUILD_SPEC.to_owned(),
                variables: vec![("REPOSITORY", self.name(""))],
                source: BuildSource::Pipeline,
            },
        );
        (project, policy)
    }
}
