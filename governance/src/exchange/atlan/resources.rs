//! The resources that a policy of Atlan selects: any of its entities, or any of its purpose's tags.

use lakewright_manifest::Id;
use lakewright_manifest::mesh::PolicyResources;

use super::Reading;
use super::words::Part;
use crate::exchange::Losses;
use crate::exchange::json::{At, JsonError};
use crate::kind::ResourceKind;

/// The types of resources with data, which the assets of a connection are.
fn assets() -> Vec<String> {
    let mut names: Vec<String> =
        ResourceKind::WITH_DATA.iter().map(|kind| kind.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

impl Reading<'_, '_> {
    /// The resources with the tags of a purpose.
    pub(super) fn tagged(
        &self,
        purpose: &At<'_>,
        losses: &mut Losses<'_>,
    ) -> Result<Option<Vec<PolicyResources>>, JsonError> {
        let mut tags = Vec::new();
        for (tag, path) in purpose.texts("purposeClassifications")? {
            if let Some((ResourceKind::Tag, ours)) = self.names.ours(tag) {
                tags.push(ours.to_owned());
            } else {
                let reason = format!(
                    "the tag `{tag}` is taken as it is: if it is Atlan's internal name of a tag, nothing in the mesh has it"
                );
                losses.note(&path, reason);
                tags.push(tag.to_owned());
            }
        }
        if tags.is_empty() {
            losses.leave_out(purpose.path(), "its purpose has no tag");
            return Ok(None);
        }
        tags.sort_unstable();
        tags.dedup();
        Ok(Some(vec![PolicyResources { tags, ..PolicyResources::default() }]))
    }

    /// The resources of a persona's policy, one for each kind of selector.
    pub(super) fn selected(
        &self,
        part: Part,
        losses: &mut Losses<'_>,
    ) -> Result<Option<Vec<PolicyResources>>, JsonError> {
        let mut selected = Selected::default();
        for (text, path) in self.attributes.texts("policyResources")? {
            // Beside each entity of a data policy: of every type.
            if text == "entity-type:*" {
                continue;
            }
            let Some(name) = text.strip_prefix("entity:") else {
                losses.part(&path, format!("`{text}`, which is no entity"));
                continue;
            };
            if !self.select(part, name, &path, &mut selected, losses)? {
                losses.part(
                    &path,
                    format!("`{name}`: name the resource of the mesh in the file of names"),
                );
            }
        }
        let all = selected.into_resources(part);
        if all.is_empty() {
            let reason = "none of the entities that it selects is one of the mesh";
            losses.leave_out(&format!("{}.policyResources", self.attributes.path()), reason);
            return Ok(None);
        }
        Ok(Some(all))
    }

    /// Adds one entity. Whether a mesh has it.
    fn select(
        &self,
        part: Part,
        name: &str,
        path: &str,
        selected: &mut Selected,
        losses: &mut Losses<'_>,
    ) -> Result<bool, JsonError> {
        let connection = self.attributes.text_of("connectionQualifiedName")?;
        // Everything: of the policy's connection, if it has one.
        let name = match (name, part) {
            ("*", Part::Glossary | Part::Domain) => {
                selected.is_all = true;
                return Ok(true);
            }
            ("*", Part::Metadata | Part::Data) => connection.unwrap_or(name),
            (name, _) => name,
        };
        let Some((kind, id)) = self.names.ours(name) else { return Ok(false) };
        let of = format!("{}/{id}", kind.as_str());
        Ok(match (part, kind) {
            (Part::Metadata | Part::Data, ResourceKind::Environment) => {
                let id = Id::parse(id).ok();
                selected.environments.extend(id.clone());
                id.is_some()
            }
            (
                Part::Metadata | Part::Data,
                ResourceKind::Dataset
                | ResourceKind::Table
                | ResourceKind::Column
                | ResourceKind::Folder,
            ) => {
                if kind != ResourceKind::Column {
                    losses.part(path, format!("what `{of}` contains: a mesh selects it alone"));
                }
                selected.ids.push(of);
                true
            }
            (Part::Domain, ResourceKind::Domain) => {
                selected.ids.push(of);
                true
            }
            (Part::Glossary, ResourceKind::Glossary) => {
                selected.is_all = true;
                true
            }
            (_, _) => false,
        })
    }
}

/// What the entities of a policy select.
#[derive(Default)]
struct Selected {
    is_all: bool,
    environments: Vec<Id>,
    ids: Vec<String>,
}

impl Selected {
    fn into_resources(mut self, part: Part) -> Vec<PolicyResources> {
        let mut all = Vec::new();
        if self.is_all {
            let kinds: &[ResourceKind] = match part {
                Part::Glossary => &[ResourceKind::Glossary, ResourceKind::Term],
                Part::Domain => &[ResourceKind::Domain],
                Part::Metadata | Part::Data => &[],
            };
            let types = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
            return vec![PolicyResources { types, ..PolicyResources::default() }];
        }
        if !self.environments.is_empty() {
            self.environments.sort_unstable();
            self.environments.dedup();
            let environments = self.environments;
            all.push(PolicyResources {
                types: assets(),
                environments,
                ..PolicyResources::default()
            });
        }
        if !self.ids.is_empty() {
            self.ids.sort_unstable();
            self.ids.dedup();
            all.push(PolicyResources { ids: self.ids, ..PolicyResources::default() });
        }
        all
    }
}
