//! Each method of each builder: the mesh is that of `every-field.yaml`.

use super::*;
use crate::document::{
    GovernedBy, HybridAccess, Maintenance, PivotMode, SharePermission, TenantPermission, TokenKind,
};
use crate::mesh::Location;

const YAML: &str = include_str!("every-field.yaml");

#[test]
fn each_method_sets_the_field_of_its_name() {
    let of_yaml = of_yaml(YAML).expect("a mesh without errors");
    let (dev, lab, retail) = places();
    let mesh = forms(MeshBuilder::new(tenant()), &dev, &retail).with(retail);
    let mesh = data(mesh, &dev);
    let mesh = work(mesh, &dev, &lab);
    let built = mesh.with(dev).with(lab).build().expect("a mesh without errors");
    are_the_same(&built.mesh, &of_yaml);
}

fn handling() -> Id {
    name("handling")
}

fn forms(mesh: MeshBuilder, dev: &Environment, retail: &Organization) -> MeshBuilder {
    let reviewed = FormField::new(name("reviewed"), FormFieldType::Boolean);
    let handling = MetadataForm::new(handling(), FormSubject::Dataset, reviewed)
        .label("Handling")
        .about(FormSubject::Table)
        .about(FormSubject::Folder)
        .about(FormSubject::EnvironmentTeam)
        .for_environment(dev);
    let basis = FormField::new(name("basis"), FormFieldType::Choice)
        .label("Legal basis")
        .description("Why we may keep it")
        .value("consent")
        .value("contract");
    let days = FormField::new(name("days"), FormFieldType::Integer).value(30).value(365);
    let origin = MetadataForm::new(name("origin"), FormSubject::Dataset, basis)
        .for_organization(retail)
        .enforcement(Enforcement::Recommended)
        .field(days)
        .field(FormField::new(name("term"), FormFieldType::GlossaryTerm))
        .field(FormField::new(name("note"), FormFieldType::String).required(false));
    let center = FormField::new(name("center"), FormFieldType::String);
    let cost = MetadataForm::new(name("cost"), FormSubject::Notebook, center)
        .for_team(name("Guests"))
        .enforcement(Enforcement::Mandatory);
    mesh.with_all([handling, origin, cost])
}

fn analysts() -> TeamName {
    name("Analysts")
}

fn platform() -> TeamName {
    name("Platform")
}

fn science() -> TeamName {
    name("Science")
}

fn tenant() -> Tenant {
    let pivot_role = PivotRole::new(
        "a-text-that-nobody-can-guess",
        name("arn:aws:iam::111111111111:role/platform"),
    )
    .trusted_role(name("arn:aws:iam::111111111111:role/platform-2"))
    .name("acme-pivot")
    .mode(PivotMode::Manual);
    let people = IdentityCenter::new(name("eu-west-1")).team(analysts(), name("Analysts"));
    let provider = OpenId::new(name("https://login.example.com/acme/"), name("portal"))
        .audience(name("catalog"))
        .token(TokenKind::Access)
        .group_claim(name("teams"))
        .user_claim(name("email"))
        .entity_id_prefix(name("corporate"));
    let store = PolicyStore::new(provider)
        .caller(name("arn:aws:iam::111111111111:role/portal"))
        .role_group("Editor", name("catalog-editors"));
    let quotas = Quotas::default().managed_policies_per_role(20).roles_per_account(5_000);
    Tenant::new(name("acme"), name("111111111111"), name("eu-west-1"), pivot_role)
        .label("Acme")
        .description("All data")
        .tag("CostCenter", "42")
        .admin_team(platform())
        .organization_id(name("o-a1b2c3d4e5"))
        .resource_prefix(name("acme"))
        .deployer(name("arn:aws:iam::111111111111:role/deployer"))
        .access(people)
        .allow_only(name("Guests"), [TenantPermission::ManageShares])
        .deny(science(), [TenantPermission::ManagePipelines])
        .maintenance(Maintenance::ReadOnly)
        .permissions_boundary(name("arn:aws:iam::111111111111:policy/boundary"))
        .quotas(quotas)
        .allow_country(name("DE"))
        .allow_country(name("FR"))
        .allow_addresses(name("192.0.2.0/24"))
        .alarm_email(name("platform@example.com"))
        .updater_enabled(false)
        .updater_schedule(name("cron(0 3 ? * MON-FRI *)"))
        .updater_timezone(name("Europe/Berlin"))
        .policy_store(store)
}

/// The environments `dev` and `lab`, and their organization.
fn places() -> (Environment, Environment, Organization) {
    let retail = Organization::new(name("retail"), platform())
        .admin(analysts())
        .admin(name("Guests"))
        .archived(false);
    let invited = InvitedTeam::new(science())
        .may(EnvironmentPermission::CreateShare)
        .may(EnvironmentPermission::CreateNotebook)
        .may(EnvironmentPermission::RunAthenaQuery)
        .may(EnvironmentPermission::AddConsumptionRoles)
        .role(name("arn:aws:iam::222222222222:role/science"));
    let (account, region) = (name("222222222222"), name("eu-west-1"));
    let dev = Environment::new(name("dev"), &retail, account, region, analysts())
        .linked_by(analysts())
        .resource_prefix(name("shop"))
        .team_role(name("arn:aws:iam::222222222222:role/analysts"))
        .on(Feature::Notebooks)
        .on(Feature::Pipelines)
        .on(Feature::Worksheets)
        .ml_studio(StudioVpc::Created([name("euw1-az1"), name("euw1-az2")]))
        .dashboards(QuickSight::Subscribed(name("eu-west-1")))
        .producers_topic(name("arn:aws:sns:eu-west-1:222222222222:orders"))
        .team(invited)
        .team(InvitedTeam::new(name("Guests")).form_value(&handling(), &name("reviewed"), false))
        .vpc_cidr(name("vpc-0123456789abcdef0"), name("10.0.0.0/16"))
        .permissions_boundary(name("arn:aws:iam::222222222222:policy/own"))
        .rollback_alarm(name("arn:aws:cloudwatch:eu-west-1:222222222222:alarm:errors"))
        .monitoring_minutes(10)
        .wave_alarm(name("arn:aws:cloudwatch:eu-west-1:222222222222:alarm:jobs"))
        .retain_on_delete(false);
    let vpc = Vpc::new(name("vpc-0aaaaaaaaaaaaaaa0"), name("subnet-0aaaaaaaaaaaaaaa0"))
        .subnet(name("subnet-0bbbbbbbbbbbbbbb0"));
    let (account, region) = (name("333333333333"), name("eu-west-1"));
    let lab = Environment::new(name("lab"), &retail, account, region, platform())
        .ml_studio(StudioVpc::Default(vpc))
        .dashboards(QuickSight::NotSubscribed)
        .off(Feature::Datasets);
    (dev, lab, retail)
}

fn data(mesh: MeshBuilder, dev: &Environment) -> MeshBuilder {
    let sales = Domain::new(name("sales"), platform())
        .owner(analysts())
        .reader(name("Guests"))
        .dataset_level_access(analysts())
        .lake_formation_dataset(name("history"));
    let lines = Table::new(name("lines"))
        .location(name("tables/lines"))
        .format(TableFormat::Csv)
        .description("One line of an order")
        .keyword("line")
        .glossary_term("Line")
        .form_value(&handling(), &name("reviewed"), true)
        .column(name("id"), "bigint")
        .with_column(Column::new(name("email"), "string").tag("pii").description("Of the buyer"))
        .partition(name("day"), "date")
        .with_partition(Column::new(name("shop"), "string").description("Where"));
    let crawler =
        Crawler::new().schedule(name("cron(0 2 * * ? *)")).prefix(name("raw_")).event_mode(true);
    let exports = Folder::new(name("exports"), name("exports/")).description("Weekly").form_value(
        &handling(),
        &name("reviewed"),
        false,
    );
    let origin: Id = name("origin");
    let orders = Dataset::new(name("orders"), dev, analysts())
        .topic("Sales")
        .keyword("orders")
        .glossary_term("Order")
        .steward(platform())
        .domain(&sales)
        .confidentiality(Confidentiality::Secret)
        .source(Source::Created)
        .crawler(crawler)
        .profiling_schedule(name("cron(0 4 * * ? *)"))
        .table(lines)
        .folder(exports)
        .form_value(&handling(), &name("reviewed"), true)
        .form_value(&origin, &name("basis"), "contract")
        .form_value(&origin, &name("days"), 30)
        .form_value(&origin, &name("term"), "Order")
        .form_value(&origin, &name("note"), "From the shop".to_owned())
        .retain_on_delete(false);
    let import = Import::new(name("old-orders"))
        .kms_key_alias(name("old-orders"))
        .glue_database(name("old_orders"))
        .location(Location::Elsewhere)
        .hybrid_access(HybridAccess::OptIn)
        .governed_by(GovernedBy::LakeFormation);
    let history = Dataset::new(name("history"), dev, analysts())
        .topic("Sales")
        .keyword("orders")
        .domain(&sales)
        .auto_approval(true)
        .source(Source::Imported(import))
        .table(Table::new(name("old")).column(name("id"), "int"));
    let role = name("arn:aws:iam::222222222222:role/reporting");
    let reporting = ConsumptionRole::new(name("reporting"), dev, science(), role).managed(false);
    let orders_for_science = Share::new(name("orders-for-science"), &orders, dev, science())
        .purpose("Weekly figures")
        .item(SharedTable::new(name("lines")).column(name("id")).rows("id > 5"))
        .item_with(Item::Folder(name("exports")), ItemStatus::Pending)
        .decision(Decision::ApprovedBy(platform()))
        .expires(name("2099-12-31"));
    let history_for_reporting = Share::new(name("history-for-reporting"), &history, dev, science())
        .consumption_role(&reporting)
        .item(SharedTable::new(name("old")))
        .permission(SharePermission::Read)
        .permission(SharePermission::Write)
        .decision(Decision::ApprovedAutomatically);
    let query = "SELECT count(*) FROM lines";
    let count = Worksheet::new(name("count"), dev, science(), query).on_share(&orders_for_science);
    let own = Worksheet::new(name("own"), dev, analysts(), query).on_dataset(&orders);
    mesh.with(sales)
        .with_all([orders, history])
        .with(reporting)
        .with_all([orders_for_science, history_for_reporting])
        .with_all([count, own])
}

fn work(mesh: MeshBuilder, dev: &Environment, lab: &Environment) -> MeshBuilder {
    let subnet =
        NotebookNetwork::Subnet(name("vpc-0123456789abcdef0"), name("subnet-0123456789abcdef0"));
    let inside = Notebook::new(name("inside"), dev, science(), subnet)
        .with_internet_access()
        .instance_type(InstanceType::MlM5Xlarge)
        .volume_size(VolumeSize::Gib64);
    let outside =
        Notebook::new(name("outside"), dev, science(), NotebookNetwork::Internet).root_access(true);
    let connection = "arn:aws:codeconnections:eu-west-1:222222222222:connection/01234567-89ab-cdef-0123-456789abcdef";
    let repository = Repository::new(name("acme/ingest"), name(connection)).branch(name("trunk"));
    let first = Stage::new(name("dev"), dev, analysts());
    let ingest = Pipeline::new(name("ingest"), dev, analysts(), Strategy::Gitflow, first)
        .stage(Stage::new(name("test"), dev, analysts()))
        .source(repository)
        .retain_on_delete(false);
    mesh.with_all([inside, outside])
        .with(StudioProfile::new(name("science"), lab, platform()))
        .with(ingest)
}
