use crate::language::Limit;
use lakewright_access::document::Condition;
pub(crate) fn candidates(
    _key: &str,
    _conditions: &[&Condition],
) -> Result<Vec<Option<Vec<String>>>, Limit> {
    Err(Limit::TooManyAtoms)
}
