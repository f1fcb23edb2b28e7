//! Read access to a world, and the only way to add facts that no template states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    AccessPoint, DeclaredPolicy, Gaps, Malformed, More, Organization, Resource, Role, World,
};
use crate::document::{Document, Origin};
use crate::lake::Lake;
use crate::request::account_of;

/// Facts that no template states.
#[derive(Debug, Clone, Default)]
pub struct ExternalFacts {
    /// The policies of the organization.
    pub organization: Option<Organization>,
    /// Managed policies, by ARN, such as permissions boundaries that no stack creates.
    pub managed: BTreeMap<String, Document>,
    /// The policy of the session in which roles send their requests.
    pub session: Option<Document>,
    /// The accounts of buckets that no template creates, by the bucket's ARN.
    pub owners: BTreeMap<String, String>,
    /// The aliases, such as `alias/data`, of keys that no template creates, by the key's ARN.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Databases that no template creates and to which only Lake Formation gives access, by ARN.
    pub closed: BTreeSet<String>,
}

/// Mutable access to a world's content: tests use it to show that each part affects decisions.
#[derive(Debug)]
pub struct PartsMut<'w> {
    /// Roles by ARN.
    pub roles: &'w mut IndexMap<String, Role>,
    /// Other resources by ARN.
    pub resources: &'w mut IndexMap<String, Resource>,
    /// Managed policies by ARN.
    pub managed: &'w mut IndexMap<String, Arc<Document>>,
    /// Lake Formation's permissions.
    pub lake: &'w mut Lake,
    /// The policies of the organization.
    pub organization: &'w mut Organization,
    /// The policy of the session in which roles send their requests.
    pub session: &'w mut Option<Document>,
}

impl World {
    /// Adds facts that no template states. A new fact replaces an earlier one on the same subject.
    pub fn add(&mut self, facts: ExternalFacts) {
        let ExternalFacts { organization, managed, session, owners, aliases, closed } = facts;
        if let Some(organization) = organization {
            self.organization = organization;
        }
        if let Some(session) = session {
            self.session = Some(session);
        }
        let managed = managed.into_iter().map(|(arn, document)| (arn, Arc::new(document)));
        self.managed.extend(managed);
        self.owners.extend(owners);
        self.aliases_of.extend(aliases);
        self.lake.closed.extend(closed);
    }

    /// Roles by ARN.
    pub fn roles(&self) -> &IndexMap<String, Role> {
        &self.roles
    }

    /// Resources other than roles, by ARN.
    pub fn resources(&self) -> &IndexMap<String, Resource> {
        &self.resources
    }

    /// Managed policies by ARN.
    pub fn managed(&self) -> &IndexMap<String, Arc<Document>> {
        &self.managed
    }

    /// Keys by the ARNs of their aliases.
    pub fn aliases(&self) -> &IndexMap<String, String> {
        &self.aliases
    }

    /// The aliases of each key, such as `alias/data`, by the key's ARN.
    pub fn aliases_of(&self) -> &IndexMap<String, Vec<String>> {
        &self.aliases_of
    }

    /// Access points by ARN.
    pub fn access_points(&self) -> &IndexMap<String, AccessPoint> {
        &self.access_points
    }

    /// Lake Formation's permissions.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// The policies of the organization.
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// The policy of the session in which roles send their requests.
    pub fn session(&self) -> Option<&Document> {
        self.session.as_ref()
    }

    /// The accounts of buckets that no template creates, by the bucket's ARN.
    pub fn owners(&self) -> &BTreeMap<String, String> {
        &self.owners
    }

    /// Documents of resources that the model does not know: only guardrails read them.
    pub fn others(&self) -> &[Document] {
        &self.others
    }

    /// Policies of an organization that third-party templates contain. They take part in no decision.
    pub fn declared(&self) -> &[DeclaredPolicy] {
        &self.declared
    }

    /// Statements that IAM would not accept.
    pub fn malformed(&self) -> &[Malformed] {
        &self.malformed
    }

    /// Policies that are attached by name to something else than a role, each with where that is stated.
    pub fn attachments(&self) -> &[(Origin, String)] {
        &self.attachments
    }

    /// What is unknown about third-party templates; `None` for a mesh.
    pub fn gaps(&self) -> Option<&Gaps> {
        self.gaps.as_ref()
    }

    /// What the templates state by themselves: without the gaps of third-party templates and without attached policies
    /// that no template contains. Decisions on it are not those of AWS. They show which side of a change allows more.
    #[must_use]
    pub fn as_stated(&self) -> Self {
        let mut stated = Self { gaps: None, ..self.clone() };
        for role in stated.roles.values_mut() {
            role.has_foreign_policies = false;
            role.more = More::Nothing;
        }
        stated
    }

    /// Adds a principal under the ARN of a managed policy. It has this policy and no other, so it stands for everybody who
    /// has the policy.
    pub fn add_holder(&mut self, policy: &str) {
        let Some(document) = self.managed.get(policy) else { return };
        let origin = document.origin.clone();
        let holder = Role {
            arn: policy.to_owned(),
            account: account_of(policy).unwrap_or_default().to_owned(),
            tags: BTreeMap::new(),
            boundary: None,
            identity: vec![Arc::clone(document)],
            managed: BTreeMap::from([(origin.clone(), policy.to_owned())]),
            has_foreign_policies: false,
            foreign_policies: Vec::new(),
            more: More::Nothing,
            trust: Document {
                origin,
                has_variables: true,
                statements: Vec::new(),
                is_partial: false,
            },
        };
        self.roles.insert(policy.to_owned(), holder);
    }

    /// Mutable access to the world's content.
    pub fn parts_mut(&mut self) -> PartsMut<'_> {
        let Self { roles, resources, managed, lake, organization, session, .. } = self;
        PartsMut { roles, resources, managed, lake, organization, session }
    }
}
