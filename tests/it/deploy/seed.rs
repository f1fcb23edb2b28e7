//! The seed's own `deploy.py`, run for real against the emulator.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use lakewright_stacks::pipeline::seed;
use serde_json::json;

use super::Emulator;
use crate::run::{example, mesh, root, sources, transcript};

/// Runs the program as the build of a stage does.
fn run(emulator: &Emulator, folder: &Path) -> Output {
    Command::new(root().join("target/python/bin/python"))
        .arg("deploy.py")
        .current_dir(folder)
        .envs([
            ("AWS_ENDPOINT_URL", emulator.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", "222222222222"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("STAGE", "dev"),
            ("STACK_NAME", "seed-dev"),
            ("STAGE_REGION", "eu-west-1"),
            ("TEAM", "T"),
            ("TEAM_ROLE_ARN", "arn:aws:iam::222222222222:role/team"),
        ])
        .output()
        .expect("Python runs")
}

fn ends(output: &Output, code: i32, text: &str) {
    let all = transcript(output);
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(text), "expected: {text}\n{all}");
}

/// Like the CDK's command line and `lakewright deploy`, it deletes a stack whose creation was rolled back and creates it
/// again. `ROLLBACK_COMPLETE` can only be deleted ("Stack status codes" in the CloudFormation user guide).
/// `RetainExceptOnCreate` of `CreateStack` deletes new resources with the failed creation, whatever their deletion policy.
#[test]
fn a_first_deployment_that_failed_is_made_up_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = mesh(&sources(&example("full")));
    let pipeline = mesh.pipelines.values().find(|pipeline| pipeline.source.is_none());
    let pipeline = pipeline.expect("a pipeline with a seed");
    let environment = &pipeline.environment;
    for (path, text) in seed::files(environment, pipeline, "main") {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    // The bucket is retained, as the seed's own bucket is in the last stage. It already exists when the queue after it
    // fails.
    let template = |versioning: &str| {
        let out = folder.path().join("cdk.out");
        fs::create_dir_all(&out).expect("a folder");
        let template = json!({"Resources": {
            "B": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "BucketName": "seed-dev-bucket",
                    "VersioningConfiguration": {"Status": versioning},
                },
            },
            "Q": {"Type": "AWS::SQS::Queue", "DependsOn": "B"},
        }});
        fs::write(out.join("Application-dev.template.json"), template.to_string())
            .expect("a template");
    };
    let emulator = Emulator::start();
    template("Suspended");
    emulator.fail_next("AWS::SQS::Queue");
    ends(&run(&emulator, folder.path()), 1, "ROLLBACK_COMPLETE");
    ends(&run(&emulator, folder.path()), 0, "seed-dev: CREATE_COMPLETE");
    ends(&run(&emulator, folder.path()), 0, "there is nothing to change");
    template("Enabled");
    ends(&run(&emulator, folder.path()), 0, "seed-dev: UPDATE_COMPLETE");
}
