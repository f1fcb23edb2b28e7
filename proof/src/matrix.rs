//! The access matrix: which principal can access which resource, and how.
//!
//! The cells of a resource come from the statements of its own policy, from identity policies whose patterns match it,
//! and from Lake Formation permissions. An index of the patterns by prefix keeps the time linear in the number of
//! resources.

mod asked;
mod beginnings;
mod cell;
mod named;
mod whom;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use lakewright_access::action::{Action, ServiceId};
use lakewright_access::document::Statement;
use lakewright_access::evaluate::Decision;
use lakewright_access::lake::{CELLS, Needs, is_group, is_of_data};
use lakewright_access::request::{Context, Principal, Request, account_of, is_told, partition_of};
use lakewright_access::world::{HYBRID, Role, Target, World};

use asked::{Asked, Part};
use beginnings::Beginnings;
pub use cell::{Cell, Levels, Needed};
use named::{Carried, Named, Unfulfillable};
use whom::Whom;

/// Identity policy statements, indexed by the prefixes of their resource patterns.
#[derive(Debug)]
pub struct Index<'w> {
    world: &'w World,
    by_account: BTreeMap<&'w str, OfAccount<'w>>,
}

/// The roles of one account. The index is built when a resource of the account is first looked up.
#[derive(Debug)]
struct OfAccount<'w> {
    roles: Vec<&'w Role>,
    by_service: OnceLock<BTreeMap<&'w str, Beginnings<'w, Entry<'w>>>>,
}

/// A resource pattern of an identity policy statement, with the principal.
#[derive(Debug)]
struct Entry<'w> {
    principal: Arc<Principal>,
    pattern: &'w str,
    named: Arc<Named<'w>>,
}

/// An `Allow` statement of a resource's own policy.
struct Own<'w> {
    principals: Vec<Arc<Principal>>,
    /// The accounts whose own policies decide.
    accounts: BTreeSet<&'w str>,
    patterns: Vec<&'w str>,
    named: Named<'w>,
}

/// A pattern of an `Allow` statement that may match the resource, with the principal.
struct Candidate<'c, 'w> {
    principal: &'c Arc<Principal>,
    pattern: &'c str,
    named: &'c Named<'w>,
}

/// The requests to decide, by the principal's name and the index of the part: the principal, and the actions by the
/// context that requests must carry.
type Questions<'c> =
    IndexMap<(&'c str, usize), (&'c Arc<Principal>, Vec<(Option<Arc<Context>>, Vec<Action>)>)>;

impl<'w> Index<'w> {
    /// Indexes the identity policies of all roles.
    pub fn of(world: &'w World) -> Self {
        let mut by_account: BTreeMap<&str, OfAccount<'_>> = BTreeMap::new();
        for role in world.roles().values() {
            let of_account = by_account
                .entry(&role.account)
                .or_insert_with(|| OfAccount { roles: Vec::new(), by_service: OnceLock::new() });
            of_account.roles.push(role);
        }
        Self { world, by_account }
    }

    /// The cells of one resource.
    pub fn cells(&self, arn: &str) -> Vec<Cell> {
        let asked = Asked::new(arn);
        let is_iam = asked.service == "iam";
        let (own, sts) = (ServiceId::of(asked.service), ServiceId::of("sts"));
        let of_policy = self.own(arn);
        let candidates = self.candidates(&asked, &of_policy);
        let whole = self.known(arn);
        // In a database that Lake Formation governs, actions that need a permission are denied to principals without
        // one.
        let lake = &self.world.lake();
        let is_shut = lake.governed.contains(arn) || lake.links.contains(arn);
        let is_governed = asked.service == "glue" && is_shut;
        let let_in = is_governed.then(|| lake.principals_of(arn).chain(lake.admins_of(arn)));
        let let_in: Option<Vec<&str>> = let_in.map(Iterator::collect);
        let mut parts: IndexMap<Arc<str>, Part<'w>> = IndexMap::new();
        let mut questions: Questions<'_> = IndexMap::new();
        for candidate in &candidates {
            let name = candidate.principal.name();
            let is_let_in = |known: &&str| *known == name || is_group(known);
            let is_open = let_in.as_ref().is_none_or(|let_in| let_in.iter().any(is_let_in));
            for text in asked.parts_in(candidate.pattern).into_iter().flatten() {
                let place = parts.get_index_of(&*text).unwrap_or_else(|| {
                    let part = Part::new(&text, |sample| self.known(sample));
                    parts.insert_full(part.text.clone(), part).0
                });
                let part = &mut parts[place];
                let mut wanted = Vec::new();
                for action in candidate.named.actions() {
                    let of = action.service_id();
                    let is_of_service = of == own || (is_iam && of == sts);
                    let can_be =
                        is_open || matches!(action.needs(), Needs::Nothing | Needs::Unknown);
                    if is_of_service && can_be && part.is_for(*action) {
                        wanted.push(*action);
                    }
                }
                if wanted.is_empty() {
                    continue;
                }
                let Ok(context) = self.context(arn, &whole, candidate) else { break };
                let (_, known) = questions
                    .entry((name, place))
                    .or_insert_with(|| (candidate.principal, Vec::new()));
                match known.iter_mut().find(|(other, _)| *other == context) {
                    Some((_, actions)) => {
                        let known = actions.len();
                        for action in wanted {
                            if !actions[..known].contains(&action) {
                                actions.push(action);
                            }
                        }
                    }
                    None => known.push((context, wanted)),
                }
            }
        }
        let mut cells = Vec::with_capacity(questions.len());
        for ((_, place), (principal, asked)) in questions {
            let part = &parts[place];
            let mut cell = Cell::new(part.text.clone(), principal.clone(), None);
            for (context, actions) in asked {
                self.decide(part, context, &actions, &mut cell);
            }
            if !cell.is_empty() {
                cells.push(cell);
            }
        }
        cells
    }

    /// What is known of a resource, independent of the action.
    fn known(&self, arn: &str) -> Target<'w> {
        let (nobody, nothing) = (Principal::Anonymous, Context::new());
        let action = Action::new("sample:Sample");
        let request = Request { principal: &nobody, action, resource: arn, context: &nothing };
        self.world.target(&request)
    }

    /// Decides one request for several actions, and records in `cell` what is allowed or unknown.
    fn decide(
        &self,
        part: &Part<'_>,
        context: Option<Arc<Context>>,
        actions: &[Action],
        cell: &mut Cell,
    ) {
        let Some(action) = actions.first().copied() else { return };
        let (principal, nothing) = (cell.principal.clone(), Context::new());
        let carried = context.as_deref().unwrap_or(&nothing);
        let request =
            Request { principal: &principal, action, resource: &part.sample, context: carried };
        let mut allowed = Vec::new();
        let each = |action: Action, decision: Decision, reason: &'static str| match decision {
            Decision::Allow => allowed.push(action),
            Decision::Unknown => cell.doubt(action, reason),
            Decision::ExplicitDeny | Decision::ImplicitDeny => {}
        };
        self.world.decide_each(&request, &part.known, actions, each);
        if !allowed.is_empty() {
            cell.allow(&allowed, context);
        }
    }

    /// The cells of one principal's Lake Formation permissions.
    pub fn lake_cells(&self, principal: &str) -> Vec<Cell> {
        let mut given: BTreeMap<(&str, Option<&str>), Vec<Action>> = BTreeMap::new();
        for grant in self.world.lake().grants.get(principal).into_iter().flatten() {
            let permissions = given.entry((&grant.resource, grant.cells.as_deref())).or_default();
            if !permissions.contains(&grant.permission) {
                permissions.push(grant.permission);
            }
        }
        let principal = Arc::new(Principal::role(principal));
        // IAM must allow reading and writing data as well.
        let (by_iam, reason) = self.world.data_access(&principal);
        let cell = |((resource, cells), permissions): ((&str, Option<&str>), Vec<Action>)| {
            let mut cell = Cell::new(resource.into(), principal.clone(), cells.map(str::to_owned));
            let (of_data, others): (Vec<Action>, Vec<Action>) =
                permissions.into_iter().partition(|permission| is_of_data(*permission));
            let (by_iam, reason) = match by_iam {
                Decision::Allow if self.world.lake().is_in_hybrid(resource) => {
                    (Decision::Unknown, HYBRID)
                }
                _ => (by_iam, reason),
            };
            match by_iam {
                Decision::Allow => cell.allow(&[of_data, others].concat(), None),
                Decision::Unknown => {
                    for permission in of_data {
                        cell.doubt(permission, reason);
                    }
                    cell.allow(&others, None);
                }
                Decision::ExplicitDeny | Decision::ImplicitDeny => cell.allow(&others, None),
            }
            cell
        };
        given.into_iter().map(cell).filter(|cell| !cell.is_empty()).collect()
    }

    /// The `Allow` statements of a resource's own policy, or of a role's trust policy.
    fn own(&self, arn: &str) -> Vec<Own<'w>> {
        let resource = self.world.resources().get(arn);
        let (partition, account) = (partition_of(arn).unwrap_or("aws"), self.account_of(arn));
        let policy = resource.map(|resource| (resource.arn.as_str(), resource.policy.as_ref()));
        let role =
            || self.world.roles().get(arn).map(|role| (role.arn.as_str(), Some(&role.trust)));
        let Some((own, Some(document))) = policy.or_else(role) else { return Vec::new() };
        let allowing = document.statements.iter().filter(|statement| statement.is_allow);
        let of = |statement: &'w Statement| {
            let patterns = statement.resources.iter().map(String::as_str);
            let mut patterns: Vec<&'w str> =
                patterns.map(|pattern| if pattern == "*" { own } else { pattern }).collect();
            if patterns.is_empty() {
                patterns.push(own);
            }
            let Whom { principals, accounts } = self.whom(statement, partition, account);
            let principals = principals.into_iter().map(Arc::new).collect();
            Own { principals, accounts, patterns, named: Named::new(document, statement) }
        };
        allowing.map(of).collect()
    }

    fn candidates<'c>(&'c self, asked: &Asked<'c>, own: &'c [Own<'w>]) -> Vec<Candidate<'c, 'w>> {
        let mut candidates = Vec::new();
        for Own { principals, patterns, named, .. } in own {
            for principal in principals {
                let each = patterns.iter().map(|pattern| Candidate { principal, pattern, named });
                candidates.extend(each);
            }
        }
        // Principals of other accounts need the resource's own policy. A bucket that no template creates may belong to
        // any account, so the roles of all accounts are candidates.
        let account = self.account_of(asked.arn);
        let mut accounts: BTreeSet<&str> =
            own.iter().flat_map(|own| own.accounts.iter().copied()).collect();
        if account.is_empty() {
            accounts.extend(self.by_account.keys());
        } else {
            accounts.insert(account);
        }
        let mut add = |entry: &'c Entry<'w>| {
            if asked.is_in(entry.pattern) {
                let Entry { principal, pattern, named } = entry;
                candidates.push(Candidate { principal, pattern, named });
            }
        };
        for of_account in accounts.iter().filter_map(|account| self.by_account.get(account)) {
            let by_service = of_account.by_service();
            for beginnings in
                [asked.service, "*"].into_iter().filter_map(|of| by_service.get::<str>(of))
            {
                beginnings.of(asked.arn).for_each(&mut add);
                if let Some(objects) = &asked.objects {
                    beginnings.beyond(&objects.start).for_each(&mut add);
                }
            }
        }
        candidates
    }

    /// The account of a resource; empty for a bucket that no template creates.
    fn account_of<'a>(&self, arn: &'a str) -> &'a str
    where
        'w: 'a,
    {
        let resource = self.world.resources().get(arn).map(|resource| resource.account.as_str());
        resource.or_else(|| account_of(arn)).unwrap_or_default()
    }

    /// The context that a request must carry to fulfil the conditions of the candidate's statement for this resource.
    ///
    /// Fails if no request can.
    fn context(&self, arn: &str, known: &Target<'_>, candidate: &Candidate<'_, '_>) -> Carried {
        let Candidate { principal, pattern: _, named } = candidate;
        let conditions = &named.statement.conditions;
        if conditions.is_empty() {
            return Ok(None);
        }
        let nothing = Context::new();
        let action = Action::new("sample:Sample");
        let asking = Request { principal, action, resource: arn, context: &nothing };
        // If no template creates the resource, its tags are unknown: the request may claim any.
        let is_told =
            |key: &str| is_told(key) && (known.tags.is_some() || !key.contains("resourcetag/"));
        let context = if named.has_variables() || known.tags.is_none() {
            let expand = |key: &str, text: &str| {
                let is_variable = key != CELLS && text.contains("${");
                let expanded = is_variable.then(|| self.world.expanded(text, &asking));
                expanded.flatten().unwrap_or_else(|| text.to_owned())
            };
            named.sample(expand, is_told)
        } else {
            named.context.get_or_init(|| named.sample(|_, text| text.to_owned(), is_told)).clone()
        };
        let context = context?;
        let claimed = conditions.iter().filter(|one| is_told(&one.key));
        let about = Request { context: context.as_deref().unwrap_or(&nothing), ..asking };
        let is_fulfilled = self.world.fulfils_about(&about, known, claimed);
        if is_fulfilled { Ok(context) } else { Err(Unfulfillable) }
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
                        for service in services(statement, &named) {
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

/// The resource patterns of a statement, each after the prefix before its first wildcard or variable.
fn beginnings_of(statement: &Statement) -> impl Iterator<Item = (&str, &str)> {
    statement.resources.iter().map(|pattern| {
        let pattern = if statement.not_resources { "*" } else { pattern.as_str() };
        let end = pattern.find(['*', '?', '$']).unwrap_or(pattern.len());
        (&pattern[..end], pattern)
    })
}

/// The services whose resources a statement covers; `*` for all services. STS actions count as IAM, because they apply
/// to roles. Actions without resources are left out: they are in no cell, and every role of an account has such
/// statements, so each resource would have to check them all.
fn services<'w>(statement: &'w Statement, named: &Named<'_>) -> Vec<&'w str> {
    if statement.not_actions {
        return if named.is_about_resources("*") { vec!["*"] } else { Vec::new() };
    }
    let own = |service: &'w str| if service == "sts" { "iam" } else { service };
    let patterns = statement.actions.patterns();
    if patterns.is_empty() {
        // Names are sorted, so all names of one service are adjacent.
        let about = statement
            .actions
            .names()
            .iter()
            .filter(|name| name.forms().is_none_or(|forms| !forms.is_empty()));
        let mut services: Vec<&str> = Vec::new();
        for service in about.map(|name| own(name.service())) {
            if services.last() != Some(&service) {
                services.push(service);
            }
        }
        if services.len() > 1 {
            services.sort_unstable();
            services.dedup();
        }
        return services;
    }
    let named_services = statement.actions.names().iter().map(|action| action.service());
    let of_patterns = patterns.iter().map(|pattern| match pattern.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?']) => service,
        _ => "*",
    });
    let all: BTreeSet<&str> = named_services.chain(of_patterns).map(own).collect();
    all.into_iter().filter(|service| named.is_about_resources(service)).collect()
}
