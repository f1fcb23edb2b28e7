//! From constructs to templates: scopes, the grant ledger, lowering and checks.
//!
//! Who may do what is a value (a [`Grant`]) before it is a policy. A stack
//! keeps all of its grants in a ledger and lowers them when it is finished:
//! to the resource's side where the stack owns the resource's policy, else to
//! the role's. Synthesis knows no time, file, network or randomness.

mod check;
mod error;
mod grant;
mod intended;
mod lower;
mod scope;
mod stack;

pub use error::{Problem, SynthError};
pub use grant::{Cause, Grant, Grantee, Grants, ROLE_TAG, Record, Target};
pub use intended::intended;
pub use lower::{NEAR_PERCENT, PolicyOwner, PolicySlot, Together};
pub use scope::{Construct, Options, Scope};
pub use stack::{Finished, Lowered, Stack, StackSpec};
