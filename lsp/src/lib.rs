//! The language server of meshes: findings while somebody types, completion, navigation, and who reads a dataset.
//!
//! [`serve`] speaks the Language Server Protocol 3.17 over standard input and output. What is typed is parsed at once; the
//! mesh as a whole is resolved beside the conversation, so that an editor never waits for it.

mod features;
mod findings;
mod judge;
mod keys;
mod names;
mod outline;
mod readers;
mod server;
mod text;
mod uri;
mod workspace;

pub use server::{ServeError, Settings, serve, serve_standard_streams};
