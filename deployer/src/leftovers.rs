//! Resources that block the deletion of a stack or outlive it, and unconfirmed e-mail subscriptions.

use lakewright_template::Place;
use lakewright_template::{DeletionPolicy, Template};
use serde_json::{Value, json};

use crate::ask::{Ask, Service, elements, parsed};
use crate::cloud::{Cloud, CloudError, Placed, Site};

/// What blocks the deletion of a stack, in words: apps and spaces of ML Studio profiles, and the file system of a
/// domain whose network the stack deletes.
pub async fn blockers(
    cloud: &impl Cloud,
    site: &Site,
    template: &Template,
    placed: &[Placed],
) -> Result<Vec<String>, CloudError> {
    let mut found = Vec::new();
    let of = |kind: &'static str| template.resources.values().filter(move |r| r.kind == kind);
    let placed = |kind: &'static str| placed.iter().filter(move |one| one.kind == kind);
    for profile in placed(PROFILE).map(|one| &one.physical_id) {
        // The physical id is the profile's name and the domain's id; another domain may have a profile of the same
        // name.
        let (name, domain) = profile.split_once('|').unwrap_or((profile.as_str(), ""));
        let apps = listed(cloud, site, "ListApps", "Apps").await?;
        let is_its = |one: &Value| one["DomainId"] == domain && is_alive(one);
        let own = apps.iter().filter(|app| app["UserProfileName"] == name && is_its(app));
        found.extend(own.map(|app| named("app", app, "AppName", "AppType")));
        let spaces = listed(cloud, site, "ListSpaces", "Spaces").await?;
        let owner = |space: &Value| {
            space["OwnershipSettingsSummary"]["OwnerUserProfileName"] == name && is_its(space)
        };
        let own = spaces.iter().filter(|space| owner(space));
        found.extend(own.map(|space| named("space", space, "SpaceName", "DomainId")));
    }
    let makes_network = of("AWS::EC2::Subnet").next().is_some();
    if makes_network && let Some(domain) = of(DOMAIN).next() {
        let stays = domain.deletion_policy.is_some_and(|policy| policy != DeletionPolicy::Delete);
        if stays {
            found.push(
                "the ML Studio domain stays and needs the network that would go; set \
                 `retain_on_delete: false` in the environment and deploy first"
                    .to_owned(),
            );
        }
        for domain in placed(DOMAIN) {
            found.extend(file_systems(cloud, site, &domain.physical_id).await?);
        }
    }
    Ok(found)
}

/// The resources that are retained when a stack is deleted, by their names in AWS.
pub fn retained(site: &Site, template: &Template, placed: &[Placed]) -> Vec<String> {
    let mut found = Vec::new();
    let mut tables = 0_usize;
    for one in placed {
        let resource = template.resources.iter().find(|(id, _)| id.as_str() == one.logical_id);
        let Some((_, resource)) = resource.filter(|(_, found)| stays(found.deletion_policy)) else {
            continue;
        };
        if one.kind == "AWS::Glue::Table" {
            tables += 1;
            continue;
        }
        found.push(match one.kind.as_str() {
            // The physical id is an id from AWS, but people know the name.
            "AWS::CodeCommit::Repository" => {
                let name = resource
                    .properties
                    .get("RepositoryName")
                    .and_then(lakewright_template::Value::as_text);
                format!("repository {}", name.unwrap_or(&one.physical_id))
            }
            kind => called(site, kind, &one.physical_id),
        });
    }
    match tables {
        0 => {}
        1 => found.push("1 table".to_owned()),
        several => found.push(format!("{several} tables")),
    }
    found
}

fn called(site: &Site, kind: &str, id: &str) -> String {
    let Place { account, region } = &site.place;
    match kind {
        "AWS::Glue::Database" => format!("database {id}"),
        "AWS::KMS::Alias" => format!("key {id}"),
        "AWS::KMS::Key" => format!("key {}", site.place.arn("kms", &format!("key/{id}"))),
        "AWS::LakeFormation::DataLakeSettings" => {
            format!("settings of Lake Formation in account {account} {region}")
        }
        "AWS::S3::Bucket" => format!("bucket {id}"),
        "AWS::SageMaker::Domain" => format!("ML Studio domain {id}"),
        "AWS::VerifiedPermissions::PolicyStore" => format!("policy store {id}"),
        other => format!("{other} {id}"),
    }
}

/// Whether a resource is retained when its stack is deleted.
pub fn stays(policy: Option<DeletionPolicy>) -> bool {
    matches!(policy, Some(DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate))
}

const PROFILE: &str = "AWS::SageMaker::UserProfile";
const DOMAIN: &str = "AWS::SageMaker::Domain";

/// The file systems of a domain. A deleted domain leaves its file system behind, whose mount targets block the
/// deletion of the subnets.
async fn file_systems(
    cloud: &impl Cloud,
    site: &Site,
    domain: &str,
) -> Result<Vec<String>, CloudError> {
    const TAG: &str = "ManagedByAmazonSageMakerResource";
    let what = "list the file systems of ML Studio domains";
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let parameters =
            marker.map_or_else(|| json!({}), |marker: String| json!({ "Marker": marker }));
        let ask = Ask::new(Service::ElasticFileSystem, "DescribeFileSystems", parameters, what);
        let answer = parsed(&cloud.ask(site, &ask).await?, what)?;
        for one in answer["FileSystems"].as_array().into_iter().flatten() {
            let mut tags = one["Tags"].as_array().into_iter().flatten();
            let is_its = |tag: &&Value| {
                let value = tag["Value"].as_str().unwrap_or_default();
                tag["Key"] == TAG && value.rsplit('/').next() == Some(domain)
            };
            if let (Some(_), Some(id)) = (tags.find(is_its), one["FileSystemId"].as_str()) {
                found.push(format!(
                    "file system {id} of domain {domain} holds the subnets: `aws sagemaker delete-domain --domain-id {domain} \
                     --retention-policy HomeEfsFileSystem=Delete` removes both, with all home folders"
                ));
            }
        }
        marker = answer["NextMarker"].as_str().map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

async fn listed(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    list: &str,
) -> Result<Vec<Value>, CloudError> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let body = if token.is_string() { json!({ "NextToken": token }) } else { json!({}) };
        let what = "list what ML Studio runs";
        let ask = Ask::new(Service::SageMaker, operation, body, what);
        let page = parsed(&cloud.ask(site, &ask).await?, what)?;
        found.extend(page[list].as_array().into_iter().flatten().cloned());
        token = page["NextToken"].clone();
        if !token.is_string() {
            return Ok(found);
        }
    }
}

fn is_alive(one: &Value) -> bool {
    one["Status"] != "Deleted"
}

fn named(what: &str, one: &Value, name: &str, more: &str) -> String {
    let text = |key: &str| one[key].as_str().unwrap_or("?").to_owned();
    format!("{what} {} ({}) keeps the profile from being deleted", text(name), text(more))
}

/// The numbers of confirmed and pending subscriptions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receivers {
    /// Subscriptions that receive messages.
    pub confirmed: u64,
    /// Subscriptions whose e-mail has not been confirmed yet.
    pub pending: u64,
}

/// Counts the subscriptions of a topic. Expired subscriptions are in neither number.
pub async fn receivers(
    cloud: &impl Cloud,
    site: &Site,
    topic: &str,
) -> Result<Receivers, CloudError> {
    let parameters = json!({ "TopicArn": topic });
    let what = format!("count the receivers of {topic}");
    let answer =
        cloud.ask(site, &Ask::new(Service::Sns, "GetTopicAttributes", parameters, &what)).await?;
    let entries = elements(&answer, "entry");
    let number = |name: &str| {
        let entry = entries.iter().find(|entry| elements(entry, "key") == [name]);
        let value = entry.and_then(|entry| elements(entry, "value").first().copied());
        value.and_then(|value| value.parse().ok()).unwrap_or_default()
    };
    Ok(Receivers {
        confirmed: number("SubscriptionsConfirmed"),
        pending: number("SubscriptionsPending"),
    })
}
