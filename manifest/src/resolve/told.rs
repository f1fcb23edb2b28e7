//! Facts that only the account knows: the zones of a network, and its QuickSight subscription.

use super::{Context, at, distinct};
use crate::Code;
use crate::diagnostic::Diagnostic;
use crate::document::EnvironmentDocument;
use crate::field::Field;
use crate::mesh::{Features, Header, QuickSight};
use crate::name::ZoneId;

impl Context {
    /// A network that the stack creates needs two fixed availability zones. A template could only ask for the zones that
    /// have a default subnet, if there are any, and those can change.
    pub(super) fn zones_are_known(&mut self, document: &EnvironmentDocument, header: &Header) {
        let file = header.origin.file;
        let zones = document.context.value().map(|context| &context.availability_zones);
        let is_unread = |zones: &Field<Vec<Field<ZoneId>>>| {
            zones.is_invalid() || zones.value().into_iter().flatten().any(Field::is_invalid)
        };
        if document.context.is_invalid()
            || zones.is_some_and(|zones| is_unread(zones) || distinct(zones).len() == 2)
        {
            return;
        }
        let message = format!(
            "ML Studio's network in environment `{}` needs two availability zones, and the mesh names {}",
            header.id,
            zones.map_or(0, |zones| distinct(zones).len())
        );
        let origin = zones.filter(|zones| !zones.is_absent()).map(|zones| at(file, zones));
        let diagnostic = Diagnostic::new(Code::ContextMissing, message)
            .at(origin.unwrap_or(header.origin), "this environment")
            .help(
                "add two ids under `context: availability_zones`, such as `[use1-az1, use1-az2]`: \
                 `aws ec2 describe-availability-zones` lists them as ZoneId",
            );
        self.report.push(diagnostic);
    }

    /// Dashboards require the account's QuickSight subscription in the context, because
    /// CloudFormation cannot create one.
    pub(super) fn quicksight(
        &mut self,
        document: &EnvironmentDocument,
        features: Features,
        header: &Header,
    ) -> QuickSight {
        let file = header.origin.file;
        let field = document.context.value().map(|context| &context.quicksight);
        let given = field.and_then(Field::value);
        let is_subscribed = given.and_then(|given| given.subscribed.value().copied());
        let identity_region = given.and_then(|given| given.identity_region.value().cloned());
        let is_unread = document.context.is_invalid()
            || field.is_some_and(Field::is_invalid)
            || given.is_some_and(|given| {
                given.subscribed.is_invalid() || given.identity_region.is_invalid()
            });
        if features.dashboards
            && !is_unread
            && (is_subscribed.is_none() || is_subscribed == Some(true) && identity_region.is_none())
        {
            let message = format!(
                "dashboards are on in environment `{}`, and it is not known {}",
                header.id,
                if is_subscribed.is_none() {
                    "whether the account is subscribed to QuickSight"
                } else {
                    "in which region QuickSight has the account's users and groups"
                }
            );
            let origin = field.filter(|field| !field.is_absent()).map(|field| at(file, field));
            let diagnostic = Diagnostic::new(Code::ContextMissing, message)
                .at(origin.unwrap_or(header.origin), "this environment")
                .help(
                    "say under `context: quicksight` whether the account is `subscribed`, and with \
                     `identity_region` which region was chosen at sign-up",
                );
            self.report.push(diagnostic);
        }
        QuickSight {
            is_subscribed: is_subscribed == Some(true),
            identity_region: identity_region.as_ref().map(Into::into),
        }
    }
}
