//! Tests of what a stack waits for, and of its tags. What is expected stands in the first paragraphs of `docs/stacks/`.

use super::*;
use crate::Plan;
use crate::testing::{ALL_ON, DEV, LAB, LOADER, SALES, TENANT, mesh, share, with_permissions};

/// The names of the stacks that a stack waits for, without what the templates add.
fn waits(mesh: &Mesh, kind: StackKind, id: &str) -> Vec<String> {
    let plan = Plan::of(mesh, None);
    let found = plan.stacks.iter().find(|one| one.kind() == kind && one.id() == id);
    let stack = found.expect("a planned stack");
    stack.depends_on.iter().map(|address| address.name.clone()).collect()
}

fn planned<R>(mesh: &Mesh, kind: StackKind, look: impl Fn(&StackPlan<'_>) -> R) -> Vec<R> {
    let plan = Plan::of(mesh, None);
    plan.stacks.iter().filter(|one| one.kind() == kind).map(look).collect()
}

#[test]
fn an_environment_waits_for_its_bootstrap_its_pivot_role_and_the_owner_of_the_settings() {
    let age = DEV.replace("id: dev", "id: age") + "resource_prefix: age\n";
    let mesh = mesh(&[TENANT, DEV, &age]);
    let bootstrap = "bootstrap-222222222222-eu-west-1";
    assert_eq!(
        waits(&mesh, StackKind::Environment, "dev"),
        [
            "age-environment-age".to_owned(),
            format!("lakewright-{bootstrap}"),
            "lakewright-pivot-role-dev".to_owned()
        ]
    );
    assert_eq!(
        waits(&mesh, StackKind::Environment, "age"),
        [format!("age-{bootstrap}"), "age-pivot-role-age".to_owned()]
    );
    assert_eq!(waits(&mesh, StackKind::PivotRole, "dev"), [format!("lakewright-{bootstrap}")]);
}

#[test]
fn a_dataset_waits_for_the_teams_that_its_policies_name() {
    let sales = format!("{SALES}stewards: Readers\n");
    let text = share("s", "lab", "Scientists", "items: [{ bucket: true }]");
    let own = mesh(&[TENANT, DEV, SALES]);
    let shared = mesh(&[TENANT, DEV, LAB, &sales, &text]);
    let teams = |mesh: &Mesh| -> Vec<String> {
        let all = waits(mesh, StackKind::Dataset, "sales").into_iter();
        let teams = all.filter_map(|name| name.strip_prefix("lakewright-team-").map(str::to_owned));
        teams.filter_map(|name| name.rsplit_once('-').map(|(team, _)| team.to_owned())).collect()
    };
    assert_eq!(teams(&own), ["dev-owners"]);
    assert_eq!(teams(&shared), ["dev-owners", "dev-readers", "lab-scientists"]);
}

#[test]
fn both_sides_of_a_share_wait_for_the_dataset() {
    let text = share("s", "lab", "Scientists", "items: [{ folder: exports }, { table: orders }]");
    let mesh = mesh(&[TENANT, DEV, LAB, SALES, &text]);
    let dataset = "lakewright-dataset-sales";
    let sides = planned(&mesh, StackKind::Share, |stack| {
        let waits = stack.depends_on.iter().any(|address| address.name == dataset);
        (stack.place().account.to_string(), waits)
    });
    let expected = ["222222222222", "333333333333"].map(|account| (account.to_owned(), true));
    assert_eq!(sides, expected);
}

#[test]
fn a_dataset_says_how_confidential_it_is_and_a_teams_stack_whose_it_is() {
    let sales = format!("{SALES}confidentiality: secret\n");
    let mesh = mesh(&[TENANT, DEV, &sales]);
    // "Tags" in `docs/mesh.md`.
    let tag = |kind: StackKind, key: &str| {
        planned(&mesh, kind, |stack| stack.spec.tags.get(key).cloned())
    };
    assert_eq!(tag(StackKind::Dataset, "Classification"), [Some("secret".to_owned())]);
    assert_eq!(tag(StackKind::Environment, "Classification"), [None]);
    let groups = ["Owners", "Readers"].map(|team| Some(team.to_owned()));
    assert_eq!(tag(StackKind::Team, "group"), groups);
}

#[test]
fn what_holds_data_is_retained_unless_the_mesh_says_otherwise() {
    let retained = |lines: &str| {
        let mesh = mesh(&[TENANT, DEV, &format!("{SALES}{lines}")]);
        planned(&mesh, StackKind::Dataset, |stack| stack.retain)
    };
    assert_eq!(retained(""), [true]);
    assert_eq!(retained("retain_on_delete: false\n"), [false]);
    let text = share("s", "dev", "Readers", "items: [{ folder: exports }]");
    let mesh = mesh(&[TENANT, DEV, SALES, &text]);
    assert_eq!(planned(&mesh, StackKind::Share, |stack| stack.retain), [false], "it holds access");
}

#[test]
fn a_description_is_one_line_without_anything_like_a_variable() {
    let text = kinds::describe(StackKind::Dataset, "Sales\nof  ${AWS::Region}", "two\n\nlines");
    assert_eq!(text, "Lakewright dataset: Sales of $ {AWS::Region}. two lines");
    assert_eq!(kinds::describe(StackKind::Team, "Readers", ""), "Lakewright team: Readers");
}

#[test]
fn a_stack_with_roles_says_that_it_names_them() {
    // "Acknowledging IAM resources in CloudFormation templates": roles with names take `CAPABILITY_NAMED_IAM`.
    let text = share("s", "dev", "Readers", "items: [{ folder: exports }]");
    let mesh = mesh(&[TENANT, DEV, SALES, &text]);
    let needs = |kind: StackKind| -> Vec<Vec<String>> {
        planned(&mesh, kind, |stack| stack.synthesize().expect("a stack").entry.capabilities)
    };
    assert_eq!(needs(StackKind::Dataset), [["CAPABILITY_NAMED_IAM"]]);
    assert_eq!(needs(StackKind::Share), [Vec::<String>::new()]);
}

/// Every stack of a mesh but the bootstraps, each made by the type of its kind.
fn made_alone(mesh: &Mesh) -> Vec<StackPlan<'_>> {
    let mut made = vec![PlatformStack::new(mesh).plan()];
    for environment in mesh.environments.values() {
        made.push(EnvironmentStack::new(mesh, environment).plan());
        made.extend(PivotRoleStack::new(mesh, environment).map(PivotRoleStack::plan));
        for team in &environment.teams {
            made.extend(TeamStack::new(mesh, environment, team, None).map(TeamStack::plan));
            made.extend(DashboardsStack::new(mesh, environment, team).map(DashboardsStack::plan));
        }
    }
    made.extend(mesh.datasets.values().map(|one| DatasetStack::new(mesh, one, None).plan()));
    let shares = mesh.shares.values().flat_map(|one| ShareStack::of(mesh, one, None));
    made.extend(shares.map(ShareStack::plan));
    made.extend(mesh.notebooks.values().map(|one| NotebookStack::new(mesh, one).plan()));
    let profiles = mesh.studio_profiles.values();
    made.extend(profiles.map(|one| StudioProfileStack::new(mesh, one).plan()));
    made.extend(mesh.pipelines.values().map(|one| PipelineStack::new(mesh, one).plan()));
    made.sort_by_cached_key(StackPlan::address);
    made
}

fn said(stacks: &[StackPlan<'_>]) -> Vec<(StackKind, StackAddress, Fingerprint)> {
    stacks.iter().map(|stack| (stack.kind(), stack.address(), stack.fingerprint())).collect()
}

/// Equal fingerprints are equal templates ([`Fingerprint`]), so the plan makes each stack as a program does.
#[test]
fn a_stack_that_is_made_alone_is_the_one_of_the_plan() {
    let [dev, lab] = [DEV, LAB].map(|one| with_permissions(one, "create_pipeline, create_share"));
    let (dev, lab) = (dev + ALL_ON, lab + "features: { pipelines: true }\n");
    let shared = share("s", "lab", "Scientists", "items: [{ folder: exports }, { table: orders }]");
    let notebook = "kind: Notebook
id: explorer
environment: dev
team: Owners
vpc_id: vpc-0123456789abcdef0
subnet_id: subnet-0123456789abcdef0
";
    let profile = "kind: StudioProfile\nid: one\nenvironment: dev\nteam: Owners\n";
    let mesh = mesh(&[TENANT, &dev, &lab, SALES, &shared, LOADER, notebook, profile]);
    let made = said(&made_alone(&mesh));
    assert_eq!(made, said(&Plan::of(&mesh, None).stacks));
    // Bootstraps and the policy store have constructors that can fail (`stacks/src/governance/tests.rs`).
    let apart = [StackKind::Bootstrap, StackKind::Governance];
    for kind in StackKind::ALL.into_iter().filter(|kind| !apart.contains(kind)) {
        assert!(made.iter().any(|(one, ..)| *one == kind), "{kind}");
    }
}
