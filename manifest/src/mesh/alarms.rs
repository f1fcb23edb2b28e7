//! The alarms of an environment.

use std::collections::BTreeSet;

use crate::name::AlarmArn;

/// The alarms that are watched while an environment's stacks change. All are in the environment's account and region.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Alarms {
    /// The alarms, 5 at most, for which CloudFormation rolls a change back. `None` if the mesh does not state them: then a
    /// stack keeps the alarms that it has.
    pub rollback: Option<Vec<AlarmArn>>,
    /// How many minutes CloudFormation watches them after a change, 180 at most.
    pub monitoring_minutes: u32,
    /// Further alarms that have to be `OK` between two waves of a refresh.
    pub waves: Vec<AlarmArn>,
}

impl Alarms {
    /// All alarms, each once, in order.
    pub fn all(&self) -> BTreeSet<&AlarmArn> {
        self.rollback.iter().flatten().chain(&self.waves).collect()
    }
}
