//! The payment provider.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

pub(in crate::api) fn callback() -> Operation {
    Operation::new(Tag::Orders, "takePaymentCallback", "Hear from the payment provider")
        .says(
            "For the provider alone: its signature is its authentication. The same event is taken in once, however often it \
             comes; one that names another amount or currency than the shop knows is looked up instead of believed.",
        )
        .gives("Taken in, or known already.")
        .refuses([Code::CallbackUnsigned])
}

pub(in crate::api) fn script() -> Operation {
    Operation::new(Tag::Administration, "getPaymentScript", "What the scripted payment provider does")
        .says("The scripted provider stands in for a real one: it approves everything until it is scripted otherwise. A shop with a real provider answers 409.")
        .gives("Its script, and the amounts that are one by themselves.")
        .refuses([Code::PaymentNotScripted])
}

pub(in crate::api) fn tell() -> Operation {
    Operation::new(Tag::Administration, "setPaymentScript", "Tell the scripted payment provider what to do")
        .says("Of this process alone, and until it ends. APPROVE ends every other script.")
        .gives("Its script now.")
        .refuses([Code::PaymentNotScripted])
}
