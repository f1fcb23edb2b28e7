//! The AWS adapter: the only module that calls AWS.
//!
//! `AWS_ENDPOINT_URL` redirects all requests, as the SDK documents.

pub mod caller;
mod change_set;
mod changes;
mod drift;
mod existing;
mod failure;
mod kept;
mod objects;
mod patience;
mod requests;
mod sessions;
mod signed;
#[cfg(test)]
mod states;
mod tagged;
mod told;
mod validation;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{
    DeploymentConfig, DeploymentConfigMode, Parameter, ResourceStatus, Tag, TemplateStage,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use lakewright_template::revision;

use self::caller::Settings;
use self::failure::{failed, is_missing};
use self::objects::Bucket;
use self::patience::LeaveThrottled;
use self::signed::Sender;
use self::tagged::Untagged;
use crate::ask::Ask;
use crate::cloud::{
    Access, ChangeSet, Cloud, CloudError, Created, Existence, Placed, Site, Stack, StackEvent,
};
use lakewright_fleet::event::{PlannedHook, Rejection};
use lakewright_fleet::plan::Observed;

/// The maximum size of a template in a request, in bytes. Source: "CloudFormation quotas".
const INLINE_BYTES: usize = 51_200;
/// The name of the limit of resources in operation at once. Source: `AccountLimit` in the CloudFormation API reference.
const CONCURRENT: &str = "ConcurrentResourcesLimit";
/// The beginning of the role session name, which CloudTrail shows.
const SESSION: &str = "lakewright";

/// AWS, called with the caller's credentials.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    caller: String,
    /// Whether change sets import existing resources with static names.
    imports_existing: bool,
    sender: Sender,
    /// Whether a layer above repeats the requests that AWS throttles.
    is_paced: bool,
    /// The role session name.
    session: String,
    /// The session tags of deploy roles.
    tags: Option<[(&'static str, String); 2]>,
    untagged: Untagged,
    sessions: RefCell<BTreeMap<Site, SdkConfig>>,
    /// To make a client takes longer than to send a request with it.
    clients: RefCell<BTreeMap<Site, CloudFormation>>,
}

impl Aws {
    /// Finds the caller's credentials and account.
    pub async fn connect(settings: &Settings) -> Result<Self, CloudError> {
        let base = caller::configuration(settings).await?;
        let caller = caller::account(&base).await?;
        Ok(Self {
            base,
            caller,
            imports_existing: settings.imports_existing,
            sender: Sender::new(),
            is_paced: false,
            session: match &settings.run {
                Some(run) => format!("{SESSION}-{run}"),
                None => SESSION.to_owned(),
            },
            tags: tagged::tags(settings),
            untagged: Untagged::default(),
            sessions: RefCell::default(),
            clients: RefCell::default(),
        })
    }

    /// The same, for a layer above that repeats the requests which AWS throttles.
    #[must_use]
    pub fn paced(&self) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(3);
        Self {
            base: self.base.to_builder().retry_config(retries).build(),
            caller: self.caller.clone(),
            imports_existing: self.imports_existing,
            sender: Sender::new(),
            is_paced: true,
            session: self.session.clone(),
            tags: self.tags.clone(),
            untagged: Arc::clone(&self.untagged),
            sessions: RefCell::default(),
            clients: RefCell::default(),
        }
    }

    /// The account of the caller's credentials.
    pub fn caller(&self) -> &str {
        &self.caller
    }

    async fn cloudformation(&self, site: &Site) -> CloudFormation {
        if let Some(client) = self.clients.borrow().get(site) {
            return client.clone();
        }
        let session = self.session(site).await;
        let client = if self.is_paced {
            let config = aws_sdk_cloudformation::config::Builder::from(&session);
            CloudFormation::from_conf(config.retry_classifier(LeaveThrottled).build())
        } else {
            CloudFormation::new(&session)
        };
        self.clients.borrow_mut().insert(site.clone(), client.clone());
        client
    }

    async fn bucket<'a>(&'a self, site: &'a Site, name: &'a str) -> Bucket<'a> {
        let session = self.session(site).await;
        Bucket { sender: &self.sender, session, name, owner: &site.place.account }
    }

    /// The URL of the template in the bootstrap bucket, uploaded there if it does not fit into a
    /// request.
    async fn template_url(&self, stack: &Stack) -> Result<Option<String>, CloudError> {
        let Access::Deployer { template_bucket, .. } = &stack.site.access else { return Ok(None) };
        if stack.template.len() <= INLINE_BYTES {
            return Ok(None);
        }
        let key = format!("templates/{}.json", stack.entry.digest);
        let bytes = stack.template.clone().into_bytes();
        self.upload(&stack.site, template_bucket, &key, bytes).await?;
        Ok(Some(objects::address(template_bucket, &stack.site.place.region, &key)))
    }
}

impl Cloud for Aws {
    async fn list(&self, site: &Site) -> Result<BTreeMap<String, Observed>, CloudError> {
        let client = self.cloudformation(site).await;
        let mut pages = client.describe_stacks().into_paginator().send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                failed(
                    &format!("list the stacks of {} {}", site.place.account, site.place.region),
                    &error,
                )
            })?;
            for stack in page.stacks() {
                let name = stack.stack_name().unwrap_or_default().to_owned();
                found.insert(name, observed(stack));
            }
        }
        Ok(found)
    }

    async fn describe(&self, site: &Site, name: &str) -> Result<Option<Observed>, CloudError> {
        let client = self.cloudformation(site).await;
        match client.describe_stacks().stack_name(name).send().await {
            Ok(output) => Ok(output.stacks().first().map(observed)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("look at stack {name}"), &error)),
        }
    }

    async fn resources(&self, site: &Site, name: &str) -> Result<Vec<Placed>, CloudError> {
        let client = self.cloudformation(site).await;
        // The alternative, `DescribeStackResources`, returns the first 100 resources only.
        let mut pages = client.list_stack_resources().stack_name(name).into_paginator().send();
        let what = format!("look at the resources of stack {name}");
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&what, &error))?;
            for one in page.stack_resource_summaries() {
                // What has no physical id was never made.
                let is_gone = one.resource_status() == Some(&ResourceStatus::DeleteComplete);
                let Some(physical_id) = one.physical_resource_id().filter(|_| !is_gone) else {
                    continue;
                };
                found.push(Placed {
                    logical_id: one.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: one.resource_type().unwrap_or_default().to_owned(),
                    physical_id: physical_id.to_owned(),
                });
            }
        }
        Ok(found)
    }

    async fn template(&self, site: &Site, name: &str) -> Result<String, CloudError> {
        let client = self.cloudformation(site).await;
        let output = client.get_template().stack_name(name).send().await;
        let output = output.map_err(|error| failed(&format!("read stack {name}"), &error))?;
        Ok(output.template_body().unwrap_or_default().to_owned())
    }

    async fn original_template(
        &self,
        site: &Site,
        name: &str,
    ) -> Result<Option<String>, CloudError> {
        let client = self.cloudformation(site).await;
        let request = client.get_template().stack_name(name);
        match request.template_stage(TemplateStage::Original).send().await {
            Ok(output) => Ok(Some(output.template_body().unwrap_or_default().to_owned())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => {
                Err(failed(&format!("read the template of {}", site.address(name)), &error))
            }
        }
    }

    async fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> Result<Created, CloudError> {
        Box::pin(self.prepare(stack, name, creates, token)).await
    }

    async fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        self.changes(site, stack, name, false).await
    }

    async fn describe_change_set_with_values(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        self.changes(site, stack, name, true).await
    }

    async fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Rejection>, CloudError> {
        self.rejections(site, stack, change_set).await
    }

    async fn hooks(
        &self,
        site: &Site,
        stack: &str,
        change_set: &str,
    ) -> Result<Vec<PlannedHook>, CloudError> {
        self.planned_hooks(site, stack, change_set).await
    }

    async fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        self.discard(site, stack, name).await
    }

    async fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        token: &str,
    ) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let request = client.execute_change_set().stack_name(stack).change_set_name(name);
        let request = request.client_request_token(token);
        begun(&format!("change stack {stack}"), request.send().await)
    }

    async fn delete_stack(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let role = execution_role(site);
        let request = client.delete_stack().stack_name(stack).set_role_arn(role);
        let request = request.client_request_token(token);
        begun(&format!("delete stack {stack}"), request.send().await)
    }

    async fn continue_rollback(
        &self,
        site: &Site,
        stack: &str,
        skip: &[String],
        token: &str,
    ) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let skip = (!skip.is_empty()).then(|| skip.to_vec());
        let request = client.continue_update_rollback().stack_name(stack);
        let request = request.set_role_arn(execution_role(site)).set_resources_to_skip(skip);
        let request = request.client_request_token(token);
        begun(&format!("go on with the rollback of stack {stack}"), request.send().await)
    }

    async fn protect(
        &self,
        site: &Site,
        stack: &str,
        is_protected: bool,
    ) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let request = client.update_termination_protection().stack_name(stack);
        let result = request.enable_termination_protection(is_protected).send().await;
        let what = format!("set the termination protection of stack {stack}");
        result.map(drop).map_err(|error| failed(&what, &error))
    }

    async fn limits(&self, site: &Site) -> Result<Option<usize>, CloudError> {
        let client = self.cloudformation(site).await;
        let mut pages = client.describe_account_limits().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    return without_limit(failed("read the limits of the account", &error));
                }
            };
            let mut limits = page.account_limits().iter();
            if let Some(limit) = limits.find(|limit| limit.name() == Some(CONCURRENT)) {
                return Ok(limit.value().and_then(|value| usize::try_from(value).ok()));
            }
        }
        Ok(None)
    }

    async fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        let client = self.cloudformation(site).await;
        let mut pages = client.describe_stack_events().stack_name(stack).into_paginator().send();
        let mut found = Vec::new();
        'pages: while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if is_missing(&error) => break,
                Err(error) => return Err(failed(&format!("read the events of {stack}"), &error)),
            };
            // The newest events come first.
            for event in page.stack_events() {
                let id = event.event_id().unwrap_or_default();
                if Some(id) == since {
                    break 'pages;
                }
                let status =
                    event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
                found.push(StackEvent {
                    id: id.to_owned(),
                    token: event.client_request_token().map(str::to_owned),
                    logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: event.resource_type().unwrap_or_default().to_owned(),
                    status: status.to_owned(),
                    reason: event.resource_status_reason().map(str::to_owned),
                });
            }
            // The caller only needs the newest event, to know where to start.
            if since.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    async fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> Result<(), CloudError> {
        self.bucket(site, bucket).await.put(key, bytes).await
    }

    async fn has_object(&self, site: &Site, bucket: &str, key: &str) -> Result<bool, CloudError> {
        self.bucket(site, bucket).await.has(key).await
    }

    async fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(String, String)>, CloudError> {
        self.bucket(site, bucket).await.read(key).await
    }

    async fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> Result<String, CloudError> {
        self.bucket(site, bucket).await.replace(key, text, was).await
    }

    async fn empty(&self, site: &Site, bucket: &str) -> Result<usize, CloudError> {
        self.bucket(site, bucket).await.empty().await
    }

    async fn forget(&self, site: &Site, stack: &str) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("forget stack {stack}");
        let found = client.describe_stacks().stack_name(stack).send().await;
        let found = found.map_err(|error| failed(&what, &error))?;
        let Some(found) = found.stacks().first() else { return Ok(()) };
        // The team's tag goes too: teams may change untracked stacks with their tag, and this stack
        // keeps the execution role.
        let is_ours = |tag: &&Tag| {
            tag.key().is_some_and(|key| key.starts_with("lakewright:") || key == "Team")
        };
        let kept: Vec<Tag> = found.tags().iter().filter(|tag| !is_ours(tag)).cloned().collect();
        let parameters = found.parameters().iter().map(|parameter| {
            Parameter::builder()
                .set_parameter_key(parameter.parameter_key().map(str::to_owned))
                .use_previous_value(true)
                .build()
        });
        let name = "lakewright-forget";
        // A run that was stopped may have left it.
        self.delete_one(site, stack, name).await?;
        let made = client
            .create_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .use_previous_template(true)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(Some(found.capabilities().to_vec()))
            .set_tags(Some(kept))
            .set_role_arn(found.role_arn().map(str::to_owned))
            .send()
            .await
            .map_err(|error| failed(&what, &error))?;
        // With a token that CloudFormation knows already, it would do nothing. The id of a change set ends in its own UUID.
        let id = made.id().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
        let token = format!("{name}-{id}");
        let mut tries = 0;
        loop {
            match self.describe_change_set(site, stack, name).await? {
                ChangeSet::Pending => self.pause(tries).await,
                ChangeSet::Ready(_) => {
                    return self.execute_change_set(site, stack, name, &token).await;
                }
                ChangeSet::Empty => return self.delete_change_set(site, stack, name).await,
                ChangeSet::Failed(message) => return Err(CloudError::Refused { what, message }),
                ChangeSet::Lost(message) => return Err(CloudError::Overtaken { what, message }),
            }
            tries += 1;
        }
    }

    async fn existence(
        &self,
        site: &Site,
        kind: &str,
        name: &str,
    ) -> Result<Existence, CloudError> {
        self.looks_for(site, kind, name).await
    }

    async fn ask(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        match requests::send(&self.sender, &self.session(site).await, ask).await {
            Err(error) if error.is_expired() => {
                self.renew(&site.place);
                requests::send(&self.sender, &self.session(site).await, ask).await
            }
            other => other,
        }
    }

    async fn pause(&self, tries: u32) {
        // Starts at 0.2 seconds, as most waits end early, and grows to five seconds.
        let milliseconds = 200_u64.saturating_mul(1 << tries.min(5)).min(5_000);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// The result of a request that begins an operation. Tokens of requests are unique, so one that CloudFormation knows already
/// is from a first try whose answer was lost, and the operation is under way.
fn begun<T, E>(what: &str, result: Result<T, SdkError<E, HttpResponse>>) -> Result<(), CloudError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("TokenAlreadyExistsException") => Ok(()),
        Err(error) => Err(failed(what, &error)),
    }
}

/// The result of a request for limits that failed. Deploy roles of earlier versions may not read them, and some services that
/// stand in for CloudFormation do not have the operation.
fn without_limit(error: CloudError) -> Result<Option<usize>, CloudError> {
    match error {
        CloudError::Access { .. } | CloudError::Refused { .. } => Ok(None),
        other => Err(other),
    }
}

/// The role that CloudFormation assumes for the stacks of a site; `None` for the caller's own
/// permissions.
fn execution_role(site: &Site) -> Option<String> {
    match &site.access {
        Access::Deployer { execution_role, .. } => Some(execution_role.clone()),
        Access::Owner { .. } => None,
    }
}

fn observed(stack: &aws_sdk_cloudformation::types::Stack) -> Observed {
    let tags = stack.tags().iter().filter_map(|tag| {
        Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
    });
    Observed {
        status: stack.stack_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
        tags: tags.collect(),
        is_express: stack.deployment_config().and_then(DeploymentConfig::mode)
            == Some(&DeploymentConfigMode::Express),
        revision: stack
            .outputs()
            .iter()
            .find(|output| output.output_key() == Some(revision::OUTPUT))
            .and_then(|output| output.output_value())
            .map(str::to_owned),
        id: stack.stack_id().map(str::to_owned),
        last_operation: stack
            .last_operations()
            .first()
            .and_then(|operation| operation.operation_id())
            .map(str::to_owned),
        is_protected: stack.enable_termination_protection().unwrap_or_default(),
        told: told::of(stack),
    }
}
