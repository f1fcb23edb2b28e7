//! Scopes: where constructs declare resources.

use std::sync::Arc;

use lakewright_policies::Statement;
use lakewright_policies::document::DocumentError;
use lakewright_template::schema::{self, TagStyle};
use lakewright_template::{
    ConstructId, ConstructPath, DeletionPolicy, Expr, Intrinsic, LogicalId, Map, Parameter, Ref,
    Resource, ResourceEntry, Text, Value,
};

use crate::stack::{PendingPolicy, PendingStatement};
use crate::{Cause, Causes, Grants, PolicyOwner, PolicySlot, Problem, Record, Stack, StackSpec};

/// The kind of access to resources of other accounts whose own policies decide.
const REACH: &str = "reach";

/// Something that declares resources and returns a handle to them.
pub trait Construct {
    /// What other constructs use to refer to the resources.
    type Handle;

    /// Declares the resources.
    fn build(self, scope: &mut Scope<'_>) -> Self::Handle;
}

/// The attributes of a resource besides its properties.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Resources that must be created first, besides those that properties refer to.
    pub depends_on: Vec<LogicalId>,
    /// Policies that must be created first, whichever resources hold them.
    pub after_policies: Vec<PolicySlot>,
    /// What happens when the resource leaves the stack, and when it is replaced.
    pub deletion: Option<DeletionPolicy>,
}

impl Options {
    /// For resources that hold data. With `retain` they are retained, unless their creation is rolled back;
    /// without it they are deleted.
    pub fn retain(retain: bool) -> Self {
        let deletion =
            if retain { DeletionPolicy::RetainExceptOnCreate } else { DeletionPolicy::Delete };
        Self { deletion: Some(deletion), ..Self::default() }
    }

    /// The options, with one more resource that must be created first.
    #[must_use]
    pub fn after(mut self, id: &LogicalId) -> Self {
        self.depends_on.push(id.clone());
        self
    }
}

/// A place in a stack's tree of constructs.
#[derive(Debug)]
pub struct Scope<'a> {
    stack: &'a mut Stack,
    path: ConstructPath,
    causes: Causes,
}

impl<'a> Scope<'a> {
    pub(crate) fn root(stack: &'a mut Stack, causes: Causes) -> Self {
        Self { stack, path: ConstructPath::root(), causes }
    }

    /// What the stack is and where it is deployed.
    pub fn spec(&self) -> &StackSpec {
        self.stack.spec()
    }

    /// The scope of a child. If `id` is not a construct id, finishing the stack returns this as an error.
    pub fn child(&mut self, id: &'static str) -> Scope<'_> {
        let id = self.construct_id(id);
        self.child_at(&id)
    }

    /// The scope of a child that is named after something in the manifest.
    pub fn named_child(&mut self, group: &'static str, name: &str) -> Scope<'_> {
        let group = self.construct_id(group);
        let path = self.path.join(&group).join(&made_of(name));
        Scope { stack: self.stack, path, causes: self.causes.clone() }
    }

    /// A text as a construct id. If it is none, that is a problem of the stack, and the id is made of the text.
    fn construct_id(&mut self, text: &'static str) -> ConstructId {
        match ConstructId::parse(text) {
            Ok(id) => id,
            Err(error) => {
                self.stack.problem(Problem::Id(error), self.causes.iter().copied());
                made_of(text)
            }
        }
    }

    pub(crate) fn child_at(&mut self, id: &ConstructId) -> Scope<'_> {
        let path = self.path.join(id);
        Scope { stack: self.stack, path, causes: self.causes.clone() }
    }

    /// The same scope with one more manifest node as a cause.
    pub fn because(&mut self, cause: Cause) -> Scope<'_> {
        let mut causes = self.causes.clone();
        Arc::make_mut(&mut causes).insert(cause);
        Scope { stack: self.stack, path: self.path.clone(), causes }
    }

    /// The same scope with several more manifest nodes as causes.
    pub fn because_all(&mut self, more: impl IntoIterator<Item = Cause>) -> Scope<'_> {
        let mut causes = self.causes.clone();
        Arc::make_mut(&mut causes).extend(more);
        Scope { stack: self.stack, path: self.path.clone(), causes }
    }

    /// Adds a note for those who deploy the stack, under `Metadata: Lakewright`. CloudFormation ignores it.
    pub fn metadata(&mut self, key: &'static str, value: &'static str) {
        let metadata = &mut self.stack.template.metadata;
        let own = metadata.remove("Lakewright");
        let own = own.as_ref().and_then(Value::as_map).cloned().unwrap_or_default();
        metadata.insert("Lakewright", own.with(key, value));
    }

    /// Builds a construct in a child scope.
    pub fn add<C: Construct>(&mut self, id: &'static str, construct: C) -> C::Handle {
        construct.build(&mut self.child(id))
    }

    /// Declares a resource at this scope's own path.
    pub fn resource<K: Resource>(&mut self, resource: K, options: Options) -> Ref<K> {
        let id = self.declare(K::TYPE, resource.into_properties(), options);
        Ref::declare_unchecked(id)
    }

    pub(crate) fn declare(
        &mut self,
        kind: &'static str,
        mut properties: Map,
        options: Options,
    ) -> LogicalId {
        let id = self.path.logical_id();
        self.tag(kind, &mut properties);
        let mut depends_on = options.depends_on;
        depends_on.sort();
        depends_on.dedup();
        let entry = ResourceEntry {
            kind: kind.into(),
            properties,
            depends_on,
            deletion_policy: options.deletion,
            // A resource that is retained when it leaves the stack is also retained when it is replaced.
            update_replace_policy: options.deletion.map(|policy| match policy {
                DeletionPolicy::RetainExceptOnCreate => DeletionPolicy::Retain,
                DeletionPolicy::Delete | DeletionPolicy::Retain | DeletionPolicy::Snapshot => {
                    policy
                }
            }),
            ..ResourceEntry::default()
        };
        if self.stack.template.resources.insert(id.clone(), entry).is_some() {
            let problem = Problem::DuplicatePath(self.path.as_str().to_owned());
            self.stack.problem(problem, self.causes.iter().copied());
        }
        self.stack.ids.insert(id.clone(), id.clone());
        let waits = options.after_policies.into_iter().map(|policy| (policy, id.clone()));
        self.stack.waits.extend(waits);
        self.explain_part(id.as_str(), &self.causes.clone());
        id
    }

    /// Adds the stack's tags to a resource that takes tags, except tags whose key it has already.
    fn tag(&self, kind: &str, properties: &mut Map) {
        match schema::of(kind).and_then(schema::Schema::tag_style) {
            Some(TagStyle::List) => {
                let own = match properties.remove("Tags") {
                    Some(Value::List(own)) => own,
                    _ => Vec::new(),
                };
                let mut list = self.stack.tags.clone();
                if !own.is_empty() {
                    let key = |tag: &Value| tag.as_map().and_then(|tag| tag.get("Key")).cloned();
                    list.retain(|tag| !own.iter().any(|other| key(other) == key(tag)));
                    list.extend(own);
                    list.sort();
                }
                properties.insert("Tags", list);
            }
            Some(TagStyle::Map) => {
                let tags = self.stack.spec().tags.iter();
                let map: Map = tags
                    .map(|(key, value)| (Text::from(key.clone()), value.clone().into()))
                    .collect();
                properties.insert("Tags", map);
            }
            None => {}
        }
    }

    /// The logical id of a resource at this scope's own path.
    pub fn logical_id(&self) -> LogicalId {
        self.path.logical_id()
    }

    /// Declares a parameter whose value CloudFormation reads from SSM, and returns a reference to it.
    pub fn ssm_parameter<T>(
        &mut self,
        name: &'static str,
        path: String,
        description: &str,
    ) -> Expr<T> {
        let attributes = Map::new()
            .with("Default", path)
            .with("Description", description.to_owned())
            .with("Type", "AWS::SSM::Parameter::Value<String>");
        self.stack.template.parameters.insert(name.into(), Parameter { attributes });
        Expr::unchecked(Intrinsic::Ref(LogicalId::parameter(name)))
    }

    /// Opens a policy that is written when the stack is finished. It holds these statements and those of grants.
    pub fn policy(&mut self, owner: PolicyOwner, statements: Vec<Statement>) -> PolicySlot {
        self.stack.policies.push(PendingPolicy {
            owner,
            path: self.path.clone(),
            statements: statements
                .into_iter()
                .map(|statement| PendingStatement {
                    statement,
                    target: None,
                    causes: self.causes.clone(),
                })
                .collect(),
            causes: self.causes.clone(),
        });
        PolicySlot { stack: self.stack.mark, number: self.stack.policies.len() - 1 }
    }

    /// Refuses a policy document that the construct itself writes: finishing the stack returns this as an error.
    pub fn refuse(&mut self, error: DocumentError) {
        let problem = Problem::Document { path: self.path.as_str().to_owned(), error };
        self.stack.problem(problem, self.causes.iter().copied());
    }

    /// Records grants in the stack's ledger.
    pub fn grant(&mut self, grants: Grants) {
        for grant in grants.0 {
            self.stack.ledger.push((grant, self.causes.clone()));
        }
    }

    /// Writes statements into the principals' own policies about resources of other accounts, whose own policies decide.
    /// By themselves they allow nothing, so the record of intended access has them as `reach`. A grant within an
    /// account, or to a principal whose policies belong to another stack, is an error when the stack is finished.
    pub fn reach(&mut self, grants: Grants) {
        for mut grant in grants.0 {
            let is_across = grant.grantee.account != grant.target.account;
            let slot = grant.grantee.identity.filter(|slot| slot.stack == self.stack.mark);
            let Some(slot) = slot.filter(|_| is_across) else {
                let problem = Problem::Unplaceable {
                    access: grant.access,
                    target: grant.target.name,
                    grantee: grant.grantee.name,
                };
                self.stack.problem(problem, self.causes.iter().copied());
                continue;
            };
            grant.access = REACH;
            let target = Text::from(grant.target.name.clone());
            let (record, [_, statement]) = grant.lower([false, true]);
            self.record(record);
            let Some(statement) = statement else { continue };
            let (target, causes) = (Some(target), self.causes.clone());
            let pending = PendingStatement { statement, target, causes };
            self.stack.policies[slot.number].statements.push(pending);
        }
    }

    /// Records an intended grant that the construct itself lowers.
    pub fn record(&mut self, record: Record) {
        self.stack.records.push((record, self.causes.clone()));
    }
}

impl<'a> Scope<'a> {
    /// A scope at a path, for lowering.
    pub(crate) fn root_at(stack: &'a mut Stack, path: ConstructPath, causes: Causes) -> Self {
        Self { stack, path, causes }
    }

    /// The stack, for lowering.
    pub(crate) fn stack(&mut self) -> &mut Stack {
        self.stack
    }

    /// Sets a property of a declared resource.
    pub(crate) fn set_property(
        &mut self,
        id: &LogicalId,
        property: &'static str,
        value: Option<Value>,
    ) {
        if let (Some(resource), Some(value)) = (self.stack.template.resources.get_mut(id), value) {
            resource.properties.insert(property, value);
        }
    }

    /// Records the causes of each statement of a policy.
    pub(crate) fn explain(&mut self, id: &LogicalId, reasons: &[(Text, Causes)]) {
        for (sid, causes) in reasons {
            if *causes != self.stack.causes {
                self.explain_part(&format!("{id}#{sid}"), causes);
            }
        }
    }

    /// Records the causes of a part, if they are not those of the whole stack.
    fn explain_part(&mut self, part: &str, causes: &Causes) {
        if *causes != self.stack.causes {
            self.stack.provenance.insert(part.to_owned(), causes.clone());
        }
    }
}

/// An id that is made of a name. If the name has no ASCII letter or digit, its hash is used, so that the id is still
/// unique.
fn made_of(name: &str) -> ConstructId {
    let id = ConstructId::from_name(name).or_else(|_| {
        let hash = lakewright_template::digest::hex_prefix(name.as_bytes(), 8);
        ConstructId::from_name(&format!("N{hash}"))
    });
    id.expect("a hash has letters or digits")
}
