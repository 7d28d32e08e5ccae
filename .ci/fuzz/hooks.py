"""To JSON Schema 3.0 is an integer; the shop takes whole numbers only as they are usually written."""

import schemathesis


def whole(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return value


@schemathesis.hook
def map_body(context, body):
    return whole(body)
