//! Facts that only an account knows, for the `context` of a mesh's environments.

use lakewright_template::Place;
use serde_json::json;

use crate::ask::{Ask, Service, elements, parsed};
use crate::cloud::{Cloud, CloudError, Site};

/// A VPC and its subnets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its id.
    pub id: String,
    /// The ids of its subnets, sorted.
    pub subnets: Vec<String>,
}

/// An account's subscription to QuickSight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// The account has none.
    No,
    /// The account has one, and its users and groups are in this region.
    Yes {
        /// The region, or why it is not known.
        identity_region: Result<String, String>,
    },
}

/// The default VPC of a region with its default subnets; `None` if there is none.
///
/// Source: the filters of `DescribeVpcs` and `DescribeSubnets` in the EC2 API reference.
pub async fn default_vpc(cloud: &impl Cloud, site: &Site) -> Result<Option<Vpc>, CloudError> {
    let what = format!("look for the default VPC of {}", site.place);
    let parameters = json!({ "Filter.1.Name": "isDefault", "Filter.1.Value.1": "true" });
    let answer = ec2(cloud, site, "DescribeVpcs", parameters, &what).await?;
    let Some(id) = elements(&answer, "vpcId").first().map(|id| (*id).to_owned()) else {
        return Ok(None);
    };
    let parameters = json!({
        "Filter.1.Name": "vpc-id", "Filter.1.Value.1": id,
        "Filter.2.Name": "default-for-az", "Filter.2.Value.1": "true",
    });
    let answer = ec2(cloud, site, "DescribeSubnets", parameters, &what).await?;
    Ok(Some(Vpc { id, subnets: sorted(&answer, "subnetId") }))
}

/// The ids of a region's availability zones, sorted.
pub async fn zones(cloud: &impl Cloud, site: &Site) -> Result<Vec<String>, CloudError> {
    let what = format!("list the availability zones of {}", site.place);
    let parameters = json!({
        "Filter.1.Name": "zone-type", "Filter.1.Value.1": "availability-zone",
        "Filter.2.Name": "state", "Filter.2.Value.1": "available",
    });
    let answer = ec2(cloud, site, "DescribeAvailabilityZones", parameters, &what).await?;
    Ok(sorted(&answer, "zoneId"))
}

/// The address blocks of a VPC, sorted.
pub async fn blocks(cloud: &impl Cloud, site: &Site, vpc: &str) -> Result<Vec<String>, CloudError> {
    let what = format!("look at VPC {vpc} of {}", site.place);
    let answer = ec2(cloud, site, "DescribeVpcs", json!({ "VpcId.1": vpc }), &what).await?;
    Ok(sorted(&answer, "cidrBlock"))
}

/// An account's subscription to QuickSight.
///
/// Source of the statuses: the resource `aws_quicksight_account_subscription` of terraform-provider-aws.
pub async fn subscription(cloud: &impl Cloud, site: &Site) -> Result<Subscription, CloudError> {
    let what = format!("look for the QuickSight subscription of account {}", site.place.account);
    let parameters = json!({ "AwsAccountId": site.place.account });
    let asked = Ask::new(Service::QuickSight, "DescribeAccountSubscription", parameters, &what);
    let answer = match cloud.ask(site, &asked).await {
        Err(CloudError::Refused { message, .. }) if message.starts_with("ResourceNotFound") => {
            return Ok(Subscription::No);
        }
        other => parsed(&other?, &what)?,
    };
    match answer["AccountInfo"]["AccountSubscriptionStatus"].as_str().unwrap_or("no status") {
        "UNSUBSCRIBED" => Ok(Subscription::No),
        "ACCOUNT_CREATED" | "OK" => {
            Ok(Subscription::Yes { identity_region: identity_region(cloud, site).await })
        }
        other => Err(CloudError::Refused { what, message: format!("its status is {other}") }),
    }
}

/// The region of users and groups: the one of the namespace `default`. In other regions, QuickSight refuses the request
/// and says which one it is.
///
/// Source: `NamespaceInfoV2` in the QuickSight API reference; the message in cloud-intelligence-dashboards-framework #12.
async fn identity_region(cloud: &impl Cloud, site: &Site) -> Result<String, String> {
    let what = format!("look for the QuickSight region of account {}", site.place.account);
    let parameters = json!({ "AwsAccountId": site.place.account });
    let asked = Ask::new(Service::QuickSight, "ListNamespaces", parameters, &what);
    match cloud.ask(site, &asked).await {
        Ok(answer) => {
            let answer = parsed(&answer, &what).map_err(|error| error.to_string())?;
            let spaces = answer["Namespaces"].as_array().into_iter().flatten();
            let region = spaces
                .filter(|space| space["Name"] == "default")
                .find_map(|space| space["CapacityRegion"].as_str());
            region
                .map(str::to_owned)
                .ok_or_else(|| "QuickSight has no namespace `default`".to_owned())
        }
        Err(error) => named_region(&error.to_string()).ok_or_else(|| error.to_string()),
    }
}

/// The identity region in a refusal.
fn named_region(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("your identity region is ")?;
    let region = rest.split(['.', ' ']).next()?;
    Place::parse("000000000000", region).ok().map(|place| place.region.to_string())
}

async fn ec2(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    parameters: serde_json::Value,
    what: &str,
) -> Result<String, CloudError> {
    cloud.ask(site, &Ask::new(Service::Ec2, operation, parameters, what)).await
}

/// The texts of all elements with a name, sorted, each once.
fn sorted(answer: &str, name: &str) -> Vec<String> {
    let mut found: Vec<String> =
        elements(answer, name).into_iter().map(|text| text.trim().to_owned()).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message in cloud-intelligence-dashboards-framework #12, and the one without a comma in cloud-custodian #10168.
    #[test]
    fn a_refusal_names_the_identity_region() {
        let message = "AccessDeniedException: Operation is being called from endpoint us-west-2, but your identity region \
                       is us-east-1. Please use the us-east-1 endpoint.";
        assert_eq!(named_region(message).as_deref(), Some("us-east-1"));
        let message = "Operation is being called from endpoint us-west-2 but your identity region is us-east-1. Please";
        assert_eq!(named_region(message).as_deref(), Some("us-east-1"));
        assert_eq!(named_region("is not authorized to perform: quicksight:ListNamespaces"), None);
        assert_eq!(named_region("your identity region is <script>."), None);
    }
}
