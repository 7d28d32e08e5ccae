//! Traces: which requests are traced, and where spans are sent. The standard variables of OpenTelemetry override the settings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Error;
use crate::config::render::REDACTED;

const PATH: &str = "/v1/traces";
/// Time-out of a request, as OpenTelemetry's own default.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    sample: f64,
    endpoint: String,
    #[serde(skip)]
    variables: BTreeMap<String, String>,
}

impl Traces {
    /// Returns true if spans are sent: the settings name a share, or a standard variable names a collector.
    pub fn is_on(&self) -> bool {
        let is_disabled = self.variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let has_no_exporter = self.variable("OTEL_TRACES_EXPORTER") == Some("none");
        let is_never = self.variable("OTEL_TRACES_SAMPLER") == Some("always_off");
        // A share that is no number is not off, so that the check reports it.
        !is_disabled && !has_no_exporter && !is_never && (self.given_url().is_some() || self.share() != 0.0)
    }

    /// Returns the share of requests that are traced, from 0 to 1. Callers that have decided are followed in any case.
    pub fn share(&self) -> f64 {
        let argument = || self.variable("OTEL_TRACES_SAMPLER_ARG").map_or(Some(1.0), |text| text.parse().ok());
        match self.variable("OTEL_TRACES_SAMPLER") {
            Some("always_on" | "parentbased_always_on") => 1.0,
            Some("always_off" | "parentbased_always_off") => 0.0,
            // No number is out of range, which the check reports.
            Some("traceidratio" | "parentbased_traceidratio") => argument().unwrap_or(f64::NAN),
            // A collector that is named by the variables alone gets everything, as from any program with OpenTelemetry.
            None if self.sample == 0.0 && self.given_url().is_some() => 1.0,
            Some(_) | None => self.sample,
        }
    }

    /// Returns the address to which spans are posted.
    pub fn url(&self) -> String {
        self.given_url().unwrap_or_else(|| below(&self.endpoint))
    }

    fn given_url(&self) -> Option<String> {
        let whole = self.variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(str::to_owned);
        whole.or_else(|| self.variable("OTEL_EXPORTER_OTLP_ENDPOINT").map(below))
    }

    /// Returns the headers of each request, which may have a key.
    pub fn headers(&self) -> Vec<(String, String)> {
        let own = self.variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS");
        pairs(own.or_else(|| self.variable("OTEL_EXPORTER_OTLP_HEADERS")).unwrap_or_default())
    }

    pub const fn timeout(&self) -> Duration {
        TIMEOUT
    }

    /// Returns the attributes of this process.
    pub fn resource(&self) -> Vec<(String, String)> {
        let mut resource = pairs(self.variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
        let given = self.variable("OTEL_SERVICE_NAME").map(str::to_owned);
        let has_name = resource.iter().any(|(key, _)| key == "service.name");
        if given.is_some() || !has_name {
            resource.retain(|(key, _)| key != "service.name");
            resource.push(("service.name".to_owned(), given.unwrap_or_else(|| "doorbuster".to_owned())));
        }
        resource.push(("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
        resource
    }

    /// Returns the variables that are set; headers may have a key and are not shown.
    pub(in crate::config) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.keys().filter_map(|name| {
            let text = self.variable(name)?;
            Some((name.as_str(), if name.ends_with("_HEADERS") { REDACTED } else { text }))
        })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(in crate::config) fn set_variables(&mut self, variables: BTreeMap<String, String>) {
        self.variables = variables;
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(Error::Shop(format!("traces.sample = {} must be from 0 to 1", self.sample)));
        }
        if !self.is_on() {
            return Ok(());
        }
        if !(0.0..=1.0).contains(&self.share()) {
            return Err(Error::Shop("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1".to_owned()));
        }
        if let Some(sampler) = self.variable("OTEL_TRACES_SAMPLER").filter(|sampler| !SAMPLERS.contains(sampler)) {
            let text = format!("OTEL_TRACES_SAMPLER = {sampler} is not one of {}", SAMPLERS.join(", "));
            return Err(Error::Shop(text));
        }
        let protocols = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
        let protocol = protocols.into_iter().find_map(|name| self.variable(name)).unwrap_or("http/protobuf");
        if protocol != "http/protobuf" {
            let text =
                format!("OTEL_EXPORTER_OTLP_PROTOCOL = {protocol} is not spoken: spans are sent as http/protobuf");
            return Err(Error::Shop(text));
        }
        let url = self.url();
        if ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(());
        }
        Err(Error::Shop("traces.endpoint must be an address that begins with http:// or https://".to_owned()))
    }
}

/// The samplers that the standard names.
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Headers may have a key, so no value of a variable is shown.
impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traces").field("sample", &self.sample).finish_non_exhaustive()
    }
}

fn below(base: &str) -> String {
    format!("{}{PATH}", base.trim_end_matches('/'))
}

/// Reads `key=value,key=value`, whose values are percent-encoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), decoded(value.trim()))).collect()
}

fn decoded(text: &str) -> String {
    // A form's plus sign is a space, and this one is not.
    let escaped = text.replace('+', "%2B").replace('&', "%26");
    form_urlencoded::parse(format!("v={escaped}").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(sample: f64, variables: &[(&str, &str)]) -> Traces {
        let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Traces { sample, endpoint: "http://127.0.0.1:4318".to_owned(), variables }
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c.example/");

    #[test]
    fn traces_are_on_where_a_share_or_a_collector_is_named() {
        let is_on = |sample: f64, variables: &[(&str, &str)]| traces(sample, variables).is_on();
        assert!(!is_on(0.0, &[]) && is_on(0.01, &[]) && is_on(0.0, &[ENDPOINT]));
        for off in
            [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")]
        {
            assert!(!is_on(1.0, &[ENDPOINT, off]), "{off:?}");
        }
        let share = |sample: f64, variables: &[(&str, &str)]| traces(sample, variables).share();
        assert_eq!((share(0.0, &[ENDPOINT]), share(0.25, &[ENDPOINT])), (1.0, 0.25));
        let ratio = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        assert_eq!(share(1.0, &[ENDPOINT, ratio, ("OTEL_TRACES_SAMPLER_ARG", "0.125")]), 0.125);
    }

    #[test]
    fn the_standard_variables_override_the_settings() {
        assert_eq!(traces(1.0, &[]).url(), "http://127.0.0.1:4318/v1/traces");
        let given =
            traces(1.0, &[ENDPOINT, ("OTEL_SERVICE_NAME", "shop"), ("OTEL_RESOURCE_ATTRIBUTES", "host.name=a")]);
        assert_eq!(given.url(), "https://c.example/v1/traces");
        for (key, value) in [("service.name", "shop"), ("host.name", "a")] {
            assert!(given.resource().contains(&(key.to_owned(), value.to_owned())), "{key}");
        }
        let headers = traces(1.0, &[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b+c, x=y")]).headers();
        assert_eq!(headers, [("api-key".to_owned(), "a b+c".to_owned()), ("x".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        assert!(traces(1.5, &[]).check().is_err() && traces(1.0, &[]).check().is_ok());
        let wrong = |variables: &[(&str, &str)]| traces(1.0, variables).check().unwrap_err().to_string();
        assert!(wrong(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).contains("grpc is not spoken"));
        assert!(wrong(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://c")]).contains("http://"));
        let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
        assert!(wrong(&[ratio, ("OTEL_TRACES_SAMPLER_ARG", "most")]).contains("OTEL_TRACES_SAMPLER_ARG"));
        assert!(wrong(&[ENDPOINT, ("OTEL_TRACES_SAMPLER", "sometimes")]).contains("always_on"));
        assert!(traces(0.0, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).check().is_ok(), "off, so not asked");
    }
}
