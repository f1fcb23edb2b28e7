//! Tags: the mesh's own, from the general to the particular, then those that access depends on.

use std::collections::BTreeMap;

use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{Environment, Header, Tenant};

/// The tags of each resource of a stack that belongs to no environment.
pub(crate) fn central_tags(tenant: &Tenant, target: &str) -> BTreeMap<String, String> {
    let mut tags = Tags::default();
    tenant.header.tags.iter().for_each(|(key, value)| tags.put(key, value));
    tags.put("Target", target);
    tags.put("Team", tenant.admin_team.as_str());
    tags.put("lakewright:mesh", tenant.header.id.as_str());
    tags.done()
}

/// Tags by their keys in lower case: IAM does not tell `Cost` from `cost`.
#[derive(Default)]
struct Tags(BTreeMap<String, (String, String)>);

impl Tags {
    fn put(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_lowercase(), (key.to_owned(), value.to_owned()));
    }

    fn done(self) -> BTreeMap<String, String> {
        self.0.into_values().collect()
    }
}

/// The tags of each resource of a stack.
///
/// Tags cascade from the tenant over the organization and the environment to the document; the
/// nearest wins.
pub(crate) fn resource_tags(
    tenant: &Tenant,
    environment: &Environment,
    own: Option<&Header>,
    team: &TeamName,
    target: &str,
) -> BTreeMap<String, String> {
    let mut tags = Tags::default();
    let organization = &environment.organization.header;
    let above = [&tenant.header, organization, &environment.header];
    let cascade = above.map(Some).into_iter().chain([own]);
    for header in cascade.flatten() {
        header.tags.iter().for_each(|(key, value)| tags.put(key, value));
    }
    tags.put("Environment", environment.header.id.as_str());
    tags.put("Organization", organization.id.as_str());
    tags.put("Target", target);
    tags.put("Team", team.as_str());
    tags.put("lakewright:mesh", tenant.header.id.as_str());
    tags.done()
}
