//! `doorbuster listen`: forwards the events of a running shop to a developer's machine, signed like webhooks.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use app::events::wire_time;
use app::ports::Clock as _;
use app::webhooks::catalogue::EventType;
use app::webhooks::sender::{Sender, WebhookRequest};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::tail::{Hook, Tail};
use crate::cli::ListenArgs;
use crate::commands::output::terminal::note;
use crate::commands::{Error, print};
use crate::security::webhook_secrets;
use crate::system::shown_url;
use crate::wiring;

/// How often the shop is asked for news.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Pause while the shop does not answer.
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(15);

pub(in crate::commands) fn run(args: &ListenArgs) -> Result<ExitCode, Error> {
    let wanted = wanted(&args.event_types)?;
    let forward = args.forward_to.as_deref().map(|url| Forward::to(url, args.secret.as_deref())).transpose()?;
    let mut tail = Tail::open(&args.shop)?;
    match &forward {
        Some(forward) => note(&format!("Ready. The signing secret is {} (stop with ^C)", forward.secret)),
        None => note("Ready (stop with ^C)"),
    }
    let mut is_lost = false;
    loop {
        let hooks = match tail.next() {
            Ok(hooks) => hooks,
            Err(error) => {
                if !is_lost {
                    note(&format!("The shop does not answer: {error}. Trying again."));
                }
                is_lost = true;
                std::thread::sleep(PAUSE);
                // The next call says what is wrong.
                let _not_yet = tail.reopen();
                continue;
            }
        };
        if std::mem::take(&mut is_lost) {
            note("The shop answers again.");
        }
        for hook in hooks.iter().filter(|hook| wanted.is_empty() || wanted.contains(&hook.event_type)) {
            let answer = forward.as_ref().map(|forward| forward.send(hook));
            show(args, hook, answer)?;
        }
        std::thread::sleep(POLL_EVERY);
    }
}

fn wanted(names: &[String]) -> Result<Vec<EventType>, Error> {
    let type_of = |name: &String| {
        EventType::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = EventType::ALL.iter().map(|known| known.name()).collect();
            Error::Usage(format!("--event-types: {name:?} is no event type; known are {}", known.join(", ")))
        })
    };
    names.iter().map(type_of).collect()
}

/// Where the events go.
struct Forward {
    sender: Arc<dyn Sender>,
    runtime: Runtime,
    url: Arc<str>,
    secret: Arc<str>,
}

impl Forward {
    fn to(url: &str, secret: Option<&str>) -> Result<Forward, Error> {
        let sender = wiring::local_sender(TIMEOUT)?;
        sender.check(url).map_err(|unfit| Error::Usage(format!("--forward-to {}: {unfit}", shown_url::of(url))))?;
        let secret = match secret {
            Some(given) if webhook_secrets::is_one(given) => given.into(),
            Some(_) => {
                return Err(Error::Usage("--secret must be whsec_ and the base 64 of 24 to 64 bytes".to_owned()));
            }
            None => webhook_secrets::random().map_err(|error| Error::Failed(error.to_string()))?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Forward { sender, runtime, url: url.into(), secret })
    }

    /// Sends one webhook. Returns the status, or why there is none.
    fn send(&self, hook: &Hook) -> Result<u16, String> {
        let request = WebhookRequest {
            url: Arc::clone(&self.url),
            id: hook.id.clone(),
            at: wiring::clock().now(),
            secrets: vec![Arc::clone(&self.secret)],
            body: hook.body.as_str().into(),
            trace: None,
        };
        self.runtime.block_on(self.sender.send(&request)).map(|response| response.status)
    }
}

fn show(args: &ListenArgs, hook: &Hook, answer: Option<Result<u16, String>>) -> Result<(), Error> {
    let Hook { id, event_type, at, body } = hook;
    if args.shop.json {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut line = json!({"eventId": id, "eventType": event_type.name(), "body": body});
        match answer {
            Some(Ok(status)) => line["responseStatus"] = status.into(),
            Some(Err(error)) => line["error"] = error.into(),
            None => {}
        }
        print(&line.to_string())?;
        return Ok(());
    }
    let end = match answer {
        Some(Ok(status)) => format!("  -> {status}"),
        Some(Err(error)) => format!("  -> {error}"),
        None => String::new(),
    };
    let seconds = wire_time::parse(at).map_or_else(|_| at.clone(), wire_time::format);
    print(&format!("{seconds}  {:<22} {id}{end}", event_type.name()))?;
    if args.print {
        print(body)?;
    }
    Ok(())
}
