//! Rules for changes: fields that cannot change, and the changes of status that shares allow.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::diagnostic::{Diagnostic, Origin};
use crate::document::Kind;
use crate::mesh::{
    Import, ItemStatus, Link, Mesh, Notebook, Share, ShareItem, ShareStatus, StudioVpc,
};
use crate::name::{Date, Id, SubnetId, TeamName};
use crate::{Code, Report};

/// The errors of a change from one mesh to another on a day. Positions are in the new mesh, or in the old mesh for
/// removed documents. If both are shown, the files of the old mesh have numbers of their own.
pub fn check_change(base: &Mesh, head: &Mesh, today: Option<&Date>) -> Report {
    let mut report = Report::new();
    both(&base.shares, &head.shares, |id, old, new| {
        // If a dataset needs no approval, a share becomes approved when it is submitted.
        let is_approved_by_itself = (old.status, new.status)
            == (ShareStatus::Draft, ShareStatus::Approved)
            && approves_itself(base, new);
        if !old.status.may_become(new.status) && !is_approved_by_itself {
            let message = format!(
                "share `{id}` cannot go from {} to {}",
                old.status.as_str(),
                new.status.as_str()
            );
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(new.header.origin, "this share")
                .help(
                    "a share goes from draft to submitted, then approved or rejected; from approved to \
                     revoked; in an approved share items have a `status` of their own",
                );
            report.push(diagnostic);
        }
        let changed = (old.status, new.status) == (ShareStatus::Approved, ShareStatus::Approved);
        for field in changed.then(|| given(old, new)).into_iter().flatten() {
            let message = format!("`{field}` of share `{id}` cannot change while it is approved");
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(new.header.origin, "this share")
                .help(
                    "take the share back to draft and deploy, which removes its access; then have \
                     what it gives now approved anew",
                );
            report.push(diagnostic);
        }
    });
    removed_while_live(base, head, today, &mut report);
    items_move(base, head, &mut report);
    places_stay(base, head, &mut report);
    works_stay(base, head, &mut report);
    what_is_shared_stays(base, head, &mut report);
    report.sorted()
}

/// Whether the dataset of the share needed no approval before the change: data.all approves such a request
/// when it is submitted. If one change removed the need for approval and used that at once, those who approve
/// shares would not have seen it.
fn approves_itself(base: &Mesh, share: &Share) -> bool {
    base.datasets.get(share.dataset.id()).is_some_and(|dataset| dataset.auto_approval)
}

/// An approved share must not be removed: its stacks would be deleted with it, although its access was never revoked. A
/// share that no longer grants access, such as an expired one, may be removed.
fn removed_while_live(base: &Mesh, head: &Mesh, today: Option<&Date>, report: &mut Report) {
    for (id, share) in &base.shares {
        if share.is_live(today) && !head.shares.contains_key(id) {
            let message = format!("share `{id}` is removed while it is approved and gives access");
            let help =
                "set `status: revoked` and deploy, which takes its access back; then remove it";
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(share.header.origin, "this share, as it was")
                .help(help);
            report.push(diagnostic);
        }
    }
}

/// In a share that stays approved, new items are pending, each item is approved separately, and only items that are no
/// longer approved are removed (DA-21, DA-22).
fn items_move(base: &Mesh, head: &Mesh, report: &mut Report) {
    both(&base.shares, &head.shares, |id, old, new| {
        if (old.status, new.status) != (ShareStatus::Approved, ShareStatus::Approved) {
            return;
        }
        let mut refuse = |item: &ShareItem, what: &str, help: &str| {
            let message = format!("{} of share `{id}` {what}", shown(item));
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(new.header.origin, "this share")
                .help(help);
            report.push(diagnostic);
        };
        for (item, state) in &new.states {
            match old.states.get(item) {
                None if *state == ItemStatus::Approved && approves_itself(base, new) => {}
                None if *state != ItemStatus::Pending => refuse(
                    item,
                    &format!("is new in an approved share, and {} at once", state.as_str()),
                    "add it with `status: pending`, and have it approved with the next change",
                ),
                Some(before) if !before.may_become(*state) => refuse(
                    item,
                    &format!("cannot go from {} to {}", before.as_str(), state.as_str()),
                    "an item goes from pending to approved or rejected, from approved to revoked, and from there to \
                     pending",
                ),
                None | Some(_) => {}
            }
            if *state == ItemStatus::Approved && takes_over(item, old, new) {
                refuse(
                    item,
                    "cannot take the place of another part of its table in one deployment",
                    "revoke the other part first and deploy, then have this one approved",
                );
            }
        }
        let gone = old.states.iter().filter(|(item, _)| !new.states.contains_key(item));
        for (item, _) in gone.filter(|(_, state)| **state == ItemStatus::Approved) {
            refuse(
                item,
                "cannot go while it is approved",
                "set the item's `status: revoked` and deploy, which removes its access, or take the share back to draft",
            );
        }
    });
}

/// Whether an item is approved in the same change that revokes another item of the same table. A role has one set of
/// permissions for a table, so the new set would conflict with the old one during the deployment.
fn takes_over(item: &ShareItem, old: &Share, new: &Share) -> bool {
    let ShareItem::Table(table) = item else { return false };
    let is_other = |other: &&ShareItem| match other {
        ShareItem::Table(other) => other.name == table.name && other != table,
        ShareItem::Folder(_) | ShareItem::Bucket => false,
    };
    !old.items.contains(item)
        && old.items.iter().filter(is_other).any(|other| !new.items.contains(other))
}

fn shown(item: &ShareItem) -> String {
    match item {
        ShareItem::Table(table) => format!("table `{}`", table.name),
        ShareItem::Folder(folder) => format!("folder `{folder}`"),
        ShareItem::Bucket => "the bucket".to_owned(),
    }
}

/// A field that cannot change: its name, its old value and its new value.
type Fixed = (&'static str, String, String);

/// Reports the fields of a document that cannot change but differ.
fn immutable(report: &mut Report, kind: Kind, id: &Id, origin: Origin, fields: &[Fixed]) {
    for (field, old, new) in fields.iter().filter(|(_, old, new)| old != new) {
        let message = format!(
            "`{field}` of {} `{id}` cannot change: it was `{old}`, now it is `{new}`",
            kind.noun()
        );
        let diagnostic = Diagnostic::new(Code::ImmutableField, message)
            .at(origin, "this document")
            .help(format!("declare a new {} and move to it", kind.noun()));
        report.push(diagnostic);
    }
}

fn fixed<T: Display + ?Sized>(field: &'static str, old: &T, new: &T) -> Fixed {
    (field, old.to_string(), new.to_string())
}

/// An optional value, for messages.
fn or_none<T: Display>(value: Option<&T>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// The tenant, organizations, environments and datasets: the fields that determine their names and
/// places (DA-5, DA-7, DA-12).
fn places_stay(base: &Mesh, head: &Mesh, report: &mut Report) {
    let (old, new) = (&base.tenant, &head.tenant);
    // Stacks contain the tenant's id: with another id they would belong to another mesh.
    let id = [fixed("id", &old.header.id, &new.header.id)];
    immutable(report, Kind::Tenant, &new.header.id, new.header.origin, &id);
    let fields = [
        fixed("central_account", &old.central_account, &new.central_account),
        fixed("home_region", &old.home_region, &new.home_region),
    ];
    immutable(report, Kind::Tenant, &new.header.id, new.central_account_at, &fields);
    both(&base.organizations, &head.organizations, |id, old, new| {
        let fields = [fixed("team", &old.team, &new.team)];
        immutable(report, Kind::Organization, id, new.header.origin, &fields);
    });
    both(&base.environments, &head.environments, |id, old, new| {
        let fields = [
            fixed("account", &old.account, &new.account),
            fixed("region", &old.region, &new.region),
            fixed("team", &old.team, &new.team),
            fixed("resource_prefix", &old.resource_prefix, &new.resource_prefix),
        ];
        immutable(report, Kind::Environment, id, new.header.origin, &fields);
        // A domain is added or removed by its feature; that is not a change of its network.
        if let (Some(was), Some(is)) = (&old.studio_vpc, &new.studio_vpc) {
            let fields = [fixed("ml_studio", &studio(was), &studio(is))];
            immutable(report, Kind::Environment, id, new.header.origin, &fields);
        }
        for team in &new.teams {
            let Some(was) = old.team_named(&team.team) else { continue };
            let (was, is) =
                (or_none(was.iam_role_arn.as_ref()), or_none(team.iam_role_arn.as_ref()));
            immutable(
                report,
                Kind::Environment,
                id,
                team.origin,
                &[fixed("iam_role_arn", &was, &is)],
            );
        }
    });
    both(&base.datasets, &head.datasets, |id, old, new| {
        let (was, is) = (old.import.as_ref(), new.import.as_ref());
        let bucket = |import: Option<&Import>| {
            import.map_or_else(|| "made here".to_owned(), |import| import.bucket.to_string())
        };
        let database = |import: Option<&Import>| {
            or_none(import.and_then(|import| import.glue_database.as_ref()))
        };
        let catalog = |import: Option<&Import>| {
            or_none(import.and_then(|import| import.catalog_account.as_ref()))
        };
        let fields = [
            fixed("environment", &old.environment, &new.environment),
            fixed("team", &old.team, &new.team),
            fixed("import.bucket", &bucket(was), &bucket(is)),
            fixed("import.glue_database", &database(was), &database(is)),
            fixed("import.catalog_account", &catalog(was), &catalog(is)),
        ];
        immutable(report, Kind::Dataset, id, new.header.origin, &fields);
    });
}

/// What teams work with: stacks, roles and workgroups are named after their team and are in their environment, and the
/// settings of a notebook cannot change (DA-28).
fn works_stay(base: &Mesh, head: &Mesh, report: &mut Report) {
    both(&base.consumption_roles, &head.consumption_roles, |id, old, new| {
        let fields = [
            fixed("environment", &old.environment, &new.environment),
            fixed("role_arn", &old.role_arn, &new.role_arn),
        ];
        immutable(report, Kind::ConsumptionRole, id, new.header.origin, &fields);
    });
    both(&base.worksheets, &head.worksheets, |id, old, new| {
        let fields = owner((old.environment.id(), &old.team), (new.environment.id(), &new.team));
        immutable(report, Kind::Worksheet, id, new.header.origin, &fields);
    });
    both(&base.studio_profiles, &head.studio_profiles, |id, old, new| {
        let fields = owner((old.environment.id(), &old.team), (new.environment.id(), &new.team));
        immutable(report, Kind::StudioProfile, id, new.header.origin, &fields);
    });
    both(&base.pipelines, &head.pipelines, |id, old, new| {
        let fields = owner((old.environment.id(), &old.team), (new.environment.id(), &new.team));
        immutable(report, Kind::Pipeline, id, new.header.origin, &fields);
    });
    both(&base.notebooks, &head.notebooks, |id, old, new| {
        let vpc = |notebook: &Notebook| match &notebook.vpc {
            Some((vpc, subnet)) => format!("{vpc}, {subnet}"),
            None => "none".to_owned(),
        };
        let fields = [
            // Set directly, or by the `Network` that the notebook names.
            fixed("network", &vpc(old), &vpc(new)),
            fixed("instance_type", old.instance_type.as_str(), new.instance_type.as_str()),
            fixed("volume_size", &old.volume_size, &new.volume_size),
            fixed("internet_access", &old.internet_access, &new.internet_access),
        ];
        let owner = owner((old.environment.id(), &old.team), (new.environment.id(), &new.team));
        immutable(report, Kind::Notebook, id, new.header.origin, &owner);
        immutable(report, Kind::Notebook, id, new.header.origin, &fields);
    });
}

fn owner(old: (&Id, &TeamName), new: (&Id, &TeamName)) -> [Fixed; 2] {
    [fixed("environment", old.0, new.0), fixed("team", old.1, new.1)]
}

/// The VPC of the ML Studio domain, for messages.
fn studio(vpc: &StudioVpc) -> String {
    match vpc {
        StudioVpc::Given(vpc) | StudioVpc::Default(vpc) => {
            let subnets: Vec<&str> = vpc.subnet_ids.iter().map(SubnetId::as_str).collect();
            format!("{}, {}", vpc.vpc_id, subnets.join(", "))
        }
        StudioVpc::Created => "made here".to_owned(),
    }
}

/// The items of an approved share keep their paths: with another path the consumer would reach
/// other data than was approved.
fn what_is_shared_stays(base: &Mesh, head: &Mesh, report: &mut Report) {
    both(&base.shares, &head.shares, |id, old, new| {
        if (old.status, new.status) != (ShareStatus::Approved, ShareStatus::Approved) {
            return;
        }
        let datasets = (base.datasets.get(old.dataset.id()), head.datasets.get(new.dataset.id()));
        let (Some(was), Some(is)) = datasets else { return };
        for item in &new.items {
            let moved = match item {
                ShareItem::Table(table) => {
                    let (was, is) = (was.tables.get(&table.name), is.tables.get(&table.name));
                    was.zip(is).filter(|(was, is)| was.location != is.location).map(|(_, is)| {
                        (format!("`location` of table `{}`", table.name), is.located)
                    })
                }
                ShareItem::Folder(folder) => {
                    let (was, is) = (was.folders.get(folder), is.folders.get(folder));
                    was.zip(is)
                        .filter(|(was, is)| was.prefix != is.prefix)
                        .map(|(_, is)| (format!("`prefix` of folder `{folder}`"), is.origin))
                }
                ShareItem::Bucket => None,
            };
            let Some((what, origin)) = moved else { continue };
            let message = format!("{what} cannot change while share `{id}` is approved");
            let diagnostic = Diagnostic::new(Code::ImmutableField, message)
                .at(origin, "elsewhere than before")
                .and(new.header.origin, "the share, which was approved for the place before")
                .help("take the share back to draft and deploy, then have the new place approved");
            report.push(diagnostic);
        }
    });
}

/// The fields that were approved with the share and differ. A new field of [`Share`] that changes what it grants belongs here.
/// `expires` does not: it changes in place, as `docs/stacks/share.md` says.
///
/// CloudFormation can only replace Lake Formation permissions, and a role has one set of permissions
/// for a table: the new set would conflict with the old one. Items have rules of their own.
fn given<'a>(old: &'a Share, new: &'a Share) -> impl Iterator<Item = &'static str> + use<'a> {
    let consumption_role = |share: &'a Share| share.consumption_role.as_ref().map(Link::id);
    let fields = [
        ("dataset", old.dataset.id() == new.dataset.id()),
        ("environment", old.environment.id() == new.environment.id()),
        ("team", old.team == new.team),
        ("consumption_role", consumption_role(old) == consumption_role(new)),
        ("permissions", old.permissions == new.permissions),
    ];
    fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field)
}

/// Calls `check` for each document that is in both maps.
fn both<T>(base: &BTreeMap<Id, T>, head: &BTreeMap<Id, T>, mut check: impl FnMut(&Id, &T, &T)) {
    for (id, new) in head {
        if let Some(old) = base.get(id) {
            check(id, old, new);
        }
    }
}
