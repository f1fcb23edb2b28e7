//! Compares the access that templates give with the access that was asked for, in both directions.

pub mod intended;
pub mod matrix;
pub mod prove;
pub mod settings;
