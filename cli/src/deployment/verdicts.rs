//! What CloudFormation's own change sets say of the stacks that differ from the mesh.

use lakewright_deployer::cloud::Stack;
use lakewright_deployer::verdicts::{Asked, Verdict, ask_all};
use lakewright_diff::disagreement::{Service, ServiceAnswer, ServiceChange, ServiceTarget};
use lakewright_fleet::event::{Change, Target};
use serde_json::Value;

use super::{AllDeployed, Deployment};

impl Deployment<'_> {
    /// Asks CloudFormation about each stack whose deployed template is not the mesh's. No change set is left behind: Ctrl-C
    /// waits until they are deleted.
    pub(crate) fn ask_service(&self, deployed: &mut AllDeployed) {
        let differs = |stack: &&Stack| {
            let there = deployed.template(&stack.entry.address());
            !there.is_some_and(|there| is_same(there, &stack.template))
        };
        let stacks: Vec<&Stack> = self.stacks.values().filter(differs).collect();
        self.progress.tidies(true);
        let asking = ask_all(&self.aws, &stacks, self.lease.id(), || self.progress.is_stopped());
        let answers = self.runtime.block_on(asking);
        self.progress.tidies(false);
        self.progress.hold();
        for (stack, Asked { verdict, left }) in stacks.into_iter().zip(answers) {
            let address = stack.entry.address().to_string();
            match answer(verdict) {
                Ok(answer) => deployed.services.push(Service { stack: address, answer }),
                Err(reason) => deployed.notes.push(format!(
                    "what CloudFormation's own change set says of {address} is not known: {reason}"
                )),
            }
            deployed.notes.extend(left);
        }
    }
}

/// Whether two templates in JSON are equal, apart from spaces and the order of keys.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// The answer to compare the review with; the reason if there is none.
fn answer(verdict: Verdict) -> Result<ServiceAnswer, String> {
    match verdict {
        Verdict::Changes(changes) => {
            Ok(ServiceAnswer::Changes(changes.into_iter().map(change).collect()))
        }
        Verdict::Nothing => Ok(ServiceAnswer::Nothing),
        Verdict::Refused(reason) => Ok(ServiceAnswer::Refused(reason)),
        Verdict::Unknown(reason) => Err(reason),
    }
}

fn change(change: Change) -> ServiceChange {
    let Change { action, logical_id, kind, replacement, policy_action, targets, .. } = change;
    ServiceChange {
        logical_id,
        resource_type: kind,
        action,
        replacement,
        policy_action,
        targets: targets.into_iter().map(target).collect(),
    }
}

fn target(target: Target) -> ServiceTarget {
    let Target { attribute, name, path, recreation, is_dynamic, before, after } = target;
    ServiceTarget { attribute, name, path, recreation, is_dynamic, before, after }
}

#[cfg(test)]
mod tests {
    use lakewright_diff::change::{ChangeKind, PropertyChange, ResourceChange, StackChange};
    use lakewright_diff::disagreement::{DisagreementKind, disagreements};
    use lakewright_diff::update::{DataEffect, Fate, Outcome, Update};
    use lakewright_template::LogicalId;

    use super::*;

    /// A change in the JSON of `DescribeChangeSet`.
    fn read(json: &Value) -> Change {
        let one = &json["ResourceChange"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let details = one["Details"].as_array().cloned().unwrap_or_default();
        let targets = details.iter().map(|detail| {
            let target = &detail["Target"];
            Target {
                attribute: text(&target["Attribute"]).unwrap_or_default(),
                name: text(&target["Name"]),
                path: text(&target["Path"]),
                recreation: text(&target["RequiresRecreation"]),
                is_dynamic: detail["Evaluation"] == "Dynamic",
                before: text(&target["BeforeValue"]),
                after: text(&target["AfterValue"]),
            }
        });
        Change {
            action: text(&one["Action"]).expect("an action"),
            logical_id: text(&one["LogicalResourceId"]).expect("a logical id"),
            kind: text(&one["ResourceType"]).expect("a type"),
            replacement: text(&one["Replacement"]),
            policy_action: text(&one["PolicyAction"]),
            targets: targets.collect(),
            is_link: false,
        }
    }

    fn own(logical_id: &str, resource_type: &'static str, fate: Fate) -> ResourceChange {
        ResourceChange {
            logical_id: LogicalId::parameter(logical_id),
            resource_type: resource_type.into(),
            kind: ChangeKind::Changed,
            properties: Vec::new(),
            attributes: Vec::new(),
            outcome: Outcome { fate, data: DataEffect::None, reasons: Vec::new() },
            lines_before: Vec::new(),
            lines_after: Vec::new(),
        }
    }

    /// The kinds of the findings when the review has these resources and CloudFormation says this.
    fn kinds(resources: Vec<ResourceChange>, verdict: Verdict) -> Vec<DisagreementKind> {
        let stack = "111122223333/us-east-1/s".to_owned();
        let service = Service { stack: stack.clone(), answer: answer(verdict).expect("known") };
        let kind = ChangeKind::Changed;
        let change = StackChange { stack, kind, resources, others: Vec::new() };
        disagreements(&[change], &[service]).into_iter().map(|one| one.kind).collect()
    }

    fn of(resources: Vec<ResourceChange>, json: &str) -> Vec<DisagreementKind> {
        let changes: Vec<Value> = serde_json::from_str(json).expect("JSON");
        kinds(resources, Verdict::Changes(changes.iter().map(read).collect()))
    }

    const INSTANCE: &str = "AWS::EC2::Instance";

    /// The change sets of "Example change sets for CloudFormation stacks" in the CloudFormation user guide: "Modify an input
    /// parameter value" touches tags only; the parameters of "Determine the value of the Replacement field" replace the
    /// instance.
    const TAGS: &str = r#"[{"Type": "Resource", "ResourceChange": {
        "ResourceType": "AWS::EC2::Instance", "PhysicalResourceId": "i-1abc23d4", "Action": "Modify",
        "LogicalResourceId": "MyEC2Instance", "Replacement": "False", "Scope": ["Tags"], "Details": [
        {"ChangeSource": "DirectModification", "Evaluation": "Dynamic", "Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}},
        {"CausingEntity": "Purpose", "ChangeSource": "ParameterReference", "Evaluation": "Static",
         "Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}}]}}]"#;
    const REPLACES: &str = r#"[{"Type": "Resource", "ResourceChange": {
        "ResourceType": "AWS::EC2::Instance", "PhysicalResourceId": "i-7bef86f8", "Action": "Modify",
        "LogicalResourceId": "MyEC2Instance", "Replacement": "True", "PolicyAction": "ReplaceAndDelete",
        "Scope": ["Properties"], "Details": [
        {"CausingEntity": "KeyPairName", "ChangeSource": "ParameterReference", "Evaluation": "Static",
         "Target": {"Attribute": "Properties", "Name": "KeyName", "Path": "/Properties/KeyName", "RequiresRecreation": "Always",
                    "BeforeValue": "a", "AfterValue": "b"}}]}}]"#;

    #[test]
    fn a_replacement_must_be_on_both_sides() {
        let mine = |update| vec![own("MyEC2Instance", INSTANCE, Fate::Updated(update))];
        assert_eq!(of(mine(Update::Replaces), REPLACES), []);
        assert_eq!(of(mine(Update::MayReplace), REPLACES), []);
        assert_eq!(of(mine(Update::InPlace), REPLACES), [DisagreementKind::OnlyServiceReplaces]);
        let in_place = REPLACES.replace(r#""True""#, r#""False""#);
        assert_eq!(of(mine(Update::Replaces), &in_place), [DisagreementKind::OnlyReviewReplaces]);
        assert_eq!(of(mine(Update::InPlace), &in_place), []);
        // "Conditional" says that CloudFormation does not know it yet.
        let open = REPLACES.replace(r#""True""#, r#""Conditional""#);
        for update in [Update::InPlace, Update::MayReplace, Update::Replaces, Update::Fails] {
            assert_eq!(of(mine(update), &open), [], "{update:?}");
        }
    }

    /// `Dynamic` is a value of `Action` in `ResourceChange` of the CloudFormation API.
    #[test]
    fn an_action_that_is_not_known_agrees_with_nothing() {
        let unclear = REPLACES.replace(r#""Modify""#, r#""Dynamic""#);
        let mine = vec![own("MyEC2Instance", INSTANCE, Fate::Updated(Update::Replaces))];
        assert_eq!(of(mine, &unclear), [DisagreementKind::AnotherAction]);
        assert_eq!(of(Vec::new(), &unclear), [DisagreementKind::OnlyInService]);
    }

    #[test]
    fn a_change_must_be_on_both_sides_but_for_tags() {
        let mine = || own("MyEC2Instance", INSTANCE, Fate::Updated(Update::InPlace));
        assert_eq!(of(vec![mine()], "[]"), [DisagreementKind::OnlyInReview]);
        assert_eq!(kinds(vec![mine()], Verdict::Nothing), [DisagreementKind::OnlyInReview]);
        assert_eq!(of(Vec::new(), REPLACES), [DisagreementKind::OnlyInService]);
        // A change of the stack's tags touches every resource.
        assert_eq!(of(Vec::new(), TAGS), []);
        let mut tags = mine();
        tags.properties = vec![PropertyChange {
            path: "/Tags/0/Value".to_owned(),
            before: Some("a".into()),
            after: Some("b".into()),
            update: Update::InPlace,
        }];
        assert_eq!(of(vec![tags], "[]"), []);
        // Metadata alone changes nothing.
        assert_eq!(of(vec![own("M", INSTANCE, Fate::Unchanged)], "[]"), []);
        // A value that may change when CloudFormation knows it is not said to change.
        let dynamic = REPLACES.replace("Static", "Dynamic").replace(r#""True""#, r#""False""#);
        assert_eq!(of(Vec::new(), &dynamic), []);
    }

    /// "Add and remove resources" on the same page; the values of `PolicyAction` in the API reference.
    #[test]
    fn what_is_kept_must_be_kept_on_both_sides() {
        let removed = |action: &str| {
            format!(
                r#"[{{"ResourceChange": {{"Action": "Remove", "LogicalResourceId": "B", "ResourceType": "AWS::S3::Bucket",
                    "PolicyAction": "{action}", "Scope": [], "Details": []}}}}]"#
            )
        };
        let mine = |fate| vec![own("B", "AWS::S3::Bucket", fate)];
        assert_eq!(of(mine(Fate::Retained), &removed("Retain")), []);
        assert_eq!(of(mine(Fate::Deleted), &removed("Delete")), []);
        assert_eq!(of(mine(Fate::Deleted), &removed("Snapshot")), []);
        assert_eq!(
            of(mine(Fate::Retained), &removed("Delete")),
            [DisagreementKind::OnlyServiceDeletes]
        );
        assert_eq!(
            of(mine(Fate::Deleted), &removed("Retain")),
            [DisagreementKind::OnlyReviewDeletes]
        );
        assert_eq!(of(mine(Fate::Moved), &removed("Delete")), []);
        assert_eq!(of(mine(Fate::Created), &removed("Delete")), [DisagreementKind::AnotherAction]);
    }

    #[test]
    fn a_refusal_agrees_with_an_update_that_fails() {
        let refused = || Verdict::Refused("no".to_owned());
        let mine = |update| vec![own("K", "AWS::KMS::Key", Fate::Updated(update))];
        assert_eq!(kinds(mine(Update::Fails), refused()), []);
        assert_eq!(kinds(mine(Update::InPlace), refused()), [DisagreementKind::ServiceRefuses]);
        assert!(answer(Verdict::Unknown("no network".to_owned())).is_err());
    }
}
