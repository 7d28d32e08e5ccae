//! The form of the address: one server, a cluster, or a primary that sentinels name.

use redis::IntoConnectionInfo as _;

use super::open_error::OpenError;

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// The servers that an address names.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Named {
    One,
    /// Any nodes of a cluster, which name the others.
    Cluster,
    /// Sentinels, which name the primary.
    Sentinels {
        primary: String,
        /// `user:password@` for the sentinels, or nothing.
        login: String,
    },
}

/// An address in its parts. Texts are kept as they were written, with their escapes.
pub(super) struct Address {
    pub(super) named: Named,
    /// `redis` or `rediss`.
    scheme: &'static str,
    /// `user:password@` for the servers, or nothing.
    login: String,
    /// `host:port`, as they were written.
    pub(super) hosts: Vec<String>,
    /// The database and the parameters, which follow the host.
    rest: String,
}

fn refused<T>(why: &'static str) -> Result<T, OpenError> {
    Err(OpenError::Address(why))
}

impl Address {
    /// Reads an address. Errors do not quote it, because it may contain a password.
    pub(super) fn parse(text: &str) -> Result<Address, OpenError> {
        let Some((scheme, text)) = text.split_once("://") else { return refused("it has no scheme") };
        let (scheme, form) = match scheme {
            "redis" => ("redis", Form::ByHosts),
            "rediss" => ("rediss", Form::ByHosts),
            "redis+cluster" | "redis-cluster" => ("redis", Form::Cluster),
            "rediss+cluster" | "rediss-cluster" => ("rediss", Form::Cluster),
            "redis+sentinel" | "redis-sentinel" => ("redis", Form::Sentinels),
            "rediss+sentinel" | "rediss-sentinel" => ("rediss", Form::Sentinels),
            _ => return refused("its scheme is unknown"),
        };
        let text = joined(scheme, text)?;
        let (text, fragment) = text.split_once('#').map_or((&*text, ""), |(text, fragment)| (text, fragment));
        if fragment.contains(['@', '/']) || (form != Form::Sentinels && !fragment.is_empty()) {
            return refused("it contains a #: write %23 in a password");
        }
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
        let login = if login.is_empty() { String::new() } else { format!("{login}@") };
        let hosts: Vec<&str> = hosts.split(',').collect();
        let form = if form == Form::ByHosts && hosts.len() > 1 { Form::Cluster } else { form };
        let port = if form == Form::Sentinels { SENTINEL_PORT } else { REDIS_PORT };
        let hosts = hosts.into_iter().map(|host| with_port(host, port)).collect::<Result<Vec<String>, OpenError>>()?;
        let (named, database, query) = form.names(path, query, fragment)?;
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let address = Address { named, scheme, login, hosts, rest: format!("{database}{query}") };
        address.check()?;
        Ok(address)
    }

    /// Checks that the library can parse the address of each server and sentinel.
    fn check(&self) -> Result<(), OpenError> {
        let sentinels = self.hosts.iter().filter_map(|host| self.url_of_sentinel(host));
        let mut urls = self.hosts.iter().map(|host| self.url(host)).chain(sentinels);
        // The library's error may quote the address with its password.
        let is_read = |url: String| url.as_str().into_connection_info().is_ok();
        if urls.all(is_read) { Ok(()) } else { refused("a host, port, database or escape in it is invalid") }
    }

    /// Returns the address of a server.
    pub(super) fn url(&self, host: &str) -> String {
        format!("{}://{}{host}/{}", self.scheme, self.login, self.rest)
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.hosts.iter().map(|host| self.url(host)).collect()
    }

    /// Returns the address of a sentinel; it has no databases and a login of its own.
    pub(super) fn url_of_sentinel(&self, host: &str) -> Option<String> {
        let Named::Sentinels { login, .. } = &self.named else { return None };
        Some(format!("{}://{login}{host}/", self.scheme))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == "rediss"
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One host is a server, several are a cluster.
    ByHosts,
    Cluster,
    Sentinels,
}

impl Form {
    /// Returns what is named, the database, and the parameters for the library.
    fn names(self, path: &str, query: &str, fragment: &str) -> Result<(Named, String, String), OpenError> {
        match self {
            Form::ByHosts => Ok((Named::One, path.to_owned(), query.to_owned())),
            Form::Cluster if matches!(path, "" | "0") => Ok((Named::Cluster, path.to_owned(), query.to_owned())),
            Form::Cluster => refused("a cluster has no database but 0"),
            Form::Sentinels => sentinels(path, query, fragment),
        }
    }
}

/// Reads `/NAME/database`, and the form of Lettuce: `/database#NAME` or `/database?sentinelMasterId=NAME`.
fn sentinels(path: &str, query: &str, fragment: &str) -> Result<(Named, String, String), OpenError> {
    let (mut primary, mut user, mut password, mut others) = (fragment, "", "", vec![]);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("sentinelMasterId", name) => primary = name,
            ("sentinel_username", name) => user = name,
            ("sentinel_password", word) => password = word,
            _ => others.push(parameter),
        }
    }
    let mut path = path.split('/').filter(|part| !part.is_empty());
    if primary.is_empty() {
        primary = path.next().unwrap_or_default();
    }
    let database = path.next().unwrap_or_default().to_owned();
    if primary.is_empty() || path.next().is_some() {
        return refused("sentinels need the name of the primary behind the hosts");
    }
    // The names that a sentinel accepts; so an escape is not necessary.
    if !primary.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        return refused("the name of a primary has letters, digits, '.', '-' and '_' only");
    }
    let login = if user.is_empty() && password.is_empty() { String::new() } else { format!("{user}:{password}@") };
    Ok((Named::Sentinels { primary: primary.to_owned(), login }, database, others.join("&")))
}

/// Joins addresses that are separated by commas, as Redisson lists them, to one with several hosts.
fn joined(scheme: &str, text: &str) -> Result<String, OpenError> {
    let between = format!(",{scheme}://");
    let mut parts = text.split(&between);
    let first = parts.next().unwrap_or_default();
    let split = |text: &str| {
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        (text[..end].to_owned(), text[end..].to_owned())
    };
    let (mut authority, rest) = split(first);
    // A part with the other scheme (`redis` or `rediss`) still begins with `//`.
    if rest.starts_with("//") {
        return refused("its parts differ in more than their hosts");
    }
    let login = authority.rsplit_once('@').map(|(login, _)| login.to_owned());
    for part in parts {
        let (other, path) = split(part);
        let (of_other, host) = other.rsplit_once('@').map_or((None, &*other), |(login, host)| (Some(login), host));
        if of_other.is_some() && of_other != login.as_deref() || !(path.is_empty() || path == "/" || path == rest) {
            return refused("its parts differ in more than their hosts");
        }
        authority = format!("{authority},{host}");
    }
    Ok(authority + &rest)
}

fn with_port(host: &str, port: u16) -> Result<String, OpenError> {
    if host.is_empty() || host.starts_with(':') || host.contains(char::is_whitespace) {
        return refused("a host is missing");
    }
    // The colons within brackets belong to the host.
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    Ok(if has_port { host.to_owned() } else { format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Named, Vec<String>) {
        let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let urls = address.urls();
        (address.named, urls)
    }

    fn named(primary: &str, login: &str) -> Named {
        Named::Sentinels { primary: primary.to_owned(), login: login.to_owned() }
    }

    #[test]
    fn one_server_is_named() {
        for (text, url) in [
            ("redis://host", "redis://host:6379/"),
            ("rediss://ann:a,b@host:1/3?protocol=resp3", "rediss://ann:a,b@host:1/3?protocol=resp3"),
            ("redis://[::1]/2", "redis://[::1]:6379/2"),
            ("redis://:p%23@10.0.0.1", "redis://:p%23@10.0.0.1:6379/"),
        ] {
            assert_eq!(read(text), (Named::One, vec![url.to_owned()]), "{text}");
        }
    }

    #[test]
    fn a_cluster_is_named_by_its_scheme_or_by_several_hosts() {
        for text in [
            "redis://u:p@a:7000,b",
            "redis+cluster://u:p@a:7000,b/0",
            "redis-cluster://u:p@a:7000,b/",
            "redis://u:p@a:7000,redis://u:p@b:6379",
            "redis://u:p@a:7000/,redis://b/",
        ] {
            let (named, urls) = read(text);
            assert_eq!(named, Named::Cluster, "{text}");
            let hosts: Vec<&str> = urls.iter().map(|url| url.trim_end_matches("/0").trim_end_matches('/')).collect();
            assert_eq!(hosts, ["redis://u:p@a:7000", "redis://u:p@b:6379"], "{text}");
        }
        assert_eq!(read("rediss+cluster://[::1]"), (Named::Cluster, vec!["rediss://[::1]:6379/".to_owned()]));
    }

    #[test]
    fn sentinels_are_named_with_their_primary() {
        for text in [
            "redis+sentinel://u:p@a:1,b/shop/2?sentinel_username=s&sentinel_password=t",
            "redis-sentinel://u:p@a:1,b/2?sentinel_username=s&sentinel_password=t#shop",
            "redis-sentinel://u:p@a:1,b/2?sentinelMasterId=shop&sentinel_username=s&sentinel_password=t",
        ] {
            let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.named, named("shop", "s:t@"), "{text}");
            assert_eq!(address.hosts, ["a:1", "b:26379"], "{text}");
            assert_eq!(address.url("10.0.0.9:6379"), "redis://u:p@10.0.0.9:6379/2", "{text}");
            assert_eq!(address.url_of_sentinel("a:1").unwrap(), "redis://s:t@a:1/", "{text}");
        }
        let address = Address::parse("rediss+sentinel://a/shop").unwrap_or_else(|error| panic!("{error}"));
        assert!(address.is_encrypted() && address.named == named("shop", ""));
    }

    #[test]
    fn what_no_server_would_accept_is_refused_without_the_password() {
        for (text, why) in [
            ("host:6379", "no scheme"),
            ("http://u:secret@host", "scheme is unknown"),
            ("redis://", "a host is missing"),
            ("redis://u:secret@/0", "a host is missing"),
            ("redis://u:secret@host:port", "is invalid"),
            ("redis://u:secret@host:70000/", "is invalid"),
            ("redis://u:secret@host/zero", "is invalid"),
            ("redis://u:sec#ret@host", "%23"),
            ("redis://u:secret@a,,b", "a host is missing"),
            ("redis+cluster://u:secret@a/1", "no database but 0"),
            ("redis://u:secret@a,redis://other@b", "differ"),
            ("redis://u:secret@a,rediss://u:secret@b", "differ"),
            ("redis+sentinel://u:secret@a,b", "name of the primary"),
            ("redis+sentinel://u:secret@a,b/shop/zero", "is invalid"),
            ("redis+sentinel://u:secret@a,b/shop/0/1", "name of the primary"),
            ("redis+sentinel://u:secret@a/sh%20op", "letters, digits"),
        ] {
            let error = Address::parse(text).err().unwrap_or_else(|| panic!("{text}")).to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
