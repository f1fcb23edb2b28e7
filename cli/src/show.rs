//! Presents results for people, programs, spreadsheets and browsers.

pub(crate) mod answer;
pub(crate) mod authorization;
pub(crate) mod differences;
pub(crate) mod exchange;
pub(crate) mod folder;
pub(crate) mod graph;
pub(crate) mod guardrails;
pub(crate) mod left_behind;
pub(crate) mod matrix;
pub(crate) mod rehearsal;
pub(crate) mod review;
pub(crate) mod runway;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod table;
