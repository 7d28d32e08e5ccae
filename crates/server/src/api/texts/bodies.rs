//! Why a body or a query could not be parsed. The parser's own messages never reach a customer.

use super::Text;

texts! {
    EMPTY: "the body is empty; a JSON object is expected", "본문이 비어 있습니다. JSON 객체를 보내 주세요";
    NOT_JSON:
        "the body is not valid JSON: {0}, at line {1}, column {2}",
        "본문이 올바른 JSON이 아닙니다: {0}({1}번째 줄, {2}번째 글자)";
    TOO_DEEP: "it is nested too deeply", "너무 깊이 중첩되어 있습니다";
    MORE_FOLLOWS: "something follows after its end", "끝난 뒤에 다른 내용이 이어집니다";
    BAD_TEXT: "a text in it is not valid", "올바르지 않은 문자열이 있습니다";
    TOO_SHORT: "it ends too early", "중간에 끝났습니다";
    SOMETHING_ELSE: "something else is expected", "형식에 맞지 않는 내용이 있습니다";
    BROKEN_OFF: "the body ended before it was complete", "본문이 끝까지 도착하지 않았습니다";
    TOO_LARGE_A_NUMBER: "the number is too large to be represented", "나타낼 수 없을 만큼 큰 수입니다";
    UNKNOWN_FIELD: "this field is not known; expected one of {0}", "알 수 없는 항목입니다. 사용할 수 있는 항목: {0}";
    NO_FIELDS: "this field is not known; no field is expected here", "알 수 없는 항목입니다. 여기에는 아무 항목도 쓰지 않습니다";
    UNKNOWN_WORD: "'{0}' is not known; expected one of {1}", "'{0}'은(는) 알 수 없는 값입니다. 사용할 수 있는 값: {1}";
    WRONG_TYPE: "{0} was given, {1} is expected", "보내신 값: {0}. 필요한 값: {1}";
    NOT_ACCEPTED: "this value is not accepted", "사용할 수 없는 값입니다";

    // The value that was sent.
    STRING: "string {0}", "문자열 {0}";
    INTEGER: "integer {0}", "정수 {0}";
    NUMBER: "number {0}", "수 {0}";
    BOOLEAN: "boolean {0}", "참거짓 값 {0}";
    NULL: "null", "빈 값(null)";
    VALUE: "another value", "다른 값";

    // The value that is expected.
    AN_OBJECT: "an object", "객체";
    AN_ARRAY: "an array", "배열";
    A_TEXT: "a text", "문자열";
    A_BOOLEAN: "true or false", "true 또는 false";
    A_NUMBER: "a number", "수";
    AN_INTEGER: "an integer of at most 64 bits", "64비트 이내의 정수";
    AN_INTEGER_FROM: "an integer from {0} to {1}", "{0} 이상 {1} 이하의 정수";
    AN_INTEGER_NOT_NEGATIVE: "an integer that is not negative", "0 이상의 정수";
    ANOTHER: "a value of another kind", "다른 종류의 값";
}

/// Translates the parser's word for the expected value into a text and its bounds.
pub(crate) fn expected(parsers: &str) -> (Text, &'static [&'static str]) {
    match parsers {
        "u8" => (AN_INTEGER_FROM, &["0", "255"]),
        "u16" => (AN_INTEGER_FROM, &["0", "65535"]),
        "u32" => (AN_INTEGER_FROM, &["0", "4294967295"]),
        "u64" | "usize" => (AN_INTEGER_NOT_NEGATIVE, &[]),
        "i8" => (AN_INTEGER_FROM, &["-128", "127"]),
        "i16" => (AN_INTEGER_FROM, &["-32768", "32767"]),
        "i32" => (AN_INTEGER_FROM, &["-2147483648", "2147483647"]),
        "i64" | "isize" => (AN_INTEGER, &[]),
        "f32" | "f64" => (A_NUMBER, &[]),
        "a string" | "a borrowed string" | "a character" => (A_TEXT, &[]),
        "a boolean" => (A_BOOLEAN, &[]),
        "a sequence" => (AN_ARRAY, &[]),
        "a map" => (AN_OBJECT, &[]),
        other if other.starts_with("enum ") => (A_TEXT, &[]),
        other if other.starts_with("struct ") || other.contains(" struct ") => (AN_OBJECT, &[]),
        _ => (ANOTHER, &[]),
    }
}

/// Translates the parser's word for the received value into the kind of value and the value itself.
pub(crate) fn given(parsers: &str) -> (Text, Option<&str>) {
    for (kind, text) in [("string ", STRING), ("integer ", INTEGER), ("floating point ", NUMBER), ("boolean ", BOOLEAN)]
    {
        if let Some(value) = parsers.strip_prefix(kind) {
            return (text, Some(value));
        }
    }
    match parsers {
        "null" | "unit value" => (NULL, None),
        "map" => (AN_OBJECT, None),
        "sequence" => (AN_ARRAY, None),
        _ => (VALUE, None),
    }
}
