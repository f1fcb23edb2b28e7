//! A stack that is being built, and its results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lakewright_policies::Statement;
use lakewright_policies::merge::Tagged;
use lakewright_template::limits::{
    DESCRIPTION_BYTES, EVENT_BUS_POLICY_CHARACTERS, MANAGED_POLICIES_PER_ROLE,
    TRUST_POLICY_CHARACTERS,
};
use lakewright_template::place::Place;
use lakewright_template::revision::Sealed;
use lakewright_template::{AccountId, ConstructPath, LogicalId, Map, Template, Text, Value};

use crate::{
    Cause, Causes, Grant, PolicyOwner, PolicySlot, Problem, Record, Scope, SynthError, check, lower,
};

/// A stack's name, place and tags, and the limits that apply to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StackSpec {
    /// The stack's name in CloudFormation.
    pub name: String,
    /// Where it is deployed.
    pub place: Place,
    /// The description for readers; cut to CloudFormation's limit.
    pub description: String,
    /// Tags of each resource that takes tags.
    pub tags: BTreeMap<String, String>,
    /// How many managed policies one role may have.
    pub managed_policies_per_role: usize,
    /// How many characters a trust policy may have.
    pub trust_policy_characters: usize,
    /// How many characters an event bus's policy may have.
    pub event_bus_policy_characters: usize,
}

impl StackSpec {
    /// A stack without tags, in an account whose quotas AWS has not raised.
    pub fn new(name: impl Into<String>, place: Place, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            place,
            description: description.into(),
            tags: BTreeMap::new(),
            managed_policies_per_role: MANAGED_POLICIES_PER_ROLE,
            trust_policy_characters: TRUST_POLICY_CHARACTERS,
            event_bus_policy_characters: EVENT_BUS_POLICY_CHARACTERS,
        }
    }
}

/// The mark of the next stack.
static MARKS: AtomicU64 = AtomicU64::new(0);

/// A stack that is being built.
#[derive(Debug)]
pub struct Stack {
    spec: StackSpec,
    /// Tells the handles of this stack from those of another one. Nothing that is written depends on it.
    pub(crate) mark: u64,
    /// The tags as most resources take them, sorted.
    pub(crate) tags: Vec<Value>,
    pub(crate) template: Template,
    /// Declared ids, to recognize references to resources of other stacks.
    pub(crate) ids: BTreeMap<LogicalId, LogicalId>,
    pub(crate) policies: Vec<PendingPolicy>,
    /// The resources that wait for a policy.
    pub(crate) waits: Vec<(PolicySlot, LogicalId)>,
    pub(crate) ledger: Vec<(Grant, Causes)>,
    /// The tags of the roles that grants name, by the ARNs that policies use.
    pub(crate) role_tags: BTreeMap<Value, RoleTag>,
    pub(crate) records: Vec<(Record, Causes)>,
    /// The causes of the whole stack.
    pub(crate) causes: Causes,
    /// The causes of its parts, if they differ.
    pub(crate) provenance: BTreeMap<String, Causes>,
    problems: Vec<SynthError>,
}

/// The tag that identifies a role: the role's account and the tag's value.
#[derive(Debug, Clone)]
pub(crate) struct RoleTag {
    pub(crate) account: AccountId,
    pub(crate) value: String,
}

/// A policy whose statements are still being collected.
#[derive(Debug)]
pub(crate) struct PendingPolicy {
    pub(crate) owner: PolicyOwner,
    pub(crate) path: ConstructPath,
    pub(crate) statements: Vec<PendingStatement>,
    pub(crate) causes: Causes,
}

/// A statement of a policy that is still being collected.
#[derive(Debug)]
pub(crate) struct PendingStatement {
    pub(crate) statement: Statement,
    /// The name of the target on the command line, if the statement comes from a grant.
    pub(crate) target: Option<Text>,
    pub(crate) causes: Causes,
}

impl PendingStatement {
    pub(crate) fn tagged(&self) -> Tagged<Cause> {
        Tagged::new(self.statement.clone(), self.causes.clone())
    }

    pub(crate) fn into_tagged(self) -> Tagged<Cause> {
        Tagged::new(self.statement, self.causes)
    }
}

/// A stack with every grant lowered into policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// The template.
    pub template: Template,
    /// The intended access that this stack grants, with its causes.
    pub records: Vec<(Record, Causes)>,
    /// The causes of the whole stack.
    pub causes: Causes,
    /// The causes of each resource (`LogicalId`) and statement (`LogicalId#Sid`), if they differ from the stack's.
    pub provenance: BTreeMap<String, Causes>,
}

/// A finished stack: lowered, checked and written.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The stack.
    pub lowered: Lowered,
    /// The template's text, with its digest and its revision.
    pub sealed: Sealed,
}

impl Stack {
    /// An empty stack.
    pub fn new(spec: StackSpec) -> Self {
        let description = cut(&spec.description, DESCRIPTION_BYTES);
        let template = Template { description: Some(description.into()), ..Template::default() };
        let tag = |(key, value): (&String, &String)| {
            Map::new().with("Key", key.clone()).with("Value", value.clone()).into()
        };
        Self {
            tags: spec.tags.iter().map(tag).collect(),
            mark: MARKS.fetch_add(1, Ordering::Relaxed),
            spec,
            template,
            ids: BTreeMap::new(),
            policies: Vec::new(),
            waits: Vec::new(),
            ledger: Vec::new(),
            role_tags: BTreeMap::new(),
            records: Vec::new(),
            causes: Causes::default(),
            provenance: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// The root scope, with the manifest node that asks for the stack.
    pub fn root(&mut self, cause: Cause) -> Scope<'_> {
        Arc::make_mut(&mut self.causes).insert(cause);
        let causes = self.causes.clone();
        Scope::root(self, causes)
    }

    /// What the stack is and where it is deployed.
    pub fn spec(&self) -> &StackSpec {
        &self.spec
    }

    /// The number of resources that are declared so far. Policies and their attachments are added
    /// when the stack is finished.
    pub fn resource_count(&self) -> usize {
        self.template.resources.len()
    }

    pub(crate) fn problem(&mut self, problem: Problem, causes: impl IntoIterator<Item = Cause>) {
        let causes: BTreeSet<Cause> = causes.into_iter().collect();
        self.problems.push(SynthError {
            stack: self.spec.name.clone(),
            problem,
            causes: causes.into_iter().collect(),
        });
    }

    /// Makes a resource depend on others.
    pub(crate) fn wait_for(&mut self, waiting: &LogicalId, others: &[LogicalId]) {
        if let Some(resource) = self.template.resources.get_mut(waiting) {
            resource.depends_on.extend(others.iter().cloned());
            resource.depends_on.sort();
            resource.depends_on.dedup();
        }
    }

    /// Lowers the ledger, checks the template and writes it.
    ///
    /// # Errors
    ///
    /// All problems of the stack at once.
    pub fn finish(mut self) -> Result<Finished, Vec<SynthError>> {
        lower::lower(&mut self);
        let sealed = lakewright_template::revision::seal(&mut self.template, &self.spec.tags);
        check::check(&mut self, sealed.json.len());
        Ok(Finished { lowered: self.done()?, sealed })
    }

    /// Lowers the ledger and checks the template, for callers that do not need its text. The problems are those of
    /// [`finish`](Self::finish); the text's two digests, which are not computed, take as long as writing it.
    ///
    /// # Errors
    ///
    /// All problems of the stack at once.
    pub fn checked(mut self) -> Result<Lowered, Vec<SynthError>> {
        lower::lower(&mut self);
        let bytes = lakewright_template::revision::sealed_bytes(&mut self.template);
        check::check(&mut self, bytes);
        self.done()
    }

    /// Lowers the ledger, for callers that only examine access. Schemas of resources and limits of
    /// templates are not checked.
    ///
    /// # Errors
    ///
    /// All problems of the grants and of the policies at once.
    pub fn lower(mut self) -> Result<Lowered, Vec<SynthError>> {
        lower::lower(&mut self);
        self.done()
    }

    fn done(self) -> Result<Lowered, Vec<SynthError>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        Ok(Lowered {
            template: self.template,
            records: self.records,
            causes: self.causes,
            provenance: self.provenance,
        })
    }
}

/// The text, cut to a number of bytes at a character boundary.
fn cut(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
