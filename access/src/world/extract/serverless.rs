//! Roles that the serverless transform (AWS SAM) creates for functions and state machines.
//!
//! Source: "AWS::Serverless::Function" and "AWS::Serverless::StateMachine" in the AWS SAM developer guide: without the
//! property `Role`, SAM creates a role with the policies of the property `Policies`. This property takes names and ARNs
//! of managed policies, documents, and names of SAM's own policy templates, each for one resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_template::arn::ArnParts;
use lakewright_template::resolve::{Resolved, UNKNOWN};
use lakewright_template::{LogicalId, Map, Value};
use serde_json::json;

use super::{More, PieceError, Reader, Role};
use crate::document::Document;

impl Reader<'_> {
    /// Reads the role that SAM creates for a function or a state machine.
    pub(super) fn serverless(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        service: &str,
    ) -> Result<(), PieceError> {
        const TRUST: &str = "AssumeRolePolicyDocument";
        let section = if service.starts_with("lambda") { "Function" } else { "StateMachine" };
        if properties.get("Role").is_some() {
            return Ok(());
        }
        let origin = self.origin(id, "Policies");
        let (mut identity, mut names) = (Vec::new(), Vec::new());
        // The transform also attaches policies for logs, networks, tracing and event sources. They contain no deny.
        let is_one_way = self.is_one_way(properties, "Policies");
        let mut more = if is_one_way { More::Allowing } else { More::Anything };
        for alternative in self.alternatives(id, properties, "Policies")? {
            let items = match &alternative {
                Resolved::List(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for item in items {
                match item {
                    Resolved::Text(name) => {
                        if name.contains(UNKNOWN) {
                            more = More::Anything;
                        }
                        names.push(self.managed_policy(name));
                    }
                    item if *item.get("Statement") != Resolved::Null => {
                        let mut document = self.read(item, &origin)?;
                        document.statements.iter_mut().for_each(|one| one.is_certain &= is_one_way);
                        let document = Arc::new(document);
                        if !identity.contains(&document) {
                            identity.push(document);
                        }
                    }
                    // SAM's policy templates contain no deny.
                    item if is_template(item) => {}
                    _ => more = More::Anything,
                }
            }
        }
        names.sort();
        names.dedup();
        let global = self.stack.template.globals.get(section).and_then(Value::as_map);
        let has_global = |name: &str| global.is_some_and(|global| global.get(name).is_some());
        if has_global("Policies") {
            more = More::Anything;
        }
        let boundary = self.boundary(id, properties)?;
        let boundary = boundary.or(has_global("PermissionsBoundary").then(|| UNKNOWN.to_owned()));
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": self.stack.place.account } },
        }] });
        let mut trust = Document::parse(&Resolved::from(&trust), self.origin(id, "Role"))?;
        trust.is_partial = has_global(TRUST);
        if let Some(own) = self.document(id, properties, "AssumeRolePolicyDocument")? {
            trust = own;
        }
        self.function_url(id, properties)?;
        let arn = self.arn("iam", "", &format!("role/{}Role", self.resolver.unique(id)));
        self.piece.implied.push((arn.clone(), format!("{id}Role")));
        self.piece.roles.push(Role {
            arn,
            account: self.stack.place.account.to_string(),
            tags: BTreeMap::new(),
            boundary,
            identity,
            managed: BTreeMap::new(),
            has_foreign_policies: !names.is_empty(),
            foreign_policies: names,
            more,
            trust,
        });
        Ok(())
    }

    /// Reads a function URL without authentication: SAM allows everybody to invoke it. Source: "FunctionUrlConfig" in
    /// the AWS SAM developer guide, AuthType.
    fn function_url(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let url = self.value(id, properties, "FunctionUrlConfig")?;
        if url.get("AuthType").as_text() != Some("NONE") {
            return Ok(());
        }
        let open = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
        }] });
        let document = self.read(&Resolved::from(&open), &self.origin(id, "FunctionUrlConfig"))?;
        self.piece.others.push(document);
        Ok(())
    }

    /// The ARN of a managed policy, which may be given by name.
    fn managed_policy(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        let partition = self.stack.place.partition();
        ArnParts::iam(partition, "aws", &format!("policy/{name}")).into()
    }
}

/// Whether an entry of `Policies` is one of SAM's policy templates, each for one resource, or null. Source: "AWS SAM
/// policy templates" in the AWS SAM developer guide; their names have these endings.
fn is_template(item: &Resolved<'_>) -> bool {
    *item == Resolved::Null
        || item.as_map().is_some_and(|entries| {
            entries.iter().all(|(name, _)| name.ends_with("Policy") || name.ends_with("Access"))
        })
}
