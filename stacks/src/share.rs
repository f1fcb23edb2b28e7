//! The `share` stacks: what a live share needs besides the dataset's own policies.
//!
//! The producer's side has the access point for folders. The consumer's side has the database that links to tables,
//! and the policy of a consumption role. In one account and region both sides are one stack. The dataset's stack
//! writes its bucket policy, its key policy and the permissions on its tables; a team's stack writes the team's
//! policies. So no two stacks write the same policy or Lake Formation permission (ADR 8). This module defines all of
//! it:
//!
//! | what | where |
//! | --- | --- |
//! | statements of the bucket's, the key's and the consumer's policies | `access.rs` |
//! | Lake Formation permissions on tables, columns and rows | `tables.rs`, by tags `tags.rs`; on views `../dataset/views.rs` |
//! | files for owners of what Lakewright does not manage | `handout.rs` |
//! | quotas of consumption roles | `attached.rs` |
//! | tables that only a crawler finds | `crawled.rs` |
//! | access to an open set of datasets, in the policies of a team's role | `open.rs` |
//!
//! What access policies and dataset-level access give has the same form as a share ([ADR 23](../../docs/adr/0023-data-policies.md)).

mod access;
mod attached;
mod crawled;
mod handout;
mod open;
mod tables;
mod tags;

use lakewright_constructs::access_point::{AccessPoint, Traffic};
use lakewright_constructs::folder::Folder;
use lakewright_constructs::glue::{Database, DatabaseLink};
use lakewright_constructs::lakeformation::{Catalog, Permission, PermissionChain, PermissionSet};
use lakewright_constructs::role::ImportedRole;
use lakewright_manifest::mesh::{
    ConsumptionRole, DataGrant, Dataset, Environment, Given, Share, ShareItem, SharePermission,
    SharedTable,
};
use lakewright_manifest::{Date, Mesh};
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_synth::{Cause, Grants, Scope};
use lakewright_template::AccountId;

use crate::Names;
use crate::diagnose::cause;
use access::consumption_policy;
pub(crate) use access::{consumer_grants, producer_grants};
pub(crate) use attached::too_many;
pub(crate) use crawled::not_there_yet;
pub(crate) use handout::handouts;
pub(crate) use open::grant as grant_open;
pub(crate) use tables::{SharedTables, grant as grant_tables, has_tags};
pub(crate) use tags::parts as table_tags;

/// A share that grants access, with the documents that it connects.
#[derive(Debug, Clone, Copy, Hash)]
pub(crate) struct LiveShare<'m> {
    pub(crate) share: &'m Share,
    pub(crate) dataset: &'m Dataset,
    /// The dataset's environment.
    pub(crate) producer: &'m Environment,
    /// The consumer's environment.
    pub(crate) consumer: &'m Environment,
    pub(crate) role: Option<&'m ConsumptionRole>,
    /// What denials leave of the share, if they are about it.
    pub(crate) given: Option<&'m Given>,
    /// What policies give, if no document of a share stands behind it.
    pub(crate) derived: Option<&'m DataGrant>,
}

/// The sides of a share that a stack contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// The side in the dataset's account and region.
    Producer,
    /// The side in the consumer's account and region.
    Consumer,
    /// Both sides, in one account and region.
    Both,
}

/// The shares of a mesh that grant access on this date, and what access policies and dataset-level access give; without
/// a date no share has expired.
pub(crate) fn live<'m>(mesh: &'m Mesh, as_of: Option<&Date>) -> Vec<LiveShare<'m>> {
    let shares = mesh.shares.values().filter_map(|share| connected(mesh, share, as_of));
    let derived = mesh
        .data_access
        .grants
        .values()
        .map(|grant| LiveShare { derived: Some(grant), ..of_share(&grant.share) });
    shares.chain(derived).collect()
}

/// A share that grants access, with the documents that it connects. `None` if it grants none on this date.
pub(crate) fn connected<'m>(
    mesh: &'m Mesh,
    share: &'m Share,
    as_of: Option<&Date>,
) -> Option<LiveShare<'m>> {
    let given = mesh.data_access.shares.get(&share.header.id);
    let live = LiveShare { given, ..of_share(share) };
    (share.is_live(as_of) && !live.items().is_empty()).then_some(live)
}

fn of_share(share: &Share) -> LiveShare<'_> {
    LiveShare {
        share,
        dataset: &share.dataset,
        producer: &share.dataset.environment,
        consumer: &share.environment,
        role: share.consumption_role.as_deref(),
        given: None,
        derived: None,
    }
}

impl LiveShare<'_> {
    /// The items that grant access.
    pub(crate) fn items(&self) -> &[ShareItem] {
        self.given.map_or(&self.share.items, |given| &given.items)
    }

    /// Whether the items have a permission.
    pub(crate) fn permits(&self, permission: SharePermission) -> bool {
        let all = self.given.map_or(&self.share.permissions, |given| &given.permissions);
        all.contains(&permission)
    }

    /// The manifest lines that give the access.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        match self.derived {
            Some(grant) => grant.origins.iter().map(|origin| cause(*origin)).collect(),
            None => vec![cause(self.share.header.origin)],
        }
    }

    /// What gives the access, for findings.
    pub(crate) fn called(&self) -> String {
        let Share { header, team, environment, .. } = self.share;
        match self.derived {
            Some(_) => {
                format!("the data that team `{team}` is given in environment `{environment}`")
            }
            None => format!("share `{}`", header.id),
        }
    }

    /// What gives the access, at its line.
    pub(crate) fn here(&self) -> &'static str {
        if self.derived.is_some() { "this gives it" } else { "this share" }
    }

    /// Whether the policies of the consumer's role name an open set of datasets instead of this one.
    pub(crate) fn is_open(&self) -> bool {
        self.derived.is_some_and(|grant| grant.is_open)
    }

    /// Whether it is about all tables, also those that a crawler will find.
    pub(crate) fn has_all_tables(&self) -> bool {
        self.derived.is_some_and(|grant| grant.all_tables)
    }

    /// Whether it is about tables, or about views of tables.
    pub(crate) fn has_tables(&self) -> bool {
        let has_views = self.derived.is_some_and(|grant| !grant.views.is_empty());
        self.has_all_tables() || has_views || self.tables().next().is_some()
    }

    /// Whether the tables are seen through a link. Where policies give them in one place, the dataset's own database is
    /// at hand.
    pub(crate) fn has_link(&self) -> bool {
        self.has_tables() && (self.derived.is_none() || !self.is_in_one_place())
    }

    /// The role that receives the access.
    pub(crate) fn consumer_role(&self, names: Names<'_>) -> ImportedRole {
        if let Some(role) = self.role {
            let name = format!("consumption-role/{}", role.header.id);
            return ImportedRole::new(role.role_arn.account(), role.role_arn.as_str(), &name);
        }
        let team = self.share.member();
        let role = names.team_role(self.consumer, team);
        // Lakewright does not tag imported roles.
        match team.iam_role_arn {
            Some(_) => role,
            None => role.with_tag(names.team(self.consumer, &team.team)),
        }
    }

    /// The environment in whose account and region the stack of a side is.
    pub(crate) fn environment_of(&self, side: Side) -> &Environment {
        match side {
            Side::Producer | Side::Both => self.producer,
            Side::Consumer => self.consumer,
        }
    }

    pub(crate) fn target(&self) -> String {
        format!("dataset/{}", self.dataset.header.id)
    }

    pub(crate) fn is_in_one_account(&self) -> bool {
        self.producer.account == self.consumer.account
    }

    pub(crate) fn is_in_one_place(&self) -> bool {
        self.is_in_one_account() && self.producer.region == self.consumer.region
    }

    /// The allowed operations on objects.
    pub(crate) fn traffic(&self) -> Traffic {
        if self.permits(SharePermission::Modify) {
            Traffic::ReadWrite
        } else if self.permits(SharePermission::Write) {
            Traffic::Write
        } else {
            Traffic::Read
        }
    }

    /// Limits the grants to the share's last day, inclusive. Lake Formation permissions do not expire: the first
    /// deployment with a later `--as-of` removes them.
    pub(crate) fn until(&self, mut grants: Grants) -> Grants {
        if let Some(last) = &self.share.expires {
            for grant in &mut grants.0 {
                grant.conditions.add(Condition::new(
                    Comparison::DateLessThanEquals,
                    "aws:CurrentTime",
                    format!("{last}T23:59:59Z"),
                ));
            }
        }
        grants
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &SharedTable> {
        self.items().iter().filter_map(|item| match item {
            ShareItem::Table(table) => Some(table),
            ShareItem::Folder(_) | ShareItem::Bucket => None,
        })
    }

    /// The shared folders.
    pub(crate) fn folders(&self) -> impl Iterator<Item = Folder> {
        self.items().iter().filter_map(|item| match item {
            ShareItem::Folder(id) => Some(Folder::at(self.dataset.folders[id].prefix.as_str())),
            ShareItem::Table(_) | ShareItem::Bucket => None,
        })
    }

    pub(crate) fn has_bucket(&self) -> bool {
        self.items().contains(&ShareItem::Bucket)
    }

    /// The account of the catalog with the dataset's database.
    pub(crate) fn catalog_account(&self) -> AccountId {
        let import = self.dataset.import.as_ref();
        import
            .and_then(|import| import.catalog_account.as_ref())
            .unwrap_or(&self.producer.account)
            .clone()
    }

    /// The sides that need a stack.
    pub(crate) fn sides(&self) -> Vec<Side> {
        let on_producer = self.folders().next().is_some();
        let has_policy = self.role.is_some_and(|role| role.managed);
        let on_consumer = self.has_link() || has_policy;
        match (on_producer, on_consumer) {
            (true, true) if self.is_in_one_place() => vec![Side::Both],
            (true, true) => vec![Side::Producer, Side::Consumer],
            (true, false) => vec![Side::Producer],
            (false, true) => vec![Side::Consumer],
            (false, false) => Vec::new(),
        }
    }
}

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, live: &LiveShare<'_>, side: Side) {
    let role = live.consumer_role(names);
    if side != Side::Consumer {
        folders(scope, names, live, &role);
    }
    if side != Side::Producer {
        link(scope, names, live, &role);
        if live.role.is_some_and(|role| role.managed) {
            consumption_policy(scope, names, live);
        }
    }
}

/// The access point of the share's consumer, which gives access only to the shared folders.
fn folders(scope: &mut Scope<'_>, names: Names<'_>, live: &LiveShare<'_>, role: &ImportedRole) {
    let mut shared = live.folders().peekable();
    if shared.peek().is_none() {
        return;
    }
    let access_point = scope.add(
        "AccessPoint",
        AccessPoint {
            name: names.access_point(live.producer, &live.share.header.id),
            bucket: names.dataset_bucket(live.producer, live.dataset),
            target: live.target(),
        },
    );
    for folder in shared {
        scope.grant(live.until(access_point.grant_under(&folder, live.traffic(), role)));
    }
}

/// The database in the consumer's catalog that links to the dataset's database. Each reader sees the tables that they
/// may read.
fn link(scope: &mut Scope<'_>, names: Names<'_>, live: &LiveShare<'_>, role: &ImportedRole) {
    if !live.has_link() {
        return;
    }
    let name = names.shared_database(live.consumer, &live.share.header.id);
    let is_elsewhere = live.producer.region != live.consumer.region;
    let database = scope.add(
        "SharedDatabase",
        Database {
            name: name.clone(),
            description: String::new(),
            location: String::new(),
            retain: false,
            link: Some(DatabaseLink {
                account: live.catalog_account(),
                database: names.dataset_database(live.producer, live.dataset),
                region: is_elsewhere.then(|| live.producer.region.to_string()),
            }),
            after: Vec::new(),
        },
    );
    let after = database.logical_id().cloned().into_iter().collect();
    let mut chain = PermissionChain::after(after, &live.target());
    let on = Catalog::Database { account: live.consumer.account.clone(), name };
    let describe = PermissionSet {
        access: "read",
        permissions: &[Permission::Describe],
        with_grant_option: false,
    };
    chain.grant(scope, role, &on, describe);
}

#[cfg(test)]
mod tests {
    use lakewright_constructs::role::Receives as _;
    use lakewright_manifest::mesh::ShareStatus;

    use super::*;
    use crate::testing::{DEV, LAB, SALES, TENANT, mesh, share};

    /// The same account as `dev`, in another region.
    const NORTH: &str = r#"kind: Environment
id: north
organization: org
account: "222222222222"
region: eu-north-1
team: Owners
resource_prefix: north
teams:
  - { team: Readers, permissions: [create_share] }
"#;

    const ROLES: &str = "kind: ConsumptionRole
id: managed
environment: dev
team: Readers
role_arn: arn:aws:iam::222222222222:role/Managed
---
kind: ConsumptionRole
id: unmanaged
environment: dev
team: Readers
role_arn: arn:aws:iam::222222222222:role/Unmanaged
managed: false
";

    fn shared(environment: &str, team: &str, more: &str) -> Mesh {
        let text = share("s", environment, team, more);
        mesh(&[TENANT, DEV, LAB, NORTH, SALES, ROLES, &text])
    }

    fn sides(environment: &str, team: &str, more: &str) -> Vec<Side> {
        let mesh = shared(environment, team, more);
        live(&mesh, None).iter().flat_map(LiveShare::sides).collect()
    }

    // What is expected here stands in `docs/stacks/share.md`.

    #[test]
    fn a_share_gives_access_on_its_last_day_and_not_after_it() {
        let mesh = shared("dev", "Readers", "expires: 2099-12-31\nitems: [{ bucket: true }]");
        let on = |day: &str| live(&mesh, Some(&Date::parse(day).expect("a day"))).len();
        assert_eq!([on("2099-12-30"), on("2099-12-31"), on("2100-01-01")], [1, 1, 0]);
        assert_eq!(live(&mesh, None).len(), 1, "where no day is told, nothing has expired");
    }

    #[test]
    fn only_an_approved_share_gives_access() {
        let mut mesh = shared("dev", "Readers", "items: [{ bucket: true }]");
        assert_eq!(live(&mesh, None).len(), 1);
        let others = [
            ShareStatus::Draft,
            ShareStatus::Submitted,
            ShareStatus::Rejected,
            ShareStatus::Revoked,
        ];
        for status in others {
            for one in mesh.shares.values_mut() {
                std::sync::Arc::make_mut(one).status = status;
            }
            assert!(live(&mesh, None).is_empty(), "{status:?}");
        }
    }

    #[test]
    fn an_item_that_is_not_approved_gives_nothing() {
        let more = "items: [{ folder: exports, status: pending }, { table: orders }]";
        let mesh = shared("lab", "Scientists", more);
        let all = live(&mesh, None);
        assert_eq!(all[0].folders().count(), 0);
        assert_eq!(all[0].tables().count(), 1);
        assert!(!all[0].has_bucket());
        let only = shared("lab", "Scientists", "items: [{ table: orders, status: revoked }]");
        assert!(live(&only, None).is_empty());
    }

    #[test]
    fn a_share_of_the_bucket_alone_has_a_stack_for_a_managed_role_only() {
        let bucket = "items: [{ bucket: true }]";
        assert!(sides("dev", "Readers", bucket).is_empty());
        assert!(sides("lab", "Scientists", bucket).is_empty());
        let of_role =
            |role: &str| sides("dev", "Readers", &format!("consumption_role: {role}\n{bucket}"));
        assert!(of_role("unmanaged").is_empty());
        assert_eq!(of_role("managed"), [Side::Consumer]);
    }

    #[test]
    fn folders_take_the_producers_side_and_tables_the_consumers() {
        let (folder, table) = ("items: [{ folder: exports }]", "items: [{ table: orders }]");
        assert_eq!(sides("lab", "Scientists", folder), [Side::Producer]);
        assert_eq!(sides("lab", "Scientists", table), [Side::Consumer]);
    }

    #[test]
    fn the_sides_are_one_stack_in_one_account_and_region_only() {
        let both = "items: [{ folder: exports }, { table: orders }]";
        assert_eq!(sides("dev", "Readers", both), [Side::Both]);
        assert_eq!(sides("north", "Readers", both), [Side::Producer, Side::Consumer]);
        assert_eq!(sides("lab", "Scientists", both), [Side::Producer, Side::Consumer]);
    }

    #[test]
    fn what_is_not_permitted_is_read_only() {
        let traffic = |permissions: &str| {
            let more = format!("{permissions}items: [{{ bucket: true }}]");
            let mesh = shared("dev", "Readers", &more);
            live(&mesh, None)[0].traffic()
        };
        assert_eq!(traffic(""), Traffic::Read);
        assert_eq!(traffic("permissions: [read]\n"), Traffic::Read);
        assert_eq!(traffic("permissions: [read, write]\n"), Traffic::Write);
        assert_eq!(traffic("permissions: [modify]\n"), Traffic::ReadWrite);
    }

    #[test]
    fn a_role_of_others_is_not_known_by_a_tag() {
        // Only the roles that the mesh makes carry `lakewright:role` (`docs/stacks/dataset.md`, nearly full policies).
        let bucket = "items: [{ bucket: true }]";
        let tag = |more: &str| {
            let mesh = shared("dev", "Readers", &format!("{more}{bucket}"));
            let role = live(&mesh, None)[0].consumer_role(Names::new(&mesh));
            role.grantee().tag.clone()
        };
        assert!(tag("").is_some());
        assert_eq!(tag("consumption_role: managed\n"), None);
    }
}
