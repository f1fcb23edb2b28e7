//! Resources and their parts, as they are asked for.

use std::borrow::Cow;
use std::sync::Arc;

use lakewright_access::action::Action;
use lakewright_access::pattern;
use lakewright_access::sample::FILL;
use lakewright_access::world::Target;
use lakewright_template::arn::ArnPattern;

/// A resource as it is asked for.
pub(super) struct Asked<'a> {
    pub(super) arn: &'a str,
    pub(super) service: &'a str,
    /// The objects of a bucket or an access point, which patterns find that go on after its name.
    pub(super) objects: Option<Objects>,
}

pub(super) struct Objects {
    /// What the ARN of each begins with.
    pub(super) start: String,
    /// The ARN of one of which nobody knows anything.
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

    /// Whether a pattern says something of the resource, or of objects in it.
    pub(super) fn is_in(&self, pattern: &str) -> bool {
        let of_objects = |objects: &Objects| {
            pattern.starts_with(&objects.start) || pattern::matches(pattern, &objects.any)
        };
        pattern::matches(pattern, self.arn) || self.objects.as_ref().is_some_and(of_objects)
    }

    /// What a pattern says something of: the resource, or objects in it.
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

/// A resource or a part of it, with what is known of it.
pub(super) struct Part<'w> {
    /// The ARN, with wildcards.
    pub(super) text: Arc<str>,
    /// An ARN that it stands for.
    pub(super) sample: String,
    pub(super) known: Target<'w>,
    /// Whether each resource type of the service that was met so far has ARNs like this one.
    kinds: Vec<(&'static str, bool)>,
}

impl<'w> Part<'w> {
    pub(super) fn new(text: &str, known: impl FnOnce(&str) -> Target<'w>) -> Self {
        let sample = pattern::sample(text, FILL);
        Self { text: text.into(), known: known(&sample), sample, kinds: Vec::new() }
    }

    /// Whether an action is about the part, as the service authorization reference has it.
    pub(super) fn is_for(&mut self, action: Action) -> bool {
        let Some(forms) = action.forms() else { return true };
        let text = &self.text;
        // The names of types are kept once, so that their addresses tell them apart.
        forms.iter().any(|form| {
            if let Some((_, is_like)) =
                self.kinds.iter().find(|(kind, _)| std::ptr::eq(*kind, form.kind))
            {
                return *is_like;
            }
            let is_object = text.contains("/object/")
                || text.split_once(":s3:::").is_some_and(|(_, name)| name.contains('/'));
            // The forms of buckets and access points match their objects, as a wildcard crosses slashes.
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
