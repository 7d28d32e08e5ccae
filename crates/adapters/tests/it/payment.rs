//! The payment providers against their port's promises; the HTTP one also against its provider's own mock and a bad
//! connection.

mod double;

use std::net::TcpListener;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::mysql::MysqlProviderLedger;
use adapters::payment::{Account, Scripted, Secrets, Stripe};
use app::conformance::payment::{CASES, Customer};
use app::payments::provider::{Ask, CallbackSink, Found, Operation, Provider, ProviderError, Script, Verdict};
use app::state::settings::Executor;
use domain::ids::Code;
use domain::money::Money;
use domain::payment::{Means, Method};
use xtask::addresses::{Service, address};

use crate::database::Database;
use crate::shop::Shop;
use double::{CHALLENGED, Double, KEY, TOO_MUCH, Trouble};

static NUMBERS: AtomicU32 = AtomicU32::new(1);

fn order() -> Code {
    Code::from(format!("ORD-{}", NUMBERS.fetch_add(1, Ordering::Relaxed)).as_str())
}

fn stripe(url: &str, timeout: Duration) -> Stripe {
    Stripe::new(Account {
        url: url.to_owned(),
        key: KEY.to_owned(),
        callback_secrets: Secrets::default(),
        payment_method: "pm_card_visa".to_owned(),
        timeout,
    })
    .unwrap()
}

async fn keeps_its_promises(provider: &dyn Provider, too_much: Money) {
    for (name, case) in CASES {
        // Visible only when the next case fails.
        eprintln!("{name}");
        case(&Customer { provider, order: order(), too_much }).await;
    }
}

struct Nowhere;

impl CallbackSink for Nowhere {
    fn deliver(&self, _: String, _: Vec<u8>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("doorbuster-{}-{}", std::process::id(), order()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_scripted_provider_keeps_its_promises() {
    let folder = Folder::new();
    let ledger = folder.0.join("ledger");
    let provider = Scripted::open(&ledger, Secrets::default(), Arc::new(SystemClock), Arc::new(Nowhere)).unwrap();
    keeps_its_promises(&provider, Script::Decline.amount().unwrap()).await;
}

/// Processes that share a database are one provider.
#[test]
fn processes_share_the_scripted_providers_ledger() {
    let Some(database) = Database::new("processes_share_the_scripted_providers_ledger") else { return };
    let _migrated = Shop::on(&database, Executor::Inline);
    let open = || {
        let ledger = MysqlProviderLedger::open(&database.url()).unwrap();
        Scripted::sharing(ledger, Secrets::default(), Arc::new(SystemClock), Arc::new(Nowhere))
    };
    let (here, there) = (open(), open());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        keeps_its_promises(&here, Script::Decline.amount().unwrap()).await;
        let ask = authorize();
        let Ok(Verdict::Approved { reference, .. }) = here.ask(&ask).await else { panic!("it is approved") };
        let request = |operation: Operation| Ask {
            key: Arc::from(format!("{}/1/{}", ask.order, operation.name())),
            reference: Some(Arc::clone(&reference)),
            operation,
            ..ask.clone()
        };
        let (capture, void) = (request(Operation::Capture), request(Operation::Void));
        let (captured, voided) = tokio::join!(here.ask(&capture), there.ask(&void));
        let is_done = |answer: &Result<Verdict, ProviderError>| matches!(answer, Ok(Verdict::Approved { .. }));
        assert!(is_done(&captured) != is_done(&voided), "captured and voided at once: {captured:?} {voided:?}");
        assert_eq!(there.ask(&capture).await, captured);
        assert_eq!(here.look_up(&void).await, voided.map(Found::Verdict));
    });
}

#[tokio::test]
async fn the_http_provider_keeps_its_promises() {
    let double = Double::start();
    keeps_its_promises(&stripe(&double.url, Duration::from_secs(10)), Money::won(TOO_MUCH)).await;
}

fn authorize() -> Ask {
    let order = order();
    Ask {
        key: Arc::from(format!("{order}/1/authorize")),
        payment: Code::from("PAY-1"),
        order,
        method: Method::Card,
        means: None,
        amount: Money::won(5_000),
        reference: None,
        operation: Operation::Authorize,
    }
}

/// The operation that follows an authorization with this reference.
fn next(ask: &Ask, reference: &str, operation: Operation) -> Ask {
    let key = Arc::from(format!("{}/1/{}", ask.order, operation.name()));
    Ask { key, operation, reference: Some(Arc::from(reference)), ..ask.clone() }
}

/// The provider's own mock checks each request against its published description and refuses what does not fit (an
/// unknown field, an amount that is no number); it has no state, so its answer is always the same example.
#[tokio::test]
async fn the_providers_own_mock_understands_every_request() {
    let Some(url) = address(Service::Stripe, "the_providers_own_mock_understands_every_request") else { return };
    let provider = stripe(&url, Duration::from_secs(10));
    let ask = authorize();
    let answer = provider.ask(&ask).await.unwrap();
    let Verdict::Declined { code, reference } = &answer else { panic!("its example intent is unpaid: {answer:?}") };
    assert_eq!(&**code, "requires_payment_method", "the request was accepted");
    let reference = reference.as_deref().unwrap();
    for operation in [Operation::Capture, Operation::Void, Operation::Refund] {
        // Its examples are in dollars, which are never taken for won.
        let answer = provider.ask(&next(&ask, reference, operation)).await;
        let expected = "the provider answered in usd instead of krw".to_owned();
        assert_eq!(answer, Err(ProviderError::Mismatch(expected)), "{operation:?}");
    }
    assert_eq!(provider.look_up(&ask).await, Ok(Found::NotFound), "its example has none of our metadata");
    assert_eq!(provider.look_up(&next(&ask, reference, Operation::Refund)).await, Ok(Found::NotFound));
    assert!(provider.look_up(&next(&ask, reference, Operation::Capture)).await.is_err(), "in dollars");
}

/// The same mock with a request that the description does not know: the test above can fail.
#[tokio::test]
async fn the_providers_own_mock_refuses_what_it_does_not_understand() {
    let Some(url) = address(Service::Stripe, "the_providers_own_mock_refuses_what_it_does_not_understand") else {
        return;
    };
    let provider = stripe(&url, Duration::from_secs(10));
    let ask = authorize();
    // The path has a part too many, and is not described.
    let answer = provider.ask(&next(&ask, "pi_1/nonsense", Operation::Capture)).await.unwrap();
    assert!(matches!(answer, Verdict::Declined { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_refusing_or_unreachable_provider_has_done_nothing() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_secs(10));
    for status in [401, 403, 429] {
        double.plan(Trouble::Status(status));
        let answer = provider.ask(&authorize()).await;
        assert!(matches!(answer, Err(ProviderError::NotExecuted(_))), "{status}: {answer:?}");
    }
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let answer = stripe(&nobody, Duration::from_secs(10)).ask(&authorize()).await;
    assert!(matches!(answer, Err(ProviderError::NotExecuted(_))), "refused connection: {answer:?}");
}

/// Another currency is worse than unknown: an operator is informed.
fn is_unclear(trouble: Trouble, answer: &Result<Verdict, ProviderError>) -> bool {
    match answer {
        Err(ProviderError::Mismatch(_)) => trouble == Trouble::Dollars,
        Err(ProviderError::Unknown(_)) => trouble != Trouble::Dollars,
        Ok(_) | Err(ProviderError::NotExecuted(_)) => false,
    }
}

#[tokio::test]
async fn an_operation_with_an_unknown_outcome_is_found_by_a_query() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_millis(500));
    for (trouble, is_done) in [
        (Trouble::Status(409), false),
        (Trouble::Status(500), false),
        (Trouble::Status(503), false),
        (Trouble::Status(302), false),
        (Trouble::CutBefore, false),
        (Trouble::CutAfter, true),
        (Trouble::Silence, true),
        (Trouble::Gibberish, true),
        (Trouble::Dollars, true),
    ] {
        let ask = authorize();
        double.plan(trouble);
        let answer = provider.ask(&ask).await;
        assert!(is_unclear(trouble, &answer), "{trouble:?}: {answer:?}");
        let found = provider.look_up(&ask).await.unwrap();
        if !is_done {
            assert_eq!(found, Found::NotFound, "{trouble:?}");
            continue;
        }
        let Found::Verdict(Verdict::Approved { reference, amount, fingerprint }) = found else {
            panic!("{trouble:?}: {found:?}")
        };
        assert_eq!((amount, fingerprint.as_deref()), (ask.amount, Some("of pm_card_visa")));
        let capture = next(&ask, &reference, Operation::Capture);
        double.plan(trouble);
        assert!(is_unclear(trouble, &provider.ask(&capture).await), "{trouble:?}");
        let found = provider.look_up(&capture).await;
        assert!(matches!(found, Ok(Found::Verdict(Verdict::Approved { .. }))), "{trouble:?}: {found:?}");
        let refund = next(&ask, &reference, Operation::Refund);
        double.plan(trouble);
        assert!(is_unclear(trouble, &provider.ask(&refund).await), "{trouble:?}");
        let found = provider.look_up(&refund).await;
        assert!(matches!(found, Ok(Found::Verdict(Verdict::Approved { .. }))), "{trouble:?}: {found:?}");
    }
    assert_eq!(double.moved(), (4 * 5_000, 4 * 5_000), "each was executed once");
}

#[tokio::test]
async fn a_failed_query_proves_nothing() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_millis(500));
    let ask = authorize();
    provider.ask(&ask).await.unwrap();
    for trouble in
        [Trouble::Status(404), Trouble::Status(500), Trouble::CutBefore, Trouble::Silence, Trouble::Gibberish]
    {
        double.plan(trouble);
        assert!(provider.look_up(&ask).await.is_err(), "{trouble:?}");
    }
}

/// Another process captured it, and its answer was lost with the process; the key has expired since.
#[tokio::test]
async fn an_operation_refused_as_done_counts_as_done() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_secs(10));
    let ask = authorize();
    let Verdict::Approved { reference, .. } = provider.ask(&ask).await.unwrap() else { panic!("approved") };
    let capture = next(&ask, &reference, Operation::Capture);
    provider.ask(&capture).await.unwrap();
    let later = Ask { key: Arc::from("a key that is new to the provider"), ..capture };
    let expected = Verdict::Approved { reference, amount: ask.amount, fingerprint: None };
    assert_eq!(provider.ask(&later).await, Ok(expected));
    assert_eq!(double.moved(), (5_000, 0));
}

/// A customer with their own card, and a page to return to.
fn challenged(return_url: Option<&str>) -> Ask {
    let means = Means { token: Some(CHALLENGED.into()), return_url: return_url.map(Into::into) };
    Ask { means: Some(means.into()), ..authorize() }
}

#[tokio::test]
async fn a_customer_acts_on_the_providers_page() {
    for is_approved in [true, false] {
        let double = Double::start();
        let provider = stripe(&double.url, Duration::from_secs(10));
        let ask = challenged(Some("https://shop.example/orders/ORD-1"));
        let verdict = provider.ask(&ask).await.unwrap();
        let Verdict::ActionRequired { reference, url, client_secret } = &verdict else { panic!("{verdict:?}") };
        assert_eq!(url.as_deref(), Some("https://hooks.example/3ds"));
        assert_eq!(client_secret.as_deref(), Some("pi_secret_1"));
        assert_eq!(provider.look_up(&ask).await, Ok(Found::Verdict(verdict.clone())), "found by the key");
        let known = Ask { reference: Some(Arc::clone(reference)), ..ask };
        assert_eq!(provider.look_up(&known).await, Ok(Found::Verdict(verdict.clone())), "found by its id");
        double.act(is_approved);
        let decided = if is_approved {
            let fingerprint = Some("of pm_card_threeDSecure2Required".into());
            Verdict::Approved { reference: Arc::clone(reference), amount: known.amount, fingerprint }
        } else {
            let code = "payment_intent_authentication_failure".into();
            Verdict::Declined { code, reference: Some(Arc::clone(reference)) }
        };
        assert_eq!(provider.look_up(&known).await, Ok(Found::Verdict(decided)));
    }
}

#[tokio::test]
async fn an_action_without_a_page_has_a_secret_and_may_be_voided() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_secs(10));
    let ask = challenged(None);
    let verdict = provider.ask(&ask).await.unwrap();
    let Verdict::ActionRequired { reference, url: None, client_secret: Some(_) } = &verdict else {
        panic!("{verdict:?}")
    };
    let void = next(&ask, reference, Operation::Void);
    assert!(matches!(provider.ask(&void).await, Ok(Verdict::Approved { .. })));
}

/// The mock of the provider checks the fields of a customer's own card.
#[tokio::test]
async fn the_providers_own_mock_understands_a_customers_card() {
    let Some(url) = address(Service::Stripe, "the_providers_own_mock_understands_a_customers_card") else { return };
    let provider = stripe(&url, Duration::from_secs(10));
    for token in ["pm_card_visa", "ctoken_1"] {
        let means = Means { token: Some(token.into()), return_url: Some("https://shop.example/back".into()) };
        let answer = provider.ask(&Ask { means: Some(means.into()), ..authorize() }).await.unwrap();
        let Verdict::Declined { code, .. } = &answer else { panic!("its example intent is unpaid: {answer:?}") };
        assert_eq!(&**code, "requires_payment_method", "{token}: the request was accepted");
    }
}

#[tokio::test]
async fn every_operation_carries_its_key() {
    let double = Double::start();
    let provider = stripe(&double.url, Duration::from_secs(10));
    let ask = authorize();
    provider.ask(&ask).await.unwrap();
    assert_eq!(double.requests(), [format!("POST /v1/payment_intents {}", ask.key)]);
}

#[test]
fn the_key_is_not_sent_unencrypted() {
    for url in ["http://api.stripe.com", "ftp://127.0.0.1", "nonsense", "http://127.0.0.1.example.com"] {
        let account = Account {
            url: url.to_owned(),
            key: KEY.to_owned(),
            callback_secrets: Secrets::default(),
            payment_method: String::new(),
            timeout: Duration::from_secs(1),
        };
        assert!(Stripe::new(account).is_err(), "{url}");
    }
}
