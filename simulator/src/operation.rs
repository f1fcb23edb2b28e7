//! What requests start, and how it goes on.

use std::rc::Rc;

use lakewright_deployer::cloud::{self, StackEvent};
use lakewright_template::Place;

use crate::random::Random;
use crate::shape::{Fate, Shape};
use crate::stack::{ChangeSet, Made, Next, Standing};
use crate::world::{Due, Effect, Ended, No, World};

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
    Delete,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Resources are created, changed or, for a deletion, deleted.
    Main,
    /// What the stack no longer has is deleted.
    Cleanup,
    /// The operation failed and is undone.
    Undoing,
}

/// An operation on a stack.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    kind: Kind,
    stage: Stage,
    next: Next,
    fates: Vec<(String, Fate)>,
    from: u64,
    /// The resource that fails, and the reason.
    failure: Option<(String, String)>,
    /// How an operation ends that was under way at the start.
    end: Option<&'static str>,
}

type Answer = Result<String, (No, String)>;

/// The type of a stack itself in its events.
const STACK: &str = "AWS::CloudFormation::Stack";
/// The type whose concurrent changes Lake Formation refuses.
const PERMISSIONS: &str = "AWS::LakeFormation::PrincipalPermissions";

impl Operation {
    pub(crate) fn of(
        kind: Kind,
        token: Option<String>,
        next: Next,
        fates: Vec<(String, Fate)>,
    ) -> Self {
        let (id, stage) = (String::new(), Stage::Main);
        Self { id, token, kind, stage, next, fates, from: 0, failure: None, end: None }
    }

    /// An operation of somebody else that shows this status at the start; `None` if the status is of no operation.
    pub(crate) fn under_way(status: &str, next: Next) -> Option<Self> {
        let (kind, end) = match status {
            "CREATE_IN_PROGRESS" => (Kind::Create, "CREATE_COMPLETE"),
            "DELETE_IN_PROGRESS" => (Kind::Delete, "DELETE_FAILED"),
            "IMPORT_IN_PROGRESS" => (Kind::Update, "IMPORT_COMPLETE"),
            "IMPORT_ROLLBACK_IN_PROGRESS" => (Kind::Update, "IMPORT_ROLLBACK_COMPLETE"),
            "ROLLBACK_IN_PROGRESS" => (Kind::Create, "ROLLBACK_FAILED"),
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" | "UPDATE_IN_PROGRESS" => {
                (Kind::Update, "UPDATE_COMPLETE")
            }
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" | "UPDATE_ROLLBACK_IN_PROGRESS" => {
                (Kind::Update, "UPDATE_ROLLBACK_COMPLETE")
            }
            _ => return None,
        };
        let mut operation = Self::of(kind, None, next, Vec::new());
        operation.end = Some(end);
        Some(operation)
    }

    /// How many resources count for the quota.
    fn weight(&self) -> usize {
        self.fates.len().max(1)
    }

    fn status(&self, end: &str) -> String {
        let word = match self.kind {
            Kind::Create => "CREATE",
            Kind::Update => "UPDATE",
            Kind::Delete => "DELETE",
        };
        format!("{word}_{end}")
    }
}

impl World {
    /// `CreateChangeSet`.
    pub(crate) fn prepare(
        &mut self,
        wanted: &cloud::Stack,
        name: &str,
        creates: bool,
        token: &str,
        now: u64,
    ) -> Answer {
        let address = wanted.entry.address();
        let found = self.by_name.get(&address).copied();
        if let Some(id) = found.and_then(|index| self.stacks[index].prepared.get(token)) {
            return Ok(id.clone());
        }
        let next = Next {
            shape: Rc::new(Shape::of(&wanted.template).map_err(|text| (No::Refused, text))?),
            tags: wanted.entry.tags.clone(),
            revision: Some(wanted.entry.revision.clone()),
            template: Rc::from(wanted.template.as_str()),
        };
        let index = match found {
            Some(index) => self.can_prepare(index, creates).map(|()| index)?,
            None if creates => {
                let index = self.create(&address, now);
                self.stacks[index].now.tags.clone_from(&next.tags);
                self.stacks[index].becomes("REVIEW_IN_PROGRESS", now);
                index
            }
            None => return Err((No::Refused, format!("Stack [{}] does not exist", address.name))),
        };
        self.effect(index, token, false, now);
        self.sequence += 1;
        // The adapter takes the next name that is free, and returns the ARN, which is always another one.
        let id = format!("{name}/{}", self.sequence);
        let standing = Standing::Pending;
        let made = ChangeSet { standing, creates, next };
        self.stacks[index].prepared.insert(token.to_owned(), id.clone());
        self.stacks[index].change_sets.insert(id.clone(), made);
        let ready = now + self.random.between(300, 4_000);
        self.plan(ready, Due::Prepared(index, id.clone()));
        Ok(id)
    }

    fn can_prepare(&self, index: usize, creates: bool) -> Result<(), (No, String)> {
        let stack = &self.stacks[index];
        let (name, status) = (&stack.address.name, stack.status());
        let is_shell = status == "REVIEW_IN_PROGRESS";
        if creates && !is_shell {
            let text =
                format!("Stack [{name}] already exists and cannot be created with the changeSet");
            return Err((No::Overtaken, text));
        }
        if is_shell && !creates {
            return Err((No::Refused, format!("Stack [{name}] does not exist")));
        }
        let text = format!("Stack:{name} is in {status} state and can not be updated.");
        if !is_shell && status.ends_with("_IN_PROGRESS") {
            return Err((No::Overtaken, text));
        }
        let is_whole = matches!(
            status,
            "CREATE_COMPLETE"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
                | "REVIEW_IN_PROGRESS"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
        );
        if is_whole { Ok(()) } else { Err((No::Refused, text)) }
    }

    /// CloudFormation has compared a change set with its stack.
    pub(crate) fn prepared(&mut self, index: usize, name: &str) {
        let (seed, refused) = (self.faults.seed, self.faults.refused);
        let stack = &mut self.stacks[index];
        let is_refused = Random::of(seed, &format!("refusal of {}", stack.address)).chance(refused);
        let now = stack.now.clone();
        let Some(made) = stack.change_sets.get_mut(name) else { return };
        if made.standing != Standing::Pending {
            return;
        }
        let is_same = now.tags == made.next.tags
            && now.revision == made.next.revision
            && now.shape.fates(&made.next.shape).is_empty();
        made.standing = match (is_same, is_refused) {
            (true, _) => Standing::Empty,
            (false, true) => Standing::Failed("the template is not valid".to_owned()),
            (false, false) => Standing::Ready,
        };
    }

    /// `DeleteChangeSet`, and the deletion of the empty stack that it leaves.
    pub(crate) fn discard(&mut self, place: &Place, stack: &str, name: &str, now: u64) {
        let Some(index) = self.find(place, stack) else { return };
        self.stacks[index].change_sets.remove(name);
        let stack = &self.stacks[index];
        if stack.status() == "REVIEW_IN_PROGRESS" && stack.operation.is_none() {
            self.vanish(index, now);
        }
    }

    /// `ExecuteChangeSet`.
    pub(crate) fn execute(
        &mut self,
        place: &Place,
        stack: &str,
        name: &str,
        token: &str,
        now: u64,
    ) -> Answer {
        let Some(index) = self.find(place, stack) else {
            return Err((
                No::Overtaken,
                format!("ChangeSetNotFound: ChangeSet [{name}] does not exist"),
            ));
        };
        if self.stacks[index].tokens.contains(token) {
            return Ok(String::new());
        }
        self.is_free(index, token)?;
        let one = &self.stacks[index];
        let Some(found) = one.change_sets.get(name) else {
            return Err((
                No::Overtaken,
                format!("ChangeSetNotFound: ChangeSet [{name}] does not exist"),
            ));
        };
        if found.standing != Standing::Ready {
            let text = format!("InvalidChangeSetStatus: ChangeSet [{name}] cannot be executed");
            return Err((No::Overtaken, text));
        }
        let kind = if found.creates { Kind::Create } else { Kind::Update };
        let next = found.next.clone();
        let fates = one.now.shape.fates(&next.shape);
        let operation = Operation::of(kind, Some(token.to_owned()), next, fates);
        self.has_room(place, operation.weight())?;
        self.effect(index, token, true, now);
        self.start(index, operation, now);
        Ok(String::new())
    }

    /// `DeleteStack`.
    pub(crate) fn delete(&mut self, place: &Place, stack: &str, token: &str, now: u64) -> Answer {
        let Some(index) = self.find(place, stack) else { return Ok(String::new()) };
        let one = &self.stacks[index];
        let is_going =
            one.operation.as_ref().is_some_and(|operation| operation.kind == Kind::Delete);
        if one.is_gone || one.tokens.contains(token) || is_going {
            return Ok(String::new());
        }
        self.is_free(index, token)?;
        let one = &self.stacks[index];
        let fates = one.made.keys().map(|id| (id.clone(), Fate::Remove)).collect();
        let operation = Operation::of(Kind::Delete, Some(token.to_owned()), Next::default(), fates);
        self.has_room(place, operation.weight())?;
        self.effect(index, token, true, now);
        self.start(index, operation, now);
        Ok(String::new())
    }

    /// Refuses a request while an operation goes on. If that is one of a mesh too, a rule was broken.
    fn is_free(&mut self, index: usize, token: &str) -> Result<(), (No, String)> {
        let stack = &self.stacks[index];
        let Some(operation) = &stack.operation else { return Ok(()) };
        let text = format!(
            "Stack:{} is in {} state and can not be updated.",
            stack.address,
            stack.status()
        );
        if let Some(other) = &operation.token {
            let text = format!("{}: {token} came during {other}", stack.address);
            self.breaks("one-operation-at-once", text);
        }
        Err((No::Overtaken, text))
    }

    fn has_room(&mut self, place: &Place, weight: usize) -> Result<(), (No, String)> {
        let Some(quota) = self.faults.quota else { return Ok(()) };
        let local = self.local(place);
        // An operation that is larger than the quota runs alone.
        if local.in_operation == 0 || local.in_operation + weight <= quota {
            return Ok(());
        }
        self.log.calls.entry(place.account.clone()).or_default().full += 1;
        let text = "LimitExceededException: Resource operations in progress exceed the limit of the account";
        Err((No::Full, text.to_owned()))
    }

    /// Writes down that a request has an effect.
    fn effect(&mut self, index: usize, token: &str, is_operation: bool, now: u64) {
        let stack = &mut self.stacks[index];
        let mesh = stack.mesh().map(str::to_owned);
        let address = stack.address.clone();
        if is_operation {
            stack.tokens.insert(token.to_owned());
        }
        self.log.effects.push(Effect {
            at: now,
            address,
            token: token.to_owned(),
            is_operation,
            mesh,
        });
    }

    /// Starts an operation.
    pub(crate) fn start(&mut self, index: usize, mut operation: Operation, now: u64) {
        self.sequence += 1;
        operation.id = format!("operation-{}", self.sequence);
        operation.from = now;
        let seed = self.faults.seed;
        let stack = &mut self.stacks[index];
        let mut random = Random::of(seed, &format!("{} {}", stack.address, stack.changes));
        if operation.token.is_some() {
            stack.changes += 1;
            operation.failure = self.failure(index, &operation);
        }
        let stack = &mut self.stacks[index];
        // Executing a change set deletes all others of the stack ("ExecuteChangeSet" in the API reference).
        for made in stack.change_sets.values_mut() {
            made.standing =
                if made.standing == Standing::Ready { Standing::Obsolete } else { Standing::Used };
        }
        if operation.token.is_some() {
            stack.change_sets.clear();
        }
        let (first, last) = self.faults.duration;
        let mut end = now;
        let mut lines = vec![(
            now,
            stack.address.name.clone(),
            STACK.to_owned(),
            operation.status("IN_PROGRESS"),
        )];
        for (id, fate) in operation
            .fates
            .iter()
            .filter(|(_, fate)| *fate != Fate::Remove || operation.kind == Kind::Delete)
        {
            let begun = now + random.between(100, 2_000);
            let done = begun + random.between(first, last);
            end = end.max(done);
            let shape = if operation.next.shape.0.contains_key(id) {
                &operation.next.shape
            } else {
                &stack.now.shape
            };
            let kind = shape.0.get(id).map(|part| part.kind.clone()).unwrap_or_default();
            let word = match fate {
                Fate::Add => "CREATE",
                Fate::Modify | Fate::Replace => "UPDATE",
                Fate::Remove => "DELETE",
            };
            lines.push((begun, id.clone(), kind.clone(), format!("{word}_IN_PROGRESS")));
            let fails = operation.failure.as_ref().is_some_and(|(failing, _)| failing == id);
            let word = if fails { format!("{word}_FAILED") } else { format!("{word}_COMPLETE") };
            lines.push((done, id.clone(), kind, word));
        }
        let end = end.max(now + random.between(first, last) / 4 + 1);
        let status = operation.status("IN_PROGRESS");
        let weight = operation.weight();
        let place = stack.address.place.clone();
        stack.operation = Some(operation);
        stack.becomes(&status, now);
        lines.sort();
        for (at, id, kind, status) in lines {
            self.event(index, at, (&id, &kind, &status));
        }
        self.local(&place).in_operation += weight;
        self.busy += 1;
        self.log.most_at_once = self.log.most_at_once.max(self.busy);
        self.plan(end, Due::Stage(index));
    }

    /// The resource that fails in an operation, and the reason. It depends on the stack alone, not on the time.
    fn failure(&self, index: usize, operation: &Operation) -> Option<(String, String)> {
        let stack = &self.stacks[index];
        let mut random = Random::of(self.faults.seed, &format!("failure of {}", stack.address));
        let (id, _) = operation.fates.get(random.index(operation.fates.len()))?.clone();
        let is_deletion = operation.kind == Kind::Delete;
        let fails =
            random.chance(if is_deletion { self.faults.not_deleted } else { self.faults.failing });
        if fails {
            return Some((id, "Resource handler returned message: \"no more room\"".to_owned()));
        }
        let is_permission = |part: &(String, Fate)| {
            operation.next.shape.0.get(&part.0).is_some_and(|part| part.kind == PERMISSIONS)
        };
        let conflict = random.chance(self.faults.conflicts);
        let permission = operation.fates.iter().find(|fate| is_permission(fate))?;
        // Only the first change of a stack meets another one.
        (conflict && stack.changes == 1).then(|| {
            let text =
                "ConcurrentModificationException: Permission update/Delete failed for Resource";
            (permission.0.clone(), text.to_owned())
        })
    }

    /// The stage of a stack's operation has ended.
    pub(crate) fn next_stage(&mut self, index: usize, now: u64) {
        let Some(mut operation) = self.stacks[index].operation.take() else { return };
        if let Some(end) = operation.end {
            self.ends(index, operation, end, now);
            return;
        }
        let (first, last) = self.faults.duration;
        let wait = self.random.between(first, last);
        match (operation.stage, operation.kind) {
            (Stage::Main, _) if operation.failure.is_some() && operation.kind != Kind::Delete => {
                operation.stage = Stage::Undoing;
                let status = if operation.kind == Kind::Create {
                    "ROLLBACK_IN_PROGRESS"
                } else {
                    "UPDATE_ROLLBACK_IN_PROGRESS"
                };
                self.goes_on(index, operation, status, now, wait);
            }
            (Stage::Main, Kind::Create) => {
                self.commit(index, &operation);
                self.ends(index, operation, "CREATE_COMPLETE", now);
            }
            (Stage::Main, Kind::Update) => {
                self.commit(index, &operation);
                operation.stage = Stage::Cleanup;
                let status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
                self.goes_on(index, operation, status, now, wait / 4 + 1);
            }
            (Stage::Main, Kind::Delete) if operation.failure.is_some() => {
                self.ends(index, operation, "DELETE_FAILED", now);
            }
            (Stage::Main, Kind::Delete) => {
                for id in self.stacks[index].made.keys().cloned().collect::<Vec<_>>() {
                    self.remove(index, &id, &operation);
                }
                self.stacks[index].operation = Some(operation);
                let name = self.stacks[index].address.name.clone();
                self.event(index, now, (&name, STACK, "DELETE_COMPLETE"));
                self.free(index, now, "DELETE_COMPLETE");
                self.stacks[index].operation = None;
                self.vanish(index, now);
            }
            (Stage::Cleanup, _) => self.ends(index, operation, "UPDATE_COMPLETE", now),
            (Stage::Undoing, kind) => {
                let mut random = Random::of(
                    self.faults.seed,
                    &format!("undoing {}", self.stacks[index].address),
                );
                let is_undone = !random.chance(self.faults.not_undone);
                let status = match (kind, is_undone) {
                    (Kind::Create, true) => "ROLLBACK_COMPLETE",
                    (Kind::Create, false) => "ROLLBACK_FAILED",
                    (_, true) => "UPDATE_ROLLBACK_COMPLETE",
                    (_, false) => "UPDATE_ROLLBACK_FAILED",
                };
                self.ends(index, operation, status, now);
            }
        }
    }

    fn goes_on(&mut self, index: usize, operation: Operation, status: &str, now: u64, wait: u64) {
        self.stacks[index].operation = Some(operation);
        self.stacks[index].becomes(status, now);
        let name = self.stacks[index].address.name.clone();
        self.event(index, now, (&name, STACK, status));
        self.plan(now + wait, Due::Stage(index));
    }

    fn ends(&mut self, index: usize, operation: Operation, status: &str, now: u64) {
        let stack = &mut self.stacks[index];
        stack.operation = Some(operation);
        stack.becomes(status, now);
        let name = stack.address.name.clone();
        self.event(index, now, (&name, STACK, status));
        self.free(index, now, status);
        self.stacks[index].operation = None;
    }

    /// An operation no longer counts.
    fn free(&mut self, index: usize, now: u64, status: &str) {
        let stack = &self.stacks[index];
        let Some(operation) = &stack.operation else { return };
        let weight = operation.weight();
        let (address, revision) = (stack.address.clone(), stack.now.revision.clone());
        let (from, is_ours) = (operation.from, operation.token.is_some());
        let local = self.local(&address.place);
        local.in_operation = local.in_operation.saturating_sub(weight);
        self.busy = self.busy.saturating_sub(1);
        if is_ours {
            let status = status.to_owned();
            self.log.ended.push(Ended { from, until: now, address, revision, status });
        }
    }

    /// The stack becomes what the operation makes of it. What it no longer has is deleted right after.
    fn commit(&mut self, index: usize, operation: &Operation) {
        self.sequence += 1;
        let number = self.sequence;
        for (id, fate) in &operation.fates {
            if matches!(fate, Fate::Remove | Fate::Replace) {
                self.remove(index, id, operation);
            }
            if matches!(fate, Fate::Add | Fate::Replace) {
                self.stacks[index].made.insert(id.clone(), Made { number, is_used: true });
            }
        }
        self.stacks[index].now = operation.next.clone();
    }

    /// Deletes a resource, unless it is retained.
    fn remove(&mut self, index: usize, id: &str, operation: &Operation) {
        let stack = &mut self.stacks[index];
        let Some(made) = stack.made.remove(id) else { return };
        let Some(part) = stack.now.shape.0.get(id) else { return };
        if made.is_used && !part.is_retained && part.holds_data() {
            let text = format!(
                "{}: {id} ({}) was deleted by {:?}",
                stack.address, part.kind, operation.token
            );
            self.breaks("data-is-kept", text);
        }
    }

    /// A stack is no longer there. Its ARN still finds it.
    fn vanish(&mut self, index: usize, now: u64) {
        let stack = &mut self.stacks[index];
        stack.becomes("DELETE_COMPLETE", now);
        stack.is_gone = true;
        let address = stack.address.clone();
        if self.by_name.get(&address) == Some(&index) {
            self.by_name.remove(&address);
        }
    }

    /// Writes an event, which is shown then or a little later.
    fn event(&mut self, index: usize, at: u64, (id, kind, status): (&str, &str, &str)) {
        let late = self.faults.late;
        let shown =
            at + if late > 0 && self.random.chance(300) { self.random.between(0, late) } else { 0 };
        self.sequence += 1;
        let number = self.sequence;
        let stack = &mut self.stacks[index];
        let operation = stack.operation.as_ref();
        let failure = operation.and_then(|operation| operation.failure.as_ref());
        let reason = failure.filter(|(failing, _)| failing == id && status.ends_with("_FAILED"));
        let event = StackEvent {
            id: format!("event-{number}"),
            token: operation.and_then(|operation| operation.token.clone()),
            logical_id: id.to_owned(),
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.map(|(_, reason)| reason.clone()),
        };
        // The order of the events stays, so a late one holds back those after it.
        let place = stack.events.partition_point(|(before, _)| *before <= shown);
        stack.events.insert(place, (shown, event));
    }
}
