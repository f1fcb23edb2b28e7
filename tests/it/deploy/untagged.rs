//! Bootstraps that an account's owner deployed by hand without the mesh's tags, as `aws cloudformation deploy` does without
//! `--tags` (its reference in the AWS CLI).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Emulator, ends_with};
use crate::run::{example, lakewright, transcript};

const OWNER: &str = "333333333333";
const NAME: &str = "lab-bootstrap-333333333333-us-east-1";
/// A template of somebody else, under the stack's name.
const OTHERS: &str = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "lab-other"}}}}"#;

impl Emulator {
    fn made_by_hand(&self, template: &str, tags: &Value) {
        let stack = json!({ "StackName": NAME, "TemplateBody": template, "Tags": tags,
            "Capabilities": ["CAPABILITY_NAMED_IAM"] });
        self.call(OWNER, "cloudformation", "create_stack", &stack);
        let start = Instant::now();
        while self.look(OWNER, "us-east-1")["stacks"][NAME]["status"] != "CREATE_COMPLETE" {
            assert!(start.elapsed() < Duration::from_mins(1), "the stack is not there");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn has_stack(&self) -> bool {
        self.look(OWNER, "us-east-1")["stacks"].get(NAME).is_some()
    }
}

#[test]
fn a_bootstrap_without_tags_is_found_by_its_name_and_goes_with_the_mesh() {
    let emulator = Emulator::start();
    let path = example("lab").display().to_string();
    let printed = lakewright(["bootstrap", &path, "--account", OWNER, "--region", "us-east-1"]);
    assert!(printed.status.success(), "{}", transcript(&printed));
    emulator.made_by_hand(&String::from_utf8_lossy(&printed.stdout), &json!([]));
    let delete = format!("aws cloudformation delete-stack --region us-east-1 --stack-name {NAME}");
    for arguments in [
        ["destroy", &path, "--all", "--plan"],
        ["destroy", &path, "--all", "--yes"],
        ["destroy", &path, "--plan", "--stack"],
    ] {
        let mut arguments = arguments.to_vec();
        if arguments.last() == Some(&"--stack") {
            arguments.push(NAME);
        }
        ends_with(&emulator.lakewright_alone(&arguments), 4, &delete);
    }
    assert!(emulator.has_stack());
    ends_with(&emulator.lakewright(&["destroy", &path, "--all", "--plan"]), 0, NAME);
    ends_with(&emulator.lakewright(&["destroy", &path, "--all", "--yes"]), 0, "1 deleted");
    let after = emulator.look(OWNER, "us-east-1");
    assert!(after["stacks"].get(NAME).is_none(), "{}", after["stacks"]);
    assert!(!after["roles"].to_string().contains("lab-deploy-"), "{}", after["roles"]);
}

#[test]
fn what_only_has_the_name_of_a_bootstrap_stays() {
    let emulator = Emulator::start();
    let path = example("lab").display().to_string();
    let all = ["destroy", &path, "--all", "--yes"];
    emulator.made_by_hand(OTHERS, &json!([]));
    ends_with(&emulator.lakewright(&all), 4, "its template is not one of the mesh's bootstraps");
    assert!(emulator.has_stack());
    emulator.call(OWNER, "cloudformation", "delete_stack", &json!({ "StackName": NAME }));
    while emulator.has_stack() {
        std::thread::sleep(Duration::from_millis(100));
    }
    // The tag says that the stack belongs to another mesh.
    let tags = json!([{ "Key": "lakewright:mesh", "Value": "other" }]);
    emulator.made_by_hand(OTHERS, &tags);
    ends_with(&emulator.lakewright(&all), 0, "no stack of this mesh is deployed");
    assert!(emulator.has_stack());
}
