//! Answers about meshes, assemblies and anybody's templates: what they give, lack and break.
//!
//! Everything here is data. The command line, and whoever else asks, decides how an answer looks.
//!
//! - [`mesh`] reads a mesh, [`folder`] a folder of templates, [`subject`] either with the access that it gives.
//! - [`synthesis`] makes every stack of a mesh, [`assembly`] writes them.
//! - [`checked`] and [`guardrails`] find what is wrong, [`proving`] compares access with what was asked for.
//! - [`decision`] decides one request, [`matrix`] shows who reaches what, [`comparison`] what changes of a policy.

pub mod assembly;
pub mod checked;
pub mod comparison;
pub mod decision;
mod error;
pub mod folder;
pub mod guardrails;
pub mod lines;
pub mod matrix;
pub mod mesh;
pub mod progress;
pub mod proving;
pub mod subject;
pub mod synthesis;
pub mod words;

pub use error::{Error, ReadError, WriteError};
