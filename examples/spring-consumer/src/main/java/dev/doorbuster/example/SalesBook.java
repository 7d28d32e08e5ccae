package dev.doorbuster.example;

import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;

/** Counts what was sold. Every event is booked once, however often Kafka delivers it. */
@Component
public class SalesBook {
    private final JdbcClient database;

    public SalesBook(JdbcClient database) {
        this.database = database;
    }

    /** Returns false for an event that was booked before. */
    @Transactional
    public boolean book(ShopEvent event) {
        try {
            database.sql("INSERT INTO inbox (source, id) VALUES (?, ?)").params(event.source(), event.id()).update();
        } catch (DuplicateKeyException repeated) {
            return false;
        }
        for (JsonNode product : event.data().get("products")) {
            database.sql("INSERT INTO sale (order_number, product_id, quantity) VALUES (?, ?, ?)")
                    .params(event.data().get("orderNumber").asString(), product.get("id").asLong(), product.get("qty").asInt())
                    .update();
        }
        return true;
    }

    public long sold(long product) {
        return database.sql("SELECT COALESCE(SUM(quantity), 0) FROM sale WHERE product_id = ?")
                .param(product).query(Long.class).single();
    }
}
