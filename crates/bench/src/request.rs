//! Requests as bytes; only the token differs between customers.

/// A request without its token.
#[derive(Clone, Debug)]
pub struct Template {
    before_token: Vec<u8>,
    after_token: Vec<u8>,
}

impl Template {
    pub fn get(path: &str) -> Template {
        Template::new("GET", path, "", "")
    }

    /// `headers` are whole lines, including line ends.
    pub fn post(path: &str, headers: &str, body: &str) -> Template {
        let headers = format!("{headers}content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        Template::new("POST", path, &headers, body)
    }

    pub fn put(path: &str, body: &str) -> Template {
        let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        Template::new("PUT", path, &headers, body)
    }

    pub fn patch(path: &str, body: &str) -> Template {
        let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        Template::new("PATCH", path, &headers, body)
    }

    fn new(method: &str, path: &str, headers: &str, body: &str) -> Template {
        Template {
            before_token: format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}authorization: Bearer ").into(),
            after_token: format!("\r\n\r\n{body}").into(),
        }
    }

    /// Appends the request with this token to `bytes`.
    pub fn write(&self, token: &str, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.before_token);
        bytes.extend_from_slice(token.as_bytes());
        bytes.extend_from_slice(&self.after_token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_complete() {
        let mut bytes = vec![];
        Template::post("/x", "prefer: wait=1\r\n", "{}").write("T", &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "POST /x HTTP/1.1\r\nhost: bench\r\nprefer: wait=1\r\ncontent-type: application/json\r\n\
             content-length: 2\r\nauthorization: Bearer T\r\n\r\n{}"
        );
    }
}
