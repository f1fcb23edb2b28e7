//! What a template asks for that CloudFormation does not do, or does without looking: read from the template alone,
//! so that whoever deploys it by other means can do the same.

use std::collections::BTreeSet;

use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::{ResourceEntry, Template, Value, read};
use serde_json::Value as Json;

/// What is to be looked after beside a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Duties {
    /// Administrators of Lake Formation that the template adds.
    pub administrators: BTreeSet<String>,
    /// Databases of Glue that the template makes; links to others are not among them.
    pub databases: BTreeSet<String>,
    /// Tables that it makes in databases of others: the database, then the table.
    pub tables: BTreeSet<(String, String)>,
    /// Permissions of Lake Formation that the template gives.
    pub permissions: Vec<Permission>,
    /// What is left to IAM permissions on the tables of an imported bucket.
    pub hybrid: Hybrid,
    /// Roles that the template names as somebody who receives access, administrators too, by ARN.
    pub principals: BTreeSet<String>,
    /// Topics with mails as receivers, by ARN.
    pub topics: BTreeSet<String>,
}

/// What is left to IAM permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hybrid {
    /// Nothing: the location is not in hybrid access mode.
    #[default]
    Off,
    /// IAM permissions go on to work; the consumers of shares are opted in, as they have no others.
    On,
    /// `IAMAllowedPrincipals` has no permission any more, which is looked at.
    Closed,
}

/// A permission of Lake Formation.
#[derive(Debug, Clone, PartialEq)]
pub struct Permission {
    /// The logical id.
    pub logical_id: String,
    /// Who receives it.
    pub principal: String,
    /// On what, as Lake Formation's API writes it.
    pub resource: Json,
    /// The rights, such as `SELECT`.
    pub rights: BTreeSet<String>,
}

impl Permission {
    /// The database and the table that it is about, when it is about one.
    pub fn table(&self) -> Option<(&str, Option<&str>)> {
        for kind in ["Table", "TableWithColumns", "DataCellsFilter"] {
            let Some(about) = self.resource.get(kind) else { continue };
            let name = if kind == "DataCellsFilter" { "TableName" } else { "Name" };
            let database = about.get("DatabaseName").and_then(Json::as_str)?;
            return Some((database, about.get(name).and_then(Json::as_str)));
        }
        let database = self.resource.get("Database")?.get("Name").and_then(Json::as_str)?;
        Some((database, None))
    }
}

impl Duties {
    /// Reads a template's text where it is deployed. A template that cannot be read has none that are known here;
    /// CloudFormation will say what is wrong with it.
    pub fn of(template: &str, place: &Place) -> Self {
        read::template(template)
            .map(|template| Self::of_template(&template, place))
            .unwrap_or_default()
    }

    fn of_template(template: &Template, place: &Place) -> Self {
        let resolver = Resolver::new(template, place, Branch::Then);
        let mut duties = Self { hybrid: hybrid(template), ..Self::default() };
        let made: BTreeSet<String> = template
            .resources
            .iter()
            .filter(|(_, resource)| resource.kind == "AWS::IAM::Role")
            .filter_map(|(_, role)| role.properties.get("RoleName")?.as_text())
            .map(|name| format!("arn:{}:iam::{}:role/{name}", place.partition(), place.account))
            .collect();
        for (id, resource) in &template.resources {
            let plain = plain(&resolver, resource);
            match resource.kind.as_ref() {
                "AWS::LakeFormation::DataLakeSettings" => {
                    let admins = plain["Admins"].as_array().into_iter().flatten();
                    let arns = admins.filter_map(|one| {
                        one["DataLakePrincipalIdentifier"].as_str().map(str::to_owned)
                    });
                    duties.administrators.extend(arns);
                }
                "AWS::Glue::Database" if plain["DatabaseInput"]["TargetDatabase"].is_null() => {
                    let name = plain["DatabaseInput"]["Name"].as_str();
                    duties.databases.extend(name.map(str::to_owned));
                }
                "AWS::Glue::Table" => {
                    let names = (
                        plain["DatabaseName"].as_str().map(str::to_owned),
                        plain["TableInput"]["Name"].as_str().map(str::to_owned),
                    );
                    if let (Some(database), Some(table)) = names {
                        duties.tables.insert((database, table));
                    }
                }
                "AWS::LakeFormation::PrincipalPermissions" => {
                    let principal = &plain["Principal"]["DataLakePrincipalIdentifier"];
                    let rights = plain["Permissions"].as_array().into_iter().flatten();
                    duties.permissions.push(Permission {
                        logical_id: id.to_string(),
                        principal: principal.as_str().unwrap_or_default().to_owned(),
                        resource: plain["Resource"].clone(),
                        rights: rights.filter_map(Json::as_str).map(str::to_owned).collect(),
                    });
                }
                "AWS::SNS::Subscription" if plain["Protocol"] == "email" => {
                    duties.topics.extend(plain["TopicArn"].as_str().map(str::to_owned));
                }
                _ => {}
            }
            principals(&plain, &mut duties.principals);
        }
        let own = duties.databases.clone();
        duties.tables.retain(|(database, _)| !own.contains(database));
        duties.principals.extend(duties.permissions.iter().map(|one| one.principal.clone()));
        duties.principals.extend(duties.administrators.iter().cloned());
        duties.principals.retain(|arn| arn.contains(":role/") && !made.contains(arn));
        duties
    }
}

/// A resource's properties as the service will see them. What is not known before the deployment is left out: names
/// and ARNs that are looked at here are known.
fn plain(resolver: &Resolver<'_>, resource: &ResourceEntry) -> Json {
    let entries = resource.properties.iter().filter_map(|(key, value)| {
        let found = resolver.resolve(value).ok().flatten()?;
        Some((key.to_string(), Resolved::into_plain(found)))
    });
    Json::Object(entries.collect())
}

/// The roles that statements of policies name as principals.
fn principals(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| principals(item, found)),
        Json::Object(entries) => {
            if entries.contains_key("Effect")
                && let Some(aws) =
                    entries.get("Principal").and_then(|principal| principal.get("AWS"))
            {
                let several = aws.as_array().into_iter().flatten();
                let all = several.chain(std::iter::once(aws)).filter_map(Json::as_str);
                found.extend(all.map(str::to_owned));
            }
            entries.values().for_each(|item| principals(item, found));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// How the template says it, in its metadata.
fn hybrid(template: &Template) -> Hybrid {
    let own = template.metadata.get("Lakewright").and_then(Value::as_map);
    match own.and_then(|own| own.get("HybridAccess")?.as_text()) {
        Some("closed") => Hybrid::Closed,
        Some(_) => Hybrid::On,
        None => Hybrid::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_asks_for_is_read_from_it() {
        let template = r#"{
            "Metadata": {"Lakewright": {"HybridAccess": "opt_in"}},
            "Resources": {
                "D": {"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "1", "DatabaseInput": {"Name": "d"}}},
                "L": {"Type": "AWS::Glue::Database", "Properties": {"DatabaseInput": {"Name": "l",
                    "TargetDatabase": {"CatalogId": "2", "DatabaseName": "x"}}}},
                "R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "own", "AssumeRolePolicyDocument":
                    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}}]}}},
                "P": {"Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": {
                    "Principal": {"DataLakePrincipalIdentifier": {"Fn::GetAtt": ["R", "Arn"]}},
                    "Permissions": ["SELECT"], "Resource": {"Table": {"DatabaseName": "d", "Name": "t"}}}}
            }}"#;
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let duties = Duties::of(template, &place);
        assert_eq!(duties.databases, BTreeSet::from(["d".to_owned()]));
        assert_eq!(duties.hybrid, Hybrid::On);
        assert_eq!(
            duties.principals,
            BTreeSet::from(["arn:aws:iam::111122223333:role/other".to_owned()]),
            "roles that the template makes itself are there when it needs them"
        );
        let [permission] = duties.permissions.as_slice() else { unreachable!("{duties:?}") };
        assert_eq!(permission.principal, "arn:aws:iam::111122223333:role/own");
        assert_eq!(permission.table(), Some(("d", Some("t"))));
    }
}
