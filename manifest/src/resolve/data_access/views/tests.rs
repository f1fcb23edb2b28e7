//! What becomes of masks and rows. The cases of what is refused are the rows of the page `mask-not-enforced`; that a mask wins
//! over what other policies give is AT-11 of the facts about access models.

use crate::diagnostic::FileId;
use crate::mesh::{DataGrant, Mask, Mesh, ShareItem};
use crate::name::CatalogName;
use crate::parse::{Documents, parse};
use crate::resolve::resolve;
use crate::{Report, SourceFile};

const BASE: &str = r#"kind: Tenant
id: base
central_account: "111111111111"
home_region: eu-west-1
pivot_role: { external_id: base-0123456789, trusted_roles: ["arn:aws:iam::111111111111:role/platform"] }
---
kind: Organization
id: org
team: Owners
---
kind: Environment
id: dev
organization: org
account: "222222222222"
region: eu-west-1
team: Owners
teams:
  - { team: Readers, permissions: [create_share, run_athena_query] }
  - { team: Keepers, permissions: [run_athena_query] }
  - { team: Guests, permissions: [run_athena_query], iam_role_arn: "arn:aws:iam::222222222222:role/guests" }
  - { team: Visitors, permissions: [run_athena_query], iam_role_arn: "arn:aws:iam::222222222222:role/guests" }
---
kind: Environment
id: lab
organization: org
account: "333333333333"
region: eu-west-1
team: Owners
teams: [{ team: Far, permissions: [run_athena_query] }]
---
kind: Environment
id: north
organization: org
account: "222222222222"
region: eu-north-1
resource_prefix: north
team: Owners
teams: [{ team: Northern, permissions: [run_athena_query] }]
"#;

const SALES: &str = "kind: Dataset
id: sales
environment: dev
team: Owners
stewards: [Keepers]
topics: [T]
keywords: [k]
tables:
  - name: orders
    columns: [{ name: id, type: bigint }, { name: email, type: string, tags: [pii] }, { name: country, type: string }]
  - { name: sums, columns: [{ name: total, type: bigint }] }
folders:
  - { id: exports, prefix: exports/ }
";

fn resolved(dataset: &str, documents: &[String]) -> (Option<Mesh>, Report) {
    let mut all = vec![BASE.to_owned(), dataset.to_owned()];
    all.extend(documents.iter().cloned());
    let source = SourceFile { path: "mesh.yaml".to_owned(), text: all.join("---\n") };
    let parsed = parse(FileId(0), &source);
    resolve(&Documents::of_files(vec![parsed.documents]), parsed.report)
}

fn policy(id: &str, team: &str, what: &str, more: &str) -> String {
    format!(
        "kind: AccessPolicy\nid: {id}\nactors: {{ teams: [{team}] }}\nprivileges: [data.read]\n\
         resources: {{ {what} }}\n{more}\n"
    )
}

/// A policy that gives a team the table `orders` with addresses masked.
fn masked(team: &str) -> String {
    policy("masked", team, "ids: [table/sales/orders]", "masks: [{ column: email, mask: hash }]")
}

/// The errors, each with its code and the reason behind the colon of its message.
fn errors(dataset: &str, documents: &[String]) -> Vec<(&'static str, String)> {
    let (_, report) = resolved(dataset, documents);
    let errors = report.iter().filter(|one| one.severity == crate::Severity::Error);
    errors
        .map(|one| {
            let reason = one.message.rsplit(": ").next().unwrap_or_default();
            (one.code.as_str(), reason.to_owned())
        })
        .collect()
}

/// What a team is given; exactly one grant.
fn grant(documents: &[String], team: &str) -> DataGrant {
    let (mesh, report) = resolved(SALES, documents);
    let mesh = mesh.unwrap_or_else(|| unreachable!("the mesh has errors: {report:?}"));
    let mut grants = mesh.data_access.grants.values().filter(|one| one.share.team.as_str() == team);
    let grant = grants.next().expect("a grant").clone();
    assert!(grants.next().is_none(), "one grant");
    grant
}

/// The columns of a team's view of `orders`.
fn view(grant: &DataGrant) -> Vec<(String, Option<Mask>)> {
    let name = CatalogName::parse("orders").expect("a name");
    let columns = &grant.views.get(&name).expect("a view").columns;
    columns.iter().map(|(name, mask)| (name.to_string(), *mask)).collect()
}

fn items(grant: &DataGrant) -> Vec<(String, Vec<String>, Option<String>)> {
    let tables = grant.share.items.iter().filter_map(|item| match item {
        ShareItem::Table(table) => Some(table),
        ShareItem::Folder(_) | ShareItem::Bucket => None,
    });
    tables
        .map(|table| {
            let columns = table.columns.iter().map(ToString::to_string).collect();
            (table.name.to_string(), columns, table.rows.clone())
        })
        .collect()
}

fn column(name: &str, mask: Option<Mask>) -> (String, Option<Mask>) {
    (name.to_owned(), mask)
}

#[test]
fn a_masked_table_is_given_as_a_view_and_not_as_a_table() {
    let hashed = [column("country", None), column("email", Some(Mask::Hash)), column("id", None)];
    let given = grant(&[masked("Readers")], "Readers");
    assert_eq!(view(&given), hashed);
    assert!(items(&given).is_empty() && !given.all_tables && !given.is_open);
    // What other policies give is in the view, and other tables are given as they are.
    let all = policy("all", "Readers", "types: [table, column]", "");
    let purpose = policy("purpose", "Readers", "tags: [pii]", "mask: hash");
    let given = grant(&[all, purpose], "Readers");
    assert_eq!(view(&given), hashed);
    assert_eq!(items(&given), [("sums".to_owned(), vec![], None)]);
    assert!(!given.all_tables);
    // A purpose alone gives what it is about.
    let purpose = policy("purpose", "Readers", "tags: [pii]", "mask: nullify");
    assert_eq!(view(&grant(&[purpose], "Readers")), [column("email", Some(Mask::Nullify))]);
    // Teams of other accounts have views as well.
    assert_eq!(view(&grant(&[masked("Far")], "Far")), hashed);
}

#[test]
fn a_denied_column_is_in_no_view() {
    let deny = policy("no", "Readers", "ids: [column/sales/orders/country]", "effect: deny");
    let given = grant(&[masked("Readers"), deny], "Readers");
    assert_eq!(view(&given), [column("email", Some(Mask::Hash)), column("id", None)]);
    // The masked column is denied, so nothing is masked and the others are given as columns.
    let deny = policy("no", "Readers", "tags: [pii]", "effect: deny");
    let given = grant(&[masked("Readers"), deny], "Readers");
    assert!(given.views.is_empty());
    let columns = vec!["country".to_owned(), "id".to_owned()];
    assert_eq!(items(&given), [("orders".to_owned(), columns, None)]);
    let form = policy("no", "Readers", "ids: [column/sales/orders/id]", "effect: deny")
        .replace("data.read", "data.query");
    assert_eq!(errors(SALES, &[masked("Readers"), form])[0].0, "denial-in-part");
}

#[test]
fn rows_add_up_and_are_filters_without_a_mask() {
    let some = |id: &str, what: &str, rows: &str| {
        policy(id, "Readers", what, &format!("rows: \"country = '{rows}'\""))
    };
    let orders = "ids: [table/sales/orders]";
    let given = grant(&[some("dk", orders, "DK")], "Readers");
    let rows = |text: &str| Some(text.to_owned());
    assert_eq!(items(&given), [("orders".to_owned(), vec![], rows("country = 'DK'"))]);
    let given = grant(&[some("dk", orders, "DK"), some("se", orders, "SE")], "Readers");
    let both = "(country = 'DK') OR (country = 'SE')";
    assert_eq!(items(&given), [("orders".to_owned(), vec![], rows(both))]);
    let all = policy("all", "Readers", orders, "");
    let given = grant(&[some("dk", orders, "DK"), all], "Readers");
    assert_eq!(items(&given), [("orders".to_owned(), vec![], None)]);
    let part = some("dk", "ids: [column/sales/orders/id]", "DK");
    let given = grant(std::slice::from_ref(&part), "Readers");
    let id = vec!["id".to_owned()];
    assert_eq!(items(&given), [("orders".to_owned(), id, rows("country = 'DK'"))]);
    // Neither all columns of Danish rows nor `id` of all rows may become the other.
    let found = errors(SALES, &[part, some("se", orders, "SE")]);
    let mixed = "policies give it some columns of some rows and other columns of other rows";
    assert_eq!(found, [("mask-not-enforced", mixed.to_owned())]);
    let within = masked("Readers") + "rows: \"country = 'DK'\"\n";
    let given = grant(&[within], "Readers");
    let condition = given.views.values().next().and_then(|view| view.rows.as_ref());
    assert_eq!(condition.map(|one| one.comparisons().len()), Some(1));
    assert!(items(&given).is_empty());
}

/// The rows of the page's table, in its order.
#[test]
fn a_mask_that_would_not_hold_is_an_error() {
    let reason = |dataset: &str, documents: &[String]| -> String {
        let found = errors(dataset, documents);
        let [(code, reason)] = found.as_slice() else { unreachable!("one error: {found:?}") };
        assert_eq!(*code, "mask-not-enforced");
        reason.clone()
    };
    for team in ["Owners", "Keepers"] {
        let found = reason(SALES, &[masked(team)]);
        assert_eq!(found, "owners and stewards read the whole dataset", "{team}");
    }
    let with = |more: String| reason(SALES, &[masked("Readers"), more]);
    let objects = policy("objects", "Readers", "ids: [dataset/sales]", "");
    assert!(with(objects).contains("given the objects"));
    // A folder never has files of a table (`overlapping-places`).
    let folder = policy("folder", "Readers", "ids: [folder/sales/exports]", "");
    assert_eq!(errors(SALES, &[masked("Readers"), folder]), []);
    let writing = policy("writing", "Readers", "types: [table, column]", "")
        .replace("[data.read]", "[data.read, data.write]");
    assert!(with(writing).contains("whoever writes a table reads it"));
    let share = |items: &str, status: &str| {
        format!(
            "kind: Share\nid: given\ndataset: sales\nenvironment: dev\nteam: Readers\nitems: [{items}]\n{status}"
        )
    };
    let approved = "status: approved\napproved_by: Owners\n";
    for items in ["{ bucket: true }", "{ table: orders }", "{ table: orders, columns: [email] }"] {
        assert_eq!(
            with(share(items, approved)),
            "an approved share gives it the values",
            "{items}"
        );
    }
    for (items, status) in [
        ("{ folder: exports }", approved),
        ("{ table: sums }", approved),
        ("{ table: orders, columns: [id, country] }", approved),
        ("{ table: orders }", "status: submitted\n"),
    ] {
        let documents = [masked("Readers"), share(items, status)];
        assert_eq!(errors(SALES, &documents), [], "{items} {status}");
    }
    let other = masked("Readers").replace("masked", "otherwise").replace("hash", "redact");
    assert!(with(other).contains("in different ways"));
    assert!(reason(SALES, &[masked("Northern")]).contains("in another region"));
    assert_eq!(reason(SALES, &[masked("Guests")]), "another team acts through its role");
    let imported =
        |more: &str| format!("{SALES}import: {{ bucket: old, glue_database: old{more} }}\n");
    let found = |more: &str| reason(&imported(more), &[masked("Readers")]);
    assert!(found("").contains("hybrid access mode"));
    assert!(found(", hybrid_access: opt_in").contains("hybrid access mode"));
    assert!(found(", registered: false").contains("not registered"));
    assert!(
        found(", catalog_account: \"444444444444\", hybrid_access: closed").contains("another one")
    );
    assert_eq!(errors(&imported(", hybrid_access: closed"), &[masked("Readers")]), []);
}
