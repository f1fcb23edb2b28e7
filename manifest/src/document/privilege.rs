//! The privileges that an access policy can allow or deny: a closed list in three groups.
//!
//! Sources: data.all's tenant permissions; `PoliciesConfig.java` of datahub-project/datahub at 01e93c1 for the
//! privileges of platform and metadata, and callers of its newer releases for home page templates, service accounts and
//! asset summaries; Atlan's guide to access control and pyatlan 11.6.0 (`PersonaMetadataAction`, `PersonaGlossaryAction`,
//! `PersonaDomainAction`, `PersonaAIAction`) for personas, purposes, glossaries, domains, data quality and AI assets.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::TenantPermission;

/// The platform privileges besides the tenant's permissions.
const PLATFORM: [&str; 42] = [
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
    "get_es_task_status",
    "get_platform_events",
    "get_timeseries_index_sizes",
    "manage_all_access_tokens",
    "manage_business_attribute",
    "manage_connections",
    "manage_documentation_forms",
    "manage_domains",
    "manage_features",
    "manage_global_announcements",
    "manage_home_page_templates",
    "manage_metadata_ingestion",
    "manage_monitors",
    "manage_ownership_types",
    "manage_platform_settings",
    "manage_policies",
    "manage_public_views",
    "manage_secrets",
    "manage_service_accounts",
    "manage_structured_properties",
    "manage_system_operations",
    "manage_tags",
    "manage_tests",
    "manage_user_credentials",
    "manage_users_and_groups",
    "restore_indices",
    "truncate_timeseries_index",
    "update_users_and_groups",
    "view_analytics",
    "view_manage_tags",
    "view_structured_properties_page",
    "view_tests",
];
/// The metadata privileges that apply to all types of resources.
const METADATA: [&str; 42] = [
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
    "edit_embed",
    "edit_entity",
    "edit_glossary_terms",
    "edit_incidents",
    "edit_lineage",
    "edit_links",
    "edit_operations",
    "edit_owners",
    "edit_properties",
    "edit_status",
    "edit_tags",
    "exists_entity",
    "get_counts",
    "get_entity",
    "get_timeline",
    "get_timeseries_aspect",
    "manage_asset_summary",
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
    "update_tags",
    "view_entity_page",
];
/// The metadata privileges that apply to one type of resource only.
const OF_THINGS: [(&str, &[&str]); 8] = [
    ("data_quality", &["create", "delete", "read", "update"]),
    (
        "dataset",
        &[
            "create_er_relationship",
            "edit_assertions",
            "edit_column_business_attribute",
            "edit_column_descriptions",
            "edit_column_glossary_terms",
            "edit_column_tags",
            "edit_data_contract",
            "edit_monitors",
            "edit_queries",
            "view_operations",
            "view_profile",
            "view_usage",
        ],
    ),
    (
        "domain",
        &[
            "create",
            "create_products",
            "create_subdomains",
            "delete",
            "delete_products",
            "delete_subdomains",
            "manage_data_products",
            "read",
            "read_products",
            "read_subdomains",
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
            "read",
            "remove_tags",
            "update",
            "update_custom_metadata",
            "update_tags",
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
const DATA: [&str; 11] = [
    "admin",
    "list_entities",
    "manage_namespaces",
    "manage_tables",
    "manage_views",
    "preview",
    "query",
    "read",
    "read_only",
    "read_write",
    "write",
];
/// The names of the three groups as a whole.
const GROUPS: [&str; 3] = ["data.*", "metadata.*", "platform.*"];

/// Types of resources of DataHub and Atlan that no document of a mesh can name. A policy about one could never apply.
pub(crate) const WITHOUT_DOCUMENT: [&str; 11] = [
    "ai_application",
    "ai_model",
    "business_attribute",
    "chart",
    "container",
    "data_flow",
    "data_job",
    "data_product",
    "platform_instance",
    "structured_property",
    "version_set",
];

/// The type of resource that a privilege is about, if no document can name such a resource:
/// `metadata.ai_model.read` is about an AI model.
pub(crate) fn without_document(privilege: &str) -> Option<&'static str> {
    let thing = privilege.strip_prefix("metadata.")?.split_once('.')?.0;
    WITHOUT_DOCUMENT.into_iter().find(|name| *name == thing)
}

/// Every privilege, as policies name it, and the names of the three groups.
pub fn all() -> Vec<String> {
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
