use std::fs;

use crate::config::*;

fn load(env: &[(&str, &str)]) -> Result<Config, Error> {
    let env = env.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    Config::load(None, env)
}

#[test]
fn the_defaults_load() {
    let config = load(&[]).unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:8080");
    assert_eq!(config.server.idle_timeout(), Duration::from_secs(75));
    assert_eq!(config.engine.executor, Executor::Inline);
    assert_eq!(config.admin.password(), None);
    assert_eq!(config.auth.secret(), None);
}

#[test]
fn every_key_is_described_by_the_line_above_it() {
    let mut previous = "";
    for line in DEFAULT_TOML.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with("# "), "`{line}` has no comment above it");
        }
        previous = line;
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = std::env::temp_dir().join(format!("doorbuster-wins-{}.toml", std::process::id()));
    fs::write(&file, "[server]\nlisten = \"0.0.0.0:1\"\nhttp_threads = 3\n").unwrap();
    let env = [("DOORBUSTER__SERVER__LISTEN".to_owned(), "0.0.0.0:2".to_owned())];
    let config = Config::load(Some(&file), env).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!((config.server.listen.as_str(), config.server.http_threads), ("0.0.0.0:2", 3));
}

#[test]
fn a_missing_file_is_an_error() {
    let error = Config::load(Some(Path::new("/no/such/file.toml")), []).unwrap_err();
    assert!(error.to_string().contains("/no/such/file.toml"));
}

#[test]
fn unknown_keys_are_named() {
    let error = load(&[("DOORBUSTER__SERVER__LISTNE", "x")]).unwrap_err().to_string();
    assert!(error.contains("DOORBUSTER__SERVER__LISTNE"), "{error}");

    let file = std::env::temp_dir().join(format!("doorbuster-unknown-{}.toml", std::process::id()));
    fs::write(&file, "[server]\nlistne = \"x\"\n").unwrap();
    let error = Config::load(Some(&file), []).unwrap_err().to_string();
    fs::remove_file(&file).unwrap();
    assert!(error.contains("listne") && error.contains("server"), "{error}");
}

#[test]
fn a_wrong_type_names_the_key() {
    let error = load(&[("DOORBUSTER__ENGINE__BATCH_MAX", "many")]).unwrap_err().to_string();
    assert_eq!(
        error,
        "engine.batch_max is \"many\", but must be a whole number from 0 to 9223372036854775807 (from DOORBUSTER__ENGINE__BATCH_MAX)"
    );
    let error = load(&[("DOORBUSTER__ENGINE__EXECUTOR", "magic")]).unwrap_err().to_string();
    assert_eq!(error, "engine.executor = \"magic\" is not one of inline, log (from DOORBUSTER__ENGINE__EXECUTOR)");
}

#[test]
fn each_fault_of_a_file_is_told_with_its_key_and_its_file() {
    let error_of = |text: &str| {
        let mut layers = Layers::of_defaults(DEFAULT_TOML);
        let read = layers.add_file(Path::new("shop.toml"), text).and_then(|()| layers.read::<Config>());
        Error::from(read.unwrap_err()).to_string()
    };
    let none = "a whole number from 0 to 9223372036854775807";
    assert_eq!(
        error_of("[server]\nhttp_threads = -1"),
        format!("server.http_threads is -1, but must be {none} (in shop.toml)")
    );
    assert_eq!(
        error_of("[engine]\nbatch_max = 1.5"),
        format!("engine.batch_max is 1.5, but must be {none} (in shop.toml)")
    );
    assert_eq!(error_of("engine = 1"), "engine is 1, but must be a section (in shop.toml)");
    assert_eq!(error_of("[log]\nlevel = []"), "log.level is a list, but must be a string (in shop.toml)");
    assert_eq!(
        error_of("[engine]\nexecutor = \"magic\""),
        "engine.executor = \"magic\" is not one of inline, log (in shop.toml)"
    );
    let unknown = error_of("[server]\nlistne = 1");
    assert!(unknown.starts_with("server.listne is not a setting; allowed are listen, "), "{unknown}");
    assert!(unknown.ends_with("(in shop.toml)"), "{unknown}");
    let unknown = error_of("[sever]\nlisten = 1");
    assert!(
        unknown.starts_with("sever is not a setting; allowed are ") && unknown.ends_with("(in shop.toml)"),
        "{unknown}"
    );
    let broken = error_of("[server]\nlisten =\nhttp_threads = 1");
    assert!(broken.starts_with("the settings are not valid TOML at line 2: "), "{broken}");
}

#[test]
fn a_variable_wins_over_a_wrong_value_of_a_file_and_has_the_type_of_the_default() {
    let load = |text: &str, key: &str, value: &str| {
        let mut layers = Layers::of_defaults(DEFAULT_TOML);
        layers.add_file(Path::new("shop.toml"), text).unwrap();
        layers.set(key, value.to_owned(), format!("{ENV_PREFIX}X")).unwrap();
        layers.read::<Config>().map_err(|invalid| Error::from(invalid).to_string())
    };
    let config = load("[admin]\npassword = 12345", "admin.password", "0123456789").unwrap();
    assert_eq!(config.admin.password(), Some("0123456789"));
    assert_eq!(load("[server]\nhttp_threads = \"two\"", "server.http_threads", "4").unwrap().server.http_threads, 4);
    let error = load("server = 5", "server.listen", "[::1]:1").unwrap_err();
    assert_eq!(error, "server is 5, but must be a section (in shop.toml)");
    let error = load("", "server.http_threads", "1e2").unwrap_err();
    assert!(error.starts_with("server.http_threads is \"1e2\", but must be a whole number"), "{error}");
}

#[test]
fn a_list_is_not_a_section_a_date_is_not_a_string_and_no_secret_is_shown() {
    let error = |text: &str| {
        let mut layers = Layers::of_defaults(DEFAULT_TOML);
        let read = layers.add_file(Path::new("shop.toml"), text).and_then(|()| layers.read::<Config>());
        Error::from(read.unwrap_err()).to_string()
    };
    assert_eq!(error("limits = [1, 2, 3, 4, 5, 6]"), "limits is a list, but must be a section (in shop.toml)");
    assert_eq!(
        error("[payment]\nmethod = 1979-05-27"),
        "payment.method is a date, but must be a string (in shop.toml)"
    );
    let secret = error("[admin]\npassword = 987654321");
    assert!(secret.starts_with("admin.password is ") && !secret.contains("987654321"), "{secret}");
    assert!(!error("\"a\\u001b[31m\" = 1").contains('\u{1b}'));
}

#[test]
fn durations_are_bounded_by_their_unit() {
    let beyond = [
        ("ORDERS__PAY_WITHIN_S", "3155760001"),
        ("IDEMPOTENCY__KEEP_H", "876601"),
        ("ENGINE__BATCH_EVERY_US", "60000001"),
    ];
    for (variable, text) in beyond {
        let error = load(&[(&format!("DOORBUSTER__{variable}"), text)]).unwrap_err().to_string();
        assert!(error.contains("is out of range: at most"), "{variable}: {error}");
    }
}

#[test]
fn the_widget_of_a_challenge_has_a_script_a_key_and_origins() {
    const SCRIPT: (&str, &str) = ("DOORBUSTER__DROPS__CHALLENGE_SCRIPT", "https://js.example.com/api.js");
    const SITE_KEY: (&str, &str) = ("DOORBUSTER__DROPS__CHALLENGE_SITE_KEY", "a site");
    const ON: [(&str, &str); 2] =
        [("DOORBUSTER__DROPS__CHALLENGE", "http"), ("DOORBUSTER__DROPS__CHALLENGE_URL", "https://example.com/verify")];
    let origins = |given| ("DOORBUSTER__DROPS__CHALLENGE_ORIGINS", given);
    let refused = |more: &[(&str, &str)]| load(&[&ON, more].concat()).unwrap_err().to_string();
    assert!(load(&[SCRIPT, SITE_KEY]).unwrap_err().to_string().contains("drops.challenge to \"http\""));
    assert!(refused(&[SCRIPT]).contains("challenge_site_key") && refused(&[SITE_KEY]).contains("challenge_script"));
    assert!(refused(&[(SCRIPT.0, "http://js.example.com/api.js"), SITE_KEY]).contains("https"));
    assert!(refused(&[origins("https://example.com")]).contains("challenge_script"));
    for wrong in ["example.com", "https://example.com/a", "https://example.com; script-src *"] {
        assert!(refused(&[SCRIPT, SITE_KEY, origins(wrong)]).contains("challenge_origins"), "{wrong}");
    }
    let config = load(&[&ON[..], &[SCRIPT, SITE_KEY, origins(" https://*.example.com, ")]].concat()).unwrap();
    assert_eq!(config.drops.challenge_widget().unwrap().origins, "https://js.example.com https://*.example.com");
    assert!(load(&ON).unwrap().drops.challenge_widget().is_none());
}

#[test]
fn a_misspelt_variable_is_refused_and_a_foreign_one_is_not() {
    for (given, meant) in [
        ("DOORBUSTER_WEBHOOK_SECRET_KEY", "DOORBUSTER_WEBHOOK_SECRET_KEYS"),
        ("DOORBUSTER_AUTH_SECERT_FILE", "DOORBUSTER_AUTH_SECRET_FILE"),
        ("DOORBUSTER_SERVER__LISTEN", "DOORBUSTER__SERVER__LISTEN"),
    ] {
        let error = load(&[(given, "x")]).unwrap_err().to_string();
        assert_eq!(error, format!("{given} is not a known setting; did you mean {meant}?"));
    }
    for foreign in
        ["DOORBUSTER_SERVICE_HOST", "DOORBUSTER_PORT_8080_TCP_ADDR", "DOORBUSTER_TOKEN", "DOORBUSTER_PROFILE"]
    {
        load(&[(foreign, "x")]).unwrap();
    }
}

#[test]
fn zero_threads_are_refused() {
    let error = load(&[("DOORBUSTER__SERVER__HTTP_THREADS", "0")]).unwrap_err().to_string();
    assert_eq!(error, "server.http_threads = 0 is out of range: at least 1");
}

#[test]
fn a_password_of_digits_stays_text() {
    let config = load(&[("DOORBUSTER__ADMIN__PASSWORD", "0123")]).unwrap();
    assert_eq!(config.admin.password(), Some("0123"));
}

#[test]
fn secrets_are_never_shown() {
    let config = load(&[("DOORBUSTER__ADMIN__PASSWORD", "hunter2"), ("DOORBUSTER_AUTH_SECRET", "hunter3")]).unwrap();
    assert_eq!(config.auth.secret(), Some("hunter3"));
    for shown in [config.to_toml(), config.to_json().to_string(), format!("{config:?}")] {
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

/// Every setting that takes an address with a path.
const ADDRESSES: [&str; 9] = [
    "PAYMENT__URL",
    "ALERTS__URL",
    "ANALYTICS__URL",
    "AUTH__JWKS__URL",
    "AUTH__LOGIN__AUTHORIZE_URL",
    "AUTH__LOGIN__TOKEN_URL",
    "NOTIFICATIONS__GATEWAY_URL",
    "DROPS__CHALLENGE_URL",
    "TRACES__ENDPOINT",
];

/// An identity provider with pages for logging in.
const PROVIDER: [(&str, &str); 6] = [
    ("DOORBUSTER__AUTH__JWKS__URL", "https://id.example.com/keys"),
    ("DOORBUSTER__AUTH__JWKS__ISSUER", "https://id.example.com"),
    ("DOORBUSTER__AUTH__JWKS__USER_CLAIM", "sub"),
    ("DOORBUSTER__AUTH__LOGIN__SHOP_URL", "https://shop.example.com"),
    ("DOORBUSTER__AUTH__LOGIN__AUTHORIZE_URL", "https://id.example.com/login"),
    ("DOORBUSTER__AUTH__LOGIN__TOKEN_URL", "https://id.example.com/token"),
];

#[test]
fn logging_in_at_a_provider_is_set_as_a_whole() {
    let with = |name: &str, value: &'static str| {
        let mut env = PROVIDER;
        let setting = env.iter_mut().find(|(key, _)| key.ends_with(name)).unwrap();
        setting.1 = value;
        load(&env).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with("SHOP_URL", "http://127.0.0.1:8080"), Ok(()));
    for (name, value, expected) in [
        ("SHOP_URL", "", "or none of them"),
        ("TOKEN_URL", "", "or none of them"),
        ("JWKS__URL", "", "auth.jwks.url"),
        ("SHOP_URL", "https://shop.example.com/", "without a path"),
        ("SHOP_URL", "http://shop.example.com", "without a path"),
        ("SHOP_URL", "https://*.example.com", "without a path"),
        ("AUTHORIZE_URL", "id.example.com/login", "must begin with"),
        ("TOKEN_URL", "ftp://id.example.com/token", "must begin with"),
    ] {
        let refused = with(name, value).unwrap_err();
        assert!(refused.contains(expected), "{name} = {value}: {refused}");
    }
    for (name, value) in [("SCOPE", "email"), ("NAME", " ")] {
        let variable = format!("DOORBUSTER__AUTH__LOGIN__{name}");
        let refused = load(&[&PROVIDER[..], &[(&variable, value)]].concat()).unwrap_err().to_string();
        assert!(refused.contains(&name.to_lowercase()), "{refused}");
    }
}

#[test]
fn no_address_is_shown_with_its_password_or_key() {
    for setting in ADDRESSES {
        for url in
            ["https://user:hunter2@host/v1", "https://host/v1?token=hunter2&x=hunter2", "https://user:hun/ter2@host/"]
        {
            let variable = format!("DOORBUSTER__{setting}");
            let mut env: Vec<(&str, &str)> = PROVIDER.iter().copied().filter(|(name, _)| *name != variable).collect();
            env.extend([(variable.as_str(), url), ("DATABASE_URL", "mysql://u:hunter2@host/shop")]);
            let config = load(&env).unwrap();
            for shown in [config.to_toml(), config.to_json().to_string(), format!("{config:?}")] {
                assert!(!shown.contains("ter2") && shown.contains("***"), "{setting}: {shown}");
            }
        }
    }
    let named = DEFAULT_TOML.lines().filter(|line| line.contains("url = ") && !line.starts_with('#')).count();
    // The endpoint of traces has another name, and auth.login.shop_url takes no path.
    assert_eq!(named, ADDRESSES.len(), "a new address is in this list");
    let error = load(&[("DOORBUSTER__SERVER__LISTEN", "http://user:hunter2@host/")]).unwrap_err().to_string();
    assert!(error.contains("http://***@host/"), "{error}");
}

#[test]
fn only_known_log_levels_are_accepted() {
    for level in ["error", "off", "INFO", "info,server=debug", "crate::http=trace,warn"] {
        assert!(load(&[("DOORBUSTER__LOG__LEVEL", level)]).is_ok(), "{level}");
    }
    for level in ["loud", "", "info,loud", "server=loud", "info,", "=info"] {
        let error = load(&[("DOORBUSTER__LOG__LEVEL", level)]).unwrap_err().to_string();
        assert!(error.contains("log.level") && error.contains("warn, info"), "{level}: {error}");
    }
}

#[test]
fn the_rendered_settings_load_again() {
    let config = load(&[("DOORBUSTER__SERVER__LISTEN", "[::1]:9")]).unwrap();
    let again: Config = Layers::of_defaults(&config.to_toml()).read().unwrap();
    assert_eq!(again.server.listen, "[::1]:9");
    assert_eq!(load(&[]).unwrap().to_toml(), DEFAULT_TOML);
}

/// Compares keys and defaults of the reference with those of the documentation, in order.
#[test]
fn the_documentation_has_exactly_the_keys_of_the_reference() {
    let mut section = "";
    let mut in_reference = vec![];
    for line in DEFAULT_TOML.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, default)) = line.split_once(" = ") {
            in_reference.push((format!("{section}.{key}"), default.to_owned()));
        }
    }
    let documentation = include_str!("../../../../docs/settings.md");
    let mut in_documentation = vec![];
    for row in documentation.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let (key, variable) = cells[0].trim_start_matches("| ").split_once("<br>").unwrap();
        let key = key.trim_matches('`').to_owned();
        assert_eq!(cells.len(), 5, "{key}: default, unit, what, when");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{key} is fully described");
        let expected = format!("`{ENV_PREFIX}{}`", key.to_uppercase().replace('.', "__"));
        assert_eq!(variable, expected);
        assert!(
            Layers::of_defaults(DEFAULT_TOML).set(&key, "1".to_owned(), variable.to_owned()).is_some(),
            "{variable} sets something"
        );
        in_documentation.push((key, cells[1].trim_matches('`').to_owned()));
    }
    assert_eq!(in_documentation, in_reference);
    assert!(documentation.contains(ENV_AUTH_SECRET));
}

#[test]
fn brokers_are_refused_by_a_program_without_a_client() {
    let mut kafka = load(&[(ENV_KAFKA_BROKERS, "127.0.0.1:9092")]).unwrap().kafka;
    assert!(matches!(kafka.check(true), Ok(())));
    let refused = kafka.check(false).unwrap_err().to_string();
    assert!(refused.starts_with("KAFKA_BROKERS is set, but this program was built without kafka"), "{refused}");
    kafka.stay_away();
    assert!(matches!(kafka.check(false), Ok(())));
}

#[test]
fn an_empty_variable_takes_back_an_earlier_one() {
    let config = load(&[("DATABASE_URL", "mysql://u:p@host/shop"), ("DATABASE_URL", "")]).unwrap();
    assert!(config.store.database().is_none());
}

#[test]
fn the_variables_of_opentelemetry_are_shown_with_their_effect_and_without_keys() {
    let set = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ann:hunter2@collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ];
    let config = load(&set).unwrap();
    let toml = config.to_toml();
    for line in [
        "# OTEL_EXPORTER_OTLP_ENDPOINT = \"http://***@collector:4318\"\n",
        "# OTEL_EXPORTER_OTLP_HEADERS = \"[redacted]\"\n",
        "# OTEL_TRACES_SAMPLER_ARG = \"0.25\"\n",
        "# So spans of 0.25 of all requests (1: of each) are sent to \"http://***@collector:4318/v1/traces\".\n",
    ] {
        assert!(toml.contains(line), "{line}{toml}");
    }
    let json = config.to_json();
    assert_eq!(json["traces"]["environment"]["OTEL_EXPORTER_OTLP_HEADERS"], "[redacted]");
    assert_eq!(json["traces"]["in_force"]["share"], 0.25);
    assert!(!format!("{toml}{json}").contains("hunter2"));
    assert!(load(&[("OTEL_SDK_DISABLED", "true")]).unwrap().to_toml().contains("# So no spans are sent.\n"));
}
