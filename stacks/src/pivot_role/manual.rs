//! The pivot role as a separate template, for account owners who create the role themselves.

use std::collections::BTreeMap;

use lakewright_manifest::mesh::{Environment, PivotMode};
use lakewright_manifest::{Mesh, Report};
use lakewright_synth::{Stack, StackSpec};
use lakewright_template::intrinsic::SubPart;
use lakewright_template::{
    AccountId, Intrinsic, LogicalId, Map, Output, Parameter, Template, Text, Value,
};

use super::{add, role};
use crate::diagnose::{cause, diagnose};
use crate::rules::Fill;
use crate::{Names, guardrails};

/// Placeholders for parameter values while the template is created. A prefix has no digits, so none
/// in a mesh equals `PREFIX`; the others are made-up texts.
const PREFIX: &str = "parameter0resource0prefix";
const ROLE: &str = "parameter0role0name";
const EXTERNAL_ID: &str = "parameter0external0id";
const CENTRAL: &str = "000000000000";
const BOUNDARY: &str = "arn:aws:iam::000000000000:policy/parameter0boundary";

/// The template that `lakewright pivot-role` prints: the same role as the stack's, with a parameter
/// for each value that its owner may want to check or change. The defaults are the mesh's values.
///
/// The role has the name for `mode: manual` even while the mesh states `auto`. So an owner creates
/// the role before the mesh changes, without a conflict with the existing role.
///
/// # Errors
///
/// The findings of synthesis, at manifest lines.
pub fn template(mesh: &Mesh, environment: &Environment) -> Result<Template, Report> {
    let mut mesh = mesh.clone();
    mesh.tenant.pivot_role.mode = PivotMode::Manual;
    let mesh = &mesh;
    let names = Names::new(mesh);
    let place = Names::place(environment);
    let mut with_words = mesh.clone();
    let central = AccountId::parse(CENTRAL).expect("twelve digits are an account");
    let trusted = &mut with_words.tenant.pivot_role.trusted_roles;
    let mesh_central = mesh.tenant.central_account.as_str();
    *trusted = trusted
        .iter()
        .filter_map(|arn| {
            lakewright_manifest::RoleArn::parse(&arn.as_str().replace(mesh_central, CENTRAL)).ok()
        })
        .collect();
    with_words.tenant.central_account = central;
    EXTERNAL_ID.clone_into(&mut with_words.tenant.pivot_role.external_id);
    let spec = StackSpec {
        name: format!("{}-pivot-role", environment.resource_prefix),
        place,
        description: format!(
            "Lakewright pivot role of environment {}, made by the account's owner",
            environment.header.id
        ),
        tags: BTreeMap::new(),
        managed_policies_per_role: mesh.tenant.quotas.managed_policies_per_role,
        trust_policy_characters: mesh.tenant.quotas.trust_policy_characters,
        event_bus_policy_characters: mesh.tenant.quotas.event_bus_policy_characters,
    };
    let (address, place) = (spec.name.clone(), spec.place.clone());
    let mut stack = Stack::new(spec);
    let fill = Fill::of_environment(names, environment).with_prefix(PREFIX);
    let role = role(&with_words.tenant, ROLE.to_owned(), Some(BOUNDARY.to_owned()), environment);
    let mut root = stack.root(cause(environment.header.origin));
    add(&mut root, names, environment, role, &fill);
    let finished = stack.finish().map_err(|errors| {
        let mut report = Report::new();
        errors.iter().map(diagnose).for_each(|diagnostic| report.push(diagnostic));
        report
    })?;
    guardrails::check(&address, &place, &finished.lowered)?;
    let mut template = finished.lowered.template;
    // Lakewright does not deploy this template, so it needs no outputs.
    template.outputs.clear();
    let role_id = template
        .resources
        .iter()
        .find(|(_, resource)| resource.kind == "AWS::IAM::Role")
        .map(|(id, _)| id.clone());
    for resource in template.resources.values_mut() {
        resource.properties = resource
            .properties
            .iter()
            .map(|(key, value)| (key.clone(), with_parameters(value)))
            .collect();
        if resource.kind == "AWS::IAM::Role" {
            let boundary = Intrinsic::If {
                condition: "HasBoundary".into(),
                then: reference("PermissionsBoundary"),
                otherwise: reference("AWS::NoValue"),
            };
            resource.properties.insert("PermissionsBoundary", Value::from(boundary));
        }
    }
    let is_empty = Intrinsic::Equals(reference("PermissionsBoundary"), "".into());
    let not_empty = Intrinsic::Not(is_empty.into());
    template.conditions.insert("HasBoundary".into(), not_empty.into());
    template.parameters = parameters(mesh, names, environment);
    if let Some(id) = role_id {
        let output = Output {
            value: Intrinsic::GetAtt(id, "Arn".into()).into(),
            description: Some("The ARN of the pivot role".into()),
            condition: None,
            export: None,
        };
        template.outputs.insert("PivotRoleArn".into(), output);
    }
    Ok(template)
}

fn parameters(
    mesh: &Mesh,
    names: Names<'_>,
    environment: &Environment,
) -> BTreeMap<Text, Parameter> {
    let tenant = &mesh.tenant;
    let boundary =
        environment.permissions_boundary.as_ref().map(ToString::to_string).unwrap_or_default();
    let rows: [(&'static str, &'static str, String, &'static str); 5] = [
        (
            "CentralAccountId",
            "The account that the platform runs in; only roles of it may assume the pivot role",
            tenant.central_account.to_string(),
            "[0-9]{12}",
        ),
        (
            "ExternalId",
            "The external id that whoever assumes the role must give; the same as in the mesh",
            tenant.pivot_role.external_id.clone(),
            "[\\w+=,.@:/-]{2,128}",
        ),
        (
            "PermissionsBoundary",
            "The ARN of the role's permissions boundary; empty for none",
            boundary,
            "|arn:aws[a-z-]*:iam::.*",
        ),
        (
            "ResourcePrefix",
            "How the names of the mesh's resources begin; the role reaches no others",
            environment.resource_prefix.to_string(),
            "[a-z][a-z-]*",
        ),
        (
            "RoleName",
            "The name of the role; the mesh's templates name the default",
            names.pivot_role(environment),
            "[\\w+=,.@-]{1,64}",
        ),
    ];
    rows.into_iter()
        .map(|(name, description, default, pattern)| {
            let attributes = Map::new()
                .with("AllowedPattern", pattern)
                .with("Default", default)
                .with("Description", description)
                .with("Type", "String");
            (name.into(), Parameter { attributes })
        })
        .collect()
}

/// The value with placeholders replaced by references to parameters.
fn with_parameters(value: &Value) -> Value {
    match value {
        Value::Text(text) => substituted(text),
        Value::List(items) => Value::List(items.iter().map(with_parameters).collect()),
        Value::Map(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), with_parameters(value)))
            .collect::<Map>()
            .into(),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Intrinsic(_) => value.clone(),
    }
}

fn reference(parameter: &str) -> Value {
    Intrinsic::Ref(LogicalId::parameter(parameter)).into()
}

fn substituted(text: &str) -> Value {
    const WORDS: [(&str, &str); 4] = [
        (PREFIX, "ResourcePrefix"),
        (ROLE, "RoleName"),
        (EXTERNAL_ID, "ExternalId"),
        (CENTRAL, "CentralAccountId"),
    ];
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = WORDS
            .iter()
            .filter_map(|(word, name)| rest.find(word).map(|place| (place, *word, *name)))
            .min();
        let Some((place, word, name)) = next else { break };
        if place > 0 {
            parts.push(SubPart::Literal(rest[..place].to_owned().into()));
        }
        parts.push(SubPart::Variable(name.into()));
        rest = &rest[place + word.len()..];
    }
    if parts.is_empty() {
        return Value::text(text.to_owned());
    }
    if let ([SubPart::Variable(name)], "") = (parts.as_slice(), rest) {
        return reference(name);
    }
    if !rest.is_empty() {
        parts.push(SubPart::Literal(rest.to_owned().into()));
    }
    Intrinsic::Sub { parts, variables: Map::new() }.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_template::StackKind;
    use lakewright_template::write::{template_to_json, value_to_compact_json};

    use super::*;
    use crate::testing::{ALL_ON, DEV, TENANT, allowed, environment, lowered, mesh};

    // "Created by the owner" in `docs/stacks/pivot-role.md`.

    #[test]
    fn an_owners_role_may_do_exactly_what_the_stacks_may() {
        let mesh = mesh(&[TENANT, &format!("{DEV}{ALL_ON}")]);
        let manual = template(&mesh, environment(&mesh, "dev")).expect("a template");
        let auto = lowered(&mesh, StackKind::PivotRole, "dev").template;
        assert_eq!(allowed(&manual), allowed(&auto));
    }

    #[test]
    fn each_stand_in_becomes_a_reference_to_its_parameter() {
        let mesh = mesh(&[TENANT, DEV]);
        let template = template(&mesh, environment(&mesh, "dev")).expect("a template");
        let text = template_to_json(&template);
        for word in [PREFIX, ROLE, EXTERNAL_ID, CENTRAL, "parameter0"] {
            assert!(!text.contains(word), "{word}");
        }
        let names: BTreeSet<&str> = template.parameters.keys().map(|name| &**name).collect();
        let expected =
            ["CentralAccountId", "ExternalId", "PermissionsBoundary", "ResourcePrefix", "RoleName"];
        assert_eq!(names, BTreeSet::from(expected));
    }

    #[test]
    fn a_stand_in_within_a_text_is_substituted_and_other_text_is_kept() {
        let json = |text: &str| value_to_compact_json(&substituted(text));
        // "Fn::Sub" in the CloudFormation template reference.
        assert_eq!(
            json("role/parameter0resource0prefix-*"),
            r#"{"Fn::Sub":"role/${ResourcePrefix}-*"}"#
        );
        assert_eq!(json("parameter0external0id"), r#"{"Ref":"ExternalId"}"#);
        assert_eq!(
            json("arn:aws:iam::222222222222:role/x"),
            r#""arn:aws:iam::222222222222:role/x""#
        );
        assert_eq!(
            json("arn:aws:iam::000000000000:role/parameter0role0name"),
            r#"{"Fn::Sub":"arn:aws:iam::${CentralAccountId}:role/${RoleName}"}"#
        );
    }
}
