pub(crate) struct Atom {
    pub(crate) witness: String,
}
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    TooManyStates,
    TooManyAtoms,
    Variables,
}
impl Limit {
    pub(crate) fn reason(self) -> &'static str {
        "x"
    }
}
pub(crate) fn atoms(_within: &str, _patterns: &[&str]) -> Result<Vec<Atom>, Limit> {
    Err(Limit::TooManyAtoms)
}
