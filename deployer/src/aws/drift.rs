//! CloudFormation's own drift detection, and change sets that undo drift.

use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, DeploymentMode, Parameter, StackDriftDetectionStatus,
    StackResourceDrift, StackResourceDriftStatus, Tag,
};
use serde_json::Value;

use super::failure::failed;
use super::{Aws, execution_role};
use crate::cloud::{Cloud as _, CloudError, Site};
use crate::drift::{Differing, ResourceDrift, StackDrift};

impl Aws {
    /// Lets CloudFormation compare the resources of a stack with its template, and waits for the result. That takes up to
    /// several minutes (`DetectStackDrift` in the CloudFormation API reference).
    pub async fn drift(&self, site: &Site, stack: &str) -> Result<StackDrift, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("detect the drift of stack {}", site.address(stack));
        let begun = client.detect_stack_drift().stack_name(stack).send().await;
        let begun = begun.map_err(|error| failed(&what, &error))?;
        let id = begun.stack_drift_detection_id().unwrap_or_default();
        let mut drift = StackDrift::default();
        let mut tries = 0;
        loop {
            let request = client.describe_stack_drift_detection_status();
            let status = request.stack_drift_detection_id(id).send().await;
            let status = status.map_err(|error| failed(&what, &error))?;
            match status.detection_status() {
                Some(StackDriftDetectionStatus::DetectionInProgress) => {}
                Some(StackDriftDetectionStatus::DetectionComplete) => break,
                // CloudFormation has the results for some of the resources.
                other => {
                    let reason = status.detection_status_reason();
                    let said = other.map_or("no status", StackDriftDetectionStatus::as_str);
                    drift.unknown.push(reason.unwrap_or(said).to_owned());
                    break;
                }
            }
            self.pause(tries).await;
            tries += 1;
        }
        let request = client.describe_stack_resource_drifts().stack_name(stack);
        let mut token: Option<String> = None;
        loop {
            let page = request.clone().set_next_token(token).send().await;
            let page = page.map_err(|error| failed(&what, &error))?;
            for one in page.stack_resource_drifts() {
                sort(one, &mut drift);
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(drift);
            }
        }
    }

    /// Creates a change set that brings the drifted resources of a stack back to its template. Returns its ARN.
    ///
    /// Source: `DeploymentMode` of `CreateChangeSet` in the CloudFormation API reference.
    pub async fn revert_drift(
        &self,
        site: &Site,
        stack: &str,
        token: &str,
    ) -> Result<String, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("prepare to undo the drift of stack {stack}");
        let found = client.describe_stacks().stack_name(stack).send().await;
        let found = found.map_err(|error| failed(&what, &error))?;
        let refused =
            |message: &str| CloudError::Refused { what: what.clone(), message: message.to_owned() };
        let found = found.stacks().first().ok_or_else(|| refused("it does not exist"))?;
        let parameters = found.parameters().iter().map(|parameter| {
            Parameter::builder()
                .set_parameter_key(parameter.parameter_key().map(str::to_owned))
                .use_previous_value(true)
                .build()
        });
        let capabilities: Vec<Capability> = found.capabilities().to_vec();
        let tags: Vec<Tag> = found.tags().to_vec();
        let made = client
            .create_change_set()
            .stack_name(stack)
            .change_set_name(token)
            .change_set_type(ChangeSetType::Update)
            .use_previous_template(true)
            .deployment_mode(DeploymentMode::RevertDrift)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(Some(capabilities))
            .set_tags(Some(tags))
            .set_role_arn(execution_role(site))
            .client_token(token)
            .send()
            .await
            .map_err(|error| failed(&what, &error))?;
        Ok(made.id().unwrap_or(token).to_owned())
    }
}

/// Adds the result for one resource.
fn sort(one: &StackResourceDrift, drift: &mut StackDrift) {
    let logical_id = one.logical_resource_id().unwrap_or_default().to_owned();
    let properties = |text: Option<&str>| -> Value {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    match one.stack_resource_drift_status() {
        Some(StackResourceDriftStatus::InSync) => {}
        Some(StackResourceDriftStatus::Deleted) => {
            drift.resources.push(ResourceDrift { logical_id, differing: None });
        }
        Some(StackResourceDriftStatus::Modified) => {
            let paths = one.property_differences().iter();
            let paths = paths.filter_map(|one| one.property_path().map(str::to_owned)).collect();
            let stated = properties(one.expected_properties());
            let found = properties(one.actual_properties());
            let differing = Some(Differing { paths, stated, found });
            drift.resources.push(ResourceDrift { logical_id, differing });
        }
        other => {
            let status = other.map_or("no status", StackResourceDriftStatus::as_str);
            let reason = one.drift_status_reason().unwrap_or(status);
            let kind = one.resource_type().unwrap_or("?");
            drift.unknown.push(format!("{logical_id} ({kind}): {reason}"));
        }
    }
}
