//! Whether a service answers, in the first words of its own protocol.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The server speaks first: a packet's length and number, then the protocol's version.
pub fn mysql(port: u16) -> io::Result<bool> {
    let mut greeting = [0; 5];
    connect(port)?.read_exact(&mut greeting)?;
    Ok(greeting[4] == 10)
}

pub fn redis(port: u16) -> io::Result<bool> {
    let mut stream = connect(port)?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}

/// Any answer is one: without a key, it is that a key is missing.
pub fn stripe(port: u16) -> io::Result<bool> {
    let mut stream = connect(port)?;
    stream.write_all(b"GET /v1/payment_intents HTTP/1.0\r\n\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"HTTP/")
}

/// Which requests the broker understands: the one question that needs no version.
pub fn kafka(port: u16) -> io::Result<bool> {
    const API_VERSIONS: u8 = 18;
    const CORRELATION: [u8; 4] = [0, 0, 0, 7];
    let mut stream = connect(port)?;
    let mut request = vec![0, 0, 0, 10, 0, API_VERSIONS, 0, 0];
    request.extend(CORRELATION);
    // No client id.
    request.extend([0xff, 0xff]);
    stream.write_all(&request)?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    // After the length: the correlation, then the error, which is 0.
    Ok(answer[4..8] == CORRELATION && answer[8..10] == [0, 0])
}
