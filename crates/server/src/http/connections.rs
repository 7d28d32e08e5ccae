//! The accept loops: several threads, each with its own event loop, on one listening socket.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::runtime::shutdown::Stop;
use crate::security::rate_limits::Network;

pub mod bare;
mod closing;
mod connection;
mod encryption;
mod held;
mod level;
mod limits;
mod malformed;
mod multiplexed;
mod phase;
mod preface;
mod proxies;
mod refusals;
mod slots;

use connection::Host;
pub use encryption::{Certificate, Encrypted, Http2};
pub use held::Held;
use held::OpenConnection;
pub use limits::ConnectionLimits;
pub use proxies::{ForwardedHeader, Peer, Proxies};
use slots::{RESERVE, Slot, Slots};

/// Connections that the kernel queues while all threads are busy.
const BACKLOG: i32 = 4096;
/// The socket's send buffer: what the kernel holds for a client that does not read. The kernel doubles the number; its default
/// may grow to megabytes.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// A thread passes a new connection on only to a thread that has at least this many connections fewer.
const IMBALANCE_MAX: usize = 2;
/// The pause after a failed accept, such as for lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Binds a listener to `address`, also right after another process has stopped listening there.
///
/// # Errors
/// The error of the last address that the name resolves to, if none can be bound.
pub fn bind(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::InvalidInput, "the address names no host");
    for address in address.to_socket_addrs()? {
        match bind_one(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On other systems this option would let a second process take the port from the first.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(UNSENT_BYTES_MAX)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The side of a listener that clients see.
#[derive(Debug, Clone, Default)]
pub struct Front {
    pub proxies: Proxies,
    /// `None`: the listener speaks plain HTTP.
    pub certificate: Option<Arc<Certificate>>,
    pub http2: Http2,
}

/// The running serving threads.
#[derive(Debug)]
pub struct Serving {
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Waits until all threads have stopped after the stop signal.
    ///
    /// # Errors
    /// If a thread panicked.
    pub fn join(self) -> io::Result<()> {
        for thread in self.threads {
            thread.join().map_err(|_panic| io::Error::other("a serving thread panicked"))?;
        }
        Ok(())
    }
}

/// Starts to serve `router` at `listener`, until `stop`.
///
/// # Errors
/// If a thread or its runtime cannot be started.
pub fn start(
    listener: &TcpListener,
    router: &Router,
    front: &Front,
    limits: ConnectionLimits,
    stop: &Stop,
) -> io::Result<Serving> {
    let acceptor = front
        .certificate
        .as_ref()
        .map(|certificate| certificate.acceptor(front.http2.over_tls))
        .transpose()
        .map_err(io::Error::other)?;
    let open_max = limits.connections_max.saturating_add(RESERVE).min(Semaphore::MAX_PERMITS);
    let (permits, slots) = (Arc::new(Semaphore::new(open_max)), Slots::new(limits));
    let (all, inboxes): (Vec<_>, Vec<_>) = (0..limits.threads).map(|_| ServingThread::new()).unzip();
    let all: Arc<[ServingThread]> = all.into();
    let mut threads = Vec::with_capacity(limits.threads);
    for (number, inbox) in inboxes.into_iter().enumerate() {
        let thread = Thread {
            number,
            threads: all.clone(),
            permits: permits.clone(),
            slots: slots.clone(),
            host: Host::new(router.clone(), limits, stop.clone())
                .behind(front.proxies.clone(), acceptor.clone())
                .with_h2c(front.http2.in_the_clear),
            proxies: front.proxies.clone(),
            grace: limits.shutdown_grace,
        };
        let listener = listener.try_clone()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            if let Err(error) = runtime.block_on(thread.run(listener, inbox)) {
                tracing::error!("Thread {number} cannot serve: {error}");
            }
            // Does not wait for a password that is still being hashed.
            runtime.shutdown_background();
        };
        threads.push(std::thread::Builder::new().name(format!("http-{number}")).spawn(run)?);
    }
    Ok(Serving { threads })
}

/// One thread as the others see it: its number of connections, and its inbox.
struct ServingThread {
    open: Arc<AtomicUsize>,
    inbox: mpsc::UnboundedSender<Arrival>,
}

/// A connection that is passed on to the thread that will serve it.
struct Arrival {
    stream: std::net::TcpStream,
    connection: OpenConnection,
}

impl ServingThread {
    fn new() -> (ServingThread, mpsc::UnboundedReceiver<Arrival>) {
        let (inbox, arrivals) = mpsc::unbounded_channel();
        (ServingThread { open: Arc::default(), inbox }, arrivals)
    }

    fn connection(&self, permit: OwnedSemaphorePermit, slot: Slot) -> OpenConnection {
        OpenConnection::new(permit, slot, &self.open)
    }

    fn load(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

struct Thread {
    number: usize,
    threads: Arc<[ServingThread]>,
    permits: Arc<Semaphore>,
    slots: Arc<Slots>,
    host: Host,
    proxies: Proxies,
    grace: Duration,
}

impl Thread {
    async fn run(self, listener: TcpListener, arrivals: mpsc::UnboundedReceiver<Arrival>) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (in_hand, mut all_closed) = mpsc::channel::<()>(1);
        self.accept_until_stopped(listener, arrivals, in_hand).await;
        // Every connection holds a sender; the channel closes with the last one.
        let _elapsed = tokio::time::timeout(self.grace, all_closed.recv()).await;
        Ok(())
    }

    async fn accept_until_stopped(
        &self,
        listener: tokio::net::TcpListener,
        mut arrivals: mpsc::UnboundedReceiver<Arrival>,
        in_hand: mpsc::Sender<()>,
    ) {
        let mut stop = self.host.stop();
        loop {
            let (stream, connection) = tokio::select! {
                () = stop.requested() => return,
                Some(Arrival { stream, connection }) = arrivals.recv() => match TcpStream::from_std(stream) {
                    Ok(stream) => (stream, connection),
                    Err(_closed) => continue,
                },
                (stream, permit, slot) = self.accept(&listener) => match self.connection(stream, permit, slot) {
                    Some(mine) => mine,
                    None => continue,
                },
            };
            let (host, in_hand) = (self.host.clone(), in_hand.clone());
            let held = Held::new(connection, in_hand);
            tokio::spawn(host.serve(stream, held));
        }
    }

    /// Accepts the next connection, as soon as a permit is free.
    async fn accept(&self, listener: &tokio::net::TcpListener) -> (TcpStream, OwnedSemaphorePermit, Slot) {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, permit, self.slot(peer.ip())),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!("No connection can be accepted: {error}");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    /// A proxy's connections are those of many clients.
    fn slot(&self, peer: IpAddr) -> Slot {
        let network = Network::of(peer);
        if self.proxies.trust(peer) { self.slots.take_of_proxy(network) } else { self.slots.take(network) }
    }

    /// Keeps a connection, or passes it on to a thread that has clearly fewer: otherwise a burst of connections that one thread
    /// happens to accept would stay with it while the others idle.
    fn connection(
        &self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        slot: Slot,
    ) -> Option<(TcpStream, OpenConnection)> {
        let mine = &self.threads[self.number];
        let freest = self.threads.iter().min_by_key(|thread| thread.load()).unwrap_or(mine);
        if mine.load() < freest.load() + IMBALANCE_MAX {
            return Some((stream, mine.connection(permit, slot)));
        }
        let stream = stream.into_std().ok()?;
        // Fails only if that thread has stopped, and then this one is stopping too.
        let _stopped = freest.inbox.send(Arrival { stream, connection: freest.connection(permit, slot) });
        None
    }
}

/// Returns `true` if the client disconnected before its connection was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind())
}
