//! Health checks of services, in the first bytes of their protocols.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Checks the server's greeting: a packet's length and number, then the protocol's version.
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

/// Accepts any response: without an API key, it is an error about the missing key.
pub fn stripe(port: u16) -> io::Result<bool> {
    let mut stream = connect(port)?;
    stream.write_all(b"GET /v1/payment_intents HTTP/1.0\r\n\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"HTTP/")
}

/// Sends ApiVersions, the one request that every broker version understands.
pub fn kafka(port: u16) -> io::Result<bool> {
    const API_VERSIONS: u8 = 18;
    const CORRELATION: [u8; 4] = [0, 0, 0, 7];
    let mut stream = connect(port)?;
    let mut request = vec![0, 0, 0, 10, 0, API_VERSIONS, 0, 0];
    request.extend(CORRELATION);
    // A null client id.
    request.extend([0xff, 0xff]);
    stream.write_all(&request)?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    // After the length: the correlation id, then the error code, which must be 0.
    Ok(answer[4..8] == CORRELATION && answer[8..10] == [0, 0])
}
