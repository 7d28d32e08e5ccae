//! Addresses as people may see them: in `doorbuster config`, in logs, in error texts.

use std::borrow::Cow;

const HIDDEN: &str = "***";
/// Keys in paths, as chat services and alert receivers give them, are at least so long.
const KEY_BYTES_MIN: usize = 20;

/// Returns an address without user and password, without the values of its parameters, each of which may be a key, and without
/// the parts of its path that look like keys. Names of parameters stay. Other text is returned as it is.
pub fn of(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path_end = rest.find(['?', '#']).unwrap_or(rest.len());
    // A password may contain a slash, although it should be escaped.
    let user_end = authority.rfind('@').or_else(|| rest[..path_end].rfind('@'));
    if user_end.is_none() && !is_host(authority) && rest.contains('@') {
        // Or even the sign that begins the parameters.
        return format!("{scheme}://{HIDDEN}").into();
    }
    let (user, place) = user_end.map_or(("", rest), |end| ("***@", &rest[end + 1..]));
    let (place, fragment) = place.split_once('#').map_or((place, None), |(place, fragment)| (place, Some(fragment)));
    let (place, query) = place.split_once('?').map_or((place, None), |(place, query)| (place, Some(query)));
    let place = without_keys(place);
    if user.is_empty() && query.is_none() && fragment.is_none() && matches!(place, Cow::Borrowed(_)) {
        return text.into();
    }
    let mut shown = format!("{scheme}://{user}{place}");
    if let Some(query) = query {
        let parameters: Vec<String> = query.split('&').map(parameter).collect();
        shown += &format!("?{}", parameters.join("&"));
    }
    if fragment.is_some_and(|fragment| !fragment.is_empty()) {
        shown += &format!("#{HIDDEN}");
    }
    shown.into()
}

/// Returns a host and a path without the parts of the path that look like keys.
fn without_keys(place: &str) -> Cow<'_, str> {
    let Some((host, path)) = place.split_once('/') else { return place.into() };
    if !path.split('/').any(is_like_key) {
        return place.into();
    }
    let parts: Vec<&str> = path.split('/').map(|part| if is_like_key(part) { HIDDEN } else { part }).collect();
    format!("{host}/{}", parts.join("/")).into()
}

/// A key mixes letters and digits, and is longer than a word.
fn is_like_key(part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    part.len() >= KEY_BYTES_MIN && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None if pair.is_empty() => String::new(),
        // A parameter without a name is nothing but its value.
        None => HIDDEN.to_owned(),
    }
}

/// Returns true if the text is a host, or a host and a port.
fn is_host(authority: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let name = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(name, _)| name);
    name.starts_with('[') || !name.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_password_nor_parameters_are_shown() {
        for (given, expected) in [
            ("https://ann:pw@host:8123/in", "https://***@host:8123/in"),
            ("http://pw@host", "http://***@host"),
            ("http://ann:p/w@host/", "http://***@host/"),
            ("https://host/in?token=pw&table=t", "https://host/in?token=***&table=***"),
            ("https://ann:pw@host?pw", "https://***@host?***"),
            ("https://host/in?to=ann@host&key=pw", "https://host/in?to=***&key=***"),
            ("https://host:1/in?to=ann@host&key=pw", "https://host:1/in?to=***&key=***"),
            ("https://[::1]:1/?a=b@c", "https://[::1]:1/?a=***"),
            ("http://ann:p?w@host/", "http://***"),
            ("http://ann:p#w@host/", "http://***"),
            ("https://host/#pw", "https://host/#***"),
            ("https://host/?a=b=c", "https://host/?a=***"),
            (
                "https://hooks.example.com/services/T0/B0/x9Yz8w7V6u5T4s3R2q1P",
                "https://hooks.example.com/services/T0/B0/***",
            ),
            ("https://host/in/0123456789abcdef0123456789abcdef/v1?a=b", "https://host/in/***/v1?a=***"),
            ("mysql://root:pw@db/shop?ssl-mode=REQUIRED", "mysql://***@db/shop?ssl-mode=***"),
        ] {
            assert_eq!(of(given), expected, "{given}");
        }
        assert_eq!(of("https://host/a@b"), "https://***@b", "rather too much is hidden than too little");
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "https://api.stripe.com",
            "http://127.0.0.1:4318/v1/traces",
            "https://id.example.com/realms/shop/protocol/openid-connect/certs",
            "https://0123456789-abcdefghij.example.com/in",
            "0.0.0.0:8080",
            "info",
            "",
            "a@b?c=d",
        ] {
            assert!(matches!(of(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
