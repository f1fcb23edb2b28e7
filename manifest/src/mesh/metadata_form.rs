//! Metadata forms, and what documents fill in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Enforcement, FormFieldType, FormSubject, Header};
use crate::diagnostic::Origin;
use crate::name::{Id, TeamName};

/// A form that documents of some kinds fill in.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct MetadataForm {
    /// The fields that every document has.
    pub header: Header,
    /// The kinds of documents that fill it in.
    pub about: BTreeSet<FormSubject>,
    /// The documents of these kinds that it is for.
    pub scope: FormScope,
    /// Whether a missing value is an error.
    pub enforcement: Enforcement,
    /// The fields, in the order of the document.
    pub fields: Vec<FormField>,
}

/// The documents that a form is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FormScope {
    /// All.
    Global,
    /// An organization, its environments, and everything in them.
    Organization(Id),
    /// An environment and everything in it.
    Environment(Id),
    /// What a team owns.
    Team(TeamName),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FormField {
    /// The id, unique in the form.
    pub id: Id,
    /// The question, for readers; the id if there is no label.
    pub label: String,
    /// How to answer it; empty if there is no description.
    pub description: String,
    /// The type of its values.
    pub kind: FormFieldType,
    /// Whether a form without it is incomplete.
    pub required: bool,
    /// The allowed values; if empty, all of the type.
    pub values: Vec<FormValue>,
}

/// A value of a field: of a choice and of a glossary term, its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormValue {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

/// A form that a document, or a part of one, fills in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilledForm {
    /// The form.
    pub form: Id,
    /// The kind of document or part.
    pub subject: FormSubject,
    /// Its id; of a part, the id of its document, a slash, and its name.
    pub of: String,
    /// The values by field.
    pub values: BTreeMap<Id, FormValue>,
    /// Where they are written.
    pub origin: Origin,
}
