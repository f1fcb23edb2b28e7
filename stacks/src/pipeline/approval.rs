//! The approval of a pipeline's stage, by the stage's team only.
//!
//! CodePipeline has no resource policies, so the approving role must be in the pipeline's account (source: "How
//! AWS CodePipeline works with IAM"). A team of another account, or with an imported role, approves through a
//! role of the pipeline's stack. That role trusts the team's role and has no other permissions.

use lakewright_constructs::role::{Policies, Receives, Role, Trust};
use lakewright_manifest::mesh::{Environment, EnvironmentTeam, Pipeline, Stage, Strategy};
use lakewright_policies::Conditions;
use lakewright_synth::{Grant, Grants, Scope, Target};

use crate::Names;
use crate::names::grantee_name;

/// The action in an approval stage.
pub(super) const ACTION: &str = "Approve";

/// Actions that show waiting approvals, with the token that the answer requires. Source: "Grant approval
/// permissions to an IAM user in CodePipeline".
const LOOK: [&str; 2] = ["codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState"];

/// The approval of one stage of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approval<'m> {
    names: Names<'m>,
    /// The environment that the pipeline runs in.
    runs_in: &'m Environment,
    pipeline: &'m Pipeline,
    stage: &'m Stage,
}

impl<'m> Approval<'m> {
    /// The approval of a stage; `None` for the first stage, and if each stage has its own branch.
    pub(crate) fn of(
        names: Names<'m>,
        runs_in: &'m Environment,
        pipeline: &'m Pipeline,
        stage: &'m Stage,
    ) -> Option<Self> {
        let is_first = pipeline.stages.first().is_none_or(|first| first.id() == stage.id());
        let waits = !is_first && pipeline.strategy != Strategy::Gitflow;
        waits.then_some(Self { names, runs_in, pipeline, stage })
    }

    /// The name of the pipeline stage that waits for approval.
    pub(super) fn stage_name(self) -> String {
        format!("Approve-{}", self.stage.id())
    }

    /// Whether the team needs a separate role to approve: its own is in another account, or is imported.
    fn is_through_role(self, environment: &Environment, team: &EnvironmentTeam) -> bool {
        environment.account != self.runs_in.account || team.iam_role_arn.is_some()
    }

    fn role_name(self) -> String {
        let Self { names, runs_in, pipeline, stage } = self;
        names.pipeline_stage(runs_in, &pipeline.header.id, stage.id(), "approve")
    }

    /// The principal name of the approving role, as on the command line.
    fn grantee(self) -> String {
        format!("pipeline-approve-role/{}/{}", self.pipeline.header.id, self.stage.id())
    }

    /// Declares the role through which the stage's team approves, if it needs one.
    pub(super) fn role(
        self,
        scope: &mut Scope<'_>,
        environment: &Environment,
        team: &EnvironmentTeam,
    ) {
        if !self.is_through_role(environment, team) {
            return;
        }
        let role = Role {
            name: self.role_name(),
            description: format!(
                "Approves stage {} of pipeline {}",
                self.stage.id(),
                self.pipeline.header.id
            ),
            grantee: self.grantee(),
            trust: vec![Trust::Role {
                arn: self.names.team_role_arn(environment, team),
                name: grantee_name(environment, team),
                actions: &["sts:AssumeRole"],
            }],
            policies: Policies::Inline("pipeline".to_owned()),
            boundary: Some(Names::boundary_arn(self.runs_in)),
            tags: Vec::new(),
        };
        let role = scope.add("Approver", role);
        scope.grant(self.approve(&role));
    }

    /// The grants for the role of the stage's team: to approve, or to assume the approving role.
    pub(crate) fn of_team(
        self,
        environment: &Environment,
        team: &EnvironmentTeam,
        to: &impl Receives,
    ) -> Grants {
        if !self.is_through_role(environment, team) {
            return self.approve(to);
        }
        let place = Names::place(self.runs_in);
        let arn = place.role_arn(&self.role_name());
        Grants(vec![Grant {
            access: "assume",
            target: Target { name: self.grantee(), account: place.account, policy: None },
            ..self.grant("ApproveThroughRole", &["sts:AssumeRole"], arn, to)
        }])
    }

    /// Grants answering one approval action of one stage, by its full name, and reading that it waits.
    fn approve(self, to: &impl Receives) -> Grants {
        let place = Names::place(self.runs_in);
        let name = self.names.pipeline(self.runs_in, &self.pipeline.header.id, "");
        let pipeline = place.arn("codepipeline", &name);
        let action = format!("{pipeline}/{}/{ACTION}", self.stage_name());
        Grants(vec![
            self.grant("ApproveStage", &["codepipeline:PutApprovalResult"], action, to),
            self.grant("SeeApproval", &LOOK, pipeline, to),
        ])
    }

    fn grant(self, sid: &str, actions: &[&'static str], arn: String, to: &impl Receives) -> Grant {
        Grant {
            sid: sid.to_owned(),
            grantee: to.grantee().clone(),
            access: "approve",
            target: Target {
                name: format!("pipeline/{}", self.pipeline.header.id),
                account: self.runs_in.account.clone(),
                policy: None,
            },
            actions: actions.to_vec(),
            resources: vec![arn.clone().into()],
            own_resources: Vec::new(),
            known_resources: vec![arn],
            conditions: Conditions::none(),
        }
    }
}
