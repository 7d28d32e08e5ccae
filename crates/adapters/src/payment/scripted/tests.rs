use std::sync::atomic::{AtomicU32, Ordering};

use app::payments::provider::{CustomerDecision, Operation, Script};
use domain::ids::Code;
use domain::money::Money;
use domain::payment::Method;
use tokio::sync::{mpsc, oneshot};

use crate::clock::SystemClock;
use crate::payment::scripted::*;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A callback that waits for its acknowledgement.
struct Delivered {
    signature: String,
    body: Vec<u8>,
    acknowledge: oneshot::Sender<()>,
}

struct Callbacks(mpsc::Sender<Delivered>);

impl CallbackSink for Callbacks {
    fn deliver(&self, signature: String, body: Vec<u8>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (acknowledge, acknowledged) = oneshot::channel();
            self.0
                .send(Delivered { signature, body, acknowledge })
                .await
                .unwrap_or_else(|_| panic!("the test has ended"));
            let _ = acknowledged.await;
        })
    }
}

struct Shop {
    folder: std::path::PathBuf,
    provider: Scripted,
    callbacks: mpsc::Receiver<Delivered>,
}

fn open(folder: &Path) -> (Scripted, mpsc::Receiver<Delivered>) {
    let (sender, callbacks) = mpsc::channel(16);
    let secrets = Secrets::parse("secret");
    let provider =
        Scripted::open(&folder.join("ledger"), secrets, Arc::new(SystemClock), Arc::new(Callbacks(sender))).unwrap();
    (provider, callbacks)
}

impl Shop {
    fn new() -> Shop {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("doorbuster-scripted-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (provider, callbacks) = open(&folder);
        Shop { folder, provider, callbacks }
    }

    /// The process dies, and another one opens the ledger.
    fn reopen(&mut self) {
        (self.provider, self.callbacks) = open(&self.folder);
    }

    fn look_up(&self, ask: &Ask) -> Result<Found, ProviderError> {
        app::conformance::ready(self.provider.look_up(ask))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn asked(script: Script) -> Ask {
    Ask {
        key: Arc::from("ORD-1/1/authorize"),
        payment: Code::from("PAY-1"),
        order: Code::from("ORD-1"),
        method: Method::Card,
        means: None,
        amount: script.amount().unwrap_or(Money::won(1_000)),
        reference: None,
        operation: Operation::Authorize,
    }
}

fn amount(verdict: &Verdict) -> Money {
    match verdict {
        Verdict::Approved { amount, .. } => *amount,
        Verdict::Declined { .. } | Verdict::ActionRequired { .. } => panic!("{verdict:?}"),
    }
}

/// Returns the verdict as a callback has it, which does not name the card.
fn called_back(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount, .. } => Verdict::Approved { reference, amount, fingerprint: None },
        Verdict::Declined { .. } | Verdict::ActionRequired { .. } => verdict,
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_also_after_a_crash() {
    let mut shop = Shop::new();
    let ask = asked(Script::LoseAnswer);
    assert!(matches!(shop.provider.ask(&ask).await, Err(ProviderError::Unknown(_))));
    shop.reopen();
    let Ok(Found::Verdict(verdict)) = shop.look_up(&ask) else { panic!("it was executed") };
    assert_eq!(amount(&verdict), ask.amount);
    assert_eq!(shop.provider.ask(&ask).await, Ok(verdict), "a repeated request gets the same answer");
}

#[tokio::test]
async fn an_operation_that_timed_out_is_pending_and_then_done() {
    let mut shop = Shop::new();
    let ask = asked(Script::TimeOutThenSucceed);
    assert!(matches!(shop.provider.ask(&ask).await, Err(ProviderError::Unknown(_))));
    assert!(matches!(shop.provider.ask(&ask).await, Err(ProviderError::Unknown(_))), "a repeated request is pending");
    assert_eq!(shop.look_up(&ask), Ok(Found::Pending));
    shop.reopen();
    assert!(matches!(shop.look_up(&ask), Ok(Found::Verdict(Verdict::Approved { .. }))));
}

#[tokio::test]
async fn a_wrong_amount_is_corrected_by_a_query() {
    let shop = Shop::new();
    let ask = asked(Script::WrongAmount);
    assert_eq!(amount(&shop.provider.ask(&ask).await.unwrap()), ask.amount - Money::won(1));
    let Ok(Found::Verdict(verdict)) = shop.look_up(&ask) else { panic!("it was executed") };
    assert_eq!(amount(&verdict), ask.amount);
}

#[tokio::test]
async fn a_callback_comes_before_the_answer() {
    let mut shop = Shop::new();
    let ask = asked(Script::CallBackFirst);
    let answering = shop.provider.ask(&ask);
    tokio::pin!(answering);
    let callback = tokio::select! {
        callback = shop.callbacks.recv() => callback.unwrap(),
        answer = &mut answering => panic!("{answer:?} came first"),
    };
    let read = shop.provider.callback(&callback.signature, &callback.body, SystemClock.now()).unwrap().unwrap();
    callback.acknowledge.send(()).unwrap();
    assert_eq!(answering.await.map(called_back), Ok(read.verdict));
    assert_eq!((read.key, read.payment, read.operation), (ask.key.clone(), ask.payment.clone(), Operation::Authorize));
}

#[tokio::test]
async fn a_duplicate_callback_has_the_same_event_id() {
    let mut shop = Shop::new();
    let verdict = shop.provider.ask(&asked(Script::CallBackTwice)).await.unwrap();
    let mut read = vec![];
    for _ in 0..2 {
        let callback = shop.callbacks.recv().await.unwrap();
        callback.acknowledge.send(()).unwrap();
        read.push(shop.provider.callback(&callback.signature, &callback.body, SystemClock.now()).unwrap().unwrap());
    }
    assert_eq!(read[0], read[1]);
    assert_eq!(read[0].verdict, called_back(verdict));
}

#[tokio::test]
async fn a_script_applies_to_its_operation_and_its_times() {
    let shop = Shop::new();
    let setting = ScriptSetting { script: Script::Unreachable, operation: Some(Operation::Authorize), times: Some(2) };
    shop.provider.set_script(Some(setting)).await.unwrap();
    let ask = asked(Script::Approve);
    let other = Ask {
        operation: Operation::Capture,
        reference: Some(Arc::from("sp_x")),
        key: Arc::from("other"),
        ..ask.clone()
    };
    assert!(shop.provider.ask(&other).await.is_ok());
    for _ in 0..2 {
        assert!(matches!(shop.provider.ask(&ask).await, Err(ProviderError::NotExecuted(_))));
        assert_eq!(shop.look_up(&ask), Ok(Found::NotFound));
    }
    assert!(shop.provider.ask(&ask).await.is_ok());
    assert_eq!(shop.provider.script().await, Ok(None));
}

#[tokio::test]
async fn an_amount_with_a_meaning_wins_over_the_script_that_is_set() {
    for script in [Script::Unreachable, Script::Decline] {
        let shop = Shop::new();
        let setting = ScriptSetting { script, operation: None, times: Some(1) };
        shop.provider.set_script(Some(setting)).await.unwrap();
        let ask = asked(Script::RequireAction);
        let verdict = shop.provider.ask(&ask).await.unwrap();
        let known = Ask { reference: Some(reference(&verdict)), ..ask };
        assert_eq!(shop.look_up(&known), Ok(Found::Verdict(verdict)));
        assert_eq!(shop.provider.script().await, Ok(Some(setting)), "it is not used up");
        let plain = Ask { key: Arc::from("ORD-2/1/authorize"), ..asked(Script::Approve) };
        let answer = shop.provider.ask(&plain).await;
        assert!(matches!(answer, Err(ProviderError::NotExecuted(_)) | Ok(Verdict::Declined { .. })), "{answer:?}");
        assert_eq!(shop.provider.script().await, Ok(None));
    }
}

/// Returns the reference of an authorization that waits for its customer.
fn reference(verdict: &Verdict) -> Arc<str> {
    let Verdict::ActionRequired { reference, url, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(url.as_deref(), Some(format!("/payments/scripted/PAY-1?reference={reference}").as_str()));
    Arc::clone(reference)
}

#[tokio::test]
async fn an_action_waits_for_the_customer_whose_decision_is_called_back() {
    for (decision, is_approved) in [(CustomerDecision::Approve, true), (CustomerDecision::Decline, false)] {
        let mut shop = Shop::new();
        let ask = Ask { amount: Money::won(1_240_300), ..asked(Script::RequireAction) };
        assert_eq!(shop.provider.decide(&ask, decision).await, Ok(None), "nothing waits");
        let verdict = shop.provider.ask(&ask).await.unwrap();
        assert_eq!(shop.provider.ask(&ask).await.unwrap(), verdict, "a repeat is the same operation");
        let known = Ask { reference: Some(reference(&verdict)), ..ask.clone() };
        assert_eq!(shop.look_up(&known), Ok(Found::Verdict(verdict)));
        shop.reopen();
        let callback = shop.provider.decide(&known, decision).await.unwrap().expect("it waits for the customer");
        let read = shop.provider.callback(&callback.signature, &callback.body, SystemClock.now()).unwrap().unwrap();
        assert_eq!(matches!(read.verdict, Verdict::Approved { .. }), is_approved);
        let Ok(Found::Verdict(found)) = shop.look_up(&known) else { panic!("it was decided") };
        assert_eq!((read.key, called_back(found)), (known.key.clone(), read.verdict));
        assert_eq!(shop.provider.decide(&known, CustomerDecision::Approve).await, Ok(None), "it is decided once");
    }
}

#[tokio::test]
async fn a_customer_cannot_approve_what_was_voided() {
    let shop = Shop::new();
    let ask = asked(Script::RequireAction);
    let verdict = shop.provider.ask(&ask).await.unwrap();
    let known = Ask { reference: Some(reference(&verdict)), ..ask };
    let void = Ask { key: Arc::from("ORD-1/1/void"), operation: Operation::Void, ..known.clone() };
    assert!(matches!(shop.provider.ask(&void).await, Ok(Verdict::Approved { .. })));
    assert_eq!(shop.provider.decide(&known, CustomerDecision::Approve).await, Ok(None));
}

async fn set(shop: &Shop, script: Script) {
    shop.provider.set_script(Some(ScriptSetting { script, operation: None, times: None })).await.unwrap();
}

fn refund(number: i64) -> Ask {
    let key = Arc::from(format!("ORD-1/1/refund/{number}"));
    Ask { key, operation: Operation::Refund, reference: Some(Arc::from("sp_x")), ..asked(Script::Approve) }
}

#[tokio::test]
async fn a_refund_that_fails_after_pending_is_declined() {
    let shop = Shop::new();
    set(&shop, Script::FailAfterPending).await;
    assert!(matches!(shop.provider.ask(&refund(1)).await, Err(ProviderError::Unknown(_))));
    assert_eq!(shop.look_up(&refund(1)), Ok(Found::Pending));
    assert!(matches!(shop.look_up(&refund(1)), Ok(Found::Verdict(Verdict::Declined { .. }))));
}

#[tokio::test]
async fn a_refund_that_fails_after_success_sends_a_callback() {
    let mut shop = Shop::new();
    set(&shop, Script::FailAfterDone).await;
    assert!(matches!(shop.provider.ask(&refund(1)).await, Ok(Verdict::Approved { .. })));
    let callback = shop.callbacks.recv().await.unwrap();
    callback.acknowledge.send(()).unwrap();
    let read = shop.provider.callback(&callback.signature, &callback.body, SystemClock.now()).unwrap().unwrap();
    assert_eq!((read.key, read.operation), (refund(1).key, Operation::Refund));
    assert!(matches!(read.verdict, Verdict::Declined { .. }));
    assert_eq!(shop.look_up(&refund(1)), Ok(Found::Verdict(read.verdict)));
}

#[test]
fn every_script_is_known_by_its_name_and_no_amount_means_two() {
    for script in Script::ALL {
        assert_eq!(Script::of_name(script.name()), Some(script));
        if let Some(amount) = script.amount() {
            assert_eq!(Script::of_amount(amount, Operation::Authorize), script);
        }
    }
}
