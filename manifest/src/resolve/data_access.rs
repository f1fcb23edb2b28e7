//! Access to data by access policies and by dataset-level access of domains.
//!
//! Policies that allow become grants, in the form of approved shares. A denial is not written as a statement: what it
//! takes is not granted. Where that would take more or less than what is denied, the denial is an error. So the
//! templates have the same form whatever the reason for an access is, and what is revoked leaves no trace in them.

#![expect(
    clippy::similar_names,
    reason = "rules decide about roles: both are the words of the subject"
)]

mod grants;
mod rule;
mod shares;
mod standing;
mod views;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use self::grants::grants;
use self::rule::{FORMS, MANAGING, Rule};
use self::shares::given;
use self::standing::{standing, usual};
use self::views::{NotLimited, Reach, Wrong, other_holder};
use self::wanted::{About, InPart, ONLY_COLUMNS, OfDomain, Wanted};
use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::document::{AccessPolicyDocument, Effect};
use crate::field::Field;
use crate::mesh::{
    DataAccess, DataGrant, Dataset, Environment, Given, GovernedBy, HybridAccess, Level, Link,
    Location, Mesh, Open, Share, ShareItem, ShareStatus,
};
use crate::name::TeamName;

/// The environments with a role of each team.
type Roles = BTreeMap<TeamName, Vec<Link<Environment>>>;

impl Context {
    /// What access policies and dataset-level access change in the access to data.
    pub(super) fn data_access<'m>(&mut self, mesh: &'m Mesh) -> DataAccess {
        let mut access = DataAccess::default();
        let rules = Rule::all(mesh);
        let limited = Rule::limited(mesh);
        let of_domains = mesh.domains.values().any(|one| !one.dataset_level_access.is_empty());
        if rules.is_empty() && limited.is_empty() && !of_domains {
            return access;
        }
        let roles = roles(mesh);
        self.lake_formation_datasets_are_governed(mesh);
        self.actors_have_roles(mesh, rules.iter().chain(&limited), &roles);
        access.open = open(mesh, &rules, &roles);
        self.shares_left(mesh, &rules, &mut access);
        for dataset in mesh.datasets.values() {
            let about_it = |all: &[Rule<'m>]| -> Vec<Rule<'m>> {
                all.iter().copied().filter(|rule| rule.may_select(dataset)).collect()
            };
            let (rules, limited) = (about_it(&rules), about_it(&limited));
            let link = Link::to(&dataset.header.id, dataset);
            for team in concerned(dataset, rules.iter().chain(&limited), &roles) {
                let about =
                    About { dataset, team, rules: &rules, of_domain: of_domain(dataset, team) };
                self.of_team(mesh, &about, &limited, &link, &roles, &mut access);
            }
        }
        for grant in access.grants.values() {
            self.can_be_given(grant);
        }
        access
    }

    /// What denials leave of shares.
    fn shares_left(&mut self, mesh: &Mesh, rules: &[Rule<'_>], access: &mut DataAccess) {
        for share in mesh.shares.values().filter(|one| one.status == ShareStatus::Approved) {
            let rules: Vec<Rule<'_>> =
                rules.iter().copied().filter(|rule| rule.may_select(&share.dataset)).collect();
            if !rules.iter().any(|rule| rule.is_denial()) {
                continue;
            }
            let about = About {
                dataset: &share.dataset,
                team: &share.team,
                rules: &rules,
                of_domain: None,
            };
            match given(&about, share) {
                Ok(None) => {}
                Ok(Some(left)) => {
                    self.limits_are_enforced(share, &left);
                    access.shares.insert(share.header.id.clone(), left);
                }
                Err(part) => self.in_part(&about, &part, share.header.origin),
            }
        }
    }

    /// The standing access and the grants of a team on a dataset.
    fn of_team<'m>(
        &mut self,
        mesh: &Mesh,
        about: &About<'_, 'm>,
        limited: &[Rule<'m>],
        link: &Link<Dataset>,
        roles: &Roles,
        access: &mut DataAccess,
    ) {
        let About { dataset, team, .. } = *about;
        let limited = |mut wanted: Wanted| about.limit(limited, &mut wanted).map(|()| wanted);
        let wanted = match about.wanted().map_err(Wrong::InPart).and_then(limited) {
            Ok(wanted) => wanted,
            Err(Wrong::InPart(part)) => return self.in_part(about, &part, dataset.header.origin),
            Err(Wrong::NotLimited(wrong)) => return self.not_limited(about, &wrong),
        };
        let is_owner = dataset.team == *team;
        let has_standing = is_owner || dataset.stewards.contains(team);
        for environment in roles.get(team).into_iter().flatten() {
            let is_at_home = environment.id() == dataset.environment.id();
            let mut own = None;
            if has_standing && is_at_home {
                match standing(about, is_owner, &wanted) {
                    Ok(one) => own = Some(one),
                    Err(part) => return self.in_part(about, &part, dataset.header.origin),
                }
            }
            let reach = Reach {
                standing: own.as_ref(),
                other_holder: other_holder(mesh, environment, team),
                is_in_region: environment.region == dataset.environment.region,
                shares: shares_of(mesh, dataset, team, access),
            };
            if let Err(wrong) = about.limits_hold(&wanted, &reach) {
                return self.not_limited(about, &wrong);
            }
            for grant in grants(link, environment, team, &wanted, own.as_ref()) {
                access.grants.insert(grant.share.header.id.clone(), grant);
            }
            let usual = usual(is_owner);
            if let Some(own) = own.filter(|own| (own.objects, own.tables) != (usual, usual)) {
                let of_dataset = access.standings.entry(dataset.header.id.clone()).or_default();
                of_dataset.insert(team.clone(), own);
            }
        }
    }

    /// Reports a denial that infrastructure cannot express.
    fn in_part(&mut self, about: &About<'_, '_>, part: &InPart, access: Origin) {
        let About { dataset, team, .. } = about;
        let is_denial = part.why != ONLY_COLUMNS;
        let (code, does) = if is_denial {
            (Code::DenialInPart, "would be denied")
        } else {
            (Code::DataPolicyPrivilege, "would be given to write")
        };
        let message = format!(
            "team `{team}` {does} {} of dataset `{}`, which AWS cannot express",
            part.what, dataset.header.id
        );
        let first = part.by.first().copied().unwrap_or(access);
        let mut diagnostic = Diagnostic::new(code, message).at(first, "by this policy");
        for other in part.by.iter().skip(1) {
            diagnostic = diagnostic.and(*other, "and by this one");
        }
        if is_denial && !part.by.contains(&access) {
            diagnostic = diagnostic.and(access, "the team has more of it");
        }
        self.report.push(diagnostic.help(part.why));
    }

    /// Reports a mask that the team would get around.
    fn not_limited(&mut self, about: &About<'_, '_>, wrong: &NotLimited) {
        let About { dataset, team, .. } = about;
        let message = format!(
            "the mask on table `{}` of dataset `{}` would not hold for team `{team}`: {}",
            wrong.table, dataset.header.id, wrong.why
        );
        let mut diagnostic = Diagnostic::new(Code::MaskNotEnforced, message)
            .at(wrong.by, "this policy masks it")
            .help(wrong.help);
        if let Some((origin, label)) = wrong.other {
            diagnostic = diagnostic.and(origin, label);
        }
        self.report.push(diagnostic);
    }

    /// Teams that are given something have a role.
    fn actors_have_roles<'r, 'm: 'r>(
        &mut self,
        mesh: &Mesh,
        rules: impl Iterator<Item = &'r Rule<'m>>,
        roles: &Roles,
    ) {
        let mut without = BTreeMap::new();
        for rule in rules.filter(|rule| !rule.is_denial()) {
            let named = rule.policy.actors.teams.iter();
            for team in named.filter(|team| !roles.contains_key(*team)) {
                without.entry((team, rule.origin())).or_insert("the policy gives it data");
            }
        }
        for domain in mesh.domains.values() {
            let named = domain.dataset_level_access.iter();
            for team in named.filter(|team| !roles.contains_key(*team)) {
                let origin = domain.dataset_level_access_at;
                without.entry((team, origin)).or_insert("the domain gives it data");
            }
        }
        for ((team, origin), why) in without {
            let message = format!(
                "team `{team}` is a team of no environment, so it has no role that could reach data"
            );
            let diagnostic = Diagnostic::new(Code::DataPolicyActor, message)
                .at(origin, why)
                .help("invite it under the `teams` of an environment, or leave it out here");
            self.report.push(diagnostic);
        }
    }

    /// A domain lists datasets that are its own, and that others govern in Lake Formation.
    fn lake_formation_datasets_are_governed(&mut self, mesh: &Mesh) {
        for domain in mesh.domains.values() {
            for id in &domain.lake_formation_datasets {
                let Some(dataset) = mesh.datasets.get(id) else { continue };
                let is_own =
                    dataset.domain.as_ref().is_some_and(|one| *one.id() == domain.header.id);
                let governed = dataset.import.as_ref().and_then(|import| import.governed_by);
                if is_own && governed == Some(GovernedBy::LakeFormation) {
                    continue;
                }
                let message = format!(
                    "dataset `{id}` is not a dataset of domain `{}` with `governed_by: lake_formation`",
                    domain.header.id
                );
                let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                    .at(domain.header.origin, "`lake_formation_datasets` lists it")
                    .and(dataset.header.origin, "the dataset")
                    .help("remove it from the list: dataset-level access covers other datasets of the domain by itself");
                self.report.push(diagnostic);
            }
        }
    }

    /// The limits that shares have as well: catalogs of others, AWS's own keys, filters in hybrid access mode, and the
    /// feature that links of tables need.
    fn can_be_given(&mut self, grant: &DataGrant) {
        let DataGrant { share, all_tables, views, .. } = grant;
        let dataset = &*share.dataset;
        let has_tables = *all_tables
            || !views.is_empty()
            || share.items.iter().any(|item| matches!(item, ShareItem::Table(_)));
        let has_objects = share.items.iter().any(|item| !matches!(item, ShareItem::Table(_)));
        let is_across = share.environment.account != dataset.environment.account;
        let import = dataset.import.as_ref();
        let who = format!("team `{}` in environment `{}`", share.team, share.environment);
        let mut found = Vec::new();
        if has_tables && !share.environment.features.datasets {
            found.push((
                Code::FeatureOff,
                format!("{who} would be given tables, but the feature `datasets` is off there"),
                "set `features: { datasets: true }` in the environment, or give the team no tables"
                    .to_owned(),
            ));
        }
        let catalog = import.and_then(|import| import.catalog_account.as_ref());
        if let Some(catalog) = catalog.filter(|_| has_tables && is_across) {
            found.push((
                Code::ForeignCatalogShare,
                format!("{who} would be given a table of account {catalog}'s catalog"),
                format!("only account {catalog} can give its tables to other accounts: leave the tables of dataset `{}` out", dataset.header.id),
            ));
        }
        let alias = import.and_then(|import| import.kms_key_alias.as_ref());
        if let Some(alias) = alias.filter(|alias| has_objects && is_across && alias.is_of_aws()) {
            found.push((
                Code::AwsManagedKey,
                format!("{who} is in another account, which cannot use AWS's own key `alias/{alias}`"),
                format!("encrypt the bucket of dataset `{}` with a key of your own, or leave its objects out", dataset.header.id),
            ));
        }
        let has_parts = share.items.iter().any(|item| {
            matches!(item, ShareItem::Table(table) if !table.columns.is_empty() || table.rows.is_some())
        });
        if has_parts && !enforces_filters(dataset) {
            found.push((
                Code::FilterNotEnforced,
                format!("{who} would be limited to parts of tables of dataset `{}`, which nothing enforces there", dataset.header.id),
                "set `hybrid_access: opt_in` or `closed` in the dataset's `import`, if that is so".to_owned(),
            ));
        }
        for (code, message, help) in found {
            let diagnostic = Diagnostic::new(code, message)
                .at(share.header.origin, "this gives it")
                .and(dataset.header.origin, "the dataset")
                .help(help);
            self.report.push(diagnostic);
        }
    }

    /// A share that a denial limits to columns is limited where Lake Formation enforces it.
    fn limits_are_enforced(&mut self, share: &Share, left: &Given) {
        let mut limited = left.items.iter().filter(|item| !share.items.contains(item));
        let is_limited = limited
            .any(|item| matches!(item, ShareItem::Table(table) if !table.columns.is_empty()));
        if !is_limited || enforces_filters(&share.dataset) {
            return;
        }
        let message = format!(
            "share `{}` would be limited to columns of dataset `{}`, which nothing enforces there",
            share.header.id, share.dataset
        );
        let mut diagnostic = Diagnostic::new(Code::FilterNotEnforced, message)
            .at(share.header.origin, "this share")
            .help("deny the table with all of its columns, or set `hybrid_access: opt_in` or `closed` in the dataset's `import`, if that is so");
        for origin in &left.origins {
            diagnostic = diagnostic.and(*origin, "denied by this policy");
        }
        self.report.push(diagnostic);
    }

    /// An active policy about data names what infrastructure knows.
    pub(super) fn data_policy_is_known(
        &mut self,
        document: &AccessPolicyDocument,
        privileges: &[String],
        origin: Origin,
    ) {
        let data = |name: &&String| name.starts_with("data.");
        if !privileges.iter().any(|name| data(&name)) {
            return;
        }
        self.actors_are_teams(document, origin);
        let effect = document.effect.value().copied().unwrap_or_default();
        if let Some((message, help)) = unknown_privileges(effect, privileges) {
            let diagnostic = Diagnostic::new(Code::DataPolicyPrivilege, message)
                .at(at(origin.file, &document.privileges), "")
                .help(help);
            self.report.push(diagnostic);
        }
    }

    fn actors_are_teams(&mut self, document: &AccessPolicyDocument, origin: Origin) {
        let Some(actors) = document.actors.value() else { return };
        let except = actors.except.value();
        let lists = [
            (Some(&actors.users), "users"),
            (Some(&actors.roles), "roles"),
            (except.map(|one| &one.users), "except.users"),
            (except.map(|one| &one.roles), "except.roles"),
        ];
        for (field, name) in lists {
            let Some(field) = field.filter(|field| !Field::is_absent(field)) else { continue };
            let message = format!(
                "`actors.{name}` has no meaning for data: AWS sees the roles of teams, and not who acts through them"
            );
            let diagnostic = Diagnostic::new(Code::DataPolicyActor, message)
                .at(at(origin.file, field), "")
                .help("name teams, or `owners`, `stewards`, `connection_admins` or `all_users`; make a team of these people in the identity provider");
            self.report.push(diagnostic);
        }
    }
}

/// The privileges that infrastructure cannot express by themselves.
fn unknown_privileges(effect: Effect, names: &[String]) -> Option<(String, &'static str)> {
    let has = |name: &str| names.iter().any(|one| one == name);
    let managing: Vec<&str> = MANAGING.into_iter().filter(|name| has(name)).collect();
    match effect {
        Effect::Allow if !managing.is_empty() => Some((
            format!(
                "`{}` cannot be given: only the owner of a dataset creates, changes and drops tables",
                managing[0]
            ),
            "remove it, or make the team the dataset's `team`",
        )),
        Effect::Deny if !managing.is_empty() && managing.len() < MANAGING.len() => Some((
            format!("`{}` cannot be denied by itself", managing[0]),
            "deny `data.manage_namespaces`, `data.manage_tables` and `data.manage_views` together",
        )),
        Effect::Allow => {
            let data = names.iter().map(String::as_str).filter(|name| name.starts_with("data."));
            let all: Vec<&str> = data.collect();
            let is_form = |name: &str| {
                FORMS.contains(&name) && !["data.query", "data.read_only"].contains(&name)
            };
            all.iter().all(|name| is_form(name)).then(|| {
                (
                    format!("`{}` alone cannot be given: AWS has no previews or lists that show less than reading does", all[0]),
                    "give `data.read` or `data.query`, which include it, or set `state: inactive`",
                )
            })
        }
        Effect::Deny => None,
    }
}

/// Whether Lake Formation enforces limits to columns of a dataset's tables.
fn enforces_filters(dataset: &Dataset) -> bool {
    dataset.import.as_ref().is_none_or(|import| {
        import.location != Location::Nowhere && import.hybrid_access != HybridAccess::Open
    })
}

/// The environments with a role of each team.
fn roles(mesh: &Mesh) -> Roles {
    let mut roles = Roles::new();
    for environment in mesh.environments.values() {
        for member in &environment.teams {
            let link = Link::to(&environment.header.id, environment);
            roles.entry(member.team.clone()).or_default().push(link);
        }
    }
    roles
}

/// The teams to which rules about a dataset may give or deny something.
fn concerned<'a, 'r, 'm: 'r>(
    dataset: &'a Dataset,
    rules: impl Iterator<Item = &'r Rule<'m>>,
    roles: &'a Roles,
) -> BTreeSet<&'a TeamName> {
    let mut teams: BTreeSet<&TeamName> = BTreeSet::new();
    let mut is_selected = false;
    for rule in rules {
        is_selected = true;
        if !rule.is_denial() {
            teams.extend(roles.keys().filter(|team| rule.is_about(dataset, team)));
        }
    }
    if is_selected {
        teams.extend(std::iter::once(&dataset.team).chain(&dataset.stewards));
    }
    if let Some(domain) = &dataset.domain {
        let named = &domain.dataset_level_access;
        teams.extend(roles.keys().filter(|team| named.contains(team)));
    }
    teams
}

/// The approved shares of a dataset with a team and its consumption roles, with what denials leave of their items.
fn shares_of<'a>(
    mesh: &'a Mesh,
    dataset: &Dataset,
    team: &TeamName,
    access: &'a DataAccess,
) -> Vec<(&'a Share, &'a [ShareItem])> {
    let all = mesh.shares.values().filter(|share| {
        share.status == ShareStatus::Approved
            && *share.dataset.id() == dataset.header.id
            && share.team == *team
    });
    let left = |share: &'a Share| {
        let given = access.shares.get(&share.header.id);
        (share, given.map_or(share.items.as_slice(), |given| &given.items))
    };
    all.map(|share| left(share)).collect()
}

/// Dataset-level access: its type is that of the access to the domain. Whoever lost the access to the domain has lost
/// this as well.
fn of_domain(dataset: &Dataset, team: &TeamName) -> Option<OfDomain> {
    let domain = dataset.domain.as_ref()?;
    let is_covered = match dataset.import.as_ref().and_then(|import| import.governed_by) {
        None => true,
        Some(GovernedBy::LakeFormation) => {
            domain.lake_formation_datasets.contains(&dataset.header.id)
        }
        Some(GovernedBy::LfTags) => false,
    };
    if !is_covered || !domain.dataset_level_access.contains(team) {
        return None;
    }
    let origin = domain.dataset_level_access_at;
    if domain.owners.contains(team) {
        Some(OfDomain { level: Level::Write, origin })
    } else {
        domain.readers.contains(team).then_some(OfDomain { level: Level::Read, origin })
    }
}

/// The teams with access to an open set of datasets, whichever datasets there are.
fn open(mesh: &Mesh, rules: &[Rule<'_>], roles: &Roles) -> BTreeMap<TeamName, Open> {
    let mut open: BTreeMap<TeamName, Open> = BTreeMap::new();
    let mut add = |team: &TeamName, level: Level, origin: Origin| {
        let entry = open.entry(team.clone());
        let one = entry.or_insert(Open { level: Level::None, origins: BTreeSet::new() });
        one.level = one.level.max(level);
        one.origins.insert(origin);
    };
    let kinds = ["dataset", "table", "column"];
    for rule in rules.iter().filter(|rule| !rule.is_denial() && rule.is_open()) {
        let types = &rule.policy.resources.types;
        let is_about = types.is_empty() || types.iter().any(|one| kinds.contains(&one.as_str()));
        let level = rule.gives(rule::Part::EveryTable);
        if is_about && level > Level::None {
            for team in roles.keys().filter(|team| rule.names(team)) {
                add(team, level, rule.origin());
            }
        }
    }
    for domain in mesh.domains.values() {
        for team in domain.dataset_level_access.iter().filter(|team| roles.contains_key(*team)) {
            let level = if domain.owners.contains(team) { Level::Write } else { Level::Read };
            add(team, level, domain.dataset_level_access_at);
        }
    }
    open
}
