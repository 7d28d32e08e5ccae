//! Derives the description of an endpoint from its handler's type.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::operation::{Body, Operation};
use crate::http::json::{self, Json};
use crate::http::query::Query;
use crate::http::{Code, Problem};

/// A handler's argument that describes what it reads from a request, and which codes it refuses with.
pub trait Describes {
    fn describe(operation: &mut Operation);
}

/// A handler's answer that describes itself.
pub trait Answers {
    fn answer(operation: Operation) -> Operation;
}

/// A handler whose arguments and answer describe themselves.
pub trait Signature<Arguments> {
    fn describe(operation: Operation) -> Operation;
}

macro_rules! signature {
    ($($argument:ident)*) => {
        impl<F, Future, $($argument,)*> Signature<($($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> Future,
            Future: std::future::Future,
            Future::Output: Answers,
            $($argument: Describes,)*
        {
            fn describe(operation: Operation) -> Operation {
                #[allow(unused_mut, reason = "a handler may take nothing")]
                let mut operation = Future::Output::answer(operation);
                $($argument::describe(&mut operation);)*
                operation
            }
        }
    };
}

signature!();
signature!(A);
signature!(A B);
signature!(A B C);
signature!(A B C D);
signature!(A B C D E);

impl<T> Answers for Json<T>
where
    T: JsonSchema,
{
    fn answer(operation: Operation) -> Operation {
        operation.answers(Answer::json::<T>(200, ""))
    }
}

impl<T: Answers> Answers for Result<T, Problem> {
    fn answer(operation: Operation) -> Operation {
        T::answer(operation)
    }
}

/// A handler that builds its answer by hand describes it by hand.
impl Answers for Response {
    fn answer(operation: Operation) -> Operation {
        operation
    }
}

impl Answers for &'static str {
    fn answer(operation: Operation) -> Operation {
        operation.answers(Answer::text(200, "", "text/plain; charset=utf-8", "ok\n"))
    }
}

/// A handler with state may use the store, which may be unavailable.
impl<S> Describes for State<S> {
    fn describe(operation: &mut Operation) {
        operation.refuse(Code::Unavailable);
    }
}

/// The operation describes the headers that the handler reads.
impl Describes for HeaderMap {
    fn describe(_: &mut Operation) {}
}

impl<T: JsonSchema> Describes for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.query::<T>();
        operation.refuse(Code::ValidationFailed);
    }
}

impl<T: DeserializeOwned + JsonSchema> Describes for Json<T> {
    fn describe(operation: &mut Operation) {
        body::<T>(operation);
    }
}

impl<T: Describes> Describes for Option<T> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

/// Describes a JSON body of type `T`, and the codes that any JSON body can be refused with.
pub(crate) fn body<T: DeserializeOwned + JsonSchema>(operation: &mut Operation) {
    // A body without fields is not described, since some generated clients would send `null` for it.
    if has_fields::<T>() {
        operation.body = Some(Body {
            schema: |schemas| schemas.subschema_for::<T>(),
            is_required: json::parse::<T>(b"{}").is_err(),
            read: |bytes| json::parse::<T>(bytes).map(drop),
        });
    }
    for code in [Code::ValidationFailed, Code::MediaTypeUnsupported, Code::BodyTooLarge, Code::RequestTimeout] {
        operation.refuse(code);
    }
}

fn has_fields<T: JsonSchema>() -> bool {
    let schema = T::json_schema(&mut super::schemas::of_requests());
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    schema.get("type").is_none_or(|kind| kind != "object")
        || properties.is_some_and(|properties| !properties.is_empty())
}
