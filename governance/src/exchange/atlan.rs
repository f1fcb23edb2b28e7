//! Personas and purposes of Atlan, read.
//!
//! The shape is what pyatlan 11.6.0 writes and reads: objects with a `typeName` (`Persona`, `Purpose`, `AuthPolicy`) and
//! `attributes`, as one object, as a list, or under `entities`. A policy belongs to the persona or the purpose whose
//! `guid` its `accessControl` has; that one must be in the same text, because it says who the actors are (personas), or
//! what the tags are (purposes).

mod resources;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{AccessPolicy, Actors, Effect, Mask, Masking, PolicyState};
use serde_json::Value;

use self::words::Part;
use super::draft::{Ids, checked, header};
use super::json::{At, JsonError};
use super::{Imported, Losses, Names};

/// Reads personas, purposes and their policies. What has no counterpart is listed.
///
/// # Errors
///
/// The JSON has not the shape of these objects.
pub fn import(json: &Value, names: &Names) -> Result<Imported, JsonError> {
    let root = At::root(json);
    let objects = if root.is_list() {
        root.list()?
    } else if let Some(entities) = root.get("entities")? {
        entities.list()?
    } else {
        vec![root]
    };
    let mut imported = Imported::default();
    let mut owners = BTreeMap::new();
    let mut policies = Vec::new();
    for object in objects {
        let kind = object.required("typeName", "`Persona`, `Purpose` or `AuthPolicy`")?.text()?;
        match kind {
            "Persona" | "Purpose" => {
                let guid = object.required("guid", "text")?.text()?;
                owners.insert(guid, (kind == "Purpose", object));
            }
            "AuthPolicy" => policies.push(object),
            other => {
                let mut losses = Losses::of(other, &mut imported.lost);
                let reason = format!("`{other}` is neither a persona nor a purpose nor a policy");
                losses.leave_out(object.path(), reason);
            }
        }
    }
    let mut ids = Ids::new();
    for object in policies {
        one(&object, &owners, names, &mut ids, &mut imported)?;
    }
    Ok(imported)
}

/// The personas and purposes by guid: whether each is a purpose, and the object.
type Owners<'a> = BTreeMap<&'a str, (bool, At<'a>)>;

/// Reads one policy. A policy that selects by several kinds of selectors becomes one document for each of them, because
/// a resource of a mesh must match every selector of a policy.
fn one(
    object: &At<'_>,
    owners: &Owners<'_>,
    names: &Names,
    ids: &mut Ids,
    imported: &mut Imported,
) -> Result<(), JsonError> {
    let attributes = object.required("attributes", "an object")?;
    let name = attributes.required("name", "text")?.text()?;
    let mut losses = Losses::of(name, &mut imported.lost);
    let reading = Reading { attributes: &attributes, owners, names };
    let Some(read) = reading.policy(&mut losses)? else { return Ok(()) };
    let Some(shared) = losses.into_notes() else { return Ok(()) };
    let owner = read.owner;
    for (number, resources) in read.resources.into_iter().enumerate() {
        let mut losses = Losses::of(name, &mut imported.lost);
        losses.notes.clone_from(&shared);
        let id = ids.of(&slug(&format!("{owner}-{name}")));
        let description = attributes.text_of("description")?.unwrap_or_default();
        let label = if number == 0 {
            format!("{owner}: {name}")
        } else {
            format!("{owner}: {name} ({})", number + 1)
        };
        let policy = AccessPolicy {
            header: header(id, attributes.path(), (&label, description), &mut losses),
            state: read.state,
            effect: read.effect,
            actors: read.actors.clone(),
            privileges: read.privileges.clone(),
            resources,
            masking: read.mask.map_or(Masking::Nothing, Masking::Selected),
            rows: None,
        };
        let from = format!("Atlan: {owner}, {name}");
        imported.policies.extend(checked(policy, &from, object.path(), losses));
    }
    Ok(())
}

/// Lower-case letters, digits and hyphens, so that `Data analysts` becomes `data-analysts`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(40);
    slug.trim_matches('-').to_owned()
}

/// What a policy says.
struct Read {
    owner: String,
    state: PolicyState,
    effect: Effect,
    actors: Actors,
    privileges: Vec<String>,
    resources: Vec<lakewright_manifest::mesh::PolicyResources>,
    mask: Option<Mask>,
}

/// One policy while it is read.
struct Reading<'r, 'a> {
    attributes: &'r At<'a>,
    owners: &'r Owners<'a>,
    names: &'r Names,
}

/// Attributes that would restrict a policy in a way that a mesh cannot.
const RESTRICTIONS: [&str; 4] = [
    "policyConditions",
    "policyFilterCriteria",
    "policyResourceSignature",
    "policyValiditySchedule",
];
/// Attributes about policies that are read, or that do not change who may do what.
const KNOWN: [&str; 18] = [
    "isPolicyEnabled",
    "policyActions",
    "policyCategory",
    "policyConditions",
    "policyDelegateAdmin",
    "policyFilterCriteria",
    "policyGroups",
    "policyMaskType",
    "policyPriority",
    "policyResourceCategory",
    "policyResourceSignature",
    "policyResources",
    "policyRoles",
    "policyServiceName",
    "policySubCategory",
    "policyType",
    "policyUsers",
    "policyValiditySchedule",
];

impl Reading<'_, '_> {
    fn policy(&self, losses: &mut Losses<'_>) -> Result<Option<Read>, JsonError> {
        let at = self.attributes;
        self.restrictions(losses)?;
        let Some((is_purpose, owner)) = self.owner(losses)? else { return Ok(None) };
        let owner_attributes = owner.required("attributes", "an object")?;
        let Some(part) = self.part(losses)? else { return Ok(None) };
        let Some((effect, mask)) = self.effect(part, losses)? else { return Ok(None) };
        let Some(mut state) = self.state(&owner_attributes, losses)? else { return Ok(None) };
        if mask.is_some() {
            // A mask of Atlan restricts what other policies allow.
            state = PolicyState::Inactive;
            let reason = "it is inactive: in a mesh a policy with a mask also allows; see who should have the masked data";
            losses.note(&format!("{}.policyMaskType", at.path()), reason);
        }
        let actors = if is_purpose {
            self.actors(at, ["policyGroups", "policyUsers", "policyRoles"], losses)?
        } else {
            let keys = ["personaGroups", "personaUsers", "personaRoles"];
            self.actors(&owner_attributes, keys, losses)?
        };
        let privileges = self.privileges(part, is_purpose, losses)?;
        let resources = if is_purpose {
            self.tagged(&owner_attributes, losses)?
        } else {
            self.selected(part, losses)?
        };
        let name = owner_attributes.required("name", "text")?.text()?.to_owned();
        Ok(resources.map(|resources| Read {
            owner: name,
            state,
            effect,
            actors,
            privileges,
            resources,
            mask,
        }))
    }

    fn restrictions(&self, losses: &mut Losses<'_>) -> Result<(), JsonError> {
        for key in RESTRICTIONS {
            if self.attributes.says(key)? {
                let path = format!("{}.{key}", self.attributes.path());
                losses.leave_out(&path, format!("`{key}` restricts it, which a mesh cannot"));
            }
        }
        for key in self.attributes.others(&KNOWN)? {
            if key.starts_with("policy") {
                let path = format!("{}.{key}", self.attributes.path());
                losses.leave_out(&path, format!("`{key}` is not known, and could restrict it"));
            }
        }
        Ok(())
    }

    /// The persona or the purpose that the policy belongs to.
    fn owner(&self, losses: &mut Losses<'_>) -> Result<Option<(bool, At<'_>)>, JsonError> {
        let at = self.attributes;
        let category = at.required("policyCategory", "`persona` or `purpose`")?;
        let is_purpose = match category.text()? {
            "persona" => false,
            "purpose" => true,
            other => {
                let reason = format!("its category `{other}` is neither `persona` nor `purpose`");
                losses.leave_out(category.path(), reason);
                return Ok(None);
            }
        };
        let owner = at.required("accessControl", "an object with a `guid`")?;
        let guid = owner.required("guid", "text")?;
        let found = self.owners.get(guid.text()?);
        let Some((_, owner)) = found.filter(|(kind, _)| *kind == is_purpose) else {
            let word = category.text()?;
            let reason = format!("its {word} `{}` is not in this file", guid.text()?);
            losses.leave_out(guid.path(), reason);
            return Ok(None);
        };
        Ok(Some((is_purpose, owner.clone())))
    }

    fn part(&self, losses: &mut Losses<'_>) -> Result<Option<Part>, JsonError> {
        let at = self.attributes.required("policySubCategory", "what the policy is about")?;
        let part = Part::named(at.text()?);
        if part.is_none() {
            let reason =
                format!("it is about `{}`, which no document of a mesh is about", at.text()?);
            losses.leave_out(at.path(), reason);
        }
        Ok(part)
    }

    fn effect(
        &self,
        part: Part,
        losses: &mut Losses<'_>,
    ) -> Result<Option<(Effect, Option<Mask>)>, JsonError> {
        let at = self.attributes.required("policyType", "`allow`, `deny` or `dataMask`")?;
        match at.text()? {
            "allow" => Ok(Some((Effect::Allow, None))),
            "deny" => Ok(Some((Effect::Deny, None))),
            "dataMask" if part == Part::Data => {
                let mask = self.attributes.required("policyMaskType", "a mask")?;
                let Some(known) = words::mask(mask.text()?) else {
                    losses
                        .leave_out(mask.path(), format!("no mesh has the mask `{}`", mask.text()?));
                    return Ok(None);
                };
                Ok(Some((Effect::Allow, Some(known))))
            }
            other => {
                let reason = format!("its type `{other}`, which a mesh does not have");
                losses.leave_out(at.path(), reason);
                Ok(None)
            }
        }
    }

    /// A policy applies if it and its persona or purpose are enabled. Where one does not say so, nothing is assumed.
    fn state(
        &self,
        owner: &At<'_>,
        losses: &mut Losses<'_>,
    ) -> Result<Option<PolicyState>, JsonError> {
        let Some(is_enabled) = owner.flag_of("isAccessControlEnabled")? else {
            let path = format!("{}.isAccessControlEnabled", owner.path());
            losses.leave_out(&path, "its persona or purpose does not say whether it is enabled");
            return Ok(None);
        };
        // pyatlan writes no such attribute for a new policy, which the server enables.
        let is_policy_enabled = self.attributes.flag_of("isPolicyEnabled")?.unwrap_or(true);
        let is_active = is_enabled && is_policy_enabled;
        Ok(Some(if is_active { PolicyState::Active } else { PolicyState::Inactive }))
    }

    fn actors(
        &self,
        at: &At<'_>,
        [groups, users, roles]: [&str; 3],
        losses: &mut Losses<'_>,
    ) -> Result<Actors, JsonError> {
        let mut actors = Actors::default();
        for (group, path) in at.texts(groups)? {
            // pyatlan writes this group for all users.
            if group == "public" {
                actors.all_users = true;
                continue;
            }
            match TeamName::parse(self.named(group, "team")) {
                Ok(team) => actors.teams.push(team),
                Err(error) => losses.part(&path, format!("the group `{group}`: {error}")),
            }
        }
        for (user, _) in at.texts(users)? {
            actors.users.push(self.named(user, "user").to_owned());
        }
        for (role, _) in at.texts(roles)? {
            actors.roles.push(role.to_owned());
        }
        actors.teams.sort_unstable();
        actors.users.sort_unstable();
        actors.roles.sort_unstable();
        Ok(actors)
    }

    /// What a mesh calls an actor.
    fn named<'n>(&'n self, theirs: &'n str, kind: &str) -> &'n str {
        let found = self.names.ours(theirs).filter(|(found, _)| found.as_str() == kind);
        found.map_or(theirs, |(_, name)| name)
    }

    fn privileges(
        &self,
        part: Part,
        is_purpose: bool,
        losses: &mut Losses<'_>,
    ) -> Result<Vec<String>, JsonError> {
        let mut all = BTreeSet::new();
        for (action, path) in self.attributes.texts("policyActions")? {
            match words::privileges(part, is_purpose, action) {
                Some(ours) => all.extend(ours.iter().map(|name| (*name).to_owned())),
                None => losses.part(&path, format!("the action `{action}`, which no mesh has")),
            }
        }
        Ok(all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
