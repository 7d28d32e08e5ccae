//! Readers of notices over plain sockets: server-sent events and WebSocket frames as on the wire.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Client};
use crate::shop::TestShop;

/// The longest wait of a test.
const PATIENCE: Duration = Duration::from_secs(40);

/// A notice, from either stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Received {
    /// 0 if a frame has none.
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) topic: Option<String>,
    pub(crate) data: Value,
}

/// Asserts the kinds of the next notices, and that their ids have no gap.
#[track_caller]
pub(crate) fn expect_kinds(told: &[Received], first: i64, kinds: &[&str]) {
    let found: Vec<(i64, &str)> = told.iter().map(|told| (told.id, told.kind.as_str())).collect();
    let expected: Vec<(i64, &str)> = (first..).zip(kinds.iter().copied()).collect();
    assert_eq!(found, expected, "{told:#?}");
}

fn request(path: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nhost: shop\r\n{headers}\r\n")
}

/// Returns the head of an answer: status and header lines in lower case.
fn read_head(stream: &mut impl BufRead) -> io::Result<(u16, Vec<String>)> {
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_ascii_lowercase());
    }
    let status = lines[0].split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or(ErrorKind::InvalidData)?, lines.split_off(1)))
}

/// The body of an answer of unknown length.
struct Chunks {
    stream: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut size = String::new();
            self.stream.read_line(&mut size)?;
            self.left = usize::from_str_radix(size.trim(), 16).map_err(|_| ErrorKind::UnexpectedEof)?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.left);
        let read = self.stream.read(&mut buffer[..length])?;
        self.left -= read;
        if self.left == 0 {
            self.stream.read_exact(&mut [0; 2])?;
        }
        Ok(read)
    }
}

/// An open `GET /api/events`.
pub(crate) struct Events {
    lines: BufReader<Chunks>,
    pub(crate) headers: Vec<String>,
    /// The id after which an `EventSource` would resume.
    pub(crate) last_id: Option<i64>,
    pub(crate) comments: usize,
    pub(crate) retry_ms: Option<u64>,
}

impl Events {
    /// Listens as a user, after a notice; without a number, from now on.
    pub(crate) fn open(shop: &TestShop, user: i64, after: Option<i64>) -> Events {
        Events::connect(TcpStream::connect(&shop.address).unwrap(), shop, user, after).unwrap()
    }

    /// Listens from the first notice on, in a language.
    pub(crate) fn open_in(shop: &TestShop, user: i64, language: &str) -> Events {
        Events::open_with(shop, user, ("accept-language", language))
    }

    /// Listens from the first notice on, with one more header.
    pub(crate) fn open_with(shop: &TestShop, user: i64, header: (&str, &str)) -> Events {
        let bearer = shop.bearer(user);
        let headers = [("authorization", bearer.as_str()), header, ("last-event-id", "0")];
        Events::ask(TcpStream::connect(&shop.address).unwrap(), &headers).unwrap()
    }

    pub(crate) fn connect(stream: TcpStream, shop: &TestShop, user: i64, after: Option<i64>) -> io::Result<Events> {
        let (bearer, after) = (shop.bearer(user), after.map(|after| after.to_string()));
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(after.as_deref().map(|after| ("last-event-id", after)));
        Events::ask(stream, &headers)
    }

    pub(crate) fn ask(mut stream: TcpStream, headers: &[(&str, &str)]) -> io::Result<Events> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let after = headers.iter().find(|(name, _)| *name == "last-event-id");
        let last_id = after.and_then(|(_, id)| id.parse().ok());
        stream.write_all(request("/api/events", headers).as_bytes())?;
        let mut stream = BufReader::new(stream);
        let (status, headers) = read_head(&mut stream)?;
        assert_eq!(status, 200, "{headers:?}");
        let mut lines = BufReader::new(Chunks { stream, left: 0 });
        // The greeting comes before everything else.
        lines.fill_buf()?;
        Ok(Events { lines, headers, last_id, comments: 0, retry_ms: None })
    }

    /// Reads until this many comments have come. Fails if a notice comes.
    pub(crate) fn wait_for_comments(&mut self, count: usize) {
        while self.comments < count {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the stream has ended");
            self.comments += usize::from(line.starts_with(':'));
            assert!(!line.starts_with("data"), "{line}");
        }
    }

    /// Returns the next notice; an error if the stream has ended.
    pub(crate) fn next(&mut self) -> io::Result<Received> {
        let (mut kind, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(':') {
                Some(("", _)) => self.comments += 1,
                Some(("id", id)) => self.last_id = id.trim().parse().ok(),
                Some(("retry", retry)) => self.retry_ms = retry.trim().parse().ok(),
                Some(("event", event)) => kind = event.trim().to_owned(),
                Some(("data", text)) => data.push_str(text.trim()),
                None if line.trim_end().is_empty() && !data.is_empty() => {
                    let data = serde_json::from_str(&data).unwrap();
                    return Ok(Received { id: self.last_id.unwrap(), kind, topic: None, data });
                }
                None if line.trim_end().is_empty() => {}
                Some(_) | None => panic!("{line:?} is no line of an event stream"),
            }
        }
    }

    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<Received> {
        (0..count).map(|_| self.next().unwrap()).collect()
    }

    /// Returns all notices until the stream ends.
    pub(crate) fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.next().ok()).collect()
    }
}

/// Requests a stream that will be refused.
pub(crate) fn ask(shop: &TestShop, path: &str, headers: &[(&str, &str)]) -> Answer {
    Client::connect(&shop.address).unwrap().send("GET", path, headers, "").unwrap()
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    Received(Received),
    Ping,
    Close(u16, String),
}

/// An open `GET /api/ws`.
pub(crate) struct Socket {
    stream: BufReader<TcpStream>,
}

impl Socket {
    pub(crate) fn open(shop: &TestShop, user: i64) -> Socket {
        Socket::connect(TcpStream::connect(&shop.address).unwrap(), shop, user, "/api/ws").unwrap()
    }

    /// Like [`Socket::open`], in a language.
    pub(crate) fn open_in(shop: &TestShop, user: i64, language: &str) -> Socket {
        let headers = [("authorization", shop.bearer(user)), ("accept-language", language.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        Socket::ask(TcpStream::connect(&shop.address).unwrap(), "/api/ws", &headers).unwrap()
    }

    pub(crate) fn connect(stream: TcpStream, shop: &TestShop, user: i64, path: &str) -> io::Result<Socket> {
        Socket::ask(stream, path, &[("authorization", shop.bearer(user).as_str())])
    }

    pub(crate) fn ask(mut stream: TcpStream, path: &str, more: &[(&str, &str)]) -> io::Result<Socket> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let upgrade = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let headers = [&upgrade, more].concat();
        stream.write_all(request(path, &headers).as_bytes())?;
        let mut stream = BufReader::new(stream);
        let (status, headers) = read_head(&mut stream)?;
        assert_eq!(status, 101, "{headers:?}");
        assert!(headers.iter().any(|line| line == "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{headers:?}");
        Ok(Socket { stream })
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.send(1, text.as_bytes());
    }

    /// Sends a frame, masked with zeros.
    pub(crate) fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()).unwrap() {
            length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        // A peer that has closed is noticed at the next read.
        let _closed = self.stream.get_mut().write_all(&frame);
    }

    pub(crate) fn frame(&mut self) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head)?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length)?;
                usize::from(u16::from_be_bytes(length))
            }
            length @ 0..126 => usize::from(length),
            other => panic!("a frame from the server has {other} as its length"),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(match head[0] {
            0x81 => {
                let frame: Value = serde_json::from_slice(&payload).unwrap();
                Frame::Received(Received {
                    id: frame.get("id").map_or(0, |id| id.as_i64().unwrap()),
                    kind: frame["type"].as_str().unwrap().to_owned(),
                    topic: frame["topic"].as_str().map(str::to_owned),
                    data: frame["data"].clone(),
                })
            }
            0x89 => Frame::Ping,
            0x88 => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                let reason = payload.get(2..).unwrap_or_default();
                Frame::Close(code, String::from_utf8_lossy(reason).into_owned())
            }
            other => panic!("a frame from the server begins with {other:#x}"),
        })
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> Received {
        match self.frame().unwrap() {
            Frame::Received(told) => told,
            other @ (Frame::Ping | Frame::Close(..)) => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<Received> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Returns all notices until the server closes, and its close frame.
    pub(crate) fn rest(&mut self) -> (Vec<Received>, Option<(u16, String)>) {
        let mut told = vec![];
        loop {
            match self.frame() {
                Ok(Frame::Received(one)) => told.push(one),
                Ok(Frame::Ping) => {}
                Ok(Frame::Close(code, reason)) => {
                    self.send(8, &code.to_be_bytes());
                    return (told, Some((code, reason)));
                }
                Err(_ended) => return (told, None),
            }
        }
    }
}
