//! The access matrix: who reaches which resource, and how.
//!
//! Cells are found from the resource: by the statements of its own policy, by
//! the identity policies whose patterns match it, and by Lake Formation's
//! permissions. An index of the patterns by their beginnings keeps this
//! linear in the number of resources.

mod beginnings;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::action::{Action, Level, ServiceId};
use crate::document::{Condition, Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::lake::{CELLS, IAM_ALONE};
use crate::pattern;
use crate::prove::{actions_of, named_principals};
use crate::request::{Context, Principal, Request, arn_field};
use crate::sample::{self, FILL};
use crate::world::{Role, World};
use beginnings::Beginnings;

/// One cell: a principal and what it can do with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The resource's ARN; with a pattern where only a part is reached, such as a folder.
    pub resource: Arc<str>,
    /// Who.
    pub principal: Arc<Principal>,
    /// The rows and columns, where a filter of Lake Formation limits them.
    pub cells: Option<String>,
    /// The actions that are allowed, by what a request must carry.
    allowed: Vec<Allowed>,
    /// The actions of which it is not known.
    unknown: Vec<Action>,
    /// The levels of the allowed actions.
    pub levels: Levels,
}

/// Actions that are allowed under the same condition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    /// The same few lists are in nearly all cells, and kept once.
    actions: Arc<[Action]>,
    /// The condition keys that a request must carry; sorted.
    needed: Vec<String>,
}

/// A set of levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels(u8);

impl Levels {
    const fn bit(level: Level) -> u8 {
        1 << level as u8
    }

    fn insert(&mut self, level: Level) {
        self.0 |= Self::bit(level);
    }

    /// The levels, the weakest first.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| self.0 & Self::bit(*level) != 0)
    }
}

impl Cell {
    fn new(resource: Arc<str>, principal: Arc<Principal>, cells: Option<String>) -> Self {
        let (allowed, unknown) = (Vec::new(), Vec::new());
        Self { resource, principal, cells, allowed, unknown, levels: Levels::default() }
    }

    /// The allowed actions, each with the condition keys that a request must carry. What is allowed in
    /// several ways needs the fewest of them.
    pub fn actions(&self) -> BTreeMap<Action, &[String]> {
        let mut all: BTreeMap<Action, &[String]> = BTreeMap::new();
        for Allowed { actions, needed } in &self.allowed {
            for action in actions.iter() {
                let known = all.entry(*action).or_insert(needed);
                if needed.len() < known.len() {
                    *known = needed;
                }
            }
        }
        all
    }

    /// The actions of which it is not known.
    pub fn unknown(&self) -> BTreeSet<Action> {
        self.unknown.iter().copied().collect()
    }

    /// Takes over what another cell of the same principal and resource says: IAM and Lake Formation
    /// both have a say.
    pub fn take(&mut self, other: &mut Self) {
        self.allowed.append(&mut other.allowed);
        self.unknown.append(&mut other.unknown);
        self.levels.0 |= other.levels.0;
    }

    fn allow(&mut self, actions: &[Action], needed: Vec<String>) {
        for action in actions {
            self.levels.insert(action.level());
        }
        self.allowed.push(Allowed { actions: kept(actions), needed });
    }
}

/// A list of actions, kept once in each thread.
fn kept(actions: &[Action]) -> Arc<[Action]> {
    thread_local! {
        static KNOWN: RefCell<BTreeSet<Arc<[Action]>>> = const { RefCell::new(BTreeSet::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(list) = known.get(actions) {
            return list.clone();
        }
        let list: Arc<[Action]> = actions.into();
        known.insert(list.clone());
        list
    })
}

/// Identity statements by the beginnings of their patterns.
#[derive(Debug)]
pub struct Index<'w> {
    world: &'w World,
    by_account: BTreeMap<&'w str, OfAccount<'w>>,
}

/// The roles of one account, indexed when a resource of the account is first asked for.
#[derive(Debug)]
struct OfAccount<'w> {
    roles: Vec<&'w Role>,
    by_service: OnceLock<BTreeMap<&'w str, Beginnings<'w, Entry<'w>>>>,
}

/// A pattern of a statement.
#[derive(Debug)]
struct Entry<'w> {
    principal: Arc<Principal>,
    pattern: &'w str,
    named: Arc<Named<'w>>,
}

/// A statement with the actions that it names, and the requests that fulfil its conditions.
#[derive(Debug)]
struct Named<'w> {
    document: &'w Document,
    statement: &'w Statement,
    /// The actions, where the statement has patterns for them.
    expanded: Option<Arc<[Action]>>,
    /// The keys that a request must carry, where they are the same for every principal; without one,
    /// no request fulfils the conditions.
    context: OnceLock<Option<Context>>,
}

impl<'w> Named<'w> {
    fn new(document: &'w Document, statement: &'w Statement) -> Self {
        let has_patterns = statement.not_actions || !statement.actions.patterns.is_empty();
        let expanded = has_patterns.then(|| actions_of(statement).into());
        Self { document, statement, expanded, context: OnceLock::new() }
    }

    fn actions(&self) -> &[Action] {
        self.expanded.as_deref().unwrap_or(&self.statement.actions.names)
    }

    /// Whether any action of a service, `*` for all of them, can be about a resource.
    fn is_about_resources(&self, service: &str) -> bool {
        let is_of = |action: Action| {
            let of = action.service();
            service == "*" || of == service || (service == "iam" && of == "sts")
        };
        let is_about = |action: Action| action.forms().is_none_or(|forms| !forms.is_empty());
        self.actions().iter().any(|action| is_of(*action) && is_about(*action))
    }

    /// Whether the text of a condition depends on who asks.
    fn has_variables(&self) -> bool {
        let has = |condition: &Condition| {
            condition.key != CELLS && condition.values.iter().any(|value| value.contains("${"))
        };
        self.document.has_variables && self.statement.conditions.iter().any(has)
    }

    /// A request that fulfils the conditions, but those of which the resource knows the value.
    fn sample(&self, expand: impl Fn(&str, &str) -> String) -> Option<Context> {
        let conditions = &self.statement.conditions;
        let mut context = sample::contexts(conditions, expand).into_iter().next()?;
        // What the resource itself says wins over what a sample would say.
        for condition in conditions.iter().filter(|one| is_of_resource(&one.key)) {
            context.remove(&condition.key);
        }
        Some(context)
    }
}

/// What a statement says of one resource.
struct Candidate<'w> {
    principal: Arc<Principal>,
    pattern: &'w str,
    named: Arc<Named<'w>>,
}

/// A resource or a part of it, as it is asked for.
struct Target {
    text: Arc<str>,
    sample: String,
    /// Whether each resource type of the service that was met so far has ARNs like this one.
    kinds: Vec<(&'static str, bool)>,
}

/// What is asked about each target for each principal, by the keys of the requests.
type Asked<'c> = BTreeMap<(&'c str, usize), (&'c Arc<Principal>, Vec<(Context, Vec<Action>)>)>;

impl<'w> Index<'w> {
    /// Indexes the identity policies of a world.
    pub fn of(world: &'w World) -> Self {
        let mut by_account: BTreeMap<&str, OfAccount<'_>> = BTreeMap::new();
        for role in world.roles.values() {
            let of_account = by_account
                .entry(&role.account)
                .or_insert_with(|| OfAccount { roles: Vec::new(), by_service: OnceLock::new() });
            of_account.roles.push(role);
        }
        Self { world, by_account }
    }

    /// The cells of one resource.
    pub fn cells(&self, arn: &str) -> Vec<Cell> {
        let service = arn_field(arn, 2).unwrap_or_default();
        let is_iam = service == "iam";
        let (own, sts) = (ServiceId::of(service), ServiceId::of("sts"));
        let candidates = self.candidates(arn, service);
        let mut targets: Vec<Target> = Vec::new();
        let mut asked: Asked<'_> = BTreeMap::new();
        for candidate in &candidates {
            let is_open = service != "glue" || self.is_open(arn, candidate.principal.name());
            for text in targets_of(arn, service, candidate.pattern) {
                let place = targets.iter().position(|target| *target.text == *text);
                let place = place.unwrap_or_else(|| {
                    targets.push(Target::new(text));
                    targets.len() - 1
                });
                let target = &mut targets[place];
                let mut wanted = Vec::new();
                for action in candidate.named.actions() {
                    let of = action.service_id();
                    let is_of_service = of == own || (is_iam && of == sts);
                    let can_be = is_open || IAM_ALONE.contains(&action.lower());
                    if is_of_service && can_be && target.is_for(*action) {
                        wanted.push(*action);
                    }
                }
                if wanted.is_empty() {
                    continue;
                }
                let Some(context) = self.context(arn, candidate) else { break };
                let principal = &candidate.principal;
                let (_, known) = asked
                    .entry((principal.name(), place))
                    .or_insert_with(|| (principal, Vec::new()));
                match known.iter_mut().find(|(other, _)| *other == context) {
                    Some((_, actions)) => {
                        let known = actions.clone();
                        actions.extend(wanted.into_iter().filter(|a| !known.contains(a)));
                    }
                    None => known.push((context, wanted)),
                }
            }
        }
        let mut cells = Vec::with_capacity(asked.len());
        for ((_, place), (principal, asked)) in asked {
            let target = &targets[place];
            let mut cell = Cell::new(target.text.clone(), principal.clone(), None);
            for (context, actions) in asked {
                self.decide(target, &context, &actions, &mut cell);
            }
            if !cell.allowed.is_empty() || !cell.unknown.is_empty() {
                cells.push(cell);
            }
        }
        cells
    }

    /// Decides the same request for several actions, and keeps what is allowed or unknown.
    fn decide(&self, target: &Target, context: &Context, actions: &[Action], cell: &mut Cell) {
        let Some(action) = actions.first().copied() else { return };
        let principal = cell.principal.clone();
        let request = Request { principal: &principal, action, resource: &target.sample, context };
        let mut allowed = Vec::new();
        self.world.decide_each(&request, actions, |action, decision| match decision {
            Decision::Allow => allowed.push(action),
            Decision::Unknown => cell.unknown.push(action),
            Decision::ExplicitDeny | Decision::ImplicitDeny => {}
        });
        if !allowed.is_empty() {
            cell.allow(&allowed, context.iter().map(|(key, _)| key.to_owned()).collect());
        }
    }

    /// The cells of one principal's Lake Formation permissions.
    pub fn lake_cells(&self, principal: &str) -> Vec<Cell> {
        let mut given: BTreeMap<(&str, Option<&str>), Vec<Action>> = BTreeMap::new();
        for grant in self.world.lake.grants.get(principal).into_iter().flatten() {
            let permissions = given.entry((&grant.resource, grant.cells.as_deref())).or_default();
            if !permissions.contains(&grant.permission) {
                permissions.push(grant.permission);
            }
        }
        let principal = Arc::new(Principal::role(principal));
        let cell = |((resource, cells), permissions): ((&str, Option<&str>), Vec<Action>)| {
            let mut cell = Cell::new(resource.into(), principal.clone(), cells.map(str::to_owned));
            cell.allow(&permissions, Vec::new());
            cell
        };
        given.into_iter().map(cell).collect()
    }

    fn candidates(&self, arn: &str, service: &str) -> Vec<Candidate<'w>> {
        let mut candidates = Vec::new();
        let resource = self.world.resources.get(arn);
        let own = resource.map(|resource| (resource.arn.as_str(), resource.policy.as_ref()));
        let own = own.or_else(|| {
            self.world.roles.get(arn).map(|role| (role.arn.as_str(), Some(&role.trust)))
        });
        if let Some((own, Some(document))) = own {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                let named = Arc::new(Named::new(document, statement));
                let patterns = statement.resources.iter().map(String::as_str);
                let mut patterns: Vec<&'w str> =
                    patterns.map(|pattern| if pattern == "*" { own } else { pattern }).collect();
                if patterns.is_empty() {
                    patterns.push(own);
                }
                for principal in principals(statement) {
                    let principal = Arc::new(principal);
                    candidates.extend(patterns.iter().map(|pattern| Candidate {
                        principal: principal.clone(),
                        pattern,
                        named: named.clone(),
                    }));
                }
            }
        }
        // From another account nothing is reached without the resource's own policy, whose statements
        // are candidates already.
        let account = resource.map(|resource| resource.account.as_str());
        let account = account.or_else(|| arn_field(arn, 4)).unwrap_or_default();
        let Some(of_account) = self.by_account.get(account) else { return candidates };
        // A bucket's objects are found by patterns that go on after the bucket's name.
        let below = is_bucket(arn, service).then(|| format!("{arn}/"));
        let any_object = below.as_ref().map(|below| format!("{below}{FILL}"));
        let mut add = |entry: &Entry<'w>| {
            let matches = |text: &String| pattern::matches(entry.pattern, text);
            let is_about = pattern::matches(entry.pattern, arn)
                || below.as_ref().is_some_and(|below| entry.pattern.starts_with(below))
                || any_object.as_ref().is_some_and(matches);
            if is_about {
                candidates.push(Candidate {
                    principal: entry.principal.clone(),
                    pattern: entry.pattern,
                    named: entry.named.clone(),
                });
            }
        };
        let by_service = of_account.by_service();
        for beginnings in [service, "*"].into_iter().filter_map(|of| by_service.get(of)) {
            beginnings.of(arn).for_each(&mut add);
            if let Some(below) = &below {
                beginnings.beyond(below).for_each(&mut add);
            }
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

    /// The keys that a request must carry for a candidate's statement; `None` when no request about
    /// this resource fulfils its conditions.
    fn context(&self, arn: &str, candidate: &Candidate<'_>) -> Option<Context> {
        let Candidate { principal, pattern: _, named } = candidate;
        let conditions = &named.statement.conditions;
        if conditions.is_empty() {
            return Some(Context::new());
        }
        let nothing = Context::new();
        let action = Action::new("sample:Sample");
        let asking = Request { principal, action, resource: arn, context: &nothing };
        let context = if named.has_variables() {
            named.sample(|key, text| {
                let is_variable = key != CELLS && text.contains("${");
                let expanded = is_variable.then(|| self.world.expanded(text, &asking));
                expanded.flatten().unwrap_or_else(|| text.to_owned())
            })
        } else {
            named.context.get_or_init(|| named.sample(|_, text| text.to_owned())).clone()
        };
        let context = context?;
        let claimed = conditions.iter().filter(|one| is_of_resource(&one.key));
        let about = Request { context: &context, ..asking };
        self.world.fulfils(&about, claimed).then_some(context)
    }
}

impl<'w> OfAccount<'w> {
    fn by_service(&self) -> &BTreeMap<&'w str, Beginnings<'w, Entry<'w>>> {
        self.by_service.get_or_init(|| {
            let mut by_service: BTreeMap<&str, Vec<(&str, Entry<'_>)>> = BTreeMap::new();
            for role in &self.roles {
                let principal = Arc::new(Principal::role(role.arn.clone()));
                for document in &role.identity {
                    for statement in document.statements.iter().filter(|one| one.is_allow) {
                        let named = Arc::new(Named::new(document, statement));
                        // What is about no resource is in no cell: every role of an account has such
                        // statements, and each resource would look at all of them.
                        let is_about = |service: &&str| named.is_about_resources(service);
                        for service in services(statement).into_iter().filter(is_about) {
                            let entries = by_service.entry(service).or_default();
                            entries.extend(beginnings_of(statement).map(|(start, pattern)| {
                                let (principal, named) = (principal.clone(), named.clone());
                                (start, Entry { principal, pattern, named })
                            }));
                        }
                    }
                }
            }
            let sorted = |(service, entries)| (service, Beginnings::new(entries));
            by_service.into_iter().map(sorted).collect()
        })
    }
}

/// The patterns of a statement, each with what stands before its first wildcard.
fn beginnings_of(statement: &Statement) -> impl Iterator<Item = (&str, &str)> {
    statement.resources.iter().map(|pattern| {
        let pattern = if statement.not_resources { "*" } else { pattern.as_str() };
        let end = pattern.find(['*', '?', '$']).unwrap_or(pattern.len());
        (&pattern[..end], pattern)
    })
}

fn is_bucket(arn: &str, service: &str) -> bool {
    service == "s3" && arn.split(':').nth(4) == Some("")
}

/// What a pattern says something of: the resource, or objects in it.
fn targets_of(arn: &str, service: &str, pattern: &str) -> Vec<String> {
    if is_bucket(arn, service) {
        let below = format!("{arn}/");
        if pattern.starts_with(&below) {
            return vec![pattern.to_owned()];
        }
        if pattern::matches(pattern, &format!("{below}{FILL}")) {
            return vec![arn.to_owned(), format!("{below}*")];
        }
    }
    vec![arn.to_owned()]
}

impl Target {
    fn new(text: String) -> Self {
        let sample = pattern::sample(&text, FILL);
        Self { text: text.into(), sample, kinds: Vec::new() }
    }

    /// Whether an action is about a target, as the service authorization reference has it.
    fn is_for(&mut self, action: Action) -> bool {
        let Some(forms) = action.forms() else { return true };
        let text = &self.text;
        forms.iter().any(|form| {
            if let Some((_, is_like)) = self.kinds.iter().find(|(kind, _)| *kind == form.kind) {
                return *is_like;
            }
            let is_object = text.split_once(":s3:::").is_some_and(|(_, name)| name.contains('/'));
            // A bucket's form would match its objects, as a wildcard crosses slashes.
            let is_like =
                !(form.kind == "bucket" && is_object) && pattern::matches(&form.arn, text);
            self.kinds.push((form.kind, is_like));
            is_like
        })
    }
}

/// Keys of which the resource knows the value.
fn is_of_resource(key: &str) -> bool {
    key.contains("resourcetag/") || key == "kms:resourcealiases"
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
                named_principals(&statement.conditions).unwrap_or_default()
            }
            PrincipalEntry::Other(_) => Vec::new(),
        })
        .collect()
}
