//! `access` of the tenant: the one way in which people assume roles, and the people of each team.

use std::collections::BTreeMap;

use lakewright_template::partition::Partition;

use super::{Context, at, distinct};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{
    AccessDocument, BrokerDocument, IdentityCenterDocument, Kind, OidcDocument, SamlDocument,
    TeamAccessDocument, TenantDocument,
};
use crate::field::Field;
use crate::mesh::{Access, SamlTeam};
use crate::name::{Claim, TeamName};

/// The fields that a way uses in a team's entry.
#[derive(Debug, Clone, Copy)]
struct Takes {
    way: &'static str,
    permission_set: bool,
    members: bool,
    groups: bool,
}

/// A team's entry, with its position.
type Entry<'d> = (TeamName, &'d TeamAccessDocument, Origin);

impl Context {
    pub(super) fn access(&mut self, document: &TenantDocument, tenant: Origin) -> Option<Access> {
        let file = tenant.file;
        let given = document.access.value()?;
        self.required(&given.teams, "access.teams", Kind::Tenant, at(file, &document.access));
        let ways = [
            ("identity_center", !given.identity_center.is_absent()),
            ("saml", !given.saml.is_absent()),
            ("oidc", !given.oidc.is_absent()),
            ("broker", !given.broker.is_absent()),
        ];
        let named: Vec<&str> =
            ways.into_iter().filter(|(_, is_there)| *is_there).map(|(way, _)| way).collect();
        if named.len() != 1 {
            let got = if named.is_empty() { "none".to_owned() } else { named.join(" and ") };
            let message = format!("`access` takes exactly one of the ways for people, got {got}");
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(file, &document.access), "")
                .help("keep one of `identity_center`, `saml`, `oidc` and `broker`");
            self.report.push(diagnostic);
            return None;
        }
        if let Some(identity_center) = given.identity_center.value() {
            return self.by_permission_sets(identity_center, given, tenant);
        }
        if let Some(saml) = given.saml.value() {
            return self.by_saml(saml, document, tenant);
        }
        if let Some(oidc) = given.oidc.value() {
            return self.by_oidc(oidc, given, tenant);
        }
        self.by_broker(given.broker.value()?, document, tenant)
    }

    fn by_permission_sets(
        &mut self,
        identity_center: &IdentityCenterDocument,
        given: &AccessDocument,
        tenant: Origin,
    ) -> Option<Access> {
        let name = "access.identity_center.region";
        let region = self.required(&identity_center.region, name, Kind::Tenant, tenant);
        let way = "identity_center";
        let takes = Takes { way, permission_set: true, members: false, groups: false };
        let mut teams = BTreeMap::new();
        for (team, entry, origin) in self.entries(given, takes, tenant.file) {
            if let Some(set) = self.entry(&entry.permission_set, "permission_set", origin) {
                teams.insert(team, set.clone());
            }
        }
        Some(Access::IdentityCenter { region: region?.into(), teams })
    }

    fn by_saml(
        &mut self,
        saml: &SamlDocument,
        document: &TenantDocument,
        tenant: Origin,
    ) -> Option<Access> {
        let given = document.access.value()?;
        let provider = self.required(&saml.provider, "access.saml.provider", Kind::Tenant, tenant);
        let takes = Takes { way: "saml", permission_set: false, members: true, groups: true };
        let mut teams = BTreeMap::new();
        for (team, entry, origin) in self.entries(given, takes, tenant.file) {
            let of_team =
                SamlTeam { members: distinct(&entry.members), groups: distinct(&entry.groups) };
            if entry.members.is_absent() && entry.groups.is_absent() {
                self.open_to_all(&team, "`members:` or `groups:`", origin);
            }
            teams.insert(team, of_team);
        }
        let partition = Partition::of_region(document.home_region.value()?.as_str());
        let Some(endpoint) = partition.saml_endpoint() else {
            let message = format!(
                "where people sign in with SAML is not known of the partition `{}`",
                partition.name
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(tenant.file, &given.saml), "")
                .and(at(tenant.file, &document.home_region), "the home region")
                .help("take another of the ways for people");
            self.report.push(diagnostic);
            return None;
        };
        Some(Access::Saml { provider: provider?.clone(), endpoint, teams })
    }

    fn by_oidc(
        &mut self,
        oidc: &OidcDocument,
        given: &AccessDocument,
        tenant: Origin,
    ) -> Option<Access> {
        let provider = self.required(&oidc.provider, "access.oidc.provider", Kind::Tenant, tenant);
        let audience = self.required(&oidc.audience, "access.oidc.audience", Kind::Tenant, tenant);
        let takes = Takes { way: "oidc", permission_set: false, members: true, groups: false };
        let mut teams = BTreeMap::new();
        for (team, entry, origin) in self.entries(given, takes, tenant.file) {
            if entry.members.is_absent() {
                self.open_to_all(&team, "`members:`", origin);
            }
            teams.insert(team, distinct(&entry.members));
        }
        Some(Access::Oidc { provider: provider?.clone(), audience: audience?.clone(), teams })
    }

    fn by_broker(
        &mut self,
        broker: &BrokerDocument,
        document: &TenantDocument,
        tenant: Origin,
    ) -> Option<Access> {
        let given = document.access.value()?;
        let role = self.required(&broker.role_arn, "access.broker.role_arn", Kind::Tenant, tenant);
        let takes = Takes { way: "broker", permission_set: false, members: true, groups: false };
        let mut teams = BTreeMap::new();
        for (team, entry, _) in self.entries(given, takes, tenant.file) {
            self.are_source_identities(&entry.members, tenant.file);
            teams.insert(team, distinct(&entry.members));
        }
        let (role, central) = (role?, document.central_account.value()?);
        if role.account() != central.as_str() {
            let message = format!(
                "this role is in account {}, and the central account is {central}",
                role.account()
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(tenant.file, &broker.role_arn), "")
                .and(at(tenant.file, &document.central_account), "the central account")
                .help("a broker is a role of the central account: it can be every team that is listed");
            self.report.push(diagnostic);
        }
        Some(Access::Broker { role: role.clone(), teams })
    }

    /// The entries of teams. Reports fields that the way does not use, and empty lists.
    fn entries<'d>(
        &mut self,
        given: &'d AccessDocument,
        takes: Takes,
        file: FileId,
    ) -> Vec<Entry<'d>> {
        let mut entries = Vec::new();
        for (name, field) in given.teams.value().into_iter().flatten() {
            let Some(entry) = field.value() else { continue };
            let origin = at(file, field);
            match TeamName::parse(name) {
                Ok(team) => entries.push((team, entry, origin)),
                Err(wrong) => {
                    let message = wrong.to_string();
                    self.report.push(Diagnostic::new(Code::InvalidValue, message).at(origin, ""));
                }
            }
            let TeamAccessDocument { permission_set, members, groups } = entry;
            let fields = [
                (
                    "permission_set",
                    permission_set.is_absent(),
                    takes.permission_set,
                    at(file, permission_set),
                ),
                ("members", members.is_absent(), takes.members, at(file, members)),
                ("groups", groups.is_absent(), takes.groups, at(file, groups)),
            ];
            for (field, is_absent, is_taken, origin) in fields {
                if !is_absent && !is_taken {
                    let message = format!("`{}` takes no `{field}` of a team", takes.way);
                    let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                        .at(origin, "")
                        .help(format!("remove it, or name another way than `{}`", takes.way));
                    self.report.push(diagnostic);
                }
            }
            for list in [members, groups] {
                let is_empty = list.value().is_some_and(Vec::is_empty);
                self.not_empty(
                    is_empty,
                    "nobody could assume the role of the team",
                    at(file, list),
                );
            }
        }
        entries
    }

    /// Without a condition, everybody whom the provider authenticates could assume the team's role.
    fn open_to_all(&mut self, team: &TeamName, missing: &str, origin: Origin) {
        let message = format!(
            "everybody whom the identity provider authenticates could assume the role of team `{team}`"
        );
        let diagnostic = Diagnostic::new(Code::MissingField, message)
            .at(origin, "this entry")
            .help(format!("add {missing} to it"));
        self.report.push(diagnostic);
    }

    /// Checks the form of source identities. Source: `SourceIdentity` of `AssumeRole` in the AWS STS API reference.
    fn are_source_identities(&mut self, members: &Field<Vec<Field<Claim>>>, file: FileId) {
        for field in members.value().into_iter().flatten() {
            let Some(member) = field.value().map(Claim::as_str) else { continue };
            let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
            let is_identity = (2..=64).contains(&member.len()) && member.bytes().all(is_part);
            if !is_identity {
                let message = "a source identity has 2 to 64 letters, digits and `_+=,.@-`";
                let diagnostic =
                    Diagnostic::new(Code::InvalidValue, message).at(at(file, field), "");
                self.report.push(diagnostic);
            }
        }
    }
}
