//! The calls when a resource is created, changed or deleted, and whether the execution role, the deploy role and the
//! service roles may make them. CloudFormation's schemas say which calls a handler makes, AWS's service authorization
//! reference says which resources a call needs; the names of resources come from the templates.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::catalogue;
use lakewright_stacks::Synthesized;
use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::{ResourceEntry, schema};
use lakewright_template::{StackAddress, StackKind};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use crate::aws::random;
use crate::calls::{Call, Deployed, Tags, fits};
use crate::stacks::LEFT_OUT;

const EXAMPLES: [&str; 4] = ["full", "governance", "lab", "minimal"];

/// The ARN of each type: the property with its name, if the stack sets one, and AWS's ARN format.
const FORMS: [(&str, &str, &str); 32] = [
    ("AWS::Athena::WorkGroup", "Name", "athena:{r}:{a}:workgroup/{}"),
    ("AWS::CloudWatch::Alarm", "AlarmName", "cloudwatch:{r}:{a}:alarm:{}"),
    ("AWS::CodeBuild::Project", "Name", "codebuild:{r}:{a}:project/{}"),
    ("AWS::CodeCommit::Repository", "RepositoryName", "codecommit:{r}:{a}:{}"),
    ("AWS::CodePipeline::Pipeline", "Name", "codepipeline:{r}:{a}:{}"),
    ("AWS::EC2::FlowLog", "", "ec2:{r}:{a}:vpc-flow-log/fl-0123456789abcdef0"),
    ("AWS::EC2::RouteTable", "", "ec2:{r}:{a}:route-table/rtb-0123456789abcdef0"),
    ("AWS::EC2::SecurityGroup", "", "ec2:{r}:{a}:security-group/sg-0123456789abcdef0"),
    ("AWS::EC2::Subnet", "", "ec2:{r}:{a}:subnet/subnet-0123456789abcdef0"),
    ("AWS::EC2::VPC", "", "ec2:{r}:{a}:vpc/vpc-0123456789abcdef0"),
    ("AWS::EC2::VPCEndpoint", "", "ec2:{r}:{a}:vpc-endpoint/vpce-0123456789abcdef0"),
    ("AWS::Events::EventBus", "Name", "events:{r}:{a}:event-bus/{}"),
    ("AWS::Events::Rule", "Name", "events:{r}:{a}:rule/{}"),
    ("AWS::Glue::Crawler", "Name", "glue:{r}:{a}:crawler/{}"),
    ("AWS::Glue::Job", "Name", "glue:{r}:{a}:job/{}"),
    ("AWS::Glue::Trigger", "Name", "glue:{r}:{a}:trigger/{}"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", "iam::{a}:policy/{}"),
    ("AWS::KMS::Key", "", "kms:{r}:{a}:key/11112222-3333-4444-5555-666677778888"),
    ("AWS::Logs::LogGroup", "LogGroupName", "logs:{r}:{a}:log-group:{}"),
    ("AWS::QuickSight::DataSource", "DataSourceId", "quicksight:{r}:{a}:datasource/{}"),
    ("AWS::S3::AccessPoint", "Name", "s3:{r}:{a}:accesspoint/{}"),
    ("AWS::S3::Bucket", "BucketName", "s3:::{}"),
    ("AWS::SNS::Topic", "TopicName", "sns:{r}:{a}:{}"),
    ("AWS::SQS::Queue", "QueueName", "sqs:{r}:{a}:{}"),
    ("AWS::SSM::Parameter", "Name", "ssm:{r}:{a}:parameter{}"),
    ("AWS::SageMaker::Domain", "", "sagemaker:{r}:{a}:domain/d-0123456789ab"),
    (
        "AWS::SageMaker::NotebookInstance",
        "NotebookInstanceName",
        "sagemaker:{r}:{a}:notebook-instance/{}",
    ),
    (
        "AWS::SageMaker::UserProfile",
        "UserProfileName",
        "sagemaker:{r}:{a}:user-profile/d-0123456789ab/{}",
    ),
    ("AWS::StepFunctions::StateMachine", "StateMachineName", "states:{r}:{a}:stateMachine:{}"),
    (
        "AWS::VerifiedPermissions::PolicyStore",
        "",
        "verifiedpermissions::{a}:policy-store/PS0123456789abcdef",
    ),
    ("AWS::VerifiedPermissions::PolicyStoreAlias", "AliasName", "verifiedpermissions:{r}:{a}:{}"),
    (
        "AWS::WAFv2::WebACL",
        "Name",
        "wafv2:{r}:{a}:regional/webacl/{}/11112222-3333-4444-5555-666677778888",
    ),
];

/// The operation on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Created,
    Changed,
    Deleted,
}

fn arn(stack: &Synthesized, resource: &ResourceEntry) -> Option<String> {
    let (_, property, form) = FORMS.iter().find(|(kind, ..)| *kind == resource.kind)?;
    let name = match *property {
        "" => "",
        property => resource.properties.get(property)?.as_text()?,
    };
    let form = form.replace("{r}", &stack.entry.region).replace("{a}", &stack.entry.account);
    Some(format!("arn:aws:{}", form.replace("{}", name)))
}

/// A resource's resolved properties. Values that only the service knows are left out.
fn plain(stack: &Synthesized, resource: &ResourceEntry) -> Json {
    let place = Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
    let resolver = Resolver::new(&stack.lowered.template, &place, Branch::Then);
    let entries = resource.properties.iter().filter_map(|(key, value)| {
        let found = resolver.resolve(value).ok().flatten()?;
        Some((key.to_string(), Resolved::into_plain(found)))
    });
    Json::Object(entries.collect::<Map<_, _>>())
}

/// The tags that a resource gets: the stack's tags and its own, given as a list or as a map.
fn tags(stack: &Synthesized, properties: &Json) -> Tags {
    let mut tags: Tags = stack.entry.tags.clone();
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let listed = properties["Tags"].as_array().into_iter().flatten();
    tags.extend(listed.filter_map(|tag| Some((text(&tag["Key"])?, text(&tag["Value"])?))));
    let mapped = properties["Tags"].as_object().into_iter().flatten();
    tags.extend(mapped.filter_map(|(key, value)| Some((key.clone(), text(value)?))));
    tags
}

/// The EC2 request that creates a type, the value of `ec2:CreateAction`.
fn creation(kind: &str) -> &'static str {
    match kind {
        "AWS::EC2::FlowLog" => "CreateFlowLogs",
        "AWS::EC2::RouteTable" => "CreateRouteTable",
        "AWS::EC2::SecurityGroup" => "CreateSecurityGroup",
        "AWS::EC2::Subnet" => "CreateSubnet",
        "AWS::EC2::VPC" => "CreateVpc",
        "AWS::EC2::VPCEndpoint" => "CreateVpcEndpoint",
        _ => "",
    }
}

/// The calls on the resource itself, with the tags in each request and the resource's tags at that time.
fn calls(stack: &Synthesized, resource: &ResourceEntry, moment: Moment, tag: &str) -> Vec<Call> {
    let Some(arn) = arn(stack, resource) else { return Vec::new() };
    let schema = schema::of(&resource.kind).expect("a pinned type");
    let all = tags(stack, &plain(stack, resource));
    let handlers: &[&str] = match moment {
        Moment::Created => &["create", "read"],
        Moment::Changed => &["update", "read"],
        Moment::Deleted => &["delete", "read"],
    };
    let mut calls = Vec::new();
    let actions: BTreeSet<&str> =
        handlers.iter().flat_map(|handler| schema.handler_permissions(handler)).collect();
    for name in actions {
        let is_left_out = |out: &str| name == out || out.ends_with(':') && name.starts_with(out);
        if LEFT_OUT.iter().any(|(out, _)| is_left_out(out)) {
            continue;
        }
        let Some((known, action)) = catalogue::action(name) else { continue };
        // No stack creates S3 objects. Their ARN format is a bucket's followed by a key, so it would match buckets.
        let is_own = action
            .resources
            .iter()
            .filter(|one| one.kind != "object")
            .filter_map(|one| known.resource_type(one.kind))
            .any(|kind| kind.arns.iter().any(|form| fits(&arn, form)));
        let service = arn.split(':').nth(2).unwrap_or_default();
        if !is_own || !name.starts_with(&format!("{service}:")) {
            continue;
        }
        let short = name.split(':').nth(1).unwrap_or_default();
        let call = Call::new(name, &arn);
        // Untagging actions act on existing tags, so they are no tagging here.
        let is_taken_off = ["Delete", "Remove", "Untag"].iter().any(|word| short.starts_with(word));
        let is_tagging = action.levels.contains(&"Tagging")
            && !is_taken_off
            && known.carries(action, None, "aws:RequestTag/lakewright:mesh");
        match moment {
            Moment::Created if short.starts_with("Create") || is_tagging => {
                let call = call.asking(&all).on(&Tags::new());
                calls.push(call.with("ec2:CreateAction", creation(&resource.kind)));
            }
            // The request has only the changed tag, and the resource lacks that tag for a moment.
            Moment::Changed if is_tagging => {
                let others = all.keys().map(String::as_str).chain([tag]);
                for key in others.filter(|key| *key != "lakewright:mesh") {
                    let mut left = all.clone();
                    left.remove(key);
                    let changed = Tags::from([(key.to_owned(), "changed".to_owned())]);
                    calls.push(call.clone().asking(&changed).on(&left));
                }
            }
            Moment::Created | Moment::Changed | Moment::Deleted => calls.push(call.on(&all)),
        }
    }
    calls
}

/// Checks all calls that a change of the stacks needs. Returns their number.
fn check(before: Option<&Deployed>, after: &Deployed, tag: &str) -> usize {
    let by_address = |deployed: &Deployed| -> BTreeMap<StackAddress, usize> {
        let stacks = deployed.stacks.iter().enumerate();
        let stacks = stacks.filter(|(_, stack)| stack.entry.kind != StackKind::Bootstrap);
        stacks.map(|(number, stack)| (stack.entry.address(), number)).collect()
    };
    let mut asked = 0;
    let mut ask = |by: &Deployed, stack: &Synthesized, resource: &ResourceEntry, moment| {
        let role = by.execution_role(stack);
        for call in calls(stack, resource, moment, tag) {
            by.allows(&role, &call);
            asked += 1;
        }
    };
    let old = before.map(by_address).unwrap_or_default();
    for (address, number) in by_address(after) {
        let stack = &after.stacks[number];
        let was = before.zip(old.get(&address)).map(|(before, number)| &before.stacks[*number]);
        let was = was.map(|stack| &stack.lowered.template.resources);
        for (id, resource) in &stack.lowered.template.resources {
            match was.and_then(|was| was.get(id)) {
                None => ask(after, stack, resource, Moment::Created),
                // The tags of a stack may change although its resource does not.
                Some(_) => ask(after, stack, resource, Moment::Changed),
            }
        }
    }
    let new = by_address(after);
    for (address, number) in &old {
        let before = before.expect("it has stacks");
        let stack = &before.stacks[*number];
        let is = new.get(address).map(|number| &after.stacks[*number].lowered.template.resources);
        for (id, resource) in &stack.lowered.template.resources {
            if is.and_then(|is| is.get(id)).is_none() {
                ask(before, stack, resource, Moment::Deleted);
            }
        }
    }
    asked
}

/// Checks the calls of the deploy role to CloudFormation for each stack.
fn check_deploy_role(deployed: &Deployed) {
    for stack in deployed.stacks.iter().filter(|stack| stack.entry.kind != StackKind::Bootstrap) {
        let role = deployed.role_of_bootstrap(stack, "-deploy-");
        let execution = deployed.execution_role(stack);
        let entry = &stack.entry;
        let arn = format!(
            "arn:aws:cloudformation:{}:{}:stack/{}/id",
            entry.region, entry.account, entry.name
        );
        let call = |action: &str| Call::new(&format!("cloudformation:{action}"), &arn);
        let named = |action: &str| call(action).with("cloudformation:RoleArn", &execution);
        deployed.allows(&role, &named("CreateChangeSet").asking(&entry.tags));
        deployed.allows(&role, &named("DeleteStack").on(&entry.tags));
        for action in ["DescribeStacks", "DescribeStackEvents", "ExecuteChangeSet", "GetTemplate"] {
            deployed.allows(&role, &call(action).on(&entry.tags));
        }
        deployed.allows(
            &role,
            &Call::new("iam:PassRole", &execution)
                .with("iam:PassedToService", "cloudformation.amazonaws.com"),
        );
    }
}

#[test]
fn every_stack_of_the_examples_is_made_changed_and_deleted() {
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        let created = check(None, &deployed, "New");
        let changed = check(Some(&deployed), &deployed, "New");
        let nothing = Deployed::of_stacks(name, Vec::new());
        let deleted = check(Some(&deployed), &nothing, "New");
        assert!(created > 50 && changed > created && deleted > 20, "{created} {changed} {deleted}");
        check_deploy_role(&deployed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_mesh_becomes_any_other_and_any_tag_any_other(
        one in random(),
        other in random(),
        tag in "[A-Za-z][A-Za-z0-9_.:/=+@-]{0,30}",
    ) {
        let (before, after) = (one.stacks(), other.stacks());
        let (before, after) =
            (Deployed::of_stacks("base", before), Deployed::of_stacks("base", after));
        prop_assert!(check(Some(&before), &after, &tag) > 100);
        check_deploy_role(&after);
    }
}

fn here(stack: &Synthesized, service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{}:{}:{rest}", stack.entry.region, stack.entry.account)
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The ARN of an arbitrary object in a bucket or under a path.
fn object(path: &str) -> String {
    format!("arn:aws:s3:::{}/any", path.trim_start_matches("s3://").trim_end_matches('/'))
}

/// The roles that a resource passes to its service, and the calls of the service with each: action and resource.
///
/// Sources: the pages on service roles in the guides of AWS Glue, Lake Formation, CodePipeline, CodeBuild, EventBridge,
/// EventBridge Scheduler, Step Functions (distributed map) and VPC flow logs.
fn as_services(stack: &Synthesized, resource: &ResourceEntry) -> Vec<(String, String, String)> {
    let properties = plain(stack, resource);
    let here = |service: &str, rest: &str| here(stack, service, rest);
    let mut found: Vec<(String, &str, String)> = Vec::new();
    match resource.kind.as_ref() {
        "AWS::CodeBuild::Project" => {
            let group = text(&properties["LogsConfig"]["CloudWatchLogs"]["GroupName"]);
            let role = text(&properties["ServiceRole"]);
            let streams = here("logs", &format!("log-group:{group}:log-stream:any"));
            found.push((role, "logs:PutLogEvents", streams));
        }
        "AWS::CodePipeline::Pipeline" => found.extend(as_pipeline(stack, &properties)),
        "AWS::EC2::FlowLog" => {
            let group = text(&properties["LogGroupName"]);
            let streams = here("logs", &format!("log-group:{group}:log-stream:any"));
            found.push((
                text(&properties["DeliverLogsPermissionArn"]),
                "logs:PutLogEvents",
                streams,
            ));
        }
        "AWS::Events::Rule" => {
            for target in properties["Targets"].as_array().into_iter().flatten() {
                let (role, arn) = (text(&target["RoleArn"]), text(&target["Arn"]));
                let action = match arn.split(':').nth(2) {
                    Some("codepipeline") => "codepipeline:StartPipelineExecution",
                    Some("events") => "events:PutEvents",
                    _ => continue,
                };
                if !role.is_empty() {
                    found.push((role, action, arn));
                }
            }
        }
        "AWS::Glue::Crawler" => {
            let role = text(&properties["Role"]);
            for target in properties["Targets"]["S3Targets"].as_array().into_iter().flatten() {
                found.push((role.clone(), "s3:GetObject", object(&text(&target["Path"]))));
                if target["EventQueueArn"].is_string() {
                    let queue = text(&target["EventQueueArn"]);
                    found.push((role.clone(), "sqs:ReceiveMessage", queue));
                }
            }
        }
        "AWS::Glue::Job" => {
            let script = text(&properties["Command"]["ScriptLocation"]).replacen(
                "s3://",
                "arn:aws:s3:::",
                1,
            );
            found.push((text(&properties["Role"]), "s3:GetObject", script));
        }
        "AWS::LakeFormation::Resource" => {
            let (role, bucket) = (text(&properties["RoleArn"]), text(&properties["ResourceArn"]));
            found.push((role.clone(), "s3:GetObject", format!("{bucket}/any")));
            found.push((role.clone(), "s3:PutObject", format!("{bucket}/any")));
            found.push((role, "s3:ListBucket", bucket));
        }
        "AWS::Scheduler::Schedule" => {
            let target = &properties["Target"];
            found.push((text(&target["RoleArn"]), "states:StartExecution", text(&target["Arn"])));
        }
        "AWS::StepFunctions::StateMachine" => {
            let role = text(&properties["RoleArn"]);
            let name = text(&properties["StateMachineName"]);
            let itself = here("states", &format!("stateMachine:{name}"));
            let run = here("states", &format!("execution:{name}/Environments:any"));
            found.push((role.clone(), "states:StartExecution", itself));
            found.push((role, "states:DescribeExecution", run));
        }
        _ => {}
    }
    found.into_iter().map(|(role, action, on)| (role, action.to_owned(), on)).collect()
}

/// The calls of CodePipeline with the pipeline's role, or with the role of an action.
fn as_pipeline(stack: &Synthesized, properties: &Json) -> Vec<(String, &'static str, String)> {
    let here = |service: &str, rest: &str| here(stack, service, rest);
    let mut found = Vec::new();
    let role = text(&properties["RoleArn"]);
    let artifacts = object(&text(&properties["ArtifactStore"]["Location"]));
    found.push((role.clone(), "s3:PutObject", artifacts.clone()));
    found.push((role.clone(), "s3:GetObject", artifacts));
    let stages = properties["Stages"].as_array().into_iter().flatten();
    for action in stages.flat_map(|stage| stage["Actions"].as_array().into_iter().flatten()) {
        let configuration = &action["Configuration"];
        let own = action["RoleArn"].as_str().map_or_else(|| role.clone(), str::to_owned);
        match action["ActionTypeId"]["Provider"].as_str() {
            Some("CodeBuild") => {
                let project = text(&configuration["ProjectName"]);
                let project = here("codebuild", &format!("project/{project}"));
                found.push((own.clone(), "codebuild:StartBuild", project.clone()));
                found.push((own, "codebuild:BatchGetBuilds", project));
            }
            Some("CodeCommit") => {
                let repository = here("codecommit", &text(&configuration["RepositoryName"]));
                for action in
                    ["codecommit:GetBranch", "codecommit:GetCommit", "codecommit:UploadArchive"]
                {
                    found.push((own.clone(), action, repository.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn services_may_do_what_their_roles_are_for() {
    let mut kinds = BTreeSet::new();
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for stack in &deployed.stacks {
            for resource in stack.lowered.template.resources.values() {
                for (role, action, on) in as_services(stack, resource) {
                    assert!(role.starts_with("arn:aws:iam::"), "{action} {on}: {role}");
                    deployed.allows(&role, &Call::new(&action, &on));
                    kinds.insert(resource.kind.to_string());
                }
            }
        }
    }
    assert_eq!(kinds.len(), 9, "{kinds:?}");
}
