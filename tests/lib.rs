//! The end-to-end tests live in `it/`.
