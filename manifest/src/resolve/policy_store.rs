//! `governance` of the tenant: the identity provider and the callers of the policy store.

use std::collections::BTreeMap;

use super::{Context, at, distinct};
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::document::{
    CognitoDocument, GovernanceDocument, IdentityProviderDocument, Kind, OpenIdDocument,
    TenantDocument, TokenKind,
};
use crate::field::Field;
use crate::mesh::{AccessPolicy, GovernanceSettings, IdentityProvider, PolicyState, Tenant};
use crate::name::{Claim, EntityPrefix, Id, RoleArn, TeamName};

/// The app clients of a user pool, and the client ids of an OIDC provider's ID tokens, that an identity source takes.
///
/// Source: `ClientIds` of `AWS::VerifiedPermissions::IdentitySource` in the pinned schema.
const CLIENTS: usize = 1_000;
/// The audiences of access tokens that an identity source takes. Source: `Audiences` there.
const AUDIENCES: usize = 255;

impl Context {
    /// The settings of the policy store. Without callers, the roles that the platform runs as ask for decisions.
    pub(super) fn policy_store(
        &mut self,
        document: &TenantDocument,
        platform: &[RoleArn],
        tenant: Origin,
    ) -> Option<GovernanceSettings> {
        let given = document.governance.value()?;
        let origin = at(tenant.file, &document.governance);
        let name = "governance.identity_provider";
        let provider = self.required(&given.identity_provider, name, Kind::Tenant, origin);
        if let Some(region) = document.home_region.value() {
            self.policy_store_types_exist(region.as_str(), origin);
        }
        self.callers_are_central(document, given, tenant);
        let callers = distinct(&given.callers);
        let is_empty = given.callers.value().is_some_and(Vec::is_empty);
        let message = "no role could ask the policy store";
        self.not_empty(is_empty, message, at(tenant.file, &given.callers));
        let provider = provider?;
        Some(GovernanceSettings {
            roles: self.role_groups(provider, tenant),
            provider: self.identity_provider(document, provider, tenant)?,
            callers: if given.callers.is_absent() { platform.to_vec() } else { callers },
            origin,
        })
    }

    fn identity_provider(
        &mut self,
        document: &TenantDocument,
        given: &IdentityProviderDocument,
        tenant: Origin,
    ) -> Option<IdentityProvider> {
        match (given.cognito.is_absent(), given.oidc.is_absent()) {
            (false, true) => self.cognito(document, given.cognito.value()?, tenant),
            (true, false) => self.open_id(document, given.oidc.value()?, tenant),
            (true, true) | (false, false) => {
                let section = document.governance.value()?;
                let message = "`identity_provider` takes exactly one of `cognito` and `oidc`";
                let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                    .at(at(tenant.file, &section.identity_provider), "")
                    .help("a policy store has one identity source; keep one of the two");
                self.report.push(diagnostic);
                None
            }
        }
    }

    fn cognito(
        &mut self,
        document: &TenantDocument,
        given: &CognitoDocument,
        tenant: Origin,
    ) -> Option<IdentityProvider> {
        let name = "governance.identity_provider.cognito.user_pool_arn";
        let user_pool = self.required(&given.user_pool_arn, name, Kind::Tenant, tenant);
        let name = "governance.identity_provider.cognito.client_ids";
        let clients = self.accepted(&given.client_ids, name, CLIENTS, tenant);
        if let (Some(pool), Some(central)) = (user_pool, document.central_account.value())
            && pool.account() != central.as_str()
        {
            let message = format!(
                "this user pool is in account {}, and the central account is {central}",
                pool.account()
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(tenant.file, &given.user_pool_arn), "")
                .and(at(tenant.file, &document.central_account), "the central account")
                .help(
                    "a policy store takes a user pool of its own account only; for another one, use `oidc` with the user \
                     pool's issuer",
                );
            self.report.push(diagnostic);
        }
        Some(IdentityProvider::Cognito { user_pool: user_pool?.clone(), client_ids: clients? })
    }

    fn open_id(
        &mut self,
        document: &TenantDocument,
        given: &OpenIdDocument,
        tenant: Origin,
    ) -> Option<IdentityProvider> {
        let name = "governance.identity_provider.oidc.issuer";
        let issuer = self.required(&given.issuer, name, Kind::Tenant, tenant);
        let token = given.token.value().copied().unwrap_or_default();
        let most = match token {
            TokenKind::Identity => CLIENTS,
            TokenKind::Access => AUDIENCES,
        };
        let name = "governance.identity_provider.oidc.audiences";
        let audiences = self.accepted(&given.audiences, name, most, tenant);
        let claim = |field: &Field<Claim>, default: &str| {
            field.value().cloned().or_else(|| Claim::parse(default).ok())
        };
        let own = document.id.value().and_then(|id| EntityPrefix::parse(id.as_str()).ok());
        Some(IdentityProvider::OpenId {
            issuer: issuer?.clone(),
            audiences: audiences?,
            token,
            group_claim: claim(&given.group_claim, "groups")?,
            user_claim: claim(&given.user_claim, "sub")?,
            prefix: given.entity_id_prefix.value().cloned().or(own)?,
        })
    }

    /// The clients whose tokens are accepted. Without one, the tokens of every client of the provider would be.
    fn accepted(
        &mut self,
        field: &Field<Vec<Field<Claim>>>,
        name: &str,
        most: usize,
        tenant: Origin,
    ) -> Option<Vec<Claim>> {
        let given = self.required(field, name, Kind::Tenant, tenant)?;
        let origin = at(tenant.file, field);
        self.not_empty(given.is_empty(), "the tokens of every client would be accepted", origin);
        let all: Vec<Claim> = distinct(field);
        if all.len() > most {
            let message = format!("{} are named, and an identity source takes {most}", all.len());
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(origin, "")
                .help("name fewer; AWS never raises this limit");
            self.report.push(diagnostic);
        }
        Some(all)
    }

    fn role_groups(
        &mut self,
        given: &IdentityProviderDocument,
        tenant: Origin,
    ) -> BTreeMap<String, TeamName> {
        let is_empty = given.roles.value().is_some_and(BTreeMap::is_empty);
        self.not_empty(is_empty, "no role is named", at(tenant.file, &given.roles));
        let entries = given.roles.value().into_iter().flatten();
        entries.filter_map(|(role, group)| Some((role.clone(), group.value()?.clone()))).collect()
    }

    /// A policy store has no resource policy that could allow a role of another account.
    fn callers_are_central(
        &mut self,
        document: &TenantDocument,
        given: &GovernanceDocument,
        tenant: Origin,
    ) {
        let callers = given.callers.value().into_iter().flatten();
        let help = "callers are roles of the central account, where the policy store is";
        self.are_central(document, callers, tenant, help);
    }

    /// Every role that an active access policy names has a group: a denial of a role that no token has would deny nobody.
    pub(super) fn roles_have_groups(
        &mut self,
        tenant: Option<&Tenant>,
        policies: &BTreeMap<Id, AccessPolicy>,
    ) {
        let Some(settings) = tenant.and_then(|tenant| tenant.governance.as_ref()) else { return };
        for policy in policies.values().filter(|policy| policy.state == PolicyState::Active) {
            let named = policy.actors.roles.iter().chain(&policy.actors.except.roles);
            for role in named.filter(|role| !settings.roles.contains_key(*role)) {
                let message = format!(
                    "access policy `{}` names the role `{role}`, and no group stands for it",
                    policy.header.id
                );
                let diagnostic = Diagnostic::new(Code::UnknownReference, message)
                    .at(policy.header.origin, "this policy")
                    .and(settings.origin, "the policy store")
                    .help("add the role with a group under `governance.identity_provider.roles` of the tenant");
                self.report.push(diagnostic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Report;
    use crate::mesh::{IdentityProvider, Mesh, TokenKind};
    use crate::testing::resolved;

    const OIDC: &str =
        "    oidc: { issuer: \"https://login.example.com/\", audiences: [portal] }\n";

    fn mesh(region: &str, callers: &str, provider: &str, more: &str) -> (Option<Mesh>, Report) {
        let text = format!(
            "kind: Tenant\nid: acme\ncentral_account: \"111111111111\"\nhome_region: {region}\n\
             pivot_role: {{ external_id: abc, trusted_roles: [\"arn:aws:iam::111111111111:role/platform\"] }}\n\
             governance:\n{callers}  identity_provider:\n{provider}---\nkind: Organization\nid: org\nteam: Owners\n{more}"
        );
        resolved(text)
    }

    /// The codes and the lines of the findings.
    fn found(
        region: &str,
        callers: &str,
        provider: &str,
        more: &str,
    ) -> Vec<(String, Option<u32>)> {
        let (_, report) = mesh(region, callers, provider, more);
        let line =
            |one: &crate::Diagnostic| one.primary.as_ref().map(|label| label.origin.span.line);
        report.iter().map(|one| (one.code.as_str().to_owned(), line(one))).collect()
    }

    /// `docs/mesh.md`: the defaults of each field.
    #[test]
    fn what_is_left_out_has_the_values_of_the_page() {
        let (with, report) = mesh("eu-west-1", "", OIDC, "");
        let settings = with.and_then(|mesh| mesh.tenant.governance).expect("a policy store");
        assert!(report.is_empty(), "{report:?}");
        let callers: Vec<String> = settings.callers.iter().map(ToString::to_string).collect();
        assert_eq!(callers, ["arn:aws:iam::111111111111:role/platform"]);
        assert_eq!(settings.provider.prefix(), "acme");
        let IdentityProvider::OpenId { token, group_claim, user_claim, issuer, .. } =
            settings.provider
        else {
            unreachable!("an OpenID Connect provider")
        };
        assert_eq!(
            (token, group_claim.as_str(), user_claim.as_str()),
            (TokenKind::Identity, "groups", "sub")
        );
        assert_eq!(issuer.as_str(), "https://login.example.com/");
        let pool = "    cognito: { user_pool_arn: \"arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_aB1\", client_ids: [portal] }\n";
        let (with, report) = mesh("eu-west-1", "", pool, "");
        assert!(report.is_empty(), "{report:?}");
        let settings = with.and_then(|mesh| mesh.tenant.governance).expect("a policy store");
        assert_eq!(settings.provider.prefix(), "eu-west-1_aB1");
    }

    #[test]
    fn what_a_policy_store_cannot_have_is_an_error_at_its_line() {
        let pool = "    cognito: { user_pool_arn: \"arn:aws:cognito-idp:eu-west-1:222222222222:userpool/eu-west-1_aB1\", client_ids: [portal] }\n";
        let caller = "  callers: [\"arn:aws:iam::222222222222:role/portal\"]\n";
        let open = "    oidc: { issuer: \"https://login.example.com\", audiences: [] }\n";
        let many = format!(
            "    oidc: {{ issuer: \"https://login.example.com\", token: access, audiences: [{}] }}\n",
            (0..256).map(|number| format!("a{number}")).collect::<Vec<_>>().join(", ")
        );
        let role = "---\nkind: AccessPolicy\nid: one\nactors: { roles: [Editor] }\nprivileges: [metadata.delete]\n";
        let one = |code: &str, line: u32| vec![(code.to_owned(), Some(line))];
        for (region, callers, provider, more, expected) in [
            ("eu-west-1", "", pool, "", one("invalid-value", 8)),
            ("eu-west-1", caller, OIDC, "", one("invalid-value", 7)),
            ("eu-west-1", "  callers: []\n", OIDC, "", one("invalid-value", 7)),
            ("eu-west-1", "", open, "", one("invalid-value", 8)),
            ("eu-west-1", "", many.as_str(), "", one("limit-exceeded", 8)),
            ("eu-west-1", "", "    roles: { Editor: editors }\n", "", one("field-conflict", 8)),
            ("eu-west-1", "", OIDC, role, one("unknown-reference", 14)),
            // The pinned schemas: CloudFormation has no alias of policy stores there.
            ("me-central-1", "", OIDC, "", one("not-in-region", 7)),
        ] {
            assert_eq!(
                found(region, callers, provider, more),
                expected,
                "{region} {callers}{provider}{more}"
            );
        }
        let with_group = format!("{OIDC}    roles: {{ Editor: editors }}\n");
        assert!(found("eu-west-1", "", &with_group, role).is_empty());
        let inactive = role.replace("actors:", "state: inactive\nactors:");
        assert!(found("eu-west-1", "", OIDC, &inactive).is_empty());
    }
}
