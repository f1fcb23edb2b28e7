//! Values of properties: the stated value or, in third-party templates, every possible one.

use std::collections::BTreeMap;

use lakewright_template::resolve::{Resolved, UNKNOWN};
use lakewright_template::{LogicalId, Map, Value};

use super::{OnUnresolved, PieceError, Reader, tags_of};
use crate::document::Origin;

impl Reader<'_> {
    pub(super) fn tags(
        &self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<BTreeMap<String, String>, PieceError> {
        Ok(tags_of(&self.value(id, properties, "Tags")?))
    }

    /// A property's text; `None` if the property is not set.
    pub(super) fn text(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Option<String>, PieceError> {
        match self.value(id, properties, property)? {
            Resolved::Null => Ok(None),
            Resolved::Text(text) => Ok(Some(text.into_owned())),
            Resolved::Number(number) => Ok(Some(number.to_string())),
            Resolved::Bool(value) => Ok(Some(value.to_string())),
            Resolved::List(_) | Resolved::Map(_) => {
                self.refuse(id, property)?;
                Ok(None)
            }
        }
    }

    /// The ARN of a permissions boundary. In a third-party template, an unknown one if it depends on how the template
    /// is deployed.
    pub(super) fn boundary(
        &self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<Option<String>, PieceError> {
        const PROPERTY: &str = "PermissionsBoundary";
        if self.is_one_way(properties, PROPERTY) {
            return self.text(id, properties, PROPERTY);
        }
        Ok(Some(UNKNOWN.to_owned()))
    }

    /// Whether a property has the same value however the template is deployed.
    pub(super) fn is_one_way(&self, properties: &Map, property: &str) -> bool {
        let value = properties.get(property);
        self.stack.unresolved == OnUnresolved::Fail
            || value.is_none_or(|value| self.resolver.alternatives(value).len() == 1)
    }

    /// The texts of a list. In a third-party template, those of every variant in which the template can be deployed.
    pub(super) fn texts(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Vec<String>, PieceError> {
        let mut texts = Vec::new();
        for value in self.alternatives(id, properties, property)? {
            match value {
                Resolved::Null => {}
                Resolved::Text(text) => texts.push(text.into_owned()),
                Resolved::List(items) => {
                    for item in items {
                        match item {
                            Resolved::Text(text) => texts.push(text.into_owned()),
                            // A parameter can itself be a list.
                            Resolved::List(more)
                                if self.stack.unresolved == OnUnresolved::Placeholder =>
                            {
                                texts.extend(more.iter().map(Resolved::text));
                            }
                            _ => self.refuse(id, property)?,
                        }
                    }
                }
                _ => self.refuse(id, property)?,
            }
        }
        if self.stack.unresolved == OnUnresolved::Placeholder {
            texts.sort();
            texts.dedup();
        }
        Ok(texts)
    }

    /// Fails in a proof, which must know every value; guardrails skip unknown values.
    fn refuse(&self, id: &LogicalId, property: &str) -> Result<(), PieceError> {
        match self.stack.unresolved {
            OnUnresolved::Fail => {
                Err(self.outside(id.as_str(), format!("{property} with something that is no text")))
            }
            OnUnresolved::Placeholder => Ok(()),
        }
    }

    /// The value of a property; null if it is not set.
    pub(super) fn value<'v>(
        &self,
        id: &LogicalId,
        properties: &'v Map,
        property: &str,
    ) -> Result<Resolved<'v>, PieceError> {
        properties.get(property).map_or(Ok(Resolved::Null), |value| self.resolved(id, value))
    }

    /// The possible values of a property. Null represents a property that is not set.
    pub(super) fn alternatives<'v>(
        &self,
        id: &LogicalId,
        properties: &'v Map,
        property: &str,
    ) -> Result<Vec<Resolved<'v>>, PieceError> {
        match (properties.get(property), self.stack.unresolved) {
            (None, _) => Ok(vec![Resolved::Null]),
            (Some(value), OnUnresolved::Fail) => Ok(vec![self.resolved(id, value)?]),
            (Some(value), OnUnresolved::Placeholder) => {
                let all = self.resolver.alternatives(value).into_iter();
                Ok(all.map(|one| one.unwrap_or(Resolved::Null)).collect())
            }
        }
    }

    pub(super) fn resolved<'v>(
        &self,
        id: &LogicalId,
        value: &'v Value,
    ) -> Result<Resolved<'v>, PieceError> {
        let resolved = self.resolver.resolve(value).map_err(|error| PieceError::Unresolved {
            stack: self.stack.address.to_owned(),
            logical_id: id.to_string(),
            error,
        })?;
        Ok(resolved.unwrap_or(Resolved::Null))
    }

    pub(super) fn origin(&self, id: &LogicalId, property: &'static str) -> Origin {
        Origin { stack: self.address.clone(), logical_id: id.to_string(), property }
    }
}
