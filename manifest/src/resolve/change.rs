//! Rules about a change: what may not be edited, and how shares may move.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Origin};
use crate::document::Kind;
use crate::mesh::{Mesh, Share, ShareStatus};
use crate::name::Id;
use crate::{Code, Report};

/// What is wrong with going from one mesh to another. Places are places in the new mesh.
pub fn check_change(base: &Mesh, head: &Mesh) -> Report {
    let mut report = Report::new();
    both(&base.shares, &head.shares, |id, old, new| {
        if !old.status.may_become(new.status) {
            let message = format!(
                "share `{id}` cannot go from {} to {}",
                old.status.as_str(),
                new.status.as_str()
            );
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(new.header.origin, "this share")
                .help(
                    "a share goes from draft to submitted, then approved or rejected; from approved to \
                     revoked; a change of its items goes back to draft",
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
    // The share's stacks go with it at once, while nothing says that its access was taken back.
    for (id, share) in &base.shares {
        if share.status == ShareStatus::Approved && !head.shares.contains_key(id) {
            let message = format!("share `{id}` is removed while it is approved and gives access");
            let help =
                "set `status: revoked` and deploy, which takes its access back; then remove it";
            report.push(Diagnostic::new(Code::ShareLifeCycle, message).help(help));
        }
    }
    let mut immutable = |kind: Kind, id: &Id, origin: Origin, fields: &[(&str, String, String)]| {
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
    };
    both(&base.organizations, &head.organizations, |id, old, new| {
        let fields = [("team", old.team.to_string(), new.team.to_string())];
        immutable(Kind::Organization, id, new.header.origin, &fields);
    });
    both(&base.environments, &head.environments, |id, old, new| {
        let fields = [
            ("account", old.account.to_string(), new.account.to_string()),
            ("region", old.region.to_string(), new.region.to_string()),
            ("team", old.team.to_string(), new.team.to_string()),
            ("resource_prefix", old.resource_prefix.to_string(), new.resource_prefix.to_string()),
        ];
        immutable(Kind::Environment, id, new.header.origin, &fields);
    });
    both(&base.datasets, &head.datasets, |id, old, new| {
        let bucket = |dataset: &crate::mesh::Dataset| {
            dataset
                .import
                .as_ref()
                .map_or_else(|| "made here".to_owned(), |import| import.bucket.to_string())
        };
        let fields = [
            ("environment", old.environment.to_string(), new.environment.to_string()),
            ("team", old.team.to_string(), new.team.to_string()),
            ("import.bucket", bucket(old), bucket(new)),
        ];
        immutable(Kind::Dataset, id, new.header.origin, &fields);
    });
    report.sorted()
}

/// The fields that an approval is about, as far as they differ.
///
/// CloudFormation can only replace Lake Formation's permissions, and there is one set for a role and
/// a table: the new one would meet the old one.
fn given<'a>(old: &'a Share, new: &'a Share) -> impl Iterator<Item = &'static str> + use<'a> {
    let fields = [
        ("dataset", old.dataset == new.dataset),
        ("environment", old.environment == new.environment),
        ("team", old.team == new.team),
        ("consumption_role", old.consumption_role == new.consumption_role),
        ("items", old.items == new.items),
        ("permissions", old.permissions == new.permissions),
    ];
    fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field)
}

/// Calls `check` for what is in both maps.
fn both<T>(base: &BTreeMap<Id, T>, head: &BTreeMap<Id, T>, mut check: impl FnMut(&Id, &T, &T)) {
    for (id, new) in head {
        if let Some(old) = base.get(id) {
            check(id, old, new);
        }
    }
}
