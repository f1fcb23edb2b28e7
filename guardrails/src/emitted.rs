//! Checks a template as it is synthesized, before it is written.
//!
//! Rules on roles of several templates together, and on the code of other roles, need all templates:
//! [`across`](super::across) checks them.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use lakewright_access::document::{Document, Origin};
use lakewright_access::world::{OnUnresolved, Piece, PieceError, StackTemplate, World, tags_of};
use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::{LogicalId, ResourceEntry, Template, Value};

use super::shape::Shapes;
use super::{Breach, DocumentKind, Whose, escalation, roles, statement};

/// The maximum number of cached shapes, so that a long-running process does not grow with each template.
const KEPT: usize = 65_536;

/// Cached shapes without a breach: of statements, of whole key policies, of resources' tags, and of whole
/// templates whose roles have power.
static FINE: RwLock<BTreeSet<u64>> = RwLock::new(BTreeSet::new());

/// Checks the documents and tags of one template, and the combined statements of its roles.
///
/// # Errors
///
/// If a document is malformed, or the template has an unsupported part or a value that is known only at
/// deployment.
pub fn emitted(
    address: &str,
    place: &Place,
    template: &Template,
) -> Result<Vec<Breach>, PieceError> {
    let fine = FINE.read().unwrap_or_else(PoisonError::into_inner);
    let is_new = |hash: &u64| !fine.contains(hash);
    let mut shapes = Shapes::of(template, place);
    let mut unknown: Vec<(&LogicalId, Stated<'_>, usize)> = Vec::new();
    let mut untold_tags = Vec::new();
    let has_attachments = template.resources.values().any(|resource| {
        resource.kind == "AWS::IAM::Role" && resource.properties.get("ManagedPolicyArns").is_some()
    });
    for (id, resource) in &template.resources {
        if let Some(tags) = resource.properties.get("Tags") {
            let shape = Shapes::of_tags(tags);
            if shape.as_ref().is_none_or(is_new) {
                untold_tags.push((id, tags, shape));
            }
        }
        for stated in stated(resource, has_attachments) {
            let place = shapes.add(resource, stated.document, stated.kind);
            if shapes.hashes(place).is_none_or(|hashes| hashes.iter().any(is_new)) {
                unknown.push((id, stated, place));
            }
        }
    }
    let has_power = shapes.has_power() || has_attachments;
    let whole = if has_power { shapes.of_template() } else { None };
    let needs_roles = has_power && whole.as_ref().is_none_or(is_new);
    if !needs_roles && unknown.is_empty() && untold_tags.is_empty() {
        return Ok(Vec::new());
    }
    drop(fine);
    let reader = Reader { address, place, resolver: Resolver::new(template, place, Branch::Then) };
    let mut breaches = Vec::new();
    let mut known: Vec<u64> = Vec::new();
    // Only shapes without a breach are cached.
    let mut learn = |found: Vec<Breach>, shapes: Option<&[u64]>| {
        if found.is_empty() {
            known.extend(shapes.into_iter().flatten());
        }
        breaches.extend(found);
    };
    for (id, stated, place) in unknown {
        learn(reader.check(id, &stated)?, shapes.hashes(place));
    }
    for (id, tags, shape) in untold_tags {
        let mut found = Vec::new();
        let origin = reader.origin(id, "Tags");
        statement::tags(&tags_of(&reader.resolved(id, tags)?), &origin, &mut found);
        learn(found, shape.as_ref().map(std::slice::from_ref));
    }
    if needs_roles {
        let unresolved = OnUnresolved::Fail;
        let stack = StackTemplate { address, place, template, unresolved };
        let mut found = Vec::new();
        roles(&World::of(vec![Piece::of(stack)?]), &mut found);
        learn(found, whole.as_ref().map(std::slice::from_ref));
    }
    let mut fine = FINE.write().unwrap_or_else(PoisonError::into_inner);
    if fine.len() >= KEPT {
        fine.clear();
    }
    fine.extend(known);
    breaches.sort();
    breaches.dedup();
    Ok(breaches)
}

/// A policy document in a resource's properties.
struct Stated<'a> {
    property: &'static str,
    document: &'a Value,
    kind: DocumentKind,
}

/// The policy documents of a resource. `has_attachments`: roles may attach managed policies by listing them.
fn stated(resource: &ResourceEntry, has_attachments: bool) -> Vec<Stated<'_>> {
    let properties = &resource.properties;
    let is_empty = |property: &str| {
        properties.get(property).is_none_or(|list| list.as_list().is_some_and(<[_]>::is_empty))
    };
    let (property, kind) = match resource.kind.as_ref() {
        "AWS::IAM::Role" => ("AssumeRolePolicyDocument", DocumentKind::Trust),
        // A policy without attachments in this template is a permissions boundary of roles in other templates.
        "AWS::IAM::ManagedPolicy"
            if !has_attachments && ["Groups", "Roles", "Users"].into_iter().all(is_empty) =>
        {
            ("PolicyDocument", DocumentKind::Boundary)
        }
        kind if kind.starts_with("AWS::IAM::") => ("PolicyDocument", DocumentKind::Identity),
        "AWS::KMS::Key" => ("KeyPolicy", DocumentKind::Key),
        "AWS::S3::BucketPolicy" | "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy" => {
            ("PolicyDocument", DocumentKind::Resource)
        }
        "AWS::S3::AccessPoint" | "AWS::Events::EventBus" => ("Policy", DocumentKind::Resource),
        "AWS::SecretsManager::ResourcePolicy" => ("ResourcePolicy", DocumentKind::Resource),
        // A statement that is not wrapped in a document.
        "AWS::Events::EventBusPolicy" => ("Statement", DocumentKind::Resource),
        _ => return Vec::new(),
    };
    let document = properties.get(property);
    let own = document.map(|document| Stated { property, document, kind });
    // Roles, users and groups may have inline policies.
    let inline = properties.get("Policies").filter(|_| resource.kind.starts_with("AWS::IAM::"));
    let inline = inline.and_then(Value::as_list).into_iter().flatten().filter_map(|policy| {
        let document = policy.as_map()?.get("PolicyDocument")?;
        Some(Stated { property: "Policies", document, kind: DocumentKind::Identity })
    });
    own.into_iter().chain(inline).collect()
}

/// Reads the documents of one template.
struct Reader<'a> {
    address: &'a str,
    place: &'a Place,
    resolver: Resolver<'a>,
}

impl Reader<'_> {
    fn origin(&self, id: &LogicalId, property: &'static str) -> Origin {
        Origin { stack: self.address.into(), logical_id: id.to_string(), property }
    }

    fn resolved<'v>(&self, id: &LogicalId, value: &'v Value) -> Result<Resolved<'v>, PieceError> {
        let resolved = self.resolver.resolve(value).map_err(|error| PieceError::Unresolved {
            stack: self.address.to_owned(),
            logical_id: id.to_string(),
            error,
        })?;
        Ok(resolved.unwrap_or(Resolved::Null))
    }

    fn check(&self, id: &LogicalId, stated: &Stated<'_>) -> Result<Vec<Breach>, PieceError> {
        let Stated { property, document, kind } = stated;
        let resolved = self.resolved(id, document)?;
        let origin = self.origin(id, property);
        let document = match *property {
            "Statement" => Document::parse(&Document::around(resolved), origin)?,
            _ => Document::parse(&resolved, origin)?,
        };
        let mut found = Vec::new();
        for statement in &document.statements {
            statement::check(&document, statement, *kind, Whose::Ours, &mut found);
        }
        if *kind == DocumentKind::Key {
            escalation::key(&document, &self.place.account, &mut found);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;

    use super::*;
    use crate::Guardrail;

    /// The rules that a template breaks, given by its resources in YAML.
    fn rules(resources: &str) -> Vec<Guardrail> {
        let template = read::template(&format!("Resources:\n{resources}")).expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let found = emitted("a/b/c", &place, &template).expect("documents");
        found.into_iter().map(|breach| breach.rule).collect()
    }

    /// `GetObject` is about objects and no bucket, in the service authorization reference.
    #[test]
    fn a_resource_that_no_action_is_about_is_found_in_what_is_made_here() {
        let policy = |resources: &str| {
            rules(&format!(
                r#"  P:
    Type: AWS::IAM::RolePolicy
    Properties:
      PolicyName: p
      RoleName: r
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{ Sid: Read, Effect: Allow, Action: "s3:GetObject", Resource: [{resources}] }}
"#
            ))
        };
        assert!(policy(r#""arn:aws:s3:::b/*""#).is_empty());
        assert_eq!(
            policy(r#""arn:aws:s3:::b", "arn:aws:s3:::b/*""#),
            [Guardrail::ActionWithoutResource]
        );
    }

    /// A role that a principal may assume.
    fn role(id: &str, name: &str, principal: &str) -> String {
        format!(
            r#"  {id}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {name}
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{ Effect: Allow, Principal: {{ {principal} }}, Action: "sts:AssumeRole", Condition: {{ StringEquals: {{ "aws:SourceAccount": "111122223333" }} }} }}
"#
        )
    }

    /// A policy of a role, with these statements.
    fn policy(id: &str, role: &str, statements: &[String]) -> String {
        let statements = statements.join(", ");
        format!(
            r#"  {id}:
    Type: AWS::IAM::RolePolicy
    Properties: {{ PolicyName: p, RoleName: {role}, PolicyDocument: {{ Version: "2012-10-17", Statement: [{statements}] }} }}
"#
        )
    }

    fn allow(action: &str, resource: &str) -> String {
        format!(r#"{{ Effect: Allow, Action: "{action}", Resource: "{resource}" }}"#)
    }

    fn mine(statements: &[String]) -> String {
        let caller = r#"AWS: "arn:aws:iam::111122223333:role/caller""#;
        let lambda = "Service: lambda.amazonaws.com";
        role("Role", "mine", caller)
            + &role("Other", "other", lambda)
            + &policy("Policy", "{ Ref: Role }", statements)
    }

    /// What is fine comes first, so that its shape is known; then what is not, which must be found.
    #[track_caller]
    fn found_after(fine: &[String], wrong: &str, rule: Guardrail) {
        for fine in fine {
            assert_eq!(rules(fine), [], "{fine}");
        }
        assert!(rules(wrong).contains(&rule), "{rule:?} in {wrong}");
    }

    #[test]
    fn names_count_where_rules_compare_them() {
        let trust = |role: &str| {
            mine(&[allow("iam:UpdateAssumeRolePolicy", &format!("arn:aws:iam::{role}"))])
        };
        let fine = [
            "111122223333:role/others",
            "444455556666:role/mine",
            "111122223333:role/oth*",
            "111122223333:role/*xe",
            "111122223333:role/mi?x",
            "4444*:role/mine",
        ]
        .map(trust);
        for own in ["mine", "mi*", "*ne", "min?"] {
            let wrong = trust(&format!("111122223333:role/{own}"));
            found_after(&fine, &wrong, Guardrail::PolicyOnOneself);
        }
        found_after(&fine, &trust("1111*:role/mine"), Guardrail::PolicyOnOneself);
        // The name of the role, and not of the resource, is another one.
        let named = |name: &str| {
            role("Role", name, r#"AWS: "arn:aws:iam::111122223333:role/caller""#)
                + &policy(
                    "Policy",
                    "{ Ref: Role }",
                    &[allow("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/default")],
                )
        };
        found_after(&[named("abc")], &named("default"), Guardrail::PolicyOnOneself);
    }

    #[test]
    fn services_and_other_roles_count_where_roles_are_passed() {
        let pass = |role: &str, service: &str| {
            let pass = format!(
                r#"{{ Effect: Allow, Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/{role}", Condition: {{ StringEquals: {{ "iam:PassedToService": "{service}" }} }} }}"#
            );
            let create = "arn:aws:lambda:eu-west-1:111122223333:function:f";
            mine(&[pass, allow("lambda:CreateFunction", create)])
        };
        let fine = [pass("mine", "lambda.amazonaws.com"), pass("other", "glue.amazonaws.com")];
        let wrong = pass("other", "lambda.amazonaws.com");
        found_after(&fine, &wrong, Guardrail::PassAndCreate);
    }

    #[test]
    fn roles_that_are_referred_to_are_told_apart() {
        let change = |role: &str| {
            let arn = format!(r#"{{ "Fn::GetAtt": [{role}, Arn] }}"#);
            mine(&[format!(
                r#"{{ Effect: Allow, Action: "iam:UpdateAssumeRolePolicy", Resource: {arn} }}"#
            )])
        };
        found_after(&[change("Other")], &change("Role"), Guardrail::PolicyOnOneself);
        let broad = r#"  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: broad
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"]
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] }
"#;
        found_after(&[], broad, Guardrail::BroadManagedPolicy);
    }

    #[test]
    fn roles_that_are_made_elsewhere_are_told_apart() {
        let outside = |role: &str, resource: &str| {
            let arn = format!("arn:aws:iam::111122223333:role/{resource}");
            policy("Policy", role, &[allow("iam:PutRolePolicy", &arn)])
        };
        let fine = [outside("Warehouse", "Other")];
        found_after(&fine, &outside("Warehouse", "Warehouse"), Guardrail::PolicyOnOneself);
        let read = |resource: &str| policy("Policy", "outside", &[allow("s3:GetObject", resource)]);
        let fine = [read("arn:aws:s3:::team-*/*")];
        found_after(&fine, &read("arn:aws:s3:::*/*"), Guardrail::WildcardResource);
        let assume = |role: &str| {
            mine(&[allow("sts:AssumeRole", &format!("arn:aws:iam::111122223333:role/{role}"))])
        };
        let fine = [assume("team-*")];
        found_after(&fine, &assume("cdk-hnb659fds-*"), Guardrail::AssumeAnyRole);
    }

    #[test]
    fn rules_about_roles_run_wherever_they_can_find_something() {
        let caller = |role: &str| format!(r#"AWS: "arn:aws:iam::111122223333:role/{role}""#);
        let both = |first: &str, second: &str| {
            role("A", "a", &caller(first)) + &role("B", "b", &caller(second))
        };
        found_after(&[both("b", "c")], &both("b", "a"), Guardrail::AssumeBack);
        let tagged = |action: &str| {
            let read = r#"{ Effect: Allow, Action: "glue:GetTable", Resource: "*", Condition: { StringEquals: { "aws:ResourceTag/team": "a" } } }"#;
            mine(&[read.to_owned(), allow(action, "arn:aws:glue:eu-west-1:111122223333:table/*")])
        };
        let wrong = tagged("glue:TagResource");
        found_after(&[tagged("glue:GetTable")], &wrong, Guardrail::DecidingTag);
        let pass = mine(&[allow("IAM:passrole", "arn:aws:iam::111122223333:role/mine")]);
        found_after(&[], &pass, Guardrail::PassAnyRole);
    }

    #[test]
    fn values_and_second_policies_and_tags_count() {
        let tag_keys = |is_absent: bool| {
            let statement = format!(
                r#"{{ Effect: Allow, Action: "ec2:CreateTags", Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/i", Condition: {{ "ForAllValues:StringEquals": {{ "aws:TagKeys": "a" }}, "Null": {{ "aws:TagKeys": {is_absent} }} }} }}"#
            );
            mine(&[statement])
        };
        let wrong = tag_keys(true);
        found_after(&[tag_keys(false)], &wrong, Guardrail::ForAllValuesWithoutNull);
        let bucket = |id: &str, action: &str| {
            format!(
                r#"  {id}:
    Type: AWS::S3::BucketPolicy
    Properties: {{ Bucket: b, PolicyDocument: {{ Version: "2012-10-17", Statement: [{{ Effect: Allow, Principal: {{ AWS: "arn:aws:iam::111122223333:role/r" }}, Action: "{action}", Resource: "arn:aws:s3:::b/*" }}] }} }}
"#
            )
        };
        let fine = bucket("One", "s3:GetObject");
        let wrong = fine.clone() + &bucket("Two", "s3:*");
        found_after(&[fine], &wrong, Guardrail::WildcardAction);
        let tags = |second: &str| {
            format!(
                "  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {{ Tags: [{{ Key: team, Value: a }}, {{ Key: {second}, Value: b }}] }}\n"
            )
        };
        found_after(&[tags("cost")], &tags("Team"), Guardrail::TagCase);
    }
}
