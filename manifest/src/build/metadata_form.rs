//! Metadata forms, and the values that documents give their fields.

use super::{Environment, IdOf, Organization, builder, list};
use crate::document::{
    Enforcement, FormFieldDocument, FormFieldType, FormScopeDocument, FormSubject, FormsDocument,
    MetadataFormDocument,
};
use crate::field::Field;
use crate::mesh::FormValue;
use crate::name::{Id, TeamName};

builder! {
    /// A form that documents of some kinds fill in.
    MetadataForm of MetadataFormDocument
}

impl MetadataForm {
    /// With a kind of document that it is about, and a field. It is for the whole mesh, and recommended.
    pub fn new(id: Id, about: FormSubject, field: FormField) -> Self {
        let document = MetadataFormDocument {
            id: Field::of(id.clone()),
            about: list([about]),
            fields: list([field.0]),
            ..MetadataFormDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Adds a kind of document that it is about.
    #[must_use]
    pub fn about(mut self, subject: FormSubject) -> Self {
        self.document.about.push(subject);
        self
    }

    /// Sets the organization that it is for.
    #[must_use]
    pub fn for_organization(mut self, organization: &impl IdOf<Organization>) -> Self {
        let organization = Field::of(organization.id_of().clone());
        let scope = FormScopeDocument { organization, ..FormScopeDocument::default() };
        self.document.scope = Field::of(scope);
        self
    }

    /// Sets the environment that it is for.
    #[must_use]
    pub fn for_environment(mut self, environment: &impl IdOf<Environment>) -> Self {
        let environment = Field::of(environment.id_of().clone());
        let scope = FormScopeDocument { environment, ..FormScopeDocument::default() };
        self.document.scope = Field::of(scope);
        self
    }

    /// Sets the team whose documents it is for.
    #[must_use]
    pub fn for_team(mut self, team: TeamName) -> Self {
        let scope = FormScopeDocument { team: Field::of(team), ..FormScopeDocument::default() };
        self.document.scope = Field::of(scope);
        self
    }

    /// Sets whether a missing value is an error or a warning. Default: a warning.
    #[must_use]
    pub fn enforcement(mut self, enforcement: Enforcement) -> Self {
        self.document.enforcement = Field::of(enforcement);
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: FormField) -> Self {
        self.document.fields.push(field.0);
        self
    }
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct FormField(FormFieldDocument);

impl FormField {
    /// With the type of its values. It is required.
    pub fn new(id: Id, kind: FormFieldType) -> Self {
        let (id, kind) = (Field::of(id), Field::of(kind));
        Self(FormFieldDocument { id, kind, ..FormFieldDocument::default() })
    }

    /// Sets the question, for readers.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.0.label = Field::of(text.into());
        self
    }

    /// Sets how to answer it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.0.description = Field::of(text.into());
        self
    }

    /// Sets whether a form without it is incomplete. Default: true.
    #[must_use]
    pub fn required(mut self, is_required: bool) -> Self {
        self.0.required = Field::of(is_required);
        self
    }

    /// Adds an allowed value.
    #[must_use]
    pub fn value(mut self, value: impl Into<FormValue>) -> Self {
        self.0.values.push(written(value.into()));
        self
    }
}

impl From<bool> for FormValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for FormValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for FormValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for FormValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// Adds the value of a form's field to what a document fills in.
pub(super) fn fill(forms: &mut Field<FormsDocument>, form: &Id, field: &Id, value: FormValue) {
    let (form, field) = (form.to_string(), field.to_string());
    forms.change(|forms| {
        let values = forms.entry(form).or_default();
        values.change(|values| {
            values.insert(field, Field::of(written(value)));
        });
    });
}

/// A value as documents have it.
fn written(value: FormValue) -> String {
    match value {
        FormValue::Boolean(value) => value.to_string(),
        FormValue::Integer(value) => value.to_string(),
        FormValue::Text(text) => text,
    }
}

/// The method that fills in forms, for a builder whose document has this path.
macro_rules! fills_forms {
    ($name:ident, $($document:tt)+) => {
        impl $name {
            /// Sets the value of a field of a form.
            #[must_use]
            pub fn form_value(
                mut self,
                form: &impl $crate::build::IdOf<$crate::build::MetadataForm>,
                field: &$crate::name::Id,
                value: impl Into<$crate::mesh::FormValue>,
            ) -> Self {
                let forms = &mut self.$($document)+.forms;
                $crate::build::metadata_form::fill(forms, form.id_of(), field, value.into());
                self
            }
        }
    };
}
pub(super) use fills_forms;
