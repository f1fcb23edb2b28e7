//! Reads policy documents and attaches them to roles, users, groups and resources.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_template::resolve::{Resolved, UNKNOWN};
use lakewright_template::{LogicalId, Map};

use super::{More, OnUnresolved, PieceError, Reader, Role};
use crate::document::{Document, DocumentError, DocumentProblem, Origin, Statement};

impl Reader<'_> {
    /// The inline and attached policies of a user or a group.
    pub(super) fn inline(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        kind: &str,
    ) -> Result<(), PieceError> {
        let arn = self.arn("iam", "", &format!("{kind}/{}", self.resolver.unique(id)));
        let documents = self.policies_in(id, properties)?;
        self.piece.attached.extend(documents.into_iter().map(|document| (arn.clone(), document)));
        self.attachments(id, properties, "ManagedPolicyArns")
    }

    /// Records the policies that are attached by name.
    pub(super) fn attachments(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &'static str,
    ) -> Result<(), PieceError> {
        let origin = self.origin(id, property);
        let names = self.texts(id, properties, property)?;
        self.piece.attachments.extend(names.into_iter().map(|name| (origin.clone(), name)));
        Ok(())
    }

    /// The documents in the property `Policies`.
    fn policies_in(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<Vec<Document>, PieceError> {
        let origin = self.origin(id, "Policies");
        let alternatives = self.alternatives(id, properties, "Policies")?;
        let mut all = Vec::with_capacity(alternatives.len());
        for alternative in &alternatives {
            let mut documents = Vec::new();
            for policy in alternative.as_list().into_iter().flatten() {
                // An unknown policy is read as an unknown document.
                let elements = policy.as_map();
                let other = elements.into_iter().flatten().find(|(key, _)| {
                    self.stack.unresolved == OnUnresolved::Fail
                        && !["PolicyDocument", "PolicyName"].contains(key)
                });
                if let Some((other, _)) = other {
                    let problem = DocumentProblem::Entry((*other).to_owned());
                    return Err(DocumentError { origin, problem }.into());
                }
                let is_known = elements.is_some();
                let document = if is_known { policy.get("PolicyDocument") } else { policy };
                documents.push(self.read(document, &origin)?);
            }
            if alternative.as_text().is_some() {
                documents.push(self.read(alternative, &origin)?);
            }
            all.push(documents);
        }
        if all.len() == 1 {
            return Ok(all.pop().unwrap_or_default());
        }
        // With several variants, one document per variant holds all statements of that variant.
        let ways = all.into_iter().map(|documents| {
            let has_variables = documents.iter().any(|one| one.has_variables);
            let is_partial = documents.iter().any(|one| one.is_partial);
            let statements = documents.into_iter().flat_map(|document| document.statements);
            let statements = statements.collect();
            Document { origin: origin.clone(), has_variables, statements, is_partial }
        });
        Ok(vec![united(ways.collect(), &origin)])
    }

    pub(super) fn role(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let name = self.text(id, properties, "RoleName")?;
        let is_open = name.as_ref().is_some_and(|name| name.contains(UNKNOWN))
            || !self.is_one_way(properties, "RoleName");
        let name = self.resolver.name_or_unique(id, name);
        let path = self.text(id, properties, "Path")?.unwrap_or_else(|| "/".to_owned());
        let arn = self.arn("iam", "", &format!("role{path}{name}"));
        if is_open {
            self.piece.any_name.insert(arn.clone());
        }
        let trust = self.document(id, properties, "AssumeRolePolicyDocument")?;
        let inline = self.value(id, properties, "Policies")?;
        for policy in inline.as_list().into_iter().flatten() {
            self.is_only(id, &arn, policy.get("PolicyName").text())?;
        }
        let identity = self.policies_in(id, properties)?.into_iter().map(Arc::new).collect();
        let foreign_policies = self.texts(id, properties, "ManagedPolicyArns")?;
        let is_known = self.is_one_way(properties, "ManagedPolicyArns")
            && !foreign_policies.iter().any(|arn| arn.contains(UNKNOWN));
        self.piece.roles.push(Role {
            account: self.stack.place.account.to_string(),
            tags: self.tags(id, properties)?,
            boundary: self.boundary(id, properties)?,
            identity,
            managed: BTreeMap::new(),
            has_foreign_policies: !foreign_policies.is_empty(),
            foreign_policies,
            more: if is_known { More::Nothing } else { More::Anything },
            trust: trust.unwrap_or_else(|| Document {
                origin: self.origin(id, "AssumeRolePolicyDocument"),
                has_variables: true,
                statements: Vec::new(),
                is_partial: false,
            }),
            arn,
        });
        Ok(())
    }

    /// Records a role's policy that is a separate resource.
    pub(super) fn role_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let Some(mut document) = self.document(id, properties, "PolicyDocument")? else {
            return Ok(());
        };
        self.doubt(&mut document, properties, "RoleName");
        let names = self.places(id, properties, "RoleName")?;
        let policy = self.text(id, properties, "PolicyName")?.unwrap_or_default();
        for name in &names {
            let role = self.role_arn(name);
            self.is_only(id, &role, policy.clone())?;
        }
        let roles = names.iter().map(|name| (self.role_arn(name), document.clone()));
        let roles: Vec<(String, Document)> = roles.collect();
        self.piece.attached.extend(roles);
        Ok(())
    }

    /// The names that a policy applies to. Without any, one empty name, so that the document is read nevertheless.
    pub(super) fn places(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Vec<String>, PieceError> {
        let mut names = self.texts(id, properties, property)?;
        if names.is_empty() {
            names.push(String::new());
        }
        Ok(names)
    }

    /// Marks a document's statements as uncertain if the resource it belongs to depends on how the template is
    /// deployed.
    pub(super) fn doubt(&self, document: &mut Document, properties: &Map, property: &str) {
        if !self.is_one_way(properties, property) {
            document.statements.iter_mut().for_each(|statement| statement.is_certain = false);
        }
    }

    /// The document in a property. For a third-party template it has the statements of every variant in which the
    /// template can be deployed.
    pub(super) fn document(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &'static str,
    ) -> Result<Option<Document>, PieceError> {
        if properties.get(property).is_none() {
            return Ok(None);
        }
        let origin = self.origin(id, property);
        let alternatives = self.alternatives(id, properties, property)?;
        let mut documents = Vec::with_capacity(alternatives.len());
        for alternative in &alternatives {
            documents.push(self.read(alternative, &origin)?);
        }
        let mut document = united(documents, &origin);
        if self.is_conditional {
            document.statements.iter_mut().for_each(|statement| statement.is_certain = false);
        }
        Ok(Some(document))
    }

    /// Parses a document, and records malformed statements.
    pub(super) fn read(
        &mut self,
        document: &Resolved<'_>,
        origin: &Origin,
    ) -> Result<Document, PieceError> {
        if self.stack.unresolved == OnUnresolved::Fail {
            return Ok(Document::parse(document, origin.clone())?);
        }
        let (document, malformed) = Document::read(document, origin);
        for wrong in malformed {
            if !self.piece.malformed.contains(&wrong) {
                self.piece.malformed.push(wrong);
            }
        }
        Ok(document)
    }
}

/// One document with the statements of all. Only statements that occur in each of them are certain.
pub(super) fn united(mut documents: Vec<Document>, origin: &Origin) -> Document {
    if documents.len() == 1
        && let Some(document) = documents.pop()
    {
        return document;
    }
    let ways = documents.len();
    let has_variables = documents.iter().any(|document| document.has_variables);
    let is_partial = documents.iter().any(|document| document.is_partial);
    let mut counted: Vec<(Statement, Statement, usize)> = Vec::new();
    for statement in documents.into_iter().flat_map(|document| document.statements) {
        // A statement without a `Sid` is named by its position, which differs between documents.
        let is_place = statement.sid.bytes().all(|byte| byte.is_ascii_digit());
        let sid = if is_place { String::new() } else { statement.sid.clone() };
        let key = Statement { sid, ..statement.clone() };
        match counted.iter_mut().find(|(other, ..)| *other == key) {
            Some((.., count)) => *count += 1,
            None => counted.push((key, statement, 1)),
        }
    }
    let statements = counted.into_iter().map(|(_, statement, count)| Statement {
        is_certain: statement.is_certain && count >= ways,
        ..statement
    });
    let statements = statements.collect();
    Document { origin: origin.clone(), has_variables, statements, is_partial }
}
