//! What `check` says about forms and what documents fill in.

use crate::Mesh;
use crate::diagnostic::Severity;
use crate::mesh::{FilledForm, FormValue};
use crate::name::Id;
use crate::testing::resolved;

const BASE: &str = concat!(
    include_str!("../../testing/tenant.yaml"),
    r#"kind: Organization
id: retail
team: Owners
---
kind: Organization
id: other
team: Owners
---
kind: Environment
id: dev
organization: retail
account: "222222222222"
region: eu-west-1
team: Owners
teams: [{team: Guests, permissions: [create_dataset]}]
---
kind: Dataset
id: sales
environment: dev
team: Owners
topics: [T]
keywords: [k]
glossary: [Order]
tables: [{name: orders}]
---
kind: Dataset
id: trips
environment: dev
team: Guests
topics: [T]
keywords: [k]
"#
);

/// The mesh, and each finding with its severity, its line in the added text, and its message.
fn checked(more: &str) -> (Option<Mesh>, Vec<(Severity, u32, String)>) {
    let text = format!("{BASE}---\n{more}");
    let before = u32::try_from(BASE.lines().count() + 1).expect("a number");
    let (mesh, report) = resolved(text);
    let found = report.iter().map(|one| {
        let line = one.primary.as_ref().map_or(0, |label| label.origin.span.line);
        let text = format!("{}: {}", one.code.as_str(), one.message);
        assert!(one.help.is_some(), "without help: {text}");
        (one.severity, line.saturating_sub(before), text)
    });
    (mesh, found.collect())
}

fn found(more: &str) -> Vec<String> {
    checked(more).1.into_iter().map(|(_, _, text)| text).collect()
}

fn form(more: &str) -> String {
    format!("kind: MetadataForm\nid: care\n{more}\n")
}

const FIELDS: &str = "fields:\n  - {id: basis, type: choice, values: [consent, contract]}\n  - {id: days, type: integer, required: false}";

/// The new document of a dataset, with what it fills in.
fn filled(forms: &str) -> String {
    format!(
        "{}---\nkind: Dataset\nid: extra\nenvironment: dev\nteam: Guests\ntopics: [T]\nkeywords: [k]\nforms: {forms}\n",
        form(&format!("about: [dataset]\nscope: {{team: Guests}}\n{FIELDS}"))
    )
}

/// data.all: severity `Mandatory` or `Recommended` (`MetadataFormEnforcementSeverity`). Here a mandatory form blocks.
#[test]
fn a_missing_value_is_an_error_or_a_warning_at_the_document() {
    let text = |enforcement: &str| form(&format!("about: [table]\n{enforcement}\n{FIELDS}"));
    let (mesh, report) = checked(&text("enforcement: mandatory"));
    let message =
        "form-incomplete: the table `sales/orders` lacks `basis` of the mandatory form `care`";
    assert_eq!(report, [(Severity::Error, 0, message.to_owned())]);
    assert!(mesh.is_none());
    for recommended in ["enforcement: recommended", ""] {
        let (mesh, report) = checked(&text(recommended));
        let message = "form-recommended: the table `sales/orders` lacks `basis` of the recommended form `care`";
        assert_eq!(report, [(Severity::Warning, 0, message.to_owned())]);
        assert!(mesh.is_some());
    }
    // A part of the form counts as well, and the finding is at the form in the document.
    let (_, report) =
        checked(&filled("{care: {days: 30}}").replace("about", "enforcement: mandatory\nabout"));
    let incomplete: Vec<(u32, &str)> = report
        .iter()
        .map(|(_, line, text)| (*line, text.split(':').next().unwrap_or_default()))
        .collect();
    assert_eq!(incomplete, [(0, "form-incomplete"), (16, "form-incomplete")], "{report:?}");
}

#[test]
fn what_is_filled_in_is_in_the_mesh() {
    let (mesh, report) = checked(&filled("{care: {basis: contract, days: 30}}"));
    // The dataset `trips` is of the same team, and has not filled in the form.
    assert_eq!(report.len(), 1, "{report:?}");
    let mesh = mesh.expect("a mesh");
    let [FilledForm { form, of, values, .. }] = mesh.filled_forms.as_slice() else {
        panic!("one form: {:?}", mesh.filled_forms)
    };
    let id = |text: &str| Id::parse(text).expect("an id");
    assert_eq!((form.as_str(), of.as_str()), ("care", "extra"));
    assert_eq!(values[&id("basis")], FormValue::Text("contract".to_owned()));
    assert_eq!(values[&id("days")], FormValue::Integer(30));
}

/// data.all's levels (`MetadataFormEnforcementScope`): a form holds for its level and all below it; a form of a team
/// holds for what the team owns.
#[test]
fn a_form_is_for_what_is_in_its_scope() {
    let missing = |about: &str, scope: &str| -> Vec<String> {
        let text = form(&format!("about: [{about}]\n{scope}\n{FIELDS}"));
        let all = found(&text).into_iter();
        all.map(|text| text.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(missing("dataset", ""), ["sales", "trips"]);
    assert_eq!(missing("dataset", "scope: {team: Guests}"), ["trips"]);
    assert_eq!(missing("dataset", "scope: {organization: retail}"), ["sales", "trips"]);
    assert_eq!(missing("dataset", "scope: {organization: other}"), [""; 0]);
    assert_eq!(missing("organization", "scope: {organization: other}"), ["other"]);
    assert_eq!(
        missing("organization, environment", "scope: {organization: retail}"),
        ["retail", "dev"]
    );
    assert_eq!(missing("environment_team", "scope: {environment: dev}"), ["dev/Guests"]);
    assert_eq!(missing("table", "scope: {environment: dev}"), ["sales/orders"]);
}

#[test]
fn wrong_values_and_fields_are_errors_with_what_was_meant() {
    for (forms, expected) in [
        ("{care: {basis: consen}}", "invalid-value: `consen` is not a value of the field `basis`"),
        (
            "{care: {basis: consent, days: many}}",
            "wrong-type: expected a whole number, such as `30`, got `many`",
        ),
        ("{care: {basis: consent, day: 3}}", "unknown-key: the form `care` has no field `day`"),
        (
            "{car: {basis: consent}}",
            "unknown-reference: there is no metadata form `car` in the mesh",
        ),
        ("{Care: {basis: consent}}", "unknown-reference: `Care` is not the id of a metadata form"),
    ] {
        let all = found(&filled(forms));
        assert!(all.iter().any(|text| text == expected), "{forms}: {all:#?}");
    }
    // A value with an error is not missing as well.
    assert_eq!(found(&filled("{care: {basis: consen}}")).len(), 2, "and `trips`");
}

#[test]
fn a_glossary_term_is_one_of_the_mesh() {
    let text = |term: &str| {
        filled(&format!("{{care: {{term: {term}}}}}"))
            .replace(FIELDS, "fields: [{id: term, type: glossary_term}]")
    };
    assert_eq!(found(&text("Order")).len(), 1, "only that `trips` has no term");
    let all = found(&text("Ordre"));
    let expected = "invalid-value: `Ordre` is not a glossary term of the mesh";
    assert!(all.iter().any(|text| text == expected), "{all:?}");
}

#[test]
fn a_form_that_is_not_for_a_document_cannot_be_filled_in() {
    let all = found(
        &filled("{care: {basis: consent}}").replace("team: Guests\ntopics", "team: Owners\ntopics"),
    );
    let expected = "form-out-of-scope: the dataset `extra` is out of the scope of the form `care`";
    assert!(all.iter().any(|text| text == expected), "{all:?}");
    let all = found(&filled("{care: {basis: consent}}").replace("[dataset]", "[notebook]"));
    assert_eq!(all, ["form-out-of-scope: the form `care` is not about a dataset"]);
    let text = form(&format!("about: [dataset]\n{FIELDS}"))
        + "---\nkind: Organization\nid: own\nteam: Owners\nforms: {care: {basis: consent}}\n";
    let expected = "form-out-of-scope: the form `care` is not about an organization";
    assert!(found(&text).iter().any(|text| text == expected));
    let all = found(&format!(
        "{}forms: {{}}\n",
        form(&format!("about: [dataset]\nscope: {{organization: other}}\n{FIELDS}"))
    ));
    assert_eq!(
        all,
        ["form-out-of-scope: no form can be about documents of the kind `MetadataForm`"]
    );
}

#[test]
fn forms_that_could_never_be_filled_in_or_missed_are_errors() {
    for (more, expected) in [
        (format!("about: []\n{FIELDS}"), "invalid-value"),
        ("about: [dataset]\nfields: []".to_owned(), "invalid-value"),
        (format!("about: [dataset]\nscope: {{}}\n{FIELDS}"), "field-conflict"),
        (format!("about: [dataset]\nscope: {{team: Guests, environment: dev}}\n{FIELDS}"), "field-conflict"),
        (format!("about: [dataset]\nscope: {{team: Gests}}\n{FIELDS}"), "unknown-reference"),
        (format!("about: [dataset]\nscope: {{environment: prod}}\n{FIELDS}"), "still-in-use"),
        (format!("about: [organization]\nscope: {{environment: dev}}\n{FIELDS}"), "field-conflict"),
        (format!("about: [domain]\nscope: {{organization: retail}}\n{FIELDS}"), "field-conflict"),
        ("about: [share]\nfields: [{id: a, type: choice}]".to_owned(), "field-conflict"),
        ("about: [share]\nfields: [{id: a, type: string, values: [x]}]".to_owned(), "field-conflict"),
        ("about: [share]\nfields: [{id: a, type: boolean, values: [x]}]".to_owned(), "field-conflict"),
        ("about: [share]\nfields: [{id: a, type: integer, values: [x]}]".to_owned(), "wrong-type"),
        ("about: [share]\nfields: [{id: a, type: string}, {id: a, type: integer}]".to_owned(), "duplicate-id"),
        (
            "about: [share]\nenforcement: mandatory\nfields: [{id: a, type: string, required: false}]".to_owned(),
            "field-conflict",
        ),
    ] {
        let all = found(&form(&more));
        assert!(all.iter().any(|text| text.starts_with(expected)), "{more}: {all:?}");
    }
}

/// Another mistake must not look like a missing form.
#[test]
fn a_document_with_another_mistake_is_not_said_to_lack_a_form() {
    let text = filled("{care: {basis: consent}}")
        .replace("enforcement", "")
        .replace("environment: dev", "environment: prod");
    let all = found(&text);
    assert!(
        !all.iter().any(|text| text.contains("`extra` lacks") || text.contains("out of the scope")),
        "{all:?}"
    );
}
