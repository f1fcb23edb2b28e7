//! What the driver needs of the cloud, and how it can fail.

use std::collections::BTreeMap;
use std::future::Future;

use lakewright_template::assembly::StackEntry;
use lakewright_template::{Place, StackAddress};

use crate::ask::Ask;
use crate::event::{Change, Event, Rejection};
use crate::plan::Observed;

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The caller may not, or is not known.
    #[error("{what}: {message}")]
    Access {
        /// What was tried.
        what: String,
        /// What AWS says.
        message: String,
    },
    /// AWS cannot be reached, or asks to come again later, and all tries are used up.
    #[error("{what}: {message}")]
    Network {
        /// What was tried.
        what: String,
        /// What happened.
        message: String,
    },
    /// Somebody else changes the same stack.
    #[error("{what}: {message}")]
    Overtaken {
        /// What was tried.
        what: String,
        /// What AWS says.
        message: String,
    },
    /// CloudFormation or S3 refuses the request itself.
    #[error("{what}: {message}")]
    Refused {
        /// What was tried.
        what: String,
        /// What AWS says.
        message: String,
    },
}

/// Where a stack is deployed, and with whose help.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The account and the region.
    pub place: Place,
    /// The role to assume, when the caller is not the account's owner.
    pub access: Access,
}

impl Site {
    /// The address of a stack here.
    pub fn address(&self, name: &str) -> StackAddress {
        StackAddress::new(self.place.clone(), name)
    }
}

/// Who deploys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// The account's deploy role, with the external id; CloudFormation runs as the execution role.
    Deployer {
        /// The deploy role's ARN.
        role: String,
        /// The external id.
        external_id: String,
        /// The execution role's ARN.
        execution_role: String,
        /// The bucket for templates that do not fit into a request.
        template_bucket: String,
    },
    /// The account's owner: the caller itself in its own account, else this role.
    Owner {
        /// The role's name.
        role: String,
    },
}

/// A stack with everything that its deployment needs.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The entry of the assembly.
    pub entry: StackEntry,
    /// The template.
    pub template: String,
    /// The content of each asset, by its path.
    pub assets: BTreeMap<String, Vec<u8>>,
    /// Where and with whose help.
    pub site: Site,
}

/// A resource that a stack has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Its physical id.
    pub physical_id: String,
}

/// The state of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSet {
    /// It is being made.
    Pending,
    /// It can be run, and would do this.
    Ready(Vec<Change>),
    /// It has nothing in it.
    Empty,
    /// It cannot be made.
    Failed(String),
    /// Somebody deleted it, or what it was made for is not there any more.
    Lost(String),
}

/// The operations on one account and region. The AWS adapter has them, and a simulation can.
pub trait Cloud {
    /// Every stack of a site, by name.
    fn list(
        &self,
        site: &Site,
    ) -> impl Future<Output = Result<BTreeMap<String, Observed>, CloudError>>;

    /// A stack; `None` when there is none.
    fn describe(
        &self,
        site: &Site,
        name: &str,
    ) -> impl Future<Output = Result<Option<Observed>, CloudError>>;

    /// The resources of a stack that are there.
    fn resources(
        &self,
        site: &Site,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Placed>, CloudError>>;

    /// The template of a stack as it was deployed.
    fn template(&self, site: &Site, name: &str)
    -> impl Future<Output = Result<String, CloudError>>;

    /// Makes a change set under a name; gives the ARN or the name that it really has.
    fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
    ) -> impl Future<Output = Result<String, CloudError>>;

    /// Looks at a change set.
    fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<ChangeSet, CloudError>>;

    /// What did not pass CloudFormation's validation: of a change set, or of the last change of the stack that ran.
    fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Rejection>, CloudError>>;

    /// Removes a change set, and the shell of a stack that was never made.
    fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Runs a change set.
    fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Deletes a stack.
    fn delete_stack(
        &self,
        site: &Site,
        stack: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// The stack's events since one, the oldest first, each with its id.
    fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> impl Future<Output = Result<Vec<(String, Event)>, CloudError>>;

    /// Puts an object into a bucket.
    fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Whether an object can be read. One that cannot counts as not there: without the right to list a bucket, S3 tells
    /// no difference (`HeadObject` in the S3 API reference).
    fn has_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<bool, CloudError>>;

    /// The text of an object with its version, an ETag; `None` when there is none. A list of this key alone tells, as
    /// whoever may not list is denied what is not there ("GetObject" in the S3 API reference).
    fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<(String, String)>, CloudError>>;

    /// Writes an object in place of a version that was read, or where there was none; gives the new version. When
    /// somebody else wrote it since, that is [`CloudError::Overtaken`].
    fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> impl Future<Output = Result<String, CloudError>>;

    /// Removes every object and version of a bucket; gives how many there were.
    fn empty(&self, site: &Site, bucket: &str) -> impl Future<Output = Result<usize, CloudError>>;

    /// Takes our tags off a stack, so that it is no longer known as the mesh's.
    fn forget(&self, site: &Site, stack: &str) -> impl Future<Output = Result<(), CloudError>>;

    /// Asks a service beside CloudFormation and S3; gives the answer's body.
    fn ask(&self, site: &Site, ask: &Ask) -> impl Future<Output = Result<String, CloudError>>;

    /// Waits before the next look. The adapter knows how long.
    fn pause(&self, tries: u32) -> impl Future<Output = ()>;
}
