//! What cannot be is refused as in a file: with the codes that the same YAML has.

use std::collections::BTreeSet;

use super::*;

/// A share of it, and the same as YAML.
fn share() -> Share {
    Share::new(name("wanted"), &orders(), &dev(), science())
}

const SHARE: &str =
    "---\nkind: Share\nid: wanted\ndataset: orders\nenvironment: dev\nteam: Science\n";

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report.iter().map(|one| one.code.as_str()).collect()
}

/// Refuses a mesh for this reason, and the same documents as YAML behind the base for the same reasons.
fn refuses(code: Code, mesh: MeshBuilder, yaml: &str) {
    let refused = mesh.build().expect_err("an error");
    let of_yaml = of_yaml(&format!("{BASE}{yaml}")).expect_err("an error");
    assert!(codes(&refused.report).contains(code.as_str()), "{refused}");
    assert_eq!(codes(&refused.report), codes(&of_yaml), "{refused}");
}

#[test]
fn wrong_datasets_have_the_codes_of_yaml() {
    let elsewhere: Id = name("production");
    let dataset =
        Dataset::new(name("orders"), &elsewhere, analysts()).topic("Sales").keyword("orders");
    let yaml = ORDERS.replace("dev", "production");
    refuses(Code::StillInUse, mesh().with(dataset), &yaml);
    let misspelt: Id = name("dve");
    let dataset =
        Dataset::new(name("orders"), &misspelt, analysts()).topic("Sales").keyword("orders");
    refuses(Code::UnknownReference, mesh().with(dataset), &ORDERS.replace("dev", "dve"));
    let of_guests = Dataset::new(name("orders"), &dev(), name("Guests"));
    let of_guests = of_guests.topic("Sales").keyword("orders");
    let yaml = ORDERS.replace("Analysts", "Guests");
    refuses(Code::TeamNotInvited, mesh().with(of_guests), &yaml);
    let nameless = Dataset::new(name("orders"), &dev(), analysts()).keyword("orders");
    let yaml = ORDERS.replace("topics: [Sales]\n", "");
    refuses(Code::MissingTopic, mesh().with(nameless), &yaml);
    refuses(Code::DuplicateId, mesh().with_all([orders(), orders()]), &ORDERS.repeat(2));
}

#[test]
fn wrong_fields_of_datasets_have_the_codes_of_yaml() {
    let refuses = |code, dataset: Dataset, yaml: &str| {
        refuses(code, mesh().with(dataset), &format!("{ORDERS}{yaml}"));
    };
    let table = Table::new(name("lines")).column(name("id"), "integr");
    let yaml = "tables: [{name: lines, columns: [{name: id, type: integr}]}]\n";
    refuses(Code::ColumnType, orders().table(table), yaml);
    let table = Table::new(name("lines")).partition(name("day"), "date");
    let yaml = "tables: [{name: lines, partitions: [{name: day, type: date}]}]\n";
    refuses(Code::FieldConflict, orders().table(table), yaml);
    let import = Source::Imported(Import::new(name("old-orders")));
    let crawled = orders().source(import).crawler(Crawler::new().event_mode(true));
    let yaml = "import: {bucket: old-orders}\ncrawler: {event_mode: true}\n";
    refuses(Code::FieldConflict, crawled, yaml);
    refuses(Code::ReservedTag, orders().tag("aws:owner", "me"), "tags: {\"aws:owner\": me}\n");
    let secret = "{{resolve:ssm:x}}";
    let yaml = format!("label: \"{secret}\"\n");
    refuses(Code::DynamicReference, orders().label(secret), &yaml);
    let stewarded = orders().steward(name("Nobody"));
    refuses(Code::UnknownReference, stewarded, "stewards: Nobody\n");
}

#[test]
fn wrong_shares_have_the_codes_of_yaml() {
    let refuses = |code, share: Share, yaml: &str| {
        refuses(code, mesh().with(orders()).with(share), &format!("{ORDERS}{SHARE}{yaml}"));
    };
    let table = SharedTable::new(name("lines"));
    refuses(Code::ShareItem, share().item(table), "items: [{table: lines}]\n");
    let decided = |decision| share().item(Item::Bucket).decision(decision);
    let yaml = "items: [{bucket: true}]\nstatus: approved\n";
    refuses(Code::ShareLifeCycle, decided(Decision::ApprovedAutomatically), yaml);
    let yaml = format!("{yaml}approved_by: Science\n");
    refuses(Code::ShareApproval, decided(Decision::ApprovedBy(science())), &yaml);
    refuses(Code::MissingField, share().decision(Decision::Submitted), "status: submitted\n");
}

#[test]
fn wrong_work_has_the_codes_of_yaml() {
    let notebook = Notebook::new(name("n"), &dev(), analysts(), NotebookNetwork::Internet);
    let yaml =
        "---\nkind: Notebook\nid: n\nenvironment: dev\nteam: Analysts\ninternet_access: true\n";
    refuses(Code::FeatureOff, mesh().with(notebook), yaml);
    let stage = Stage::new(name("cicd"), &dev(), analysts());
    let pipeline = Pipeline::new(name("p"), &dev(), analysts(), Strategy::Trunk, stage);
    let yaml = "---\nkind: Pipeline\nid: p\nenvironment: dev\nteam: Analysts\nstrategy: trunk\n\
                stages: [{stage: cicd, environment: dev, team: Analysts}]\n";
    refuses(Code::InvalidValue, mesh().with(pipeline), yaml);
    let worksheet = Worksheet::new(name("w"), &dev(), analysts(), "");
    let yaml = "---\nkind: Worksheet\nid: w\nenvironment: dev\nteam: Analysts\nquery: \"\"\n";
    refuses(Code::LimitExceeded, mesh().with(worksheet), yaml);
    let role = name("arn:aws:iam::333333333333:role/reader");
    let role = ConsumptionRole::new(name("c"), &dev(), analysts(), role);
    let yaml = "---\nkind: ConsumptionRole\nid: c\nenvironment: dev\nteam: Analysts\n\
                role_arn: arn:aws:iam::333333333333:role/reader\n";
    refuses(Code::ConsumerRoleAccount, mesh().with(role), yaml);
}

/// The form of a region is checked by its type; whether CloudFormation has it is known only with the schemas. What
/// depends on such an environment has no findings of its own, as with YAML.
#[test]
fn a_region_that_cloudformation_lacks_is_refused_once() {
    let (account, region) = (name("333333333333"), name("eu-west-99"));
    let far = Environment::new(name("far"), &retail(), account, region, analysts());
    let there = Dataset::new(name("orders"), &far, analysts()).topic("Sales").keyword("orders");
    let mesh = mesh().with(far).with(there);
    let yaml = format!(
        "---\nkind: Environment\nid: far\norganization: retail\naccount: \"333333333333\"\n\
         region: eu-west-99\nteam: Analysts\n{}",
        ORDERS.replace("dev", "far")
    );
    let refused = mesh.clone().build().expect_err("an error");
    assert_eq!(refused.report.iter().count(), 1, "{refused}");
    refuses(Code::InvalidValue, mesh, &yaml);
}

#[test]
fn people_without_teams_have_the_code_of_yaml() {
    let tenant = tenant().access(IdentityCenter::new(name("eu-west-1")));
    let refused = MeshBuilder::new(tenant).with(retail()).with(dev()).build();
    let refused = refused.expect_err("an error");
    let yaml = BASE.replace(
        "---\nkind: Organization",
        "access: {identity_center: {region: eu-west-1}}\n---\nkind: Organization",
    );
    let of_yaml = of_yaml(&yaml).expect_err("an error");
    assert_eq!(codes(&refused.report), codes(&of_yaml));
    assert_eq!(codes(&of_yaml), BTreeSet::from(["missing-field"]));
}

#[test]
fn a_refused_mesh_says_in_which_document_what_is_wrong() {
    let table = Table::new(name("lines")).column(name("id"), "integr");
    let refused = mesh().with(orders().table(table)).build().expect_err("an error");
    let text = refused.to_string();
    assert!(text.starts_with("error[column-type]: "), "{text}");
    assert!(text.contains("--> Dataset/orders:1:1"), "{text}");
    assert!(text.contains("1 | dataset `orders`, which a program built"), "{text}");
}
