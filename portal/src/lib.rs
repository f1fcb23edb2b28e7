//! The portal: a static site about a mesh, which works from `file://` without a server or a network, and the page of
//! `lakewright access`.
//!
//! ```text
//! Mesh, access, stacks, runway, policies, review -> gather -> model -> files
//! ```
//!
//! - [`Input`] is what the analysis knows. [`site`] makes the files of it, and does no I/O: the caller writes them. The
//!   same input gives the same bytes.
//! - `gather` has a module for each part of the site. What it makes is data ([`model`]); the pages are drawn from it by
//!   the scripts in `portal/assets`, which insert all text as text, never as markup.
//! - [`access_page`] renders one page, with everything in it, from the rows of the access matrix. It has the same
//!   component as the site.

mod billed;
mod compact;
mod embedded;
mod files;
mod gather;
pub mod model;
mod review;
mod stack_contents;
#[cfg(test)]
mod tests;

pub use compact::Compact;
pub use embedded::access_page;
pub use files::{File, MARKER, Marker, PortalError, site};
pub use gather::Input;
pub use review::{Review, ReviewError};
pub use stack_contents::{MadeResource, StackContents};
