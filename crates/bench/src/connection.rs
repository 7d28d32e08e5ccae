//! One kept-alive connection, with one request at a time.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Error, response};

/// Initial size of the buffer, which grows for larger responses.
const BUFFER_BYTES: usize = 4 * 1024;

/// A response, borrowed until the connection's next request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: vec![0; BUFFER_BYTES] })
    }

    /// Sends a request and waits for its response.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Error> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let parsed = loop {
            if filled == self.received.len() {
                self.received.resize(filled * 2, 0);
            }
            match self.stream.read(&mut self.received[filled..]).await? {
                0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                read => filled += read,
            }
            if let Some(parsed) = response::parse(&self.received[..filled])? {
                break parsed;
            }
        };
        Ok(Answer { status: parsed.status, body: &self.received[parsed.body] })
    }
}
