use lakewright_template::DeletionPolicy;

use super::*;
use crate::bucket::{Bucket, BucketTraffic, Encryption, ImportedBucket};
use crate::testing::{Built, built, key, place, role, waits_for};

const PROJECT: &str = "AWS::CodeBuild::Project";
const PIPELINE: &str = "AWS::CodePipeline::Pipeline";
const REPOSITORY: &str = "AWS::CodeCommit::Repository";

fn repository(description: &str, retain: bool) -> Repository {
    Repository {
        name: "nightly".to_owned(),
        description: description.to_owned(),
        seed: ("seeds".to_owned(), "nightly.zip".to_owned()),
        branch: "main".to_owned(),
        retain,
    }
}

/// "AWS::CodeCommit::Repository Code" in the CloudFormation template reference: the code that the first commit holds.
/// `docs/stacks/pipeline.md`: "Retained" is `RetainExceptOnCreate`. A description without a printable character is none.
#[test]
fn a_repository_begins_with_its_seed_and_keeps_peoples_code() {
    let stack = |description, retain| {
        built(|scope| {
            scope.add("Code", repository(description, retain));
        })
    };
    let kept = stack("Nightly jobs", true);
    assert_eq!(
        kept.property(REPOSITORY, "Code"),
        r#"{"BranchName":"main","S3":{"Bucket":"seeds","Key":"nightly.zip"}}"#
    );
    assert_eq!(kept.property(REPOSITORY, "RepositoryDescription"), r#""Nightly jobs""#);
    let policy = kept.one(REPOSITORY).deletion_policy;
    assert_eq!(policy, Some(DeletionPolicy::RetainExceptOnCreate));
    let deleted = stack("元帳", false);
    assert_eq!(deleted.property(REPOSITORY, "RepositoryDescription"), "");
    assert_eq!(deleted.one(REPOSITORY).deletion_policy, Some(DeletionPolicy::Delete));
}

fn build(source: BuildSource) -> Built {
    built(|scope| {
        let (role, key) = (role(scope), key(scope));
        let build = Build {
            name: "nightly".to_owned(),
            description: "Builds".to_owned(),
            role,
            key,
            build_spec: "buildspec.yaml".to_owned(),
            variables: vec![("STAGE", "${prod}".to_owned())],
            source,
        };
        scope.add("Build", build);
    })
}

/// "ProjectEnvironment" in the CodeBuild API reference: `privilegedMode` lets a build run the Docker daemon.
/// "AWS::CodeBuild::Project" in the CloudFormation template reference: with the `Visibility` `PRIVATE` its builds are not
/// public, and without an `EncryptionKey` the AWS managed key for S3 is used. "ProjectSource" in the CodeBuild API
/// reference: with the source `CODEPIPELINE` there is no location, with `S3` it is the path of the zip file.
#[test]
fn a_build_is_private_without_privileges_and_encrypted_with_the_key() {
    let stack = build(BuildSource::Pipeline);
    let environment = stack.property(PROJECT, "Environment");
    assert!(environment.contains(r#""PrivilegedMode":false"#), "{environment}");
    let variable = r#"{"Name":"STAGE","Type":"PLAINTEXT","Value":"${prod}"}"#;
    assert!(environment.contains(variable), "{environment}");
    assert_eq!(stack.property(PROJECT, "Visibility"), r#""PRIVATE""#);
    assert_eq!(stack.property(PROJECT, "EncryptionKey"), r#"{"Fn::GetAtt":["Key","Arn"]}"#);
    assert_eq!(stack.property(PROJECT, "ServiceRole"), r#"{"Fn::GetAtt":["Role","Arn"]}"#);
    assert_eq!(
        stack.property(PROJECT, "LogsConfig"),
        r#"{"CloudWatchLogs":{"GroupName":"/aws/codebuild/nightly","Status":"ENABLED"}}"#
    );
    let piped = r#"{"BuildSpec":"buildspec.yaml","Type":"CODEPIPELINE"}"#;
    assert_eq!(stack.property(PROJECT, "Source"), piped);
    assert_eq!(stack.property(PROJECT, "Artifacts"), r#"{"Type":"CODEPIPELINE"}"#);
    let stored = build(BuildSource::S3("code/source.zip".to_owned()));
    assert_eq!(
        stored.property(PROJECT, "Source"),
        r#"{"BuildSpec":"buildspec.yaml","Location":"code/source.zip","Type":"S3"}"#
    );
    assert_eq!(stored.property(PROJECT, "Artifacts"), r#"{"Type":"NO_ARTIFACTS"}"#);
}

/// A stack with a pipeline of these kinds of actions.
fn pipeline(kinds: Vec<ActionKind>) -> Built {
    built(|scope| {
        let (role, key) = (role(scope), key(scope));
        let bucket = Bucket {
            name: "artifacts".to_owned(),
            encryption: Encryption::Kms(key.clone()),
            access_logs: None,
            lifecycle: Vec::new(),
            statements: Vec::new(),
            target: "pipeline/nightly".to_owned(),
            retain: false,
            access_points: None,
            events: None,
        };
        let artifacts = scope.add("Artifacts", bucket);
        let other = ImportedBucket::new(&place(), "other", None, "dataset/other");
        scope.grant(other.grant_read(&role));
        let code = scope.add("Code", repository("", false));
        let actions = kinds.into_iter().map(|kind| Action {
            name: "Act".to_owned(),
            kind,
            input: Some("In"),
            output: None,
        });
        let pipeline = DeliveryPipeline {
            name: "nightly".to_owned(),
            role,
            key,
            stages: vec![("Stage".to_owned(), actions.collect())],
            after: artifacts.policy().into_iter().collect(),
            artifacts,
            after_resources: vec![code.logical_id().clone()],
            restart: true,
        };
        scope.add("Pipeline", pipeline);
    })
}

/// "ArtifactStore" in the CodePipeline API reference: without an encryption key, the AWS managed key for S3. "Set or change
/// the pipeline execution mode" in the CodePipeline user guide: `SUPERSEDED`, the default, drops older waiting runs, and
/// `QUEUED`, which needs type V2, keeps them in order. `docs/stacks/pipeline.md`: the first run begins as soon as a
/// pipeline is created, so the pipeline is created after the policies that its runs need.
#[test]
fn a_pipeline_encrypts_its_artifacts_and_runs_each_change_with_all_its_rights() {
    let stack = pipeline(Vec::new());
    assert_eq!(
        stack.property(PIPELINE, "ArtifactStore"),
        concat!(
            r#"{"EncryptionKey":{"Id":{"Fn::GetAtt":["Key","Arn"]},"Type":"KMS"},"#,
            r#""Location":{"Ref":"Artifacts"},"Type":"S3"}"#
        )
    );
    assert_eq!(stack.property(PIPELINE, "ExecutionMode"), r#""QUEUED""#);
    assert_eq!(stack.property(PIPELINE, "PipelineType"), r#""V2""#);
    assert_eq!(waits_for(stack.one(PIPELINE)), ["ArtifactsPolicy", "Code", "RolePolicy"]);
}

/// "CodeCommit source action reference", "CodeStarSourceConnection for Bitbucket Cloud, GitHub, ..." and "Manual approval
/// action reference" in the CodePipeline user guide: their configuration. Without `PollForSourceChanges: false`,
/// CodePipeline polls besides the event.
#[test]
fn an_action_has_the_provider_and_the_settings_of_its_kind() {
    let action = |kind| pipeline(vec![kind]).property(PIPELINE, "Stages");
    let commit =
        action(ActionKind::CodeCommit { repository: "code".into(), branch: "main".to_owned() });
    let connection = action(ActionKind::Connection {
        connection: "arn:aws:codeconnections:eu-west-1:111122223333:connection/1".to_owned(),
        repository: "owner/name".to_owned(),
        branch: "main".to_owned(),
    });
    let approval = action(ActionKind::Approval { message: "Deploy?".to_owned() });
    for (stages, category, provider, configuration) in [
        (
            commit,
            "Source",
            "CodeCommit",
            r#"{"BranchName":"main","PollForSourceChanges":"false","RepositoryName":"code"}"#,
        ),
        (
            connection,
            "Source",
            "CodeStarSourceConnection",
            r#"{"BranchName":"main","ConnectionArn":"arn:aws:codeconnections:eu-west-1:111122223333:connection/1","DetectChanges":"true","FullRepositoryId":"owner/name"}"#,
        ),
        (approval, "Approval", "Manual", r#"{"CustomData":"Deploy?"}"#),
    ] {
        let kind = format!(
            r#""ActionTypeId":{{"Category":"{category}","Owner":"AWS","Provider":"{provider}","Version":"1"}},"Configuration":{configuration},"InputArtifacts":[{{"Name":"In"}}]"#
        );
        assert!(stages.contains(&kind), "{stages}");
        assert!(!stages.contains("OutputArtifacts"), "{stages}");
    }
}

/// "AWS CodeBuild build and test action reference" in the CodePipeline user guide: `EnvironmentVariables` is a JSON array of
/// objects with `name`, `value` and `type`, as text.
#[test]
fn variables_of_a_build_action_are_json_in_a_text() {
    assert_eq!(
        as_text(vec![("STAGE", "a \"b\" \\ c".to_owned()), ("TEAM", "x".to_owned())]),
        r#"[{"name":"STAGE","type":"PLAINTEXT","value":"a \"b\" \\ c"},{"name":"TEAM","type":"PLAINTEXT","value":"x"}]"#
    );
    let build = |variables| ActionKind::Build { project: Expr::known_name("nightly"), variables };
    let plain = pipeline(vec![build(Vec::new())]).property(PIPELINE, "Stages");
    assert!(plain.contains(r#""Configuration":{"ProjectName":"nightly"}"#), "{plain}");
    let stages = pipeline(vec![build(vec![("A", "b".to_owned())])]).property(PIPELINE, "Stages");
    let variables =
        r#""EnvironmentVariables":"[{\"name\":\"A\",\"type\":\"PLAINTEXT\",\"value\":\"b\"}]""#;
    assert!(stages.contains(variables), "{stages}");
}
