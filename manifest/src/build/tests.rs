//! Meshes that are built are the meshes of the same YAML, and are refused with the same codes.

mod choices;
mod every_field;
mod refused;

use super::*;
use crate::document::{
    Confidentiality, Enforcement, EnvironmentPermission, FormFieldType, FormSubject, InstanceType,
    ItemStatus, Strategy, TableFormat,
};
use crate::name::TeamName;
use crate::testing::resolved;

/// A name, a region and so on.
fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a name")
}

/// The mesh of a YAML text, or its findings.
fn of_yaml(text: &str) -> Result<Mesh, Report> {
    let (mesh, report) = resolved(text.to_owned());
    mesh.ok_or(report)
}

/// All that a mesh says but the positions of its documents and fields.
fn without_origins(mesh: &Mesh) -> String {
    let text = format!("{mesh:?}");
    let mut parts = text.split("Origin {");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, after) = part.split_once("} }").expect("the span of an origin ends");
        rest.push_str("Origin");
        rest.push_str(after);
    }
    rest
}

/// Compares meshes; of different ones the first difference is shown.
fn are_the_same(built: &Mesh, of_yaml: &Mesh) {
    let (built, of_yaml) = (without_origins(built), without_origins(of_yaml));
    let both = built.chars().zip(of_yaml.chars());
    let same = both.take_while(|(one, other)| one == other).count();
    let near =
        |text: &str| text.chars().skip(same.saturating_sub(80)).take(200).collect::<String>();
    assert!(built == of_yaml, "built: {}\nYAML: {}", near(&built), near(&of_yaml));
}

/// A mesh without errors, and the same as YAML.
const BASE: &str = concat!(
    include_str!("../testing/tenant.yaml"),
    r#"kind: Organization
id: retail
team: Analysts
---
kind: Environment
id: dev
organization: retail
account: "222222222222"
region: eu-west-1
team: Analysts
teams: [{team: Science, permissions: [create_share]}]
"#
);

fn tenant() -> Tenant {
    let platform = name("arn:aws:iam::111111111111:role/platform");
    let pivot_role = PivotRole::new("a-text-that-nobody-can-guess", platform);
    Tenant::new(name("acme"), name("111111111111"), name("eu-west-1"), pivot_role)
}

fn retail() -> Organization {
    Organization::new(name("retail"), analysts())
}

fn dev() -> Environment {
    let (account, region) = (name("222222222222"), name("eu-west-1"));
    let science = InvitedTeam::new(science()).may(EnvironmentPermission::CreateShare);
    Environment::new(name("dev"), &retail(), account, region, analysts()).team(science)
}

fn mesh() -> MeshBuilder {
    MeshBuilder::new(tenant()).with(retail()).with(dev())
}

fn analysts() -> TeamName {
    name("Analysts")
}

fn science() -> TeamName {
    name("Science")
}

/// A dataset in `dev` without errors, and the same as YAML.
fn orders() -> Dataset {
    Dataset::new(name("orders"), &dev(), analysts()).topic("Sales").keyword("orders")
}

const ORDERS: &str = "---\nkind: Dataset\nid: orders\nenvironment: dev\nteam: Analysts\n\
                      topics: [Sales]\nkeywords: [orders]\n";

/// The mesh of the documents on the page of the format. `tests/it/docs.rs` tests that they are a mesh without findings.
#[test]
fn the_documents_of_the_page_of_the_format_can_be_built() {
    let page = include_str!("../../../docs/mesh.md");
    let blocks = page.split("```").skip(1).step_by(2);
    let documents = blocks.filter_map(|block| block.strip_prefix("yaml\n"));
    // No stack is made of access policies, so they have no builder.
    let documents: Vec<&str> =
        documents.filter(|document| !document.starts_with("kind: AccessPolicy\n")).collect();
    assert!(documents.len() >= 12, "{documents:?}");
    let of_yaml = of_yaml(&documents.join("---\n")).expect("a mesh without errors");
    let built = of_the_page().build().expect("a mesh without errors");
    are_the_same(&built.mesh, &of_yaml);
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    assert_eq!(built.sources.len(), documents.len());
}

fn of_the_page() -> MeshBuilder {
    let platform = || name::<TeamName>("Platform");
    let analysts = || name::<TeamName>("Analysts");
    let pivot_role =
        PivotRole::new("acme-4f1c6c2e", name("arn:aws:iam::111122223333:role/platform"));
    let tenant = Tenant::new(name("acme"), name("111122223333"), name("eu-west-1"), pivot_role);
    let retail = Organization::new(name("retail"), platform()).label("Retail");
    let vpc = || Vpc::new(name("vpc-0123456789abcdef0"), name("subnet-0123456789abcdef0"));
    let (account, region) = (name("222233334444"), name("eu-west-1"));
    let invited = InvitedTeam::new(analysts())
        .may(EnvironmentPermission::CreateShare)
        .may(EnvironmentPermission::RunAthenaQuery)
        .may(EnvironmentPermission::AddConsumptionRoles);
    let dev = Environment::new(name("dev"), &retail, account, region, platform())
        .on(Feature::Notebooks)
        .on(Feature::Pipelines)
        .dashboards(QuickSight::Subscribed(name("eu-west-1")))
        .ml_studio(StudioVpc::Given(vpc()))
        .team(invited);
    let network = Network::new(name("dev-net"), &dev, platform(), vpc());
    let role = name("arn:aws:iam::222233334444:role/Reporting");
    let reporting = ConsumptionRole::new(name("reporting"), &dev, analysts(), role);
    let sales = Domain::new(name("sales"), platform())
        .label("Sales")
        .reader(analysts())
        .dataset_level_access(analysts());
    let lines = Table::new(name("lines"))
        .format(TableFormat::Parquet)
        .column(name("id"), "bigint")
        .column(name("region"), "string")
        .with_column(Column::new(name("email"), "string").tag("pii"));
    let orders = Dataset::new(name("orders"), &dev, platform())
        .label("Orders")
        .domain(&sales)
        .confidentiality(Confidentiality::Official)
        .topic("Sales")
        .keyword("orders")
        .crawler(Crawler::new().schedule(name("cron(0 2 * * ? *)")))
        .table(lines)
        .folder(Folder::new(name("exports"), name("exports/")));
    let part = SharedTable::new(name("lines"))
        .column(name("id"))
        .column(name("region"))
        .rows("region = 'EU'");
    let share = Share::new(name("orders-for-analysts"), &orders, &dev, analysts())
        .purpose("Weekly figures")
        .item(part)
        .item_with(Item::Folder(name("exports")), ItemStatus::Pending)
        .decision(Decision::ApprovedBy(platform()))
        .expires(name("2099-12-31"));
    let query = "SELECT region, count(*) FROM lines GROUP BY region";
    let by_region = Worksheet::new(name("by-region"), &dev, analysts(), query).on_share(&share);
    let connected = NotebookNetwork::of(&network);
    let explorer = Notebook::new(name("explorer"), &dev, platform(), connected)
        .instance_type(InstanceType::MlT3Medium);
    let scientist = StudioProfile::new(name("scientist"), &dev, platform());
    let stage = Stage::new(name("prod"), &dev, platform());
    let loader = Pipeline::new(name("loader"), &dev, platform(), Strategy::Trunk, stage);
    let basis = FormField::new(name("legal-basis"), FormFieldType::Choice)
        .value("consent")
        .value("contract")
        .value("none");
    let days = FormField::new(name("retention-days"), FormFieldType::Integer).required(false);
    let protection = MetadataForm::new(name("protection"), FormSubject::Dataset, basis)
        .label("Data protection")
        .about(FormSubject::Table)
        .for_team(analysts())
        .enforcement(Enforcement::Mandatory)
        .field(days);
    MeshBuilder::new(tenant)
        .with(retail)
        .with(dev)
        .with(network)
        .with(reporting)
        .with(sales)
        .with(orders)
        .with(share)
        .with(by_region)
        .with(explorer)
        .with(scientist)
        .with(loader)
        .with(protection)
}

#[test]
fn a_text_that_is_no_name_is_an_error_that_says_what_was_expected() {
    let error = "Sales".parse::<Id>().expect_err("no id");
    assert_eq!(Err(error.clone()), Id::parse("Sales"));
    assert!(error.to_string().starts_with("`Sales` is not an id: expected "), "{error}");
}
