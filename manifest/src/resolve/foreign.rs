//! Imported resources must not have names that are reserved for the mesh.
//!
//! The author of a dataset or a consumption role chooses the names that it imports. A
//! resource that the mesh creates would give its author access that belongs to somebody else.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::AccountId;

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::{ConsumptionRole, Dataset, Environment, Tenant};
use crate::name::{Id, RoleArn};

/// The documents that can import resources.
pub(super) struct Imports<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) environments: &'a BTreeMap<Id, Environment>,
    pub(super) datasets: &'a BTreeMap<Id, Dataset>,
    pub(super) consumption_roles: &'a BTreeMap<Id, ConsumptionRole>,
}

impl Context {
    /// No imported resource may have a name that the mesh could create.
    pub(super) fn imports_are_foreign(&mut self, imports: &Imports<'_>) {
        let Imports { tenant, environments, datasets, consumption_roles } = imports;
        let prefixes: BTreeSet<&str> = environments
            .values()
            .map(|environment| environment.resource_prefix.as_str())
            .chain([tenant.resource_prefix.as_str()])
            .collect();
        let is_own = |name: &str| {
            let name = name.replace('_', "-");
            let rest =
                |prefix: &&str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
            prefixes.iter().any(rest)
        };
        for dataset in datasets.values() {
            let Some(import) = &dataset.import else { continue };
            let alias = import.kms_key_alias.as_ref().map(ToString::to_string);
            let database = import.glue_database.as_ref().map(ToString::to_string);
            let bucket = Some(import.bucket.to_string());
            for name in [bucket, alias, database].into_iter().flatten().filter(|name| is_own(name))
            {
                self.own(&name, dataset.header.origin);
            }
        }
        let pivot = tenant.pivot_role.name.as_deref();
        let is_own_role =
            |role: &RoleArn| is_own(role.role_name()) || Some(role.role_name()) == pivot;
        for role in consumption_roles.values().filter(|role| is_own_role(&role.role_arn)) {
            self.own(role.role_arn.as_str(), role.header.origin);
        }
        for team in environments.values().flat_map(|environment| &environment.teams) {
            if let Some(role) = team.iam_role_arn.as_ref().filter(|role| is_own_role(role)) {
                self.own(role.as_str(), team.origin);
            }
        }
    }

    /// A role's name is unique in its account, regardless of path and case. Source: "IAM and AWS STS quotas",
    /// name requirements, in the IAM user guide.
    pub(super) fn roles_have_one_path(
        &mut self,
        environments: &BTreeMap<Id, Environment>,
        consumption_roles: &BTreeMap<Id, ConsumptionRole>,
    ) {
        let teams = environments.values().flat_map(|environment| &environment.teams);
        let teams = teams.filter_map(|team| Some((team.iam_role_arn.as_ref()?, team.origin)));
        let consumers = consumption_roles.values().map(|role| (&role.role_arn, role.header.origin));
        let mut named: BTreeMap<(AccountId, String), (&RoleArn, Origin)> = BTreeMap::new();
        for (role, origin) in teams.chain(consumers) {
            let name = (role.account(), role.role_name().to_lowercase());
            let (first, there) = *named.entry(name).or_insert((role, origin));
            if first != role {
                let message = format!("`{role}` and `{first}` cannot both exist");
                let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                    .at(origin, "named here")
                    .and(there, "and by another path or case here")
                    .help("role names are unique in an account, whatever their path and case: write the role's own ARN in both");
                self.report.push(diagnostic);
            }
        }
    }

    fn own(&mut self, name: &str, origin: Origin) {
        let message = format!("`{name}` is imported, and a name that the mesh makes");
        let diagnostic = Diagnostic::new(Code::ImportedOwn, message).at(origin, "imported here").help(
            "share a dataset of the mesh with `kind: Share`; for something of your own take another name, or another `resource_prefix`",
        );
        self.report.push(diagnostic);
    }
}
