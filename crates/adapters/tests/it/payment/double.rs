//! A provider in two hundred lines that has the part of Stripe's API that we use, keeps state, and fails on request.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// The failure of the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Answered with this status, and not executed.
    Status(u16),
    /// The connection is cut, and nothing is executed.
    CutBefore,
    /// Executed, and then the connection is cut.
    CutAfter,
    /// Executed, and never answered.
    Silence,
    /// Executed, and answered with something other than JSON.
    Gibberish,
    /// Executed, in dollars.
    Dollars,
}

/// A key as in test mode: the provider's own mock takes no other.
pub(super) const KEY: &str = "sk_test_123";
/// A card whose customer must act, with their own token only.
pub(super) const CHALLENGED: &str = "pm_card_threeDSecure2Required";
pub(super) const TOO_MUCH: i64 = 66_600;

#[derive(Default)]
struct Ledger {
    intents: Vec<Value>,
    refunds: Vec<Value>,
    /// The permanent answer to each key.
    answers: BTreeMap<String, (u16, Value)>,
    trouble: Option<Trouble>,
    /// Requested paths, with their keys.
    requests: Vec<String>,
}

pub(super) struct Double {
    pub(super) url: String,
    ledger: Arc<Mutex<Ledger>>,
}

struct Request {
    method: String,
    path: String,
    fields: BTreeMap<String, String>,
    key: Option<String>,
    is_ours: bool,
}

impl Double {
    /// Serves until the process ends.
    pub(super) fn start() -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let shared = Arc::clone(&ledger);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let ledger = Arc::clone(&shared);
                // Some tests hang up in the middle on purpose.
                std::thread::spawn(move || serve(client, &ledger).unwrap_or_default());
            }
        });
        Double { url, ledger }
    }

    pub(super) fn plan(&self, trouble: Trouble) {
        self.ledger.lock().unwrap().trouble = Some(trouble);
    }

    /// Amounts captured and refunded.
    pub(super) fn moved(&self) -> (i64, i64) {
        let ledger = self.ledger.lock().unwrap();
        let taken = ledger.intents.iter().map(|intent| intent["amount_received"].as_i64().unwrap()).sum();
        let given_back = ledger.refunds.iter().map(|refund| refund["amount"].as_i64().unwrap()).sum();
        (taken, given_back)
    }

    /// The customer of the newest intent acts, or fails to.
    pub(super) fn act(&self, is_approved: bool) {
        let mut ledger = self.ledger.lock().unwrap();
        let intent = ledger.intents.last_mut().unwrap();
        intent["next_action"] = Value::Null;
        if is_approved {
            intent["status"] = json!("requires_capture");
            intent["amount_capturable"] = intent["amount"].clone();
        } else {
            let code = "payment_intent_authentication_failure";
            intent["status"] = json!("requires_payment_method");
            intent["last_payment_error"] = json!({"type": "invalid_request_error", "code": code});
        }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.ledger.lock().unwrap().requests.clone()
    }
}

fn serve(client: TcpStream, ledger: &Mutex<Ledger>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    while let Some(request) = read(&mut reader)? {
        let (trouble, (mut status, mut answer)) = {
            let mut ledger = ledger.lock().unwrap();
            let trouble = ledger.trouble.take();
            let answer = match trouble {
                Some(Trouble::CutBefore) => return Ok(()),
                Some(Trouble::Status(status)) => (status, json!({"error": {"type": "api_error"}})),
                _ => ledger.answer(&request),
            };
            (trouble, answer)
        };
        match trouble {
            Some(Trouble::CutAfter) => return Ok(()),
            // Until the client hangs up.
            Some(Trouble::Silence) => return reader.read_to_end(&mut vec![]).map(drop),
            Some(Trouble::Gibberish) => answer = json!("gibberish"),
            Some(Trouble::Dollars) => answer["currency"] = json!("usd"),
            Some(Trouble::Status(given)) => status = given,
            Some(Trouble::CutBefore) | None => {}
        }
        let body = answer.to_string();
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        reader.get_mut().write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    reader.get_ref().set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let fields = if body.is_empty() { query.as_bytes().to_vec() } else { body };
    let fields = String::from_utf8(fields).unwrap();
    Ok(Some(Request {
        method,
        path: path.to_owned(),
        fields: fields.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (plain(k), plain(v))).collect(),
        key: headers.get("idempotency-key").cloned(),
        is_ours: headers.get("authorization").is_some_and(|given| *given == format!("Bearer {KEY}")),
    }))
}

/// Decodes the percent signs of a form.
fn plain(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn refusal(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"error": {"type": "invalid_request_error", "code": code}}))
}

impl Ledger {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        self.requests.push(format!("{} {} {}", request.method, request.path, request.key.as_deref().unwrap_or("")));
        if !request.is_ours {
            return refusal(401, "api_key_expired");
        }
        let Some(key) = &request.key else { return self.read(request) };
        if let Some(answer) = self.answers.get(key) {
            return answer.clone();
        }
        let answer = self.write(request);
        self.answers.insert(key.clone(), answer.clone());
        answer
    }

    fn read(&self, request: &Request) -> (u16, Value) {
        match request.path.strip_prefix("/v1/").unwrap() {
            "payment_intents/search" => {
                let query = &request.fields["query"];
                let is_meant = |intent: &&Value| {
                    *query == format!("metadata['key']:{}", intent["metadata"]["key"]).replace('"', "'")
                };
                let found = self.intents.iter().filter(is_meant).cloned();
                let is_whole = request.fields.get("expand[]").is_some_and(|path| path == "data.payment_method");
                (200, json!({"data": found.map(|intent| shown(intent, is_whole)).collect::<Vec<_>>()}))
            }
            "refunds" => {
                let of = &request.fields["payment_intent"];
                let of_intent = |refund: &&Value| refund["payment_intent"] == **of;
                (200, json!({"data": self.refunds.iter().filter(of_intent).collect::<Vec<_>>()}))
            }
            path => {
                let id = path.strip_prefix("payment_intents/").unwrap();
                let found = self.intents.iter().find(|intent| intent["id"] == id);
                let is_whole = request.fields.get("expand[]").is_some_and(|path| path == "payment_method");
                found.map_or(refusal(404, "resource_missing"), |intent| (200, shown(intent.clone(), is_whole)))
            }
        }
    }

    fn write(&mut self, request: &Request) -> (u16, Value) {
        let amount = |name: &str| request.fields[name].parse::<i64>().unwrap();
        match request.path.strip_prefix("/v1/").unwrap() {
            "payment_intents" => self.authorize(request, amount("amount")),
            "refunds" => self.refund(request, amount("amount")),
            path => {
                let (id, operation) = path.strip_prefix("payment_intents/").unwrap().split_once('/').unwrap();
                let Some(intent) = self.intents.iter_mut().find(|intent| intent["id"] == id) else {
                    return refusal(404, "resource_missing");
                };
                let may_be_cancelled = operation == "cancel" && intent["status"] == "requires_action";
                if intent["status"] != "requires_capture" && !may_be_cancelled {
                    let (status, mut body) = refusal(400, "payment_intent_unexpected_state");
                    body["error"]["payment_intent"] = intent.clone();
                    return (status, body);
                }
                intent["amount_capturable"] = json!(0);
                if operation == "cancel" {
                    intent["status"] = json!("canceled");
                } else {
                    intent["status"] = json!("succeeded");
                    intent["amount_received"] = json!(amount("amount_to_capture"));
                }
                (200, intent.clone())
            }
        }
    }

    fn authorize(&mut self, request: &Request, amount: i64) -> (u16, Value) {
        assert_eq!(request.fields["capture_method"], "manual");
        let mut intent = json!({
            "id": format!("pi_{}", self.intents.len() + 1), "status": "requires_capture", "amount": amount,
            "amount_capturable": amount, "amount_received": 0, "currency": request.fields["currency"],
            "metadata": marks(request), "payment_method": request.fields["payment_method"],
        });
        if request.fields["payment_method"] == CHALLENGED && !request.fields.contains_key("error_on_requires_action") {
            intent["status"] = json!("requires_action");
            intent["amount_capturable"] = json!(0);
            intent["client_secret"] = json!("pi_secret_1");
            if let Some(url) = request.fields.get("return_url") {
                let redirect = json!({"url": "https://hooks.example/3ds", "return_url": url});
                intent["next_action"] = json!({"type": "redirect_to_url", "redirect_to_url": redirect});
            }
            self.intents.push(intent.clone());
            return (200, intent);
        }
        let failure = json!({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"});
        if amount != TOO_MUCH {
            self.intents.push(intent.clone());
            return (200, shown(intent, request.fields["expand[]"] == "payment_method"));
        }
        intent["status"] = json!("requires_payment_method");
        intent["amount_capturable"] = json!(0);
        intent["last_payment_error"] = failure.clone();
        self.intents.push(intent.clone());
        let mut body = json!({"error": failure});
        body["error"]["payment_intent"] = intent;
        (402, body)
    }

    fn refund(&mut self, request: &Request, amount: i64) -> (u16, Value) {
        let of = &request.fields["payment_intent"];
        let taken: i64 = self
            .intents
            .iter()
            .filter(|intent| intent["id"] == **of)
            .filter_map(|it| it["amount_received"].as_i64())
            .sum();
        let of_intent = self.refunds.iter().filter(|refund| refund["payment_intent"] == **of);
        let given_back: i64 = of_intent.filter_map(|refund| refund["amount"].as_i64()).sum();
        if given_back + amount > taken {
            return refusal(400, "charge_already_refunded");
        }
        let refund = json!({
            "id": format!("re_{}", self.refunds.len() + 1), "status": "succeeded", "amount": amount, "currency": "krw",
            "payment_intent": of, "metadata": marks(request),
        });
        self.refunds.push(refund.clone());
        (200, refund)
    }
}

/// The intent with its card, or with the card's id.
fn shown(mut intent: Value, is_whole: bool) -> Value {
    if is_whole {
        let id = intent["payment_method"].as_str().unwrap();
        intent["payment_method"] = json!({"id": id, "type": "card", "card": {"fingerprint": format!("of {id}")}});
    }
    intent
}

fn marks(request: &Request) -> Value {
    let mark = |name: &str| request.fields[&format!("metadata[{name}]")].clone();
    json!({"key": mark("key"), "order": mark("order"), "payment": mark("payment")})
}
