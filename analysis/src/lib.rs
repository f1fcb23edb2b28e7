//! Answers about meshes, assemblies and anybody's templates: the access that they grant, what is missing and what is
//! wrong.
//!
//! Everything here is data; the caller decides how to present an answer.
//!
//! - [`mesh`] reads a mesh, [`folder`] a folder of templates, [`subject`] either with the access that it grants.
//! - [`revision`] reads a mesh at a git revision.
//! - [`synthesis`] synthesizes every stack of a mesh, [`assembly`] writes them.
//! - [`checked`] and [`guardrails`] find errors, [`proving`] compares granted with intended access.
//! - [`review`] compares two sides of a change.
//! - [`graph`] has the nodes and edges of drawings.
//! - [`decision`] decides one request, [`matrix`] shows all access.

pub mod assembly;
pub mod checked;
pub mod context;
pub mod decision;
mod error;
pub mod folder;
pub mod graph;
pub mod guardrails;
pub mod lines;
pub mod matrix;
pub mod mesh;
pub mod progress;
pub mod proving;
pub mod review;
pub mod revision;
pub mod subject;
pub mod synthesis;
pub mod words;

pub use error::{Error, ReadError, WriteError};
