//! Shares: their items, their approval and their life cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::item_state::{approved, still_wanted};
use super::{Context, Dependant, Needs, Place, at, distinct, values};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{Kind, ShareDocument, ShareItemDocument};
use crate::field::Field;
use crate::mesh::{
    Column, ConsumptionRole, Dataset, EnvironmentPermission, Header, HybridAccess, ItemStatus,
    Link, Location, Share, ShareItem, SharePermission, ShareStatus, SharedTable, Table,
    TenantPermission,
};
use crate::name::{CatalogName, Id};
use crate::parse::Located;

impl Context {
    pub(super) fn share(
        &mut self,
        located: &Located<ShareDocument>,
        header: Header,
        place: &Place<'_, '_>,
        datasets: &BTreeMap<Id, Dataset>,
        roles: &BTreeMap<Id, ConsumptionRole>,
    ) -> Option<Share> {
        let Located { document, origin } = located;
        let kind = Kind::Share;
        let file = origin.file;
        let dataset_id = self.required(&document.dataset, "dataset", kind, *origin);
        let status = document.status.value().copied().unwrap_or_default();
        let items = self.given_items(document, status, *origin);
        let dependant = Dependant {
            kind,
            id: header.id.clone(),
            keeps_alive: matches!(status, ShareStatus::Approved | ShareStatus::Submitted),
        };
        self.reference(file, &document.dataset, Kind::Dataset, &dependant);
        let mut needs = Needs {
            tenant_permission: TenantPermission::ManageShares,
            permission: Some(EnvironmentPermission::CreateShare),
            feature: None,
        };
        if items
            .iter()
            .copied()
            .flatten()
            .filter_map(Field::value)
            .any(|item| !item.table.is_absent())
        {
            // A table is shared by a link in the consumer's catalog, which needs the feature.
            needs.feature = Some(("datasets", |features| features.datasets));
        }
        let owner =
            self.owner(kind, &header, (&document.environment, &document.team), needs, place);
        let dataset = dataset_id.and_then(|id| datasets.get(id));
        let (each_item, items_at) =
            items.map(|items| self.items(items, &header, status, dataset)).unzip();
        let items = each_item.as_ref().map(approved);
        self.consumer(document, &header, roles);
        if let Some(dataset) = dataset {
            self.approval(document, &header, status, dataset);
            self.owner_asks_for_nothing(document, &header, dataset);
            // A rejected or revoked share grants nothing. These checks are skipped, so that a mesh can revoke a share that
            // should never have existed.
            let gives = !matches!(status, ShareStatus::Rejected | ShareStatus::Revoked);
            let wanted = each_item.as_ref().filter(|_| gives).map(still_wanted).unwrap_or_default();
            if !wanted.is_empty() {
                self.key_can_be_shared(document, file, dataset, place);
                self.catalog_is_ours(&wanted, document, &header, dataset, place);
            }
        }
        let purpose = self.text(file, &document.purpose, "purpose").unwrap_or_default();
        let permissions = self.share_permissions(document, &header, each_item.as_ref());
        let (environment, team) = owner?;
        Some(Share {
            dataset: Link::unlinked(dataset_id?.clone()),
            environment: Link::unlinked(environment),
            team,
            consumption_role: document.consumption_role.value().cloned().map(Link::unlinked),
            purpose,
            items: items?,
            states: each_item?,
            items_at: items_at?,
            permissions,
            status,
            approved_by: document.approved_by.value().cloned(),
            expires: document.expires.value().cloned(),
            expires_at: if document.expires.is_absent() {
                *origin
            } else {
                at(file, &document.expires)
            },
            header,
        })
    }

    /// The permissions of a share. Parts of tables can only be read.
    fn share_permissions(
        &mut self,
        document: &ShareDocument,
        header: &Header,
        items: Option<&BTreeMap<ShareItem, ItemStatus>>,
    ) -> BTreeSet<SharePermission> {
        let file = header.origin.file;
        let permissions: BTreeSet<SharePermission> = if document.permissions.is_absent() {
            BTreeSet::from([SharePermission::Read])
        } else {
            values(&document.permissions).into_iter().collect()
        };
        if document.permissions.value().is_some_and(Vec::is_empty) {
            let message = format!("share `{}` permits nothing", header.id);
            let diagnostic = Diagnostic::new(Code::ShareItem, message)
                .at(at(file, &document.permissions), "an empty list")
                .help("name what may be done, such as `[read]`, or remove the share");
            self.report.push(diagnostic);
        }
        let writes = permissions.iter().any(|permission| *permission != SharePermission::Read);
        let limited = items.into_iter().flat_map(BTreeMap::keys).find_map(|item| match item {
            ShareItem::Table(table) if !table.columns.is_empty() || table.rows.is_some() => {
                Some(table.name.clone())
            }
            ShareItem::Table(_) | ShareItem::Folder(_) | ShareItem::Bucket => None,
        });
        if let Some(table) = limited.filter(|_| writes) {
            let message =
                format!("columns and rows of table `{table}` can be read only, not written");
            let diagnostic = Diagnostic::new(Code::ShareItem, message)
                .at(at(file, &document.permissions), "")
                .help("share the whole table, or this part in a share of its own with `[read]`");
            self.report.push(diagnostic);
        }
        permissions
    }

    fn items(
        &mut self,
        documents: &[Field<ShareItemDocument>],
        header: &Header,
        share: ShareStatus,
        dataset: Option<&Dataset>,
    ) -> (BTreeMap<ShareItem, ItemStatus>, BTreeMap<ShareItem, Origin>) {
        let file = header.origin.file;
        // A draft may still be empty.
        if documents.is_empty() && share != ShareStatus::Draft {
            let diagnostic =
                Diagnostic::new(Code::ShareItem, format!("share `{}` shares nothing", header.id))
                    .at(header.origin, "this share")
                    .help("add `items:` with `- table: NAME`, `- folder: ID` or `- bucket: true`");
            self.report.push(diagnostic);
        }
        let (mut items, mut places) = (BTreeMap::new(), BTreeMap::new());
        for entry in documents {
            let Some(ShareItemDocument { table, columns, rows, folder, bucket, status }) =
                entry.value()
            else {
                continue;
            };
            let limits = [(!columns.is_absent(), columns.span()), (!rows.is_absent(), rows.span())];
            if table.is_absent()
                && let Some((_, span)) = limits.into_iter().find(|(is_given, _)| *is_given)
            {
                let message = "`columns` and `rows` limit a table, and this item is none";
                let diagnostic = Diagnostic::new(Code::ShareItem, message)
                    .at(Origin { file, span }, "")
                    .help("remove them, or add `table: NAME`");
                self.report.push(diagnostic);
            }
            let (item, origin) = match (table.value(), folder.value(), bucket.value()) {
                (Some(name), None, None) => {
                    let item = self.shared_table(file, name, columns, rows, dataset);
                    (ShareItem::Table(item), at(file, table))
                }
                (None, Some(id), None) => (ShareItem::Folder(id.clone()), at(file, folder)),
                (None, None, Some(true)) => (ShareItem::Bucket, at(file, bucket)),
                _ if table.is_invalid() || folder.is_invalid() || bucket.is_invalid() => continue,
                _ => {
                    let message =
                        format!("an item of share `{}` is not exactly one thing", header.id);
                    let diagnostic = Diagnostic::new(Code::ShareItem, message)
                        .at(at(file, entry), "this item")
                        .help("write `table: NAME`, `folder: ID` or `bucket: true`, one for each item");
                    self.report.push(diagnostic);
                    continue;
                }
            };
            if let Some(dataset) = dataset {
                self.item_is_there(&item, origin, dataset);
                self.filter_is_enforced(&item, origin, dataset);
            }
            self.item_state(status, share, file);
            let state = status.value().copied().unwrap_or_default();
            places.entry(item.clone()).or_insert(origin);
            if items.insert(item, state).is_some_and(|before| before != state) {
                let diagnostic = Diagnostic::new(Code::ShareItem, "one item has two states")
                    .at(origin, "the second time")
                    .help("keep the one that holds");
                self.report.push(diagnostic);
            }
        }
        (items, places)
    }

    /// A shared table: its columns must exist, and its condition on rows must be valid.
    fn shared_table(
        &mut self,
        file: FileId,
        name: &CatalogName,
        columns: &Field<Vec<Field<CatalogName>>>,
        rows: &Field<String>,
        dataset: Option<&Dataset>,
    ) -> SharedTable {
        // For queries, partition keys are columns.
        let table = dataset.and_then(|dataset| dataset.tables.get(name));
        let known: Vec<&Column> = table.into_iter().flat_map(Table::all_columns).collect();
        for column in columns.value().into_iter().flatten() {
            let Some(wanted) = column.value() else { continue };
            if !known.is_empty() && !known.iter().any(|column| column.name == *wanted) {
                let near =
                    suggest(wanted.as_str(), known.iter().map(|column| column.name.as_str()));
                let message = format!("table `{name}` has no column `{wanted}`");
                let help = near.map_or_else(
                    || "declare it under the table's `columns`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let diagnostic =
                    Diagnostic::new(Code::ShareItem, message).at(at(file, column), "").help(help);
                self.report.push(diagnostic);
            }
        }
        if columns.value().is_some_and(Vec::is_empty) {
            let diagnostic = Diagnostic::new(Code::ShareItem, "no column is shared")
                .at(at(file, columns), "an empty list")
                .help("name the columns, or remove `columns` to share all of them");
            self.report.push(diagnostic);
        }
        let text = self.rows(file, name, rows, table);
        SharedTable { name: name.clone(), columns: distinct(columns), rows: text }
    }

    fn item_is_there(&mut self, item: &ShareItem, origin: Origin, dataset: &Dataset) {
        let (what, name, near) = match item {
            ShareItem::Table(table) if !dataset.tables.contains_key(&table.name) => (
                "table",
                table.name.as_str(),
                suggest(
                    table.name.as_str(),
                    dataset.tables.keys().map(super::super::name::CatalogName::as_str),
                ),
            ),
            ShareItem::Folder(id) if !dataset.folders.contains_key(id) => (
                "folder",
                id.as_str(),
                suggest(id.as_str(), dataset.folders.keys().map(Id::as_str)),
            ),
            ShareItem::Table(_) | ShareItem::Folder(_) | ShareItem::Bucket => return,
        };
        let message = format!("dataset `{}` has no {what} `{name}`", dataset.header.id);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it under the dataset's `{what}s`"),
        };
        let diagnostic = Diagnostic::new(Code::ShareItem, message)
            .at(origin, "")
            .and(dataset.header.origin, "the dataset")
            .help(help);
        self.report.push(diagnostic);
    }

    /// Filters of rows and columns have no effect if IAM permissions still open the table, or if its
    /// location is not registered with Lake Formation.
    ///
    /// Source: "Hybrid access mode" in the Lake Formation developer guide.
    fn filter_is_enforced(&mut self, item: &ShareItem, origin: Origin, dataset: &Dataset) {
        let ShareItem::Table(table) = item else { return };
        let Some(import) = &dataset.import else { return };
        if table.columns.is_empty() && table.rows.is_none() {
            return;
        }
        let (why, help) = match (import.location, import.hybrid_access) {
            (Location::Nowhere, _) => (
                "its location is not registered with Lake Formation",
                "have the location registered, and say so with `registered: true` in the dataset's `import`",
            ),
            (Location::Here | Location::Elsewhere, HybridAccess::Open) => (
                "its location is in hybrid access mode, where IAM permissions still grant access to all of it",
                "set `hybrid_access: opt_in` in the dataset's `import`, and `lakewright deploy` opts the consumers in; or `closed`, when `IAMAllowedPrincipals` has no permission on its database and tables any more",
            ),
            (Location::Here | Location::Elsewhere, HybridAccess::OptIn | HybridAccess::Closed) => {
                return;
            }
        };
        let message = format!(
            "the limits to columns and rows of table `{}` would not be enforced: {why}",
            table.name
        );
        let diagnostic = Diagnostic::new(Code::FilterNotEnforced, message)
            .at(origin, "a part of the table is shared here")
            .and(dataset.header.origin, "the dataset")
            .help(help);
        self.report.push(diagnostic);
    }

    /// A table that was received through a share cannot be shared with a third account: only the owner
    /// of its catalog can do that.
    fn catalog_is_ours(
        &mut self,
        items: &[ShareItem],
        document: &ShareDocument,
        header: &Header,
        dataset: &Dataset,
        place: &Place<'_, '_>,
    ) {
        let catalog = dataset.import.as_ref().and_then(|import| import.catalog_account.as_ref());
        let consumer = document.environment.value().and_then(|id| place.environments.get(id));
        let producer = place.environments.get(dataset.environment.id());
        let (Some(catalog), Some(consumer), Some(producer)) = (catalog, consumer, producer) else {
            return;
        };
        let has_table = items.iter().any(|item| matches!(item, ShareItem::Table(_)));
        if !has_table || consumer.account == producer.account {
            return;
        }
        let message = format!(
            "share `{}` would grant account {} a table of account {catalog}'s catalog",
            header.id, consumer.account
        );
        let diagnostic = Diagnostic::new(Code::ForeignCatalogShare, message)
            .at(at(header.origin.file, &document.environment), "this consumer")
            .and(dataset.header.origin, "the dataset, which imports the database")
            .help(if consumer.account == *catalog {
                format!("account {catalog} owns the table: import its bucket and database into a dataset of an environment there")
            } else {
                format!(
                    "only the owner of a table can grant it to another account in Lake Formation: have account {catalog} share it with {}, and import it there",
                    consumer.account
                )
            });
        self.report.push(diagnostic);
    }

    /// The policy of an AWS managed key allows its own account only, and cannot be changed.
    ///
    /// Source: "AWS KMS concepts", AWS managed keys, in the KMS developer guide; "Cross-account access denied" in AWS
    /// re:Post, where the key's policy must grant the other account access.
    fn key_can_be_shared(
        &mut self,
        document: &ShareDocument,
        file: FileId,
        dataset: &Dataset,
        place: &Place<'_, '_>,
    ) {
        let import = dataset.import.as_ref();
        let alias = import.and_then(|import| import.kms_key_alias.as_ref());
        let consumer = document.environment.value().and_then(|id| place.environments.get(id));
        let producer = place.environments.get(dataset.environment.id());
        let (Some(alias), Some(consumer), Some(producer)) = (alias, consumer, producer) else {
            return;
        };
        if !alias.is_of_aws() || consumer.account == producer.account {
            return;
        }
        let message = format!(
            "dataset `{}` is encrypted with AWS's own key `alias/{alias}`, which account {} cannot use",
            dataset.header.id, consumer.account
        );
        let diagnostic = Diagnostic::new(Code::AwsManagedKey, message)
            .at(at(file, &document.environment), "this consumer")
            .and(dataset.header.origin, "the dataset, which imports the bucket")
            .help("nobody can change the policy of a key that AWS manages: encrypt the bucket and its objects with a key of your own, and name that one");
        self.report.push(diagnostic);
    }

    /// The consumption role must belong to the consumer's environment and team.
    fn consumer(
        &mut self,
        document: &ShareDocument,
        header: &Header,
        roles: &BTreeMap<Id, ConsumptionRole>,
    ) {
        if document.consumption_role.is_absent() {
            return;
        }
        let file = header.origin.file;
        let dependant = Dependant::live(Kind::Share, header);
        if !self.reference(file, &document.consumption_role, Kind::ConsumptionRole, &dependant) {
            return;
        }
        let role = document.consumption_role.value().and_then(|id| roles.get(id));
        let (environment, team) = (document.environment.value(), document.team.value());
        let (Some(role), Some(environment), Some(team)) = (role, environment, team) else { return };
        if role.environment.id() != environment || role.team != *team {
            let message = format!(
                "consumption role `{}` belongs to team `{}` in environment `{}`",
                role.header.id, role.team, role.environment
            );
            let diagnostic = Diagnostic::new(Code::ConsumerRoleAccount, message)
                .at(at(file, &document.consumption_role), "")
                .and(role.header.origin, "declared here")
                .help("a share's role belongs to the share's team and environment");
            self.report.push(diagnostic);
        }
    }

    /// Only owners and stewards approve shares, unless the dataset has `auto_approval`.
    fn approval(
        &mut self,
        document: &ShareDocument,
        header: &Header,
        status: ShareStatus,
        dataset: &Dataset,
    ) {
        let file = header.origin.file;
        let approved_by = document.approved_by.value();
        let approvers: Vec<&str> = std::iter::once(&dataset.team)
            .chain(&dataset.stewards)
            .map(super::super::name::TeamName::as_str)
            .collect();
        if let Some(team) = approved_by
            && !approvers.contains(&team.as_str())
        {
            let message =
                format!("team `{team}` may not approve shares of dataset `{}`", dataset.header.id);
            let diagnostic = Diagnostic::new(Code::ShareApproval, message)
                .at(at(file, &document.approved_by), "")
                .and(dataset.header.origin, "its owner and its stewards may")
                .help(suggest(team.as_str(), approvers.iter().copied()).map_or_else(
                    || format!("ask {}", approvers.join(" or ")),
                    |near| format!("did you mean `{near}`?"),
                ));
            self.report.push(diagnostic);
        }
        // The intention of a status that could not be decoded is unknown.
        if document.status.is_invalid() {
            return;
        }
        let has_decision = !document.approved_by.is_absent();
        let contradiction = match status {
            ShareStatus::Approved if !has_decision && !dataset.auto_approval => {
                Some("is approved, but nobody is named who approved it")
            }
            ShareStatus::Draft | ShareStatus::Submitted if has_decision => {
                Some("names who approved it, but is not approved")
            }
            ShareStatus::Draft
            | ShareStatus::Submitted
            | ShareStatus::Approved
            | ShareStatus::Rejected
            | ShareStatus::Revoked => None,
        };
        if let Some(what) = contradiction {
            let message = format!("share `{}` {what}", header.id);
            let origin = if document.status.is_absent() {
                header.origin
            } else {
                at(file, &document.status)
            };
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(origin, "")
                .help("set `approved_by` together with `status: approved`");
            self.report.push(diagnostic);
        }
    }
}
