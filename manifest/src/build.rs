//! Meshes that programs build: a builder for each kind of document that has a stack, or that such a document refers to.
//!
//! `new` takes what a document requires, as types that cannot be wrong, and methods take the rest. A document refers to
//! another one by `&` its builder or by `&` its [`Id`]. [`MeshBuilder`] resolves the documents by the same rules as the
//! documents of files, and reports the same codes. Dashboards and access policies have no stack and no builder.

mod dataset;
mod environment;
mod governance;
mod metadata_form;
mod people;
mod share;
mod tenant;
#[cfg(test)]
mod tests;
mod work;

use lakewright_template::Region;
use lakewright_template::yaml::Span;

pub use dataset::{Column, Crawler, Dataset, Domain, Folder, Import, Source, Table};
pub use environment::{
    ConsumptionRole, Environment, Feature, InvitedTeam, Network, Organization, QuickSight,
    StudioVpc, Vpc,
};
pub use governance::{Cognito, IdentityProvider, OpenId, PolicyStore};
pub use metadata_form::{FormField, MetadataForm};
pub use people::{Access, Broker, IdentityCenter, Oidc, Saml};
pub use share::{Decision, Item, Share, SharedTable};
pub use tenant::{PivotRole, Quotas, Tenant};
pub use work::{
    Notebook, NotebookNetwork, Pipeline, Repository, Stage, StudioProfile, VolumeSize, Worksheet,
};

use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::Kind;
use crate::field::Field;
use crate::name::{Id, NameError, RegionName};
use crate::parse::{Documents, Located};
use crate::render::{Style, human};
use crate::resolve::resolve;
use crate::{Code, Mesh, Report, SourceFile};

/// Something that has the id of a document of a kind: the document's builder, or the id itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to a document of the kind `{T}`",
    label = "not a `{T}` and not an `Id`",
    note = "refer to a document by `&` its builder or by `&` its `Id`"
)]
pub trait IdOf<T> {
    /// The id.
    fn id_of(&self) -> &Id;
}

impl<T> IdOf<T> for Id {
    fn id_of(&self) -> &Id {
        self
    }
}

/// One document of a mesh, or several that belong together.
///
/// A type of your own can be a part as well: its `add_to` adds other parts with [`MeshBuilder::add`].
pub trait Part {
    /// Adds the documents to a mesh.
    fn add_to(self, mesh: &mut MeshBuilder);
}

/// Collects the documents of a mesh.
#[derive(Debug, Clone)]
pub struct MeshBuilder {
    documents: Documents,
    sources: Vec<SourceFile>,
    report: Report,
}

/// A mesh that was built.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Built {
    /// The mesh.
    pub mesh: Mesh,
    /// The warnings: what its author should look at.
    pub warnings: Report,
    /// What findings about the mesh show in place of files: one for each document, with the path `KIND/ID`.
    pub sources: Vec<SourceFile>,
}

/// A mesh that has errors. As text it is what `lakewright check` prints about such a mesh.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", human(.report, .sources, Style::Plain).trim_end())]
#[non_exhaustive]
pub struct Refused {
    /// Every error and every warning.
    pub report: Report,
    /// What the findings show in place of files: one for each document, with the path `KIND/ID`.
    pub sources: Vec<SourceFile>,
}

impl Built {
    /// The error for findings about the stacks of this mesh.
    pub fn refuse(&self, report: Report) -> Refused {
        Refused { report, sources: self.sources.clone() }
    }
}

impl MeshBuilder {
    /// A mesh has exactly one tenant.
    pub fn new(tenant: Tenant) -> Self {
        let mut mesh =
            Self { documents: Documents::default(), sources: Vec::new(), report: Report::new() };
        let Tenant { id, document, wrong } = tenant;
        let located = mesh.located(Kind::Tenant, &id, document, wrong);
        mesh.documents.tenants.push(located);
        mesh
    }

    /// The mesh with one more part.
    #[must_use]
    pub fn with(mut self, part: impl Part) -> Self {
        self.add(part);
        self
    }

    /// The mesh with more parts of one type.
    #[must_use]
    pub fn with_all(mut self, parts: impl IntoIterator<Item = impl Part>) -> Self {
        for part in parts {
            self.add(part);
        }
        self
    }

    /// Adds one more part.
    pub fn add(&mut self, part: impl Part) {
        part.add_to(self);
    }

    /// Resolves the documents, by the same rules as those of files.
    ///
    /// # Errors
    ///
    /// The mesh breaks a rule of the mesh format. The error has every finding, with the codes of `lakewright check`.
    pub fn build(self) -> Result<Built, Refused> {
        let Self { documents, sources, report } = self;
        match resolve(&documents, report) {
            (Some(mesh), warnings) => Ok(Built { mesh, warnings, sources }),
            (None, report) => Err(Refused { report, sources }),
        }
    }

    /// A document at the beginning of a file of its own, which has one line.
    fn located<D>(
        &mut self,
        kind: Kind,
        id: &Id,
        document: D,
        wrong: Vec<NameError>,
    ) -> Located<D> {
        let path = format!("{}/{id}", kind.as_str());
        let text = format!("{} `{id}`, which a program built\n", kind.noun());
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let span = Span { start: 0, end: number(text.trim_end().len()), line: 1, column: 1 };
        let origin = Origin { file: FileId(number(self.sources.len())), span };
        self.sources.push(SourceFile { path, text });
        for error in wrong {
            self.report.push(Diagnostic::new(Code::InvalidValue, error.to_string()).at(origin, ""));
            self.documents.lost.of_part(origin);
        }
        Located { document, origin }
    }
}

/// A builder: its id, its document, and the fields that every document has.
macro_rules! builder {
    ($(#[$doc:meta])* $name:ident of $document:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            pub(super) id: $crate::name::Id,
            pub(super) document: $crate::document::$document,
            /// The values that are not valid in the document.
            pub(super) wrong: Vec<$crate::name::NameError>,
        }

        impl $name {
            /// The id by which other documents refer to this one.
            pub fn id(&self) -> &$crate::name::Id {
                &self.id
            }

            /// Sets the name for readers.
            #[must_use]
            pub fn label(mut self, text: impl Into<String>) -> Self {
                self.document.label = $crate::field::Field::of(text.into());
                self
            }

            /// Sets the purpose.
            #[must_use]
            pub fn description(mut self, text: impl Into<String>) -> Self {
                self.document.description = $crate::field::Field::of(text.into());
                self
            }

            /// Adds an AWS tag for everything that is created for this document.
            #[must_use]
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                let value = $crate::field::Field::of(value.into());
                self.document.tags.change(|tags| {
                    tags.insert(key.into(), value);
                });
                self
            }

            /// Adds a topic of the catalog.
            #[must_use]
            pub fn topic(mut self, topic: impl Into<String>) -> Self {
                self.document.topics.push(topic.into());
                self
            }

            /// Adds a keyword of the catalog.
            #[must_use]
            pub fn keyword(mut self, keyword: impl Into<String>) -> Self {
                self.document.keywords.push(keyword.into());
                self
            }

            /// Adds a glossary term of the catalog.
            #[must_use]
            pub fn glossary_term(mut self, term: impl Into<String>) -> Self {
                self.document.glossary.push(term.into());
                self
            }
        }

        impl $crate::build::IdOf<$name> for $name {
            fn id_of(&self) -> &$crate::name::Id {
                &self.id
            }
        }
    };
}
pub(crate) use builder;

/// Makes builders parts of a mesh: each with the list of its documents.
macro_rules! parts {
    ($($name:ident in $list:ident,)*) => {
        $(impl Part for $name {
            fn add_to(self, mesh: &mut MeshBuilder) {
                let Self { id, document, wrong } = self;
                let located = mesh.located(Kind::$name, &id, document, wrong);
                mesh.documents.$list.push(located);
            }
        })*
    };
}

/// What forms can be about fills them in.
macro_rules! with_forms {
    ($($name:ident)*) => {
        $(metadata_form::fills_forms!($name, document);)*
    };
}

with_forms! {
    Organization Environment Network ConsumptionRole Domain Dataset Share Worksheet Notebook StudioProfile Pipeline
}
parts! {
    Organization in organizations,
    Environment in environments,
    Network in networks,
    ConsumptionRole in consumption_roles,
    Domain in domains,
    Dataset in datasets,
    Share in shares,
    Worksheet in worksheets,
    Notebook in notebooks,
    StudioProfile in studio_profiles,
    Pipeline in pipelines,
    MetadataForm in metadata_forms,
}

/// A region as documents have it. A region that CloudFormation has no schemas for is not valid there.
fn region_field(region: Region, wrong: &mut Vec<NameError>) -> Field<RegionName> {
    let name = String::from(region);
    match RegionName::parse(&name) {
        Ok(name) => Field::of(name),
        Err(error) => {
            wrong.push(error);
            Field::invalid()
        }
    }
}

/// A list with these values.
fn list<T>(values: impl IntoIterator<Item = T>) -> Field<Vec<Field<T>>> {
    Field::of(values.into_iter().map(Field::of).collect())
}
