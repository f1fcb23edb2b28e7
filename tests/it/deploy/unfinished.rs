//! What an existing stack lacks is made up: files that were lost, and a change that CloudFormation sees in outputs alone.

use serde_json::json;

use super::reality::REGION;
use super::{Emulator, change, ends_with, lab};
use crate::run::transcript;

/// An existing stack has its files: they are uploaded first, and a missing one is uploaded again. CloudFormation does
/// neither.
#[test]
fn a_lost_upload_is_made_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let scripts = || -> Vec<String> {
        let buckets = emulator.look("222222222222", REGION)["buckets"].take();
        let buckets = buckets.as_object().expect("buckets").values();
        let keys =
            buckets.flat_map(|bucket| bucket["objects"].as_array().cloned().unwrap_or_default());
        let keys = keys.filter_map(|key| key.as_str().map(str::to_owned));
        keys.filter(|key| key.starts_with("profiling/code/")).collect()
    };
    // One upload for each of the two datasets is refused.
    let refused = json!({ "method": "PUT", "contains": "/profiling/code/", "times": 2 });
    emulator.request("POST", "/_test/refuse", &refused.to_string()).expect("an answer");
    ends_with(&emulator.deploy(&mesh), 9, "upload s3://lab-platform-");
    assert_eq!(scripts(), Vec::<String>::new());
    assert!(!emulator.stacks().contains(&"lab-dataset-dpdataset".to_owned()), "it waits for it");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed, 0 skipped");
    assert_eq!(scripts().len(), 1);

    // As after a deployment by other means: the stacks exist, the file does not.
    let key = scripts().pop().expect("a key");
    let look = emulator.look("222222222222", REGION);
    let mut buckets = look["buckets"].as_object().expect("buckets").iter();
    let (bucket, _) = buckets
        .find(|(_, bucket)| bucket["objects"].to_string().contains(&key))
        .expect("the bucket");
    let object = json!({ "Bucket": bucket, "Key": key });
    emulator.call("222222222222", "s3", "delete_object", &object);
    assert_eq!(scripts(), Vec::<String>::new());
    let again = emulator.deploy(&mesh);
    ends_with(&again, 0, "was not there, and is uploaded");
    assert!(transcript(&again).contains("16 unchanged"), "{}", transcript(&again));
    assert_eq!(scripts(), [key]);
}

/// Row f:2 of docs/aws-behaviour.md: in most stacks no resource contains the label, but the revision, an output, still
/// changes.
#[test]
fn a_change_of_outputs_alone_is_made_and_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    let label = "label: Data science\norganization";
    change(&mesh.join("mesh.yaml"), label, "label: Research\norganization");
    let path = mesh.display().to_string();
    let plan = transcript(&emulator.lakewright(&["deploy", &path, "--plan"]));
    assert!(!plan.contains(" 0 to update"), "{plan}");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    ends_with(&emulator.deploy(&mesh), 0, "0 to create, 0 to update, 0 to delete, 16 unchanged");
}
