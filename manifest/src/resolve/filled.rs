//! What documents, and their parts, fill in under `forms`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Dependant, at};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, Origin};
use crate::document::{
    DatasetDocument, Document, EnvironmentDocument, FormSubject, FormsDocument, Kind, every_kind,
};
use crate::field::Field;
use crate::mesh::{
    Enforcement, FilledForm, FormField, FormFieldType, FormScope, FormValue, MetadataForm,
};
use crate::name::{Id, TeamName};
use crate::parse::{Documents, Located};

/// Something that fills in forms.
struct Subject<'a> {
    kind: FormSubject,
    /// The document, for references.
    document: Dependant,
    /// The name in messages, and in the mesh.
    name: String,
    origin: Origin,
    forms: &'a Field<FormsDocument>,
    place: Place<'a>,
}

/// Where something is, and who owns it.
#[derive(Default, Clone)]
struct Place<'a> {
    organization: Option<&'a Id>,
    environment: Option<&'a Id>,
    teams: Vec<&'a TeamName>,
    /// Whether a part of this could not be read, so that nothing can be said about scopes.
    is_unclear: bool,
}

impl Place<'_> {
    fn is_in(&self, scope: &FormScope) -> bool {
        match scope {
            FormScope::Global => true,
            FormScope::Organization(id) => self.organization == Some(id),
            FormScope::Environment(id) => self.environment == Some(id),
            FormScope::Team(team) => self.teams.contains(&team),
        }
    }
}

/// The glossary terms that documents of the mesh have.
type Terms<'a> = BTreeSet<&'a str>;

impl Context {
    /// Checks what each document and each part of one fills in, and what it leaves out.
    pub(super) fn forms_are_filled(
        &mut self,
        documents: &Documents,
        forms: &BTreeMap<Id, MetadataForm>,
    ) -> Vec<FilledForm> {
        self.others_have_no_forms(documents);
        let mut filled = Vec::new();
        let terms = terms(documents);
        for subject in self.subjects(documents) {
            let before = filled.len();
            self.filled_by(&subject, forms, &terms, &mut filled);
            let is_known = !subject.place.is_unclear && !subject.forms.is_invalid();
            for form in forms.values().filter(|form| is_known && is_for(form, &subject)) {
                self.is_complete(form, &subject, &filled[before..]);
            }
        }
        filled
    }

    /// No form is about a tenant, an access policy or a form.
    fn others_have_no_forms(&mut self, documents: &Documents) {
        let Documents { tenants, access_policies, metadata_forms, .. } = documents;
        let tenants = tenants.iter().map(|one| (Kind::Tenant, &one.document.forms, one.origin));
        let policies =
            access_policies.iter().map(|one| (Kind::AccessPolicy, &one.document.forms, one.origin));
        let others =
            metadata_forms.iter().map(|one| (Kind::MetadataForm, &one.document.forms, one.origin));
        for (kind, field, origin) in tenants.chain(policies).chain(others) {
            if !field.is_absent() {
                let message =
                    format!("no form can be about documents of the kind `{}`", kind.as_str());
                let diagnostic = Diagnostic::new(Code::FormOutOfScope, message)
                    .at(at(origin.file, field), "")
                    .help("remove `forms`");
                self.report.push(diagnostic);
            }
        }
    }

    /// The forms that a document fills in. Those with errors are left out.
    fn filled_by(
        &mut self,
        subject: &Subject<'_>,
        forms: &BTreeMap<Id, MetadataForm>,
        terms: &Terms<'_>,
        filled: &mut Vec<FilledForm>,
    ) {
        for (name, field) in subject.forms.value().into_iter().flatten() {
            let origin = at(subject.origin.file, field);
            let Ok(id) = Id::parse(name) else {
                let message = format!("`{name}` is not the id of a metadata form");
                let known = suggest(name, forms.keys().map(Id::as_str));
                let help = known.map_or_else(
                    || "name a form by its `id`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let diagnostic =
                    Diagnostic::new(Code::UnknownReference, message).at(origin, "").help(help);
                self.report.push(diagnostic);
                continue;
            };
            if !self.leads_somewhere(&id, origin, Kind::MetadataForm, &subject.document) {
                continue;
            }
            // A form with errors says nothing about values.
            let Some(form) = forms.get(&id) else { continue };
            if !subject.place.is_unclear && !is_for(form, subject) {
                self.is_out_of_scope(form, subject, origin);
                continue;
            }
            let mut values = BTreeMap::new();
            for (key, value) in field.value().into_iter().flatten() {
                if let Some((field, value)) = self.answer(form, key, (origin, value), terms) {
                    values.insert(field, value);
                }
            }
            filled.push(FilledForm {
                form: id,
                subject: subject.kind,
                of: subject.name.clone(),
                values,
                origin,
            });
        }
    }

    fn is_out_of_scope(&mut self, form: &MetadataForm, subject: &Subject<'_>, origin: Origin) {
        let message = if form.about.contains(&subject.kind) {
            format!(
                "the {} `{}` is out of the scope of the form `{}`",
                subject.kind.noun(),
                subject.name,
                form.header.id
            )
        } else {
            format!("the form `{}` is not about {}", form.header.id, subject.kind.with_article())
        };
        let diagnostic = Diagnostic::new(Code::FormOutOfScope, message)
            .at(origin, "")
            .and(form.header.origin, "the form")
            .help("remove the form here, or extend its `about` or its `scope`");
        self.report.push(diagnostic);
    }

    /// The value of one field.
    fn answer(
        &mut self,
        form: &MetadataForm,
        key: &str,
        (origin, value): (Origin, &Field<String>),
        terms: &Terms<'_>,
    ) -> Option<(Id, FormValue)> {
        let Some(field) = form.fields.iter().find(|field| field.id.as_str() == key) else {
            let known = || form.fields.iter().map(|field| field.id.as_str());
            let help = suggest(key, known()).map_or_else(
                || format!("the fields are {}", known().collect::<Vec<&str>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("the form `{}` has no field `{key}`", form.header.id);
            let diagnostic = Diagnostic::new(Code::UnknownKey, message)
                .at(at(origin.file, value), "not a field of this form")
                .and(form.header.origin, "the form")
                .help(help);
            self.report.push(diagnostic);
            return None;
        };
        let read = self.form_value(origin.file, value, field.kind)?;
        let here = at(origin.file, value);
        self.is_allowed(form, field, (&read, here), terms).then(|| (field.id.clone(), read))
    }

    /// Whether a value is one of those that the field allows. Reports an error if it is not.
    fn is_allowed(
        &mut self,
        form: &MetadataForm,
        field: &FormField,
        (value, origin): (&FormValue, Origin),
        terms: &Terms<'_>,
    ) -> bool {
        let is_listed = field.values.contains(value);
        let is_term = field.values.is_empty()
            && match (field.kind, value) {
                (FormFieldType::GlossaryTerm, FormValue::Text(term)) => {
                    terms.contains(term.as_str())
                }
                (_, _) => true,
            };
        if is_listed || is_term {
            return true;
        }
        let text = shown(value);
        let values: Vec<String> = field.values.iter().map(shown).collect();
        let (message, known) = if field.values.is_empty() {
            let message = format!("`{text}` is not a glossary term of the mesh");
            (message, terms.iter().map(|term| (*term).to_owned()).collect())
        } else {
            (format!("`{text}` is not a value of the field `{}`", field.id), values)
        };
        let near = suggest(&text, known.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if field.values.is_empty() => {
                "name a term that a document has under `glossary`".to_owned()
            }
            None => format!("the values are {}", known.join(", ")),
        };
        let diagnostic = Diagnostic::new(Code::InvalidValue, message)
            .at(origin, "")
            .and(form.header.origin, "the form")
            .help(help);
        self.report.push(diagnostic);
        false
    }

    /// Whether the required fields of a form are filled in. A value with an error is not missing.
    fn is_complete(&mut self, form: &MetadataForm, subject: &Subject<'_>, filled: &[FilledForm]) {
        let id = &form.header.id;
        let written = subject.forms.value().and_then(|forms| forms.get(id.as_str()));
        let values = written.and_then(Field::value);
        if written.is_some_and(Field::is_invalid) {
            return;
        }
        let is_given = |field: &&FormField| {
            values.is_some_and(|values| values.contains_key(field.id.as_str()))
        };
        let missing = form.fields.iter().filter(|field| field.required && !is_given(field));
        let missing: Vec<&str> = missing.map(|field| field.id.as_str()).collect();
        if missing.is_empty() {
            return;
        }
        let (code, word) = match form.enforcement {
            Enforcement::Mandatory => (Code::FormIncomplete, "mandatory"),
            Enforcement::Recommended => (Code::FormRecommended, "recommended"),
        };
        let origin =
            filled.iter().find(|one| one.form == *id).map_or(subject.origin, |one| one.origin);
        let message = format!(
            "the {} `{}` lacks {} of the {word} form `{id}`",
            subject.kind.noun(),
            subject.name,
            quoted(&missing)
        );
        let example =
            missing.iter().map(|field| format!("{field}: ...")).collect::<Vec<_>>().join(", ");
        let help = match written {
            Some(_) => format!("add `{example}` to it"),
            None => format!("add `forms: {{ {id}: {{ {example} }} }}` to it"),
        };
        let diagnostic = Diagnostic::new(code, message)
            .at(origin, "")
            .and(form.header.origin, "the form")
            .help(help);
        self.report.push(diagnostic);
    }

    /// Everything that fills in forms, in the order of kinds.
    fn subjects<'a>(&self, documents: &'a Documents) -> Vec<Subject<'a>> {
        let mut all = Vec::new();
        let places = Places::of(documents);
        for one in &documents.organizations {
            let id = one.document.id.value();
            let teams = one.document.team.value().into_iter().collect();
            let place = Place { organization: id, teams, ..Place::default() };
            self.document(&mut all, FormSubject::Organization, Kind::Organization, one, place);
        }
        for one in &documents.environments {
            let teams = one.document.team.value().into_iter().collect();
            let place = places.within(one.document.id.value(), teams);
            self.document(
                &mut all,
                FormSubject::Environment,
                Kind::Environment,
                one,
                place.clone(),
            );
            self.invited(&mut all, one, &place);
        }
        for one in &documents.domains {
            let owners = one.document.owners.value().into_iter().flatten();
            let teams = owners.filter_map(Field::value).collect();
            let place = Place { teams, ..Place::default() };
            self.document(&mut all, FormSubject::Domain, Kind::Domain, one, place);
        }
        macro_rules! owned {
            ($($list:ident $kind:ident,)*) => {
                $(for one in &documents.$list {
                    let teams = one.document.team.value().into_iter().collect();
                    let place = places.within(one.document.environment.value(), teams);
                    self.document(&mut all, FormSubject::$kind, Kind::$kind, one, place);
                })*
            };
        }
        owned! {
            networks Network,
            consumption_roles ConsumptionRole,
            shares Share,
            worksheets Worksheet,
            notebooks Notebook,
            studio_profiles StudioProfile,
            pipelines Pipeline,
            dashboards Dashboard,
        }
        for one in &documents.datasets {
            let teams = one.document.team.value().into_iter().collect();
            let place = places.within(one.document.environment.value(), teams);
            self.document(&mut all, FormSubject::Dataset, Kind::Dataset, one, place.clone());
            self.parts(&mut all, one, &place);
        }
        all
    }

    /// A document. One without a valid id, or that could be decoded only in part, is unclear.
    fn document<'a, D: Document>(
        &self,
        all: &mut Vec<Subject<'a>>,
        subject: FormSubject,
        kind: Kind,
        located: &'a Located<D>,
        place: Place<'a>,
    ) {
        let header = located.document.header();
        let Some(id) = header.id.value() else { return };
        let is_unclear = place.is_unclear || self.lost.is_in_part(located.origin);
        all.push(Subject {
            kind: subject,
            document: Dependant { kind, id: id.clone(), keeps_alive: true },
            name: id.to_string(),
            origin: located.origin,
            forms: header.forms,
            place: Place { is_unclear, ..place },
        });
    }

    /// The teams that an environment invites.
    fn invited<'a>(
        &self,
        all: &mut Vec<Subject<'a>>,
        located: &'a Located<EnvironmentDocument>,
        place: &Place<'a>,
    ) {
        for field in located.document.teams.value().into_iter().flatten() {
            let Some(invited) = field.value() else { continue };
            let Some(team) = invited.team.value() else { continue };
            let place = Place { teams: vec![team], ..place.clone() };
            let kind = (FormSubject::EnvironmentTeam, Kind::Environment);
            self.part(all, kind, located, (team.as_str(), field, &invited.forms), place);
        }
    }

    /// The tables and folders of a dataset.
    fn parts<'a>(
        &self,
        all: &mut Vec<Subject<'a>>,
        located: &'a Located<DatasetDocument>,
        place: &Place<'a>,
    ) {
        for field in located.document.tables.value().into_iter().flatten() {
            let Some(table) = field.value() else { continue };
            let Some(name) = table.name.value() else { continue };
            let kind = (FormSubject::Table, Kind::Dataset);
            self.part(all, kind, located, (name.as_str(), field, &table.forms), place.clone());
        }
        for field in located.document.folders.value().into_iter().flatten() {
            let Some(folder) = field.value() else { continue };
            let Some(id) = folder.id.value() else { continue };
            let kind = (FormSubject::Folder, Kind::Dataset);
            self.part(all, kind, located, (id.as_str(), field, &folder.forms), place.clone());
        }
    }

    /// A part of a document, at its own position.
    fn part<'a, D: Document, P>(
        &self,
        all: &mut Vec<Subject<'a>>,
        (subject, kind): (FormSubject, Kind),
        located: &'a Located<D>,
        (name, field, forms): (&str, &'a Field<P>, &'a Field<FormsDocument>),
        place: Place<'a>,
    ) {
        let Some(id) = located.document.header().id.value() else { return };
        let is_unclear = place.is_unclear || self.lost.is_in_part(located.origin);
        all.push(Subject {
            kind: subject,
            document: Dependant { kind, id: id.clone(), keeps_alive: true },
            name: format!("{id}/{name}"),
            origin: at(located.origin.file, field),
            forms,
            place: Place { is_unclear, ..place },
        });
    }
}

/// The organization of each environment, as documents say it.
struct Places<'a>(BTreeMap<&'a Id, &'a Id>);

impl<'a> Places<'a> {
    fn of(documents: &'a Documents) -> Self {
        let environments = documents.environments.iter().map(|one| &one.document);
        let known =
            environments.filter_map(|one| Some((one.id.value()?, one.organization.value()?)));
        Self(known.collect())
    }

    /// The place of what is in an environment.
    fn within(&self, environment: Option<&'a Id>, teams: Vec<&'a TeamName>) -> Place<'a> {
        let organization = environment.and_then(|id| self.0.get(id)).copied();
        let is_unclear = organization.is_none() || teams.is_empty();
        Place { organization, environment, teams, is_unclear }
    }
}

fn is_for(form: &MetadataForm, subject: &Subject<'_>) -> bool {
    form.about.contains(&subject.kind) && subject.place.is_in(&form.scope)
}

/// The glossary terms of all documents, and of tables, columns and folders.
fn terms(documents: &Documents) -> Terms<'_> {
    let mut terms = BTreeSet::new();
    macro_rules! of_documents {
        ($($count:ident {
            $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
        })*) => {
            $($(for one in &documents.$list {
                terms.extend(texts(&one.document.glossary));
            })*)*
        };
    }
    every_kind!(of_documents);
    for dataset in &documents.datasets {
        let tables = dataset.document.tables.value().into_iter().flatten();
        for table in tables.filter_map(Field::value) {
            terms.extend(texts(&table.glossary));
            let columns = table.columns.value().into_iter().chain(table.partitions.value());
            for column in columns.flatten().filter_map(Field::value) {
                terms.extend(texts(&column.glossary));
            }
        }
        let folders = dataset.document.folders.value().into_iter().flatten();
        for folder in folders.filter_map(Field::value) {
            terms.extend(texts(&folder.glossary));
        }
    }
    terms
}

fn texts(list: &Field<Vec<Field<String>>>) -> impl Iterator<Item = &str> {
    list.value().into_iter().flatten().filter_map(Field::value).map(String::as_str)
}

fn shown(value: &FormValue) -> String {
    match value {
        FormValue::Boolean(value) => value.to_string(),
        FormValue::Integer(value) => value.to_string(),
        FormValue::Text(text) => text.clone(),
    }
}

fn quoted(fields: &[&str]) -> String {
    fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
