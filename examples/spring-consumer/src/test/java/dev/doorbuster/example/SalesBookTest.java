package dev.doorbuster.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@SpringBootTest(properties = "spring.kafka.listener.auto-startup=false")
class SalesBookTest {
    @Autowired
    SalesBook book;

    @Autowired
    JsonMapper json;

    /** The example that the shop publishes with its schema. */
    private JsonNode example() throws Exception {
        return json.readTree(Files.readString(Path.of("../../docs/events/OrderCompleted.json"))).get("examples").get(0);
    }

    private ConsumerRecord<String, byte[]> record(String id) throws Exception {
        var record = new ConsumerRecord<>("order-completed", 0, 0, "42", json.writeValueAsBytes(example()));
        header(record, "ce_id", id);
        header(record, "ce_source", "/doorbuster/test");
        header(record, "ce_type", "dev.doorbuster.OrderCompleted.v1");
        header(record, "ce_time", "2026-11-21T12:00:00.123456Z");
        return record;
    }

    private static void header(ConsumerRecord<?, ?> record, String name, String value) {
        record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void anEventThatComesTwiceIsBookedOnce() throws Exception {
        ShopEvent event = ShopEvent.of(record("one"), json);
        assertThat(event.is("OrderCompleted")).isTrue();
        assertThat(book.book(event)).isTrue();
        assertThat(book.book(event)).isFalse();
        assertThat(book.sold(3)).isEqualTo(2);
    }

    @Test
    void aRecordWithoutAnIdIsNoEvent() throws Exception {
        var record = record("two");
        record.headers().remove("ce_id");
        assertThatThrownBy(() -> ShopEvent.of(record, json)).hasMessageContaining("ce_id");
    }
}
