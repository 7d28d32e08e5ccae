import java.util.List;
import shop.ApiClient;
import shop.api.CouponsApi;
import shop.api.CouponsApi.APIIssueCouponRequest;
import shop.api.CouponsApi.APIListCampaignsRequest;
import shop.api.OrdersApi;
import shop.api.OrdersApi.APIPlaceOrderRequest;
import shop.model.PlaceOrder;
import shop.model.PlaceOrderItem;

/** What the generated Java client makes of an order that is taken in (202), of one that is decided (200), and of a coupon (201). */
public final class Accepted {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("authorization", "Bearer " + arguments[1]));
        long product = Long.parseLong(arguments[2]);
        OrdersApi orders = new OrdersApi(client);
        PlaceOrder order = new PlaceOrder().items(List.of(new PlaceOrderItem().productId(product).quantity(1L)));
        var taken = orders.placeOrder(APIPlaceOrderRequest.newBuilder().placeOrder(order).build());
        check("PENDING".equals(taken.getStatus().getValue()), taken);
        var decided = orders.placeOrder(APIPlaceOrderRequest.newBuilder().placeOrder(order).prefer("wait=10").build());
        check(decided.getOutcome() != null && decided.getItems().size() == 1, decided);
        CouponsApi coupons = new CouponsApi(client);
        long campaign = coupons.listCampaigns(APIListCampaignsRequest.newBuilder().build()).getData().get(0).getCouponId();
        var issued = coupons.issueCoupon(APIIssueCouponRequest.newBuilder().id(campaign).build());
        check(issued.getIssueNumber() > 0, issued);
        System.out.println(taken.getOrderNumber() + " was accepted, " + decided.getOrderNumber() + " decided.");
    }

    private static void check(boolean holds, Object answer) {
        if (!holds) {
            throw new IllegalStateException("not as it should be: " + answer);
        }
    }
}
