//! Downloads an answer of any length, which the server sends in chunks.

use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Error;

const BROKEN: Error = Error::Nothing("a download ended early");

pub(super) async fn download(address: SocketAddr, path: &str) -> Result<String, Error> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await?;
    let head_end = memmem::find(&answer, b"\r\n\r\n").ok_or(BROKEN)? + 4;
    let head = String::from_utf8_lossy(&answer[..head_end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        let body = String::from_utf8_lossy(&answer).into_owned();
        return Err(Error::Refused { what: path.to_owned(), status: 0, body });
    }
    let body = &answer[head_end..];
    let body = if head.contains("transfer-encoding: chunked") { joined(body)? } else { body.to_vec() };
    String::from_utf8(body).map_err(|_| Error::Nothing("a download is no text"))
}

/// Joins the chunks of a body.
fn joined(mut rest: &[u8]) -> Result<Vec<u8>, Error> {
    let mut body = vec![];
    loop {
        let line_end = memmem::find(rest, b"\r\n").ok_or(BROKEN)?;
        let length = std::str::from_utf8(&rest[..line_end]).ok().and_then(|line| line.split(';').next());
        let length = length.and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok()).ok_or(BROKEN)?;
        if length == 0 {
            return Ok(body);
        }
        let chunk = rest.get(line_end + 2..line_end + 2 + length).ok_or(BROKEN)?;
        body.extend_from_slice(chunk);
        rest = rest.get(line_end + 2 + length + 2..).ok_or(BROKEN)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_up_to_the_last_one() {
        assert_eq!(joined(b"3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n").unwrap(), b"abc0123456789");
        for broken in [&b"3\r\nab"[..], b"x\r\nabc\r\n", b"3\r\nabc\r\n", b""] {
            assert!(joined(broken).is_err());
        }
    }
}
