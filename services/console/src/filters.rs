//! What a page's address asks for. It has the filters and the moment, so that a link shows the same to everybody who may see it.
use std::collections::BTreeMap;

/// Bytes of a value; longer ones are no filter of anybody's.
pub(crate) const VALUE_BYTES_MAX: usize = 512;

/// The fields of a query or a form, the first of each name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters(BTreeMap<String, String>);

impl Filters {
    pub(crate) fn read(query: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query) {
            if name.len() <= VALUE_BYTES_MAX && value.len() <= VALUE_BYTES_MAX {
                fields.entry(name.into_owned()).or_insert_with(|| value.trim().to_owned());
            }
        }
        Self(fields)
    }

    /// The value of a field; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// An address with these fields, of which those without a value are left out, in the order given.
    pub(crate) fn address(path: &str, fields: &[(&'static str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Whether a field is longer than any that is read.
pub(crate) fn has_long_field(query: &[u8]) -> bool {
    form_urlencoded::parse(query).any(|(name, value)| name.len() > VALUE_BYTES_MAX || value.len() > VALUE_BYTES_MAX)
}

/// A path of the console that a person may be sent to: never another site's.
pub(crate) fn own_path(text: &str) -> &str {
    let leads_away = !text.starts_with('/') || text.starts_with("//") || text.contains('\\') || text.chars().any(char::is_control);
    if leads_away || text.starts_with("/console/") { "/" } else { text }
}

#[cfg(test)]
mod tests {
    //! Unit tests of addresses.
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for own in ["/", "/acts?book=demo", "/accounts?account=viewer%2Fu1%2Fcoins"] {
            assert_eq!(own_path(own), own);
        }
        for other in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "/a\nb", "javascript:alert(1)", "/console/logout"]
        {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }

    #[test]
    fn long_and_repeated_fields_are_left_out() {
        let query = format!("a=1&a=2&b={}&c=%3Cb%3E", "x".repeat(600));
        let filters = Filters::read(query.as_bytes());
        assert_eq!((filters.get("a"), filters.get("b"), filters.get("c")), ("1", "", "<b>"));
        assert_eq!(Filters::address("/acts", &[("book", "demo"), ("subject", ""), ("q", "a&b")]), "/acts?book=demo&q=a%26b");
    }
}
