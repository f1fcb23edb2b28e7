//! What decides an update of a resource, for every resource type of the package that the schemas come from.
//!
//! The head of `template/data/updates.txt` says what its columns are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One line for each resource type.
const TABLE: &str = include_str!("../../data/updates.txt");

/// What decides an update of the resources of a type. Pointers are JSON pointers below `Properties`.
#[derive(Debug)]
pub struct UpdateRules {
    /// The first letters of the handlers for creation, reading, update and deletion; `None` if the schema names none.
    handlers: Option<&'static str>,
    deletes_first: bool,
    create_only: Vec<&'static str>,
    conditional_create_only: Vec<&'static str>,
    primary_identifier: Vec<&'static str>,
}

/// Whether CloudFormation creates, reads, updates and deletes the resources of a type with handlers.
///
/// Source: `ProvisioningType` of `DescribeType`, CloudFormation API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioning {
    /// The type has each of the handlers.
    FullyMutable,
    /// It has all but that for updates.
    Immutable,
    /// It lacks the handler for creation, reading or deletion.
    NonProvisionable,
}

impl Provisioning {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FullyMutable => "FULLY_MUTABLE",
            Self::Immutable => "IMMUTABLE",
            Self::NonProvisionable => "NON_PROVISIONABLE",
        }
    }
}

/// What decides an update of the resources of a type; `None` if the package has no such type.
pub fn updates_of(kind: &str) -> Option<&'static UpdateRules> {
    static RULES: LazyLock<BTreeMap<&'static str, UpdateRules>> = LazyLock::new(|| {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| rules(line).expect("codegen wrote this table, and a test reads each line"))
            .collect()
    });
    RULES.get(kind)
}

/// The type and the rules of a line.
fn rules(line: &'static str) -> Option<(&'static str, UpdateRules)> {
    let mut columns = line.split(" | ");
    let kind = columns.next()?;
    let mut words = columns.next()?.split(' ');
    let handlers = words.next().filter(|letters| *letters != "-");
    let deletes_first = words.next() == Some("delete-first");
    let create_only = pointers(columns.next()?);
    let conditional_create_only = pointers(columns.next()?);
    let primary_identifier = pointers(columns.next()?);
    let rules = UpdateRules {
        handlers,
        deletes_first,
        create_only,
        conditional_create_only,
        primary_identifier,
    };
    Some((kind, rules))
}

fn pointers(column: &'static str) -> Vec<&'static str> {
    column.split_whitespace().collect()
}

impl UpdateRules {
    /// Properties whose change replaces the resource.
    pub fn create_only(&self) -> impl Iterator<Item = &'static str> {
        self.create_only.iter().copied()
    }

    /// Properties whose change replaces the resource under conditions.
    pub fn conditional_create_only(&self) -> impl Iterator<Item = &'static str> {
        self.conditional_create_only.iter().copied()
    }

    /// Properties that together identify a resource. The service may set some.
    pub fn primary_identifier(&self) -> impl Iterator<Item = &'static str> {
        self.primary_identifier.iter().copied()
    }

    /// Whether CloudFormation deletes the old resource of a replacement before it creates the new one.
    pub fn deletes_before_it_creates(&self) -> bool {
        self.deletes_first
    }

    /// Whether the schema names handlers.
    ///
    /// A schema without handlers is older than the handlers: CloudFormation updates such resources all the same. These schemas have
    /// no conditionally create-only properties and none within others, so a property that is not create-only may be one nevertheless:
    /// `/LustreConfiguration/DeploymentType` of `AWS::FSx::FileSystem` is in the CloudFormation resource specification 63.0.0.
    pub fn names_handlers(&self) -> bool {
        self.handlers.is_some()
    }

    /// Whether the schema names handlers, but none for updates: each change replaces the resource.
    pub fn is_always_replaced(&self) -> bool {
        self.handlers.is_some_and(|letters| !letters.contains('u'))
    }

    /// What CloudFormation says about the type's handlers.
    pub fn provisioning(&self) -> Provisioning {
        let has = |letter: char| self.handlers.is_some_and(|letters| letters.contains(letter));
        if !(has('c') && has('r') && has('d')) {
            Provisioning::NonProvisionable
        } else if has('u') {
            Provisioning::FullyMutable
        } else {
            Provisioning::Immutable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::{kinds, of, pointers};

    /// The types of the table.
    fn types() -> Vec<&'static str> {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split(" | ").next()).collect()
    }

    #[test]
    fn each_line_has_a_type_of_its_own_with_an_identifier() {
        let types = types();
        assert!(types.is_sorted() && types.len() > 1800, "{} types", types.len());
        let distinct: BTreeSet<&str> = types.iter().copied().collect();
        assert_eq!(distinct.len(), types.len());
        for kind in types {
            let rules = updates_of(kind).expect(kind);
            assert!(rules.primary_identifier().next().is_some(), "{kind}");
            let pointers = rules.create_only().chain(rules.conditional_create_only());
            for pointer in pointers.chain(rules.primary_identifier()) {
                assert!(pointer.starts_with('/'), "{kind} {pointer}");
            }
            let letters = rules.handlers.unwrap_or("c");
            assert!(letters.chars().all(|letter| "crud".contains(letter)), "{kind} {letters}");
        }
        assert!(updates_of("AWS::Nothing::AtAll").is_none());
        assert!(updates_of("# TYPE").is_none());
        // Each program holds the table.
        let bytes: usize = TABLE.lines().map(str::len).sum();
        assert!(bytes < 250_000, "{bytes} bytes");
    }

    #[test]
    fn the_table_and_the_pinned_schemas_agree() {
        for kind in kinds() {
            let (schema, rules) = (of(kind).expect(kind), updates_of(kind).expect(kind));
            let create_only: BTreeSet<&str> =
                pointers(&schema.plain, "createOnlyProperties").collect();
            assert!(create_only.into_iter().eq(rules.create_only()), "{kind}");
            let conditional: BTreeSet<&str> =
                pointers(&schema.plain, "conditionalCreateOnlyProperties").collect();
            assert!(conditional.into_iter().eq(rules.conditional_create_only()), "{kind}");
            let identifier = pointers(&schema.plain, "primaryIdentifier");
            assert!(identifier.eq(rules.primary_identifier()), "{kind}");
            let deletes_first = schema.plain["replacementStrategy"] == "delete_then_create";
            assert_eq!(deletes_first, rules.deletes_before_it_creates(), "{kind}");
            let has_handler = |handler: &str| schema.plain["handlers"][handler].is_object();
            assert_eq!(has_handler("update"), !rules.is_always_replaced(), "{kind}");
            // Codegen adds the handlers of the schemas that have none.
            let handlers = [("create", 'c'), ("read", 'r'), ("update", 'u'), ("delete", 'd')];
            for (handler, letter) in handlers {
                let stated = rules.handlers.map(|letters| letters.contains(letter));
                let is_there = has_handler(handler);
                assert_eq!(stated.unwrap_or(is_there), is_there, "{kind} {handler}");
            }
        }
    }

    /// Source: the pages of the types in the CloudFormation template reference, "Update requires: Replacement".
    #[test]
    fn create_only_properties_are_those_of_the_template_reference() {
        for (kind, pointer) in [
            ("AWS::DynamoDB::Table", "/TableName"),
            ("AWS::EC2::Instance", "/ImageId"),
            ("AWS::ECS::Service", "/Cluster"),
            ("AWS::ECS::Service", "/Role"),
            ("AWS::Lambda::Function", "/FunctionName"),
            ("AWS::LakeFormation::Resource", "/ResourceArn"),
        ] {
            let rules = updates_of(kind).expect(kind);
            assert!(rules.create_only().any(|one| one == pointer), "{kind} {pointer}");
        }
        for (kind, pointer) in [
            ("AWS::ECS::Service", "/DesiredCount"),
            ("AWS::IAM::Policy", "/Roles"),
            ("AWS::Lambda::Function", "/Code"),
            ("AWS::Lambda::Function", "/MemorySize"),
        ] {
            let rules = updates_of(kind).expect(kind);
            let mut create_only = rules.create_only().chain(rules.conditional_create_only());
            assert!(create_only.all(|one| one != pointer), "{kind} {pointer}");
        }
    }

    /// Source: `handlers` in the schemas, and `ProvisioningType` of `DescribeType`, CloudFormation API reference.
    #[test]
    fn handlers_determine_how_a_type_is_provisioned() {
        for (kind, expected, is_always_replaced) in [
            ("AWS::Lambda::Function", Provisioning::FullyMutable, false),
            ("AWS::AutoScaling::LaunchConfiguration", Provisioning::Immutable, true),
            // No handler reads an inline policy.
            ("AWS::IAM::Policy", Provisioning::NonProvisionable, false),
            // Its schema names no handlers.
            ("AWS::DocDB::DBCluster", Provisioning::NonProvisionable, false),
        ] {
            let rules = updates_of(kind).expect(kind);
            assert_eq!(rules.provisioning(), expected, "{kind}");
            assert_eq!(rules.is_always_replaced(), is_always_replaced, "{kind}");
        }
        assert!(updates_of("AWS::IAM::Policy").expect("a policy").names_handlers());
        assert!(!updates_of("AWS::DocDB::DBCluster").expect("a cluster").names_handlers());
    }

    /// What `names_handlers` says about them.
    #[test]
    fn schemas_without_handlers_know_create_only_properties_of_the_first_level_only() {
        for kind in types() {
            let rules = updates_of(kind).expect(kind);
            if !rules.names_handlers() {
                assert!(rules.conditional_create_only().next().is_none(), "{kind}");
                let mut depths = rules.create_only().map(|pointer| pointer.matches('/').count());
                assert!(depths.all(|depth| depth == 1), "{kind}");
            }
        }
    }
}
