//! Facts on pages: a name and what it says.

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FactView {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// The facts that say something.
pub(crate) fn saying<const N: usize>(facts: [(&'static str, String); N]) -> Vec<FactView> {
    facts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| FactView { name, text }).collect()
}

/// Texts in a row, without those that say nothing.
pub(crate) fn joined<const N: usize>(texts: [String; N], between: &str) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
}
