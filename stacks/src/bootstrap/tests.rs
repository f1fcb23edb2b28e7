//! Tests of what a bootstrap stack lets be deployed. What is expected stands in `docs/stacks/bootstrap.md`.

use std::collections::BTreeMap;

use lakewright_manifest::Mesh;
use lakewright_policies::actions::{ON_POLICY, ON_ROLE, ON_STACK};
use lakewright_policies::catalogue;
use lakewright_synth::Lowered;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, StackAddress, Text, read};

use super::execution::{Derived, LIFTING, STACK_CHANGES, handler_actions, statements};
use super::narrow::narrowed;
use super::*;
use crate::Plan;
use crate::testing::{
    ALL_ON, DEV, LAB, SALES, TENANT, condition, environment, mesh, named, of_roles, resources,
    services, texts, with_permissions,
};

/// No feature.
const OFF: Features = Features {
    datasets: false,
    notebooks: false,
    ml_studio: false,
    pipelines: false,
    dashboards: false,
    worksheets: false,
    subscriptions: false,
};

const EVERY: Features = Features {
    datasets: true,
    notebooks: true,
    ml_studio: true,
    pipelines: true,
    dashboards: true,
    worksheets: true,
    subscriptions: true,
};

fn usage(kinds: &[&'static str]) -> Usage {
    Usage { kinds: kinds.iter().map(|kind| Text::from(*kind)).collect(), ..Usage::default() }
}

/// Looks at the bootstrap of `dev` that lets this be used.
fn with<R>(mesh: &Mesh, usage: Usage, look: impl FnOnce(&Context<'_>) -> R) -> R {
    let dev = environment(mesh, "dev");
    let account = Account {
        place: Names::place(dev),
        prefix: dev.resource_prefix.clone(),
        environments: vec![dev],
        managed_roles: Vec::new(),
        removable: Vec::new(),
        usage,
        features: vec![dev.features],
        looks_for_drift: true,
    };
    look(&Context { names: Names::new(mesh), account: &account })
}

fn derived(usage: Usage) -> Vec<Derived> {
    with(&mesh(&[TENANT, DEV]), usage, statements)
}

fn of_sid<'d>(all: &'d [Derived], sid: &str) -> Vec<&'d Derived> {
    all.iter().filter(|one| one.sid == sid).collect()
}

fn lines(conditions: &Conditions) -> Vec<String> {
    conditions.lines(|value| value.as_text().map(str::to_owned))
}

/// The resources of an action of the execution role, each set with its conditions.
fn held(kinds: &[&'static str], action: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let sets = with(&mesh(&[TENANT, DEV]), usage(kinds), |context| narrowed(context, action));
    sets.into_iter().map(|(resources, conditions)| (resources, lines(&conditions))).collect()
}

/// The bootstrap stack of a place, for what the features of its environments ask for.
fn bootstrap(mesh: &Mesh, account: &str) -> Lowered {
    let plan = Plan::of(mesh, None);
    let all = plan.bootstraps(BTreeMap::new());
    let found = all.iter().find(|stack| stack.place().account == account).expect("a bootstrap");
    found.lower().expect("a stack without problems")
}

#[test]
fn a_feature_offers_the_types_of_its_stacks_and_no_others() {
    let mesh = mesh(&[TENANT, DEV]);
    let dev = environment(&mesh, "dev");
    let none = offered(dev, OFF).kinds;
    let more = |features: Features| -> BTreeSet<String> {
        let all = offered(dev, features).kinds;
        let kinds = all.difference(&none).filter_map(|kind| kind.split("::").nth(1));
        kinds.map(str::to_owned).collect()
    };
    let expected: [(Features, &[&str]); 7] = [
        (Features { datasets: true, ..OFF }, &["Glue", "KMS", "LakeFormation", "S3"]),
        (Features { notebooks: true, ..OFF }, &["EC2", "KMS", "SageMaker"]),
        (Features { ml_studio: true, ..OFF }, &["EC2", "KMS", "Logs", "SSM", "SageMaker"]),
        (Features { pipelines: true, ..OFF }, &["CodeBuild", "CodeCommit", "CodePipeline", "KMS"]),
        (Features { dashboards: true, ..OFF }, &["QuickSight"]),
        (Features { worksheets: true, ..OFF }, &["Athena", "KMS"]),
        (Features { subscriptions: true, ..OFF }, &["KMS", "SNS", "SQS"]),
    ];
    for (features, services) in expected {
        let services: BTreeSet<String> = services.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(more(features), services, "{features:?}");
    }
}

#[test]
fn a_network_is_offered_only_where_the_stack_makes_it() {
    let has = |lines: &str| {
        let mesh = mesh(&[TENANT, &format!("{DEV}{lines}")]);
        let dev = environment(&mesh, "dev");
        offered(dev, dev.features).kinds.contains("AWS::EC2::VPC")
    };
    assert!(!has(ALL_ON), "the mesh names a VPC");
    let created = "features: { ml_studio: true }\ncontext: { default_vpc: { exists: false }, availability_zones: [euw1-az1, euw1-az2] }\n";
    assert!(has(created));
    assert!(!has(""));
}

#[test]
fn tables_are_shared_through_ram_with_datasets_only() {
    let mesh = mesh(&[TENANT, DEV]);
    let dev = environment(&mesh, "dev");
    let actions = |usage: Usage| -> BTreeSet<&'static str> {
        derived(usage).into_iter().flat_map(|one| one.actions).collect()
    };
    let without = actions(offered(dev, Features { datasets: false, ..EVERY }));
    assert!(!without.iter().any(|action| action.starts_with("ram:")), "{without:?}");
    // What the managed policy `AWSLakeFormationCrossAccountManager` allows.
    let with = actions(offered(dev, Features { datasets: true, ..OFF }));
    assert!(with.contains("ram:CreateResourceShare") && with.contains("glue:PutResourcePolicy"));
}

#[test]
fn objects_are_read_from_the_template_bucket_and_never_written() {
    let mesh = mesh(&[TENANT, DEV]);
    let dev = environment(&mesh, "dev");
    let names = Names::new(&mesh);
    let bucket = names.template_bucket(&dev.resource_prefix, &Names::place(dev));
    let read = held(&["AWS::S3::Bucket"], "s3:GetObject");
    assert_eq!(read, [(vec![format!("arn:aws:s3:::{bucket}/*")], Vec::<String>::new())]);
    for action in ["s3:PutObject", "s3:DeleteObject"] {
        assert!(held(&["AWS::S3::Bucket"], action).is_empty(), "{action}");
    }
}

#[test]
fn keys_are_made_with_the_meshs_tag_and_used_by_it() {
    let any = vec!["*".to_owned()];
    let asked = "StringEquals aws:RequestTag/lakewright:mesh base".to_owned();
    let has = "StringEquals aws:ResourceTag/lakewright:mesh base".to_owned();
    assert_eq!(held(&["AWS::KMS::Key"], "kms:CreateKey"), [(any, vec![asked.clone()])]);
    let keys = vec!["arn:aws:kms:eu-west-1:222222222222:key/*".to_owned()];
    for action in ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:Decrypt"] {
        assert_eq!(
            held(&["AWS::KMS::Key"], action),
            [(keys.clone(), vec![has.clone()])],
            "{action}"
        );
    }
    // An update sends the tags that differ, and a request that makes a key sends all of them.
    let tagged = held(&["AWS::KMS::Key"], "kms:TagResource");
    assert_eq!(tagged, [(keys.clone(), vec![asked]), (keys, vec![has])]);
}

#[test]
fn roles_are_written_only_while_they_have_the_boundary() {
    let boundary = "ArnEquals iam:PermissionsBoundary arn:aws:iam::222222222222:policy/lakewright-boundary-eu-west-1";
    let policies = "ArnLike iam:PolicyARN arn:aws:iam::222222222222:policy/lakewright-*";
    let roles = vec!["arn:aws:iam::222222222222:role/lakewright-*".to_owned()];
    // "Actions, resources, and condition keys for AWS IAM": these carry `iam:PermissionsBoundary`.
    for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"] {
        let expected = [(roles.clone(), vec![boundary.to_owned()])];
        assert_eq!(held(&["AWS::IAM::Role"], action), expected, "{action}");
    }
    let attached = [(roles.clone(), vec![boundary.to_owned(), policies.to_owned()])];
    assert_eq!(held(&["AWS::IAM::Role"], "iam:AttachRolePolicy"), attached);
    assert_eq!(held(&["AWS::IAM::Role"], "iam:GetRole"), [(roles, Vec::<String>::new())]);
}

#[test]
fn users_and_groups_are_never_written() {
    for action in ["iam:AttachUserPolicy", "iam:PutUserPolicy", "iam:PutGroupPolicy"] {
        assert!(catalogue::action(action).is_some(), "{action}");
        assert!(held(&["AWS::IAM::ManagedPolicy"], action).is_empty(), "{action}");
    }
}

#[test]
fn tags_are_put_on_types_that_are_made_and_on_no_others() {
    let all = |kinds: &[&'static str]| -> Vec<String> {
        held(kinds, "sagemaker:AddTags").into_iter().flat_map(|(resources, _)| resources).collect()
    };
    let notebooks = "arn:aws:sagemaker:eu-west-1:222222222222:notebook-instance/lakewright-*";
    assert_eq!(all(&["AWS::SageMaker::NotebookInstance"]), [notebooks]);
    let domains = all(&["AWS::SageMaker::Domain"]);
    assert!(domains.iter().all(|arn| arn.contains(":domain/")), "{domains:?}");
}

#[test]
fn a_boundary_is_never_taken_off() {
    let kinds = usage(&["AWS::IAM::Role"]);
    let taken = "iam:DeleteRolePermissionsBoundary";
    assert!(handler_actions(&kinds.kinds).contains(taken), "CloudFormation's handlers ask for it");
    assert!(derived(kinds).iter().all(|one| !one.actions.contains(&taken)));
}

#[test]
fn roles_are_handed_to_services_of_the_used_types_only() {
    assert!(of_sid(&derived(usage(&["AWS::S3::Bucket"])), "PassRole").is_empty());
    let all = derived(usage(&["AWS::Glue::Crawler", "AWS::Events::Rule"]));
    let [pass] = of_sid(&all, "PassRole")[..] else { unreachable!("one statement: {all:?}") };
    assert_eq!(pass.resources, ["arn:aws:iam::222222222222:role/lakewright-*"]);
    let to = ["events", "glue"]
        .map(|name| format!("StringEquals iam:PassedToService {name}.amazonaws.com"));
    assert_eq!(lines(&pass.conditions), to);
}

#[test]
fn a_role_of_others_is_handed_to_the_service_that_is_given_it_only() {
    let role = "arn:aws:iam::222222222222:role/Existing";
    let mut used = usage(&["AWS::Glue::Crawler", "AWS::SageMaker::NotebookInstance"]);
    used.passed_roles.insert((role.to_owned(), "AWS::SageMaker::NotebookInstance".into()));
    let all = derived(used);
    let found: Vec<&Derived> =
        all.iter().filter(|one| one.resources.contains(&role.to_owned())).collect();
    let [pass] = found[..] else { unreachable!("one statement: {found:?}") };
    assert_eq!((pass.actions.as_slice(), pass.resources.len()), (&["iam:PassRole"][..], 1));
    let to = "StringEquals iam:PassedToService sagemaker.amazonaws.com";
    assert_eq!(lines(&pass.conditions), [to]);
}

#[test]
fn services_get_roles_of_their_own_only_for_types_that_make_them_do_so() {
    assert!(of_sid(&derived(usage(&["AWS::S3::Bucket"])), "ServiceLinkedRoles").is_empty());
    let all = derived(usage(&["AWS::SageMaker::Domain"]));
    let [linked] = of_sid(&all, "ServiceLinkedRoles")[..] else { unreachable!("one: {all:?}") };
    // "Service-linked role permissions" in the IAM user guide: the path, and `iam:AWSServiceName`.
    let role = "arn:aws:iam::222222222222:role/aws-service-role/sagemaker.amazonaws.com/*";
    assert_eq!(linked.resources, [role]);
    assert_eq!(
        lines(&linked.conditions),
        ["StringEquals iam:AWSServiceName sagemaker.amazonaws.com"]
    );
}

#[test]
fn only_declared_tables_of_an_imported_database_are_changed() {
    let mut used = usage(&["AWS::Glue::Table"]);
    used.tables.insert("222222222222/old/orders".to_owned());
    let all = derived(used);
    let [tables] = of_sid(&all, "ImportedTables")[..] else { unreachable!("one: {all:?}") };
    assert_eq!(tables.actions, ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]);
    let glue = |part: &str| format!("arn:aws:glue:eu-west-1:222222222222:{part}");
    let expected = ["catalog", "database/old", "table/old/orders"].map(glue);
    assert_eq!(tables.resources, expected);
}

#[test]
fn everything_is_open_only_to_actions_that_know_no_resource() {
    // The service authorization reference, as the catalogue has it.
    let mesh = mesh(&[TENANT, DEV]);
    let all = derived(offered(environment(&mesh, "dev"), EVERY));
    let open = all.iter().filter(|one| one.resources == ["*"] && one.conditions.is_empty());
    let actions: Vec<&str> = open.flat_map(|one| one.actions.iter().copied()).collect();
    assert!(actions.len() > 10, "{actions:?}");
    for action in actions {
        let known = catalogue::action(action);
        assert!(known.is_none_or(|(_, known)| known.resources.is_empty()), "{action}");
    }
}

#[test]
fn what_begins_with_the_prefix_is_not_used_by_name() {
    // So that one more dataset changes nothing in the bootstrap.
    let of = |name: &str, database: &str| {
        let text = format!(
            r#"{{"Resources": {{
                "Role": {{"Type": "AWS::IAM::Role", "Properties": {{"RoleName": "{name}"}}}},
                "Job": {{"Type": "AWS::Glue::Job", "Properties": {{"Role": "arn:aws:iam::222222222222:role/{name}"}}}},
                "Table": {{"Type": "AWS::Glue::Table", "Properties": {{
                    "CatalogId": "222222222222", "DatabaseName": "{database}", "TableInput": {{"Name": "orders"}}}}}}}}}}"#
        );
        Usage::of(&read::template(&text).expect("a template"), "222222222222", "lakewright")
    };
    let own = of("lakewright-sales", "lakewright_sales");
    assert_eq!(own, usage(&["AWS::Glue::Job", "AWS::Glue::Table", "AWS::IAM::Role"]));
    let other = of("Existing", "old");
    let job = ("arn:aws:iam::222222222222:role/Existing".to_owned(), Text::from("AWS::Glue::Job"));
    assert_eq!(other.made_roles, BTreeSet::from(["Existing".to_owned()]));
    assert_eq!(other.passed_roles, BTreeSet::from([job]));
    assert_eq!(other.databases, BTreeSet::from(["222222222222/old".to_owned()]));
    assert_eq!(other.tables, BTreeSet::from(["222222222222/old/orders".to_owned()]));
    let mut both = own;
    both.merge(&other);
    assert_eq!(both, other, "what several templates use is used once");
}

#[test]
fn the_deploy_role_touches_lake_formation_only_where_there_are_datasets() {
    let looks = |lines: &str, account: &str| {
        let mesh = mesh(&[TENANT, &format!("{DEV}{lines}")]);
        let lowered = bootstrap(&mesh, account);
        let role = resources(&lowered.template, "AWS::IAM::RolePolicy").into_iter();
        let policy = role.filter(|one| texts(&one.properties, "PolicyName").contains("deploy"));
        let documents = policy.filter_map(|one| one.properties.get("PolicyDocument"));
        let all = documents.flat_map(crate::testing::statements);
        let actions: Vec<&str> = all.flat_map(|one| texts(one, "Action")).collect();
        services(actions).into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let off = "features: { datasets: false }\n";
    assert_eq!(looks(off, "222222222222"), ["cloudformation", "iam", "kms", "s3"]);
    let with_datasets = ["cloudformation", "glue", "iam", "kms", "lakeformation", "s3"];
    assert_eq!(looks("", "222222222222"), with_datasets);
    // The mails' topic is in the central account's home region.
    assert_eq!(looks("", "111111111111"), ["cloudformation", "iam", "kms", "s3", "sns"]);
}

/// A bootstrap that an owner deployed before `drift` came still lets everything be deployed.
#[test]
fn no_deployment_needs_what_drift_reads() {
    let mesh = mesh(&[TENANT, DEV]);
    let plan = Plan::of(&mesh, None);
    let has = |offer: Offer, action: &str| {
        let stacks = plan.bootstraps_with(BTreeMap::new(), offer);
        stacks.iter().any(|stack| {
            let template = stack.lower().expect("a template").template;
            let policies = resources(&template, "AWS::IAM::RolePolicy").into_iter();
            let mut documents = policies.filter_map(|one| one.properties.get("PolicyDocument"));
            documents.any(|document| {
                let all = crate::testing::statements(document);
                all.iter().any(|one| texts(one, "Action").contains(action))
            })
        })
    };
    for action in ["kms:ListGrants", "iam:ListRolePolicies", "cloudformation:DetectStackDrift"] {
        assert!(has(Offer::Environments, action), "{action}");
        assert!(!has(Offer::Nothing, action), "{action}");
    }
}

#[test]
fn the_deploy_role_grants_no_permission_and_passes_the_execution_role_alone() {
    let mesh = mesh(&[TENANT, &format!("{DEV}{ALL_ON}")]);
    let lowered = bootstrap(&mesh, "222222222222");
    let policies = resources(&lowered.template, "AWS::IAM::RolePolicy").into_iter();
    let mut of_deploy =
        policies.filter(|one| texts(&one.properties, "PolicyName").contains("deploy"));
    let document = of_deploy.next().and_then(|one| one.properties.get("PolicyDocument"));
    let document = document.expect("the deploy role's policy");
    let all = crate::testing::statements(document);
    for action in ["lakeformation:GrantPermissions", "iam:CreateRole", "s3:DeleteBucket"] {
        assert!(!all.iter().any(|one| texts(one, "Action").contains(action)), "{action}");
    }
    let pass = named(document, "PassExecutionRole");
    let execution = "arn:aws:iam::222222222222:role/lakewright-execution-eu-west-1";
    assert_eq!(texts(pass, "Resource"), BTreeSet::from([execution]));
    let to = condition(pass, "StringEquals", "iam:PassedToService");
    assert_eq!(to, BTreeSet::from(["cloudformation.amazonaws.com"]));
    let change = named(document, "StackChange");
    let role = condition(change, "StringEquals", "cloudformation:RoleArn");
    assert_eq!(role, BTreeSet::from([execution]));
}

#[test]
fn the_boundary_opens_no_writing_of_iam_and_keeps_the_roles_that_deploy() {
    let mesh = mesh(&[TENANT, DEV]);
    let lowered = bootstrap(&mesh, "222222222222");
    let policies = resources(&lowered.template, "AWS::IAM::ManagedPolicy").into_iter();
    let name = "lakewright-boundary-eu-west-1";
    let mut boundaries =
        policies.filter(|one| texts(&one.properties, "ManagedPolicyName").contains(name));
    let document = boundaries.next().and_then(|one| one.properties.get("PolicyDocument"));
    let document = document.expect("the boundary");
    let all = crate::testing::statements(document);
    let allows: Vec<&Map> =
        all.into_iter().filter(|one| texts(one, "Effect").contains("Allow")).collect();
    let opened: BTreeSet<&str> = allows.iter().flat_map(|one| texts(one, "Action")).collect();
    let of_iam: Vec<&str> =
        opened.iter().copied().filter(|action| action.starts_with("iam:")).collect();
    assert_eq!((opened.len(), of_iam.len()), (28 + 8, 8));
    let is_look = |action: &&str| {
        ["iam:Get", "iam:List"].iter().any(|look| action.starts_with(look))
            || *action == "iam:PassRole"
    };
    assert!(of_iam.iter().all(is_look), "{of_iam:?}");
    for service in ["account:*", "organizations:*", "iam:*", "*"] {
        assert!(!opened.contains(service), "{service}");
    }
    let kept = texts(named(document, "DenyLifting"), "Resource");
    let iam = |part: &str| format!("arn:aws:iam::222222222222:{part}");
    for part in ["role/lakewright-execution-eu-west-1", "role/lakewright-deploy-eu-west-1"] {
        assert!(kept.contains(iam(part).as_str()), "{kept:?}");
    }
    assert!(kept.contains(iam(&format!("policy/{name}")).as_str()), "{kept:?}");
}

#[test]
fn an_owner_with_a_boundary_of_its_own_keeps_it() {
    let has = |lines: &str| {
        let mesh = mesh(&[TENANT, &format!("{DEV}{lines}")]);
        let template = bootstrap(&mesh, "222222222222").template;
        let policies = resources(&template, "AWS::IAM::ManagedPolicy").into_iter();
        policies
            .flat_map(|one| texts(&one.properties, "ManagedPolicyName"))
            .any(|name| name.starts_with("lakewright-boundary-"))
    };
    assert!(has(""));
    assert!(!has("permissions_boundary: arn:aws:iam::222222222222:policy/Limit\n"));
}

#[test]
fn no_role_is_made_without_a_boundary_whatever_is_attached_later() {
    let own = "permissions_boundary: arn:aws:iam::222222222222:policy/Limit\n";
    let mesh = mesh(&[TENANT, &format!("{DEV}{own}")]);
    let template = bootstrap(&mesh, "222222222222").template;
    let denies = of_roles(&template).into_iter();
    let mut unbounded = denies.filter(|one| texts(one, "Sid").contains("DenyUnbounded"));
    let statement = unbounded.next().expect("a deny");
    let actions = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"];
    assert_eq!(texts(statement, "Action"), BTreeSet::from(actions));
    assert_eq!(texts(statement, "Resource"), BTreeSet::from(["arn:aws:iam::222222222222:role/*"]));
    let allowed = condition(statement, "ArnNotEquals", "iam:PermissionsBoundary");
    assert_eq!(allowed, BTreeSet::from(["arn:aws:iam::222222222222:policy/Limit"]));
}

#[test]
fn the_record_of_deployments_is_in_the_central_home_region_alone() {
    let mesh = mesh(&[TENANT, DEV, LAB]);
    let recorded = |account: &str| -> BTreeSet<String> {
        let lowered = bootstrap(&mesh, account);
        let all = of_roles(&lowered.template).into_iter();
        let arns = all.flat_map(|one| texts(one, "Resource"));
        let keys = arns.filter_map(|arn| arn.split_once("/deployments/"));
        keys.map(|(_, key)| key.to_owned()).collect()
    };
    // The record and the run of the whole mesh, and the leases of its parts.
    let own = ["base.json", "base/*.json"].map(str::to_owned);
    assert_eq!(recorded("111111111111"), BTreeSet::from(own));
    assert_eq!(recorded("222222222222"), BTreeSet::new());
    assert_eq!(recorded("333333333333"), BTreeSet::new());
}

#[test]
fn the_deploy_role_lets_in_the_deployers_and_the_updater_with_the_external_id() {
    let mesh = mesh(&[TENANT, DEV]);
    let template = bootstrap(&mesh, "222222222222").template;
    let roles = resources(&template, "AWS::IAM::Role").into_iter();
    let name = "lakewright-deploy-eu-west-1";
    let mut found = roles.filter(|role| texts(&role.properties, "RoleName").contains(name));
    let trust = found.next().and_then(|role| role.properties.get("AssumeRolePolicyDocument"));
    let all = crate::testing::statements(trust.expect("a trust policy"));
    let [statement, tags] = all[..] else { unreachable!("two statements: {all:?}") };
    for one in [statement, tags] {
        let principal = one.get("Principal").map(value_to_compact_json);
        assert_eq!(principal.as_deref(), Some(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#));
    }
    assert_eq!(texts(statement, "Action"), BTreeSet::from(["sts:AssumeRole"]));
    // "Pass session tags in AWS STS" in the IAM user guide: an action of its own, with the keys that may be passed.
    assert_eq!(texts(tags, "Action"), BTreeSet::from(["sts:TagSession"]));
    let keys = condition(tags, "ForAllValues:StringEquals", "aws:TagKeys");
    assert_eq!(keys, BTreeSet::from(["lakewright:mesh", "lakewright:run"]));
    let of_mesh = condition(tags, "StringEquals", "aws:RequestTag/lakewright:mesh");
    assert_eq!(of_mesh, BTreeSet::from(["base"]));
    let external = condition(statement, "StringEquals", "sts:ExternalId");
    assert_eq!(external, BTreeSet::from(["base-0123456789"]));
    let updater = Names::new(&mesh).platform("updater-build");
    let roles =
        ["platform", updater.as_str()].map(|name| format!("arn:aws:iam::111111111111:role/{name}"));
    let admitted = condition(statement, "ArnEquals", "aws:PrincipalArn");
    assert_eq!(admitted, roles.iter().map(String::as_str).collect::<BTreeSet<_>>());
}

#[test]
fn one_more_dataset_or_team_needs_no_other_bootstrap() {
    let made = |documents: &[&str]| {
        let mesh = mesh(documents);
        let plan = Plan::of(&mesh, None);
        let mut used: BTreeMap<StackAddress, Usage> = BTreeMap::new();
        for stack in &plan.stacks {
            let template = stack.lower().expect("a stack without problems").template;
            used.entry(stack.bootstrap_address()).or_default().merge(&stack.usage_of(&template));
        }
        let all = plan.bootstraps(used);
        let found = all.iter().find(|stack| stack.place().account == "222222222222");
        found.expect("a bootstrap").lower().expect("a stack without problems").template
    };
    let before = made(&[TENANT, DEV]);
    assert_eq!(made(&[TENANT, DEV, SALES]), before);
    assert_eq!(made(&[TENANT, &with_permissions(DEV, "create_dataset")]), before);
}

#[test]
fn whatever_gives_the_rights_of_a_role_is_denied_on_the_protected_ones() {
    // Who assumes them their trust policies say.
    let of_role = ON_ROLE.iter().filter(|action| **action != "sts:AssumeRole");
    for action in of_role.chain(&ON_POLICY) {
        assert!(LIFTING.contains(action), "{action}");
    }
    for action in &ON_STACK {
        assert!(STACK_CHANGES.contains(action), "{action}");
    }
}

/// Only the alarms that the mesh names, by name; the execution role has those for which CloudFormation rolls back.
#[test]
fn the_roles_see_the_alarms_of_their_environments_and_no_others() {
    let alarm = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:222222222222:alarm:{name}");
    let named = format!(
        "deployment: {{ rollback_alarms: [\"{}\"], wave_alarms: [\"{}\"] }}\n",
        alarm("errors"),
        alarm("jobs")
    );
    let seen = |documents: &[&str]| -> Vec<BTreeSet<String>> {
        let template = bootstrap(&mesh(documents), "222222222222").template;
        let all = of_roles(&template).into_iter();
        let looks = all.filter(|one| texts(one, "Action").contains("cloudwatch:DescribeAlarms"));
        let own = |one: &&Map| texts(one, "Resource").iter().any(|arn| arn.contains(":alarm:"));
        let looks = looks.filter(own).map(|one| texts(one, "Resource"));
        looks.map(|arns| arns.into_iter().map(str::to_owned).collect()).collect()
    };
    assert_eq!(seen(&[TENANT, DEV]), Vec::<BTreeSet<String>>::new());
    let found: BTreeSet<BTreeSet<String>> =
        seen(&[TENANT, &format!("{DEV}{named}")]).into_iter().collect();
    let both = BTreeSet::from([alarm("errors"), alarm("jobs")]);
    assert_eq!(found, BTreeSet::from([both, BTreeSet::from([alarm("errors")])]));
}
