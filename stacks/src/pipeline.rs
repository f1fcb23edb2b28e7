//! The `pipeline` stack: a repository, builds that deploy it, and approvals between stages.
//!
//! A build deploys to a stage as the stage's team: it assumes the team's role in the stage's account, whose
//! trust policy names the build. So a pipeline has no more permissions than its teams. Each stage except
//! the first needs its team's approval.

mod approval;
mod branches;
mod commits;
mod handed;
mod handout;
pub mod seed;

pub(crate) use handout::handouts;
use std::borrow::Cow;

use lakewright_constructs::bucket::{
    Bucket, BucketHandle, BucketTraffic as _, Encryption, Lifecycle, bucket_arn,
};
use lakewright_constructs::cfn::{codebuild, codecommit};
use lakewright_constructs::delivery::{
    Action, ActionKind, Build, BuildSource, DeliveryPipeline, Repository, log_group,
};
use lakewright_constructs::key::{Key, KeyHandle};
use lakewright_constructs::role::{Policies, Receives as _, Role, RoleHandle, Trust};
use lakewright_manifest::mesh::{Environment, Pipeline, Stage, Strategy};
use lakewright_policies::Conditions;
use lakewright_policies::actions::LOG_WRITE;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::service::Service;
use lakewright_synth::{Grant, Grants, PolicySlot, Record, Scope, Target};
use lakewright_template::place::Place;
use lakewright_template::{AccountId, Expr, Ref, Value};

use crate::Names;
use crate::asset::Asset;
use crate::names::grantee_name;
pub(crate) use approval::Approval;

/// Days that artifacts are kept.
const ARTIFACT_DAYS: i64 = 90;

/// The principal name of the role of a stage's builds, as on the command line.
pub(crate) fn build_grantee(pipeline: &Pipeline, stage: &Stage) -> String {
    format!("pipeline-build-role/{}/{}", pipeline.header.id, stage.id())
}

/// The inputs of this stack's modules.
struct Context<'m> {
    names: Names<'m>,
    environment: &'m Environment,
    pipeline: &'m Pipeline,
    place: Place,
}

/// The build that deploys a stage.
struct Deployment<'m> {
    stage: &'m Stage,
    project: Ref<codebuild::Project>,
    /// The policy of the builds' role.
    policy: Option<PolicySlot>,
}

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, pipeline: &Pipeline) -> Vec<Asset> {
    let environment = &*pipeline.environment;
    let place = Names::place(environment);
    let context = Context { names, environment, pipeline, place };
    context.build(scope)
}

/// The name of the role of one stage's builds.
pub(crate) fn build_role(
    names: Names<'_>,
    environment: &Environment,
    pipeline: &Pipeline,
    stage: &Stage,
) -> String {
    names.pipeline_stage(environment, &pipeline.header.id, stage.id(), "build")
}

impl Context<'_> {
    fn name(&self, part: &str) -> String {
        self.names.pipeline(self.environment, &self.pipeline.header.id, part)
    }

    /// The name of a part of one stage.
    fn stage_name(&self, stage: &Stage, part: &str) -> String {
        self.names.pipeline_stage(self.environment, &self.pipeline.header.id, stage.id(), part)
    }

    fn target(&self) -> String {
        format!("pipeline/{}", self.pipeline.header.id)
    }

    /// The branches that start pipelines, each with its stages: pipeline name, branch and stages.
    fn lines(&self) -> Vec<(String, String, Vec<&Stage>)> {
        let stages = &self.pipeline.stages;
        if self.pipeline.strategy == Strategy::Gitflow {
            let branch = |stage: &Stage| match stage.stage.as_str() {
                "prod" => "main".to_owned(),
                other => other.to_owned(),
            };
            let line = |stage| (self.stage_name(stage, ""), branch(stage), vec![stage]);
            return stages.iter().map(line).collect();
        }
        let source = self.pipeline.source.as_ref();
        let branch = source.map_or_else(|| "main".to_owned(), |source| source.branch.to_string());
        vec![(self.name(""), branch, stages.iter().collect())]
    }

    /// The key and the bucket of the artifacts.
    fn storage(&self, scope: &mut Scope<'_>) -> (KeyHandle, BucketHandle) {
        let key = scope.add(
            "Key",
            Key {
                description: format!("Artifacts of pipeline {}", self.pipeline.header.id),
                alias: self.name(""),
                target: self.target(),
                statements: Vec::new(),
                retain: self.pipeline.retain_on_delete,
            },
        );
        let artifacts = scope.add(
            "Artifacts",
            Bucket {
                name: self.name("artifacts"),
                encryption: Encryption::Kms(key.clone()),
                access_logs: Some(Expr::known_name(self.names.log_bucket(self.environment))),
                lifecycle: vec![Lifecycle::Expire { prefix: "", days: ARTIFACT_DAYS }],
                statements: Vec::new(),
                target: self.target(),
                retain: self.pipeline.retain_on_delete,
                access_points: None,
                events: None,
            },
        );
        (key, artifacts)
    }

    fn build(&self, scope: &mut Scope<'_>) -> Vec<Asset> {
        let (key, artifacts) = self.storage(scope);
        let (repository, assets) = self.repository(scope);
        let runner = scope.add("PipelineRole", self.role("run", Service::CODEPIPELINE, "Runs"));
        scope.grant(artifacts.grant_read_write(&runner));
        let deployments: Vec<Deployment<'_>> = self
            .pipeline
            .stages
            .iter()
            .map(|stage| self.deployment(scope, stage, &artifacts, &key))
            .collect();
        let update = (self.pipeline.strategy == Strategy::CdkTrunk)
            .then(|| self.updater(scope, &runner, &key, &artifacts));
        // CloudFormation starts a pipeline as soon as it creates it.
        let mut ready: Vec<PolicySlot> = artifacts.policy().into_iter().collect();
        ready.extend(deployments.iter().filter_map(|deployment| deployment.policy));
        ready.extend(update.as_ref().and_then(|(_, policy)| *policy));
        let update = update.map(|(project, _)| project);
        let missing = self.missing_branches();
        let projects: Vec<String> = deployments
            .iter()
            .map(|deployment| self.stage_name(deployment.stage, ""))
            .chain(update.iter().map(|_| self.name("update")))
            .chain((!missing.is_empty()).then(|| self.name(branches::PART)))
            .collect();
        self.runner_grants(scope, &runner, &projects);
        let mut started = Vec::new();
        for (name, branch, stages) in self.lines() {
            let source = self.source(repository.as_ref(), &branch);
            let mut parts = vec![("Source".to_owned(), vec![source])];
            if let Some(project) = &update {
                let action = action("Update", build_of(project));
                parts.push(("UpdatePipeline".to_owned(), vec![action]));
            }
            for stage in &stages {
                if let Some(approval) = self.approval_of(stage) {
                    parts.push((approval.stage_name(), vec![self.approval(stage)]));
                }
                let deployment =
                    deployments.iter().find(|deployment| deployment.stage.id() == stage.id());
                let Some(deployment) = deployment else { continue };
                let deploy = action("Deploy", build_of(&deployment.project));
                parts.push((format!("Deploy-{}", stage.id()), vec![deploy]));
            }
            let pipeline = DeliveryPipeline {
                name: name.clone(),
                role: runner.clone(),
                artifacts: artifacts.clone(),
                key: key.clone(),
                stages: parts,
                after: ready.clone(),
                after_resources: Vec::new(),
                restart: false,
            };
            if self.pipeline.strategy == Strategy::Gitflow {
                let mut child = scope.named_child("Pipeline", stages[0].id());
                lakewright_synth::Construct::build(pipeline, &mut child);
            } else {
                scope.add("Pipeline", pipeline);
            }
            started.push((name, branch));
        }
        if let Some(repository) = &repository {
            if !missing.is_empty() {
                started.push((self.name(branches::PART), branches::MAIN.to_owned()));
            }
            let rules = self.events(scope, repository, &started);
            let parts = branches::Parts { runner: &runner, key: &key, artifacts: &artifacts };
            self.branch_pipeline(scope, &missing, repository, &parts, &rules);
        }
        assets
    }

    /// The repository, unless the pipeline uses an existing one, and the seed that fills it.
    fn repository(
        &self,
        scope: &mut Scope<'_>,
    ) -> (Option<Ref<codecommit::Repository>>, Vec<Asset>) {
        if self.pipeline.source.is_some() {
            return (None, Vec::new());
        }
        let branch = branches::MAIN.to_owned();
        let files = seed::files(self.environment, self.pipeline, &branch);
        let bucket = self.names.template_bucket(&self.environment.resource_prefix, &self.place);
        let asset =
            Asset::new(Cow::Owned(seed::archive(&files)), "zip", bucket.clone(), |digest| {
                format!("seeds/{digest}.zip")
            });
        let repository = scope.add(
            "Repository",
            Repository {
                name: self.name(""),
                description: self.pipeline.header.description.clone(),
                seed: (bucket, asset.entry.key.clone()),
                branch,
                retain: self.pipeline.retain_on_delete,
            },
        );
        (Some(repository), vec![asset])
    }

    fn role(&self, part: &str, service: Service, what: &str) -> Role {
        let grantee = format!("pipeline-{part}-role/{}", self.pipeline.header.id);
        self.role_named(self.name(part), grantee, service, what)
    }

    fn role_named(&self, name: String, grantee: String, service: Service, what: &str) -> Role {
        Role {
            name,
            description: format!("{what} pipeline {}", self.pipeline.header.id),
            grantee,
            trust: vec![Trust::Service(service)],
            policies: Policies::Inline("pipeline".to_owned()),
            boundary: Some(Names::boundary_arn(self.environment)),
            tags: Vec::new(),
        }
    }

    fn grant(
        &self,
        sid: &str,
        to: &RoleHandle,
        actions: &[&'static str],
        resources: Vec<String>,
        conditions: Conditions,
    ) -> Grant {
        Grant {
            sid: sid.to_owned(),
            grantee: to.grantee().clone(),
            access: "work",
            target: Target {
                name: self.target(),
                account: self.place.account.clone(),
                policy: None,
            },
            actions: actions.to_vec(),
            resources: resources.iter().cloned().map(Value::from).collect(),
            own_resources: Vec::new(),
            known_resources: resources,
            conditions,
        }
    }

    /// The role of one stage's builds: it may write its logs and assume the role of the stage's team, by
    /// its full name. So the code of one stage never runs as the team of another.
    fn builder(
        &self,
        scope: &mut Scope<'_>,
        stage: &Stage,
        team: (&str, &AccountId, &str),
        artifacts: &BucketHandle,
    ) -> RoleHandle {
        let grantee = build_grantee(self.pipeline, stage);
        let name = build_role(self.names, self.environment, self.pipeline, stage);
        let role = self.role_named(name, grantee, Service::CODEBUILD, "Builds and deploys");
        let builder = scope.add("Role", role);
        // Builds store no artifacts, so no stage can change what a later one deploys.
        scope.grant(artifacts.grant_read(&builder));
        let project = self.stage_name(stage, "");
        let group = self.place.arn("logs", &format!("log-group:{}", log_group(&project)));
        let logs = vec![group.clone(), format!("{group}:*")];
        let (name, account, arn) = team;
        scope.grant(Grants(vec![
            self.grant("Logs", &builder, &LOG_WRITE, logs, Conditions::none()),
            Grant {
                sid: "DeployAsTeam".to_owned(),
                grantee: builder.grantee().clone(),
                access: "assume",
                target: Target { name: name.to_owned(), account: account.clone(), policy: None },
                actions: vec!["sts:AssumeRole"],
                resources: vec![arn.to_owned().into()],
                own_resources: Vec::new(),
                known_resources: vec![arn.to_owned()],
                conditions: Conditions::none(),
            },
        ]));
        builder
    }

    /// Grants the builds of this stack, and the source.
    fn runner_grants(&self, scope: &mut Scope<'_>, runner: &RoleHandle, projects: &[String]) {
        let arns =
            projects.iter().map(|name| self.place.arn("codebuild", &format!("project/{name}")));
        let builds = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"];
        let mut grants =
            vec![self.grant("Builds", runner, &builds, arns.collect(), Conditions::none())];
        let source = match &self.pipeline.source {
            None => self.grant(
                "Source",
                runner,
                &[
                    "codecommit:CancelUploadArchive",
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ],
                vec![self.place.arn("codecommit", &self.name(""))],
                Conditions::none(),
            ),
            Some(source) => {
                let arn = source.connection_arn.as_str();
                let is_new = arn.contains(":codeconnections:");
                let (action, key) = if is_new {
                    ("codeconnections:UseConnection", "codeconnections:FullRepositoryId")
                } else {
                    ("codestar-connections:UseConnection", "codestar-connections:FullRepositoryId")
                };
                let repository = source.repository.to_string();
                let only = Condition::new(Comparison::StringEquals, key, repository);
                let only = Conditions::none().with(only);
                // CodePipeline stores the source with an ACL, even if ACLs are disabled, and reads the
                // bucket's settings first.
                let bucket = bucket_arn(&self.place, &self.name("artifacts"));
                let look = ["s3:GetBucketAcl", "s3:GetBucketVersioning"];
                let objects = vec![format!("{bucket}/*")];
                let none = Conditions::none;
                grants.push(self.grant(
                    "StoreSource",
                    runner,
                    &["s3:PutObjectAcl"],
                    objects,
                    none(),
                ));
                grants.push(self.grant("ArtifactBucket", runner, &look, vec![bucket], none()));
                self.grant("Source", runner, &[action], vec![arn.to_owned()], only)
            }
        };
        grants.push(source);
        scope.grant(Grants(grants));
    }

    fn deployment<'s>(
        &self,
        scope: &mut Scope<'_>,
        stage: &'s Stage,
        artifacts: &BucketHandle,
        key: &KeyHandle,
    ) -> Deployment<'s> {
        let (target, team) = (&*stage.environment, stage.member());
        let mut scope = scope.named_child("Stage", stage.id());
        let team_arn = self.names.team_role_arn(target, team);
        let name = grantee_name(target, team);
        let of_team = (name.as_str(), &target.account, team_arn.as_str());
        self.record_author(&mut scope, of_team.0, &team_arn);
        let builder = self.builder(&mut scope, stage, of_team, artifacts);
        if let Some(approval) = self.approval_of(stage) {
            approval.role(&mut scope, target, team);
        }
        let policy = builder.policy();
        let names: Vec<&str> = self.pipeline.stages.iter().map(Stage::id).collect();
        let strategy = match self.pipeline.strategy {
            Strategy::CdkTrunk => "cdk-trunk",
            Strategy::Trunk => "trunk",
            Strategy::Gitflow => "gitflow",
        };
        let id = &self.pipeline.header.id;
        let bucket = self.names.pipeline_bucket(target, &team.team, id, stage.id());
        let stack = self.names.pipeline_stack(target, &team.team, id, stage.id());
        let variables = vec![
            ("AWSACCOUNTID", target.account.to_string()),
            ("AWSREGION", target.region.to_string()),
            ("BUCKET_NAME", bucket),
            ("DEV_STAGES", names.join(",")),
            ("DEV_STRATEGY", strategy.to_owned()),
            ("PIPELINE_ID", self.pipeline.header.id.to_string()),
            ("PIPELINE_NAME", self.name("")),
            ("STACK_NAME", stack),
            ("STAGE", stage.id().to_owned()),
            ("STAGE_REGION", target.region.to_string()),
            ("STAGES", self.handed_stages()),
            ("TEAM", team.team.to_string()),
            ("TEAM_ROLE_ARN", team_arn.clone()),
        ];
        let project = Build {
            name: self.stage_name(stage, ""),
            description: format!(
                "Deploys stage {} of pipeline {}",
                stage.id(),
                self.pipeline.header.id
            ),
            role: builder,
            key: key.clone(),
            build_spec: "deploy_buildspec.yaml".to_owned(),
            variables,
            source: BuildSource::Pipeline,
        };
        let project = scope.add("Build", project);
        Deployment { stage, project, policy }
    }

    /// Records that code of the pipeline's team is intended to act as the team of a stage.
    fn record_author(&self, scope: &mut Scope<'_>, team: &str, team_arn: &str) {
        let author = self.pipeline.member();
        let author_arn = self.names.team_role_arn(self.environment, author);
        if author_arn == team_arn {
            return;
        }
        scope.record(Record {
            principal: grantee_name(self.environment, author),
            principal_arn: author_arn,
            access: "act-as",
            resource: team.to_owned(),
            actions: vec!["sts:AssumeRole".into()],
            resources: vec![team_arn.to_owned()],
            conditions: Vec::new(),
        });
    }

    /// The build that adapts the pipeline to `ddk.json`. It may change only this pipeline, and the
    /// pipeline's role runs only builds of this stack.
    fn updater(
        &self,
        scope: &mut Scope<'_>,
        runner: &RoleHandle,
        key: &KeyHandle,
        artifacts: &BucketHandle,
    ) -> (Ref<codebuild::Project>, Option<PolicySlot>) {
        let role = scope.add("UpdateRole", self.role("update", Service::CODEBUILD, "Rearranges"));
        scope.grant(artifacts.grant_read(&role));
        let group =
            self.place.arn("logs", &format!("log-group:{}", log_group(&self.name("update"))));
        let own = vec![self.place.arn("codepipeline", &self.name(""))];
        let change = [
            "codepipeline:GetPipeline",
            "codepipeline:StartPipelineExecution",
            "codepipeline:UpdatePipeline",
        ];
        let to_pipeline = Condition::new(
            Comparison::StringEquals,
            "iam:PassedToService",
            Service::CODEPIPELINE.principal,
        );
        let runner_arn = runner.grantee().known_arn.clone();
        scope.grant(Grants(vec![
            self.grant(
                "Logs",
                &role,
                &LOG_WRITE,
                vec![group.clone(), format!("{group}:*")],
                Conditions::none(),
            ),
            self.grant("ChangeThisPipeline", &role, &change, own, Conditions::none()),
            self.grant(
                "PassPipelineRole",
                &role,
                &["iam:PassRole"],
                vec![runner_arn],
                Conditions::none().with(to_pipeline),
            ),
        ]));
        let policy = role.policy();
        let project = scope.add(
            "Update",
            Build {
                name: self.name("update"),
                description: format!("Rearranges pipeline {}", self.pipeline.header.id),
                role,
                key: key.clone(),
                build_spec: "update_buildspec.yaml".to_owned(),
                variables: vec![("PIPELINE_NAME", self.name("")), ("STAGES", self.handed_stages())],
                source: BuildSource::Pipeline,
            },
        );
        (project, policy)
    }

    fn source(&self, repository: Option<&Ref<codecommit::Repository>>, branch: &str) -> Action {
        let kind = match (&self.pipeline.source, repository) {
            (Some(source), _) => ActionKind::Connection {
                connection: source.connection_arn.to_string(),
                repository: source.repository.to_string(),
                branch: branch.to_owned(),
            },
            (None, repository) => ActionKind::CodeCommit {
                repository: repository.map_or_else(
                    || self.name("").into(),
                    |repository| repository.attribute(&codecommit::Repository::NAME),
                ),
                branch: branch.to_owned(),
            },
        };
        Action { name: "Source".to_owned(), kind, input: None, output: Some("Source") }
    }

    fn approval_of<'s>(&'s self, stage: &'s Stage) -> Option<Approval<'s>> {
        Approval::of(self.names, self.environment, self.pipeline, stage)
    }

    fn approval(&self, stage: &Stage) -> Action {
        let message = format!("Deploy {} to stage {}?", self.pipeline.header.id, stage.id());
        Action {
            name: approval::ACTION.to_owned(),
            kind: ActionKind::Approval { message },
            input: None,
            output: None,
        }
    }
}

fn build_of(project: &Ref<codebuild::Project>) -> ActionKind {
    ActionKind::Build { project: project.name(), variables: Vec::new() }
}

fn action(name: &str, kind: ActionKind) -> Action {
    Action { name: name.to_owned(), kind, input: Some("Source"), output: None }
}

#[cfg(test)]
mod tests;
