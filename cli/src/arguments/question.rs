//! The question of `can` and `why`.

use lakewright_analysis::decision;

/// A question as it is asked on the command line, or in a line of a batch.
#[derive(Debug, Clone, clap::Args, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// Who: an ARN, `team/ENVIRONMENT/TEAM`, `dataset-role/ID`, `pivot-role/ENVIRONMENT`, `service/NAME`, `broker/NAME`,
    /// `identity-provider/ACCOUNT/NAME`, `permission-set/ACCOUNT/NAME`; of anybody's templates `role/NAME`, a logical id or
    /// `FILE#LOGICALID`
    #[arg(long)]
    principal: String,
    /// What, such as `s3:GetObject` or `lakeformation:SELECT`
    #[arg(long)]
    action: String,
    /// To what: an ARN, `dataset/ID`, `dataset/ID/table/NAME`, `dataset/ID/folder/ID`, `pipeline/ID`, `pipeline/ID/STAGE`,
    /// `pipeline/ID/STAGE/ACTION`, `environment/ID`, `share/ID`, `notebook/ID`, `bootstrap/ACCOUNT-REGION`, `pivot-role/ENVIRONMENT`
    /// and whatever else `access` shows as a resource: what the action is about of it, or exactly one thing as
    /// `access --detail` shows it (`notebook/ID notebook-instance/NAME`); of anybody's templates `bucket/NAME/KEY`, `table/NAME`
    /// and the like, a logical id or `FILE#LOGICALID`
    #[arg(long)]
    resource: String,
    /// A condition key of the request; several values with commas, several keys by repeating
    #[arg(long, value_name = "KEY=VALUE")]
    #[serde(default)]
    context: Vec<String>,
    /// In which session of the role it is asked: the name that was given when the role was assumed
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    session: Option<String>,
}

impl Question {
    /// The question, as the analysis takes it.
    pub(crate) fn asked(&self) -> decision::Question {
        let Self { principal, action, resource, context, session } = self.clone();
        decision::Question { principal, action, resource, context, session }
    }
}
