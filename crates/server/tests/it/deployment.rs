//! The container files, compared with the settings and variables of the program. No container is started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Parser as _;
use serde_json::Value;
use server::cli::{Cli, Command};
use server::config::Config;

/// Environment variables that the program reads, besides those of the settings.
const ADDRESSES: [&str; 5] =
    ["DATABASE_URL", "KAFKA_BROKERS", "REDIS_URL", "DOORBUSTER_AUTH_SECRET", "DOORBUSTER_WEBHOOK_SECRET_KEYS"];

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

/// Resolves anchors and merges, as Docker does.
fn compose() -> Value {
    let mut document: serde_norway::Value = serde_norway::from_str(&read("compose.yaml")).unwrap();
    document.apply_merge().unwrap();
    serde_json::to_value(document).unwrap()
}

fn members(value: &Value) -> Vec<(&str, &Value)> {
    value.as_object().unwrap().iter().map(|(name, member)| (name.as_str(), member)).collect()
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// The value of `${NAME:?why}` is supplied at the start.
fn environment(service: &Value) -> BTreeMap<String, String> {
    let given = |text: &str| if text.starts_with("${") { "given from outside".to_owned() } else { text.to_owned() };
    let variables = members(&service["environment"]);
    variables.into_iter().map(|(name, value)| (name.to_owned(), given(value.as_str().unwrap()))).collect()
}

/// Returns the settings of a process; panics for an unknown variable.
#[track_caller]
fn settings(environment: &BTreeMap<String, String>) -> Config {
    for variable in environment.keys() {
        let is_known = variable.starts_with("DOORBUSTER__") || ADDRESSES.contains(&variable.as_str());
        assert!(is_known, "{variable} is no variable of this program");
    }
    Config::load(None, environment.clone()).unwrap()
}

fn host(address: &str) -> &str {
    let server = address.rsplit_once('@').map_or(address, |(_, server)| server);
    let server = server.split_once("://").map_or(server, |(_, server)| server);
    server.split([':', '/']).next().unwrap()
}

#[test]
fn the_processes_of_the_compose_file_are_a_shop() {
    let compose = compose();
    let services = members(&compose["services"]);
    let named: BTreeSet<&str> = services.iter().map(|(name, _)| *name).collect();
    let mut roles = BTreeSet::new();
    for (name, service) in services.iter().filter(|(_, service)| service["image"] == "doorbuster") {
        let environment = environment(service);
        let config = settings(&environment);
        let addresses = [
            config.store.database().unwrap().address(),
            config.kafka.brokers().unwrap(),
            config.redis.address().unwrap(),
        ];
        for (address, service) in addresses.iter().zip(["mysql", "kafka", "redis"]) {
            assert_eq!(host(address), service, "{name} reaches {service}");
            assert!(named.contains(service));
            assert_eq!(services_started_before(&compose, name, service), "service_healthy");
        }
        assert!(environment.contains_key("DOORBUSTER_AUTH_SECRET"), "{name} signs the tokens that the others do");
        let command = Cli::try_parse_from([vec!["doorbuster"], words(&service["command"])].concat()).unwrap();
        let Some(Command::Serve(serve)) = command.command else { panic!("{name} serves") };
        roles.extend(String::from(serve.roles.unwrap()).split(',').map(str::to_owned));
    }
    assert_eq!(roles.into_iter().collect::<Vec<String>>(), ["api", "relay", "worker"]);
}

/// Returns the condition on a service that must start first; the service must have a health check.
fn services_started_before<'a>(compose: &'a Value, process: &str, service: &str) -> &'a str {
    assert!(!compose["services"][service]["healthcheck"]["test"].is_null(), "{service} says whether it is well");
    compose["services"][process]["depends_on"][service]["condition"].as_str().unwrap()
}

#[test]
fn volumes_and_ports_of_the_compose_file_are_those_of_the_image() {
    let compose = compose();
    let volumes: BTreeSet<&str> = members(&compose["volumes"]).into_iter().map(|(name, _)| name).collect();
    let mounted = members(&compose["services"]).into_iter().filter(|(_, service)| !service["volumes"].is_null());
    let mounted = mounted.flat_map(|(_, service)| words(&service["volumes"]));
    assert_eq!(mounted.map(|mount| mount.split(':').next().unwrap()).collect::<BTreeSet<&str>>(), volumes);
    let published = words(&compose["services"]["api"]["ports"]);
    let inside = published[0].rsplit(':').next().unwrap();
    assert_eq!(image("EXPOSE"), [inside]);
    assert!(published[0].starts_with("127.0.0.1:"), "nobody else's machine reaches a shop with known passwords");
}

/// Files of the repository that containers read, and the targets of Prometheus.
#[test]
fn the_compose_file_has_monitoring() {
    let compose = compose();
    let services = members(&compose["services"]);
    for (name, file) in members(&compose["configs"]) {
        assert!(!read(file["file"].as_str().unwrap()).is_empty());
        let mounted = services.iter().flat_map(|(_, service)| service["configs"].as_array().into_iter().flatten());
        assert!(mounted.into_iter().any(|config| config["source"] == *name), "{name} is mounted");
    }
    let prometheus: Value = serde_norway::from_str(&read("deploy/prometheus/prometheus.yml")).unwrap();
    let job = &prometheus["scrape_configs"][0];
    let shops = services.iter().filter(|(_, service)| service["image"] == "doorbuster");
    let shops: BTreeSet<String> = shops.map(|(name, _)| format!("{name}:8080")).collect();
    let scraped = words(&job["static_configs"][0]["targets"]).into_iter().map(str::to_owned).collect();
    assert_eq!((job["job_name"].as_str(), shops), (Some("doorbuster"), scraped));
}

/// The package's settings and unit are for one folder, which the unit may write.
#[test]
fn the_service_of_the_package_knows_its_settings() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/debian/doorbuster.toml");
    let config = Config::load(Some(&file), Vec::<(String, String)>::new()).unwrap();
    let unit = read("deploy/systemd/doorbuster.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/")).unwrap();
    let Some(Command::Serve(serve)) = Cli::try_parse_from(command.split(' ')).unwrap().command else {
        panic!("it serves")
    };
    assert_eq!(serve.settings.config.as_deref(), Some(Path::new("/etc/doorbuster/doorbuster.toml")));
    assert_eq!(config.server.data_dir, Path::new("/var/lib").join("doorbuster"));
    assert!(unit.contains("\nStateDirectory=doorbuster\n"));
    for line in read("deploy/debian/environment").lines().filter(|line| !line.starts_with("# ")) {
        let Some((name, value)) = line.trim_start_matches('#').split_once('=') else { continue };
        settings(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
    }
}

/// Returns the arguments of an instruction of the Dockerfile, in the final stage.
fn image(instruction: &str) -> Vec<String> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let (_, kept) = text.rsplit_once("\nFROM ").unwrap();
    let lines = kept.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_image_serves_with_settings_that_the_program_knows() {
    let assignments = image("ENV").join(" ");
    let assignments = assignments.split_whitespace().map(|assignment| assignment.split_once('=').unwrap());
    let config = settings(&assignments.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    assert_eq!(image("EXPOSE"), [config.server.listen.rsplit(':').next().unwrap()]);
    assert!(config.server.listen.starts_with("0.0.0.0:"), "a container is reached from outside");
    assert_eq!(image("VOLUME"), [config.server.data_dir.to_str().unwrap()]);
    assert_eq!(image("ENTRYPOINT"), [r#"["doorbuster"]"#]);
    assert_eq!(image("CMD"), [r#"["serve"]"#]);
    assert_eq!(image("STOPSIGNAL"), ["SIGTERM"]);
    assert!(image("USER")[0].split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "a number, and not root");
    assert!(
        image("RUN").iter().any(|run| run.contains(&image("VOLUME")[0])),
        "the folder exists, so the volume belongs to the user"
    );
    assert!(image("COPY").iter().any(|copy| copy.ends_with(" /doorbuster /usr/local/bin/doorbuster")));
    let health = &image("HEALTHCHECK")[0];
    let health: Vec<String> = serde_json::from_str(health.split_once(" CMD ").unwrap().1).unwrap();
    assert!(matches!(Cli::try_parse_from(health).unwrap().command, Some(Command::Health(_))));
}

#[test]
#[should_panic(expected = "is no variable of this program")]
fn an_unknown_variable_is_found() {
    settings(&BTreeMap::from([("DATABASE".to_owned(), "mysql://host/shop".to_owned())]));
}

#[test]
#[should_panic(expected = "UnknownVariable")]
fn an_unknown_setting_is_found() {
    settings(&BTreeMap::from([("DOORBUSTER__KAFKA__TOPIC".to_owned(), "production".to_owned())]));
}
