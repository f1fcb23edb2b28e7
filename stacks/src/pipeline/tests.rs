//! Tests of a pipeline's branches, approvals, builds and seed. What is expected stands in `docs/stacks/pipeline.md`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Mesh;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, StackKind, Template};

use super::*;
use crate::testing::{
    LOADER, condition, delivery, environment, lowered, member, of_roles, pipeline, resources,
    statements, texts,
};

const SOURCE: &str = "source: { repository: owner/name, connection_arn: \"arn:aws:codeconnections:eu-west-1:222222222222:connection/01234567-89ab-cdef-0123-456789abcdef\" }\n";

fn of_strategy(strategy: &str, more: &str) -> Mesh {
    let text = LOADER.replace("strategy: trunk", &format!("strategy: {strategy}"));
    delivery(&[&format!("{text}{more}")])
}

fn context(mesh: &Mesh) -> Context<'_> {
    let dev = environment(mesh, "dev");
    Context {
        names: Names::new(mesh),
        environment: dev,
        pipeline: pipeline(mesh, "loader"),
        place: Names::place(dev),
    }
}

fn template(mesh: &Mesh) -> Template {
    lowered(mesh, StackKind::Pipeline, "loader").template
}

fn about<'t>(template: &'t Template, action: &str) -> Vec<&'t Map> {
    let all = of_roles(template).into_iter();
    all.filter(|statement| texts(statement, "Action").contains(action)).collect()
}

/// Each branch with its stages.
fn branches_of(strategy: &str, more: &str) -> Vec<(String, Vec<String>)> {
    let mesh = of_strategy(strategy, more);
    let context = context(&mesh);
    let lines = context.lines().into_iter();
    lines
        .map(|(_, branch, stages)| (branch, stages.iter().map(|one| one.id().to_owned()).collect()))
        .collect()
}

#[test]
fn one_branch_is_for_all_stages_and_with_gitflow_one_for_each() {
    let both = vec!["test".to_owned(), "prod".to_owned()];
    for strategy in ["trunk", "cdk_trunk"] {
        assert_eq!(branches_of(strategy, ""), [("main".to_owned(), both.clone())]);
        let other = SOURCE.replace("owner/name,", "owner/name, branch: next,");
        assert_eq!(branches_of(strategy, &other), [("next".to_owned(), both.clone())]);
    }
    // The stage's name; `main` for `prod`.
    let each = [("test", "test"), ("main", "prod")];
    let each = each.map(|(branch, stage)| (branch.to_owned(), vec![stage.to_owned()]));
    assert_eq!(branches_of("gitflow", ""), each);
}

#[test]
fn branches_are_made_with_gitflow_in_a_repository_of_the_mesh_alone() {
    let missing =
        |strategy: &str, more: &str| context(&of_strategy(strategy, more)).missing_branches();
    assert_eq!(missing("gitflow", ""), ["test"], "the seed fills `main`");
    assert!(missing("gitflow", SOURCE).is_empty(), "the repository is somebody else's");
    assert!(missing("trunk", "").is_empty());
    assert!(missing("cdk_trunk", "").is_empty());
}

#[test]
fn each_stage_but_the_first_waits_and_with_gitflow_none() {
    let waits = |strategy: &str| {
        let mesh = of_strategy(strategy, "");
        let context = context(&mesh);
        let stages = context.pipeline.stages.iter();
        stages.map(|stage| context.approval_of(stage).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(waits("trunk"), [false, true]);
    assert_eq!(waits("cdk_trunk"), [false, true]);
    assert_eq!(waits("gitflow"), [false, false]);
}

#[test]
fn a_team_approves_by_itself_in_the_pipelines_account_and_else_through_a_role() {
    let near =
        LOADER.replace("environment: lab, team: Scientists", "environment: dev, team: Readers");
    let given = |text: &str, place: &str, team: &str| {
        let mesh = delivery(&[text]);
        let context = context(&mesh);
        let approval = context.approval_of(&context.pipeline.stages[1]).expect("an approval");
        let place = environment(&mesh, place);
        let team = member(place, team);
        let role = context.names.team_role(place, team);
        let grants = approval.of_team(place, team, &role).0.into_iter();
        grants.map(|grant| (grant.actions, grant.known_resources)).collect::<Vec<_>>()
    };
    let mesh = delivery(&[&near]);
    let names = Names::new(&mesh);
    let dev = environment(&mesh, "dev");
    let id = crate::testing::id("loader");
    let name = names.pipeline(dev, &id, "");
    let arn = format!("arn:aws:codepipeline:eu-west-1:222222222222:{name}");
    // "Actions, resources, and condition keys for AWS CodePipeline": `PutApprovalResult` is about pipeline/stage/action.
    let own = given(&near, "dev", "Readers");
    let [approve, look] = own.as_slice() else { unreachable!("two grants: {own:?}") };
    assert_eq!(approve.0, ["codepipeline:PutApprovalResult"]);
    assert_eq!(approve.1, [format!("{arn}/Approve-prod/Approve")]);
    assert_eq!(look.1, [arn]);
    let through = names.pipeline_stage(dev, &id, "prod", "approve");
    let role = format!("arn:aws:iam::222222222222:role/{through}");
    assert_eq!(
        given(LOADER, "lab", "Scientists"),
        [(vec!["sts:AssumeRole"], vec![role])],
        "of its own account, and nothing of CodePipeline"
    );
}

#[test]
fn the_role_that_approves_trusts_the_stages_team_alone() {
    let mesh = delivery(&[LOADER]);
    let template = template(&mesh);
    let names = Names::new(&mesh);
    let id = crate::testing::id("loader");
    let own = names.pipeline_stage(environment(&mesh, "dev"), &id, "prod", "approve");
    let roles = resources(&template, "AWS::IAM::Role").into_iter();
    let found: Vec<_> =
        roles.filter(|role| texts(&role.properties, "RoleName").contains(own.as_str())).collect();
    let [role] = found[..] else { unreachable!("one role") };
    let trust = role.properties.get("AssumeRolePolicyDocument").expect("a trust policy");
    let lab = environment(&mesh, "lab");
    let team = names.team_role_arn(lab, member(lab, "Scientists"));
    let principals = statements(trust).into_iter().filter_map(|one| one.get("Principal"));
    let principals: Vec<String> = principals.map(value_to_compact_json).collect();
    assert_eq!(principals, [format!(r#"{{"AWS":"{team}"}}"#)]);
}

#[test]
fn a_build_assumes_the_team_of_its_stage_and_leaves_no_artifact() {
    let mesh = delivery(&[LOADER]);
    let template = template(&mesh);
    let names = Names::new(&mesh);
    let teams = [("dev", "Readers"), ("lab", "Scientists")].map(|(place, team)| {
        let place = environment(&mesh, place);
        names.team_role_arn(place, member(place, team))
    });
    let mut assumed = BTreeSet::new();
    for policy in resources(&template, "AWS::IAM::RolePolicy") {
        let document = policy.properties.get("PolicyDocument").expect("a policy");
        let all = statements(document);
        let of = |action: &str| -> Vec<&str> {
            let found = all.iter().filter(|one| texts(one, "Action").contains(action));
            found.flat_map(|one| texts(one, "Resource")).collect()
        };
        let roles = of("sts:AssumeRole");
        if roles.is_empty() {
            continue;
        }
        assert_eq!(roles.len(), 1, "the code of one stage never runs as another team");
        assert!(of("s3:PutObject").is_empty(), "no stage changes what a later one deploys");
        assumed.extend(roles);
    }
    assert_eq!(assumed, teams.iter().map(String::as_str).collect::<BTreeSet<_>>());
}

#[test]
fn only_a_pipeline_that_changes_itself_may_be_changed_and_only_by_its_own_build() {
    let which = |strategy: &str| {
        let mesh = of_strategy(strategy, "");
        let template = template(&mesh);
        let found = about(&template, "codepipeline:UpdatePipeline").into_iter();
        let resources = found.flat_map(|one| texts(one, "Resource")).map(str::to_owned);
        (context(&mesh).name(""), resources.collect::<Vec<_>>())
    };
    for strategy in ["trunk", "gitflow"] {
        assert!(which(strategy).1.is_empty(), "{strategy}");
    }
    let (name, changed) = which("cdk_trunk");
    assert_eq!(changed, [format!("arn:aws:codepipeline:eu-west-1:222222222222:{name}")]);
}

#[test]
fn a_connection_is_used_for_its_repository_alone_and_nothing_is_made_beside_it() {
    let mesh = of_strategy("trunk", SOURCE);
    let template = template(&mesh);
    for kind in ["AWS::CodeCommit::Repository", "AWS::Events::Rule"] {
        assert!(resources(&template, kind).is_empty(), "{kind}");
    }
    let [statement] = about(&template, "codeconnections:UseConnection")[..] else {
        unreachable!("one statement")
    };
    // "Actions, resources, and condition keys for AWS CodeConnections": the repository that a request is about.
    let repository = condition(statement, "StringEquals", "codeconnections:FullRepositoryId");
    assert_eq!(repository, BTreeSet::from(["owner/name"]));
}

#[test]
fn a_commit_starts_the_pipeline_of_its_branch_and_no_other_one() {
    let mesh = of_strategy("gitflow", "");
    let template = template(&mesh);
    let mut started: BTreeMap<String, String> = BTreeMap::new();
    for rule in resources(&template, "AWS::Events::Rule") {
        let name = texts(&rule.properties, "Name").into_iter().collect::<String>();
        let pattern = rule.properties.get("EventPattern").and_then(Value::as_map);
        let detail = pattern.and_then(|map| map.get("detail")).and_then(Value::as_map);
        let branches = texts(detail.expect("a detail"), "referenceName");
        started.insert(name, branches.into_iter().collect());
    }
    let context = context(&mesh);
    let [test, prod] = &context.pipeline.stages[..] else { unreachable!("two stages") };
    let expected = BTreeMap::from([
        (context.stage_name(test, ""), "test".to_owned()),
        (context.stage_name(prod, ""), "main".to_owned()),
        (context.name(branches::PART), "main".to_owned()),
    ]);
    assert_eq!(started, expected);
}

#[test]
fn builds_are_told_every_stage_in_the_order_of_the_mesh() {
    let mesh = delivery(&[LOADER]);
    let context = context(&mesh);
    let handed: serde_json::Value =
        serde_json::from_str(&context.handed_stages()).expect("JSON that `stages.py` reads");
    let [test, prod] = &context.pipeline.stages[..] else { unreachable!("two stages") };
    let expected = serde_json::json!([
        {
            "stage": "test", "account": "222222222222", "region": "eu-west-1", "team": "Readers",
            "project": context.stage_name(test, ""), "approval": false,
        },
        {
            "stage": "prod", "account": "333333333333", "region": "eu-west-1", "team": "Scientists",
            "project": context.stage_name(prod, ""), "approval": true,
        },
    ]);
    assert_eq!(handed, expected);
}

fn seeded(strategy: &str, more: &str) -> BTreeMap<&'static str, String> {
    let mesh = of_strategy(strategy, more);
    let files = seed::files(environment(&mesh, "dev"), pipeline(&mesh, "loader"), "main");
    files.into_iter().collect()
}

#[test]
fn only_a_repository_whose_pipeline_changes_itself_has_the_files_for_that() {
    let own = ["update_buildspec.yaml", "update_pipeline.py"];
    let base = seeded("trunk", "");
    for file in
        ["app.py", "ddk.json", "deploy.py", "deploy_buildspec.yaml", "run_tests.py", "stages.py"]
    {
        assert!(base.contains_key(file), "{file}");
    }
    for strategy in ["trunk", "gitflow"] {
        let files = seeded(strategy, "");
        assert!(own.iter().all(|file| !files.contains_key(file)), "{strategy}");
    }
    let files = seeded("cdk_trunk", "");
    assert!(own.iter().all(|file| files.contains_key(file)));
    assert_eq!(files.len(), base.len() + own.len());
}

#[test]
fn what_users_write_is_text_in_the_seed() {
    let more = "description: \"x\\n# y {{account}} \\\"z\"\n";
    let files = seeded("trunk", more);
    // JSON (RFC 8259, section 7): a line break and a quotation mark are escaped.
    let line = r#"    "x\n# y {{account}} \"z""#;
    let readme = &files["README.md"];
    assert!(readme.lines().any(|one| one == line), "{readme}");
    let read: serde_json::Value = serde_json::from_str(&files["ddk.json"]).expect("JSON");
    assert_eq!(read["environments"]["test"]["account"], "222222222222");
    assert_eq!(read["environments"]["prod"]["tags"]["Team"], "Scientists");
}

#[test]
fn the_same_files_are_the_same_archive() {
    // Its digest is in the key, so that a stack is not changed for nothing.
    let files: Vec<(&'static str, String)> = seeded("trunk", "").into_iter().collect();
    let archive = seed::archive(&files);
    assert_eq!(archive, seed::archive(&files));
    // "4.3.7 Local file header" in the ZIP specification.
    assert_eq!(&archive[..4], b"PK\x03\x04");
}
