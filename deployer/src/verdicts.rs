//! What CloudFormation says that it would do with stacks: a change set for each, which is read and deleted again.

use futures_util::stream::{self, StreamExt as _};
use lakewright_fleet::event::Change;
use lakewright_fleet::journal::{Operation, token};
use lakewright_fleet::status::{Standing, standing};

use crate::cloud::{ChangeSet, Cloud, CloudError, Stack};

/// The name of the change sets. A run that was killed leaves one at most for each stack, and the next run deletes it.
const NAME: &str = "lakewright-compare";
/// The tag with the id of a stack's mesh.
const MESH: &str = "lakewright:mesh";
/// How many stacks are asked about at once.
const AT_ONCE: usize = 8;
/// How often the deletion of a change set is tried.
const DELETIONS: u32 = 5;

/// What CloudFormation says of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It would make these changes.
    Changes(Vec<Change>),
    /// Nothing would change.
    Nothing,
    /// It refuses the change, for this reason.
    Refused(String),
    /// It is not known, for this reason.
    Unknown(String),
}

/// What came of the question about one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What CloudFormation says.
    pub verdict: Verdict,
    /// Why the change set, or the empty stack of it, may be left behind.
    pub left: Option<String>,
}

/// Asks about several stacks. Once `is_stopped`, no further change set is created, and those that exist are deleted. `run`
/// is different for each run.
pub async fn ask_all(
    cloud: &impl Cloud,
    stacks: &[&Stack],
    run: &str,
    is_stopped: impl Fn() -> bool,
) -> Vec<Asked> {
    let is_stopped = &is_stopped;
    let asking = stacks.iter().map(async |stack| {
        if is_stopped() {
            let verdict = Verdict::Unknown("the run was stopped".to_owned());
            return Asked { verdict, left: None };
        }
        ask(cloud, stack, run, is_stopped).await
    });
    stream::iter(asking).buffered(AT_ONCE).collect().await
}

/// Asks about one stack. Whatever happens in between, the change set is deleted at the end: a request without an answer may
/// have created it.
async fn ask(
    cloud: &impl Cloud,
    stack: &Stack,
    run: &str,
    is_stopped: &impl Fn() -> bool,
) -> Asked {
    let creates = match creates(cloud, stack).await {
        Ok(Ok(creates)) => creates,
        Ok(Err(reason)) => return Asked { verdict: Verdict::Unknown(reason), left: None },
        Err(error) => {
            return Asked { verdict: Verdict::Unknown(error.to_string()), left: None };
        }
    };
    let verdict = match look(cloud, stack, run, creates, is_stopped).await {
        Ok(verdict) => verdict,
        Err(CloudError::Refused { message, .. }) => Verdict::Refused(message),
        Err(error) => Verdict::Unknown(error.to_string()),
    };
    Asked { verdict, left: discard(cloud, stack).await }
}

/// Whether a change set would create the stack. The inner error is the reason why there can be no change set.
async fn creates(cloud: &impl Cloud, stack: &Stack) -> Result<Result<bool, String>, CloudError> {
    let found = cloud.describe(&stack.site, &stack.entry.name).await?;
    let Some(found) = found else { return Ok(Ok(true)) };
    let own = stack.entry.tags.get(MESH);
    if let Some(other) = found.tags.get(MESH).filter(|other| own != Some(*other)) {
        return Ok(Err(format!("it is the mesh `{other}`'s, as its tag says")));
    }
    Ok(match standing(&found.status) {
        Standing::Absent => Ok(true),
        Standing::Whole => Ok(false),
        Standing::Busy | Standing::Undone | Standing::Stuck(_) => {
            Err(format!("it is {}, so CloudFormation makes no change set of it", found.status))
        }
    })
}

/// Creates the change set and reads it.
async fn look(
    cloud: &impl Cloud,
    stack: &Stack,
    run: &str,
    creates: bool,
    is_stopped: &impl Fn() -> bool,
) -> Result<Verdict, CloudError> {
    // A deployment numbers its requests from 1.
    let token = token(run, &stack.entry.address(), Operation::Prepare, 0);
    let (site, name) = (&stack.site, stack.entry.name.as_str());
    let made = cloud.create_change_set(stack, NAME, creates, &token).await?;
    let mut tries = 0;
    loop {
        let found = cloud.describe_change_set_with_values(site, name, &made.change_set).await?;
        return Ok(match found {
            ChangeSet::Pending if is_stopped() => {
                Verdict::Unknown("the run was stopped".to_owned())
            }
            ChangeSet::Pending => {
                cloud.pause(tries).await;
                tries += 1;
                continue;
            }
            ChangeSet::Ready(changes) => Verdict::Changes(changes),
            ChangeSet::Empty => Verdict::Nothing,
            ChangeSet::Failed(reason) => Verdict::Refused(reason),
            ChangeSet::Lost(reason) => Verdict::Unknown(reason),
        });
    }
}

/// Deletes the change set, and the stack that it left empty. Returns why they may be left behind.
async fn discard(cloud: &impl Cloud, stack: &Stack) -> Option<String> {
    let name = &stack.entry.name;
    let mut tries = 0;
    loop {
        let error = cloud.delete_change_set(&stack.site, name, NAME).await.err()?;
        tries += 1;
        if tries >= DELETIONS {
            return Some(format!(
                "change set {NAME} of {} may be left: {error}; `aws cloudformation delete-change-set --change-set-name {NAME} \
                 --stack-name {name}` deletes it",
                stack.entry.address()
            ));
        }
        cloud.pause(tries).await;
    }
}
