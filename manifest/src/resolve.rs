//! Resolves documents to a validated mesh, and reports every error in one run.

mod about;
mod addresses;
mod alarms;
mod around;
mod change;
mod column_type;
mod data_access;
mod dataset;
mod denial;
mod environment;
mod expired;
mod filled;
mod foreign;
mod governance;
mod item_state;
mod link;
mod locations;
mod masking;
mod metadata_form;
mod partition;
mod people;
mod permission_feature;
mod placeholder;
mod places;
mod policy_store;
mod protected;
mod rows;
mod share;
mod tags;
mod tenant;
mod told;
mod work;
mod worksheet;

use std::collections::{BTreeMap, BTreeSet};

pub use change::check_change;
pub(crate) use column_type::other_names as other_names_of_types;
pub use expired::expired_shares;
pub use placeholder::{ACCOUNT, CENTRAL_ACCOUNT, EXTERNAL_ID, placeholders};
pub(crate) use tags::RESERVED;

use self::foreign::Imports;
use self::link::Unlinked;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{Document, Header as DocumentHeader, Kind, every_kind};
use crate::field::Field;
use crate::mesh::{
    ConsumptionRole, Dataset, Domain, Environment, EnvironmentPermission, Features, Header, Mesh,
    Organization, Tenant, TenantPermission,
};
use crate::name::{Id, TeamName};
use crate::parse::{Documents, Located, Lost};
use crate::{Code, Report};

/// Resolves the documents of a mesh. Returns a mesh only if the report has no errors.
pub fn resolve(documents: &Documents, parse_report: Report) -> (Option<Mesh>, Report) {
    let mut context =
        Context { report: parse_report, ids: BTreeMap::new(), teams: None, lost: Lost::default() };
    let mesh = context.mesh(documents);
    let report = context.report.sorted();
    let mesh = if report.has_errors() { None } else { mesh };
    (mesh, report)
}

struct Context {
    report: Report,
    /// The position of each id, by kind, including documents that have other errors.
    ids: BTreeMap<Kind, BTreeMap<Id, Origin>>,
    /// The teams that documents name; `None` if a document could not be decoded.
    teams: Option<BTreeSet<String>>,
    /// What could not be decoded.
    lost: Lost,
}

impl Context {
    fn mesh(&mut self, documents: &Documents) -> Option<Mesh> {
        // If a document could not be decoded, further errors could be only a consequence of its missing content.
        let has_parse_errors = self.report.has_errors();
        self.look_around(documents, has_parse_errors);
        let tenant = self.known_tenant(documents, has_parse_errors);
        let organizations =
            self.each(&documents.organizations, Kind::Organization, Self::organization);
        if !has_parse_errors {
            self.denied_teams_are_known(documents);
        }
        self.organizations_are_allowed(&organizations, tenant.as_ref());
        let scope = Scope { tenant: tenant.as_ref(), organizations: &organizations };
        let environments =
            self.each(&documents.environments, Kind::Environment, |context, document, header| {
                context.environment(document, header, &scope)
            });
        self.places_are_unique(&environments);
        self.prefixes_differ(tenant.as_ref(), &environments);
        let place = Place { scope: &scope, environments: &environments };
        let networks =
            self.each(&documents.networks, Kind::Network, |context, document, header| {
                context.network(document, header, &place)
            });
        let consumption_roles = self.each(
            &documents.consumption_roles,
            Kind::ConsumptionRole,
            |context, document, header| context.consumption_role(document, header, &place),
        );
        let domains = self.each(&documents.domains, Kind::Domain, Self::domain);
        self.owners_may_have_domains(&domains, tenant.as_ref());
        let datasets =
            self.each(&documents.datasets, Kind::Dataset, |context, document, header| {
                context.dataset(document, header, &place)
            });
        self.places_are_apart(&datasets);
        self.locations_are_registered_once(&datasets, &environments);
        let shares = self.each(&documents.shares, Kind::Share, |context, document, header| {
            context.share(document, header, &place, &datasets, &consumption_roles)
        });
        let worksheets =
            self.each(&documents.worksheets, Kind::Worksheet, |context, document, header| {
                context.worksheet(document, header, &place, (&datasets, &shares))
            });
        let notebooks =
            self.each(&documents.notebooks, Kind::Notebook, |context, document, header| {
                context.notebook(document, header, &place, &networks)
            });
        let studio_profiles = self.each(
            &documents.studio_profiles,
            Kind::StudioProfile,
            |context, document, header| context.studio_profile(document, header, &place),
        );
        let pipelines =
            self.each(&documents.pipelines, Kind::Pipeline, |context, document, header| {
                context.pipeline(document, header, &place)
            });
        self.stage_stacks_differ(&pipelines);
        let dashboards =
            self.each(&documents.dashboards, Kind::Dashboard, |context, document, header| {
                context.dashboard(document, header, &place)
            });
        let access_policies = self.each(
            &documents.access_policies,
            Kind::AccessPolicy,
            |context, document, header| context.access_policy(document, header, &datasets),
        );
        self.roles_have_groups(tenant.as_ref(), &access_policies);
        let metadata_forms =
            self.each(&documents.metadata_forms, Kind::MetadataForm, Self::metadata_form);
        let filled_forms = self.forms_are_filled(documents, &metadata_forms);
        self.others_stay_apart(tenant.as_ref(), &environments, &datasets, &consumption_roles);
        let mut mesh = Unlinked {
            tenant: tenant?,
            organizations,
            environments,
            networks,
            consumption_roles,
            domains,
            datasets,
            shares,
            worksheets,
            notebooks,
            studio_profiles,
            pipelines,
            dashboards,
            access_policies,
            metadata_forms,
            filled_forms,
        }
        .link()?;
        self.add_data_access(&mut mesh);
        Some(mesh)
    }

    /// Imported resources and roles are not taken for the mesh's own.
    fn others_stay_apart(
        &mut self,
        tenant: Option<&Tenant>,
        environments: &BTreeMap<Id, Environment>,
        datasets: &BTreeMap<Id, Dataset>,
        consumption_roles: &BTreeMap<Id, ConsumptionRole>,
    ) {
        if let Some(tenant) = tenant {
            self.imports_are_foreign(&Imports {
                tenant,
                environments,
                datasets,
                consumption_roles,
            });
        }
        self.roles_have_one_path(environments, consumption_roles);
    }

    /// Where a part of the tenant could not be decoded, its permissions may be incomplete.
    fn forget_lost_permissions(&self, tenant: &mut Tenant) {
        if self.lost.is_in_part(tenant.header.origin) {
            tenant.permissions.clear();
        }
    }

    fn owners_may_have_domains(&mut self, domains: &BTreeMap<Id, Domain>, tenant: Option<&Tenant>) {
        for Domain { header, owners, .. } in domains.values() {
            for owner in owners {
                self.terms_are_allowed(header, owner, tenant);
            }
        }
    }

    /// Resolves each document of a kind. Documents with errors are not in the map.
    fn each<D: Document, T>(
        &mut self,
        documents: &[Located<D>],
        kind: Kind,
        mut resolve: impl FnMut(&mut Self, &Located<D>, Header) -> Option<T>,
    ) -> BTreeMap<Id, T> {
        let mut resolved = BTreeMap::new();
        for document in documents {
            // A document without a valid id is still checked, under an id that nothing refers to.
            let id = document.document.header().id.value().cloned();
            let header = self.header(document, kind);
            let before = self.report.iter().len();
            let item = resolve(self, document, header);
            let is_unclear = self.report.iter().skip(before).any(|one| leaves_unclear(one.code));
            // If a part of a document could not be decoded, checks of other documents cannot rely on it.
            let is_known = !is_unclear && !self.lost.is_in_part(document.origin);
            if let (Some(item), Some(id), true) = (item, id, is_known) {
                resolved.insert(id, item);
            }
        }
        resolved
    }

    fn declare(&mut self, documents: &Documents) {
        self.lost = documents.lost.clone();
        macro_rules! declare_all {
            ($($count:ident {
                $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
            })*) => {
                $($(self.declare_ids(Kind::$kind, &documents.$list);)*)*
            };
        }
        every_kind!(declare_all);
    }

    fn declare_ids<D: Document>(&mut self, kind: Kind, documents: &[Located<D>]) {
        for Located { document, origin } in documents {
            let id = document.header().id;
            let Some(value) = id.value() else {
                self.lost.of_kind(kind);
                continue;
            };
            let here = at(origin.file, id);
            let ids = self.ids.entry(kind).or_default();
            if let Some(first) = ids.get(value) {
                let message = format!("two {}s have the id `{value}`", kind.noun());
                let diagnostic = Diagnostic::new(Code::DuplicateId, message)
                    .at(here, "the second one")
                    .and(*first, "the first one")
                    .help("give one of them another id");
                self.report.push(diagnostic);
                // References to the id that this document should have are not reported.
                self.lost.of_kind(kind);
                self.lost.of_part(*origin);
            } else {
                ids.insert(value.clone(), here);
            }
        }
    }

    fn header<D: Document>(&mut self, located: &Located<D>, kind: Kind) -> Header {
        let DocumentHeader { id, label, description, tags, topics, keywords, glossary, forms: _ } =
            located.document.header();
        let file = located.origin.file;
        let label_text = self.text(file, label, "label");
        self.says_something(file, label, "label");
        let description = self.text(file, description, "description").unwrap_or_default();
        let tags = self.tags(file, tags);
        let topics = self.texts(file, topics, "topic");
        let keywords = self.texts(file, keywords, "keyword");
        let glossary = self.texts(file, glossary, "term");
        let id = self.required(id, "id", kind, located.origin).cloned();
        let id = id.unwrap_or_else(|| Id::parse("without-id").expect("a name that is an id"));
        Header {
            label: label_text.unwrap_or_else(|| id.to_string()),
            id,
            description,
            tags,
            topics,
            keywords,
            glossary,
            origin: located.origin,
        }
    }

    /// The value of a required field. Reports an error if it is missing.
    fn required<'f, T>(
        &mut self,
        field: &'f Field<T>,
        name: &str,
        kind: Kind,
        document: Origin,
    ) -> Option<&'f T> {
        if field.is_absent() {
            let message = format!("{} without `{name}`", with_article(kind.noun()));
            let diagnostic = Diagnostic::new(Code::MissingField, message)
                .at(document, "in this document")
                .help(format!("add `{name}:`"));
            self.report.push(diagnostic);
        }
        field.value()
    }

    /// The value of a field that each entry of a list requires. Reports an error if it is missing.
    fn entry<'f, T>(&mut self, field: &'f Field<T>, name: &str, entry: Origin) -> Option<&'f T> {
        if field.is_absent() {
            let diagnostic =
                Diagnostic::new(Code::MissingField, format!("an entry without `{name}`"))
                    .at(entry, "this entry")
                    .help(format!("add `{name}:` to it"));
            self.report.push(diagnostic);
        }
        field.value()
    }

    /// Free text that appears in templates. Text that CloudFormation would interpret is an error.
    fn text(&mut self, file: FileId, field: &Field<String>, name: &str) -> Option<String> {
        let text = field.value()?;
        let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.contains("{{resolve:") {
            let message =
                format!("this {name} has a dynamic reference (`{{{{resolve:...}}}}`) in it");
            let diagnostic = Diagnostic::new(Code::DynamicReference, message)
                .at(at(file, field), "")
                .help("CloudFormation would put a parameter or a secret in its place; reword it");
            self.report.push(diagnostic);
            return None;
        }
        if text.contains(is_control) {
            let message = format!("this {name} has a control character in it");
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(file, field), "")
                .help("only line breaks and tabs are allowed");
            self.report.push(diagnostic);
            return None;
        }
        Some(text.clone())
    }

    fn texts(&mut self, file: FileId, list: &Field<Vec<Field<String>>>, name: &str) -> Vec<String> {
        let items = list.value().into_iter().flatten();
        items
            .filter_map(|item| {
                self.says_something(file, item, name);
                self.text(file, item, name)
            })
            .collect()
    }

    /// Text that people search for, or that is part of resource names, must not be empty.
    fn says_something(&mut self, file: FileId, field: &Field<String>, name: &str) {
        if field.value().is_some_and(|text| text.trim().is_empty()) {
            let diagnostic = Diagnostic::new(Code::InvalidValue, format!("this {name} is empty"))
                .at(at(file, field), "")
                .help("write some words, or remove it");
            self.report.push(diagnostic);
        }
    }

    /// Checks that a reference names a declared document.
    fn reference(
        &mut self,
        file: FileId,
        field: &Field<Id>,
        target: Kind,
        dependant: &Dependant,
    ) -> bool {
        let Some(id) = field.value() else { return false };
        self.leads_somewhere(id, at(file, field), target, dependant)
    }

    /// Checks that an id belongs to a declared document.
    fn leads_somewhere(
        &mut self,
        id: &Id,
        origin: Origin,
        target: Kind,
        dependant: &Dependant,
    ) -> bool {
        let ids = self.ids.entry(target).or_default();
        if ids.contains_key(id) {
            return true;
        }
        if self.lost.may_be(target) {
            return false;
        }
        let near = suggest(id.as_str(), ids.keys().map(Id::as_str)).map(str::to_owned);
        let noun = target.noun();
        let diagnostic = match near {
            None if dependant.keeps_alive => {
                let message = format!(
                    "there is no {noun} `{id}` in the mesh, and the {} `{}` depends on it",
                    dependant.kind.noun(),
                    dependant.id
                );
                Diagnostic::new(Code::StillInUse, message).help(format!(
                    "declare the {noun}; if it was removed, remove what depends on it first"
                ))
            }
            near => {
                let message = format!("there is no {noun} `{id}` in the mesh");
                let mut diagnostic = Diagnostic::new(Code::UnknownReference, message);
                diagnostic.help = Some(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("declare the {noun} or remove the reference"),
                });
                diagnostic
            }
        };
        self.report.push(diagnostic.at(origin, ""));
        false
    }

    /// The environment and the team of a document that a team owns. Checks the rules for owners.
    fn owner(
        &mut self,
        kind: Kind,
        header: &Header,
        (environment, team): (&Field<Id>, &Field<TeamName>),
        needs: Needs,
        place: &Place<'_, '_>,
    ) -> Option<(Id, TeamName)> {
        let origin = header.origin;
        let environment_id = self.required(environment, "environment", kind, origin);
        let team_name = self.required(team, "team", kind, origin);
        self.reference(origin.file, environment, Kind::Environment, &Dependant::live(kind, header));
        let (environment_id, team_name) = (environment_id?, team_name?);
        self.terms_are_allowed(header, team_name, place.scope.tenant);
        self.may_own(
            &Ownership {
                kind,
                id: &header.id,
                team: team_name,
                team_origin: at(origin.file, team),
                environment: Some(environment_id),
                environment_origin: at(origin.file, environment),
                needs,
            },
            place,
        );
        Some((environment_id.clone(), team_name.clone()))
    }

    /// The rules for documents that a team owns in an environment.
    fn may_own(&mut self, ownership: &Ownership<'_>, place: &Place<'_, '_>) {
        let is_allowed = self.has_tenant_permission(ownership, place.scope.tenant);
        let Some(environment) = ownership.environment.and_then(|id| place.environments.get(id))
        else {
            return;
        };
        let Ownership { team, team_origin, kind, id, needs, .. } = ownership;
        let Needs { tenant_permission: _, permission, feature } = needs;
        if let Some((name, is_on)) = feature
            && !is_on(&environment.features)
        {
            let message = format!(
                "the {} `{id}` needs the feature `{name}`, which environment `{}` has off",
                kind.noun(),
                environment.header.id
            );
            let diagnostic = Diagnostic::new(Code::FeatureOff, message)
                .at(ownership.environment_origin, "in this environment")
                .and(environment.header.origin, "declared here")
                .help(format!("set `features: {{ {name}: true }}` in the environment"));
            self.report.push(diagnostic);
        }
        let Some(membership) = environment.team_named(team) else {
            let mut diagnostic = Diagnostic::new(
                Code::TeamNotInvited,
                format!("team `{team}` is not a team of environment `{}`", environment.header.id),
            )
            .at(*team_origin, "")
            .and(environment.header.origin, "the environment");
            let teams = environment.teams.iter().map(|team| team.team.as_str());
            diagnostic.help = Some(match suggest(team.as_str(), teams) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "invite it under the environment's `teams`".to_owned(),
            });
            self.report.push(diagnostic);
            return;
        };
        // A permission that the tenant denies is missing here as well; it is reported once.
        if let Some(permission) = permission
            && is_allowed
            && !membership.permissions.contains(permission)
        {
            let name = permission.as_str();
            let message = format!(
                "team `{team}` lacks `{name}` in environment `{}`, which the {} `{id}` needs",
                environment.header.id,
                kind.noun()
            );
            let diagnostic = Diagnostic::new(Code::EnvironmentPermission, message)
                .at(*team_origin, "")
                .and(membership.origin, "the team's permissions here")
                .help(format!("add `{name}` to the team's `permissions` in the environment"));
            self.report.push(diagnostic);
        }
    }

    fn has_tenant_permission(
        &mut self,
        ownership: &Ownership<'_>,
        tenant: Option<&Tenant>,
    ) -> bool {
        let Ownership { team, team_origin, kind, id, needs, .. } = ownership;
        let what = format!("the {} `{id}`", kind.noun());
        self.tenant_allows(tenant, team, needs.tenant_permission, (&what, *team_origin))
    }
}

/// Whether a finding leaves the content of a document unclear: which of two columns of the same name is meant, the type
/// of a column, or the owner of a dataset.
const fn leaves_unclear(code: Code) -> bool {
    matches!(code, Code::ColumnType | Code::DuplicateId | Code::TeamNotInvited)
}

/// The results of earlier steps.
struct Scope<'a> {
    tenant: Option<&'a Tenant>,
    organizations: &'a BTreeMap<Id, Organization>,
}

/// The results of earlier steps, with the environments.
struct Place<'s, 'a> {
    scope: &'s Scope<'a>,
    environments: &'a BTreeMap<Id, Environment>,
}

/// A document that refers to another one, for messages.
struct Dependant {
    kind: Kind,
    id: Id,
    /// Whether the target must not be removed while this document exists.
    keeps_alive: bool,
}

impl Dependant {
    fn live(kind: Kind, header: &Header) -> Self {
        Self { kind, id: header.id.clone(), keeps_alive: true }
    }
}

/// A document that a team owns, and the permissions and the feature that it needs.
struct Ownership<'a> {
    kind: Kind,
    id: &'a Id,
    team: &'a TeamName,
    team_origin: Origin,
    environment: Option<&'a Id>,
    environment_origin: Origin,
    needs: Needs,
}

/// The permissions and the feature that a document of a team needs.
#[derive(Clone, Copy)]
struct Needs {
    tenant_permission: TenantPermission,
    permission: Option<EnvironmentPermission>,
    feature: Option<Feature>,
}

/// A feature's name, and whether it is on.
type Feature = (&'static str, fn(&Features) -> bool);

/// The position of a field's value.
fn at<T>(file: FileId, field: &Field<T>) -> Origin {
    Origin { file, span: field.span() }
}

/// The valid values of a list.
fn values<T: Clone>(list: &Field<Vec<Field<T>>>) -> Vec<T> {
    list.value().into_iter().flatten().filter_map(|item| item.value().cloned()).collect()
}

/// The valid values of a list, sorted and without duplicates.
fn distinct<T: Clone + Ord>(list: &Field<Vec<Field<T>>>) -> Vec<T> {
    values(list).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}
