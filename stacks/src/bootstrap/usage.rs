//! What the templates of an account really use.

use std::collections::BTreeSet;

use lakewright_template::{Template, Value};

/// What some templates use: the base of the execution role's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resource types.
    pub kinds: BTreeSet<String>,
    /// Whether parameters of templates are read from SSM.
    pub reads_parameters: bool,
    /// Glue databases that permissions and tables name, as `account/name`.
    pub databases: BTreeSet<String>,
    /// Names of existing roles that policies are attached to.
    pub attached_roles: BTreeSet<String>,
    /// ARNs of existing roles that are handed to services.
    pub passed_roles: BTreeSet<String>,
}

impl Usage {
    /// What one template uses.
    pub fn of(template: &Template) -> Self {
        let mut usage = Self {
            reads_parameters: template.parameters.values().any(|parameter| {
                let kind = parameter.attributes.get("Type").and_then(Value::as_text);
                kind.is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value<"))
            }),
            ..Self::default()
        };
        for resource in template.resources.values() {
            usage.kinds.insert(resource.kind.to_string());
            if resource.kind == "AWS::IAM::ManagedPolicy"
                && let Some(Value::List(roles)) = resource.properties.get("Roles")
            {
                let names = roles.iter().filter_map(Value::as_text);
                usage.attached_roles.extend(names.map(str::to_owned));
            }
            if resource.kind.starts_with("AWS::IAM::") || resource.kind.starts_with("AWS::KMS::") {
                continue;
            }
            for (_, value) in resource.properties.iter() {
                value.walk(&mut |value| usage.collect(value));
            }
        }
        usage
    }

    fn collect(&mut self, value: &Value) {
        let Some(map) = value.as_map() else { return };
        for property in ["ExecutionRole", "Role", "RoleArn", "ServiceRole"] {
            if let Some(arn) = map.get(property).and_then(Value::as_text) {
                self.passed_roles.insert(arn.to_owned());
            }
        }
        let text = |property: &str| map.get(property).and_then(Value::as_text);
        let account = text("CatalogId").or_else(|| text("TableCatalogId"));
        if let (Some(account), Some(name)) =
            (account, text("DatabaseName").or_else(|| text("Name")))
        {
            self.databases.insert(format!("{account}/{name}"));
        }
    }

    /// What both use.
    pub fn merge(&mut self, other: &Self) {
        let Self { kinds, reads_parameters, databases, attached_roles, passed_roles } = other;
        self.kinds.extend(kinds.iter().cloned());
        self.reads_parameters |= reads_parameters;
        self.databases.extend(databases.iter().cloned());
        self.attached_roles.extend(attached_roles.iter().cloned());
        self.passed_roles.extend(passed_roles.iter().cloned());
    }

    /// The same without what a prefix covers, so that one more dataset changes nothing.
    pub(super) fn beyond(&self, prefix: &str) -> Self {
        let catalog = format!("/{}_", prefix.replace('-', "_"));
        let role = format!(":role/{prefix}-");
        Self {
            databases: self.databases.iter().filter(|d| !d.contains(&catalog)).cloned().collect(),
            passed_roles: self
                .passed_roles
                .iter()
                .filter(|r| !r.contains(&role))
                .cloned()
                .collect(),
            ..self.clone()
        }
    }
}
