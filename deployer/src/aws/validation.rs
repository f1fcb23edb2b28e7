//! What CloudFormation's validations and hooks refused, or warned of.

use aws_sdk_cloudformation::types::{
    Annotation, AnnotationSeverityLevel, AnnotationStatus, ChangeAction, ChangeSetHook,
    HookFailureMode, HookStatus, ListHookResultsTargetType, OperationEvent, ValidationStatus,
};
use lakewright_fleet::event::{PlannedHook, Rejection};
use lakewright_fleet::status::{HookStanding, hook};

use super::Aws;
use super::failure::failed;
use crate::cloud::{CloudError, Site};

/// A hook that failed, with what it says to each finding.
#[derive(Debug)]
struct HookResult {
    hook: String,
    findings: String,
}

impl Aws {
    /// The failures and warnings of a change set, or without one, of the stack's last operation.
    pub(super) async fn rejections(
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
                let Some(rejection) = rejection(event) else { continue };
                let at = event.timestamp().map(aws_smithy_types::DateTime::as_nanos);
                let operation = event.operation_id().unwrap_or_default().to_owned();
                found.push((at, operation, rejection));
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
        let mut rejections: Vec<Rejection> = of_newest.map(|(_, _, rejection)| rejection).collect();
        if let Some(change_set) = change_set.filter(|name| name.starts_with("arn:")) {
            Box::pin(self.add_findings(site, change_set, &mut rejections)).await;
        }
        Ok(rejections)
    }

    /// Adds what hooks say to their failures. Deploy roles of earlier versions may not read it; the failures are known all
    /// the same.
    async fn add_findings(&self, site: &Site, change_set: &str, rejections: &mut [Rejection]) {
        let is_of = |rejection: &Rejection, hook: &str| rejection.name.as_deref() == Some(hook);
        // Only the names of hooks have colons: they are types of the registry.
        let is_hook = |rejection: &Rejection| {
            rejection.name.as_deref().is_some_and(|name| name.contains("::"))
        };
        if !rejections.iter().any(is_hook) {
            return;
        }
        let Ok(results) = self.hook_results(site, change_set).await else { return };
        for HookResult { hook, findings } in results {
            for rejection in rejections.iter_mut().filter(|one| is_of(one, &hook)) {
                rejection.reason.push_str(&findings);
            }
        }
    }

    /// The failed hooks of a change set.
    async fn hook_results(
        &self,
        site: &Site,
        change_set: &str,
    ) -> Result<Vec<HookResult>, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("read what the hooks say of {change_set}");
        let mut results = Vec::new();
        let mut token = None;
        loop {
            let request = client.list_hook_results().set_next_token(token);
            let request = request.target_type(ListHookResultsTargetType::ChangeSet);
            let page = request.target_id(change_set).send().await;
            let page = page.map_err(|error| failed(&what, &error))?;
            for result in page.hook_results() {
                let (Some(id), true) = (result.hook_result_id(), is_bad(result.status())) else {
                    continue;
                };
                let said = client.get_hook_result().hook_result_id(id).send().await;
                let said = said.map_err(|error| failed(&what, &error))?;
                results.push(HookResult {
                    hook: said.type_name().unwrap_or_default().to_owned(),
                    findings: findings(said.annotations()),
                });
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(results);
            }
        }
    }
}

impl Aws {
    /// The hooks that CloudFormation will run before it changes resources of a change set.
    pub(super) async fn planned_hooks(
        &self,
        site: &Site,
        stack: &str,
        change_set: &str,
    ) -> Result<Vec<PlannedHook>, CloudError> {
        let client = self.cloudformation(site).await;
        let what = format!("look at the hooks of the change of stack {stack}");
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = client.describe_change_set_hooks().set_next_token(token);
            let request = request.stack_name(stack).change_set_name(change_set);
            let page = request.send().await.map_err(|error| failed(&what, &error))?;
            found.extend(page.hooks().iter().filter_map(planned));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }
}

/// A hook of a change set; `None` if it has no resource as its target.
fn planned(hook: &ChangeSetHook) -> Option<PlannedHook> {
    let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
    let target = hook.target_details()?.resource_target_details()?;
    Some(PlannedHook {
        name: text(hook.type_name()),
        logical_id: text(target.logical_resource_id()),
        kind: text(target.resource_type()),
        action: text(target.resource_action().map(ChangeAction::as_str)),
        is_warning: hook.failure_mode() == Some(&HookFailureMode::Warn),
    })
}

/// Whether a hook refused its target, or could not look at it.
fn is_bad(status: Option<&HookStatus>) -> bool {
    status.is_some_and(|status| hook(status.as_str()) == HookStanding::Failed)
}

/// The failure or warning of an event; `None` if the event has neither.
fn rejection(event: &OperationEvent) -> Option<Rejection> {
    let text = |value: Option<&str>| value.unwrap_or("?").to_owned();
    let warns = |mode: Option<&HookFailureMode>| mode == Some(&HookFailureMode::Warn);
    let (reason, name, is_warning) = match event.validation_status() {
        // What was not validated may be wrong. CloudFormation goes on.
        Some(ValidationStatus::Skipped) => {
            let reason = event.validation_status_reason().unwrap_or("no reason given");
            let reason = format!("it was not validated: {reason}");
            (reason, event.validation_name(), true)
        }
        Some(_) => {
            let reason = text(event.validation_status_reason());
            (reason, event.validation_name(), warns(event.validation_failure_mode()))
        }
        None if is_bad(event.hook_status()) => {
            let hook = event.hook_type().unwrap_or("?");
            let reason = event.hook_status_reason().unwrap_or("no reason given");
            let is_warning = warns(event.hook_failure_mode());
            (format!("hook {hook}: {reason}"), event.hook_type(), is_warning)
        }
        None => return None,
    };
    Some(Rejection {
        logical_id: text(event.logical_resource_id()),
        kind: text(event.resource_type()),
        reason,
        name: name.map(str::to_owned),
        path: event.validation_path().map(str::to_owned),
        is_warning,
    })
}

/// What a hook says to all its findings.
fn findings(annotations: &[Annotation]) -> String {
    let failed = annotations.iter().filter(|one| one.status() == Some(&AnnotationStatus::Failed));
    failed.map(finding).collect()
}

/// What a hook says to a finding: its severity, what is wrong, how to mend it, and where to read more.
fn finding(annotation: &Annotation) -> String {
    let name = annotation.annotation_name().unwrap_or("?");
    let severity = annotation.severity_level();
    let severity = severity.map_or("severity unknown", AnnotationSeverityLevel::as_str);
    let texts = [annotation.status_message(), annotation.remediation_message()];
    let texts = texts.into_iter().flatten().map(|text| text.trim_end_matches('.').to_owned());
    let mut parts = vec![format!("{name} ({severity})")];
    parts.extend(texts.filter(|text| !text.is_empty()));
    let link = annotation.remediation_link().map(|link| format!(" <{link}>")).unwrap_or_default();
    format!("; {}{link}", parts.join(": "))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        ChangeSetHookResourceTargetDetails, ChangeSetHookTargetDetails,
    };

    use super::*;

    fn event() -> aws_sdk_cloudformation::types::builders::OperationEventBuilder {
        OperationEvent::builder().logical_resource_id("B").resource_type("AWS::S3::Bucket")
    }

    /// The members of `OperationEvent` in the CloudFormation API reference, and the failure modes and statuses of botocore
    /// 1.43.11 (`HookFailureMode`, `ValidationStatus`).
    #[test]
    fn failures_are_told_from_warnings() {
        let of = |status: ValidationStatus, mode: HookFailureMode| {
            let event = event()
                .validation_status(status)
                .validation_failure_mode(mode)
                .validation_name("NAME_CONFLICT_VALIDATION")
                .validation_status_reason("it exists")
                .validation_path("/Resources/B/Properties/BucketName");
            rejection(&event.build()).expect("a rejection")
        };
        let failed = of(ValidationStatus::Failed, HookFailureMode::Fail);
        assert_eq!(
            failed,
            Rejection {
                logical_id: "B".to_owned(),
                kind: "AWS::S3::Bucket".to_owned(),
                reason: "it exists".to_owned(),
                name: Some("NAME_CONFLICT_VALIDATION".to_owned()),
                path: Some("/Resources/B/Properties/BucketName".to_owned()),
                is_warning: false,
            }
        );
        assert!(of(ValidationStatus::Failed, HookFailureMode::Warn).is_warning);
        let skipped = of(ValidationStatus::Skipped, HookFailureMode::Fail);
        assert!(skipped.is_warning && skipped.reason.contains("not validated"), "{skipped:?}");
        assert_eq!(rejection(&event().build()), None);
    }

    /// The four values of `HookStatus` (botocore 1.43.11).
    #[test]
    fn a_hook_that_failed_is_a_rejection() {
        let of = |status: HookStatus, mode: HookFailureMode| {
            let event = event().hook_type("Org::S3::Encrypted").hook_status(status);
            rejection(&event.hook_status_reason("no key").hook_failure_mode(mode).build())
        };
        let refused = of(HookStatus::HookCompleteFailed, HookFailureMode::Fail);
        let refused = refused.expect("a rejection");
        assert_eq!(refused.reason, "hook Org::S3::Encrypted: no key");
        assert_eq!(refused.name.as_deref(), Some("Org::S3::Encrypted"));
        assert!(!refused.is_warning);
        let warned = of(HookStatus::HookFailed, HookFailureMode::Warn);
        assert!(warned.is_some_and(|one| one.is_warning));
        for good in [HookStatus::HookInProgress, HookStatus::HookCompleteSucceeded] {
            assert_eq!(of(good.clone(), HookFailureMode::Fail), None, "{good:?}");
        }
    }

    /// The members of `ChangeSetHook` in the CloudFormation API reference.
    #[test]
    fn a_planned_hook_has_its_resource_and_its_mode() {
        let target = ChangeSetHookResourceTargetDetails::builder()
            .logical_resource_id("B")
            .resource_type("AWS::S3::Bucket")
            .resource_action(ChangeAction::Add)
            .build();
        let target = ChangeSetHookTargetDetails::builder().resource_target_details(target).build();
        let hook = ChangeSetHook::builder().type_name("Org::S3::Encrypted");
        let hook = hook.failure_mode(HookFailureMode::Fail);
        assert_eq!(planned(&hook.clone().build()), None);
        let planned = planned(&hook.target_details(target).build()).expect("a hook");
        assert_eq!(
            [&*planned.name, &planned.logical_id, &planned.kind, &planned.action],
            ["Org::S3::Encrypted", "B", "AWS::S3::Bucket", "Add"]
        );
        assert!(!planned.is_warning);
    }

    /// The texts of the examples in "Annotation", CloudFormation API reference.
    #[test]
    fn what_a_hook_says_is_told_with_its_severity_and_link() {
        let annotation = |status: AnnotationStatus| {
            Annotation::builder()
                .annotation_name("CT.S3.PR.1")
                .status(status)
                .severity_level(AnnotationSeverityLevel::High)
                .status_message("Bucket does not block public access.")
                .remediation_message("Block public access to the bucket.")
                .remediation_link("https://example.com/1")
                .build()
        };
        let said = findings(&[annotation(AnnotationStatus::Failed)]);
        let expected = "; CT.S3.PR.1 (HIGH): Bucket does not block public access: Block public access to the bucket \
                        <https://example.com/1>";
        assert_eq!(said, expected);
        assert_eq!(findings(&[annotation(AnnotationStatus::Passed)]), "");
    }
}
