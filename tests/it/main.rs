//! The workspace's end-to-end tests: the binary on real meshes.

#[path = "../generate.rs"]
mod generate;
#[path = "../harness.rs"]
mod harness;

mod assembly;
mod aws;
mod calls;
mod cli;
mod codes;
mod datasets;
mod deploy;
mod determinism;
mod docs;
mod editors;
mod examples;
mod execution_role;
mod facade;
mod features;
mod fingerprints;
mod first_day;
mod folders;
mod foreign;
mod governance;
mod graph;
mod guardrails;
mod hostile;
mod kinds;
mod lifecycle;
mod limits;
mod manners;
mod mistakes;
mod offered;
mod organization;
mod output;
mod partitions;
mod people;
mod proof;
mod review;
mod review_pages;
mod review_random;
mod revisions;
mod run;
mod screens;
mod seeds;
mod share_life;
mod siblings;
mod stack_pages;
mod stacks;
mod states;
mod table_tags;
mod team_rights;
mod trust;
mod workflows;
mod worksheets;
