//! What a template needs that CloudFormation does not do, or does without checking. It is read from the template
//! alone, so that anybody who deploys by other means can do the same.

use std::collections::BTreeSet;

use lakewright_template::place::Place;
use lakewright_template::read::ReadError;
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::{LogicalId, ResourceEntry, Template, Value, read};
use serde_json::Value as Json;

/// The work for a stack besides CloudFormation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Duties {
    /// Administrators of Lake Formation that the template adds, by ARN.
    pub administrators: BTreeSet<String>,
    /// Glue databases that the template creates, without resource links.
    pub databases: BTreeSet<String>,
    /// Tables that it creates in databases of other stacks: the database, then the table.
    pub tables: BTreeSet<(String, String)>,
    /// Lake Formation permissions that the template grants.
    pub permissions: Vec<Permission>,
    /// Whether IAM permissions still apply to the tables of an imported bucket.
    pub hybrid: Hybrid,
    /// Roles that the template names as principals or administrators but does not create, by ARN.
    pub principals: BTreeSet<String>,
    /// Topics with e-mail subscriptions, by ARN.
    pub topics: BTreeSet<String>,
}

/// Why the duties of a template are not known. To have none would leave databases open to everybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// The text is not a template.
    #[error("the template cannot be read: {0}")]
    Unread(#[from] ReadError),
    /// A name or an ARN is not in the template.
    #[error("`{property}` of {logical_id} is not known before the deployment")]
    Unknown {
        /// The logical id of the resource.
        logical_id: String,
        /// The property.
        property: &'static str,
    },
}

/// Whether IAM permissions still apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hybrid {
    /// No location is in hybrid access mode.
    #[default]
    Off,
    /// IAM permissions still apply. The consumers of shares are opted in, because they have no IAM permissions.
    On,
    /// `IAMAllowedPrincipals` must have no permission any more, which is checked.
    Closed,
}

/// A Lake Formation permission.
#[derive(Debug, Clone, PartialEq)]
pub struct Permission {
    /// The logical id.
    pub logical_id: String,
    /// The ARN of the principal that receives it.
    pub principal: String,
    /// The resource, in the format of Lake Formation's API.
    pub resource: Json,
    /// The permissions, such as `SELECT`.
    pub rights: BTreeSet<String>,
}

impl Permission {
    /// The database, and the table if the resource is one; `None` for other resources.
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
    /// The duties of a template in an account and region.
    pub fn of(template: &str, place: &Place) -> Result<Self, Unclear> {
        Self::of_template(&read::template(template)?, place)
    }

    fn of_template(template: &Template, place: &Place) -> Result<Self, Unclear> {
        let resolver = Resolver::new(template, place, Branch::Then);
        let mut duties = Self { hybrid: hybrid(template), ..Self::default() };
        let made: BTreeSet<String> = template
            .resources
            .iter()
            .filter(|(_, resource)| resource.kind == "AWS::IAM::Role")
            .filter_map(|(_, role)| role.properties.get("RoleName")?.as_text())
            .map(|name| place.role_arn(name))
            .collect();
        for (id, resource) in &template.resources {
            let plain = plain(&resolver, resource);
            match resource.kind.as_ref() {
                "AWS::LakeFormation::DataLakeSettings" => {
                    for one in list(id, resource, &plain, "Admins")? {
                        let arn = &one["DataLakePrincipalIdentifier"];
                        duties.administrators.insert(text(id, "Admins", arn)?);
                    }
                }
                "AWS::Glue::Database" if plain["DatabaseInput"]["TargetDatabase"].is_null() => {
                    let name = &plain["DatabaseInput"]["Name"];
                    duties.databases.insert(text(id, "DatabaseInput.Name", name)?);
                }
                "AWS::Glue::Table" => {
                    let database = text(id, "DatabaseName", &plain["DatabaseName"])?;
                    let table = text(id, "TableInput.Name", &plain["TableInput"]["Name"])?;
                    duties.tables.insert((database, table));
                }
                "AWS::LakeFormation::PrincipalPermissions" => {
                    let principal = &plain["Principal"]["DataLakePrincipalIdentifier"];
                    let rights = list(id, resource, &plain, "Permissions")?.iter();
                    let rights = rights.map(|right| text(id, "Permissions", right));
                    if !plain["Resource"].is_object() {
                        return Err(unknown(id, "Resource"));
                    }
                    duties.permissions.push(Permission {
                        logical_id: id.to_string(),
                        principal: text(id, "Principal", principal)?,
                        resource: plain["Resource"].clone(),
                        rights: rights.collect::<Result<_, _>>()?,
                    });
                }
                "AWS::SNS::Subscription" if plain["Protocol"] == "email" => {
                    duties.topics.insert(text(id, "TopicArn", &plain["TopicArn"])?);
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
        Ok(duties)
    }
}

fn unknown(id: &LogicalId, property: &'static str) -> Unclear {
    Unclear::Unknown { logical_id: id.to_string(), property }
}

/// The text that a duty is about.
fn text(id: &LogicalId, property: &'static str, value: &Json) -> Result<String, Unclear> {
    value.as_str().map(str::to_owned).ok_or_else(|| unknown(id, property))
}

/// The items of a property. A property that the template does not set has none.
fn list<'p>(
    id: &LogicalId,
    resource: &ResourceEntry,
    plain: &'p Json,
    property: &'static str,
) -> Result<&'p [Json], Unclear> {
    match &plain[property] {
        Json::Array(items) => Ok(items.as_slice()),
        _ if resource.properties.get(property).is_none() => Ok(&[]),
        _ => Err(unknown(id, property)),
    }
}

/// A resource's resolved properties, without those that are unknown before the deployment. Duties that need one of them
/// are an error. Of a policy, only the roles that it names are read, and AWS refuses one that does not exist.
fn plain(resolver: &Resolver<'_>, resource: &ResourceEntry) -> Json {
    let entries = resource.properties.iter().filter_map(|(key, value)| {
        let found = resolver.resolve(value).ok().flatten()?;
        Some((key.to_string(), Resolved::into_plain(found)))
    });
    Json::Object(entries.collect())
}

/// Collects the AWS principals of all policy statements within a value.
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

/// The hybrid access mode in the template's metadata.
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
        let duties = Duties::of(template, &place).expect("what is to be done");
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

    /// CloudFormation takes such a database. Source: the schema of `AWS::Glue::Database`, in which `Name` is not required.
    #[test]
    fn a_database_without_a_known_name_is_not_one_without_duties() {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let of = |input: &str| {
            let database = format!(
                r#"{{"Type": "AWS::Glue::Database", "Properties": {{"CatalogId": "1", "DatabaseInput": {input}}}}}"#
            );
            Duties::of(&format!(r#"{{"Resources": {{"D": {database}}}}}"#), &place)
        };
        let error = of(r#"{"Description": "no name"}"#).expect_err("a name that is not known");
        assert_eq!(
            error.to_string(),
            "`DatabaseInput.Name` of D is not known before the deployment"
        );
        assert!(of(r#"{"Name": "d"}"#).is_ok());
        let error = Duties::of("not a template", &place).expect_err("no template");
        assert!(error.to_string().starts_with("the template cannot be read: line 1: "), "{error}");
    }
}
