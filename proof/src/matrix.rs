//! The access matrix: who reaches which resource, and how.
//!
//! Cells are found from the resource: by the statements of its own policy, by
//! the identity policies whose patterns match it, and by Lake Formation's
//! permissions. An index of the patterns by their beginnings keeps this
//! linear in the number of resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_policies::catalogue;

use crate::document::{Action, Condition, Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::lake::{CELLS, IAM_ALONE};
use crate::pattern;
use crate::request::{Context, Principal, Request, arn_field};
use crate::sample::{self, FILL};
use crate::world::{Role, World};

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
    /// The levels of the allowed actions.
    pub levels: BTreeSet<Level>,
}

/// Identity statements by the beginnings of their patterns.
#[derive(Debug)]
pub struct Index<'w> {
    world: &'w World,
    /// By the account of the principal, the service, and the beginning of the pattern.
    by_prefix: BTreeMap<(&'w str, &'w str, &'w str), Vec<Entry<'w>>>,
    /// How long those beginnings are.
    lengths: BTreeSet<usize>,
    /// What is known of the actions that statements name.
    known: BTreeMap<Action, Known>,
}

/// The forms of the ARNs that an action is about, as patterns, each with its resource type; `None` for
/// an action that is not known.
type Forms = Option<Arc<[(&'static str, String)]>>;

/// An action with what is known of it.
#[derive(Debug, Clone)]
struct Known {
    action: Action,
    level: Level,
    forms: Forms,
}

/// The actions of a statement that belong to one service.
type Actions = Arc<[Known]>;

#[derive(Debug, Clone)]
struct Entry<'w> {
    principal: Arc<Principal>,
    pattern: &'w str,
    document: &'w Document,
    statement: &'w Statement,
    actions: Actions,
}

/// What a statement says of one resource.
struct Candidate<'w> {
    principal: Arc<Principal>,
    pattern: &'w str,
    document: &'w Document,
    statement: &'w Statement,
    actions: Actions,
}

impl<'w> Index<'w> {
    /// Indexes the identity policies of a world.
    pub fn of(world: &'w World) -> Self {
        let (by_prefix, known) = (BTreeMap::new(), BTreeMap::new());
        let mut index = Self { world, by_prefix, lengths: BTreeSet::new(), known };
        for (arn, role) in &world.roles {
            let principal = Arc::new(Principal::role(arn));
            for document in &role.identity {
                for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                    index.learn(statement);
                    index.add(role, &principal, document, statement);
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

    /// Keeps what is known of a statement's actions.
    fn learn(&mut self, statement: &Statement) {
        for action in &statement.actions.names {
            self.known.entry(*action).or_insert_with(|| Known::of(*action));
        }
    }

    fn add(
        &mut self,
        role: &'w Role,
        principal: &Arc<Principal>,
        document: &'w Document,
        statement: &'w Statement,
    ) {
        let services: Vec<(&str, Actions)> = services(statement)
            .into_iter()
            .map(|service| (service, self.actions(statement, service)))
            .collect();
        for pattern in &statement.resources {
            let pattern = if statement.not_resources { "*" } else { pattern.as_str() };
            let end = pattern.find(['*', '?', '$']).unwrap_or(pattern.len());
            // Objects and what lies below a name are found by the name.
            let prefix = &pattern[..end];
            self.lengths.insert(prefix.len());
            for (service, actions) in &services {
                let key = (role.account.as_str(), *service, prefix);
                self.by_prefix.entry(key).or_default().push(Entry {
                    principal: principal.clone(),
                    pattern,
                    document,
                    statement,
                    actions: actions.clone(),
                });
            }
        }
    }

    /// The actions of a statement that belong to a service, `*` for all of them, with their forms.
    fn actions(&self, statement: &Statement, service: &str) -> Actions {
        let is_wanted = |action: &Action| {
            service == "*"
                || action.service() == service
                || (service == "iam" && action.service() == "sts")
        };
        let actions = crate::prove::actions_of(statement).into_iter().filter(is_wanted);
        let known = |action| self.known.get(&action).cloned().unwrap_or_else(|| Known::of(action));
        actions.map(known).collect()
    }

    /// The cells of one resource.
    pub fn cells(&self, arn: &str) -> Vec<Cell> {
        let mut cells: BTreeMap<(String, String), Cell> = BTreeMap::new();
        for candidate in self.candidates(arn) {
            self.decide(arn, &candidate, &mut cells);
        }
        cells.into_values().collect()
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
                levels: BTreeSet::new(),
            });
            cell.actions.entry(grant.permission).or_default();
            cell.levels.insert(Level::of(grant.permission));
        }
        cells.into_values().collect()
    }

    fn candidates<'c>(&'c self, arn: &'c str) -> Vec<Candidate<'c>> {
        let mut candidates = Vec::new();
        let service = arn.split(':').nth(2).unwrap_or_default();
        let resource = self.world.resources.get(arn);
        let own = resource.and_then(|resource| resource.policy.as_ref());
        let own = own.or_else(|| self.world.roles.get(arn).map(|role| &role.trust));
        if let Some(document) = own {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                let actions = self.actions(statement, service);
                let patterns = statement.resources.iter().map(String::as_str);
                let mut patterns: Vec<&str> =
                    patterns.map(|pattern| if pattern == "*" { arn } else { pattern }).collect();
                if patterns.is_empty() {
                    patterns.push(arn);
                }
                for principal in principals(statement) {
                    let principal = Arc::new(principal);
                    candidates.extend(patterns.iter().map(|pattern| Candidate {
                        principal: principal.clone(),
                        pattern,
                        document,
                        statement,
                        actions: actions.clone(),
                    }));
                }
            }
        }
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
                        principal: entry.principal.clone(),
                        pattern: entry.pattern,
                        document: entry.document,
                        statement: entry.statement,
                        actions: entry.actions.clone(),
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

    /// Decides what a candidate's statement asks for, and keeps what is allowed or unknown.
    fn decide(
        &self,
        arn: &str,
        candidate: &Candidate<'_>,
        cells: &mut BTreeMap<(String, String), Cell>,
    ) {
        let Candidate { principal, pattern, document: _, statement: _, actions } = candidate;
        let Some(context) = self.context(arn, candidate) else { return };
        let needed: BTreeSet<String> = context.iter().map(|(key, _)| key.to_owned()).collect();
        let service = arn.split(':').nth(2).unwrap_or_default();
        let mut targets = vec![arn.to_owned()];
        if service == "s3" && arn.split(':').nth(4) == Some("") {
            let below = format!("{arn}/");
            if pattern.starts_with(&below) {
                targets = vec![(*pattern).to_owned()];
            } else if pattern::matches(pattern, &format!("{below}{FILL}")) {
                targets.push(format!("{below}*"));
            }
        }
        let is_open = self.is_open(arn, principal.name());
        let is_of_service = |action: Action| {
            action.service() == service || (service == "iam" && action.service() == "sts")
        };
        for target in targets {
            let resource = pattern::sample(&target, FILL);
            let is_asked = |known: &&Known| {
                let can_be = is_open || IAM_ALONE.contains(&known.action.lower());
                can_be && is_of_service(known.action) && is_for(&known.forms, &target)
            };
            let mut asked = actions.iter().filter(is_asked).map(|known| known.action).peekable();
            let Some(action) = asked.peek().copied() else { continue };
            let (mut allowed, mut unknown) = (BTreeMap::new(), BTreeSet::new());
            let request = Request { principal, action, resource: &resource, context: &context };
            self.world.decide_each(&request, asked, |action, decision| match decision {
                Decision::Allow => _ = allowed.insert(action, needed.clone()),
                Decision::Unknown => _ = unknown.insert(action),
                Decision::ExplicitDeny | Decision::ImplicitDeny => {}
            });
            if allowed.is_empty() && unknown.is_empty() {
                continue;
            }
            let key = (principal.name().to_owned(), target);
            let cell = cells.entry(key).or_insert_with_key(|(principal, target)| Cell {
                resource: target.clone(),
                principal: principal.clone(),
                cells: None,
                actions: BTreeMap::new(),
                unknown: BTreeSet::new(),
                levels: BTreeSet::new(),
            });
            for (action, needed) in allowed {
                // Asking the catalogue again and again takes longer than to decide.
                let known = actions.iter().find(|known| known.action == action);
                cell.levels.extend(known.map(|known| known.level));
                let known = cell.actions.get(&action);
                if known.is_none_or(|keys: &BTreeSet<String>| needed.len() < keys.len()) {
                    cell.actions.insert(action, needed);
                }
            }
            cell.unknown.extend(unknown);
        }
    }

    /// The keys that a request must carry for a candidate's statement; `None` when no request about
    /// this resource fulfils its conditions.
    fn context(&self, arn: &str, candidate: &Candidate<'_>) -> Option<Context> {
        let Candidate { principal, document, statement, .. } = candidate;
        if statement.conditions.is_empty() {
            return Some(Context::new());
        }
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
        let mut context = contexts.into_iter().next()?;
        // What the resource itself says wins over what a sample would say.
        let claimed: Vec<Condition> =
            statement.conditions.iter().filter(|one| is_of_resource(&one.key)).cloned().collect();
        for condition in &claimed {
            context.remove(&condition.key);
        }
        let about = Request { context: &context, ..asking };
        self.world.fulfils(&about, &claimed).then_some(context)
    }
}

/// Whether an action with these forms is about a resource, as the service authorization reference has
/// it.
fn is_for(forms: &Forms, arn: &str) -> bool {
    let Some(known) = forms else { return true };
    let is_object = arn.split_once(":s3:::").is_some_and(|(_, name)| name.contains('/'));
    // A bucket's form would match its objects, as a wildcard crosses slashes.
    known
        .iter()
        .any(|(kind, form)| !(*kind == "bucket" && is_object) && pattern::matches(form, arn))
}

/// Keys of which the resource knows the value.
fn is_of_resource(key: &str) -> bool {
    key.contains("resourcetag/") || key == "kms:resourcealiases"
}

impl Known {
    fn of(action: Action) -> Self {
        let forms = catalogue::action(action.name()).map(|(service, known)| {
            let kinds = known.resources.iter();
            let kinds = kinds.filter_map(|resource| service.resource_type(resource.kind));
            kinds.map(|kind| (kind.name, as_pattern(kind.arn))).collect()
        });
        Self { action, level: Level::of(action), forms }
    }
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
