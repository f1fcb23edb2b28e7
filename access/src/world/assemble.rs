//! Combines the pieces of all templates: assigns each policy to its role or resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use lakewright_template::arn::ArnPattern;

use super::{Code, More, Piece, PublicAccessBlock, Resource, Role, World};
use crate::document::{Document, Origin, PrincipalEntry};
use crate::lake::Lake;
use crate::request::account_of;

/// The combined content of all templates, except Lake Formation.
#[derive(Debug)]
pub struct Policies {
    world: World,
    /// Identity policies, each with its role's ARN.
    attached: Vec<(String, Arc<Document>)>,
    /// The ARNs of managed policies, by where each is declared.
    managed: IndexMap<Origin, String>,
}

impl Policies {
    /// Combines the pieces of all templates.
    pub fn of(pieces: Vec<Piece>) -> Self {
        let room = |of: fn(&Piece) -> usize| pieces.iter().map(of).sum();
        // Reserves capacity: growing the maps would move the data of a large mesh several times.
        let mut world = World {
            roles: IndexMap::with_capacity(room(|piece| piece.roles.len())),
            resources: IndexMap::with_capacity(room(|piece| piece.resources.len())),
            managed: IndexMap::with_capacity(room(|piece| piece.managed.len())),
            aliases: IndexMap::with_capacity(room(|piece| piece.aliases.len())),
            aliases_of: IndexMap::with_capacity(room(|piece| piece.aliases.len())),
            ..World::default()
        };
        let mut attached = Vec::with_capacity(room(|piece| piece.attached.len()));
        let mut policies = Vec::with_capacity(room(|piece| piece.policies.len()));
        let mut managed = IndexMap::new();
        for piece in pieces {
            world.roles.extend(piece.roles.into_iter().map(|role| (role.arn.clone(), role)));
            for (arn, document, roles) in piece.managed {
                let document = Arc::new(document);
                attached.extend(roles.into_iter().map(|role| (role, document.clone())));
                managed.insert(document.origin.clone(), arn.clone());
                world.managed.insert(arn, document);
            }
            let own = piece.attached.into_iter();
            attached.extend(own.map(|(role, document)| (role, Arc::new(document))));
            for resource in piece.resources {
                world.resources.insert(resource.arn.clone(), resource);
            }
            policies.extend(piece.policies);
            for (alias, key) in piece.aliases {
                let name = ArnPattern::of(&alias).resource.unwrap_or_default().to_owned();
                world.aliases_of.entry(key.clone()).or_default().push(name);
                world.aliases.insert(alias, key);
            }
            world.access_points.extend(piece.access_points);
            world.others.extend(piece.others);
            world.declared.extend(piece.declared);
            world.malformed.extend(piece.malformed);
            world.attachments.extend(piece.attachments);
        }
        for (arn, (policy, account)) in policies {
            let origin = policy.origin.clone();
            let resource = world.resources.entry(arn).or_insert_with_key(|arn| Resource {
                arn: arn.clone(),
                kind: String::new(),
                account: account_of(arn).unwrap_or(&account).to_owned(),
                tags: BTreeMap::new(),
                policy: None,
                block: PublicAccessBlock::default(),
                code: Code::default(),
                parts: Vec::new(),
                origin,
            });
            // A bucket has one policy. If several templates write it, the last one wins, so the statements of all
            // count.
            match &mut resource.policy {
                Some(known) => {
                    known.is_partial |= policy.is_partial;
                    known.statements.extend(policy.statements);
                }
                none => *none = Some(policy),
            }
        }
        Self { world, attached, managed }
    }
}

impl Role {
    /// Adds an identity policy. `managed` has the ARNs of managed policies, by where each is declared.
    fn attach(&mut self, document: Arc<Document>, managed: &IndexMap<Origin, String>) {
        let arn = managed.get(&document.origin).cloned();
        self.managed.extend(arn.map(|arn| (document.origin.clone(), arn)));
        self.identity.push(document);
    }
}

impl World {
    /// Combines the pieces of all templates.
    pub fn of(pieces: Vec<Piece>) -> Self {
        Self::knowing(pieces, std::iter::empty())
    }

    /// The same as `of`, with further ARNs of roles that templates name without their paths.
    pub fn knowing<'a>(mut pieces: Vec<Piece>, known: impl Iterator<Item = &'a str>) -> Self {
        let lake = Lake::of(pieces.iter_mut().map(Piece::take_lake).collect());
        Self::with(Policies::of(pieces), lake, known)
    }

    /// Combines policies and Lake Formation permissions. `known` are full ARNs of roles that templates name without
    /// their paths.
    pub fn with<'a>(policies: Policies, lake: Lake, known: impl Iterator<Item = &'a str>) -> Self {
        let Policies { mut world, attached, managed } = policies;
        world.lake = lake;
        let mut imported = Vec::new();
        for (arn, document) in attached {
            match world.roles.get_mut(&arn) {
                Some(role) => role.attach(document, &managed),
                None => imported.push((arn, document)),
            }
        }
        // A policy names its role without the path; other documents that name the role have its full ARN.
        let full_names =
            if imported.is_empty() { BTreeMap::new() } else { world.full_names(known) };
        for (arn, document) in imported {
            let arn = full_names.get(&arn).cloned().unwrap_or(arn);
            // A policy for a role that no template creates is attached to an imported role.
            if let Some(role) = world.roles.get_mut(&arn) {
                role.attach(document, &managed);
            } else {
                let account = account_of(&arn).unwrap_or_default().to_owned();
                let role = Role {
                    account,
                    tags: BTreeMap::new(),
                    boundary: None,
                    identity: vec![document],
                    managed: BTreeMap::new(),
                    has_foreign_policies: true,
                    foreign_policies: Vec::new(),
                    more: More::Nothing,
                    trust: Document {
                        origin: Origin::default(),
                        has_variables: true,
                        statements: Vec::new(),
                        is_partial: false,
                    },
                    arn: arn.clone(),
                };
                world.roles.insert(arn, role);
            }
        }
        world
    }

    /// The full ARNs of roles with a path, by their ARNs without it, from documents and permissions. A role's name is
    /// unique in its account, whatever the path.
    fn full_names<'a>(&self, known: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
        let policies = self.resources.values().filter_map(|resource| resource.policy.as_ref());
        let trusts = self.roles.values().map(|role| &role.trust);
        let statements = policies.chain(trusts).flat_map(|document| &document.statements);
        let entries = statements.filter_map(|s| s.principals.as_ref()).flat_map(|p| &p.entries);
        let arns = entries.filter_map(|entry| match entry {
            PrincipalEntry::Arn(arn) => Some(arn.as_str()),
            _ => None,
        });
        let named = |arn: &str| {
            let (stem, name) = arn.split_once(":role/")?;
            let (_, name) = name.rsplit_once('/')?;
            Some((format!("{stem}:role/{name}"), arn.to_owned()))
        };
        let arns = arns.chain(self.lake.grants.keys().map(String::as_str));
        arns.filter_map(named).chain(known.filter_map(named)).collect()
    }
}
