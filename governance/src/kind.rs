//! The kinds of resources that a request can be about.

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the documents and of their parts")]
pub enum ResourceKind {
    Tenant,
    Organization,
    Environment,
    Network,
    ConsumptionRole,
    Domain,
    Dataset,
    Table,
    Column,
    Folder,
    Share,
    Worksheet,
    Notebook,
    StudioProfile,
    Pipeline,
    Dashboard,
    Glossary,
    Term,
    Tag,
    Team,
    User,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::Tenant,
        Self::Organization,
        Self::Environment,
        Self::Network,
        Self::ConsumptionRole,
        Self::Domain,
        Self::Dataset,
        Self::Table,
        Self::Column,
        Self::Folder,
        Self::Share,
        Self::Worksheet,
        Self::Notebook,
        Self::StudioProfile,
        Self::Pipeline,
        Self::Dashboard,
        Self::Glossary,
        Self::Term,
        Self::Tag,
        Self::Team,
        Self::User,
    ];

    /// The kinds that data privileges are about.
    pub const WITH_DATA: [Self; 4] = [Self::Dataset, Self::Table, Self::Column, Self::Folder];

    /// The name in documents and on the command line, and the name of the entity type in Cedar.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Tenant => ("tenant", "Tenant"),
            Self::Organization => ("organization", "Organization"),
            Self::Environment => ("environment", "Environment"),
            Self::Network => ("network", "Network"),
            Self::ConsumptionRole => ("consumption_role", "ConsumptionRole"),
            Self::Domain => ("domain", "Domain"),
            Self::Dataset => ("dataset", "Dataset"),
            Self::Table => ("table", "Table"),
            Self::Column => ("column", "Column"),
            Self::Folder => ("folder", "Folder"),
            Self::Share => ("share", "Share"),
            Self::Worksheet => ("worksheet", "Worksheet"),
            Self::Notebook => ("notebook", "Notebook"),
            Self::StudioProfile => ("studio_profile", "StudioProfile"),
            Self::Pipeline => ("pipeline", "Pipeline"),
            Self::Dashboard => ("dashboard", "Dashboard"),
            Self::Glossary => ("glossary", "Glossary"),
            Self::Term => ("term", "Term"),
            Self::Tag => ("tag", "Tag"),
            Self::Team => ("team", "Team"),
            Self::User => ("user", "User"),
        }
    }

    /// The name in documents and on the command line.
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    /// The entity type in Cedar, without the namespace.
    pub(crate) const fn entity_type(self) -> &'static str {
        self.names().1
    }

    /// The kind with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether reading is always allowed and cannot be restricted (Atlan's glossary policies, AT-7).
    pub(crate) const fn is_always_readable(self) -> bool {
        matches!(self, Self::Glossary | Self::Term)
    }
}
