//! The variable that passes all stages of the pipeline to its builds.
//!
//! A repository is filled only once, so its content cannot list stages that are added later. The builds' variables
//! change with the mesh, and the repository is not changed.

use serde_json::{Value, json};

use super::Context;

impl Context<'_> {
    /// The stages in the order of the mesh, as JSON that the seed's `stages.py` reads.
    pub(super) fn handed_stages(&self) -> String {
        let stages = self.pipeline.stages.iter().map(|stage| {
            let target = &stage.environment;
            json!({
                "stage": stage.id(),
                "account": target.account.as_str(),
                "region": target.region.as_str(),
                "team": stage.team.as_str(),
                "project": self.stage_name(stage, ""),
                "approval": self.approval_of(stage).is_some(),
            })
        });
        let mut stages = Value::Array(stages.collect());
        stages.sort_all_objects();
        stages.to_string()
    }
}
