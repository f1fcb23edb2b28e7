//! Lake Formation permissions, and those that IAM actions on a catalog need.
//!
//! Source: "Lake Formation permissions reference" and "Underlying data access
//! control" in the Lake Formation developer guide.

mod location;
mod tags;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::{IndexMap, IndexSet};
use lakewright_template::arn::ArnPattern;

use crate::action::Action;
use crate::document::Origin;
use crate::request::{Request, Truth, account_of};
pub use location::Location;
pub use tags::{LfTags, TagKind, TagPolicy, Tagged, all_columns_but, unite};

/// A condition key of this project: the rows and columns that a data cells filter limits a permission to.
pub const CELLS: &str = "lakeformation:cells";

/// One permission on one catalog resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeGrant {
    /// The permission, as an action such as `lakeformation:SELECT`.
    pub permission: Action,
    /// The catalog resource, as the ARN of a Glue database or table, of all tables of a database with `*`, or of a
    /// location in S3.
    pub resource: String,
    /// Tables that a permission on all tables of a database excludes, by ARN.
    pub except: BTreeSet<String>,
    /// The rows and columns, if a filter limits the permission.
    pub cells: Option<String>,
    /// Where the permission is declared.
    pub origin: Origin,
}

impl LakeGrant {
    /// Whether the permission covers this catalog resource.
    pub fn is_about(&self, resource: &str) -> bool {
        covers(&self.resource, resource) && !self.except.contains(resource)
    }

    /// Whether this is the wanted permission or `ALL`. `wanted` is in lower case, without the service.
    fn is(&self, wanted: &str) -> bool {
        let name = self.permission.lower().trim_start_matches("lakeformation:");
        name == wanted || name == "all"
    }
}

/// Actions on tags and on the catalog's resource policy: IAM alone decides on them, even for a governed database.
const IAM_ALONE: [&str; 6] = [
    "glue:deleteresourcepolicy",
    "glue:getresourcepolicy",
    "glue:gettags",
    "glue:putresourcepolicy",
    "glue:tagresource",
    "glue:untagresource",
];

/// The Lake Formation state that templates define.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lake {
    /// The permissions by principal.
    pub grants: IndexMap<String, Vec<LakeGrant>>,
    /// Databases, by ARN, to which only Lake Formation grants access.
    pub governed: IndexSet<String>,
    /// Resource links to databases, by ARN, that templates create. Lake Formation alone controls who sees a link;
    /// access to the tables behind it is granted on those tables. Source: "Granting resource link permissions" in the
    /// Lake Formation developer guide.
    pub links: BTreeSet<String>,
    /// The data lake administrators by account.
    pub admins: BTreeMap<String, BTreeSet<String>>,
    /// Indexes into `grants`: by database, then by the position of the principal.
    places: IndexMap<String, BTreeMap<usize, Vec<usize>>>,
    /// The tables by the ARN of their database: each name with its columns.
    pub tables: IndexMap<String, BTreeMap<String, Vec<String>>>,
    /// Permissions by LF-tags. They are expanded into `grants`.
    pub tag_policies: Vec<TagPolicy>,
    /// The LF-tags of databases, tables and columns.
    pub tagged: Tagged,
    /// The registered locations.
    pub registered: BTreeSet<Location>,
    /// Locations in hybrid access mode, as S3 ARNs, by the account and region that registered them and the ARN of their
    /// bucket.
    pub hybrid: BTreeMap<(String, String, String), Vec<String>>,
    /// The S3 locations of a database and its tables, as far as templates state them, by the database's ARN.
    pub locations: IndexMap<String, Vec<String>>,
    /// Databases that no template creates, by ARN, to which only Lake Formation grants access according to their
    /// owners.
    pub closed: BTreeSet<String>,
}

impl Lake {
    /// The accounts and regions where Lake Formation's default permissions are assumed to be closed. A new account
    /// grants all permissions on databases and tables to every IAM principal with access, and no template can turn that
    /// off.
    pub fn taken_as_closed(&self) -> BTreeSet<(String, String)> {
        let place = |arn: &String| {
            let ArnPattern { account, region, .. } = ArnPattern::of(arn);
            (account.unwrap_or_default().to_owned(), region.unwrap_or_default().to_owned())
        };
        self.governed.iter().chain(&self.links).map(place).collect()
    }

    /// Combines the Lake Formation state of several templates.
    pub fn of(parts: Vec<Self>) -> Self {
        let room = |of: fn(&Self) -> usize| parts.iter().map(of).sum();
        let mut lake = Self {
            governed: IndexSet::with_capacity(room(|part| part.governed.len())),
            tables: IndexMap::with_capacity(room(|part| part.tables.len())),
            ..Self::default()
        };
        for part in parts {
            for (principal, grants) in part.grants {
                lake.grants.entry(principal).or_default().extend(grants);
            }
            lake.governed.extend(part.governed);
            lake.links.extend(part.links);
            for (account, admins) in part.admins {
                lake.admins.entry(account).or_default().extend(admins);
            }
            for (database, tables) in part.tables {
                lake.tables.entry(database).or_default().extend(tables);
            }
            lake.tag_policies.extend(part.tag_policies);
            lake.tagged.add(part.tagged);
            lake.registered.extend(part.registered);
            for (bucket, locations) in part.hybrid {
                lake.hybrid.entry(bucket).or_default().extend(locations);
            }
            for (database, locations) in part.locations {
                lake.locations.entry(database).or_default().extend(locations);
            }
        }
        for policy in &lake.tag_policies {
            let named = lake.tagged.named(policy);
            if !named.is_empty() {
                lake.grants.entry(policy.principal.clone()).or_default().extend(named);
            }
        }
        lake.place_imported();
        lake.grants.sort_unstable_keys();
        lake.index();
        lake
    }

    /// Records the locations of databases that no template creates: the locations on which the same stack grants
    /// permissions.
    fn place_imported(&mut self) {
        if self.hybrid.is_empty() {
            return;
        }
        let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for grant in self.grants.values().flatten() {
            if grant.permission.lower() == "lakeformation:data_location_access" {
                places.entry(&*grant.origin.stack).or_default().insert(&grant.resource);
            }
        }
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for grant in self.grants.values().flatten() {
            let Some((database, _)) = database_of(&grant.resource) else { continue };
            let is_placed = self.is_made(&database) || self.locations.contains_key(&*database);
            if let Some(places) = places.get(&*grant.origin.stack).filter(|_| !is_placed) {
                let places = places.iter().map(|place| (*place).to_owned());
                found.entry(database.into_owned()).or_default().extend(places);
            }
        }
        for (database, places) in found {
            self.locations.entry(database).or_default().extend(places);
        }
    }

    /// Rebuilds the index. Permissions added after the last call are not found.
    pub fn index(&mut self) {
        self.places.clear();
        for (principal, grants) in self.grants.values().enumerate() {
            for (place, grant) in grants.iter().enumerate() {
                let database = database_of(&grant.resource).map(|(database, _)| database);
                let database = database.unwrap_or_default();
                let of_database = match self.places.get_mut(&*database) {
                    Some(known) => known,
                    None => self.places.entry(database.into_owned()).or_default(),
                };
                of_database.entry(principal).or_default().push(place);
            }
        }
    }

    /// The permissions of a principal, including those of everybody, on a database and its contents; without a
    /// database, on everything outside of databases.
    fn held_by<'l>(
        &'l self,
        principal: &str,
        database: Option<&str>,
    ) -> impl Iterator<Item = &'l LakeGrant> {
        let everybody = format!("{}:IAMPrincipals", account_of(principal).unwrap_or_default());
        let whom = [principal, "IAM_ALLOWED_PRINCIPALS", everybody.as_str()];
        let whom = whom.map(|name| self.grants.get_full(name));
        let places = self.places.get(database.unwrap_or_default());
        whom.into_iter().flatten().flat_map(move |(principal, _, grants)| {
            let places = places.and_then(|places| places.get(&principal)).into_iter().flatten();
            places.filter_map(|place| grants.get(*place))
        })
    }

    /// The principals with a permission on a database or its contents.
    pub fn principals_of(&self, database: &str) -> impl Iterator<Item = &str> {
        let principals = self.places.get(database).into_iter().flat_map(BTreeMap::keys);
        principals.filter_map(|place| self.grants.get_index(*place).map(|(name, _)| name.as_str()))
    }

    /// The administrators of the catalog that contains the resource.
    pub fn admins_of(&self, resource: &str) -> impl Iterator<Item = &str> {
        let admins = self.admins.get(account_of(resource).unwrap_or_default());
        admins.into_iter().flatten().map(String::as_str)
    }

    /// Whether a principal has a permission on a catalog resource, with the rows and columns that the request names.
    /// `Unknown` in hybrid access mode: a permission then applies only to principals that have opted in, and no
    /// template states who has.
    pub fn gives(&self, request: &Request<'_>) -> Truth {
        let cells = request.context.get(CELLS).and_then(|cells| cells.first());
        let database = database_of(request.resource).map(|(database, _)| database);
        let name = request.action.lower().trim_start_matches("lakeformation:");
        let is_given = self.held_by(request.principal.name(), database.as_deref()).any(|grant| {
            grant.is(name)
                && grant.is_about(request.resource)
                && (grant.cells.is_none() || grant.cells.as_ref() == cells)
        });
        let is_open = || is_of_data(request.action) && self.is_in_hybrid(request.resource);
        if is_given && is_open() { Truth::Unknown } else { is_given.into() }
    }

    /// Whether a catalog resource may be in a location in hybrid access mode.
    pub fn is_in_hybrid(&self, resource: &str) -> bool {
        database_of(resource).is_some_and(|(database, _)| self.is_hybrid(&database))
    }

    /// Whether data of a database may be in a location in hybrid access mode. A table without a location in a template
    /// is assumed to be at the location of its database. A database that a template creates without a location has
    /// links to data elsewhere, unless the template creates tables in it.
    fn is_hybrid(&self, database: &str) -> bool {
        let ArnPattern { account, region, .. } = ArnPattern::of(database);
        let (account, region) = (account.unwrap_or_default(), region.unwrap_or_default());
        let of_bucket = |bucket: &str| (account.to_owned(), region.to_owned(), bucket.to_owned());
        let first = self.hybrid.range(of_bucket("")..).next();
        let is_elsewhere = |(other, _): (&(String, String, String), _)| {
            (other.0.as_str(), other.1.as_str()) != (account, region)
        };
        if first.is_none_or(is_elsewhere) {
            return false;
        }
        let Some(locations) = self.locations.get(database) else {
            return !self.is_made(database) || self.tables.contains_key(database);
        };
        locations.iter().any(|place| {
            let bucket = place.split('/').next().unwrap_or_default();
            let hybrid = self.hybrid.get(&of_bucket(bucket)).into_iter().flatten();
            hybrid.into_iter().any(|location| lies_in(place, location))
        })
    }

    /// Whether a database or table may be older than the mesh, from when Lake Formation granted all permissions on it
    /// to every IAM principal with access.
    pub(crate) fn may_be_of_before(&self, resource: &str) -> bool {
        let Some((database, table)) = database_of(resource) else { return false };
        let is_closed = self.closes(&database, table) || self.closed.contains(&*database);
        let made = self.tables.get(&*database);
        let is_made = table.zip(made).is_some_and(|(table, made)| made.contains_key(table));
        !is_closed && !is_made
    }

    /// The tables that the resource of a permission covers, each with its columns, as far as templates create them.
    pub fn tables_of(&self, resource: &str) -> BTreeMap<&str, &[String]> {
        let Some((database, Some(table))) = database_of(resource) else { return BTreeMap::new() };
        let tables = self.tables.get(&*database).into_iter().flatten();
        let is_named = |(name, _): &(&String, &Vec<String>)| table == "*" || table == *name;
        tables.filter(is_named).map(|(name, columns)| (name.as_str(), columns.as_slice())).collect()
    }

    /// Whether only Lake Formation grants access to a database or table.
    pub fn governs(&self, resource: &str) -> bool {
        database_of(resource).is_some_and(|(database, table)| self.closes(&database, table))
    }

    /// Whether a template creates the database, with tables of its own or as a resource link.
    fn is_made(&self, database: &str) -> bool {
        self.governed.contains(database) || self.links.contains(database)
    }

    /// Whether only Lake Formation grants access to a database or a table in it. The tables behind a resource link
    /// belong to another database.
    fn closes(&self, database: &str, table: Option<&str>) -> bool {
        self.governed.contains(database) || (table.is_none() && self.links.contains(database))
    }

    /// Whether Lake Formation also allows an IAM action.
    pub fn also_needs(&self, request: &Request<'_>) -> Truth {
        self.side(request.principal.name(), request.resource).also_needs(request.action)
    }

    /// Lake Formation's part in requests of this principal on this resource.
    pub(crate) fn side<'l>(&'l self, principal: &'l str, resource: &'l str) -> Side<'l> {
        let Some((database, table)) = database_of(resource) else { return Side::NotCatalog };
        if !self.closes(&database, table) {
            return Side::Ungoverned;
        }
        let is_admin = self.admins_of(resource).any(|admin| admin == principal);
        let grants = self.held_by(principal, Some(&database)).collect();
        let is_hybrid = !self.hybrid.is_empty() && self.is_hybrid(&database);
        Side::Governed {
            resource,
            database,
            is_table: table.is_some(),
            is_admin,
            is_hybrid,
            grants,
        }
    }
}

/// Lake Formation's part in requests of a principal on a resource, for any action.
#[derive(Debug)]
pub(crate) enum Side<'l> {
    /// The resource is not in a catalog.
    NotCatalog,
    /// The permissions on the resource are unknown.
    Ungoverned,
    /// Only Lake Formation permissions grant access.
    Governed {
        /// The database or table.
        resource: &'l str,
        /// The database itself, or the table's database.
        database: Cow<'l, str>,
        /// Whether the resource is a table.
        is_table: bool,
        /// Whether the principal administers the catalog.
        is_admin: bool,
        /// Whether IAM still grants access to principals that have not opted in.
        is_hybrid: bool,
        /// The principal's permissions on the database and its contents.
        grants: Vec<&'l LakeGrant>,
    },
}

impl Side<'_> {
    /// Whether Lake Formation also allows an IAM action.
    pub(crate) fn also_needs(&self, action: Action) -> Truth {
        let (resource, database, is_table, is_admin, is_hybrid, grants) = match self {
            Self::NotCatalog => return Truth::Yes,
            Self::Ungoverned => return Truth::Unknown,
            Self::Governed { resource, database, is_table, is_admin, is_hybrid, grants } => {
                (*resource, database, *is_table, *is_admin, *is_hybrid, grants)
            }
        };
        let wanted = match action.needs() {
            Needs::Nothing => return Truth::Yes,
            Needs::Any => &[],
            Needs::OneOf(permissions) => permissions,
            Needs::Unknown => return Truth::Unknown,
        };
        // Administrators can list, create, alter and drop, but not read or write data.
        let is_about_data = wanted.iter().any(|name| ["select", "insert"].contains(name));
        if !is_about_data && is_admin {
            return Truth::Yes;
        }
        let is_creation = wanted == ["create_table"];
        let resource = if is_creation { database } else { resource };
        let is_given = grants.iter().any(|grant| {
            let is_inside = grant.is_about(resource)
                // A permission on any table makes its database visible.
                || (!is_table && wanted.is_empty());
            is_inside && (wanted.is_empty() || wanted.iter().any(|name| grant.is(name)))
        });
        if !is_given && is_hybrid { Truth::Unknown } else { is_given.into() }
    }
}

/// Whether this is a permission to read or write data. Lake Formation then issues credentials only to principals that
/// IAM allows to request them. Source: "Overview of Lake Formation permissions".
pub fn is_of_data(permission: Action) -> bool {
    ["lakeformation:delete", "lakeformation:insert", "lakeformation:select"]
        .contains(&permission.lower())
}

/// Whether the name is Lake Formation's group of all IAM principals, globally or of one account.
pub fn is_group(principal: &str) -> bool {
    principal == "IAM_ALLOWED_PRINCIPALS" || principal.ends_with(":IAMPrincipals")
}

/// The Lake Formation permissions that an IAM action needs on a governed catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// IAM alone decides.
    Nothing,
    /// Any permission.
    Any,
    /// One of these permissions, in lower case.
    OneOf(&'static [&'static str]),
    /// The needs are unknown.
    Unknown,
}

impl Needs {
    /// The needs of an action, given in lower case.
    pub(crate) fn of(action: &str) -> Self {
        Self::OneOf(match action {
            "glue:createtable" => &["create_table"],
            "glue:deletetable" | "glue:batchdeletetable" | "glue:deletedatabase" => &["drop"],
            "glue:createdatabase" => &["create_database"],
            "glue:updatetable"
            | "glue:updatedatabase"
            | "glue:createpartitionindex"
            | "glue:deletepartitionindex" => &["alter"],
            "glue:deletetableversion" | "glue:batchdeletetableversion" => &["alter", "drop"],
            name if IAM_ALONE.contains(&name) => return Self::Nothing,
            "glue:createpartition"
            | "glue:batchcreatepartition"
            | "glue:updatepartition"
            | "glue:batchupdatepartition"
            | "glue:deletepartition"
            | "glue:batchdeletepartition" => &["insert", "alter"],
            "glue:getpartition" | "glue:getpartitions" | "glue:batchgetpartition" => &["select"],
            name if name.starts_with("glue:get")
                || name.starts_with("glue:batchget")
                || name.starts_with("glue:search") =>
            {
                return Self::Any;
            }
            _ => return Self::Unknown,
        })
    }
}

/// Whether the resource of a permission contains another one.
fn covers(given: &str, wanted: &str) -> bool {
    given == wanted
        || given.strip_suffix("/*").is_some_and(|tables| {
            wanted.strip_prefix(tables).is_some_and(|rest| rest.starts_with('/'))
        })
}

/// Whether one of two S3 locations contains the other.
fn lies_in(place: &str, location: &str) -> bool {
    let is_prefix = |one: &str, other: &str| {
        let one = one.trim_end_matches('*').trim_end_matches('/');
        other.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_prefix(location, place) || is_prefix(place, location)
}

/// The ARN of the database, and the table, in an ARN of Glue's catalog.
fn database_of(arn: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let ArnPattern { service: Some("glue"), resource: Some(resource), .. } = ArnPattern::of(arn)
    else {
        return None;
    };
    let stem = &arn[..arn.len() - resource.len()];
    if resource.starts_with("database/") {
        return Some((Cow::Borrowed(arn), None));
    }
    let (database, table) = resource.strip_prefix("table/")?.split_once('/')?;
    Some((Cow::Owned(format!("{stem}database/{database}")), Some(table)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Context, Principal};

    const DATABASE: &str = "arn:aws:glue:eu-west-1:111111111111:database/d";
    const TABLE: &str = "arn:aws:glue:eu-west-1:111111111111:table/d/t";

    fn lake(permission: &str, resource: &str) -> Lake {
        let grant = LakeGrant {
            permission: Action::new(&format!("lakeformation:{permission}")),
            resource: resource.to_owned(),
            except: BTreeSet::new(),
            cells: None,
            origin: Origin::default(),
        };
        let mut lake = Lake {
            grants: IndexMap::from([("arn:aws:iam::111111111111:role/r".to_owned(), vec![grant])]),
            governed: IndexSet::from([DATABASE.to_owned()]),
            ..Lake::default()
        };
        lake.index();
        lake
    }

    fn also(lake: &Lake, role: &str, action: &str, resource: &str) -> Truth {
        let principal = Principal::role(format!("arn:aws:iam::111111111111:role/{role}"));
        let context = Context::new();
        let action = Action::new(action);
        lake.also_needs(&Request { principal: &principal, action, resource, context: &context })
    }

    #[test]
    fn a_governed_table_needs_a_permission() {
        let select = lake("SELECT", TABLE);
        assert_eq!(also(&select, "r", "glue:GetTable", TABLE), Truth::Yes);
        assert_eq!(also(&select, "other", "glue:GetTable", TABLE), Truth::No);
        assert_eq!(also(&select, "r", "glue:DeleteTable", TABLE), Truth::No);
        assert_eq!(also(&select, "r", "glue:GetDatabase", DATABASE), Truth::Yes);
        assert_eq!(also(&select, "r", "glue:GetTable", &TABLE.replace("/t", "/u")), Truth::No);
        let all = lake("SELECT", "arn:aws:glue:eu-west-1:111111111111:table/d/*");
        assert_eq!(also(&all, "r", "glue:GetPartitions", TABLE), Truth::Yes);
        assert_eq!(also(&all, "r", "glue:CreateTable", DATABASE), Truth::No);
        let elsewhere = "arn:aws:glue:eu-west-1:111111111111:table/x/t";
        assert_eq!(also(&all, "r", "glue:GetTable", elsewhere), Truth::Unknown);
        let mut administered = lake("DESCRIBE", DATABASE);
        let admin = "arn:aws:iam::111111111111:role/admin".to_owned();
        administered.admins.entry("111111111111".to_owned()).or_default().insert(admin);
        assert_eq!(also(&administered, "admin", "glue:DeleteTable", TABLE), Truth::Yes);
        assert_eq!(also(&administered, "admin", "glue:GetPartitions", TABLE), Truth::No);
        assert_eq!(also(&administered, "r", "glue:TagResource", TABLE), Truth::Yes);
        assert_eq!(also(&all, "r", "s3:GetObject", "arn:aws:s3:::b/k"), Truth::Yes);
    }

    /// Source: "Granting resource link permissions" in the Lake Formation developer guide: "After you create a resource link, only
    /// you can view and access it", and others with at least `DESCRIBE`; that "doesn't grant permissions on the target".
    #[test]
    fn a_link_is_seen_by_those_who_may_describe_it() {
        let mut linked = lake("DESCRIBE", DATABASE);
        linked.governed.clear();
        linked.links.insert(DATABASE.to_owned());
        assert_eq!(also(&linked, "r", "glue:GetDatabase", DATABASE), Truth::Yes);
        assert_eq!(also(&linked, "other", "glue:GetDatabase", DATABASE), Truth::No);
        assert_eq!(also(&linked, "r", "glue:DeleteDatabase", DATABASE), Truth::No);
        assert_eq!(also(&linked, "r", "glue:GetTable", TABLE), Truth::Unknown);
        assert!(linked.governs(DATABASE) && !linked.may_be_of_before(DATABASE));
        assert!(!linked.governs(TABLE));
    }

    /// A database that a template makes with a place, one without, and two that no template makes.
    /// Source: "Hybrid access mode" in the Lake Formation developer guide: the mode is a location's.
    #[test]
    fn only_what_can_lie_in_a_hybrid_location_is_in_doubt() {
        let named = |name: &str| DATABASE.replace("/d", &format!("/{name}"));
        let on = |resource: &str, permission: &str, stack: &str| LakeGrant {
            permission: Action::new(&format!("lakeformation:{permission}")),
            resource: resource.to_owned(),
            except: BTreeSet::new(),
            cells: None,
            origin: Origin { stack: stack.into(), ..Origin::default() },
        };
        let grants = vec![
            on(&named("imported"), "DESCRIBE", "a"),
            on("arn:aws:s3:::old", "DATA_LOCATION_ACCESS", "a"),
            on(&named("other"), "DESCRIBE", "b"),
            on("arn:aws:s3:::new", "DATA_LOCATION_ACCESS", "b"),
            on(&named("nowhere"), "DESCRIBE", "c"),
        ];
        let old = "arn:aws:s3:::old".to_owned();
        let at = |name: &str, place: &str| (named(name), vec![format!("arn:aws:s3:::{place}")]);
        let lake = Lake::of(vec![Lake {
            grants: IndexMap::from([("arn:aws:iam::111111111111:role/r".to_owned(), grants)]),
            governed: ["made", "inside"].iter().map(|name| named(name)).collect(),
            links: BTreeSet::from([named("link")]),
            hybrid: BTreeMap::from([(
                ("111111111111".to_owned(), "eu-west-1".to_owned(), old.clone()),
                vec![old],
            )]),
            locations: IndexMap::from([at("made", "new/made/"), at("inside", "old/inside/")]),
            ..Lake::default()
        }]);
        for (name, expected) in [
            ("made", false),
            ("inside", true),
            ("link", false),
            ("imported", true),
            ("other", false),
            // Nobody says where it lies.
            ("nowhere", true),
        ] {
            assert_eq!(lake.is_in_hybrid(&named(name)), expected, "{name}");
        }
        assert!(
            lake.may_be_of_before(&named("imported")) && !lake.may_be_of_before(&named("made"))
        );
    }
}
