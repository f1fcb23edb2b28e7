//! Tags: the mesh's own, from the general to the particular, then those that access depends on.

use std::collections::BTreeMap;

use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{Environment, Header, Mesh};

/// The tags of each resource of a stack that belongs to no environment.
pub(crate) fn central_tags(mesh: &Mesh, target: &str) -> BTreeMap<String, String> {
    let tenant = &mesh.tenant;
    let mut tags = tenant.header.tags.clone();
    tags.insert("Target".to_owned(), target.to_owned());
    tags.insert("Team".to_owned(), tenant.admin_team.to_string());
    tags.insert("lakewright:mesh".to_owned(), tenant.header.id.to_string());
    tags
}

/// The tags of each resource of a stack.
///
/// Tags cascade from the tenant over the organization and the environment to the document; the
/// nearest wins. IAM does not tell `Cost` from `cost`, so neither does this.
pub(crate) fn resource_tags(
    mesh: &Mesh,
    environment: &Environment,
    own: Option<&Header>,
    team: &TeamName,
    target: &str,
) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut put = |key: &str, value: &str| {
        tags.insert(key.to_lowercase(), (key.to_owned(), value.to_owned()));
    };
    let organization = mesh.organizations.get(&environment.organization).map(|o| &o.header);
    let cascade = [Some(&mesh.tenant.header), organization, Some(&environment.header), own];
    for header in cascade.into_iter().flatten() {
        header.tags.iter().for_each(|(key, value)| put(key, value));
    }
    put("Environment", environment.header.id.as_str());
    put("Organization", environment.organization.as_str());
    put("Target", target);
    put("Team", team.as_str());
    put("lakewright:mesh", mesh.tenant.header.id.as_str());
    tags.into_values().collect()
}
