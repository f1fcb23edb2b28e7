//! How what was found looks: for people, for programs, for spreadsheets and in a browser.

pub(crate) mod answer;
pub(crate) mod comparison;
pub(crate) mod differences;
pub(crate) mod folder;
pub(crate) mod guardrails;
pub(crate) mod left_behind;
pub(crate) mod matrix;
pub(crate) mod page;
pub(crate) mod runway;
pub(crate) mod summary;
pub(crate) mod table;
