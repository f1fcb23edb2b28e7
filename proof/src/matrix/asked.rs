//! The resources of the matrix and their parts.

use std::borrow::Cow;
use std::sync::Arc;

use lakewright_access::action::Action;
use lakewright_access::pattern;
use lakewright_access::sample::FILL;
use lakewright_access::world::Target;
use lakewright_template::arn::ArnPattern;

/// A resource whose cells are computed.
pub(super) struct Asked<'a> {
    pub(super) arn: &'a str,
    pub(super) service: &'a str,
    /// The objects, if the resource is a bucket or an access point.
    pub(super) objects: Option<Objects>,
}

pub(super) struct Objects {
    /// The prefix of the objects' ARNs.
    pub(super) start: String,
    /// The ARN of a sample object that no policy names.
    any: String,
}

impl<'a> Asked<'a> {
    pub(super) fn new(arn: &'a str) -> Self {
        let service = ArnPattern::of(arn).service.unwrap_or_default();
        let objects = (service == "s3").then(|| {
            let start = if is_bucket(arn) { format!("{arn}/") } else { format!("{arn}/object/") };
            Objects { any: format!("{start}{FILL}"), start }
        });
        Self { arn, service, objects }
    }

    /// Whether a pattern matches the resource or objects in it.
    pub(super) fn is_in(&self, pattern: &str) -> bool {
        let of_objects = |objects: &Objects| {
            pattern.starts_with(&objects.start) || pattern::matches(pattern, &objects.any)
        };
        pattern::matches(pattern, self.arn) || self.objects.as_ref().is_some_and(of_objects)
    }

    /// The parts that a pattern matches: the resource, objects in it, or both.
    pub(super) fn parts_in<'p>(&self, pattern: &'p str) -> [Option<Cow<'p, str>>; 2]
    where
        'a: 'p,
    {
        match &self.objects {
            Some(objects) if pattern.starts_with(&objects.start) => {
                [Some(Cow::Borrowed(pattern)), None]
            }
            Some(objects) if pattern::matches(pattern, &objects.any) => {
                let all = format!("{}*", objects.start);
                [Some(Cow::Borrowed(self.arn)), Some(Cow::Owned(all))]
            }
            _ => [Some(Cow::Borrowed(self.arn)), None],
        }
    }
}

/// A resource or some of its objects, with what is known of it.
pub(super) struct Part<'w> {
    /// The ARN, with wildcards.
    pub(super) text: Arc<str>,
    /// A sample ARN that `text` matches.
    pub(super) sample: String,
    pub(super) known: Target<'w>,
    /// For each resource type met so far: whether its ARNs look like this one.
    kinds: Vec<(&'static str, bool)>,
}

impl<'w> Part<'w> {
    pub(super) fn new(text: &str, known: impl FnOnce(&str) -> Target<'w>) -> Self {
        let sample = pattern::sample(text, FILL);
        Self { text: text.into(), known: known(&sample), sample, kinds: Vec::new() }
    }

    /// Whether an action applies to the part, according to the service authorization reference.
    pub(super) fn is_for(&mut self, action: Action) -> bool {
        let Some(forms) = action.forms() else { return true };
        let text = &self.text;
        // The catalogue has each type's name once, so comparing addresses is enough.
        forms.iter().any(|form| {
            if let Some((_, is_like)) =
                self.kinds.iter().find(|(kind, _)| std::ptr::eq(*kind, form.kind))
            {
                return *is_like;
            }
            let is_object = text.contains("/object/")
                || text.split_once(":s3:::").is_some_and(|(_, name)| name.contains('/'));
            // The ARN formats of buckets and access points match objects as well, because a wildcard crosses slashes.
            let is_like = !(is_object && ["accesspoint", "bucket"].contains(&form.kind))
                && pattern::matches(&form.arn, text);
            self.kinds.push((form.kind, is_like));
            is_like
        })
    }
}

/// Buckets have no account in their ARN; access points do.
fn is_bucket(arn: &str) -> bool {
    ArnPattern::of(arn).account == Some("")
}
