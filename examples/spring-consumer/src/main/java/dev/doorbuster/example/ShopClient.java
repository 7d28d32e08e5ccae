package dev.doorbuster.example;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls the shop on behalf of a user whom this service has authenticated. */
@Component
public class ShopClient {
    private final RestClient shop;
    private final String secret;
    private final JsonMapper json;

    public ShopClient(RestClient.Builder builder, @Value("${shop.url}") String url, @Value("${shop.secret}") String secret, JsonMapper json) {
        this.shop = builder.baseUrl(url).build();
        this.secret = secret;
        this.json = json;
    }

    /** Buys one unit. The same key is the same order, however often this is called: retry after a timeout. */
    public JsonNode buy(long user, long product, String key) {
        var body = Map.of("items", List.of(Map.of("productId", product, "quantity", 1)), "payment", "ON_DELIVERY");
        return shop.post().uri("/api/orders")
                .header(HttpHeaders.AUTHORIZATION, "Bearer " + token(user))
                .header("Idempotency-Key", '"' + key + '"')
                // Wait for the outcome; without it the answer is a receipt, and the outcome is an event.
                .header("Prefer", "wait=5")
                .body(body)
                .retrieve().body(JsonNode.class);
    }

    /** A token as the shop's own login makes it. The shop creates a user whom it does not know at the first order. */
    private String token(long user) {
        var claims = Map.of(
                "sub", Long.toString(user), "role", "customer", "iss", "doorbuster", "aud", "doorbuster",
                "exp", Instant.now().plus(Duration.ofMinutes(5)).getEpochSecond());
        String signed = part(Map.of("alg", "HS256", "typ", "JWT")) + "." + part(claims);
        return signed + "." + base64(hmac(signed));
    }

    private String part(Map<String, ?> of) {
        return base64(json.writeValueAsBytes(of));
    }

    private byte[] hmac(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
