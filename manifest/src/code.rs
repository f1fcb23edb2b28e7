//! The code of each finding, and the page that explains it.

use crate::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $severity:ident,)*) => {
        /// The kind of a finding. Codes are stable: scripts match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the list below.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The severity of findings with this code.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The page that explains the code, in Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../docs/codes/", $code, ".md")),)*
                }
            }
        }
    };
}

codes! {
    /// A team has a role in each of two environments that share account, region and prefix.
    AmbiguousTeam "ambiguous-team" Error,
    /// An environment is linked to an archived organization.
    ArchivedOrganization "archived-organization" Error,
    /// A bucket that is encrypted with an AWS managed key is shared with another account.
    AwsManagedKey "aws-managed-key" Error,
    /// A column has a type that Glue and Athena do not support.
    ColumnType "column-type" Error,
    /// A consumption role is in another account than its environment.
    ConsumerRoleAccount "consumer-role-account" Error,
    /// Synthesis needs a fact that only the account knows.
    ContextMissing "context-missing" Error,
    /// A table is shared that exists only after a crawler has found it.
    CrawledTableShare "crawled-table-share" Warning,
    /// Who may see a dashboard is set with commands that its environment's account runs.
    DashboardPermissions "dashboard-permissions" Warning,
    /// An access policy gives or denies data to somebody whom AWS does not see.
    DataPolicyActor "data-policy-actor" Error,
    /// An access policy about data names a privilege that AWS cannot express by itself.
    DataPolicyPrivilege "data-policy-privilege" Error,
    /// An access policy denies a part of an access that AWS cannot take away.
    DenialInPart "denial-in-part" Error,
    /// An id is used twice within its kind.
    DuplicateId "duplicate-id" Error,
    /// A key is repeated in a mapping.
    DuplicateKey "duplicate-key" Error,
    /// A text contains a reference that CloudFormation would replace with a secret or a parameter.
    DynamicReference "dynamic-reference" Error,
    /// Columns or rows are shared where Lake Formation does not enforce them.
    FilterNotEnforced "filter-not-enforced" Error,
    /// The mesh has no document.
    EmptyMesh "empty-mesh" Error,
    /// A team lacks a permission in the environment that its document there needs.
    EnvironmentPermission "environment-permission" Error,
    /// A feature that a document needs is off in the environment.
    FeatureOff "feature-off" Error,
    /// A share would grant a table of another account's catalog to a third account.
    ForeignCatalogShare "foreign-catalog-share" Error,
    /// A document lacks a required value of a mandatory form.
    FormIncomplete "form-incomplete" Error,
    /// A document fills in a form that is not for it.
    FormOutOfScope "form-out-of-scope" Error,
    /// A document lacks a required value of a recommended form.
    FormRecommended "form-recommended" Warning,
    /// A template violates a guardrail: a defect of Lakewright.
    Guardrail "guardrail" Error,
    /// A field that cannot be changed was changed.
    ImmutableField "immutable-field" Error,
    /// A share of an imported bucket needs statements that only the bucket's owner can add.
    ImportedBucketShare "imported-bucket-share" Warning,
    /// The owner of an imported role must attach a policy to it.
    ImportedRolePolicy "imported-role-policy" Warning,
    /// An imported resource has a name that is reserved for resources of the mesh.
    ImportedOwn "imported-own" Error,
    /// A value does not have the form that its field requires, or is not in the field's list.
    InvalidValue "invalid-value" Error,
    /// A value is still the one of `lakewright init` or of an example.
    LeftAsWritten "left-as-written" Warning,
    /// A limit of CloudFormation or of a service is exceeded.
    LimitExceeded "limit-exceeded" Error,
    /// A mask is about a column that no selected table declares.
    MaskColumn "mask-column" Error,
    /// A team would see what an access policy masks for it.
    MaskNotEnforced "mask-not-enforced" Error,
    /// A mask is about a column whose type cannot take it.
    MaskType "mask-type" Error,
    /// A required field is missing.
    MissingField "missing-field" Error,
    /// A dataset has no topic or no keyword.
    MissingTopic "missing-topic" Error,
    /// The VPC of ML Studio is specified only in part.
    MlStudioVpc "ml-studio-vpc" Error,
    /// A prefix of names begins with another prefix of the same account.
    NestedPrefix "nested-prefix" Error,
    /// CloudFormation does not have a resource type in the region.
    NotInRegion "not-in-region" Error,
    /// A file is not UTF-8 text.
    NotUtf8 "not-utf8" Error,
    /// A notebook has no network.
    NotebookNetwork "notebook-network" Error,
    /// A folder's prefix does not end in a slash.
    OpenPrefix "open-prefix" Error,
    /// An environment is linked to an organization by a team that may not link to it.
    OrganizationAdmin "organization-admin" Error,
    /// A folder or a table is inside of another one.
    OverlappingPlaces "overlapping-places" Error,
    /// A region or an ARN is in another AWS partition than the mesh's home region.
    OtherPartition "other-partition" Error,
    /// Fields exclude each other, or a field lacks another one that it needs.
    FieldConflict "field-conflict" Error,
    /// A team has a permission for a feature that is off in its environment.
    PermissionWithoutFeature "permission-without-feature" Warning,
    /// People who may change a pipeline's code can act as another team.
    PipelineOtherTeam "pipeline-other-team" Warning,
    /// A policy would be attached to a role that only AWS can change.
    ProtectedRole "protected-role" Error,
    /// Two datasets register the same location with Lake Formation.
    RegisteredTwice "registered-twice" Error,
    /// A tag has a key that is reserved for Lakewright or AWS.
    ReservedTag "reserved-tag" Error,
    /// Lake Formation cannot parse a condition on rows, or the condition names a column that the table does not have.
    RowFilter "row-filter" Error,
    /// Two environments have the same account and region.
    SameAccountRegion "same-account-region" Warning,
    /// Two stages would deploy the same stack.
    SameStack "same-stack" Error,
    /// A template is not valid: a defect of Lakewright.
    SchemaViolation "schema-violation" Error,
    /// A share is approved by a team that may not approve it.
    ShareApproval "share-approval" Error,
    /// The last day of an approved share is past.
    ShareExpired "share-expired" Warning,
    /// A share names an item that its dataset does not have.
    ShareItem "share-item" Error,
    /// A share's status contradicts its other fields, or its change of status is not allowed.
    ShareLifeCycle "share-life-cycle" Error,
    /// A share is for the team that owns the dataset.
    ShareToOwner "share-to-owner" Error,
    /// A document depends on one that is no longer in the mesh.
    StillInUse "still-in-use" Error,
    /// A team has something in an environment that it is not invited to.
    TeamNotInvited "team-not-invited" Error,
    /// The mesh has no tenant, or several.
    TenantCount "tenant-count" Error,
    /// A team lacks a permission of the tenant that its document needs.
    TenantPermission "tenant-permission" Error,
    /// A worksheet uses a database that nothing in the mesh creates or imports.
    UnknownDatabase "unknown-database" Warning,
    /// A document has a key that its kind does not have.
    UnknownKey "unknown-key" Error,
    /// A kind of document does not exist.
    UnknownKind "unknown-kind" Error,
    /// A reference names something that is not in the mesh.
    UnknownReference "unknown-reference" Error,
    /// A file or folder cannot be read.
    Unreadable "unreadable" Error,
    /// A value has another type than its field requires.
    WrongType "wrong-type" Error,
    /// A text is not YAML.
    YamlSyntax "yaml-syntax" Error,
    /// A value has a YAML tag, which has no meaning in a mesh.
    YamlTag "yaml-tag" Error,
}

impl Code {
    /// The code with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_shows_a_failing_and_a_fixed_sample() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {}\n", code.as_str())), "{code:?}: title");
            assert!(
                page.contains("\n## Wrong\n") && page.contains("\n## Right\n"),
                "{code:?}: samples"
            );
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }
}
