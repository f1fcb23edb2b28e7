//! What would block the deletion of a stack or outlive it, and mails that nobody reads.

use lakewright_template::{DeletionPolicy, Template};
use serde_json::{Value, json};

use crate::ask::{Ask, Service, elements};
use crate::cloud::{Cloud, CloudError, Site};

/// What keeps a stack from being deleted, in words: apps and spaces of ML Studio profiles, and the file system of a
/// domain in a network that would go.
pub async fn blockers(
    cloud: &impl Cloud,
    site: &Site,
    template: &Template,
) -> Result<Vec<String>, CloudError> {
    let mut found = Vec::new();
    let of = |kind: &'static str| template.resources.values().filter(move |r| r.kind == kind);
    for profile in of("AWS::SageMaker::UserProfile") {
        let name = profile.properties.get("UserProfileName").and_then(|name| name.as_text());
        let Some(name) = name else { continue };
        let apps = listed(cloud, site, "ListApps", "Apps").await?;
        let own = apps.iter().filter(|app| app["UserProfileName"] == name && is_alive(app));
        found.extend(own.map(|app| named("app", app, "AppName", "AppType")));
        let spaces = listed(cloud, site, "ListSpaces", "Spaces").await?;
        let owner = |space: &Value| {
            space["OwnershipSettingsSummary"]["OwnerUserProfileName"] == name && is_alive(space)
        };
        let own = spaces.iter().filter(|space| owner(space));
        found.extend(own.map(|space| named("space", space, "SpaceName", "DomainId")));
    }
    let makes_network = of("AWS::EC2::Subnet").next().is_some();
    if makes_network && let Some(domain) = of("AWS::SageMaker::Domain").next() {
        let stays = domain.deletion_policy.is_some_and(|policy| policy != DeletionPolicy::Delete);
        if stays {
            found.push(
                "the ML Studio domain stays and needs the network that would go; set \
                 `retain_on_delete: false` in the environment and deploy first"
                    .to_owned(),
            );
        }
        found.extend(file_systems(cloud, site).await?);
    }
    Ok(found)
}

/// A domain leaves its file system behind, whose mount targets hold the subnets.
async fn file_systems(cloud: &impl Cloud, site: &Site) -> Result<Vec<String>, CloudError> {
    const TAG: &str = "ManagedByAmazonSageMakerResource";
    let what = "list the file systems of ML Studio domains";
    let ask = Ask::new(Service::ElasticFileSystem, "DescribeFileSystems", json!({}), what);
    let answer: Value = serde_json::from_str(&cloud.ask(site, &ask).await?).unwrap_or_default();
    let all = answer["FileSystems"].as_array().into_iter().flatten();
    let of_domain = all.filter_map(|one| {
        let tags = one["Tags"].as_array().into_iter().flatten();
        let domain = tags.filter(|tag| tag["Key"] == TAG).find_map(|tag| tag["Value"].as_str())?;
        Some((one["FileSystemId"].as_str()?, domain))
    });
    Ok(of_domain
        .map(|(id, domain)| {
            format!(
                "file system {id} of {domain} holds the subnets: `aws sagemaker delete-domain --domain-id {} \
                 --retention-policy HomeEfsFileSystem=Delete` removes both, with all home folders",
                domain.rsplit('/').next().unwrap_or_default()
            )
        })
        .collect())
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
        let ask = Ask::new(Service::SageMaker, operation, body, "list what ML Studio runs");
        let page: Value = serde_json::from_str(&cloud.ask(site, &ask).await?).unwrap_or_default();
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

/// How many receivers of a topic are confirmed, and how many are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receivers {
    /// Those that get messages.
    pub confirmed: u64,
    /// Those that have not answered yet.
    pub pending: u64,
}

/// Counts the receivers of a topic. A subscription that lapsed is not there at all.
pub async fn receivers(
    cloud: &impl Cloud,
    site: &Site,
    topic: &str,
) -> Result<Receivers, CloudError> {
    let parameters = json!({ "TopicArn": topic });
    let what = format!("count the receivers of {topic}");
    let answer =
        cloud.ask(site, &Ask::new(Service::Sns, "GetTopicAttributes", parameters, &what)).await?;
    let pairs: Vec<(&str, &str)> =
        elements(&answer, "key").into_iter().zip(elements(&answer, "value")).collect();
    let number = |name: &str| {
        let found = pairs.iter().find(|(key, _)| *key == name);
        found.and_then(|(_, value)| value.parse().ok()).unwrap_or_default()
    };
    Ok(Receivers {
        confirmed: number("SubscriptionsConfirmed"),
        pending: number("SubscriptionsPending"),
    })
}
