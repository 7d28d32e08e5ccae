package dev.doorbuster.example;

import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Stands for a checkout: buys once at the start if {@code shop.buy} names a user and a product. */
@Component
public class Purchase implements ApplicationRunner {
    private static final Logger LOG = LoggerFactory.getLogger(Purchase.class);

    private final ShopClient shop;
    private final String wanted;

    public Purchase(ShopClient shop, @Value("${shop.buy}") String wanted) {
        this.shop = shop;
        this.wanted = wanted;
    }

    @Override
    public void run(ApplicationArguments arguments) {
        if (wanted.isBlank()) {
            return;
        }
        String[] parts = wanted.split(":");
        // In a checkout the key is stored with the cart, before the call.
        String key = UUID.randomUUID().toString();
        JsonNode order = shop.buy(Long.parseLong(parts[0]), Long.parseLong(parts[1]), key);
        JsonNode again = shop.buy(Long.parseLong(parts[0]), Long.parseLong(parts[1]), key);
        if (!order.get("orderNumber").equals(again.get("orderNumber"))) {
            throw new IllegalStateException("a repeat under one key bought again");
        }
        LOG.info("bought {} {}", order.get("orderNumber").asString(), order.get("outcome").asString());
    }
}
