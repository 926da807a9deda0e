//! The cookies: a session's, that of a login that has begun, and the reader's time zone.
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// Bytes of a cookie that is read.
const VALUE_BYTES_MAX: usize = 4 * 1024;
/// How long a login may take, in seconds.
pub(crate) const LOGIN_SECONDS: u64 = 600;

/// The names and attributes of cookies. With TLS they have the prefix `__Host-`, so that no other host of the same site can set them; without TLS, which is
/// on this machine only, browsers accept no such prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    pub(crate) secure: bool,
}

impl Cookies {
    pub(crate) fn session(self) -> &'static str {
        if self.secure { "__Host-largesse" } else { "largesse-sandbox" }
    }

    pub(crate) fn login(self) -> &'static str {
        if self.secure { "__Host-largesse-login" } else { "largesse-sandbox-login" }
    }

    pub(crate) fn zone(self) -> &'static str {
        if self.secure { "__Host-largesse-zone" } else { "largesse-sandbox-zone" }
    }

    /// The value of a cookie, if it was sent exactly once: a second one of the same name is somebody else's.
    pub(crate) fn read<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let all = headers.get_all(COOKIE).into_iter().filter_map(|header| header.to_str().ok());
        let mut named = all.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = named.by_ref().filter(|(found, _)| *found == name).map(|(_, value)| value);
        let value = values.next()?;
        (values.next().is_none() && !value.is_empty() && value.len() <= VALUE_BYTES_MAX).then_some(value)
    }

    /// Sets a cookie; with `seconds` it ends by itself, otherwise with the browser.
    pub(crate) fn set(self, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        // Lax and not Strict: it has to come along on the way back from the issuer.
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        HeaderValue::try_from(text).expect("names and values are base64url, and a zone has a name in ASCII")
    }

    /// Removes a cookie.
    pub(crate) fn clear(self, name: &str) -> HeaderValue {
        self.set(name, "", Some(0))
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of cookies.
    use super::*;

    #[test]
    fn one_cookie_of_a_name_is_read() {
        let cookies = Cookies { secure: true };
        let headers = |value: &str| HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(value).unwrap())]);
        let read = |value: &str| cookies.read(&headers(value), "__Host-largesse").map(str::to_owned);
        assert_eq!(read("a=b; __Host-largesse=x; c=d").as_deref(), Some("x"));
        for none in
            ["", "__Host-largesse=", "__Host-largesse", "x__Host-largesse=x", "__Host-largesse=x; __Host-largesse=y", "__host-largesse=x"]
        {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(read(&format!("__Host-largesse={}", "a".repeat(5_000))), None);
    }

    #[test]
    fn attributes_keep_a_cookie_from_scripts_and_other_sites() {
        let set = Cookies { secure: true }.set("__Host-largesse", "x", None);
        assert_eq!(set.to_str().unwrap(), "__Host-largesse=x; Path=/; HttpOnly; SameSite=Lax; Secure");
    }
}
