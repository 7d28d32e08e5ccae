package dev.doorbuster.example;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A CloudEvent in Kafka's binary mode: attributes are headers that begin with {@code ce_}, the value is the data. */
public record ShopEvent(String source, String id, String type, Instant time, Optional<String> traceParent, JsonNode data) {
    public static ShopEvent of(ConsumerRecord<String, byte[]> record, JsonMapper json) {
        return new ShopEvent(
                required(record, "ce_source"),
                required(record, "ce_id"),
                required(record, "ce_type"),
                Instant.parse(required(record, "ce_time")),
                attribute(record, "ce_traceparent"),
                json.readTree(record.value()));
    }

    /** {@code dev.doorbuster.OrderCompleted.v1}: a change that would break readers gets another number. */
    public boolean is(String name) {
        return type.equals("dev.doorbuster." + name + ".v1");
    }

    private static String required(ConsumerRecord<String, byte[]> record, String name) {
        return attribute(record, name).orElseThrow(() -> new IllegalArgumentException("a record without " + name));
    }

    private static Optional<String> attribute(ConsumerRecord<String, byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return Optional.ofNullable(header).map(found -> new String(found.value(), StandardCharsets.UTF_8));
    }
}
