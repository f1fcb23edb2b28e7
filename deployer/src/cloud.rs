//! The operations that the driver needs from AWS, and their errors.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use lakewright_template::assembly::StackEntry;
use lakewright_template::{Place, StackAddress};

use crate::ask::Ask;
use lakewright_fleet::event::{Change, PlannedHook, Rejection};
use lakewright_fleet::plan::Observed;

/// A failed request. `what` completes `failed to ...`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The caller lacks permissions, or is unknown.
    #[error("{what}: {message}")]
    Access {
        /// The purpose of the request.
        what: String,
        /// The message from AWS.
        message: String,
    },
    /// AWS cannot be reached or asks to try again later, and all tries have failed.
    #[error("{what}: {message}")]
    Network {
        /// The purpose of the request.
        what: String,
        /// The cause.
        message: String,
    },
    /// The service asks for fewer requests.
    #[error("{what}: {message}")]
    Throttled {
        /// The purpose of the request.
        what: String,
        /// The message from AWS.
        message: String,
        /// How long the service wants the caller to wait, if it says so.
        after: Option<Duration>,
    },
    /// As many operations are under way as the account may have at once.
    #[error("{what}: {message}")]
    Full {
        /// The purpose of the request.
        what: String,
        /// The message from AWS.
        message: String,
    },
    /// Somebody else changes the same stack or object.
    #[error("{what}: {message}")]
    Overtaken {
        /// The purpose of the request.
        what: String,
        /// The message from AWS.
        message: String,
    },
    /// The service refuses the request itself.
    #[error("{what}: {message}")]
    Refused {
        /// The purpose of the request.
        what: String,
        /// The message from AWS.
        message: String,
    },
}

impl CloudError {
    /// Whether AWS calls the credentials expired. Such a request has no effect.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Access { message, .. } if message.contains("ExpiredToken"))
    }
}

/// An account and region, and the roles and bucket used to deploy there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The account.
    pub place: Place,
    /// The region.
    pub access: Access,
}

impl Site {
    /// How the account is accessed.
    pub fn address(&self, name: &str) -> StackAddress {
        StackAddress::new(self.place.clone(), name)
    }
}

/// How an account is accessed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Through the account's deploy role, with an external id. CloudFormation assumes the execution role.
    Deployer {
        /// The deploy role's ARN.
        role: String,
        /// The external id.
        external_id: String,
        /// The execution role's ARN.
        execution_role: String,
        /// The bucket for templates that do not fit into a request (51,200 bytes).
        template_bucket: String,
    },
    /// As the account's owner: the caller itself in its own account, in other accounts this role.
    Owner {
        /// The role's name.
        role: String,
    },
}

/// A stack and everything needed to deploy it.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its entry in the assembly.
    pub entry: StackEntry,
    /// The template, as JSON text.
    pub template: String,
    /// The content of each asset, by its path in the assembly.
    pub assets: BTreeMap<String, Vec<u8>>,
    /// Where it is deployed, and with which roles.
    pub site: Site,
}

/// A resource that a stack has created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its logical id.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// Its physical id.
    pub physical_id: String,
}

/// An event of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Its id.
    pub id: String,
    /// The token of the request that began the operation; `None` if the request had none.
    pub token: Option<String>,
    /// The resource's logical id; the stack's own name for the stack itself.
    pub logical_id: String,
    /// Its resource type.
    pub kind: String,
    /// Its status.
    pub status: String,
    /// The reason of a failure.
    pub reason: Option<String>,
}

/// A change set that CloudFormation creates, or that an earlier run has created in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its ARN, or its name.
    pub change_set: String,
    /// The stack's ARN. Later calls name the stack by it, because a name may come to mean another stack.
    pub stack_id: Option<String>,
}

/// The state of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSet {
    /// CloudFormation is creating it.
    Pending,
    /// It can be executed, with these changes.
    Ready(Vec<Change>),
    /// It has no changes.
    Empty,
    /// CloudFormation could not create it, for this reason.
    Failed(String),
    /// It was deleted, or the stack that it was created for has changed or is gone. The text is the reason.
    Lost(String),
}

/// Whether a resource of a name exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existence {
    /// It does not, or nothing is known of its type.
    Free,
    /// It does, in the account.
    Here,
    /// It may exist, for this reason.
    Unsure(String),
}

/// The operations on one account and region, implemented by the AWS adapter and by simulations.
pub trait Cloud {
    /// All stacks of a site, by name.
    fn list(
        &self,
        site: &Site,
    ) -> impl Future<Output = Result<BTreeMap<String, Observed>, CloudError>>;

    /// A stack; `None` if it does not exist.
    fn describe(
        &self,
        site: &Site,
        name: &str,
    ) -> impl Future<Output = Result<Option<Observed>, CloudError>>;

    /// The existing resources of a stack.
    fn resources(
        &self,
        site: &Site,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Placed>, CloudError>>;

    /// The template of a stack, as it was deployed.
    fn template(&self, site: &Site, name: &str)
    -> impl Future<Output = Result<String, CloudError>>;

    /// The template of a stack before transforms, in the form in which it was given to CloudFormation; `None` if the
    /// stack does not exist.
    fn original_template(
        &self,
        site: &Site,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, CloudError>>;

    /// Creates a change set, or adopts one of this name that does the same and can be executed. One that does something else
    /// is deleted first. A request with the same token has no second effect.
    fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> impl Future<Output = Result<Created, CloudError>>;

    /// The state of a change set.
    fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<ChangeSet, CloudError>>;

    /// The state of a change set, with the values before and after each change.
    fn describe_change_set_with_values(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<ChangeSet, CloudError>>;

    /// The resources that CloudFormation's validation or a hook refused, or warned of: of a change set, or without one, of
    /// the stack's last operation.
    fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Rejection>, CloudError>>;

    /// The hooks that CloudFormation will run before it changes resources of a change set.
    fn hooks(
        &self,
        site: &Site,
        stack: &str,
        change_set: &str,
    ) -> impl Future<Output = Result<Vec<PlannedHook>, CloudError>>;

    /// Deletes a change set, and the empty stack that it left if the stack was never created and has no other change set.
    fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Executes a change set. The events of the operation have the token, and a request with the same token has no second
    /// effect.
    fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        token: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Deletes a stack, given by name or ARN. The events of the operation have the token.
    fn delete_stack(
        &self,
        site: &Site,
        stack: &str,
        token: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Goes on with the rollback of a stack in status `UPDATE_ROLLBACK_FAILED`. CloudFormation leaves the resources `skip` as
    /// they are, given by their logical ids, and counts them as rolled back. The events of the operation have the token.
    fn continue_rollback(
        &self,
        site: &Site,
        stack: &str,
        skip: &[String],
        token: &str,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Turns the termination protection of a stack on or off. CloudFormation does not delete a stack that has it.
    fn protect(
        &self,
        site: &Site,
        stack: &str,
        is_protected: bool,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// How many resources may be in operation at once in a site; `None` if the caller may not know it, or if the service does
    /// not say it.
    fn limits(&self, site: &Site) -> impl Future<Output = Result<Option<usize>, CloudError>>;

    /// The events of a stack since the event `since`, the oldest first: all of them if no event has this id. Without `since`,
    /// only the newest page.
    fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> impl Future<Output = Result<Vec<StackEvent>, CloudError>>;

    /// Writes an object into a bucket.
    fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), CloudError>>;

    /// Whether an object can be read. Without permission to list a bucket, S3 reports a missing object as denied, so
    /// both count as missing (`HeadObject` in the S3 API reference).
    fn has_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<bool, CloudError>>;

    /// The text of an object and its version, an ETag; `None` if it does not exist. The key is listed first, because
    /// without permission to list, S3 answers a request for a missing object with access denied ("GetObject" in the S3
    /// API reference).
    fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<(String, String)>, CloudError>>;

    /// Writes an object if it still has the version that was read, or, without one, if it does not exist. Returns the
    /// new version. If somebody else wrote it in between, the error is [`CloudError::Overtaken`].
    fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> impl Future<Output = Result<String, CloudError>>;

    /// Deletes all versions of all objects in a bucket. Returns their number.
    fn empty(&self, site: &Site, bucket: &str) -> impl Future<Output = Result<usize, CloudError>>;

    /// Removes the mesh's tags from a stack, so that it no longer counts as part of the mesh.
    fn forget(&self, site: &Site, stack: &str) -> impl Future<Output = Result<(), CloudError>>;

    /// Whether a resource exists, by its type and name. [`Existence::Free`] for types that the implementation does not know.
    fn existence(
        &self,
        site: &Site,
        kind: &str,
        name: &str,
    ) -> impl Future<Output = Result<Existence, CloudError>>;

    /// Calls a service other than CloudFormation and S3. Returns the body of the response.
    fn ask(&self, site: &Site, ask: &Ask) -> impl Future<Output = Result<String, CloudError>>;

    /// Waits before the next try; longer the more tries there were.
    fn pause(&self, tries: u32) -> impl Future<Output = ()>;

    /// The work on a stack has ended, whatever its status. Nobody looks at the stack any more.
    fn done(&self, _: &StackAddress) {}
}
