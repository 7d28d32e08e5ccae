import java.util.List;
import shop.ApiClient;
import shop.api.CouponsApi;
import shop.api.OrdersApi;
import shop.api.ProductsApi;
import shop.model.PlaceOrder;
import shop.model.PlaceOrderItem;

/** What the generated Java client makes of an order that is taken in (202), and of one that is decided (200). */
public final class Accepted {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("authorization", "Bearer " + arguments[1]));
        long product = new ProductsApi(client).listProducts(null, null).getData().get(0).getProductId();
        long campaign = new CouponsApi(client).listCampaigns(null, null).getData().get(0).getCouponId();
        PlaceOrder order = new PlaceOrder().items(List.of(new PlaceOrderItem().productId(product).quantity(1L)));
        OrdersApi orders = new OrdersApi(client);
        var taken = orders.placeOrder(order, null, null);
        check("PENDING".equals(taken.getStatus().getValue()), taken);
        var decided = orders.placeOrder(order, "wait=10", null);
        check(decided.getOutcome() != null && decided.getItems().size() == 1, decided);
        var issued = new CouponsApi(client).issueCoupon(campaign, null, null);
        check(issued.getIssueNumber() > 0, issued);
        System.out.println(taken.getOrderNumber() + " was taken in, " + decided.getOrderNumber() + " decided.");
    }

    private static void check(boolean holds, Object answer) {
        if (!holds) {
            throw new IllegalStateException("not as it should be: " + answer);
        }
    }
}
