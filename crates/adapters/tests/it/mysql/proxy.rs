//! A proxy between a store and its server, which cuts the connection at the worst moment.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// When the connection is cut, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    Never,
    /// The server never receives COMMIT.
    BeforeCommit,
    /// The server commits, and its answer is lost.
    AfterCommit,
}

pub(super) struct Proxy {
    pub(super) port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    /// Forwards to a server until the process ends.
    pub(super) fn before(server: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        let planned = Arc::clone(&cut);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                forward(client, server, &planned);
            }
        });
        Proxy { port, cut }
    }

    pub(super) fn plan(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    pub(super) fn is_done(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::Never as u8
    }
}

fn forward(client: TcpStream, server: TcpStream, planned: &Arc<AtomicU8>) {
    let mute = Arc::new(AtomicU8::new(0));
    let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let muted = Arc::clone(&mute);
    std::thread::spawn(move || answers(from_server, to_client, &muted));
    let planned = Arc::clone(planned);
    std::thread::spawn(move || questions(client, server, (&planned, &mute)));
}

fn questions(mut client: TcpStream, mut server: TcpStream, (planned, mute): (&AtomicU8, &AtomicU8)) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let is_commit = bytes[..count].windows(6).any(|word| word == b"COMMIT");
        let cut = if is_commit { planned.swap(Cut::Never as u8, Ordering::SeqCst) } else { Cut::Never as u8 };
        if cut == Cut::BeforeCommit as u8 {
            break;
        }
        if cut == Cut::AfterCommit as u8 {
            mute.store(1, Ordering::SeqCst);
        }
        if server.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

fn answers(mut server: TcpStream, mut client: TcpStream, mute: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = server.read(&mut bytes) {
        // The server has answered, so it has executed the statement.
        if mute.load(Ordering::SeqCst) == 1 || client.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}
