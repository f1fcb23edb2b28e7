//! Looks at an operation until it has ended.

use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Input;
use lakewright_fleet::plan::Observed;
use lakewright_fleet::status::{Standing, standing};
use lakewright_template::StackAddress;
use tokio::time::Instant;

use super::Driver;
use super::steps::{Started, Track};
use super::waits::For;
use crate::cloud::{Cloud, CloudError, Site, StackEvent};

/// How many looks in a row may find another status than the events say, before it counts: an event may be missing.
const DIFFERS: u32 = 5;
/// After so many looks at the events, the stack itself is read too: an event may be missing.
const OF_THE_STACK: u32 = 4;
/// An id that no event has: all events of the stack are new.
const NO_EVENT: &str = "";
/// The type of a stack in its own events.
const STACK: &str = "AWS::CloudFormation::Stack";
/// The status of a stack that has a change set and nothing else. It is of no operation.
const EMPTY: &str = "REVIEW_IN_PROGRESS";

impl Track {
    /// The status at the end of the operation, if an event with its token says it. Only ends that need nobody's attention count:
    /// before others, the stack itself is read.
    fn ended(&self) -> Option<String> {
        let said = self.said.as_ref().filter(|_| self.is_said_by_token)?;
        match standing(said) {
            Standing::Whole | Standing::Undone | Standing::Absent => Some(said.clone()),
            Standing::Busy | Standing::Stuck(_) => None,
        }
    }

    /// Whether the events do not say how far the operation is.
    fn is_in_doubt(&self) -> bool {
        let is_busy = self.said.as_ref().is_none_or(|said| standing(said) == Standing::Busy);
        !is_busy || self.differs > 0 || self.looks.is_multiple_of(OF_THE_STACK)
    }
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Waits before the next look.
    pub(super) async fn wait(&self, site: &Site, what: For, track: &mut Track) {
        let wait = self.waits.before(&site.place, what, track.tries);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        track.tries += 1;
    }

    /// Notes how long something took from its begin.
    pub(super) fn took(&self, site: &Site, what: For, track: &mut Track) {
        if let Some(begun) = track.begun.take() {
            self.waits.took(&site.place, what, begun.elapsed());
        }
    }

    /// Finds the newest event before an operation is started. A stack that is created has none.
    pub(super) async fn begin(
        &self,
        site: &Site,
        name: &str,
        track: &mut Track,
        creates: bool,
    ) -> Result<(), CloudError> {
        track.last_event = if creates {
            Some(NO_EVENT.to_owned())
        } else {
            let events = self.cloud.events(site, track.name(name), None).await?;
            events.last().map(|event| event.id.clone())
        };
        track.started = Started::Something;
        track.said = None;
        track.is_said_by_token = false;
        track.differs = 0;
        track.looks = 0;
        track.tries = 0;
        track.begun = Some(Instant::now());
        Ok(())
    }

    /// Reports the operation's events since the last look, and returns the stack's status.
    ///
    /// Once an operation was started, its events say how far it is. The stack is read where they do not, and while it is
    /// deleted: then its events are not always shown.
    pub(super) async fn look(
        &self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<Input, CloudError> {
        if track.started == Started::Nothing {
            let found = self.find(site, name, track).await?;
            return Ok(Input::Status(found.map(|stack| stack.status)));
        }
        if track.deletes {
            let Some(found) = self.find(site, name, track).await? else {
                return Ok(Input::Status(None));
            };
            self.read_events(site, name, track).await?;
            return Ok(self.weighed(site, found.status, track));
        }
        self.read_events(site, name, track).await?;
        if let Some(status) = track.ended() {
            self.took(site, For::Operation, track);
            return Ok(Input::Status(Some(status)));
        }
        track.looks += 1;
        if !track.is_in_doubt() {
            return Ok(Input::Done);
        }
        if let Some(found) = self.find(site, name, track).await? {
            Ok(self.weighed(site, found.status, track))
        } else {
            // A stack that was just created may not be found at once.
            let is_late = track.creates && track.differs < DIFFERS;
            track.differs += 1;
            Ok(if is_late { Input::Done } else { Input::Status(None) })
        }
    }

    /// Reads the stack.
    async fn find(
        &self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<Option<Observed>, CloudError> {
        let found = self.cloud.describe(site, track.name(name)).await?;
        track.is_express = found.as_ref().is_some_and(|stack| stack.is_express);
        track.is_protected = found.as_ref().is_some_and(|stack| stack.is_protected);
        if track.started != Started::Nothing
            && let Some(found) = &found
        {
            track.id.clone_from(&found.id);
        }
        Ok(found)
    }

    /// What a status of the stack says, given the events before it.
    fn weighed(&self, site: &Site, status: String, track: &mut Track) -> Input {
        let is_busy = standing(&status) == Standing::Busy;
        // Without an event since the start, this is still the old status. A read may also be older than the events.
        let is_said = is_busy || track.said.as_ref() == Some(&status) || track.differs >= DIFFERS;
        track.differs = if is_busy { 0 } else { track.differs + 1 };
        if track.started != Started::Moving || !is_said {
            return Input::Done;
        }
        if !is_busy {
            self.took(site, For::Operation, track);
        }
        Input::Status(Some(status))
    }

    /// Reads the events since the last look, and reports those of the operation.
    async fn read_events(
        &self,
        site: &Site,
        name: &str,
        track: &mut Track,
    ) -> Result<(), CloudError> {
        let since = track.last_event.as_deref();
        let events = self.cloud.events(site, track.name(name), since).await?;
        for StackEvent { id, token, logical_id, kind, status, reason } in events {
            track.last_event = Some(id);
            // An event of another operation says nothing about this one. Not every service tells the token.
            if token.as_ref().is_some_and(|token| *token != track.token) || status == EMPTY {
                continue;
            }
            track.started = Started::Moving;
            track.differs = 0;
            if logical_id == name && kind == STACK {
                track.said = Some(status.clone());
                track.is_said_by_token = token.is_some();
            }
            if let Some(reason) = reason.as_ref().filter(|_| status.ends_with("FAILED")) {
                track.reasons.push(reason.clone());
            }
            let address = site.address(name);
            self.tell(Event::Resource { address, logical_id, kind, status, reason });
        }
        Ok(())
    }
}
