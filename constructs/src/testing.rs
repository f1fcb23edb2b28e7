//! A stack around the constructs of a test, and its template as text.

use std::collections::BTreeMap;

use lakewright_policies::service::Service;
use lakewright_synth::{Cause, Lowered, Record, Scope, Stack, StackSpec, SynthError};
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{AccountId, LogicalId, Map, Place, ResourceEntry, Value};

use crate::key::{Key, KeyHandle};
use crate::role::{ImportedRole, Policies, Role, RoleHandle, Trust};

/// The account of the stacks.
pub(crate) const HERE: &str = "111122223333";
/// Another account.
pub(crate) const ELSEWHERE: &str = "444455556666";

/// The place of the stacks.
pub(crate) fn place() -> Place {
    Place::parse(HERE, "eu-west-1").expect("a place")
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("an account")
}

/// The key `Key` of a stack.
pub(crate) fn key(scope: &mut Scope<'_>) -> KeyHandle {
    scope.add(
        "Key",
        Key {
            description: "Orders".to_owned(),
            alias: "orders".to_owned(),
            target: "dataset/orders".to_owned(),
            statements: Vec::new(),
            retain: true,
        },
    )
}

/// The role `Role` of a stack, which Glue assumes.
pub(crate) fn role(scope: &mut Scope<'_>) -> RoleHandle {
    scope.add(
        "Role",
        Role {
            name: "orders".to_owned(),
            description: "Reads and writes orders".to_owned(),
            grantee: "dataset-role/orders".to_owned(),
            trust: vec![Trust::Service(Service::GLUE)],
            policies: Policies::Inline("access".to_owned()),
            boundary: None,
            tags: Vec::new(),
        },
    )
}

/// A role of another stack, in this account or another one.
pub(crate) fn reader(id: &str) -> ImportedRole {
    let arn = format!("arn:aws:iam::{id}:role/reader");
    ImportedRole::new(account(id), &arn, "team/finance/Readers")
}

/// The stack in which `declare` declares something, or its problems.
pub(crate) fn tried(
    place: Place,
    declare: impl FnOnce(&mut Scope<'_>),
) -> Result<Lowered, Vec<SynthError>> {
    let mut stack = Stack::new(StackSpec {
        name: "test".to_owned(),
        place,
        description: String::new(),
        tags: BTreeMap::new(),
        managed_policies_per_role: 10,
        trust_policy_characters: 2_048,
        event_bus_policy_characters: 10_240,
    });
    declare(&mut stack.root(Cause::default()));
    stack.lower()
}

/// A stack with all its policies.
#[derive(Debug)]
pub(crate) struct Built(Lowered);

/// The stack in which `declare` declares something.
pub(crate) fn built(declare: impl FnOnce(&mut Scope<'_>)) -> Built {
    built_at(place(), declare)
}

/// The same stack in another place.
pub(crate) fn built_at(place: Place, declare: impl FnOnce(&mut Scope<'_>)) -> Built {
    Built(tried(place, declare).expect("a stack without problems"))
}

impl Built {
    /// The intended access.
    pub(crate) fn records(&self) -> Vec<&Record> {
        self.0.records.iter().map(|(record, _)| record).collect()
    }

    /// The resources of a type.
    pub(crate) fn all(&self, kind: &str) -> Vec<&ResourceEntry> {
        self.0.template.resources.values().filter(|resource| resource.kind == kind).collect()
    }

    /// The resource with a logical id.
    pub(crate) fn resource(&self, id: &LogicalId) -> &ResourceEntry {
        &self.0.template.resources[id]
    }

    /// The only resource of a type.
    pub(crate) fn one(&self, kind: &str) -> &ResourceEntry {
        let all = self.all(kind);
        assert_eq!(all.len(), 1, "{kind}");
        all[0]
    }

    /// A property of the only resource of a type, as text; empty if it is not set.
    pub(crate) fn property(&self, kind: &str, name: &str) -> String {
        self.one(kind).properties.get(name).map(|value| self.text(value)).unwrap_or_default()
    }

    /// A value as JSON without white space, with logical ids without their hashes.
    pub(crate) fn text(&self, value: &Value) -> String {
        let ids = self.0.template.resources.keys();
        ids.fold(value_to_compact_json(value), |text, id| text.replace(id.as_str(), bare(id)))
    }

    /// The names of all statements in the policies that a type of resource holds.
    pub(crate) fn sids(&self, kind: &str) -> Vec<&str> {
        self.statements(kind).into_iter().filter_map(sid_of).collect()
    }

    /// The statement with a name, without the name, as text.
    pub(crate) fn statement(&self, kind: &str, sid: &str) -> String {
        let statements = self.statements(kind);
        let found = statements.into_iter().find(|statement| sid_of(statement) == Some(sid));
        let mut statement = found.expect("a statement with this name").clone();
        statement.remove("Sid");
        self.text(&statement.into())
    }

    fn statements(&self, kind: &str) -> Vec<&Map> {
        let property = match kind {
            "AWS::IAM::Role" => "AssumeRolePolicyDocument",
            "AWS::KMS::Key" => "KeyPolicy",
            "AWS::S3::AccessPoint" => "Policy",
            _ => "PolicyDocument",
        };
        let holders = self.all(kind).into_iter();
        let documents = holders.filter_map(|holder| holder.properties.get(property)?.as_map());
        let lists = documents.filter_map(|document| document.get("Statement")?.as_list());
        lists.flatten().filter_map(Value::as_map).collect()
    }
}

/// The resources that a resource depends on, without their hashes.
pub(crate) fn waits_for(resource: &ResourceEntry) -> Vec<&str> {
    resource.depends_on.iter().map(bare).collect()
}

fn sid_of(statement: &Map) -> Option<&str> {
    statement.get("Sid")?.as_text()
}

/// A logical id without the eight digits of its hash.
fn bare(id: &LogicalId) -> &str {
    &id.as_str()[..id.as_str().len() - 8]
}
