//! The AWS adapter: the only module that calls AWS.
//!
//! `AWS_ENDPOINT_URL` redirects all requests, as the SDK documents.

pub mod caller;
mod change_set;
mod drift;
mod failure;
mod objects;
mod requests;
mod signed;
mod told;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, DeploymentConfig, DeploymentConfigMode, OnStackFailure, Parameter,
    ResourceStatus, Tag, TemplateStage, ValidationStatus,
};
use aws_smithy_http_client::Connector;
use lakewright_template::revision;
use lakewright_template::write::minified;

use self::caller::Settings;
use self::change_set::{DELETED, unready};
use self::failure::{GONE, failed, is_missing, is_overtaken};
use self::objects::Bucket;
use crate::ask::Ask;
use crate::cloud::{Access, ChangeSet, Cloud, CloudError, Placed, Site, Stack, StackEvent};
use lakewright_fleet::event::{Change, Rejection};
use lakewright_fleet::plan::Observed;

/// The maximum size of a template in a request, in bytes. Source: "CloudFormation quotas".
const INLINE_BYTES: usize = 51_200;
/// The role session name, which CloudTrail shows.
const SESSION: &str = "lakewright";

/// AWS, called with the caller's credentials.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    caller: String,
    /// Whether change sets import existing resources with static names.
    imports_existing: bool,
    connector: Connector,
    sessions: RefCell<BTreeMap<Site, SdkConfig>>,
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
            connector: signed::connector(),
            sessions: RefCell::default(),
        })
    }

    /// The account of the caller's credentials.
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// The SDK configuration for a site. The SDK assumes the role at the first request, and again
    /// before its credentials expire.
    async fn session(&self, site: &Site) -> SdkConfig {
        if let Some(session) = self.sessions.borrow().get(site) {
            return session.clone();
        }
        let region = Region::new(site.place.region.to_string());
        let builder = self.base.to_builder().region(region.clone());
        let session = match self.role(site) {
            None => builder.build(),
            Some((role, external_id)) => {
                let provider = AssumeRoleProvider::builder(role)
                    .configure(&self.base)
                    .session_name(SESSION)
                    .region(region);
                let provider = match external_id {
                    Some(id) => provider.external_id(id),
                    None => provider,
                };
                let provider = provider.build().await;
                builder
                    .credentials_provider(
                        aws_credential_types::provider::SharedCredentialsProvider::new(provider),
                    )
                    .build()
            }
        };
        self.sessions.borrow_mut().insert(site.clone(), session.clone());
        session
    }

    /// The ARN of the role to assume, and the external id.
    fn role(&self, site: &Site) -> Option<(String, Option<String>)> {
        match &site.access {
            Access::Deployer { role, external_id, .. } => {
                Some((role.clone(), Some(external_id.clone())))
            }
            Access::Owner { .. } if self.caller == site.place.account => None,
            Access::Owner { role } => Some((site.place.role_arn(role), None)),
        }
    }

    async fn cloudformation(&self, site: &Site) -> CloudFormation {
        CloudFormation::new(&self.session(site).await)
    }

    async fn bucket<'a>(&'a self, site: &'a Site, name: &'a str) -> Bucket<'a> {
        let session = self.session(site).await;
        Bucket { connector: &self.connector, session, name, owner: &site.place.account }
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
    ) -> Result<String, CloudError> {
        let client = self.cloudformation(&stack.site).await;
        let url = self.template_url(stack).await?;
        let fits = stack.template.len() <= INLINE_BYTES;
        let body = match (&url, fits) {
            (Some(_), _) => None,
            (None, true) => Some(stack.template.clone()),
            // A bootstrap stack has no bucket for templates yet.
            (None, false) => Some(minified(&stack.template)),
        };
        let entry = &stack.entry;
        let tags: Vec<Tag> = entry
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let execution_role = execution_role(&stack.site);
        // A stack cannot have two change sets of one name, and the same digest may be deployed
        // again later.
        for attempt in 1..=20 {
            let name = if attempt == 1 { name.to_owned() } else { format!("{name}-{attempt}") };
            let request = client
                .create_change_set()
                .stack_name(&entry.name)
                .change_set_name(&name)
                .change_set_type(if creates {
                    ChangeSetType::Create
                } else {
                    ChangeSetType::Update
                })
                .set_capabilities(Some(
                    entry.capabilities.iter().map(|name| Capability::from(name.as_str())).collect(),
                ))
                .set_tags(Some(tags.clone()))
                .set_role_arn(execution_role.clone())
                .set_template_url(url.clone())
                .set_template_body(body.clone())
                .client_token(token);
            let request =
                if creates { request.on_stack_failure(OnStackFailure::Rollback) } else { request };
            let request = if self.imports_existing {
                request.import_existing_resources(true)
            } else {
                request
            };
            match request.send().await {
                Ok(made) => return Ok(made.id().map_or(name, str::to_owned)),
                Err(error)
                    if error.code() == Some("AlreadyExistsException") && !is_overtaken(&error) => {}
                Err(error) => {
                    return Err(failed(
                        &format!("prepare a change of stack {}", entry.name),
                        &error,
                    ));
                }
            }
        }
        Err(CloudError::Refused {
            what: format!("prepare a change of stack {}", entry.name),
            message: "20 change sets of this digest are there; delete old ones".to_owned(),
        })
    }

    async fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        let client = self.cloudformation(site).await;
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let page = client
                .describe_change_set()
                .stack_name(stack)
                .change_set_name(name)
                .set_next_token(token)
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) if is_missing(&error) || is_overtaken(&error) => {
                    return Ok(ChangeSet::Lost(DELETED.to_owned()));
                }
                Err(error) => {
                    return Err(failed(&format!("look at the change of stack {stack}"), &error));
                }
            };
            let reason = page.status_reason().unwrap_or_default();
            if let Some(end) = unready(page.status(), page.execution_status(), reason) {
                return Ok(end);
            }
            for change in page.changes().iter().filter_map(|change| change.resource_change()) {
                changes.push(Change {
                    action: change.action().map(|a| a.as_str().to_owned()).unwrap_or_default(),
                    logical_id: change.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: change.resource_type().unwrap_or_default().to_owned(),
                    replacement: change.replacement().map(|r| r.as_str().to_owned()),
                });
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(ChangeSet::Ready(changes));
            }
        }
    }

    async fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Rejection>, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("read why the change of stack {stack} is not valid");
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = client.describe_events().set_next_token(token);
            let request = match change_set {
                Some(name) => request.change_set_name(name),
                None => request.stack_name(stack),
            };
            let page = request.send().await.map_err(|error| failed(&what, &error))?;
            for event in page.operation_events() {
                if event.validation_status() != Some(&ValidationStatus::Failed) {
                    continue;
                }
                let text = |value: Option<&str>| value.unwrap_or("?").to_owned();
                let rejection = Rejection {
                    logical_id: text(event.logical_resource_id()),
                    kind: text(event.resource_type()),
                    reason: text(event.validation_status_reason()),
                };
                let at = event.timestamp().map(aws_smithy_types::DateTime::as_nanos);
                found.push((at, text(event.operation_id()), rejection));
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        // The response has the events of all operations on the stack.
        let newest = found.iter().max_by_key(|(at, _, _)| *at);
        let newest = newest.map(|(_, operation, _)| operation.clone());
        let of_newest = found.into_iter().filter(|(_, one, _)| Some(one) == newest.as_ref());
        Ok(of_newest.map(|(_, _, rejection)| rejection).collect())
    }

    async fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("remove the change of stack {stack}");
        let request = client.delete_change_set().stack_name(stack).change_set_name(name);
        match request.send().await {
            Ok(_) => {}
            // The change set is gone, because somebody else deleted or changed the stack.
            Err(error) if error.code().is_some_and(|code| code.starts_with(GONE)) => return Ok(()),
            Err(error) => return Err(failed(&what, &error)),
        }
        // A change set of type CREATE leaves an empty stack behind.
        let is_shell = self
            .describe(site, stack)
            .await?
            .is_some_and(|found| found.status == "REVIEW_IN_PROGRESS");
        if is_shell {
            // The execution role deletes it: the deploy role may delete stacks only through that
            // role.
            let request =
                client.delete_stack().stack_name(stack).set_role_arn(execution_role(site));
            request.send().await.map_err(|error| failed(&what, &error))?;
        }
        Ok(())
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
        let result = request.send().await;
        result.map(drop).map_err(|error| failed(&format!("change stack {stack}"), &error))
    }

    async fn delete_stack(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let role = execution_role(site);
        let request = client.delete_stack().stack_name(stack).set_role_arn(role);
        let request = request.client_request_token(token);
        let result = request.send().await;
        result.map(drop).map_err(|error| failed(&format!("delete stack {stack}"), &error))
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
        client
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
        let mut tries = 0;
        loop {
            match self.describe_change_set(site, stack, name).await? {
                ChangeSet::Pending => self.pause(tries).await,
                ChangeSet::Ready(_) => {
                    return self.execute_change_set(site, stack, name, name).await;
                }
                ChangeSet::Empty => return self.delete_change_set(site, stack, name).await,
                ChangeSet::Failed(message) => return Err(CloudError::Refused { what, message }),
                ChangeSet::Lost(message) => return Err(CloudError::Overtaken { what, message }),
            }
            tries += 1;
        }
    }

    async fn ask(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        requests::send(&self.connector, &self.session(site).await, ask).await
    }

    async fn pause(&self, tries: u32) {
        // Starts at 0.2 seconds, as most waits end early, and grows to five seconds.
        let milliseconds = 200_u64.saturating_mul(1 << tries.min(5)).min(5_000);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
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
