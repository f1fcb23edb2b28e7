//! What is wrong with masks is said at its line, with what was meant.

use crate::diagnostic::{FileId, Severity};
use crate::mesh::{Mask, Mesh};
use crate::name::{CatalogName, Id};
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
teams: [{ team: Readers, permissions: [run_athena_query] }]
---
kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
tables:
  - name: orders
    columns:
      - { name: email, type: string, tags: [pii] }
      - { name: paid, type: boolean, tags: [flag] }
      - { name: at, type: timestamp }
  - name: found
---
"#;

/// A policy with these lines, in a mesh.
fn resolved(more: &str) -> (Option<Mesh>, Report) {
    let policy = format!(
        "kind: AccessPolicy\nid: masked\nstate: inactive\nactors: {{ teams: [Readers] }}\n{more}"
    );
    let source = SourceFile { path: "mesh.yaml".to_owned(), text: format!("{BASE}{policy}") };
    let parsed = parse(FileId(0), &source);
    resolve(&Documents::of_files(vec![parsed.documents]), parsed.report)
}

/// The findings, each with its code, its message and its help.
fn found(more: &str) -> Vec<String> {
    let (_, report) = resolved(more);
    let errors = report.iter().filter(|one| one.code.severity() == Severity::Error);
    errors
        .map(|one| {
            format!(
                "{}: {}; {}",
                one.code.as_str(),
                one.message,
                one.help.as_deref().unwrap_or_default()
            )
        })
        .collect()
}

const READ: &str = "privileges: [data.query]\n";
const TABLE: &str = "resources: { ids: [table/sales/orders] }\n";

#[test]
fn a_column_that_is_masked_is_declared() {
    let one = |mask: &str| found(&format!("{READ}{TABLE}{mask}"));
    assert_eq!(
        one("masks: [{ column: emial, mask: hash }]"),
        [
            "mask-column: no table that the policy selects declares a column `emial`; did you mean `email`?"
        ]
    );
    assert_eq!(
        found(&format!("{READ}resources: {{ ids: [column/sales/orders/emial] }}\nmask: hash")),
        [
            "mask-column: `column/sales/orders/emial` is masked and not declared; did you mean `column/sales/orders/email`?"
        ]
    );
    let found = found(&format!("{READ}resources: {{ ids: [table/sales/found] }}\nmask: nullify"));
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .starts_with("mask-column: table `found` of dataset `sales` cannot be shown masked"),
        "{found:?}"
    );
}

#[test]
fn a_type_that_cannot_take_a_mask_is_named() {
    let one = |mask: &str| found(&format!("{READ}{TABLE}{mask}"));
    assert_eq!(
        one("masks: [{ column: paid, mask: show_first4 }]"),
        [
            "mask-type: column `paid` of table `orders` of dataset `sales` is of type `boolean` and cannot take the mask \
          `show_first4`: a boolean has two values, which every mask but `nullify` shows; take `nullify` for this column, or leave \
          it out of what the policy selects"
        ]
    );
    assert_eq!(
        one("masks: [{ column: at, mask: nullify }, { column: email, mask: redact }]"),
        [""; 0]
    );
    // The mask of a whole table is one of each of its columns.
    assert_eq!(one("mask: hash").len(), 2);
    assert_eq!(one("mask: nullify"), [""; 0]);
    let tagged = format!("{READ}resources: {{ tags: [pii] }}\nmask: show_last4");
    assert_eq!(found(&tagged), [""; 0]);
    let flagged = format!("{READ}resources: {{ tags: [flag] }}\nmask: redact");
    assert_eq!(found(&flagged).len(), 1);
}

#[test]
fn a_limit_is_one_of_a_policy_that_lets_read() {
    let mask = "masks: [{ column: email, mask: hash }]";
    for (privileges, message) in [
        ("[data.query, data.write]", "field-conflict: a mask does not limit `data.write`"),
        ("[data.*]", "field-conflict: a mask does not limit `data.*`"),
        ("[metadata.read]", "field-conflict: a mask goes with data privileges only"),
    ] {
        let found = found(&format!("privileges: {privileges}\n{TABLE}{mask}"));
        assert!(found.iter().any(|one| one.starts_with(message)), "{privileges}: {found:?}");
    }
    let denied = found(&format!("effect: deny\n{READ}{TABLE}{mask}"));
    assert!(
        denied[0].starts_with("field-conflict: a mask limits what a policy allows"),
        "{denied:?}"
    );
    let both = found(&format!("{READ}{TABLE}{mask}\nmask: nullify"));
    assert!(
        both[0].starts_with("field-conflict: `mask` and `masks` exclude each other"),
        "{both:?}"
    );
    let twice = "masks: [{ column: email, mask: hash }, { column: email, mask: redact }]";
    assert_eq!(found(&format!("{READ}{TABLE}{twice}")).len(), 1);
    let half = found(&format!("{READ}{TABLE}masks: [{{ column: email }}]"));
    assert!(half[0].starts_with("missing-field: an entry without `mask`"), "{half:?}");
}

#[test]
fn rows_fit_the_tables_that_the_policy_selects() {
    let one = |rows: &str| found(&format!("{READ}{TABLE}rows: \"{rows}\""));
    assert_eq!(one("email = 'jo@example.org' and not paid = true"), [""; 0]);
    assert_eq!(
        one("emial = 'x'"),
        [
            "row-filter: table `orders` has no column `emial`, by which its rows are told; did you mean `email`?"
        ]
    );
    assert!(
        one("email = 1")[0]
            .starts_with("row-filter: column `email` of table `orders` is of type `string`")
    );
    assert!(one("lower(email) = 'x'")[0].starts_with("row-filter: Lake Formation cannot read"));
    let denied = found(&format!("effect: deny\n{READ}{TABLE}rows: \"email = 'x'\""));
    assert!(denied[0].starts_with("field-conflict: a condition on rows limits"), "{denied:?}");
}

#[test]
fn the_masked_columns_are_those_of_tables_and_those_with_a_tag() {
    let masks = |more: &str| {
        let (mesh, report) = resolved(more);
        let mesh = mesh.unwrap_or_else(|| panic!("{report:?}"));
        let policy = mesh.access_policies.values().next().expect("the policy");
        let dataset = mesh.datasets.get(&Id::parse("sales").expect("an id")).expect("a dataset");
        let name = CatalogName::parse("orders").expect("a name");
        let masks = policy.masks(dataset, &name, &dataset.tables[&name]);
        masks.into_iter().map(|(name, mask)| (name.to_string(), mask)).collect::<Vec<_>>()
    };
    let email = |mask| vec![("email".to_owned(), mask)];
    assert_eq!(
        masks(&format!("{READ}resources: {{ tags: [pii] }}\nmask: redact")),
        email(Mask::Redact)
    );
    assert_eq!(
        masks(&format!("{READ}{TABLE}masks: [{{ column: email, mask: hash }}]")),
        email(Mask::Hash)
    );
    let whole = masks(&format!("{READ}{TABLE}mask: nullify"));
    assert_eq!(whole.len(), 3, "all columns of a table that is selected");
}
