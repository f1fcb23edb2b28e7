//! The code of each finding, and the page that explains it.

use crate::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $severity:ident,)*) => {
        /// What kind of finding a diagnostic is. Codes are stable: scripts match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How bad a finding with this code is.
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
    /// An access policy is active, and nobody decides by it.
    AccessPolicyWithoutEffect "access-policy-without-effect" Error,
    /// A team has one role in each of two environments that share account, region and prefix.
    AmbiguousTeam "ambiguous-team" Error,
    /// An environment is linked to an archived organization.
    ArchivedOrganization "archived-organization" Error,
    /// A bucket that is encrypted with a key of AWS is shared with another account.
    AwsManagedKey "aws-managed-key" Error,
    /// A column has a type that Glue and Athena do not have.
    ColumnType "column-type" Error,
    /// A consumption role lies in another account than its environment.
    ConsumerRoleAccount "consumer-role-account" Error,
    /// Synthesis needs a fact that only the account can tell.
    ContextMissing "context-missing" Error,
    /// A table is shared that only a crawler will find.
    CrawledTableShare "crawled-table-share" Warning,
    /// A dashboard is declared, and no stack is made of it.
    DashboardWithoutEffect "dashboard-without-effect" Error,
    /// A domain gives teams its datasets, and nobody is given one.
    DomainAccessWithoutEffect "domain-access-without-effect" Error,
    /// An id stands twice within its kind.
    DuplicateId "duplicate-id" Error,
    /// A key stands twice in a mapping.
    DuplicateKey "duplicate-key" Error,
    /// Text that CloudFormation would replace with a secret or a parameter.
    DynamicReference "dynamic-reference" Error,
    /// Columns or rows are shared where Lake Formation does not hold anybody to them.
    FilterNotEnforced "filter-not-enforced" Error,
    /// There is no document in the mesh.
    EmptyMesh "empty-mesh" Error,
    /// A team lacks the permission in the environment for what it owns there.
    EnvironmentPermission "environment-permission" Error,
    /// The environment has not switched the feature on.
    FeatureOff "feature-off" Error,
    /// A table of another account's catalog is shared on.
    ForeignCatalogShare "foreign-catalog-share" Error,
    /// A template would break a guardrail: a defect of Lakewright.
    Guardrail "guardrail" Error,
    /// A field that cannot be changed was changed.
    ImmutableField "immutable-field" Error,
    /// A share of an imported bucket needs statements that only the bucket's owner can add.
    ImportedBucketShare "imported-bucket-share" Warning,
    /// A role that was imported has to be given a policy by its owner.
    ImportedRolePolicy "imported-role-policy" Warning,
    /// What is imported bears a name of what the mesh makes.
    ImportedOwn "imported-own" Error,
    /// A value is not of the form or from the list that its field takes.
    InvalidValue "invalid-value" Error,
    /// Something is still as `lakewright init` or an example wrote it.
    LeftAsWritten "left-as-written" Warning,
    /// A limit of CloudFormation or of a service would be broken.
    LimitExceeded "limit-exceeded" Error,
    /// A field that must be there is not.
    MissingField "missing-field" Error,
    /// A dataset has no topic or no keyword.
    MissingTopic "missing-topic" Error,
    /// ML Studio's VPC is given in part only.
    MlStudioVpc "ml-studio-vpc" Error,
    /// The names of one environment, team or dataset begin as another's of the same account do.
    NestedPrefix "nested-prefix" Error,
    /// A resource type does not exist in the region.
    NotInRegion "not-in-region" Error,
    /// A file is not UTF-8 text.
    NotUtf8 "not-utf8" Error,
    /// A notebook would be without a network.
    NotebookNetwork "notebook-network" Error,
    /// A folder's prefix does not end in a slash.
    OpenPrefix "open-prefix" Error,
    /// A team that may not links an environment to an organization.
    OrganizationAdmin "organization-admin" Error,
    /// A folder or a table lies in another one.
    OverlappingPlaces "overlapping-places" Error,
    /// A region or an ARN is of another AWS partition than the mesh's home region.
    OtherPartition "other-partition" Error,
    /// Fields are set that exclude each other, or one that needs another stands alone.
    FieldConflict "field-conflict" Error,
    /// A team has a permission for something that its environment has switched off.
    PermissionWithoutFeature "permission-without-feature" Warning,
    /// Whoever may change a pipeline's code can act as another team.
    PipelineOtherTeam "pipeline-other-team" Warning,
    /// A policy would be attached to a role that only AWS changes.
    ProtectedRole "protected-role" Error,
    /// One location is registered with Lake Formation by two datasets.
    RegisteredTwice "registered-twice" Error,
    /// A tag key that is reserved for Lakewright or AWS.
    ReservedTag "reserved-tag" Error,
    /// Lake Formation cannot read a condition on rows, or it names no column of the table.
    RowFilter "row-filter" Error,
    /// Two environments in one account and region.
    SameAccountRegion "same-account-region" Warning,
    /// Two stages would deploy one stack.
    SameStack "same-stack" Error,
    /// A template would not be valid: a defect of Lakewright.
    SchemaViolation "schema-violation" Error,
    /// A share is approved by a team that may not approve it.
    ShareApproval "share-approval" Error,
    /// The last day of an approved share is over.
    ShareExpired "share-expired" Warning,
    /// A share names something that its dataset does not have.
    ShareItem "share-item" Error,
    /// A share's status and its other fields contradict each other, or it moved off the life cycle.
    ShareLifeCycle "share-life-cycle" Error,
    /// A share is for the team that owns the dataset.
    ShareToOwner "share-to-owner" Error,
    /// Something depends on what is not in the mesh any more.
    StillInUse "still-in-use" Error,
    /// A team works in an environment that it has not been invited to.
    TeamNotInvited "team-not-invited" Error,
    /// There is no tenant, or there are several.
    TenantCount "tenant-count" Error,
    /// A team lacks the tenant's permission for what it owns.
    TenantPermission "tenant-permission" Error,
    /// A worksheet runs against a database that the mesh does not know.
    UnknownDatabase "unknown-database" Warning,
    /// A key that the document does not have.
    UnknownKey "unknown-key" Error,
    /// A kind of document that does not exist.
    UnknownKind "unknown-kind" Error,
    /// A reference to something that is not in the mesh.
    UnknownReference "unknown-reference" Error,
    /// A file or folder cannot be read.
    Unreadable "unreadable" Error,
    /// A value is of another type than its field takes.
    WrongType "wrong-type" Error,
    /// Text that is not YAML.
    YamlSyntax "yaml-syntax" Error,
    /// A tag of YAML, which means nothing here.
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
