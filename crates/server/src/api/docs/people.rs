//! OpenAPI texts: users, and their live notices.

use crate::api::users::RegisteredBody;
use crate::api::users::api_keys::CreatedBody as CreatedApiKeyBody;
use crate::api::users::sessions::UserBody;
use crate::api::users::staff::InvitedBody;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Link, Operation, Tag};

const NOTICE: &str = "id: 3\nevent: order.completed\ndata: {\"orderId\":\"ORD-7M3K9Q2XWP4T\",\
\"orderNumber\":\"ORD-7M3K9Q2XWP4T\",\"outcome\":\"COMPLETED\",\"reason\":null,\"status\":\"PREPARING\"}\n\n";

const NOTICES: &str = "`order.completed`, `order.cancelled` and `order.status` carry `{orderId, orderNumber, outcome, status, \
reason}`; `coupon.issued` and `coupon.refused` carry `{success, couponId, userCouponId, couponHistoryId, issueNumber}` and, when \
a request is decided, `{requestId, resultCode}`. `reset` replaces notices that are no longer delivered, because they are too old or \
too many.";

const NUMBERED: &str = "A customer's notices are numbered from 1 without gap, and kept for 7 days. A client that sends the last \
number it received gets every notice after it.";

pub(in crate::api) fn register() -> Operation {
    let login = Link::described("login", "login", "With the same `email` and `password`.");
    Operation::new(Tag::People, "registerUser", "Register a user")
        .paragraph("Open to everybody. The new user is a customer. Registering does not log in.")
        .answers(Answer::json::<RegisteredBody>(201, "The new user's id.").link(login))
        .refuses([Code::UserEmailTaken])
}

pub(in crate::api) fn login() -> Operation {
    Operation::new(Tag::People, "login", "Log in")
        .paragraph("An unknown address and a wrong password give the same answer.")
        .returns("A bearer token.")
        .refuses([Code::AuthInvalidCredentials, Code::Overloaded])
}

pub(in crate::api) fn start_session() -> Operation {
    Operation::new(Tag::People, "startSession", "Log in from a browser")
        .paragraph("Sets the token as a cookie (HttpOnly, SameSite=Strict). A request that writes and carries only the cookie must come from a page of this host: its `Origin` is compared with its `Host`.")
        .answers(Answer::json::<UserBody>(200, "The user; the answer sets the cookie."))
        .refuses([Code::AuthInvalidCredentials, Code::Overloaded])
}

pub(in crate::api) fn end_session() -> Operation {
    Operation::new(Tag::People, "endSession", "Log out")
        .paragraph("Ends the token of the cookie, or of the header: at once in the process that answers, within a second in all others. Other tokens of the user stay valid. Deletes the cookie; works without a valid session.")
        .answers(Answer::new(204, "The token has ended, and the cookie is deleted."))
}

pub(in crate::api) fn me() -> Operation {
    Operation::new(Tag::People, "getMe", "Get the token's user")
        .paragraph(
            "`email` and `name` are absent if the token was made by an operator for a user that is not registered.",
        )
        .returns("The user.")
}

pub(in crate::api) fn change_password() -> Operation {
    Operation::new(Tag::People, "changePassword", "Change your password")
        .paragraph("Tokens that were made before end: at once in the process that answers, within a second in all others. A browser that sent its cookie gets a new one and stays logged in.")
        .answers(Answer::new(204, "The new password counts from now on."))
        .refuses([Code::UserNotFound, Code::AuthInvalidCredentials, Code::Overloaded, Code::RateExceeded])
}

pub(in crate::api) fn invite() -> Operation {
    Operation::new(Tag::Administration, "inviteUser", "Invite a person to run the shop")
        .paragraph("Registers the person with a role and a first password, which they change after logging in.")
        .answers(Answer::json::<InvitedBody>(201, "The person, with the first password."))
        .refuses([Code::UserEmailTaken, Code::Overloaded])
}

pub(in crate::api) fn list_staff() -> Operation {
    Operation::new(Tag::Administration, "listStaff", "List the people who run the shop")
        .paragraph("Everybody whose role is viewer, operator or admin.")
        .returns("A page of people, by number.")
}

pub(in crate::api) fn change_staff() -> Operation {
    Operation::new(Tag::Administration, "changeRole", "Give a user another role")
        .paragraph("Rights that the role takes away are gone with the next request, also for tokens made before; rights that it gives need a new login. `customer` takes every right on the admin paths away. Admins cannot change their own role.")
        .returns("The person with the new role.")
        .refuses([Code::UserNotFound])
}

pub(in crate::api) fn create_api_key() -> Operation {
    Operation::new(Tag::Administration, "createApiKey", "Create an API key")
        .paragraph("A program sends it as its bearer token: `Authorization: Bearer dbk_…`. It opens the admin paths of its scopes, never more than its maker may do now, and neither people nor keys. Only its SHA-256 is stored.")
        .answers(Answer::json::<CreatedApiKeyBody>(201, "The key, with its secret."))
}

pub(in crate::api) fn list_api_keys() -> Operation {
    Operation::new(Tag::Administration, "listApiKeys", "List the API keys")
        .paragraph("Revoked keys are listed as well.")
        .returns("A page of keys, newest first.")
}

pub(in crate::api) fn revoke_api_key() -> Operation {
    Operation::new(Tag::Administration, "revokeApiKey", "Revoke an API key")
        .paragraph("It is refused from the next request on. A key that is revoked already stays so.")
        .answers(Answer::new(204, "The key is revoked."))
}

pub(in crate::api) fn trail() -> Operation {
    Operation::new(Tag::Administration, "listTrail", "List what was done on the admin paths")
        .paragraph("Every change that a person or a program made: who, when, in which role, what, and why if a reason was given. It is written in the commit that makes the change; what is not in the store, such as the log level, is recorded after it. Refused requests, repeats and dry runs are not listed.")
        .returns("A page of acts, newest first.")
}

pub(in crate::api) fn notification_settings() -> Operation {
    Operation::new(Tag::People, "getNotificationSettings", "Get how you want to be notified")
        .paragraph("Users who chose no channel are not notified.")
        .returns("The settings.")
}

pub(in crate::api) fn change_notification_settings() -> Operation {
    Operation::new(Tag::People, "changeNotificationSettings", "Choose how you want to be notified")
        .paragraph(
            "Replaces all settings. You are told by SMS, push message or e-mail about your coupons, orders, payments and shipments, \
             as far as they happen after the answer.",
        )
        .returns("The settings as changed.")
}

pub(in crate::api) fn events() -> Operation {
    let operation = Operation::new(Tag::Live, "streamNotices", "Stream your notices as server-sent events");
    Prefer::describe_wait(
        operation,
        "ends the stream after N seconds (at most {max}), for clients that read only complete answers",
    )
    .paragraph(NUMBERED)
    .paragraph(NOTICES)
    .answers(Answer::text(
        200,
        "A stream with a comment line every 15 seconds (by default). When the token expires, it ends after the event `auth.expired`.",
        "text/event-stream",
        NOTICE,
    ))
}

pub(in crate::api) fn socket() -> Operation {
    Operation::new(Tag::Live, "openSocket", "Receive your notices over a WebSocket")
        .paragraph("The same notices as `GET /api/events`, as text frames `{id, type, data}`; with `topic` for a subscribed order.")
        .paragraph(NUMBERED)
        .paragraph(NOTICES)
        .paragraph(
            "The client may send `{\"resumeAfter\": id}` and `{\"subscribe\": \"/topic/order/{orderNumber}\"}`. An invalid message \
             is answered by a frame of type `error` with `{code, detail}`, a subscription by one of type `order.status`. These \
             frames are no notices and have no `id`. The connection closes with 1001 when the shop stops, 4000 when the client is \
             too slow, 4001 when its token expires.",
        )
        .answers(Answer::new(101, "The WebSocket is open."))
}
