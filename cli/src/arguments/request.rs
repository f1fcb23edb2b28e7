//! The request of `authorize`.

use lakewright_governance::Actor;

use crate::exit::Failure;

/// A request as it is asked on the command line, or in a line of a batch.
#[derive(Debug, Clone, clap::Args, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Who: `user:NAME`, as the identity provider names the user
    #[arg(long, value_name = "user:NAME")]
    pub(crate) actor: String,
    /// A team that the user is a member of; several by repeating
    #[arg(long, value_name = "TEAM")]
    #[serde(default)]
    pub(crate) member_of: Vec<String>,
    /// A role of the user; several by repeating
    #[arg(long = "role", value_name = "ROLE")]
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// What, such as `metadata.edit_tags` or `lifecycle.approve_share`
    #[arg(long)]
    pub(crate) privilege: String,
    /// To what, such as `dataset/ID`, `table/DATASET/NAME`, `domain/ID` or `tenant/ID`
    #[arg(long)]
    pub(crate) resource: String,
}

impl Request {
    /// Who asks.
    pub(crate) fn actor(&self) -> Result<Actor, Failure> {
        let name = self.actor.strip_prefix("user:").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            Failure::usage(format!("`{}` is not an actor; expected `user:NAME`", self.actor))
        })?;
        let actor = self.member_of.iter().fold(Actor::new(name), Actor::member_of);
        Ok(self.roles.iter().fold(actor, Actor::with_role))
    }
}
