//! Which principal makes which call with which context: the requests of CloudFormation's handlers to IAM, decided by the
//! product's own evaluator from the templates. The emulator does not enforce IAM, so these tests do.
//!
//! The order and the tags of the calls come from the handlers' public sources and from public reports; each case names its
//! source.

mod policy_store;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::evaluate::Decision;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{Outside, World};
use lakewright_manifest::mesh::Mesh;
use lakewright_policies::catalogue;
use lakewright_stacks::Synthesized;
use lakewright_template::schema;
use lakewright_template::{StackAddress, StackKind};

use crate::limits::with;
use crate::run::{example, mesh, sources, synthesized, world};

const EXAMPLES: [&str; 4] = ["full", "governance", "lab", "minimal"];

/// The stacks of an example, and the access model of their templates.
pub(crate) struct Deployed {
    mesh: String,
    pub(crate) stacks: Vec<Synthesized>,
    world: World,
}

impl Deployed {
    pub(crate) fn of(name: &str) -> Self {
        Self::of_mesh(&mesh(&sources(&example(name))))
    }

    pub(crate) fn of_mesh(mesh: &Mesh) -> Self {
        Self::of_stacks(mesh.tenant.header.id.as_str(), synthesized(mesh))
    }

    pub(crate) fn of_stacks(mesh: &str, stacks: Vec<Synthesized>) -> Self {
        let world = world(&stacks);
        Self { mesh: mesh.to_owned(), stacks, world }
    }

    /// The execution role of a stack's account, region and prefix, which the stack's bootstrap creates.
    pub(crate) fn execution_role(&self, stack: &Synthesized) -> String {
        self.role_of_bootstrap(stack, "-execution-")
    }

    pub(crate) fn role_of_bootstrap(&self, stack: &Synthesized, part: &str) -> String {
        let by_address = |address: &StackAddress| {
            self.stacks.iter().find(|other| other.entry.address() == *address)
        };
        let mut queue: Vec<&Synthesized> = vec![stack];
        while let Some(next) = queue.pop() {
            let is_here = (&next.entry.account, &next.entry.region)
                == (&stack.entry.account, &stack.entry.region);
            if next.entry.kind == StackKind::Bootstrap && is_here {
                let roles = next.lowered.template.resources.values();
                let names = roles
                    .filter(|one| one.kind == "AWS::IAM::Role")
                    .filter_map(|role| role.properties.get("RoleName")?.as_text());
                let name = names.into_iter().find(|name| name.contains(part)).expect("the role");
                return format!("arn:aws:iam::{}:role/{name}", stack.entry.account);
            }
            queue.extend(next.entry.depends_on.iter().filter_map(by_address));
        }
        unreachable!("every stack waits for its bootstrap stack")
    }

    fn decide(&self, role: &str, call: &Call) -> Decision {
        let mut context = Context::new();
        for (key, value) in &call.request_tags {
            context.set(&format!("aws:RequestTag/{key}"), [value]);
        }
        for (key, value) in &call.resource_tags {
            context.set(&format!("aws:ResourceTag/{key}"), [value]);
        }
        for (key, value) in &call.keys {
            context.set(key, [value]);
        }
        let principal = Principal::role(role);
        let action = Action::new(&call.action);
        let request =
            Request { principal: &principal, action, resource: &call.resource, context: &context };
        // The key policy delegates to the account. Other tests cover Lake Formation's permissions.
        self.world.decide(&request, Outside::Allows).decision
    }

    pub(crate) fn allows(&self, role: &str, call: &Call) {
        let decision = self.decide(role, call);
        assert_eq!(decision, Decision::Allow, "{role}: {call:?}");
    }

    pub(crate) fn refuses(&self, role: &str, call: &Call) {
        let decision = self.decide(role, call);
        assert_ne!(decision, Decision::Allow, "{role}: {call:?}");
    }
}

pub(crate) type Tags = BTreeMap<String, String>;

/// One API call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    action: String,
    resource: String,
    request_tags: Tags,
    resource_tags: Tags,
    keys: Tags,
}

impl Call {
    pub(crate) fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), ..Self::default() }
    }

    pub(crate) fn asking(mut self, tags: &Tags) -> Self {
        self.request_tags = tags.clone();
        self
    }

    pub(crate) fn on(mut self, tags: &Tags) -> Self {
        self.resource_tags = tags.clone();
        self
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.keys.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// The tags of a resource, as its template sets them.
fn tags(stack: &Synthesized, kind: &str) -> Option<Tags> {
    let resources = stack.lowered.template.resources.values();
    let resource = resources.into_iter().find(|one| one.kind == kind)?;
    let list = resource.properties.get("Tags")?.as_list()?;
    let text = |tag: &lakewright_template::Value, key: &str| {
        Some(tag.as_map()?.get(key)?.as_text()?.to_owned())
    };
    Some(list.iter().filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?))).collect())
}

/// Each other tag of a resource, changed alone: handlers send only the tags that differ.
///
/// Source: `TagHelper` of aws-cloudformation-resource-providers-kms (2024-06); no published handler sends all tags.
fn each_changed(tags: &Tags) -> impl Iterator<Item = (Tags, Tags)> {
    let others = tags.keys().filter(|key| *key != "lakewright:mesh");
    others.map(|key| {
        let mut left = tags.clone();
        left.remove(key);
        (Tags::from([(key.clone(), "changed".to_owned())]), left)
    })
}

#[test]
fn a_key_is_made_changed_and_deleted() {
    let mut keys = 0;
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for stack in &deployed.stacks {
            let Some(all) = tags(stack, "AWS::KMS::Key") else { continue };
            let role = deployed.execution_role(stack);
            let StackEntryPlace { account, region } = place(stack);
            let key =
                format!("arn:aws:kms:{region}:{account}:key/11112222-3333-4444-5555-666677778888");
            let none = Tags::new();
            deployed.allows(&role, &Call::new("kms:CreateKey", "*").asking(&all));
            deployed.allows(&role, &Call::new("kms:TagResource", &key).asking(&all).on(&none));
            // Right after the key is created, its tags may not take effect for five minutes ("Attribute-based access control
            // for AWS KMS"); aws-cloudformation-resource-providers-kms PR #61.
            deployed.allows(&role, &Call::new("kms:EnableKeyRotation", &key));
            // At least 15 seconds later, and with retries. An alias of ours on another's key would give teams the use of
            // that key.
            deployed.allows(&role, &Call::new("kms:CreateAlias", &key).on(&all));
            let untagged = Tags::from([("Owner".to_owned(), "others".to_owned())]);
            deployed.refuses(&role, &Call::new("kms:CreateAlias", &key).on(&untagged));
            for (changed, left) in each_changed(&all) {
                deployed.allows(&role, &Call::new("kms:UntagResource", &key).on(&all));
                deployed
                    .allows(&role, &Call::new("kms:TagResource", &key).asking(&changed).on(&left));
            }
            for action in
                ["kms:PutKeyPolicy", "kms:UpdateKeyDescription", "kms:ScheduleKeyDeletion"]
            {
                deployed.allows(&role, &Call::new(action, &key).on(&all));
                // The role cannot touch keys of others.
                deployed.refuses(
                    &role,
                    &Call::new(action, &key).on(&Tags::from([(
                        "lakewright:mesh".to_owned(),
                        format!("not-{}", deployed.mesh),
                    )])),
                );
            }
            let stranger = Tags::from([("Owner".to_owned(), "others".to_owned())]);
            deployed.refuses(
                &role,
                &Call::new("kms:TagResource", &key).asking(&stranger).on(&stranger),
            );
            keys += 1;
        }
    }
    assert!(keys >= 20, "{keys}");
}

struct StackEntryPlace<'s> {
    account: &'s str,
    region: &'s str,
}

fn place(stack: &Synthesized) -> StackEntryPlace<'_> {
    StackEntryPlace { account: &stack.entry.account, region: &stack.entry.region }
}

#[test]
fn a_domain_keeps_the_right_to_its_tags() {
    let deployed = Deployed::of("full");
    let mut domains = 0;
    for stack in &deployed.stacks {
        let Some(all) = tags(stack, "AWS::SageMaker::Domain") else { continue };
        let role = deployed.execution_role(stack);
        let StackEntryPlace { account, region } = place(stack);
        let domain = format!("arn:aws:sagemaker:{region}:{account}:domain/d-0123456789ab");
        deployed.allows(&role, &Call::new("sagemaker:CreateDomain", &domain).asking(&all));
        deployed.allows(&role, &Call::new("sagemaker:AddTags", &domain).asking(&all));
        // aws-cloudformation-resource-providers-sagemaker PR #32 (2024-04): only the difference is sent.
        for (changed, left) in each_changed(&all) {
            deployed.allows(&role, &Call::new("sagemaker:DeleteTags", &domain).on(&all));
            deployed
                .allows(&role, &Call::new("sagemaker:AddTags", &domain).asking(&changed).on(&left));
        }
        for action in ["sagemaker:UpdateDomain", "sagemaker:DeleteDomain"] {
            deployed.allows(&role, &Call::new(action, &domain).on(&all));
        }
        domains += 1;
    }
    assert_eq!(domains, 3);
}

#[test]
fn a_security_group_gets_its_tags_before_its_rules() {
    let mut groups = 0;
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for stack in &deployed.stacks {
            let Some(all) = tags(stack, "AWS::EC2::SecurityGroup") else { continue };
            for resource in stack.lowered.template.resources.values() {
                // Inline rules of a group are created before its tags (aws-cdk #13204, #13256).
                let is_inside = |key: &str| resource.properties.get(key).is_some();
                assert!(
                    resource.kind != "AWS::EC2::SecurityGroup"
                        || !is_inside("SecurityGroupEgress") && !is_inside("SecurityGroupIngress")
                );
            }
            let role = deployed.execution_role(stack);
            let StackEntryPlace { account, region } = place(stack);
            let group =
                format!("arn:aws:ec2:{region}:{account}:security-group/sg-0123456789abcdef0");
            deployed.allows(&role, &Call::new("ec2:CreateSecurityGroup", &group).asking(&all));
            let within = Call::new("ec2:CreateTags", &group)
                .asking(&all)
                .with("ec2:CreateAction", "CreateSecurityGroup");
            deployed.allows(&role, &within);
            // Tags may be set in a separate request (coverage-roadmap #714): then the group has no tags yet. The evaluator
            // treats a missing tag as absent if it knows the resource's tags.
            let untagged =
                Tags::from([("aws:cloudformation:stack-name".to_owned(), "x".to_owned())]);
            let alone = Call::new("ec2:CreateTags", &group).asking(&all).on(&untagged);
            assert_ne!(deployed.decide(&role, &alone), Decision::ImplicitDeny, "{alone:?}");
            for action in ["ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"] {
                deployed.allows(&role, &Call::new(action, &group).on(&all));
            }
            for (changed, left) in each_changed(&all) {
                deployed
                    .allows(&role, &Call::new("ec2:CreateTags", &group).asking(&changed).on(&left));
            }
            groups += 1;
        }
    }
    assert!(groups >= 8, "{groups}");
}

#[test]
fn roles_are_changed_and_deleted_with_their_boundary_and_no_others() {
    let deployed = Deployed::of("lab");
    let mut roles = 0;
    for stack in deployed.stacks.iter().filter(|stack| stack.entry.kind != StackKind::Bootstrap) {
        let execution = deployed.execution_role(stack);
        let resources = stack.lowered.template.resources.values();
        for role in resources.filter(|one| one.kind == "AWS::IAM::Role") {
            let name = role.properties.get("RoleName").and_then(|name| name.as_text());
            let name = name.expect("a name");
            let arn = format!("arn:aws:iam::{}:role/{name}", stack.entry.account);
            let boundary = role.properties.get("PermissionsBoundary").and_then(|one| one.as_text());
            let boundary = boundary.expect("each role of a stack has a boundary");
            // "Actions, resources, and condition keys for IAM" lists the key for these actions since autumn 2025. A role of
            // others that somebody imports into a stack has no boundary of the mesh.
            for action in
                ["iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRoleDescription"]
            {
                let key = "iam:PermissionsBoundary";
                deployed.allows(&execution, &Call::new(action, &arn).with(key, boundary));
                let other = "arn:aws:iam::222222222222:policy/other";
                deployed.refuses(&execution, &Call::new(action, &arn).with(key, other));
            }
            roles += 1;
        }
        // The role cannot touch the roles that deploy, with or without a boundary.
        for part in ["-execution-", "-deploy-"] {
            let protected = deployed.role_of_bootstrap(stack, part);
            for action in ["iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy"] {
                deployed.refuses(&execution, &Call::new(action, &protected));
            }
        }
    }
    assert!(roles > 10, "{roles}");
}

#[test]
fn links_and_datasets_can_be_deleted() {
    let deployed = Deployed::of("full");
    let mut databases = 0;
    for stack in &deployed.stacks {
        let StackEntryPlace { account, region } = place(stack);
        let resources = stack.lowered.template.resources.values();
        for database in resources.filter(|one| one.kind == "AWS::Glue::Database") {
            let input = database.properties.get("DatabaseInput").and_then(|input| input.as_map());
            let name = input.and_then(|input| input.get("Name")?.as_text()).expect("a name");
            let role = deployed.execution_role(stack);
            // Glue authorizes this on the database, all of its tables and all of its functions: "Actions, resources, and
            // condition keys for AWS Glue" marks these resource types as required.
            for part in [
                "catalog",
                &format!("database/{name}"),
                &format!("table/{name}/*"),
                &format!("userDefinedFunction/{name}/*"),
            ] {
                let arn = format!("arn:aws:glue:{region}:{account}:{}", part.replace('*', "any"));
                deployed.allows(&role, &Call::new("glue:DeleteDatabase", &arn));
            }
            databases += 1;
        }
    }
    assert!(databases >= 8, "{databases}");
}

#[test]
fn declared_tables_of_an_imported_database_are_made_and_others_are_left_alone() {
    let text = "kind: Dataset\nid: theirs\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
                import: { bucket: their-bucket, glue_database: their_database }\n\
                tables: [{ name: t, columns: [{ name: id, type: bigint }] }]\n";
    let deployed = Deployed::of_mesh(&mesh(&with(text.to_owned())));
    let dataset = deployed.stacks.iter().find(|stack| stack.entry.id == "theirs").expect("it");
    let role = deployed.execution_role(dataset);
    // The actions in the type's schema, on all resources that Glue authorizes them on.
    for action in ["glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"] {
        for part in ["catalog", "database/their_database", "table/their_database/t"] {
            let arn = format!("arn:aws:glue:eu-west-1:222222222222:{part}");
            deployed.allows(&role, &Call::new(action, &arn));
        }
        // Lake Formation's DROP permission covers all tables there, but this one is not the mesh's.
        let other = "arn:aws:glue:eu-west-1:222222222222:table/their_database/other";
        deployed.refuses(&role, &Call::new(action, other));
    }
}

#[test]
fn the_platforms_log_group_and_web_acl_can_be_made() {
    let mut platforms = 0;
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for stack in deployed.stacks.iter().filter(|stack| stack.entry.kind == StackKind::Platform)
        {
            let StackEntryPlace { account, region } = place(stack);
            let role = deployed.execution_role(stack);
            let resources = stack.lowered.template.resources.values();
            for group in resources.filter(|one| one.kind == "AWS::Logs::LogGroup") {
                let name = group.properties.get("LogGroupName").and_then(|name| name.as_text());
                let name = name.expect("a name");
                // "Avoiding Amazon CloudWatch Logs resource policy size restrictions" in the Step Functions guide.
                assert!(name.starts_with("/aws/vendedlogs/states/"), "{name}");
                let logs = format!("arn:aws:logs:{region}:{account}:log-group");
                for action in
                    ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"]
                {
                    deployed.allows(&role, &Call::new(action, &format!("{logs}:{name}")));
                    let other = format!("{logs}:/aws/vendedlogs/states/other");
                    deployed.refuses(&role, &Call::new(action, &other));
                }
            }
            // AWS refused the call without these: amazon-cloudfront-waf-secretsmanager #3.
            let waf = format!("arn:aws:wafv2:{region}:{account}:regional/managedruleset");
            for action in ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"] {
                for group in ["", "AWS/AWSManagedRulesCommonRuleSet"] {
                    deployed.allows(&role, &Call::new(action, &format!("{waf}/{group}")));
                }
            }
            platforms += 1;
        }
    }
    assert_eq!(platforms, EXAMPLES.len());
}

#[test]
fn the_deploy_role_names_the_execution_role_in_every_deletion() {
    let deployed = Deployed::of("lab");
    for stack in deployed.stacks.iter().filter(|stack| stack.entry.kind != StackKind::Bootstrap) {
        let deploy = deployed.role_of_bootstrap(stack, "-deploy-");
        let StackEntryPlace { account, region } = place(stack);
        let arn =
            format!("arn:aws:cloudformation:{region}:{account}:stack/{}/id", stack.entry.name);
        for action in ["cloudformation:CreateChangeSet", "cloudformation:DeleteStack"] {
            let named = deployed.execution_role(stack);
            deployed
                .allows(&deploy, &Call::new(action, &arn).with("cloudformation:RoleArn", &named));
            // The request carries the key because it names a role (code-dot-org PR #54495). Without a role it is denied.
            let other = format!("arn:aws:iam::{account}:role/other");
            deployed
                .refuses(&deploy, &Call::new(action, &arn).with("cloudformation:RoleArn", &other));
        }
        deployed.allows(&deploy, &Call::new("cloudformation:DescribeEvents", &arn));
        let change_set =
            format!("arn:aws:cloudformation:{region}:{account}:changeSet/lakewright-1234/id");
        deployed.allows(&deploy, &Call::new("cloudformation:DescribeEvents", &change_set));
        deployed.allows(&deploy, &Call::new("cloudformation:ExecuteChangeSet", &arn));
        // The resource types of each action: "Actions, resources, and condition keys for AWS CloudFormation" in the service
        // authorization reference. The last two actions have none.
        for action in ["ContinueUpdateRollback", "DescribeChangeSetHooks", "ListHookResults"] {
            deployed.allows(&deploy, &Call::new(&format!("cloudformation:{action}"), &arn));
        }
        let protects = Call::new("cloudformation:UpdateTerminationProtection", &arn);
        deployed.allows(&deploy, &protects);
        // The denial of changes of bootstrap stacks has them; nothing allows them either.
        for action in ["SetAlias", "RemoveAlias", "SetStackPolicy"] {
            deployed.refuses(&deploy, &Call::new(&format!("cloudformation:{action}"), &arn));
        }
        for action in ["DescribeAccountLimits", "GetHookResult"] {
            deployed.allows(&deploy, &Call::new(&format!("cloudformation:{action}"), "*"));
        }
    }
}

/// The resources of an execution role's statements, by action.
fn statements(bootstrap: &Synthesized) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let policies = bootstrap.lowered.template.resources.iter().filter(|(id, resource)| {
        id.as_str().starts_with("ExecutionRole") && resource.kind == "AWS::IAM::ManagedPolicy"
    });
    for (_, policy) in policies {
        policy.properties.iter().for_each(|(_, value)| {
            value.walk(&mut |value| {
                let Some(map) = value.as_map().filter(|map| map.get("Effect").is_some()) else {
                    return;
                };
                let texts = |key: &str| {
                    let mut texts = Vec::new();
                    if let Some(value) = map.get(key) {
                        value.walk(&mut |value| texts.extend(value.as_text().map(str::to_owned)));
                    }
                    texts
                };
                for action in texts("Action") {
                    found.entry(action).or_default().extend(texts("Resource"));
                }
            });
        });
    }
    found
}

/// Whether a statement's pattern can match an ARN of a format. They are compared part by part; a variable matches anything.
pub(crate) fn fits(pattern: &str, form: &str) -> bool {
    let mut plain = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push('\u{1}');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let service = |arn: &str| arn.split(':').nth(2).map(str::to_owned);
    if pattern == "*" {
        return true;
    }
    let kind = |arn: &str| {
        let resource: String = arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
        resource.split(['/', ':', '\u{1}', '*']).next().unwrap_or_default().to_owned()
    };
    service(pattern) == service(&plain)
        && (kind(&plain).is_empty()
            || kind(pattern).eq_ignore_ascii_case(&kind(&plain))
            || pattern.contains(&format!(":{}", kind(&plain))))
}

#[test]
fn every_allowed_action_has_each_resource_type_that_it_requires() {
    // Actions on resource types that no stack creates.
    const WITHOUT: [(&str, &str); 1] =
        [("ec2:CreateVpcEncryptionControl", "not used: no VPC asks for it")];
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for bootstrap in deployed.stacks.iter().filter(|one| one.entry.kind == StackKind::Bootstrap)
        {
            for (action, patterns) in statements(bootstrap) {
                let Some((service, known)) = catalogue::action(&action) else { continue };
                if WITHOUT.iter().any(|(without, _)| *without == action) {
                    continue;
                }
                // A tagging action concerns one resource at a time, of any type.
                let is_about_tags = known.name.to_lowercase().contains("tag");
                for required in
                    known.resources.iter().filter(|kind| kind.is_required && !is_about_tags)
                {
                    let forms = &service.resource_type(required.kind).expect("a type").arns;
                    let is_of = |pattern: &String| forms.iter().any(|form| fits(pattern, form));
                    assert!(
                        patterns.iter().any(is_of),
                        "{}: {action} needs {} ({forms:?}), and has {patterns:?}",
                        bootstrap.entry.name,
                        required.kind
                    );
                }
            }
        }
    }
}

#[test]
fn handlers_of_named_resources_may_do_what_their_schemas_state() {
    // Services whose names all carry the prefix: what is created under a name can be changed and deleted under it.
    let forms: [(&str, &str, &str, &str); 8] = [
        ("AWS::Athena::WorkGroup", "Name", "athena", "workgroup/{}"),
        ("AWS::Events::Rule", "Name", "events", "rule/{}"),
        ("AWS::Glue::Crawler", "Name", "glue", "crawler/{}"),
        ("AWS::Glue::Job", "Name", "glue", "job/{}"),
        ("AWS::Glue::Trigger", "Name", "glue", "trigger/{}"),
        ("AWS::SNS::Topic", "TopicName", "sns", "{}"),
        ("AWS::SQS::Queue", "QueueName", "sqs", "{}"),
        ("AWS::StepFunctions::StateMachine", "StateMachineName", "states", "stateMachine:{}"),
    ];
    let mut calls = 0;
    for name in EXAMPLES {
        let deployed = Deployed::of(name);
        for stack in deployed.stacks.iter().filter(|one| one.entry.kind != StackKind::Bootstrap) {
            let StackEntryPlace { account, region } = place(stack);
            for resource in stack.lowered.template.resources.values() {
                let Some((kind, property, service, form)) =
                    forms.iter().find(|(kind, ..)| *kind == resource.kind)
                else {
                    continue;
                };
                let Some(name) = resource.properties.get(property).and_then(|n| n.as_text()) else {
                    continue;
                };
                let role = deployed.execution_role(stack);
                let arn =
                    format!("arn:aws:{service}:{region}:{account}:{}", form.replace("{}", name));
                let schema = schema::of(kind).expect("a pinned type");
                for handler in ["create", "read", "update", "delete"] {
                    for action in schema.handler_permissions(handler) {
                        let Some((known, found)) = catalogue::action(action) else { continue };
                        // Only keys of the resource itself.
                        let is_own = found.resources.iter().any(|one| {
                            known
                                .resource_type(one.kind)
                                .is_some_and(|one| one.arns.iter().any(|form| fits(&arn, form)))
                        });
                        if !action.starts_with(&format!("{service}:")) || !is_own {
                            continue;
                        }
                        deployed.allows(&role, &Call::new(action, &arn));
                        calls += 1;
                    }
                }
            }
        }
    }
    assert!(calls > 300, "{calls}");
}
