//! Client of a shop's admin endpoints: calls the running server, or opens the shop itself if no server runs, so that
//! only the engine ever writes.

pub(crate) mod ids;
mod profile;
pub(crate) mod shown;

use std::process::ExitCode;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use self::profile::Profile;
use super::running;
use crate::api::{self, Shop, Surface};
use crate::cli::ShopArgs;
use crate::commands::output::refusal::Refusal;
use crate::commands::{Error, print, settings};
use crate::config::{Config, Roles};
use crate::security::auth::{Principal, Role, Tokens};
use crate::security::secret::Secret;
use crate::system::data_dir::{self, DataDir};
use crate::system::shown_url;
use crate::wiring::shop_client::{Call, ShopClient};
use crate::wiring::{self, ReadOnlyShop, Running};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN_TTL: Duration = Duration::from_secs(300);
/// The admin that the token names.
const OPERATOR: i64 = 1;

pub(in crate::commands) struct AdminClient {
    token: String,
    way: Way,
}

enum Way {
    /// A running server, by its address such as `http://127.0.0.1:8080`.
    Server {
        url: String,
        client: ShopClient,
        runtime: Runtime,
    },
    Shop(Box<OwnShop>),
    /// A shop that no server serves, opened for reading only.
    Read(Box<ReadOnlyShop>),
}

/// A shop that no server serves, opened for one command.
struct OwnShop {
    running: Running,
    runtime: Runtime,
    _data_dir: DataDir,
}

impl AdminClient {
    pub(in crate::commands) fn open(args: &ShopArgs) -> Result<AdminClient, Error> {
        AdminClient::open_as(args, None, PATIENCE)
    }

    /// Reaches a shop that is being served; opens none.
    pub(in crate::commands) fn of_running(args: &ShopArgs) -> Result<AdminClient, Error> {
        let config = settings(&args.settings)?;
        match chosen(args)? {
            Some(place) => AdminClient::at(&config, place, PATIENCE),
            None => AdminClient::of_folder(&config, PATIENCE),
        }
    }

    /// Reaches the server that serves the data folder. A call ends within `patience`.
    pub(super) fn of_folder(config: &Config, patience: Duration) -> Result<AdminClient, Error> {
        let folder = &config.server.data_dir;
        let token = signed(&Secret::find(config.auth.secret(), folder)?);
        AdminClient::of_server(token, format!("http://{}", running::address(folder)?), patience)
    }

    fn at(config: &Config, place: Profile, patience: Duration) -> Result<AdminClient, Error> {
        let token = match place.token {
            Some(token) => sendable(&token)?,
            None => signed(&Secret::find(config.auth.secret(), &config.server.data_dir)?),
        };
        AdminClient::of_server(token, checked(&place.url)?.to_owned(), patience)
    }

    /// Like [`AdminClient::open`] for requests that only read: a shop that no server serves is not changed, so it may be a replica or
    /// lie in a read-only folder.
    pub(in crate::commands) fn open_to_read(args: &ShopArgs) -> Result<AdminClient, Error> {
        let config = settings(&args.settings)?;
        if let Some(place) = chosen(args)? {
            return AdminClient::at(&config, place, PATIENCE);
        }
        wiring::check_exists(&config)?;
        if data_dir::is_served(&config.server.data_dir)? {
            return AdminClient::of_folder(&config, PATIENCE);
        }
        let secret = Secret::of_this_process()?;
        let read = wiring::shop_to_read(&config, &secret)?;
        Ok(AdminClient { token: signed(&secret), way: Way::Read(Box::new(read)) })
    }

    /// Like [`AdminClient::open`], but a shop that is opened for the command neither reads the log nor publishes.
    pub(in crate::commands) fn open_without_consumers(args: &ShopArgs) -> Result<AdminClient, Error> {
        AdminClient::open_patiently(args, PATIENCE)
    }

    /// Like [`AdminClient::open_without_consumers`], for a request that may take long.
    pub(super) fn open_patiently(args: &ShopArgs, patience: Duration) -> Result<AdminClient, Error> {
        AdminClient::open_as(args, Some(Roles { api: true, worker: false, relay: false, webhook: false }), patience)
    }

    fn open_as(args: &ShopArgs, own_roles: Option<Roles>, patience: Duration) -> Result<AdminClient, Error> {
        let mut config = settings(&args.settings)?;
        config.server.roles = own_roles.unwrap_or(config.server.roles);
        if let Some(place) = chosen(args)? {
            return AdminClient::at(&config, place, patience);
        }
        // A command about a shop creates none.
        wiring::check_exists(&config)?;
        match DataDir::open(&config.server.data_dir) {
            Ok(data_dir) => AdminClient::of_own_shop(&config, data_dir),
            Err(data_dir::Error::Served(_)) => AdminClient::of_folder(&config, patience),
            Err(error) => Err(error.into()),
        }
    }

    fn of_server(token: String, url: String, patience: Duration) -> Result<AdminClient, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let client = ShopClient::new(patience)?;
        Ok(AdminClient { token, way: Way::Server { url, client, runtime } })
    }

    fn of_own_shop(config: &Config, data_dir: DataDir) -> Result<AdminClient, Error> {
        let secret = Secret::of_this_process()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let running = wiring::open(&wiring::as_last_served(config)?, &secret, data_dir.path())?;
        let own = OwnShop { running, runtime, _data_dir: data_dir };
        Ok(AdminClient { token: signed(&secret), way: Way::Shop(Box::new(own)) })
    }

    /// Sends one request, and stops what was opened for it.
    pub(in crate::commands) fn ask(self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let answer = self.answer(method, path, body);
        self.close()?;
        answer
    }

    /// Sends one request per page until the last, and stops what was opened for it. Returns the rows in `field`.
    pub(in crate::commands) fn pages(self, path: &str, field: &str) -> Result<Vec<Value>, Error> {
        let (mut rows, mut cursor) = (vec![], String::new());
        let all = loop {
            match self.answer("GET", &format!("{path}{cursor}"), None) {
                Err(error) => break Err(error),
                Ok(mut page) => {
                    if let Some(Value::Array(found)) = page.get_mut(field).map(Value::take) {
                        rows.extend(found);
                    }
                    match page["nextCursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break Ok(rows),
                    }
                }
            }
        };
        self.close()?;
        all
    }

    /// Returns the document of a successful answer. A refusal becomes an error with the shop's text.
    pub(in crate::commands) fn answer(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        self.answer_to(Some(&self.token), method, path, body)
    }

    /// Like [`AdminClient::answer`], with the token of somebody else, or without one.
    pub(in crate::commands) fn answer_to(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let (status, document) = match &self.way {
            Way::Server { url, client, runtime } => {
                let call = Call { method, url: format!("{url}{path}"), token, body };
                let answered = runtime.block_on(client.call(call));
                let (status, bytes) = answered.map_err(|cause| Error::Unreachable { address: url.clone(), cause })?;
                (status, document(&bytes)?)
            }
            Way::Shop(own) => {
                own.runtime.block_on(ask_shop(&own.running.shop, &Asked { token, method, path, body }))?
            }
            Way::Read(read) => read.runtime.block_on(ask_shop(&read.shop, &Asked { token, method, path, body }))?,
        };
        if (200..300).contains(&status) {
            return Ok(document);
        }
        Err(Error::Refused(Refusal { status, document }))
    }

    fn close(self) -> Result<(), Error> {
        match self.way {
            Way::Server { .. } | Way::Read(_) => Ok(()),
            Way::Shop(own) => Ok(own.running.engine.stop()?),
        }
    }
}

/// A request.
struct Asked<'a> {
    token: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    body: Option<&'a Value>,
}

async fn ask_shop(shop: &Shop, asked: &Asked<'_>) -> Result<(u16, Value), Error> {
    let body = asked.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut request = Request::builder().method(asked.method).uri(asked.path).header(CONTENT_TYPE, "application/json");
    if let Some(token) = asked.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(body).map_err(|error| Error::Running(error.to_string()))?;
    let Ok(response) = api::router(shop, Surface::AdminOnly).oneshot(request).await;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| Error::Running(error.to_string()))?.to_bytes();
    Ok((head.status.as_u16(), document(&bytes)?))
}

/// Sends a request to a shop and prints the answer, as JSON or formatted by `show`.
pub(in crate::commands) fn ask(
    shop: &ShopArgs,
    method: &str,
    path: &str,
    body: Option<&Value>,
    show: impl FnOnce(&Value) -> String,
) -> Result<ExitCode, Error> {
    let client = if method == "GET" { AdminClient::open_to_read(shop)? } else { AdminClient::open(shop)? };
    let answer = client.ask(method, path, body)?;
    print(&if shop.json { answer.to_string() } else { show(&answer) })
}

/// Returns a value of an answer as text, without JSON's quotes.
pub(in crate::commands) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn document(bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::Running("its answer is not JSON".to_owned()))
}

fn signed(secret: &Secret) -> String {
    let operator = Principal { user_id: OPERATOR, role: Role::Admin };
    Tokens::new(secret.as_bytes()).mint(operator, TOKEN_TTL)
}

/// Returns the address and the token that the options, the environment or a profile name; `None` for a data folder.
fn chosen(args: &ShopArgs) -> Result<Option<Profile>, Error> {
    if let Some(name) = &args.profile {
        let profile = profile::find(name)?;
        return Ok(Some(Profile { token: args.token.clone().or(profile.token), ..profile }));
    }
    Ok(args.url.clone().map(|url| Profile { url, token: args.token.clone() }))
}

/// Returns a token as it is sent: without the end of a line, which files and variables often have.
fn sendable(token: &str) -> Result<String, Error> {
    let token = token.trim();
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token.to_owned());
    }
    Err(Error::Usage(
        "the token of --token, DOORBUSTER_TOKEN or the profile is empty, or has a character that no token has"
            .to_owned(),
    ))
}

/// Returns an address without a slash at its end.
fn checked(url: &str) -> Result<&str, Error> {
    let host =
        url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).map(|rest| rest.trim_end_matches('/'));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '@', '?', '#']) => Ok(url.trim_end_matches('/')),
        Some(_) | None => {
            Err(Error::Usage(format!("--url {} is not an address such as http://127.0.0.1:8080", shown_url::of(url))))
        }
    }
}
