//! Who lets a pipeline go on to a stage: the team of that stage, and nobody else.
//!
//! CodePipeline has no resource policies, so whoever approves is a role of the pipeline's account (source: "How
//! AWS CodePipeline works with IAM"). A team of another account, or with an imported role, approves through a
//! role of the pipeline's stack that trusts the team's and can do nothing else.

use lakewright_constructs::role::{Policies, Receives, Role, Trust};
use lakewright_manifest::mesh::{Environment, EnvironmentTeam, Pipeline, Stage, Strategy};
use lakewright_policies::Conditions;
use lakewright_synth::{Grant, Grants, Scope, Target};

use crate::Names;
use crate::team::grantee_name;

/// The action of an approving stage.
pub(super) const ACTION: &str = "Approve";

/// What shows what waits, with the token that an answer has to give. Source: "Grant approval permissions to an
/// IAM user in CodePipeline".
const LOOK: [&str; 2] = ["codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState"];

/// The approval of one stage of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approval<'m> {
    names: Names<'m>,
    /// Where the pipeline runs.
    runs_in: &'m Environment,
    pipeline: &'m Pipeline,
    stage: &'m Stage,
}

impl<'m> Approval<'m> {
    /// The approval of a stage; none of a first stage, and none where each stage has a branch of its own.
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

    /// The name of the pipeline's stage that waits.
    pub(super) fn stage_name(self) -> String {
        format!("Approve-{}", self.stage.id())
    }

    /// Whether the team's own role cannot approve: it lies in another account, or is not ours to give rights to.
    fn is_through_role(self, environment: &Environment, team: &EnvironmentTeam) -> bool {
        environment.account != self.runs_in.account || team.iam_role_arn.is_some()
    }

    fn role_name(self) -> String {
        let Self { names, runs_in, pipeline, stage } = self;
        names.pipeline_stage(runs_in, &pipeline.header.id, stage.id(), "approve")
    }

    /// The role that approves, on the command line.
    fn grantee(self) -> String {
        format!("pipeline-approve-role/{}/{}", self.pipeline.header.id, self.stage.id())
    }

    /// The role that the stage's team approves through, where it needs one.
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

    /// What the role of the stage's team gets: the approval itself, or the role that approves.
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

    /// The answer to one action of one stage, by its whole name, and what shows that it waits.
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
