//! Policies of DataHub, read.
//!
//! The shape is that of `DataHubPolicyInfo` in `acryl-datahub` 1.7.0.17
//! (`datahub/metadata/schemas/DataHubPolicyInfo.avsc`), in each of three wrappings: `{urn, info}` of the boot file
//! `policies.json`, `{urn, dataHubPolicyInfo: {value}}` of the OpenAPI, and `{entityUrn, aspect}` of a proposal. What a
//! policy means is what `PolicyEngine.java` of datahub-project/datahub makes of it.

mod export;
mod resources;
mod words;

use std::collections::BTreeSet;

use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{AccessPolicy, Actors, Effect, Masking, PolicyState};
use serde_json::Value;

pub use export::{Exported, Release, export};

use super::draft::{Ids, checked, header};
use super::json::{At, JsonError};
use super::{Imported, Losses, Names};
use crate::kind::ResourceKind;

/// Reads policies. What has no counterpart is listed.
///
/// # Errors
///
/// The JSON has not the shape of policies.
pub fn import(json: &Value, names: &Names) -> Result<Imported, JsonError> {
    let mut imported = Imported::default();
    let mut ids = Ids::new();
    for entry in entries(&At::root(json))? {
        let urn = entry.text_of("urn")?.or(entry.text_of("entityUrn")?);
        let urn = urn.ok_or_else(|| entry.expected("an object with a `urn`, `info` beside it"))?;
        let mut losses = Losses::of(urn, &mut imported.lost);
        let Some(info) = info(&entry)? else {
            losses.leave_out(entry.path(), "it has no `info`: DataHub deletes such a policy");
            continue;
        };
        let id = match urn.strip_prefix(words::POLICY).map(|name| (name, words::built_in(name))) {
            Some((name, built_in)) => ids.built_in(built_in, name),
            None => ids.of(urn),
        };
        let policy = Reading { info: &info, names, losses: &mut losses }.policy(id)?;
        if let Some(policy) = policy {
            imported.policies.extend(checked(policy, urn, info.path(), losses));
        }
    }
    Ok(imported)
}

/// The entries: of a list, of `entities` or `elements` of an answer of the API, or the whole text as one.
fn entries<'a>(root: &At<'a>) -> Result<Vec<At<'a>>, JsonError> {
    if root.is_list() {
        return root.list();
    }
    for key in ["entities", "elements"] {
        if let Some(list) = root.get(key)? {
            return list.list();
        }
    }
    Ok(vec![root.clone()])
}

/// What an entry says about its policy.
fn info<'a>(entry: &At<'a>) -> Result<Option<At<'a>>, JsonError> {
    if let Some(info) = entry.get("info")? {
        return Ok(Some(info));
    }
    let Some(aspect) = entry.get("dataHubPolicyInfo")?.or(entry.get("aspect")?) else {
        return Ok(None);
    };
    let inner = aspect.get("value")?.or(aspect.get("json")?);
    Ok(Some(inner.unwrap_or(aspect)))
}

/// One policy while it is read.
struct Reading<'r, 'a, 'l> {
    info: &'r At<'a>,
    names: &'r Names,
    losses: &'r mut Losses<'l>,
}

impl Reading<'_, '_, '_> {
    fn policy(mut self, id: lakewright_manifest::Id) -> Result<Option<AccessPolicy>, JsonError> {
        let (info, path) = (self.info, self.info.path());
        let known = [
            "displayName",
            "description",
            "type",
            "state",
            "effect",
            "editable",
            "privileges",
            "actors",
            "resources",
            "lastUpdatedTimestamp",
        ];
        self.only(info, &known)?;
        let (Some(state), Some(effect)) = (self.state()?, self.effect()?) else { return Ok(None) };
        let is_of_platform = match info.required("type", "`PLATFORM` or `METADATA`")?.text()? {
            "PLATFORM" => true,
            "METADATA" => false,
            other => {
                let reason = format!("its type `{other}` is neither `PLATFORM` nor `METADATA`");
                self.losses.leave_out(&format!("{path}.type"), reason);
                return Ok(None);
            }
        };
        let actors = self.actors()?;
        let mut privileges = self.privileges()?;
        // "Currently, platform policies have no associated resource": DataHub ignores the filter of one.
        let resources = if is_of_platform { None } else { info.get("resources")? };
        let selected = match &resources {
            Some(resources) => self.resources(resources)?,
            None => Some(lakewright_manifest::mesh::PolicyResources::default()),
        };
        let Some(selected) = selected else { return Ok(None) };
        if resources.is_some() && selected == lakewright_manifest::mesh::PolicyResources::default()
        {
            // With a filter, however empty, DataHub matches no request without a resource.
            privileges.retain(|name| !name.starts_with("platform."));
        }
        let texts = (
            info.text_of("displayName")?.unwrap_or_default(),
            info.text_of("description")?.unwrap_or_default(),
        );
        Ok(Some(AccessPolicy {
            header: header(id, path, texts, self.losses),
            state,
            effect,
            actors,
            privileges,
            resources: selected,
            masking: Masking::Nothing,
            rows: None,
        }))
    }

    /// A key that is not known could restrict the policy, so the policy is left out.
    fn only(&mut self, at: &At<'_>, known: &[&str]) -> Result<(), JsonError> {
        for key in at.others(known)? {
            let reason = format!("`{key}` is not known, and could restrict the policy");
            self.losses.leave_out(&format!("{}.{key}", at.path()), reason);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Option<PolicyState>, JsonError> {
        let at = self.info.required("state", "`ACTIVE` or `INACTIVE`")?;
        Ok(match at.text()? {
            "ACTIVE" => Some(PolicyState::Active),
            "INACTIVE" => Some(PolicyState::Inactive),
            other => {
                let reason = format!("its state `{other}` is neither `ACTIVE` nor `INACTIVE`");
                self.losses.leave_out(at.path(), reason);
                None
            }
        })
    }

    /// `DataHubPolicyInfo.pdl` at 2fbe508 has an effect, `ALLOW` without one; in the released package every policy allows.
    fn effect(&mut self) -> Result<Option<Effect>, JsonError> {
        let Some(at) = self.info.get("effect")? else { return Ok(Some(Effect::Allow)) };
        Ok(match at.text()? {
            "ALLOW" => Some(Effect::Allow),
            "DENY" => Some(Effect::Deny),
            other => {
                let reason = format!("its effect `{other}` is neither `ALLOW` nor `DENY`");
                self.losses.leave_out(at.path(), reason);
                None
            }
        })
    }

    fn privileges(&mut self) -> Result<Vec<String>, JsonError> {
        self.info.required("privileges", "a list of privileges")?;
        let mut all = BTreeSet::new();
        for (name, path) in self.info.texts("privileges")? {
            match words::privileges(name) {
                Some(ours) => all.extend(ours.iter().map(|name| (*name).to_owned())),
                None => {
                    self.losses.part(&path, format!("the privilege `{name}`, which no mesh has"));
                }
            }
        }
        Ok(all.into_iter().collect())
    }

    fn actors(&mut self) -> Result<Actors, JsonError> {
        let at = self.info.required("actors", "an object")?;
        let known = [
            "users",
            "groups",
            "roles",
            "allUsers",
            "allGroups",
            "resourceOwners",
            "resourceOwnersTypes",
        ];
        self.only(&at, &known)?;
        let mut actors = Actors::default();
        for (urn, path) in at.texts("users")? {
            self.actor(&mut actors.users, (urn, &path), ResourceKind::User);
        }
        let mut teams = Vec::new();
        for (urn, path) in at.texts("groups")? {
            self.actor(&mut teams, (urn, &path), ResourceKind::Team);
            if let Some(name) = teams.pop() {
                match TeamName::parse(&name) {
                    Ok(team) => actors.teams.push(team),
                    Err(error) => self.losses.part(&path, format!("the group `{urn}`: {error}")),
                }
            }
        }
        for (urn, path) in at.texts("roles")? {
            match urn.strip_prefix(words::ROLE).filter(|name| !name.is_empty()) {
                Some(role) => actors.roles.push(role.to_owned()),
                None => self.losses.part(&path, format!("`{urn}`, which is no role")),
            }
        }
        // `isGroupMatch` of DataHub's engine: with `allGroups` every actor matches, in a group or not.
        actors.all_users = at.flag_of("allUsers")?.unwrap_or_default()
            || at.flag_of("allGroups")?.unwrap_or_default();
        actors.owners = at.flag_of("resourceOwners")?.unwrap_or_default();
        if actors.owners && at.says("resourceOwnersTypes")? {
            actors.owners = false;
            let path = format!("{}.resourceOwnersTypes", at.path());
            self.losses
                .part(&path, "the owners of some types: a mesh knows owners of one type only");
        }
        actors.users.sort_unstable();
        actors.users.dedup();
        actors.roles.sort_unstable();
        actors.roles.dedup();
        actors.teams.sort_unstable();
        actors.teams.dedup();
        Ok(actors)
    }

    /// An actor by its URN.
    fn actor(&mut self, actors: &mut Vec<String>, (urn, path): (&str, &str), kind: ResourceKind) {
        let found = self.names.ours(urn).or_else(|| words::of_urn(urn));
        if let Some((_, name)) = found.filter(|(found, _)| *found == kind) {
            actors.push(name.to_owned());
        } else {
            let word = kind.as_str();
            self.losses.part(path, format!("`{urn}`, which is the name of no {word}"));
        }
    }
}

#[cfg(test)]
mod tests;
