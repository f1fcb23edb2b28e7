//! CloudFormation documents as plain, ordered values.
//!
//! This crate models CloudFormation, and not what is built with it: values with intrinsic
//! functions as variants, typed expressions and references, logical ids, the canonical
//! writer, the reader, the resource schemas and the assembly format. It does no I/O.

pub mod arn;
pub mod assembly;
pub mod digest;
mod expr;
mod id;
pub mod intrinsic;
mod json;
pub mod limits;
pub mod partition;
pub mod place;
pub mod read;
pub mod resolve;
pub mod revision;
pub mod schema;
mod stack_kind;
mod stateful;
mod template;
mod value;
pub mod write;
pub mod yaml;

pub use expr::{Arn, Attribute, Expr, Json, Name, Ref, Resource};
pub use id::{ConstructId, ConstructPath, IdError, LogicalId};
pub use intrinsic::Intrinsic;
pub use place::{AccountId, Place, Region, StackAddress};
pub use stack_kind::{StackKind, UnknownKind};
pub use stateful::holds_data;
pub use template::{DeletionPolicy, Output, Parameter, ResourceEntry, Template};
pub use value::{Map, Text, Value};
