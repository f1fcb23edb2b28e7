//! Choices of which a mesh takes one: each is that of the same YAML.

use super::*;
use crate::document::HybridAccess;
use crate::mesh::Location;

fn is_that_of_yaml(mesh: MeshBuilder, yaml: &str) {
    let of_yaml = of_yaml(yaml).expect("a mesh without errors");
    are_the_same(&mesh.build().expect("a mesh without errors").mesh, &of_yaml);
}

#[test]
fn each_way_in_which_people_assume_roles_is_that_of_yaml() {
    let is_that_of_yaml = |way: Access, yaml: &str| {
        let mesh = MeshBuilder::new(tenant().access(way)).with(retail()).with(dev());
        let access = format!("access: {yaml}\n---\nkind: Organization");
        is_that_of_yaml(mesh, &BASE.replace("---\nkind: Organization", &access));
    };
    let saml = Saml::new(name("corp"))
        .members_in_groups(analysts(), [name("ann")], [name("staff")])
        .groups(science(), [name("lab")]);
    is_that_of_yaml(
        saml.into(),
        "{saml: {provider: corp}, teams: {Analysts: {members: [ann], groups: [staff]}, Science: {groups: [lab]}}}",
    );
    let saml = Saml::new(name("corp")).members(analysts(), [name("ann")]);
    is_that_of_yaml(saml.into(), "{saml: {provider: corp}, teams: {Analysts: {members: [ann]}}}");
    let oidc = Oidc::new(name("https://id.example.com"), name("data"))
        .team(analysts(), [name("ann"), name("bob")]);
    is_that_of_yaml(
        oidc.into(),
        "{oidc: {provider: \"https://id.example.com\", audience: data}, teams: {Analysts: {members: [ann, bob]}}}",
    );
    let broker = Broker::new(name("arn:aws:iam::111111111111:role/broker"))
        .team_of_all(analysts())
        .team(science(), [name("ann")]);
    is_that_of_yaml(
        broker.into(),
        "{broker: {role_arn: \"arn:aws:iam::111111111111:role/broker\"}, teams: {Analysts: {}, Science: {members: [ann]}}}",
    );
}

#[test]
fn each_origin_of_a_datasets_resources_is_that_of_yaml() {
    let is_that_of_yaml = |source: Source, yaml: &str| {
        let dataset = orders().source(source);
        is_that_of_yaml(mesh().with(dataset), &format!("{BASE}{ORDERS}{yaml}"));
    };
    is_that_of_yaml(Source::Created, "");
    let import = || Import::new(name("old-orders"));
    is_that_of_yaml(Source::Imported(import()), "import: {bucket: old-orders}\n");
    let foreign = import().glue_database_of(name("333333333333"), name("old_orders"));
    is_that_of_yaml(
        Source::Imported(foreign),
        "import: {bucket: old-orders, glue_database: old_orders, catalog_account: \"333333333333\"}\n",
    );
    let closed = import().location(Location::Nowhere).hybrid_access(HybridAccess::Closed);
    is_that_of_yaml(
        Source::Imported(closed),
        "import: {bucket: old-orders, registered: false, hybrid_access: closed}\n",
    );
}
