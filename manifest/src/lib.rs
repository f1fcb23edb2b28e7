//! The mesh that users write: documents, parsed with spans and resolved to a validated mesh.
//!
//! [`parse`] turns each file into typed documents, [`resolve`] turns all documents
//! into a [`Mesh`]. Programs make documents with the types of [`build`] instead of files.
//! Parsing and resolving report every error in one run. This crate reads no files,
//! and does not depend on the form of CloudFormation templates.

pub mod build;
pub mod code;
mod decode;
pub mod diagnostic;
pub mod document;
mod field;
pub mod mesh;
pub mod name;
pub mod parse;
pub mod render;
pub mod resolve;
pub mod schema;
#[cfg(test)]
mod testing;

pub use code::Code;
pub use diagnostic::{Diagnostic, Report, Severity};
pub use mesh::Mesh;
pub use name::{Date, Id, NameError, RegionName, ResourcePrefix, RoleArn, TeamName};
pub use parse::{Parsed, SourceFile};
