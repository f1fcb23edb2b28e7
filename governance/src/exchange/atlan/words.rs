//! The words of Atlan, and those of a mesh.
//!
//! Source: `PersonaMetadataAction`, `PersonaGlossaryAction`, `PersonaDomainAction`, `PurposeMetadataAction`, `DataAction`
//! and `DataMaskingType` in `pyatlan/model/enums.py` of pyatlan 11.6.0. The actions about AI applications and AI models
//! (`PersonaAIAction`) and the one to read tags (`entity-read-classification`) have no counterpart.

use lakewright_manifest::mesh::Mask;

/// An action, and the privileges of a mesh that mean the same.
type Row = (&'static str, &'static [&'static str]);

/// The actions of personas on the assets of a connection.
const PERSONA: [Row; 14] = [
    ("persona-api-create", &["metadata.create"]),
    ("persona-api-delete", &["metadata.delete"]),
    ("persona-asset-read", &["metadata.read"]),
    ("persona-asset-update", &["metadata.update"]),
    ("persona-business-update-metadata", &["metadata.update_custom_metadata"]),
    ("persona-entity-add-classification", &["metadata.add_tags"]),
    ("persona-entity-remove-classification", &["metadata.remove_tags"]),
    ("persona-entity-update-classification", &["metadata.update_tags"]),
    ("persona-add-terms", &["metadata.add_terms"]),
    ("persona-remove-terms", &["metadata.remove_terms"]),
    ("persona-dq-create", &["metadata.data_quality.create"]),
    ("persona-dq-delete", &["metadata.data_quality.delete"]),
    ("persona-dq-read", &["metadata.data_quality.read"]),
    ("persona-dq-update", &["metadata.data_quality.update"]),
];

/// The actions of personas on glossaries.
const GLOSSARY: [Row; 8] = [
    ("persona-glossary-add-classifications", &["metadata.glossary.add_tags"]),
    ("persona-glossary-create", &["metadata.glossary.create"]),
    ("persona-glossary-delete", &["metadata.glossary.delete"]),
    ("persona-glossary-delete-classifications", &["metadata.glossary.remove_tags"]),
    ("persona-glossary-read", &["metadata.glossary.read"]),
    ("persona-glossary-update", &["metadata.glossary.update"]),
    ("persona-glossary-update-classifications", &["metadata.glossary.update_tags"]),
    ("persona-glossary-update-custom-metadata", &["metadata.glossary.update_custom_metadata"]),
];

/// The actions of personas on domains.
const DOMAIN: [Row; 15] = [
    ("persona-domain-business-update-metadata", &["metadata.domain.update_custom_metadata"]),
    ("persona-domain-create", &["metadata.domain.create"]),
    ("persona-domain-delete", &["metadata.domain.delete"]),
    (
        "persona-domain-product-business-update-metadata",
        &["metadata.domain.update_product_custom_metadata"],
    ),
    ("persona-domain-product-create", &["metadata.domain.create_products"]),
    ("persona-domain-product-delete", &["metadata.domain.delete_products"]),
    ("persona-domain-product-read", &["metadata.domain.read_products"]),
    ("persona-domain-product-update", &["metadata.domain.update_products"]),
    ("persona-domain-read", &["metadata.domain.read"]),
    (
        "persona-domain-sub-domain-business-update-metadata",
        &["metadata.domain.update_subdomain_custom_metadata"],
    ),
    ("persona-domain-sub-domain-create", &["metadata.domain.create_subdomains"]),
    ("persona-domain-sub-domain-delete", &["metadata.domain.delete_subdomains"]),
    ("persona-domain-sub-domain-read", &["metadata.domain.read_subdomains"]),
    ("persona-domain-sub-domain-update", &["metadata.domain.update_subdomains"]),
    ("persona-domain-update", &["metadata.domain.update"]),
];

/// The actions of purposes.
const PURPOSE: [Row; 10] = [
    ("entity-add-classification", &["metadata.add_tags"]),
    ("entity-create", &["metadata.create"]),
    ("entity-delete", &["metadata.delete"]),
    ("entity-read", &["metadata.read"]),
    ("entity-remove-classification", &["metadata.remove_tags"]),
    ("entity-update", &["metadata.update"]),
    ("entity-update-business-metadata", &["metadata.update_custom_metadata"]),
    ("entity-update-classification", &["metadata.update_tags"]),
    ("purpose-add-terms", &["metadata.add_terms"]),
    ("purpose-remove-terms", &["metadata.remove_terms"]),
];

/// The action on data: Atlan's data policies are about queries and previews (AT-6).
const DATA: [Row; 1] = [("select", &["data.preview", "data.query"])];

/// What a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The assets of a connection, or with a tag.
    Metadata,
    /// Their data.
    Data,
    /// Glossaries.
    Glossary,
    /// Domains, without the assets in them.
    Domain,
}

impl Part {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "metadata" => Some(Self::Metadata),
            "data" => Some(Self::Data),
            "glossary" => Some(Self::Glossary),
            "domain" => Some(Self::Domain),
            _ => None,
        }
    }
}

/// The privileges of a mesh that mean the same as an action.
pub(super) fn privileges(
    part: Part,
    is_purpose: bool,
    action: &str,
) -> Option<&'static [&'static str]> {
    let rows: &[Row] = match part {
        Part::Metadata if is_purpose => &PURPOSE,
        Part::Metadata => &PERSONA,
        Part::Data => &DATA,
        Part::Glossary => &GLOSSARY,
        Part::Domain => &DOMAIN,
    };
    rows.iter().find(|(known, _)| *known == action).map(|(_, ours)| *ours)
}

/// The mask of a mesh.
pub(super) fn mask(theirs: &str) -> Option<Mask> {
    match theirs {
        "MASK_SHOW_FIRST_4" => Some(Mask::ShowFirst4),
        "MASK_SHOW_LAST_4" => Some(Mask::ShowLast4),
        "MASK_HASH" => Some(Mask::Hash),
        "MASK_NULL" => Some(Mask::Nullify),
        "MASK_REDACT" => Some(Mask::Redact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privilege::Privileges;

    #[test]
    fn each_action_stands_for_privileges_that_documents_can_name() {
        let known = Privileges::known();
        for rows in [&PERSONA[..], &GLOSSARY, &DOMAIN, &PURPOSE, &DATA] {
            for (action, ours) in rows {
                assert!(ours.iter().all(|name| known.named(name).is_some()), "{action}");
            }
        }
    }
}
