//! S3 objects: seven operations on one bucket. The S3 SDK would be the largest part of the whole program (ADR 15).

use std::error::Error;
use std::str::Utf8Error;

use aws_config::SdkConfig;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};
use aws_smithy_xml::encode::XmlWriter;
use lakewright_template::partition::Partition;
use sha2::{Digest as _, Sha256};

use super::failure::refused;
use super::signed::{Answer, Plain, Sender, Style, encoded, form};
use crate::ask::elements;
use crate::cloud::CloudError;

/// The XML namespace of S3. Source: the requests of the S3 API reference.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// S3's error codes for a conditional write when the object has changed, another write is in progress, or the object was
/// deleted. Source: "Conditional write behavior" in "How to prevent object overwrites with conditional writes", S3 user
/// guide.
const REWRITTEN: [&str; 3] = ["ConditionalRequestConflict", "NoSuchKey", "PreconditionFailed"];

/// A bucket, and the credentials used for it.
#[derive(Debug)]
pub(super) struct Bucket<'a> {
    pub(super) sender: &'a Sender,
    pub(super) session: SdkConfig,
    pub(super) name: &'a str,
    /// The account that owns the bucket. A bucket of this name in another account is refused.
    pub(super) owner: &'a str,
}

/// An object, or one of its versions.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    key: String,
    id: Option<String>,
}

/// A list of objects that cannot be read.
#[derive(Debug, thiserror::Error)]
enum ListError {
    /// It is no text.
    #[error(transparent)]
    NoText(#[from] Utf8Error),
    /// It is no XML.
    #[error(transparent)]
    NoXml(#[from] XmlDecodeError),
}

/// The URL from which CloudFormation reads an object. Source: "Virtual hosting of general purpose buckets"; the suffix
/// depends on the partition.
pub(super) fn address(bucket: &str, region: &str, key: &str) -> String {
    format!("{}/{}", host(bucket, region), path(key))
}

fn host(bucket: &str, region: &str) -> String {
    format!("https://{bucket}.s3.{region}.{}", Partition::of_region(region).url_suffix)
}

/// A key as a URL path: its slashes are not encoded.
fn path(key: &str) -> String {
    key.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

impl Bucket<'_> {
    /// Writes an object.
    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), CloudError> {
        let what = format!("upload s3://{}/{key}", self.name);
        let answer = self.send(&what, self.plain("PUT", &path(key), bytes)).await?;
        given(&what, answer).map(drop)
    }

    /// Whether an object exists. Without permission to list the bucket, a missing object looks like a denied one; both count
    /// as missing.
    pub(super) async fn has(&self, key: &str) -> Result<bool, CloudError> {
        let what = format!("look for s3://{}/{key}", self.name);
        match self.send(&what, self.plain("HEAD", &path(key), Vec::new())).await? {
            Answer::Refused { status: 403 | 404, .. } => Ok(false),
            answer => given(&what, answer).map(|_| true),
        }
    }

    /// The text and the version (ETag) of an object; `None` if it does not exist.
    pub(super) async fn read(&self, key: &str) -> Result<Option<(String, String)>, CloudError> {
        let what = format!("read s3://{}/{key}", self.name);
        let query = form([("list-type", "2"), ("prefix", key)].into_iter());
        let listed = self.send(&what, self.plain("GET", &format!("?{query}"), Vec::new())).await?;
        let (listed, _) = given(&what, listed)?;
        // The list is ordered, so the key itself comes first among the keys that begin with it.
        let listed = versions(&listed, "Contents").map_err(|error| unread(&what, &error))?;
        if !listed.iter().any(|object| object.key == key) {
            return Ok(None);
        }
        let found = self.send(&what, self.plain("GET", &path(key), Vec::new())).await?;
        let (bytes, version) = given(&what, found)?;
        let text = String::from_utf8(bytes).map_err(|error| unread(&what, &error))?;
        Ok(Some((text, version)))
    }

    /// Writes an object if its version is still the given one, or, without a version, if it does not exist. Returns the new
    /// version.
    pub(super) async fn replace(
        &self,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> Result<String, CloudError> {
        let what = format!("write s3://{}/{key}", self.name);
        let mut plain = self.plain("PUT", &path(key), text.into_bytes());
        plain.headers.push(match was {
            Some(version) => ("if-match", version.to_owned()),
            None => ("if-none-match", "*".to_owned()),
        });
        match self.send(&what, plain).await? {
            Answer::Refused { code, .. } if REWRITTEN.contains(&code.as_str()) => {
                let message = "another deployment of the mesh wrote it since it was read; run again when that one is done";
                Err(CloudError::Overtaken { what, message: message.to_owned() })
            }
            answer => given(&what, answer).map(|(_, version)| version),
        }
    }

    /// Deletes all versions of all objects. Returns their number.
    pub(super) async fn empty(&self) -> Result<usize, CloudError> {
        let what = format!("empty bucket {}", self.name);
        let mut count = 0;
        loop {
            let listed = self.send(&what, self.plain("GET", "?versions=", Vec::new())).await?;
            let (listed, _) = given(&what, listed)?;
            let mut found = Vec::new();
            for kind in ["Version", "DeleteMarker"] {
                found.extend(versions(&listed, kind).map_err(|error| unread(&what, &error))?);
            }
            if found.is_empty() {
                return Ok(count);
            }
            count += found.len();
            let plain = self.plain("POST", "?delete=", deletion(&found).into_bytes());
            let (answer, _) = given(&what, self.send(&what, plain).await?)?;
            let left = versions(&answer, "Error").map_err(|error| unread(&what, &error))?;
            if let Some(object) = left.first() {
                let said = String::from_utf8_lossy(&answer).into_owned();
                let why = elements(&said, "Message").first().copied().unwrap_or("no reason given");
                let message = format!("{} cannot be deleted: {why}", object.key);
                return Err(CloudError::Refused { what, message });
            }
        }
    }

    async fn send(&self, what: &str, plain: Plain) -> Result<Answer, CloudError> {
        self.sender.exchange(&self.session, what, &plain).await
    }

    /// An unsigned request. `place` is the path and query below the bucket.
    fn plain(&self, method: &'static str, place: &str, body: Vec<u8>) -> Plain {
        let region = self.session.region().map(ToString::to_string).unwrap_or_default();
        // A custom endpoint has no host names for buckets, so the bucket goes into the path.
        let host = self.session.endpoint_url().map_or_else(
            || host(self.name, &region),
            |url| format!("{}/{}", url.trim_end_matches('/'), self.name),
        );
        let mut headers = vec![("x-amz-expected-bucket-owner", self.owner.to_owned())];
        if method == "PUT" || method == "POST" {
            // S3 compares the checksum with the body it receives, and `DeleteObjects` requires one: "Checking object
            // integrity".
            let digest = aws_smithy_types::base64::encode(Sha256::digest(&body));
            headers.push(("x-amz-checksum-sha256", digest));
        }
        let url = format!("{host}/{place}");
        Plain { method, url, headers, body, scope: ("s3", region), style: Style::Objects }
    }
}

/// The body and the version in an answer, or the error that the refusal means.
fn given(what: &str, answer: Answer) -> Result<(Vec<u8>, String), CloudError> {
    match answer {
        Answer::Given { body, etag } => Ok((body, etag.unwrap_or_default())),
        Answer::Refused { code, message, after, .. } => {
            Err(refused(what.to_owned(), &code, &message, after))
        }
    }
}

fn unread(what: &str, error: &dyn Error) -> CloudError {
    CloudError::Refused { what: what.to_owned(), message: error.to_string() }
}

/// The objects in a list; `kind` is the name of their XML elements.
fn versions(xml: &[u8], kind: &str) -> Result<Vec<Version>, ListError> {
    let xml = std::str::from_utf8(xml)?;
    let mut document = Document::new(xml);
    let mut root = document.root_element()?;
    let mut found = Vec::new();
    while let Some(mut element) = root.next_tag() {
        if element.start_el().local() != kind {
            continue;
        }
        let mut version = Version { key: String::new(), id: None };
        while let Some(mut field) = element.next_tag() {
            let name = field.start_el().local().to_owned();
            match name.as_str() {
                "Key" => version.key = try_data(&mut field)?.into_owned(),
                "VersionId" => version.id = Some(try_data(&mut field)?.into_owned()),
                _ => {}
            }
        }
        found.push(version);
    }
    Ok(found)
}

/// The body of a quiet `DeleteObjects`, whose response lists only the objects that could not be deleted.
fn deletion(versions: &[Version]) -> String {
    let mut body = String::new();
    let mut writer = XmlWriter::new(&mut body);
    let mut root = writer.start_el("Delete").write_ns(NAMESPACE, None).finish();
    let mut quiet = root.start_el("Quiet").finish();
    quiet.data("true");
    quiet.finish();
    for Version { key, id } in versions {
        let mut object = root.start_el("Object").finish();
        for (name, value) in [("Key", Some(key)), ("VersionId", id.as_ref())] {
            let Some(value) = value else { continue };
            let mut field = object.start_el(name).finish();
            field.data(value);
            field.finish();
        }
        object.finish();
    }
    root.finish();
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lie_at_the_partitions_hosts() {
        // Source: `s3` in botocore's `endpoints.json`.
        for (region, host) in [
            ("eu-west-1", "b.s3.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", "b.s3.us-gov-west-1.amazonaws.com"),
            ("cn-northwest-1", "b.s3.cn-northwest-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "b.s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(address("b", region, "t/k.json"), format!("https://{host}/t/k.json"));
        }
    }

    /// The formats of `ListObjectVersions` and `DeleteObjects` in the S3 API reference.
    #[test]
    fn versions_are_read_and_deleted_whatever_their_keys() {
        let listed = br#"<?xml version="1.0" encoding="UTF-8"?>
            <ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/>
            <Version><Key>a &amp; b/&lt;c&gt;.txt</Key><VersionId>3/L4kqtJl</VersionId><IsLatest>true</IsLatest>
            <Owner><ID>75aa</ID></Owner></Version>
            <DeleteMarker><Key>gone</Key><VersionId>null</VersionId></DeleteMarker></ListVersionsResult>"#;
        let version =
            |key: &str, id: &str| Version { key: key.to_owned(), id: Some(id.to_owned()) };
        let found = versions(listed, "Version").expect("XML");
        assert_eq!(found, [version("a & b/<c>.txt", "3/L4kqtJl")]);
        assert_eq!(versions(listed, "DeleteMarker").expect("XML"), [version("gone", "null")]);
        assert_eq!(
            deletion(&found),
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet><Object>\
             <Key>a &amp; b/&lt;c&gt;.txt</Key><VersionId>3/L4kqtJl</VersionId></Object></Delete>"
        );
        assert!(versions(b"<html>", "Version").is_err() || versions(b"no XML", "Version").is_err());
    }

    #[test]
    fn keys_are_paths() {
        assert_eq!(path("a b/c+d/é.json"), "a%20b/c%2Bd/%C3%A9.json");
    }
}
