use lakewright_constructs::bucket::ImportedBucket;

fn main() {
    let bucket: ImportedBucket = todo!();
    let _ = bucket.policy();
}
