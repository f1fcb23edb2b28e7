//! Statements with the actions that they name, and what a request must carry to fulfil them.

use std::sync::{Arc, OnceLock};

use lakewright_access::action::Action;
use lakewright_access::document::{Condition, Document, Statement};
use lakewright_access::lake::CELLS;
use lakewright_access::request::Context;
use lakewright_access::sample;
use lakewright_access::sample::actions_of;

/// A statement with the actions that it names, and the requests that fulfil its conditions.
#[derive(Debug)]
pub(super) struct Named<'w> {
    pub(super) document: &'w Document,
    pub(super) statement: &'w Statement,
    /// The actions, where the statement has patterns for them.
    expanded: Option<Arc<[Action]>>,
    /// The keys that a request must carry, where they are the same for every principal.
    pub(super) context: OnceLock<Carried>,
}

/// The keys that a request must carry, when it must; an error when no request fulfils the conditions.
pub(super) type Carried = Result<Option<Arc<Context>>, Unfulfillable>;

/// No request fulfils the conditions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfulfillable;

impl<'w> Named<'w> {
    pub(super) fn new(document: &'w Document, statement: &'w Statement) -> Self {
        let has_patterns = statement.not_actions || !statement.actions.patterns().is_empty();
        let expanded = has_patterns.then(|| actions_of(statement).into());
        Self { document, statement, expanded, context: OnceLock::new() }
    }

    pub(super) fn actions(&self) -> &[Action] {
        self.expanded.as_deref().unwrap_or(self.statement.actions.names())
    }

    /// Whether any action of a service, `*` for all of them, can be about a resource.
    pub(super) fn is_about_resources(&self, service: &str) -> bool {
        let is_of = |action: Action| {
            let of = action.service();
            service == "*" || of == service || (service == "iam" && of == "sts")
        };
        let is_about = |action: Action| action.forms().is_none_or(|forms| !forms.is_empty());
        self.actions().iter().any(|action| is_of(*action) && is_about(*action))
    }

    /// Whether the text of a condition depends on who asks.
    pub(super) fn has_variables(&self) -> bool {
        let has = |condition: &Condition| {
            condition.key != CELLS && condition.values.iter().any(|value| value.contains("${"))
        };
        self.document.has_variables && self.statement.conditions.iter().any(has)
    }

    /// A request that fulfils the conditions, but those of which both sides know the value.
    pub(super) fn sample(
        &self,
        expand: impl Fn(&str, &str) -> String,
        is_told: impl Fn(&str) -> bool,
    ) -> Carried {
        let conditions = &self.statement.conditions;
        let contexts = sample::contexts(conditions, expand);
        let mut context = contexts.into_iter().next().ok_or(Unfulfillable)?;
        // What the principal and the resource are wins over what a sample would say.
        for condition in conditions.iter().filter(|one| is_told(&one.key)) {
            context.remove(&condition.key);
        }
        Ok((!context.is_empty()).then(|| Arc::new(context)))
    }
}
