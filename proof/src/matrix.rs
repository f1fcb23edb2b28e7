//! The access matrix: who reaches which resource, and how.
//!
//! Cells are found from the resource: by the statements of its own policy, by
//! the identity policies whose patterns match it, and by Lake Formation's
//! permissions. An index of the patterns by their beginnings keeps this
//! linear in the number of resources.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::catalogue;

use crate::document::{Action, Condition, Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::lake::{CELLS, IAM_ALONE};
use crate::pattern;
use crate::request::{Context, Principal, Request, arn_field};
use crate::sample::{self, FILL};
use crate::world::{Outside, World};

/// How a resource is reached, in the words of the service authorization reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the reference's")]
pub enum Level {
    List,
    Read,
    Write,
    Tag,
    Manage,
}

impl Level {
    /// The name in data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tag => "tag",
            Self::Manage => "manage",
        }
    }

    /// The level of an action. An action that is not known is taken for the strongest.
    pub fn of(action: Action) -> Self {
        match action.lower() {
            "lakeformation:select" => return Self::Read,
            "lakeformation:describe" => return Self::List,
            "lakeformation:insert"
            | "lakeformation:delete"
            | "lakeformation:data_location_access" => return Self::Write,
            _ => {}
        }
        let known = catalogue::action(action.name());
        match known.and_then(|(_, action)| action.levels.last().copied()) {
            Some("List") => Self::List,
            Some("Read") => Self::Read,
            Some("Write") => Self::Write,
            Some("Tagging") => Self::Tag,
            _ => Self::Manage,
        }
    }
}

/// One cell: a principal and what it can do with a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The resource's ARN; with a pattern where only a part is reached, such as a folder.
    pub resource: String,
    /// The principal's ARN, or a service's name.
    pub principal: String,
    /// The rows and columns, where a filter of Lake Formation limits them.
    pub cells: Option<String>,
    /// The actions that are allowed, with the condition keys that a request must carry.
    pub actions: BTreeMap<Action, BTreeSet<String>>,
    /// The actions of which it is not known.
    pub unknown: BTreeSet<Action>,
}

impl Cell {
    /// The levels of the allowed actions.
    pub fn levels(&self) -> BTreeSet<Level> {
        self.actions.keys().map(|action| Level::of(*action)).collect()
    }
}

/// Identity statements by the beginnings of their patterns.
#[derive(Debug)]
pub struct Index<'w> {
    world: &'w World,
    /// By the account of the principal, the service, and the beginning of the pattern.
    by_prefix: BTreeMap<(&'w str, &'w str, &'w str), Vec<Entry<'w>>>,
    /// How long those beginnings are.
    lengths: BTreeSet<usize>,
    forms: Forms,
}

/// The forms of the ARNs that each action is about, as patterns; `None` for an action that is not known.
type Forms = BTreeMap<Action, Option<Vec<(&'static str, String)>>>;

#[derive(Debug, Clone, Copy)]
struct Entry<'w> {
    principal: &'w str,
    pattern: &'w str,
    document: &'w Document,
    statement: &'w Statement,
}

/// What a statement says of one resource.
struct Candidate<'w> {
    principal: Principal,
    pattern: String,
    document: &'w Document,
    statement: &'w Statement,
}

impl<'w> Index<'w> {
    /// Indexes the identity policies of a world.
    pub fn of(world: &'w World) -> Self {
        let (by_prefix, forms) = (BTreeMap::new(), BTreeMap::new());
        let mut index = Self { world, by_prefix, lengths: BTreeSet::new(), forms };
        for (arn, role) in &world.roles {
            for document in &role.identity {
                for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                    index.learn(statement);
                    for pattern in &statement.resources {
                        let pattern = if statement.not_resources { "*" } else { pattern.as_str() };
                        let end = pattern.find(['*', '?', '$']).unwrap_or(pattern.len());
                        // Objects and what lies below a name are found by the name.
                        let prefix = &pattern[..end];
                        index.lengths.insert(prefix.len());
                        let entry = Entry { principal: arn, pattern, document, statement };
                        for service in services(statement) {
                            let key = (role.account.as_str(), service, prefix);
                            index.by_prefix.entry(key).or_default().push(entry);
                        }
                    }
                }
            }
        }
        let policies = world.resources.values().filter_map(|resource| resource.policy.as_ref());
        let trusts = world.roles.values().map(|role| &role.trust);
        for statement in policies.chain(trusts).flat_map(|document| &document.statements) {
            index.learn(statement);
        }
        index
    }

    /// Keeps the forms of a statement's actions.
    fn learn(&mut self, statement: &Statement) {
        for action in &statement.actions.names {
            self.forms.entry(*action).or_insert_with(|| forms(*action));
        }
    }

    /// Whether an action is about a resource of this form, as the service authorization reference
    /// has it.
    fn is_for(&self, action: Action, arn: &str) -> bool {
        let computed;
        let known = if let Some(known) = self.forms.get(&action) {
            known
        } else {
            computed = forms(action);
            &computed
        };
        let Some(known) = known else { return true };
        let is_object = arn.split_once(":s3:::").is_some_and(|(_, name)| name.contains('/'));
        // A bucket's form would match its objects, as a wildcard crosses slashes.
        known
            .iter()
            .any(|(kind, form)| !(*kind == "bucket" && is_object) && pattern::matches(form, arn))
    }

    /// The cells of one resource.
    pub fn cells(&self, arn: &str) -> Vec<Cell> {
        let mut cells: BTreeMap<(String, String, Option<String>), Cell> = BTreeMap::new();
        for candidate in self.candidates(arn) {
            self.decide(arn, &candidate, &mut cells);
        }
        cells
            .into_values()
            .filter(|cell| !cell.actions.is_empty() || !cell.unknown.is_empty())
            .collect()
    }

    /// The cells of one principal's Lake Formation permissions.
    pub fn lake_cells(&self, principal: &str) -> Vec<Cell> {
        let mut cells: BTreeMap<(String, Option<String>), Cell> = BTreeMap::new();
        for grant in self.world.lake.grants.get(principal).into_iter().flatten() {
            let key = (grant.resource.clone(), grant.cells.clone());
            let cell = cells.entry(key).or_insert_with(|| Cell {
                resource: grant.resource.clone(),
                principal: principal.to_owned(),
                cells: grant.cells.clone(),
                actions: BTreeMap::new(),
                unknown: BTreeSet::new(),
            });
            cell.actions.entry(grant.permission).or_default();
        }
        cells.into_values().collect()
    }

    fn candidates(&self, arn: &str) -> Vec<Candidate<'w>> {
        let mut candidates = Vec::new();
        let resource = self.world.resources.get(arn);
        let own = resource.and_then(|resource| resource.policy.as_ref());
        let own = own.or_else(|| self.world.roles.get(arn).map(|role| &role.trust));
        if let Some(document) = own {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                let patterns: &[String] = &statement.resources;
                for principal in principals(statement) {
                    let all =
                        patterns.iter().map(|pattern| if pattern == "*" { arn } else { pattern });
                    let all: Vec<&str> =
                        if patterns.is_empty() { vec![arn] } else { all.collect() };
                    candidates.extend(all.into_iter().map(|pattern| Candidate {
                        principal: principal.clone(),
                        pattern: pattern.to_owned(),
                        document,
                        statement,
                    }));
                }
            }
        }
        let service = arn.split(':').nth(2).unwrap_or_default();
        // A bucket's objects are found by patterns that go on after the bucket's name.
        let below = format!("{arn}/");
        let is_bucket = service == "s3" && arn.split(':').nth(4) == Some("");
        // From another account nothing is reached without the resource's own policy, whose statements
        // are candidates already.
        let account = resource.map(|resource| resource.account.as_str());
        let account = account.or_else(|| arn_field(arn, 4)).unwrap_or_default();
        let mut found = |prefix: &str| {
            let of =
                |service| self.by_prefix.get(&(account, service, prefix)).into_iter().flatten();
            for entry in of(service).chain(of("*")) {
                let is_about = pattern::matches(entry.pattern, arn)
                    || (is_bucket
                        && (entry.pattern.starts_with(&below)
                            || pattern::matches(entry.pattern, &format!("{below}{FILL}"))));
                if is_about {
                    candidates.push(Candidate {
                        principal: Principal::role(entry.principal),
                        pattern: entry.pattern.to_owned(),
                        document: entry.document,
                        statement: entry.statement,
                    });
                }
            }
        };
        for end in self.lengths.iter().copied().take_while(|end| *end <= arn.len()) {
            if arn.is_char_boundary(end) {
                found(&arn[..end]);
            }
        }
        if is_bucket {
            let range = self.by_prefix.range((account, service, below.as_str())..);
            let longer: Vec<&str> = range
                .map(|(key, _)| *key)
                .take_while(|(of, other, prefix)| {
                    *of == account && *other == service && prefix.starts_with(&below)
                })
                .map(|(_, _, prefix)| prefix)
                .collect();
            longer.into_iter().for_each(found);
        }
        candidates
    }

    /// Whether Lake Formation can have a part in giving a principal something of a database: who has
    /// no permission in a governed one is denied, whatever IAM says.
    fn is_open(&self, arn: &str, principal: &str) -> bool {
        if !self.world.lake.governed.contains(arn) {
            return true;
        }
        let account = arn_field(arn, 4).unwrap_or_default().to_owned();
        self.world.lake.principals_of(arn).any(|other| other == principal)
            || self.world.lake.admins.contains(&(account, principal.to_owned()))
    }

    fn decide(
        &self,
        arn: &str,
        candidate: &Candidate<'_>,
        cells: &mut BTreeMap<(String, String, Option<String>), Cell>,
    ) {
        let Candidate { principal, pattern, document, statement } = candidate;
        let nothing = Context::new();
        let asking = Request {
            principal,
            action: Action::new("sample:Sample"),
            resource: arn,
            context: &nothing,
        };
        let contexts = sample::contexts(&statement.conditions, |key, text| {
            if document.has_variables && key != CELLS && text.contains("${") {
                return self.world.expanded(text, &asking).unwrap_or_else(|| text.to_owned());
            }
            text.to_owned()
        });
        let Some(mut context) = contexts.into_iter().next() else { return };
        // What the resource itself says wins over what a sample would say.
        let claimed =
            statement.conditions.iter().filter(|condition| is_of_resource(&condition.key));
        for condition in claimed {
            context.remove(&condition.key);
        }
        let claimed: Vec<Condition> =
            statement.conditions.iter().filter(|one| is_of_resource(&one.key)).cloned().collect();
        let about = Request { context: &context, ..asking };
        if !self.world.fulfils(&about, &claimed) {
            return;
        }
        let needed: BTreeSet<String> = context.iter().map(|(key, _)| key.to_owned()).collect();
        let service = arn.split(':').nth(2).unwrap_or_default();
        let is_bucket = service == "s3" && arn.split(':').nth(4) == Some("");
        let mut targets = vec![arn.to_owned()];
        if is_bucket {
            let below = format!("{arn}/");
            if pattern.starts_with(&below) {
                targets = vec![pattern.clone()];
            } else if pattern::matches(pattern, &format!("{below}{FILL}")) {
                targets.push(format!("{below}*"));
            }
        }
        let is_open = self.is_open(arn, principal.name());
        for action in actions(statement, service) {
            if !is_open && !IAM_ALONE.contains(&action.lower()) {
                continue;
            }
            for target in &targets {
                if !self.is_for(action, target) {
                    continue;
                }
                let resource = pattern::sample(target, FILL);
                let request = Request { principal, action, resource: &resource, context: &context };
                let decision = self.world.decide(&request, Outside::Unknown).decision;
                if !matches!(decision, Decision::Allow | Decision::Unknown) {
                    continue;
                }
                let key = (principal.name().to_owned(), target.clone(), None);
                let cell = cells.entry(key).or_insert_with(|| Cell {
                    resource: target.clone(),
                    principal: principal.name().to_owned(),
                    cells: None,
                    actions: BTreeMap::new(),
                    unknown: BTreeSet::new(),
                });
                if decision == Decision::Allow {
                    let known =
                        cell.actions.get(&action).is_none_or(|keys| needed.len() < keys.len());
                    if known {
                        cell.actions.insert(action, needed.clone());
                    }
                } else {
                    cell.unknown.insert(action);
                }
            }
        }
    }
}

/// Keys of which the resource knows the value.
fn is_of_resource(key: &str) -> bool {
    key.contains("resourcetag/") || key == "kms:resourcealiases"
}

fn forms(action: Action) -> Option<Vec<(&'static str, String)>> {
    let (service, known) = catalogue::action(action.name())?;
    let kinds = known.resources.iter().filter_map(|resource| service.resource_type(resource.kind));
    Some(kinds.map(|kind| (kind.name, as_pattern(kind.arn))).collect())
}

/// The form of an ARN with a wildcard in the place of each variable.
pub(crate) fn as_pattern(form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The services that a statement is about; `*` for all of them. Roles are resources of IAM, also to STS.
fn services(statement: &Statement) -> BTreeSet<&str> {
    if statement.not_actions {
        return BTreeSet::from(["*"]);
    }
    let named = statement.actions.names.iter().map(|action| action.service());
    let patterns = statement.actions.patterns.iter();
    let patterns = patterns.map(|pattern| match pattern.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?']) => service,
        _ => "*",
    });
    named.chain(patterns).map(|service| if service == "sts" { "iam" } else { service }).collect()
}

fn actions(statement: &Statement, service: &str) -> Vec<Action> {
    let is_service = |action: &Action| {
        action.service() == service || (service == "iam" && action.service() == "sts")
    };
    crate::prove::actions_of(statement).into_iter().filter(is_service).collect()
}

/// The principals that a statement names and that can be asked for: roles and services.
fn principals(statement: &Statement) -> Vec<Principal> {
    let entries = statement.principals.iter().filter(|principals| !principals.is_not);
    let entries = entries.flat_map(|principals| &principals.entries);
    entries
        .flat_map(|entry| match entry {
            PrincipalEntry::Arn(arn) => vec![Principal::role(arn.clone())],
            PrincipalEntry::Service(name) => vec![Principal::Service(name.clone())],
            PrincipalEntry::Account(_) | PrincipalEntry::Everyone => {
                crate::prove::named_principals(&statement.conditions).unwrap_or_default()
            }
            PrincipalEntry::Other(_) => Vec::new(),
        })
        .collect()
}
