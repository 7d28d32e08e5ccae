//! The accept loops: several threads, each with an event loop of its own, on one listening socket.

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

use crate::config;
use crate::runtime::shutdown::Stop;
use crate::security::rate_limits::Network;

mod connection;
mod malformed;
mod phase;
mod places;

use connection::Host;
use places::{Place, Places, RESERVE};

/// Connections that the kernel keeps for us while all threads are busy.
const BACKLOG: i32 = 4096;
/// What the kernel holds for a client that does not read; it takes twice the number. Without it, it may be megabytes.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// A thread gives a new connection away only to one that has clearly fewer.
const IMBALANCE_MAX: usize = 2;
/// The largest head of a request; a larger one answers 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// When no file descriptor is free, there may be one soon.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// What a connection may cost before it is closed.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub threads: usize,
    pub connections_max: usize,
    /// Of one IPv4 address, or one IPv6 network of 64 bits.
    pub connections_per_address_max: usize,
    /// From the first byte of a request's head to its last.
    pub header_timeout: Duration,
    /// For the rest of a body that nobody reads.
    pub body_timeout: Duration,
    pub idle_timeout: Duration,
    /// For the client to take something of an answer.
    pub write_timeout: Duration,
    pub shutdown_grace: Duration,
}

impl From<&config::Server> for ConnectionLimits {
    fn from(server: &config::Server) -> ConnectionLimits {
        ConnectionLimits {
            threads: server.http_threads,
            connections_max: server.connections_max,
            connections_per_address_max: server.connections_per_address_max(),
            header_timeout: server.header_timeout(),
            body_timeout: server.body_timeout(),
            idle_timeout: server.idle_timeout(),
            write_timeout: server.write_timeout(),
            shutdown_grace: server.shutdown_grace(),
        }
    }
}

/// Listens at `address`, also right after another process has stopped listening there.
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
    // Elsewhere this option would let a second process take the port from the first.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(UNSENT_BYTES_MAX)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The running threads.
#[derive(Debug)]
pub struct Serving {
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Waits until all threads have stopped, which they do after the order to stop.
    pub fn join(self) -> io::Result<()> {
        for thread in self.threads {
            thread.join().map_err(|_panic| io::Error::other("a serving thread panicked"))?;
        }
        Ok(())
    }
}

/// Starts to answer what arrives at `listener`, until `stop`.
pub fn start(listener: &TcpListener, router: &Router, limits: ConnectionLimits, stop: &Stop) -> io::Result<Serving> {
    let open_max = limits.connections_max.saturating_add(RESERVE).min(Semaphore::MAX_PERMITS);
    let (seats, places) = (Arc::new(Semaphore::new(open_max)), Places::new(limits));
    let (desks, inboxes): (Vec<_>, Vec<_>) = (0..limits.threads).map(|_| ServingThread::new()).unzip();
    let desks: Arc<[ServingThread]> = desks.into();
    let mut threads = Vec::with_capacity(limits.threads);
    for (number, inbox) in inboxes.into_iter().enumerate() {
        let thread = Thread {
            number,
            desks: desks.clone(),
            seats: seats.clone(),
            places: places.clone(),
            host: Host::new(router.clone(), limits, stop.clone()),
            grace: limits.shutdown_grace,
        };
        let listener = listener.try_clone()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            if let Err(error) = runtime.block_on(thread.run(listener, inbox)) {
                tracing::error!("Thread {number} cannot serve: {error}");
            }
            // A password that is still being hashed is not waited for.
            runtime.shutdown_background();
        };
        threads.push(std::thread::Builder::new().name(format!("http-{number}")).spawn(run)?);
    }
    Ok(Serving { threads })
}

/// Where a thread's connections are counted and handed to it.
struct ServingThread {
    open: Arc<AtomicUsize>,
    inbox: mpsc::UnboundedSender<Arrival>,
}

/// A connection on its way to the thread that will serve it.
struct Arrival {
    stream: std::net::TcpStream,
    connection: OpenConnection,
}

/// One of the connections that may be open, given back when it closes.
struct OpenConnection {
    _permit: OwnedSemaphorePermit,
    place: Place,
    open: Arc<AtomicUsize>,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Keeps a connection counted, and its thread from stopping, also after it has left HTTP for another protocol.
#[derive(Clone)]
pub struct Held {
    until_dropped: Arc<(OpenConnection, mpsc::Sender<()>)>,
}

impl Held {
    fn place(&self) -> &Place {
        &self.until_dropped.0.place
    }
}

impl ServingThread {
    fn new() -> (ServingThread, mpsc::UnboundedReceiver<Arrival>) {
        let (inbox, arrivals) = mpsc::unbounded_channel();
        (ServingThread { open: Arc::default(), inbox }, arrivals)
    }

    fn connection(&self, (permit, place): (OwnedSemaphorePermit, Place)) -> OpenConnection {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection { _permit: permit, place, open: self.open.clone() }
    }

    fn load(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Thread {
    number: usize,
    desks: Arc<[ServingThread]>,
    seats: Arc<Semaphore>,
    places: Arc<Places>,
    host: Host,
    grace: Duration,
}

impl Thread {
    async fn run(self, listener: TcpListener, arrivals: mpsc::UnboundedReceiver<Arrival>) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (in_hand, mut all_closed) = mpsc::channel::<()>(1);
        self.accept_until_stopped(listener, arrivals, in_hand).await;
        // Every connection holds a sender; the channel ends with the last of them.
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
                (stream, connection) = self.accept(&listener) => match self.connection(stream, connection) {
                    Some(mine) => mine,
                    None => continue,
                },
            };
            let (host, in_hand) = (self.host.clone(), in_hand.clone());
            let held = Held { until_dropped: Arc::new((connection, in_hand)) };
            tokio::spawn(host.serve(stream, held));
        }
    }

    /// The next connection, as soon as there is a place for it.
    async fn accept(&self, listener: &tokio::net::TcpListener) -> (TcpStream, (OwnedSemaphorePermit, Place)) {
        let permit = self.seats.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, (permit, self.places.take(Network::of(peer.ip())))),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!("No connection can be accepted: {error}");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    /// Keeps a connection, or hands it to a thread that has clearly fewer: a burst of connections
    /// that one thread happens to accept would otherwise stay with it while the others idle.
    fn connection(
        &self,
        stream: TcpStream,
        given: (OwnedSemaphorePermit, Place),
    ) -> Option<(TcpStream, OpenConnection)> {
        let mine = &self.desks[self.number];
        let freest = self.desks.iter().min_by_key(|desk| desk.load()).unwrap_or(mine);
        if mine.load() < freest.load() + IMBALANCE_MAX {
            return Some((stream, mine.connection(given)));
        }
        let stream = stream.into_std().ok()?;
        // Refused when that thread has stopped, and so will this one.
        let _stopped = freest.inbox.send(Arrival { stream, connection: freest.connection(given) });
        None
    }
}

/// The client has gone before its connection was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind())
}
