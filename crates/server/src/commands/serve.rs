//! `doorbuster serve`: runs the shop in one process until it is stopped.

mod encryption;
mod retention;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use app::commands::answer::Refusal;
use app::commands::{Command, RegisterUser};
use app::state::rows::Role;

use self::encryption::Hangups;
use self::retention::Retention;
use super::admin::running;
use super::{Error, settings};
use crate::api::response::refusals::problem;
use crate::api::users::email_key;
use crate::api::{self, Shop, Surface};
use crate::cli::ServeArgs;
use crate::commands::demo_shop::{self, Catalogue, Regulars, ShopClient, Sown};
use crate::config::{AfterFailure, Config};
use crate::http::connections::{self, Certificate, ConnectionLimits, Front, Serving};
use crate::http::language::Language;
use crate::runtime::canary::Canary;
use crate::runtime::health::AtWork;
use crate::runtime::shutdown::{self, Signals, Stop, Stopper};
use crate::security::secret::Secret;
use crate::security::{passwords, weakness};
use crate::system::data_dir::DataDir;
use crate::system::{logging, open_files};
use crate::wiring::{self, EngineThread, Running};

/// Time for a failed process to close, in addition to the shutdown grace of requests.
const CLOSING_PATIENCE: Duration = Duration::from_secs(10);
/// Interval of deleting rows that are kept for a time only.
const FORGET_EVERY: Duration = Duration::from_secs(60);

pub(super) fn run(args: &ServeArgs) -> Result<ExitCode, Error> {
    let mut config = settings(&args.settings)?;
    if let Some(listen) = &args.listen {
        config.server.listen.clone_from(listen);
    }
    if let Some(roles) = args.roles {
        config.server.roles = roles;
    }
    config.check_command_line()?;
    config.store.accept_loss = args.accept_loss;
    logging::start(&config.log)?;
    if args.while_stdin_is_open {
        end_with_stdin()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let mut hangups = runtime.block_on(async { Hangups::listen() })?;
    let open = OpenShop::open(&config, args.bench, |shop| {
        make_admin(&config, shop)?;
        args.demo.map_or(Ok(()), |seed| runtime.block_on(fill(shop, seed)))
    })?;
    if args.bench {
        let bare = connections::bare::start(ConnectionLimits::from(&config.server).threads)?;
        tracing::info!("Without the shop, requests are answered at http://{bare}");
    }
    // Printed only now, because scripts that wait for this line expect the port to be open.
    let scheme = if open.certificate.is_some() { "https" } else { "http" };
    tracing::info!("The shop is open on {scheme}://{}", open.address);

    let crowd = args.demo_crowd.then(|| Regulars::start(&open.shop)).transpose()?;
    let ended = runtime.block_on(open.is_over(&mut signals, &mut hangups, config.engine.after_failure));
    crowd.into_iter().for_each(Regulars::stop);
    let Some(failure) = ended? else {
        open.close()?;
        return Ok(ExitCode::SUCCESS);
    };
    tracing::error!("{failure} The process ends, so that its supervisor restarts it.");
    end_soon(&config);
    if let Err(error) = open.close() {
        tracing::error!("The shop could not be closed cleanly: {error}");
    }
    Ok(ExitCode::FAILURE)
}

/// Ends this process at once when standard input ends. A killed parent closes it, too.
fn end_with_stdin() -> std::io::Result<()> {
    let end = || {
        let _ended = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(1)
    };
    std::thread::Builder::new().name("parent".to_owned()).spawn(end).map(drop)
}

/// Ends a failed process even if closing never finishes.
fn end_soon(config: &Config) {
    let patience = config.server.shutdown_grace() + CLOSING_PATIENCE;
    let end = move || {
        std::thread::sleep(patience);
        tracing::error!("The shop could not be closed in time.");
        std::process::exit(1)
    };
    // Without the thread, closing takes as long as it takes.
    let _ = std::thread::Builder::new().name("end".to_owned()).spawn(end);
}

/// Fills the shop with demo contents; existing contents stay.
async fn fill(shop: &Shop, seed: u64) -> Result<(), Error> {
    let sown = demo_shop::sow(shop, &ShopClient::of(shop), Catalogue::of(seed)).await?;
    let who = sown.catalogue.customers.first().map_or("", |customer| customer.email.as_str());
    let Sown { changes, .. } = &sown;
    tracing::info!(
        "The shop was filled from seed {seed} with {changes} changes; log in as {who}: {}",
        demo_shop::PASSWORD
    );
    Ok(())
}

/// A shop that is open for requests.
pub(super) struct OpenShop {
    pub(super) shop: Shop,
    pub(super) address: SocketAddr,
    engine: EngineThread,
    serving: Vec<Serving>,
    housekeeping: Housekeeping,
    stopper: Stopper,
    certificate: Option<Arc<Certificate>>,
    /// Dropped last: the folder is unlocked when nothing uses it any more.
    _data_dir: DataDir,
}

impl OpenShop {
    /// Opens a shop; `before` runs before any request can arrive.
    pub(super) fn open(
        config: &Config,
        is_bench: bool,
        before: impl FnOnce(&Shop) -> Result<(), Error>,
    ) -> Result<OpenShop, Error> {
        open_files::raise_limit(config.server.connections_max);
        let data_dir = DataDir::open(&config.server.data_dir)?;
        let secret = Secret::load(config.auth.secret(), data_dir.path())?;
        // The ports are bound before the store is opened, because a shop that cannot be reached should not open.
        let listener = listen(&config.server.listen)?;
        let admin_listener = config.admin.own_listen().map(listen).transpose()?;
        let certificate = encryption::certificate(&config.server)?;
        refuse_weak(config, &secret, [Some(&listener), admin_listener.as_ref()])?;
        let Running { shop, engine } = wiring::open(config, &secret, data_dir.path())?;
        before(&shop)?;
        let (stopper, stop) = shutdown::channel();
        let for_admins = admin_listener.as_ref().unwrap_or(&listener).local_addr()?;
        running::announce(data_dir.path(), &for_admins.to_string())?;
        let front =
            Front { proxies: config.server.proxies(), certificate: certificate.clone(), http2: config.server.http2() };
        let listeners = Listeners { customers: &listener, admin: admin_listener.as_ref() };
        let serving = start_serving(config, &shop, listeners, &front, is_bench, &stop)?;
        let housekeeping = Housekeeping::start(shop.clone(), config)?;
        let address = listener.local_addr()?;
        Ok(OpenShop { shop, address, engine, serving, housekeeping, stopper, certificate, _data_dir: data_dir })
    }

    /// Waits until the shop is stopped or has failed; returns the failure.
    async fn is_over(
        &self,
        signals: &mut Signals,
        hangups: &mut Hangups,
        after_failure: AfterFailure,
    ) -> std::io::Result<Option<&'static str>> {
        let health = &self.shop.submitter.health;
        let failure = async {
            let failure = health.failure().await;
            if after_failure == AfterFailure::End {
                return failure;
            }
            tracing::error!("{failure} The process stays, and /livez answers 503 until it is restarted.");
            std::future::pending().await
        };
        tokio::select! {
            received = signals.received() => received.map(|()| None),
            failure = failure => Ok(Some(failure)),
            never = hangups.renew(self.certificate.as_deref()) => match never {},
        }
    }

    /// Finishes open requests and closes.
    pub(super) fn close(self) -> Result<(), Error> {
        tracing::info!("Stopping: open requests are finished.");
        self.shop.stopping.store(true, Ordering::Relaxed);
        self.stopper.stop();
        self.shop.submitter.subscriptions.close();
        for threads in self.serving {
            threads.join()?;
        }
        self.housekeeping.stop();
        self.engine.stop()?;
        tracing::info!("The shop is closed.");
        Ok(())
    }
}

/// Refuses weak secrets and passwords, unless only this machine can connect; then they cause a warning.
fn refuse_weak(config: &Config, secret: &Secret, listeners: [Option<&TcpListener>; 2]) -> Result<(), Error> {
    let of_password = config.admin.password().and_then(weakness::of_admin_password);
    let is_of_folder = config.auth.secret().is_none();
    let open = is_of_folder.then(|| Secret::open_to_others(&config.server.data_dir)).flatten();
    let weak = weakness::of_secret(secret.as_bytes()).into_iter().chain(open).chain(of_password);
    let mut is_open_to_others = false;
    for listener in listeners.into_iter().flatten() {
        is_open_to_others |= !listener.local_addr()?.ip().to_canonical().is_loopback();
    }
    for why in weak {
        if is_open_to_others {
            return Err(Error::Weak(why));
        }
        tracing::warn!("Allowed on the loopback address only: {why}");
    }
    Ok(())
}

fn listen(address: &str) -> Result<TcpListener, Error> {
    connections::bind(address).map_err(|cause| Error::Listen { address: address.to_owned(), cause })
}

struct Listeners<'a> {
    customers: &'a TcpListener,
    admin: Option<&'a TcpListener>,
}

/// Serves everything on one listener, or the admin endpoints on their own, which stay without TLS.
#[expect(clippy::too_many_arguments, reason = "called once, with names that say what they are")]
fn start_serving(
    config: &Config,
    shop: &Shop,
    listeners: Listeners<'_>,
    front: &Front,
    is_bench: bool,
    stop: &Stop,
) -> Result<Vec<Serving>, Error> {
    let limits = ConnectionLimits::from(&config.server);
    let Listeners { customers, admin } = listeners;
    let open = |listener: &TcpListener, surface, front: &Front| {
        connections::start(listener, &api::router(shop, surface), front, limits, stop).map_err(Error::from)
    };
    // Commands and probes of this machine speak HTTP/1.1 there, and come without a proxy.
    let proxies = front.proxies.clone().speaking_proxy_protocol(false);
    let plain = Front { proxies, ..Front::default() };
    match admin {
        None if !config.server.roles.api => Ok(vec![open(customers, Surface::HealthOnly, front)?]),
        Some(admin) if !config.server.roles.api => {
            Ok(vec![open(admin, Surface::HealthOnly, &plain)?, open(customers, Surface::ProbesOnly, front)?])
        }
        None if is_bench => Ok(vec![open(customers, Surface::EverythingAndEcho, front)?]),
        None => Ok(vec![open(customers, Surface::Everything, front)?]),
        Some(admin) => {
            Ok(vec![open(admin, Surface::AdminOnly, &plain)?, open(customers, Surface::CustomersOnly, front)?])
        }
    }
}

/// Creates the first admin of an empty store. The password is the operator's, or is generated and printed once.
pub(super) fn make_admin(config: &Config, shop: &Shop) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let key = email_key(&config.admin.email);
        let known = shop.submitter.views.login(key).await.map_err(|error| Error::Admin(error.to_string()))?;
        if known.is_some() {
            return Ok(());
        }
        let password = config.admin.password().map_or_else(passwords::made, |given| Ok(given.to_owned()));
        let password = password.map_err(|error| Error::Admin(error.to_string()))?;
        let hash = passwords::hash(&password)
            .map_err(|problem| Error::Admin(problem.detail(Language::English).into_owned()))?;
        let admin = RegisterUser {
            email: Arc::from(config.admin.email.as_str()),
            email_key: key,
            name: Arc::from("Admin"),
            password_hash: Arc::from(hash),
            role: Role::Admin,
            candidate: None,
        };
        let reply = shop.submitter.submit(Command::RegisterUser(Box::new(admin)), None).await;
        match reply.result {
            Ok(_) if config.admin.password().is_none() => {
                // Printed to the terminal only, because logs are stored and a password must not be.
                eprintln!("Admin: {}  password: {password}  (shown only this once)", config.admin.email);
                Ok(())
            }
            // Another process that opened the same empty store created the admin first.
            Ok(_) | Err(Refusal::EmailTaken) => Ok(()),
            Err(refusal) => Err(Error::Admin(problem(&refusal).detail(Language::English).into_owned())),
        }
    })
}

/// Work at intervals, beside serving.
struct Housekeeping {
    stop: std_mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Housekeeping {
    fn start(shop: Shop, config: &Config) -> std::io::Result<Housekeeping> {
        let mut retention = Retention::new(config.keep, config.idempotency.keep());
        let mut canary = Canary::new(config.orders.canary.clone());
        let (stop, stopped) = std_mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let at_work = AtWork::new(&shop.submitter.health, "The housekeeping thread has panicked.");
        let run = move || {
            let _at_work = at_work;
            while stopped.recv_timeout(FORGET_EVERY) == Err(std_mpsc::RecvTimeoutError::Timeout) {
                runtime.block_on(async {
                    retention.prune_once(&shop).await;
                    canary.compare_once(&shop).await;
                });
            }
        };
        let thread = std::thread::Builder::new().name("housekeeping".to_owned()).spawn(run)?;
        Ok(Housekeeping { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // The thread only ends when it is stopped; a panic in it was already reported.
        let _ = self.thread.join();
    }
}
