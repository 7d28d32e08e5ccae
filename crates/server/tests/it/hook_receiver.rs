//! A receiver of webhooks on this machine, which answers with given statuses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct HookReceiver {
    address: String,
    delivered: Receiver<Delivered>,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Delivered {
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: Instant,
}

impl Delivered {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

impl HookReceiver {
    /// Instead of a status: the connection is kept open without an answer.
    pub(crate) const NO_ANSWER: u16 = 0;

    /// Answers with these statuses, one after the other, and then with the last one.
    pub(crate) fn start(statuses: &[u16]) -> HookReceiver {
        let (listener, address) = listen();
        let (sender, delivered) = channel();
        let statuses = Arc::new(Mutex::new(statuses.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (sender, statuses) = (sender.clone(), Arc::clone(&statuses));
                std::thread::spawn(move || serve(stream, &sender, &statuses));
            }
        });
        HookReceiver { address, delivered }
    }

    /// Takes connections, and never answers.
    pub(crate) fn silent() -> HookReceiver {
        let (listener, address) = listen();
        let (_, delivered) = channel();
        std::thread::spawn(move || {
            let taken: Vec<TcpStream> = listener.incoming().map_while(Result::ok).collect();
            drop(taken);
        });
        HookReceiver { address, delivered }
    }

    /// Answers each request with the body that `answer` makes of it.
    pub(crate) fn answering(answer: fn(&Delivered) -> String) -> HookReceiver {
        let (listener, address) = listen();
        let (sender, delivered) = channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(asked) = read(&mut BufReader::new(stream.try_clone().unwrap())) else { continue };
                let body = answer(&asked);
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes());
                let _ = sender.send(asked);
            }
        });
        HookReceiver { address, delivered }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Takes the requests that have arrived; returns how many.
    pub(crate) fn drain(&self) -> usize {
        self.delivered.try_iter().count()
    }

    /// Waits for the next request.
    pub(crate) fn next(&self) -> Delivered {
        self.delivered.recv_timeout(PATIENCE).expect("a webhook arrives")
    }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn serve(stream: TcpStream, sender: &Sender<Delivered>, statuses: &Mutex<Vec<u16>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(delivered) = read(&mut reader) {
        let status = {
            let mut statuses = statuses.lock().unwrap();
            if statuses.len() > 1 { statuses.remove(0) } else { statuses[0] }
        };
        if status == HookReceiver::NO_ANSWER {
            let _ = sender.send(delivered);
            std::thread::sleep(PATIENCE);
            return;
        }
        let more = match status {
            429 => "retry-after: 3\r\n",
            302 => "location: http://127.0.0.1:1/\r\n",
            _ => "",
        };
        let length = if status == 204 { "" } else { "content-length: 0\r\n" };
        let answer = format!("HTTP/1.1 {status} x\r\n{more}{length}\r\n");
        let is_over = stream.write_all(answer.as_bytes()).is_err();
        if sender.send(delivered).is_err() || is_over {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Delivered> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let at = Instant::now();
    let mut headers = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Delivered { headers, body: String::from_utf8_lossy(&body).into_owned(), bytes: body, at })
}
