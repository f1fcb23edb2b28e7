//! Continuous delivery: repositories, builds and pipelines.

use lakewright_synth::{Construct, Options, PolicySlot, Scope};
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Expr, LogicalId, Map, Ref, Value};

use crate::bucket::BucketHandle;
use crate::cfn::{codebuild, codecommit, codepipeline};
use crate::key::KeyHandle;
use crate::role::{RoleHandle, json, printable};

/// A CodeCommit repository with initial content from a zip file in S3. It is encrypted with the AWS
/// managed key for CodeCommit, because a customer managed key would need a grant for everybody who
/// pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The name: 100 characters at most.
    pub name: String,
    /// The description.
    pub description: String,
    /// The bucket and the key of the zip file with the initial content.
    pub seed: (String, String),
    /// The branch that receives the initial content.
    pub branch: String,
    /// Whether the repository is retained when it is removed from the stack.
    pub retain: bool,
}

impl Construct for Repository {
    type Handle = Ref<codecommit::Repository>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let (bucket, key) = self.seed;
        let description = printable(&self.description);
        let resource = codecommit::Repository {
            repository_name: Some(self.name.into()),
            repository_description: (!description.is_empty()).then(|| description.into()),
            // CloudFormation reads this only when it creates the repository.
            code: Some(codecommit::RepositoryCode {
                branch_name: Some(self.branch.into()),
                s3: Some(codecommit::RepositoryS3 {
                    bucket: Some(bucket.into()),
                    key: Some(key.into()),
                    object_version: None,
                }),
            }),
            ..codecommit::Repository::default()
        };
        scope.resource(resource, Options::retain(self.retain))
    }
}

/// A CodeBuild project: on a current image, not privileged.
#[derive(Debug, Clone)]
pub struct Build {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The role that the build assumes.
    pub role: RoleHandle,
    /// The key that encrypts its artifacts.
    pub key: KeyHandle,
    /// The path of the build specification in the source, or the build specification itself.
    pub build_spec: String,
    /// Environment variables in plain text.
    pub variables: Vec<(&'static str, String)>,
    /// The source: a pipeline, or a zip file in S3 (`bucket/key`).
    pub source: BuildSource,
}

/// The source of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildSource {
    /// The pipeline that starts the build.
    Pipeline,
    /// A zip file in S3, as `bucket/key`.
    S3(String),
}

impl Construct for Build {
    type Handle = Ref<codebuild::Project>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let variables =
            self.variables.into_iter().map(|(name, value)| codebuild::ProjectEnvironmentVariable {
                name: Some(name.into()),
                kind: Some("PLAINTEXT".into()),
                value: Some(value.into()),
            });
        let (kind, location, artifacts) = match self.source {
            BuildSource::Pipeline => ("CODEPIPELINE", None, "CODEPIPELINE"),
            BuildSource::S3(location) => ("S3", Some(location), "NO_ARTIFACTS"),
        };
        let resource = codebuild::Project {
            name: Some(self.name.clone().into()),
            description: Some(printable(&self.description).into()),
            service_role: Some(self.role.arn()),
            encryption_key: Some(self.key.arn()),
            artifacts: Some(codebuild::ProjectArtifacts {
                kind: Some(artifacts.into()),
                ..codebuild::ProjectArtifacts::default()
            }),
            source: Some(codebuild::ProjectSource {
                kind: Some(kind.into()),
                location: location.map(Into::into),
                build_spec: Some(self.build_spec.into()),
                ..codebuild::ProjectSource::default()
            }),
            environment: Some(codebuild::ProjectEnvironment {
                kind: Some("LINUX_CONTAINER".into()),
                compute_type: Some("BUILD_GENERAL1_SMALL".into()),
                image: Some("aws/codebuild/amazonlinux-x86_64-standard:5.0".into()),
                privileged_mode: Some(false.into()),
                environment_variables: Some(variables.collect()),
                ..codebuild::ProjectEnvironment::default()
            }),
            logs_config: Some(codebuild::ProjectLogsConfig {
                cloud_watch_logs: Some(codebuild::ProjectCloudWatchLogsConfig {
                    status: Some("ENABLED".into()),
                    group_name: Some(log_group(&self.name).into()),
                    stream_name: None,
                }),
                s3_logs: None,
            }),
            timeout_in_minutes: Some(60.into()),
            visibility: Some("PRIVATE".into()),
            ..codebuild::Project::default()
        };
        scope.resource(resource, Options::default())
    }
}

/// The log group of a build, from its project's name.
pub fn log_group(project: &str) -> String {
    format!("/aws/codebuild/{project}")
}

/// A pipeline of type V2, started by events.
#[derive(Debug, Clone)]
pub struct DeliveryPipeline {
    /// The name.
    pub name: String,
    /// The role that the pipeline assumes.
    pub role: RoleHandle,
    /// The bucket for artifacts.
    pub artifacts: BucketHandle,
    /// The key that encrypts the artifacts.
    pub key: KeyHandle,
    /// The stages in order: the name of each, and its actions.
    pub stages: Vec<(String, Vec<Action>)>,
    /// Policies, besides the role's, that must exist before the pipeline's first run.
    pub after: Vec<PolicySlot>,
    /// Resources that must exist before the pipeline's first run.
    pub after_resources: Vec<LogicalId>,
    /// Whether each update of the pipeline starts a run.
    pub restart: bool,
}

/// One action of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The name.
    pub name: String,
    /// What the action does, with its settings.
    pub kind: ActionKind,
    /// The name of its input artifact.
    pub input: Option<&'static str>,
    /// The name of its output artifact.
    pub output: Option<&'static str>,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionKind {
    /// Gets a branch of a CodeCommit repository.
    CodeCommit {
        /// A reference to the repository's name. The pipeline is created after the repository.
        repository: Expr<lakewright_template::Text>,
        /// The branch.
        branch: String,
    },
    /// Gets a branch of a repository through a CodeConnections connection.
    Connection {
        /// The connection's ARN.
        connection: String,
        /// The repository as `owner/name`.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// Runs a build.
    Build {
        /// A reference to the project's name. The pipeline is created after the project.
        project: Expr<lakewright_template::Name<codebuild::Project>>,
        /// Environment variables in plain text, besides those of the project.
        variables: Vec<(&'static str, String)>,
    },
    /// Waits for a manual approval.
    Approval {
        /// The message to the approvers.
        message: String,
    },
}

impl Action {
    fn into_declaration(self) -> codepipeline::PipelineActionDeclaration {
        let (category, owner, provider, configuration) = match self.kind {
            ActionKind::CodeCommit { repository, branch } => (
                "Source",
                "AWS",
                "CodeCommit",
                Map::new()
                    .with("BranchName", branch)
                    .with("PollForSourceChanges", "false")
                    .with("RepositoryName", repository),
            ),
            ActionKind::Connection { connection, repository, branch } => (
                "Source",
                "AWS",
                "CodeStarSourceConnection",
                Map::new()
                    .with("BranchName", branch)
                    .with("ConnectionArn", connection)
                    .with("DetectChanges", "true")
                    .with("FullRepositoryId", repository),
            ),
            ActionKind::Build { project, variables } => {
                let configuration = Map::new().with("ProjectName", project);
                let configuration = if variables.is_empty() {
                    configuration
                } else {
                    configuration.with("EnvironmentVariables", as_text(variables))
                };
                ("Build", "AWS", "CodeBuild", configuration)
            }
            ActionKind::Approval { message } => {
                ("Approval", "AWS", "Manual", Map::new().with("CustomData", message))
            }
        };
        codepipeline::PipelineActionDeclaration {
            name: Some(self.name.into()),
            action_type_id: Some(codepipeline::PipelineActionTypeId {
                category: Some(category.into()),
                owner: Some(owner.into()),
                provider: Some(provider.into()),
                version: Some("1".into()),
            }),
            configuration: Some(json(configuration)),
            input_artifacts: self
                .input
                .map(|name| vec![codepipeline::PipelineInputArtifact { name: Some(name.into()) }]),
            output_artifacts: self.output.map(|name| {
                vec![codepipeline::PipelineOutputArtifact { name: Some(name.into()), files: None }]
            }),
            run_order: Some(1.into()),
            ..codepipeline::PipelineActionDeclaration::default()
        }
    }
}

/// Variables as CodePipeline expects them: a string that holds a JSON list.
fn as_text(variables: Vec<(&'static str, String)>) -> String {
    let variable = |(name, value): (&'static str, String)| {
        Value::from(Map::new().with("name", name).with("type", "PLAINTEXT").with("value", value))
    };
    value_to_compact_json(&Value::List(variables.into_iter().map(variable).collect()))
}

impl Construct for DeliveryPipeline {
    type Handle = Ref<codepipeline::Pipeline>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let stages =
            self.stages.into_iter().map(|(name, actions)| codepipeline::PipelineStageDeclaration {
                name: Some(name.into()),
                actions: Some(actions.into_iter().map(Action::into_declaration).collect()),
                ..codepipeline::PipelineStageDeclaration::default()
            });
        let resource = codepipeline::Pipeline {
            name: Some(self.name.into()),
            role_arn: Some(self.role.arn()),
            pipeline_type: Some("V2".into()),
            // `QUEUED` deploys each commit, in order.
            execution_mode: Some("QUEUED".into()),
            restart_execution_on_update: Some(self.restart.into()),
            artifact_store: Some(codepipeline::PipelineArtifactStore {
                kind: Some("S3".into()),
                location: Some(self.artifacts.name().into()),
                encryption_key: Some(codepipeline::PipelineEncryptionKey {
                    id: Some(self.key.arn().into()),
                    kind: Some("KMS".into()),
                }),
            }),
            stages: Some(stages.collect()),
            ..codepipeline::Pipeline::default()
        };
        let after = self.role.policy().into_iter().chain(self.after).collect();
        let options = Options {
            depends_on: self.after_resources,
            after_policies: after,
            ..Options::default()
        };
        scope.resource(resource, options)
    }
}

#[cfg(test)]
mod tests;
