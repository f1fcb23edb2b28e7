//! Compares the access that templates grant with the intended access, in both directions.

pub mod intended;
pub mod matrix;
pub mod prove;
pub mod settings;
