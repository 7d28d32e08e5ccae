//! Calls of a shop's own HTTP API, from the command line, and of an identity provider.

use std::io;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::http_client::{build, builder, with_causes};

pub struct Call<'a> {
    pub method: &'a str,
    pub url: String,
    /// `None`: the call is open to everybody.
    pub token: Option<&'a str>,
    pub body: Option<&'a Value>,
}

/// Keeps its connection between calls.
pub struct ShopClient(Client);

impl ShopClient {
    /// A call ends within `timeout`.
    pub fn new(timeout: Duration) -> io::Result<ShopClient> {
        build(builder(timeout)).map(ShopClient).map_err(io::Error::other)
    }

    /// Returns the status and the body of the answer.
    pub async fn call(&self, call: Call<'_>) -> io::Result<(u16, Vec<u8>)> {
        let method = Method::from_bytes(call.method.as_bytes()).map_err(io::Error::other)?;
        let mut request = self.0.request(method, call.url);
        if let Some(token) = call.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        answer(request).await
    }

    /// Posts an encoded form, perhaps with a user and a password, and returns the status and the body of the answer.
    pub async fn post_form(
        &self,
        url: &str,
        form: String,
        identity: Option<(String, String)>,
    ) -> io::Result<(u16, Vec<u8>)> {
        let request = self.0.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        answer(match identity {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        })
        .await
    }
}

async fn answer(request: RequestBuilder) -> io::Result<(u16, Vec<u8>)> {
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    Ok((status, answer.bytes().await.map_err(failed)?.to_vec()))
}

/// Returns the failure of the connection, if that is the cause.
fn failed(error: reqwest::Error) -> io::Error {
    if error.is_timeout() {
        return io::ErrorKind::TimedOut.into();
    }
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        match inner.downcast_ref::<io::Error>() {
            Some(io) if io.kind() != io::ErrorKind::Other && io.kind() != io::ErrorKind::InvalidData => {
                return io::Error::new(io.kind(), io.to_string());
            }
            Some(_) | None => cause = inner.source(),
        }
    }
    io::Error::other(with_causes(error))
}
