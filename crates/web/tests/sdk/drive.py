"""Drives a tracking library as an application would: drive.py <library> <host> <key> <events>.

The same people do the same things in every library, as far as it has the words for it; then come so
many small events, and everything is flushed, as at the end of a process."""

import sys

library, host, key, events = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

ORDER = {
    "order_id": "o-1",
    "revenue": 12.5,
    "currency": "EUR",
    "products": [{"product_id": "p-1"}, {"product_id": "p-2"}],
    "note": "grüße 🚲",
    "basket": {"weight": 1.5, "gift": True, "none": None},
}
TRAITS = {"email": "ana@example.org", "name": "Ana Blum", "plan": "pro"}


def calls(client):
    """Segment's words, which RudderStack's library has too."""
    client.identify("ana", TRAITS)
    client.track("ana", "Order Completed", ORDER)
    client.page("ana", "Docs", "Guide", {"url": "https://shop.example/guide"})
    client.screen("ana", "Account", "Settings", {"tab": "mail"})
    client.group("ana", "acme", {"seats": 5})
    client.alias("visitor-7", "ana")
    for n in range(events):
        client.track("ana", "Tick", {"n": n})
    client.shutdown()


if library == "segment":
    from segment.analytics import Client

    calls(Client(key, host=host, gzip=False, max_retries=10))
elif library == "rudder":
    from rudderstack.analytics import Client

    calls(Client(key, host=host, max_retries=10))
elif library in ("posthog", "posthog-v1"):
    from posthog import Posthog

    options = {}
    if library == "posthog-v1":
        from posthog.capture_compression import CaptureCompression
        from posthog.capture_mode import CaptureMode

        options = {"capture_mode": CaptureMode.V1, "capture_compression": CaptureCompression.DEFLATE}
    client = Posthog(key, host=host, max_retries=10, **options)
    client.set(distinct_id="ana", properties=TRAITS)
    client.capture("Order Completed", distinct_id="ana", properties=ORDER)
    client.group_identify("company", "acme", {"seats": 5})
    client.alias("visitor-7", "ana")
    for n in range(events):
        client.capture("Tick", distinct_id="ana", properties={"n": n})
    client.shutdown()
else:
    sys.exit(f"no library {library}")
