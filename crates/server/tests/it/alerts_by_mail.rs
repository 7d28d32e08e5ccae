//! Alerts by e-mail: what one address answers is no matter of the others.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::shop::TestShop;

const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server that refuses what is for `gone@…` for good, and takes the first mail to `busy@…` at its second attempt.
struct Server {
    address: String,
    /// Address and subject of each mail.
    mails: Receiver<(String, String)>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, mails) = channel();
        std::thread::spawn(move || {
            let mut is_busy = true;
            for stream in listener.incoming().map_while(Result::ok) {
                let _ended = serve(stream, &sender, &mut is_busy);
            }
        });
        Server { address, mails }
    }

    fn next(&self) -> (String, String) {
        self.mails.recv_timeout(PATIENCE).expect("a mail arrives")
    }
}

fn serve(stream: TcpStream, sender: &Sender<(String, String)>, is_busy: &mut bool) -> std::io::Result<()> {
    let mut stream = stream;
    let lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 here\r\n")?;
    let (mut to, mut subject, mut is_data) = (String::new(), String::new(), false);
    for line in lines {
        let line = line?;
        if is_data {
            if let Some(text) = line.strip_prefix("Subject: ") {
                subject = text.to_owned();
            }
            if line != "." {
                continue;
            }
            is_data = false;
            let _ = sender.send((to.clone(), subject.clone()));
        }
        let answer = if let Some(address) = line.strip_prefix("RCPT TO:") {
            to = address.trim_matches(['<', '>']).to_owned();
            match to.as_str() {
                "gone@example.com" => "550 no such user",
                "busy@example.com" if std::mem::take(is_busy) => "450 not now",
                _ => "250 well",
            }
        } else if line == "DATA" {
            is_data = true;
            "354 go"
        } else {
            "250 well"
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

#[test]
fn one_refused_address_keeps_no_alert_from_the_others() {
    let server = Server::start();
    let url = format!("smtp://{}", server.address);
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__ALERTS__CLEAR_AFTER_S", "0"),
        ("DOORBUSTER__ALERTS__CPU_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__MEMORY_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__DISK_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__EMAIL", "gone@example.com,busy@example.com,oncall@example.com"),
        ("DOORBUSTER__NOTIFICATIONS__EMAIL", "smtp"),
        ("DOORBUSTER__NOTIFICATIONS__EMAIL_FROM", "shop@example.com"),
        ("DOORBUSTER_SMTP_URL", &url),
        ("DOORBUSTER__AUDIT__EVERY_S", "1"),
    ]);
    let product = shop.product(1_000, 5);
    let change = |by: i64| {
        let sql = "UPDATE product SET received = received + ?1, on_hand = on_hand + ?1 WHERE product_id = ?2";
        assert_eq!(shop.edit().execute(sql, (by, product)).unwrap(), 1);
    };
    let mails = || [server.next(), server.next()];
    change(1);
    let raised = mails();
    change(-1);
    let cleared = mails();
    for (mails, state) in [(&raised, "raised"), (&cleared, "cleared")] {
        let mut to: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["busy@example.com", "oncall@example.com"], "each once: {mails:?}");
        assert!(mails.iter().all(|(_, subject)| subject.contains(state)), "{mails:?}");
    }
    assert_eq!(raised[0].0, "oncall@example.com", "it does not wait for the busy one");
}
