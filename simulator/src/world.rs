//! The simulated world: accounts and regions with stacks. It knows no clock; each call says what time it is.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lakewright_deployer::cloud::{self, CloudError, Placed};
use lakewright_fleet::plan::Observed;
use lakewright_template::{AccountId, Place, StackAddress};

use crate::faults::{Faults, Intrusion};
use crate::operation::{Kind, Operation};
use crate::random::Random;
use crate::shape::Shape;
use crate::stack::{ChangeSet, Made, Next, Stack, Standing};

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the rule.
    pub rule: &'static str,
    /// What happened.
    pub text: String,
}

/// A request that had an effect on a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When, in milliseconds.
    pub at: u64,
    /// The stack.
    pub address: StackAddress,
    /// The token of the request.
    pub token: String,
    /// Whether it started an operation: otherwise it prepared a change set.
    pub is_operation: bool,
    /// The mesh that the stack belonged to.
    pub mesh: Option<String>,
}

/// An operation that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When it started, in milliseconds.
    pub from: u64,
    /// When it ended.
    pub until: u64,
    /// The stack.
    pub address: StackAddress,
    /// The revision of the stack since then.
    pub revision: Option<String>,
    /// The status at the end.
    pub status: String,
}

/// The requests to an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// All requests.
    pub all: u64,
    /// Requests that were refused because there were too many.
    pub throttled: u64,
    /// Requests that were refused because too many resources were in operation.
    pub full: u64,
}

/// What the world writes down about a run.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The requests that had an effect.
    pub effects: Vec<Effect>,
    /// The operations that have ended.
    pub ended: Vec<Ended>,
    /// The rules that were broken.
    pub violations: Vec<Violation>,
    /// The requests to each account.
    pub calls: BTreeMap<AccountId, Calls>,
    /// The highest number of stacks in operation at once.
    pub most_at_once: usize,
}

/// What a stack is at the end: for comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Final {
    /// The status. All that mean a complete stack are one, because a run that was resumed may create what another one
    /// has updated.
    pub status: String,
    /// The revision.
    pub revision: Option<String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The logical ids of its resources.
    pub resources: BTreeSet<String>,
}

/// What is left of a rate of requests.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Requests that may come at once, in millionths. Less than nothing if requests wait that were let in ahead of time.
    room: i64,
    /// When `room` was last right.
    seen: u64,
}

/// What a request is to. CloudFormation has a rate for requests that read and one for requests that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Read,
    Change,
    /// To another service, whose limits are other ones.
    Other,
}

/// An account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Local {
    /// What is left of the rate of reads, then of that of changes.
    buckets: [Bucket; 2],
    /// How many resources are in operation.
    pub(crate) in_operation: usize,
    /// The principals that are opted in, as `principal resource`.
    pub(crate) opted_in: BTreeSet<(String, String)>,
}

/// What happens at a time.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    /// A request arrives.
    Request(Place, Request),
    /// A change set is ready.
    Prepared(usize, String),
    /// The stage of a stack's operation ends.
    Stage(usize),
    /// Somebody else does something.
    Somebody(Intrusion),
}

/// A request that changes something.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Prepare { stack: Box<cloud::Stack>, name: String, creates: bool, token: String },
    Discard { stack: String, name: String },
    Execute { stack: String, name: String, token: String },
    Delete { stack: String, token: String },
    Forget { stack: String },
}

impl Request {
    /// The token of the request, if it has one.
    pub(crate) fn token(&mut self) -> Option<&mut String> {
        match self {
            Self::Prepare { token, .. }
            | Self::Execute { token, .. }
            | Self::Delete { token, .. } => Some(token),
            Self::Discard { .. } | Self::Forget { .. } => None,
        }
    }
}

/// The world.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) faults: Faults,
    pub(crate) random: Random,
    pub(crate) stacks: Vec<Stack>,
    pub(crate) by_name: BTreeMap<StackAddress, usize>,
    by_id: BTreeMap<String, usize>,
    pub(crate) places: BTreeMap<Place, Local>,
    accounts: Vec<AccountId>,
    agenda: BTreeMap<(u64, u64), Due>,
    pub(crate) sequence: u64,
    answers: BTreeMap<u64, Result<String, CloudError>>,
    pub(crate) objects: BTreeMap<(String, String), (String, u64)>,
    /// The ARNs of the roles that exist, by account and name.
    pub(crate) roles: BTreeMap<(String, String), String>,
    pub(crate) busy: usize,
    /// Whether requests know the rates, and wait instead of being refused.
    pub(crate) is_informed: bool,
    /// What was written down.
    pub log: Log,
}

impl World {
    /// An empty world.
    pub fn new(faults: Faults) -> Self {
        let mut world = Self {
            random: Random::of(faults.seed, "world"),
            stacks: Vec::new(),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            places: BTreeMap::new(),
            accounts: Vec::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            answers: BTreeMap::new(),
            objects: BTreeMap::new(),
            roles: BTreeMap::new(),
            busy: 0,
            is_informed: false,
            log: Log::default(),
            faults,
        };
        for (at, what) in world.faults.intrusions.clone() {
            world.plan(at, Due::Somebody(what));
        }
        world
    }

    /// What goes wrong in it.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Adds a stack that was deployed before, with this status. `older` is how many of a thousand of its resources the
    /// wanted template changes; with 0 it is up to date.
    ///
    /// # Errors
    ///
    /// Its template is not one.
    pub fn add(&mut self, stack: &cloud::Stack, status: &str, older: u64) -> Result<(), String> {
        let mut shape = Shape::of(&stack.template)?;
        let address = stack.entry.address();
        let mut random = Random::of(self.faults.seed, &format!("older {address}"));
        let first = random.index(shape.0.len());
        for (number, part) in shape.0.values_mut().enumerate() {
            if older > 0 && (number == first || random.chance(older)) {
                part.older();
                if random.chance(self.faults.replacing) {
                    part.other();
                }
            }
        }
        let revision = if older > 0 { "older".to_owned() } else { stack.entry.revision.clone() };
        let index = self.create(&address, 0);
        let is_empty = matches!(status, "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE");
        let one = &mut self.stacks[index];
        one.now = Next {
            shape: Rc::new(if is_empty { Shape::default() } else { shape }),
            tags: stack.entry.tags.clone(),
            revision: (!is_empty).then_some(revision),
            template: Rc::from(stack.template.as_str()),
        };
        for id in one.now.shape.0.keys() {
            one.made.insert(id.clone(), Made { number: 0, is_used: true });
        }
        one.becomes(status, 0);
        // It was so before the start.
        one.history.remove(0);
        one.operation = Operation::under_way(status, one.now.clone());
        if one.operation.is_some() {
            self.busy += 1;
            self.local(&address.place).in_operation += 1;
            let until = self.random.between(500, 60_000);
            self.plan(until, Due::Stage(index));
        }
        Ok(())
    }

    /// Makes roles known, by ARN: requests to IAM find them.
    pub fn know_roles(&mut self, arns: impl IntoIterator<Item = String>) {
        for arn in arns {
            let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
            let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
            self.roles.insert((account, name), arn);
        }
    }

    /// Creates an empty stack. Returns its index.
    pub(crate) fn create(&mut self, address: &StackAddress, now: u64) -> usize {
        let Place { account, region } = &address.place;
        let index = self.stacks.len();
        let id =
            format!("arn:aws:cloudformation:{region}:{account}:stack/{}/{index}", address.name);
        self.stacks.push(Stack::new(address.clone(), id.clone(), now));
        self.by_name.insert(address.clone(), index);
        self.by_id.insert(id, index);
        self.local(&address.place);
        index
    }

    pub(crate) fn local(&mut self, place: &Place) -> &mut Local {
        if !self.accounts.contains(&place.account) {
            self.accounts.push(place.account.clone());
        }
        let burst = self.faults.rate.map_or(0, |rate| rate.burst);
        let room = i64::try_from(burst).unwrap_or(i64::MAX).saturating_mul(MILLION);
        self.places.entry(place.clone()).or_insert_with(|| {
            let buckets = [Bucket { room, seen: 0 }; 2];
            Local { buckets, ..Local::default() }
        })
    }

    /// The stack with this name or ARN in a place.
    pub(crate) fn find(&self, place: &Place, name: &str) -> Option<usize> {
        if name.starts_with("arn:") {
            return self.by_id.get(name).copied();
        }
        self.by_name.get(&StackAddress::new(place.clone(), name)).copied()
    }

    pub(crate) fn breaks(&mut self, rule: &'static str, text: String) {
        self.log.violations.push(Violation { rule, text });
    }

    pub(crate) fn plan(&mut self, at: u64, due: Due) -> u64 {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), due);
        self.sequence
    }

    /// Lets everything happen that happens until now.
    pub fn advance(&mut self, now: u64) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, number), due) = entry.remove_entry();
            match due {
                Due::Request(place, request) => {
                    let answer = self.receive(&place, request, at);
                    self.answers.insert(number, answer);
                }
                Due::Prepared(index, name) => self.prepared(index, &name),
                Due::Stage(index) => self.next_stage(index, at),
                Due::Somebody(what) => self.intrude(what, at),
            }
        }
    }

    /// Lets all operations end. Returns when the last one has ended.
    pub fn settle(&mut self) -> u64 {
        let mut last = 0;
        while let Some((at, _)) = self.agenda.keys().next().copied() {
            last = at;
            self.advance(at);
        }
        last
    }

    /// The answer to a request that was planned, once it has arrived.
    pub(crate) fn answer(&mut self, number: u64) -> Option<Result<String, CloudError>> {
        self.answers.remove(&number)
    }

    /// The process that sends requests is killed: about half of the requests that have not arrived are never sent.
    pub fn kill(&mut self) {
        let waiting: Vec<(u64, u64)> = self
            .agenda
            .iter()
            .filter(|(_, due)| matches!(due, Due::Request(..)))
            .map(|(key, _)| *key)
            .collect();
        for key in waiting {
            if self.random.chance(500) {
                self.agenda.remove(&key);
            }
        }
    }

    /// How long a request has to wait until the rate lets it in, in milliseconds. It is taken from the rate if it need not
    /// wait, or if it is `ahead` of its time.
    pub(crate) fn wait(&mut self, place: &Place, class: Class, now: u64, ahead: bool) -> u64 {
        let Some(rate) = self.faults.rate else { return 0 };
        let (number, per_thousand_seconds) = match class {
            Class::Read => (0, rate.reads),
            Class::Change => (1, rate.changes),
            Class::Other => return 0,
        };
        let most = i64::try_from(rate.burst).unwrap_or(i64::MAX).saturating_mul(MILLION);
        let per_thousand_seconds = i64::try_from(per_thousand_seconds).unwrap_or(i64::MAX).max(1);
        let bucket = &mut self.local(place).buckets[number];
        let passed = i64::try_from(now - bucket.seen.min(now)).unwrap_or(i64::MAX);
        let grown = passed.saturating_mul(per_thousand_seconds);
        bucket.room = bucket.room.saturating_add(grown).min(most);
        bucket.seen = bucket.seen.max(now);
        let lacks = MILLION.saturating_sub(bucket.room);
        if lacks <= 0 || ahead {
            bucket.room -= MILLION;
        }
        let wait = lacks.max(0).saturating_add(per_thousand_seconds - 1) / per_thousand_seconds;
        u64::try_from(wait).unwrap_or_default()
    }

    /// Counts a request, and refuses it if the account does not take it now.
    pub(crate) fn admit(
        &mut self,
        place: &Place,
        class: Class,
        what: &str,
        now: u64,
    ) -> Result<(), CloudError> {
        let wait = if self.is_informed { 0 } else { self.wait(place, class, now, false) };
        let is_throttled = wait > 0;
        let calls = self.log.calls.entry(place.account.clone()).or_default();
        calls.all += 1;
        calls.throttled += u64::from(is_throttled);
        let what = what.to_owned();
        if is_throttled {
            return Err(CloudError::Throttled {
                what,
                message: "Throttling: Rate exceeded".to_owned(),
                after: None,
            });
        }
        let is_expired = self.faults.expired.iter().any(|time| {
            self.accounts.get(time.account) == Some(&place.account)
                && (time.from..time.until).contains(&now)
        });
        if is_expired {
            let message = "ExpiredToken: The security token included in the request is expired";
            return Err(CloudError::Access { what, message: message.to_owned() });
        }
        let lost = self.faults.lost;
        if self.random.chance(lost) {
            return Err(CloudError::Network { what, message: "connection reset".to_owned() });
        }
        Ok(())
    }

    /// A request arrives.
    fn receive(&mut self, place: &Place, request: Request, now: u64) -> Result<String, CloudError> {
        let what = request.what();
        self.admit(place, Class::Change, &what, now)?;
        let answer = match request {
            Request::Prepare { stack, name, creates, token } => {
                self.prepare(&stack, &name, creates, &token, now)
            }
            Request::Discard { stack, name } => {
                self.discard(place, &stack, &name, now);
                Ok(String::new())
            }
            Request::Execute { stack, name, token } => {
                self.execute(place, &stack, &name, &token, now)
            }
            Request::Delete { stack, token } => self.delete(place, &stack, &token, now),
            Request::Forget { stack } => {
                if let Some(index) = self.find(place, &stack) {
                    let one = &mut self.stacks[index];
                    one.now.tags.retain(|key, _| !key.starts_with("lakewright:") && key != "Team");
                    let status = one.status().to_owned();
                    one.becomes(&status, now);
                }
                Ok(String::new())
            }
        };
        let unanswered = self.faults.unanswered;
        if self.random.chance(unanswered) {
            return Err(CloudError::Network { what, message: "the answer was cut".to_owned() });
        }
        answer.map_err(|(error, message)| error.with(what, message))
    }

    /// What a read sees: now, or a moment ago.
    pub(crate) fn seen_at(&mut self, now: u64) -> u64 {
        let stale = self.faults.stale;
        if stale == 0 || !self.random.chance(300) {
            return now;
        }
        now.saturating_sub(self.random.between(0, stale))
    }

    /// All stacks of a place, as a read sees them.
    pub(crate) fn list(&mut self, place: &Place, now: u64) -> BTreeMap<String, Observed> {
        let then = self.seen_at(now);
        let first = StackAddress::new(place.clone(), "");
        let here = self.by_name.range(first..).take_while(|(address, _)| address.place == *place);
        here.filter_map(|(address, index)| {
            Some((address.name.clone(), self.stacks[*index].at(then)?.clone()))
        })
        .collect()
    }

    /// One stack, as a read sees it. A deleted stack is only found by its ARN.
    pub(crate) fn describe(&mut self, place: &Place, name: &str, now: u64) -> Option<Observed> {
        let then = self.seen_at(now);
        let index = self.find(place, name)?;
        self.stacks[index].at(then).cloned()
    }

    /// The resources of a stack.
    pub(crate) fn resources(&self, index: usize) -> Vec<Placed> {
        let stack = &self.stacks[index];
        let placed = |(id, made): (&String, &Made)| {
            let kind = stack.now.shape.0.get(id)?.kind.clone();
            Some(Placed {
                logical_id: id.clone(),
                kind,
                physical_id: format!("{id}-{}", made.number),
            })
        };
        stack.made.iter().filter_map(placed).collect()
    }

    /// What each stack is at the end.
    pub fn finals(&self) -> BTreeMap<StackAddress, Final> {
        let final_of = |(address, index): (&StackAddress, &usize)| {
            let stack = &self.stacks[*index];
            let status = match stack.status() {
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" => "COMPLETE",
                other => other,
            };
            let end = Final {
                status: status.to_owned(),
                revision: stack.now.revision.clone(),
                tags: stack.now.tags.clone(),
                resources: stack.made.keys().cloned().collect(),
            };
            (address.clone(), end)
        };
        self.by_name.iter().map(final_of).collect()
    }

    /// The status and the revision of a stack as they really are; `None` if it does not exist.
    pub fn truth(&self, address: &StackAddress) -> Option<(String, Option<String>)> {
        let stack = &self.stacks[*self.by_name.get(address)?];
        Some((stack.status().to_owned(), stack.now.revision.clone()))
    }

    /// Whether an operation of a mesh goes on with a stack.
    pub fn is_busy_for_us(&self, address: &StackAddress) -> bool {
        let stack = self.by_name.get(address).map(|index| &self.stacks[*index]);
        let operation = stack.and_then(|stack| stack.operation.as_ref());
        operation.is_some_and(|operation| operation.token.is_some())
    }

    /// How many changes of each stack were started.
    pub fn changes(&self) -> BTreeMap<StackAddress, usize> {
        let mut changes: BTreeMap<StackAddress, usize> = BTreeMap::new();
        for stack in &self.stacks {
            *changes.entry(stack.address.clone()).or_default() += stack.changes;
        }
        changes
    }

    /// Somebody else does something with a stack.
    fn intrude(&mut self, what: Intrusion, now: u64) {
        if self.by_name.is_empty() {
            return;
        }
        let place = self.random.index(self.by_name.len());
        let Some(index) = self.by_name.values().nth(place).copied() else { return };
        match what {
            Intrusion::Update => {
                let stack = &self.stacks[index];
                if stack.operation.is_none() && stack.status().ends_with("_COMPLETE") {
                    self.somebodys(index, now);
                }
            }
            Intrusion::Prepare => {
                let stack = &mut self.stacks[index];
                let next = stack.now.clone();
                let made = ChangeSet { standing: Standing::Ready, creates: false, next };
                stack.change_sets.insert(format!("somebodys-{now}"), made);
            }
            Intrusion::Discard => self.stacks[index].change_sets.clear(),
        }
    }

    /// Somebody else starts an update that changes nothing of what the mesh says.
    fn somebodys(&mut self, index: usize, now: u64) {
        let stack = &self.stacks[index];
        let next = stack.now.clone();
        let kind = if stack.status() == "DELETE_IN_PROGRESS" { Kind::Delete } else { Kind::Update };
        self.start(index, Operation::of(kind, None, next, Vec::new()), now);
    }
}

/// A request costs so much of a bucket's content.
const MILLION: i64 = 1_000_000;

impl Request {
    /// The purpose, which completes `failed to ...`.
    fn what(&self) -> String {
        match self {
            Self::Prepare { stack, .. } => {
                format!("prepare a change of stack {}", stack.entry.name)
            }
            Self::Discard { stack, .. } => format!("remove the change of stack {stack}"),
            Self::Execute { stack, .. } => format!("change stack {stack}"),
            Self::Delete { stack, .. } => format!("delete stack {stack}"),
            Self::Forget { stack } => format!("forget stack {stack}"),
        }
    }
}

/// Why CloudFormation does not do what a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum No {
    Refused,
    Overtaken,
    Full,
}

impl No {
    fn with(self, what: String, message: String) -> CloudError {
        match self {
            Self::Refused => CloudError::Refused { what, message },
            Self::Overtaken => CloudError::Overtaken { what, message },
            Self::Full => CloudError::Full { what, message },
        }
    }
}
