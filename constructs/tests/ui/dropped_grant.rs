#![deny(unused_must_use)]
use lakewright_constructs::bucket::{BucketHandle, BucketTraffic as _};
use lakewright_constructs::role::RoleHandle;

fn dropped(bucket: &BucketHandle, role: &RoleHandle) {
    bucket.grant_read(role);
}

fn main() {}
