//! Determines what the templates of an account use.

use std::collections::BTreeSet;

use lakewright_template::arn::ArnParts;
use lakewright_template::{Intrinsic, Map, Template, Text, Value};

/// What templates use: the input of the execution role's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// The resource types.
    pub kinds: BTreeSet<Text>,
    /// Whether template parameters are read from SSM.
    pub reads_parameters: bool,
    /// Whether templates query a region's availability zones.
    pub asks_for_zones: bool,
    /// Whether Lake Formation permissions are granted to other accounts.
    pub shares_tables: bool,
    /// The connections of pipelines.
    pub connections: BTreeSet<String>,
    /// Names of created roles that do not begin with the prefix.
    pub made_roles: BTreeSet<String>,
    /// Names of created managed policies that do not begin with the prefix.
    pub made_policies: BTreeSet<String>,
    /// Managed policies attached to roles outside of the prefix, as the role's name and the policy's.
    pub attached: BTreeSet<(String, String)>,
    /// Glue databases outside of the prefix that permissions and tables name, as `account/name`.
    pub databases: BTreeSet<String>,
    /// Tables declared in such databases, as `account/database/table`.
    pub tables: BTreeSet<String>,
    /// ARNs of roles outside of the prefix that are passed to services, each with the type of the resource that
    /// receives it.
    pub passed_roles: BTreeSet<(String, Text)>,
}

impl Usage {
    /// What one template of an account uses. Names that begin with the prefix are left out, because the policy covers
    /// them all: an additional dataset changes nothing.
    pub fn of(template: &Template, account: &str, prefix: &str) -> Self {
        let covered = Covered {
            account,
            name: &format!("{prefix}-"),
            role: &format!(":role/{prefix}-"),
            database: &format!("{}_", prefix.replace('-', "_")),
        };
        let mut usage = Self {
            reads_parameters: template.parameters.values().any(|parameter| {
                let kind = parameter.attributes.get("Type").and_then(Value::as_text);
                kind.is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value<"))
            }),
            ..Self::default()
        };
        for resource in template.resources.values() {
            usage.kinds.insert(resource.kind.clone());
            let named = [
                ("ManagedPolicyName", &mut usage.made_policies),
                ("RoleName", &mut usage.made_roles),
            ];
            for (property, names) in named {
                let name = resource.properties.get(property).and_then(Value::as_text);
                let is_iam = resource.kind.starts_with("AWS::IAM::");
                let name = name.filter(|name| is_iam && !name.starts_with(covered.name));
                names.extend(name.map(str::to_owned));
            }
            if resource.kind == "AWS::IAM::ManagedPolicy" {
                usage.attached.extend(attached(&resource.properties, &covered));
            }
            if resource.kind.starts_with("AWS::IAM::") || resource.kind.starts_with("AWS::KMS::") {
                continue;
            }
            usage.collect(&resource.kind, &resource.properties, &covered);
            if resource.kind == "AWS::Glue::Table" {
                usage.tables.extend(table(&resource.properties, &covered));
            }
            for (_, value) in resource.properties.iter() {
                value.walk(&mut |value| {
                    if let Some(map) = value.as_map() {
                        usage.collect(&resource.kind, map, &covered);
                    }
                    let call = value.as_intrinsic();
                    usage.asks_for_zones |= matches!(call, Some(Intrinsic::GetAzs(_)));
                });
            }
        }
        usage
    }

    fn collect(&mut self, kind: &Text, map: &Map, covered: &Covered<'_>) {
        let [mut catalog, mut database] = [None, None];
        let mut is_elsewhere = false;
        // One pass over the entries: most maps are tags and have none of these.
        for (key, value) in map.iter() {
            let Some(text) = value.as_text() else { continue };
            match key.as_ref() {
                "ExecutionRole" | "Role" | "RoleArn" | "ServiceRole"
                    if !text.contains(covered.role) =>
                {
                    self.passed_roles.insert((text.to_owned(), kind.clone()));
                }
                "DataLakePrincipalIdentifier" => {
                    self.shares_tables |=
                        ArnParts::parse(text).is_some_and(|arn| arn.account != covered.account);
                }
                "ConnectionArn" => {
                    self.connections.insert(text.to_owned());
                }
                "CatalogId" => catalog = Some(text),
                "TableCatalogId" => catalog = catalog.or(Some(text)),
                "DatabaseName" => database = Some(text),
                "Name" => database = database.or(Some(text)),
                // Databases in another region are not read from here.
                "Region" => is_elsewhere = true,
                _ => {}
            }
        }
        if let (Some(account), Some(name)) = (catalog, database)
            && !is_elsewhere
            && !name.starts_with(covered.database)
        {
            self.databases.insert(format!("{account}/{name}"));
        }
    }

    /// Adds what another template uses.
    pub fn merge(&mut self, other: &Self) {
        let Self {
            kinds,
            reads_parameters,
            asks_for_zones,
            shares_tables,
            connections,
            made_roles,
            made_policies,
            attached,
            databases,
            tables,
            passed_roles,
        } = other;
        self.asks_for_zones |= asks_for_zones;
        self.shares_tables |= shares_tables;
        self.connections.extend(connections.iter().cloned());
        self.made_roles.extend(made_roles.iter().cloned());
        self.made_policies.extend(made_policies.iter().cloned());
        self.attached.extend(attached.iter().cloned());
        self.kinds.extend(kinds.iter().cloned());
        self.reads_parameters |= reads_parameters;
        self.databases.extend(databases.iter().cloned());
        self.tables.extend(tables.iter().cloned());
        self.passed_roles.extend(passed_roles.iter().cloned());
    }
}

/// A managed policy, with each role outside of the prefix that it is attached to.
fn attached(properties: &Map, covered: &Covered<'_>) -> Vec<(String, String)> {
    let policy = properties.get("ManagedPolicyName").and_then(Value::as_text);
    let roles = properties.get("Roles").and_then(Value::as_list).into_iter().flatten();
    let roles = roles.filter_map(Value::as_text).filter(|role| !role.starts_with(covered.name));
    policy
        .map(|policy| roles.map(|role| (role.to_owned(), policy.to_owned())).collect())
        .unwrap_or_default()
}

/// A table declared in a database outside of the prefix.
fn table(properties: &Map, covered: &Covered<'_>) -> Option<String> {
    let database = properties.get("DatabaseName")?.as_text()?;
    if database.starts_with(covered.database) {
        return None;
    }
    let name = properties.get("TableInput")?.as_map()?.get("Name")?.as_text()?;
    Some(format!("{}/{database}/{name}", covered.account))
}

/// The prefixes of covered names.
struct Covered<'a> {
    account: &'a str,
    name: &'a str,
    role: &'a str,
    database: &'a str,
}
