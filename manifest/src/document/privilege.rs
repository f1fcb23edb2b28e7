//! The privileges that an access policy can allow or deny: a closed list in three groups.
//!
//! Sources: data.all's tenant permissions; `PoliciesConfig.java` of datahub-project/datahub at 01e93c1 for the
//! privileges of platform and metadata; Atlan's guide to access control for personas, purposes, glossaries and domains.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::TenantPermission;

/// The platform privileges besides the tenant's permissions.
const PLATFORM: [&str; 37] = [
    "apply_retention",
    "create_business_attribute",
    "create_domains",
    "create_global_announcements",
    "create_tags",
    "create_users_and_groups",
    "enable_or_disable_writeability",
    "explain_search_query",
    "generate_personal_access_tokens",
    "get_analytics",
    "get_platform_events",
    "manage_all_access_tokens",
    "manage_business_attribute",
    "manage_connections",
    "manage_documentation_forms",
    "manage_domains",
    "manage_features",
    "manage_global_announcements",
    "manage_metadata_ingestion",
    "manage_monitors",
    "manage_ownership_types",
    "manage_platform_settings",
    "manage_policies",
    "manage_public_views",
    "manage_secrets",
    "manage_structured_properties",
    "manage_system_operations",
    "manage_tags",
    "manage_tests",
    "manage_user_credentials",
    "manage_users_and_groups",
    "restore_indices",
    "update_users_and_groups",
    "view_analytics",
    "view_manage_tags",
    "view_structured_properties_page",
    "view_tests",
];
/// The metadata privileges that apply to all types of resources.
const METADATA: [&str; 38] = [
    "add_tags",
    "add_terms",
    "create",
    "create_entity",
    "delete",
    "delete_entity",
    "edit_data_product",
    "edit_deprecation",
    "edit_description",
    "edit_domain",
    "edit_entity",
    "edit_glossary_terms",
    "edit_incidents",
    "edit_lineage",
    "edit_links",
    "edit_owners",
    "edit_properties",
    "edit_status",
    "edit_tags",
    "exists_entity",
    "get_counts",
    "get_entity",
    "get_timeline",
    "get_timeseries_aspect",
    "manage_documentation_proposals",
    "manage_glossary_term_proposals",
    "manage_tag_proposals",
    "produce_platform_event",
    "propose_documentation",
    "propose_glossary_terms",
    "propose_tags",
    "read",
    "remove_tags",
    "remove_terms",
    "search",
    "update",
    "update_custom_metadata",
    "view_entity_page",
];
/// The metadata privileges that apply to one type of resource only.
const OF_THINGS: [(&str, &[&str]); 7] = [
    (
        "dataset",
        &[
            "edit_assertions",
            "edit_column_descriptions",
            "edit_column_glossary_terms",
            "edit_column_tags",
            "edit_monitors",
            "edit_queries",
            "view_profile",
            "view_usage",
        ],
    ),
    (
        "domain",
        &[
            "create_products",
            "create_subdomains",
            "delete_products",
            "read",
            "update",
            "update_custom_metadata",
            "update_product_custom_metadata",
            "update_products",
            "update_subdomain_custom_metadata",
            "update_subdomains",
        ],
    ),
    (
        "glossary",
        &[
            "add_tags",
            "create",
            "delete",
            "link_terms",
            "remove_tags",
            "update",
            "update_custom_metadata",
        ],
    ),
    (
        "group",
        &[
            "edit_contact_information",
            "edit_members",
            "manage_notifications",
            "manage_subscriptions",
        ],
    ),
    ("tag", &["edit_color"]),
    ("term_group", &["manage_all_children", "manage_direct_children"]),
    ("user", &["edit_contact_information", "edit_profile"]),
];
/// The data privileges.
const DATA: [&str; 5] = ["admin", "preview", "query", "read", "write"];
/// The names of the three groups as a whole.
const GROUPS: [&str; 3] = ["data.*", "metadata.*", "platform.*"];

/// Every privilege, as policies name it.
pub(crate) fn all() -> Vec<String> {
    let tenant = TenantPermission::ALL.into_iter().map(TenantPermission::as_str);
    let platform = tenant.chain(PLATFORM).map(|name| format!("platform.{name}"));
    let metadata = METADATA.into_iter().map(|name| format!("metadata.{name}"));
    let of_things = OF_THINGS.into_iter().flat_map(|(thing, names)| {
        names.iter().map(move |name| format!("metadata.{thing}.{name}"))
    });
    let data = DATA.into_iter().map(|name| format!("data.{name}"));
    let groups = GROUPS.into_iter().map(str::to_owned);
    groups.chain(data).chain(metadata).chain(of_things).chain(platform).collect()
}

/// The schema of a list of privileges.
pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": all() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_privilege() {
        let page = include_str!("../../../docs/mesh.md");
        let (_, section) = page.split_once("\n## Privileges\n").expect("a section");
        let section = section.split("\n## ").next().unwrap_or_default();
        for privilege in all() {
            let name = privilege.rsplit_once('.').map_or(privilege.as_str(), |(_, name)| name);
            assert!(section.contains(&format!("`{name}`")) || name == "*", "{privilege}");
        }
    }

    #[test]
    fn each_privilege_has_one_name() {
        let mut names = all();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
