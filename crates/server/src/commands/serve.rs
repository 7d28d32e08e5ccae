//! `doorbuster serve`

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::{Error, settings};
use crate::cli::ServeArgs;
use crate::data_dir::DataDir;
use crate::http::connections::{self, ConnectionLimits};
use crate::metrics::Metrics;
use crate::secret::Secret;
use crate::shutdown::Signals;
use crate::{http, logging, shutdown};

pub(super) fn run(args: &ServeArgs) -> Result<ExitCode, Error> {
    let mut config = settings(&args.settings)?;
    if let Some(listen) = &args.listen {
        config.server.listen.clone_from(listen);
    }
    logging::start(&config.log)?;
    let data_dir = DataDir::open(&config.server.data_dir)?;
    let _secret = Secret::load(config.auth.secret(), data_dir.path())?;

    let address = &config.server.listen;
    let listen = |cause| Error::Listen {
        address: address.clone(),
        cause,
    };
    let listener = connections::bind(address).map_err(listen)?;
    let local = listener.local_addr()?;
    let metrics = Arc::new(Metrics::new());
    let router = http::enclose(routes(metrics.clone()), metrics);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let (stopper, stop) = shutdown::channel();
    let limits = ConnectionLimits::from(&config.server);
    let serving = connections::start(&listener, &router, limits, &stop)?;
    drop(listener);
    tracing::info!("Doorbuster listens on http://{local}");

    runtime.block_on(signals.received())?;
    tracing::info!("Stopping: requests in hand are finished");
    stopper.stop();
    serving.join()?;
    tracing::info!("Stopped");
    Ok(ExitCode::SUCCESS)
}

fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/metrics", get(async move || metrics.exposition()))
}
