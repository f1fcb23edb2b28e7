//! Typed expressions and references: a wrong reference does not compile.
//!
//! An [`Expr<T>`] is a value whose kind the compiler checks: the ARN of a key
//! is not accepted as the name of a bucket. A [`Ref<K>`] refers to a resource
//! that a stack declares; only declaring a resource returns one.

use std::fmt;
use std::marker::PhantomData;

use crate::{Intrinsic, LogicalId, Map, Text, Value};

/// A resource type of CloudFormation, implemented by the generated structs.
pub trait Resource {
    /// The type's name, such as `AWS::S3::Bucket`.
    const TYPE: &'static str;

    /// The properties as they appear in a template.
    fn into_properties(self) -> Map;
}

/// The ARN of a resource of kind `K`.
#[derive(Debug)]
pub struct Arn<K>(PhantomData<fn() -> K>);

/// The name or id of a resource of kind `K`: the result of `Ref`.
#[derive(Debug)]
pub struct Name<K>(PhantomData<fn() -> K>);

/// A JSON document in a property, such as a policy.
#[derive(Debug)]
pub struct Json(());

/// A value of a known kind: a literal or a call of an intrinsic function.
pub struct Expr<T> {
    value: Value,
    kind: PhantomData<fn() -> T>,
}

impl<T> Expr<T> {
    const fn from_value(value: Value) -> Self {
        Self { value, kind: PhantomData }
    }

    /// The value without its kind.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The value.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Any value as any kind. Only generated code and the constructs' escape hatches use it.
    pub fn unchecked(value: impl Into<Value>) -> Self {
        Self::from_value(value.into())
    }
}

impl<K> Expr<Arn<K>> {
    /// An ARN that is known at synthesis.
    pub fn known_arn(arn: impl Into<Text>) -> Self {
        Self::from_value(Value::Text(arn.into()))
    }
}

impl<K> Expr<Name<K>> {
    /// A name that is known at synthesis.
    pub fn known_name(name: impl Into<Text>) -> Self {
        Self::from_value(Value::Text(name.into()))
    }
}

impl<T> From<Expr<T>> for Value {
    fn from(expr: Expr<T>) -> Self {
        expr.value
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::from_value(self.value.clone())
    }
}

impl<T> PartialEq for Expr<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> fmt::Debug for Expr<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

// Plain data converts freely; ARNs, names and documents do not.

impl From<&'static str> for Expr<Text> {
    fn from(text: &'static str) -> Self {
        Self::from_value(text.into())
    }
}

impl From<String> for Expr<Text> {
    fn from(text: String) -> Self {
        Self::from_value(text.into())
    }
}

impl From<bool> for Expr<bool> {
    fn from(value: bool) -> Self {
        Self::from_value(value.into())
    }
}

impl From<i64> for Expr<i64> {
    fn from(value: i64) -> Self {
        Self::from_value(value.into())
    }
}

impl From<Map> for Expr<Json> {
    fn from(map: Map) -> Self {
        Self::from_value(map.into())
    }
}

/// A name or an ARN of any kind can be shown as text.
impl<K> From<Expr<Arn<K>>> for Expr<Text> {
    fn from(arn: Expr<Arn<K>>) -> Self {
        Self::from_value(arn.value)
    }
}

impl<K> From<Expr<Name<K>>> for Expr<Text> {
    fn from(name: Expr<Name<K>>) -> Self {
        Self::from_value(name.value)
    }
}

/// A resource that a stack declares.
pub struct Ref<K> {
    id: LogicalId,
    kind: PhantomData<fn() -> K>,
}

impl<K> Ref<K> {
    /// A reference to a resource that is declared elsewhere. Scopes use it for the resources that they declare.
    pub const fn declare_unchecked(id: LogicalId) -> Self {
        Self { id, kind: PhantomData }
    }

    /// The logical id.
    pub const fn logical_id(&self) -> &LogicalId {
        &self.id
    }

    /// The result of `Ref`: the resource's name or id.
    pub fn name(&self) -> Expr<Name<K>> {
        Expr::from_value(Intrinsic::Ref(self.id.clone()).into())
    }

    /// An attribute, with the kind that the generated constant has.
    pub fn attribute<T>(&self, attribute: &Attribute<K, T>) -> Expr<T> {
        let call = Intrinsic::GetAtt(self.id.clone(), Text::Borrowed(attribute.name));
        Expr::from_value(call.into())
    }
}

impl<K> Clone for Ref<K> {
    fn clone(&self) -> Self {
        Self::declare_unchecked(self.id.clone())
    }
}

impl<K> fmt::Debug for Ref<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ref({})", self.id)
    }
}

/// An attribute of resources of kind `K` whose value is of kind `T`.
#[derive(Debug)]
pub struct Attribute<K, T> {
    name: &'static str,
    kind: PhantomData<fn(K) -> T>,
}

impl<K, T> Attribute<K, T> {
    /// An attribute by its name. Only generated code calls this.
    pub const fn new(name: &'static str) -> Self {
        Self { name, kind: PhantomData }
    }
}
