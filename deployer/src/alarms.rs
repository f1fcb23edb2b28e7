//! The alarms of environments: looked at between two waves of a refresh, and after a change was rolled back.
//!
//! Only metric alarms are read. CloudWatch shows composite alarms to nobody whose `cloudwatch:DescribeAlarms` is limited to
//! named alarms ("DescribeAlarms" in the CloudWatch API reference), and the deploy role's is.

use std::collections::BTreeMap;
use std::time::Duration;

use lakewright_template::Place;
use serde_json::{Map, Value};

use crate::ask::{Ask, Service, elements};
use crate::cloud::{Cloud, CloudError, Site};

/// How many alarms one request names. Source: `AlarmNames` and `MaxRecords` of "DescribeAlarms" in the CloudWatch API
/// reference: 100 at most.
const AT_ONCE: usize = 100;

/// How often alarms are looked at while a run waits after a wave. CloudWatch evaluates most alarms once a minute.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The state of an alarm. Source: `StateValue` of "MetricAlarm" in the CloudWatch API reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmState {
    /// The metric is within its bounds.
    Ok,
    /// The metric is outside of its bounds.
    Alarm,
    /// There is too little data to tell, or the alarm is new.
    InsufficientData,
    /// A state that this release does not know.
    Other(String),
    /// CloudWatch does not have the alarm, or only as a composite alarm.
    Missing,
}

impl AlarmState {
    fn parse(text: &str) -> Self {
        match text {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// An alarm and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub state: AlarmState,
    /// What CloudWatch says of the state; empty if it says nothing.
    pub reason: String,
}

impl Alarm {
    /// The alarm and its state in words.
    pub fn shown(&self) -> String {
        let Self { arn, state, reason } = self;
        let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        match state {
            AlarmState::Ok => format!("{arn} is OK"),
            AlarmState::Alarm => format!("{arn} is in ALARM{reason}"),
            AlarmState::InsufficientData => format!("{arn} has INSUFFICIENT_DATA{reason}"),
            AlarmState::Other(state) => format!("{arn} is in {state}{reason}"),
            AlarmState::Missing => format!("CloudWatch has no metric alarm {arn}"),
        }
    }
}

/// The states of metric alarms of a site, in the order in which they are named.
pub async fn look(
    cloud: &impl Cloud,
    site: &Site,
    arns: &[String],
) -> Result<Vec<Alarm>, CloudError> {
    let mut found: BTreeMap<String, Alarm> = BTreeMap::new();
    for some in arns.chunks(AT_ONCE) {
        let what = format!("look at the alarms of {}", site.place);
        let names = some.iter().zip(1..).map(|(arn, number)| {
            (format!("AlarmNames.member.{number}"), Value::from(alarm_name(arn)))
        });
        let mut parameters: Map<String, Value> = names.collect();
        parameters.insert("AlarmTypes.member.1".to_owned(), "MetricAlarm".into());
        parameters.insert("MaxRecords".to_owned(), AT_ONCE.to_string().into());
        let ask = Ask::new(Service::CloudWatch, "DescribeAlarms", Value::Object(parameters), &what);
        let answer = cloud.ask(site, &ask).await?;
        found.extend(read(&answer, &what)?.into_iter().map(|alarm| (alarm.arn.clone(), alarm)));
    }
    let missing = |arn: &String| Alarm {
        arn: arn.clone(),
        state: AlarmState::Missing,
        reason: String::new(),
    };
    Ok(arns.iter().map(|arn| found.remove(arn).unwrap_or_else(|| missing(arn))).collect())
}

fn alarm_name(arn: &str) -> &str {
    arn.split_once(":alarm:").map_or(arn, |(_, name)| name)
}

/// The alarms of an answer. Each alarm has one ARN and one state.
fn read(answer: &str, what: &str) -> Result<Vec<Alarm>, CloudError> {
    let (arns, states) = (elements(answer, "AlarmArn"), elements(answer, "StateValue"));
    if arns.len() != states.len() {
        let message = format!("the answer has {} alarms and {} states", arns.len(), states.len());
        return Err(CloudError::Refused { what: what.to_owned(), message });
    }
    let reasons = elements(answer, "StateReason");
    // A reason is optional. If some are missing, nobody knows whose they are.
    let reasons = if reasons.len() == arns.len() { reasons } else { vec![""; arns.len()] };
    let alarms = arns.into_iter().zip(states).zip(reasons);
    Ok(alarms
        .map(|((arn, state), reason)| Alarm {
            arn: arn.to_owned(),
            state: AlarmState::parse(state),
            reason: decoded(reason),
        })
        .collect())
}

/// The text of an XML element.
fn decoded(text: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// Why a run does not go on after a wave, if one of these alarms is in its way.
///
/// An alarm in `ALARM` is, at any time. At the end of the waiting time, so is every alarm that is not `OK`: without data
/// nobody knows whether the wave did harm.
pub fn hindrance(alarms: &[Alarm], is_end: bool) -> Option<String> {
    let is_in_the_way = |alarm: &&Alarm| match alarm.state {
        AlarmState::Ok => false,
        AlarmState::Alarm => true,
        AlarmState::InsufficientData | AlarmState::Other(_) | AlarmState::Missing => is_end,
    };
    let said: Vec<String> = alarms.iter().filter(is_in_the_way).map(Alarm::shown).collect();
    (!said.is_empty()).then(|| format!("after the first wave, {}", said.join("; ")))
}

/// What stands between the two waves: how long a run waits after the first one, and the alarms that it looks at.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// How long the run waits. It looks at the alarms each minute, and at the end.
    pub wait: Duration,
    /// The alarms of the first wave, by account and region.
    pub alarms: BTreeMap<Place, Vec<String>>,
}

impl Watch {
    /// What a run does before the second wave, in words; `None` if it neither waits nor looks at an alarm.
    pub(crate) fn announced(&self) -> Option<String> {
        let alarms: usize = self.alarms.values().map(Vec::len).sum();
        let minutes = self.wait.as_secs() / 60;
        let looks = match alarms {
            0 => "no alarm is named for the first wave".to_owned(),
            1 => "1 alarm has to be OK".to_owned(),
            several => format!("{several} alarms have to be OK"),
        };
        match (minutes, alarms) {
            (0, 0) => None,
            (0, _) => Some(format!("before it, {looks}")),
            (1, _) => Some(format!("waits 1 minute; {looks}")),
            (minutes, _) => Some(format!("waits {minutes} minutes; {looks}")),
        }
    }

    /// Waits before the second wave, and looks at the alarms of the first one. Returns why the run does not go on.
    ///
    /// An alarm that cannot be read is in the way: the run would go on without knowing what the wave did.
    pub(crate) async fn before(
        &self,
        cloud: &impl Cloud,
        sites: &BTreeMap<Place, Site>,
    ) -> Option<String> {
        let mut left = self.wait;
        loop {
            let is_end = left.is_zero();
            if let Some(reason) = self.hindered(cloud, sites, is_end).await {
                return Some(reason);
            }
            if is_end {
                return None;
            }
            let step = left.min(LOOK_AGAIN);
            tokio::time::sleep(step).await;
            left -= step;
        }
    }

    async fn hindered(
        &self,
        cloud: &impl Cloud,
        sites: &BTreeMap<Place, Site>,
        is_end: bool,
    ) -> Option<String> {
        for (place, arns) in &self.alarms {
            let Some(site) = sites.get(place) else {
                return Some(format!("nobody is known who may look at the alarms of {place}"));
            };
            match look(cloud, site, arns).await {
                Ok(alarms) => {
                    if let Some(reason) = hindrance(&alarms, is_end) {
                        return Some(reason);
                    }
                }
                Err(error) => {
                    return Some(format!("the alarms after the first wave are not known: {error}"));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors";
    const JOBS: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:jobs";

    /// The form of the answer of "DescribeAlarms" in the CloudWatch API reference (the protocol `query`).
    fn answer(alarms: &[(&str, &str)]) -> String {
        let members = alarms.iter().map(|(arn, state)| {
            format!(
                "<member><AlarmName>{}</AlarmName><AlarmArn>{arn}</AlarmArn><Dimensions><member><Name>n</Name>\
                 <Value>v</Value></member></Dimensions><StateValue>{state}</StateValue>\
                 <StateReason>1 datapoint &gt; 0</StateReason></member>",
                alarm_name(arn)
            )
        });
        format!(
            "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms>{}</MetricAlarms><CompositeAlarms/>\
             </DescribeAlarmsResult></DescribeAlarmsResponse>",
            members.collect::<String>()
        )
    }

    #[test]
    fn alarms_are_read_with_their_states() {
        let read = read(&answer(&[(ERRORS, "ALARM"), (JOBS, "OK")]), "look").expect("alarms");
        let said: Vec<String> = read.iter().map(Alarm::shown).collect();
        assert_eq!(
            said,
            [format!("{ERRORS} is in ALARM (1 datapoint > 0)"), format!("{JOBS} is OK")]
        );
        assert!(super::read("<AlarmArn>a</AlarmArn>", "look").is_err());
    }

    /// The values of `StateValue` in the CloudWatch API reference.
    #[test]
    fn only_ok_lets_a_run_go_on_at_the_end() {
        let of = |state: &str| {
            let alarms = read(&answer(&[(JOBS, "OK"), (ERRORS, state)]), "look").expect("alarms");
            [false, true].map(|is_end| hindrance(&alarms, is_end).is_some())
        };
        assert_eq!(of("OK"), [false, false]);
        assert_eq!(of("ALARM"), [true, true]);
        assert_eq!(of("INSUFFICIENT_DATA"), [false, true]);
        assert_eq!(of("SOMETHING_NEW"), [false, true]);
        let state = AlarmState::Missing;
        let missing = Alarm { arn: JOBS.to_owned(), state, reason: String::new() };
        let reason = hindrance(&[missing], true).expect("a hindrance");
        assert!(reason.contains("no metric alarm") && reason.contains(JOBS), "{reason}");
    }
}
