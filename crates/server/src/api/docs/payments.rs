//! OpenAPI texts: payments and the payment provider.

use crate::api::payments::stuck::PaymentBody;
use crate::http::Code;
use crate::openapi::{Answer, Operation, Tag};

pub(in crate::api) fn callback() -> Operation {
    Operation::new(Tag::Orders, "takePaymentCallback", "Receive a payment provider's callback")
        .paragraph(
            "Payment-provider callbacks: authenticated by signature, idempotent by event id. If an event names another amount or \
             currency than the shop expects, the shop queries the provider instead of applying the event.",
        )
        .returns("The event was recorded, now or before.")
        .refuses([Code::CallbackUnsigned])
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listPayments", "List payments")
        .paragraph("`?state=STUCK` lists payments that wait for an operator: the provider declined every attempt to refund or void them.")
        .returns("A page of payments, those of the newest orders first.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getPayment", "Get a payment")
        .paragraph("Returns the captured and the refunded amount, and what is still owed to the customer.")
        .returns("The payment.")
}

pub(in crate::api) fn retry() -> Operation {
    let payment = Answer::json::<PaymentBody>(200, "The payment. Poll its `state` for the result.");
    Operation::new(Tag::Administration, "retryPayment", "Retry a stuck refund or void")
        .paragraph("Requests the refund or void once more, under a new idempotency key. If the provider declines again, the payment is STUCK again.")
        .answers(payment)
        .refuses([Code::PaymentNotStuck])
}

pub(in crate::api) fn resolve() -> Operation {
    let payment = Answer::json::<PaymentBody>(200, "The payment.");
    Operation::new(Tag::Administration, "resolvePayment", "Resolve a stuck refund or void by hand")
        .paragraph(
            "Records that the customer got the money in another way, with the reason and a reference. It closes the stuck \
             operation only; the provider is then asked to refund what is owed besides.",
        )
        .answers(payment)
        .refuses([Code::PaymentNotStuck])
}

pub(in crate::api) fn script() -> Operation {
    Operation::new(Tag::Administration, "getPaymentScript", "Get the script of the scripted payment provider")
        .paragraph("The scripted provider simulates a real one. Default: it approves everything. A shop with a real provider answers 409.")
        .returns("The current script, and the amounts that trigger a script of their own.")
        .refuses([Code::PaymentNotScripted])
}

pub(in crate::api) fn set_script() -> Operation {
    Operation::new(Tag::Administration, "setPaymentScript", "Set the script of the scripted payment provider")
        .paragraph("With a shared database, the script applies to all processes; otherwise to this process, until it ends. APPROVE removes every other script.")
        .returns("The current script.")
        .refuses([Code::PaymentNotScripted])
}
