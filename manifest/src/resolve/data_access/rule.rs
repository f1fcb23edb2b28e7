//! Access policies about data, as the rules that infrastructure can express.
//!
//! Infrastructure knows reading, writing, and the owner's right to create, change and drop tables. It knows neither
//! queries apart from reading nor previews apart from queries.

use std::collections::BTreeSet;

use crate::diagnostic::Origin;
use crate::mesh::{AccessPolicy, Dataset, Effect, Level, Link, Mesh, PolicyState, Table};
use crate::name::TeamName;

/// Privileges that give reading.
const READING: [&str; 6] =
    ["data.*", "data.admin", "data.read", "data.read_only", "data.read_write", "data.write"];
/// Privileges whose denial takes reading.
const NOT_READING: [&str; 3] = ["data.*", "data.admin", "data.read"];
/// Privileges that give writing, and whose denial takes it.
const WRITING: [&str; 4] = ["data.*", "data.admin", "data.read_write", "data.write"];
/// Forms of reading that infrastructure does not tell apart.
pub(super) const FORMS: [&str; 4] =
    ["data.list_entities", "data.preview", "data.query", "data.read_only"];
/// The rights of owners.
pub(super) const MANAGING: [&str; 3] =
    ["data.manage_namespaces", "data.manage_tables", "data.manage_views"];

/// What a rule denies of a resource.
#[derive(Debug, Clone, Default)]
pub(super) struct Denied {
    /// Reading.
    pub(super) read: bool,
    /// Writing.
    pub(super) write: bool,
    /// The rights of owners.
    pub(super) own: bool,
    /// A form of reading that infrastructure does not tell from the others.
    pub(super) form: Option<&'static str>,
    /// The policies that deny.
    pub(super) by: BTreeSet<Origin>,
}

/// What is left of an access.
pub(super) type Left = Result<Level, &'static str>;

impl Denied {
    /// What is left of an access, or why infrastructure cannot express it.
    pub(super) fn leave(&self, level: Level) -> Left {
        let is_writing = level >= Level::Write;
        match (self.read, self.write) {
            _ if level == Level::None => Ok(Level::None),
            (true, false) if is_writing => {
                Err("whoever writes also reads: deny `data.write` as well")
            }
            (true, _) => Ok(Level::None),
            (false, _) if self.form.is_some() => {
                Err("reading has no forms in AWS: deny `data.read`, which means all of them")
            }
            (false, true) => Ok(level.min(Level::Read)),
            (false, false) if self.own => Ok(level.min(Level::Write)),
            (false, false) => Ok(level),
        }
    }

    fn add(&mut self, other: Self) {
        self.read |= other.read;
        self.write |= other.write;
        self.own |= other.own;
        self.form = self.form.or(other.form);
        self.by.extend(other.by);
    }
}

/// An active access policy with data privileges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'m> {
    pub(super) policy: &'m AccessPolicy,
}

/// Where the parts of a dataset are that a rule may select.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'m> {
    /// The objects of the bucket.
    Objects,
    /// A folder.
    Folder(&'m str),
    /// A table.
    Table(&'m str),
    /// A column of a table.
    Column(&'m str, &'m str),
    /// All tables, also those that the mesh does not declare.
    EveryTable,
    /// All columns of all tables.
    EveryColumn,
}

impl<'m> Rule<'m> {
    /// The active policies of a mesh about data, apart from those with a limit.
    pub(super) fn all(mesh: &'m Mesh) -> Vec<Self> {
        Self::active(mesh).filter(|rule| !rule.has_limit()).collect()
    }

    /// The active policies of a mesh that give data with masks or by a condition on rows.
    pub(super) fn limited(mesh: &'m Mesh) -> Vec<Self> {
        Self::active(mesh).filter(|rule| rule.has_limit() && !rule.is_denial()).collect()
    }

    fn active(mesh: &'m Mesh) -> impl Iterator<Item = Self> {
        let policies = mesh.access_policies.values().filter(|policy| {
            policy.state == PolicyState::Active
                && policy.privileges.iter().any(|name| name.starts_with("data."))
        });
        policies.map(|policy| Self { policy })
    }

    fn has_limit(self) -> bool {
        self.policy.is_masking() || self.policy.rows.is_some()
    }

    pub(super) fn is_denial(self) -> bool {
        self.policy.effect == Effect::Deny
    }

    pub(super) fn origin(self) -> Origin {
        self.policy.header.origin
    }

    /// Whether the rule is about an open set of datasets, to which others may be added.
    pub(super) fn is_open(self) -> bool {
        self.policy.resources.ids.is_empty()
    }

    /// Whether a team is an actor, whatever the resource.
    pub(super) fn names(self, team: &TeamName) -> bool {
        let actors = &self.policy.actors;
        (actors.all_users || actors.teams.contains(team)) && !actors.except.teams.contains(team)
    }

    /// Whether a team is an actor for a dataset.
    pub(super) fn is_about(self, dataset: &Dataset, team: &TeamName) -> bool {
        let actors = &self.policy.actors;
        let is_related = (actors.owners && dataset.team == *team)
            || (actors.stewards && dataset.stewards.contains(team))
            || (actors.connection_admins && dataset.environment.team == *team);
        (is_related && !actors.except.teams.contains(team)) || self.names(team)
    }

    /// The access that the rule gives to a part that it selects.
    pub(super) fn gives(self, part: Part<'_>) -> Level {
        let names = &self.policy.privileges;
        let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
        let is_table = match part {
            Part::Objects | Part::Folder(_) => false,
            Part::Table(_) | Part::Column(..) | Part::EveryTable | Part::EveryColumn => true,
        };
        if has(&WRITING) {
            Level::Write
        } else if has(&READING) || (is_table && has(&["data.query"])) {
            Level::Read
        } else {
            Level::None
        }
    }

    /// What the rule denies of a part that it selects.
    pub(super) fn denies(self, part: Part<'_>) -> Denied {
        let names = &self.policy.privileges;
        let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
        let is_table = !matches!(part, Part::Objects | Part::Folder(_));
        let form = FORMS.into_iter().find(|form| has(&[*form]));
        // Objects are read, whatever the form.
        let form = form.filter(|form| is_table || *form == "data.read_only");
        Denied {
            read: has(&NOT_READING),
            write: has(&WRITING),
            own: has(&["data.*", "data.admin"]) || MANAGING.iter().all(|name| has(&[*name])),
            form: form.filter(|_| !has(&NOT_READING)),
            by: BTreeSet::from([self.origin()]),
        }
    }

    /// Whether the rule may select something of a dataset.
    pub(super) fn may_select(self, dataset: &Dataset) -> bool {
        let resources = &self.policy.resources;
        let id = dataset.header.id.as_str();
        let is_named = resources.ids.iter().any(|name| name.split('/').nth(1) == Some(id));
        (resources.ids.is_empty() || is_named) && self.is_where(dataset)
    }

    fn is_where(self, dataset: &Dataset) -> bool {
        let resources = &self.policy.resources;
        let domain = dataset.domain.as_ref().map(Link::id);
        let environments = &resources.environments;
        (resources.domains.is_empty() || domain.is_some_and(|id| resources.domains.contains(id)))
            && (environments.is_empty() || environments.contains(dataset.environment.id()))
    }

    /// Whether the rule selects a part of a dataset, as access governance decides it.
    pub(super) fn selects(self, dataset: &Dataset, part: Part<'_>) -> bool {
        let id = dataset.header.id.as_str();
        let table = |name: &str| dataset.tables.iter().find(|(known, _)| known.as_str() == name);
        match part {
            Part::Objects => {
                let tags = dataset.header.keywords.iter().collect::<Vec<_>>();
                self.matches(dataset, "dataset", &format!("dataset/{id}"), &tags)
            }
            Part::Folder(name) => {
                let found = dataset.folders.iter().find(|(known, _)| known.as_str() == name);
                let tags = found.map(|(_, folder)| folder.about.keywords.iter().collect());
                let tags: Vec<&String> = tags.unwrap_or_default();
                self.matches(dataset, "folder", &format!("folder/{id}/{name}"), &tags)
            }
            Part::Table(name) => {
                let tags = table(name).map(|(_, table)| table.about.keywords.iter().collect());
                let tags: Vec<&String> = tags.unwrap_or_default();
                self.matches(dataset, "table", &format!("table/{id}/{name}"), &tags)
            }
            Part::Column(name, column) => {
                let tags = table(name).map(|(_, table)| tags_of_column(table, column));
                let tags = tags.unwrap_or_default();
                self.matches(dataset, "column", &format!("column/{id}/{name}/{column}"), &tags)
            }
            Part::EveryTable => self.selects_every(dataset, "table"),
            Part::EveryColumn => self.selects_every(dataset, "column"),
        }
    }

    fn selects_every(self, dataset: &Dataset, kind: &str) -> bool {
        let resources = &self.policy.resources;
        resources.ids.is_empty()
            && resources.tags.is_empty()
            && (resources.types.is_empty() || resources.types.iter().any(|one| one == kind))
            && self.is_where(dataset)
    }

    fn matches(self, dataset: &Dataset, kind: &str, name: &str, tags: &[&String]) -> bool {
        let resources = &self.policy.resources;
        (resources.types.is_empty() || resources.types.iter().any(|one| one == kind))
            && (resources.ids.is_empty() || resources.ids.iter().any(|one| one == name))
            && (resources.tags.is_empty() || tags.iter().any(|tag| resources.tags.contains(tag)))
            && self.is_where(dataset)
    }
}

fn tags_of_column<'t>(table: &'t Table, column: &str) -> Vec<&'t String> {
    let found = table.all_columns().find(|one| one.name.as_str() == column);
    found.map(|one| one.about.keywords.iter().chain(&one.tags).collect()).unwrap_or_default()
}

/// What all denials together deny a team of a part of a dataset.
pub(super) fn denied(
    rules: &[Rule<'_>],
    dataset: &Dataset,
    team: &TeamName,
    part: Part<'_>,
) -> Denied {
    let mut all = Denied::default();
    let about = rules.iter().filter(|rule| rule.is_denial() && rule.is_about(dataset, team));
    for rule in about.filter(|rule| rule.selects(dataset, part)) {
        all.add(rule.denies(part));
    }
    all
}
