//! Guardrails: rules for the policies of templates, both synthesized and third-party.
//!
//! | function | looks at | called |
//! | --- | --- | --- |
//! | [`emitted()`] | one template of ours; skips statements of a shape that is known to be fine | when the template is made |
//! | [`across`] | all templates of a mesh, for what only several show together | by `check` and `prove` |
//! | [`check_with`] | everything in one template | for each template of a folder |
//! | [`together`] | the templates of a folder, for what only several show together | for a folder |
//! | [`lakeformation`], [`moved`] | Lake Formation's resources, and what a change moves | for a folder |

#[cfg(test)]
mod anybodys;
mod catalog;
mod combined;
mod emitted;
mod escalation;
#[cfg(test)]
mod partitions;
mod principals;
mod role_tag;
mod shape;
mod statement;
mod unknown;
mod write_and_attach;

use std::collections::BTreeSet;

use lakewright_access::document::{Document, Origin};
use lakewright_access::world::World;

pub use catalog::{lakeformation, moved};
pub use emitted::emitted;

macro_rules! guardrails {
    ($($(#[$doc:meta])* $variant:ident $code:literal,)*) => {
        /// A guardrail rule. Codes are stable: scripts match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Guardrail {
            $($(#[$doc])* $variant,)*
        }

        impl Guardrail {
            /// Every rule, in the order of the list below.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users see it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The page that explains the rule, in Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../docs/guardrails/", $code, ".md")),)*
                }
            }
        }
    };
}

guardrails! {
    /// An allowed action never applies to any of the listed resources.
    ActionWithoutResource "action-without-resource",
    /// Two roles may assume each other.
    AssumeBack "assume-back",
    /// Any role may be assumed.
    AssumeAnyRole "assume-any-role",
    /// A role has an AWS managed policy that opens a whole service.
    BroadManagedPolicy "broad-managed-policy",
    /// A statement names an account by its canonical user ID, which does not show which account it is.
    CanonicalUser "canonical-user",
    /// A principal may change other owners' stacks with the execution roles of these stacks.
    ChangeSetsOnOthers "change-sets-on-others",
    /// A role may change the code that another role runs.
    CodeOfOthers "code-of-others",
    /// A role may set tags that policies compare.
    DecidingTag "deciding-tag",
    /// Lake Formation settings contain an empty list of default permissions.
    EmptyDefaults "empty-defaults",
    /// Lake Formation grants something to every IAM principal with access.
    EverybodyInLakeFormation "everybody-in-lake-formation",
    /// A `ForAllValues` condition holds for a request without the key.
    ForAllValuesWithoutNull "for-all-values-without-null",
    /// A condition key that the action never carries.
    ForeignConditionKey "foreign-condition-key",
    /// Roles or policies may be created without a permissions boundary.
    IamWithoutBoundary "iam-without-boundary",
    /// No principal can change the policy of a key.
    KeyLockout "key-lockout",
    /// A policy, or a principal in it, that IAM would reject.
    MalformedPolicy "malformed-policy",
    /// An `Allow` statement with `NotAction`, `NotResource` or `NotPrincipal`.
    NotWithAllow "not-with-allow",
    /// Any identity of an identity provider may assume a role.
    OpenFederation "open-federation",
    /// A role or a key is open to a whole organization.
    OpenOrganization "open-organization",
    /// A role may pass another role to a service and create what runs with it.
    PassAndCreate "pass-and-create",
    /// Any role may be passed, or to any service.
    PassAnyRole "pass-any-role",
    /// Two Lake Formation permissions have the same principal and resource.
    PermissionTwice "permission-twice",
    /// A role may change its own rights.
    PolicyOnOneself "policy-on-oneself",
    /// A presigned URL may be created for any user profile.
    PresignedUrl "presigned-url",
    /// A role may set tags of roles that policies compare.
    RoleTag "role-tag",
    /// A service may act for any account.
    ServiceWithoutSource "service-without-source",
    /// Two tags of a resource differ in case only.
    TagCase "tag-case",
    /// An action that does not exist.
    UnknownAction "unknown-action",
    /// Actions are allowed by a wildcard pattern.
    WildcardAction "wildcard-action",
    /// Everybody is allowed, without a condition.
    WildcardPrincipal "wildcard-principal",
    /// All resources are allowed, for an action that supports narrower ones.
    WildcardResource "wildcard-resource",
    /// A role may both write and attach a managed policy.
    WriteAndAttach "write-and-attach",
}

impl Guardrail {
    /// The rule with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }
}

/// The kind of a policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// An identity policy.
    Identity,
    /// A permissions boundary: it grants nothing by itself.
    Boundary,
    /// The key policy of a KMS key.
    Key,
    /// The policy of another resource.
    Resource,
    /// The trust policy of a role.
    Trust,
}

/// The origin of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A third-party template: its actions may be newer than the catalogue.
    Anybodys,
    /// A synthesized template: all of its services are in the catalogue.
    Ours,
}

/// A violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The rule.
    pub rule: Guardrail,
    /// Where the violation is declared.
    pub origin: Origin,
    /// The `Sid` of the statement; empty if several are involved.
    pub sid: String,
    /// What was found, and what was expected.
    pub message: String,
}

impl Breach {
    /// A violation by one statement or, with an empty `sid`, by the whole document.
    fn new(rule: Guardrail, origin: &Origin, sid: &str, message: String) -> Self {
        Self { rule, origin: origin.clone(), sid: sid.to_owned(), message }
    }
}

/// Checks all templates of a world.
pub fn check(world: &World) -> Vec<Breach> {
    check_with(world, &BTreeSet::new())
}

/// Checks some of several templates. `of_others` has the ARNs of policies that other templates use as permissions
/// boundaries: these grant nothing.
pub fn check_with(world: &World, of_others: &BTreeSet<String>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    for (origin, name) in world.attachments() {
        escalation::broad(name, origin, &mut breaches);
    }
    for malformed in world.malformed() {
        let message = malformed.problem.to_string();
        breaches.push(Breach::new(Guardrail::MalformedPolicy, &malformed.origin, "", message));
    }
    documents(world, of_others, &mut breaches);
    breaches.sort();
    breaches.dedup();
    breaches
}

/// Runs the rules that need several third-party templates together.
pub fn together(world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    breaches
}

/// Runs the rules that need all templates of a mesh together. [`emitted`] has already checked each template.
pub fn across(world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    roles(world, &mut breaches);
    between_roles(world, &mut breaches);
    // Policies of roles that another template creates.
    for role in world.roles().values() {
        let is_elsewhere = |document: &&Document| document.origin.stack != role.trust.origin.stack;
        for document in role.identity.iter().map(AsRef::as_ref).filter(is_elsewhere) {
            for statement in &document.statements {
                statement::check(
                    document,
                    statement,
                    DocumentKind::Identity,
                    Whose::Ours,
                    &mut breaches,
                );
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

/// Checks the combined statements of each role, and roles that can assume each other.
fn roles(world: &World, breaches: &mut Vec<Breach>) {
    for role in world.roles().values() {
        escalation::role(role, breaches);
    }
    escalation::assume_back(world, breaches);
    combined::pass_and_create(world, breaches);
    combined::deciding_tags(world, breaches);
}

/// Checks the effects of roles on other roles, which may be in other templates.
fn between_roles(world: &World, breaches: &mut Vec<Breach>) {
    escalation::code_of_others(world, breaches);
    role_tag::check(world, breaches);
    write_and_attach::check(world, breaches);
}

/// Checks each document separately.
fn documents(world: &World, of_others: &BTreeSet<String>, breaches: &mut Vec<Breach>) {
    let own = world.roles().values().filter_map(|role| role.boundary.as_ref());
    let boundaries: BTreeSet<&String> = own.chain(of_others).collect();
    let mut seen: BTreeSet<&Origin> = BTreeSet::new();
    let mut documents: Vec<(&Document, DocumentKind)> = Vec::new();
    for (arn, document) in world.managed() {
        if boundaries.contains(arn) {
            documents.push((document, DocumentKind::Boundary));
            seen.insert(&document.origin);
        }
    }
    for role in world.roles().values() {
        statement::tags(&role.tags, &role.trust.origin, breaches);
        documents.push((&role.trust, DocumentKind::Trust));
        documents
            .extend(role.identity.iter().map(|document| (&**document, DocumentKind::Identity)));
    }
    let unattached = world
        .managed()
        .values()
        .map(std::convert::AsRef::as_ref)
        .filter(|document| !seen.contains(&document.origin));
    documents.extend(unattached.map(|document| (document, DocumentKind::Identity)));
    for resource in world.resources().values() {
        let is_key = resource.is_key();
        let kind = if is_key { DocumentKind::Key } else { DocumentKind::Resource };
        documents.extend(resource.policy.iter().map(|document| (document, kind)));
        statement::tags(&resource.tags, &resource.origin, breaches);
        if let Some(policy) = resource.policy.as_ref().filter(|_| is_key) {
            escalation::key(policy, &resource.account, breaches);
        }
    }
    documents.extend(world.others().iter().map(|document| {
        let names_somebody = document.statements.iter().any(|one| one.principals.is_some());
        let kind = match (document.origin.property, names_somebody) {
            ("KeyPolicy", _) => DocumentKind::Key,
            (_, true) => DocumentKind::Resource,
            (_, false) => DocumentKind::Identity,
        };
        (document, kind)
    }));
    for (document, kind) in documents {
        for statement in &document.statements {
            statement::check(document, statement, kind, Whose::Anybodys, breaches);
        }
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::place::Place;
    use lakewright_template::read;

    use super::*;
    use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};

    fn breaches(template: &str) -> Vec<Breach> {
        let template = read::template(template).expect("the sample is a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let stack = StackTemplate {
            address: "sample",
            place: &place,
            template: &template,
            unresolved: OnUnresolved::Placeholder,
        };
        let mut found = check(&World::of(vec![Piece::of(stack).expect("the sample has policies")]));
        found.extend(lakeformation(&[stack]));
        found
    }

    #[test]
    fn a_permission_that_moves_is_found_and_one_that_changes_is_not() {
        let template = |id: &str, right: &str| {
            let text = format!(
                "Resources: {{{id}: {{Type: AWS::LakeFormation::PrincipalPermissions, Properties: {{Permissions: [{right}], \
                 PermissionsWithGrantOption: [], Principal: {{DataLakePrincipalIdentifier: r}}, \
                 Resource: {{Table: {{CatalogId: c, DatabaseName: d, Name: t}}}}}}}}}}"
            );
            read::template(&text).expect("a template")
        };
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let stack = |template| StackTemplate {
            address: "sample",
            place: &place,
            template,
            unresolved: OnUnresolved::Placeholder,
        };
        let (before, same, other) =
            (template("A", "SELECT"), template("A", "INSERT"), template("B", "SELECT"));
        assert!(moved(&[stack(&before)], &[stack(&same)]).is_empty());
        let found = moved(&[stack(&before)], &[stack(&other)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule, Guardrail::PermissionTwice);
        assert_eq!(found[0].origin.logical_id, "B");
    }

    #[test]
    fn users_groups_and_policies_without_a_role_are_looked_at_too() {
        const ALL: &str = r#"{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}"#;
        for resource in [
            format!(
                "{{Type: AWS::IAM::User, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {ALL}}}]}}}}"
            ),
            format!(
                "{{Type: AWS::IAM::Group, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {ALL}}}]}}}}"
            ),
            format!(
                "{{Type: AWS::IAM::UserPolicy, Properties: {{UserName: u, PolicyDocument: {ALL}}}}}"
            ),
            format!(
                "{{Type: AWS::IAM::GroupPolicy, Properties: {{GroupName: g, PolicyDocument: {ALL}}}}}"
            ),
            format!(
                "{{Type: AWS::IAM::Policy, Properties: {{Users: [u], PolicyDocument: {ALL}}}}}"
            ),
            format!("{{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {ALL}}}}}"),
        ] {
            assert_eq!(breaches(&format!("Resources: {{X: {resource}}}")).len(), 1, "{resource}");
        }
    }

    const ROOT: &str = r#"AWS: "arn:aws:iam::111122223333:root""#;

    fn role(id: &str, trust: &str, statements: &str) -> String {
        format!(
            r#"  {id}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {id}
      AssumeRolePolicyDocument: {{ Version: "2012-10-17", Statement: [{{ Effect: Allow, Action: "sts:AssumeRole", {trust} }}] }}
      Policies: [{{ PolicyName: p, PolicyDocument: {{ Version: "2012-10-17", Statement: [{statements}] }} }}]
"#
        )
    }

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::111122223333:role/{name}")
    }

    /// What the statements of a role break.
    fn of_role(statements: &str) -> Vec<Breach> {
        breaches(&format!(
            "Resources:\n{}",
            role("own", &format!("Principal: {{ {ROOT} }}"), statements)
        ))
    }

    #[test]
    fn conditions_that_limit_nothing_are_none() {
        let service = |service: &str, condition: &str| {
            let trust =
                format!("Principal: {{ Service: {service} }}, Condition: {{ {condition} }}");
            let statement =
                r#"{ Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k" }"#;
            let found = breaches(&format!("Resources:\n{}", role("own", &trust, statement)));
            found.iter().any(|breach| breach.rule == Guardrail::ServiceWithoutSource)
        };
        for (condition, is_found) in [
            (r#"Null: { "aws:SourceAccount": "true" }"#, true),
            (r#"Null: { "aws:SourceAccount": "false" }"#, true),
            (r#"ArnLike: { "aws:SourceArn": "arn:aws:*:*:*:*" }"#, true),
            (r#"ArnLike: { "aws:SourceArn": "arn:aws:glue:eu-west-1:111122223333:*" }"#, false),
            (r#"StringEqualsIfExists: { "aws:SourceAccount": "111122223333" }"#, false),
        ] {
            assert_eq!(service("glue.amazonaws.com", condition), is_found, "{condition}");
        }
        assert!(!service("ec2.amazonaws.com", ""), "instances are of the account of their role");
        let everybody = |condition: &str| {
            let found = breaches(&format!(
                r#"Resources: {{ B: {{ Type: AWS::S3::BucketPolicy, Properties: {{ Bucket: b, PolicyDocument: {{ Version: "2012-10-17", Statement: [
                    {{ Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*", Condition: {{ {condition} }} }}] }} }} }} }}"#
            ));
            found.iter().any(|breach| breach.rule == Guardrail::WildcardPrincipal)
        };
        for (condition, is_found) in [
            (r#"Null: { "aws:PrincipalArn": "false" }"#, true),
            (r#"ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" }"#, true),
            (r#"ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" }"#, false),
        ] {
            assert_eq!(everybody(condition), is_found, "{condition}");
        }
    }

    #[test]
    fn statements_about_nothing_are_found() {
        let rules = |statement: &str| -> Vec<Guardrail> {
            of_role(statement).into_iter().map(|breach| breach.rule).collect()
        };
        let void = Guardrail::ActionWithoutResource;
        let foreign = Guardrail::ForeignConditionKey;
        for (statement, expected) in [
            (r#"{ Effect: Deny, Action: "s3:GetObject", Resource: "arn:aws:s3:::b" }"#, vec![void]),
            (r#"{ Effect: Deny, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" }"#, vec![]),
            (
                r#"{ Effect: Allow, Action: "s3:GetObject", Resource: ["arn:aws:s3:::b/*", "arn:aws:sns:eu-west-1:111122223333:t"] }"#,
                vec![void],
            ),
            (
                r#"{ Effect: Deny, Action: "s3:*", Resource: "*", Condition: { StringEquals: { "kms:ViaService": "s3" } } }"#,
                vec![foreign],
            ),
            (
                r#"{ Effect: Deny, Action: "s3:*", Resource: "*", Condition: { StringEquals: { "s3:prefix": "a" } } }"#,
                vec![],
            ),
            (
                r#"{ Effect: Allow, Action: "iam:PutUserPolicy", Resource: "arn:aws:iam::111122223333:user/*" }"#,
                vec![Guardrail::IamWithoutBoundary],
            ),
        ] {
            assert_eq!(rules(statement), expected, "{statement}");
        }
    }

    #[test]
    fn roles_that_deploy_or_assume_in_a_circle_are_found() {
        let pass = |service: &str, action: &str, condition: &str| {
            let statements = format!(
                r#"{{ Effect: Allow, Action: "iam:PassRole", Resource: "{}", Condition: {{ StringEquals: {{ "iam:PassedToService": {service} }} }} }},
                   {{ Effect: Allow, Action: "{action}", Resource: "*", Condition: {{ {condition} }} }}"#,
                arn("other")
            );
            let other = format!(
                r#"Principal: {{ Service: {service} }}, Condition: {{ StringEquals: {{ "aws:SourceAccount": "111122223333" }} }}"#
            );
            let own = role("own", &format!("Principal: {{ {ROOT} }}"), &statements);
            let found = breaches(&format!("Resources:\n{own}{}", role("other", &other, "")));
            found.iter().any(|breach| breach.rule == Guardrail::PassAndCreate)
        };
        assert!(pass("cloudformation.amazonaws.com", "cloudformation:CreateStack", ""));
        let named = format!(r#"ArnEquals: {{ "cloudformation:RoleArn": "{}" }}"#, arn("other"));
        assert!(!pass("cloudformation.amazonaws.com", "cloudformation:CreateChangeSet", &named));
        assert!(pass("glue.amazonaws.com", "glue:CreateSession", ""));

        let circles = |trust: &dyn Fn(&str) -> String, next: [(&str, &str); 3]| {
            let roles = next.map(|(from, to)| {
                let assume = format!(
                    r#"{{ Effect: Allow, Action: "sts:AssumeRole", Resource: "{}" }}"#,
                    arn(to)
                );
                role(from, &trust(from), &assume)
            });
            let found = breaches(&format!("Resources:\n{}", roles.concat()));
            found.iter().filter(|breach| breach.rule == Guardrail::AssumeBack).count()
        };
        let root = |_: &str| format!("Principal: {{ {ROOT} }}");
        assert_eq!(circles(&root, [("a", "b"), ("b", "c"), ("c", "a")]), 1);
        assert_eq!(circles(&root, [("a", "b"), ("b", "c"), ("c", "d")]), 0);
        let only_a = |_: &str| {
            format!(
                r#"Principal: {{ {ROOT} }}, Condition: {{ ArnEquals: {{ "aws:PrincipalArn": "{}" }} }}"#,
                arn("a")
            )
        };
        assert_eq!(circles(&only_a, [("a", "b"), ("b", "a"), ("c", "a")]), 0);
        // Named, but under a condition that another role meets, or excepted, or for another action.
        for trust in [
            r#"Principal: { AWS: ["NAMED"] }, Condition: { ArnEquals: { "aws:PrincipalArn": "OTHER" } }"#,
            r#"Principal: { AWS: ["NAMED"] }, Condition: { ArnNotEquals: { "aws:PrincipalArn": "NAMED" } }"#,
        ] {
            let trust = |from: &str| {
                let named = if from == "a" { "b" } else { "a" };
                trust.replace("NAMED", &arn(named)).replace("OTHER", &arn("z"))
            };
            assert_eq!(circles(&trust, [("a", "b"), ("b", "a"), ("c", "c")]), 0);
        }
        let named = |from: &str| {
            let named = if from == "a" { "b" } else { "a" };
            format!(r#"Principal: {{ AWS: "{}" }}"#, arn(named))
        };
        assert_eq!(circles(&named, [("a", "b"), ("b", "a"), ("c", "c")]), 1);
        let denied = format!(
            "Resources:\n{}{}",
            role("a", &named("a"), r#"{ Effect: Deny, Action: "sts:AssumeRole", Resource: "*" }"#),
            role("b", &named("b"), "")
        );
        assert!(!breaches(&denied).iter().any(|breach| breach.rule == Guardrail::AssumeBack));
        let tags = r#"Resources: { R: { Type: AWS::IAM::Role, Properties: { RoleName: r, Tags: [{ Key: Team, Value: a }, { Key: team, Value: b }], AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] } } } }"#;
        assert_eq!(
            breaches(tags).iter().map(|one| one.rule).collect::<Vec<_>>(),
            [Guardrail::TagCase]
        );
    }

    #[test]
    fn everything_is_found_however_it_is_written() {
        let rules = |action: &str, resource: &str, condition: &str| -> Vec<Guardrail> {
            let statement = format!(
                r#"{{ Effect: Allow, Action: "{action}", Resource: "{resource}", Condition: {{ {condition} }} }}"#
            );
            of_role(&statement).into_iter().map(|breach| breach.rule).collect()
        };
        for all in ["*", "**", "arn:*", "arn:aws:s3", "arn:aws:s3:*:*:*", "arn:aws:s3:::*/*"] {
            assert_eq!(rules("s3:GetObject", all, ""), [Guardrail::WildcardResource], "{all}");
        }
        for all in ["arn:aws:iam::111122223333:*", "arn:aws:iam::111122223333:role/?*"] {
            assert_eq!(rules("sts:AssumeRole", all, ""), [Guardrail::AssumeAnyRole], "{all}");
            let service = r#"StringEquals: { "iam:PassedToService": glue.amazonaws.com }"#;
            assert_eq!(rules("iam:PassRole", all, service), [Guardrail::PassAnyRole], "{all}");
        }
        // One name in any account, when the roles ask for an id.
        let id = r#"StringEquals: { "sts:ExternalId": mesh-1 }"#;
        let (named, pattern) = ("arn:aws:iam::*:role/deploy", "arn:aws:iam::*:role/deploy-*");
        assert_eq!(rules("sts:AssumeRole", named, id), []);
        assert_eq!(rules("sts:AssumeRole", named, ""), [Guardrail::AssumeAnyRole]);
        assert_eq!(rules("sts:AssumeRole", pattern, id), [Guardrail::AssumeAnyRole]);
        let own = arn("own");
        let service = r#"StringEqualsIfExists: { "iam:PassedToService": glue.amazonaws.com }"#;
        assert_eq!(rules("iam:PassRole", &own, service), []);
        let attach = |policy: &str| {
            let listed = format!(r#"ArnLike: {{ "iam:PolicyARN": "{policy}" }}"#);
            rules("iam:AttachRolePolicy", &arn("app-*"), &listed)
        };
        assert_eq!(attach("arn:aws:iam::aws:policy/*"), [Guardrail::IamWithoutBoundary]);
        assert_eq!(attach("arn:aws:iam::aws:policy/ReadOnlyAccess"), []);
        // One stack, whose id nobody knows beforehand, and an action that is about no resource.
        let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mine/*";
        assert_eq!(rules("cloudformation:UpdateStack", stack, ""), []);
        assert_eq!(rules("cloudformation:UpdateStack", &stack.replace("mine", "*"), "").len(), 1);
        assert_eq!(rules("route53:ListHostedZones", "*", ""), []);
    }

    #[test]
    fn what_is_no_value_is_left_out_beside_what_is_not_known() {
        let template = r#"Resources: { P: { Type: AWS::IAM::RolePolicy, Properties: { PolicyName: p, RoleName: r, PolicyDocument: { Version: "2012-10-17", Statement: [
            { Effect: Allow, Action: "sqs:*", Resource: [{ "Fn::ImportValue": queue }, { Ref: "AWS::NoValue" }] }] } } } }"#;
        let found: Vec<Guardrail> = breaches(template).iter().map(|breach| breach.rule).collect();
        assert_eq!(found, [Guardrail::WildcardAction]);
    }

    #[test]
    fn documents_of_types_that_are_not_known_are_looked_at_too() {
        const OPEN: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Resource": "*" }] }"#;
        let rules = |kind: &str, properties: &str| -> Vec<Guardrail> {
            let found = breaches(&format!(
                "Resources: {{ X: {{ Type: {kind}, Properties: {{ {properties} }} }} }}"
            ));
            found.into_iter().map(|breach| breach.rule).collect()
        };
        let everybody = [Guardrail::WildcardPrincipal];
        for (kind, property) in [
            ("AWS::ECR::Repository", "RepositoryPolicyText"),
            ("AWS::EFS::FileSystem", "FileSystemPolicy"),
            ("AWS::OpenSearchService::Domain", "AccessPolicies"),
        ] {
            assert_eq!(rules(kind, &format!("{property}: {OPEN}")), everybody, "{kind}");
        }
        let table = format!("ResourcePolicy: {{ PolicyDocument: {OPEN} }}");
        assert_eq!(rules("AWS::DynamoDB::Table", &table), everybody);
        let text = format!("PolicyDocument: '{OPEN}'");
        assert_eq!(rules("AWS::Logs::ResourcePolicy", &text), everybody);
        let inline = r#"InlinePolicy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:GetObject", Resource: "*" }] }"#;
        let set = rules("AWS::SSO::PermissionSet", inline);
        assert_eq!(set, [Guardrail::WildcardResource]);
        let function = |principal: &str, more: &str| {
            let properties = format!(
                "Action: 'lambda:InvokeFunction', FunctionName: f, Principal: {principal}{more}"
            );
            rules("AWS::Lambda::Permission", &properties)
        };
        assert_eq!(function("'*'", ""), everybody);
        assert_eq!(function("s3.amazonaws.com", ""), [Guardrail::ServiceWithoutSource]);
        assert_eq!(function("s3.amazonaws.com", ", SourceAccount: '111122223333'"), []);
        // What only lets through gives nothing.
        assert_eq!(rules("AWS::EC2::VPCEndpoint", &format!("PolicyDocument: {OPEN}")), []);
    }

    fn sample(page: &str, heading: &str) -> String {
        let (_, rest) = page.split_once(&format!("## {heading}\n")).expect("the heading");
        let (_, rest) = rest.split_once("```yaml\n").expect("a sample");
        rest.split_once("```").expect("its end").0.to_owned()
    }

    #[test]
    fn each_page_shows_a_breach_and_how_it_is_mended() {
        let mut wrong = Vec::new();
        for rule in Guardrail::ALL {
            let page = rule.page();
            assert!(page.starts_with(&format!("# {}\n", rule.code())), "{rule:?}");
            assert_eq!(Guardrail::parse(rule.code()), Some(*rule));
            let found = breaches(&sample(page, "Wrong"));
            if !found.iter().any(|breach| breach.rule == *rule) {
                wrong.push(format!("{}: the wrong sample is not found", rule.code()));
            }
            let left = breaches(&sample(page, "Right"));
            if !left.is_empty() {
                wrong.push(format!("{}: the right sample is found: {left:?}", rule.code()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
