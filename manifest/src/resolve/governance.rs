//! Domains and access policies.

use std::collections::BTreeMap;

use super::{Context, Dependant, at, distinct};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{
    AccessPolicyDocument, ActorsDocument, DomainDocument, ExceptionsDocument, Kind,
    ResourcesDocument, privilege,
};
use crate::field::Field;
use crate::mesh::{
    AccessPolicy, Actors, Dataset, Domain, Exceptions, Header, PolicyResources, PolicyState,
};
use crate::name::Id;
use crate::parse::Located;

/// The types of resources that a policy can name.
const TYPES: [&str; 18] = [
    "tenant",
    "organization",
    "environment",
    "dataset",
    "table",
    "column",
    "folder",
    "dashboard",
    "notebook",
    "studio_profile",
    "pipeline",
    "worksheet",
    "glossary",
    "term",
    "domain",
    "tag",
    "team",
    "user",
];

impl Context {
    pub(super) fn domain(
        &mut self,
        located: &Located<DomainDocument>,
        header: Header,
    ) -> Option<Domain> {
        let Located { document, origin } = located;
        let given = self.required(&document.owners, "owners", Kind::Domain, *origin)?;
        if given.is_empty() {
            let diagnostic = Diagnostic::new(Code::InvalidValue, "nobody owns this domain")
                .at(at(origin.file, &document.owners), "an empty list")
                .help("name at least one team");
            self.report.push(diagnostic);
        }
        let owners = distinct(&document.owners);
        let readers = distinct(&document.readers);
        for field in document.dataset_level_access.value().into_iter().flatten() {
            let Some(team) = field.value() else { continue };
            if !owners.contains(team) && !readers.contains(team) {
                let message =
                    format!("team `{team}` has no access to domain `{}` itself", header.id);
                let diagnostic = Diagnostic::new(Code::UnknownReference, message)
                    .at(at(origin.file, field), "")
                    .help("dataset-level access goes with domain access; add the team to `owners` or `readers`");
                self.report.push(diagnostic);
            }
        }
        let dependant = Dependant { kind: Kind::Domain, id: header.id.clone(), keeps_alive: false };
        for field in document.lake_formation_datasets.value().into_iter().flatten() {
            self.reference(origin.file, field, Kind::Dataset, &dependant);
        }
        Some(Domain {
            owners,
            readers,
            dataset_level_access: distinct(&document.dataset_level_access),
            dataset_level_access_at: if document.dataset_level_access.is_absent() {
                header.origin
            } else {
                at(origin.file, &document.dataset_level_access)
            },
            lake_formation_datasets: distinct(&document.lake_formation_datasets),
            header,
        })
    }

    pub(super) fn access_policy(
        &mut self,
        located: &Located<AccessPolicyDocument>,
        header: Header,
        datasets: &BTreeMap<Id, Dataset>,
    ) -> Option<AccessPolicy> {
        let Located { document, origin } = located;
        let kind = Kind::AccessPolicy;
        let actors = self.required(&document.actors, "actors", kind, *origin);
        let privileges = self.required(&document.privileges, "privileges", kind, *origin);
        self.names_something(document, origin.file);
        self.is_not_built_in(&header);
        let mut known = Vec::new();
        let all = privilege::all();
        for field in privileges.into_iter().flatten() {
            known.extend(self.privilege(origin.file, field, &all));
        }
        let masking = self.masking(document, &known, origin.file);
        let resources = document.resources.value().map(|given| {
            let dependant = Dependant { kind, id: header.id.clone(), keeps_alive: false };
            self.no_list_is_empty(given, at(origin.file, &document.resources));
            for id in given.domains.value().into_iter().flatten() {
                self.reference(origin.file, id, Kind::Domain, &dependant);
            }
            for id in given.environments.value().into_iter().flatten() {
                self.reference(origin.file, id, Kind::Environment, &dependant);
            }
            for field in given.types.value().into_iter().flatten() {
                self.resource_type(origin.file, field);
            }
            PolicyResources {
                types: distinct(&given.types),
                ids: self.resource_ids(origin.file, &given.ids),
                domains: distinct(&given.domains),
                tags: distinct(&given.tags),
                environments: distinct(&given.environments),
            }
        });
        let state = document.state.value().copied().unwrap_or_default();
        if !document.state.is_invalid() && state == PolicyState::Active {
            self.data_policy_is_known(document, &known, header.origin);
        }
        let mut policy = AccessPolicy {
            state,
            effect: document.effect.value().copied().unwrap_or_default(),
            actors: actors_of(actors?),
            privileges: known,
            resources: resources.unwrap_or_default(),
            masking,
            rows: None,
            header,
        };
        policy.rows = self.rows_of_policy(document, &policy, datasets);
        self.masks_fit(document, &policy, datasets);
        Some(policy)
    }

    /// The policy of the superuser cannot be replaced by a document.
    fn is_not_built_in(&mut self, header: &Header) {
        if header.id.as_str() == "superuser" {
            let message = "the access policy `superuser` is built in and cannot be changed";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(header.origin, "")
                .help("give the policy another id; the tenant's `admin_team` decides who is a superuser");
            self.report.push(diagnostic);
        }
    }

    fn privilege(
        &mut self,
        file: FileId,
        field: &Field<String>,
        known: &[String],
    ) -> Option<String> {
        let privilege = field.value()?;
        if known.contains(privilege) {
            return Some(privilege.clone());
        }
        if let Some(thing) = privilege::without_document(privilege) {
            let message = format!(
                "`{privilege}` would never apply: no document of a mesh is about a `{thing}`"
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(file, field), "")
                .help("remove the privilege");
            self.report.push(diagnostic);
            return None;
        }
        let help = suggest(privilege, known.iter().map(String::as_str)).map_or_else(
            || {
                "privileges begin with `platform.`, `metadata.` or `data.`; docs/mesh.md lists them, and so does the JSON \
                 Schema"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{privilege}` is not a privilege");
        let diagnostic =
            Diagnostic::new(Code::InvalidValue, message).at(at(file, field), "").help(help);
        self.report.push(diagnostic);
        None
    }

    /// A policy without an actor or a privilege is incomplete.
    fn names_something(&mut self, document: &AccessPolicyDocument, file: FileId) {
        let is_nobody = document.actors.value().is_some_and(names_nobody);
        let is_nothing = document.privileges.value().is_some_and(Vec::is_empty);
        let lacks = [
            (
                is_nobody,
                "no actor is named",
                at(file, &document.actors),
                "name `teams`, `users`, `roles`, `all_users`, `owners`, `stewards` or `connection_admins`",
            ),
            (
                is_nothing,
                "no privilege is named",
                at(file, &document.privileges),
                "name at least one, such as `data.read`",
            ),
        ];
        for (_, message, origin, help) in lacks.into_iter().filter(|(is_so, ..)| *is_so) {
            let diagnostic = Diagnostic::new(Code::InvalidValue, message).at(origin, "").help(help);
            self.report.push(diagnostic);
        }
    }

    /// An empty list would match everything, as would `resources` without a list.
    fn no_list_is_empty(&mut self, given: &ResourcesDocument, origin: Origin) {
        let ResourcesDocument { types, ids, domains, tags, environments } = given;
        let file = origin.file;
        let is_without = types.is_absent() && ids.is_absent() && domains.is_absent();
        if is_without && tags.is_absent() && environments.is_absent() {
            let message = "resources without a list would mean all of them";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(origin, "nothing stands in it")
                .help("name some, or remove `resources` for a policy about everything");
            self.report.push(diagnostic);
        }
        let lists = [
            (types.value().map(Vec::len), at(file, types)),
            (ids.value().map(Vec::len), at(file, ids)),
            (domains.value().map(Vec::len), at(file, domains)),
            (tags.value().map(Vec::len), at(file, tags)),
            (environments.value().map(Vec::len), at(file, environments)),
        ];
        for (_, origin) in lists.into_iter().filter(|(length, _)| *length == Some(0)) {
            let message = "an empty list of resources would mean all of them";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(origin, "an empty list")
                .help("name at least one, or remove the key");
            self.report.push(diagnostic);
        }
    }

    fn resource_type(&mut self, file: FileId, field: &Field<String>) {
        let Some(name) = field.value() else { return };
        if !TYPES.contains(&name.as_str()) {
            let message = if privilege::WITHOUT_DOCUMENT.contains(&name.as_str()) {
                format!("no document of a mesh is about a `{name}`")
            } else {
                format!("`{name}` is not a type of resource")
            };
            let help = suggest(name, TYPES).map_or_else(
                || format!("the types are {}", TYPES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let diagnostic =
                Diagnostic::new(Code::InvalidValue, message).at(at(file, field), "").help(help);
            self.report.push(diagnostic);
        }
    }

    /// `dataset/january`: the type and the id. Datasets, environments and domains must exist in the mesh.
    fn resource_ids(&mut self, file: FileId, list: &Field<Vec<Field<String>>>) -> Vec<String> {
        for field in list.value().into_iter().flatten() {
            let Some(text) = field.value() else { continue };
            let mut parts = text.split('/');
            let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let target = match kind {
                "dataset" | "table" | "column" | "folder" => Some(Kind::Dataset),
                "environment" => Some(Kind::Environment),
                "domain" => Some(Kind::Domain),
                "dashboard" => Some(Kind::Dashboard),
                _ => None,
            };
            let is_there = target.is_none_or(|target| {
                self.lost.may_be(target)
                    || Id::parse(id).is_ok_and(|id| {
                        self.ids.get(&target).is_some_and(|ids| ids.contains_key(&id))
                    })
            });
            if !TYPES.contains(&kind) || id.is_empty() || !is_there {
                let ids = target.and_then(|target| self.ids.get(&target));
                let near = ids.and_then(|ids| suggest(id, ids.keys().map(Id::as_str)));
                let help = near.map_or_else(
                    || "write the type, a slash and the id, such as `dataset/january`".to_owned(),
                    |near| format!("did you mean `{kind}/{near}`?"),
                );
                let message = format!("`{text}` is not a resource of this mesh");
                let diagnostic = Diagnostic::new(Code::UnknownReference, message)
                    .at(at(file, field), "")
                    .help(help);
                self.report.push(diagnostic);
            }
        }
        distinct(list)
    }
}

fn actors_of(given: &ActorsDocument) -> Actors {
    let except = given.except.value().map(|except| Exceptions {
        teams: distinct(&except.teams),
        users: distinct(&except.users),
        roles: distinct(&except.roles),
    });
    let is_on = |field: &Field<bool>| field.value().copied().unwrap_or_default();
    Actors {
        teams: distinct(&given.teams),
        users: distinct(&given.users),
        all_users: is_on(&given.all_users),
        roles: distinct(&given.roles),
        owners: is_on(&given.owners),
        stewards: is_on(&given.stewards),
        connection_admins: is_on(&given.connection_admins),
        except: except.unwrap_or_default(),
    }
}

/// Whether a list of actors or of exceptions is empty, or no actor is named at all.
fn names_nobody(actors: &ActorsDocument) -> bool {
    let ActorsDocument {
        teams,
        users,
        all_users,
        roles,
        owners,
        stewards,
        connection_admins,
        except,
    } = actors;
    let switches = [all_users, owners, stewards, connection_admins];
    let is_without = teams.is_absent()
        && users.is_absent()
        && roles.is_absent()
        && switches.into_iter().all(Field::is_absent);
    is_without
        || teams.value().is_some_and(Vec::is_empty)
        || users.value().is_some_and(Vec::is_empty)
        || roles.value().is_some_and(Vec::is_empty)
        || except.value().is_some_and(excepts_nobody)
}

fn excepts_nobody(except: &ExceptionsDocument) -> bool {
    let ExceptionsDocument { teams, users, roles } = except;
    (teams.is_absent() && users.is_absent() && roles.is_absent())
        || teams.value().is_some_and(Vec::is_empty)
        || users.value().is_some_and(Vec::is_empty)
        || roles.value().is_some_and(Vec::is_empty)
}
