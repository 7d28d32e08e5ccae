use std::sync::atomic::{AtomicU32, Ordering};

use app::payments::provider::{Operation, Script};
use domain::ids::Code;
use domain::money::Money;
use domain::payment::Method;
use tokio::sync::{mpsc, oneshot};

use crate::clock::SystemClock;
use crate::payment::scripted::*;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A callback that waits to be taken in.
struct Posted {
    signature: String,
    body: Vec<u8>,
    taken: oneshot::Sender<()>,
}

struct Letters(mpsc::Sender<Posted>);

impl CallbackSink for Letters {
    fn deliver(&self, signature: String, body: Vec<u8>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (taken, when_taken) = oneshot::channel();
            self.0.send(Posted { signature, body, taken }).await.unwrap_or_else(|_| panic!("the test has ended"));
            let _ = when_taken.await;
        })
    }
}

struct Stage {
    folder: std::path::PathBuf,
    provider: Scripted,
    letters: mpsc::Receiver<Posted>,
}

fn open(folder: &Path) -> (Scripted, mpsc::Receiver<Posted>) {
    let (post, letters) = mpsc::channel(16);
    let secrets = Secrets::parse("secret");
    let provider =
        Scripted::open(&folder.join("book"), secrets, Arc::new(SystemClock), Arc::new(Letters(post))).unwrap();
    (provider, letters)
}

impl Stage {
    fn new() -> Stage {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("doorbuster-scripted-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (provider, letters) = open(&folder);
        Stage { folder, provider, letters }
    }

    /// The process dies and another one opens the book.
    fn reopen(&mut self) {
        (self.provider, self.letters) = open(&self.folder);
    }

    fn look_up(&self, ask: &Ask) -> Result<Found, ProviderError> {
        app::conformance::ready(self.provider.look_up(ask))
    }
}

impl Drop for Stage {
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
        amount: script.amount().unwrap_or(Money::won(1_000)),
        reference: None,
        operation: Operation::Authorize,
    }
}

fn amount(verdict: &Verdict) -> Money {
    match verdict {
        Verdict::Approved { amount, .. } => *amount,
        Verdict::Declined { .. } => panic!("{verdict:?}"),
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_also_after_a_crash() {
    let mut stage = Stage::new();
    let ask = asked(Script::LoseAnswer);
    assert!(matches!(stage.provider.ask(&ask).await, Err(ProviderError::Unknown(_))));
    stage.reopen();
    let Ok(Found::Verdict(verdict)) = stage.look_up(&ask) else { panic!("it was done") };
    assert_eq!(amount(&verdict), ask.amount);
    assert_eq!(stage.provider.ask(&ask).await, Ok(verdict), "asked again, it answers the same");
}

#[tokio::test]
async fn what_timed_out_is_pending_and_then_done() {
    let mut stage = Stage::new();
    let ask = asked(Script::TimeOutThenSucceed);
    assert!(matches!(stage.provider.ask(&ask).await, Err(ProviderError::Unknown(_))));
    assert!(matches!(stage.provider.ask(&ask).await, Err(ProviderError::Unknown(_))), "asked again, it is at it");
    assert_eq!(stage.look_up(&ask), Ok(Found::Pending));
    stage.reopen();
    assert!(matches!(stage.look_up(&ask), Ok(Found::Verdict(Verdict::Approved { .. }))));
}

#[tokio::test]
async fn a_wrong_amount_is_put_right_by_looking_it_up() {
    let stage = Stage::new();
    let ask = asked(Script::WrongAmount);
    assert_eq!(amount(&stage.provider.ask(&ask).await.unwrap()), ask.amount - Money::won(1));
    let Ok(Found::Verdict(verdict)) = stage.look_up(&ask) else { panic!("it was done") };
    assert_eq!(amount(&verdict), ask.amount);
}

#[tokio::test]
async fn a_callback_comes_before_the_answer() {
    let mut stage = Stage::new();
    let ask = asked(Script::CallBackFirst);
    let answering = stage.provider.ask(&ask);
    tokio::pin!(answering);
    let letter = tokio::select! {
        letter = stage.letters.recv() => letter.unwrap(),
        answer = &mut answering => panic!("{answer:?} came first"),
    };
    let told = stage.provider.callback(&letter.signature, &letter.body, SystemClock.now()).unwrap().unwrap();
    letter.taken.send(()).unwrap();
    assert_eq!(answering.await, Ok(told.verdict));
    assert_eq!((told.key, told.payment, told.operation), (ask.key.clone(), ask.payment.clone(), Operation::Authorize));
}

#[tokio::test]
async fn a_duplicate_callback_is_the_same_telling() {
    let mut stage = Stage::new();
    let verdict = stage.provider.ask(&asked(Script::CallBackTwice)).await.unwrap();
    let mut told = vec![];
    for _ in 0..2 {
        let letter = stage.letters.recv().await.unwrap();
        letter.taken.send(()).unwrap();
        told.push(stage.provider.callback(&letter.signature, &letter.body, SystemClock.now()).unwrap().unwrap());
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].verdict, verdict);
}

#[tokio::test]
async fn an_order_holds_for_its_deed_and_its_times() {
    let stage = Stage::new();
    let told = Told { script: Script::Unreachable, operation: Some(Operation::Authorize), times: Some(2) };
    stage.provider.tell(Some(told)).await.unwrap();
    let ask = asked(Script::Approve);
    let other = Ask {
        operation: Operation::Capture,
        reference: Some(Arc::from("sp_x")),
        key: Arc::from("other"),
        ..ask.clone()
    };
    assert!(stage.provider.ask(&other).await.is_ok());
    for _ in 0..2 {
        assert!(matches!(stage.provider.ask(&ask).await, Err(ProviderError::NotDone(_))));
        assert_eq!(stage.look_up(&ask), Ok(Found::Never));
    }
    assert!(stage.provider.ask(&ask).await.is_ok());
    assert_eq!(stage.provider.told().await, Ok(None));
}

async fn tell(stage: &Stage, script: Script) {
    stage.provider.tell(Some(Told { script, operation: None, times: None })).await.unwrap();
}

fn refund(number: i64) -> Ask {
    let key = Arc::from(format!("ORD-1/1/refund/{number}"));
    Ask { key, operation: Operation::Refund, reference: Some(Arc::from("sp_x")), ..asked(Script::Approve) }
}

#[tokio::test]
async fn what_fails_after_it_was_pending_is_declined() {
    let stage = Stage::new();
    tell(&stage, Script::FailAfterPending).await;
    assert!(matches!(stage.provider.ask(&refund(1)).await, Err(ProviderError::Unknown(_))));
    assert_eq!(stage.look_up(&refund(1)), Ok(Found::Pending));
    assert!(matches!(stage.look_up(&refund(1)), Ok(Found::Verdict(Verdict::Declined { .. }))));
}

#[tokio::test]
async fn what_fails_after_it_was_done_is_told_by_a_callback() {
    let mut stage = Stage::new();
    tell(&stage, Script::FailAfterDone).await;
    assert!(matches!(stage.provider.ask(&refund(1)).await, Ok(Verdict::Approved { .. })));
    let letter = stage.letters.recv().await.unwrap();
    letter.taken.send(()).unwrap();
    let told = stage.provider.callback(&letter.signature, &letter.body, SystemClock.now()).unwrap().unwrap();
    assert_eq!((told.key, told.operation), (refund(1).key, Operation::Refund));
    assert!(matches!(told.verdict, Verdict::Declined { .. }));
    assert_eq!(stage.look_up(&refund(1)), Ok(Found::Verdict(told.verdict)));
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
