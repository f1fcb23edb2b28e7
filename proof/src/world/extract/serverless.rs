//! Roles that the serverless transform (AWS SAM) makes of functions and state machines.
//!
//! Source: "AWS::Serverless::Function" and "AWS::Serverless::StateMachine" in
//! the AWS SAM developer guide: without the property `Role`, a role is made
//! with the policies of the property `Policies`, which takes names and ARNs of
//! managed policies, documents, and names of SAM's own templates, each for one
//! resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_template::resolve::Resolved;
use lakewright_template::{LogicalId, Map};
use serde_json::json;

use super::{PieceError, Reader, Role};
use crate::document::Document;

impl Reader<'_> {
    /// The role that is made for a function or a state machine.
    pub(super) fn serverless(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        service: &str,
    ) -> Result<(), PieceError> {
        if properties.get("Role").is_some() {
            return Ok(());
        }
        let origin = self.origin(id, "Policies");
        let (mut identity, mut names) = (Vec::new(), Vec::new());
        for alternative in self.alternatives(id, properties, "Policies")? {
            let items = match &alternative {
                Resolved::List(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for item in items {
                match item {
                    Resolved::Text(name) => names.push(self.managed_policy(name)),
                    item if *item.get("Statement") != Resolved::Null => {
                        let document = Arc::new(self.read(item, &origin)?);
                        if !identity.contains(&document) {
                            identity.push(document);
                        }
                    }
                    // One of SAM's templates, or nothing.
                    _ => {}
                }
            }
        }
        names.sort();
        names.dedup();
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": self.stack.place.account } },
        }] });
        let trust = Document::parse(&Resolved::from(&trust), self.origin(id, "Role"))?;
        self.piece.roles.push(Role {
            arn: self.arn("iam", "", &format!("role/{}Role", self.resolver.unique(id))),
            account: self.stack.place.account.clone(),
            tags: BTreeMap::new(),
            boundary: self.text(id, properties, "PermissionsBoundary")?,
            identity,
            managed: BTreeMap::new(),
            has_foreign_policies: !names.is_empty(),
            foreign_policies: names,
            trust,
        });
        Ok(())
    }

    /// The ARN of a managed policy that may be given by its name.
    fn managed_policy(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        format!("arn:{}:iam::aws:policy/{name}", self.stack.place.partition())
    }
}
