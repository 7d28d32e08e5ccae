package dev.doorbuster.example;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

@Component
public class SalesListener {
    private static final Logger LOG = LoggerFactory.getLogger(SalesListener.class);

    private final SalesBook book;
    private final JsonMapper json;

    public SalesListener(SalesBook book, JsonMapper json) {
        this.book = book;
        this.json = json;
    }

    /** Takes the place of a {@code @TransactionalEventListener(phase = AFTER_COMMIT)}: what arrives here is committed. */
    @KafkaListener(id = "sales", topics = "${shop.prefix}order-completed", idIsGroup = false)
    public void onOrderCompleted(ConsumerRecord<String, byte[]> record) {
        ShopEvent event = ShopEvent.of(record, json);
        if (!event.is("OrderCompleted")) {
            // Types may be added to a topic; a reader skips what it does not know.
            return;
        }
        String outcome = book.book(event) ? "booked" : "booked before";
        LOG.info("{} {} trace {}", outcome, event.data().get("orderNumber").asString(), event.traceParent().orElse("none"));
    }
}
