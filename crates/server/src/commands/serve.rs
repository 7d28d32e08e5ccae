//! `doorbuster serve`: everything in one process, until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use app::answer::Answer;
use app::command::{Command, RegisterUser};
use app::rows::Role;

use super::CommandError;
use crate::api::users::email_key;
use crate::api::{self, Shop, Surface};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::http::connections::{self, ConnectionLimits, Serving};
use crate::passwords;
use crate::secret::Secret;
use crate::shutdown::Stop;
use crate::wiring::{self, Running};

/// How often answers that need not be kept any longer are forgotten, and how many at once.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FORGET_MAX: usize = 2_000;

/// Serves the shop of the data folder until `stop`.
pub fn run(config: &Config, stop: &Stop) -> Result<(), CommandError> {
    let data_dir = DataDir::open(&config.server.data_dir)?;
    let secret = Secret::load(config.auth.secret(), data_dir.path())?;
    // The port is taken before the store is opened: a shop that cannot be reached is not opened at all.
    let listener = connections::bind(&config.server.listen).map_err(|cause| bound(&config.server.listen, cause))?;
    let Running { shop, engine } = wiring::open(config, &secret, data_dir.path())?;
    make_admin(config, &shop)?;

    let limits = ConnectionLimits::from(&config.server);
    let mut serving: Vec<Serving> = vec![];
    let surface = match config.admin.own_listen() {
        None => Surface::Everything,
        Some(address) => {
            let listener = connections::bind(address).map_err(|cause| bound(address, cause))?;
            let router = api::router(&shop, Surface::AdminOnly);
            serving.push(connections::start(&listener, &router, limits, stop)?);
            tracing::info!("Admin endpoints on http://{address}");
            Surface::CustomersOnly
        }
    };
    serving.push(connections::start(&listener, &api::router(&shop, surface), limits, stop)?);
    tracing::info!("The shop is open on http://{}", config.server.listen);
    let housekeeping = Housekeeping::start(shop.clone(), config.idempotency.keep())?;

    stop.wait();
    shop.stopping.store(true, Ordering::Relaxed);
    for threads in serving {
        threads.join()?;
    }
    housekeeping.stop();
    engine.stop()?;
    tracing::info!("The shop is closed.");
    Ok(())
}

fn bound(address: &str, cause: std::io::Error) -> CommandError {
    CommandError::Listen { address: address.to_owned(), cause }
}

/// The first admin is made on an empty store; his password is given by the operator or printed once.
fn make_admin(config: &Config, shop: &Shop) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let key = email_key(&config.admin.email);
        let known = shop.front.views.login(key).await.map_err(|error| CommandError::Admin(error.to_string()))?;
        if known.is_some() {
            return Ok(());
        }
        let password = config.admin.password().map_or_else(made_password, |given| Ok(given.to_owned()))?;
        let hash = passwords::hash(&password).map_err(|problem| CommandError::Admin(problem.detail().to_owned()))?;
        let admin = RegisterUser {
            email: Arc::from(config.admin.email.as_str()),
            email_key: key,
            name: Arc::from("Admin"),
            password_hash: Arc::from(hash),
            role: Role::Admin,
            candidate: None,
        };
        let settled = shop.front.submit(Command::RegisterUser(Box::new(admin)), None).await;
        match settled.result {
            Ok(Answer::UserRegistered { .. }) if config.admin.password().is_none() => {
                // Straight to the terminal: a log is kept, a password must not be.
                eprintln!("Admin: {}  password: {password}  (shown only this once)", config.admin.email);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(refusal) => Err(CommandError::Admin(format!("{refusal:?}"))),
        }
    })
}

fn made_password() -> Result<String, CommandError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|error| CommandError::Admin(error.to_string()))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// Work that is done now and then, beside everything else.
struct Housekeeping {
    stop: std_mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Housekeeping {
    fn start(shop: Shop, keep: Duration) -> std::io::Result<Housekeeping> {
        let (stop, stopped) = std_mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let run = move || {
            while stopped.recv_timeout(FORGET_EVERY) == Err(std_mpsc::RecvTimeoutError::Timeout) {
                runtime.block_on(forget_once(&shop, keep));
            }
        };
        let thread = std::thread::Builder::new().name("housekeeping".to_owned()).spawn(run)?;
        Ok(Housekeeping { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // It only ever ends by itself; a panic in it was already reported.
        let _ = self.thread.join();
    }
}

/// Forgets a bounded number of idempotency answers that are older than the promise to keep them.
async fn forget_once(shop: &Shop, keep: Duration) {
    let now = shop.front.clock.now();
    let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
    let before = domain::time::Timestamp::from_micros(now.micros().saturating_sub(keep));
    match shop.front.views.answers_before(before, FORGET_MAX).await {
        Ok(keys) if keys.is_empty() => {}
        Ok(keys) => {
            shop.front.submit(Command::ForgetAnswers { keys, before }, None).await;
        }
        Err(error) => tracing::warn!("Old idempotency answers could not be read: {error}"),
    }
}
