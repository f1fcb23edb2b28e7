use lakewright_constructs::bucket::{BucketHandle, BucketTraffic as _};

fn main() {
    let bucket: BucketHandle = todo!();
    let other: BucketHandle = todo!();
    let _ = bucket.grant_read(&other);
}
