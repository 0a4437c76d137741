// Drives a tracking library as an application would: drive.mjs <library> <host> <key> <events>.
// See drive.py: the same people do the same things.

const [library, host, key, count] = process.argv.slice(2)
const events = Number(count)

const order = {
  order_id: 'o-1',
  revenue: 12.5,
  currency: 'EUR',
  products: [{ product_id: 'p-1' }, { product_id: 'p-2' }],
  note: 'grüße 🚲',
  basket: { weight: 1.5, gift: true, none: null },
}
const traits = { email: 'ana@example.org', name: 'Ana Blum', plan: 'pro' }

// Segment's words, which RudderStack's library has too.
function calls(client) {
  client.identify({ userId: 'ana', traits })
  client.track({ userId: 'ana', event: 'Order Completed', properties: order })
  client.page({ userId: 'ana', category: 'Docs', name: 'Guide', properties: { url: 'https://shop.example/guide' } })
  client.screen({ userId: 'ana', category: 'Account', name: 'Settings', properties: { tab: 'mail' } })
  client.group({ userId: 'ana', groupId: 'acme', traits: { seats: 5 } })
  client.alias({ userId: 'ana', previousId: 'visitor-7' })
  for (let n = 0; n < events; n++) client.track({ userId: 'ana', event: 'Tick', properties: { n } })
}

if (library === 'segment') {
  const { Analytics } = await import('@segment/analytics-node')
  const client = new Analytics({ writeKey: key, host, maxRetries: 10 })
  calls(client)
  await client.closeAndFlush({ timeout: 60_000 })
} else if (library === 'rudder') {
  const { default: Client } = await import('@rudderstack/rudder-sdk-node')
  const client = new Client(key, { dataPlaneUrl: host, flushAt: 20, flushInterval: 200 })
  calls(client)
  // Its flush sends one batch of the queue; it is asked until nothing waits.
  while (client.queue.length > 0) await new Promise((done) => client.flush(done))
  await new Promise((done) => client.flush(done))
} else if (library === 'posthog') {
  const { PostHog } = await import('posthog-node')
  const client = new PostHog(key, { host, fetchRetryCount: 10, fetchRetryDelay: 200 })
  client.identify({ distinctId: 'ana', properties: traits })
  client.capture({ distinctId: 'ana', event: 'Order Completed', properties: order })
  client.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { seats: 5 } })
  client.alias({ distinctId: 'ana', alias: 'visitor-7' })
  for (let n = 0; n < events; n++) client.capture({ distinctId: 'ana', event: 'Tick', properties: { n } })
  await client.shutdown(60_000)
} else {
  console.error(`no library ${library}`)
  process.exit(1)
}
