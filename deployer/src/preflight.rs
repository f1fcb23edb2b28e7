//! Checks before a stack is changed: the databases and repositories that it would create, and the roles that its
//! policies name. With a role that does not exist, a bucket policy fails only after twenty minutes, and a key policy
//! at once.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::Place;
use lakewright_template::arn::ArnParts;
use serde_json::json;

use crate::ask::{Ask, Service};
use crate::cloud::{Cloud, CloudError, Site};

/// Whether a role exists, by its ARN.
pub async fn exists(cloud: &impl Cloud, site: &Site, arn: &str) -> Result<bool, CloudError> {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let parameters = json!({ "RoleName": name });
    let what = format!("look for role {arn}");
    match cloud.ask(site, &Ask::new(Service::Iam, "GetRole", parameters, &what)).await {
        // A role with the same name and another path is another role.
        Ok(answer) => Ok(crate::ask::elements(&answer, "Arn").contains(&arn)),
        Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchEntity") => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether a database exists in the catalog of an account and region.
pub async fn has_database(cloud: &impl Cloud, site: &Site, name: &str) -> Result<bool, CloudError> {
    let body = json!({ "CatalogId": site.place.account, "Name": name });
    let what = format!("look for database {name}");
    match cloud.ask(site, &Ask::new(Service::Glue, "GetDatabase", body, &what)).await {
        Ok(_) => Ok(true),
        Err(CloudError::Refused { message, .. }) if message.starts_with("EntityNotFound") => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether a CodeCommit repository exists in an account and region.
pub async fn has_repository(
    cloud: &impl Cloud,
    site: &Site,
    name: &str,
) -> Result<bool, CloudError> {
    let body = json!({ "repositoryName": name });
    let what = format!("look for repository {name}");
    match cloud.ask(site, &Ask::new(Service::CodeCommit, "GetRepository", body, &what)).await {
        Ok(_) => Ok(true),
        Err(CloudError::Refused { message, .. })
            if message.starts_with("RepositoryDoesNotExist") =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The roles among these ARNs that do not exist. Only accounts in `sites` are checked: nobody here may look into others,
/// and AWS refuses a policy that names a missing role in any of them.
pub async fn missing_roles(
    cloud: &impl Cloud,
    sites: &BTreeMap<Place, Site>,
    roles: &BTreeSet<String>,
) -> Result<Vec<String>, CloudError> {
    let mut missing = Vec::new();
    for arn in roles {
        let account = ArnParts::parse(arn).map_or("", |arn| arn.account);
        let Some(site) = sites.values().find(|site| site.place.account == account) else {
            continue;
        };
        if !exists(cloud, site, arn).await? {
            missing.push(arn.clone());
        }
    }
    Ok(missing)
}
