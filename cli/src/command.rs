//! One module for each command.

pub(crate) mod access;
pub(crate) mod authorize;
pub(crate) mod bootstrap;
pub(crate) mod can;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod context;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod diff;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod ls;
pub(crate) mod outputs;
pub(crate) mod pivot_role;
pub(crate) mod policies;
pub(crate) mod prove;
pub(crate) mod refresh;
pub(crate) mod rehearse;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod synth;
pub(crate) mod why;
