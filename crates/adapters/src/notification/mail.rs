//! E-mail over SMTP: one connection for each mail.

use std::time::Duration;

use app::notifications::channels::{Channels, Letter, Unsent};
use app::ports::BoxFuture;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::unreachable;

const FROM: &str =
    "notifications.email_from must be an e-mail address, such as shop@example.com or \"Doorbuster <shop@example.com>\"";
const URL: &str = "DOORBUSTER_SMTP_URL must be the address of a mail server: smtps://user:password@host:465, \
                   smtp://user:password@host:587?tls=required, or smtp://host without encryption";

pub struct MailServer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl MailServer {
    /// Prepares mails over a server: `smtps://user:password@host:465`, `smtp://host:587?tls=required`, or `smtp://host`
    /// without encryption. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address of the server or the sender's is none.
    pub fn new(url: &str, from: &str, timeout: Duration) -> Result<MailServer, String> {
        let from = from.parse().map_err(|_| FROM.to_owned())?;
        // The library's own words name its features and parts of the address, which has a password.
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| URL.to_owned())?;
        Ok(MailServer { server: server.timeout(Some(timeout)).build(), from, timeout })
    }

    async fn post(&self, letter: &Letter) -> Result<(), Unsent> {
        let mail = self.mail(letter).map_err(Unsent::Refused)?;
        let late = |_| Unsent::Failed(format!("the mail server did not answer within {} s", self.timeout.as_secs()));
        let sent = tokio::time::timeout(self.timeout, self.server.send(mail)).await.map_err(late)?;
        sent.map(drop).map_err(|error| {
            let reason = unreachable::reason(&error).map_or_else(|| error.to_string(), str::to_owned);
            if refuses_mail(&error) { Unsent::Refused(reason) } else { Unsent::Failed(reason) }
        })
    }

    fn mail(&self, letter: &Letter) -> Result<Message, String> {
        let to: Address = letter.to.parse().map_err(|error| format!("the user's e-mail address: {error}"))?;
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            // The same on every attempt: mailboxes show a repetition once.
            .message_id(Some(format!("<{}@{}>", letter.idempotency_key, self.from.email.domain())))
            .subject(&letter.title)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone());
        mail.map_err(|error| error.to_string())
    }
}

/// Returns true for a reply from 550 to 559: the server takes no mail for this address, or not this mail. Other permanent
/// replies, such as 535 for a wrong password, are about the server or the settings, and pass when these are corrected.
fn refuses_mail(error: &Error) -> bool {
    error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
    })
}

impl Channels for MailServer {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Unsent>> {
        Box::pin(self.post(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::notification::{Channel, Language};
    use domain::time::Timestamp;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    fn server() -> MailServer {
        MailServer::new("smtp://127.0.0.1", "Doorbuster <shop@example.com>", Duration::from_secs(1)).unwrap()
    }

    fn letter(to: &str) -> Letter {
        Letter {
            idempotency_key: "7-email".to_owned(),
            channel: Channel::Email,
            to: to.into(),
            template: "coupon.issued",
            language: Language::Korean,
            title: "쿠폰이 발급되었습니다\r\nBcc: eve@example.com".to_owned(),
            text: "첫 번째".to_owned(),
            data: "{}".to_owned(),
            at: Timestamp::default(),
        }
    }

    #[test]
    fn a_mail_has_one_receiver_whatever_its_title_contains() {
        let mail = server().mail(&letter("ann@example.com")).unwrap();
        assert_eq!(mail.envelope().to().len(), 1);
        let text = String::from_utf8(mail.formatted()).unwrap();
        assert!(!text.contains("\nBcc:"), "{text}");
        assert!(text.contains("<7-email@example.com>"), "{text}");
        assert!(server().mail(&letter("nobody")).is_err());
    }

    /// Answers one session, whose third reply, that to `RCPT TO`, is given.
    async fn posted(greeting: &'static str, to_receiver: &'static str) -> Result<(), Unsent> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let session = async move {
            let (connection, _) = listener.accept().await.unwrap();
            let mut lines = BufReader::new(connection);
            lines.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
            let mut line = String::new();
            while lines.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
                let answer = if line.starts_with("RCPT") { to_receiver } else { "250 well" };
                line.clear();
                if lines.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        };
        let server = MailServer::new(&url, "shop@example.com", Duration::from_secs(5)).unwrap();
        let letter = letter("gone@example.com");
        tokio::select! {
            posted = server.post(&letter) => posted,
            () = session => panic!("the client ends the session"),
        }
    }

    #[tokio::test]
    async fn a_refused_address_is_told_from_a_failing_server() {
        for refused in ["550 no such user", "553 not allowed"] {
            let error = posted("220 here", refused).await.unwrap_err();
            assert!(matches!(&error, Unsent::Refused(reason) if reason.contains(&refused[4..])), "{error:?}");
        }
        for (greeting, reply) in [
            ("220 here", "450 mailbox busy"),
            ("220 here", "535 wrong password"),
            ("220 here", "530 encryption required"),
            ("421 come later", "250 well"),
            ("521 no mail here", "250 well"),
        ] {
            let error = posted(greeting, reply).await.unwrap_err();
            assert!(matches!(error, Unsent::Failed(_)), "{greeting}, {reply}: {error:?}");
        }
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = |url: &str, from: &str| MailServer::new(url, from, Duration::from_secs(1)).err().unwrap();
        assert!(wrong("http://a", "a@example.com").contains("DOORBUSTER_SMTP_URL"));
        assert!(wrong("smtp://a", "nobody").contains("notifications.email_from"));
    }
}
