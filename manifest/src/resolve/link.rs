//! Leads the references between documents to the documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::every_kind;
use crate::mesh::{self, Database, Mesh, Tenant};
use crate::name::Id;

macro_rules! unlinked {
    (one $one:tt many {
        $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
    }) => {
        /// The documents of a mesh, whose references are only ids.
        pub(super) struct Unlinked {
            pub(super) tenant: Tenant,
            pub(super) filled_forms: Vec<mesh::FilledForm>,
            $(pub(super) $list: BTreeMap<Id, mesh::$kind>,)*
        }
    };
}
every_kind!(unlinked);

impl Unlinked {
    /// The mesh. Nothing when a reference leads to no document, which the report says.
    ///
    /// A document is linked before others are linked to it.
    pub(super) fn link(self) -> Option<Mesh> {
        let organizations = kept(self.organizations);
        let environments = linked(self.environments, |one| one.organization.lead(&organizations))?;
        let networks = linked(self.networks, |one| one.environment.lead(&environments))?;
        let consumption_roles =
            linked(self.consumption_roles, |one| one.environment.lead(&environments))?;
        let domains = kept(self.domains);
        let datasets = linked(self.datasets, |one| {
            one.domain.iter().try_for_each(|domain| domain.lead(&domains))?;
            one.environment.lead(&environments)
        })?;
        let shares = linked(self.shares, |one| {
            one.consumption_role.iter().try_for_each(|role| role.lead(&consumption_roles))?;
            one.dataset.lead(&datasets)?;
            one.environment.lead(&environments)
        })?;
        let worksheets = linked(self.worksheets, |one| {
            match &one.database {
                Some(Database::Dataset(dataset)) => dataset.lead(&datasets)?,
                Some(Database::Share(share)) => share.lead(&shares)?,
                Some(Database::Named(_)) | None => {}
            }
            one.environment.lead(&environments)
        })?;
        let pipelines = linked(self.pipelines, |one| {
            one.stages.iter().try_for_each(|stage| stage.environment.lead(&environments))?;
            one.environment.lead(&environments)
        })?;
        Some(Mesh {
            tenant: self.tenant,
            networks,
            consumption_roles,
            domains,
            datasets,
            shares,
            worksheets,
            notebooks: linked(self.notebooks, |one| one.environment.lead(&environments))?,
            studio_profiles: linked(self.studio_profiles, |one| {
                one.environment.lead(&environments)
            })?,
            pipelines,
            dashboards: linked(self.dashboards, |one| one.environment.lead(&environments))?,
            access_policies: kept(self.access_policies),
            data_access: mesh::DataAccess::default(),
            metadata_forms: kept(self.metadata_forms),
            filled_forms: self.filled_forms,
            organizations,
            environments,
        })
    }
}

fn kept<T>(documents: BTreeMap<Id, T>) -> BTreeMap<Id, Arc<T>> {
    documents.into_iter().map(|(id, document)| (id, Arc::new(document))).collect()
}

/// The documents of a kind with their references led to others.
fn linked<T>(
    documents: BTreeMap<Id, T>,
    lead: impl Fn(&T) -> Option<()>,
) -> Option<BTreeMap<Id, Arc<T>>> {
    documents.values().try_for_each(lead)?;
    Some(kept(documents))
}
