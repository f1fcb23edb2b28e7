//! `MetadataForm`: what documents of some kinds say about themselves, beyond their own fields.
//!
//! The types of fields, the levels and the kinds are those of data.all's metadata forms
//! (`backend/dataall/modules/metadata_forms/db/enums.py` and
//! `backend/dataall/core/metadata_manager/metadata_form_entity_manager.py` of data-dot-all/dataall).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::document;
use crate::field::Field;
use crate::name::{Id, TeamName};

/// The forms that a document fills in: the values of their fields, by form and by field. A value is kept as it is
/// written; the form says how it is read.
pub type FormsDocument = BTreeMap<String, Field<BTreeMap<String, Field<String>>>>;

document! {
    /// A form that documents of some kinds fill in under `forms`.
    MetadataFormDocument {
        /// The kinds of documents, and of their parts, that fill it in.
        about: Field<Vec<Field<FormSubject>>>,
        /// The documents of these kinds that it is for. Default: all.
        #[serde(default)]
        scope: Field<FormScopeDocument>,
        /// Whether a missing value is an error or a warning. Default: `recommended`.
        #[serde(default)]
        enforcement: Field<Enforcement>,
        /// The fields.
        fields: Field<Vec<Field<FormFieldDocument>>>,
    }
}

/// A kind of document, or of a part of one, that fills in forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormSubject {
    /// Consumption roles.
    ConsumptionRole,
    /// Dashboards.
    Dashboard,
    /// Datasets.
    Dataset,
    /// Domains.
    Domain,
    /// Environments.
    Environment,
    /// Teams that are invited to environments: the entries under `teams`.
    EnvironmentTeam,
    /// Folders of datasets.
    Folder,
    /// Networks.
    Network,
    /// Notebooks.
    Notebook,
    /// Organizations.
    Organization,
    /// Pipelines.
    Pipeline,
    /// Shares.
    Share,
    /// Studio profiles.
    StudioProfile,
    /// Tables of datasets.
    Table,
    /// Worksheets.
    Worksheet,
}

impl FormSubject {
    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsumptionRole => "consumption_role",
            Self::Dashboard => "dashboard",
            Self::Dataset => "dataset",
            Self::Domain => "domain",
            Self::Environment => "environment",
            Self::EnvironmentTeam => "environment_team",
            Self::Folder => "folder",
            Self::Network => "network",
            Self::Notebook => "notebook",
            Self::Organization => "organization",
            Self::Pipeline => "pipeline",
            Self::Share => "share",
            Self::StudioProfile => "studio_profile",
            Self::Table => "table",
            Self::Worksheet => "worksheet",
        }
    }

    /// The kind in a sentence.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::ConsumptionRole => "consumption role",
            Self::Dashboard => "dashboard",
            Self::Dataset => "dataset",
            Self::Domain => "domain",
            Self::Environment => "environment",
            Self::EnvironmentTeam => "team of an environment",
            Self::Folder => "folder",
            Self::Network => "network",
            Self::Notebook => "notebook",
            Self::Organization => "organization",
            Self::Pipeline => "pipeline",
            Self::Share => "share",
            Self::StudioProfile => "studio profile",
            Self::Table => "table",
            Self::Worksheet => "worksheet",
        }
    }

    /// The noun with its article.
    pub fn with_article(self) -> String {
        let noun = self.noun();
        let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {noun}")
    }
}

/// Whether a missing value of a form is an error.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// It is an error.
    Mandatory,
    /// It is a warning.
    #[default]
    Recommended,
}

/// The documents that a form is for: exactly one of the fields.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct FormScopeDocument {
    /// An organization, its environments, and everything in them.
    #[serde(default)]
    pub organization: Field<Id>,
    /// An environment and everything in it.
    #[serde(default)]
    pub environment: Field<Id>,
    /// What a team owns.
    #[serde(default)]
    pub team: Field<TeamName>,
}

/// A field of a form.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct FormFieldDocument {
    /// The id, unique in the form.
    pub id: Field<Id>,
    /// The question, for readers. Default: the id.
    #[serde(default)]
    pub label: Field<String>,
    /// How to answer it.
    #[serde(default)]
    pub description: Field<String>,
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: Field<FormFieldType>,
    /// Whether a form without it is incomplete. Default: true.
    #[serde(default)]
    pub required: Field<bool>,
    /// The allowed values: of a `choice`, an `integer` or a `glossary_term`.
    #[serde(default)]
    pub values: Field<Vec<Field<String>>>,
}

/// The type of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormFieldType {
    /// True or false.
    Boolean,
    /// One of the allowed values.
    Choice,
    /// A glossary term: one of the allowed values, or one that documents of the mesh have under `glossary`.
    GlossaryTerm,
    /// A whole number.
    Integer,
    /// Any text.
    String,
}

impl FormFieldType {
    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Choice => "choice",
            Self::GlossaryTerm => "glossary_term",
            Self::Integer => "integer",
            Self::String => "string",
        }
    }
}
