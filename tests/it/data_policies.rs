//! Access policies about data and dataset-level access: what they give and deny in the templates, and what is left of them
//! afterwards.

mod agreement;
mod masks;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::evaluate::Decision;
use lakewright_access::lake::CELLS;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{Outside, World};
use lakewright_governance::Governance;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::{Names, Plan, Synthesized};
use lakewright_template::assembly::cells;

use crate::run::{mesh, resolved, synthesized, world};
use agreement::{Rules, all_differences};

/// Two accounts. `Both` is a team of each of them.
const PLACES: &str = r#"kind: Tenant
id: data
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: data-0123456789
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
---
kind: Organization
id: org
team: Platform
---
kind: Environment
id: dev
organization: org
account: "222222222222"
region: eu-west-1
team: Platform
teams:
  - { team: Both, permissions: [create_share, run_athena_query] }
  - { team: Keepers, permissions: [run_athena_query] }
  - { team: Near, permissions: [create_share, run_athena_query] }
  - { team: Owners, permissions: [create_dataset, create_share] }
---
kind: Environment
id: lab
organization: org
account: "333333333333"
region: eu-west-1
team: Platform
teams:
  - { team: Both, permissions: [create_share, run_athena_query] }
  - { team: Far, permissions: [create_share, run_athena_query] }
"#;

const TEAMS: [&str; 6] = ["Both", "Far", "Keepers", "Near", "Owners", "Platform"];
const DATASETS: [&str; 2] = ["one", "two"];

fn dataset(id: &str) -> String {
    format!(
        "kind: Dataset
id: {id}
environment: dev
team: Owners
stewards: [Keepers]
domain: things
topics: [T]
keywords: [k]
tables:
  - name: orders
    columns: [{{ name: id, type: bigint }}, {{ name: email, type: string, tags: [pii] }}]
  - {{ name: sums, columns: [{{ name: total, type: bigint }}] }}
folders:
  - {{ id: exports, prefix: exports/ }}
"
    )
}

fn domain(more: &str) -> String {
    format!("kind: Domain\nid: things\nowners: [Owners, Far]\nreaders: [Both, Near]\n{more}")
}

fn policy(id: &str, lines: &str) -> String {
    format!("kind: AccessPolicy\nid: {id}\n{lines}\n")
}

fn file(text: &str) -> SourceFile {
    SourceFile { path: "mesh.yaml".to_owned(), text: text.to_owned() }
}

fn with(documents: &[String]) -> Vec<SourceFile> {
    let mut all = vec![PLACES.to_owned()];
    all.extend(documents.iter().cloned());
    vec![file(&all.join("---\n"))]
}

/// The mesh with two datasets of a domain, and more documents.
fn two_datasets(of_domain: &str, more: &[String]) -> Mesh {
    let mut all = vec![domain(of_domain), dataset("one"), dataset("two")];
    all.extend(more.iter().cloned());
    mesh(&with(&all))
}

fn templates(stacks: &[Synthesized]) -> BTreeMap<String, String> {
    stacks.iter().map(|one| (one.entry.name.clone(), one.json.clone())).collect()
}

/// Who reads and writes, decided on the templates alone.
struct Data<'m> {
    mesh: &'m Mesh,
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Read,
    Write,
}

impl<'m> Data<'m> {
    fn of(mesh: &'m Mesh) -> Self {
        Self { mesh, world: world(&synthesized(mesh)) }
    }

    /// The roles of a team.
    fn roles(&self, team: &str) -> Vec<String> {
        let names = Names::new(self.mesh);
        let environments = self.mesh.environments.values();
        let roles = environments.filter_map(|environment| {
            let member = environment.teams.iter().find(|one| one.team.as_str() == team)?;
            Some(names.team_role_arn(environment, member))
        });
        roles.collect()
    }

    fn may(&self, role: &str, action: &'static str, resource: &str, context: &Context) -> bool {
        let principal = Principal::role(role);
        let request =
            Request { principal: &principal, action: Action::new(action), resource, context };
        match self.world.decide(&request, Outside::Unknown).decision {
            Decision::Allow => true,
            Decision::ExplicitDeny | Decision::ImplicitDeny => false,
            Decision::Unknown => unreachable!("{role} {action} {resource} is unknown"),
        }
    }

    /// Whether one of a team's roles may do it with an object of a dataset.
    fn object(&self, team: &str, id: &str, key: &str, how: How) -> bool {
        let dataset = self.mesh.datasets.values().find(|one| one.header.id.as_str() == id);
        let dataset = dataset.expect("a dataset");
        let bucket = Names::new(self.mesh).dataset_bucket(&dataset.environment, dataset);
        let action = match how {
            How::Read => "s3:GetObject",
            How::Write => "s3:PutObject",
        };
        let points = self.world.resources().values();
        let points = points.filter(|one| one.kind == "AWS::S3::AccessPoint");
        let points = points.map(|one| format!("{}/object/{key}", one.arn));
        let ways: Vec<String> = points.chain([format!("arn:aws:s3:::{bucket}/{key}")]).collect();
        let context = Context::new();
        let is_of_it =
            |way: &&String| !way.contains(":accesspoint/") || way.contains(&format!("-{id}-"));
        self.roles(team).iter().any(|role| {
            ways.iter().filter(is_of_it).any(|way| self.may(role, action, way, &context))
        })
    }

    /// Whether one of a team's roles may do it with a table, or reads some of its columns.
    fn table(&self, team: &str, id: &str, table: &str, columns: &[&str], how: How) -> bool {
        let dataset = self.mesh.datasets.values().find(|one| one.header.id.as_str() == id);
        let dataset = dataset.expect("a dataset");
        let database = Names::new(self.mesh).dataset_database(&dataset.environment, dataset);
        let arn = format!("arn:aws:glue:eu-west-1:222222222222:table/{database}/{table}");
        // A filter on some columns also gives each of them; the model of access compares whole filters.
        let all = dataset.tables.iter().find(|(name, _)| name.as_str() == table);
        let all: Vec<String> = all
            .into_iter()
            .flat_map(|(_, content)| content.all_columns())
            .map(|column| column.name.to_string())
            .collect();
        let part = |columns: &[String]| Context::new().with(CELLS, [&cells(columns, None)]);
        let some: Vec<String> = columns.iter().map(|one| (*one).to_owned()).collect();
        let contexts =
            if some.is_empty() { vec![Context::new()] } else { vec![part(&some), part(&all)] };
        let action = match how {
            How::Read => "lakeformation:SELECT",
            How::Write => "lakeformation:INSERT",
        };
        self.roles(team)
            .iter()
            .any(|role| contexts.iter().any(|context| self.may(role, action, &arn, context)))
    }
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.iter().map(|one| one.code.as_str()).collect()
}

/// The names of the stacks whose templates differ.
fn changed(before: &Mesh, after: &Mesh) -> BTreeSet<String> {
    let (before, after) = (synthesized(before), synthesized(after));
    let (old, new) = (templates(&before), templates(&after));
    let names = old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name));
    names.cloned().collect()
}

/// Issue 20, "Done when": adding a dataset to a domain changes that dataset's stacks alone, whoever has access to the
/// domain, by dataset-level access or by policies about the domain, in its account and in others.
#[test]
fn a_dataset_that_is_added_to_a_domain_changes_its_own_stacks_alone() {
    let of_domain = "dataset_level_access: [Both, Far, Near]\n";
    let by_policy = policy(
        "writers",
        "actors: { teams: [Both] }\nprivileges: [data.read, data.write]\nresources: { domains: [things] }",
    );
    let everybody = policy(
        "all",
        "actors: { all_users: true }\nprivileges: [data.query]\nresources: { types: [table] }",
    );
    let more = [by_policy, everybody];
    let one: Vec<String> =
        [domain(of_domain), dataset("one")].into_iter().chain(more.clone()).collect();
    let two = two_datasets(of_domain, &more);
    let changed = changed(&mesh(&with(&one)), &two);
    let expected = |name: &String| {
        name == "lakewright-dataset-two" || name.starts_with("lakewright-share-two-")
    };
    assert!(changed.iter().all(expected), "{changed:?}");
    // The links to its tables are stacks of the dataset; each team of the other account has one.
    let links = changed.iter().filter(|name| name.starts_with("lakewright-share-two-")).count();
    assert!(changed.contains("lakewright-dataset-two") && links >= 2, "{changed:?}");
    let data = Data::of(&two);
    for team in ["Both", "Far", "Near"] {
        assert!(data.object(team, "two", "any", How::Read), "{team}");
        assert!(data.table(team, "two", "found_later", &[], How::Read), "{team}");
    }
    assert!(data.object("Both", "two", "any", How::Write));
    assert!(!data.object("Near", "two", "any", How::Write));
}

/// DESIGN section 8; DLA-6 and DLA-7 in the facts about access models: of datasets that others govern in Lake Formation
/// dataset-level access covers those that existed when it was given, and none that they govern with LF-tags.
#[test]
fn datasets_that_others_govern_are_covered_as_far_as_they_existed() {
    let imported = |id: &str, by: &str| {
        dataset(id)
            + &format!(
                "import: {{ bucket: old-{id}, glue_database: old_{id}, hybrid_access: closed{by} }}\n"
            )
    };
    let reached = |by: &str, listed: &str| {
        let of_domain = format!("dataset_level_access: [Near]\n{listed}");
        let documents = [domain(&of_domain), dataset("one"), imported("two", by)];
        let mesh = mesh(&with(&documents));
        let grants = mesh.data_access.grants.values();
        let of_two = grants.filter(|grant| grant.share.dataset.id().as_str() == "two");
        let governance = Governance::of(&mesh, None).expect("policies that apply");
        let mut rules = Rules::of(&governance);
        let is_granted = of_two.count() > 0;
        assert_eq!(
            is_granted,
            rules.allows("Near", &["data.read"], "dataset/two"),
            "{by} {listed}"
        );
        is_granted
    };
    assert!(reached("", ""));
    assert!(!reached(", governed_by: lake_formation", ""));
    assert!(reached(", governed_by: lake_formation", "lake_formation_datasets: [two]\n"));
    assert!(!reached(", governed_by: lf_tags", ""));
    let documents = [
        domain("dataset_level_access: [Near]\nlake_formation_datasets: [two]\n"),
        imported("two", ", governed_by: lf_tags"),
    ];
    assert_eq!(codes(&resolved(&with(&documents)).1), ["field-conflict"]);
}

/// What AWS cannot express is an error, and nothing of it is granted in part. The cases are those of the pages
/// `denial-in-part`, `data-policy-actor` and `data-policy-privilege`.
#[test]
fn what_cannot_be_expressed_is_an_error() {
    // `Near` has everything by dataset-level access, `Both` the tables alone.
    let tables = policy(
        "tables",
        "actors: { teams: [Both] }\nprivileges: [data.read]\nresources: { types: [table, column] }",
    );
    let found = |lines: &str| -> Vec<&'static str> {
        let of_domain = domain("dataset_level_access: [Near]\n");
        let documents = [of_domain, dataset("one"), tables.clone(), policy("p", lines)];
        codes(&resolved(&with(&documents)).1)
    };
    let on = |effect: &str, who: &str, privileges: &str, what: &str| {
        found(&format!(
            "effect: {effect}\nactors: {{ {who} }}\nprivileges: [{privileges}]\nresources: {{ {what} }}"
        ))
    };
    let all = "data.read, data.write";
    // The owner has one permission on all tables.
    assert_eq!(
        on("deny", "teams: [Owners]", all, "ids: [table/one/sums, column/one/sums/total]"),
        ["denial-in-part"]
    );
    assert_eq!(on("deny", "teams: [Owners]", all, "tags: [pii]"), ["denial-in-part"]);
    assert!(on("deny", "teams: [Owners]", all, "domains: [things]").is_empty());
    // Whoever has the tables alone has them by name.
    let sums = "ids: [table/one/sums, column/one/sums/total]";
    assert!(on("deny", "teams: [Both]", all, sums).is_empty());
    assert!(on("deny", "teams: [Both]", all, "tags: [pii]").is_empty());
    // The bucket contains the folder and the files of tables; columns are the table; reading has no forms.
    assert_eq!(on("deny", "teams: [Near]", all, "ids: [folder/one/exports]"), ["denial-in-part"]);
    assert_eq!(on("deny", "teams: [Near]", all, sums), ["denial-in-part"]);
    assert_eq!(on("deny", "teams: [Near]", all, "tags: [pii]"), ["denial-in-part"]);
    assert!(on("deny", "teams: [Near]", all, "types: [dataset, folder]").is_empty());
    assert_eq!(on("deny", "teams: [Both]", all, "ids: [table/one/sums]"), ["denial-in-part"]);
    assert_eq!(on("deny", "teams: [Both]", "data.query", "domains: [things]"), ["denial-in-part"]);
    assert_eq!(on("deny", "teams: [Owners]", "data.read", "domains: [things]"), ["denial-in-part"]);
    for who in ["users: [jo]", "roles: [Editor]", "teams: [Near], except: { users: [jo] }"] {
        assert_eq!(
            on("allow", who, "data.read", "domains: [things]"),
            ["data-policy-actor"],
            "{who}"
        );
        assert_eq!(
            on("deny", who, "data.read", "domains: [things]"),
            ["data-policy-actor"],
            "{who}"
        );
    }
    assert_eq!(
        on("allow", "teams: [Near]", "data.preview", "domains: [things]"),
        ["data-policy-privilege"]
    );
    assert_eq!(
        on("allow", "teams: [Near]", "data.manage_tables", "domains: [things]"),
        ["data-policy-privilege"]
    );
    assert_eq!(on("allow", "teams: [Near]", all, "types: [column]"), ["data-policy-privilege"]);
}

/// A denial takes what shares, ownership, stewardship, dataset-level access and other policies give.
#[test]
fn a_denial_takes_what_is_given_otherwise() {
    let deny = |who: &str, what: &str| {
        policy(
            "no",
            &format!(
                "effect: deny\nactors: {{ teams: [{who}] }}\nprivileges: [data.read, data.write]\nresources: {{ {what} }}"
            ),
        )
    };
    let share = "kind: Share\nid: all-one\ndataset: one\nenvironment: lab\nteam: Far\nitems: [{ bucket: true }, { table: orders }]\nstatus: approved\napproved_by: Owners\n".to_owned();
    let given = two_datasets("dataset_level_access: [Near]\n", std::slice::from_ref(&share));
    let before = Data::of(&given);
    for team in ["Far", "Keepers", "Near", "Owners"] {
        assert!(before.object(team, "one", "any", How::Read), "{team}");
        assert!(before.table(team, "one", "orders", &[], How::Read), "{team}");
        let denied = two_datasets(
            "dataset_level_access: [Near]\n",
            &[share.clone(), deny(team, "domains: [things]")],
        );
        let after = Data::of(&denied);
        for other in ["Far", "Keepers", "Near", "Owners"] {
            let has = other != team;
            assert_eq!(after.object(other, "one", "any", How::Read), has, "{team} {other}");
            assert_eq!(after.table(other, "one", "orders", &[], How::Read), has, "{team} {other}");
        }
    }
    // One column of a table that is shared, and of one that dataset-level access gives. The bucket has the table's files,
    // so its objects are denied as well.
    let no_objects = policy(
        "no-objects",
        "effect: deny\nactors: { teams: [Near] }\nprivileges: [data.read, data.write]\nresources: { types: [dataset, folder] }",
    );
    let share = share.replace("{ bucket: true }, ", "");
    let denied = two_datasets(
        "dataset_level_access: [Near]\n",
        &[share, deny("Far, Near", "tags: [pii]"), no_objects],
    );
    let after = Data::of(&denied);
    for team in ["Far", "Near"] {
        assert!(!after.table(team, "one", "orders", &[], How::Read), "{team}");
        assert!(!after.table(team, "one", "orders", &["email"], How::Read), "{team}");
        assert!(after.table(team, "one", "orders", &["id"], How::Read), "{team}");
        assert!(!after.object(team, "one", "any", How::Read), "{team}");
    }
    assert_eq!(all_differences(&denied), Vec::<String>::new());
}

/// Owners of imported resources are handed what only they can write, as for shares (docs/stacks/share.md).
#[test]
fn owners_of_imported_resources_are_handed_what_policies_give() {
    let imported = dataset("one") + "import: { bucket: old-one, kms_key_alias: old-key }\n";
    let documents = [
        domain("dataset_level_access: [Far]\n"),
        imported,
        policy(
            "p",
            "actors: { teams: [Near] }\nprivileges: [data.read]\nresources: { ids: [dataset/one] }",
        ),
    ];
    let mesh = mesh(&with(&documents));
    let plan = Plan::of(&mesh, None);
    let folders: BTreeSet<&str> =
        plan.handouts.iter().filter_map(|one| one.path.rsplit_once('/')).map(|one| one.0).collect();
    assert_eq!(folders, BTreeSet::from(["assets/bucket-policies", "assets/key-policies"]));
    assert!(codes(&plan.report).contains(&"imported-bucket-share"));
}
