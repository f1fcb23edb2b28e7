//! Texts that functions put together: known text, and what is unknown between it.

use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, Map, Value};

use super::compare::scalar;

/// The pieces of a text, which `Fn::Sub` and `Fn::Join` put together alike.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    parts: Vec<SubPart>,
    /// What is unknown, and is neither a resource, a parameter nor an attribute.
    variables: Map,
}

impl Pieces {
    /// The pieces of `Fn::Sub`. Attributes of resources stay unknown, `value` gives the value of all other variables.
    pub(super) fn of_sub(
        parts: &[SubPart],
        variables: &Map,
        value: impl Fn(&str) -> Value,
    ) -> Self {
        let mut pieces = Self::default();
        for part in parts {
            match part {
                SubPart::Literal(text) => pieces.push_text(text),
                SubPart::Variable(name) if name.contains('.') && variables.get(name).is_none() => {
                    pieces.parts.push(part.clone());
                }
                SubPart::Variable(name) => pieces.push(value(name)),
            }
        }
        pieces
    }

    /// The pieces of `Fn::Join`.
    pub(super) fn of_join(delimiter: &str, items: Vec<Value>) -> Self {
        let mut pieces = Self::default();
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                pieces.push_text(delimiter);
            }
            pieces.push(item);
        }
        pieces
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(SubPart::Literal(last)) => last.to_mut().push_str(text),
            _ => self.parts.push(SubPart::Literal(text.to_owned().into())),
        }
    }

    fn push(&mut self, value: Value) {
        if let Some(text) = scalar(&value) {
            self.push_text(&text);
            return;
        }
        match value.as_intrinsic() {
            Some(Intrinsic::Ref(id)) => self.push_variable(id.to_string()),
            Some(Intrinsic::GetAtt(id, attribute)) => {
                self.push_variable(format!("{id}.{attribute}"));
            }
            Some(Intrinsic::Sub { parts, variables }) if variables.is_empty() => {
                for part in parts {
                    match part {
                        SubPart::Literal(text) => self.push_text(text),
                        SubPart::Variable(_) => self.parts.push(part.clone()),
                    }
                }
            }
            _ => {
                let name = format!("#{}", self.variables.len());
                self.variables.insert(name.clone(), value);
                self.push_variable(name);
            }
        }
    }

    fn push_variable(&mut self, name: String) {
        self.parts.push(SubPart::Variable(name.into()));
    }

    /// The text if all of it is known, otherwise a function.
    pub(super) fn finish(self) -> Value {
        match self.parts.as_slice() {
            [] => Value::text(""),
            [SubPart::Literal(text)] => Value::Text(text.clone()),
            [SubPart::Variable(name)] => {
                if let Some(value) = self.variables.get(name) {
                    return value.clone();
                }
                let call = match name.split_once('.') {
                    Some((id, attribute)) => {
                        Intrinsic::GetAtt(LogicalId::parameter(id), attribute.to_owned().into())
                    }
                    None => Intrinsic::Ref(LogicalId::parameter(name)),
                };
                call.into()
            }
            _ => Intrinsic::Sub { parts: self.parts, variables: self.variables }.into(),
        }
    }
}
