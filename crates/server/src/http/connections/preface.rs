//! The first bytes of a connection, which are read before HTTP where the settings ask for it: the PROXY protocol's header, and
//! the preface of HTTP/2.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use proxy_header::{Error, ParseConfig, Protocol, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// The longest header that is read, with its additions.
const HEADER_BYTES_MAX: usize = 4 * 1024;
/// The first bytes of a client of HTTP/2 (RFC 9113, 3.4).
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream some of whose bytes were read already.
pub(super) struct Prefixed<S> {
    prefix: Bytes,
    inner: S,
}

/// The beginning of a PROXY protocol header.
#[derive(Debug, PartialEq, Eq)]
enum Header {
    Incomplete,
    Malformed,
    /// The address of the client, if the connection is not the proxy's own; and the header's length.
    Complete(Option<IpAddr>, usize),
}

/// Reads the PROXY protocol's header (version 1 or 2), with which a proxy must begin. Returns the stream behind it, and its
/// client's address; `None` for a connection of the proxy itself.
///
/// # Errors
/// If the bytes are no such header, or end before it is complete.
pub(super) async fn after_proxy_header<S>(mut stream: S) -> io::Result<(Prefixed<S>, Option<IpAddr>)>
where
    S: AsyncRead + Unpin,
{
    let mut read = BytesMut::with_capacity(256);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match parse(&read) {
            Header::Incomplete if read.len() < HEADER_BYTES_MAX => {}
            Header::Incomplete | Header::Malformed => return Err(io::ErrorKind::InvalidData.into()),
            Header::Complete(client, length) => {
                read.advance(length);
                return Ok((Prefixed { prefix: read.freeze(), inner: stream }, client));
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Header {
    // The library waits for 15 bytes before it looks at them.
    let can_become = |begin: &[u8]| begin.starts_with(bytes) || bytes.starts_with(begin);
    if ![&b"PROXY "[..], b"\r\n\r\n\0\r\nQUIT\n"].into_iter().any(can_become) {
        return Header::Malformed;
    }
    match ProxyHeader::parse(bytes, ParseConfig { include_tlvs: false, allow_v1: true, allow_v2: true }) {
        Err(Error::BufferTooShort) => Header::Incomplete,
        Err(_) => Header::Malformed,
        Ok((header, length)) => match header.proxied_address() {
            Some(address) if address.protocol != Protocol::Stream => Header::Malformed,
            Some(_) if bytes.starts_with(b"PROXY ") && !has_plain_ports(&bytes[..length]) => Header::Malformed,
            address => Header::Complete(address.map(|address| address.source.ip().to_canonical()), length),
        },
    }
}

/// Returns true if the ports of a header of version 1 are written as the specification asks: digits, without leading zeros.
/// The library is less strict, and another reader of the same header may take such a port for another number.
fn has_plain_ports(header: &[u8]) -> bool {
    let is_plain = |port: &[u8]| port.iter().all(u8::is_ascii_digit) && (port.len() == 1 || !port.starts_with(b"0"));
    header.trim_ascii_end().split(|byte| *byte == b' ').skip(4).all(is_plain)
}

/// Returns the stream, and `true` if its client begins with HTTP/2.
///
/// # Errors
/// If the stream breaks.
pub(super) async fn begins_http2<S>(mut stream: S) -> io::Result<(Prefixed<S>, bool)>
where
    S: AsyncRead + Unpin,
{
    let mut read = BytesMut::with_capacity(256);
    while read.len() < HTTP2.len() && HTTP2.starts_with(&read) {
        if stream.read_buf(&mut read).await? == 0 {
            break;
        }
    }
    let is_http2 = read.starts_with(HTTP2);
    Ok((Prefixed { prefix: read.freeze(), inner: stream }, is_http2))
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let length = self.prefix.len().min(buffer.remaining());
        buffer.put_slice(&self.prefix.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x01\xbb";
    const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
    const V1: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n";

    fn found(bytes: &[u8]) -> Option<(Option<String>, usize)> {
        match parse(bytes) {
            Header::Complete(client, length) => Some((client.map(|client| client.to_string()), length)),
            Header::Incomplete | Header::Malformed => None,
        }
    }

    #[test]
    fn a_header_names_the_client() {
        let client = Some("192.0.2.7".to_owned());
        for header in [V1, V2] {
            let whole = [header, b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(found(&whole), Some((client.clone(), header.len())));
            for cut in 1..header.len() {
                assert_eq!(parse(&header[..cut]), Header::Incomplete, "{cut}");
            }
        }
        assert_eq!(found(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n").unwrap().0, Some("2001:db8::1".to_owned()));
        assert_eq!(found(LOCAL), Some((None, LOCAL.len())), "a health check of the proxy itself");
        assert_eq!(found(b"PROXY UNKNOWN\r\n"), Some((None, 15)));
        assert!(found(b"PROXY TCP4 192.0.2.7 10.0.0.1 0 443\r\n").is_some());
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let wrong: [&[u8]; 12] = [
            b"PROXY TCP4 192.0.2.7 10.0.0.1 0123 443\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 0443\r\n",
            b"PROXY TCP6 2001:db8::1 2001:db8::2 00 443\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 +12345 443\r\n",
            b"GET / HTTP/1.1\r\n",
            b"G",
            b"PROXY TCP9 192.0.2.7 10.0.0.1 12345 443\r\n",
            b"PROXY TCP4 nonsense 10.0.0.1 12345 443\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 99999\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x01\xbb",
            // Too short for its addresses.
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x02\xc0\x00GET / HTTP/1.1\r\n",
            // A datagram.
            b"\r\n\r\n\0\r\nQUIT\n\x21\x12\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x01\xbb",
        ];
        for bytes in wrong {
            assert_eq!(parse(bytes), Header::Malformed, "{:?}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(parse(&[b"PROXY TCP4 ", &[b'1'; 200][..]].concat()), Header::Malformed, "a line without an end");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            begin in prop::sample::select(vec![V1, V2, LOCAL, b""]),
            kept in 0..60_usize,
            rest in prop::collection::vec(any::<u8>(), 0..300),
            changed in prop::collection::vec((0..60_usize, any::<u8>()), 0..4),
        ) {
            let mut bytes = [&begin[..kept.min(begin.len())], &rest].concat();
            for (place, byte) in changed {
                if let Some(known) = bytes.get_mut(place) {
                    *known = byte;
                }
            }
            if let Header::Complete(_, length) = parse(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }

    #[tokio::test]
    async fn the_bytes_behind_a_header_are_kept() {
        let sent = [V1, b"GET /"].concat();
        let (mut stream, client) = after_proxy_header(&sent[..]).await.unwrap();
        assert_eq!(client, Some("192.0.2.7".parse().unwrap()));
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "GET /");
        let long = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", &[0_u8; 8_000][..]].concat();
        for wrong in [&b"GET / HTTP/1.1\r\n"[..], b"PROXY TCP4 192", &long] {
            assert!(after_proxy_header(wrong).await.is_err());
        }
    }

    #[tokio::test]
    async fn http2_begins_with_its_preface() {
        for (sent, expected) in
            [(HTTP2, true), (b"PRI * HTTP/1.1\r\n", false), (b"GET / HTTP/1.1\r\n", false), (b"", false)]
        {
            let (mut stream, is_http2) = begins_http2(sent).await.unwrap();
            let mut all = vec![];
            stream.read_to_end(&mut all).await.unwrap();
            assert_eq!((is_http2, &all[..]), (expected, sent));
        }
    }
}
