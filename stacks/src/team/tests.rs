//! Tests of when a team has a stack, and of what goes into it. What is expected stands in `docs/stacks/team.md`.

use std::collections::BTreeSet;

use lakewright_template::{Map, StackKind, Template};

use super::*;
use crate::testing::{
    DEV, LOADER, SALES, TENANT, allowed, dataset, delivery, environment, lowered, member, mesh,
    of_roles, planned, resources, texts, with_permissions,
};

const IMPORTED: &str = "team: Readers, iam_role_arn: \"arn:aws:iam::222222222222:role/Existing\",";

fn about<'t>(template: &'t Template, action: &str) -> Vec<&'t Map> {
    let all = of_roles(template).into_iter();
    all.filter(|statement| texts(statement, "Action").contains(action)).collect()
}

#[test]
fn a_team_with_an_imported_role_has_a_stack_for_its_workgroup_only() {
    let imported = DEV.replace("team: Readers,", IMPORTED);
    let has = |environment: &str| {
        let mesh = mesh(&[TENANT, environment]);
        planned(&mesh).contains(&(StackKind::Team, "dev/Readers".to_owned()))
    };
    assert!(has(&with_permissions(DEV, "")));
    assert!(has(&imported));
    assert!(!has(&with_permissions(&imported, "create_share")));
    assert!(!has(&(imported + "features: { worksheets: false }\n")));
}

#[test]
fn an_imported_role_is_not_in_the_template() {
    let mesh = mesh(&[TENANT, &DEV.replace("team: Readers,", IMPORTED)]);
    let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
    let iam = template.resources.values().filter(|one| one.kind.starts_with("AWS::IAM::"));
    assert_eq!(iam.count(), 0);
    assert_eq!(resources(&template, "AWS::Athena::WorkGroup").len(), 1);
}

#[test]
fn a_worksheet_is_a_named_query_of_its_team_alone() {
    let worksheet =
        "kind: Worksheet\nid: figures\nenvironment: dev\nteam: Readers\nquery: SELECT 1\n";
    let mesh = mesh(&[TENANT, DEV, worksheet]);
    let count = |team: &str| {
        let template = lowered(&mesh, StackKind::Team, team).template;
        resources(&template, "AWS::Athena::NamedQuery").len()
    };
    assert_eq!((count("dev/Readers"), count("dev/Owners")), (1, 0));
}

#[test]
fn an_imported_bucket_is_written_by_its_owner_and_read_by_its_stewards() {
    let sales = format!("{SALES}stewards: Readers\nimport: {{ bucket: old-bucket }}\n");
    let mesh = mesh(&[TENANT, DEV, &sales]);
    let may = |team: &str, action: &str| {
        let template = lowered(&mesh, StackKind::Team, team).template;
        about(&template, action).iter().any(|statement| {
            texts(statement, "Resource")
                .iter()
                .any(|arn| arn.starts_with("arn:aws:s3:::old-bucket"))
        })
    };
    for (team, writes) in [("dev/Owners", true), ("dev/Readers", false)] {
        assert!(may(team, "s3:GetObject"), "{team}");
        assert_eq!(may(team, "s3:PutObject"), writes, "{team}");
        assert_eq!(may(team, "s3:DeleteObject"), writes, "{team}");
    }
}

#[test]
fn a_bucket_of_the_mesh_takes_nothing_of_a_teams_policies() {
    let mesh = mesh(&[TENANT, DEV, SALES]);
    let with = lowered(&mesh, StackKind::Team, "dev/Owners").template;
    let without = lowered(&crate::testing::mesh(&[TENANT, DEV]), StackKind::Team, "dev/Owners");
    assert_eq!(allowed(&with), allowed(&without.template));
    let bucket =
        Names::new(&mesh).dataset_bucket(environment(&mesh, "dev"), dataset(&mesh, "sales"));
    let named = of_roles(&with).into_iter().flat_map(|statement| texts(statement, "Resource"));
    assert_eq!(named.filter(|arn| arn.contains(&bucket)).count(), 0);
}

#[test]
fn a_stage_gives_its_team_one_bucket_whose_policy_it_does_not_write() {
    let mesh = delivery(&[LOADER]);
    let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
    let made = about(&template, "s3:CreateBucket");
    let buckets: BTreeSet<&str> =
        made.iter().flat_map(|statement| texts(statement, "Resource")).collect();
    let dev = environment(&mesh, "dev");
    let id = crate::testing::id("loader");
    let readers = member(dev, "Readers");
    let own = Names::new(&mesh).pipeline_bucket(dev, &readers.team, &id, "test");
    assert_eq!(buckets, BTreeSet::from([format!("arn:aws:s3:::{own}").as_str()]));
    // Whoever writes a bucket's policy can let anybody in.
    let all = allowed(&template);
    assert!(!all.contains("s3:PutBucketPolicy") && !all.contains("s3:PutBucketAcl"), "{all:?}");
}

#[test]
fn results_and_their_key_come_with_a_workgroup_only() {
    let may = |permissions: &str| {
        let mesh = mesh(&[TENANT, &with_permissions(DEV, permissions)]);
        let template = lowered(&mesh, StackKind::Team, "dev/Readers").template;
        let key = about(&template, "kms:GenerateDataKey").len();
        let objects: Vec<String> = about(&template, "s3:PutObject")
            .iter()
            .flat_map(|statement| texts(statement, "Resource"))
            .map(str::to_owned)
            .collect();
        (key, objects)
    };
    assert_eq!(may("create_share"), (0, Vec::new()));
    let (key, objects) = may("run_athena_query");
    assert_eq!(key, 1);
    let mesh = mesh(&[TENANT, DEV]);
    let dev = environment(&mesh, "dev");
    let names = Names::new(&mesh);
    let readers = member(dev, "Readers");
    let (bucket, role) = (names.results_bucket(dev), names.team(dev, &readers.team));
    assert_eq!(objects, [format!("arn:aws:s3:::{bucket}/athenaqueries/{role}/*")]);
}
