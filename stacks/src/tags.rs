//! Tags: the mesh's own, from general to specific, then those that access depends on.

use std::collections::BTreeMap;

use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{Environment, Header, Tenant};

/// The tags of each resource of a stack that does not belong to an environment.
pub(crate) fn central_tags(tenant: &Tenant, target: &str) -> BTreeMap<String, String> {
    let mut tags = Tags::default();
    tenant.header.tags.iter().for_each(|(key, value)| tags.put(key, value));
    tags.put("Target", target);
    tags.put("Team", tenant.admin_team.as_str());
    tags.put("lakewright:mesh", tenant.header.id.as_str());
    tags.done()
}

/// Tags by lower-case key: IAM treats `Cost` and `cost` as equal.
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
/// Tags are inherited from the tenant, the organization and the environment to the document; the most specific
/// value wins.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DEV, SALES, TENANT, dataset, environment, mesh};

    // "Tags" in `docs/mesh.md`.

    fn tagged(
        tenant: &str,
        organization: &str,
        dev: &str,
        sales: &str,
    ) -> BTreeMap<String, String> {
        let line = |value: &str| match value {
            "" => String::new(),
            tag => format!("tags: {{ {tag} }}\n"),
        };
        let (head, organizations) = TENANT.split_once("---\n").expect("two documents");
        let texts = [(head, tenant), (organizations, organization), (DEV, dev), (SALES, sales)];
        let texts = texts.map(|(text, value)| format!("{text}{}", line(value)));
        let mesh = mesh(&texts.each_ref().map(String::as_str));
        let (dev, sales) = (environment(&mesh, "dev"), dataset(&mesh, "sales"));
        resource_tags(&mesh.tenant, dev, Some(&sales.header), &sales.team, "dataset/sales")
    }

    #[test]
    fn the_nearest_of_several_tags_wins_whatever_its_case() {
        // Keys of tags are not told apart by case in IAM: "Tags for IAM resources" in the IAM user guide.
        let cost = |tags: &BTreeMap<String, String>| {
            let found = tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case("cost"));
            found.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(cost(&tagged("cost: t", "", "", "")), ["cost=t"]);
        assert_eq!(cost(&tagged("cost: t", "cost: o", "", "")), ["cost=o"]);
        assert_eq!(cost(&tagged("cost: t", "cost: o", "COST: e", "")), ["COST=e"]);
        assert_eq!(cost(&tagged("cost: t", "cost: o", "COST: e", "Cost: d")), ["Cost=d"]);
    }

    #[test]
    fn tags_that_access_depends_on_are_the_meshs_own() {
        let mut mesh = mesh(&[TENANT, DEV, SALES]);
        for (key, value) in [("team", "Others"), ("LAKEWRIGHT:MESH", "other")] {
            mesh.tenant.header.tags.insert(key.to_owned(), value.to_owned());
        }
        let (dev, sales) = (environment(&mesh, "dev"), dataset(&mesh, "sales"));
        let expected = [
            ("Environment", "dev"),
            ("Organization", "org"),
            ("Target", "dataset/sales"),
            ("Team", "Owners"),
            ("lakewright:mesh", "base"),
        ];
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let target = "dataset/sales";
        assert_eq!(
            resource_tags(&mesh.tenant, dev, Some(&sales.header), &sales.team, target),
            of(&expected)
        );
        // The platform is the team's that administers it: `DAAdministrators` unless the tenant names another one.
        let central = [
            ("Target", "platform/base"),
            ("Team", "DAAdministrators"),
            ("lakewright:mesh", "base"),
        ];
        assert_eq!(central_tags(&mesh.tenant, "platform/base"), of(&central));
    }
}
