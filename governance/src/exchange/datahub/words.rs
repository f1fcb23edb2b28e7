//! The words of DataHub, and those of a mesh.
//!
//! Source: `metadata-utils/src/main/java/com/linkedin/metadata/authorization/PoliciesConfig.java` of
//! datahub-project/datahub at 01e93c1. Privileges of a mesh that are not in it, such as those to propose tags, have no
//! counterpart.

use crate::kind::ResourceKind;

/// A privilege of DataHub, and the privileges of a mesh that mean the same together.
type Row = (&'static str, &'static [&'static str]);

/// Platform privileges.
const PLATFORM: [Row; 39] = [
    ("APPLY_RETENTION_PRIVILEGE", &["platform.apply_retention"]),
    ("CREATE_BUSINESS_ATTRIBUTE", &["platform.create_business_attribute"]),
    ("CREATE_DOMAINS", &["platform.create_domains"]),
    ("CREATE_GLOBAL_ANNOUNCEMENTS", &["platform.create_global_announcements"]),
    ("CREATE_TAGS", &["platform.create_tags"]),
    ("CREATE_USERS_AND_GROUPS", &["platform.create_users_and_groups"]),
    ("ES_EXPLAIN_QUERY_PRIVILEGE", &["platform.explain_search_query"]),
    ("GENERATE_PERSONAL_ACCESS_TOKENS", &["platform.generate_personal_access_tokens"]),
    ("GET_ANALYTICS_PRIVILEGE", &["platform.get_analytics"]),
    ("GET_ES_TASK_STATUS_PRIVILEGE", &["platform.get_es_task_status"]),
    ("GET_PLATFORM_EVENTS", &["platform.get_platform_events"]),
    ("GET_TIMESERIES_INDEX_SIZES_PRIVILEGE", &["platform.get_timeseries_index_sizes"]),
    ("MANAGE_ACCESS_TOKENS", &["platform.manage_all_access_tokens"]),
    ("MANAGE_BUSINESS_ATTRIBUTE", &["platform.manage_business_attribute"]),
    ("MANAGE_CONNECTIONS", &["platform.manage_connections"]),
    ("MANAGE_DOCUMENTATION_FORMS", &["platform.manage_documentation_forms"]),
    ("MANAGE_DOMAINS", &["platform.manage_domains"]),
    ("MANAGE_FEATURES", &["platform.manage_features"]),
    ("MANAGE_GLOBAL_ANNOUNCEMENTS", &["platform.manage_global_announcements"]),
    ("MANAGE_GLOBAL_OWNERSHIP_TYPES", &["platform.manage_ownership_types"]),
    ("MANAGE_GLOBAL_VIEWS", &["platform.manage_public_views"]),
    ("MANAGE_GLOSSARIES", &["platform.manage_glossaries"]),
    ("MANAGE_INGESTION", &["platform.manage_metadata_ingestion"]),
    ("MANAGE_POLICIES", &["platform.manage_policies"]),
    ("MANAGE_SECRETS", &["platform.manage_secrets"]),
    ("MANAGE_STRUCTURED_PROPERTIES", &["platform.manage_structured_properties"]),
    ("MANAGE_SYSTEM_OPERATIONS", &["platform.manage_system_operations"]),
    ("MANAGE_TAGS", &["platform.manage_tags"]),
    ("MANAGE_TESTS", &["platform.manage_tests"]),
    ("MANAGE_USERS_AND_GROUPS", &["platform.manage_users_and_groups"]),
    ("MANAGE_USER_CREDENTIALS", &["platform.manage_user_credentials"]),
    ("RESTORE_INDICES_PRIVILEGE", &["platform.restore_indices"]),
    ("SET_WRITEABLE_PRIVILEGE", &["platform.enable_or_disable_writeability"]),
    ("TRUNCATE_TIMESERIES_INDEX_PRIVILEGE", &["platform.truncate_timeseries_index"]),
    ("UPDATE_USERS_AND_GROUPS", &["platform.update_users_and_groups"]),
    ("VIEW_ANALYTICS", &["platform.view_analytics"]),
    ("VIEW_MANAGE_TAGS", &["platform.view_manage_tags"]),
    ("VIEW_STRUCTURED_PROPERTIES_PAGE", &["platform.view_structured_properties_page"]),
    ("VIEW_TESTS", &["platform.view_tests"]),
];

/// Privileges on resources.
const ON_RESOURCES: [Row; 49] = [
    ("CREATE_ENTITY", &["metadata.create_entity"]),
    ("CREATE_ENTITY_ER_MODEL_RELATIONSHIP", &["metadata.dataset.create_er_relationship"]),
    ("DATA_LIST_ENTITIES", &["data.list_entities"]),
    ("DATA_MANAGE_NAMESPACES", &["data.manage_namespaces"]),
    ("DATA_MANAGE_TABLES", &["data.manage_tables"]),
    ("DATA_MANAGE_VIEWS", &["data.manage_views"]),
    ("DATA_READ_ONLY", &["data.read_only"]),
    ("DATA_READ_WRITE", &["data.read_write"]),
    ("DELETE_ENTITY", &["metadata.delete_entity"]),
    (
        "EDIT_CONTACT_INFO",
        &["metadata.group.edit_contact_information", "metadata.user.edit_contact_information"],
    ),
    (
        "EDIT_DATASET_COL_BUSINESS_ATTRIBUTE_PRIVILEGE",
        &["metadata.dataset.edit_column_business_attribute"],
    ),
    ("EDIT_DATASET_COL_DESCRIPTION", &["metadata.dataset.edit_column_descriptions"]),
    ("EDIT_DATASET_COL_GLOSSARY_TERMS", &["metadata.dataset.edit_column_glossary_terms"]),
    ("EDIT_DATASET_COL_TAGS", &["metadata.dataset.edit_column_tags"]),
    ("EDIT_DEPRECATION_PRIVILEGE", &["metadata.edit_deprecation"]),
    ("EDIT_DOMAINS_PRIVILEGE", &["metadata.edit_domain"]),
    ("EDIT_ENTITY", &["metadata.edit_entity"]),
    ("EDIT_ENTITY_ASSERTIONS", &["metadata.dataset.edit_assertions"]),
    ("EDIT_ENTITY_DATA_CONTRACT", &["metadata.dataset.edit_data_contract"]),
    ("EDIT_ENTITY_DATA_PRODUCTS", &["metadata.edit_data_product"]),
    ("EDIT_ENTITY_DOCS", &["metadata.edit_description"]),
    ("EDIT_ENTITY_DOC_LINKS", &["metadata.edit_links"]),
    ("EDIT_ENTITY_EMBED", &["metadata.edit_embed"]),
    ("EDIT_ENTITY_GLOSSARY_TERMS", &["metadata.edit_glossary_terms"]),
    ("EDIT_ENTITY_INCIDENTS", &["metadata.edit_incidents"]),
    ("EDIT_ENTITY_OPERATIONS", &["metadata.edit_operations"]),
    ("EDIT_ENTITY_OWNERS", &["metadata.edit_owners"]),
    ("EDIT_ENTITY_PROPERTIES", &["metadata.edit_properties"]),
    ("EDIT_ENTITY_QUERIES", &["metadata.dataset.edit_queries"]),
    ("EDIT_ENTITY_STATUS", &["metadata.edit_status"]),
    ("EDIT_ENTITY_TAGS", &["metadata.edit_tags"]),
    ("EDIT_GROUP_MEMBERS", &["metadata.group.edit_members"]),
    ("EDIT_LINEAGE", &["metadata.edit_lineage"]),
    ("EDIT_TAG_COLOR", &["metadata.tag.edit_color"]),
    ("EDIT_USER_PROFILE", &["metadata.user.edit_profile"]),
    ("EXISTS_ENTITY", &["metadata.exists_entity"]),
    ("GET_COUNTS_PRIVILEGE", &["metadata.get_counts"]),
    ("GET_ENTITY_PRIVILEGE", &["metadata.get_entity"]),
    ("GET_TIMELINE_PRIVILEGE", &["metadata.get_timeline"]),
    ("GET_TIMESERIES_ASPECT_PRIVILEGE", &["metadata.get_timeseries_aspect"]),
    ("MANAGE_ALL_GLOSSARY_CHILDREN", &["metadata.term_group.manage_all_children"]),
    ("MANAGE_DATA_PRODUCTS", &["metadata.domain.manage_data_products"]),
    ("MANAGE_GLOSSARY_CHILDREN", &["metadata.term_group.manage_direct_children"]),
    ("PRODUCE_PLATFORM_EVENT_PRIVILEGE", &["metadata.produce_platform_event"]),
    ("SEARCH_PRIVILEGE", &["metadata.search"]),
    ("VIEW_DATASET_OPERATIONS", &["metadata.dataset.view_operations"]),
    ("VIEW_DATASET_PROFILE", &["metadata.dataset.view_profile"]),
    ("VIEW_DATASET_USAGE", &["metadata.dataset.view_usage"]),
    ("VIEW_ENTITY_PAGE", &["metadata.view_entity_page"]),
];

/// The types of resources, by the name of DataHub's entity. A dataset of DataHub is a table with its columns; a mesh
/// has datasets of tables, so all three are selected. DataHub's other entities are in no document.
const TYPES: [(&str, &[ResourceKind]); 9] = [
    ("corpGroup", &[ResourceKind::Team]),
    ("corpuser", &[ResourceKind::User]),
    ("dashboard", &[ResourceKind::Dashboard]),
    ("dataset", &[ResourceKind::Dataset, ResourceKind::Table, ResourceKind::Column]),
    ("domain", &[ResourceKind::Domain]),
    ("glossaryNode", &[ResourceKind::Glossary]),
    ("glossaryTerm", &[ResourceKind::Term]),
    ("notebook", &[ResourceKind::Notebook]),
    ("tag", &[ResourceKind::Tag]),
];

/// The names of resources by the beginning of DataHub's URNs, for resources that both call by the same name.
const URNS: [(&str, ResourceKind); 5] = [
    ("urn:li:corpGroup:", ResourceKind::Team),
    ("urn:li:corpuser:", ResourceKind::User),
    ("urn:li:domain:", ResourceKind::Domain),
    ("urn:li:glossaryTerm:", ResourceKind::Term),
    ("urn:li:tag:", ResourceKind::Tag),
];

/// Policies that DataHub has from its beginning, and the policy of a mesh that each replaces: the one for all users (7)
/// and the one that shows everybody the catalog.
const BUILT_IN: [(&str, &str); 2] = [("7", "all-users"), ("view-entity-page-all", "catalog")];

/// The beginning of the URN of a policy.
pub(super) const POLICY: &str = "urn:li:dataHubPolicy:";
/// The beginning of the URN of a role.
pub(super) const ROLE: &str = "urn:li:dataHubRole:";

/// The privileges of a mesh that mean the same as a privilege of DataHub.
pub(super) fn privileges(theirs: &str) -> Option<&'static [&'static str]> {
    let found = rows().find(|(known, _)| *known == theirs);
    found.map(|(_, ours)| ours)
}

/// All privileges with their counterparts, those of the platform first.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    PLATFORM.into_iter().chain(ON_RESOURCES)
}

/// Whether a privilege is one of the platform.
pub(super) fn is_of_platform(theirs: &str) -> bool {
    PLATFORM.iter().any(|(known, _)| *known == theirs)
}

/// The types of resources that an entity of DataHub stands for.
pub(super) fn types(theirs: &str) -> Option<&'static [ResourceKind]> {
    TYPES.into_iter().find(|(known, _)| *known == theirs).map(|(_, kinds)| kinds)
}

/// All entities of DataHub with the types of resources that they stand for.
pub(super) fn all_types() -> [(&'static str, &'static [ResourceKind]); 9] {
    TYPES
}

/// The kind and the name in a URN.
pub(super) fn of_urn(urn: &str) -> Option<(ResourceKind, &str)> {
    let mut found = URNS.iter().filter_map(|(begin, kind)| Some((*kind, urn.strip_prefix(begin)?)));
    found.next().filter(|(_, name)| !name.is_empty())
}

/// The URN of a resource.
pub(super) fn urn(kind: ResourceKind, name: &str) -> Option<String> {
    let found = URNS.iter().find(|(_, known)| *known == kind);
    found.map(|(begin, _)| format!("{begin}{name}"))
}

/// The id of a policy of a mesh, as far as DataHub's own policies have one.
pub(super) fn built_in(theirs: &str) -> Option<&'static str> {
    BUILT_IN.into_iter().find(|(known, _)| *known == theirs).map(|(_, ours)| ours)
}

/// The URN of an access policy.
pub(super) fn policy_urn(id: &str) -> String {
    let own = BUILT_IN.into_iter().find(|(_, ours)| *ours == id).map(|(theirs, _)| theirs);
    let name = own.unwrap_or_else(|| match id.strip_prefix("p-") {
        // The import put it there, because ids do not begin with a digit.
        Some(rest)
            if rest.starts_with(|c: char| c.is_ascii_digit()) && built_in(rest).is_none() =>
        {
            rest
        }
        Some(_) | None => id,
    });
    format!("{POLICY}{name}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::privilege::Privileges;

    #[test]
    fn each_word_stands_for_privileges_that_documents_can_name_and_no_other_word_does() {
        let known = Privileges::known();
        let mut seen = BTreeSet::new();
        for (theirs, ours) in rows() {
            for name in ours {
                assert!(known.named(name).is_some(), "{theirs}: {name}");
                assert!(seen.insert(*name), "twice: {name}");
                assert_eq!(name.starts_with("platform."), is_of_platform(theirs), "{theirs}");
            }
        }
    }
}
