//! The names of the databases that worksheets query.

use std::collections::BTreeMap;

use lakewright_manifest::mesh::{Database, Environment, Worksheet};
use lakewright_manifest::{Code, Diagnostic, Mesh, Report};

use crate::Names;

/// The name of Athena's default database, which every catalog has.
const DEFAULT: &str = "default";

/// A database of the mesh.
struct Known {
    name: String,
    /// How a worksheet refers to it.
    reference: String,
    /// The id of the dataset or of the share.
    id: String,
}

/// The catalog name of a worksheet's database.
pub(crate) fn database(names: Names<'_>, worksheet: &Worksheet) -> String {
    match &worksheet.database {
        None => DEFAULT.to_owned(),
        Some(Database::Named(name)) => name.to_string(),
        Some(Database::Dataset(dataset)) => names.dataset_database(&dataset.environment, dataset),
        Some(Database::Share(share)) => names.shared_database(&share.environment, share.id()),
    }
}

/// Reports worksheets with a database name that does not exist in the mesh.
pub(crate) fn unknown_databases(mesh: &Mesh) -> Report {
    let names = Names::new(mesh);
    let mut report = Report::new();
    let mut by_place = BTreeMap::new();
    for worksheet in mesh.worksheets.values() {
        let Some(Database::Named(name)) = &worksheet.database else { continue };
        let name = name.as_str();
        let environment = &*worksheet.environment;
        let key = (&environment.account, &environment.region);
        let known: &Vec<Known> =
            by_place.entry(key).or_insert_with(|| known(mesh, names, environment));
        if name == DEFAULT || known.iter().any(|one| one.name == name) {
            continue;
        }
        let message = format!(
            "nothing in the mesh makes or imports a database `{name}` where worksheet `{}` runs",
            worksheet.header.id
        );
        let diagnostic = Diagnostic::new(Code::UnknownDatabase, message)
            .at(worksheet.database_at, "")
            .help(help(name, known));
        report.push(diagnostic);
    }
    report
}

/// Suggests a database. Names end in a hash, so an author most likely writes the beginning of the name, or the id.
fn help(name: &str, known: &[Known]) -> String {
    let is_meant = |one: &&Known| {
        one.name.starts_with(name) || one.id == name || one.id.replace('-', "_") == name
    };
    match known.iter().find(is_meant) {
        Some(one) => format!("did you mean `{}`? Its name is `{}`", one.reference, one.name),
        None => "name a dataset's as `dataset/ID` and a share's as `share/ID`; a database of somebody else's has to be there by itself".to_owned(),
    }
}

/// The databases of the mesh in the catalog of an environment's account and region.
fn known(mesh: &Mesh, names: Names<'_>, environment: &Environment) -> Vec<Known> {
    let place = Names::place(environment);
    let is_here = |other: &&Environment| Names::place(other) == place;
    let datasets = mesh.datasets.iter().filter_map(|(id, dataset)| {
        let there = Some(&*dataset.environment).filter(is_here)?;
        let name = names.dataset_database(there, dataset);
        Some(Known { name, reference: format!("dataset/{id}"), id: id.to_string() })
    });
    let shares = mesh.shares.iter().filter_map(|(id, share)| {
        let there = Some(&*share.environment).filter(is_here)?;
        let name = names.shared_database(there, id);
        Some(Known { name, reference: format!("share/{id}"), id: id.to_string() })
    });
    datasets.chain(shares).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DEV, LAB, SALES, TENANT, environment, mesh, share};

    fn with(database: &str) -> Mesh {
        let worksheet = format!(
            "kind: Worksheet\nid: figures\nenvironment: dev\nteam: Readers\nquery: SELECT 1\n{database}"
        );
        let reading = share("reading", "dev", "Readers", "items: [{ table: orders }]");
        let away = share("away", "lab", "Scientists", "items: [{ table: orders }]");
        mesh(&[TENANT, DEV, LAB, SALES, &reading, &away, &worksheet])
    }

    fn called(database: &str) -> String {
        let mesh = with(database);
        let worksheet = mesh.worksheets.values().next().expect("a worksheet");
        super::database(Names::new(&mesh), worksheet)
    }

    // The field `database` of "Worksheet" in `docs/mesh.md`.

    #[test]
    fn a_worksheet_without_a_database_runs_against_athenas_default() {
        assert_eq!(called(""), "default");
        assert_eq!(called("database: elsewhere\n"), "elsewhere");
        for name in ["", "database: default\n"] {
            assert!(unknown_databases(&with(name)).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_share_is_the_database_that_links_to_its_tables_and_not_the_datasets() {
        let [dataset, share] =
            ["dataset/sales", "share/reading"].map(|name| called(&format!("database: {name}\n")));
        assert!(dataset.starts_with("lakewright_sales_"), "{dataset}");
        assert!(share.starts_with("lakewright_reading_") && share.ends_with("_shared"), "{share}");
    }

    #[test]
    fn who_writes_the_beginning_of_a_name_is_told_the_reference() {
        let help = |name: &str| {
            let mesh = with("");
            help(name, &known(&mesh, Names::new(&mesh), environment(&mesh, "dev")))
        };
        assert!(help("lakewright_sales").contains("`dataset/sales`"));
        assert!(help("reading").contains("`share/reading`"));
        let other = help("nowhere");
        assert!(!other.contains("did you mean"), "{other}");
    }

    #[test]
    fn a_database_of_another_account_is_not_known_here() {
        let mesh = with("");
        let known = known(&mesh, Names::new(&mesh), environment(&mesh, "dev"));
        let references: Vec<&str> = known.iter().map(|one| one.reference.as_str()).collect();
        assert_eq!(references, ["dataset/sales", "share/reading"]);
    }
}
