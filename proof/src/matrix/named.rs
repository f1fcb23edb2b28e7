//! Statements with the actions that they name, and the contexts that fulfil their conditions.

use std::sync::{Arc, OnceLock};

use lakewright_access::action::Action;
use lakewright_access::document::{Condition, Document, Statement};
use lakewright_access::lake::CELLS;
use lakewright_access::request::Context;
use lakewright_access::sample;
use lakewright_access::sample::actions_of;

/// A statement with the actions that it names, and the context that fulfils its conditions.
#[derive(Debug)]
pub(super) struct Named<'w> {
    pub(super) document: &'w Document,
    pub(super) statement: &'w Statement,
    /// The expanded actions, if the statement has action patterns or `NotAction`.
    expanded: Option<Arc<[Action]>>,
    /// The context that a request must carry, if it is the same for every principal.
    pub(super) context: OnceLock<Carried>,
}

/// The context that a request must carry; `None` if it needs none. Fails if no request fulfils the conditions.
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

    /// Whether any action of a service applies to resources; `*` stands for all services.
    pub(super) fn is_about_resources(&self, service: &str) -> bool {
        let is_of = |action: Action| {
            let of = action.service();
            service == "*" || of == service || (service == "iam" && of == "sts")
        };
        let is_about = |action: Action| action.forms().is_none_or(|forms| !forms.is_empty());
        self.actions().iter().any(|action| is_of(*action) && is_about(*action))
    }

    /// Whether a condition has a policy variable, so that its values depend on the principal.
    pub(super) fn has_variables(&self) -> bool {
        let has = |condition: &Condition| {
            condition.key != CELLS && condition.values.iter().any(|value| value.contains("${"))
        };
        self.document.has_variables && self.statement.conditions.iter().any(has)
    }

    /// A context that fulfils the conditions. Leaves out keys for which `is_told` is true: the principal and the
    /// resource determine their values.
    ///
    /// Fails if no request fulfils the conditions.
    pub(super) fn sample(
        &self,
        expand: impl Fn(&str, &str) -> String,
        is_told: impl Fn(&str) -> bool,
    ) -> Carried {
        let conditions = &self.statement.conditions;
        let contexts = sample::contexts(conditions, expand);
        let mut context = contexts.into_iter().next().ok_or(Unfulfillable)?;
        // The real values of the principal and the resource take precedence over sample values.
        for condition in conditions.iter().filter(|one| is_told(&one.key)) {
            context.remove(&condition.key);
        }
        Ok((!context.is_empty()).then(|| Arc::new(context)))
    }
}
