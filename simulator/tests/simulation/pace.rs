//! Throughput under limits that are not told.
