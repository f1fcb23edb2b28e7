//! Protected views: masks of columns and conditions on rows as SQL, written once for each engine.
//!
//! A mask is never translated from one engine's SQL to another's. Translators change the meaning of such expressions without
//! saying so, and the same expression hides a value in one engine and shows it in another: `substr('abc', -4)` is empty in
//! Athena and `abc` in Spark. `masks/tests/engines.rs` runs every expression and whole views in engines.
//!
//! What users write reaches SQL only as a quoted identifier or as a quoted text ([`Dialect::identifier`],
//! [`Dialect::text`]), as a number that was parsed, or not at all.

mod dialect;
mod mask;
pub mod rows;
mod sql;
mod view;

pub use dialect::Dialect;
pub use mask::{Mask, Refusal};
pub use view::{Shown, View, ViewColumn};
