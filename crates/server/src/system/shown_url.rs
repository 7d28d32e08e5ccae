//! Addresses as people may see them: in `doorbuster config`, in logs, in error texts.

use std::borrow::Cow;

const HIDDEN: &str = "***";

/// Returns an address without user and password, and without the values of its parameters: each of them may be a key. Names of
/// parameters stay. Other text is returned as it is.
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
    if user.is_empty() && query.is_none() && fragment.is_none() {
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
            ("mysql://root:pw@db/shop?ssl-mode=REQUIRED", "mysql://***@db/shop?ssl-mode=***"),
        ] {
            assert_eq!(of(given), expected, "{given}");
        }
        assert_eq!(of("https://host/a@b"), "https://***@b", "rather too much is hidden than too little");
    }

    #[test]
    fn everything_else_stays() {
        for text in ["https://api.stripe.com", "http://127.0.0.1:4318/v1/traces", "0.0.0.0:8080", "info", "", "a@b?c=d"]
        {
            assert!(matches!(of(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
