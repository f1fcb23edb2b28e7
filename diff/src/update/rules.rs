//! What CloudFormation does with a resource because of one property.

use lakewright_template::ResourceEntry;
use lakewright_template::schema::{UpdateRules, updates_of};

use super::compare::Differs;
use super::facts::{Fact, INTERRUPTED, MAY_REPLACE, REFUSED, REPLACED, SURPRISES, UPDATED};
use super::{Update, Verdict};

/// A property whose value differs, or may differ.
pub(super) struct Question<'q> {
    /// The resource type.
    pub(super) kind: &'q str,
    /// The JSON pointer of the property.
    pub(super) path: &'q str,
    /// Whether the change touches what a pointer of a schema names.
    pub(super) touches: &'q dyn Fn(&str) -> Differs,
    /// The resource on both sides, if both templates have it.
    pub(super) pair: Option<(&'q ResourceEntry, &'q ResourceEntry)>,
}

/// The type of nested stacks.
pub(super) const NESTED: &str = "AWS::CloudFormation::Stack";

/// The resource with which the CDK reports its use.
const REPORT: &str = "AWS::CDK::Metadata";

/// Whether a type is a custom resource.
fn is_custom(kind: &str) -> bool {
    kind == "AWS::CloudFormation::CustomResource" || kind.starts_with("Custom::")
}

impl Question<'_> {
    /// What CloudFormation does, and why.
    pub(super) fn verdict(&self) -> Verdict {
        let whole = (self.touches)("");
        if whole == Differs::No {
            return Verdict::default();
        }
        if is_custom(self.kind) {
            return self.custom();
        }
        if self.kind == NESTED {
            return self.nested();
        }
        if self.kind == REPORT {
            return self.report();
        }
        let Some(rules) = updates_of(self.kind) else {
            let sentence = format!(
                "`{}` changes. The schema of {} is not known here, so CloudFormation may replace the resource.",
                self.path, self.kind
            );
            return Verdict::new(Update::MayReplace, sentence);
        };
        if let Some(verdict) = self.documented().or_else(|| self.replacing(whole, rules)) {
            return verdict;
        }
        let mut verdict = match self.first(INTERRUPTED) {
            Some(fact) => Verdict::new(Update::Interrupts, fact.reason()),
            None => Verdict { update: Update::InPlace, reasons: Vec::new() },
        };
        verdict.reasons.extend(self.first(SURPRISES).map(Fact::reason));
        verdict
    }

    /// The verdict where AWS documents that the change fails or replaces the resource, and no schema says so.
    fn documented(&self) -> Option<Verdict> {
        if let Some(fact) = self.first(REFUSED) {
            return Some(Verdict::new(Update::Fails, fact.reason()));
        }
        if let Some(fact) = self.first(REPLACED) {
            let is_sure = (self.touches)(fact.pointer) == Differs::Yes;
            let update = if is_sure { Update::Replaces } else { Update::MayReplace };
            return Some(Verdict::new(update, fact.reason()));
        }
        let fact = self.first(MAY_REPLACE)?;
        Some(Verdict::new(Update::MayReplace, fact.reason()))
    }

    /// The verdict if the schema says that the change replaces the resource, or may replace it, or if the schema does not tell.
    fn replacing(&self, whole: Differs, rules: &UpdateRules) -> Option<Verdict> {
        if rules.is_always_replaced() {
            return Some(self.replacement(whole, "CloudFormation has no update for this type"));
        }
        let create_only = rules.create_only().map(self.touches).max();
        if let Some(differs) = create_only.filter(|differs| *differs != Differs::No) {
            return Some(self.replacement(differs, "the property is create-only"));
        }
        let mut conditional = rules.conditional_create_only();
        let sentence = if conditional.any(|pointer| (self.touches)(pointer) != Differs::No) {
            format!(
                "`{}` changes, and the property is create-only under conditions: CloudFormation may replace the resource.",
                self.path
            )
        } else if rules.names_handlers() || UPDATED.contains(&self.kind) {
            return None;
        } else {
            format!(
                "`{}` changes. The schema of {} does not tell of each property whether it is create-only, so CloudFormation may \
                 replace the resource.",
                self.path, self.kind
            )
        };
        Some(Verdict::new(Update::MayReplace, sentence))
    }

    /// The first fact that the change is about.
    fn first(&self, facts: &'static [Fact]) -> Option<&'static Fact> {
        facts.iter().find(|fact| {
            fact.kind == self.kind
                && (self.touches)(fact.pointer) != Differs::No
                && self.pair.is_none_or(|(before, after)| (fact.is_about)(before, after))
        })
    }

    fn replacement(&self, differs: Differs, why: &str) -> Verdict {
        let path = self.path;
        if differs == Differs::Yes {
            let sentence =
                format!("`{path}` changes, and {why}: CloudFormation replaces the resource.");
            return Verdict::new(Update::Replaces, sentence);
        }
        let sentence = format!(
            "`{path}` changes, and {why}: CloudFormation replaces the resource if the value differs, which is known only at \
             deployment."
        );
        Verdict::new(Update::MayReplace, sentence)
    }

    /// Sources: "AWS::CloudFormation::CustomResource" in the CloudFormation template reference: updates of
    /// `ServiceToken` are not supported; aws-cloudformation/cloudformation-coverage-roadmap #802 and serverless/serverless
    /// #9240: "Modifying service token is not allowed"; "Update request for CloudFormation custom resources" in its user
    /// guide; "Replacing a custom resource during an update" in the template reference.
    fn custom(&self) -> Verdict {
        match (self.touches)("/ServiceToken") {
            Differs::Yes => Verdict::new(
                Update::Fails,
                "`/ServiceToken` changes: CloudFormation does not change the service token of a custom resource, so the \
                 update fails."
                    .to_owned(),
            ),
            Differs::Maybe => Verdict::new(
                Update::MayReplace,
                "`/ServiceToken` changes: if its value differs at deployment, the update fails, because CloudFormation \
                 does not change the service token of a custom resource."
                    .to_owned(),
            ),
            Differs::No => Verdict::new(
                Update::MayReplace,
                format!(
                    "`{}` changes: CloudFormation sends an update request to the provider of the custom resource. If the \
                     provider answers with another physical ID, CloudFormation replaces the resource.",
                    self.path
                ),
            ),
        }
    }

    /// Source: "AWS::CloudFormation::Stack" in the CloudFormation template reference: "Whether an update causes
    /// interruptions depends on the resources that are being updated. An update never causes a nested stack to be
    /// replaced."
    fn nested(&self) -> Verdict {
        let sentence = format!(
            "`{}` changes: CloudFormation updates the nested stack and does not replace it. It may replace or delete resources \
             in it: the nested template is not compared here.",
            self.path
        );
        Verdict::new(Update::InPlace, sentence)
    }
    /// Source: "Configure AWS CDK Library usage data reporting" in the AWS CDK Developer Guide: the resource reports which
    /// libraries and constructs a stack uses.
    fn report(&self) -> Verdict {
        let sentence = format!(
            "`{}` changes: {REPORT} reports to AWS which CDK libraries the stack uses. There is no infrastructure behind it, so \
             nothing is replaced or interrupted.",
            self.path
        );
        Verdict::new(Update::Nothing, sentence)
    }
}
