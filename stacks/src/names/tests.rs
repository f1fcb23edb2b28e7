//! Tests of names.

use lakewright_manifest::mesh::ShareItem;

use super::*;
use crate::testing::{
    DEV, LAB, SALES, TENANT, dataset, environment, id, member, mesh, share, team,
};

#[test]
fn long_names_are_cut_in_the_middle() {
    let name = physical("a-rather-long-prefix", &"x".repeat(40), "abcdefgh", "-logs", 63);
    assert_eq!(name.len(), 63);
    assert!(name.starts_with("a-rather-long-prefix-xxx") && name.ends_with("-abcdefgh-logs"));
    assert_eq!(physical("p", "ab-cd", "abcdefgh", "", 14), "p-ab-abcdefgh");
}

#[test]
fn slugs_are_safe_in_names() {
    let slug_of = |name: &str| slug(&TeamName::parse(name).expect("a team"));
    assert_eq!(slug_of("Data Platform/Admins"), "data-platform-admins");
    assert_eq!(slug_of("ÄÖ"), "");
    assert_eq!(physical("p", "", "abcdefgh", "", 63), "p-abcdefgh");
}

/// The longest prefix, environment, dataset and other ids that a mesh takes (`docs/mesh.md`), and imported parts.
fn longest() -> Mesh {
    let (prefix, id) = ("p".repeat(20), "i".repeat(40));
    let environment = format!(
        "kind: Environment\nid: {id}\norganization: org\naccount: \"222222222222\"\nregion: eu-west-1\nteam: {}\nresource_prefix: {prefix}\n",
        "T".repeat(128)
    );
    let dataset = format!(
        "kind: Dataset\nid: {id}\nenvironment: {id}\nteam: {}\ntopics: [T]\nkeywords: [k]\n",
        "T".repeat(128)
    );
    mesh(&[TENANT, &environment, &dataset])
}

/// The longest name that each service takes. Sources: "General purpose bucket naming rules" and "Access points naming
/// rules" in the S3 guide, "IAM and AWS STS quotas", "CreateAlias" in the KMS API reference, "Amazon SQS standard queue
/// quotas", `DatabaseInput` in the Glue API reference, "CreateDomain" in the SageMaker API reference, "CreateStack" in the
/// CloudFormation API reference.
#[test]
fn the_longest_ids_give_names_that_every_service_takes() {
    let mesh = longest();
    let names = Names::new(&mesh);
    let id = id(&"i".repeat(40));
    let environment = &mesh.environments[&id];
    let dataset = &mesh.datasets[&id];
    let team = &environment.team;
    let place = Names::place(environment);
    let prefix = &environment.resource_prefix;
    let table = "t".repeat(255);
    let within = [
        (63, names.environment_bucket(environment)),
        (63, names.results_bucket(environment)),
        (63, names.log_bucket(environment)),
        (63, names.template_bucket(prefix, &place)),
        (63, names.template_log_bucket(prefix, &place)),
        (63, names.platform("access-logs")),
        // `CreatePolicyStoreAlias` in the Verified Permissions API reference: 150 characters, the fixed beginning included.
        (131, names.policy_store()),
        (63, names.dataset_bucket(environment, dataset)),
        (63, names.pipeline(environment, &id, "artifacts")),
        (63, names.pipeline_bucket(environment, team, &id, id.as_str())),
        (50, names.access_point(environment, &id)),
        (64, names.pivot_role(environment)),
        (64, names.failure_role(environment)),
        (64, names.failure_rule(environment, "Pipelines")),
        (64, names.dataset_role(environment, dataset)),
        (64, names.team(environment, team)),
        (64, names.pipeline_stage(environment, &id, id.as_str(), "approve")),
        (64, Names::execution_role(prefix, "ap-southeast-1")),
        (128, names.share_policy(environment, &id)),
        (256, format!("alias/{}", names.dataset_alias(environment, dataset))),
        (256, format!("alias/{}", names.subscription(environment, "subscriptions"))),
        (80, names.producers(environment, team)),
        (80, names.subscription(environment, "dead-letters")),
        (255, names.dataset_database(environment, dataset)),
        (255, names.shared_database(environment, &id)),
        (63, names.notebook(environment, &id)),
        (63, names.studio_profile(environment, &id)),
        (63, format!("{}-studio-flow-logs", names.studio(environment))),
        (128, names.team_stack(environment, team)),
        (128, names.dashboards_stack(environment, team)),
        (128, names.pipeline_stack(environment, team, &id, id.as_str())),
        (128, Names::stack(environment, StackKind::StudioProfile, &id)),
        (50, names.table_tag(environment, dataset, ["a", "b"].into_iter())),
        (50, Names::table_tag_value(&table)),
    ];
    for (limit, name) in within {
        assert!(name.len() <= limit, "{name} has {} of {limit} characters", name.len());
    }
}

#[test]
fn names_that_are_cut_alike_still_differ() {
    let mesh = longest();
    let names = Names::new(&mesh);
    let environment = mesh.environments.values().next().expect("an environment");
    let [a, b] = ["a", "b"].map(|end| id(&format!("{}{end}", "i".repeat(39))));
    let [one, other] = [&a, &b].map(|id| names.access_point(environment, id));
    assert_eq!(one[..40], other[..40], "the ids are cut before they differ");
    assert_ne!(one, other);
    let [one, other] = ["a", "b"].map(|end| team(&format!("{}{end}", "T".repeat(127))));
    assert_ne!(names.team(environment, &one), names.team(environment, &other));
    let tables = ["a", "b"].map(|end| format!("{}{end}", "t".repeat(100)));
    let [one, other] = [&tables[0], &tables[1]].map(|table| Names::table_tag_value(table));
    assert_ne!(one, other);
}

#[test]
fn the_end_of_a_name_tells_tenant_account_region_and_kind_apart() {
    // A bucket's name is one in all accounts of a partition ("General purpose bucket naming rules").
    let mesh = mesh(&[TENANT, DEV, LAB]);
    let dev = environment(&mesh, "dev");
    let mut other_tenant = mesh.clone();
    other_tenant.tenant.header.id = id("other");
    let other_region =
        Environment { region: Region::parse("us-east-1").expect("a region"), ..dev.clone() };
    let names = Names::new(&mesh);
    let all = [
        names.uri(dev, "dataset", "sales"),
        names.uri(dev, "share", "sales"),
        names.uri(dev, "dataset", "orders"),
        names.uri(environment(&mesh, "lab"), "dataset", "sales"),
        names.uri(&other_region, "dataset", "sales"),
        Names::new(&other_tenant).uri(dev, "dataset", "sales"),
    ];
    assert!(all.iter().all(|uri| uri.len() == 8), "{all:?}");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert_eq!(all[0], names.uri(dev, "dataset", "sales"), "a name never changes");
}

#[test]
fn names_have_the_characters_that_their_services_take() {
    let odd = DEV.replace("Readers", "ÄÖ Team_3/x.y");
    let mesh = mesh(&[TENANT, &odd, SALES]);
    let names = Names::new(&mesh);
    let dev = environment(&mesh, "dev");
    let sales = dataset(&mesh, "sales");
    let is_of = |name: &str, more: &str| {
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    // "General purpose bucket naming rules" and "Access points naming rules" in the S3 user guide.
    let hyphens = [
        names.dataset_bucket(dev, sales),
        names.results_bucket(dev),
        names.access_point(dev, &id("s")),
        names.team(dev, &team("ÄÖ Team_3/x.y")),
        names.pipeline_bucket(dev, &team("ÄÖ Team_3/x.y"), &id("p"), "prod"),
    ];
    assert!(hyphens.iter().all(|name| is_of(name, "-")), "{hyphens:?}");
    // "Name databases, tables, and columns" in the Athena user guide: no special character but the underscore.
    let underscores = [names.dataset_database(dev, sales), names.shared_database(dev, &id("s"))];
    assert!(underscores.iter().all(|name| is_of(name, "_")), "{underscores:?}");
}

#[test]
fn what_is_imported_keeps_its_own_names() {
    let role = "arn:aws:iam::222222222222:role/path/Existing";
    let dev = DEV.replace("team: Readers,", &format!("team: Readers, iam_role_arn: \"{role}\","));
    let sales = format!("{SALES}import: {{ bucket: old-bucket, glue_database: old }}\n");
    let mesh = mesh(&[TENANT, &dev, &sales]);
    let names = Names::new(&mesh);
    let (dev, sales) = (environment(&mesh, "dev"), dataset(&mesh, "sales"));
    assert_eq!(names.dataset_bucket(dev, sales), "old-bucket");
    assert_eq!(names.dataset_database(dev, sales), "old");
    assert_eq!(names.team_role_arn(dev, member(dev, "Readers")), role);
    assert_ne!(names.dataset_role(dev, sales), "old-bucket", "the role is made here");
}

#[test]
fn an_owners_pivot_role_does_not_meet_the_one_that_is_made_here() {
    let auto = mesh(&[TENANT, DEV]);
    let mut manual = auto.clone();
    manual.tenant.pivot_role.mode = PivotMode::Manual;
    let name = |mesh: &Mesh| Names::new(mesh).pivot_role(environment(mesh, "dev"));
    assert_ne!(name(&auto), name(&manual));
    assert!(name(&auto).starts_with("lakewright-pivot-role-dev-"), "{}", name(&auto));
}

#[test]
fn the_pattern_of_producers_covers_each_teams_topic_and_no_other_one() {
    for mesh in [mesh(&[TENANT, DEV]), longest()] {
        let names = Names::new(&mesh);
        let environment = mesh.environments.values().next().expect("an environment");
        let pattern = names.every_producers(environment);
        let begin = pattern.strip_suffix('*').expect("a pattern");
        for member in &environment.teams {
            let topic = names.producers(environment, &member.team);
            assert!(topic.starts_with(begin), "{topic}, {pattern}");
        }
        for part in ["consumers", "producers", "dead-letters"] {
            let other = names.subscription(environment, part);
            assert!(!other.starts_with(begin), "{other}, {pattern}");
        }
    }
}

#[test]
fn a_filter_that_shows_something_else_has_another_name() {
    // CloudFormation replaces a filter whose columns or rows change, and makes the new one first.
    let mesh = |table: &str| {
        let text = share("s", "dev", "Readers", &format!("items: [{{ table: orders{table} }}]"));
        mesh(&[TENANT, DEV, SALES, &text])
    };
    let name = |table: &str| {
        let mesh = mesh(table);
        let share = mesh.shares.values().next().expect("a share");
        let ShareItem::Table(shared) = &share.items[0] else { unreachable!("a table") };
        Names::new(&mesh).data_filter(environment(&mesh, "dev"), &share.header.id, shared)
    };
    let all = [", columns: [id]", ", columns: [id, region]", ", rows: id = 1", ", rows: id = 2"];
    let all: BTreeSet<String> = all.into_iter().map(name).collect();
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn an_environments_own_boundary_comes_before_that_of_the_bootstrap() {
    let own = "arn:aws:iam::222222222222:policy/Limit";
    let mesh = mesh(&[TENANT, &format!("{DEV}permissions_boundary: {own}\n"), LAB]);
    assert_eq!(Names::boundary_arn(environment(&mesh, "dev")), own);
    assert_eq!(
        Names::boundary_arn(environment(&mesh, "lab")),
        "arn:aws:iam::333333333333:policy/lakewright-boundary-eu-west-1"
    );
}

#[test]
fn groups_of_quicksight_are_made_in_the_identity_region_alone() {
    let has = |region: &str, identity: &str| {
        let more = format!(
            "features: {{ dashboards: true }}\ncontext: {{ quicksight: {{ subscribed: true, identity_region: {identity} }} }}\n"
        );
        let dev = DEV.replace("region: eu-west-1", &format!("region: {region}"));
        let mesh = mesh(&[TENANT, &format!("{dev}{more}")]);
        Names::has_dashboard_groups(environment(&mesh, "dev"))
    };
    assert!(has("us-east-1", "us-east-1"));
    assert!(!has("eu-west-1", "us-east-1"), "users and groups are elsewhere");
    // `docs/stacks/environment.md`: of the commercial regions CloudFormation has the type in us-east-1.
    assert!(!has("eu-west-1", "eu-west-1"));
}

#[test]
fn each_bootstrap_of_an_account_is_known() {
    let mesh = mesh(&[TENANT, DEV, LAB]);
    let names = Names::new(&mesh);
    let regions = |account: &str| -> Vec<String> {
        let all = names.bootstrapped(account).into_iter();
        all.map(|(prefix, region)| format!("{prefix} {region}")).collect()
    };
    assert_eq!(regions("222222222222"), ["lakewright eu-west-1"]);
    assert_eq!(regions("111111111111"), ["lakewright eu-west-1"], "that of the platform");
    assert!(regions("444444444444").is_empty());
}
