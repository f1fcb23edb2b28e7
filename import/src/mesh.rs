//! The mesh that describes what is deployed: documents as YAML, with comments about what was not known.

use std::collections::{BTreeMap, BTreeSet};

use crate::deployed::{Deployed, OldKind, OldStack};
use crate::environments::{self, Surroundings};
use crate::yaml::{Document, Field, file};
use crate::{Gap, Settings, catalog, ids, workbench};

/// The mesh, as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The names of the files and their texts.
    pub files: Vec<(String, String)>,
    /// What the documents could not say.
    pub gaps: Vec<Gap>,
    /// The document of each stack of data.all, by the stack's address.
    pub documents: BTreeMap<String, Place>,
}

/// The document that a stack became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The kind of stack that Lakewright makes for the document, as in names of stacks.
    pub kind: &'static str,
    /// The id of the document.
    pub id: String,
    /// The id of its environment.
    pub environment: String,
    /// The roles of teams by logical id, for an environment.
    pub teams: BTreeMap<String, String>,
}

/// A mesh that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    /// The templates have no environment, which everything else refers to.
    #[error(
        "there is no template of an environment: expected a file such as dataall-environment-ab12cd34.json"
    )]
    NoEnvironment,
    /// A value that the tenant needs and that no template shows.
    #[error("{what} is in none of the templates: give it with `{option}`")]
    Unknown {
        /// What is missing.
        what: &'static str,
        /// The option that gives it.
        option: &'static str,
    },
    /// No role was given that may assume the pivot role.
    #[error(
        "the roles of the central account that may assume the pivot role are in no template, because data.all trusts patterns of names: give them with `--trusted-role`"
    )]
    NoTrustedRole,
    /// The names of the new stacks would begin like what is imported.
    #[error(
        "`{name}` begins with the prefix `{prefix}`, and names that do are for what the mesh makes: choose another `--prefix`"
    )]
    PrefixTaken {
        /// The prefix.
        prefix: String,
        /// The name of something that is imported.
        name: String,
    },
}

/// What data.all has in its database only.
const IN_DATABASE: &str = "shares and their items, tables and folders, stewards, topics, keywords, glossaries, consumption roles, \
     networks, worksheets, dashboards, tenant permissions";

/// Describes the stacks as a mesh.
///
/// # Errors
///
/// A value is missing that a mesh cannot do without, or the prefix is one of data.all's names.
pub fn describe(deployed: &Deployed, settings: &Settings) -> Result<Described, DescribeError> {
    let mut gaps = deployed.gaps.clone();
    if settings.trusted_roles.is_empty() {
        return Err(DescribeError::NoTrustedRole);
    }
    let around = Surroundings::of(deployed, &mut gaps)?;
    let mut documents = BTreeMap::new();
    let environments = environments::documents(deployed, &around, &mut gaps, &mut documents);
    let (datasets, names) = catalog::documents(deployed, &around, &mut gaps, &mut documents);
    let work = workbench::documents(deployed, &around, &mut gaps, &mut documents);
    let prefix = settings.prefix.as_str();
    if let Some(name) = names.into_iter().find(|name| name.starts_with(prefix)) {
        return Err(DescribeError::PrefixTaken { prefix: prefix.to_owned(), name });
    }
    let mut head = vec![tenant(deployed, settings)?];
    head.extend(environments::organizations(&around, &mut gaps));
    gaps.push(Gap::new(
        "data.all's database",
        format!("no template has {IN_DATABASE}; the mesh has none of them"),
        "add the documents by hand, or export them from data.all's API, before access is compared",
    ));
    gaps.extend(share_policies(deployed));
    gaps.sort();
    gaps.dedup();
    let mut files = vec![
        ("mesh.yaml".to_owned(), file(&head)),
        ("environments.yaml".to_owned(), file(&environments)),
    ];
    for (name, documents) in [("datasets.yaml", datasets), ("work.yaml", work)] {
        if !documents.is_empty() {
            files.push((name.to_owned(), file(&documents)));
        }
    }
    Ok(Described { files, gaps, documents })
}

fn tenant(deployed: &Deployed, settings: &Settings) -> Result<Document, DescribeError> {
    let first =
        deployed.of_kind(OldKind::Environment).next().ok_or(DescribeError::NoEnvironment)?;
    let trust = deployed.of_kind(OldKind::PivotRole).find_map(trust);
    let (account, external_id) = trust.map_or((None, None), |(account, id)| (account, id));
    let account = settings.central_account.as_ref().map(ToString::to_string).or(account);
    let account = account.ok_or(DescribeError::Unknown {
        what: "the central account of data.all",
        option: "--central-account",
    })?;
    let region = settings.home_region.as_ref().map(ToString::to_string);
    let region =
        region.or_else(|| deployed.of_kind(OldKind::Dataset).find_map(catalog::home_region));
    let region = region.ok_or(DescribeError::Unknown {
        what: "the region of data.all",
        option: "--home-region",
    })?;
    let external_id = settings.external_id.clone().or(external_id);
    let external_id = external_id
        .ok_or(DescribeError::Unknown { what: "an external id", option: "--external-id" })?;
    let mut tenant = Document::new("Tenant", &ids::slug(&first.prefix));
    tenant.comment(format!(
        "From the stacks of data.all with the prefix {}. The new stacks have names of their own.",
        first.prefix
    ));
    tenant.set("central_account", Field::Text(account));
    tenant.set("home_region", region);
    tenant.set("resource_prefix", settings.prefix.as_str());
    let roles = settings.trusted_roles.iter().map(ToString::to_string);
    tenant.set(
        "pivot_role",
        Field::map([
            ("external_id", Field::from(external_id)),
            ("trusted_roles", Field::texts(roles.collect::<BTreeSet<_>>())),
        ]),
    );
    Ok(tenant)
}

/// The account and the external id that a pivot role trusts.
fn trust(stack: &OldStack) -> Option<(Option<String>, Option<String>)> {
    let (_, role) = stack.of_type("AWS::IAM::Role").next()?;
    let document = stack.properties(role).get("AssumeRolePolicyDocument")?.as_map()?.clone();
    let statements = document.get("Statement")?.as_list()?;
    statements.iter().find_map(|statement| {
        let statement = statement.as_map()?;
        let condition = statement.get("Condition")?.as_map()?.get("StringEquals")?.as_map()?;
        let id = condition.get("sts:ExternalId")?.as_text()?.to_owned();
        let principal = statement.get("Principal")?.as_map()?.get("AWS")?.as_text()?.to_owned();
        let account = principal.split(':').nth(4).map(str::to_owned).or_else(|| {
            principal.bytes().all(|byte| byte.is_ascii_digit()).then(|| principal.clone())
        });
        Some((account, Some(id)))
    })
}

/// The policies of shares that team roles have: data.all writes them without CloudFormation, so no template has their contents.
fn share_policies(deployed: &Deployed) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for stack in deployed.of_kind(OldKind::Environment) {
        for (_, role) in stack.of_type("AWS::IAM::Role") {
            let arns = role.properties.get("ManagedPolicyArns").map(|arns| stack.fixed(arns));
            let arns = arns.as_ref().and_then(|arns| arns.as_list()).unwrap_or_default();
            for arn in arns.iter().filter_map(|arn| arn.as_text()) {
                if arn.contains("-share-policy-") {
                    let role = stack.text_at(role, &["RoleName"]).unwrap_or_default();
                    gaps.push(Gap::new(
                        stack.address(),
                        format!("the role {role} has shares, which its policy {arn} states and no template shows"),
                        "write a Share document for each of its buckets, folders and keys: `aws iam get-policy-version` shows them",
                    ));
                }
            }
        }
    }
    gaps
}

/// Tags that are data.all's own or that Lakewright sets itself.
const RESERVED: [&str; 9] = [
    "application",
    "classification",
    "creator",
    "dataall",
    "environment",
    "group",
    "organization",
    "target",
    "team",
];

/// What every document has: label, description, and the object's own tags.
pub(crate) fn set_header(document: &mut Document, stack: &OldStack) {
    document.comment(format!("From {}", stack.address()));
    document.set_text("label", &stack.label);
    document.set_text("description", &stack.description);
    let own = stack.tags.iter().filter(|(key, _)| {
        let key = key.to_lowercase();
        !RESERVED.contains(&key.as_str()) && !key.starts_with("aws:") && key != "utility"
    });
    let own: Vec<(String, Field)> =
        own.map(|(key, value)| (key.clone(), Field::from(value.as_str()))).collect();
    if !own.is_empty() {
        document.set("tags", Field::Map(own));
    }
}

#[cfg(test)]
mod tests;
