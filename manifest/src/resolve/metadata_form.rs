//! Metadata forms. What documents fill in is in `filled.rs`.

use std::collections::BTreeSet;

use lakewright_template::yaml::Plain;

use super::{Context, Dependant, at};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{FormFieldDocument, FormScopeDocument, Kind, MetadataFormDocument};
use crate::field::Field;
use crate::mesh::{
    Enforcement, FormField, FormFieldType, FormScope, FormSubject, FormValue, Header, MetadataForm,
};
use crate::name::TeamName;
use crate::parse::Located;

impl Context {
    pub(super) fn metadata_form(
        &mut self,
        located: &Located<MetadataFormDocument>,
        header: Header,
    ) -> Option<MetadataForm> {
        let Located { document, origin } = located;
        let (kind, file) = (Kind::MetadataForm, origin.file);
        let about = self.required(&document.about, "about", kind, *origin);
        let fields = self.required(&document.fields, "fields", kind, *origin);
        let is_about_nothing = about.is_some_and(Vec::is_empty);
        let message = format!("metadata form `{}` is about no kind of document", header.id);
        self.not_empty(is_about_nothing, &message, at(file, &document.about));
        let is_empty = fields.is_some_and(Vec::is_empty);
        let message = format!("metadata form `{}` has no field", header.id);
        self.not_empty(is_empty, &message, at(file, &document.fields));
        let scope = self.form_scope(&document.scope, &header);
        for subject in about.into_iter().flatten() {
            self.is_in_reach(file, subject, scope.as_ref());
        }
        let mut known = Vec::new();
        for field in fields.into_iter().flatten() {
            known.extend(self.form_field(file, field, &known));
        }
        let enforcement = document.enforcement.value().copied().unwrap_or_default();
        if enforcement == Enforcement::Mandatory
            && !known.is_empty()
            && !known.iter().any(|field| field.required)
        {
            let message = format!("the mandatory form `{}` requires no field", header.id);
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(file, &document.enforcement), "nothing can be missing")
                .help("remove `required: false` from at least one field, or remove `enforcement`");
            self.report.push(diagnostic);
        }
        let about = about?.iter().filter_map(|subject| subject.value().copied()).collect();
        fields?;
        Some(MetadataForm { about, scope: scope?, enforcement, fields: known, header })
    }

    /// The scope of a form. `None` if it is not valid; the error has been reported.
    fn form_scope(
        &mut self,
        field: &Field<FormScopeDocument>,
        header: &Header,
    ) -> Option<FormScope> {
        let file = header.origin.file;
        if field.is_absent() {
            return Some(FormScope::Global);
        }
        let FormScopeDocument { organization, environment, team } = field.value()?;
        let set = [!organization.is_absent(), !environment.is_absent(), !team.is_absent()];
        if set.into_iter().filter(|is_set| *is_set).count() != 1 {
            let message = "a scope has exactly one of `organization`, `environment` and `team`";
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(file, field), "")
                .help("keep one of them; remove `scope` for a form that is for the whole mesh");
            self.report.push(diagnostic);
            return None;
        }
        let dependant = Dependant::live(Kind::MetadataForm, header);
        self.reference(file, organization, Kind::Organization, &dependant);
        self.reference(file, environment, Kind::Environment, &dependant);
        if let Some(team) = team.value() {
            self.is_team_of_mesh(team, at(file, field));
        }
        let organization = organization.value().cloned().map(FormScope::Organization);
        let environment = environment.value().cloned().map(FormScope::Environment);
        organization.or(environment).or_else(|| team.value().cloned().map(FormScope::Team))
    }

    fn is_team_of_mesh(&mut self, team: &TeamName, origin: Origin) {
        // If a document could not be decoded, the teams of the mesh are not fully known.
        let Some(teams) = &self.teams else { return };
        if teams.contains(team.as_str()) {
            return;
        }
        let help = suggest(team.as_str(), teams.iter().map(String::as_str)).map_or_else(
            || "name a team of an organization, an environment or a domain".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no team `{team}` in the mesh");
        let diagnostic = Diagnostic::new(Code::UnknownReference, message)
            .at(origin, "the form would be for nothing")
            .help(help);
        self.report.push(diagnostic);
    }

    /// A form is for what is in its scope: an organization is in no environment, and a domain neither in an
    /// environment nor in an organization.
    fn is_in_reach(&mut self, file: FileId, field: &Field<FormSubject>, scope: Option<&FormScope>) {
        let (Some(subject), Some(scope)) = (field.value(), scope) else { return };
        let (is_within, level) = match scope {
            FormScope::Global | FormScope::Team(_) => return,
            FormScope::Organization(_) => (*subject != FormSubject::Domain, "organization"),
            FormScope::Environment(_) => {
                let is_above = matches!(subject, FormSubject::Domain | FormSubject::Organization);
                (!is_above, "environment")
            }
        };
        if !is_within {
            let message = format!(
                "a form for one {level} is never for {}: no {level} has any",
                subject.with_article()
            );
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(file, field), "")
                .help("remove the kind, or take a wider scope");
            self.report.push(diagnostic);
        }
    }

    fn form_field(
        &mut self,
        file: FileId,
        field: &Field<FormFieldDocument>,
        before: &[FormField],
    ) -> Option<FormField> {
        let document = field.value()?;
        let origin = at(file, field);
        let id = self.entry(&document.id, "id", origin);
        let kind = self.entry(&document.kind, "type", origin);
        let label = self.text(file, &document.label, "label");
        self.says_something(file, &document.label, "label");
        let description = self.text(file, &document.description, "description");
        let (id, kind) = (id?, *kind?);
        if before.iter().any(|other| other.id == *id) {
            let message = format!("the form has two fields `{id}`");
            let diagnostic = Diagnostic::new(Code::DuplicateId, message)
                .at(at(file, &document.id), "the second one")
                .help("give one of them another id");
            self.report.push(diagnostic);
            return None;
        }
        let values = self.allowed_values(file, document, kind, origin);
        Some(FormField {
            label: label.unwrap_or_else(|| id.to_string()),
            id: id.clone(),
            description: description.unwrap_or_default(),
            kind,
            required: document.required.value().copied().unwrap_or(true),
            values,
        })
    }

    /// The allowed values of a field. A choice has some; texts and booleans have none.
    fn allowed_values(
        &mut self,
        file: FileId,
        document: &FormFieldDocument,
        kind: FormFieldType,
        field: Origin,
    ) -> Vec<FormValue> {
        let is_without = document.values.is_absent();
        let refused = match kind {
            FormFieldType::Choice => is_without.then_some((
                field,
                "a field of the type `choice` lacks its `values`",
                "add `values:` with the allowed values",
            )),
            FormFieldType::Boolean => (!is_without).then_some((
                at(file, &document.values),
                "a field of the type `boolean` has no `values`",
                "remove `values`: true and false are allowed",
            )),
            FormFieldType::String => (!is_without).then_some((
                at(file, &document.values),
                "a field of the type `string` takes any text",
                "write `type: choice` for a field with allowed values, or remove `values`",
            )),
            FormFieldType::GlossaryTerm | FormFieldType::Integer => None,
        };
        if let Some((origin, message, help)) = refused {
            let diagnostic =
                Diagnostic::new(Code::FieldConflict, message).at(origin, "").help(help);
            self.report.push(diagnostic);
            return Vec::new();
        }
        let is_empty = document.values.value().is_some_and(Vec::is_empty);
        self.not_empty(is_empty, "no value is allowed", at(file, &document.values));
        let mut values = Vec::new();
        let mut seen = BTreeSet::new();
        for value in document.values.value().into_iter().flatten() {
            let Some(read) = self.form_value(file, value, kind) else { continue };
            if seen.insert(read.clone()) {
                values.push(read);
            }
        }
        values
    }

    /// A value as its type reads it. `None` if it is not of the type; the error has been reported.
    pub(super) fn form_value(
        &mut self,
        file: FileId,
        field: &Field<String>,
        kind: FormFieldType,
    ) -> Option<FormValue> {
        let text = field.value()?;
        let read = match (kind, Plain::of(text, true)) {
            (FormFieldType::Boolean, Plain::Bool(value)) => Some(FormValue::Boolean(value)),
            (FormFieldType::Integer, Plain::Integer(value)) => Some(FormValue::Integer(value)),
            (FormFieldType::Boolean | FormFieldType::Integer, _) => None,
            (FormFieldType::Choice | FormFieldType::GlossaryTerm | FormFieldType::String, _) => {
                self.says_something(file, field, "value");
                return self.text(file, field, "value").map(FormValue::Text);
            }
        };
        if read.is_none() {
            let expected = match kind {
                FormFieldType::Boolean => "`true` or `false`",
                FormFieldType::Integer => "a whole number, such as `30`",
                FormFieldType::Choice | FormFieldType::GlossaryTerm | FormFieldType::String => {
                    "text"
                }
            };
            let message = format!("expected {expected}, got `{text}`");
            let diagnostic = Diagnostic::new(Code::WrongType, message)
                .at(at(file, field), "")
                .help(format!("the field has the type `{}`", kind.as_str()));
            self.report.push(diagnostic);
        }
        read
    }
}
