//! The alarms of environments: before a wave, and after a change was rolled back.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::schedule::Waves;
use lakewright_template::{Place, StackAddress};

use super::Driver;
use crate::alarms::{self, Alarm, AlarmState};
use crate::cloud::{Cloud, Site, Stack};

/// The wave that waits for the canaries, counted from 0.
const SECOND: usize = 1;

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Looks at the alarms of the first wave if nothing changes in it this time: the run before may have stopped because of them.
    pub(super) async fn held_back_at_first(
        &self,
        waves: &Waves,
        sites: &BTreeMap<Place, Site>,
    ) -> Option<String> {
        let is_later = waves.first().is_empty() && waves.later() > 0;
        if is_later { self.held_back(sites, false).await } else { None }
    }

    /// Waits before the second wave, if it `waits`, and looks at the alarms of the first one. Returns why the run does not go on.
    /// A run that is asked to stop waits no longer.
    pub(super) async fn held_back(
        &self,
        sites: &BTreeMap<Place, Site>,
        waits: bool,
    ) -> Option<String> {
        let mut watch = self.policy.watch.clone();
        if !waits {
            watch.wait = Duration::ZERO;
        }
        let said = watch.announced();
        if let Some(text) = &said {
            self.tell(Event::Wave { wave: SECOND, text: text.clone() });
        }
        let mut work = pin!(watch.before(self.cloud, sites));
        let reason = loop {
            tokio::select! {
                biased;
                reason = &mut work => break reason,
                () = self.stop.changed() => {
                    if let Some(reason) = self.stop.reason() {
                        return Some(reason);
                    }
                }
            }
        };
        if said.is_some() {
            let text = match &reason {
                None => "begins: the alarms of the first wave are OK".to_owned(),
                Some(reason) => format!("does not begin: {reason}"),
            };
            self.tell(Event::Wave { wave: SECOND, text });
        }
        reason
    }

    /// Tells which alarm made CloudFormation roll a change back. `is_open`: no resource failed, so an alarm is the likely
    /// reason.
    pub(super) async fn tell_alarms(&self, stack: &Stack, is_open: bool) {
        let Some(rollback) = stack.entry.rollback.as_ref().filter(|one| !one.alarms.is_empty())
        else {
            return;
        };
        let text = match alarms::look(self.cloud, &stack.site, &rollback.alarms).await {
            Ok(found) => {
                // CloudFormation also rolls a change back if an alarm does not exist.
                let is_reason =
                    |alarm: &&Alarm| matches!(alarm.state, AlarmState::Alarm | AlarmState::Missing);
                let fired: Vec<String> = found.iter().filter(is_reason).map(Alarm::shown).collect();
                if !fired.is_empty() {
                    format!("it was rolled back, and it has rollback alarms: {}", fired.join("; "))
                } else if is_open {
                    "it was rolled back, and none of its rollback alarms is in ALARM any more"
                        .to_owned()
                } else {
                    return;
                }
            }
            Err(error) => {
                format!("whether one of its rollback alarms is the reason is not known: {error}")
            }
        };
        self.note(stack, text);
    }
}
