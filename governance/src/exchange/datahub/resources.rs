//! The resources that a policy of DataHub selects: every criterion must hold, and of each any value.

use std::collections::BTreeSet;

use lakewright_manifest::Id;
use lakewright_manifest::mesh::PolicyResources;

use super::{Reading, words};
use crate::exchange::json::{At, JsonError};
use crate::kind::ResourceKind;

/// A field that criteria can be about, and that a mesh has a selector for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Type,
    Urn,
    Domain,
    Tag,
}

impl Field {
    /// DataHub reads the name in any case (`ResourceFieldType.valueOf`), and has two names for types and URNs.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "TYPE" | "RESOURCE_TYPE" => Some(Self::Type),
            "URN" | "RESOURCE_URN" => Some(Self::Urn),
            "DOMAIN" => Some(Self::Domain),
            "TAG" => Some(Self::Tag),
            _ => None,
        }
    }
}

impl Reading<'_, '_, '_> {
    /// The resources. `None` if a part that restricts them has no counterpart; then the policy is left out.
    pub(super) fn resources(&mut self, at: &At<'_>) -> Result<Option<PolicyResources>, JsonError> {
        let known = ["filter", "type", "resources", "allResources", "privilegeConstraints"];
        self.only(at, &known)?;
        if at.says("privilegeConstraints")? {
            let path = format!("{}.privilegeConstraints", at.path());
            let reason =
                "`privilegeConstraints` restrict what its privileges may do, which a mesh cannot";
            self.losses.leave_out(&path, reason);
            return Ok(None);
        }
        let mut selected = PolicyResources::default();
        let Some(filter) = at.get("filter")? else {
            let is_complete = self.deprecated(at, &mut selected)?;
            return Ok(is_complete.then_some(selected));
        };
        self.only(&filter, &["criteria"])?;
        let mut seen = BTreeSet::new();
        let mut is_complete = true;
        for criterion in filter.required("criteria", "a list")?.list()? {
            is_complete &= self.criterion(&criterion, &mut seen, &mut selected)?;
        }
        Ok(is_complete.then_some(selected))
    }

    /// The fields before `filter`, which stored policies still have. Without a type DataHub makes no criterion of them,
    /// so that a list of resources would restrict nothing.
    fn deprecated(
        &mut self,
        at: &At<'_>,
        selected: &mut PolicyResources,
    ) -> Result<bool, JsonError> {
        let is_all = at.flag_of("allResources")?.unwrap_or_default();
        let is_listed = at.says("resources")?;
        let Some(kind) = at.get("type")? else {
            if is_listed && !is_all {
                let reason =
                    "it lists resources without a type: DataHub would take it for all resources";
                self.losses.leave_out(at.path(), reason);
            }
            return Ok(!is_listed || is_all);
        };
        let path = kind.path().to_owned();
        let mut is_complete =
            self.values(Field::Type, &[(kind.text()?, path)], at.path(), selected);
        if is_listed && !is_all {
            let urns = at.texts("resources")?;
            is_complete &= self.values(Field::Urn, &urns, at.path(), selected);
        } else if !is_all && at.get("resources")?.is_some() {
            self.losses.leave_out(at.path(), "it selects an empty list of resources");
            is_complete = false;
        }
        Ok(is_complete)
    }

    fn criterion(
        &mut self,
        at: &At<'_>,
        seen: &mut BTreeSet<Field>,
        selected: &mut PolicyResources,
    ) -> Result<bool, JsonError> {
        self.only(at, &["field", "values", "structuredPropertyValues", "condition"])?;
        let name = at.required("field", "the name of a field")?.text()?;
        let condition = at.text_of("condition")?.unwrap_or("EQUALS");
        let refused = match Field::named(name) {
            None => Some(format!("no selector of a mesh is about `{name}`")),
            Some(_) if condition != "EQUALS" => {
                Some(format!("the condition `{condition}`: a mesh selects by equal values only"))
            }
            Some(_) if at.says("structuredPropertyValues")? => {
                Some("a mesh has no structured properties".to_owned())
            }
            Some(field) if !seen.insert(field) => {
                Some(format!("a second criterion about `{name}`: a mesh has one list for it"))
            }
            Some(_) => None,
        };
        if let Some(reason) = refused {
            self.losses.leave_out(at.path(), reason);
            return Ok(false);
        }
        at.required("values", "a list of values")?;
        let values = at.texts("values")?;
        let Some(field) = Field::named(name) else { return Ok(false) };
        Ok(self.values(field, &values, at.path(), selected))
    }

    /// Adds the values that a mesh can name. Whether there is one: no value at all would mean everything.
    fn values(
        &mut self,
        field: Field,
        values: &[(&str, String)],
        path: &str,
        selected: &mut PolicyResources,
    ) -> bool {
        let mut is_any = false;
        for (value, path) in values {
            let is_known = match field {
                Field::Type => words::types(value).map(|kinds| {
                    selected.types.extend(kinds.iter().map(|kind| kind.as_str().to_owned()));
                }),
                Field::Urn => self
                    .named(value)
                    .filter(|(kind, _)| can_be_selected(*kind))
                    .map(|(kind, name)| selected.ids.push(format!("{}/{name}", kind.as_str()))),
                Field::Domain => self
                    .of_kind(value, ResourceKind::Domain)
                    .and_then(|name| Id::parse(&name).ok())
                    .map(|id| selected.domains.push(id)),
                Field::Tag => {
                    self.of_kind(value, ResourceKind::Tag).map(|tag| selected.tags.push(tag))
                }
            };
            is_any |= is_known.is_some();
            if is_known.is_none() {
                let reason = match field {
                    Field::Type => format!("the type `{value}`: no document of a mesh is about it"),
                    Field::Urn | Field::Domain | Field::Tag => {
                        format!("`{value}`: name the resource of the mesh in the file of names")
                    }
                };
                self.losses.part(path, reason);
            }
        }
        for list in [&mut selected.types, &mut selected.ids, &mut selected.tags] {
            list.sort_unstable();
            list.dedup();
        }
        selected.domains.sort_unstable();
        selected.domains.dedup();
        if !is_any {
            let reason = "none of the resources that it selects is one of a mesh";
            self.losses.leave_out(path, reason);
        }
        is_any
    }

    fn named<'n>(&'n self, urn: &'n str) -> Option<(ResourceKind, &'n str)> {
        self.names.ours(urn).or_else(|| words::of_urn(urn))
    }

    fn of_kind(&self, urn: &str, kind: ResourceKind) -> Option<String> {
        let (found, name) = self.named(urn)?;
        (found == kind).then(|| name.to_owned())
    }
}

/// Whether the selector by id of an access policy can name a resource of this kind.
fn can_be_selected(kind: ResourceKind) -> bool {
    match kind {
        ResourceKind::Network | ResourceKind::ConsumptionRole | ResourceKind::Share => false,
        ResourceKind::Tenant
        | ResourceKind::Organization
        | ResourceKind::Environment
        | ResourceKind::Domain
        | ResourceKind::Dataset
        | ResourceKind::Table
        | ResourceKind::Column
        | ResourceKind::Folder
        | ResourceKind::Worksheet
        | ResourceKind::Notebook
        | ResourceKind::StudioProfile
        | ResourceKind::Pipeline
        | ResourceKind::Dashboard
        | ResourceKind::Glossary
        | ResourceKind::Term
        | ResourceKind::Tag
        | ResourceKind::Team
        | ResourceKind::User => true,
    }
}
