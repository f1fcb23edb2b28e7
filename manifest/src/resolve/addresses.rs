//! Address blocks, within what AWS accepts.

use std::collections::BTreeMap;

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::EnvironmentDocument;
use crate::field::Field;
use crate::name::{AddressBlock, VpcId};

impl Context {
    /// The address blocks of VPCs in the environment's context. The security group of a notebook allows HTTPS from the
    /// block of its VPC, so a block that is larger than any VPC would allow other addresses.
    ///
    /// Source: "VPC CIDR blocks" in the VPC user guide: between /16 and /28.
    pub(super) fn vpc_cidrs(
        &mut self,
        document: &EnvironmentDocument,
        file: FileId,
    ) -> BTreeMap<VpcId, AddressBlock> {
        let context = document.context.value().and_then(|context| context.vpcs.value());
        let mut blocks = BTreeMap::new();
        for field in context.into_iter().flatten() {
            let Some(entry) = field.value() else { continue };
            let vpc = self.entry(&entry.vpc_id, "vpc_id", at(file, field));
            let block = self.entry(&entry.cidr, "cidr", at(file, field));
            let (Some(vpc), Some(block)) = (vpc, block) else { continue };
            if block.is_ipv6() || !(16..=28).contains(&block.bits()) {
                let message = format!("no VPC has the address block `{block}`");
                let help = "write the VPC's own block of IPv4, which has 16 to 28 bits";
                self.block(message, at(file, &entry.cidr), help);
            }
            blocks.insert(vpc.clone(), block.clone());
        }
        blocks
    }

    /// AWS WAF does not accept a block of all addresses.
    ///
    /// Source: "IPSet" in the WAFV2 API reference: all ranges except for /0.
    pub(super) fn web_blocks_are_taken(
        &mut self,
        blocks: &Field<Vec<Field<AddressBlock>>>,
        file: FileId,
    ) {
        for field in blocks.value().into_iter().flatten() {
            if let Some(block) = field.value().filter(|block| block.bits() == 0) {
                let message = format!("AWS WAF does not take the address block `{block}`");
                let help = "for all addresses leave `allowed_ip_list` out, or name two halves such as `0.0.0.0/1` and `128.0.0.0/1`";
                self.block(message, at(file, field), help);
            }
        }
    }

    fn block(&mut self, message: String, origin: Origin, help: &str) {
        let diagnostic = Diagnostic::new(Code::InvalidValue, message).at(origin, "").help(help);
        self.report.push(diagnostic);
    }
}
