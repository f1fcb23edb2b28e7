//! Policy documents of resource types that the model does not support. Only guardrails examine them: a proof
//! rejects such types.

use lakewright_template::resolve::Resolved;
use lakewright_template::{LogicalId, ResourceEntry};

use super::{DeclaredPolicy, OnUnresolved, PieceError, Reader};
use crate::document::{Document, Origin};

/// Properties that contain policies, to state where a document was found.
const PROPERTIES: [&str; 10] = [
    "AccessPolicies",
    "FileSystemPolicy",
    "InlinePolicy",
    "KeyPolicy",
    "Policy",
    "PolicyDocument",
    "PolicyInJson",
    "PolicyText",
    "RepositoryPolicyText",
    "ResourcePolicy",
];

impl Reader<'_> {
    /// Records the documents in the properties of a resource of any type.
    pub(super) fn others(
        &mut self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<(), PieceError> {
        // The policy of an endpoint grants nothing: it only filters requests that other policies allow.
        let is_filter = resource.kind == "AWS::EC2::VPCEndpoint";
        if self.stack.unresolved == OnUnresolved::Fail || is_filter {
            return Ok(());
        }
        if resource.kind == "AWS::Organizations::Policy" {
            return self.declared(id, resource);
        }
        if ["AWS::Lambda::LayerVersionPermission", "AWS::Lambda::Permission"]
            .contains(&&*resource.kind)
        {
            return self.permission(id, resource);
        }
        for (name, value) in resource.properties.iter() {
            let property = PROPERTIES.into_iter().find(|property| property == name);
            let origin = self.origin(id, property.unwrap_or("Properties"));
            for alternative in self.resolver.alternatives(value).into_iter().flatten() {
                self.find_in(&alternative, &origin)?;
            }
        }
        if resource.kind == "AWS::SSO::PermissionSet" {
            self.attachments(id, &resource.properties, "ManagedPolicies")?;
        }
        Ok(())
    }

    /// Records a policy of an organization, which grants nothing either.
    fn declared(&mut self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let properties = &resource.properties;
        let origin = self.origin(id, "Content");
        let kind = self.text(id, properties, "Type")?.unwrap_or_default();
        let targets = self.texts(id, properties, "TargetIds")?;
        let (mut documents, mut content) = (Vec::new(), Vec::new());
        for value in self.alternatives(id, properties, "Content")? {
            let plain: Option<serde_json::Value> =
                value.as_text().and_then(|text| serde_json::from_str(text).ok());
            let parsed = plain.as_ref().map(Resolved::from);
            let read = parsed.as_ref().unwrap_or(&value);
            let (mut found, mut lists) = (Vec::new(), Vec::new());
            find(read, &mut found, &mut lists);
            if found.is_empty() {
                content.push(read.clone().into_plain().to_string());
            }
            documents.extend(found.iter().map(|document| Document::read(document, &origin).0));
        }
        let policy = DeclaredPolicy { origin, kind, targets, documents, content };
        self.piece.declared.push(policy);
        Ok(())
    }

    /// Records the documents in a value.
    fn find_in(&mut self, value: &Resolved<'_>, origin: &Origin) -> Result<(), PieceError> {
        // Some resource types take a policy as a JSON string.
        let text = value.as_text().filter(|text| text.trim_start().starts_with('{'));
        let plain = text.and_then(|text| serde_json::from_str(text).ok());
        let parsed = plain.as_ref().map(|plain: &serde_json::Value| Resolved::from(plain));
        let (mut documents, mut lists) = (Vec::new(), Vec::new());
        find(parsed.as_ref().unwrap_or(value), &mut documents, &mut lists);
        // Statements of SAM's APIs are not wrapped in a document.
        let around: Vec<Resolved<'_>> =
            lists.into_iter().map(|list| Document::around(list.clone())).collect();
        for document in documents.into_iter().chain(&around) {
            let document = self.read(document, origin)?;
            if !self.piece.others.contains(&document) {
                self.piece.others.push(document);
            }
        }
        Ok(())
    }

    /// Converts a Lambda permission to the equivalent policy statement.
    fn permission(&mut self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let text = |property: &str| self.text(id, &resource.properties, property);
        let principal = text("Principal")?.unwrap_or_default();
        // An account contains no dot. The suffix of a service principal depends on the partition.
        let is_service = principal.contains('.') && !principal.starts_with("arn:");
        let kind = if is_service { "Service" } else { "AWS" };
        let mut conditions = serde_json::Map::new();
        for (property, operator, key) in [
            ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
            ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
            ("SourceAccount", "StringEquals", "aws:SourceAccount"),
            ("SourceArn", "ArnLike", "aws:SourceArn"),
        ] {
            if let Some(value) = text(property)? {
                conditions.entry(operator).or_insert_with(|| serde_json::json!({}))[key] =
                    value.into();
            }
        }
        let document = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { kind: principal },
            "Action": text("Action")?.unwrap_or_default(),
            "Resource": "*",
            "Condition": conditions,
        }] });
        let document = self.read(&Resolved::from(&document), &self.origin(id, "Principal"))?;
        self.piece.others.push(document);
        Ok(())
    }
}

/// Finds the policy documents in a value.
fn find<'f, 'v>(
    value: &'f Resolved<'v>,
    documents: &mut Vec<&'f Resolved<'v>>,
    lists: &mut Vec<&'f Resolved<'v>>,
) {
    if value.get("Statement").get("Effect").as_text().is_some()
        || value.get("Statement").as_list().is_some_and(|list| {
            list.iter().any(|statement| statement.get("Effect").as_text().is_some())
        })
    {
        documents.push(value);
    } else if let Some(map) = value.as_map() {
        for (name, item) in map {
            if *name == "CustomStatements" {
                lists.push(item);
            } else {
                find(item, documents, lists);
            }
        }
    } else if let Some(list) = value.as_list() {
        for item in list {
            find(item, documents, lists);
        }
    }
}
