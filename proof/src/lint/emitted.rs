//! Guardrails on a template as it is made, before it is written.
//!
//! What roles of several templates may do together, and whose code they change,
//! needs all templates: that is looked at by [`check`](super::check).

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use lakewright_template::{ResourceEntry, Value};

use super::shape::Shapes;
use super::{Breach, DocumentKind, documents, roles};
use crate::document::Origin;
use crate::world::{Piece, PieceError, StackTemplate, World};

/// The shapes in which nothing was found: of statements, of keys' whole policies, and of whole templates
/// with roles that have power.
static FINE: RwLock<BTreeSet<u64>> = RwLock::new(BTreeSet::new());

/// Checks the documents of one template, and what its roles may do.
pub fn emitted(stack: StackTemplate<'_>) -> Result<Vec<Breach>, PieceError> {
    let fine = FINE.read().unwrap_or_else(PoisonError::into_inner);
    let is_new = |hash: &u64| !fine.contains(hash);
    let mut shapes = Shapes::of(stack.template, stack.place);
    // Documents with a shape that is not known yet, and resources that have none.
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    let mut new: Vec<u64> = Vec::new();
    let mut is_whole = true;
    for (id, resource) in &stack.template.resources {
        let hashes = match looked_at(resource) {
            LookedAt::Nothing => continue,
            LookedAt::Document(document, kind) => shapes.add(id, resource, document, kind),
            LookedAt::Everything => None,
        };
        is_whole &= hashes.is_some();
        let before = new.len();
        new.extend(hashes.iter().flatten().copied().filter(is_new));
        if hashes.is_none() || new.len() > before {
            unknown.insert(id.as_str());
        }
    }
    let template = is_whole.then(|| shapes.of_template());
    let has_power = !is_whole || shapes.has_power();
    let needs_roles = has_power && template.as_ref().is_none_or(is_new);
    if !needs_roles && unknown.is_empty() {
        return Ok(Vec::new());
    }
    drop(fine);
    let world = World::of(vec![Piece::of(stack)?]);
    let mut breaches = Vec::new();
    if needs_roles {
        roles(&world, &mut breaches);
    }
    // A policy that no role has gives nothing here: it is a boundary of roles in other templates.
    let is_wanted = |origin: &Origin| unknown.contains(origin.logical_id.as_str());
    documents(&world, DocumentKind::Boundary, &is_wanted, &mut breaches);
    breaches.sort();
    breaches.dedup();
    if breaches.is_empty() {
        let template = template.filter(|_| has_power);
        let mut fine = FINE.write().unwrap_or_else(PoisonError::into_inner);
        fine.extend(new.into_iter().chain(template));
    }
    Ok(breaches)
}

/// What of a resource rules look at.
enum LookedAt<'a> {
    Nothing,
    /// A document.
    Document(&'a Value, DocumentKind),
    /// More than a document has in itself.
    Everything,
}

fn looked_at(resource: &ResourceEntry) -> LookedAt<'_> {
    let properties = &resource.properties;
    let (property, kind) = match resource.kind.as_ref() {
        "AWS::IAM::Role" => {
            let more = ["ManagedPolicyArns", "Path", "Policies"];
            let has_more = more.iter().any(|property| properties.get(property).is_some());
            if has_more || properties.get("RoleName").and_then(Value::as_text).is_none() {
                return LookedAt::Everything;
            }
            ("AssumeRolePolicyDocument", DocumentKind::Trust)
        }
        "AWS::IAM::RolePolicy" => ("PolicyDocument", DocumentKind::Identity),
        "AWS::IAM::ManagedPolicy" => match properties.get("Roles") {
            Some(_) => ("PolicyDocument", DocumentKind::Identity),
            None => ("PolicyDocument", DocumentKind::Boundary),
        },
        kind if kind.starts_with("AWS::IAM::") => return LookedAt::Everything,
        "AWS::KMS::Key" => ("KeyPolicy", DocumentKind::Key),
        "AWS::S3::BucketPolicy" | "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy" => {
            ("PolicyDocument", DocumentKind::Resource)
        }
        "AWS::S3::AccessPoint" | "AWS::Events::EventBus" => ("Policy", DocumentKind::Resource),
        "AWS::SecretsManager::ResourcePolicy" => ("ResourcePolicy", DocumentKind::Resource),
        "AWS::Events::EventBusPolicy" => return LookedAt::Everything,
        _ => return LookedAt::Nothing,
    };
    properties
        .get(property)
        .map_or(LookedAt::Nothing, |document| LookedAt::Document(document, kind))
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;
    use lakewright_template::resolve::Place;

    use super::*;
    use crate::lint::Guardrail;
    use crate::world::OnUnresolved;

    /// The rules that a role with one statement breaks.
    fn rules(statement: &str) -> Vec<Guardrail> {
        let template = format!(
            r#"Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: mine
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{ Effect: Allow, Principal: {{ AWS: "arn:aws:iam::111122223333:role/caller" }}, Action: "sts:AssumeRole" }}
  Other:
    Type: AWS::IAM::Role
    Properties:
      RoleName: other
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: "sts:AssumeRole", Condition: {{ StringEquals: {{ "aws:SourceAccount": "111122223333" }} }} }}
  Policy:
    Type: AWS::IAM::RolePolicy
    Properties:
      PolicyName: p
      RoleName: {{ Ref: Role }}
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {statement}
          - {{ Effect: Allow, Action: "lambda:CreateFunction", Resource: "arn:aws:lambda:eu-west-1:111122223333:function:f" }}
"#
        );
        let template = read::template(&template).expect("a template");
        let place = Place { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
        let unresolved = OnUnresolved::Fail;
        let stack =
            StackTemplate { address: "a/b/c", place: &place, template: &template, unresolved };
        emitted(stack).expect("policies").into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn names_count_where_rules_compare_them() {
        let trust = |role: &str| {
            rules(&format!(
                r#"{{ Effect: Allow, Action: "iam:UpdateAssumeRolePolicy", Resource: "arn:aws:iam::{role}" }}"#
            ))
        };
        // What is fine comes first, so that its shape is known.
        for fine in ["111122223333:role/others", "444455556666:role/mine", "111122223333:role/oth*"]
        {
            assert_eq!(trust(fine), [], "{fine}");
        }
        for own in ["111122223333:role/mine", "111122223333:role/mi*", "111122223333:role/*ne"] {
            assert!(trust(own).contains(&Guardrail::PolicyOnOneself), "{own}");
        }
        let pass = |role: &str, service: &str| {
            rules(&format!(
                r#"{{ Effect: Allow, Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/{role}", Condition: {{ StringEquals: {{ "iam:PassedToService": "{service}" }} }} }}"#
            ))
        };
        assert_eq!(pass("mine", "lambda.amazonaws.com"), []);
        assert_eq!(pass("other", "glue.amazonaws.com"), []);
        assert_eq!(pass("other", "lambda.amazonaws.com"), [Guardrail::PassAndCreate]);
    }
}
