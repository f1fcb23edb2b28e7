//! Change sets: created, adopted if they exist already, read and deleted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::create_change_set::builders::CreateChangeSetFluentBuilder;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, EvaluationType, OnStackFailure, ResourceChange,
    ResourceChangeDetail, RollbackConfiguration, RollbackTrigger, Tag, TemplateStage,
};
use lakewright_fleet::event::{Change, Target};
use lakewright_template::assembly::Rollback;
use lakewright_template::write::minified;
use serde_json::Value;

use super::change_set::{DELETED, unready};
use super::failure::{GONE, failed, is_missing, is_overtaken};
use super::{Aws, INLINE_BYTES, execution_role};
use crate::again::LOOKS;
use crate::cloud::{ChangeSet, Cloud as _, CloudError, Created, Site, Stack};

/// The tag with the id of the mesh that a stack belongs to.
const MESH: &str = "lakewright:mesh";

/// A change set of the name that a new one shall get.
#[derive(Debug)]
enum Earlier {
    /// It does the same, and can be executed.
    Same(Created),
    /// It does something else, has failed, or cannot be executed any more.
    Other,
    /// CloudFormation is creating it.
    Pending,
    /// Somebody deleted it since.
    Gone,
}

impl Aws {
    /// Creates a change set, or adopts one of this name that does the same.
    pub(super) async fn prepare(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> Result<Created, CloudError> {
        let what = format!("prepare a change of stack {}", stack.entry.name);
        let request = self.request(stack, name, creates).await?;
        // A request for a second change set has a token of its own.
        let mut again = 0;
        for tries in 0..LOOKS {
            let token = if again == 0 { token.to_owned() } else { format!("{token}-{again}") };
            match request.clone().client_token(token).send().await {
                Ok(made) => {
                    return Ok(Created {
                        change_set: made.id().unwrap_or(name).to_owned(),
                        stack_id: made.stack_id().map(str::to_owned),
                    });
                }
                Err(error)
                    if error.code() == Some("AlreadyExistsException") && !is_overtaken(&error) => {}
                Err(error) => return Err(failed(&what, &error)),
            }
            match Box::pin(self.earlier(stack, name, &what)).await? {
                Earlier::Same(found) => return Ok(found),
                Earlier::Other => {
                    self.delete_one(&stack.site, &stack.entry.name, name).await?;
                    again += 1;
                }
                Earlier::Pending => self.pause(tries).await,
                Earlier::Gone => {}
            }
        }
        let message =
            format!("another run prepares change set {name} just now; run again when that is done");
        Err(CloudError::Overtaken { what, message })
    }

    async fn request(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
    ) -> Result<CreateChangeSetFluentBuilder, CloudError> {
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
        let tags = entry.tags.iter();
        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
        let capabilities = entry.capabilities.iter().map(|name| Capability::from(name.as_str()));
        let kind = if creates { ChangeSetType::Create } else { ChangeSetType::Update };
        let request = client
            .create_change_set()
            .stack_name(&entry.name)
            .change_set_name(name)
            .change_set_type(kind)
            .set_capabilities(Some(capabilities.collect()))
            .set_tags(Some(tags.collect()))
            .set_role_arn(execution_role(&stack.site))
            .set_rollback_configuration(entry.rollback.as_ref().map(rollback))
            .set_template_url(url)
            .set_template_body(body);
        let request =
            if creates { request.on_stack_failure(OnStackFailure::Rollback) } else { request };
        Ok(if self.imports_existing { request.import_existing_resources(true) } else { request })
    }

    /// Looks at the change set that has the name already.
    async fn earlier(&self, stack: &Stack, name: &str, what: &str) -> Result<Earlier, CloudError> {
        let client = self.cloudformation(&stack.site).await;
        let of_stack = &stack.entry.name;
        let request = client.describe_change_set().stack_name(of_stack).change_set_name(name);
        let found = match request.send().await {
            Ok(found) => found,
            Err(error) if is_gone(&error) || is_missing(&error) => return Ok(Earlier::Gone),
            Err(error) => return Err(failed(what, &error)),
        };
        if let Some(other) = other_mesh(stack, &found) {
            let message = format!(
                "its change set {name} is the mesh `{other}`'s, as its tag says; two meshes cannot have one stack"
            );
            return Err(CloudError::Refused { what: what.to_owned(), message });
        }
        let reason = found.status_reason().unwrap_or_default();
        match unready(found.status(), found.execution_status(), reason) {
            Some(ChangeSet::Pending) => return Ok(Earlier::Pending),
            Some(_) => return Ok(Earlier::Other),
            None => {}
        }
        let id = self.describe(&stack.site, of_stack).await?.and_then(|stack| stack.id);
        let is_of_stack = id.as_deref() == found.stack_id();
        if !is_of_stack || !is_alike(stack, self.imports_existing, &found) {
            return Ok(Earlier::Other);
        }
        let request = client.get_template().stack_name(of_stack).change_set_name(name);
        let template = request.template_stage(TemplateStage::Original).send().await;
        let template = match template {
            Ok(template) => template,
            Err(error) if is_gone(&error) || is_missing(&error) => return Ok(Earlier::Gone),
            Err(error) => return Err(failed(what, &error)),
        };
        if !is_same_template(template.template_body().unwrap_or_default(), &stack.template) {
            return Ok(Earlier::Other);
        }
        Ok(Earlier::Same(Created {
            change_set: found.change_set_id().unwrap_or(name).to_owned(),
            stack_id: found.stack_id().map(str::to_owned),
        }))
    }

    /// Deletes a change set, and nothing else.
    pub(super) async fn delete_one(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        let client = self.cloudformation(site).await;
        let request = client.delete_change_set().stack_name(stack).change_set_name(name);
        match request.send().await {
            Ok(_) => Ok(()),
            // The change set is gone, because somebody else deleted it or changed the stack; or the stack is gone.
            Err(error) if is_gone(&error) || is_missing(&error) => Ok(()),
            Err(error) => Err(failed(&format!("remove the change of stack {stack}"), &error)),
        }
    }

    /// Deletes a change set, and the empty stack that it left.
    pub(super) async fn discard(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        self.delete_one(site, stack, name).await?;
        // A change set of type CREATE leaves an empty stack behind.
        let shell = self.describe(site, stack).await?;
        let shell = shell.filter(|found| found.status == "REVIEW_IN_PROGRESS");
        let Some(shell) = shell else { return Ok(()) };
        // Its name may come to mean another stack, which somebody has created since.
        let id = shell.id.as_deref().unwrap_or(stack);
        if self.has_others(site, id, name).await? {
            return Ok(());
        }
        // The execution role deletes it: the deploy role may delete stacks only through that role.
        let client = self.cloudformation(site).await;
        let request = client.delete_stack().stack_name(id).set_role_arn(execution_role(site));
        let what = format!("remove the change of stack {stack}");
        request.send().await.map(drop).map_err(|error| failed(&what, &error))
    }

    /// Whether a stack has a change set beside one that was just deleted.
    async fn has_others(&self, site: &Site, stack: &str, name: &str) -> Result<bool, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("look at the changes of stack {stack}");
        let mut pages = client.list_change_sets().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if is_missing(&error) => return Ok(false),
                Err(error) => return Err(failed(&what, &error)),
            };
            let is_it = |id: Option<&str>| id == Some(name);
            let mut others = page
                .summaries()
                .iter()
                .filter(|one| !is_it(one.change_set_name()) && !is_it(one.change_set_id()));
            if others.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The state of a change set.
    pub(super) async fn changes(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        with_values: bool,
    ) -> Result<ChangeSet, CloudError> {
        let client = self.cloudformation(site).await;
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let request = client.describe_change_set().stack_name(stack).change_set_name(name);
            let request = request.set_next_token(token);
            let request = if with_values { request.include_property_values(true) } else { request };
            let page = match request.send().await {
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
            changes
                .extend(page.changes().iter().filter_map(|one| one.resource_change()).map(change));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(ChangeSet::Ready(changes));
            }
        }
    }
}

/// The alarms for which CloudFormation rolls a change back. An empty list takes away those that the stack has ("Rollback
/// triggers" in `RollbackConfiguration`, CloudFormation API reference).
fn rollback(wanted: &Rollback) -> RollbackConfiguration {
    let triggers = wanted
        .alarms
        .iter()
        .map(|arn| RollbackTrigger::builder().arn(arn).r#type("AWS::CloudWatch::Alarm").build());
    RollbackConfiguration::builder()
        .set_rollback_triggers(Some(triggers.collect()))
        .monitoring_time_in_minutes(i32::try_from(wanted.monitoring_minutes).unwrap_or(i32::MAX))
        .build()
}

/// Whether a change set has the alarms that the stack wants. Without a wish it may have any: CloudFormation shows those that
/// the stack has.
fn has_alarms(wanted: Option<&Rollback>, found: Option<&RollbackConfiguration>) -> bool {
    let Some(wanted) = wanted else { return true };
    let triggers = found.map(RollbackConfiguration::rollback_triggers).unwrap_or_default();
    let alarms: BTreeSet<&str> = triggers.iter().filter_map(RollbackTrigger::arn).collect();
    let minutes = found.and_then(RollbackConfiguration::monitoring_time_in_minutes);
    alarms == wanted.alarms.iter().map(String::as_str).collect()
        && minutes.unwrap_or_default()
            == i32::try_from(wanted.monitoring_minutes).unwrap_or(i32::MAX)
}

/// Whether an error says that the change set does not exist.
fn is_gone<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code().is_some_and(|code| code.starts_with(GONE))
}

/// The mesh in the tags of a change set, if it is another one than the stack's.
fn other_mesh<'c>(stack: &Stack, found: &'c DescribeChangeSetOutput) -> Option<&'c str> {
    let tag = found.tags().iter().find(|tag| tag.key() == Some(MESH))?.value()?;
    (stack.entry.tags.get(MESH).map(String::as_str) != Some(tag)).then_some(tag)
}

/// Whether a change set has the tags, the alarms, the capabilities and the treatment of existing resources that the stack wants. One
/// with parameters is never adopted: their values may come from parameters of Systems Manager that have changed since.
fn is_alike(stack: &Stack, imports_existing: bool, found: &DescribeChangeSetOutput) -> bool {
    let tags = found.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
    let tags: BTreeMap<&str, &str> = tags.collect();
    let wanted = stack.entry.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let capabilities: BTreeSet<&str> =
        found.capabilities().iter().map(Capability::as_str).collect();
    let wanted_capabilities: BTreeSet<&str> =
        stack.entry.capabilities.iter().map(String::as_str).collect();
    tags == wanted.collect::<BTreeMap<_, _>>()
        && capabilities == wanted_capabilities
        && found.import_existing_resources().unwrap_or_default() == imports_existing
        && found.parameters().is_empty()
        && has_alarms(stack.entry.rollback.as_ref(), found.rollback_configuration())
}

/// Whether two templates in JSON are equal, apart from spaces and the order of keys.
fn is_same_template(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

fn change(change: &ResourceChange) -> Change {
    let targets = change.details().iter().filter_map(target);
    Change {
        action: change.action().map(|action| action.as_str().to_owned()).unwrap_or_default(),
        logical_id: change.logical_resource_id().unwrap_or_default().to_owned(),
        kind: change.resource_type().unwrap_or_default().to_owned(),
        replacement: change.replacement().map(|one| one.as_str().to_owned()),
        policy_action: change.policy_action().map(|one| one.as_str().to_owned()),
        targets: targets.collect(),
        is_link: false,
    }
}

fn target(detail: &ResourceChangeDetail) -> Option<Target> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let target = detail.target()?;
    Some(Target {
        attribute: target.attribute().map(|one| one.as_str().to_owned()).unwrap_or_default(),
        name: text(target.name()),
        path: text(target.path()),
        recreation: target.requires_recreation().map(|one| one.as_str().to_owned()),
        is_dynamic: detail.evaluation() == Some(&EvaluationType::Dynamic),
        before: text(target.before_value()),
        after: text(target.after_value()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::Parameter;
    use lakewright_template::Place;
    use serde_json::json;

    use super::*;
    use crate::cloud::Access;

    /// A stack of mesh `m`.
    fn stack() -> Stack {
        let entry = json!({
            "name": "s",
            "kind": "dataset",
            "id": "d",
            "account": "111122223333",
            "region": "eu-west-1",
            "template": "t.json",
            "digest": "0",
            "bytes": 2,
            "depends_on": [],
            "capabilities": ["CAPABILITY_NAMED_IAM"],
            "tags": { MESH: "m", "Team": "a" },
            "retain": true,
        });
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        Stack {
            entry: serde_json::from_value(entry).expect("an entry"),
            template: r#"{"Resources": {"A": {"Type": "T"}}}"#.to_owned(),
            assets: BTreeMap::new(),
            site: Site { place, access: Access::Owner { role: String::new() } },
        }
    }

    /// A change set with these tags.
    fn found(tags: [(&str, &str); 2]) -> DescribeChangeSetOutput {
        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
        DescribeChangeSetOutput::builder()
            .set_tags(Some(tags.to_vec()))
            .capabilities(Capability::CapabilityNamedIam)
            .build()
    }

    /// The order of tags and keys has no meaning.
    #[test]
    fn a_change_set_that_does_the_same_is_told_from_others() {
        let own = found([("Team", "a"), (MESH, "m")]);
        assert!(is_alike(&stack(), false, &own));
        assert!(!is_alike(&stack(), true, &own));
        assert!(!is_alike(&stack(), false, &found([("Team", "b"), (MESH, "m")])));
        let mut with_parameter = own.clone();
        with_parameter.parameters = Some(vec![Parameter::builder().parameter_key("P").build()]);
        assert!(!is_alike(&stack(), false, &with_parameter));
        let mut without_capabilities = own.clone();
        without_capabilities.capabilities = None;
        assert!(!is_alike(&stack(), false, &without_capabilities));

        let mut watched = stack();
        let alarm = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors".to_owned();
        watched.entry.rollback = Some(Rollback { alarms: vec![alarm], monitoring_minutes: 5 });
        assert!(!is_alike(&watched, false, &own));
        let mut with_alarm = own.clone();
        with_alarm.rollback_configuration = watched.entry.rollback.as_ref().map(rollback);
        assert!(is_alike(&watched, false, &with_alarm));
        watched.entry.rollback = Some(Rollback { alarms: Vec::new(), monitoring_minutes: 0 });
        assert!(is_alike(&watched, false, &own) && !is_alike(&watched, false, &with_alarm));

        assert_eq!(other_mesh(&stack(), &own), None);
        assert_eq!(other_mesh(&stack(), &found([("Team", "a"), (MESH, "n")])), Some("n"));
        assert_eq!(other_mesh(&stack(), &found([("Team", "a"), ("Owner", "n")])), None);

        let template = stack().template;
        assert!(is_same_template(r#"{"Resources":{"A":{"Type":"T"}}}"#, &template));
        assert!(!is_same_template(r#"{"Resources":{"A":{"Type":"U"}}}"#, &template));
        assert!(!is_same_template("Resources: {}", &template));
    }
}
