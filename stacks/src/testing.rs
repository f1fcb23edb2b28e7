//! Small meshes for the unit tests, and what their stacks come to.

use std::collections::BTreeSet;

use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::mesh::{Dataset, Environment, EnvironmentTeam, Pipeline};
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Id, Mesh, SourceFile, TeamName};
use lakewright_synth::Lowered;
use lakewright_template::{Map, ResourceEntry, StackKind, Template, Value};

use crate::Plan;

/// The tenant, whose platform is in account 111111111111, and an organization.
pub(crate) const TENANT: &str = r#"kind: Tenant
id: base
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: base-0123456789
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
---
kind: Organization
id: org
team: Owners
"#;

/// An environment with an invited team.
pub(crate) const DEV: &str = r#"kind: Environment
id: dev
organization: org
account: "222222222222"
region: eu-west-1
team: Owners
teams:
  - { team: Readers, permissions: [add_consumption_roles, create_share, run_athena_query] }
"#;

/// An environment in another account.
pub(crate) const LAB: &str = r#"kind: Environment
id: lab
organization: org
account: "333333333333"
region: eu-west-1
team: Owners
teams:
  - { team: Scientists, permissions: [add_consumption_roles, create_share] }
"#;

/// A dataset of `dev` with a declared table and a folder.
pub(crate) const SALES: &str = "kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
tables:
  - name: orders
    columns: [{ name: id, type: bigint }, { name: region, type: string }]
folders:
  - { id: exports, prefix: exports/ }
";

/// An approved share of that dataset with a team, with more lines.
pub(crate) fn share(id: &str, environment: &str, team: &str, more: &str) -> String {
    format!(
        "kind: Share\nid: {id}\ndataset: sales\nenvironment: {environment}\nteam: {team}\nstatus: approved\napproved_by: Owners\n{more}\n"
    )
}

/// The mesh of these documents.
pub(crate) fn mesh(documents: &[&str]) -> Mesh {
    let source = SourceFile { path: "mesh.yaml".to_owned(), text: documents.join("---\n") };
    let parsed = parse(FileId(0), &source);
    let (mesh, report) = resolve(&Documents::of_files(vec![parsed.documents]), parsed.report);
    mesh.unwrap_or_else(|| unreachable!("the mesh has errors: {report:?}"))
}

/// An id.
pub(crate) fn id(text: &str) -> Id {
    Id::parse(text).expect("an id")
}

/// A team's name.
pub(crate) fn team(text: &str) -> TeamName {
    TeamName::parse(text).expect("a team")
}

/// An environment of a mesh.
pub(crate) fn environment<'m>(mesh: &'m Mesh, name: &str) -> &'m Environment {
    mesh.environments.get(&id(name)).expect("an environment")
}

/// A dataset of a mesh.
pub(crate) fn dataset<'m>(mesh: &'m Mesh, name: &str) -> &'m Dataset {
    mesh.datasets.get(&id(name)).expect("a dataset")
}

/// A pipeline of a mesh.
pub(crate) fn pipeline<'m>(mesh: &'m Mesh, name: &str) -> &'m Pipeline {
    mesh.pipelines.get(&id(name)).expect("a pipeline")
}

/// A team of an environment.
pub(crate) fn member<'m>(environment: &'m Environment, name: &str) -> &'m EnvironmentTeam {
    environment.team_named(&team(name)).expect("a team of the environment")
}

/// The kinds and ids of all stacks of a mesh but the bootstraps.
pub(crate) fn planned(mesh: &Mesh) -> Vec<(StackKind, String)> {
    let plan = Plan::of(mesh, None);
    plan.stacks.iter().map(|stack| (stack.kind(), stack.id().to_owned())).collect()
}

/// The stack of a mesh with a kind and an id; of a share, that in the first account.
pub(crate) fn lowered(mesh: &Mesh, kind: StackKind, id: &str) -> Lowered {
    let plan = Plan::of(mesh, None);
    let found = plan.stacks.iter().find(|stack| stack.kind() == kind && stack.id() == id);
    found.expect("a planned stack").lower().expect("a stack without problems")
}

/// The resources of a template that have a type.
pub(crate) fn resources<'t>(template: &'t Template, kind: &str) -> Vec<&'t ResourceEntry> {
    template.resources.values().filter(|resource| resource.kind == kind).collect()
}

/// The statements of a policy.
pub(crate) fn statements(document: &Value) -> Vec<&Map> {
    let found = document.as_map().and_then(|map| map.get("Statement")).and_then(Value::as_list);
    found.expect("statements").iter().filter_map(Value::as_map).collect()
}

/// The texts of an element, which may be one or a list.
pub(crate) fn texts<'m>(map: &'m Map, element: &str) -> BTreeSet<&'m str> {
    match map.get(element) {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_text).collect(),
        Some(one) => one.as_text().into_iter().collect(),
        None => BTreeSet::new(),
    }
}

/// The statements of the policies of all roles that a template writes.
pub(crate) fn of_roles(template: &Template) -> Vec<&Map> {
    let kinds = ["AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"];
    let policies = kinds.into_iter().flat_map(|kind| resources(template, kind));
    let documents = policies.filter_map(|policy| policy.properties.get("PolicyDocument"));
    documents.flat_map(statements).collect()
}

/// The actions that the policies of roles allow.
pub(crate) fn allowed(template: &Template) -> BTreeSet<&str> {
    let allows =
        of_roles(template).into_iter().filter(|one| texts(one, "Effect").contains("Allow"));
    allows.flat_map(|statement| texts(statement, "Action")).collect()
}

/// The services of some actions.
pub(crate) fn services<'a>(actions: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    actions.into_iter().filter_map(|action| action.split(':').next()).collect()
}

/// Lines that switch every feature of an environment on.
pub(crate) const ALL_ON: &str = "features: { notebooks: true, ml_studio: true, pipelines: true, dashboards: true, subscriptions: true }
ml_studio: { vpc_id: vpc-0123456789abcdef0, subnet_ids: [subnet-0123456789abcdef0] }
context: { quicksight: { subscribed: true, identity_region: eu-west-1 } }
";

/// A pipeline whose second stage is another team's, in another account.
pub(crate) const LOADER: &str = "kind: Pipeline
id: loader
environment: dev
team: Owners
strategy: trunk
stages:
  - { stage: test, environment: dev, team: Readers }
  - { stage: prod, environment: lab, team: Scientists }
";

/// An environment whose invited team has these permissions.
pub(crate) fn with_permissions(environment: &str, permissions: &str) -> String {
    let (before, rest) = environment.split_once("permissions: [").expect("permissions");
    let (_, after) = rest.split_once(']').expect("their end");
    format!("{before}permissions: [{permissions}]{after}")
}

/// A mesh with pipelines, and two environments in which their stages can be.
pub(crate) fn delivery(pipelines: &[&str]) -> Mesh {
    let on = "features: { pipelines: true }\n";
    let [dev, lab] = [DEV, LAB].map(|one| with_permissions(one, "create_pipeline") + on);
    let mut documents = vec![TENANT, dev.as_str(), lab.as_str()];
    documents.extend(pipelines);
    mesh(&documents)
}

/// The values of a key in the conditions of a statement, by an operator.
pub(crate) fn condition<'m>(statement: &'m Map, operator: &str, key: &str) -> BTreeSet<&'m str> {
    let conditions = statement.get("Condition").and_then(Value::as_map);
    let keys = conditions.and_then(|map| map.get(operator)).and_then(Value::as_map);
    keys.map(|map| texts(map, key)).unwrap_or_default()
}

/// The statement of a policy with a name.
pub(crate) fn named<'v>(document: &'v Value, sid: &str) -> &'v Map {
    let found = statements(document).into_iter().find(|one| texts(one, "Sid").contains(sid));
    found.unwrap_or_else(|| unreachable!("no statement {sid}: {document:?}"))
}
