//! The payment provider.

use crate::api::payments::stuck::PaymentBody;
use crate::http::Code;
use crate::openapi::{Answer, Operation, Tag};

pub(in crate::api) fn callback() -> Operation {
    Operation::new(Tag::Orders, "takePaymentCallback", "Hear from the payment provider")
        .says(
            "For the provider alone: its signature is its authentication. The same event is taken in once, however often it \
             comes; one that names another amount or currency than the shop knows is looked up instead of believed.",
        )
        .gives("Taken in, or known already.")
        .refuses([Code::CallbackUnsigned])
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listPayments", "Payments, and those that wait for an operator")
        .says("`?state=STUCK` lists refunds and voids that the provider declined however often it was asked.")
        .gives("A page of payments, those of the newest orders first.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getPayment", "A payment")
        .says("What was taken and given back, and what is owed.")
        .gives("The payment.")
}

pub(in crate::api) fn retry() -> Operation {
    let payment = Answer::json::<PaymentBody>(200, "The payment; its state tells what comes of it.");
    Operation::new(Tag::Administration, "retryPayment", "Have a stuck refund or void tried once more")
        .says("The provider is asked once more, under a new key. If it declines again, the payment is STUCK again.")
        .answers(payment)
        .refuses([Code::PaymentNotStuck])
}

pub(in crate::api) fn resolve() -> Operation {
    let payment = Answer::json::<PaymentBody>(200, "The payment, as it stands now.");
    Operation::new(Tag::Administration, "resolvePayment", "Resolve a stuck refund or void by hand")
        .says(
            "Says that the customer got the money otherwise, why, and where that can be found. It settles the operation that is \
             stuck; what is owed beside it is asked of the provider next.",
        )
        .answers(payment)
        .refuses([Code::PaymentNotStuck])
}

pub(in crate::api) fn script() -> Operation {
    Operation::new(Tag::Administration, "getPaymentScript", "What the scripted payment provider does")
        .says("The scripted provider stands in for a real one: it approves everything until it is scripted otherwise. A shop with a real provider answers 409.")
        .gives("Its script, and the amounts that are one by themselves.")
        .refuses([Code::PaymentNotScripted])
}

pub(in crate::api) fn tell() -> Operation {
    Operation::new(Tag::Administration, "setPaymentScript", "Tell the scripted payment provider what to do")
        .says("Of all processes that share a database; otherwise of this one, until it ends. APPROVE ends every other script.")
        .gives("Its script now.")
        .refuses([Code::PaymentNotScripted])
}
