"""Checks that the generated Python client reads successful responses and problems."""
import importlib
import pkgutil
import sys

import shop_client
from shop_client import AuthenticatedClient
from shop_client.api.orders import get_order, place_order
from shop_client.models import PlaceOrder, PlaceOrderAnswer, PlaceOrderItem, Problem

for module in pkgutil.walk_packages(shop_client.__path__, "shop_client."):
    importlib.import_module(module.name)

url, token, product = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = AuthenticatedClient(base_url=url, token=token)
placed = place_order.sync(client=client, body=PlaceOrder(items=[PlaceOrderItem(product_id=product, quantity=1)]), prefer="wait=10")
assert isinstance(placed, PlaceOrderAnswer) and placed.outcome == "AWAITING_PAYMENT", placed
refused = get_order.sync_detailed(client=client, order_number="ORD-00000000")
assert refused.status_code == 404 and isinstance(refused.parsed, Problem), refused
assert refused.parsed.code == "order.not_found", refused.parsed
refused = place_order.sync(client=client, body=PlaceOrder(items=[]))
assert isinstance(refused, Problem) and refused.code == "order.empty", refused
print(f"{placed.order_number} was placed, and problems are read as such.")
