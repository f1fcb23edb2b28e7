//! Access policies of a mesh, as policies of DataHub.
//!
//! What is written grants in DataHub what it grants in the mesh. A part that DataHub cannot express is left out if the
//! rest then allows less, and otherwise the policy. A denial that cannot be written refuses the whole export: without
//! it the other policies would allow more than in the mesh.

use std::collections::BTreeSet;

use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{
    AccessPolicy, Actors, Effect, Exceptions, PolicyResources, PolicyState,
};
use serde_json::{Value, json};

use super::words;
use crate::exchange::{Extent, Lost, Names};
use crate::kind::ResourceKind;
use crate::policy::{kinds_of, split};
use crate::privilege::Privileges;
use crate::rules::{Rule, of_document};

/// What the policies of a release of DataHub can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Every policy allows (`acryl-datahub` 1.7.0.17).
    AllowsOnly,
    /// Policies have an `effect`.
    WithEffect,
}

/// What an export gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exported {
    /// Entries `{urn, info}`, as in the boot file, in the order of the ids of the mesh.
    pub policies: Vec<Value>,
    /// What DataHub cannot express, and what is left out for it.
    pub lost: Vec<Lost>,
    /// Denials that DataHub cannot express. Unless this is empty, the policies must not be used.
    pub refused: Vec<Lost>,
}

/// The access policies of a mesh as policies of DataHub.
pub fn export(mesh: &Mesh, names: &Names, release: Release) -> Exported {
    let known = Privileges::known();
    let mut exported = Exported::default();
    for policy in mesh.access_policies.values() {
        let rule = of_document(policy, &known);
        let mut writing = Writing {
            policy,
            rule: &rule,
            known: &known,
            names,
            lost: Vec::new(),
            is_left_out: false,
        };
        let entries = writing.entries(release);
        let Writing { lost, .. } = writing;
        // A denial of which a part is left out denies less.
        let is_denial = policy.effect == Effect::Deny && policy.state == PolicyState::Active;
        let is_less = lost.iter().any(|one| one.extent != Extent::Note);
        if is_denial && is_less {
            exported.refused.extend(lost);
        } else {
            exported.lost.extend(lost);
            exported.policies.extend(entries);
        }
    }
    exported
}

/// The resources of a policy.
enum Selected {
    All,
    Filter(Value),
    /// Only the tenant, which policies of the platform are about without a filter.
    Tenant,
}

/// One policy while it is written.
struct Writing<'a> {
    policy: &'a AccessPolicy,
    rule: &'a Rule,
    known: &'a Privileges,
    names: &'a Names,
    lost: Vec<Lost>,
    is_left_out: bool,
}

impl Writing<'_> {
    fn lose(&mut self, extent: Extent, reason: String) {
        let id = self.policy.header.id.to_string();
        self.is_left_out |= extent == Extent::Policy;
        self.lost.push(Lost { path: id.clone(), policy: id, reason, extent });
    }

    /// A policy for the platform, one for resources, both or none.
    fn entries(&mut self, release: Release) -> Vec<Value> {
        if self.policy.effect == Effect::Deny && release == Release::AllowsOnly {
            self.lose(Extent::Policy, "it denies, and every policy of DataHub allows".to_owned());
        }
        if self.policy.is_masking() {
            self.lose(Extent::Policy, "its mask, which DataHub does not have".to_owned());
        }
        if self.policy.rows.is_some() {
            self.lose(Extent::Policy, "its `rows`, which DataHub does not have".to_owned());
        }
        let actors = self.actors();
        let resources = self.resources();
        let (platform, mut others) = self.privileges();
        let Some(resources) = resources.filter(|_| !self.is_left_out) else { return Vec::new() };
        let Some(actors) = actors else { return Vec::new() };
        let resources = match resources {
            Selected::All => None,
            Selected::Filter(filter) => Some(filter),
            Selected::Tenant => {
                others.clear();
                None
            }
        };
        let mut all = Vec::new();
        let urn = words::policy_urn(self.policy.header.id.as_str());
        let both = !platform.is_empty() && !others.is_empty();
        if !platform.is_empty() {
            all.push(self.entry(&urn, "PLATFORM", (&platform, &actors), None, release));
        }
        if !others.is_empty() {
            let urn = if both { format!("{urn}-metadata") } else { urn };
            all.push(self.entry(&urn, "METADATA", (&others, &actors), resources.as_ref(), release));
        }
        if all.is_empty() {
            self.lose(Extent::Policy, "DataHub has none of its privileges".to_owned());
        }
        all
    }

    fn entry(
        &self,
        urn: &str,
        kind: &str,
        (privileges, actors): (&[&str], &Value),
        resources: Option<&Value>,
        release: Release,
    ) -> Value {
        let header = &self.policy.header;
        let state = match self.policy.state {
            PolicyState::Active => "ACTIVE",
            PolicyState::Inactive => "INACTIVE",
        };
        let effect = match self.policy.effect {
            Effect::Allow => "ALLOW",
            Effect::Deny => "DENY",
        };
        let mut info = json!({
            "displayName": header.label,
            "description": header.description,
            "type": kind,
            "state": state,
            "privileges": privileges,
            "actors": actors,
            "editable": true,
        });
        if let Some(resources) = resources {
            info["resources"] = resources.clone();
        }
        if release == Release::WithEffect {
            info["effect"] = json!(effect);
        }
        json!({ "urn": urn, "info": info })
    }

    /// The actors; `None` if nobody is left.
    fn actors(&mut self) -> Option<Value> {
        let Actors { teams, users, all_users, roles, owners, stewards, connection_admins, except } =
            &self.policy.actors;
        let Exceptions { teams: no_teams, users: no_users, roles: no_roles } = except;
        if !(no_teams.is_empty() && no_users.is_empty() && no_roles.is_empty()) {
            self.lose(Extent::Policy, "its `except`: DataHub has no exceptions".to_owned());
        }
        for (is_on, word) in [(*stewards, "stewards"), (*connection_admins, "connection_admins")] {
            if is_on {
                self.lose(
                    Extent::Part,
                    format!("the actors `{word}`, which DataHub does not have"),
                );
            }
        }
        let is_any = !(teams.is_empty() && users.is_empty() && roles.is_empty());
        if !is_any && !all_users && !owners {
            self.lose(Extent::Policy, "DataHub has none of its actors".to_owned());
            return None;
        }
        let teams = teams.iter().map(|team| self.urn(ResourceKind::Team, team.as_str()));
        let users = users.iter().map(|user| self.urn(ResourceKind::User, user));
        Some(json!({
            "users": users.collect::<Vec<_>>(),
            "groups": teams.collect::<Vec<_>>(),
            "roles": roles.iter().map(|role| format!("{}{role}", words::ROLE)).collect::<Vec<_>>(),
            "resourceOwners": owners,
            "allUsers": all_users,
            "allGroups": false,
        }))
    }

    /// The URN of an actor.
    fn urn(&self, kind: ResourceKind, name: &str) -> Option<String> {
        let named = self.names.theirs(&format!("{}/{name}", kind.as_str())).map(str::to_owned);
        named.or_else(|| words::urn(kind, name))
    }

    /// The resources; `None` if nothing is left.
    fn resources(&mut self) -> Option<Selected> {
        let PolicyResources { types, ids, domains, tags, environments } = &self.policy.resources;
        if !environments.is_empty() {
            let reason = "its `environments`, which DataHub cannot select by";
            self.lose(Extent::Policy, reason.to_owned());
        }
        let domains: Vec<String> = domains.iter().map(ToString::to_string).collect();
        let lists = [
            ("TYPE", types.is_empty(), self.types(types)),
            ("URN", ids.is_empty(), self.urns(ids)),
            ("DOMAIN", domains.is_empty(), self.named(ResourceKind::Domain, &domains)),
            ("TAG", tags.is_empty(), self.named(ResourceKind::Tag, tags)),
        ];
        let mut criteria = Vec::new();
        let mut is_nothing = false;
        for (field, _, values) in lists.into_iter().filter(|(_, is_all, _)| !is_all) {
            is_nothing |= values.is_empty();
            criteria.push(json!({ "field": field, "values": values, "condition": "EQUALS" }));
        }
        if criteria.is_empty() {
            return Some(Selected::All);
        }
        if !is_nothing {
            return Some(Selected::Filter(json!({ "filter": { "criteria": criteria } })));
        }
        if kinds_of(self.rule).contains(&ResourceKind::Tenant) {
            return Some(Selected::Tenant);
        }
        self.lose(Extent::Policy, "DataHub has none of its resources".to_owned());
        None
    }

    /// The entities of DataHub that stand for types, and for no type beside them.
    fn types(&mut self, types: &[String]) -> Vec<String> {
        let mut left: BTreeSet<&str> = types.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        for (theirs, kinds) in words::all_types() {
            if kinds.iter().all(|kind| left.contains(kind.as_str())) {
                found.push(theirs.to_owned());
                left.retain(|name| !kinds.iter().any(|kind| kind.as_str() == *name));
            }
        }
        // Policies of the platform have no resources.
        left.remove(ResourceKind::Tenant.as_str());
        for name in left {
            let of_dataset = [ResourceKind::Dataset, ResourceKind::Table, ResourceKind::Column];
            let reason = if of_dataset.iter().any(|kind| kind.as_str() == name) {
                format!(
                    "the type `{name}`: a dataset of DataHub stands for `dataset`, `table` and `column` together"
                )
            } else {
                format!("the type `{name}`, which DataHub does not have")
            };
            self.lose(Extent::Part, reason);
        }
        found
    }

    fn urns(&mut self, ids: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for id in ids {
            let (kind, name) = split(id);
            if kind == Some(ResourceKind::Tenant) {
                continue;
            }
            if let Some(urn) = kind.and_then(|kind| self.urn(kind, name)) {
                found.push(urn);
            } else {
                let reason = format!("`{id}`: name its URN in the file of names");
                self.lose(Extent::Part, reason);
            }
        }
        found
    }

    fn named(&self, kind: ResourceKind, list: &[String]) -> Vec<String> {
        list.iter().filter_map(|name| self.urn(kind, name)).collect()
    }

    /// The privileges, those of the platform apart. A privilege of DataHub is written if the policy has all that it
    /// means.
    fn privileges(&mut self) -> (Vec<&'static str>, Vec<&'static str>) {
        let names = &self.policy.privileges;
        let has = |ours: &&str| {
            let group = ours.split_once('.').map(|(group, _)| format!("{group}.*"));
            names.iter().any(|name| name == ours || group.as_ref() == Some(name))
        };
        let is_of_tenant = kinds_of(self.rule).contains(&ResourceKind::Tenant);
        let (mut platform, mut others) = (Vec::new(), Vec::new());
        let mut written: BTreeSet<&str> = BTreeSet::new();
        for (theirs, ours) in words::rows() {
            if !ours.iter().all(&has) {
                continue;
            }
            written.extend(ours);
            if !words::is_of_platform(theirs) {
                others.push(theirs);
            } else if is_of_tenant {
                platform.push(theirs);
            }
        }
        let listed = names.iter().filter(|name| !name.ends_with('*'));
        let missing: Vec<&String> =
            listed.filter(|name| !written.contains(name.as_str())).collect();
        for name in missing {
            self.lose(Extent::Part, format!("the privilege `{name}`, which DataHub does not have"));
        }
        for group in names.iter().filter(|name| name.ends_with('*')) {
            let prefix = group.trim_end_matches('*');
            let all = self.known.names().filter(|name| name.starts_with(prefix));
            let count = all.filter(|name| !written.contains(name)).count();
            if count > 0 {
                let reason = format!("{count} privileges of `{group}` that DataHub does not have");
                self.lose(Extent::Part, reason);
            }
        }
        (platform, others)
    }
}
