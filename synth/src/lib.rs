//! From constructs to templates: scopes, the grant ledger, lowering and checks.
//!
//! Access is computed as grants ([`Grant`]) first and rendered as policies
//! afterwards. A stack collects its grants in a ledger and lowers them when it
//! is finished: into the resource's policy if that belongs to the stack, else
//! into the role's. Synthesis uses no clock, files, network or randomness.

mod check;
mod error;
mod grant;
mod intended;
mod lower;
mod scope;
mod stack;

pub use error::{Problem, SynthError};
pub use grant::{Cause, Causes, Grant, Grantee, Grants, ROLE_TAG, Record, Target};
pub use intended::intended;
pub use lower::{NEAR_PERCENT, PolicyOwner, PolicySlot, Together};
pub use scope::{Construct, Options, Scope};
pub use stack::{Finished, Lowered, Stack, StackSpec};
